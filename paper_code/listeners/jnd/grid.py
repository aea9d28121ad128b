"""The paper's estimate of one listener's threshold from a few answers: the likelihood looked up on a grid.

A few answers often have no maximum of the likelihood (all are the same, or a step separates them); on a grid they have
a best place, or several that are equally good, whose middle is taken.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from paper_code.listeners.jnd.curves import consistency
from paper_code.listeners.jnd.judgements import FULL, Judgements

STEP = 0.5
THRESHOLDS = np.arange(0, FULL + STEP / 2, STEP)
SPREADS = np.geomspace(1, 30, 12)
TIE = 1e-6  # log likelihoods as near as this are equally good
DROP = float(stats.chi2.ppf(0.95, 1)) / 2  # of the log likelihood, at the ends of an interval


def log_likelihoods(strengths: ArrayLike) -> NDArray[np.float64]:
    """Log probability of "same" and "different" on the grid: [answer, strength, threshold, spread].

    Paper: Manocha et al. 2020, section 2.1.   Chapter: jnd_loss
    """
    z = (np.asarray(strengths, dtype=np.float64)[:, None, None] - THRESHOLDS[:, None]) / SPREADS
    return np.stack([special.log_ndtr(-z), special.log_ndtr(z)])


def best(log_likelihood: NDArray[np.float64]) -> NDArray[np.float64]:
    """The most likely threshold of each listener; of several that are equally likely, their mean.

    log_likelihood: [listener, threshold, spread].
    """
    profile = log_likelihood.max(axis=2)
    ties = profile >= profile.max(axis=1, keepdims=True) - TIE
    return ties @ THRESHOLDS / ties.sum(axis=1)


def threshold(strengths: ArrayLike, different: ArrayLike) -> float:
    """One listener's threshold, 0 to 100; NaN where all answers are the same or there are none."""
    log_likelihood = _of_answers(strengths, different)
    return math.nan if log_likelihood is None else float(best(log_likelihood[None])[0])


def interval(strengths: ArrayLike, different: ArrayLike) -> tuple[float, float]:
    """The smallest and the largest threshold that a likelihood-ratio test at 5 % does not exclude; NaN as `threshold`."""
    log_likelihood = _of_answers(strengths, different)
    if log_likelihood is None:
        return math.nan, math.nan
    profile = log_likelihood.max(axis=1)
    likely = THRESHOLDS[profile >= profile.max() - DROP]
    return float(likely[0]), float(likely[-1])


def _of_answers(strengths: ArrayLike, different: ArrayLike) -> NDArray[np.float64] | None:
    """Log likelihood [threshold, spread] of one listener's answers; None where they tell no threshold."""
    different = np.asarray(different, dtype=int)
    if different.size == 0 or different.min() == different.max():
        return None
    return log_likelihoods(strengths)[different, np.arange(len(different))].sum(axis=0)


def own_thresholds(judgements: Judgements) -> NDArray[np.float64]:
    """The threshold of every series from its own answers, in the order of `by_series`; NaN where it has none."""
    return np.array([threshold(part.strengths, part.different) for part in judgements.by_series()])


def own_consistency(judgements: Judgements, sentinels: bool = True) -> float:
    """Share of the answers that agree with the threshold of their own series; series without one do not count.

    sentinels: whether the opening pairs count; the thresholds are fitted to all answers in either case.

    Paper: Manocha et al. 2020, section 3.2.   Chapter: jnd_loss
    """
    series = [part.rows[0].series for part in judgements.by_series()]
    thresholds = dict(zip(series, own_thresholds(judgements), strict=True))
    counted = judgements if sentinels else judgements.without_opening_pairs()
    counted = counted.where(lambda row: np.isfinite(thresholds[row.series]))
    return consistency(counted.strengths, counted.different, [thresholds[row.series] for row in counted])
