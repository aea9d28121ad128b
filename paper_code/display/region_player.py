"""A spectrogram of which the reader hears a region alone, or everything but the region, on the static page.

The page's script (book/_static/region_player.js) takes the region out of the sound. Pages opened from a folder may read
no files, so the samples stand in the figure itself, as FLAC: with a lossy format one would hear, in a quiet region,
what its encoder took for hidden. Without the script there are the picture and a native control.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from html import escape

import matplotlib
import numpy as np
import soundfile
from numpy.typing import NDArray

from paper_code.audio.clips import AudioError, Clip
from paper_code.display.loudness import Levels, level, minus
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.players import STATIC
from paper_code.display.sound_blocks import Missing, Setting, Slot, blocks, licence
from paper_code.display.style import DIFFERENCE_MAP

MOST_BYTES = 30_000  # of the samples; 40 kB in the page
PIXELS = (600, 160)  # of the picture
STOPS = 11  # colours of the map


@dataclass(frozen=True, eq=False)
class ActivationMap:
    """A class activation map over a spectrogram.

    values: [cell of frequency, cell of time], any scale with 0 in its middle. seconds, hertz: what all cells cover, from
    the start of the clip and from 0 Hz. high, low: what values above and below 0 speak for, in words.
    """

    values: NDArray
    seconds: float
    hertz: float
    high: str
    low: str

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not self.values.size or not np.isfinite(self.values).all():
            raise ValueError(f"wanted finite values [frequency, time] of a map, found {list(self.values.shape)}")


class RegionPlayer(Shown):
    """A spectrogram to choose regions of; see region_player."""


def region_player(
    clip: Clip | Missing,
    title: str,
    caption: str,
    activation: ActivationMap | None = None,
    first: tuple[float, float, float, float] | None = None,
    max_frequency: float | None = None,
) -> RegionPlayer:
    """A figure in which the reader marks a region of a spectrogram and hears only it, or everything but it.

    caption: what to look and listen for. activation: lies over the spectrogram on demand. max_frequency: Hz, top of it.
    first: the region at first, from and to in seconds, from and to in Hz; a fifth of the clip if not given.
    The whole is brought to the loudness of the book's players (BS.1770); regions are as loud as they are in it.
    Raises ValueError for a region outside of the clip, AudioError for a clip that cannot be played or is so long that
    8 bits a sample do not make it small enough.
    Chapter: timbre_loss
    """
    slot = Slot("Whole clip", clip)
    levels = level([clip] if isinstance(clip, Clip) else [])
    top = max_frequency or (clip.sample_rate / 2 if isinstance(clip, Clip) else 8000.0)
    seconds = clip.seconds if isinstance(clip, Clip) else 0.0
    (block,) = blocks([slot], Setting({}, levels, seconds, top, True, PIXELS))
    figure = element("figcaption", f"<b>{escape(title)}.</b> <span>{prose(caption)}</span>")
    content = None
    if isinstance(clip, Clip):
        region = first or (0.4 * seconds, 0.6 * seconds, 0.1 * top, 0.3 * top)
        _check(region, seconds, top)
        sound, bits = _samples(levels, clip)
        content = {
            "sound": base64.b64encode(sound).decode(),
            "rate": clip.sample_rate,
            "seconds": round(seconds, 4),
            "top": top,
            "first": [round(float(each), 3) for each in region],
            "map": activation and _map(activation),
        }
        note = element("p", escape(_note(levels, clip, bits)), class_="sound-note")
    else:
        note = ""
    html = element(
        "figure",
        figure + block + note,
        class_="region-player",
        aria_label=f"Regions of a sound: {title}",
        data_content=content and json.dumps(content, separators=(",", ":"), ensure_ascii=False),
    )
    return RegionPlayer(html, f"Regions of '{title}'; {seconds:.2f} s")


def activate() -> None:
    """Load the script and style in a live notebook, after players.activate(), whose inks they use.

    The built book has its own copy and leaves this output away.
    """
    from IPython.display import HTML, display  # only in a notebook

    css, script = ((STATIC / f"region_player.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def _check(region: tuple[float, float, float, float], seconds: float, top: float) -> None:
    start, end, low, high = region
    if not (0 <= start < end <= seconds and 0 <= low < high <= top):
        raise ValueError(f"wanted a region within {seconds:.2f} s and {top:g} Hz, found {region}")


def _samples(levels: Levels, clip: Clip) -> tuple[bytes, int]:
    """The sound as it is played, as FLAC of at most MOST_BYTES, and how many bits a sample it has kept for that."""
    steps = np.round(levels.sounds[0].waveform.numpy().astype(np.float64) * 32768)
    for bits in range(16, 7, -1):
        step = 2 ** (16 - bits)
        coarse = np.clip(np.round(steps / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * step
        file = io.BytesIO()
        soundfile.write(file, coarse.astype(np.int16), clip.sample_rate, format="FLAC", subtype="PCM_16")
        if len(file.getvalue()) <= MOST_BYTES:
            return file.getvalue(), bits
    raise AudioError(f"'{clip.title}' is too long for a page: {clip.seconds:.1f} s do not fit in {MOST_BYTES} bytes")


def _map(activation: ActivationMap) -> dict[str, object]:
    limit = float(np.abs(activation.values).max()) or 1.0
    return {
        "cells": base64.b64encode(np.round(activation.values / limit * 127).astype(np.int8).tobytes()).decode(),
        "rows": activation.values.shape[0],
        "columns": activation.values.shape[1],
        "limit": limit,
        "seconds": activation.seconds,
        "hertz": activation.hertz,
        "high": activation.high,
        "low": activation.low,
        "colours": matplotlib.colormaps[DIFFERENCE_MAP](np.linspace(0, 1, STOPS), bytes=True)[:, :3].tolist(),
    }


def _note(levels: Levels, clip: Clip, bits: int) -> str:
    """How loud, how fine and whose the sound is."""
    rounding = 20 * np.log10(2.0 ** (1 - bits) / np.sqrt(12))  # RMS re full scale of an error spread over one step
    loudness = "Silence." if levels.common is None else f"The whole at {minus(levels.common)} LUFS (ITU-R BS.1770)."
    return (
        f"{loudness} A region is as loud as it is in the whole. Region and rest add up to the whole; fades of 10 ms in "
        f"time, and from full to nothing within 40 Hz in frequency. {bits} bits a sample: a rounding noise of "
        f"{minus(rounding, 0)} dB re full scale. Spectrogram −80 to 0 dB re full scale. "
        f"{'. '.join(part for part in (clip.title, clip.attribution, licence(clip), clip.origin) if part)}."
    )
