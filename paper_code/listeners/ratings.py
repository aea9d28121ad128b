"""Rating files of a MUSHRA test: the page's own, webMUSHRA's, and the table of the real test in the corpora."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from paper_code.audio import corpora
from paper_code.audio.places import expanded
from paper_code.listeners.answers import AnswerError, Answers
from paper_code.listeners.design import LOWEST, MUSHRA, TOP, ListeningTest

SPEECH_CODEC_TEST = "mushra_speech_codec/mushra_results_dataset/ratings_formated.csv"


class RatingsError(AnswerError):
    """Ratings that cannot be used; the message names the file and line, what was wanted and what was found."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """What listeners gave. scores: float64 [listener, item, condition], 0 to 100; NaN for a whole row where a
    listener did not meet an item.

    Raises RatingsError on another shape, names given twice, scores outside 0 to 100, an item with some conditions
    unrated, and a listener or an item without any rating.
    """

    listeners: tuple[str, ...]
    items: tuple[str, ...]
    conditions: tuple[str, ...]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        names = {"listener": self.listeners, "item": self.items, "condition": self.conditions}
        if self.scores.shape != tuple(map(len, names.values())) or not self.scores.size:
            raise RatingsError(f"there are no ratings, or not one a place: scores have the shape {self.scores.shape}")
        for what, given in names.items():
            if len(set(given)) < len(given):
                raise RatingsError(f"every {what} needs a name of its own, found {list(given)}")
        if (outside := (self.scores < LOWEST) | (self.scores > TOP)).any():
            raise RatingsError(f"ratings lie between {LOWEST} and {TOP}; {self._told(outside)} does not")
        absent = np.isnan(self.scores)
        if (gaps := absent & ~absent.all(axis=2, keepdims=True)).any():
            raise RatingsError(
                f"missing ratings: {gaps.sum()}, such as {self._told(gaps)}; a listener who meets an item rates all "
                f"{len(self.conditions)} conditions of it"
            )
        for what, given, empty in (
            ("by", self.listeners, absent.all(axis=(1, 2))),
            ("of", self.items, absent.all(axis=(0, 2))),
        ):
            if empty.any():
                raise RatingsError(f"there is no rating {what} {given[int(empty.argmax())]!r}")

    @property
    def count(self) -> int:
        """How many ratings there are."""
        return int(np.isfinite(self.scores).sum())

    def of(self, condition: str) -> NDArray[np.float64]:
        """Scores [listener, item] of a condition; raises RatingsError where there is none of that name."""
        if condition not in self.conditions:
            raise RatingsError(f"there is no condition {condition!r}; there are {', '.join(self.conditions)}")
        return self.scores[:, :, self.conditions.index(condition)]

    def by(self, listeners: Collection[str]) -> Ratings:
        """The ratings of some listeners."""
        rows = [k for k, name in enumerate(self.listeners) if name in listeners]
        items = [j for j in range(len(self.items)) if np.isfinite(self.scores[rows, j]).any()]
        return self._part(rows, items)

    def only(self, items: Collection[str]) -> Ratings:
        """The ratings of some items; listeners who met none of them are left out."""
        columns = [j for j, name in enumerate(self.items) if name in items]
        rows = [k for k in range(len(self.listeners)) if np.isfinite(self.scores[k, columns]).any()]
        return self._part(rows, columns)

    def _part(self, rows: Sequence[int], columns: Sequence[int]) -> Ratings:
        listeners, items = tuple(self.listeners[k] for k in rows), tuple(self.items[j] for j in columns)
        return Ratings(listeners, items, self.conditions, self.scores[np.ix_(rows, columns)])

    def _told(self, places: NDArray[np.bool_]) -> str:
        k, j, i = np.argwhere(places)[0]
        return f"{self.listeners[k]!r}, item {self.items[j]!r}, condition {self.conditions[i]!r}"


@dataclass(frozen=True)
class _Row:
    """One rating. place: file and line, for errors.   test, seed: of the page's own files, else ""."""

    listener: str
    item: str
    condition: str
    score: float
    place: str
    test: str = ""
    seed: str = ""


