"""Tables of the book: numbers aligned right, units in the head, the document's values in italics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from numbers import Real
from typing import Any

from paper_code.display.markup import Shown, element, prose
from paper_code.lab.intervals import Interval

EMPTY = "–"
LONGEST = 10  # rows of a table that is seen at once; a longer one lies in a fold
SENTENCE = re.compile(r"[.:] (?=[A-Z])")  # where the first sentence of a caption ends
MEASURED = re.compile(r"[−-]?\d[\d.,]*( ± \d[\d.]*)?")  # a text that is a number, with or without its spread


class Table(Shown):
    """A table of the book; see table, and display.verdicts."""


@dataclass(frozen=True)
class Column:
    """A column. name, unit: its head.   format: a format specification for its numbers, such as ".2f"."""

    name: str
    unit: str = ""
    format: str = ""


@dataclass(frozen=True)
class Reported:
    """A value as a document gives it, and where it stands there; written in italics."""

    value: str
    place: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell as HTML and as text. number: whether it stands under numbers."""

    html: str
    text: str
    number: bool = False


def table(columns: Sequence[Column | str], rows: Sequence[Sequence[Any]], caption: str) -> Table:
    """A table; the first column heads the rows. One of more than 10 rows lies in a fold, headed by its caption.

    columns: a Column, or a name for text.   rows: one value a column: text (see markup.prose), numbers
    (written with the column's format), Interval (mean ± half width), Reported, or None where there is none.
    Raises ValueError for a row of another length or a number in a column without a format.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(heads):
            raise ValueError(f"row {number} has {len(row)} values for {len(heads)} columns")
    cells = [[_cell(value, head) for value, head in zip(row, heads, strict=True)] for row in rows]
    whole = of_cells(heads, cells, caption)
    return whole if len(rows) <= LONGEST else Table(_folded(whole.html, caption, len(rows)), whole.text)


def of_cells(
    heads: Sequence[Column],
    cells: Sequence[Sequence[Cell]],
    caption: str,
    kind: str = "data-table",
    anchors: Sequence[str] | None = None,
    lines: Sequence[Sequence[str]] | None = None,
) -> Table:
    """A table of cells that are written already.

    kind: its classes in the style sheet.   anchors: the targets of links to its rows.   lines: its rows as text, where
    they say more than the cells do.
    """
    # A column is one of numbers if any of its cells is; its head stands over them.
    numeric = [any(row[k].number for row in cells) for k in range(len(heads))]
    head = "".join(map(_head, heads))
    anchors = anchors if anchors is not None else [""] * len(cells)
    # Many columns of words do not fit a phone; the style then makes a card of each row, whose cells carry their heads.
    words = numeric.count(False) > 3
    body = "".join(_row(row, heads, numeric, anchor, words) for row, anchor in zip(cells, anchors, strict=True))
    content = f"<caption><div>{prose(caption)}</div></caption>"
    content += f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    kind += " words" if words else ""
    kind += "".join(f" n{k}" for k, is_number in enumerate(numeric, start=1) if is_number)
    html = element(
        "div",
        element("table", content, class_=kind),
        class_="table-scroll",
        tabindex="0",
        role="region",
        aria_label=_told(caption),
    )
    lines = lines if lines is not None else [[cell.text for cell in row] for row in cells]
    return Table(html, _plain(heads, lines, caption, numeric))


def text_cell(text: str) -> Cell:
    """A cell of text; see markup.prose."""
    return Cell(prose(text), text)


def _folded(html: str, caption: str, rows: int) -> str:
    """A table behind one line that says what it is: a button for keyboards and screen readers, open on paper."""
    return element("details", f"<summary>{prose(_told(caption))} (table, {rows} rows)</summary>{html}", class_="fold")


def _told(caption: str) -> str:
    """What a table is, in one line: the first sentence of its caption."""
    return SENTENCE.split(caption, maxsplit=1)[0].rstrip(".:")


def _cell(value: Any, column: Column) -> Cell:
    if value is None:
        return Cell(EMPTY, EMPTY)
    if isinstance(value, Reported):
        where = f" <small>{escape(value.place)}</small>" if value.place else ""
        text = f"{value.value} ({value.place})" if value.place else value.value
        return Cell(f"<em>{escape(value.value)}</em>{where}", text, number=_numeric(value.value))
    if isinstance(value, Interval):
        text = _number(value.mean, column)
        varies = math.isfinite(value.half_width) and value.half_width != 0
        text += f" ± {_number(value.half_width, column)}" if varies else ""
        return Cell(text, text, number=True)
    if isinstance(value, Real) and not isinstance(value, bool):
        text = _number(value, column)
        return Cell(text, text, number=True)
    text = str(value)
    return Cell(text, text, number=True) if MEASURED.fullmatch(text) else text_cell(text)


def _number(value: Real, column: Column) -> str:
    """The number in the column's format, with a true minus sign and no negative zero."""
    if isinstance(value, int) and not column.format:
        return str(value).replace("-", "−")
    if not column.format:
        raise ValueError(f"column {column.name!r} holds numbers: give it a format, such as '.2f'")
    if math.isnan(value):
        return EMPTY
    text = format(value, column.format)
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        text = text[1:]
    return text.replace("-", "−")


def _numeric(text: str) -> bool:
    return text.lstrip("−-+<>≈~ ")[:1].isdigit()


def _head(column: Column) -> str:
    unit = f' <span class="unit">{escape(column.unit)}</span>' if column.unit else ""
    return element("th", escape(column.name) + unit, scope="col")


def _row(cells: Sequence[Cell], heads: Sequence[Column], numeric: Sequence[bool], anchor: str, words: bool) -> str:
    """A row; in a table of words each cell also carries its head, for phones, where the style stacks them.

    The table's classes tell its columns of numbers; a cell of words in one of them says so.
    """
    return element(
        "tr",
        "".join(
            element(
                "td" if k else "th",
                f"<div>{cell.html}</div>" if words else cell.html,
                {"class": "text" if numeric[k] and not (cell.number or cell.text == EMPTY) else None},
                scope=None if k else "row",
                data_head=heads[k].name if words else None,
            )
            for k, cell in enumerate(cells)
        ),
        id=anchor or None,
    )


def _plain(heads: Sequence[Column], rows: Sequence[Sequence[str]], caption: str, numeric: Sequence[bool]) -> str:
    """The table for a terminal, columns aligned."""
    lines = [[f"{head.name} ({head.unit})" if head.unit else head.name for head in heads], *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    aligned = [
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([caption, *aligned])
