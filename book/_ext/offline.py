"""Sphinx extension: takes what would be fetched from other hosts out of every page.

Jupyter Book always loads sphinx-thebe, which writes the address of its script into each page and calls it
only from a launch button. This book has no such button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

UNUSED = ("thebe",)
AFTER_ALL_OTHERS = 10_000


def drop_unused(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave out scripts and styles that belong to tools this book does not use."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not unused(file)]


def unused(file: Any) -> bool:
    """Whether a script or style file belongs to a tool this book does not use (by its name or its text)."""
    text = " ".join(
        [str(getattr(file, "filename", file)), str(getattr(file, "attributes", {}).get("body", ""))]
    )
    return any(name in text.lower() for name in UNUSED)


def setup(app: Sphinx) -> dict[str, object]:
    """Look at every page after all other extensions have."""
    app.connect("html-page-context", drop_unused, priority=AFTER_ALL_OTHERS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
