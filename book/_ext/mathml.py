"""Sphinx extension: equations become MathML when the book is built, so a page needs no script to show them.

math-core does the translation. This file hands it what Sphinx collected, and turns its complaints into warnings.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html import HTML5Translator

logger = logging.getLogger(__name__)
CONVERTER = LatexToMathML(fancy_error=False)


def mathml(latex: str, display: bool) -> str:
    """Translate one equation from LaTeX to MathML, with its LaTeX as alternative text.

    latex: the equation without dollar signs. display: True for an equation on a line of its own.
    Raises LatexError with the place and what is wrong there.
    """
    if not latex.strip():
        raise LatexError("nothing in it")
    text = CONVERTER.convert_with_local_state(prepare(latex), displaystyle=display)
    return text.replace("<math", f'<math alttext="{html.escape(" ".join(latex.split()))}"', 1)


def prepare(latex: str) -> str:
    r"""Lines without an environment are aligned at &, as Sphinx aligns them; numbers are Sphinx's, not the environment's.

    latex: an equation, perhaps of several lines (\\) or in a `split`, which is what Sphinx calls `aligned`.
    """
    source = re.sub(r"\\(begin|end)\{(?:align|split)\}", r"\\\1{aligned}", latex.strip())
    source = re.sub(r"\\(begin|end)\{(equation|gather)\}", r"\\\1{\2*}", source)
    if r"\\" in source and r"\begin{" not in source:
        source = rf"\begin{{aligned}}{source}\end{{aligned}}"
    return source


def rendered(node: nodes.Element, display: bool) -> str:
    """MathML of a node, or its LaTeX as code after a warning that names the equation."""
    latex = node.astext()
    try:
        return mathml(latex, display)
    except LatexError as error:
        name = f" ({node['label']})" if node.get("label") else ""
        logger.warning("equation%s: %s In: %s", name, error, " ".join(latex.split()), location=node)
        return f"<code>{html.escape(latex, quote=False)}</code>"


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
