"""Figures: both modes, a phone's version, the same bytes each time."""

import base64
import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup, Tag
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from paper_code.display import figures
from paper_code.display.style import Theme


def line(theme: Theme) -> Figure:
    figure, (axes,) = theme.figure(height=2.0)
    axes.plot([0, 1], [0, 1], **theme.line("document"))
    return figure


def image(theme: Theme) -> Figure:
    figure, (axes,) = theme.figure(height=2.0)
    axes.imshow(np.arange(4).reshape(2, 2))
    return figure


def fixed(theme: Theme) -> Figure:
    figure, _ = pyplot.subplots(figsize=(5, 2))
    return figure


def parsed(drawing: figures.Drawing) -> Tag:
    return BeautifulSoup(drawing.html, "html.parser").figure


def content(address: str, mime: str) -> bytes:
    head, data = address.split(",", 1)
    assert head == f"data:{mime};base64"
    return base64.b64decode(data)


def test_lines_become_svg_in_both_modes() -> None:
    figure = parsed(figures.show(line, "Look at the slope.", "A rising line."))
    light, dark = figure.find_all("img")
    assert (light["class"], dark["class"]) == (["figure-light"], ["figure-dark"])
    assert "display:none" in dark["style"]
    assert "display:none" not in light["style"]
    assert light["alt"] == dark["alt"] == "A rising line."
    assert figure.figcaption.get_text() == "Look at the slope."
    svg = {name: content(tag["src"], "image/svg+xml").decode() for name, tag in (("light", light), ("dark", dark))}
    assert "#1f2328" in svg["light"]
    assert "#e6eaef" in svg["dark"]
    assert all("#d55e00" in text for text in svg.values())
    assert not re.search("<rect[^>]*fill: #fff", svg["light"])


def test_curves_have_two_digits_and_letters_all_of_theirs() -> None:
    """Numbers of paths are cut to a hundredth of a point; the scale of the letters is not."""
    image = parsed(figures.show(line, "Look.", "A line.")).img
    svg = content(image["src"], "image/svg+xml").decode()
    paths = re.findall(r' d="([^"]+)"', svg)
    assert any(re.search(r"\.\d\d\b", path) for path in paths)
    assert not [path for path in paths if re.search(r"\.\d{3}", path)]
    assert "scale(0.015625)" in svg


def test_it_is_shown_at_the_size_it_was_drawn_for() -> None:
    figure = parsed(figures.show(line, "c", "a"))
    assert (figure.img["width"], figure.img["height"]) == ("672", "192")  # 7 by 2 inches, so that 9 pt are 9 pt
    assert "max-width:100%" in figure.img["style"]


def test_a_phone_gets_a_figure_of_its_own_width() -> None:
    sources = parsed(figures.show(line, "c", "a")).find_all("source")
    assert len(sources) == 2
    assert (sources[0]["width"], sources[0]["height"]) == ("346", "192")
    svg = content(sources[0]["srcset"], "image/svg+xml").decode()
    assert re.search(r'width="259\.2pt"', svg)  # 3.6 inches
    assert parsed(figures.show(fixed, "c", "a")).find("source") is None


@pytest.mark.parametrize(("asked", "kind"), [("auto", "webp"), ("png", "png")])
def test_images_become_pixels_on_a_transparent_ground(asked: str, kind: str) -> None:
    figure = parsed(figures.show(image, "c", "a", asked))
    picture = Image.open(io.BytesIO(content(figure.img["src"], f"image/{kind}")))
    assert picture.width == 2 * int(figure.img["width"])  # sharp on dense screens
    assert picture.convert("RGBA").getpixel((1, 1))[3] == 0


@pytest.mark.parametrize("draw", [line, image])
def test_the_same_drawing_gives_the_same_bytes(draw: figures.Callable[[Theme], Figure]) -> None:
    assert figures.show(draw, "c", "a").html == figures.show(draw, "c", "a").html


def test_nothing_of_pyplot_stays_open() -> None:
    before = pyplot.get_fignums()
    figures.show(fixed, "c", "a")
    assert pyplot.get_fignums() == before


def test_text_is_the_caption() -> None:
    assert repr(figures.show(line, "Look at the slope.", "a")) == "Figure: Look at the slope."


@pytest.mark.parametrize(("caption", "alt", "kind"), [(" ", "a", "auto"), ("c", "", "auto"), ("c", "a", "gif")])
def test_a_figure_without_words_is_refused(caption: str, alt: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r"wanted the kind|needs a caption"):
        figures.show(line, caption, alt, kind)


def test_a_drawing_that_returns_no_figure_is_refused() -> None:
    with pytest.raises(TypeError, match="must return a matplotlib Figure, found NoneType"):
        figures.show(lambda theme: None, "c", "a")
