"""Active learning beside other procedures, all on the same simulated observers, who hear as the paper's listeners did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_code.listeners import simulated
from paper_code.listeners.adaptive import ActiveLearning, BayesianAdaptive, Procedure, Staircase, UniformSampling
from paper_code.listeners.jnd.judgements import FULL
from paper_code.listeners.jnd.population import Observers, Population
from paper_code.listeners.simulated import BLOCKS, QUESTIONS, Course

ACTIVE, UNIFORM, TWO_DOWN, ONE_DOWN, BAYESIAN = (
    "active learning",
    "uniform sampling",
    "2 down, 1 up",
    "1 down, 1 up",
    "Bayesian",
)
PROCEDURES: Mapping[str, Callable[..., Procedure]] = {
    ACTIVE: ActiveLearning,
    UNIFORM: UniformSampling,
    TWO_DOWN: partial(Staircase, down=2),
    ONE_DOWN: partial(Staircase, down=1),
    BAYESIAN: BayesianAdaptive,
}
ERRORS = (10, 5, 3)  # in strength, that the threshold of half of the observers is to be known to
SCATTER = 10.0  # of the questions in the lists around the threshold of their listener, in strength
SEED = 0  # of observers and answers: the same for every procedure


def drawn(populations: Sequence[Population], observers: int) -> Observers:
    """As many observers of each population, one population after the other, all with a threshold within the scale.

    Paper: Manocha et al. 2020, section 2.1.   Chapter: jnd_loss
    """
    parts = [_within(one, observers, SEED + number) for number, one in enumerate(populations)]
    return Observers(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("threshold", "spread", "lapse"))
    )


def compared(observers: Observers, trials: int) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """What each procedure reaches: numbers by procedure, and the arrays of the figure.

    "different", "consistency": share of "different" and agreement with the final threshold in a series of the paper's
    length. "trials": error -> trials until the error of half of the observers stays within it (NaN: not in so many).
    Arrays: "error/<procedure>" [trial], "sequence/..." [question] of the observer whose threshold is the middle one.
    """
    metrics, arrays = {}, {}
    for name, make in PROCEDURES.items():
        course = simulated.run(make(len(observers), seed=SEED), observers, trials, SEED)
        series = of_first(course, QUESTIONS)
        reached = {str(error): course.trials_to(error) for error in ERRORS}
        metrics[name] = {"different": series.share_different, "consistency": series.consistency, "trials": reached}
        metrics[name]["tracks"] = make(1).tracks
        arrays[f"error/{name}"] = course.error()
        if name == ACTIVE:
            arrays |= {f"sequence/{key}": value for key, value in sequence(series).items()}
    return metrics, arrays


def of_first(course: Course, trials: int) -> Course:
    """The course as if it had ended after so many trials."""
    return Course(course.strengths[:trials], course.different[:trials], course.thresholds[:trials], course.truth)


def sequence(course: Course) -> dict[str, NDArray]:
    """The questions of one observer, whose threshold is the middle one: strengths, answers, estimates, the truth."""
    one = int(np.argsort(course.truth, kind="stable")[len(course.truth) // 2])
    each = {"strengths": course.strengths, "different": course.different, "thresholds": course.thresholds}
    return {**{name: values[:, one] for name, values in each.items()}, "truth": course.truth[one]}


def held(observers: Observers) -> dict[str, dict[str, float]]:
    """The paper's test held with these observers: asked at the threshold itself, and scattered as in the lists."""
    whole = len(observers) // BLOCKS * BLOCKS
    in_tasks = Observers(observers.threshold[:whole], observers.spread[:whole], observers.lapse[:whole])
    ways = {"at the threshold": 0.0, "scattered": SCATTER}
    return {name: asdict(simulated.tasks(in_tasks, SEED, jitter)) for name, jitter in ways.items()}


def _within(population: Population, count: int, seed: int) -> Observers:
    """Observers of a population, without those who would not hear the largest step."""
    many = population.draw(4 * count, seed)
    kept = np.flatnonzero(many.threshold < FULL)[:count]
    return Observers(many.threshold[kept], many.spread[kept], many.lapse[kept])
