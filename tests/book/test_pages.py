"""The built pages: complete, small, legible, playing, and in need of nothing from elsewhere."""

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup
from built import BOOK, HTML, PATIENCE, Opened, is_redirect
from playwright.sync_api import Browser

from paper_code.chapters import CHAPTERS

pytestmark = pytest.mark.site
MOST_BYTES = 310_000
FOREIGN = re.compile(r"^(https?:)?//")
TOOLS_FROM_ELSEWHERE = ("unpkg.com", "jsdelivr", "cdnjs", "requirejs", "mathjax@", "googleapis")
PARTS = {"script": "src", "link": "href", "img": "src", "audio": "src", "source": "src", "iframe": "src"}

CONTRASTS = """() => {
  const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parse = s => (s.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const over = (a, b) => { const k = a[3] ?? 1; return [0, 1, 2].map(i => a[i] * k + b[i] * (1 - k)); };
  const ground = e => {
    const c = parse(getComputedStyle(e).backgroundColor);
    if ((c[3] ?? 1) === 1) return c;
    return over(c, e.parentElement ? ground(e.parentElement) : [255, 255, 255]);
  };
  const poor = [];
  const wanted = "h1, h2, h3, p, li, td, th, caption, figcaption, summary, dd, small, a, label, .verdict";
  for (const e of document.querySelectorAll(`article :is(${wanted}), .bd-sidebar-primary a`)) {
    const own = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim()).map(n => n.data.trim()).join(" ");
    const style = getComputedStyle(e);
    if (!own || !e.getClientRects().length || style.visibility === "hidden" || e.closest(":disabled")) continue;
    if (e.classList.contains("headerlink")) continue;
    const back = ground(e), ink = over(parse(style.color), back);
    const [high, low] = [light(ink), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize), heavy = parseInt(style.fontWeight) >= 700;
    if (ratio < (size >= 24 || (heavy && size >= 18.66) ? 3 : 4.5)) {
      poor.push(`${own.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
  }
  return poor;
}"""


def main_text(soup: BeautifulSoup) -> str:
    """What stands in the page's article."""
    return (soup.find("article") or soup.find(class_="bd-article-container") or soup.main).get_text(" ", strip=True)


def local_targets(soup: BeautifulSoup) -> set[str]:
    """Every address inside the site that the page names."""
    found = {e[name] for e in soup.find_all() for name in ("src", "href", "poster") if e.get(name)}
    for element in soup.find_all(attrs={"srcset": True}):
        if not element["srcset"].startswith("data:"):
            found |= {part.split()[0] for part in element["srcset"].split(",")}
    return {target for target in found if not re.match(r"^(\w+:|//)", target)}


def test_page_is_whole(name: str, soup: BeautifulSoup) -> None:
    """One heading, a language, a title, a viewport for phones, and text."""
    assert len(soup.find_all("h1")) - len(soup.select("#jb-print-docs-body h1")) == 1
    assert soup.html["lang"] == "en"
    assert soup.title.get_text(strip=True)
    assert soup.find("meta", attrs={"name": "viewport"})
    assert len(main_text(soup)) > (200 if name.startswith("book/") else 5)


def test_page_is_small(name: str, soup: BeautifulSoup) -> None:
    """At most 310 kB, and no sound inside it."""
    text = (HTML / f"{name}.html").read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    assert "data:audio" not in text


def test_nothing_comes_from_elsewhere(name: str, soup: BeautifulSoup) -> None:
    """Scripts, styles, pictures and sounds are the site's own; other hosts stand in links only."""
    for tag, attribute in PARTS.items():
        foreign = [e[attribute] for e in soup.find_all(tag) if FOREIGN.match(e.get(attribute) or "")]
        assert not foreign
    text = (HTML / f"{name}.html").read_text(encoding="utf-8").lower()
    assert [tool for tool in TOOLS_FROM_ELSEWHERE if tool in text] == []


def test_links_lead_somewhere(name: str, soup: BeautifulSoup) -> None:
    """Every file and every place on a page that is named exists."""
    here, broken = HTML / f"{name}.html", []
    for target in local_targets(soup):
        path, fragment = urldefrag(unquote(target))
        file = (here.parent / path.partition("?")[0]) if path else here
        if not file.is_file():
            broken.append(target)
        elif fragment and file.suffix == ".html":
            page = soup if file == here else BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
            if not page.find(id=fragment):
                broken.append(target)
    assert broken == []


def test_pictures_have_words(name: str, soup: BeautifulSoup) -> None:
    """Every picture has alternative text (but the logo beside its name), every figure a caption, sounds names."""
    pictures = soup.select("img:not(.logo__image):not(.figure-panels > img), .figure-panels")
    assert [str(e)[:80] for e in pictures if not (e.get("alt") or e.get("aria-label") or "").strip()] == []
    assert {e["role"] for e in soup.select(".figure-panels")} <= {"img"}
    assert [str(f)[:80] for f in soup.select("article figure") if not f.find("figcaption")] == []
    assert [a["src"] for a in soup.find_all("audio") if not (a.get("aria-label") or a.get("title"))] == []


def test_equations_are_drawn(name: str, soup: BeautifulSoup) -> None:
    """No equation is left as LaTeX."""
    assert [e.get_text()[:60] for e in soup.select(".math") if not e.find("math")] == []


def test_page_opens_alone(name: str, opened: Opened) -> None:
    """Opened as a file with the network off: nothing asked of other hosts, nothing missing, no error."""
    own = (HTML.as_uri(), "data:", "blob:")
    assert [url for url in opened.requests if not url.startswith(own)] == []
    assert opened.failures == []
    assert opened.errors == []


