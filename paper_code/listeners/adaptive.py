"""Procedures that choose the next question from the answers so far, for many observers at once.

All have one way to be used: `propose` a strength for each observer, take the `answer`s, tell the `threshold`s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy import special

from paper_code.listeners.jnd.curves import probability
from paper_code.listeners.jnd.grid import SPREADS, STEP, THRESHOLDS, best, log_likelihoods
from paper_code.listeners.jnd.judgements import FULL

HALF = FULL / 2
LEVELS = THRESHOLDS  # the strengths that can be asked


class Procedure(ABC):
    """A procedure with a run for each of some observers.

    tracks: the share of "different" at the strength that `threshold` means.
    """

    tracks = 0.5

    def __init__(self, observers: int, seed: int = 0) -> None:
        """observers: how many, at least one.   seed: of what is drawn, where something is."""
        if observers < 1:
            raise ValueError(f"wanted at least one observer, found {observers}")
        self.observers = observers
        self._rng = np.random.default_rng(seed)

    @abstractmethod
    def propose(self) -> NDArray[np.float64]:
        """The strength to ask each observer next, 0 to 100, [observer]."""

    @abstractmethod
    def answer(self, strengths: NDArray[np.float64], different: NDArray[np.bool_]) -> None:
        """Take the answers to questions of these strengths, both [observer]; they need not be the proposed ones."""

    @abstractmethod
    def threshold(self) -> NDArray[np.float64]:
        """The threshold of each observer by the answers so far; NaN where they tell none yet."""

    def _checked(self, strengths: NDArray, different: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        strengths, different = np.asarray(strengths, dtype=np.float64), np.asarray(different)
        if strengths.shape != (self.observers,) or different.shape != (self.observers,):
            raise ValueError(f"wanted {self.observers} of both, found {strengths.shape} and {different.shape}")
        if not ((strengths >= 0) & (strengths <= FULL)).all():
            raise ValueError(f"strengths lie between 0 and {FULL:g}")
        return strengths, different.astype(bool)


class _Likelihood(Procedure):
    """What estimates by the paper's likelihood on a grid."""

    def __init__(self, observers: int, seed: int = 0) -> None:
        super().__init__(observers, seed)
        self._table = log_likelihoods(LEVELS)  # [answer, level, threshold, spread]
        self._sum = np.zeros((observers, len(THRESHOLDS), len(SPREADS)))
        self._answers = np.zeros((observers, 2), dtype=int)

    def answer(self, strengths: NDArray[np.float64], different: NDArray[np.bool_]) -> None:
        strengths, different = self._checked(strengths, different)
        self._sum += self._table[different.astype(int), np.rint(strengths / STEP).astype(int)]
        self._answers[np.arange(self.observers), different.astype(int)] += 1

    def threshold(self) -> NDArray[np.float64]:
        return np.where(self._both, best(self._sum), np.nan)

    @property
    def _both(self) -> NDArray[np.bool_]:
        """Who has given both answers."""
        return (self._answers > 0).all(axis=1)


class ActiveLearning(_Likelihood):
    """The paper's: ask at the most likely threshold.

    The paper does not say how it begins. Here the first question is in the middle, and as long as all answers are the
    same, which leaves the likelihood without a maximum, the next is half-way to the end where the other may be had.

    Paper: Manocha et al. 2020, section 2.1.   Chapter: jnd_loss
    """

    def __init__(self, observers: int, seed: int = 0, jitter: float = 0.0) -> None:
        """jitter: standard deviation of what is added to the strengths; the questions in the lists scatter so."""
        super().__init__(observers, seed)
        self.jitter = jitter
        self._search = np.full(observers, HALF)

    def propose(self) -> NDArray[np.float64]:
        likely = np.where(self._both, best(self._sum), self._search)
        scattered = likely + self.jitter * self._rng.standard_normal(self.observers)
        return STEP * np.rint(np.clip(scattered, 0, FULL) / STEP)

    def answer(self, strengths: NDArray[np.float64], different: NDArray[np.bool_]) -> None:
        super().answer(strengths, different)
        self._search = (np.asarray(strengths) + np.where(different, 0, FULL)) / 2


class UniformSampling(_Likelihood):
    """Ask anywhere, all strengths being equally likely; the estimate is the paper's."""

    def propose(self) -> NDArray[np.float64]:
        return self._rng.choice(LEVELS, self.observers)


