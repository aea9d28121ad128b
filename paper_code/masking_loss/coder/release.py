"""Makes data/weights from trained coders: python -m paper_code.masking_loss.coder.release RESULT_FOLDER [...].

A result folder is one of coder_<loss>_<rate> that was computed with --keep-checkpoint. Sweeps are not released.
"""

import sys
from pathlib import Path

from paper_code.lab.store import load
from paper_code.lab.weights import WeightsError, command, kept
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.weights import released, save
from paper_code.masking_loss.conditions import TITLES, TrainedCoder, condition_of
from paper_code.masking_loss.experiment import WEIGHTS


def release(folder: Path) -> Path:
    """Write the trained coder of a result folder into data/weights.

    Raises WeightsError where the folder holds no coder of Table 1 or its weights were not kept; ConfigError for a rate
    that is none of the paper's.
    """
    found = load(folder, "masking_loss")
    if found.provenance.get("config_class") != TrainedCoder.class_name():
        raise WeightsError(f"{folder} holds no trained coder; wanted a folder of coder_<loss>_<rate>.")
    config = TrainedCoder.from_dict(found.config)
    if condition_of(found) != f"{TITLES[config.loss]} {config.bitrate:g}":
        raise WeightsError(f"{folder} holds the coder '{condition_of(found)}': only those of Table 1 are released.")
    coder = SpeechCoder(config.width, config.bins)
    coder.load_state_dict(kept(found, WEIGHTS))
    about = {
        "loss": config.loss,
        "bitrate": config.bitrate,
        "width": config.width,
        "bins": config.bins,
        "config_hash": found.hash,
        "profile": config.profile,
        "code": found.provenance["code"]["commit"],
    }
    return save(released(config.loss, config.bitrate), coder, about)


if __name__ == "__main__":
    sys.exit(command(release, __doc__))
