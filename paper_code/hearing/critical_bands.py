"""Critical bands in the form of Zwicker & Terhardt, the scale of psychoacoustic model 1."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def critical_band_rate(frequency: ArrayLike) -> NDArray[np.float64]:
    """Critical-band rate in Bark of a frequency: z = 13 atan(0.00076 f) + 3.5 atan((f / 7500)^2).

    frequency: any shape, in Hz, not negative. Another fit of the same scale is `bark.bark_from_hertz`.
    Raises ValueError on a negative frequency.
    Paper: Zwicker & Terhardt 1980; Byun et al. 2021, section 3.1 (through Spanias et al. 2007). Chapter: masking_loss.
    """
    frequency = np.asarray(frequency, dtype=np.float64)
    if np.any(frequency < 0):
        raise ValueError("A frequency in Hz is 0 or more; found a negative one.")
    return 13.0 * np.arctan(0.00076 * frequency) + 3.5 * np.arctan((frequency / 7500.0) ** 2)


def critical_bands(frequency: ArrayLike) -> list[NDArray[np.int64]]:
    """The lines of a spectrum sorted into critical bands: band b holds the lines with b <= z < b + 1.

    frequency: [line] of the lines in Hz, rising from 0. Line 0, a constant and no sound, belongs to no band; a band
    without a line is left out. Returns one array of line numbers a band, from low to high.
    Paper: Spanias et al. 2007, section 5.7.2. Chapter: masking_loss.
    """
    band = np.floor(critical_band_rate(frequency)).astype(np.int64)
    band[0] = -1
    return [np.flatnonzero(band == number) for number in range(band.max() + 1) if np.any(band == number)]


def geometric_mean_line(lines: ArrayLike) -> int:
    """The whole line number nearest to the geometric mean of line numbers above 0."""
    return int(np.rint(np.exp(np.mean(np.log(np.asarray(lines, dtype=np.float64))))))
