"""Measures as distances: 0 or the least for the same sound, more for a worse one, each at its own rate."""

import math

import pytest
import torch

from paper_code.audio.clips import Clip
from paper_code.jnd_loss import measures
from paper_code.jnd_loss.loss import RELEASED
from paper_code.jnd_loss.measures import VISQOL_LACKS, Measure

RATE = 24000


def _clip(noise: float = 0.0, seconds: float = 1.2, rate: int = RATE) -> Clip:
    """Syllables of a harmonic voice, with noise."""
    time = torch.arange(int(seconds * rate)) / rate
    voice = sum(torch.sin(2 * math.pi * 140 * k * time) / k for k in range(1, 25))
    loudness = torch.sin(2 * math.pi * 2 * time).clamp(min=0)
    hiss = torch.randn(len(time), generator=torch.Generator().manual_seed(1))
    return Clip(0.1 * loudness * voice + noise * hiss, rate, "voice")


@pytest.fixture(scope="module")
def usable() -> dict[str, Measure]:
    named = {**measures.released(), **measures.conventional()}
    return {name: measure for name, measure in named.items() if not measure.lacks}


def test_more_noise_is_farther_for_every_measure(usable):
    reference = _clip()
    for name, measure in usable.items():
        same, little, much = (measure.of(_clip(noise), reference) for noise in (0.0, 1e-3, 3e-2))
        assert same < little < much, name
        assert same == pytest.approx({"pesq": -4.644, "stoi": -1.0, "visqol": -5.0}.get(name, 0.0), abs=0.5), name


def test_conventional_distances_are_their_definitions(usable):
    reference, estimate = _clip(), _clip(0.01)
    difference = (estimate.waveform - reference.waveform).double()
    assert usable["mse"].of(estimate, reference) == pytest.approx(float(difference.square().mean()), rel=1e-5)
    assert usable["l1"].of(estimate, reference) == pytest.approx(float(difference.abs().mean()), rel=1e-5)


def test_each_hears_at_the_rate_it_is_made_for():
    heard = []
    measure = Measure("x", "loss", lambda a, b, rate: heard.append((len(a), rate)) or 0.0, 16000)
    measure.of(_clip(), _clip())
    Measure("y", "loss", lambda a, b, rate: heard.append((len(a), rate)) or 0.0).of(_clip(), _clip())
    assert heard == [(19200, 16000), (28800, 24000)]


def test_the_released_metrics_are_called_as_losses_are(usable):
    assert [f"released_{name}" for name in RELEASED] == list(measures.released())
    reference, estimate = _clip(rate=22050), _clip(0.01, rate=22050)
    loss = measures.JNDLoss.released("scratch")
    expected = float(loss(estimate.waveform, reference.waveform))
    assert usable["released_scratch"].of(estimate, reference) == pytest.approx(expected, rel=1e-5)


def test_losses_of_others_join_with_their_rate_and_title():
    class Loss(torch.nn.Module):
        sample_rate = 12000

        def forward(self, estimate, reference):
            assert estimate.shape == reference.shape == (1, 14400)
            return (estimate - reference).abs().sum() * 0 + 7

    joined = measures.of_losses({"my_loss": Loss(), "other": Loss()}, {"other": "The other"})
    assert [measure.title for measure in joined.values()] == ["my loss", "The other"]
    assert joined["other"].of(_clip(0.1), _clip()) == 7


def test_what_lacks_something_says_what():
    for measure in measures.embeddings().values():
        with pytest.raises(ValueError, match=f"{measure.title} cannot be computed here: its weights"):
            measure.of(_clip(), _clip())


def test_visqol_without_its_package_says_so(monkeypatch):
    monkeypatch.setattr(measures, "_has_visqol", lambda: False)
    assert measures.conventional()["visqol"].lacks == VISQOL_LACKS


def test_silence_has_no_quality():
    silent, voice = Clip(torch.zeros(28800), RATE, "silence"), _clip()
    for name in ("pesq", "stoi"):
        assert math.isnan(measures.conventional()[name].of(silent, voice))
    assert math.isnan(measures._visqol(silent.waveform, voice.waveform, 16000))


def test_clips_of_two_rates_are_refused():
    with pytest.raises(ValueError, match="16000 and 24000 Hz"):
        measures.conventional()["mse"].of(_clip(rate=16000), _clip())
