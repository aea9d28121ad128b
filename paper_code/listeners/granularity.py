"""Whether a printed mean and standard deviation can be those of so many listeners at all.

A listener's share of k trials is a multiple of 1/k, so the mean over n listeners is one of 1/(n k), and only some
standard deviations go with it (the GRIM and SPRITE checks of Brown & Heathers 2017 and Heathers et al. 2018).
"""

from __future__ import annotations

import numpy as np


def mean_attainable(mean: float, listeners: int, trials: int, digits: int = 2) -> bool:
    """Whether some answers of so many listeners, each in so many trials, give this mean after rounding.

    Raises ValueError on a count below one.
    """
    _check(listeners, trials)
    parts = listeners * trials
    return abs(np.clip(np.round(mean * parts), 0, parts) / parts - mean) <= _half(digits)


def attainable(mean: float, sd: float, listeners: int, trials: int, ddof: int = 1, digits: int = 2) -> bool:
    """Whether some answers give this mean and this standard deviation after rounding.

    mean, sd: of the listeners' shares.   trials: of each listener.   ddof: 1 for a sample, 0 for a population.
    Every set of answers is looked at, by the sums and sums of squares that are possible.
    Raises ValueError on a count below one, or not more listeners than ddof.
    """
    _check(listeners, trials)
    if listeners <= ddof:
        raise ValueError(f"a standard deviation with ddof {ddof} needs more than {ddof} listeners, found {listeners}")
    total, squares = np.nonzero(_possible(listeners, trials))
    means = total / (listeners * trials)
    variances = (squares - total**2 / listeners) / (listeners - ddof) / trials**2
    near = np.abs(means - mean) <= _half(digits)
    return bool((near & (np.abs(np.sqrt(variances.clip(min=0)) - sd) <= _half(digits))).any())


def _possible(listeners: int, trials: int) -> np.ndarray:
    """[sum, sum of squares] -> whether `listeners` counts from 0 to `trials` can have them."""
    reached = np.zeros((listeners * trials + 1, listeners * trials**2 + 1), dtype=bool)
    reached[0, 0] = True
    for _ in range(listeners):
        before, reached = reached, np.zeros_like(reached)
        for count in range(trials + 1):
            rows, columns = before.shape[0] - count, before.shape[1] - count**2
            reached[count:, count**2 :] |= before[:rows, :columns]
    return reached


def _half(digits: int) -> float:
    """Half a step of the last printed digit, and a little for the arithmetic."""
    return 0.5 * 10.0**-digits + 1e-9


def _check(listeners: int, trials: int) -> None:
    if listeners < 1 or trials < 1:
        raise ValueError(f"wanted at least one listener and one trial, found {listeners} and {trials}")
