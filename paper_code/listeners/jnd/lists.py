"""The lists of judgements that Manocha et al. published: levels, recordings and answers, without the sounds."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paper_code.audio import corpora
from paper_code.listeners.jnd.judgements import FULL, LARGEST_RATIO, NOISES, ONE_LISTENER, Judgement, Judgements

CORPUS = "dpam_jnd_labels/dataset"
LISTS = ("linear", "combined", "reverb")
UNUSABLE = {
    "eq": "half of its rows (1,607 of 3,210) name one file twice, and 667 of those were called different: the names do "
    "not say what was heard",
}
_NAME = re.compile(
    r"(?:(?P<folder>\w+)/)?(?P<levels>(?:-?\d+(?:\.\d+)?_)+)(?P<speaker>[fm]\d+)_script(?P<script>\d+)"
    r"_produced_clipped_(?P<seconds>\d+(?:\.\d+)?)\.wav(?:_(?P<room>\w+)\.wav)?"
)
_NAMED_SO = "<levels>_<speaker>_script<number>_produced_clipped_<seconds>.wav"


class ListError(ValueError):
    """A list of judgements that cannot be used; the message names the file and line and what was wanted."""


Levels = tuple[float, ...]


@dataclass(frozen=True)
class _Scale:
    """How levels become a strength. axes: levels in a name.   steps: from strength 0 to 100.

    strength: of reference and test.   rounding: by how much the digits of the test level can put the strength off.
    """

    axes: int
    steps: int
    strength: Callable[[Levels, Levels], float]
    rounding: Callable[[Levels], float]


def _multiplied(largest: float) -> _Scale:
    """A level multiplied: 100 at `largest` (below 1 where the level falls), in equal steps of its logarithm."""
    log = math.log(largest)
    return _Scale(
        1, 100, lambda reference, test: FULL * math.log(test[0] / reference[0]) / log,
        lambda test: FULL * 0.6e-4 / test[0] / abs(log),
    )  # fmt: skip


def _along_a_line(axes: int, farthest: float) -> _Scale:
    """A step on a line through several axes: 100 where the axis that moves most has moved by `farthest`."""
    return _Scale(
        axes, 63,
        lambda reference, test: FULL * max(abs(b - a) for a, b in zip(reference, test, strict=True)) / farthest,
        lambda test: FULL * 0.6e-2 / farthest,
    )  # fmt: skip


# Read off the lists, all of whose rows stand on these steps: the largest test level is 400 times its reference, MP3 goes
# down from 300 to 1 kb/s, and lines through several axes end where one has moved by 60 (reverberation: 80).
SCALES: Mapping[str, _Scale] = {
    **{noise: _multiplied(LARGEST_RATIO) for noise in NOISES},
    "mp3": _multiplied(1 / 300),
    "reverb_noise": _along_a_line(3, 60),
    **{f"combined_{k}": _along_a_line(4, 60) for k in (1, 2, 3)},
    **{f"reverb_{k}": _along_a_line(2, 80) for k in (1, 2)},
}


def published(lists: Collection[str] = LISTS) -> Judgements:
    """The judgements of the paper's own listeners, one list after the other.

    Raises ListError for a list that is unknown or cannot be used ("eq"), and what corpora.locate raises.

    Paper: Manocha et al. 2020, section 3.2.   Chapter: jnd_loss
    """
    for name in lists:
        if name in UNUSABLE:
            raise ListError(f"the list {name!r} is left out: {UNUSABLE[name]}")
        if name not in LISTS:
            raise ListError(f"there is no list {name!r}; there are {', '.join(LISTS)}")
    return read([corpora.locate(f"{CORPUS}/dataset_{name}.txt") for name in lists])


def read(paths: Sequence[str | os.PathLike[str]]) -> Judgements:
    """The judgements in some files dataset_<list>.txt, each told by its name; series are numbered through all.

    Raises ListError for a file with another name, one that is empty or no text, a wrong number of fields, a name or
    perturbation that is not known, two names of different recordings, an answer other than 0 and 1, and levels that
    nobody was asked; OSError.
    """
    rows: list[Judgement] = []
    for path in map(Path, paths):
        rows += _numbered(_rows(path), max((row.series + 1 for row in rows), default=0))
    return Judgements(tuple(rows))


def _rows(path: Path) -> list[Judgement]:
    known = [f"dataset_{name}.txt" for name in LISTS]
    if path.name not in known:
        why = next((f" ({reason})" for name, reason in UNUSABLE.items() if path.stem == f"dataset_{name}"), "")
        raise ListError(f"{path.name} is no list of judgements that can be used{why}; wanted {', '.join(known)}")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ListError(f"{path.name} is no text in UTF-8 ({error}): give it as it was downloaded") from error
    name = path.stem.removeprefix("dataset_")
    rows = [_row(line, name, number, path.name) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise ListError(f"{path.name} is empty: give it as it was downloaded")
    return rows


def _row(line: str, name: str, number: int, file: str) -> Judgement:
    place = f"{file}, line {number}"
    fields = line.split("\t")
    wanted = 4 if name == "linear" else 3
    if len(fields) != wanted:
        kind = ", perturbation" if wanted == 4 else ""
        raise ListError(
            f"{place}: wanted {wanted} fields between tabs (reference, test, answer{kind}), found {len(fields)}"
        )
    reference, test = (_parsed(field, place) for field in fields[:2])
    if unlike := [key for key in ("folder", "speaker", "script", "seconds", "room") if reference[key] != test[key]]:
        raise ListError(f"{place}: the two names differ in {', '.join(unlike)}: they are not of one recording")
    if fields[2] not in ("0", "1"):
        raise ListError(f"{place}: an answer is 0 (same) or 1 (different), found {fields[2]!r}")
    perturbation = fields[3].strip() if name == "linear" else reference["folder"] or ""
    if perturbation not in SCALES or (name != "linear" and not perturbation.startswith(f"{name}_")):
        raise ListError(f"{place}: the perturbation {perturbation!r} is not known in the list {name!r}")
    levels = _levels(reference, perturbation, place), _levels(test, perturbation, place)
    return Judgement(
        name, perturbation, reference["speaker"], int(reference["script"]), float(reference["seconds"]),
        reference["room"] or "", *levels, _strength(*levels, perturbation, place), fields[2] == "1", 0, number,
    )  # fmt: skip


def _parsed(name: str, place: str) -> Mapping[str, str | None]:
    if not (parts := _NAME.fullmatch(name)):
        raise ListError(f"{place}: the name {name!r} cannot be read; wanted {_NAMED_SO}")
    return parts.groupdict()


def _levels(parts: Mapping[str, str | None], perturbation: str, place: str) -> Levels:
    levels = tuple(float(level) + 0.0 for level in parts["levels"].removesuffix("_").split("_"))  # -0.0 becomes 0.0
    if len(levels) != SCALES[perturbation].axes:
        raise ListError(f"{place}: {perturbation} has {SCALES[perturbation].axes} levels in a name, found {levels}")
    if SCALES[perturbation].axes == 1 and levels[0] <= 0:
        raise ListError(f"{place}: a level of {perturbation} is above 0, found {levels[0]}")
    return levels


def _strength(reference: Levels, test: Levels, perturbation: str, place: str) -> float:
    """The strength of the step that was asked, freed of the rounding of the levels."""
    scale = SCALES[perturbation]
    given = scale.strength(reference, test)
    strength = FULL * round(given / FULL * scale.steps) / scale.steps
    if not 0 <= strength <= FULL or abs(given - strength) > scale.rounding(test):
        raise ListError(
            f"{place}: from {reference} to {test} is none of the {scale.steps} steps of {perturbation} "
            f"(strength {given:.2f} of {FULL:g})"
        )
    return strength


def _numbered(rows: Sequence[Judgement], first: int) -> list[Judgement]:
    """The rows with the numbers of their series."""
    numbers: dict[Hashable, int] = {}
    numbered, previous, run, answered = [], None, 0, 0
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        key: Hashable = (row.perturbation, row.speaker, row.reference, row.room)
        if row.perturbation in ONE_LISTENER:
            if key != previous or (answered > 1 and _opens(row, following)):
                run, answered = run + 1, 0
            answered += 1
            previous, key = key, run
        numbered.append(dataclasses.replace(row, series=numbers.setdefault(key, first + len(numbers))))
    return numbered


def _opens(row: Judgement, following: Judgement | None) -> bool:
    """Whether a series starts here though nothing else changes: with an identical pair, then one of full strength."""
    return following is not None and (row.strength, following.strength) == (0, FULL)
