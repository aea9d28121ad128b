"""Maximum likelihood of many psychometric curves at once, by scoring steps that are damped where they overshoot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

STEPS = 100
TOLERANCE = 1e-9  # of the log likelihood of one curve
MOST_LAPSES = 0.5
TINY = 1e-12  # keeps probabilities from 0 and 1
STEEPEST = 50.0  # in ranges of the strengths: what a step function comes to, whose likelihood has no maximum


@dataclass(frozen=True, eq=False)
class Maxima:
    """Curves [curve]: threshold and slope (1/spread) in the unit of the strengths, lapse, and log likelihood."""

    threshold: NDArray[np.float64]
    slope: NDArray[np.float64]
    lapse: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


def maximise(levels: NDArray, same: NDArray, different: NDArray, free_lapse: bool) -> Maxima:
    """The most likely curves. levels: [strength], at least two.   same, different: counts [curve, strength]."""
    centre, width = levels.mean(), max(np.ptp(levels), TINY)
    x = (levels - centre) / width
    values = np.tile([0.0, 3.0, 0.02 if free_lapse else 0.0], (len(same), 1))  # offset, slope, lapse
    likelihood, damping = _likelihood(values, x, same, different), np.full(len(same), 1e-3)
    for _ in range(STEPS):
        tried = _step(values, x, same, different, damping, free_lapse)
        new = _likelihood(tried, x, same, different)
        better = new > likelihood
        gained = np.where(better, new - likelihood, 0.0)
        values[better], likelihood[better] = tried[better], new[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-9, 1e9)
        if (gained < TOLERANCE).all() and ((damping > 1e3) | better).all():
            break
    offset, slope, lapse = values.T
    with np.errstate(divide="ignore", invalid="ignore"):
        threshold = centre - width * offset / slope
    return Maxima(threshold, slope / width, lapse, likelihood)


def _probability(values: NDArray, x: NDArray) -> tuple[NDArray, NDArray]:
    """P("different") [curve, strength], kept from 0 and 1, and the argument of the Gaussian."""
    offset, slope, lapse = values.T[..., None]
    z = offset + slope * x
    return np.clip(lapse / 2 + (1 - lapse) * special.ndtr(z), TINY, 1 - TINY), z


def _likelihood(values: NDArray, x: NDArray, same: NDArray, different: NDArray) -> NDArray:
    p, _ = _probability(values, x)
    return (same * np.log1p(-p) + different * np.log(p)).sum(axis=1)


def _step(values: NDArray, x: NDArray, same: NDArray, different: NDArray, damping: NDArray, free: bool) -> NDArray:
    """Fisher scoring: the score through the expected information, whose diagonal is raised by the damping."""
    p, z = _probability(values, x)
    lapse = values[:, 2:]
    bell = (1 - lapse) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    slopes = np.stack([bell, bell * x, 0.5 - special.ndtr(z)])  # of p, [value, curve, strength]
    score = np.einsum("vck,ck->cv", slopes, different / p - same / (1 - p))
    information = np.einsum("vck,wck,ck->cvw", slopes, slopes, (same + different) / (p * (1 - p)))
    held = (~np.full(len(p), free)) | ((lapse[:, 0] <= 0) & (score[:, 2] < 0))  # no lapses, and none are wanted
    score[held, 2] = information[held, 2, :] = information[held, :, 2] = 0
    diagonal = np.einsum("cvv->cv", information)
    diagonal += damping[:, None] * diagonal + TINY
    tried = values + np.linalg.solve(information, score[..., None])[..., 0]
    tried[:, 1] = np.clip(tried[:, 1], -STEEPEST, STEEPEST)
    tried[:, 2] = np.clip(tried[:, 2], 0, MOST_LAPSES)
    return tried
