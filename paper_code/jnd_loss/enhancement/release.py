"""Makes data/weights from trained denoisers: python -m paper_code.jnd_loss.enhancement.release RESULT_FOLDER [...]."""

import sys
from pathlib import Path

from paper_code.audio.terminal import ended
from paper_code.jnd_loss.enhancement.building import KIND
from paper_code.jnd_loss.enhancement.configs import EnhancementConfig
from paper_code.lab import weights
from paper_code.lab.store import load


def release(folder: Path) -> Path:
    """Write the denoiser of a result folder into data/weights, under the name of its loss.

    Raises StoreError where the folder is no result, WeightsError where it holds no weights.
    """
    result = load(folder, "jnd_denoiser")
    config = EnhancementConfig.from_dict(result.config)
    about = {
        "loss": config.loss,
        "channels": config.channels,
        "start": config.start,
        "config_hash": config.hash,
        "profile": config.profile,
        "seed": config.seed,
        "code": result.trained["code"]["commit"],
    }
    return weights.save(KIND.released(config.run), KIND, weights.kept(folder, KIND), about)


if __name__ == "__main__":
    sys.exit(ended(lambda: weights.command(release, __doc__)))
