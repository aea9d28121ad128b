"""The two Bark filter banks: the one of the experiment, and one with the bandwidth and gain of the ear."""

import warnings
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import firwin2, get_window
from torch import Tensor

from paper_code.hearing.bark import bark_from_hertz, equivalent_rectangular_bandwidth, hertz_from_bark

LOWEST_FREQUENCY = 1.0  # Hz, first centre of the experiment
DESIGN_POINTS = 100  # points of the Gaussian drawn over each band
DESIGN_DEVIATION = 3.0  # its standard deviation, in points
EDGE_NUDGE = 1e-9  # today's firwin2 refuses the repeated frequencies that the one of 2018 took


def centre_frequencies(bands: int, sample_rate: int) -> NDArray[np.float64]:
    """Centres in Hz, equally spaced in Bark from 1 Hz to the (whole-number) Nyquist frequency, both included.

    Paper: Vinyard 2018, PerceptualLoss (FACTS: zounds BarkScale). Chapter: bark_loss.
    """
    low, high = bark_from_hertz([LOWEST_FREQUENCY, float(sample_rate // 2)])
    return hertz_from_bark(np.linspace(low, high, bands))


def _original_filter(centre: float, taps: int, nyquist: float) -> NDArray[np.float64]:
    half = equivalent_rectangular_bandwidth(centre) / 2
    edges = np.clip([centre - half, centre + half], 0.0, nyquist)
    gaussian = get_window(("gaussian", DESIGN_DEVIATION), DESIGN_POINTS, fftbins=False)
    frequency = np.concatenate([[0.0], np.linspace(*edges, DESIGN_POINTS), [nyquist]]) / nyquist
    if frequency[1] <= 0.0:
        frequency[1] = EDGE_NUDGE
    if frequency[-2] >= 1.0:
        frequency[-2] = 1.0 - EDGE_NUDGE
    with warnings.catch_warnings():  # a band narrower than the design grid is the point, not an accident
        warnings.simplefilter("ignore", RuntimeWarning)
        return firwin2(taps, frequency, np.concatenate([[0.0], gaussian, [0.0]]))


@lru_cache(maxsize=8)
def original_filters(bands: int = 512, taps: int = 512, sample_rate: int = 11025) -> Tensor:
    """The FIR bank of the experiment, [band, tap] float32: firwin2 with 100 Gaussian gain points a band.

    The Gaussian's deviation is 3 % of the bandwidth, so most bands are narrower than the 10.8 Hz design grid
    and their gain depends on where they fall on it: it rises from about 0.001 at the low end to 0.7 at the
    high end, an accidental emphasis of high frequencies. Four filters are numerically zero.
    Paper: Vinyard 2018 (zounds fir_filter_bank as of July 2018). Chapter: bark_loss.
    """
    nyquist = float(sample_rate // 2)
    filters = [_original_filter(centre, taps, nyquist) for centre in centre_frequencies(bands, sample_rate)]
    return torch.from_numpy(np.stack(filters).astype(np.float32))


@lru_cache(maxsize=8)
def corrected_filters(bands: int = 512, taps: int = 512, sample_rate: int = 11025) -> Tensor:
    """A bank with the same centres whose filters are one ERB wide with a peak gain of one, [band, tap] float32.

    The power response exp(-pi (f - c)^2 / ERB^2) integrates to one ERB. Its amplitude is a Gaussian of deviation
    s = ERB / sqrt(pi) Hz, so the impulse response is a cosine under exp(-2 (pi s t)^2), here tapered by a Hamming
    window. At the lowest centres 512 taps cannot be as narrow as one ERB; the chapter draws the realised widths.
    Paper: our correction of Vinyard 2018; ERB from Glasberg & Moore 1990. Chapter: bark_loss.
    """
    centre = centre_frequencies(bands, sample_rate)[:, None]
    time = (np.arange(taps) - taps // 2) / sample_rate  # whole samples, so that no response is lost at Nyquist
    deviation = equivalent_rectangular_bandwidth(centre) / np.sqrt(np.pi)
    envelope = np.exp(-2.0 * (np.pi * deviation * time) ** 2)
    filters = envelope * np.cos(2 * np.pi * centre * time) * get_window("hamming", taps)
    peak = np.abs(np.fft.rfft(filters, n=32 * taps, axis=-1)).max(axis=-1, keepdims=True)
    return torch.from_numpy((filters / peak).astype(np.float32))


BANKS = {"original": original_filters, "corrected": corrected_filters}