def read(
    paths: Iterable[str | os.PathLike[str]],
    test: ListeningTest | None = None,
    leave_out: Collection[str] = (),
    called: Mapping[str, str] | None = None,
) -> Ratings:
    """The ratings in some files, each of one of the three layouts, told by their columns.

    test: the test they must answer, with every item rated by every listener.   leave_out: items that do not count,
    such as webMUSHRA's training pages.   called: what a file may call a condition -> the condition; webMUSHRA has
    names of its own for the reference and for anchors that it makes.
    Raises RatingsError on a file that is empty, no CSV, or has unknown or missing columns; scores that are no number
    from 0 to 100; a listener in two files or twice in one; missing conditions; another test; OSError.

    Paper: Byun et al. 2021, section 4.3.   Chapter: masking_loss
    """
    called = called or {}
    files = {
        path: [
            replace(row, condition=called.get(row.condition, row.condition))
            for row in _rows(path)
            if row.item not in leave_out
        ]
        for path in map(expanded, paths)
    }
    _check_listeners(files)
    rows = [row for found in files.values() for row in found]
    _check_test(rows, test)
    ratings = _gathered(rows, test)
    return ratings if test is None else _finished(ratings, test)


def _finished(ratings: Ratings, test: ListeningTest) -> Ratings:
    if unrated := [item for item in test.items if item not in ratings.items]:
        raise RatingsError(f"nobody rated {', '.join(unrated)}: the test must be finished")
    if (absent := np.isnan(ratings.scores)).any():
        raise RatingsError(f"some trials are not rated, such as {ratings._told(absent)}: the test must be finished")
    return ratings


def from_answers(listeners: Sequence[Answers]) -> Ratings:
    """The ratings in answers to a MUSHRA test (listening_test.js keeps them so until the end).

    Raises RatingsError for no answers, another kind of test, several tests, or two of the same listener.
    """
    tests = {answers.test.id: answers.test for answers in listeners}
    if len(tests) != 1 or listeners[0].test.kind != MUSHRA:
        raise RatingsError(f"wanted answers to one MUSHRA test, found {len(listeners)} to {len(tests)} tests")
    rows = [
        _Row(answers.listener, answer.item, condition, score, f"answers of {answers.listener}")
        for answers in listeners
        for answer in answers.answers
        for condition, score in zip(answer.shown, answer.value, strict=True)
    ]
    return _gathered(rows, listeners[0].test)


def speech_codec_test() -> Ratings:
    """The real MUSHRA test of Stahl, Windtner & Sontacchi (2024): 21 listeners, each with 8 of 16 items, 9 conditions.

    Raises what corpora.locate raises where the file cannot be had.

    Chapter: masking_loss
    """
    return read([corpora.locate(SPEECH_CODEC_TEST)])


