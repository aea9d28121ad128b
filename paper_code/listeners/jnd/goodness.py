"""Whether answers follow the curve that was fitted to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from paper_code.listeners.jnd.curves import probability
from paper_code.listeners.jnd.judgements import Judgements
from paper_code.listeners.jnd.population import NODES, TINY, WEIGHTS, Population

BINS = 10
FEWEST_EXPECTED = 5  # answers of either kind in a bin, below which Pearson's test does not hold


@dataclass(frozen=True, eq=False)
class GoodnessOfFit:
    """Answers against a curve in bins of strength. strength: mean of each bin.   counts: answers in it.

    observed, expected: share of "different", [bin].   chi_square, p_value: of Pearson's test with `freedom` degrees;
    it takes answers for independent, so with several answers of one listener p is too small.
    """

    strength: NDArray[np.float64]
    counts: NDArray[np.int64]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    freedom: int
    chi_square: float
    p_value: float


def goodness_of_fit(
    strengths: ArrayLike, different: ArrayLike, probabilities: ArrayLike, parameters: int, bins: int = BINS
) -> GoodnessOfFit:
    """How well probabilities describe answers, in bins of about equal counts along the strength.

    strengths, different, probabilities: one a judgement.   parameters: of the curve that were fitted.
    Raises ValueError where there are no more usable bins than parameters.

    Chapter: jnd_loss
    """
    strengths, p = np.asarray(strengths, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    edges = np.unique(np.quantile(strengths, np.linspace(0, 1, bins + 1)))
    place = np.clip(np.searchsorted(edges, strengths, side="right") - 1, 0, max(len(edges) - 2, 0))
    counts = np.bincount(place)
    said, wanted = np.bincount(place, np.asarray(different, dtype=np.float64)), np.bincount(place, p)
    usable = np.minimum(wanted, counts - wanted) >= FEWEST_EXPECTED
    if (freedom := int(usable.sum()) - parameters) < 1:
        raise ValueError(f"only {usable.sum()} bins have {FEWEST_EXPECTED} expected answers; wanted over {parameters}")
    spread = np.bincount(place, p * (1 - p))
    squares = float((((said - wanted) ** 2)[usable] / spread[usable]).sum())
    middle = np.bincount(place, strengths) / counts
    p_value = float(stats.chi2.sf(squares, freedom))
    return GoodnessOfFit(middle, counts, said / counts, wanted / counts, freedom, squares, p_value)


def from_other_answers(population: Population, judgements: Judgements) -> NDArray[np.float64]:
    """P("different") of each judgement, from the population and the other answers of its series; in the given order.

    What is reached by knowing the listener and the levels, without the sounds.

    Chapter: jnd_loss
    """
    threshold = population.median * np.exp(population.between * NODES)
    p = probability(judgements.strengths[:, None], threshold, population.within * threshold, population.lapse)
    p = np.clip(p, TINY, 1 - TINY)
    own = np.where(judgements.different[:, None], np.log(p), np.log1p(-p))
    number = np.unique(judgements.series, return_inverse=True)[1]
    whole = np.zeros((number.max() + 1, len(NODES)))
    np.add.at(whole, number, own)
    others = whole[number] - own
    weight = WEIGHTS * np.exp(others - others.max(axis=1, keepdims=True))
    return (weight * p).sum(axis=1) / weight.sum(axis=1)
