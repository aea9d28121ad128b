"""The pictures of a figure: each shape where its numbers say, text as text, images the right way up."""

import base64
import io
import re

import matplotlib
import numpy as np
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image

from paper_code.display.style import THEME, PanelFigure, logarithmic
from paper_code.display.svg import Picture, pictures
from paper_code.display.svg_paths import UNITS


@pytest.fixture(autouse=True)
def settings():
    with matplotlib.rc_context(THEME.settings()):
        yield


def parsed(picture: Picture) -> Tag:
    return BeautifulSoup(picture.svg, "html.parser").svg


def points(data: str) -> np.ndarray:
    """The corners of a path of lines, as matplotlib counts: pixels, upwards. Independent of how it was written."""
    corners, here = [], np.zeros(2)
    for letter, numbers in re.findall(r"([Ml])([-\d ]*)", data):
        for pair in np.array(re.findall(r"-?\d+", numbers), float).reshape(-1, 2):
            here = pair if letter == "M" else here + pair
            corners.append(here)
    return np.array(corners) / UNITS


def place(axes, values: np.ndarray) -> np.ndarray:
    """Where values of the axes lie in the picture: pixels, downwards."""
    found = axes.transData.transform(values)
    found[:, 1] = axes.figure.bbox.height - found[:, 1]
    return found


def test_a_line_goes_through_its_points() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    values = np.array([[0, 0.2], [1, 0.9], [2, -0.4], [3, 0.1]])
    axes.plot(*values.T, color="#123456", linewidth=1.5)
    (picture,) = pictures(figure)
    path = parsed(picture).find("path", stroke="#123456")
    assert points(path["d"]) == pytest.approx(place(axes, values), abs=0.06)
    assert path["stroke-width"] == str(20)  # 1.5 pt are 2 px
    assert path.get("fill") is None
    assert parsed(picture)["fill"] == "none"


def test_what_lies_outside_of_the_axes_is_cut() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.plot([0, 1, 2], [0, 50, 0], color="#123456")
    axes.plot([0.5, 1], [0.5, 50], "s", color="#654321")
    axes.fill_between([0, 1], [0, 0], [50, 50], color="#abcdef", linewidth=0)
    axes.set(xlim=(0, 2), ylim=(0, 1))
    picture = parsed(pictures(figure)[0])
    low, high = place(axes, np.array([[0, 0], [2, 1.0]]))
    for colour in ("#123456", "#abcdef"):
        (path,) = [path for path in picture.find_all("path") if colour in (path.get("stroke"), path.get("fill"))]
        corners = points(path["d"])
        assert corners[:, 1].min() == pytest.approx(high[1], abs=1.1)
        assert corners[:, 1].max() == pytest.approx(low[1], abs=1.1)
    assert picture.find("path", fill="#654321")["d"].count("M") == 1


def test_gaps_stay_gaps() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.plot([0, 1, 2, 3, 4], [0, 1, np.nan, 1, 0], color="#123456")
    (path,) = parsed(pictures(figure)[0]).find_all("path", stroke="#123456")
    assert path["d"].count("M") == 2


def test_round_markers_are_circles_at_their_points() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    values = np.array([[0, 0.0], [1, 1], [2, 0.5]])
    axes.plot(*values.T, "o", color="#123456", markersize=6)
    path = parsed(pictures(figure)[0]).find("path", fill="#123456")
    starts = np.array(re.findall(r"M(\d+) (\d+)a(\d+)", path["d"]), float) / UNITS
    centres, radii = starts[:, :2] + starts[:, 2:] * [1, 0], starts[:, 2]
    assert centres == pytest.approx(place(axes, values), abs=0.1)
    assert radii == pytest.approx([4, 4, 4])  # 6 pt across


def test_half_seen_areas_stay_so() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.axhspan(0.2, 0.4, color="#123456", alpha=0.3, linewidth=0)
    band = parsed(pictures(figure)[0]).find("path", fill="#123456")
    assert (band["fill-opacity"], band.get("stroke")) == ("0.3", None)


def test_dashes_are_as_long_as_asked() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.plot([0, 1], [0, 1], color="#123456", linestyle=(0, (6, 2)), linewidth=1.5)
    path = parsed(pictures(figure)[0]).find("path", stroke="#123456")
    assert path["stroke-dasharray"] == "120 40"  # in line widths, of 2 px


