"""Listeners who differ: a curve for each series of answers, with thresholds that are spread over listeners.

Questions were chosen near the threshold of whoever was asked, so strengths and thresholds go together, and a curve fitted
to all answers at once is far too flat. Here every series has a threshold of its own, log-normal over the series; its
curve's spread is in proportion to it. Choosing questions by earlier answers does no harm to such a likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from paper_code.listeners.jnd.curves import counted, probability

NODES = np.linspace(-4, 4, 81)  # standard deviations of the log threshold at which it is integrated
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()
STARTS = ((3.2, -0.7, -1.0, -3.0), (3.8, -0.7, -1.5, -2.0))  # log median, log between, log within, logit of 2 lapse
BOUNDS = ((-1, 6), (-4, 2), (-4, 3), (-8, 2))
TINY = 1e-12  # keeps probabilities from 0 and 1
FEWEST_SERIES = 5


@dataclass(frozen=True)
class Population:
    """How listeners hear. median: of their thresholds.   between: standard deviation of the log threshold.

    within: spread of a listener's curve, as a share of the threshold.   lapse: share of coin tosses.
    series, answers: how many it was fitted to.   log_likelihood: natural logarithm.
    """

    median: float
    between: float
    within: float
    lapse: float
    series: int
    answers: int
    log_likelihood: float

    def share(self, strengths: ArrayLike) -> NDArray[np.float64]:
        """The share of all listeners that calls a step of each of these strengths [strength] different."""
        threshold = self.median * np.exp(self.between * NODES)
        each = np.asarray(strengths, dtype=np.float64)[:, None]
        return probability(each, threshold, self.within * threshold, self.lapse) @ WEIGHTS

    def draw(self, count: int, seed: int) -> Observers:
        """Observers with curves of this population."""
        threshold = self.median * np.exp(self.between * np.random.default_rng(seed).standard_normal(count))
        return Observers(threshold, self.within * threshold, np.full(count, self.lapse))


@dataclass(frozen=True, eq=False)
class Observers:
    """Simulated listeners. threshold, spread, lapse: [observer], of their curves."""

    threshold: NDArray[np.float64]
    spread: NDArray[np.float64]
    lapse: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.threshold)

    def answer(self, strengths: ArrayLike, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Whether each observer calls a step of this strength different; strengths: [..., observer]."""
        p = probability(strengths, self.threshold, self.spread, self.lapse)
        return rng.random(p.shape) < p

    def level_at(self, share: float) -> NDArray[np.float64]:
        """The strength at which each says "different" with this probability; NaN where lapses keep it from that."""
        known = (share - self.lapse / 2) / (1 - self.lapse)
        return self.threshold + self.spread * special.ndtri(np.where((known > 0) & (known < 1), known, np.nan))


def fit(strengths: ArrayLike, different: ArrayLike, series: ArrayLike) -> Population:
    """The population that makes the answers most likely; thresholds of the series are integrated over.

    strengths, different, series: one a judgement.
    Raises ValueError for fewer than 5 series, answers that are all the same, and what `counted` refuses.

    Chapter: jnd_loss
    """
    levels, same, other = counted(strengths, different, series)
    if len(same) < FEWEST_SERIES or not same.any() or not other.any():
        raise ValueError(f"a population needs {FEWEST_SERIES} series and both answers, found {len(same)} series")
    found = min((_maximise(start, levels, same, other) for start in STARTS), key=lambda result: result.fun)
    return _population(found.x, len(same), int(same.sum() + other.sum()), -float(found.fun))


def resample(
    strengths: ArrayLike, different: ArrayLike, series: ArrayLike, resamples: int = 199, seed: int = 0
) -> list[Population]:
    """Populations fitted to bootstrap samples of whole series, for intervals; about 30 ms each."""
    levels, same, other = counted(strengths, different, series)
    whole = fit(strengths, different, series)
    start = np.log(whole.median), np.log(whole.between), np.log(whole.within), special.logit(2 * whole.lapse)
    rng, populations = np.random.default_rng(seed), []
    for _ in range(resamples):
        drawn = rng.integers(len(same), size=len(same))
        found = _maximise(start, levels, same[drawn], other[drawn])
        populations.append(_population(found.x, len(same), int(same[drawn].sum() + other[drawn].sum()), -found.fun))
    return populations


def negative_log_likelihood(values: ArrayLike, levels: NDArray, same: NDArray, other: NDArray) -> float:
    """Of counts [series, strength], at the logs of median, between and within and the logit of twice the lapse."""
    median, between, within, lapse = values
    threshold = np.exp(median + np.exp(between) * NODES)[:, None]
    p = np.clip(probability(levels, threshold, np.exp(within) * threshold, special.expit(lapse) / 2), TINY, 1 - TINY)
    each = same @ np.log1p(-p).T + other @ np.log(p).T  # [series, node]
    return -float(special.logsumexp(each, b=WEIGHTS, axis=1).sum())


def _maximise(start: tuple[float, ...], levels: NDArray, same: NDArray, other: NDArray) -> optimize.OptimizeResult:
    low, high = np.transpose(BOUNDS)
    return optimize.minimize(
        negative_log_likelihood, np.clip(start, low, high), (levels, same, other), method="L-BFGS-B", bounds=BOUNDS
    )


def _population(values: NDArray, series: int, answers: int, log_likelihood: float) -> Population:
    median, between, within = np.exp(values[:3]).tolist()
    return Population(median, between, within, float(special.expit(values[3])) / 2, series, answers, log_likelihood)
