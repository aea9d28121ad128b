"""What the paper's listeners would say of a change to clean speech: populations of the judgements of quiet references.

The lists have no clean reference but for MP3 (300 kb/s). Noises were also asked about at references so quiet that the
level at which listeners hear the added noise no longer depends on them; from these the level is measured here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy import optimize

from paper_code.listeners.jnd.judgements import FULL, LARGEST_RATIO, NOISES, Judgement, Judgements
from paper_code.listeners.jnd.population import Population, fit

QUIETEST, QUIET = (
    0.0006,
    0.002,
)  # levels of a noise in a reference: the lowest asked, and the highest that counts as clean
MP3, CLEAN_MP3 = "mp3", 300.0  # kb/s
BOUNDS = (1e-3, 10 * FULL)


def populations(judgements: Judgements) -> Mapping[str, Population]:
    """Perturbation -> how listeners hear it on clean speech, its strength counted by `strength`.

    Raises ValueError where too few series of a noise have a quiet reference.
    """
    found = {}
    for name in [name for name in (*NOISES, MP3) if name in judgements.perturbations]:
        quiet = judgements.of(name).where(lambda row, name=name: name == MP3 or row.reference[0] <= QUIET)
        if not len(quiet):
            raise ValueError(f"nobody was asked about {name} with a reference of {QUIET:g} or less")
        found[name] = fit([strength(row) for row in quiet], quiet.different, quiet.series)
    return found


def strength(row: Judgement) -> float:
    """The strength of the test sound of a noise or MP3 judgement as a step from clean speech."""
    if row.perturbation == MP3:
        return row.strength
    return FULL * math.log(row.test[0] / QUIETEST) / math.log(LARGEST_RATIO)


def level(perturbation: str, strength: float) -> float:
    """The level (a noise's factor, or kb/s) at a strength from clean speech."""
    if perturbation == MP3:
        return CLEAN_MP3 ** (1 - strength / FULL)
    return QUIETEST * LARGEST_RATIO ** (strength / FULL)


def strength_at(population: Population, share: float) -> float:
    """The strength that a share of the listeners calls different.

    Raises ValueError where lapses keep the share from it: half of them say "different" of anything.
    """
    if not population.lapse / 2 < share < 1 - population.lapse / 2:
        raise ValueError(f"a share of {share:g} is never reached with lapses of {population.lapse:.2g}")
    return float(optimize.brentq(lambda x: float(population.share(np.array([x]))[0]) - share, *BOUNDS))