@pytest.mark.parametrize("origin", ["lower", "upper"])
def test_an_image_is_the_right_way_up_and_where_it_belongs(origin: str) -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    values = np.zeros((2, 2))
    values[0, 0] = 1
    axes.imshow(values, origin=origin, aspect="auto", cmap="gray", interpolation="nearest")
    image = parsed(pictures(figure)[0]).image
    content = base64.b64decode(image["href"].removeprefix("data:image/webp;base64,"))
    seen = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    quarters = [[seen[: len(seen) // 2 - 2, : seen.shape[1] // 2 - 2].min(), seen[: len(seen) // 2 - 2, -9:].max()],
                [seen[-9:, :9].max(), seen[-9:, -9:].max()]]  # fmt: skip
    assert (quarters == [[255, 0], [0, 0]]) if origin == "upper" else seen[-9:, :9].min() == 255
    assert int(image["width"]) / UNITS == pytest.approx(seen.shape[1] / 2, abs=0.1)  # two pixels for one of the page
    assert int(image["x"]) / UNITS == pytest.approx(axes.bbox.x0, abs=1)
    assert int(image["y"]) / UNITS == pytest.approx(figure.bbox.height - axes.bbox.y1, abs=1)


def test_text_is_held_where_it_was_aligned() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    for share, side in ((0.1, "left"), (0.5, "center"), (0.9, "right")):
        axes.text(share, 0.5, f"{side} & <all>", ha=side, transform=axes.transAxes)
    axes.set_ylabel("dB")
    picture = parsed(pictures(figure)[0])
    for share, side, anchor in ((0.1, "left", None), (0.5, "center", "middle"), (0.9, "right", "end")):
        text = picture.find("text", string=f"{side} & <all>")
        assert text.parent.get("text-anchor") == anchor
        assert int(text["x"]) / UNITS == pytest.approx(axes.bbox.x0 + share * axes.bbox.width, abs=0.6)
    label = picture.find("text", string="dB")
    middle = figure.bbox.height - (axes.bbox.y0 + axes.bbox.y1) / 2
    assert int(label["y"]) / UNITS == pytest.approx(middle, abs=0.6)
    assert label["transform"] == f"rotate(-90 {label['x']} {label['y']})"
    assert label.parent["fill"] == THEME.ink.lower()


def test_logarithmic_axes_have_plain_numbers() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.plot([1, 300], [1e-3, 1e3])
    for name in "xy":
        logarithmic(axes, name)
    numbers = {text.get_text() for text in parsed(pictures(figure)[0]).find_all("text")}
    assert {"1", "10", "100", "0.001", "1000"} <= numbers


def test_formulas_are_refused() -> None:
    figure, (axes,) = THEME.figure(height=2.0)
    axes.set_title("$\\alpha_4$")
    with pytest.raises(ValueError, match="no formulas"):
        pictures(figure)


def test_a_legend_too_wide_for_a_phone_is_refused() -> None:
    figure, (axes, _) = THEME.figure(1, 2)
    lines = [axes.plot([0], [0], label="a name that is long " * 2)[0] for _ in range(2)]
    figure.legend(handles=lines, loc="outside upper left", ncols=2)
    with pytest.raises(ValueError, match="does not fit a phone; wanted 390: fewer columns"):
        pictures(figure)


def panels_of(rows: int, columns: int, **more: object) -> tuple[PanelFigure, list]:
    figure, axes = THEME.figure(rows, columns, height=1.5, **more)
    for number, each in enumerate(axes):
        each.set_title(f"panel {number}")
    return figure, axes


def test_every_panel_is_a_picture_of_its_own_and_all_are_alike() -> None:
    figure, axes = panels_of(2, 2)
    axes[1].set_xlabel("kHz")
    figure.legend(handles=axes[0].plot([0], [0], label="a key"), loc="outside upper left")
    key, *found = pictures(figure)
    assert (key.is_key, parsed(key).find("text").get_text()) == (True, "a key")
    titles = [[t.get_text() for t in parsed(one).find_all("text") if "panel" in t.get_text()] for one in found]
    assert titles == [[f"panel {k}"] for k in range(4)]
    assert len({(one.width, one.height) for one in found}) == 1
    assert not any(one.is_key for one in found)
    assert "id=" not in "".join(one.svg for one in found)


def test_stacked_axes_share_a_picture() -> None:
    figure, _ = panels_of(2, 3, stacked=True)
    titles = [
        [text.get_text() for text in parsed(one).find_all("text", string=re.compile("panel"))]
        for one in pictures(figure)
    ]
    assert titles == [["panel 0", "panel 3"], ["panel 1", "panel 4"], ["panel 2", "panel 5"]]


def test_axes_that_were_removed_leave_no_picture() -> None:
    figure, axes = panels_of(1, 3)
    axes[2].remove()
    assert len(pictures(figure)) == 2


def test_long_titles_are_not_cut() -> None:
    figure, axes = panels_of(1, 3)
    usual = pictures(figure)[0].width
    axes[0].set_title("a title that is far longer than the panel is wide, as it goes on and on")
    assert pictures(figure)[0].width > usual
