"""What the chapter shows of its sounds: players, Figures 3 and 4 of the paper, and the frames one can walk through.

Roles, here and in every figure of the chapter: the real codec AMR-WB orange; the squared error alone plain blue;
the log-mel loss pink, as the stronger baseline; PMSQE green; the document's masking loss vermilion. Transforms
without training have no role: they are grey.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Rectangle

from paper_code.audio.clips import Clip
from paper_code.display import players, spectrograms
from paper_code.display.figures import Drawing, show
from paper_code.display.frame_walker import FrameWalker, frame_walker
from paper_code.display.loudness import minus
from paper_code.display.style import PanelFigure, Theme
from paper_code.masking_loss.conditions import Condition, in_the_paper
from paper_code.masking_loss.configs import SWEPT_RATE
from paper_code.masking_loss.evaluation import HIGH
from paper_code.masking_loss.study import Frames, Sound, Study
from paper_code.masking_loss.utterances import LEVEL
from paper_code.metrics.noise_to_mask import NoiseToMask, noise_to_mask

ORIGINAL = "Original"
ROLES = {"AMR-WB": "codec", "MSE": "plain", "log-mel": "stronger", "PMSQE": "corrected", "masking": "document"}
PAPERS_RATE = SWEPT_RATE  # kb/s, of Figures 3 and 4
LEVELS = (-20, 80)  # dB SPL, of Figure 3
BOX_SECONDS, BOX_HERTZ = 0.4, 1000.0  # of a box of Figure 4
WALKED = 24  # frames of the slider: all that are stored would be a quarter of the page
HEADROOM = 10.0  # dB by which a box's noise is over the threshold on average, for it to be drawn


def role(condition: Condition) -> str:
    """The role of a condition, whatever its rate."""
    return ROLES[condition.family]


def roles(conditions: Iterable[Condition]) -> dict[str, str]:
    """The roles of what a player has: of the original, and of each condition by its title."""
    coloured = (condition for condition in conditions if condition.family in ROLES)
    return {ORIGINAL: "reference"} | {condition.title: role(condition) for condition in coloured}


def first_player(study: Study) -> players.Player:
    """The idea in sound: a fixed transform, and the same small coder at the same rate, trained with two losses."""
    rate, name = PAPERS_RATE, study.heard[0]
    shown = [Condition(kind, rate) for kind in ("mdct", "mse", "masking")]
    caption = (
        "A fixed transform (MDCT), then the same network at the same bit rate, trained with the squared error alone and "
        "with the masking loss beside it. Listen for the noise around the voice. Files of this utterance: "
        + ", ".join(f"{one} {study.kilobits_of(one, name):.1f} kb/s" for one in shown)
        + "."
    )
    return _player(_sounds(study, name, shown), shown, f"Speech at {rate:g} kb/s: two losses", caption)


def player(study: Study, name: str, rate: float = PAPERS_RATE) -> players.Player:
    """An utterance: the original, AMR-WB, the MDCT, and the coders of all losses at a rate (kb/s). Raises LabError."""
    conditions = [condition for condition in study.at_rate(rate) if condition.kind != "lapped"]
    spent = ", ".join(f"{one} {study.kilobits_of(one, name):.1f}" for one in conditions)
    caption = (
        "Listen for hiss, for roughness in the vowels, and for what is left of the “s”. A coder keeps to its rate on "
        f"average; this utterance takes, in kb/s: {spent}."
    )
    title = f"{name} at {rate:g} kb/s: all coders"
    return _player(_sounds(study, name, conditions), conditions, title, caption)


def figure_3(study: Study, rate: float = PAPERS_RATE) -> Drawing:
    """Noise against the masking threshold in one frame, coder by coder. Raises LabError.

    Paper: Byun et al. 2021, Figure 3. Chapter: masking_loss.
    """
    found = {name: study.frames(name) for name in in_the_paper(rate)}
    first = next(iter(found.values()))
    k = first.shown

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(3, 2, height=1.9, sharex=True, sharey=True)
        for place, (name, frames) in zip(axes, found.items(), strict=False):
            noise, threshold = frames.noise[k], frames.threshold[k]
            colour, kilohertz = theme.colour(role(name)), frames.frequency / 1000
            place.fill_between(kilohertz, threshold, np.maximum(noise, threshold), color=colour, alpha=0.3, linewidth=0)
            place.plot(kilohertz, threshold, color=theme.ink, linewidth=1.4)
            place.plot(kilohertz, noise, color=colour, linestyle=(0, (4, 1.5)), linewidth=1.2)
            place.set(title=f"{name}: {100 * (noise > threshold).mean():.0f} % above", ylim=LEVELS, xlim=(0, 8))
        place = axes[len(found)]
        place.plot(kilohertz, first.spectrum[k], color=theme.muted, linewidth=0.9)
        place.plot(kilohertz, first.threshold[k], color=theme.ink, linewidth=1.4)
        place.set(title="the frame itself", ylim=LEVELS)
        for each in axes:
            each.set(xlabel="kHz", ylabel="dB SPL")
        return figure

    where = f"'{first.utterance}' at {first.seconds[k]:.2f} s"
    return show(
        draw,
        f"Figure 3 of the paper, with our coders at {rate:g} kb/s: the noise (dashed) against the masking threshold of "
        f"the original (solid), {where}, the frame of that utterance with the most perceptual entropy. Noise in the "
        "coloured areas should be audible. The paper has four of these panels; the squared error alone is ours.",
        "Five panels of noise level against the masking threshold from 0 to 8 kHz, one a coder, and the spectrum of the "
        "frame. "
        + "; ".join(
            f"{n}: noise over the threshold in {_percent(f.noise[k], f.threshold[k])}" for n, f in found.items()
        )
        + ".",
    )


def walk(study: Study, rate: float = PAPERS_RATE) -> FrameWalker:
    """Figure 3 for consecutive frames, with a slider. Raises LabError."""
    found = {name: study.frames(name) for name in in_the_paper(rate)}
    first: Frames = next(iter(found.values()))
    start = max(0, min(first.shown - WALKED // 2, len(first.seconds) - WALKED))
    shown = slice(start, start + WALKED)
    caption = (
        f"{len(first.seconds[shown])} frames of '{first.utterance}' around the frame of Figure 3, at {rate:g} kb/s. "
        "Solid: what the original hides. Dashed: the noise. Thin: the original. Look at how vowels and the “s” "
        "differ."
    )
    return frame_walker(
        {condition.title: frames.noise[shown] for condition, frames in found.items()},
        first.threshold[shown],
        first.spectrum[shown],
        list(first.seconds[shown]),
        float(first.frequency[-1]),
        first.shown - start,
        "Noise and threshold, frame by frame",
        caption,
        {condition.title: role(condition) for condition in found},
    )


@dataclass(frozen=True)
class Box:
    """A place in a spectrogram. start: s.   low: Hz.   excess: mean of noise over threshold there, dB."""

    start: float
    low: float
    excess: float


def worst_box(noise: NoiseToMask, hop_seconds: float, low: float = HIGH) -> Box:
    """Where, above `low` Hz, the noise is most over the threshold: 0.4 s by 1 kHz, mean excess in dB.

    Raises ValueError where the sound is shorter than the box.
    """
    excess = (noise.noise - noise.threshold).clamp_min(0).numpy()
    lines = np.flatnonzero(noise.frequency.numpy() >= low)
    wide, high = round(BOX_SECONDS / hop_seconds), round(BOX_HERTZ / float(noise.frequency[1]))
    if len(excess) < wide or len(lines) < high:
        raise ValueError(f"A box takes {BOX_SECONDS} s and {BOX_HERTZ:g} Hz; the sound has less than that.")
    windows = np.lib.stride_tricks.sliding_window_view(excess[:, lines], (wide, high)).mean((-2, -1))
    frame, line = np.unravel_index(int(windows.argmax()), windows.shape)
    return Box(frame * hop_seconds, float(noise.frequency[lines[line]]), float(windows[frame, line]))


def figure_4(study: Study, name: str = "", rate: float = PAPERS_RATE) -> Drawing | players.Player:
    """Spectrograms of an utterance before and after all coders, with a box where the artefacts are worst.

    name: of a kept utterance, the first if not given. Where its recording is not here, the player says how to get it.
    Paper: Byun et al. 2021, Figure 4. Chapter: masking_loss.
    """
    name = name or study.heard[0]
    conditions = in_the_paper(rate)
    sounds = _sounds(study, name, conditions)
    original = sounds[ORIGINAL]
    if not isinstance(original, Clip):
        return _player({ORIGINAL: original}, [], "Figure 4", "This figure needs the original sound.")
    boxes = {condition.title: _box(study, condition, name, original) for condition in conditions}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(3, 2, height=1.9, sharex=True, sharey=True)
        for place, (title, sound) in zip(axes, sounds.items(), strict=True):
            spectrograms.draw(place, sound, 8000)
            place.set_title(title)
            box = boxes.get(title)
            if box is not None and box.excess >= HEADROOM:
                corner, size = (box.start, box.low / 1000), (BOX_SECONDS, BOX_HERTZ / 1000)
                place.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=1.6))
        return figure

    levels = {condition: study.band_level(condition, "top") for condition in conditions}
    top = "; ".join(f"{c} {minus(level.mean)} dB" for c, level in levels.items() if level is not None)
    told = "; ".join(f"{c} {box.excess:.0f} dB at {_place(box)}" for c, box in boxes.items())
    area = f"{BOX_SECONDS:g} s and {BOX_HERTZ / 1000:g} kHz above {HIGH / 1000:g} kHz"
    if any(box.excess >= HEADROOM for box in boxes.values()):
        marked = (
            f"A box marks, in each decoded sound, the {area} where the noise is highest above the masking threshold"
        )
        marked += f", if it is {HEADROOM:g} dB or more on average: {told}."
    else:
        marked = f"No decoded sound has {area} with {HEADROOM:g} dB or more of noise above the masking threshold; "
        marked += f"the highest are: {told}."
    return show(
        draw,
        f"Figure 4 of the paper, with '{name}' at {rate:g} kb/s. Look above {HIGH / 1000:g} kHz. {marked} −80 to 0 dB re "
        "full scale.",
        "Six spectrograms from 0 to 8 kHz: the original, AMR-WB, and the coders trained with the squared error, the "
        "log-mel loss, PMSQE and the masking loss. Level above 7 kHz over the original's, mean over the utterances kept: "
        f"{top}.",
    )


def _box(study: Study, condition: Condition, name: str, original: Clip) -> Box:
    gain = study.condition(condition).metrics["levels"][name]
    decoded = study.decoded(condition, name).waveform / gain
    noise = noise_to_mask(decoded, original.waveform / LEVEL, original.sample_rate)
    return worst_box(noise, _hop_seconds(noise))


def _hop_seconds(noise: NoiseToMask) -> float:
    return 0.5 / float(noise.frequency[1])  # frames overlap by half, and lines are a frame's inverse apart


def _place(box: Box) -> str:
    return f"{box.start:.1f} s, {box.low / 1000:.1f} kHz"


def _percent(noise: np.ndarray, threshold: np.ndarray) -> str:
    return f"{100 * (noise > threshold).mean():.0f} % of the lines"


def _sounds(study: Study, name: str, conditions: Iterable[Condition]) -> dict[str, Sound]:
    sounds: dict[str, Sound] = {ORIGINAL: study.original(name)}
    return sounds | {condition.title: study.decoded(condition, name) for condition in conditions}


def _player(sounds: Mapping[str, Sound], conditions: Iterable[Condition], title: str, caption: str) -> players.Player:
    return players.compare(sounds, title, caption, roles=roles(conditions), max_frequency=8000)
