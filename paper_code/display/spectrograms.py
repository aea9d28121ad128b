"""Spectrograms on one scale: dB re full scale from -80 to 0, kHz and seconds, one colour map."""

from __future__ import annotations

import io
import math
from functools import cache

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from PIL import Image
from scipy.fft import rfft
from scipy.signal.windows import hann

from paper_code.audio.clips import AudioError, Clip
from paper_code.display import style

FLOOR_DB = -80.0
WINDOW_SECONDS = 0.032
# Pictures in players: 64 shades (1.25 dB) and this many pixels keep noise, the worst case, under 25 kB.
PICTURE_PIXELS = (400, 108)
SHADES = 64


def spectrogram(clip: Clip, window_seconds: float = WINDOW_SECONDS, hop_length: int | None = None) -> np.ndarray:
    """Power spectrogram in dB re full scale, float32 [bins, frames]; a sine of amplitude 1 reads 0 dB.

    window_seconds: length of the Hann window, the same for all sample rates.
    hop_length: samples between frames, a quarter of the window if not given. Frame k is centred on sample
    k * hop_length, with silence assumed outside the clip. Values stop at -80 dB.
    Raises AudioError on an empty clip or one with NaN or infinity.
    """
    _check(clip)
    window_length = _window_length(clip, window_seconds)
    hop_length = hop_length or max(1, window_length // 4)
    window = hann(window_length, sym=False).astype(np.float32)
    padded = np.pad(clip.waveform.detach().cpu().numpy(), window_length // 2)
    padded = np.pad(padded, (0, max(0, window_length - len(padded))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_length)[::hop_length]
    # A sine of amplitude 1 gives a line of half the window's sum.
    magnitude = np.abs(rfft(frames * window, _bins(window_length)).T) * (2 / window.sum())
    return 20 * np.log10(np.maximum(magnitude, 10 ** (FLOOR_DB / 20)))


def _check(clip: Clip) -> None:
    if clip.waveform.numel() == 0:
        raise AudioError(f"'{clip.title}' holds no samples: there is no spectrogram of it")
    if not clip.waveform.isfinite().all():
        raise AudioError(f"'{clip.title}' holds NaN or infinity: there is no spectrogram of it")


def _window_length(clip: Clip, window_seconds: float) -> int:
    length = round(window_seconds * clip.sample_rate)
    if length < 4:
        raise AudioError(
            f"a window of {window_seconds} s is {length} samples at {clip.sample_rate} Hz; wanted 4 or more"
        )
    return length


def _bins(window_length: int) -> int:
    return 2 ** math.ceil(math.log2(window_length))


def draw(axes: Axes, clip: Clip, max_frequency: float | None = None, map_name: str = style.SPECTRUM_MAP) -> AxesImage:
    """Draw the spectrogram of a clip into axes, on the book's scale; returns the image, for a colour bar.

    max_frequency: upper end of the frequency axis in Hz, half the sample rate if not given.
    """
    image = _show(axes, clip, spectrogram(clip), map_name, FLOOR_DB, 0.0)
    return _label(axes, image, max_frequency or clip.sample_rate / 2)


def draw_difference(
    axes: Axes,
    clip: Clip,
    reference: Clip,
    limit: float = 40.0,
    max_frequency: float | None = None,
) -> AxesImage:
    """Draw how much more (red) or less (blue) a clip holds than its reference, in dB.

    limit: dB at the ends of the diverging scale.   max_frequency: Hz.
    Raises AudioError if the two differ in sample rate or length.
    """
    if (clip.sample_rate, len(clip.waveform)) != (reference.sample_rate, len(reference.waveform)):
        raise AudioError(
            "a difference needs two clips of one rate and length; found "
            f"'{clip.title}' with {len(clip.waveform)} samples at {clip.sample_rate} Hz and "
            f"'{reference.title}' with {len(reference.waveform)} at {reference.sample_rate} Hz"
        )
    difference = spectrogram(clip) - spectrogram(reference)
    image = _show(axes, clip, difference, style.DIFFERENCE_MAP, -limit, limit)
    return _label(axes, image, max_frequency or clip.sample_rate / 2)


def _show(axes: Axes, clip: Clip, values: np.ndarray, map_name: str, low: float, high: float) -> AxesImage:
    # Frames and bins are points; the picture puts each in the middle of its cell.
    window = _window_length(clip, WINDOW_SECONDS)
    hop = max(1, window // 4) / clip.sample_rate
    bin_width = clip.sample_rate / _bins(window)
    extent = (
        -hop / 2,
        (values.shape[1] - 0.5) * hop,
        -bin_width / 2000,
        (values.shape[0] - 0.5) * bin_width / 1000,
    )
    image = axes.imshow(
        values,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=map_name,
        vmin=low,
        vmax=high,
    )
    axes.set_xlim(0, clip.seconds)
    return image


def _label(axes: Axes, image: AxesImage, max_frequency: float) -> AxesImage:
    axes.set_ylim(0, max_frequency / 1000)
    axes.set_xlabel("seconds")
    axes.set_ylabel("kHz")
    axes.grid(False)
    return image


def picture(clip: Clip, max_frequency: float | None = None, size: tuple[int, int] = PICTURE_PIXELS) -> bytes:
    """The spectrogram of a clip as a bare PNG: no axes, as wide as the clip, from 0 Hz.

    max_frequency: Hz at the upper edge; above half the sample rate the picture is empty.
    size: pixels (width, height). A pixel shows the strongest value under it.
    """
    width, height = size
    quarter = _window_length(clip, WINDOW_SECONDS) // 4
    hop = max(1, min(quarter, math.ceil(clip.waveform.numel() / width)))
    values = spectrogram(clip, hop_length=hop)
    top = max_frequency or clip.sample_rate / 2
    bin_width = clip.sample_rate / 2 / (values.shape[0] - 1)
    values = _strongest(values, np.linspace(0, top / bin_width, height + 1), axis=0)
    values = _strongest(values, np.linspace(0, clip.waveform.numel() / hop, width + 1), axis=1)
    shades = np.round((values - FLOOR_DB) / -FLOOR_DB * (SHADES - 1)).clip(0, SHADES - 1).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(shades[::-1]), mode="P")
    image.putpalette(_palette(style.SPECTRUM_MAP))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=7)
    return file.getvalue()


def _strongest(values: np.ndarray, edges: np.ndarray, axis: int) -> np.ndarray:
    """The largest value in each pixel; edges: where the pixels begin and end, in indices of `values`."""
    edges = np.floor(edges + 0.5).astype(int)
    values = values.take(range(min(edges[-1] + 1, values.shape[axis])), axis=axis)
    starts = edges[:-1][edges[:-1] < values.shape[axis]]
    pooled = np.maximum.reduceat(values, starts, axis=axis)
    padding = [(0, 0), (0, 0)]
    padding[axis] = (0, len(edges) - 1 - len(starts))
    return np.pad(pooled, padding, constant_values=FLOOR_DB)


@cache
def _palette(name: str) -> bytes:
    colours = matplotlib.colormaps[name](np.linspace(0, 1, SHADES))[:, :3]
    return np.round(colours * 255).astype(np.uint8).tobytes()
