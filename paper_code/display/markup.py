"""What the displayables share: HTML for a notebook, plain text for everything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

# An output that holds this word serves live notebooks only; the built book has its own copy and drops it.
LIVE_ONLY = "data-live-only"

_PROSE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"(?<!\w)\*(\S(?:[^*]*\S)?)\*(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)"), r'<a href="\2">\1</a>'),
)


@dataclass(frozen=True)
class Shown:
    """A cell's output. html: what a notebook shows.   text: the same on one machine as on another."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def element(
    tag: str, content: str = "", attributes: Mapping[str, str | bool | None] | None = None, **more: str | bool | None
) -> str:
    """One HTML element; content is HTML, attribute values are text. None and False leave an attribute out."""
    given = {
        **(attributes or {}),
        **{name.rstrip("_").replace("_", "-"): value for name, value in more.items()},
    }
    written = "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in given.items()
        if value is not None and value is not False
    )
    return f"<{tag}{written}>" if tag in ("img", "input", "source") else f"<{tag}{written}>{content}</{tag}>"


def prose(text: str) -> str:
    """Plain text as HTML; `code`, *emphasis* and [links](address) become what they say."""
    html = escape(text)
    for pattern, replacement in _PROSE:
        html = pattern.sub(replacement, html)
    return html
