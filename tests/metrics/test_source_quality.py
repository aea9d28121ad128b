"""PEASS: its known scores of a copy, the trend with noise, silence and bad input."""

import math

import pytest
import torch

from paper_code.audio.synthesiser import speech_like
from paper_code.metrics.source_quality import source_quality

RATE = 16000


@pytest.fixture(scope="module")
def speech() -> torch.Tensor:
    return speech_like(seconds=0.6, sample_rate=RATE, seed=0).waveform


def noise_at(signal: torch.Tensor, decibels: float) -> torch.Tensor:
    noise = torch.randn(signal.shape, generator=torch.Generator().manual_seed(0))
    return noise * (signal.square().sum() / noise.square().sum()).sqrt() * 10 ** (-decibels / 20)


@pytest.mark.slow
def test_a_copy_has_the_highest_scores_the_toolkit_gives(speech):
    """The scores of a perfect copy are those of the toolkit's networks at their clipped features."""
    scores = source_quality(speech, speech)
    found = (scores.overall, scores.target, scores.interference, scores.artifacts)
    assert found == pytest.approx((98.9, 92.8, 96.8, 86.7), abs=0.1)


@pytest.mark.slow
def test_more_noise_is_worse(speech):
    scores = [source_quality(speech + noise_at(speech, level), speech) for level in (50, 30, 15)]
    for name in ("overall", "artifacts"):
        values = [getattr(score, name) for score in scores]
        assert values == sorted(values, reverse=True)
        assert values[0] - values[-1] > 30


@pytest.mark.parametrize("silent", ["estimate", "reference"])
def test_silence_is_not_a_number(silent):
    tone, silence = torch.sin(torch.arange(9000) * 0.3), torch.zeros(9000)
    scores = source_quality(silence, tone) if silent == "estimate" else source_quality(tone, silence)
    assert all(math.isnan(v) for v in (scores.overall, scores.target, scores.interference, scores.artifacts))


@pytest.mark.parametrize(
    ("estimate", "reference", "rate", "message"),
    [
        (torch.ones(9000), torch.ones(9001), RATE, "same length"),
        (torch.ones(7999), torch.ones(7999), RATE, "8000 samples"),
        (torch.ones(2, 9000), torch.ones(2, 9000), RATE, r"Wanted \[time\]"),
        (torch.full((9000,), math.nan), torch.ones(9000), RATE, "finite"),
        (torch.ones(9000), torch.ones(9000), 4000, "at least 8000 Hz"),
    ],
)
def test_bad_input(estimate, reference, rate, message):
    with pytest.raises(ValueError, match=message):
        source_quality(estimate, reference, rate)
