"""Procedures run on simulated observers: how soon they find a threshold, and what the paper's test would have given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paper_code.listeners.adaptive import ActiveLearning, Procedure
from paper_code.listeners.jnd.curves import consistency
from paper_code.listeners.jnd.judgements import FULL
from paper_code.listeners.jnd.population import Observers

# A task of the paper: 3 references, 10 questions each, of which 2 are sentinels (6 of 30). In the published lists a
# series begins with an identical pair and one of full strength, so these are the two.
BLOCKS, QUESTIONS = 3, 10
SENTINELS = ((0.0, False), (FULL, True))  # strength, the right answer


@dataclass(frozen=True, eq=False)
class Course:
    """A procedure run on observers. strengths, different: [trial, observer], asked and answered.

    thresholds: [trial, observer], the estimate after each trial; NaN where there is none yet.
    truth: [observer], the strength at which each observer says "different" as often as the procedure tracks.
    """

    strengths: NDArray[np.float64]
    different: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    truth: NDArray[np.float64]

    @property
    def share_different(self) -> float:
        """Share of the answers that are "different"."""
        return float(self.different.mean())

    @property
    def consistency(self) -> float:
        """Share of the answers that agree with the final threshold of their observer; see curves.consistency."""
        final = np.broadcast_to(self.thresholds[-1], self.strengths.shape)
        told = np.isfinite(final)
        return consistency(self.strengths[told], self.different[told], final[told])

    def error(self, share: float = 0.5) -> NDArray[np.float64]:
        """The absolute error that this share of the observers does not exceed, [trial]; infinite where not told yet."""
        off = np.abs(self.thresholds - self.truth)
        return np.quantile(np.where(np.isfinite(off), off, np.inf), share, axis=1, method="inverted_cdf")

    def trials_to(self, error: float, share: float = 0.5) -> int | None:
        """After how many trials the error of this share of the observers is within `error` and stays so; None: never."""
        outside = np.flatnonzero(self.error(share) > error)
        first = int(outside[-1]) + 2 if outside.size else 1
        return first if first <= len(self.thresholds) else None


def run(procedure: Procedure, observers: Observers, trials: int, seed: int = 0) -> Course:
    """The course of a fresh procedure with observers, in so many trials each.

    seed: of the answers. Raises ValueError where the procedure is for another number of observers, or for no trials.

    Chapter: jnd_loss
    """
    if procedure.observers != len(observers) or trials < 1:
        raise ValueError(
            f"wanted a procedure for {len(observers)} observers and at least one trial, found one for "
            f"{procedure.observers} and {trials} trials"
        )
    rng = np.random.default_rng(seed)
    strengths, different, thresholds = [], [], []
    for _ in range(trials):
        strengths.append(procedure.propose())
        different.append(observers.answer(strengths[-1], rng))
        procedure.answer(strengths[-1], different[-1])
        thresholds.append(procedure.threshold())
    truth = observers.level_at(procedure.tracks)
    return Course(np.array(strengths), np.array(different), np.array(thresholds), truth)


@dataclass(frozen=True)
class Tasks:
    """What tasks as the paper's give. kept: share of the tasks without a wrong sentinel; all else is of these.

    different, consistency: share of the answers "different", and of those that agree with the threshold of their block,
    sentinels included.   different_chosen, consistency_chosen: the same for the questions that the procedure chose.
    """

    tasks: int
    kept: float
    different: float
    consistency: float
    different_chosen: float
    consistency_chosen: float


def tasks(observers: Observers, seed: int = 0, jitter: float = 0.0) -> Tasks:
    """The paper's test held with these observers, one a block: three in a row are one task.

    jitter: see ActiveLearning.
    Raises ValueError where the number of observers is no multiple of 3, or no task is kept.

    Paper: Manocha et al. 2020, sections 2.1 and 3.2.   Chapter: jnd_loss
    """
    if not len(observers) or len(observers) % BLOCKS:
        raise ValueError(f"a task has {BLOCKS} blocks with an observer each, found {len(observers)} observers")
    rng, procedure = np.random.default_rng(seed), ActiveLearning(len(observers), seed, jitter)
    strengths, different = [], []
    for k in range(QUESTIONS):
        asked = np.full(len(observers), SENTINELS[k][0]) if k < len(SENTINELS) else procedure.propose()
        strengths.append(asked)
        different.append(observers.answer(asked, rng))
        procedure.answer(asked, different[-1])
    right = np.all([answers == wanted for answers, (_, wanted) in zip(different, SENTINELS, strict=False)], axis=0)
    kept = right.reshape(-1, BLOCKS).all(axis=1)
    if not kept.any():
        raise ValueError("every task has a wrong sentinel: no answers are left")
    blocks = np.repeat(kept, BLOCKS)
    x, h = np.array(strengths)[:, blocks], np.array(different)[:, blocks]
    threshold = np.broadcast_to(procedure.threshold()[blocks], x.shape)
    chosen = slice(len(SENTINELS), None)
    return Tasks(
        len(kept), float(kept.mean()),
        float(h.mean()), consistency(x.ravel(), h.ravel(), threshold.ravel()),
        float(h[chosen].mean()),
        consistency(x[chosen].ravel(), h[chosen].ravel(), threshold[chosen].ravel()),
    )  # fmt: skip
