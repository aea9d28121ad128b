"""Makes data/weights from trained coders: python -m paper_code.masking_loss.coder.release RESULT_FOLDER [...].

A result folder is one of coder_<loss>_<rate> with its weights. Sweeps are not released.
"""

import sys
from pathlib import Path

from paper_code.audio.terminal import ended
from paper_code.lab.store import load as load_result
from paper_code.lab.weights import WEIGHTS, WeightsError, command
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.conditions import TABLE_1, Condition
from paper_code.masking_loss.configs import TrainedCoder


def release(folder: Path) -> Path:
    """Write the trained coder of a result folder into data/weights.

    Raises WeightsError where the folder holds no coder of Table 1 or its weights were not kept; ConfigError for a rate
    that is none of the paper's.
    """
    result = load_result(folder, "masking_loss")
    if result.provenance.get("config_class") != TrainedCoder.class_name():
        raise WeightsError(f"{folder} holds no trained coder; wanted a folder of coder_<loss>_<rate>.")
    config, condition = TrainedCoder.from_dict(result.config), Condition.of(result)
    file = weights.released(config.loss, config.bitrate)
    if condition not in TABLE_1:
        raise WeightsError(f"{folder} holds the coder '{condition}': only those of Table 1 are released.")
    coder = weights.load(folder / WEIGHTS, config.loss, config.bitrate)
    return weights.save(file, coder, weights.about(config) | {"code": result.trained["code"]["commit"]})


if __name__ == "__main__":
    sys.exit(ended(lambda: command(release, __doc__)))
