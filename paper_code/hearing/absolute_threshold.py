"""The absolute threshold of hearing: the level of a tone that is just heard in quiet."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def absolute_threshold(frequency: ArrayLike) -> NDArray[np.float64]:
    """Absolute threshold in dB SPL: 3.64 f^-0.8 - 6.5 exp(-0.6 (f - 3.3)^2) + 0.001 f^4, with f in kHz.

    frequency: any shape, in Hz, above 0 (towards 0 Hz the threshold grows without bound, so 0 is refused).
    Paper: Terhardt 1979; Byun et al. 2021, section 3.1 (through Spanias et al. 2007). Chapter: masking_loss.
    """
    kilohertz = np.asarray(frequency, dtype=np.float64) / 1000.0
    if np.any(kilohertz <= 0):
        raise ValueError("The absolute threshold is defined above 0 Hz; found a frequency of 0 Hz or less.")
    return 3.64 * kilohertz**-0.8 - 6.5 * np.exp(-0.6 * (kilohertz - 3.3) ** 2) + 1e-3 * kilohertz**4
