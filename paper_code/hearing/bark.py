"""The Bark scale of critical bands, and the equivalent rectangular bandwidth of the auditory filter."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def bark_from_hertz(frequency: ArrayLike) -> NDArray[np.float64]:
    """Critical-band rate of a frequency, in the form of Wang, Sekey & Gersho: z = 6 asinh(f / 600).

    frequency: any shape, in Hz, not negative.
    Paper: Wang, Sekey & Gersho 1992; the scale of zounds that Vinyard 2018 uses. Chapter: bark_loss.
    """
    frequency = np.asarray(frequency, dtype=np.float64)
    if np.any(frequency < 0):
        raise ValueError("A frequency in Hz is 0 or more; found a negative one.")
    return 6.0 * np.arcsinh(frequency / 600.0)


def hertz_from_bark(bark: ArrayLike) -> NDArray[np.float64]:
    """Frequency in Hz of a critical-band rate in Bark; the inverse of `bark_from_hertz`."""
    return 600.0 * np.sinh(np.asarray(bark, dtype=np.float64) / 6.0)


def equivalent_rectangular_bandwidth(frequency: ArrayLike) -> NDArray[np.float64]:
    """Equivalent rectangular bandwidth in Hz of the auditory filter centred on a frequency in Hz.

    The constants are the rounded ones of zounds, 24.7 + 0.108 f (Glasberg & Moore give 24.7 + 0.10794 f).
    Paper: Glasberg & Moore 1990, Eq. 3; FIR bank of Vinyard 2018. Chapter: bark_loss.
    """
    return 24.7 + 0.108 * np.asarray(frequency, dtype=np.float64)
