"""Judged claims as people read them: the claims of a document beside what came out here, and this book's own statements.

A verdict is told by its word, a symbol and a colour, never by the colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from paper_code.display.markup import element, prose
from paper_code.display.tables import EMPTY, Cell, Column, Table, of_cells, text_cell
from paper_code.lab.claims import PartRow, Row, count
from paper_code.lab.rules import NOT, NOT_RUN, REPRODUCED, TREND, UNTESTABLE, VERDICTS

# verdict: (symbol, the end of the names of its classes in the style sheet)
SIGNS: Mapping[str, tuple[str, str]] = {
    REPRODUCED: ("✓", "reproduced"),
    TREND: ("≈", "trend"),
    NOT: ("✗", "not"),
    NOT_RUN: ("◇", "size"),
    UNTESTABLE: ("○", "untestable"),
}
# What a verdict on a statement of this book is called: no other document's is reproduced.
OURS: Mapping[str, str] = {REPRODUCED: "holds", TREND: "may be chance", NOT: "does not hold", UNTESTABLE: UNTESTABLE}
THEIRS: Mapping[str, str] = {verdict: verdict for verdict in VERDICTS}
IN_PARTS = "in each part"


def claims_table(rows: Sequence[Row], caption: str = "") -> Table:
    """What was claimed, what the document reports, what came out here and the verdict, one claim a row.

    The parts of a claim lie in a fold. A column says which document, if there are several. A row is the target of links
    to "#<document>-<id>".
    """
    several = ["Document"] if len({row.document for row in rows}) > 1 else []
    heads = [*several, "Place", "Claimed", "Reported there", "Here", "Verdict"]
    cells, lines = [], []
    for row in rows:
        first = [row.document, row.place] if several else [row.place]
        reported = row.reported or (IN_PARTS if any(part.reported for part in row.parts) else EMPTY)
        middle = [_claimed(row, THEIRS), Cell(f"<em>{escape(reported)}</em>", reported), text_cell(row.ours or EMPTY)]
        cells.append([*map(text_cell, first), *middle, badge(row.verdict)])
        lines.append([cell.text for cell in cells[-1]])
        for part in row.parts:
            told = [f"  {part.name}", part.reported or EMPTY, part.ours or EMPTY, badge(part.verdict).text]
            lines.append([""] * len(first) + told)
    caption = caption or f"Paper and here: {_counted(rows, THEIRS)}.{_weakest(rows)}"
    return _table(heads, rows, cells, lines, caption)


def statements_table(rows: Sequence[Row], caption: str = "") -> Table:
    """What this book says of its own runs, what was measured, and whether it holds; one statement a row."""
    heads = ["Where", "Statement", "Here", "Verdict"]
    cells, lines = [], []
    for row in rows:
        cells.append(
            [text_cell(row.place), _claimed(row, OURS), text_cell(row.ours or EMPTY), badge(row.verdict, OURS)]
        )
        lines.append([cell.text for cell in cells[-1]])
        lines += [["", f"  {p.name}", p.ours or EMPTY, badge(p.verdict, OURS).text] for p in row.parts]
    caption = caption or (
        f"What these runs say: {_counted(rows, OURS)}. *Holds*: the whole 95 % interval over seeds does; *may be chance*: "
        f"the mean does, or there is one seed.{_weakest(rows)}"
    )
    return _table(heads, rows, cells, lines, caption)


def badge(verdict: str, words: Mapping[str, str] = THEIRS) -> Cell:
    """A verdict in its word, symbol and colour; the style sheet adds the last two. words: how the verdicts are called."""
    symbol, name = SIGNS[verdict]
    html = element("span", words[verdict], class_=f"verdict verdict-{name}")
    return Cell(html, f"{symbol} {words[verdict]}")


def _table(
    heads: Sequence[str],
    rows: Sequence[Row],
    cells: Sequence[Sequence[Cell]],
    lines: Sequence[Sequence[str]],
    caption: str,
) -> Table:
    anchors = [f"{row.document}-{row.id}" for row in rows]
    return of_cells([Column(name) for name in heads], cells, caption, "data-table claims", anchors, lines)


def _claimed(row: Row, words: Mapping[str, str]) -> Cell:
    """The claim, and in a fold how it is judged, or each of its parts."""
    how = escape(f"{row.rule}. {row.why}".strip())
    if row.parts:
        counts = Counter(part.verdict for part in row.parts)
        told = ", ".join(f"{counts[verdict]} {words[verdict]}" for verdict in words if counts[verdict])
        parts = element("ul", "".join(_part(part, words, row.reported) for part in row.parts), class_="claim-parts")
        fold = element("details", f"<summary>{len(row.parts)} parts: {told}</summary>{parts}{how}")
    else:
        # What failed or could not be tested owes the reader its reason without a click.
        is_open = row.verdict in (NOT, UNTESTABLE)
        fold = element("details", f"<summary>How it is judged</summary>{how}", {"open": is_open})
    return Cell(prose(row.claimed) + fold, row.claimed)


def _part(part: PartRow, words: Mapping[str, str], reported_by_all: str) -> str:
    """A part in its fold; what is reported of all parts alike is not repeated."""
    told = f"reported <em>{escape(part.reported)}</em>, " if part.reported and part.reported != reported_by_all else ""
    here = f"{told}here {escape(part.ours)}. " if part.ours else ""
    why = "" if part.verdict == NOT_RUN else escape(part.why)
    return element("li", f"<strong>{escape(part.name)}</strong> {badge(part.verdict, words).html} {here}{why}")


def _counted(rows: Sequence[Row], words: Mapping[str, str]) -> str:
    return " · ".join(f"{number} {words[verdict]}" for verdict, number in count(rows).items() if number)


def _weakest(rows: Sequence[Row]) -> str:
    return " A statement with parts is as good as its weakest part." if any(row.parts for row in rows) else ""
