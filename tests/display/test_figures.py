"""Figures: what a notebook holds of one, once, with words, the same bytes each time."""

import base64
import re
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup, Tag
from matplotlib import pyplot
from matplotlib.figure import Figure

from paper_code.display import figures
from paper_code.display.style import PanelFigure, Theme


def line(theme: Theme) -> PanelFigure:
    """Two panels with a legend above them."""
    figure, axes = theme.figure(1, 2, height=2.0)
    for place in axes:
        place.plot([0, 1], [0, 1], **theme.line("document"), label="rising")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left")
    return figure


def parsed(drawing: figures.Drawing) -> Tag:
    return BeautifulSoup(drawing.html, "html.parser").figure


def test_a_notebook_holds_each_panel_once_on_a_light_ground() -> None:
    figure = parsed(figures.show(line, "Look at the slope.", "A rising line."))
    assert [image["class"] for image in figure.find_all("img")] == [["figure-key"], ["figure-panel"], ["figure-panel"]]
    for image in figure.find_all("img"):
        head, content = image["src"].split(",", 1)
        svg = BeautifulSoup(base64.b64decode(content, validate=True).decode(), "html.parser").svg
        assert head == "data:image/svg+xml;base64"
        assert (svg["width"], svg["height"]) == (image["width"], image["height"])
        assert svg.find("path", stroke="#d55e00")
        assert "background:#fff" in image["style"]
    assert figure.div["class"] == ["figure-panels", "across-2"]


def test_a_figure_has_words_for_those_who_do_not_see_it() -> None:
    figure = parsed(figures.show(line, "Look at the *slope*.", "A rising line."))
    assert (figure.div["role"], figure.div["aria-label"]) == ("img", "A rising line.")
    assert [image["alt"] for image in figure.find_all("img")] == ["A rising line.", "", ""]
    assert figure.figcaption.decode_contents() == "Look at the <em>slope</em>."


def test_the_same_drawing_gives_the_same_bytes() -> None:
    assert figures.show(line, "c", "a").html == figures.show(line, "c", "a").html


def test_nothing_of_pyplot_is_opened() -> None:
    before = pyplot.get_fignums()
    figures.show(line, "c", "a")
    assert pyplot.get_fignums() == before


def test_text_is_the_caption() -> None:
    assert repr(figures.show(line, "Look at the slope.", "a")) == "Figure: Look at the slope."


@pytest.mark.parametrize(("caption", "alt"), [(" ", "a"), ("c", "")])
def test_a_figure_without_words_is_refused(caption: str, alt: str) -> None:
    with pytest.raises(ValueError, match="needs a caption"):
        figures.show(line, caption, alt)


@pytest.mark.parametrize("draw", [lambda theme: None, lambda theme: Figure()])
def test_a_drawing_without_panels_is_refused(draw: Callable[[Theme], object]) -> None:
    with pytest.raises(TypeError, match=re.escape("must return the figure of theme.figure(...), found")):
        figures.show(draw, "c", "a")
