"""Sphinx extension: equations become MathML when the book is built, so a page needs no script to show them.

latex2mathml does the translation. What it lets through but browsers do not draw (unknown commands, stray
braces, alphabets given as attributes) is refused or mended here: a bad equation is a warning, not a surprise.
"""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from docutils import nodes
from latex2mathml.converter import convert
from latex2mathml.exceptions import (
    DenominatorNotFoundError,
    DoubleSubscriptsError,
    DoubleSuperscriptsError,
    ExtraLeftOrMissingRightError,
    InvalidAlignmentError,
    InvalidStyleForGenfracError,
    InvalidWidthError,
    LimitsMustFollowMathOperatorError,
    MissingEndError,
    MissingSuperScriptOrSubscriptError,
    NoAvailableTokensError,
    NumeratorNotFoundError,
)
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html import HTML5Translator

logger = logging.getLogger(__name__)

TRANSLATION_ERRORS = (
    DenominatorNotFoundError,
    DoubleSubscriptsError,
    DoubleSuperscriptsError,
    ExtraLeftOrMissingRightError,
    InvalidAlignmentError,
    InvalidStyleForGenfracError,
    InvalidWidthError,
    LimitsMustFollowMathOperatorError,
    MissingEndError,
    MissingSuperScriptOrSubscriptError,
    NoAvailableTokensError,
    NumeratorNotFoundError,
)

# First code points of the upper and lower case letters of each alphabet; browsers ignore the attribute.
ALPHABETS = {
    "script": (0x1D49C, 0x1D4B6),
    "fraktur": (0x1D504, 0x1D51E),
    "double-struck": (0x1D538, 0x1D552),
    "bold": (0x1D400, 0x1D41A),
}
# Letters that Unicode had before it got the alphabets; their places there are empty.
EXCEPTIONS = {
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
    "bold": {},
}
BARS = ("‖", "∥", "|", "∣")  # as tall as a line of text unless \\left and \\right ask for more
SIGNS, CLOSING = ("−", "+", "±"), (")", "]", "⟩", "‖", "|", "!")
THIN_SPACE = "0.167em"


class EquationError(ValueError):
    """An equation that cannot be shown as MathML."""


def mathml(latex: str, display: bool) -> str:
    """Translate one equation from LaTeX to MathML.

    latex: the equation without dollar signs. display: True for an equation on a line of its own.
    Raises EquationError with what is wrong in it.
    """
    source = prepare(latex)
    try:
        text = convert(source, display="block" if display else "inline")
    except TRANSLATION_ERRORS as error:
        raise EquationError(type(error).__name__.removesuffix("Error")) from error
    try:
        tree = ET.fromstring(re.sub(r'\sxmlns="[^"]*"', "", text))
    except ET.ParseError as error:
        raise EquationError("a column mark (&) outside an aligned block") from error
    check(tree)
    mend(tree)
    tree.set("alttext", latex.strip())
    return ET.tostring(tree, encoding="unicode")


def prepare(latex: str) -> str:
    """Replace environments that latex2mathml lacks; raise EquationError for braces that do not pair."""
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", latex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise EquationError("braces that do not pair")
    source = re.sub(r"\\(begin|end)\{(?:aligned|split|gathered|align)\}", r"\\\1{align*}", latex.strip())
    if r"\\" in source and r"\begin{" not in source:
        source = rf"\begin{{align*}}{source}\end{{align*}}"
    return source


def check(tree: ET.Element) -> None:
    """Raise EquationError where a command was not understood."""
    for element in tree.iter():
        text = (element.text or "").strip()
        if text.startswith("\\"):
            raise EquationError(f"the unknown command {text}")
        if element.tag == "mo" and not text and not len(element):
            raise EquationError("a command whose argument was not understood (perhaps \\operatorname*)")


def mend(tree: ET.Element) -> None:
    """Put letters, spaces and function names the way browsers draw them (in place)."""
    for element in tree.iter():
        variant = element.get("mathvariant", "")
        if variant in ALPHABETS and element.text:
            element.text = "".join(letter(character, variant) for character in element.text)
            del element.attrib["mathvariant"]
        if element.get("width", "").startswith("negative"):
            element.set("width", f"-{THIN_SPACE}")
        if element.tag == "mi" and element.text in ("⟨", "⟩"):
            element.tag = "mo"
            element.set("stretchy", "false")
        if element.tag == "mo" and element.text in BARS and not element.get("stretchy"):
            element.set("stretchy", "false")
    for parent in tree.iter():
        children = list(parent)
        for before, child in itertools.pairwise(children):
            if child.tag == "mo" and child.text in SIGNS and before.tag == "mo" and before.text not in CLOSING:
                child.set("form", "prefix")  # a sign, not a difference: no space around it
        for child, following in itertools.zip_longest(children, children[1:]):
            name = function_name(child)
            if name is not None:
                name.tag = "mo"
                name.set("lspace", THIN_SPACE)
                name.set("rspace", "0em" if opens(following) else THIN_SPACE)


def letter(character: str, variant: str) -> str:
    """The character of an alphabet that stands for an ASCII letter; other characters stay."""
    upper, lower = ALPHABETS[variant]
    if character in EXCEPTIONS[variant]:
        return EXCEPTIONS[variant][character]
    if "A" <= character <= "Z":
        return chr(upper + ord(character) - ord("A"))
    if "a" <= character <= "z":
        return chr(lower + ord(character) - ord("a"))
    return character


def function_name(element: ET.Element) -> ET.Element | None:
    """The element that holds a function's name (log, asinh), bare or with an index, or None."""
    if element.tag in ("msub", "msup", "msubsup", "munder") and len(element):
        element = element[0]
    text = (element.text or "").strip()
    if element.tag in ("mi", "mo") and len(text) > 1 and text.isascii() and text.isalpha():
        return element
    return None


def opens(element: ET.Element | None) -> bool:
    """Whether an element is an opening bracket, or a row that begins with one."""
    if element is None:
        return False
    if element.tag == "mrow" and len(element):
        return opens(element[0])
    return element.tag == "mo" and (element.text or "").strip() in ("(", "[", "|", "‖")


def rendered(node: nodes.Element, display: bool) -> str:
    """MathML of a node, or its LaTeX as code after a warning that names the equation."""
    latex = node.astext()
    try:
        return mathml(latex, display)
    except EquationError as error:
        name = f" ({node['label']})" if node.get("label") else ""
        logger.warning("equation%s has %s: %s", name, error, " ".join(latex.split()), location=node)
        return f"<code>{latex.replace('&', '&amp;').replace('<', '&lt;')}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write an equation that stands in a line of text."""
    translator.body.append(f'<span class="math notranslate nohighlight">{rendered(node, False)}</span>')
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write an equation that stands alone, with its number and link when it has a label."""
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(rendered(node, True) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer under the name "mathml"; `html_math_renderer: mathml` chooses it."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
