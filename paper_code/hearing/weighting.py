"""Frequency weighting of sound levels."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def a_weighting(frequency: ArrayLike) -> NDArray[np.float64]:
    """A-weighting in dB (0 dB near 1 kHz), from the analogue poles of IEC 61672-1.

    frequency: any shape, in Hz, above 0 (at 0 Hz the weighting is minus infinity, so it is refused).
    Paper: IEC 61672-1:2013, Annex E; used by Vinyard 2018 as the frequency weighting. Chapter: bark_loss.
    """
    frequency = np.asarray(frequency, dtype=np.float64)
    if np.any(frequency <= 0):
        raise ValueError("A-weighting is defined above 0 Hz; found a frequency of 0 Hz or less.")
    f2 = frequency**2
    response = (12200.0**2 * f2**2) / ((f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12200.0**2))
    return 2.0 + 20.0 * np.log10(response)
