"""Means and shares with their 95 % intervals: over seeds, utterances or whatever was repeated."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean and the half width of its interval (NaN for a single value: it has no spread). count: values."""

    mean: float
    half_width: float
    count: int

    def times(self, factor: float) -> "Interval":
        """The interval of the values times a factor."""
        return Interval(factor * self.mean, abs(factor) * self.half_width, self.count)

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
    low, high = stats.t.interval(level, data.size - 1, loc=mean, scale=stats.sem(data))
    return Interval(mean, float(high - low) / 2, data.size)


def interval_of_defined(values: Iterable[float], factor: float = 1.0) -> Interval | None:
    """The interval of those `values` that are finite, times `factor`; None where none is."""
    finite = [factor * value for value in values if math.isfinite(value)]
    return interval(finite) if finite else None


def mean_of_defined(values: Iterable[float]) -> float:
    """The mean of those `values` that are finite; NaN where none is."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan


def wilson(right: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share: `right` of `count` answers, each independent. Raises ValueError for no answers."""
    if count < 1:
        raise ValueError("an interval of a share needs at least one answer.")
    ends = stats.binomtest(right, count).proportion_ci(level, method="wilson")
    return float(ends.low), float(ends.high)


def seeds_in_words(seeds: Sequence[int]) -> str:
    """What numbers over seeds are, in words: "mean ± 95 % interval over 3 seeds", "one seed (0), so no interval"."""
    count = len(seeds)
    return f"mean ± 95 % interval over {count} seeds" if count > 1 else f"one seed ({seeds[0]}), so no interval"
