"""Small coders in place of the released ones."""

from pathlib import Path

import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.lab import weights as files
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.framing import split_signal
from paper_code.masking_loss.configs import LOSSES


def small_coder(seed: int = 0) -> SpeechCoder:
    """A coder of two channels and eight bins that quantises."""
    torch.manual_seed(seed)
    coder = SpeechCoder(2, 8, residual_gain=0.1).eval()
    frames = split_signal(quick_speech(0.5, 16000, seed).waveform)
    with torch.no_grad():
        coder.quantiser.start(coder.encode(frames))
    coder.quantiser.learn_prior(coder.symbols(frames))
    return coder


def about(loss: str, rate: float) -> dict[str, object]:
    """What a file says of a small coder."""
    return {"loss": loss, "bitrate": rate, "width": 2, "bins": 8, "start": "he", "fold": 1}


def release_small_coders(monkeypatch: pytest.MonkeyPatch, folder: Path, rate: float = 20.0) -> dict[str, SpeechCoder]:
    """The coders of all losses at one rate, another for each, as if they were those in data/weights."""
    monkeypatch.setattr(files, "FOLDER", folder)
    made = {loss: small_coder(seed) for seed, loss in enumerate(LOSSES)}
    for loss, coder in made.items():
        weights.save(weights.released(loss, rate), coder, about(loss, rate))
    return made
