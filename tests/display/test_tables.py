"""Tables: what a person reads, on the page and as text."""

import pytest
from bs4 import BeautifulSoup, Tag

from paper_code.display.markup import element, prose
from paper_code.display.tables import Cell, Column, Reported, Table, of_cells, table
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.paths import ROOT

COLUMNS = ["Loss", Column("Distance", "dB", ".2f"), Column("Weights", format=",d")]
ROWS = [["Plain", interval([5.0, 5.2, 5.4]), 130848], ["*Bark*", -3.14159, None], ["Old", Reported("3", "Table 2"), 1]]


def parsed(shown: Table) -> Tag:
    return BeautifulSoup(shown.html, "html.parser")


def texts(line: Tag) -> list[str]:
    return [cell.get_text() for cell in line.find_all(["th", "td"])]


def test_a_table_has_heads_units_and_caption() -> None:
    page = parsed(table(COLUMNS, ROWS, "Means of `five` seeds."))
    assert page.caption.get_text() == "Means of five seeds."
    assert [head["scope"] for head in page.select("thead th")] == ["col"] * 3
    assert texts(page.thead) == ["Loss", "Distance dB", "Weights"]
    assert [head["scope"] for head in page.select("tbody th")] == ["row"] * 3
    assert page.div["class"] == ["table-scroll"]
    assert page.div["tabindex"] == "0"


def test_numbers_follow_their_formats() -> None:
    rows = parsed(table(COLUMNS, ROWS, "c")).select("tbody tr")
    # Student's t for three values: 4.3027 standard errors of 0.2 / sqrt(3).
    assert texts(rows[0]) == ["Plain", "5.20 ± 0.50", "130,848"]
    assert texts(rows[1]) == ["Bark", "−3.14", "–"]
    assert texts(rows[2]) == ["Old", "3 Table 2", "1"]
    assert rows[2].td.em.get_text() == "3"


def test_numbers_stand_right_and_text_left() -> None:
    """A class of the table tells its columns of numbers, as far as the style sheet knows; words in one say so."""
    shown = parsed(table(COLUMNS, ROWS, "c")).table
    assert [name for name in shown["class"] if name[0] == "n"] == ["n2", "n3"]
    assert shown.find_all(class_="text") == []
    mixed = parsed(table(COLUMNS, [["a", 1.0, 2], ["b", "none yet", None]], "c"))
    assert [cell.get_text() for cell in mixed.find_all(class_="text")] == ["none yet"]
    style = (ROOT / "book" / "_static" / "player.css").read_text(encoding="utf-8")
    assert all(f".n{k} tr > :nth-child({k})" in style for k in range(1, 15))
    assert ".n15" not in style


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (-0.001, ".2f", "0.00"),
        (-0.001, ".1e", "−1.0e−03"),
        (float("nan"), ".2f", "–"),
        (True, "", "True"),
        (7, "", "7"),
        (-7, "", "−7"),
        (Interval(2.0, float("nan"), 1), ".1f", "2.0"),
        (0.1234, ".1%", "12.3%"),
    ],
)
def test_single_values(value: object, form: str, expected: str) -> None:
    assert texts(parsed(table(["a", Column("b", format=form)], [["x", value]], "c")).tbody)[1] == expected


def test_plain_text_is_aligned() -> None:
    assert repr(table(COLUMNS[:2], [["Plain", 10.0], ["A longer name", -3.14159]], "Caption")).splitlines() == [
        "Caption",
        "Loss           Distance (dB)",
        "Plain                  10.00",
        "A longer name          −3.14",
    ]


def test_wrong_rows_and_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="row 2 has 1 values for 2 columns"):
        table(["a", "b"], [["x", "y"], ["x"]], "c")
    with pytest.raises(ValueError, match="column 'b' holds numbers: give it a format"):
        table(["a", "b"], [["x", 0.5]], "c")


def test_tables_of_words_may_become_cards_on_a_phone() -> None:
    names = ["here", "there", "why", "licence"]
    assert "words" in parsed(table(names, [["a", "b", "c", "d"]], "c")).table["class"]
    assert "words" not in parsed(table(COLUMNS, ROWS, "c")).table["class"]
    cells = parsed(table(names, [["a", "b", "c", "d"]], "c")).tbody.find_all(["th", "td"])
    assert [cell["data-head"] for cell in cells] == names


def test_rows_can_be_linked_to_and_told_at_length() -> None:
    shown = of_cells(
        [Column("a")], [[Cell("<b>x</b>", "x")], [Cell("y", "y")]], "c", anchors=["one", ""], lines=[["x"], ["  more"]]
    )
    lines = parsed(shown).select("tbody tr")
    assert [line.get("id") for line in lines] == ["one", None]
    assert repr(shown).splitlines() == ["c", "a", "x", "  more"]


def test_a_long_table_lies_in_a_fold_that_says_what_it_is() -> None:
    rows = [[str(k), float(k), k] for k in range(11)]
    fold = BeautifulSoup(table(COLUMNS, rows, "What came out: means. Lower is *better*.").html, "html.parser").details
    assert fold.summary.get_text() == "What came out: means (table, 11 rows)"
    assert not fold.has_attr("open")
    assert len(fold.select("tbody tr")) == 11
    assert fold.caption.get_text() == "What came out: means. Lower is better."
    assert "<details" not in table(COLUMNS, rows[:10], "Short.").html
    assert table(COLUMNS, rows, "c").text.count("\n") == 12  # the plain text is whole


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("run `make <x>`", "run <code>make &lt;x&gt;</code>"),
        ("*so* it is", "<em>so</em> it is"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("see [here](a.html#b)", 'see <a href="a.html#b">here</a>'),
    ],
)
def test_prose(text: str, html: str) -> None:
    assert prose(text) == html


def test_elements_escape_their_attributes() -> None:
    assert element("img", alt='a "b" <c>', hidden=True, title=None) == '<img alt="a &quot;b&quot; &lt;c&gt;" hidden>'
    assert element("p", "x", class_="a", data_own="1") == '<p class="a" data-own="1">x</p>'
