"""The picture of a masking threshold: of one frame of one sound, with its maskers counted."""

import re

import pytest
import torch

from paper_code.display.masking import masking
from paper_code.hearing import masking_threshold

TONE = 0.5 * torch.sin(2 * torch.pi * 1000 * torch.arange(1600) / 16000)


def test_a_tone_is_one_tonal_masker_and_is_said_to_be():
    found = masking_threshold(TONE)
    shown = masking(found, 1, "a tone")
    assert int(found.tonal[1].isfinite().sum()) == 1
    assert "with 1 tonal and" in shown.html
    least = f"{float(found.threshold[1].min()):.0f}".replace("-", "−")
    assert re.search(rf"between {least} and {float(found.threshold[1].max()):.0f} dB SPL", shown.html)


def test_other_frames_and_batches_are_refused():
    found = masking_threshold(TONE)
    with pytest.raises(ValueError, match="There are frames 0 to"):
        masking(found, 99)
    with pytest.raises(ValueError, match="of one waveform"):
        masking(masking_threshold(TONE.expand(2, -1)), 0)
