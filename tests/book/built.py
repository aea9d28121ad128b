"""Where the built pages are, and what a test keeps of one it opened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
BOOK = ROOT / "book"
# What opens a small page: from its folder, or (served) from a server, with a script of its own first.
OpenPage = Callable[..., Page]
PATIENCE = 120_000  # ms; a busy machine is no broken page

# What sounds, however it is made: elements that play with their volume up, buffer sources that nobody has stopped.
PROBE = """
window.sources = new Set();
const [start, stop] = [AudioBufferSourceNode.prototype.start, AudioBufferSourceNode.prototype.stop];
AudioBufferSourceNode.prototype.start = function (...a) { sources.add(this); return start.apply(this, a); };
AudioBufferSourceNode.prototype.stop = function (...a) { sources.delete(this); return stop.apply(this, a); };
const loud = (audio) => !audio.paused && !audio.muted && audio.volume > 0.01;
window.audible = () => sources.size + [...document.querySelectorAll("audio")].filter(loud).length;
"""

SMALL = """<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Small</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>{style} body {{ background: var(--look-ground); color: var(--look-ink) }}</style></head>
<body>{body}<script>{script}</script></body></html>"""


def write_small_page(folder: Path, body: str, widget: str, theme: str = "dark") -> None:
    """A page index.html with the book's style and script for one kind of figure (frame_walker ...)."""
    static = BOOK / "_static"
    style = "".join((static / name).read_text(encoding="utf-8") for name in ("player.css", f"{widget}.css"))
    script = (static / f"{widget}.js").read_text(encoding="utf-8")
    page = SMALL.format(theme=theme, style=style, body=body, script=script)
    (folder / "index.html").write_text(page, encoding="utf-8")


def is_redirect(page: Path) -> bool:
    """Whether a page only sends the reader on."""
    return 'http-equiv="refresh"' in page.read_text(encoding="utf-8").lower()


def built_pages() -> list[str]:
    """Names of the built pages (book/index, search ...); without a build, one name that is skipped."""
    pages = [page for page in sorted(HTML.rglob("*.html")) if "_static" not in page.parts]
    names = [page.relative_to(HTML).with_suffix("").as_posix() for page in pages if not is_redirect(page)]
    return names or ["book/index"]


@dataclass
class Opened:
    """A page in the browser, and what happened while it loaded."""

    page: Page
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
