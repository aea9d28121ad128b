"""Sphinx extension: sound and pictures in cell outputs become files of the built page, figures a part of it.

Players name their sounds relative to the notebook (`src="sounds/<hash>.flac"`), where the builder does not look;
figures and IPython's Audio hold theirs inside the HTML, as data: addresses. Both end up in `_media/`, under the hash
of their content, and the page names them there. Pictures are loaded when they come into view. A sound that is not
there is a warning that names page and file. Outputs for live notebooks only are dropped: the book has its own script.

The panels of figures (paper_code/display/figures.py) become elements of the page, so that its style sheet reaches their
ink, and what the figures with sliders hold (levels, gains, samples) an attribute again. A third of a page would be these
two; so they lie in a script beside the page, which puts them in their places. Where no script runs, the panels are
pictures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from docutils import nodes
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "_media"
LIVE_ONLY = "data-live-only"  # as in paper_code/display/markup.py
EXTENSIONS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/webm": "webm",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
# A tag, whatever stands in its quoted values; and in it, an attribute that names a file.
TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
ATTRIBUTE = re.compile(r"""(?P<start>\s(?:[\w-]*src(?:set)?|href|poster)\s*=\s*)(?:"(?P<d>[^"]*)"|'(?P<s>[^']*)')""")
SOUND = re.compile(r"(?:\.{1,2}/)*sounds/[^?#]+")
DATA = re.compile(
    r"data:(?P<mime>(?:audio|image)/[\w.+-]+)(?P<options>(?:;[\w=.-]+)*?)(?P<base64>;base64)?,(?P<content>.*)", re.S
)

PANEL = re.compile(r'<img class="(figure-panel|figure-key)" src="data:image/svg\+xml;base64,([^"]*)"')
CONTENT = re.compile(r'\sdata-(frames|content)="([^"]*)"')
PARTS = """((parts) => {
  for (const [name, part] of Object.entries(parts))
    for (const place of document.querySelectorAll(`[data-part="${name}"]`))
      if (place.tagName === "IMG") place.outerHTML = part;
      else place.dataset[place.dataset.partOf] = part;
})(%s);
"""

logger = logging.getLogger(__name__)


def externalise(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Move the media of a page's raw HTML into files (event doctree-resolved)."""
    if app.builder.format != "html":
        return
    page = Page(app, docname)
    for node in list(doctree.findall(nodes.raw)):
        if "html" not in node.get("format", "").split():
            continue
        if LIVE_ONLY in node.astext():
            node.parent.remove(node)
        elif (text := rewrite(node.astext(), page.address, page.part)) != node.astext():
            node.parent.replace(node, nodes.raw("", text, **node.attributes))
    if page.parts:
        doctree.append(nodes.raw("", page.script(), format="html"))


def rewrite(html: str, address: Callable[[str], str | None], part: Callable[[str], str]) -> str:
    """The HTML with other addresses, lazy pictures, and without what its script brings.

    address: gives the new address of what a tag names, or None to leave it.   part: keeps a part, gives its name.
    """

    def attribute(match: re.Match[str]) -> str:
        old = match["d"] if match["d"] is not None else match["s"]
        new = address(unescape(old))
        return match[0] if new is None else f'{match["start"]}"{escape(new)}"'

    def tag(match: re.Match[str]) -> str:
        text = match[0]
        if panel := PANEL.match(text):
            text = re.sub(r'\s(alt="[^"]*"|style="[^"]*")', "", text).replace(
                "<img", '<img alt=""'
            )  # the figure has a label
            text = f'<img data-part="{part(rewrite(_inline(*panel.groups()), address, part))}"{text[4:]}'
        text = CONTENT.sub(lambda held: f' data-part-of="{held[1]}" data-part="{part(unescape(held[2]))}"', text)
        text = ATTRIBUTE.sub(attribute, text)
        if re.match(r"<img\s", text, re.I) and not re.search(r"\sloading\s*=", text, re.I):
            text = f'{text[:4]} loading="lazy"{text[4:]}'
        return text

    return TAG.sub(tag, html)


def _inline(kind: str, content: str) -> str:
    """A panel's SVG as an element of the page. What it shows is told by the figure's label."""
    text = base64.b64decode(re.sub(r"\s", "", content), validate=True).decode()
    return text.replace("<svg ", f'<svg class="{kind}" aria-hidden="true" ', 1)


class Page:
    """A page being written: where its sounds lie, what its files are called, and the parts its script brings."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.docname = docname
        self.source = Path(app.env.doc2path(docname)).parent
        self.target = app.builder.get_target_uri(docname)
        self.media = Path(app.outdir) / FOLDER
        self.parts: dict[str, str] = {}

    def address(self, old: str) -> str | None:
        """The address of a file in _media/ with what `old` names or holds; None for everything else."""
        if data := DATA.fullmatch(old):
            return self._embedded(data)
        return self._sound(old) if SOUND.fullmatch(old) else None

    def part(self, content: str) -> str:
        """Keep a part for the script; its name."""
        name = _name(content.encode())
        self.parts[name] = content
        return name

    def script(self) -> str:
        """The element that loads the parts; it stands behind their places, and runs before the page is shown."""
        content = PARTS % json.dumps(self.parts, ensure_ascii=False)
        return f'<script src="{self._store(content.encode(), "js")}"></script>'

    def _sound(self, old: str) -> str | None:
        path = self.source / unquote(old)
        if not path.is_file():
            self._warn(f"there is no file {path}: execute the notebook, whose players write it", "missing")
            return None
        return self._store(path.read_bytes(), path.suffix.lstrip("."))

    def _embedded(self, data: re.Match[str]) -> str | None:
        extension = EXTENSIONS.get(data["mime"].lower())
        if extension is None:
            self._warn(f"data of the type {data['mime']} stays in the page; wanted {', '.join(EXTENSIONS)}", "type")
            return None
        try:
            # Notebooks break long lines of base64; white space in it means nothing.
            text = re.sub(r"\s", "", unquote(data["content"])) if data["base64"] else ""
            content = base64.b64decode(text, validate=True) if data["base64"] else unquote_to_bytes(data["content"])
        except binascii.Error as error:
            self._warn(f"{data['mime']} is not whole base64 ({error}) and stays in the page", "broken")
            return None
        return self._store(content, extension)

    def _store(self, content: bytes, extension: str) -> str:
        name = f"{_name(content)}.{extension}"
        path = self.media / name
        if not path.exists():
            self.media.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.media, delete=False) as file:
                file.write(content)
            Path(file.name).chmod(0o644)
            os.replace(file.name, path)
        return relative_uri(self.target, f"{FOLDER}/{name}")

    def _warn(self, message: str, kind: str) -> None:
        logger.warning(message, location=self.docname, type="embedded_media", subtype=kind)


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; after the choice of each output's form, which happens in post-transforms."""
    app.connect("doctree-resolved", externalise, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
