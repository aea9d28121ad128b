"""The built pages, and a browser that reaches nothing but them."""

import sys
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from built import BOOK, HTML, PATIENCE, ROOT, Opened, built_pages
from playwright.sync_api import Browser, sync_playwright

sys.path[:0] = [str(ROOT / "workflow"), str(BOOK / "_ext")]


@pytest.fixture(scope="module", params=built_pages())
def name(request: pytest.FixtureRequest) -> str:
    """The name of a built page."""
    return request.param


@pytest.fixture(scope="module")
def soup(name: str) -> BeautifulSoup:
    """The page's elements."""
    path = HTML / f"{name}.html"
    if not path.is_file():
        pytest.skip("the book is not built: run `make book`")
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def opened(name: str, chromium: Browser) -> Iterator[Opened]:
    """The page opened as a file, with the network cut off."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    context.set_default_timeout(PATIENCE)
    result = Opened(context.new_page())
    result.page.on("request", lambda request: result.requests.append(request.url))
    result.page.on("requestfailed", lambda request: result.failures.append(request.url))
    result.page.on("pageerror", lambda error: result.errors.append(str(error)))
    result.page.on("console", lambda said: result.errors.append(said.text) if said.type == "error" else None)
    result.page.goto((HTML / f"{name}.html").as_uri(), wait_until="load")
    result.page.wait_for_timeout(200)
    yield result
    context.close()
