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
