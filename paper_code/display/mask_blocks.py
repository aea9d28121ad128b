"""A mask painted from blocks, with sliders for their sizes, number and first gain, for the static page.

All masks were learned before; the page's script (book/_static/mask_blocks.js) paints one from its gains, a byte each in
steps of a quarter of a decibel, smooths it, and measures what it shows.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from html import escape

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve1d

from paper_code.display.loudness import minus
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.players import STATIC
from paper_code.display.sound_blocks import scale
from paper_code.display.style import DIFFERENCE_MAP

STEP = 0.25  # dB, of a gain
SHADES = 65  # of the static picture: an odd number, so that 0 dB has its own
STOPS = 17  # colours of the map that the script is given
LIMIT = 12.0  # dB, ends of the colours


@dataclass(frozen=True, eq=False)
class BlockClip:
    """The masks of one clip. before: its score without a mask.

    gains: int8 [height, width, number, first gain, block] in steps of a quarter of a decibel; blocks beyond the number
    are not read. raw, smoothed: scores with the masks before and after smoothing, [height, width, number, first gain].
    """

    title: str
    gains: NDArray[np.int8]
    before: float
    raw: NDArray
    smoothed: NDArray


@dataclass(frozen=True, eq=False)
class MaskBlocks:
    """Masks for every combination of some heights (bins), widths (frames), numbers and first gains (dB).

    positions: [block, 2], where the middles of the blocks lie, as shares of band and clip; a mask of n blocks has the
    first n. bins, frames: cells of a mask. window: bins and frames that smoothing takes the mean of, odd.
    top: Hz of the last bin. seconds: from the first frame to the last. classes: the scores 0 and 1 in words.
    """

    positions: NDArray
    heights: tuple[int, ...]
    widths: tuple[int, ...]
    numbers: tuple[int, ...]
    first_gains: tuple[float, ...]
    clips: tuple[BlockClip, ...]
    bins: int
    frames: int
    window: int
    top: float
    seconds: float
    classes: tuple[str, str]

    def __post_init__(self) -> None:
        grid = self.grid
        if not self.clips or 0 in grid:
            raise ValueError("wanted at least one clip, height, width, number and first gain")
        if self.positions.shape[0] < max(self.numbers) or self.positions.shape[1:] != (2,):
            raise ValueError(f"wanted positions [{max(self.numbers)}, 2], found {list(self.positions.shape)}")
        if self.positions.min() < 0 or self.positions.max() >= 1:
            raise ValueError("positions are shares from 0 to below 1")
        if self.window < 1 or self.window % 2 == 0:
            raise ValueError(f"a window of smoothing has an odd number of cells; found {self.window}")
        for clip in self.clips:
            if clip.gains.dtype != np.int8 or clip.gains.shape[:4] != grid or clip.gains.shape[4] < max(self.numbers):
                raise ValueError(f"{clip.title}: wanted gains int8 {[*grid, max(self.numbers)]}, found {_kind(clip)}")
            for scores in (clip.raw, clip.smoothed, np.array(clip.before)):
                if scores.shape not in (grid, ()) or not np.isfinite(scores).all():
                    raise ValueError(f"{clip.title}: wanted finite scores {list(grid)}, found {list(scores.shape)}")

    @property
    def grid(self) -> tuple[int, int, int, int]:
        """How many heights, widths, numbers and first gains there are."""
        return len(self.heights), len(self.widths), len(self.numbers), len(self.first_gains)

    @property
    def middles(self) -> NDArray[np.int64]:
        """The bin and the frame in the middle of each block, [block, 2]."""
        return (self.positions * np.array([self.bins, self.frames], np.float32)).astype(np.int64)

    def mask(self, clip: int, setting: tuple[int, int, int, int]) -> NDArray[np.float64]:
        """The mask [bin, frame] in dB of a clip for the setting at these places of the lists, before smoothing."""
        height, width, number, _ = setting
        first = self.middles - np.array([self.heights[height], self.widths[width]]) // 2
        mask = np.zeros((self.bins, self.frames))
        gains = STEP * self.clips[clip].gains[setting]
        for (low, left), gain in zip(first[: self.numbers[number]], gains, strict=False):
            rows = slice(max(0, low), max(0, low + self.heights[height]))
            mask[rows, max(0, left) : max(0, left + self.widths[width])] += gain
        return mask

    def smooth(self, mask: NDArray[np.float64]) -> NDArray[np.float64]:
        """A mask averaged over windows, at the edges over what there is."""
        window = np.ones(self.window)
        total, cells = mask, np.ones_like(mask)
        for axis in (0, 1):
            total, cells = (convolve1d(each, window, axis, mode="constant") for each in (total, cells))
        return total / cells


class MaskFigure(Shown):
    """A mask with sliders; see mask_blocks."""


def mask_blocks(
    settings: MaskBlocks, title: str, caption: str, first: tuple[int, int, int, int] | None = None
) -> MaskFigure:
    """A figure that paints a mask from blocks, whose sizes, number and first gain the reader chooses.

    caption: what to look for. first: places in the lists of heights, widths, numbers and first gains of what is shown
    at first; the middle ones if not given. Without the script its smoothed mask is a picture.
    Chapter: timbre_loss
    """
    first = first or tuple(size // 2 for size in settings.grid)
    shown = settings.smooth(settings.mask(0, first))
    picture = element(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(_png(shown)).decode()}",
        alt=f"Smoothed mask of {settings.clips[0].title}, 0 to {settings.top / 1000:g} kHz, {_told(settings, first)}",
    )
    plot = (
        scale("y", "bottom", settings.top / 1000, "kHz", most=4)
        + element("span", picture, class_="sound-plot")
        + scale("x", "left", settings.seconds, "s", most=6)
    )
    html = element(
        "figure",
        element("figcaption", f"<b>{escape(title)}.</b> <span>{prose(caption)}</span>")
        + element("div", plot, class_="sound-picture")
        + element("p", escape(_still(settings, first)), class_="sound-message mask-static"),
        class_="mask-blocks",
        aria_label=f"Mask of blocks: {title}",
        data_content=json.dumps(_content(settings, first), separators=(",", ":"), ensure_ascii=False),
    )
    names = ", ".join(clip.title for clip in settings.clips)
    return MaskFigure(html, f"Mask of blocks '{title}': {names}; {np.prod(settings.grid)} settings")


def activate() -> None:
    """Load the script and style in a live notebook, after players.activate(), whose inks they use.

    The built book has its own copy and leaves this output away.
    """
    from IPython.display import HTML, display  # only in a notebook

    css, script = ((STATIC / f"mask_blocks.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def quarter_decibels(gains: NDArray) -> NDArray[np.int8]:
    """Gains in dB as the bytes that a BlockClip holds; what is over ±31.75 dB is cut there."""
    return np.clip(np.round(np.asarray(gains) / STEP), -127, 127).astype(np.int8)


def _kind(clip: BlockClip) -> str:
    return f"{clip.gains.dtype} {list(clip.gains.shape)}"


def _content(settings: MaskBlocks, first: tuple[int, ...]) -> dict[str, object]:
    return {
        "middles": settings.middles[: max(settings.numbers)].ravel().tolist(),
        "heights": settings.heights,
        "widths": settings.widths,
        "numbers": settings.numbers,
        "firstGains": settings.first_gains,
        "first": first,
        "bins": settings.bins,
        "frames": settings.frames,
        "window": settings.window,
        "top": settings.top,
        "seconds": settings.seconds,
        "classes": settings.classes,
        "step": STEP,
        "limit": LIMIT,
        "colours": matplotlib.colormaps[DIFFERENCE_MAP](np.linspace(0, 1, STOPS), bytes=True)[:, :3].tolist(),
        "clips": [
            {
                "title": clip.title,
                "before": round(float(clip.before), 3),
                "raw": _rounded(clip.raw),
                "smoothed": _rounded(clip.smoothed),
                "gains": _packed(clip.gains, settings.numbers),
            }
            for clip in settings.clips
        ],
    }


def _rounded(scores: NDArray) -> list[float]:
    return [round(float(score), 3) for score in scores.ravel()]


def _packed(gains: NDArray[np.int8], numbers: tuple[int, ...]) -> str:
    """The gains that are read, setting by setting, in base64."""
    used = [gains[h, w, n, :, : numbers[n]].tobytes() for h, w, n in np.ndindex(gains.shape[:3])]
    return base64.b64encode(b"".join(used)).decode()


def _png(mask: NDArray[np.float64]) -> bytes:
    shades = np.round((mask / LIMIT + 1) / 2 * (SHADES - 1)).clip(0, SHADES - 1).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(shades[::-1]), mode="P")
    image.putpalette(matplotlib.colormaps[DIFFERENCE_MAP](np.linspace(0, 1, SHADES), bytes=True)[:, :3].tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _told(settings: MaskBlocks, setting: tuple[int, ...]) -> str:
    height, width, number, gain = setting
    return (
        f"{settings.numbers[number]} blocks of {settings.heights[height]} bins and {settings.widths[width]} frames, "
        f"first gains of {settings.first_gains[gain]:g} dB"
    )


def _still(settings: MaskBlocks, first: tuple[int, ...]) -> str:
    """What stands there where no script runs."""
    clip = settings.clips[0]
    return (
        "The sliders of this figure need a script, which does not run here. Shown is the smoothed mask of "
        f"{clip.title}: {_told(settings, first)}; red raises, blue lowers, white is 0 and the ends are "
        f"{minus(-LIMIT, 0)} and {LIMIT:g} dB. Its score was {clip.before:.2f}, and is {clip.smoothed[first]:.2f} with it."
    )
