"""One role, one colour, through the whole book; and how figures are drawn and divided in panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

# Okabe & Ito's colours, told apart with any of the common colour-vision deficiencies.
ROLES: Mapping[str, tuple[str, str]] = {
    # role: (on light ground, on dark ground)
    "reference": ("#000000", "#FFFFFF"),
    "plain": ("#0072B2", "#56B4E9"),
    "document": ("#D55E00", "#D55E00"),
    "corrected": ("#009E73", "#009E73"),
    "stronger": ("#CC79A7", "#CC79A7"),
    "codec": ("#E69F00", "#E69F00"),
}
# Lines differ in dash and marker too, so that no figure rests on colour alone.
DASHES: Mapping[str, Any] = {
    "reference": "solid",
    "plain": (0, (6, 2)),
    "document": "solid",
    "corrected": (0, (5, 1.5, 1, 1.5)),
    "stronger": (0, (3, 1)),
    "codec": (0, (1, 1.3)),
}
MARKERS: Mapping[str, str] = {
    "reference": "D",
    "plain": "s",
    "document": "o",
    "corrected": "^",
    "stronger": "P",
    "codec": "v",
}

SPECTRUM_MAP = "magma"  # dB re full scale
DIFFERENCE_MAP = "RdBu_r"  # differences: blue below, red above
TEXT_POINTS = 10.0
SMALL_POINTS = 9.0
PIXELS_PER_INCH = 96  # of the page
# How wide a panel is drawn, by how many stand side by side on the page. On a phone each has the whole width, so the
# smallest text (9 pt) is never shown under 8 pt.
PANEL_INCHES: Mapping[int, float] = {1: 4.0, 2: 3.5, 3: 2.25}


def role_colour(role: str, mode: str = "light") -> str:
    """The colour of a role as "#RRGGBB".

    role: reference, plain, document, corrected, stronger or codec.   mode: "light" or "dark".
    Raises ValueError on an unknown role or mode.
    """
    if mode not in ("light", "dark"):
        raise ValueError(f"wanted the mode 'light' or 'dark', found {mode!r}")
    return ROLES[check_role(role)][mode == "dark"]


def check_role(role: str) -> str:
    """The role itself; raises ValueError, naming the roles there are, on any other word."""
    if role not in ROLES:
        raise ValueError(f"wanted a role, one of {', '.join(ROLES)}; found {role!r}")
    return role


def role_ink(role: str, mode: str = "light") -> str:
    """Black or white, whichever reads better on the colour of the role."""
    colour = role_colour(role, mode)
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, colour))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (Web Content Accessibility Guidelines 2.1)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def logarithmic(axes: Axes, name: str) -> None:
    """Make the axis "x" or "y" logarithmic, with plain numbers: small exponents cannot be read on a phone."""
    axes.set(**{f"{name}scale": "log"})
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


class PanelFigure(Figure):
    """A figure that the page lays out: its panels stand side by side where there is room, else below each other.

    across: how many stand side by side at most.   panels: the axes of each panel, from top to bottom.
    """

    def __init__(self, across: int, panels: int, rows: int, height: float, **subplots: Any) -> None:
        """rows: axes in each panel.   height: inches of one.   subplots: passed to Figure.subplots."""
        count = panels * rows
        super().__init__(figsize=(PANEL_INCHES[across], count * height), layout="constrained")
        drawn = list(self.subplots(count, 1, squeeze=False, **subplots).ravel())
        self.across = across
        self.panels = [drawn[k : k + rows] for k in range(0, count, rows)]
        if subplots.get("sharex"):  # matplotlib writes a shared axis once, here each panel has one
            for axes in drawn:
                axes.tick_params(axis="x", which="both", labelbottom=any(axes is panel[-1] for panel in self.panels))


@dataclass(frozen=True)
class Theme:
    """What a figure is drawn with.

    ink, muted, grid, reference: text, secondary text, lines, and the role that is black or white. They are those of
    light mode; the page's style sheet knows them by these values and puts those of the reader's mode in their place.
    """

    ink: str = "#1F2328"
    muted: str = "#59636E"
    grid: str = "#D9DEE3"
    reference: str = "#000000"

    def colour(self, role: str) -> str:
        """The colour of a role in figures."""
        return self.reference if role == "reference" else role_colour(role)

    def line(self, role: str, **more: Any) -> dict[str, Any]:
        """Keywords for a line of this role: `axes.plot(x, y, **theme.line("plain"))`."""
        return {"color": self.colour(role), "linestyle": DASHES[role], **more}

    def figure(
        self, rows: int = 1, columns: int = 1, height: float = 2.6, *, stacked: bool = False, **subplots: Any
    ) -> tuple[PanelFigure, list[Axes]]:
        """A figure and its axes in reading order; every axes is a panel of its own, or each column with `stacked`.

        columns: panels side by side where the page is wide, 1 to 3.   height: inches of one axes.
        subplots: passed to Figure.subplots (sharex, sharey ...).
        """
        if not stacked:
            figure = PanelFigure(columns, rows * columns, 1, height, **subplots)
            return figure, [axes for panel in figure.panels for axes in panel]
        figure = PanelFigure(columns, columns, rows, height, **subplots)
        return figure, [panel[row] for row in range(rows) for panel in figure.panels]

    def settings(self) -> dict[str, Any]:
        """Matplotlib settings: transparent ground, nothing smaller than 9 pt, no more points than are seen."""
        return {
            "figure.facecolor": "none",
            "figure.dpi": PIXELS_PER_INCH,
            "axes.facecolor": "none",
            "axes.edgecolor": self.muted,
            "axes.labelcolor": self.ink,
            "axes.titlecolor": self.ink,
            "axes.titlelocation": "left",
            "axes.titlesize": TEXT_POINTS,
            "axes.labelsize": TEXT_POINTS,
            "axes.linewidth": 0.8,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": self.grid,
            "grid.linewidth": 0.6,
            "text.color": self.ink,
            "font.family": "DejaVu Sans",
            "font.size": TEXT_POINTS,
            "figure.titlesize": TEXT_POINTS,
            "legend.fontsize": SMALL_POINTS,
            "legend.frameon": False,
            "lines.linewidth": 1.6,
            "xtick.color": self.muted,
            "ytick.color": self.muted,
            "xtick.labelcolor": self.ink,
            "ytick.labelcolor": self.ink,
            "xtick.labelsize": SMALL_POINTS,
            "ytick.labelsize": SMALL_POINTS,
            "path.simplify_threshold": 0.2,
        }


THEME = Theme()