class Staircase(Procedure):
    """Up one step after "same", down one after so many "different" in a row (Levitt 1971).

    Two down track the strength at which 70.7 % of the answers are "different", one down 50 %. The step halves with every
    reversal; the threshold is the mean of all reversals but the first two.
    """

    FIRST_STEP, LAST_STEP, LEFT_OUT = 16.0, 2.0, 2

    def __init__(self, observers: int, seed: int = 0, down: int = 2) -> None:
        """down: answers "different" in a row before the strength falls."""
        super().__init__(observers, seed)
        self.down, self.tracks = down, 0.5 ** (1 / down)
        self._level, self._step = np.full(observers, HALF), np.full(observers, self.FIRST_STEP)
        self._row, self._direction = np.zeros(observers, dtype=int), np.zeros(observers, dtype=int)
        self._reversals, self._total = np.zeros(observers, dtype=int), np.zeros(observers)

    def propose(self) -> NDArray[np.float64]:
        return self._level.copy()

    def answer(self, strengths: NDArray[np.float64], different: NDArray[np.bool_]) -> None:
        strengths, different = self._checked(strengths, different)
        self._row = np.where(different, self._row + 1, 0)
        fall = self._row == self.down
        direction = np.where(different, np.where(fall, -1, 0), 1)
        self._row[fall] = 0
        turned = (direction * self._direction) < 0
        self._reversals += turned
        self._total += np.where(turned & (self._reversals > self.LEFT_OUT), strengths, 0)
        self._step = np.where(turned, np.maximum(self._step / 2, self.LAST_STEP), self._step)
        self._direction = np.where(direction != 0, direction, self._direction)
        self._level = np.clip(strengths + direction * self._step, 0, FULL)

    def threshold(self) -> NDArray[np.float64]:
        used = self._reversals - self.LEFT_OUT
        return np.where(used > 0, self._total / np.maximum(used, 1), np.nan)


class BayesianAdaptive(Procedure):
    """Ask where the answer is expected to leave the least entropy in what is known of the curve; estimate by the mean.

    Threshold, spread and lapse rate are known on a grid, all places being equally likely at first. This is the psi
    method of Kontsevich & Tyler (1999) with a lapse rate, and what QUEST+ (Watson 2017) does for two answers. The
    package questplus does the same for one observer at a time; this is for hundreds. There is an estimate from the
    start, the mean of all that is still possible.
    """

    STRENGTHS = np.arange(0, FULL + 1, 2)
    GRID = (np.arange(0, FULL + 1, 2), np.geomspace(1, 30, 8), np.array([0.0, 0.1, 0.2]))

    def __init__(self, observers: int, seed: int = 0) -> None:
        super().__init__(observers, seed)
        self._places = np.stack([axis.ravel() for axis in np.meshgrid(*self.GRID, indexing="ij")])
        self._posterior = np.full((observers, self._places.shape[1]), 1 / self._places.shape[1])
        self._p = self._different(self.STRENGTHS)

    def propose(self) -> NDArray[np.float64]:
        return self.STRENGTHS[self.expected_entropy().argmin(axis=1)]

    def expected_entropy(self) -> NDArray[np.float64]:
        """Entropy (nats) that is expected to be left after a question at each of STRENGTHS: [observer, strength]."""
        left = np.zeros((self.observers, len(self.STRENGTHS)))
        own = special.xlogy(self._posterior, self._posterior)
        for p in (self._p, 1 - self._p):
            share = self._posterior @ p.T
            left += special.xlogy(share, share) - own @ p.T - self._posterior @ special.xlogy(p, p).T
        return left

    def answer(self, strengths: NDArray[np.float64], different: NDArray[np.bool_]) -> None:
        strengths, different = self._checked(strengths, different)
        p = self._different(strengths)
        self._posterior *= np.where(different[:, None], p, 1 - p)
        self._posterior /= self._posterior.sum(axis=1, keepdims=True)

    def threshold(self) -> NDArray[np.float64]:
        return self._posterior @ self._places[0]

    def _different(self, strengths: NDArray) -> NDArray[np.float64]:
        """P("different") [strength, place], kept from 0 and 1: no answer may make every place impossible."""
        return np.clip(probability(strengths[:, None], *self._places), 1e-9, 1 - 1e-9)
