"""Makes data/weights from trained scoring networks: python -m paper_code.timbre_loss.release RESULT_FOLDER [...].

A result folder is one of a pair of instruments with its weights. Only its first network is released: the second judges
masks. The weights keep their precision: the file is small, and a score is then that of the result to the last digit.
"""

import sys
from pathlib import Path

from paper_code.audio.terminal import ended
from paper_code.lab import weights
from paper_code.lab.store import load
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.weights import FIRST, KIND, kept, named


def release(folder: Path) -> Path:
    """Write the first network of a result folder into data/weights, under the name of its pair.

    Raises StoreError where the folder is no result, WeightsError where it holds no weights.
    """
    result = load(folder, "timbre_loss")
    config = TimbreConfig.from_dict(result.config)
    about = {
        "pair": config.pair,
        "width": config.width,
        "config_hash": config.hash,
        "profile": config.profile,
        "code": result.trained["code"]["commit"],
    }
    return weights.save(KIND.released(config.pair), KIND, named(kept(folder)[FIRST]), about)


if __name__ == "__main__":
    sys.exit(ended(lambda: weights.command(release, __doc__)))
