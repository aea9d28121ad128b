"""A reader's two folders of recordings: read, cut into clips of 3 s and made alike; what was changed is told."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from paper_code.audio import clips, resampling
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.places import expanded, is_file, is_folder
from paper_code.timbre_loss.notes import SAMPLE_RATE, faded
from paper_code.timbre_loss.phrases import LEVEL_DB, SAMPLES, SECONDS, finish

NO_SOUND = (
    ".txt",
    ".md",
    ".csv",
    ".json",
    ".xml",
    ".html",
    ".pdf",
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".cue",
    ".m3u",
    ".db",
)
SHORTEST = 0.25  # s of a file: less is repeated a dozen times
SILENT_DB = -70.0  # RMS re full scale: a file whose loudest clip is below holds nothing but noise
PAUSE_DB = -40.0  # RMS re the file's loudest clip: a quieter clip is a pause, and levelling would bring up its noise
LOWEST_RATE = 8000  # Hz
TOLD_DB, TOLD_RATIO = 3.0, 2.0  # differences of level and of length between the classes that are told


@dataclass(frozen=True, eq=False)
class Take:
    """A file of a class, and its clips [clip, time] at a sample rate (Hz): as cut, or made ready, 3 s at 16 kHz."""

    name: str
    sample_rate: int
    waveforms: Tensor


def read(
    class_a: str | Path, class_b: str | Path, most: int
) -> tuple[tuple[str, str], tuple[list[Take], list[Take]], tuple[str, ...]]:
    """Names, takes and notes of two folders, at most so many clips a class and as many of each.

    Channels are averaged. Files are cut into clips of 3 s from their start on, the rest is left out; a shorter file is
    repeated. Pauses are left out. All clips get one band, one level and one noise floor.
    Raises AudioError for a missing folder, a file in its place, the same folder twice, a folder with fewer than two
    sound files, a file that is no sound, truncated, silent, shorter than 0.25 s or of less than 8 kHz, and for a sound
    that is there twice.
    """
    folders = (expanded(class_a), expanded(class_b))
    listed = [_listed(folder, label) for folder, label in zip(folders, ("class_a", "class_b"), strict=True)]
    if folders[0].resolve() == folders[1].resolve():
        raise AudioError(f"class_a and class_b are the same folder, {folders[0]}. Give a folder for each class.")
    sounds = [[_sound(path) for path in paths] for paths, _ in listed]
    _refuse_twice(folders, sounds)
    cut = [_cut_all(folder, some) for folder, some in zip(folders, sounds, strict=True)]
    chosen, rate = balanced(*cut, most), _common_rate(sounds)
    noise = torch.Generator().manual_seed(0)
    ready = [[_ready(take, rate, noise) for take in takes] for takes in chosen]
    names = _names(folders)
    notes = _conversions(names, sounds, cut, sum(len(take.waveforms) for take in ready[0]))
    return names, (ready[0], ready[1]), (*(note for _, left_out in listed for note in left_out), *notes)


def _listed(folder: Path, label: str) -> tuple[list[Path], list[str]]:
    """The files of a folder to be read, in natural order, and notes on what is not. Raises AudioError."""
    if is_file(folder):
        raise AudioError(f"{label} wants a folder of recordings, found a file: {folder}. Name the folder it lies in.")
    if not is_folder(folder):
        raise AudioError(f"{label}: there is no folder {folder}. Relative names start at {Path.cwd()}.")
    there = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=_natural)
    left_out = [path for path in there if path.is_dir() or path.suffix.lower() in NO_SOUND]
    files = [path for path in there if path not in left_out]
    if len(files) < 2:
        raise AudioError(
            f"{label}: {folder} holds {len(files) or 'no'} sound file{'s' * (len(files) != 1)}; wanted two or more, one to "
            "learn from and one to test on. Sub-folders are not read. Cut a long recording in two, if need be."
        )
    names = ", ".join(path.name + "/" * path.is_dir() for path in left_out)
    return files, [f"Not read in {folder.name}: {names}."] if left_out else []


def _natural(path: Path) -> list[tuple[int, str]]:
    """What sorts "take 10" after "take 9"."""
    parts = re.findall(r"\d+|\D+", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _sound(path: Path) -> Clip:
    sound = clips.read(path)
    if sound.seconds < SHORTEST:
        raise AudioError(f"{path} holds {sound.seconds:.3f} s; wanted {SHORTEST} s or more. Take it out.")
    if sound.sample_rate < LOWEST_RATE:
        raise AudioError(f"{path} has {sound.sample_rate} Hz; wanted {LOWEST_RATE} Hz or more. Take it out.")
    return sound


def _refuse_twice(folders: Sequence[Path], sounds: Sequence[Sequence[Clip]]) -> None:
    """Raises AudioError where two files hold the same samples: one could be learned from and the other tested on."""
    known: dict[str, Path] = {}
    for folder, some in zip(folders, sounds, strict=True):
        for sound in some:
            digest, path = hashlib.sha256(sound.waveform.numpy().tobytes()).hexdigest(), folder / sound.recipe["file"]
            if digest in known:
                raise AudioError(f"{known[digest]} and {path} hold the same sound. Every sound may be there once only.")
            known[digest] = path


def _cut_all(folder: Path, sounds: Sequence[Clip]) -> list[Take]:
    """Every file's clips, its pauses left out. Raises AudioError for silent files."""
    takes = [_cut(sound) for sound in sounds]
    silent = [take.name for take in takes if float(_decibels(take.waveforms).max()) < SILENT_DB]
    if silent:
        which = "every file" if len(silent) == len(takes) else ", ".join(silent)
        raise AudioError(
            f"{folder}: {which} is silent (below {SILENT_DB:g} dB re full scale). Levelled, it would be noise: take it out."
        )
    return [replace(take, waveforms=take.waveforms[_loud_enough(take)]) for take in takes]


