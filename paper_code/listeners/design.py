"""A listening test: which sounds are judged together, in which order a listener meets them, and the test's own mark."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paper_code.audio.clips import Clip

# How the sounds of a trial are judged; the page's script has a way to ask for each.
PAIR, MUSHRA = "pair", "mushra"
KINDS = (PAIR, MUSHRA)
LOWEST, TOP = 0, 100  # of a MUSHRA rating
GRADES = ("bad", "poor", "fair", "good", "excellent")  # a fifth of the scale each, after ITU-R BS.1534
MOST_SOUNDS = 12  # in one trial, after ITU-R BS.1534
QUESTION = "Which has the better audio quality?"
RATING_QUESTION = "How good is the audio quality of each, compared with the reference?"
HEAR_SECONDS = 1.0
BITS = 32  # of a seed
WARM_UP = 16  # numbers thrown away, since seeds that are alike begin alike


class DesignError(ValueError):
    """A listening test that cannot be held as described; the message says why."""


@dataclass(frozen=True)
class Trial:
    """Sounds judged together. item: what is heard.   conditions: the versions of it, in the order shown."""

    item: str
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class ListeningTest:
    """What is asked of every listener.

    kind: one of KINDS.   items: what is heard (tracks).   conditions: the versions of each.   trials: in any order.
    question: asked in each trial.   hear_seconds: how long each sound of a trial is heard before an answer counts.
    sounds: item -> condition -> digest of the sound (see digest); empty where the test is not bound to its sounds.
    reference: of a MUSHRA test, the condition that is also there to be heard by its name; hidden in every trial.

    Raises DesignError on an unknown kind, fewer than two conditions, no items or trials, empty or duplicate names,
    trials of unknown sounds or twice the same, a digest too few or too many, no reference where one is needed.
    """

    name: str
    kind: str
    items: tuple[str, ...]
    conditions: tuple[str, ...]
    trials: tuple[Trial, ...]
    question: str = QUESTION
    hear_seconds: float = HEAR_SECONDS
    sounds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reference: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DesignError(f"{self.name}: wanted the kind {' or '.join(map(repr, KINDS))}, found {self.kind!r}")
        if not 0 <= self.hear_seconds < float("inf"):
            raise DesignError(f"{self.name}: hear_seconds must be 0 or more and finite, found {self.hear_seconds}")
        _check_names(self.name, "item", self.items, least=1)
        _check_names(self.name, "condition", self.conditions, least=2)
        self._check_trials()
        self._check_reference()
        if self.sounds:
            _check_sounds(self, {(item, name) for item, row in self.sounds.items() for name in row})

    def _check_trials(self) -> None:
        if not self.trials:
            raise DesignError(f"{self.name}: a listening test needs at least one trial")
        for trial in self.trials:
            known = trial.item in self.items and set(trial.conditions) <= set(self.conditions)
            distinct = len(set(trial.conditions)) == len(trial.conditions)
            fit = len(trial.conditions) == 2 if self.kind == PAIR else 2 <= len(trial.conditions) <= MOST_SOUNDS
            if not (known and distinct and fit):
                raise DesignError(f"{self.name}: a {self.kind} of {trial.item!r} cannot be {list(trial.conditions)}")
        if len({(trial.item, frozenset(trial.conditions)) for trial in self.trials}) < len(self.trials):
            raise DesignError(f"{self.name}: the same sounds are put together in two trials")

    def _check_reference(self) -> None:
        """A hidden reference in every trial of a MUSHRA test; none is named in a test of pairs."""
        hidden = all(self.reference in trial.conditions for trial in self.trials)
        if not (hidden if self.kind == MUSHRA else self.reference == ""):
            raise DesignError(f"{self.name}: a {self.kind} test cannot have the reference {self.reference!r}")

    @property
    def id(self) -> str:
        """16 hexadecimal digits that change with anything in the test, its sounds included."""
        text = json.dumps(self.definition(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def definition(self) -> dict[str, Any]:
        """The test as JSON can hold it; `from_definition` reads it back."""
        return {
            "name": self.name,
            "kind": self.kind,
            "question": self.question,
            "hear_seconds": float(self.hear_seconds),
            "items": list(self.items),
            "conditions": list(self.conditions),
            "trials": [{"item": trial.item, "conditions": list(trial.conditions)} for trial in self.trials],
            "sounds": {item: dict(row) for item, row in self.sounds.items()},
            **({"reference": self.reference} if self.reference else {}),
        }

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> ListeningTest:
        """The test that a definition describes; raises DesignError where it is none."""
        try:
            trials = tuple(Trial(trial["item"], tuple(trial["conditions"])) for trial in definition["trials"])
            lists = {name: tuple(definition[name]) for name in ("items", "conditions")}
            return cls(**{**definition, **lists, "trials": trials})
        except (KeyError, TypeError) as error:
            raise DesignError(f"this is no definition of a listening test: {error!r}") from error


def pairwise(
    name: str,
    items: Sequence[str],
    conditions: Sequence[str],
    sounds: Mapping[tuple[str, str], Clip] | None = None,
    question: str = QUESTION,
    hear_seconds: float = HEAR_SECONDS,
) -> ListeningTest:
    """A test of all pairs of conditions, for each item: items · C(conditions, 2) comparisons.

    sounds: (item, condition) -> Clip. With it, answers given to other sounds are refused.
    Raises DesignError on fewer than two conditions, no items, empty or duplicate names, missing or unknown sounds.

    Paper: Ananthabhotla et al. 2019, section 7 (five tracks, five versions, 50 comparisons).   Chapter: codec_loss
    """
    pairs = itertools.combinations(conditions, 2)
    trials = tuple(Trial(item, pair) for pair in pairs for item in items)
    _check_names(name, "condition", conditions, least=2)  # before trials of a doubtful list are looked at
    test = ListeningTest(name, PAIR, tuple(items), tuple(conditions), trials, question, hear_seconds)
    return test if sounds is None else bound(test, sounds)


def mushra(
    name: str,
    items: Sequence[str],
    conditions: Sequence[str],
    reference: str,
    sounds: Mapping[tuple[str, str], Clip] | None = None,
    question: str = RATING_QUESTION,
    hear_seconds: float = HEAR_SECONDS,
) -> ListeningTest:
    """A MUSHRA test: for each item all conditions are rated together, from 0 to 100, beside an open reference.

    conditions: at most 12, the anchors and the hidden reference among them.   reference: which one that is.
    sounds: (item, condition) -> Clip. With it, ratings of other sounds are refused.
    Raises DesignError as pairwise does, on more than 12 conditions, and on a reference that is none of them.

    Paper: Byun et al. 2021, section 4.3 (ten items; their one anchor is less than ITU-R BS.1534-3 asks for).
    Chapter: masking_loss
    """
    _check_names(name, "condition", conditions, least=2)
    trials = tuple(Trial(item, tuple(conditions)) for item in items)
    test = ListeningTest(
        name, MUSHRA, tuple(items), tuple(conditions), trials, question, hear_seconds, reference=reference
    )
    return test if sounds is None else bound(test, sounds)


def bound(test: ListeningTest, sounds: Mapping[tuple[str, str], Clip]) -> ListeningTest:
    """The test with the digests of its sounds; raises DesignError where one is missing or belongs to no trial."""
    _check_sounds(test, set(sounds))
    digests = {item: {name: digest(sounds[item, name]) for name in test.conditions} for item in test.items}
    return ListeningTest.from_definition({**test.definition(), "sounds": digests})


def digest(clip: Clip) -> str:
    """16 hexadecimal digits of a sound: its samples, rounded to 16 bits, and its rate."""
    samples = np.nan_to_num(clip.waveform.detach().cpu().numpy().astype(np.float64))  # who plays it refuses NaN
    steps = np.round(samples * 32768).clip(-(2**31), 2**31 - 1).astype(np.int32)
    return hashlib.sha256(steps.tobytes() + str(clip.sample_rate).encode()).hexdigest()[:16]


def presented(test: ListeningTest, seed: int) -> list[Trial]:
    """The trials as the listener with this seed meets them: shuffled, and shuffled in each what is called A, B, ...

    seed: from 1 to 2**32 - 1. The page's script does the same with the same numbers.
    Raises DesignError on another seed.
    """
    if not 1 <= seed < 2**BITS:
        raise DesignError(f"a seed lies between 1 and 2**{BITS} - 1, found {seed}")
    numbers = _numbers(seed)
    return [Trial(t.item, tuple(_shuffled(t.conditions, numbers))) for t in _shuffled(test.trials, numbers)]


def _numbers(seed: int) -> Iterator[int]:
    """Marsaglia's 32-bit xorshift generator with the shifts 13, 17, 5."""
    mask = 2**BITS - 1
    for count in itertools.count():
        seed ^= seed << 13 & mask
        seed ^= seed >> 17
        seed ^= seed << 5 & mask
        if count >= WARM_UP:
            yield seed


