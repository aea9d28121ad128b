"""What the hearing model makes of one frame, and what each deviation of the laboratory's own port changes in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.figures import Drawing, show
from paper_code.display.frame_walker import share_above
from paper_code.display.masking import masking
from paper_code.display.style import PanelFigure, Theme
from paper_code.display.tables import Column, Table, table
from paper_code.hearing import MaskingModel, masking_threshold
from paper_code.hearing.sound_pressure import decibels
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.conditions import Condition
from paper_code.masking_loss.figures import ORIGINAL, PAPERS_RATE
from paper_code.masking_loss.study import Study
from paper_code.masking_loss.utterances import LEVEL

# Without the 1/512 of the spectrum a masker's power is 512^2 times larger (54 dB); the noise, whose power was divided by
# 512 once, stands 27 dB too high itself.
UNSCALED, NOISE_UP = 512.0**2, 10 * float(np.log10(512.0))
# The deviations of the laboratory's port, one at a time: what it is called here, and the setting.
DEVIATIONS: Mapping[str, Mapping[str, object]] = {
    "rectangular window": {"window": "rectangular"},
    "tones by line number": {"tonal_windows": "number"},
    "one offset for all": {"noise_offset": "tone"},
    "absolute threshold −3 dB": {"absolute_shift": -3.0},
}
TOGETHER, LEVELS_OFF = "these four together", "spectrum without 1/512"
LEVELS = (-20, 115)  # dB SPL


@dataclass(frozen=True, eq=False)
class Port:
    """Thresholds of one frame. corrected: [line] in dB SPL.   deviating: deviation -> [line], all on one scale.

    spectrum: [line], as the corrected set-up sees it.   frequency: [line] in Hz.   seconds: the middle of the frame.
    """

    corrected: NDArray[np.float64]
    deviating: Mapping[str, NDArray[np.float64]]
    spectrum: NDArray[np.float64]
    frequency: NDArray[np.float64]
    seconds: float


def port(waveform: Tensor, frame: int) -> Port:
    """The threshold of one frame of a waveform [time] at 16 kHz, set up as in the textbook, and with each deviation.

    "spectrum without 1/512" is shown where the noise would meet it: noise and threshold have different scales there.
    Raises ValueError on bad waveforms and frames.
    Paper: Byun et al. 2021, section 3.1. Chapter: masking_loss.
    """
    model = MaskingModel(SAMPLE_RATE)
    found = {name: _threshold(MaskingModel(SAMPLE_RATE, **one), waveform, frame) for name, one in DEVIATIONS.items()}
    found[TOGETHER] = _threshold(MaskingModel.laboratory_port(), waveform, frame)
    found[LEVELS_OFF] = _threshold(model, waveform, frame, UNSCALED) - NOISE_UP
    spectrum = decibels(_power(model, waveform)[frame]).numpy()
    seconds = (frame * model.hop_length + model.frame_length / 2) / SAMPLE_RATE
    return Port(_threshold(model, waveform, frame), found, spectrum, model.frequency(), seconds)


def _power(model: MaskingModel, waveform: Tensor) -> Tensor:
    return model.spectrum(waveform.double()).abs().square()


def _threshold(model: MaskingModel, waveform: Tensor, frame: int, gain: float = 1.0) -> NDArray[np.float64]:
    power = gain * _power(model, waveform)[frame : frame + 1]
    if not len(power):
        raise ValueError(f"There is no frame {frame}.")
    return decibels(model.threshold(power, torch.float64))[0].numpy()


def threshold(study: Study) -> Drawing | players.Player:
    """Spectrum, maskers and threshold of the frame of Figure 3; where the recording is not here, how to get it."""
    sound, frame = _sound(study)
    if not isinstance(sound, Clip):
        return _missing(sound)
    return masking(masking_threshold(sound.waveform / LEVEL, SAMPLE_RATE), frame, sound.title)


def laboratory_port(study: Study) -> Drawing | players.Player:
    """What each deviation of the laboratory's port does to the threshold of the frame of Figure 3."""
    sound, frame = _sound(study)
    if not isinstance(sound, Clip):
        return _missing(sound)
    found = _port(sound, frame)
    kilohertz = found.frequency / 1000

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(3, 2, height=1.8, sharex=True, sharey=True)
        for place, (name, values) in zip(axes, found.deviating.items(), strict=True):
            place.plot(kilohertz, found.spectrum, color=theme.muted, linewidth=0.7, alpha=0.7)
            place.plot(kilohertz, found.corrected, color=theme.ink, linewidth=1.6, linestyle=(0, (4, 1.5)))
            place.plot(kilohertz, values, **theme.line("document", linewidth=1.2))
            place.set(title=name, ylim=LEVELS, xlim=(0, 8), xlabel="kHz", ylabel="dB SPL")
        return figure

    worst = {name: _apart(found, name)[1] for name in found.deviating}
    return show(
        draw,
        f"The masking threshold of one frame ({found.seconds:.2f} s): set up as this chapter does it (dashed), and "
        "with each deviation of the code that the paper's laboratory published (vermilion). Look at where the two "
        "lines part. Thin: the spectrum.",
        "Six panels, one for each deviation, each with the corrected threshold and the deviating one from 0 to 8 "
        "kHz. Largest "
        "distances: " + "; ".join(f"{name} {value:.1f} dB" for name, value in worst.items()) + ".",
    )


def deviations(study: Study) -> Table | players.Player:
    """The same in numbers: distances from the corrected threshold, and how much of a coder's noise is still above."""
    sound, frame = _sound(study)
    if not isinstance(sound, Clip):
        return _missing(sound)
    found = _port(sound, frame)
    coder = Condition("mse", PAPERS_RATE)
    frames = study.frames(coder)
    noise = frames.noise[frames.shown]
    rows: list[list[object]] = [["none", None, None, None, 100 * share_above(noise, found.corrected)]]
    for name, values in found.deviating.items():
        higher = float((values - found.corrected).mean())
        rows.append([name, *_apart(found, name), higher, 100 * share_above(noise, values)])
    columns = [
        Column("deviation"),
        Column("mean distance", "dB", ".1f"),
        Column("largest distance", "dB", ".1f"),
        Column("threshold on average higher by", "dB", ".1f"),
        Column(f"noise of the coder {coder} above it", "% of lines", ".0f"),
    ]
    return table(columns, rows, "How the laboratory's code deviates from the corrected threshold in this one frame.")


def _apart(found: Port, name: str) -> tuple[float, float]:
    distance = np.abs(found.deviating[name] - found.corrected)
    return float(distance.mean()), float(distance.max())


def _sound(study: Study) -> tuple[Clip | players.Missing, int]:
    """The utterance of Figure 3, and the number of the frame."""
    place = study.condition(study.table[0]).metrics["figure"]
    return study.original(place["utterance"]), place["first"] + place["frame"]


@cache  # the figure and the table show the same
def _port(sound: Clip, frame: int) -> Port:
    return port(sound.waveform / LEVEL, frame)  # with a peak of 1, as the coder hears it


def _missing(sound: players.Missing) -> players.Player:
    return players.compare({ORIGINAL: sound}, "The masking threshold", "This figure needs the recording.")
