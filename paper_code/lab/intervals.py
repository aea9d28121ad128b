"""Means over seeds with their 95 % intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean and the half width of its interval (NaN for a single value: it has no spread). count: values."""

    mean: float
    half_width: float
    count: int

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Student's t interval of the mean of `values` (at least one, all finite).

    Raises: ValueError for no values, for values that are not finite, for a level outside (0, 1).
    """
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or data.size == 0 or not np.isfinite(data).all():
        raise ValueError(f"an interval needs at least one value, all finite; found {list(values)}.")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, found {level}.")
    mean = float(data.mean())
    if data.size == 1:
        return Interval(mean, math.nan, 1)
    if np.ptp(data) == 0:  # the mean of equal numbers may be off by a rounding, and then so is their spread
        return Interval(float(data[0]), 0.0, data.size)
    error = float(data.std(ddof=1)) / math.sqrt(data.size)
    return Interval(mean, float(stats.t.ppf((1 + level) / 2, data.size - 1)) * error, data.size)
