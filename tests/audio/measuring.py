"""Sounds that tests of perturbations make, and what they measure of them, each in another way than the code does."""

import math
from itertools import pairwise

import numpy as np
import torch
from scipy import signal as scipy_signal

RATE = 16000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Gaussian noise at a tenth of full scale."""
    return 0.1 * torch.randn(shape, generator=seeded(seed), dtype=dtype)


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE) -> torch.Tensor:
    return (
        0.5 * torch.sin(2 * math.pi * hertz * torch.arange(round(seconds * rate), dtype=torch.float64) / rate).float()
    )


def voice(seconds: float = 1.0, rate: int = RATE) -> torch.Tensor:
    """Something like speech: syllables of a buzz of 120 Hz and a little hiss, float32 [time] below full scale."""
    time = torch.arange(round(seconds * rate), dtype=torch.float64) / rate
    buzz = sum(torch.cos(2 * math.pi * 120 * order * time + order**2) / order for order in range(1, 40))
    hiss = torch.randn(time.shape, generator=seeded(9), dtype=torch.float64)
    syllables = torch.sin(2 * math.pi * 2 * time).square()
    return (syllables * (0.12 * buzz + 0.01 * hiss)).float()


def ratio(wanted: torch.Tensor, other: torch.Tensor) -> float:
    """Energy of one sound over that of another, dB."""
    return 10 * math.log10(wanted.double().square().sum() / other.double().square().sum())


def decay(response: np.ndarray, rate: int, upper: float = -5.0, lower: float = -25.0) -> float:
    """RT60 (s) of a response whose direct sound is its first sample: Schroeder's integral, numpy's line."""
    tail = np.cumsum(response[1:][::-1] ** 2)[::-1]
    level = 10 * np.log10(tail / tail[0] + 1e-30)
    inside = (level <= upper) & (level >= lower)
    return float(-60 / np.polyfit(np.arange(len(level))[inside] / rate, level[inside], 1)[0])


def octave_levels(sound: torch.Tensor, lowest: float, count: int) -> np.ndarray:
    """Power (dB) a hertz in octaves from `lowest` Hz, by Welch's method."""
    hertz, power = scipy_signal.welch(sound.double().numpy(), RATE, nperseg=4096)
    edges = lowest * 2.0 ** np.arange(count + 1)
    return np.array([10 * np.log10(power[(hertz >= low) & (hertz < high)].mean()) for low, high in pairwise(edges)])


def inconsistency(sound: torch.Tensor, of: torch.Tensor) -> float:
    """How far the magnitudes of a sound's spectra are from those of another, dB of their energy (scipy's)."""
    spectra = [np.abs(scipy_signal.stft(one.double().numpy(), nperseg=1024, noverlap=768)[2]) for one in (sound, of)]
    return 10 * math.log10(((spectra[0] - spectra[1]) ** 2).sum() / (spectra[1] ** 2).sum() + 1e-30)
