"""The built pages, small pages made for a test, and a browser that reaches nothing but them."""

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from built import BOOK, HTML, PATIENCE, ROOT, Opened, OpenPage, built_pages
from listening import Open, forms, write_page
from playwright.sync_api import Browser, Page, sync_playwright

sys.path[:0] = [str(ROOT / "workflow"), str(BOOK / "_ext")]


@pytest.fixture(scope="module", params=built_pages())
def name(request: pytest.FixtureRequest) -> str:
    """The name of a built page."""
    return request.param


@pytest.fixture(scope="module")
def soup(name: str) -> BeautifulSoup:
    """The page's elements."""
    return BeautifulSoup((HTML / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small page: of listening tests, where a module has no page of its own."""
    return write_page(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The small page on a server of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(chromium: Browser, folder: Path, address: str) -> Iterator[OpenPage]:
    """Opens the small page; complaints of the page and requests to other places fail the test."""
    contexts, complaints, requests = [], [], []

    def opener(served: bool = False, script: str = "", **settings: object) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1000, "height": 900}, "offline": not served} | settings)
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda request: requests.append(request.url))
        page.add_init_script(script)
        page.goto(address if served else (folder / "index.html").as_uri())
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == []
    here = (folder.as_uri(), address.removesuffix("index.html"), "data:", "blob:")
    assert [url for url in requests if not url.startswith(here)] == []


@pytest.fixture
def visit(open_page: OpenPage) -> Open:
    """Opens the small page and gives its listening tests by name."""
    return forms(open_page)
