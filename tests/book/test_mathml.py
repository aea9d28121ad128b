"""Equations as MathML: what our glue adds to the package, and what a bad equation is told."""

import xml.etree.ElementTree as ET

import mathml
import pytest
from docutils import nodes
from math_core import LatexError


def tree(latex: str, display: bool = False) -> ET.Element:
    """The MathML of an equation, parsed."""
    return ET.fromstring(mathml.mathml(latex, display).replace("&ApplyFunction;", ""))


def test_fraction_and_index() -> None:
    """Structure and letters of x_1 / 2 are what MathML calls for."""
    fraction = tree(r"\frac{x_1}{2}").find(".//mfrac")
    assert [child.tag for child in fraction] == ["msub", "mn"]
    assert "".join(fraction.itertext()) == "x12"


def test_display_and_words() -> None:
    """An equation alone is a block, and carries its LaTeX for those who cannot see it."""
    assert tree("a", display=True).get("display") == "block"
    assert tree("a").get("display") in (None, "inline")
    assert tree('a < "b"').get("alttext") == 'a < "b"'


@pytest.mark.parametrize("environment", ["aligned", "split", "align", "align*"])
def test_aligned_lines(environment: str) -> None:
    """Two aligned lines are a table of two rows, without numbers of their own; so are lines without an environment."""
    latex = rf"\begin{{{environment}}} a &= b \\ c &= d \end{{{environment}}}"
    for source in (latex, r"a &= b \\ c &= d"):
        rows = tree(source).findall(".//mtr")
        assert ["".join(row.itertext()) for row in rows] == ["a=b", "c=d"]


@pytest.mark.parametrize("environment", ["equation", "gather"])
def test_numbers_are_those_of_the_page(environment: str) -> None:
    """An environment that LaTeX would number is not: two on a page would both be (1)."""
    assert "".join(tree(rf"\begin{{{environment}}} a \end{{{environment}}}").itertext()) == "a"


@pytest.mark.parametrize(
    ("latex", "letters"), [(r"\mathcal{L}", "ℒ"), (r"\mathcal{A}", "𝒜"), (r"\mathbb{R}", "ℝ"), (r"\mathbf{x}", "𝐱")]
)
def test_alphabets_are_characters(latex: str, letters: str) -> None:
    """Browsers ignore mathvariant, so lettered alphabets are characters of their own."""
    result = tree(latex)
    assert "".join(result.itertext()).rstrip("\ufe00\ufe01") == letters  # a selector of the script's style may follow
    assert [e.get("mathvariant") for e in result.iter() if e.get("mathvariant")] == []


def test_signs_and_bars() -> None:
    """A minus after another operator is a sign without space; bars grow only between left and right."""
    equals, sign, difference = tree("a = -b - c").iter("mo")
    assert (equals.text, sign.text, difference.text) == ("=", "−", "−")
    assert (sign.get("lspace"), sign.get("rspace"), difference.get("lspace")) == ("0", "0", None)
    assert {mo.get("stretchy") for mo in tree(r"\lVert\frac{a}{b}\rVert").iter("mo")} == {"false"}
    assert {mo.get("stretchy", "true") for mo in tree(r"\left\|\frac{a}{b}\right\|").iter("mo")} == {"true"}


@pytest.mark.parametrize(
    ("latex", "complaint"),
    [
        (r"\frac{a", "end of input"),
        (r"a}", "Unmatched"),
        (r"\left( a", "right"),
        (r"\unheard{a}", r'Unknown command "\unheard"'),
        (r"a & b", "table-like"),
        (r"a_b_c", "Duplicate subscript"),
        (r"\begin{nowhere} a \end{nowhere}", "Unknown environment"),
        ("  ", "nothing in it"),
    ],
)
def test_bad_equations_are_refused(latex: str, complaint: str) -> None:
    """Each kind of mistake is named, not drawn."""
    with pytest.raises(LatexError, match=complaint.replace("\\", r"\\")):
        mathml.mathml(latex, False)


def test_warning_names_the_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad equation becomes a warning with its label and text, and its LaTeX on the page."""
    said = []
    monkeypatch.setattr(mathml.logger, "warning", lambda text, *values, location: said.append(text % values))
    node = nodes.math_block("", r"\nonsense{a} < b", label="energy")
    assert mathml.rendered(node, True) == r"<code>\nonsense{a} &lt; b</code>"
    assert said == [r'equation (energy): 0: Unknown command "\nonsense". In: \nonsense{a} < b']
