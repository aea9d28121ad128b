"""A judgement: two versions of one recording, called the same or different."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FULL = 100.0  # the largest strength
LARGEST_RATIO = 400.0  # of a noise's level to that of its reference, at full strength


@dataclass(frozen=True)
class Judgement:
    """One answer to "are these two recordings exactly the same?".

    list: the file.   perturbation: the kind of noise, "mp3", or the folder of the sounds ("combined_1", "reverb_2").
    speaker, script, seconds: which recording of DAPS, and where in it the 2.5 s begin.   room: name of the impulse
    response, "" where there is none.   reference, test: the levels of the two sounds on each axis, in the file's unit.
    strength: of the step from reference to test, the paper's rho, 0 (none) to 100 (the largest that was asked).
    different: the answer.   series: a number, the same for all judgements of one reference and direction; see
    ONE_LISTENER.   line: in the file, from 1.
    """

    list: str
    perturbation: str
    speaker: str
    script: int
    seconds: float
    room: str
    reference: tuple[float, ...]
    test: tuple[float, ...]
    strength: float
    different: bool
    series: int
    line: int


@dataclass(frozen=True)
class Judgements:
    """Judgements in the order of their files."""

    rows: tuple[Judgement, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.rows)

    @cached_property
    def strengths(self) -> NDArray[np.float64]:
        """Strength of each, 0 to 100."""
        return np.array([row.strength for row in self.rows], dtype=np.float64)

    @cached_property
    def different(self) -> NDArray[np.bool_]:
        """Answer of each: True for "different"."""
        return np.array([row.different for row in self.rows], dtype=bool)

    @cached_property
    def series(self) -> NDArray[np.int64]:
        """Number of the series of each."""
        return np.array([row.series for row in self.rows], dtype=np.int64)

    @cached_property
    def perturbations(self) -> tuple[str, ...]:
        """The perturbations there are, in the order of the files."""
        return tuple(dict.fromkeys(row.perturbation for row in self.rows))

    def of(self, *perturbations: str) -> Judgements:
        """The judgements of some perturbations; raises ValueError for one of which there are none."""
        if unknown := [name for name in perturbations if name not in self.perturbations]:
            raise ValueError(f"no judgements of {', '.join(unknown)}; there are {', '.join(self.perturbations)}")
        return self.where(lambda row: row.perturbation in perturbations)

    def where(self, wanted: Callable[[Judgement], bool]) -> Judgements:
        """The judgements for which `wanted` is true."""
        return Judgements(tuple(row for row in self.rows if wanted(row)))

    def by_series(self) -> list[Judgements]:
        """Every series for itself, in the order of the files."""
        parts: dict[int, list[Judgement]] = {}
        for row in self.rows:
            parts.setdefault(row.series, []).append(row)
        return [Judgements(tuple(part)) for part in parts.values()]

    def without_opening_pairs(self) -> Judgements:
        """Without the identical pair and the pair of full strength that open a series of one listener.

        They stand first in the files, two in a series of ten, and nobody answered one of them wrongly: they fit the
        paper's sentinels (6 of 30), whose wrong answers cost a listener all others. Lists that are shuffled keep all
        their judgements, since there a sentinel cannot be told from a question that the procedure chose.

        Paper: Manocha et al. 2020, section 3.2.   Chapter: jnd_loss
        """
        opening = {
            row.line
            for part in self.where(lambda row: row.perturbation in ONE_LISTENER).by_series()
            for row in _opening(part.rows)
        }
        return self.where(lambda row: row.perturbation not in ONE_LISTENER or row.line not in opening)


# The noises and MP3 stand in the order in which they were answered, and a series is the work of one listener. All other
# lists are shuffled: their series hold the answers of one to eight listeners to one reference and direction.
NOISES = ("crickets", "siren", "brown_noise", "applause", "pink_noise", "blue_noise")
ONE_LISTENER: Collection[str] = (*NOISES, "mp3")


def _opening(rows: tuple[Judgement, ...]) -> list[Judgement]:
    """The leading pairs of strength 0 and 100, at most one of each."""
    first = [row for row in rows[:1] if row.strength in (0, FULL)]
    if first and len(rows) > 1 and {rows[0].strength, rows[1].strength} == {0, FULL}:
        first.append(rows[1])
    return first