def _shuffled(values: Sequence[Any], numbers: Iterator[int]) -> list[Any]:
    """Fisher and Yates' shuffle, from the end."""
    order = list(values)
    for last in range(len(order) - 1, 0, -1):
        other = next(numbers) * (last + 1) >> BITS
        order[last], order[other] = order[other], order[last]
    return order


def _check_names(test: str, what: str, names: Sequence[str], least: int) -> None:
    if isinstance(names, str) or len(names) < least:
        raise DesignError(f"{test}: wanted at least {least} {what}{'s' * (least > 1)}, found {names!r}")
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise DesignError(f"{test}: every {what} needs a name of its own; twice: {', '.join(twice)}")
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise DesignError(f"{test}: every {what} needs a name, found {list(names)}")


def _check_sounds(test: ListeningTest, found: set[tuple[str, str]]) -> None:
    wanted = set(itertools.product(test.items, test.conditions))
    if missing := sorted(wanted - found):
        raise DesignError(f"{test.name}: no sound for {_listed(missing)}")
    if unknown := sorted(found - wanted):
        raise DesignError(f"{test.name}: sounds that belong to no trial: {_listed(unknown)}")


def _listed(places: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{item}, {condition}" for item, condition in places[:3])
    return shown + (f" and {len(places) - 3} more" if len(places) > 3 else "")
