"""The Sphinx extension, on a small book with two pages in two folders."""

import base64
import html
import io
import json
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup, Tag
from IPython.display import Audio
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import embedded_media  # noqa: E402

SOUND = b"fLaC, or so"
PNG = base64.b64encode(b"\x89PNG, or so").decode()
SVG = base64.b64encode(b"<svg xmlns='x'/>").decode()
PICTURE = "data:image/webp;base64," + base64.b64encode(b"RIFF, or so").decode()
PANEL = f'<svg xmlns="x" width="9"><text fill="#1f2328">a &lt; b</text><image href="{PICTURE}"/></svg>'
FRAMES = '{"a": "<b> & c"}'
HELD = '{"d": [1, 2]}'
AUDIO = Audio(np.sin(np.arange(800)), rate=8000)
LOOKS_LIKE_ONE = """<p title="src='sounds/no.flac'">src="sounds/no.flac"</p>"""
OUTPUTS = [
    f'<figure><audio controls src="sounds/a%20b.flac" aria-label="x > y"></audio>{LOOKS_LIKE_ONE}</figure>',
    "<div data-src='sounds/a%20b.flac' data-label='d'></div>",
    f'<img class="light" alt="a > b" src="data:image/png;base64,{PNG[:8]}\n{PNG[8:]}">'
    f'<img loading="eager" class="dark" src="data:image/svg+xml;base64,{SVG}">',
    f'<picture><source media="(max-width: 600px)" srcset="data:image/svg+xml;base64,{SVG}">'
    '<img src="https://example.org/x.png"></picture>',
    AUDIO._repr_html_(),
    '<figure><div role="img"><img class="figure-panel" src="data:image/svg+xml;base64,'
    f'{base64.b64encode(PANEL.encode()).decode()}" alt="words" style="background:#fff"></div></figure>'
    f'<figure class="frame-walker" data-frames="{html.escape(FRAMES)}"></figure>',
    f'<figure class="mask-blocks" data-content="{html.escape(HELD)}"></figure>',
    "<div data-live-only hidden><script>never()</script></div>",
    '<audio src="data:audio/wav;base64,###"></audio><audio src="data:audio/midi;base64,AAAA"></audio>',
]


def notebook(outputs: list[str]) -> nbformat.NotebookNode:
    """A notebook of one cell with HTML outputs."""
    shown = [nbformat.v4.new_output("display_data", {"text/html": text, "text/plain": "x"}) for text in outputs]
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("1", outputs=shown)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the built site, and the warnings."""
    source = tmp_path_factory.mktemp("source")
    (source / "chapters" / "sounds").mkdir(parents=True)
    (source / "chapters" / "sounds" / "a b.flac").write_bytes(SOUND)
    (source / "index.md").write_text("# Start\n\n```{toctree}\nchapters/one\nchapters/two\n```\n")
    nbformat.write(notebook(OUTPUTS), source / "chapters" / "one.ipynb")
    nbformat.write(notebook(['<audio src="sounds/gone.flac"></audio>', OUTPUTS[0]]), source / "chapters" / "two.ipynb")
    settings = {
        "extensions": ["myst_nb", "embedded_media"],
        "nb_execution_mode": "off",
        "html_theme": "basic",
        "exclude_patterns": ["out"],
    }
    warnings = io.StringIO()
    app = Sphinx(source, None, source / "out", source / "out" / "tree", "html", settings, status=None, warning=warnings)
    app.build()
    return source / "out", warnings.getvalue()


@pytest.fixture(scope="module")
def page(built: tuple[Path, str]) -> Tag:
    return BeautifulSoup((built[0] / "chapters" / "one.html").read_text(encoding="utf-8"), "html.parser")


def content(built: tuple[Path, str], address: str) -> bytes:
    """The file that an address of a page in chapters/ names."""
    assert address.startswith("../_media/")
    return (built[0] / "chapters" / address).read_bytes()


def test_sounds_beside_the_notebook_become_files_of_the_site(built: tuple[Path, str], page: Tag) -> None:
    audio = page.find("audio", attrs={"aria-label": "x > y"})
    assert content(built, audio["src"]) == SOUND
    assert audio["src"].endswith(".flac")
    assert page.find(attrs={"data-label": "d"})["data-src"] == audio["src"]


def test_text_that_looks_like_an_attribute_stays(page: Tag) -> None:
    assert page.find("p", string='src="sounds/no.flac"')["title"] == "src='sounds/no.flac'"


def test_pictures_leave_the_page_and_load_late(built: tuple[Path, str], page: Tag) -> None:
    light, dark = page.find("img", class_="light"), page.find("img", class_="dark")
    assert content(built, light["src"]) == base64.b64decode(PNG)
    assert content(built, dark["src"]) == base64.b64decode(SVG)
    assert (light["loading"], dark["loading"]) == ("lazy", "eager")
    assert light["alt"] == "a > b"
    assert page.find("source", media=True)["srcset"] == dark["src"]
    assert page.picture.img["src"] == "https://example.org/x.png"


def test_ipythons_audio_becomes_a_file(built: tuple[Path, str], page: Tag) -> None:
    source = page.find("source", attrs={"type": "audio/wav"})
    assert content(built, source["src"]) == AUDIO.data
    assert source["src"].endswith(".wav")


def test_a_figure_is_a_picture_whose_place_the_script_fills(built: tuple[Path, str], page: Tag) -> None:
    """Without a script the page shows the file; with it, the same SVG stands in the page, for the page's style."""
    image = page.find("img", class_="figure-panel")
    assert content(built, image["src"]).decode() == PANEL
    assert (image["alt"], image["loading"]) == ("", "lazy")  # the figure's label tells what it shows
    inline = BeautifulSoup(parts(built, page)[image["data-part"]], "html.parser").svg
    assert (inline["class"], inline["aria-hidden"]) == (["figure-panel"], "true")
    assert inline.find("text").get_text() == "a < b"
    assert content(built, inline.image["href"]) == b"RIFF, or so"