def _rows(path: Path) -> list[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=_separator(file), strict=True)
            columns = [name.strip() for name in reader.fieldnames or []]
            if not any(columns):
                raise RatingsError(f"{path.name} is empty: give the file as it was downloaded")
            layout = _layout(columns, path.name)
            reader.fieldnames = columns
            rows = [row for line in _lines(reader, path.name) for row in layout(*line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise RatingsError(f"{path.name} is no CSV file in UTF-8 ({error}): give it as it was downloaded") from error
    if not rows:
        raise RatingsError(f"{path.name} holds no ratings, only a head")
    return rows


def _separator(file: TextIO) -> str:
    """What is between the values of a file: its own word in a first line "sep=;", as Excel writes it, or the likeliest.

    Leaves the file at its head: after that line and any that are empty.
    """
    start, line = 0, file.readline()
    while line and (not line.strip() or re.fullmatch(r"sep=.\s*", line)):
        if told := re.match(r"sep=(.)", line):
            return told[1]
        start, line = file.tell(), file.readline()
    file.seek(start)
    return max(SEPARATORS, key=line.count)  # of none at all the first


def _lines(reader: csv.DictReader, name: str) -> Iterator[tuple[Mapping[str, str], str]]:
    """Every row with its place; all have as many values as there are columns, or none, as in tables with empty rows."""
    for values in reader:
        if not any(value.strip() for value in values.values() if isinstance(value, str)) and None not in values:
            continue
        place = f"{name}, line {reader.line_num}"
        if None in values or None in values.values():
            between = {"\t": "tabs"}.get(reader.reader.dialect.delimiter, repr(reader.reader.dialect.delimiter))
            raise RatingsError(
                f"{place} does not have the {len(reader.fieldnames)} values that the head asks for, with {between} between "
                "them"
            )
        yield {column: value.strip() for column, value in values.items()}, place


Layout = Callable[[Mapping[str, str], str], Iterator[_Row]]


def _layout(columns: Sequence[str], name: str) -> Layout:
    """What reads a row; told by one column that only this layout has."""
    if len(set(columns)) < len(columns):
        raise RatingsError(f"{name} has a column twice: {', '.join(columns)}")
    if "rating_stimulus" in columns and "trial_id" in columns:
        at = columns.index("trial_id")
        _check_columns(name, columns[at:], WEB, optional={"rating_time", "rating_comment"})
        who = ["session_uuid"] if "session_uuid" in columns else _naming(columns[:at], name)
        return lambda values, place: _web_row(values, place, who)
    if "participant_ids" in columns:
        _check_columns(name, columns, TABLE, optional={"file"})
        return _table_rows
    _check_columns(name, columns, OWN, optional={"test", "seed", "place", "seconds"})
    return _own_row


def _naming(columns: Sequence[str], name: str) -> list[str]:
    """The questionnaire's columns, if one of them names a person: two people of an age would be one listener."""
    asked = [column for column in columns if column != "session_test_id"]
    if not any(NAMES_SOMEBODY.search(column) for column in asked):
        raise RatingsError(
            f"{name} does not tell its listeners apart: it lacks the column session_uuid, and the questionnaire asked for "
            f"no name or address, only for {', '.join(asked) or 'nothing'}. Add a column session_uuid, one word a listener"
        )
    return asked


# What a questionnaire may call a column that is a person's own.
NAMES_SOMEBODY = re.compile(r"mail|name|nick|listener|participant|subject|person|initial|code|uuid|(^|_)id($|_)", re.I)
SEPARATORS = (",", ";", "\t")

# The columns of each layout. webMUSHRA's begin with what it asked of a participant, under any names.
OWN = ("test", "listener", "seed", "item", "place", "condition", "rating", "seconds")
WEB = ("trial_id", "rating_stimulus", "rating_score", "rating_time", "rating_comment")
TABLE = ("signal", "condition", "ratings", "participant_ids", "file")


def _check_columns(name: str, found: Sequence[str], known: Sequence[str], optional: Collection[str]) -> None:
    if missing := [column for column in known if column not in found and column not in optional]:
        raise RatingsError(f"{name} lacks the columns {', '.join(missing)}; found {', '.join(found)}")
    if unknown := [column for column in found if column not in known]:
        raise RatingsError(f"{name} has unknown columns: {', '.join(unknown)}; known are {', '.join(known)}")


def _own_row(values: Mapping[str, str], place: str) -> Iterator[_Row]:
    names = [values[column] for column in ("listener", "item", "condition")]
    yield _row(*names, values["rating"], place, values.get("test", ""), values.get("seed", ""))


def _web_row(values: Mapping[str, str], place: str, who: Sequence[str]) -> Iterator[_Row]:
    names = [column for column in who if NAMES_SOMEBODY.search(column)]
    if not any(values[column] for column in names):
        raise RatingsError(f"{place}: nothing tells who the listener is; {', '.join(names)} is empty")
    listener = ", ".join(filter(None, (values[column] for column in who)))
    test = values.get("session_test_id", "")
    yield _row(listener, values["trial_id"], values["rating_stimulus"], values["rating_score"], place, test)


def _table_rows(values: Mapping[str, str], place: str) -> Iterator[_Row]:
    """A row of the real test: one item and condition, with lists of ratings and of who gave them."""
    try:
        scores, listeners = json.loads(values["ratings"]), json.loads(values["participant_ids"])
        pairs = list(zip(scores, listeners, strict=True))
    except (ValueError, TypeError) as error:
        raise RatingsError(f"{place}: `ratings` and `participant_ids` must be lists of one length ({error})") from error
    for score, listener in pairs:
        yield _row(f"participant {listener}", values["signal"], values["condition"], str(score), place)


def _row(listener: str, item: str, condition: str, text: str, place: str, test: str = "", seed: str = "") -> _Row:
    for what, name in (("listener", listener), ("item", item), ("condition", condition)):
        if not name:
            raise RatingsError(f"{place}: the {what} has no name")
    try:
        score = float(text.replace(",", "."))  # tables with semicolons write 61,5
    except ValueError:
        score = math.nan
    if not LOWEST <= score <= TOP:
        raise RatingsError(f"{place}: a rating is a number from {LOWEST} to {TOP}, found {text!r}")
    return _Row(listener, item, condition, score, place, test, seed)


def _check_listeners(files: Mapping[Path, Sequence[_Row]]) -> None:
    """Nobody stands in two files, under one name or under two with the seed of one session."""
    names: dict[str, Path] = {}
    seeds: dict[str, _Row] = {}
    for path, rows in files.items():
        for row in rows:
            if (first := names.setdefault(row.listener.casefold(), path)) != path:
                raise RatingsError(
                    f"{first.name} and {path.name} both hold ratings by {row.listener!r}: keep one of them, or, if "
                    "these are two people, change `listener` in one file"
                )
            if row.seed and (other := seeds.setdefault(row.seed, row)).listener.casefold() != row.listener.casefold():
                raise RatingsError(
                    f"{other.place} and {row.place} are the same session, with the seed {row.seed}: keep one of them"
                )


def _check_test(rows: Sequence[_Row], test: ListeningTest | None) -> None:
    tests: dict[str, _Row] = {}
    for row in rows:
        tests.setdefault(row.test, row)
    wanted = test.id if test is not None else next(iter(tests), "")
    if other := [row for found, row in tests.items() if found != wanted]:
        what = f"{test.name!r} ({test.id})" if test is not None else f"{wanted!r}, as in {tests[wanted].place}"
        raise RatingsError(f"{other[0].place} answers another test ({other[0].test!r}); wanted {what}")
    if test is None:
        return
    for what, known in (("item", test.items), ("condition", test.conditions)):
        if odd := [row for row in rows if getattr(row, what) not in known]:
            found = getattr(odd[0], what)
            raise RatingsError(f"{odd[0].place}: the test has no {what} {found!r}; it has {', '.join(known)}")


def _gathered(rows: Sequence[_Row], test: ListeningTest | None) -> Ratings:
    spelled: dict[str, str] = {}
    found: dict[tuple[str, str, str], _Row] = {}
    for row in rows:
        listener = spelled.setdefault(row.listener.casefold(), row.listener)
        if (first := found.setdefault((listener, row.item, row.condition), row)) is not row:
            raise RatingsError(
                f"{row.place}: {row.listener!r} rates {row.condition!r} of {row.item!r} again, after {first.place}; "
                "is a listener there twice?"
            )
    listeners = list(dict.fromkeys(key[0] for key in found))
    items = list(dict.fromkeys(key[1] for key in found))
    if test is not None:
        items = [item for item in test.items if item in items]
    conditions = list(test.conditions) if test is not None else list(dict.fromkeys(key[2] for key in found))
    scores = np.full((len(listeners), len(items), len(conditions)), np.nan)
    for (listener, item, condition), row in found.items():
        scores[listeners.index(listener), items.index(item), conditions.index(condition)] = row.score
    return Ratings(tuple(listeners), tuple(items), tuple(conditions), scores)
