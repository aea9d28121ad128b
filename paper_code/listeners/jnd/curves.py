"""Psychometric curves: how often two sounds are called different, against the strength of the step between them.

The paper's model: the answer is "different" with the probability of a Gaussian distribution up to the strength. Its mean
is the threshold, its standard deviation the spread; both by maximum likelihood. A lapse rate may be fitted with them:
the share of questions that are answered by tossing a coin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from paper_code.listeners.jnd.maximum import Maxima, maximise

RESAMPLES = 999
FLAT = 0.05  # a curve whose rise could be chance at this level is told to be flat


@dataclass(frozen=True)
class Curve:
    """A fitted curve. threshold, spread: in the unit of the strengths.   lapse: share of coin tosses.

    answers: how many it was fitted to.   log_likelihood: of these, natural logarithm.
    """

    threshold: float
    spread: float
    lapse: float
    answers: int
    log_likelihood: float

    def probability(self, strengths: ArrayLike) -> NDArray[np.float64]:
        """P("different") at each of the strengths.

        Paper: Manocha et al. 2020, section 2.1 (lapse 0).   Chapter: jnd_loss
        """
        return probability(strengths, self.threshold, self.spread, self.lapse)


@dataclass(frozen=True)
class NoThreshold:
    """A fit that has no threshold. reason: why, in words.   answers: how many there were."""

    reason: str
    answers: int


@dataclass(frozen=True, eq=False)
class Resampled:
    """Curves fitted to resampled answers. threshold, spread, lapse: [resample], NaN where there is no threshold."""

    threshold: NDArray[np.float64]
    spread: NDArray[np.float64]
    lapse: NDArray[np.float64]

    @property
    def without(self) -> float:
        """Share of the resamples without a threshold."""
        return float(np.isnan(self.threshold).mean())


def probability(strengths: ArrayLike, threshold: ArrayLike, spread: ArrayLike, lapse: ArrayLike) -> NDArray[np.float64]:
    """P("different"): half the lapses, and of the rest the Gaussian distribution function; arrays are broadcast."""
    known = special.ndtr((np.asarray(strengths) - threshold) / np.asarray(spread))
    return np.asarray(lapse) / 2 + (1 - np.asarray(lapse)) * known


def fit(strengths: ArrayLike, different: ArrayLike, free_lapse: bool = False) -> Curve | NoThreshold:
    """The curve that makes the answers most likely, or why there is none.

    strengths, different: one a judgement.   free_lapse: fit the lapse rate too, 0 to 1/2; otherwise there are none.
    There is none for answers that are all the same, that do not rise with the strength (likelihood-ratio test against
    a constant), that a step separates without an error, or that reach one half only beyond what was asked.
    Raises ValueError for unequal lengths, no judgements, or strengths that are not finite.

    Paper: Manocha et al. 2020, section 2.1.   Chapter: jnd_loss
    """
    levels, (same,), (other,) = counted(strengths, different)
    answers = int(same.sum() + other.sum())
    if reason := _cannot(levels, same, other):
        return NoThreshold(reason, answers)
    best = maximise(levels, same[None], other[None], free_lapse)
    gain = 2 * (best.log_likelihood[0] - _constant(same.sum(), other.sum()))
    if best.slope[0] <= 0 or stats.chi2.sf(gain, 2 if free_lapse else 1) > FLAT:
        return NoThreshold('"different" is not said more often at larger strengths', answers)
    threshold, spread = float(best.threshold[0]), float(1 / best.slope[0])
    if not levels[0] <= threshold <= levels[-1]:
        asked = f"{levels[0]:g} to {levels[-1]:g}"
        return NoThreshold(f'"different" is not said half of the time within the strengths asked, {asked}', answers)
    return Curve(threshold, spread, float(best.lapse[0]), answers, float(best.log_likelihood[0]))


def resample(
    strengths: ArrayLike,
    different: ArrayLike,
    units: ArrayLike | None = None,
    free_lapse: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Curves of bootstrap samples, for intervals.

    units: what is drawn together, such as the series of each judgement, since answers of one listener are not
    independent; each judgement by itself where None.
    Raises what `fit` raises, and ValueError for units of another length.
    """
    rng = np.random.default_rng(seed)
    levels, same, other = counted(strengths, different, units)
    if units is None:  # answers of one kind at one strength are all alike: it is enough to draw how many there are
        kinds = np.concatenate([same[0], other[0]])
        draws = rng.multinomial(int(kinds.sum()), kinds / kinds.sum(), size=resamples)
        same, other = np.split(draws, 2, axis=1)
    else:
        draws = rng.multinomial(len(same), np.full(len(same), 1 / len(same)), size=resamples)
        same, other = draws @ same, draws @ other
    best = maximise(levels, same, other, free_lapse)
    return _defined(best, levels)


def interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the resamples that are defined; NaN where more than half are not."""
    values = np.asarray(values, dtype=np.float64)
    defined = values[np.isfinite(values)]
    if 2 * defined.size <= values.size:
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def consistency(strengths: ArrayLike, different: ArrayLike, threshold: ArrayLike) -> float:
    """Share of the answers that agree with a threshold: "same" below it and "different" above it.

    threshold: one for all, or one a judgement.   Judgements at the threshold do not count; NaN where there are only those.

    Paper: Manocha et al. 2020, section 3.2.   Chapter: jnd_loss
    """
    margin = np.asarray(strengths, dtype=np.float64) - threshold
    apart = np.abs(margin) > 0
    agree = (margin > 0) == np.asarray(different, dtype=bool)
    return float(agree[apart].mean()) if apart.any() else math.nan


Counts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def counted(strengths: ArrayLike, different: ArrayLike, units: ArrayLike | None = None) -> Counts:
    """The strengths that occur, in order, and how often "same" and "different" was said at each: [unit, strength].

    units: one a judgement; all judgements are one unit where None.
    Raises ValueError for unequal lengths, no judgements, or strengths that are not finite.
    """
    strengths, different = np.asarray(strengths, dtype=np.float64), np.asarray(different)
    if strengths.ndim != 1 or strengths.shape != different.shape or not strengths.size:
        raise ValueError(f"wanted a strength and an answer a judgement, found {strengths.shape} and {different.shape}")
    if not np.isfinite(strengths).all():
        raise ValueError("strengths must be finite")
    if not np.isin(different, (0, 1)).all():
        raise ValueError('answers are 0 ("same") and 1 ("different")')
    units = np.zeros(len(strengths)) if units is None else np.asarray(units)
    if units.shape != strengths.shape:
        raise ValueError(f"wanted a unit a judgement, found {units.shape} for {strengths.shape}")
    levels, column = np.unique(strengths, return_inverse=True)
    row = np.unique(units, return_inverse=True)[1]
    counts = np.zeros((2, row.max() + 1, len(levels)))
    np.add.at(counts, (different.astype(int), row, column), 1)
    return levels, *counts


def _cannot(levels: NDArray, same: NDArray, other: NDArray) -> str:
    """Why there is no fit to be looked for; "" where there may be one."""
    if not same.any() or not other.any():
        return f'every answer is "{"different" if other.any() else "same"}"'
    highest_same, lowest_other = levels[same > 0].max(), levels[other > 0].min()
    if highest_same < lowest_other:
        return (
            f'the threshold lies somewhere between {highest_same:g}, where the last "same" was said, and '
            f'{lowest_other:g}, where the first "different" was; no answer tells the spread'
        )
    return ""


def _constant(same: float, other: float) -> float:
    """Log likelihood of the best curve without a slope."""
    share = other / (same + other)
    return float(special.xlogy(same, 1 - share) + special.xlogy(other, share))


def _defined(best: Maxima, levels: NDArray) -> Resampled:
    threshold = best.threshold
    usable = (best.slope > 0) & (threshold >= levels[0]) & (threshold <= levels[-1])
    with np.errstate(divide="ignore"):
        values = threshold, 1 / best.slope, best.lapse
    return Resampled(*(np.where(usable, value, np.nan) for value in values))