@pytest.mark.parametrize(
    ("figure", "attribute", "text"), [("frame-walker", "frames", FRAMES), ("mask-blocks", "content", HELD)]
)
def test_the_script_brings_what_figures_hold(
    built: tuple[Path, str], page: Tag, figure: str, attribute: str, text: str
) -> None:
    place = page.find("figure", class_=figure)
    assert place.get(f"data-{attribute}") is None
    assert place["data-part-of"] == attribute
    assert parts(built, page)[place["data-part"]] == text


def test_a_page_without_figures_has_no_script(built: tuple[Path, str]) -> None:
    assert "_media/" in (text := (built[0] / "chapters" / "two.html").read_text(encoding="utf-8"))
    assert not re.search(r"<script[^>]*_media", text)


def parts(built: tuple[Path, str], page: Tag) -> dict[str, str]:
    """What the script of the page brings, by name."""
    (script,) = page.find_all("script", src=re.compile("_media/"))
    assert page.find_all(attrs={"data-part": True})[-1].sourceline < script.sourceline  # it finds their places
    return json.loads(content(built, script["src"]).decode().partition("})(")[2].rpartition(");")[0])


def test_nothing_is_left_in_the_pages(built: tuple[Path, str], page: Tag) -> None:
    assert "data-live-only" not in str(page)
    assert "never()" not in str(page)
    kept = [tag["src"] for tag in page.find_all(src=True) if tag["src"].startswith("data:")]
    assert kept == ["data:audio/wav;base64,###", "data:audio/midi;base64,AAAA"]
    # Sound, png, svg, wav, the picture of the panel and what is in it, the script: the same content once.
    assert len(list((built[0] / "_media").iterdir())) == 7


def test_what_is_wrong_is_a_warning_with_page_and_file(built: tuple[Path, str]) -> None:
    lines = [line for line in built[1].splitlines() if "WARNING" in line]
    assert len(lines) == 3
    assert any("two" in line and "sounds/gone.flac" in line and "execute the notebook" in line for line in lines)
    assert any("one" in line and "not whole base64" in line for line in lines)
    assert any("one" in line and "audio/midi" in line for line in lines)


def test_a_rewrite_touches_only_tags() -> None:
    seen: list[str] = []

    def address(old: str) -> str | None:
        seen.append(old)
        return "new & better" if old == "a&b" else None

    text = '1 < 2 <a href="a&amp;b" title="src=x">t</a> <b data-x="src">src="y"</b><IMG src=\'z\'>'
    assert embedded_media.rewrite(text, address, str) == (
        '1 < 2 <a href="new &amp; better" title="src=x">t</a> <b data-x="src">src="y"</b><IMG loading="lazy" src=\'z\'>'
    )
    assert seen == ["a&b", "z"]


def test_the_marker_is_the_one_the_players_write() -> None:
    from paper_code.display.markup import LIVE_ONLY

    assert embedded_media.LIVE_ONLY == LIVE_ONLY
