"""The figure and the tables of a MUSHRA test, on ratings that were made up for it."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from paper_code.display import mushra_results
from paper_code.display.style import THEME, role_colour
from paper_code.listeners.ratings import Ratings, RatingsError

CONDITIONS = ("Reference", "Low", "Coder")
GROUPS = {"a": "13 kb/s", "b": "20 kb/s"}


def made(listeners: int = 3) -> Ratings:
    scores = np.empty((listeners, 2, 3))
    scores[:] = [[100, 20, 40], [98, 30, 60]]
    scores[:, :, 2] += np.arange(listeners)[:, None]
    return Ratings(tuple(f"l{k}" for k in range(listeners)), tuple(GROUPS), CONDITIONS, scores)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch):
    """Draws instead of embedding: (figure, caption, alternative text)."""
    monkeypatch.setattr(mushra_results, "show", lambda draw, caption, alt: (draw(THEME), caption, alt))
    return mushra_results.figure


def test_a_panel_a_group_and_one_for_all(drawn) -> None:
    figure, caption, alt = drawn(made(), "Look.", ["Coder", "Reference"], {"Coder": "document"}, GROUPS)
    assert isinstance(figure, Figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Coder", "Reference"]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == [
        "13 kb/s, 3 listeners", "20 kb/s, 3 listeners", "all, 3 listeners",
    ]  # fmt: skip
    for axes, mean in zip(figure.axes, (41, 61, 51), strict=True):
        assert axes.get_yticks().tolist() == [0, 1]
        line, _, (bar,) = axes.containers[0].lines
        assert (line.get_xdata()[0], line.get_ydata()[0]) == (mean, 0)
        assert line.get_color() == role_colour("document")
        (low, high), half = bar.get_segments()[0][:, 0], 4.302653 / 3**0.5  # t of two degrees of freedom, sd 1
        assert (low, high) == pytest.approx((mean - half, mean + half), abs=1e-4)
        dots = next(one for one in axes.lines if len(one.get_xdata()) == 3)
        assert dots.get_xdata().tolist() == [mean - 1, mean, mean + 1]
    assert caption.startswith("Look. Means of 3 listeners and 18 ratings with 95 % t intervals")
    assert "13 kb/s: Coder 41.0 (38.5 to 43.5), Reference 100.0 (100.0 to 100.0); 20 kb/s" in alt


def test_without_ratings_the_figure_says_so_and_shows_no_mark(drawn) -> None:
    figure, caption, alt = drawn(None, "Look.", CONDITIONS)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["No listener has rated these sounds yet."]
    assert (len(axes.lines), len(axes.containers)) == (0, 0)
    assert "Ratings are not made up" in caption
    assert "No listener" in alt
    figure, caption, alt = drawn(None, "Look.", CONDITIONS, nothing="Nobody passed.")
    assert [text.get_text() for text in figure.axes[0].texts] == ["Nobody passed."]
    assert "Nobody passed. Ratings are not made up" in caption
    assert alt.endswith("Nobody passed.")
    with pytest.raises(ValueError, match="needs the conditions"):
        drawn(None, "Look.")


def test_one_listener_is_drawn_without_an_interval(drawn) -> None:
    figure, caption, alt = drawn(made(1), "Look.")
    assert "1 listener and 6 ratings" in caption
    assert "all: Reference 99.0, Low 25.0, Coder 50.0." in alt
    assert len(figure.axes) == 1


def test_four_panels_stand_in_two_columns(drawn) -> None:
    scores = np.tile(made().scores[:, :1], (1, 3, 1))
    ratings = Ratings(("a", "b", "c"), ("x", "y", "z"), CONDITIONS, scores)
    figure, *_ = drawn(ratings, "Look.", groups={name: name for name in "xyz"})
    assert (figure.across, len(figure.axes)) == (2, 4)
    for axes in figure.axes:
        assert [label.get_text() for label in axes.get_yticklabels()] == list(CONDITIONS)


def test_it_is_embedded() -> None:
    shown = mushra_results.figure(made(), "Look.", groups=GROUPS)
    assert shown.html.count("data:image/svg+xml") == 3  # a panel each, and one for all


def test_what_cannot_be_drawn_is_refused(drawn) -> None:
    with pytest.raises(RatingsError, match="no condition 'Gone'"):
        drawn(made(), "Look.", ["Gone"])
    with pytest.raises(RatingsError, match="no group: b"):
        drawn(made(), "Look.", groups={"a": "x"})
    with pytest.raises(ValueError, match="wanted a role"):
        drawn(made(), "Look.", roles={"Coder": "blue"})


def test_tables_hold_means_and_differences() -> None:
    lines = repr(mushra_results.means_table(made(), "Means.", ["Coder", "Low"])).splitlines()
    assert lines[0] == "Means."
    assert lines[2].split() == ["Coder", "51.0", "48.5", "to", "53.5", "50.0", "to", "52.0", "3", "6"]
    assert lines[3].split() == ["Low", "25.0", "25.0", "to", "25.0", "25.0", "to", "25.0", "3", "6"]
    lines = repr(mushra_results.differences_table(made(), "Pairs.", ["Low", "Coder"])).splitlines()
    assert lines[2] == "Low – Coder                −26.0  −28.5 to −23.5  < 0.001  < 0.001"
    pairs = [("Coder", "Low"), ("Reference", "Coder")]
    both = repr(mushra_results.differences_table(made(), "Pairs.", pairs=pairs)).splitlines()
    one = repr(mushra_results.differences_table(made(), "Pairs.", pairs=pairs, shown=pairs[1:])).splitlines()
    assert (len(both), both[2].split()[:3], one[2].split()) == (4, ["Coder", "–", "Low"], both[3].split())
    lines = repr(mushra_results.means_table(made(1), "Means.")).splitlines()
    assert lines[2].split() == ["Reference", "99.0", "–", "–", "1", "2"]
