"""A claims file, data/claims/<chapter>.toml: what a document reports, what it claims, and what we say of our own runs.

    document = "byun2021"                       # key in the bibliography

    [reported."Table 1"]                        # the document's numbers stand here and nowhere else, as it prints them
    columns = ["PESQ", "SNR"]
    "masking 20" = ["4.175", "16.68"]

    [[claim]]
    id = "table-1-pesq"                         # once in the file
    place = "Table 1"
    claimed = "PESQ of the coder."              # in own words
    rule = "within"                             # see lab.rules; each rule has fields of its own
    measurement = "PESQ, masking 20"
    value = "[Table 1 | masking 20 | PESQ]"     # a number, or the place of a reported one
    tolerance = 0.15
    reported = "4.175 in Table 1"               # optional: number or text; left out, it is the reported number of `value`
    scale = "full"                              # optional: the profiles that train as long as the document did
    unit = "dB"                                 # optional, as are digits (decimals) and note (shown after the reason)

A claim that says the same of several rates or coders has parts. A part is a table whose `part` names it for people; its
other entries are fields of the rule that differ, or words that stand in braces in the claim's fields. A part of a name
alone is written as a text:

    first = "PESQ, masking {rate}"
    parts = [{ part = "13 kb/s", rate = 13 }, { part = "20 kb/s", rate = 20 }]

    measurement = "PESQ, {part}"
    parts = ["masking 13", "masking 20"]

[[ours]] are statements of this book about its own runs, with the same fields but `reported` and `scale`.
"""

import dataclasses
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paper_code.lab import paths
from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.rules import RULES, Numbers, Rule

PROFILES = ("smoke", "small", "full")
Reported = Mapping[str, Mapping[str, Mapping[str, str]]]  # table -> row -> column -> the number as it is printed

_CLAIM = ("id", "place", "claimed", "reported", "rule", "unit", "digits", "note", "scale", "parts")
_BRACES = re.compile(r"\{(\w+)\}")
_PLACE = re.compile(r"\[([^\[\]|]+)\|([^\[\]|]+)\|([^\[\]|]+)\]")


class ClaimError(LabError):
    """A claims file is missing or says something that cannot be judged; names the file and the claim."""


@dataclass(frozen=True)
class Part:
    """What is judged at once. name: "" where the claim has one part only."""

    name: str
    rule: Rule
    reported: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim, before it is judged. numbers: digits and unit of its values.

    scale: the profiles that train as long as the document did, for a claim of an absolute value of such a training; empty
    for one that is judged at every size.   ours: whether this book says so of its own runs.
    """

    id: str
    document: str
    place: str
    claimed: str
    parts: tuple[Part, ...]
    numbers: Numbers = field(default_factory=Numbers)
    note: str = ""
    scale: tuple[str, ...] = ()
    ours: bool = False


def read(chapter: str, path: Path | None = None) -> list[Claim]:
    """The document's claims and then our own, each in the order of the file.

    path: another file than data/claims/<chapter>.toml. Raises: ClaimError that names the file, the claim and what was
    wanted.
    """
    path, table = _table(chapter, path)
    document, numbers = _text(path.name, table, "document"), _numbers(path.name, table)
    claims = [
        _claim(f"{path.name}, claim {entry.get('id', i)!r}", document, entry, numbers, kind == "ours")
        for kind in ("claim", "ours")
        for i, entry in enumerate(_entries(path.name, table, kind), start=1)
    ]
    twice = [name for name, times in Counter(claim.id for claim in claims).items() if times > 1]
    if twice:
        raise ClaimError(f"{path.name} has the id {twice[0]!r} more than once; give each claim its own.")
    return claims


def reported(chapter: str, path: Path | None = None) -> Reported:
    """The document's numbers as it prints them: table -> row -> column -> text. Raises: ClaimError."""
    path, table = _table(chapter, path)
    return _numbers(path.name, table)


def _table(chapter: str, path: Path | None) -> tuple[Path, dict[str, Any]]:
    path = path if path is not None else paths.CLAIMS / f"{chapter}.toml"
    if not path.is_file():
        raise ClaimError(f"there is no claims file {path} for the chapter {chapter!r}.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path.name} is not TOML: {error}.") from error
    _refuse_unknown(path.name, table, ("document", "reported", "claim", "ours"))
    return path, table


