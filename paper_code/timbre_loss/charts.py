"""The chapter's charts: what alpha and beta do, what size a network needs, and what masks and maps have found.

Roles: the learned mask and the network vermilion; the equaliser and other simple things blue; the truth black.
Chapter: timbre_loss
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.loudness import minus
from paper_code.display.style import MARKERS, PanelFigure, Theme, logarithmic
from paper_code.lab.intervals import Interval

CELLS_OPACITY = 0.45  # so that the page's ink can be read on every cell, in both modes
CELLS_MAP = "cividis"
FLOOR_ROLES = ("plain", "corrected", "codec")
METHOD_ROLES = ("document", "plain", "corrected", "stronger")


@dataclass(frozen=True)
class Accuracy:
    """Share of clips that a network of so many parameters has told right, from 0 to 1, with the ends of its interval."""

    parameters: int
    value: float
    low: float
    high: float


def sweep(alphas: Sequence[float], betas: Sequence[float], values: Mapping[str, NDArray], note: str = "") -> Drawing:
    """What alpha and beta do to the masks: one table of coloured cells a measure.

    values: what is measured, as its panel is titled -> [alpha, beta]. note: further words for the caption.
    """

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(-(-len(values) // 2), 2, height=2.3)
        for place in axes[len(values) :]:
            place.remove()
        for place, (title, cells) in zip(axes, values.items(), strict=False):
            _cells(place, np.asarray(cells, np.float64), theme.ink)
            place.set(title=title, xlabel="beta", ylabel="alpha")
            place.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
            place.set_yticks(range(len(alphas)), [f"{alpha:g}" for alpha in alphas])
        return figure

    return show(
        draw,
        "What the two weights do, in every combination, as means over the clips. Follow a column upwards: a larger alpha "
        "makes the mask smaller, and at some point too small to change the score. Yellow is high, blue is low; each "
        f"panel has its own scale. {note}".strip(),
        f"Tables of {len(alphas)} values of alpha and {len(betas)} of beta. "
        + " ".join(_corners(title, np.asarray(cells)) for title, cells in values.items()),
    )


def _cells(place: Axes, cells: NDArray[np.float64], ink: str) -> None:
    low, high = np.nanmin(cells), np.nanmax(cells)
    shares = (cells - low) / (high - low) if high > low else np.full(cells.shape, 0.5)
    look = {"cmap": CELLS_MAP, "vmin": 0, "vmax": 1, "alpha": CELLS_OPACITY, "interpolation": "nearest"}
    place.imshow(shares, origin="lower", aspect="auto", **look)
    place.grid(False)
    for (row, column), value in np.ndenumerate(cells):
        place.text(column, row, minus(value, 2), color=ink, ha="center", va="center", fontsize=9)


def _corners(title: str, cells: NDArray) -> str:
    return f"{title}: {minus(cells[0, 0], 2)} with the smallest weights, {minus(cells[-1, -1], 2)} with the largest."


def accuracy_against_parameters(
    points: Sequence[Accuracy], floors: Mapping[str, float], reported: float, chance: float = 0.5
) -> Drawing:
    """Accuracy on held-out phrases against the size of the network, beside what simpler things reach.

    floors: name -> accuracy, from 0 to 1; at most 3. reported: the paper's. chance: of a guess.
    """
    roles = _first(FLOOR_ROLES, len(floors), "simpler things")
    ordered = sorted(points, key=lambda point: point.parameters)
    sizes = np.array([point.parameters for point in ordered])
    values, low, high = (100 * np.array([getattr(p, key) for p in ordered]) for key in ("value", "low", "high"))

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(height=3.0)
        line = theme.line("document", marker=MARKERS["document"], linewidth=1.3, label="network")
        place.errorbar(sizes, values, yerr=np.abs(np.stack([values - low, high - values])), capsize=3, **line)
        for role, (name, floor) in zip(roles, floors.items(), strict=True):
            place.axhline(100 * floor, **theme.line(role, linewidth=1.2, label=name))
        place.axhline(100 * reported, color=theme.ink, linewidth=1, linestyle=(0, (8, 3)), label="the paper's network")
        place.axhline(100 * chance, color=theme.muted, linewidth=1, linestyle=":", label="chance")
        place.set(xlabel="parameters", ylabel="%", title="phrases told right")
        logarithmic(place, "x")
        place.set_xticks(sizes, [f"{size:,}" for size in sizes])
        place.set_xlim(sizes.min() / 1.5, sizes.max() * 1.5)
        place.set_ylim(min(45.0, low.min() - 2), 101)
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    told = "; ".join(f"{p.parameters:,} parameters {100 * p.value:.0f} %" for p in ordered)
    beside = "; ".join(f"{name} {100 * floor:.0f} %" for name, floor in floors.items())
    return show(
        draw,
        "How many of the held-out phrases of 3 s a network tells right, against the number of its parameters, with "
        "binomial 95 % intervals. Look for the leftmost point whose bar reaches the others: it is the smallest network "
        f"that holds the accuracy. The lines: what the paper reports ({100 * reported:.0f} %), chance, and simpler things.",
        f"Accuracy against the number of parameters: {told}. Beside them: {beside}.",
    )


def mask_against_truth(hertz: NDArray, learned: Mapping[str, NDArray], truth: NDArray, equaliser: NDArray) -> Drawing:
    """The pair of known truth: the body filter, what masks do as an equaliser, and the difference of mean spectra.

    hertz, truth, equaliser, and each of learned (by seed or clip): [bin], the last three in dB. Bins at 0 Hz are not shown.
    """
    shown = hertz > 0
    correlations = [float(np.corrcoef(curve[shown], truth[shown])[0, 1]) for curve in learned.values()]
    simple = float(np.corrcoef(equaliser[shown], truth[shown])[0, 1])

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(height=3.0)
        for number, curve in enumerate(learned.values()):
            label = "learned masks" if number == 0 else None
            place.plot(hertz[shown], curve[shown], **theme.line("document", linewidth=1, label=label))
        place.plot(hertz[shown], equaliser[shown], **theme.line("plain", linewidth=1.3, label="mean spectra"))
        place.plot(hertz[shown], truth[shown], **theme.line("reference", linewidth=2, label="the filter"))
        place.axhline(0, color=theme.muted, linewidth=0.8)
        place.set(xlabel="Hz", ylabel="dB", title="gain", xlim=(60, float(hertz[-1])))
        logarithmic(place, "x")
        place.set_xticks([100, 200, 500, 1000, 2000, 5000], ["100", "200", "500", "1000", "2000", "5000"])
        figure.legend(loc="outside upper left", ncols=3)
        return figure

    told = ", ".join(minus(value, 2) for value in correlations)
    return show(
        draw,
        "The pair whose difference is known. Look how far the vermilion lines, what learned masks do to each frequency, "
        "follow the black one, the filter that makes one class of the other. Correlation with it over the bins: "
        f"{told} for the masks, {minus(simple, 2)} for the difference of the two classes' mean spectra (blue).",
        "Gain against frequency on a logarithmic axis: the filter with its peaks and dips, the difference of mean spectra, "
        f"and {len(learned)} learned masks. Correlation with the filter: {told}; of the mean spectra {minus(simple, 2)}.",
    )


def salience(differences: Mapping[str, Mapping[str, Interval]], unit: str = "spread of the map") -> Drawing:
    """Whether maps weigh some moments more than steady ones: paired differences with 95 % intervals.

    differences: method -> {kind of moment (vibrato, onsets, noise): Interval}; at most 4 methods, each of the same kinds.
    unit: what a difference is counted in.
    """
    roles = _first(METHOD_ROLES, len(differences), "methods")
    kinds = list(next(iter(differences.values())))
    offsets = np.linspace(-0.25, 0.25, len(differences)) if len(differences) > 1 else [0.0]

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(height=0.75 * len(kinds) + 0.9)
        for offset, role, (method, values) in zip(offsets, roles, differences.items(), strict=True):
            middle, half = zip(*((values[kind].mean, values[kind].half_width) for kind in kinds), strict=True)
            mark = {"color": theme.colour(role), "marker": MARKERS[role], "linestyle": "none", "capsize": 3}
            place.errorbar(middle, np.arange(len(kinds)) + offset, xerr=np.nan_to_num(half), label=method, **mark)
        place.axvline(0, color=theme.ink, linewidth=0.8)
        place.set(xlabel=unit, ylim=(len(kinds) - 0.5, -0.5), title="less weight ← 0 → more weight")
        place.set_yticks(range(len(kinds)), kinds)
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    told = "; ".join(
        f"{method}, {kind}: {minus(value.mean, 2)} ± {value.half_width:.2f}"
        for method, values in differences.items()
        for kind, value in values.items()
    )
    return show(
        draw,
        "Mean of the map in some moments minus its mean in steady ones, paired over clips, with 95 % intervals. Right of "
        "the line the network gives them more weight, as the paper says it does; a bar across the line shows neither.",
        f"Differences with intervals. {told}.",
    )


def _first(roles: Sequence[str], count: int, what: str) -> Sequence[str]:
    if count > len(roles):
        raise ValueError(f"there are colours for {len(roles)} {what}; found {count}.")
    return roles[:count]
