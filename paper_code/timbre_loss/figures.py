"""Figures 1 to 3 of the chapter: spectrograms, the masks learned for them, and what the network listens to.

Pictures are [bin, frame] as `spectrograms` gives them. All masks have one scale.
Chapter: timbre_loss
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.spectrograms import FLOOR_DB
from paper_code.display.style import DIFFERENCE_MAP, SPECTRUM_MAP, PanelFigure, Theme
from paper_code.timbre_loss import masks
from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.phrases import SECONDS

MASK_LIMIT = 12.0  # dB, ends of the colours of a mask


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """A mask [bin, frame] in dB before and after smoothing, and the scores of the clip with either."""

    raw: NDArray
    smoothed: NDArray
    raw_score: float
    smoothed_score: float


@dataclass(frozen=True, eq=False)
class Listened:
    """A spectrogram [bin, frame] in dB, and the map [cell, cell] of class 0 over it; values over 0 speak for class 0."""

    spectrogram: NDArray
    activation: NDArray


def figure_1(
    spectrogram: NDArray, transformed: NDArray, block_mask: NDArray, adversarial_mask: NDArray, classes: tuple[str, str]
) -> Drawing:
    """Figure 1: an input, what the mask of blocks makes of it, this mask, and the one from Gaussian noise.

    All [bin, frame] in dB. classes: names of classes 0 and 1; the input is of class 1.
    Paper: Verma & Berger 2019, Figure 1.
    """

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.2)
        _spectrogram(axes[0], spectrogram, f"input: {classes[1]}")
        _spectrogram(axes[1], transformed, f"changed towards {classes[0]}")
        _mask(axes[2], block_mask, "mask from blocks")
        _mask(axes[3], adversarial_mask, "mask from Gaussian noise")
        return figure

    both = (torch.as_tensor(np.asarray(mask)) for mask in (block_mask, adversarial_mask))
    told = [
        f"{float(masks.size(mask)):.1f} dB in size and {float(masks.roughness(mask)):.2f} dB rough" for mask in both
    ]
    return show(
        draw,
        "Figure 1 of the paper, with our cellos. Compare the two masks below: the left one began as blocks and was held by "
        "alpha and beta; the right one began as noise in every cell, with alpha = beta = 0. Look for patches that one "
        f"could name by time and frequency. The left one is {told[0]}, the right one {told[1]} (root mean square; mean "
        f"step from cell to cell). Red raises, blue lowers, by {MASK_LIMIT:g} dB and more at the ends; spectrograms −80 "
        "to 0 dB re full scale.",
        f"Four panels of time against frequency, 0 to {SAMPLE_RATE / 2000:g} kHz. Above, the spectrograms of the input and "
        f"of the changed sound. Below left, the mask from blocks, {told[0]}; below right, the mask from noise, {told[1]}.",
    )


def figure_2(clips: Mapping[str, Mapping[str, BeforeAfter]]) -> Drawing:
    """Figure 2: the final masks of some clips, from rectangles and from squares, before and after smoothing.

    clips: title -> {"rectangles": BeforeAfter, "squares": BeforeAfter}; the inner names are shown.
    Paper: Verma & Berger 2019, Figure 2.
    """
    rows = [(title, start, mask) for title, starts in clips.items() for start, mask in starts.items()]

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(len(rows), 2, height=1.9)
        for (title, start, mask), left, right in zip(rows, axes[::2], axes[1::2], strict=True):
            _mask(left, mask.raw, f"{title}, {start}: {mask.raw_score:.2f}")
            _mask(right, mask.smoothed, f"smoothed: {mask.smoothed_score:.2f}")
        return figure

    told = "; ".join(
        f"{title}, {start}: {mask.raw_score:.2f} before and {mask.smoothed_score:.2f} after smoothing"
        for title, start, mask in rows
    )
    return show(
        draw,
        "Figure 2 of the paper: the masks at the end of learning, of two clips, from rectangles and from squares; beside "
        "each what smoothing leaves of it. Compare the scores in the titles (0: the class that is wanted): a mask is "
        "learned without smoothing, so what smoothing takes away was part of what the network answered to. Red raises, "
        f"blue lowers, by {MASK_LIMIT:g} dB and more at the ends.",
        f"Pairs of masks over time and frequency, red and blue blocks on the left, the same blurred on the right. {told}.",
    )


def figure_3(listened: Mapping[str, Listened], class_0: str) -> Drawing:
    """Figure 3: spectrograms of the first instrument, and below each its map of class activation.

    listened: title -> Listened. class_0: the name of class 0. Paper: Verma & Berger 2019, Figure 3.
    """
    limit = max(float(np.abs(each.activation).max()) for each in listened.values())

    def draw(theme: Theme) -> PanelFigure:
        columns = list(listened.items())
        figure, axes = theme.figure(2, len(columns), height=1.9, stacked=True, sharex=True, sharey=True)
        for column, (title, each) in enumerate(columns):
            above, below = axes[column], axes[len(columns) + column]
            _spectrogram(above, each.spectrogram, title)
            above.set_xlabel("")
            _picture(below, each.activation, DIFFERENCE_MAP, -limit, limit, "bilinear")
            _axes(below, "")
        return figure

    shares = [
        f"{title}: {100 * float((each.activation > 0).mean()):.0f} % of the map speaks for {class_0}"
        for title, each in listened.items()
    ]
    return show(
        draw,
        f"Figure 3 of the paper: spectrograms above, their class activation maps for {class_0} below. Red speaks for "
        f"{class_0}, blue against it. Look whether the red lies where the pitch wavers or the note changes, as the paper "
        "says, or along the steady parts. The figure of differences below measures it. All maps have one scale.",
        f"Spectrograms with the harmonics of notes, and below each a coarse map in red and blue. {'; '.join(shares)}.",
    )


def _spectrogram(place: Axes, decibels: NDArray, title: str) -> None:
    _picture(place, decibels, SPECTRUM_MAP, FLOOR_DB, 0.0, "antialiased")
    _axes(place, title)


def _mask(place: Axes, decibels: NDArray, title: str) -> None:
    _picture(place, decibels, DIFFERENCE_MAP, -MASK_LIMIT, MASK_LIMIT, "antialiased")
    _axes(place, title)


def _picture(place: Axes, values: NDArray, colours: str, low: float, high: float, interpolation: str) -> None:
    extent = (0, SECONDS, 0, SAMPLE_RATE / 2000)
    given = {"cmap": colours, "vmin": low, "vmax": high, "extent": extent, "interpolation": interpolation}
    place.imshow(values, origin="lower", aspect="auto", **given)


def _axes(place: Axes, title: str) -> None:
    place.set(title=title, xlabel="seconds", ylabel="kHz")
    place.grid(False)
