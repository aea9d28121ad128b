"""Perturbations of the spectrum: band limits, tilt, a band louder or softer. None delays the sound."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from paper_code.audio.signals import require_finite, require_waveforms, require_within

TAPS = 511
LOWEST = 50.0  # Hz: a tilt has to end somewhere above 0
DECIBELS_OF_2 = 20 * np.log10(2.0)


def limit_band(waveforms: Tensor, cutoff: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] without what lies above `cutoff` Hz: a linear-phase filter of 511 taps.

    6 dB down at the cut-off and 80 dB down a little above: 150 Hz at 16 kHz, and in proportion to the sample rate (Hz).
    Raises ValueError also where the cut-off is not between 0 and half the sample rate.
    Paper: Ananthabhotla et al. 2019, §6.1 (3000 Hz) and §8.1. Chapter: codec_loss.
    """
    require_within("cut-off (Hz)", cutoff, 0.0, sample_rate / 2, ends=False)
    taps = signal.firwin(TAPS, cutoff, window=("kaiser", 8.0), fs=sample_rate)
    return filter_without_delay(waveforms, taps)


def filter_without_delay(waveforms: Tensor, taps: NDArray[np.float64]) -> Tensor:
    """Waveforms [..., time] through a linear-phase filter of an odd number of taps, whose delay is taken out."""
    require_waveforms(waveforms)
    if len(taps) % 2 == 0:
        raise ValueError(f"A filter whose delay is whole samples has an odd number of taps; found {len(taps)}.")
    shaped = taps.reshape((1,) * (waveforms.ndim - 1) + (-1,))
    filtered = signal.oaconvolve(_doubles(waveforms), shaped, mode="same", axes=-1)
    return torch.from_numpy(filtered).to(waveforms)


def keep_band(waveforms: Tensor, low: float, high: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] without any bin of their spectrum below `low` Hz, at `high` Hz or above: as steep as can be.

    The spectrum is that of the whole sound, so the ends meet. high: above half the sample rate keeps all.
    """
    require_waveforms(waveforms)
    require_band(low, high)
    frequency = torch.fft.rfftfreq(waveforms.shape[-1], 1 / sample_rate, device=waveforms.device)
    inside = (frequency >= low) & (frequency < high)
    return torch.fft.irfft(torch.fft.rfft(waveforms) * inside, n=waveforms.shape[-1])


def equalise(waveforms: Tensor, low: float, high: float, decibels: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] with the band from `low` to `high` (Hz) louder by `decibels`, softer below 0; see keep_band."""
    require_finite(decibels=decibels)
    return scale_band(waveforms, low, high, 10 ** (decibels / 20), sample_rate)


def scale_band(waveforms: Tensor, low: float, high: float, factor: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] with the band from `low` to `high` (Hz) times a factor (0 takes it out); see keep_band."""
    require_within("factor", factor, 0.0, math.inf)
    return waveforms + (factor - 1) * keep_band(waveforms, low, high, sample_rate)


def tilt(waveforms: Tensor, decibels_per_octave: float, sample_rate: int, lowest: float = LOWEST) -> Tensor:
    """Waveforms [..., time] with a spectrum that rises by so much an octave (falls below 0); 1 kHz keeps its level.

    lowest: Hz, below which all has one gain. The spectrum is that of the whole sound, so the ends meet.
    """
    require_waveforms(waveforms)
    require_finite(decibels_per_octave=decibels_per_octave)
    require_within("lowest (Hz)", lowest, 0.0, sample_rate / 2, ends=False)
    length = waveforms.shape[-1]
    spectrum = np.fft.rfft(_doubles(waveforms))
    highest = sample_rate * (length // 2 / length)  # half the rate, or half a bin under it where the length is odd
    kilohertz = np.linspace(0, highest / 1000, length // 2 + 1).clip(lowest / 1000)
    tilted = np.fft.irfft(spectrum * kilohertz ** (decibels_per_octave / DECIBELS_OF_2), n=length)
    return torch.from_numpy(tilted).to(waveforms)


def require_band(low: float, high: float) -> None:
    """Raises ValueError unless 0 <= low < high (Hz)."""
    if not 0 <= low < high:
        raise ValueError(f"A band wants 0 <= low < high (Hz); found {low} and {high}.")


def _doubles(waveforms: Tensor) -> NDArray[np.float64]:
    return waveforms.detach().cpu().numpy().astype(np.float64)
