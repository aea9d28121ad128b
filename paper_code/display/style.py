"""One role, one colour, through the whole book, in light and in dark mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

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
DIFFERENCE_MAPS = {"light": "RdBu_r", "dark": "berlin"}  # differences: blue below, red above
TEXT_POINTS = 10.0
SMALL_POINTS = 9.0
WIDE_INCHES = 7.0
PHONE_INCHES = 3.6


def role_colour(role: str, theme: str | Theme = "light") -> str:
    """The colour of a role as "#RRGGBB".

    role: reference, plain, document, corrected, stronger or codec.   theme: "light", "dark" or a Theme.
    Raises ValueError on an unknown role or theme.
    """
    name = theme.name if isinstance(theme, Theme) else theme
    if name not in ("light", "dark"):
        raise ValueError(f"wanted the theme 'light' or 'dark', found {name!r}")
    return ROLES[check_role(role)][name == "dark"]


def check_role(role: str) -> str:
    """The role itself; raises ValueError, naming the roles there are, on any other word."""
    if role not in ROLES:
        raise ValueError(f"wanted a role, one of {', '.join(ROLES)}; found {role!r}")
    return role


def role_ink(role: str, theme: str | Theme = "light") -> str:
    """Black or white, whichever reads better on the colour of the role."""
    colour = role_colour(role, theme)
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, colour))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (Web Content Accessibility Guidelines 2.1)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@dataclass(frozen=True)
class Theme:
    """What a figure is drawn with: inks of one mode, and the width it will be shown at.

    ink, muted, grid: text, secondary text, lines.   ground: the page below; figures are transparent.
    inches: width of the figure.   narrow: drawn for a phone, where panels stand below each other.
    """

    name: str
    ink: str
    muted: str
    grid: str
    ground: str
    inches: float = WIDE_INCHES
    narrow: bool = False

    def colour(self, role: str) -> str:
        """The colour of a role in this mode."""
        return role_colour(role, self)

    def line(self, role: str, **more: Any) -> dict[str, Any]:
        """Keywords for a line of this role: `axes.plot(x, y, **theme.line("plain"))`."""
        return {"color": self.colour(role), "linestyle": DASHES[role], **more}

    def phone(self) -> Theme:
        """The same mode at the width of a phone."""
        return replace(self, inches=PHONE_INCHES, narrow=True)

    def figure(
        self, rows: int = 1, columns: int = 1, height: float = 2.6, **subplots: Any
    ) -> tuple[Figure, list[Axes]]:
        """A figure as wide as the page, and its axes in reading order; on a phone the panels are stacked.

        height: inches of one row.   subplots: passed to Figure.subplots (sharex, sharey, gridspec_kw ...).
        """
        if self.narrow:
            rows, columns = rows * columns, 1
        figure = Figure(figsize=(self.inches, rows * height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **subplots)
        return figure, list(axes.ravel())

    def settings(self) -> dict[str, Any]:
        """Matplotlib settings of this mode: transparent ground, nothing smaller than 9 pt, fixed SVG ids."""
        return {
            "figure.facecolor": "none",
            "figure.dpi": 96,
            "savefig.facecolor": "none",
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
            "svg.fonttype": "path",
            "svg.hashsalt": "perceptual-audio-losses",
        }


THEMES: Mapping[str, Theme] = {
    "light": Theme(name="light", ink="#1F2328", muted="#59636E", grid="#D9DEE3", ground="#FFFFFF"),
    "dark": Theme(name="dark", ink="#E6EAEF", muted="#9CA8B4", grid="#39424E", ground="#14181E"),
}
