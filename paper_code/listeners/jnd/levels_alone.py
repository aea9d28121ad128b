"""What can be told of an answer without hearing a sound: the floor for every metric that learns from these judgements."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from paper_code.listeners.jnd.judgements import FULL, ONE_LISTENER, Judgements

HELD_OUT = ("f1", "f5", "m1", "m5")
RIDGE = 10.0  # on standardised features: many say nearly the same, and some lists have few judgements
FREE = 1e-6  # ridge of the constant, which keeps it finite where all answers are the same
STEPS = 50


@dataclass(frozen=True)
class Prediction:
    """How well held-out answers are predicted. count: of them.   accuracy: share right at probability 1/2.

    cross_entropy: mean, nats.   auc: area under the receiver operating characteristic.
    """

    count: int
    accuracy: float
    cross_entropy: float
    auc: float


def predict(judgements: Judgements, held_out: Collection[str] = HELD_OUT) -> Prediction:
    """A logistic regression on the levels of both sounds, fitted without some speakers and judged on them.

    One fit for all judgements given, so give those of one perturbation (or of several with the same axes).
    Raises ValueError for judgements with different numbers of axes, and where one side has no judgements or one answer.

    Chapter: jnd_loss
    """
    heard = np.array([row.speaker in held_out for row in judgements])
    return score(probabilities(judgements, held_out), judgements.different[heard])


def probabilities(judgements: Judgements, held_out: Collection[str] = HELD_OUT) -> NDArray[np.float64]:
    """P("different") of the held-out judgements, in their order; see `predict`."""
    x = features(judgements)
    heard = np.array([row.speaker in held_out for row in judgements])
    y = judgements.different
    for side, name in ((~heard, "fitted"), (heard, "held out")):
        if len(set(y[side].tolist())) < 2:
            raise ValueError(f"the {side.sum()} judgements to be {name} have not both answers")
    x[:, :-1] -= x[~heard, :-1].mean(axis=0)
    x[:, :-1] /= np.maximum(x[~heard, :-1].std(axis=0), 1e-9)
    return special.expit(x[heard] @ logistic(x[~heard], y[~heard]))


def score(probabilities: NDArray[np.float64], different: NDArray[np.bool_]) -> Prediction:
    """How well probabilities of "different" predict answers; both answers must occur."""
    p, y = np.clip(probabilities, 1e-12, 1 - 1e-12), np.asarray(different, dtype=bool)
    ones = int(y.sum())
    above = stats.rankdata(p)[y].sum() - ones * (ones + 1) / 2
    entropy = -np.where(y, np.log(p), np.log1p(-p)).mean()
    return Prediction(len(y), float(((p > 0.5) == y).mean()), float(entropy), float(above / (ones * (len(y) - ones))))


def features(judgements: Judgements) -> NDArray[np.float64]:
    """Functions of the levels alone: [judgement, feature], the last one constant.

    The levels of both sounds (their logs where levels are ratios) and their distances, with squares, roots and products;
    powers of the strength, and whether there is any.
    """
    if len({len(row.reference) for row in judgements}) != 1:
        raise ValueError("the judgements have levels on different axes: give those of one perturbation")
    reference, test = (np.array([getattr(row, side) for row in judgements]) for side in ("reference", "test"))
    if judgements.rows[0].perturbation in ONE_LISTENER:
        reference, test = np.log(reference), np.log(test)
    plain = np.concatenate([reference, test, np.abs(test - reference)], axis=1)
    products = [plain[:, a] * plain[:, b] for a, b in itertools.combinations_with_replacement(range(plain.shape[1]), 2)]
    strength = judgements.strengths[:, None] / FULL
    steps = [strength**power for power in (0.5, 1, 2, 3)] + [strength == 0]
    ones = np.ones((len(plain), 1))
    return np.concatenate([plain, np.sqrt(np.abs(plain)), np.stack(products, axis=1), *steps, ones], axis=1)


def logistic(x: NDArray, y: NDArray, strength: float = RIDGE) -> NDArray[np.float64]:
    """Weights of the most likely logistic regression with a ridge of a strength, by Newton's steps.

    x: [judgement, feature], the last one constant.   y: the answers.
    """
    weights = np.zeros(x.shape[1])
    ridge = strength * np.ones(len(weights))
    ridge[-1] = FREE  # the constant
    for _ in range(STEPS):
        p = special.expit(x @ weights)
        gradient = x.T @ (y - p) - ridge * weights
        curvature = (x.T * (p * (1 - p))) @ x + np.diag(ridge)
        weights = weights + np.linalg.solve(curvature, gradient)
        if np.abs(gradient).max() < 1e-6:
            break
    return weights
