"""What a document claims, read from data/claims/<chapter>.toml, and what our measurements make of it.

    document = "vinyard2018"            # key in the bibliography

    [[claim]]
    id = "crisper-treble"               # once in the file
    place = "Results, paragraph 2"
    claimed = "The treble is crisper."  # in own words
    reported = 0.4                      # optional: number or text, as the document gives it
    rule = "less"                       # see lab.rules; each rule has fields of its own
    first = "treble distance, Bark"
    second = "treble distance, MSE"
    unit = "dB"                         # optional, as are digits (decimals) and note (shown after the reason)

Verdicts are computed, never typed: the file cannot hold one.
"""

import dataclasses
import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paper_code.lab import paths
from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.rules import RULES, VERDICTS, Measurements, Numbers, Rule
from paper_code.lab.rules import judge as apply_rule


class ClaimError(LabError):
    """A claims file is missing or says something that cannot be judged; names the file and the claim."""


@dataclass(frozen=True)
class Claim:
    """One claim of a document, before it is judged. numbers: digits and unit of its values."""

    id: str
    document: str
    place: str
    claimed: str
    rule: Rule
    reported: str = ""
    numbers: Numbers = field(default_factory=Numbers)
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One judged claim, all for people. rule: in words. ours: mean ± half width over seeds, with its unit."""

    id: str
    document: str
    place: str
    claimed: str
    reported: str
    rule: str
    ours: str
    verdict: str
    why: str


def judge(chapter: str, measurements: Measurements, path: Path | None = None) -> list[Row]:
    """The chapter's claims in the order of its file, each with the verdict on our measurements.

    measurements: name -> one value a seed. path: another file than data/claims/<chapter>.toml.
    Raises: ClaimError for a file that is missing or wrong.
    """
    return [_row(claim, measurements) for claim in read(chapter, path)]


def count(rows: Iterable[Row]) -> dict[str, int]:
    """verdict -> number of rows, for all four verdicts, also those without a row."""
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS}


def read(chapter: str, path: Path | None = None) -> list[Claim]:
    """The claims of a chapter. Raises: ClaimError that names the file, the claim and what was wanted."""
    path = path if path is not None else paths.CLAIMS / f"{chapter}.toml"
    if not path.is_file():
        raise ClaimError(f"there is no claims file {path} for the chapter {chapter!r}.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path.name} is not TOML: {error}.") from error
    _refuse_unknown(path.name, table, ("document", "claim"))
    document = _text(path.name, table, "document")
    entries = table.get("claim", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ClaimError(f"{path.name} holds no claims; each is a table headed [[claim]].")
    claims = [_claim(path.name, document, i, entry) for i, entry in enumerate(entries, start=1)]
    twice = [name for name, times in Counter(claim.id for claim in claims).items() if times > 1]
    if twice:
        raise ClaimError(f"{path.name} has the id {twice[0]!r} more than once; give each claim its own.")
    return claims


def _row(claim: Claim, measurements: Measurements) -> Row:
    found = apply_rule(claim.rule, measurements, claim.numbers)
    return Row(
        claim.id,
        claim.document,
        claim.place,
        claim.claimed,
        claim.reported,
        claim.rule.words(claim.numbers),
        found.ours,
        found.verdict,
        f"{found.why} {claim.note}".strip(),
    )


_COMMON = ("id", "place", "claimed", "reported", "rule", "unit", "digits", "note")


def _claim(file: str, document: str, number: int, entry: Mapping[str, Any]) -> Claim:
    where = f"{file}, claim {entry.get('id', number)!r}"
    if "verdict" in entry:
        raise ClaimError(f"{where} has a verdict; verdicts are computed, never typed: remove it.")
    kind = RULES.get(_text(where, entry, "rule"))
    if kind is None:
        raise ClaimError(f"{where} has the rule {entry['rule']!r}. {suggestion(entry['rule'], RULES)}")
    settings = {f.name: f for f in dataclasses.fields(kind)}
    _refuse_unknown(where, entry, (*_COMMON, *settings))
    needed = [name for name, f in settings.items() if f.default is dataclasses.MISSING]
    lacking = [name for name in needed if name not in entry]
    if lacking:
        raise ClaimError(f"{where} lacks {', '.join(lacking)}; the rule {kind.name!r} needs {', '.join(needed)}.")
    rule = kind(**{name: _setting(where, entry, name) for name in settings if name in entry})
    unit = _text(where, entry, "unit", "")
    digits = entry.get("digits")
    if digits is not None and (type(digits) is not int or not 0 <= digits <= 12):
        raise ClaimError(f"{where} has digits = {digits!r}; wanted a whole number of decimals from 0 to 12.")
    return Claim(
        id=_text(where, entry, "id"),
        document=document,
        place=_text(where, entry, "place"),
        claimed=_text(where, entry, "claimed"),
        rule=rule,
        reported=_reported(where, entry.get("reported", ""), unit),
        numbers=Numbers(digits, unit),
        note=_text(where, entry, "note", ""),
    )


def _reported(where: str, value: Any, unit: str) -> str:
    """Text as it stands; a number as the document gives it (never rounded), with its unit."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimError(f"{where} has reported = {value!r}; wanted a number or text.")
    return f"{value} {unit}".strip().replace("-", "−", 1) if value < 0 else f"{value} {unit}".strip()


def _setting(where: str, entry: Mapping[str, Any], name: str) -> Any:
    """A field of a rule, checked by its name: the same name means the same in every rule."""
    value = entry[name]
    if name in ("value", "tolerance", "margin"):
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (name != "value" and value < 0):
            wanted = "a number" if name == "value" else "a number from 0 up"
            raise ClaimError(f"{where} has {name} = {value!r}; wanted {wanted}.")
        return float(value)
    if name == "measurements":
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(v, str) and v for v in value):
            raise ClaimError(f"{where} has measurements = {value!r}; wanted a list of two or more names.")
        return tuple(value)
    if name == "direction" and value not in ("increasing", "decreasing"):
        raise ClaimError(f"{where} has direction = {value!r}; wanted 'increasing' or 'decreasing'.")
    return _text(where, entry, name)


def _text(where: str, table: Mapping[str, Any], name: str, default: str | None = None) -> str:
    if name not in table and default is not None:
        return default
    value = table.get(name)
    if isinstance(value, str) and (value.strip() or default is not None):
        return value
    found = f"has {name} = {value!r}" if name in table else f"lacks {name}"
    raise ClaimError(f"{where} {found}; wanted a text.")


def _refuse_unknown(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for name in table:
        if name not in known:
            raise ClaimError(f"{where} has an unknown field {name!r}. {suggestion(name, known)}")
