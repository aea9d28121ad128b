"""How thresholds grow with the level of the reference: Weber's law says, in proportion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paper_code.listeners.jnd.curves import RESAMPLES, interval
from paper_code.listeners.jnd.grid import own_thresholds
from paper_code.listeners.jnd.judgements import FULL, LARGEST_RATIO, NOISES, Judgements

FEWEST_LEVELS = 3


@dataclass(frozen=True, eq=False)
class Growth:
    """Thresholds of a noise at its reference levels.

    references: [level].   strengths: median over the listeners of each level.   increments: the level that has to be
    added to a reference so that half of the answers are "different", in its unit.   listeners: counts [level].
    low, high: 95 % bootstrap intervals over listeners of the increments.   slope: of log increment against log
    reference; 1 is Weber's law, 0 a threshold that does not depend on the reference.   slope_interval: bootstrap.
    """

    references: NDArray[np.float64]
    strengths: NDArray[np.float64]
    increments: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    listeners: NDArray[np.int64]
    slope: float
    slope_interval: tuple[float, float]


def growth(judgements: Judgements, noise: str, lowest: float = 0, resamples: int = RESAMPLES, seed: int = 0) -> Growth:
    """How the threshold of a noise grows with the reference level, from the threshold of each listener.

    lowest: leave out references below this level, whose noise the speech may hide.
    Raises ValueError for what is no noise with reference levels, or fewer than 3 levels.

    Chapter: jnd_loss
    """
    if noise not in NOISES:
        raise ValueError(f"{noise!r} has no single reference level that varies; wanted one of {', '.join(NOISES)}")
    part = judgements.of(noise)
    levels = np.array([series.rows[0].reference[0] for series in part.by_series()])
    own = own_thresholds(part)
    levels, own = levels[np.isfinite(own)], own[np.isfinite(own)]
    references = np.unique(levels[levels >= lowest])
    if len(references) < FEWEST_LEVELS:
        raise ValueError(f"a slope needs {FEWEST_LEVELS} reference levels, found {len(references)}")
    groups = [own[levels == reference] for reference in references]
    strengths = np.array([np.median(group) for group in groups])
    rng = np.random.default_rng(seed)
    drawn = np.stack([np.median(rng.choice(group, (resamples, len(group))), axis=1) for group in groups], axis=1)
    added, spread = increment(references, strengths), increment(references, drawn)
    low, high = np.quantile(spread, [0.025, 0.975], axis=0)
    return Growth(
        references, strengths, added, low, high, np.array(list(map(len, groups))),
        float(slopes(references, added[None])[0]), interval(slopes(references, spread)),
    )  # fmt: skip


def increment(reference: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """The level that a step of this strength adds to a noise at its reference level, in the reference's unit."""
    return reference * (LARGEST_RATIO ** (strength / FULL) - 1)


def slopes(references: NDArray[np.float64], increments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares slopes of log increment on log reference; increments: [..., level]; NaN where one is 0."""
    x = np.log(references) - np.log(references).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(increments)
        return np.where(np.isfinite(y).all(axis=-1), y @ x / (x @ x), np.nan)
