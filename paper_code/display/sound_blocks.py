"""One sound of a player: its HTML with a native control, its file and its spectrogram beside the notebook."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from paper_code.audio.clips import Clip, write_flac
from paper_code.display.loudness import Levelled, Levels
from paper_code.display.markup import element, prose
from paper_code.display.notebook_folder import notebook_folder
from paper_code.display.spectrograms import PICTURE_PIXELS, picture
from paper_code.lab.files import atomic

FOLDER = "sounds"  # beside the notebook; file names are hashes of what is inside


@dataclass(frozen=True)
class Missing:
    """Stands for a sound that is not to be had here. label: what it would be.   message: how to get it."""

    label: str
    message: str


def missing_recording(label: str, paths: Sequence[str]) -> Missing:
    """Stands for a sound made of recordings ("<corpus>/<path>") that are not here; says how to fetch them."""
    names = dict.fromkeys(path.split("/")[0] for path in paths)
    return Missing(
        label,
        "The recording is not on the machine that built this page. To hear it, run "
        f"`python -m paper_code.audio.corpora fetch {' '.join(names)}` and build again.",
    )


@dataclass(frozen=True)
class Slot:
    """A place in a player. label: of the track.   step: of a series, else ""."""

    label: str
    sound: Clip | Missing
    step: str = ""
    step_name: str = ""

    @property
    def name(self) -> str:
        """What the sound is called where it stands alone."""
        return f"{self.label}, {self.step_name} {self.step}" if self.step else self.label


@dataclass(frozen=True)
class Setting:
    """What all slots of a player share. seconds, top: ends of the two axes (s, Hz). pixels: of a picture."""

    roles: Mapping[str, str]
    levels: Levels
    seconds: float
    top: float
    spectrograms: bool
    pixels: tuple[int, int] = PICTURE_PIXELS


def blocks(slots: Sequence[Slot], setting: Setting) -> list[str]:
    """One block of HTML a slot; the files are written on the way."""
    levelled = iter(setting.levels.sounds)
    loudest = max((-sound.gain for sound in setting.levels.sounds if not sound.own.silent), default=0.0)
    return [
        _sound(slot, slot.sound, next(levelled), loudest, setting)
        if isinstance(slot.sound, Clip)
        else _missing(slot, slot.sound)
        for slot in slots
    ]


def _sound(slot: Slot, clip: Clip, levelled: Levelled, loudest: float, setting: Setting) -> str:
    facts = [f"{_own(setting.levels)}{levelled.own}", _together(licence(clip))]
    audio = element("audio", controls=True, preload="none", src=_store_sound(levelled, clip), aria_label=slot.name)
    return element(
        "div",
        element(
            "p",
            f"<b>{escape(slot.label)}</b> <small>{escape(' · '.join(facts))}</small>",
            class_="sound-name",
        )
        + (_picture(slot, levelled.played(clip), setting) if setting.spectrograms else "")
        + audio,
        class_="sound",
        data_label=slot.label,
        data_step=slot.step or None,
        data_role=setting.roles.get(slot.label),
        data_seconds=f"{clip.seconds:.4f}",
        # What brings back the level a sound had beside the others, for the player's switch.
        data_own=f"{min(1.0, 10 ** ((-levelled.gain - loudest) / 20)):.4f}",
    )


def _together(text: str) -> str:
    """Short text that is not broken over two lines."""
    return text.replace(" ", "\u00a0") if len(text) < 20 else text


def _own(levels: Levels) -> str:
    return "" if levels.common is None else "was "


def licence(clip: Clip) -> str:
    """What may be done with a clip, or why there is nothing to say: "synthesised" or "made here"."""
    return clip.licence or ("synthesised" if clip.synthetic else "made here")


def _missing(slot: Slot, missing: Missing) -> str:
    name = f"<b>{escape(slot.label)}</b>"
    if missing.label != slot.label:
        name += f" <small>{escape(missing.label)}</small>"
    return element(
        "div",
        element("p", name, class_="sound-name") + element("p", prose(missing.message), class_="sound-message"),
        class_="sound sound-missing",
        data_label=slot.label,
        data_step=slot.step or None,
    )


def _store_sound(levelled: Levelled, clip: Clip) -> str:
    samples = np.round(levelled.waveform.numpy().astype(np.float64) * 32768).astype(np.int32)
    name = hashlib.sha256(samples.tobytes() + str(clip.sample_rate).encode()).hexdigest()[:16] + ".flac"
    if not (path := notebook_folder() / FOLDER / name).exists():
        write_flac(path, levelled.waveform, clip.sample_rate)
    return f"{FOLDER}/{name}"


def _picture(slot: Slot, clip: Clip, setting: Setting) -> str:
    content = picture(clip, setting.top, setting.pixels)
    name = hashlib.sha256(content).hexdigest()[:16] + ".png"
    if not (path := notebook_folder() / FOLDER / name).exists():
        with atomic(path) as temporary:
            temporary.write_bytes(content)
    image = element(
        "img",
        src=f"{FOLDER}/{name}",
        loading="lazy",
        alt=f"Spectrogram of {slot.name}, 0 to {setting.top / 1000:g} kHz, 0 to {clip.seconds:.2f} s",
        style=f"width:{100 * clip.seconds / setting.seconds:.4g}%",
    )
    return element(
        "div",
        scale("y", "bottom", setting.top / 1000, "kHz", most=4)
        + element("span", image, class_="sound-plot")
        + scale("x", "left", setting.seconds, "s", most=6),
        class_="sound-picture",
    )


def scale(axis: str, side: str, end: float, unit: str, most: int) -> str:
    """The marks and the unit along the "x" or "y" of a picture, from its `side` (left or bottom) on; most: marks."""
    marks = "".join(
        f'<i style="{side}:{100 * value / end:.4g}%">{value:g}</i>' for value in ticks(end, most) if value < 0.97 * end
    )
    return element("span", f"{marks}<b>{unit}</b>", class_=f"sound-{axis}", aria_hidden="true")


def ticks(end: float, most: int) -> list[float]:
    """Round values from 0 to `end`: at most `most` steps of 1, 2, 2.5 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(end / most))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if end / (power * factor) <= most)
    return [round(step * k, 10) for k in range(math.floor(end / step + 1e-9) + 1)]
