"""What a MUSHRA test gave, as the book shows it: a figure of means with intervals, and tables."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from paper_code.display import style
from paper_code.display.figures import Drawing, show
from paper_code.display.loudness import minus
from paper_code.display.style import MARKERS, PanelFigure, Theme
from paper_code.display.tables import Column, Table, table
from paper_code.listeners.design import GRADES, LOWEST, TOP
from paper_code.listeners.mushra import Mean, differences, grouped, listener_means, means
from paper_code.listeners.ratings import Ratings

ALL = "all"
ROW_INCHES = 0.3  # of one condition
NONE_YET = "No listener has rated these sounds yet."
GRADE_POINTS = (TOP - LOWEST) // len(GRADES)


def figure(
    ratings: Ratings | None,
    caption: str,
    conditions: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    nothing: str = NONE_YET,
) -> Drawing:
    """Means of the conditions with 95 % t intervals over listeners, and every listener's mean as a dot.

    ratings: after screening; None where there are none, and then the figure says so.   conditions: from top to bottom
    (else as rated).   roles: condition -> role, for its colour.   groups: item -> group; one panel each before "all".
    nothing: what is said where there are none.
    Raises RatingsError on a condition that nobody rated or an item without a group, ValueError on an unknown role or
    neither ratings nor conditions.

    Paper: Byun et al. 2021, Figure 2.   Chapter: masking_loss
    """
    names = tuple(conditions or (ratings.conditions if ratings is not None else ()))
    if not names:
        raise ValueError("without ratings a figure needs the conditions that are to be rated")
    roles = {name: style.check_role(role) for name, role in (roles or {}).items()}
    parts = _parts(ratings, groups)
    for part in parts.values():
        for name in names:
            part.of(name)

    def draw(theme: Theme) -> PanelFigure:
        drawn, axes = theme.figure(*_grid(max(1, len(parts))), height=0.9 + ROW_INCHES * len(names))
        for spare in axes[max(1, len(parts)) :]:
            spare.remove()
        for place in drawn.axes:
            _scale(place, names)
        for place, (name, part) in zip(axes, parts.items(), strict=False):
            _panel(place, theme, part, names, roles)
            place.set_title(f"{name}, {_counted(len(part.listeners), 'listener')}")
        if not parts:
            axes[0].text(0.5, 0.5, nothing, transform=axes[0].transAxes, ha="center", va="center")
        return drawn

    return show(draw, f"{caption} {_about(parts, nothing)}", _alternative(parts, names, nothing))


def means_table(ratings: Ratings, caption: str, conditions: Sequence[str] = ()) -> Table:
    """A row a condition: its mean, and its 95 % intervals after Student and by bootstrap, over listeners.

    conditions: from top to bottom (else as rated).   Raises KeyError on one that nobody rated.
    """
    found = means(ratings)
    rows = [
        [name, one.mean, _between(one.student), _between(one.bootstrap), one.listeners, one.ratings]
        for name, one in ((name, found[name]) for name in conditions or found)
    ]
    numbers = [Column("listeners", format="d"), Column("ratings", format="d")]
    return table(["condition", Column("mean", "points", ".1f"), "t interval", "bootstrap", *numbers], rows, caption)


def differences_table(
    ratings: Ratings,
    caption: str,
    conditions: Sequence[str] | None = None,
    method: str = "t",
    pairs: Sequence[tuple[str, str]] | None = None,
    shown: Collection[tuple[str, str]] | None = None,
) -> Table:
    """A row a pair of conditions: their difference with its 95 % interval, p as tested and after Holm.

    conditions, method, pairs: as in listeners.mushra.differences; Holm's correction is for all of these pairs.
    shown: which of them get a row, else all.   Raises what differences raises.
    """
    rows = [
        [f"{d.first} – {d.second}", d.mean, _between((d.low, d.high)), _p(d.p_value), _p(d.adjusted)]
        for d in differences(ratings, conditions, method, pairs)
        if shown is None or (d.first, d.second) in shown
    ]
    return table(["pair", Column("difference", "points", ".1f"), "t interval", "p", "p after Holm"], rows, caption)


def _parts(ratings: Ratings | None, groups: Mapping[str, str] | None) -> dict[str, Ratings]:
    if ratings is None:
        return {}
    return {**(grouped(ratings, groups) if groups else {}), ALL: ratings}


def _grid(panels: int) -> tuple[int, int]:
    """Rows and columns: each panel has its conditions' names beside it, so no more than two fit side by side."""
    return (1, 1) if panels == 1 else (math.ceil(panels / 2), 2)


def _panel(place: Axes, theme: Theme, part: Ratings, names: Sequence[str], roles: Mapping[str, str]) -> None:
    found, each = means(part), dict(zip(part.conditions, listener_means(part).T, strict=True))
    for row, name in enumerate(names):
        role, one = roles.get(name), found[name]
        colour = theme.colour(role) if role else theme.ink
        place.plot(each[name], np.full(len(each[name]), row + 0.28), "|", color=theme.muted, markersize=4, alpha=0.7)
        place.errorbar(
            one.mean,
            row,
            xerr=np.nan_to_num([[one.mean - one.student[0]], [one.student[1] - one.mean]]),
            color=colour,
            marker=MARKERS[role] if role else "o",
            capsize=3,
        )


def _scale(place: Axes, names: Sequence[str]) -> None:
    place.set(xlim=(LOWEST - 3, TOP + 3), ylim=(len(names) - 0.5, -0.5), xlabel="MUSHRA rating")
    place.set_xticks(range(LOWEST, TOP + 1, GRADE_POINTS))
    place.set_yticks(range(len(names)), names)
    place.grid(axis="y", visible=False)


def _about(parts: Mapping[str, Ratings], nothing: str) -> str:
    grades = ", ".join(f"{GRADE_POINTS * k} {name}" for k, name in enumerate(GRADES))
    if not parts:
        return f"{nothing} Ratings are not made up; the figure fills when there are some. Grades begin at {grades}."
    whole = parts[ALL]
    return (
        f"Means of {_counted(len(whole.listeners), 'listener')} and {whole.count} ratings with 95 % t intervals over "
        f"listeners; small strokes are the listeners' own means. Grades begin at {grades}."
    )


def _alternative(parts: Mapping[str, Ratings], names: Sequence[str], nothing: str) -> str:
    if not parts:
        return f"An empty scale from {LOWEST} to {TOP} for {', '.join(names)}: {nothing}"
    told = (f"{group}: " + ", ".join(f"{n} {_told(one[n])}" for n in names) for group, one in _means(parts).items())
    return f"Means on a scale from {LOWEST} to {TOP}, with intervals. " + "; ".join(told) + "."


def _means(parts: Mapping[str, Ratings]) -> dict[str, dict[str, Mean]]:
    return {group: means(part) for group, part in parts.items()}


def _told(one: Mean) -> str:
    return f"{one.mean:.1f}" + ("" if math.isnan(one.student[0]) else f" ({_between(one.student)})")


def _between(ends: tuple[float, float]) -> str | None:
    return None if math.isnan(ends[0]) else f"{minus(ends[0])} to {minus(ends[1])}"


def _p(value: float) -> str | None:
    if math.isnan(value):
        return None
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
