"""Answer files: what a listener downloads at the end of a test, read and checked."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paper_code.audio.places import expanded
from paper_code.listeners.design import BITS, LOWEST, MUSHRA, PAIR, TOP, ListeningTest

FORMAT = "listening test answers 1"


class AnswerError(ValueError):
    """An answer file that cannot be used; the message names the file, what was wanted and what was found."""


@dataclass(frozen=True)
class Answer:
    """One trial's answer. shown: the conditions as A, B, ...

    value: of a pair the better one, None for a tie; of a MUSHRA trial the ratings, 0 to 100, in the order shown.
    seconds: from the moment the trial was shown to the answer.
    """

    item: str
    shown: tuple[str, ...]
    value: Any
    seconds: float


@dataclass(frozen=True)
class Answers:
    """One listener's answers. seed: of the order.   complete: every trial is answered."""

    test: ListeningTest
    listener: str
    seed: int
    answers: tuple[Answer, ...]

    @property
    def complete(self) -> bool:
        """Whether every trial of the test is answered."""
        return len(self.answers) == len(self.test.trials)


def read(path: str | os.PathLike[str], test: ListeningTest, partial: bool = False) -> Answers:
    """One listener's answers to this test.

    partial: take an unfinished test too.
    Raises AnswerError on a file that is not JSON or holds no answers, answers to another test, trials that the test
    does not have, has once or (unless partial) lacks, and answers that none of its sounds could get; OSError.
    """
    return parse(load(path), test, partial, expanded(path).name)


def load(path: str | os.PathLike[str]) -> Any:
    """What a downloaded file holds; raises AnswerError where it is not JSON, OSError."""
    path = expanded(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AnswerError(f"{path.name} is not JSON ({error}): give the file as it was downloaded") from error


def read_all(paths: Iterable[str | os.PathLike[str]], test: ListeningTest, partial: bool = False) -> list[Answers]:
    """The answers of several listeners, in the order of the files.

    Raises what `read` raises, and AnswerError where two files are by the same listener or copies of one session.
    """
    names, seeds, found = {}, {}, []
    for path in map(expanded, paths):
        answers = read(path, test, partial)
        for kind, seen, key in (
            ("are both by the listener", names, answers.listener.casefold()),
            ("are the same session, with the seed", seeds, answers.seed),
        ):
            if key in seen:
                said = answers.listener if seen is names else answers.seed
                raise AnswerError(
                    f"{seen[key]} and {path.name} {kind} {said!r}: keep one of them, or, if these are two people, "
                    "change `listener` in one file"
                )
            seen[key] = path.name
        found.append(answers)
    return found


def parse(content: Any, test: ListeningTest, partial: bool = False, name: str = "answers") -> Answers:
    """The answers in a file's content; name: of the file, for errors. See read."""
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise AnswerError(f"{name} holds no answers: wanted an object with the format {FORMAT!r}")
    if content.get("test") != test.id:
        raise AnswerError(
            f"{name} answers another test ({content.get('test')!r}, {content.get('name')!r}); wanted {test.id!r}, "
            f"{test.name!r}, with the same question, items, conditions and sounds"
        )
    listener = field(content, "listener", str, name).strip()
    seed = field(content, "seed", int, name)
    if not listener or not 1 <= seed < 2**BITS:
        raise AnswerError(f"{name}: `listener` must not be empty and `seed` lie between 1 and 2**{BITS} - 1")
    rows = field(content, "answers", list, name)
    answers = tuple(_answer(row, test, f"{name}, answer {k}") for k, row in enumerate(rows, start=1))
    _check_trials(answers, test, partial, name)
    return Answers(test, listener, seed, answers)


def field(content: Any, key: str, kind: type | tuple[type, ...], name: str) -> Any:
    """A value of a file's object, of a kind; raises AnswerError, with the name of the place, where there is none."""
    value = content.get(key) if isinstance(content, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise AnswerError(f"{name}: there is no usable {key!r}, found {value!r}")
    return value


def _answer(row: Any, test: ListeningTest, name: str) -> Answer:
    shown = field(row, "shown", list, name)
    if not all(isinstance(label, str) for label in shown):
        raise AnswerError(f"{name}: there is no usable 'shown', found {shown!r}")
    seconds = float(field(row, "seconds", (int, float), name))
    if not 0 <= seconds < math.inf:
        raise AnswerError(f"{name}: 'seconds' must be 0 or more and finite, found {seconds}")
    if "answer" not in row:
        raise AnswerError(f"{name}: there is no 'answer'")
    value = _VALUES[test.kind](row["answer"], tuple(shown), name)
    return Answer(field(row, "item", str, name), tuple(shown), value, seconds)


def _preference(value: Any, shown: tuple[str, ...], name: str) -> str | None:
    if value is not None and value not in shown:
        raise AnswerError(f"{name}: the answer {value!r} is unknown; wanted one of {list(shown)}, or null for a tie")
    return value


def _ratings(value: Any, shown: tuple[str, ...], name: str) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != len(shown):
        raise AnswerError(f"{name}: wanted {len(shown)} ratings, one for each of {list(shown)}; found {value!r}")
    for rating in value:
        number = isinstance(rating, (int, float)) and not isinstance(rating, bool)
        if not (number and LOWEST <= rating <= TOP):
            raise AnswerError(f"{name}: a rating is a number from {LOWEST} to {TOP}, found {rating!r}")
    return tuple(map(float, value))


# kind of test -> what checks a value.
_VALUES: Mapping[str, Callable[[Any, tuple[str, ...], str], Any]] = {PAIR: _preference, MUSHRA: _ratings}


def _check_trials(answers: tuple[Answer, ...], test: ListeningTest, partial: bool, name: str) -> None:
    """Every trial of the test once, and no other; sounds may be shown in any order."""
    given = Counter((answer.item, tuple(sorted(answer.shown))) for answer in answers)
    wanted = {(trial.item, tuple(sorted(trial.conditions))) for trial in test.trials}
    if unknown := sorted(set(given) - wanted):
        raise AnswerError(f"{name}: the test has no trial of {_told(unknown[0])}")
    if twice := sorted(trial for trial, count in given.items() if count > 1):
        raise AnswerError(f"{name}: the trial of {_told(twice[0])} is answered {given[twice[0]]} times")
    if (missing := sorted(wanted - set(given))) and not partial:
        raise AnswerError(
            f"{name}: {len(missing)} of {len(wanted)} trials are not answered, such as {_told(missing[0])}; "
            "finish the test, or ask for partial answers"
        )


def _told(trial: tuple[str, tuple[str, ...]]) -> str:
    return f"{trial[0]!r}: {' against '.join(map(repr, trial[1]))}"
