"""Aliasing: planted images read 1, noise reads chance, and levels are those of closed forms."""

import math

import pytest
import torch

from paper_code.audio.perturbations import keep_band
from paper_code.metrics.aliasing import (
    folding_frequencies,
    image_coherence,
    mirror_correlation,
    out_of_band_level,
)

RATE, CUTOFF = 16000, 3000.0
MEASURES = (image_coherence, mirror_correlation)


def noise(seed: int, time: int = 4 * RATE) -> torch.Tensor:
    return torch.randn(time, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def low_pass(signal: torch.Tensor, cutoff: float = CUTOFF) -> torch.Tensor:
    return keep_band(signal, 0.0, cutoff, RATE)


@pytest.fixture(scope="module")
def reference() -> torch.Tensor:
    return low_pass(noise(0))


def zero_stuffed(signal: torch.Tensor, step: int) -> torch.Tensor:
    kept = torch.zeros_like(signal)
    kept[::step] = step * signal[::step]
    return kept


def test_level_of_a_tone_above_the_band(reference):
    """A tone of the reference's energy times 0.01 above the cut-off is at -20 dB; below the cut-off it is not seen."""
    time = torch.arange(len(reference)) / RATE
    amplitude = (2 * 0.01 * reference.square().mean()).sqrt()
    for frequency, wanted in ((5000, -20.0), (1000, -50.0)):
        tone = amplitude * torch.sin(2 * math.pi * frequency * time)
        level = out_of_band_level(reference + tone, reference, RATE, CUTOFF).item()
        assert level == pytest.approx(wanted, abs=0.1) if frequency > CUTOFF else level < wanted


def test_level_of_a_zero_stuffed_signal(reference):
    """Zero-stuffing makes an image as strong as the band itself: 0 dB; four to one makes an image less at 3 to 4 kHz."""
    assert out_of_band_level(zero_stuffed(reference, 2), reference, RATE, CUTOFF).item() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("measure", MEASURES)
def test_an_image_reads_one(reference, measure):
    found = measure(zero_stuffed(reference, 2), reference, RATE, CUTOFF)
    assert found.value.item() == pytest.approx(1, abs=1e-6)
    assert abs(found.chance.item()) < 0.05
    assert found.above_chance.item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_an_image_by_a_quarter_of_the_rate_folds_lower(reference, measure):
    """Kept every fourth sample, a band to 1 kHz comes back from 3 to 4 kHz, mirrored about 2 kHz."""
    base = low_pass(reference, 1000)
    estimate = low_pass(zero_stuffed(base, 4), 4000)
    assert measure(estimate, base, RATE, CUTOFF, fold=2000.0).value.item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_no_image_reads_chance(reference, measure):
    """Independent noise, and noise as loud as the reference from moment to moment, and a shift instead of a mirror."""
    loudness = reference.unfold(-1, 400, 1).square().mean(-1).sqrt()
    tail = len(reference) - len(loudness)
    followed = noise(2) * torch.cat([loudness, loudness[-1:].expand(tail)])
    time = torch.arange(len(reference)) / RATE
    shifted = reference * torch.cos(2 * math.pi * 4000 * time)  # 4 kHz + f, not 8 kHz - f
    shifted = shifted - low_pass(shifted, 4000)
    for estimate in (reference + 0.1 * noise(1), reference + 0.1 * followed, shifted):
        assert abs(measure(estimate, reference, RATE, CUTOFF).above_chance.item()) < 0.05


def test_coherence_is_the_share_of_the_energy(reference):
    """Half of the energy from 5 to 8 kHz an image, the other half noise."""
    image = zero_stuffed(reference, 2)
    image = image - low_pass(image, 4000)
    other = noise(3) - low_pass(noise(3), 5000)
    other = other * (image.square().sum() / other.square().sum()).sqrt()
    found = image_coherence(image + other, reference, RATE, 4999.0)
    assert found.above_chance.item() == pytest.approx(0.5, abs=0.02)


def test_a_filter_and_a_level_change_nothing_in_the_coherence(reference):
    taps = torch.tensor([0.3, -0.8, 0.5, 0.1], dtype=torch.float64)
    filtered = torch.nn.functional.conv1d(zero_stuffed(reference, 2)[None, None], taps[None, None], padding=3)[0, 0]
    estimate = 0.01 * filtered[: len(reference)]
    assert image_coherence(estimate, reference, RATE, CUTOFF).value.item() == pytest.approx(1, abs=1e-3)


def test_batches_are_item_by_item(reference):
    estimates = torch.stack([zero_stuffed(reference, 2), reference + noise(4)])
    for measure in MEASURES:
        each = [measure(one, reference, RATE, CUTOFF).value.item() for one in estimates]
        assert measure(estimates, reference, RATE, CUTOFF).value.tolist() == pytest.approx(each)


def test_nothing_above_the_band_and_silence(reference):
    silence = torch.zeros_like(reference)
    assert out_of_band_level(silence, reference, RATE, CUTOFF).item() == -math.inf
    assert math.isnan(out_of_band_level(silence, silence, RATE, CUTOFF).item())
    for measure in MEASURES:
        assert math.isnan(measure(silence, reference, RATE, CUTOFF).value.item())
        assert math.isnan(measure(reference, silence, RATE, CUTOFF).value.item())


def test_folding_frequencies():
    assert folding_frequencies(RATE, CUTOFF, 8) == [4000, 2000]
    assert folding_frequencies(RATE, 900, 8) == [4000, 2000, 1000, 500]


@pytest.mark.parametrize(
    ("time", "arguments", "message"),
    [
        (5000, {}, "samples are needed"),
        (6000, {"cutoff": 8000.0}, "between 0 and"),
        (6000, {"fold": 4001.0}, "half bins"),
        (6000, {"fold": 5000.0}, "half bins"),
        (6000, {"fold": 1500.0}, "No image"),
    ],
)
def test_bad_input(time, arguments, message):
    for measure in MEASURES:
        with pytest.raises(ValueError, match=message):
            measure(torch.ones(time), torch.ones(time), **{"sample_rate": RATE, "cutoff": CUTOFF, **arguments})
    with pytest.raises(ValueError, match="between 0 and"):
        out_of_band_level(torch.ones(2000), torch.ones(2000), RATE, 0.0)