def _entries(file: str, table: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    entries = table.get(kind, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ClaimError(f"{file} has {kind} = {entries!r}; each is a table headed [[{kind}]].")
    if not entries and kind == "claim":
        raise ClaimError(f"{file} holds no claims; each is a table headed [[claim]].")
    return entries


def _numbers(file: str, table: Mapping[str, Any]) -> Reported:
    """The tables of reported numbers. Raises: ClaimError for a row that does not fit its columns."""
    numbers: dict[str, dict[str, dict[str, str]]] = {}
    for name, rows in table.get("reported", {}).items():
        columns = rows.get("columns") if isinstance(rows, dict) else None
        if not _is_texts(columns):
            raise ClaimError(f"{file}, reported {name!r} lacks columns; wanted a list of names.")
        numbers[name] = {}
        for row, values in rows.items():
            if row == "columns":
                continue
            if not _is_texts(values) or len(values) != len(columns):
                raise ClaimError(
                    f"{file}, reported {name!r}, has {row!r} = {values!r}; wanted {len(columns)} texts, as printed."
                )
            numbers[name][row] = dict(zip(columns, values, strict=True))
    return numbers


def _claim(where: str, document: str, entry: Mapping[str, Any], numbers: Reported, ours: bool) -> Claim:
    if "verdict" in entry:
        raise ClaimError(f"{where} has a verdict; verdicts are computed, never typed: remove it.")
    if ours and (wrong := [name for name in ("reported", "scale") if name in entry]):
        raise ClaimError(f"{where} is our own statement and takes no {wrong[0]}; the document reports, we do not.")
    unit, digits = _text(where, entry, "unit", ""), entry.get("digits")
    if digits is not None and (type(digits) is not int or not 0 <= digits <= 12):
        raise ClaimError(f"{where} has digits = {digits!r}; wanted a whole number of decimals from 0 to 12.")
    parts = tuple(_part(where, entry, words, numbers, unit) for words in _words_of_parts(where, entry))
    return Claim(
        id=_text(where, entry, "id"),
        document=document,
        place=_text(where, entry, "place"),
        claimed=_text(where, entry, "claimed"),
        parts=parts,
        numbers=Numbers(digits, unit),
        note=_text(where, entry, "note", ""),
        scale=_scale(where, entry),
        ours=ours,
    )


def _words_of_parts(where: str, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of each part, its name among them; one without a name for a claim without parts."""
    if "parts" not in entry:
        return [{}]
    parts = entry["parts"]
    if not isinstance(parts, list) or len(parts) < 2:
        raise ClaimError(f"{where} has parts = {parts!r}; wanted a list of two or more.")
    words = [part if isinstance(part, dict) else {"part": part} for part in parts]
    for word in words:
        _text(f"{where}, a part", word, "part")
    twice = [name for name, times in Counter(word["part"] for word in words).items() if times > 1]
    if twice:
        raise ClaimError(f"{where} has the part {twice[0]!r} more than once.")
    return words


def _part(where: str, entry: Mapping[str, Any], words: Mapping[str, Any], numbers: Reported, unit: str) -> Part:
    where = f"{where}, part {words['part']!r}" if words else where
    kind = RULES.get(_text(where, entry, "rule"))
    if kind is None:
        raise ClaimError(f"{where} has the rule {entry['rule']!r}. {suggestion(entry['rule'], RULES)}")
    settings = {f.name: f for f in dataclasses.fields(kind)}
    own = {name: value for name, value in words.items() if name in settings or name == "reported"}
    _refuse_unknown(where, entry, (*_CLAIM, *settings))
    given = {name: value for name, value in {**entry, **own}.items() if name in settings or name == "reported"}
    _refuse_unused(where, [name for name in words if name not in own], given)
    filled = {name: _filled(where, value, words, numbers) for name, value in given.items()}
    needed = [name for name, f in settings.items() if f.default is dataclasses.MISSING]
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise ClaimError(f"{where} lacks {', '.join(lacking)}; the rule {kind.name!r} needs {', '.join(needed)}.")
    printed = filled["value"] if _PLACE.search(str(given.get("value"))) else ""
    rule = kind(**{name: _setting(where, filled, name, bool(printed)) for name in settings if name in filled})
    shown = _reported(where, filled.get("reported", ""), unit)
    if printed and not shown:
        shown = f"{printed.replace('-', '−')} {unit}".strip()
    return Part(str(words.get("part", "")), rule, shown)


def _refuse_unused(where: str, words: list[str], given: Mapping[str, Any]) -> None:
    """Raises: ClaimError for a word of a part that stands in braces nowhere, as a misspelt field does."""
    used = {name for value in given.values() for name in _BRACES.findall(str(value))}
    for name in words:
        if name not in used and name != "part":
            raise ClaimError(f"{where} has an unknown field {name!r}: nothing has {{{name}}} in it.")


def _filled(where: str, value: Any, words: Mapping[str, Any], numbers: Reported) -> Any:
    """A field's value with the part's words for those in braces, and reported numbers for their places."""
    if isinstance(value, list):
        return [_filled(where, each, words, numbers) for each in value]
    if not isinstance(value, str):
        return value
    for name in _BRACES.findall(value):
        if name not in words:
            raise ClaimError(f"{where} has {{{name}}} in {value!r}, which no part gives.")
    text = _BRACES.sub(lambda braces: str(words[braces[1]]), value)
    return _PLACE.sub(lambda place: _at(where, [name.strip() for name in place.groups()], numbers), text)


def _at(where: str, place: list[str], numbers: Reported) -> str:
    """The number at (table, row, column)."""
    here: Any = numbers
    for name in place:
        if name not in here:
            raise ClaimError(f"{where} asks for [{' | '.join(place)}]; there is no {name!r}. {suggestion(name, here)}")
        here = here[name]
    return here


def _scale(where: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    given = entry.get("scale", [])
    scale = [given] if isinstance(given, str) else given
    if not isinstance(scale, list) or not all(name in PROFILES for name in scale):
        raise ClaimError(f"{where} has scale = {given!r}; wanted one or a list of {', '.join(PROFILES)}.")
    return tuple(scale)


def _reported(where: str, value: Any, unit: str) -> str:
    """Text as it stands; a number as the document gives it (never rounded), with its unit."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimError(f"{where} has reported = {value!r}; wanted a number or text.")
    return f"{value} {unit}".strip().replace("-", "−", 1) if value < 0 else f"{value} {unit}".strip()


def _setting(where: str, entry: Mapping[str, Any], name: str, printed: bool) -> Any:
    """A field of a rule, checked by its name: the same name means the same in every rule.

    printed: whether the field `value` was a reported number, and so is a text.
    """
    value = entry[name]
    if name in ("value", "tolerance", "margin"):
        return _number(where, name, float(value) if printed and name == "value" and _is_number(value) else value)
    if name == "measurements" or (name == "second" and isinstance(value, list)):
        if not _is_texts(value) or len(value) < 2:
            raise ClaimError(f"{where} has {name} = {value!r}; wanted a list of two or more names.")
        return tuple(value)
    if name == "direction" and value not in ("increasing", "decreasing"):
        raise ClaimError(f"{where} has direction = {value!r}; wanted 'increasing' or 'decreasing'.")
    return _text(where, entry, name)


def _number(where: str, name: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or (name != "value" and value < 0):
        wanted = "a number" if name == "value" else "a number from 0 up"
        raise ClaimError(f"{where} has {name} = {value!r}; wanted {wanted}.")
    return float(value)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_texts(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, str) and v for v in values)


def _text(where: str, table: Mapping[str, Any], name: str, default: str | None = None) -> str:
    if name not in table and default is not None:
        return default
    value = table.get(name)
    if isinstance(value, str) and (value.strip() or default is not None):
        return value
    state = f"has {name} = {value!r}" if name in table else f"lacks {name}"
    raise ClaimError(f"{where} {state}; wanted a text.")


def _refuse_unknown(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for name in table:
        if name not in known:
            raise ClaimError(f"{where} has an unknown field {name!r}. {suggestion(name, known)}")