def _cut(sound: Clip) -> Take:
    length = round(SECONDS * sound.sample_rate)
    count = max(1, len(sound.waveform) // length)
    return Take(sound.recipe["file"], sound.sample_rate, sound.waveform[: count * length].reshape(count, -1))


def _loud_enough(take: Take) -> Tensor:
    levels = _decibels(take.waveforms)
    return levels >= levels.max() + PAUSE_DB


def _decibels(waveforms: Tensor) -> Tensor:
    """RMS [...] of waveforms [..., time] in dB re full scale."""
    return 10 * torch.log10(waveforms.square().mean(-1) + 1e-12)


def balanced(first: Sequence[Take], second: Sequence[Take], most: int) -> tuple[list[Take], list[Take]]:
    """As many clips of one class as of the other, at most so many, and of a class's files as evenly as can be."""
    count = min(most, *(sum(len(take.waveforms) for take in takes) for takes in (first, second)))
    return thinned(first, count), thinned(second, count)


def thinned(takes: Sequence[Take], count: int) -> list[Take]:
    """So many clips (or all) of some files: each file gives one in turn while it has one, evenly over its length."""
    sizes = [len(take.waveforms) for take in takes]
    shares = [0] * len(takes)
    while sum(shares) < min(count, sum(sizes)):
        for i, size in enumerate(sizes):
            shares[i] += shares[i] < size and sum(shares) < count
    places = [torch.linspace(0, size - 1, share).round().long() for size, share in zip(sizes, shares, strict=True)]
    return [replace(t, waveforms=t.waveforms[at]) for t, at in zip(takes, places, strict=True) if len(at)]


def _common_rate(sounds: Sequence[Sequence[Clip]]) -> int:
    """A rate through which all files go, so that none keeps a wider band than another; 16 kHz where all have one rate.

    Else a little below the lowest: a file that already has the common rate would pass unfiltered.
    """
    rates = {sound.sample_rate for some in sounds for sound in some}
    return SAMPLE_RATE if len(rates) == 1 else min(SAMPLE_RATE, *rates) * 15 // 16 // 500 * 500


def _ready(take: Take, rate: int, noise: torch.Generator) -> Take:
    """A file's clips with the common band, length, level and noise floor."""
    made = []
    for waveform in take.waveforms:
        banded = clips.resample(Clip(waveform, take.sample_rate, take.name), rate)
        wave = clips.resample(banded, SAMPLE_RATE).waveform
        if len(wave) < SAMPLES:
            wave = faded(wave, 0.005, 0.005).repeat(-(-SAMPLES // len(wave)))
        made.append(finish(wave[:SAMPLES], noise))
    return Take(take.name, SAMPLE_RATE, torch.stack(made))


def _names(folders: Sequence[Path]) -> tuple[str, str]:
    """What the classes are called: their folders, with the folders above where these are alike."""
    first, second = (folder.resolve() for folder in folders)
    if first.name != second.name:
        return first.name, second.name
    return f"{first.parent.name}/{first.name}", f"{second.parent.name}/{second.name}"


def _conversions(
    names: tuple[str, str], sounds: Sequence[Sequence[Clip]], cut: Sequence[Sequence[Take]], used: int
) -> list[str]:
    """Notes on what was converted, and on what differs between the classes besides their sound."""
    every = [sound for some in sounds for sound in some]
    rates, notes = sorted({sound.sample_rate for sound in every}), []
    if stereo := sum(bool(sound.recipe["steps"]) for sound in every):
        notes.append(f"The channels of {stereo} of {len(every)} files were averaged.")
    if len(rates) > 1:
        top = 0.5 * resampling.ROLLOFF * _common_rate(sounds)
        notes.append(
            f"The files have {joined(rates)} Hz; all were brought to one band, up to {top:.0f} Hz, and to 16000 Hz."
        )
    elif rates != [SAMPLE_RATE]:
        notes.append(f"Resampled from {rates[0]} to {SAMPLE_RATE} Hz.")
    short = [sum(sound.seconds < SECONDS for sound in some) for some in sounds]
    if any(short):
        counts = [f"{n} of {len(some)} files of {name}" for n, some, name in zip(short, sounds, names, strict=True)]
        notes.append(f"Shorter than {SECONDS:g} s, and repeated up to it: {joined(counts)}.")
    if pauses := sum(len(_cut(s).waveforms) for s in every) - sum(len(take.waveforms) for some in cut for take in some):
        told = f"{pauses} clip{'s' * (pauses > 1)} of 3 s"
        notes.append(f"Left out as pauses, {-PAUSE_DB:g} dB or more below the loudest clip of their file: {told}.")
    levels = [float(torch.stack([_decibels(sound.waveform) for sound in some]).mean()) for some in sounds]
    if abs(levels[0] - levels[1]) >= TOLD_DB:
        louder, softer = names if levels[0] > levels[1] else names[::-1]
        difference = abs(levels[0] - levels[1])
        notes.append(
            f"{louder} is {difference:.0f} dB louder than {softer}; every clip was brought to {LEVEL_DB:g} dB."
        )
    lengths = [sum(sound.seconds for sound in some) for some in sounds]
    if max(lengths) >= TOLD_RATIO * min(lengths):
        told = [f"{name} holds {length:.0f} s" for name, length in zip(names, lengths, strict=True)]
        notes.append(f"{joined(told)}; {used} clips are used of each.")
    formats = [{Path(sound.recipe["file"]).suffix.lower() for sound in some} for some in sounds]
    if formats[0] != formats[1]:
        told = [f"{name} holds {', '.join(sorted(kinds))}" for name, kinds in zip(names, formats, strict=True)]
        notes.append(f"{joined(told)}: a codec that only one class went through may be what the network hears.")
    return notes


def joined(parts: Sequence[object]) -> str:
    words = [str(part) for part in parts]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
