"""Log-spectral distance: closed forms, invariances and limits."""

import math

import pytest
import torch

from paper_code.metrics.spectral import band_level, level_error, log_spectral_distance, match_level

RATE = 11025


def _noise(seed: int, time: int = 4096) -> torch.Tensor:
    return torch.randn(time, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 0.1


def test_equal_signals_are_at_distance_zero_whatever_their_level():
    signal = _noise(0)
    assert log_spectral_distance(signal, signal, RATE).item() == 0
    assert log_spectral_distance(0.01 * signal, signal, RATE).item() == pytest.approx(0, abs=1e-9)


def test_a_flat_gain_of_a_band_is_its_level():
    """6 dB more above 2 kHz reads as a constant offset per cell: the same in the error and in the distance."""
    reference = _noise(1)
    spectrum = torch.fft.rfft(reference)
    frequency = torch.fft.rfftfreq(4096, 1 / RATE)
    louder = torch.fft.irfft(torch.where(frequency > 2000, 2 * spectrum, spectrum), n=4096)
    scale = (reference.square().mean() / louder.square().mean()).sqrt()
    expected = 20 * math.log10(2 * scale)
    assert level_error(louder, reference, RATE, 2500, 5000).item() == pytest.approx(expected, abs=0.05)
    assert log_spectral_distance(louder, reference, RATE, 2500, 5000).item() == pytest.approx(expected, abs=0.1)
    assert level_error(louder, reference, RATE, 100, 1500).item() == pytest.approx(20 * math.log10(scale), abs=0.05)


def test_the_level_of_a_band_is_that_of_its_power():
    """Half the amplitude above 2 kHz is 6.02 dB less there, whatever lies below and however quiet the band is."""
    spectrum, frequency = torch.fft.rfft(_noise(1)), torch.fft.rfftfreq(4096, 1 / RATE)
    for quiet in (1.0, 1e-3):
        reference, halved = (
            torch.fft.irfft(torch.where(frequency > 2000, quiet * gain * spectrum, spectrum), n=4096)
            for gain in (1, 0.5)
        )
        assert band_level(halved, reference, RATE, 2500, 5000).item() == pytest.approx(20 * math.log10(0.5), abs=0.02)
        assert band_level(halved, reference, RATE, 0, 1500).item() == pytest.approx(0, abs=1e-3)
    assert band_level(0.1 * reference, reference, RATE).item() == pytest.approx(-20)  # levels are not matched
    silence = torch.zeros(4096)
    assert band_level(silence, reference.float(), RATE, 100).item() == pytest.approx(-100)
    assert math.isnan(band_level(reference.float(), silence, RATE))
    assert math.isnan(band_level(silence, silence, RATE))
    with pytest.raises(ValueError, match="No bin lies from 6000"):
        band_level(reference, reference, RATE, 6000)


def test_independent_noises_are_at_the_known_distance():
    """Log of an exponential variate has deviation 10 / ln 10 * pi / sqrt(6) dB: two of them give sqrt 2 times that."""
    distance = log_spectral_distance(_noise(2, 200_000), _noise(3, 200_000), RATE, 100, 5400).item()
    assert distance == pytest.approx(math.sqrt(2) * 10 / math.log(10) * math.pi / math.sqrt(6), rel=0.02)


def test_a_silent_estimate_is_at_the_floor_and_a_silent_reference_has_no_level():
    silence, signal = torch.zeros(2048), _noise(4, 2048).float()
    assert math.isfinite(log_spectral_distance(silence, signal, RATE).item())
    assert math.isnan(log_spectral_distance(silence, silence, RATE).item())
    assert level_error(silence, signal, RATE).item() > -60


def test_batches_are_item_by_item():
    estimates, reference = torch.stack([_noise(5), _noise(6)]), _noise(7)
    each = [log_spectral_distance(e, reference, RATE, 0, 600).item() for e in estimates]
    assert log_spectral_distance(estimates, reference, RATE, 0, 600).tolist() == pytest.approx(each)


def test_match_level():
    matched = match_level(7 * _noise(8), _noise(9))
    assert matched.square().mean().item() == pytest.approx(_noise(9).square().mean().item())


@pytest.mark.parametrize(
    ("estimate", "reference", "band", "message"),
    [
        (torch.zeros(600), torch.zeros(601), (0, None), "same length"),
        (torch.zeros(100), torch.zeros(100), (0, None), "512 samples"),
        (torch.full((600,), math.nan), torch.zeros(600), (0, None), "finite"),
        (torch.zeros(600), torch.zeros(600), (3001, 3002), "No bin"),
    ],
)
def test_bad_input(estimate, reference, band, message):
    with pytest.raises(ValueError, match=message):
        log_spectral_distance(estimate, reference, RATE, *band)
