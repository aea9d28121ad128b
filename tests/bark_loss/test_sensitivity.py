"""What the loss hears: the changes are what they say, and the table's ends are right."""

import pytest
import torch

from paper_code.audio.synthesiser import speech_like
from paper_code.bark_loss import sensitivity


@pytest.fixture(scope="module")
def clip():
    return speech_like(seconds=0.3, sample_rate=11025, seed=0)


def test_band_noises_have_one_energy_and_lie_in_their_bands(clip):
    changes = sensitivity.changes(clip)
    limits = {
        "noise below 600 Hz": (0, 600),
        "noise from 600 to 2000 Hz": (600, 2000),
        "noise above 2000 Hz": (2000, 9999),
    }
    frequency = torch.fft.rfftfreq(len(clip.waveform), 1 / clip.sample_rate)
    for name, (low, high) in limits.items():
        noise = changes[name] - clip.waveform
        assert (noise.norm() / clip.waveform.norm()).item() == pytest.approx(0.1, rel=1e-3)
        power = torch.fft.rfft(noise).abs().square()
        inside = (frequency >= low - 5) & (frequency < high + 5)
        assert (power[inside].sum() / power.sum()).item() > 0.999


def test_distances_run_from_the_sound_to_silence(clip):
    found = sensitivity.compare(clip)
    for variant in sensitivity.VARIANTS:
        assert found["silence"][variant] == pytest.approx(1.0)
        assert 0 <= found["half the amplitude"][variant] < found["only noise"][variant] < 1


def test_the_logarithm_does_less_the_smaller_its_factor(clip):
    found = sensitivity.compression(clip)
    assert found["document's experiment"]["similarity"] > found["class defaults"]["similarity"]
    assert found["corrected bank"]["similarity"] > found["corrected bank, working logarithm"]["similarity"]
    ratio = found["corrected bank, working logarithm"]["largest argument"] / found["corrected bank"]["largest argument"]
    assert ratio == pytest.approx(100, rel=1e-4)
    assert all(0 < values["low share"] < 1 for values in found.values())
