"""What a document claims and what our measurements make of it: claims of data/claims/<chapter>.toml, judged.

Verdicts are computed, never typed. How a claim is written stands in claims_file, what a rule demands in rules.

A claim of an absolute value (a PESQ, a level in dB) is one about a training of the document's length: it names the
profiles that train as long. With results of another profile the row shows both numbers and is *not run at this size*,
whether or not they agree. Orders, signs and trends are judged at every size.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paper_code.lab import rules
from paper_code.lab.claims_file import Claim, ClaimError, Part, read
from paper_code.lab.measurements import Measurements
from paper_code.lab.rules import NOT_RUN, REPRODUCED, TREND, UNTESTABLE, VERDICTS, Finding

FEW = 4  # values of this many parts are told one by one, of more as a range


@dataclass(frozen=True)
class PartRow:
    """One judged part of a claim, all for people. name: "13 kb/s". See Row."""

    name: str
    reported: str
    rule: str
    ours: str
    verdict: str
    why: str


@dataclass(frozen=True)
class Row:
    """One judged claim, all for people. rule: in words. ours: mean ± half width over seeds, with its unit.

    parts: of a claim that says the same of several rates or coders, else empty.
    """

    id: str
    document: str
    place: str
    claimed: str
    reported: str
    rule: str
    ours: str
    verdict: str
    why: str
    parts: tuple[PartRow, ...] = ()


def judge(chapter: str, measurements: Measurements, profile: str, path: Path | None = None) -> list[Row]:
    """The document's claims in the order of the chapter's file, each with the verdict on our measurements.

    measurements: name -> one value a seed. profile: of the results that were measured ("smoke", "small", "full").
    path: another file than data/claims/<chapter>.toml.
    Raises: ClaimError for a file that is missing or wrong, and for a measurement that there is not.
    """
    return [_row(claim, measurements, profile) for claim in read(chapter, path) if not claim.ours]


def judge_ours(chapter: str, measurements: Measurements, profile: str, path: Path | None = None) -> list[Row]:
    """What this book says of its own runs, judged like a document's claims; see judge."""
    return [_row(claim, measurements, profile) for claim in read(chapter, path) if claim.ours]


def count(rows: Iterable[Row]) -> dict[str, int]:
    """verdict -> number of rows, for all five verdicts, also those without a row."""
    counts = Counter(row.verdict for row in rows)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def _row(claim: Claim, measurements: Measurements, profile: str) -> Row:
    findings = [_finding(claim, part, measurements, profile) for part in claim.parts]
    parts = tuple(
        PartRow(part.name, part.reported, part.rule.words(claim.numbers), one.ours, one.verdict, one.why)
        for part, one in zip(claim.parts, findings, strict=True)
    )
    whole = parts[0] if len(parts) == 1 else _together(claim, parts, findings)
    return Row(
        id=claim.id,
        document=claim.document,
        place=claim.place,
        claimed=claim.claimed,
        reported=whole.reported,
        rule=whole.rule,
        ours=whole.ours,
        verdict=whole.verdict,
        why=f"{whole.why} {claim.note}".strip(),
        parts=parts if len(parts) > 1 else (),
    )


def _finding(claim: Claim, part: Part, measurements: Measurements, profile: str) -> Finding:
    for name in part.rule.needs:
        if name not in measurements:
            near = difflib.get_close_matches(name, measurements, n=1, cutoff=0)
            meant = f"Did you mean {near[0]!r}?" if near else "Nothing was measured."
            raise ClaimError(f"the claim {claim.id!r} asks for {name!r}, which is not measured. {meant}")
    finding = rules.judge(part.rule, measurements, claim.numbers)
    if not claim.scale or profile in claim.scale or finding.verdict == UNTESTABLE:
        return finding
    why = f"This is about a training of the document's length; the profile of these results, {profile}, trains less."
    return replace(finding, verdict=NOT_RUN, why=why)


def _together(claim: Claim, parts: Sequence[PartRow], findings: Sequence[Finding]) -> PartRow:
    """All parts as one: the weakest decides."""
    verdict = rules.together([part.verdict for part in parts])
    counts = Counter(part.verdict for part in parts)
    told = ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts[each])
    if all(len(part.rule.needs) == 1 for part in claim.parts):
        means = [one.mean for one in findings if one.mean is not None]
        ours = _listed([claim.numbers.plain(mean) for mean in means], claim.numbers.unit) if means else ""
    else:
        judged = verdict not in (NOT_RUN, UNTESTABLE)
        ours = f"{counts[REPRODUCED] + counts[TREND]} of {len(parts)} parts hold" if judged else ""
    reported = _listed([part.reported.removesuffix(f" {claim.numbers.unit}") for part in parts], claim.numbers.unit)
    rule = f"{len(parts)} parts, of which the weakest decides"
    return PartRow("", reported, rule, ours, verdict, f"{told.capitalize()}.")


def _listed(texts: Sequence[str], unit: str) -> str:
    """Values of parts for people: one by one if they are few, the range of many; a text that is the same, once."""
    different = list(dict.fromkeys(texts))
    numbers = {text: float(text.replace("−", "-")) for text in texts if re.fullmatch(r"[−-]?\d+(\.\d+)?", text)}
    if len(numbers) < len(different):
        return different[0] if len(different) == 1 else ""
    if len(texts) <= FEW:
        text = ", ".join(texts)
    else:
        text = f"{min(numbers, key=numbers.__getitem__)} to {max(numbers, key=numbers.__getitem__)}"
    return f"{text} {unit}".strip()
