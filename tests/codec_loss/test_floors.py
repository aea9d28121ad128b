"""Every second sample and a fixed low-pass: what passes, what folds, and the values of the kept samples."""

import math

import numpy as np
import pytest
import torch

from paper_code.codec_loss.floors import every_second_sample

SECONDS = torch.arange(8192, dtype=torch.float64) / 16000


def _tone(hertz: float) -> torch.Tensor:
    return 0.5 * torch.sin(2 * torch.pi * hertz * SECONDS + 0.3)


def _snr(found: torch.Tensor, sound: torch.Tensor) -> float:
    middle = slice(300, -300)  # the ends are taken to go on mirrored
    return float(10 * torch.log10(sound[middle].square().sum() / (found - sound)[middle].square().sum()))


@pytest.mark.parametrize("hertz", [100.0, 1000.0, 2900.0, 3500.0])
def test_tones_below_a_quarter_of_the_rate_come_back(hertz):
    sound = _tone(hertz)
    assert _snr(every_second_sample(sound), sound) > 100


@pytest.mark.parametrize("hertz", [4500.0, 6000.0, 7900.0])
def test_tones_above_it_are_gone_and_do_not_fold(hertz):
    assert every_second_sample(_tone(hertz))[300:-300].abs().max() < 1e-4


def test_it_equals_a_resampling_to_half_the_rate_and_back_in_the_spectrum():
    """An independent way: a periodic sound without its upper half of the spectrum."""
    generator = np.random.default_rng(0)
    spectrum = np.zeros(4097, dtype=complex)
    spectrum[10:1600] = generator.normal(size=1590) + 1j * generator.normal(size=1590)  # up to 3.1 kHz
    sound = np.fft.irfft(spectrum, 8192)
    half = np.fft.irfft(np.fft.rfft(sound)[:2049], 4096) / 2  # the samples at half the rate
    assert half == pytest.approx(sound[::2], abs=1e-9)
    found = every_second_sample(torch.from_numpy(sound)).numpy()
    assert found[300:-300] == pytest.approx(sound[300:-300], abs=1e-5 * np.abs(sound).max())


def test_it_is_linear_and_takes_any_leading_axes():
    sounds = torch.randn(2, 3, 1000, generator=torch.Generator().manual_seed(0))
    found = every_second_sample(sounds)
    assert found.shape == sounds.shape
    assert torch.allclose(found[1, 2], every_second_sample(sounds[1, 2]), atol=1e-6)
    assert torch.allclose(every_second_sample(3 * sounds), 3 * found, atol=1e-5)
    assert math.isclose(float(every_second_sample(torch.zeros(1000)).abs().max()), 0.0)


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="Wanted more than 127 samples; found 127"):
        every_second_sample(torch.zeros(127))
