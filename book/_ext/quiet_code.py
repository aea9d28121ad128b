"""Sphinx extension: the code of a cell that is hidden at first is one quiet word, not a grey box.

MyST-NB writes an admonition, whose summary is named "Toggle hidden content" for those who cannot see it. Here what is
seen and what is heard are the same word.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from myst_nb.sphinx_ import HideCodeCellNode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def visit(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Open the fold and write its word, `nb_code_prompt_show` of the settings; the browser says whether it is open."""
    translator.body.append(f'<details class="code-mark"><summary>{escape(node["prompt_show"])}</summary>\n')


def depart(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Close the fold."""
    translator.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, object]:
    """Take the place of MyST-NB's own writer."""
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(visit, depart))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
