"""Levels of known signals on the sound-pressure scale, framing, and perceptual entropy."""

import math

import numpy as np
import pytest
import torch

from paper_code.hearing.perceptual_entropy import perceptual_entropy
from paper_code.hearing.sound_pressure import decibels, frames_of, pressure_spectrum

TIME = torch.arange(512, dtype=torch.float64)


def _levels(samples: torch.Tensor, window: str) -> torch.Tensor:
    return decibels(pressure_spectrum(samples, window).abs().square())


@pytest.mark.parametrize("window", ["rectangular", "hann"])
@pytest.mark.parametrize("line", [5, 32, 200])
def test_full_scale_sine_reads_84_28(window, line):
    levels = _levels(torch.sin(2 * math.pi * line / 512 * TIME + 0.3), window)
    assert levels[line].item() == pytest.approx(90.302 - 20 * math.log10(2), abs=1e-9)
    assert levels[line].item() == pytest.approx(84.28, abs=0.005)
    around = 10 * math.log10(sum(10 ** (level / 10) for level in levels[line - 1 : line + 2].tolist()))
    assert around - levels[line].item() == pytest.approx(10 * math.log10(1.5) if window == "hann" else 0, abs=1e-9)
    assert levels[line + 2 :].max() < -100


def test_constant_reads_90_302_and_nothing_reads_the_floor():
    assert _levels(torch.ones(512, dtype=torch.float64), "rectangular")[0].item() == pytest.approx(90.302, abs=1e-9)
    assert (_levels(torch.zeros(512), "hann") == -200).all()


def test_spectrum_is_linear_and_keeps_the_precision():
    noise = torch.randn(2, 3, 512, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = pressure_spectrum(noise)
    single = pressure_spectrum(noise.float())
    assert single.dtype == torch.complex64
    assert (single - exact).abs().max() < 1e-5 * exact.abs().max()
    assert torch.allclose(pressure_spectrum(noise[0] - 2 * noise[1]), exact[0] - 2 * exact[1])


def test_frames_leave_no_sample_out():
    signal = torch.arange(1.0, 1101.0)
    frames = frames_of(signal, 512, 256)
    assert frames.shape == (4, 512)
    assert frames[1, 0] == 257
    assert frames[3].tolist() == list(range(769, 1101)) + [0.0] * 180
    assert frames_of(signal[:1024], 512, 256).shape == (3, 512)
    assert frames_of(signal[:512], 512, 256).shape == (1, 512)
    with pytest.raises(ValueError, match="512 samples is needed; found 511"):
        frames_of(signal[:511], 512, 256)


def test_entropy_of_known_ratios():
    threshold = torch.tensor([2.0, 2.0, 1.0, 5.0], dtype=torch.float64)
    half_step = torch.sqrt(6 * threshold) / 2
    spectrum = torch.complex(half_step * torch.tensor([7.0, 0, 1, -3]), half_step * torch.tensor([0.0, 0, -1, 15]))
    assert perceptual_entropy(spectrum, threshold).tolist() == pytest.approx([3.0, 0.0, 2.0, 6.0], abs=1e-12)


def test_entropy_is_the_papers_equation_and_falls_with_the_threshold():
    random = np.random.default_rng(1)
    spectrum = (random.standard_normal((4, 9)) + 1j * random.standard_normal((4, 9))) * 100
    threshold = random.uniform(0.3, 50.0, (4, 9))
    expected = sum(np.log2(2 * np.abs(part) / np.sqrt(6 * threshold) + 1) for part in (spectrum.real, spectrum.imag))
    found = perceptual_entropy(torch.from_numpy(spectrum), torch.from_numpy(threshold))
    assert found.numpy() == pytest.approx(expected, rel=1e-12)
    single = perceptual_entropy(torch.from_numpy(spectrum).cfloat(), torch.from_numpy(threshold).float())
    assert single.numpy() == pytest.approx(expected, rel=1e-5)
    assert (perceptual_entropy(torch.from_numpy(spectrum), torch.from_numpy(2 * threshold)) < found).all()


@pytest.mark.parametrize(
    ("threshold", "message"),
    [(torch.ones(3), "same shape"), (torch.tensor([1.0, 0.0]), "above 0"), (torch.tensor([1.0, math.nan]), "above 0")],
)
def test_entropy_refuses(threshold, message):
    with pytest.raises(ValueError, match=message):
        perceptual_entropy(torch.ones(2, dtype=torch.cfloat), threshold)
