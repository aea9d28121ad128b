"""What the levels in the lists tell of the answers, and whether a metric's distance tells more."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from paper_code.jnd_loss.building import pairs
from paper_code.jnd_loss.configs import JudgedConfig
from paper_code.jnd_loss.scores import RIDGE, distance_features
from paper_code.jnd_loss.stimuli import SIDES, Pairs
from paper_code.listeners.jnd import levels_alone
from paper_code.listeners.jnd.judgements import Judgements

CERTAIN = 1e-6  # as near as a probability may come to 0 and 1


def probabilities(config: JudgedConfig) -> NDArray[np.float64]:
    """P("different") of the judgements of the test side from the levels alone, a regression a list; see levels_alone."""
    rows = Judgements(tuple(row for side in SIDES for row in pairs(config, side).judgements))
    test = pairs(config, "test").judgements
    found, names = np.empty(len(test)), np.array([row.perturbation for row in test])
    for name in test.perturbations:
        found[names == name] = levels_alone.probabilities(rows.of(name), levels_alone.HELD_OUT)
    return found


def with_distances(config: JudgedConfig, test: Pairs, distances: ArrayLike | None = None) -> NDArray[np.float64]:
    """P("different") of the judgements of the test side from the levels and a metric's distances [pair] together.

    A logistic curve a list on the logit of the levels' probability and the logarithm of the distance, fitted to three of
    the four held-out speakers and asked about the fourth. Without distances: the levels alone in the same way, what the
    gain is to be measured from.
    """
    p = np.clip(probabilities(config), CERTAIN, 1 - CERTAIN)
    columns = [special.logit(p)[:, None]]
    if distances is not None:
        columns.append(distance_features(np.asarray(distances, dtype=np.float64)))
    x = np.concatenate([*columns, np.ones((len(p), 1))], axis=1)
    names = np.array([row.perturbation for row in test.judgements])
    speakers = np.array([row.speaker for row in test.judgements])
    found = np.empty(len(p))
    for name in test.judgements.perturbations:
        for speaker in np.unique(speakers[names == name]):
            asked = (names == name) & (speakers == speaker)
            fitted = (names == name) & (speakers != speaker)
            weights = levels_alone.logistic(x[fitted], test.judgements.different[fitted], RIDGE)
            found[asked] = special.expit(x[asked] @ weights)
    return found
