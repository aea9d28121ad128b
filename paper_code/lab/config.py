"""The settings of an experiment: a frozen dataclass with a hash that says whether a stored result fits."""

import dataclasses
import difflib
import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np

from paper_code.lab.errors import LabError


class ConfigError(LabError):
    """A setting has an unknown name or a value that cannot be stored."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Base of every experiment's settings: None, bool, int, float, text, and lists and dicts of these.

    profile: name of the size ("smoke", "small", "full"); not part of the hash. seed: 0 or more.
    version: raise it when the code changes what the same settings give, so that old results no longer fit.
    Raises: ConfigError for a value that JSON cannot hold, naming the field.
    """

    stored_as: ClassVar[str] = ""  # the class's name in hashes, where it has moved since results were stored

    profile: str
    seed: int
    version: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral) or self.seed < 0:
            raise ConfigError(f"seed must be a whole number from 0 up, not {self.seed!r}.")
        object.__setattr__(self, "seed", int(self.seed))
        self.as_dict()  # a value that cannot be stored is told before the training, not after

    def as_dict(self) -> dict[str, Any]:
        """All fields in JSON's own types (tuples become lists)."""
        owner = type(self).__name__
        return {f.name: canonical(getattr(self, f.name), f"{owner}.{f.name}") for f in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The config with these fields. Raises: ConfigError for unknown and for missing fields."""
        known = {f.name: f for f in dataclasses.fields(cls)}
        _refuse_unknown(cls.__name__, fields, known)
        needed = [n for n, f in known.items() if f.default is f.default_factory is dataclasses.MISSING]
        missing = [name for name in needed if name not in fields]
        if missing:
            raise ConfigError(f"{cls.__name__} needs {', '.join(missing)}; found {', '.join(fields) or 'nothing'}.")
        return cls(**fields)

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed: how a variant is written. Raises: ConfigError for unknown ones."""
        _refuse_unknown(type(self).__name__, changes, [f.name for f in dataclasses.fields(self)])
        return dataclasses.replace(self, **changes)

    @classmethod
    def class_name(cls) -> str:
        """The name that enters the hash, so that two kinds of experiment never pass for one another."""
        return vars(cls).get("stored_as") or f"{cls.__module__}.{cls.__qualname__}"

    @property
    def hash(self) -> str:
        """12 hex digits over the class's name and all fields but `profile`; the same in every process."""
        return hash_of(self.class_name(), self.as_dict())


@dataclass(frozen=True)
class Profile:
    """One size of a chapter's experiments: the same code with other numbers.

    title: for people ("minutes on two cores"). seeds: those the published result of this size averages over.
    changes: kind of run -> the config's fields that differ from their defaults; a chapter names its kinds.
    """

    title: str
    seeds: tuple[int, ...] = (0,)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, *kinds: str) -> dict[str, Any]:
        """What differs for a run of these kinds; what a later kind says goes before what an earlier one says."""
        return {name: value for kind in kinds for name, value in self.changes.get(kind, {}).items()}


def one_of(name: str, value: str, known: Collection[str]) -> None:
    """Raises: ConfigError where the setting `name` has a value that is not known."""
    if value not in known:
        raise ConfigError(f"{name} is one of {', '.join(known)}; found {value!r}.")


def hash_of(class_name: str, fields: Mapping[str, Any]) -> str:
    """12 hex digits of sha256 over canonical JSON of a config's class name and fields, `profile` left out."""
    kept = {name: canonical(value, name) for name, value in fields.items() if name != "profile"}
    text = json.dumps([class_name, kept], sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def canonical(value: Any, at: str) -> Any:
    """`value` in JSON's own types; `at` names it. Raises: ConfigError for what JSON cannot hold."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{at} has the key {key!r}; only text can be a key in a config.")
        return {key: canonical(item, f"{at}[{key!r}]") for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [canonical(item, f"{at}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, np.integer | np.bool_):  # not float32: its 0.1 is another number
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigError(f"{at} is {value}; a config holds finite numbers, use None for 'not set'.")
        return float(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ConfigError(
        f"{at} is a {type(value).__name__}, which cannot be stored; a config holds None, bool, int, float, "
        "text, and tuples or dicts of these."
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, and all there are."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    return (f"Did you mean {near[0]!r}? " if near else "") + f"There are: {', '.join(known) or 'none'}."


def _refuse_unknown(owner: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise ConfigError(f"{owner} has no setting {name!r}. {suggestion(name, known)}")
