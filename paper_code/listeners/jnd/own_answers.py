"""A reader's own answers to the JND test in the page, from the file that it hands out."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_code.listeners import answers
from paper_code.listeners.answers import AnswerError, field
from paper_code.listeners.jnd import grid
from paper_code.listeners.jnd.judgements import FULL

FORMAT = "jnd test answers 1"
BLOCKS, QUESTIONS = 3, 10  # blocks, and comparisons in each: one reference and one direction
SENTINELS = (0.0, FULL)  # strengths whose answer is obvious: one of each in a block, so 6 of 30


@dataclass(frozen=True, eq=False)
class OwnAnswers:
    """One reader's answers, in the order in which she gave them.

    test: mark of the definition with its sounds.   blocks: perturbation of each block, in order.
    attention: (beeps, answer) of each attempt.   complete: every question is answered.
    series: [answer], number of its block.   strengths: [answer], as played.   different: [answer], True for "different".
    sentinel: [answer], whether the answer was obvious.   replays: [answer, 2], of reference and test, beyond the first.
    seconds: [answer], from the question to the answer.
    """

    test: str
    listener: str
    blocks: tuple[str, ...]
    attention: tuple[tuple[int, int], ...]
    complete: bool
    series: NDArray[np.int64]
    strengths: NDArray[np.float64]
    different: NDArray[np.bool_]
    sentinel: NDArray[np.bool_]
    replays: NDArray[np.int64]
    seconds: NDArray[np.float64]

    @property
    def wrong_sentinels(self) -> int:
        """How many obvious questions were answered wrongly; the paper discards a listener at the first."""
        return int((self.sentinel & (self.different != (self.strengths > 0))).sum())

    def of(self, perturbation: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Strengths and answers of a block without its sentinels; raises ValueError for a block that is not there."""
        if perturbation not in self.blocks:
            raise ValueError(f"no answers about {perturbation!r}; there are {', '.join(self.blocks)}")
        own = (self.series == self.blocks.index(perturbation)) & ~self.sentinel
        return self.strengths[own], self.different[own]

    def threshold(self, perturbation: str) -> float:
        """The most likely threshold of a block, 0 to 100; NaN where all answers are the same.

        Paper: Manocha et al. 2020, section 2.1.   Chapter: jnd_loss
        """
        return grid.threshold(*self.of(perturbation))

    def interval(self, perturbation: str) -> tuple[float, float]:
        """The thresholds that are not excluded at 5 %, from and to; NaN where there is no threshold."""
        return grid.interval(*self.of(perturbation))


def read(path: str | os.PathLike[str], test: str = "", partial: bool = False) -> OwnAnswers:
    """The answers in a file of the page.

    test: mark of the test that they must belong to; any where "".   partial: take an unfinished test too.
    Raises AnswerError for a file that is not JSON or holds no such answers, answers to another test, too few or too many
    in a block, and values that the page does not write; OSError.
    """
    given, name = answers.load(path), Path(path).name
    if not isinstance(given, Mapping) or given.get("format") != FORMAT:
        raise AnswerError(f"{name} holds no answers to a JND test: wanted an object with the format {FORMAT!r}")
    mark = field(given, "test", str, name)
    if test and mark != test:
        raise AnswerError(f"{name} answers the test {mark}, not {test}: its sounds or questions were others")
    rows = [
        _row(row, f"{name}, answer {number}") for number, row in enumerate(field(given, "answers", list, name), start=1)
    ]
    blocks = tuple(dict.fromkeys(row["perturbation"] for row in rows))
    complete = len(rows) == BLOCKS * QUESTIONS
    _check(rows, blocks, complete or partial, name)
    return OwnAnswers(
        mark, field(given, "listener", str, name), blocks,
        tuple(_attempt(row, name) for row in field(given, "attention", list, name)), complete,
        np.array([blocks.index(row["perturbation"]) for row in rows], dtype=np.int64),
        np.array([row["strength"] for row in rows], dtype=np.float64),
        np.array([row["different"] for row in rows], dtype=bool),
        np.array([row["sentinel"] for row in rows], dtype=bool),
        np.array([row["replays"] for row in rows], dtype=np.int64).reshape(-1, 2),
        np.array([row["seconds"] for row in rows], dtype=np.float64),
    )  # fmt: skip


def _row(row: Any, place: str) -> Mapping[str, Any]:
    strength, seconds = (float(field(row, key, (int, float), place)) for key in ("strength", "seconds"))
    if not 0 <= strength <= FULL:
        raise AnswerError(f"{place}: a strength lies between 0 and {FULL:g}, found {strength}")
    if not 0 <= seconds < math.inf:
        raise AnswerError(f"{place}: 'seconds' must be 0 or more and finite, found {seconds}")
    flags = {key: row.get(key) for key in ("different", "sentinel")}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise AnswerError(f"{place}: 'different' and 'sentinel' are true or false, found {flags}")
    if flags["sentinel"] and strength not in SENTINELS:
        raise AnswerError(
            f"{place}: a sentinel has the strength {SENTINELS[0]:g} or {SENTINELS[1]:g}, found {strength}"
        )
    replays = field(row, "replays", list, place)
    if len(replays) != 2 or not all(isinstance(count, int) and count >= 0 for count in replays):
        raise AnswerError(f"{place}: wanted the replays of two sounds, found {replays!r}")
    perturbation = field(row, "perturbation", str, place)
    return {**flags, "perturbation": perturbation, "strength": strength, "seconds": seconds, "replays": replays}


def _attempt(row: Any, name: str) -> tuple[int, int]:
    return field(row, "beeps", int, f"{name}, attention"), field(row, "answer", int, f"{name}, attention")


def _check(rows: list[Mapping[str, Any]], blocks: tuple[str, ...], enough: bool, name: str) -> None:
    """Ten questions a block, two of them sentinels, one block after the other."""
    if not enough:
        raise AnswerError(
            f"{name}: {len(rows)} of {BLOCKS * QUESTIONS} are answered; finish the test, or ask for partial answers"
        )
    order = [blocks.index(row["perturbation"]) for row in rows]
    counts = Counter(order)
    full = [counts[k] == QUESTIONS for k in range(len(blocks))]
    if order != sorted(order) or len(blocks) > BLOCKS or max(order, default=0) != len(blocks[1:]) or not all(full[:-1]):
        raise AnswerError(f"{name}: wanted {BLOCKS} blocks of {QUESTIONS} answers each, one after the other")
    if full and counts[len(blocks) - 1] > QUESTIONS:
        raise AnswerError(f"{name}: wanted {QUESTIONS} answers a block, found {counts[len(blocks) - 1]}")
    for number, perturbation in enumerate(blocks):
        sentinels = sorted(row["strength"] for row in rows if row["perturbation"] == perturbation and row["sentinel"])
        if full[number] and sentinels != list(SENTINELS):
            raise AnswerError(f"{name}: wanted a sentinel of each strength about {perturbation}, found {sentinels}")
