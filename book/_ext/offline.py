"""Sphinx extension: takes what would be fetched from other hosts out of every page.

Jupyter Book always loads sphinx-thebe, which writes the address of its script into each page and calls it
only from a launch button. This book has no such button. The theme asks for its fonts ahead of its style in a way
that browsers refuse, with an error, for pages opened from a folder; the style asks for the same fonts anyway.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

UNUSED = ("thebe",)
AFTER_ALL_OTHERS = 10_000
FONT_AHEAD = re.compile(r'<link rel="preload" as="font"[^>]*>\s*')


def drop_unused(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave out scripts and styles that belong to tools this book does not use."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not unused(file)]


def unused(file: Any) -> bool:
    """Whether a script or style file belongs to a tool this book does not use (by its name or its text)."""
    text = " ".join([str(getattr(file, "filename", file)), str(getattr(file, "attributes", {}).get("body", ""))])
    return any(name in text.lower() for name in UNUSED)


def drop_fonts_ahead(app: Sphinx, error: Exception | None) -> None:
    """Take the early requests for fonts out of the written pages."""
    if error is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            if FONT_AHEAD.search(text):
                page.write_text(FONT_AHEAD.sub("", text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, object]:
    """Look at every page after all other extensions have."""
    app.connect("html-page-context", drop_unused, priority=AFTER_ALL_OTHERS)
    app.connect("build-finished", drop_fonts_ahead)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
