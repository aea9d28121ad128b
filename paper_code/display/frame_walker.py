"""Spectra frame by frame with a slider, for the static page: noise of several conditions against one threshold.

The curves are drawn by the book's script (book/_static/frame_walker.js). Each level is one character, in steps of
1.4 dB: as numbers they would be most of the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from paper_code.display import style
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.players import STATIC

LOWEST, HIGHEST = -20, 100  # dB, ends of the scale: what is outside is drawn at its edge
# A character a level, the lowest first: those that HTML or JSON would write as several are left out.
ALPHABET = "".join(letter for letter in map(chr, range(33, 127)) if letter not in "\"&'<>\\")
STEPS = len(ALPHABET) - 1  # between the ends


class FrameWalker(Shown):
    """A figure with a slider over frames; see frame_walker."""


def frame_walker(
    noise: Mapping[str, NDArray],
    threshold: NDArray,
    spectrum: NDArray,
    seconds: Sequence[float],
    top: float,
    first: int,
    title: str,
    caption: str,
    roles: Mapping[str, str],
) -> FrameWalker:
    """Panels, one a condition: its noise and the threshold in the frame that the reader chooses.

    noise: condition -> [frame, line], levels in dB.   threshold, spectrum: [frame, line], of the original.
    seconds: [frame], where each frame is.   top: Hz of the last line; the first is 0.   first: the frame shown at first.
    caption: what to look for.   roles: condition -> role (see style.ROLES).
    Raises ValueError on unequal shapes, levels that are not finite, no such frame, an unknown role or condition.
    Chapter: masking_loss
    """
    _check(noise, threshold, spectrum, seconds, first, roles)
    content = {
        "seconds": [round(float(each), 3) for each in seconds],
        "top": top,
        "low": LOWEST,
        "high": HIGHEST,
        "alphabet": ALPHABET,
        "first": first,
        "threshold": _packed(threshold),
        "spectrum": _packed(spectrum),
        "panels": [
            {
                "name": name,
                "role": roles.get(name, "reference"),
                "noise": _packed(each),
                "above": _above(each, threshold),
            }
            for name, each in noise.items()
        ],
    }
    html = element(
        "figure",
        element("figcaption", f"<b>{escape(title)}.</b> <span>{prose(caption)}</span>")
        + element("p", escape(_still(noise, threshold, seconds, first)), class_="sound-message frame-static"),
        class_="frame-walker",
        aria_label=f"Frame by frame: {title}",
        data_frames=json.dumps(content, separators=(",", ":"), ensure_ascii=False),
    )
    return FrameWalker(html, f"Frame by frame '{title}': {', '.join(noise)}; {len(threshold)} frames")


def activate() -> None:
    """Load the script and style in a live notebook, after players.activate(), whose inks they use.

    The built book has its own copy and leaves this output away.
    """
    from IPython.display import HTML, display  # only in a notebook

    css, script = ((STATIC / f"frame_walker.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def share_above(noise: NDArray, threshold: NDArray) -> float:
    """Share of the lines of a frame whose noise is over the threshold; both [line] in dB."""
    return float((noise > threshold).mean())


def _above(noise: NDArray, threshold: NDArray) -> list[int]:
    """Per cent of the lines over the threshold, frame by frame: of the levels as they are, not as they are drawn."""
    return [round(100 * share_above(*levels)) for levels in zip(noise, threshold, strict=True)]


def _check(
    noise: Mapping[str, NDArray],
    threshold: NDArray,
    spectrum: NDArray,
    seconds: Sequence[float],
    first: int,
    roles: Mapping[str, str],
) -> None:
    if not noise:
        raise ValueError("wanted the noise of at least one condition, found none")
    for name, levels in {**noise, "threshold": threshold, "spectrum": spectrum}.items():
        if levels.shape != threshold.shape or levels.ndim != 2 or not np.isfinite(levels).all():
            raise ValueError(f"{name}: wanted finite levels {list(threshold.shape)}, found {list(levels.shape)}")
    if len(seconds) != len(threshold) or not 0 <= first < len(threshold):
        raise ValueError(f"{len(threshold)} frames have {len(seconds)} places, and frame {first} is to be shown first")
    if unknown := set(roles) - set(noise):
        raise ValueError(f"roles are given for {sorted(unknown)}; the conditions are {list(noise)}")
    for role in roles.values():
        style.check_role(role)


def _packed(levels: NDArray) -> list[str]:
    """A text a frame, a character a line."""
    steps = np.round((levels.clip(LOWEST, HIGHEST) - LOWEST) * (STEPS / (HIGHEST - LOWEST))).astype(np.uint8)
    return ["".join(frame) for frame in np.array(list(ALPHABET))[steps]]


def _still(noise: Mapping[str, NDArray], threshold: NDArray, seconds: Sequence[float], first: int) -> str:
    """What stands there where no script runs: the numbers of one frame."""
    shares = (f"{name} {100 * share_above(levels[first], threshold[first]):.0f} %" for name, levels in noise.items())
    return (
        "The slider of this figure needs a script, which does not run here. Lines with noise above the threshold at "
        f"{seconds[first]:.2f} s: {', '.join(shares)}."
    )
