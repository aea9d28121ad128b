"""Equations as MathML: what browsers draw, and what a bad equation is told."""

import xml.etree.ElementTree as ET

import mathml
import pytest
from docutils import nodes


def tree(latex: str, display: bool = False) -> ET.Element:
    """The MathML of an equation, parsed."""
    return ET.fromstring(mathml.mathml(latex, display))


def test_fraction_and_index() -> None:
    """Structure and letters of x_1 / 2 are what MathML calls for."""
    fraction = tree(r"\frac{x_1}{2}").find(".//mfrac")
    assert [child.tag for child in fraction.iter()] == ["mfrac", "mrow", "msub", "mi", "mn", "mrow", "mn"]
    assert "".join(fraction.itertext()) == "x12"


def test_display_and_words() -> None:
    """An equation alone is a block, and carries its LaTeX for those who cannot see it."""
    assert tree("a", display=True).get("display") == "block"
    assert tree("a").get("display") == "inline"
    assert tree(r"a & b".replace("&", "<")).get("alttext") == "a < b"


@pytest.mark.parametrize("environment", ["aligned", "split", "align"])
def test_aligned_lines(environment: str) -> None:
    """Two aligned lines are a table of two rows of two cells, without numbers of their own."""
    latex = rf"\begin{{{environment}}} a &= b \\ c &= d \end{{{environment}}}"
    rows = tree(latex).findall(".//mtr")
    assert [len(row.findall("mtd")) for row in rows] == [2, 2]
    assert "(1)" not in "".join(tree(latex).itertext())


@pytest.mark.parametrize(
    ("latex", "letters"), [(r"\mathcal{L}", "ℒ"), (r"\mathcal{A}", "𝒜"), (r"\mathbb{R}", "ℝ"), (r"\mathbf{x}", "𝐱")]
)
def test_alphabets_are_characters(latex: str, letters: str) -> None:
    """Browsers ignore mathvariant, so lettered alphabets are characters of their own."""
    result = tree(latex)
    assert "".join(result.itertext()) == letters
    assert [e.get("mathvariant") for e in result.iter() if e.get("mathvariant")] == []


def test_function_names_stand_apart() -> None:
    """A thin space before and after a function's name, none before its bracket."""
    name = tree(r"10 \log_{10} x").find(".//msub/mo")
    assert (name.text, name.get("lspace"), name.get("rspace")) == ("log", "0.167em", "0.167em")
    assert tree(r"\ln(x)").find(".//mo").get("rspace") == "0em"


def test_signs_and_bars() -> None:
    """A minus after another operator is a sign; bars grow only between left and right."""
    assert [mo.get("form") for mo in tree("a = -b - c").iter("mo")] == [None, "prefix", None]
    assert {mo.get("stretchy") for mo in tree(r"\lVert\frac{a}{b}\rVert").iter("mo")} == {"false"}
    assert {mo.get("stretchy") for mo in tree(r"\left\|\frac{a}{b}\right\|").iter("mo")} == {"true"}


@pytest.mark.parametrize(
    ("latex", "complaint"),
    [
        (r"\frac{a", "braces"),
        (r"a}", "braces"),
        (r"\left( a", "Right"),
        (r"\unheard{a}", r"unknown command \unheard"),
        (r"a & b", "column mark"),
        (r"a_b_c", "DoubleSubscripts"),
        ("", "NoAvailableTokens"),
    ],
)
def test_bad_equations_are_refused(latex: str, complaint: str) -> None:
    """Each kind of mistake is named, not drawn."""
    with pytest.raises(mathml.EquationError, match=complaint.replace("\\", r"\\")):
        mathml.mathml(latex, False)


def test_warning_names_the_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad equation becomes a warning with its label and text, and its LaTeX on the page."""
    said = []
    monkeypatch.setattr(mathml.logger, "warning", lambda text, *values, location: said.append(text % values))
    node = nodes.math_block("", r"\nonsense{a} < b", label="energy")
    assert mathml.rendered(node, True) == r"<code>\nonsense{a} &lt; b</code>"
    assert said == [r"equation (energy) has the unknown command \nonsense: \nonsense{a} < b"]