def test_sounds_play(name: str, opened: Opened) -> None:
    """Every sound of the page can be decoded, and the first one plays."""
    sounds = opened.page.evaluate("[...new Set([...document.querySelectorAll('audio')].map(a => a.src))]")
    lengths = opened.page.evaluate(
        """sounds => Promise.all(sounds.map(source => new Promise(done => {
             const sound = new Audio();
             sound.onloadedmetadata = () => done(sound.duration);
             sound.onerror = () => done(0);
             sound.preload = "metadata";
             sound.src = source;
           })))""",
        sounds,
    )
    assert [source for source, seconds in zip(sounds, lengths, strict=True) if not seconds > 0] == []
    if sounds:
        reached = opened.page.evaluate(
            """async source => {
                 const sound = new Audio(source);
                 await sound.play();
                 for (let i = 0; i < 100 && sound.currentTime < 0.05; i++) await new Promise(r => setTimeout(r, 50));
                 sound.pause();
                 return sound.currentTime;
               }""",
            sounds[0],
        )
        assert reached >= 0.05


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_is_legible(name: str, opened: Opened, mode: str) -> None:
    """Text against its ground: a contrast of 4.5, or 3 for large text (WCAG 2.1, AA), in both modes."""
    opened.page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
    opened.page.wait_for_timeout(400)  # colours fade over
    assert opened.page.evaluate(CONTRASTS) == []


def test_mode_can_be_changed(name: str, opened: Opened) -> None:
    """The switch goes through light and dark, and the text of figures has the ink of the page in both."""
    page, seen = opened.page, set()
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").first.click()
        page.wait_for_timeout(400)  # colours fade over
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
        inks = page.evaluate("""() => [...document.querySelectorAll(".figure-panels")].map(figure =>
            [figure.nextSibling, ...figure.querySelectorAll("text")].map((e, k) =>
                getComputedStyle(e)[k ? "fill" : "color"]))""")
        assert [figure for figure in inks if len(set(figure)) != 1] == []
    assert seen == {"light", "dark"}


@pytest.mark.browser
def test_figures_are_part_of_the_page(name: str, opened: Opened) -> None:
    """The script put every panel in its place; no picture is left that the page's style cannot reach."""
    count = "selector => document.querySelectorAll(selector).length"
    assert opened.page.evaluate(count, ".figure-panels > img") == 0
    assert opened.page.evaluate(count, ".figure-panels:not(:has(> svg.figure-panel))") == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_text_of_figures_is_large_enough(name: str, opened: Opened, width: int) -> None:
    """At least 8 points, as displayed."""
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.wait_for_timeout(200)
    points = opened.page.evaluate("""() => [...document.querySelectorAll(".figure-panels text")].map(text => {
        const place = text.getScreenCTM();
        return 0.75 * parseFloat(getComputedStyle(text).fontSize) * Math.hypot(place.a, place.b);
    })""")
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    assert min(points, default=8) >= 8


@pytest.mark.browser
def test_long_tables_unfold(name: str, opened: Opened) -> None:
    """A fold says what it holds, opens by key, and paper shows all of it."""
    page, folds = opened.page, opened.page.locator("article details.fold")
    for k in range(folds.count()):
        table = folds.nth(k).locator("table")
        assert not table.is_visible()
        page.emulate_media(media="print")
        assert table.is_visible()
        page.emulate_media(media="screen")
    if folds.count():
        folds.first.locator("summary").focus()
        page.keyboard.press("Enter")
        assert folds.first.locator("table").is_visible()
        page.keyboard.press("Enter")
        assert not folds.first.locator("table").is_visible()


@pytest.mark.browser
def test_code_is_one_quiet_word(name: str, opened: Opened) -> None:
    """Seen and heard it has the same name; a key opens it, and who uses keys sees where they are."""
    marks = opened.page.locator("article details.code-mark > summary")
    assert opened.page.locator("article details.hide").count() == 0
    assert set(marks.all_inner_texts()) <= {"Code"}
    assert marks.evaluate_all("marks => marks.filter(m => m.hasAttribute('aria-label')).length") == 0
    if marks.count():
        mark = marks.first
        mark.focus()
        opened.page.keyboard.press("Enter")
        assert mark.locator("xpath=..").locator("pre").first.is_visible()
        assert mark.evaluate("m => getComputedStyle(m).outlineStyle") == "solid"
        opened.page.keyboard.press("Enter")


def test_page_fits_a_phone(name: str, opened: Opened) -> None:
    """At 360 points wide nothing sticks out sideways."""
    opened.page.set_viewport_size({"width": 360, "height": 740})
    opened.page.wait_for_timeout(200)
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    assert width <= 360


def test_search_finds_a_page(chromium: Browser) -> None:
    """The search works in pages opened from a folder."""
    context = chromium.new_context(offline=True)
    context.set_default_timeout(PATIENCE)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{(HTML / 'search.html').as_uri()}?q=provenance")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() >= 1
    assert errors == []
    context.close()


def test_every_chapter_has_its_page_and_card() -> None:
    """The landing page leads to every chapter, and the site's own first page to the landing page."""
    soup = BeautifulSoup((HTML / "book" / "index.html").read_text(encoding="utf-8"), "html.parser")
    cards = {a["href"] for a in soup.select(".sd-card a[href]")}
    assert {f"{chapter}.html" for chapter in CHAPTERS} <= cards
    assert is_redirect(HTML / "index.html")
    assert "url=book/index.html" in (HTML / "index.html").read_text(encoding="utf-8")


def test_every_source_became_a_page() -> None:
    """No notebook or text of the book is left out of the table of contents."""
    sources = {path.stem for path in BOOK.iterdir() if path.suffix in (".md", ".ipynb")}
    assert sources == {path.stem for path in Path(HTML / "book").glob("*.html")}
