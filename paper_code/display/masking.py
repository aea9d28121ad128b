"""What a sound hides, as a picture: spectrum, maskers and masking threshold of one frame."""

import numpy as np
from matplotlib.axes import Axes

from paper_code.display.figures import Drawing, show
from paper_code.display.loudness import minus
from paper_code.display.style import PanelFigure, Theme
from paper_code.hearing.masking import MaskingThreshold

LEVELS = (-20.0, 95.0)  # dB SPL


def masking(found: MaskingThreshold, frame: int, title: str = "", caption: str = "") -> Drawing:
    """Spectrum, tonal and noise maskers, absolute and global threshold of one frame.

    found: of a waveform [time], as hearing.masking_threshold returns it.   frame: its number, from 0.
    title: of the sound.   caption: what to look for; told in general words if not given.
    Raises ValueError for a frame that there is not, and for thresholds of several waveforms.
    Chapter: masking_loss.
    """
    if found.threshold.ndim != 2:
        raise ValueError(f"A picture is of one waveform [time]; found thresholds {list(found.threshold.shape)}.")
    if not 0 <= frame < len(found.threshold):
        raise ValueError(f"There are frames 0 to {len(found.threshold) - 1}; found {frame}.")
    seconds = float(found.time[frame])

    def draw(theme: Theme) -> PanelFigure:
        figure, (axes,) = theme.figure(height=3.2)
        _curves(axes, theme, found, frame)
        name = f"{title}, {seconds:.2f} s" if title else f"{seconds:.2f} s"
        axes.set(title=name, xlabel="kHz", ylabel="dB SPL", ylim=LEVELS, xlim=(0, float(found.frequency[-1]) / 1000))
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    return show(draw, caption or _caption(), _alternative(found, frame))


def _curves(axes: Axes, theme: Theme, found: MaskingThreshold, frame: int) -> None:
    kilohertz = (found.frequency / 1000).numpy()
    axes.plot(kilohertz, found.spectrum[frame].numpy(), color=theme.muted, linewidth=0.8, label="spectrum")
    axes.plot(kilohertz, found.absolute.numpy(), color=theme.muted, linestyle=":", label="absolute threshold")
    axes.plot(kilohertz, found.threshold[frame].numpy(), color=theme.ink, label="masking threshold")
    for name, level, marker, inside in (
        ("tonal masker", found.tonal, "^", theme.ink), ("noise masker", found.noise, "o", "none")
    ):  # fmt: skip
        style = {"color": theme.ink, "markerfacecolor": inside, "markersize": 5}
        axes.plot(kilohertz, level[frame].numpy(), marker, label=name, **style)


def _caption() -> str:
    return (
        "One frame as psychoacoustic model 1 hears it: noise that stays under the thick line is hidden by the sound. "
        "Triangles are tones, rings are the noise that is left in a critical band."
    )


def _alternative(found: MaskingThreshold, frame: int) -> str:
    tones, noises = (int(np.isfinite(level[frame].numpy()).sum()) for level in (found.tonal, found.noise))
    threshold = found.threshold[frame]
    under = 100 * float((threshold < found.spectrum[frame]).double().mean())
    return (
        f"Spectrum of one frame, 0 to {float(found.frequency[-1]) / 1000:g} kHz, with {tones} tonal and {noises} noise "
        f"maskers; the masking threshold lies between {minus(float(threshold.min()), 0)} and "
        f"{minus(float(threshold.max()), 0)} dB SPL, and in {under:.0f} % of the lines under the spectrum."
    )
