"""Short-time intelligibility: its ends, its trend with noise, and too little speech."""

import math

import pytest
import torch

from paper_code.audio.synthesiser import speech_like
from paper_code.metrics.intelligibility import short_time_intelligibility


def test_one_for_itself_at_any_level_and_falling_with_noise():
    clip = speech_like(seconds=1.5, sample_rate=11025, seed=0)
    speech, noise = clip.waveform, torch.randn(len(clip.waveform), generator=torch.Generator().manual_seed(0))
    assert short_time_intelligibility(0.1 * speech, speech, 11025) == pytest.approx(1.0, abs=1e-6)
    values = [short_time_intelligibility(speech + level * noise, speech, 11025) for level in (0.01, 0.1, 1.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.2


def test_too_little_speech_and_silence_are_not_a_number():
    short = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    assert math.isnan(short_time_intelligibility(short, short, 11025))
    assert math.isnan(short_time_intelligibility(torch.zeros(12000), torch.randn(12000), 11025))


def test_bad_input():
    with pytest.raises(ValueError, match="same length"):
        short_time_intelligibility(torch.zeros(10), torch.zeros(11), 11025)
