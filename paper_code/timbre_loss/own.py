"""A reader's own recordings of two classes: from two folders to a score, a null test, maps, masks and sounds.

First the folders are read and their clips made alike, then networks are trained and tested on whole files.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from scipy.stats import binomtest
from torch import Tensor
from tqdm import tqdm

from paper_code.audio import clips
from paper_code.audio.clips import AudioError, Clip
from paper_code.display import players
from paper_code.display.tables import Column, Table, table
from paper_code.lab.config import one_of
from paper_code.timbre_loss import floors, maps, masks
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.notes import SAMPLE_RATE, faded
from paper_code.timbre_loss.phrases import LEVEL_DB, SAMPLES, SECONDS, finish
from paper_code.timbre_loss.spectrograms import log_spectrogram, masked
from paper_code.timbre_loss.training import train_network

# melodies: the most clips a class; masks: clips of class_b that are changed. The rest as in the chapter.
SIZES: Mapping[str, Mapping[str, int]] = {
    "smoke": {"width": 2, "melodies": 12, "steps": 4, "batch": 4, "masks": 1, "mask_steps": 3},
    "small": {"melodies": 80, "steps": 90, "masks": 4, "mask_steps": 100},
    "full": {"melodies": 240, "steps": 180, "masks": 8, "mask_steps": 100},
}
FOLDS = 3  # a network each; fewer where a class has fewer files
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
NETWORK, NEAREST, LOGISTIC = "scoring network", "nearest mean spectrum", "logistic regression on 26 mel means"
LIMIT = (
    "What all files of a class share and those of the other do not, such as a room, a microphone or a player, no null "
    "test within one class can tell from timbre."
)


@dataclass(frozen=True, eq=False)
class Take:
    """A file of a class, and its clips [clip, time] at a sample rate (Hz): as cut, or made ready, 3 s at 16 kHz."""

    name: str
    sample_rate: int
    waveforms: Tensor


@dataclass(frozen=True)
class Accuracy:
    """How many held-out clips and files were told right. A file is told by the mean over its clips, a tie is wrong."""

    right: int
    clips: int
    right_files: int
    files: int

    @property
    def share(self) -> float:
        """The share of clips."""
        return self.right / self.clips

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of clips, as if each were independent of the others of its file."""
        return _wilson(self.right, self.clips)

    @property
    def interval_of_files(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of files."""
        return _wilson(self.right_files, self.files)

    @property
    def above_chance(self) -> bool:
        """Whether both intervals lie above a half: clips of one file are alike, so that clips alone prove too much."""
        return min(self.interval[0], self.interval_of_files[0]) > 0.5

    def __str__(self) -> str:
        (low, high), (least, most) = self.interval, self.interval_of_files
        return (
            f"{self.right} of {self.clips} held-out clips right ({100 * self.share:.0f} %, 95 % interval {100 * low:.0f} "
            f"to {100 * high:.0f} %), {self.right_files} of {self.files} files ({100 * least:.0f} to {100 * most:.0f} %)"
        )


@dataclass(frozen=True, eq=False)
class Changed:
    """A held-out clip of class_b and its mask towards class_a. Clips of 3 s at 16 kHz.

    spectrogram, map, mask: [257, 298] in dB; the map (logits) is positive where a place speaks for class_a.
    scores, judged: before and after the mask, by the network it was learned on and by another; 0 is class_a.
    """

    original: Clip
    result: Clip
    spectrogram: Tensor
    map: Tensor
    mask: Tensor
    scores: tuple[float, float]
    judged: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Own:
    """All that the page shows of two folders.

    names: of class_a (score 0, the target) and class_b (score 1). files: of each, in order. clips: used of each class.
    accuracy: of the network and of the floors on held-out files. null: the same for odd against even files of class_a,
    None with fewer than four. target: a clip of class_a. changed: clips of class_b. notes: what was converted.
    """

    names: tuple[str, str]
    files: tuple[tuple[str, ...], tuple[str, ...]]
    clips: int
    accuracy: Mapping[str, Accuracy]
    null: Mapping[str, Accuracy] | None
    target: Clip
    changed: tuple[Changed, ...]
    notes: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What came out, in sentences; the first says whether the classes are told apart, the second of the null test."""
        return (_of_classes(self), _of_null(self), LIMIT, *_of_floors(self), _of_masks(self))


def study(
    class_a: str | Path,
    class_b: str | Path,
    profile: str = "small",
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Own:
    """Train and test on two folders of recordings, and change clips of the second towards the first.

    All sound files directly in the folders count, two or more in each; hidden files and sub-folders are not read, and
    files such as .txt and .jpg are left out with a note. profile: one of SIZES; "small" takes some three minutes.
    Raises ConfigError for another profile, AudioError for folders and files that cannot be used: see `read`.
    """
    one_of("profile", profile, SIZES)
    # The pair is a name that the settings ask for: neither notes nor melodies of it are used.
    config = TimbreConfig(profile=profile, seed=seed, pair="cellos", **SIZES[profile])
    names, (first, second), notes = read(class_a, class_b, config.melodies)
    halves = balanced(first[::2], first[1::2], config.melodies) if len(first) >= 4 else None
    tested = [(first, second), halves] if halves else [(first, second)]
    with tqdm(total=sum(_folds(*pair) for pair in tested), desc="networks", disable=not progress) as bar:
        (accuracy, networks), *rest = [_cross_validated(*pair, config, torch.device(device), bar) for pair in tested]
    heard = _held_out(second, 0, _folds(first, second))
    changed = _changed(networks, heard, config, names)
    target = _clip(first[0].waveforms[0], f"{names[0]}: {first[0].name}")
    files = tuple(tuple(take.name for take in takes) for takes in (first, second))
    count = sum(len(take.waveforms) for take in first)
    return Own(names, files, count, accuracy, rest[0][0] if rest else None, target, changed, notes)


def accuracies(own: Own) -> Table:
    """The network beside the floors, on the two classes and in the null test."""
    rows = []
    for title, found in ((" against ".join(own.names), own.accuracy), (f"null test: {own.names[0]}", own.null or {})):
        rows += [
            [f"{title}, {method}", 100 * a.share, *(100 * end for end in a.interval), f"{a.right_files} of {a.files}"]
            for method, a in found.items()
        ]
    columns = [Column("held-out files"), *(Column(name, "%", ".0f") for name in ("clips right", "from", "to")), "files"]
    caption = (
        f"Your recordings, {own.clips} clips of 3 s a class. Chance is 50 %. The interval (Wilson, 95 %) takes clips as "
        "independent, which clips of one file are not: look at the files too."
    )
    return table(columns, rows, caption)


def player(own: Own, number: int = 0) -> players.Player:
    """A clip of class_b, the same through its mask, and a clip of class_a."""
    one = own.changed[number]
    sounds = {own.names[1]: one.original, "through the mask": one.result, own.names[0]: own.target}
    roles = dict(zip(sounds, ("plain", "document", "reference"), strict=True))
    title = f"Your clip '{one.original.title}', changed towards {own.names[0]}"
    caption = f"The score goes from {one.scores[0]:.2f} to {one.scores[1]:.2f}; 0 is {own.names[0]}."
    return players.compare(sounds, title, caption, roles=roles, max_frequency=SAMPLE_RATE / 2)


# Reading


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
    folders = (Path(class_a), Path(class_b))
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
    if folder.is_file():
        raise AudioError(f"{label} wants a folder of recordings, found a file: {folder}. Name the folder it lies in.")
    if not folder.is_dir():
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
    return _thinned(first, count), _thinned(second, count)


def _thinned(takes: Sequence[Take], count: int) -> list[Take]:
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
        top = 0.5 * clips.ROLLOFF * _common_rate(sounds)
        notes.append(
            f"The files have {_and(rates)} Hz; all were brought to one band, up to {top:.0f} Hz, and to 16000 Hz."
        )
    elif rates != [SAMPLE_RATE]:
        notes.append(f"Resampled from {rates[0]} to {SAMPLE_RATE} Hz.")
    short = [sum(sound.seconds < SECONDS for sound in some) for some in sounds]
    if any(short):
        counts = [f"{n} of {len(some)} files of {name}" for n, some, name in zip(short, sounds, names, strict=True)]
        notes.append(f"Shorter than {SECONDS:g} s, and repeated up to it: {_and(counts)}.")
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
        notes.append(f"{_and(told)}; {used} clips are used of each.")
    formats = [{Path(sound.recipe["file"]).suffix.lower() for sound in some} for some in sounds]
    if formats[0] != formats[1]:
        told = [f"{name} holds {', '.join(sorted(kinds))}" for name, kinds in zip(names, formats, strict=True)]
        notes.append(f"{_and(told)}: a codec that only one class went through may be what the network hears.")
    return notes


def _and(parts: Sequence[object]) -> str:
    words = [str(part) for part in parts]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


# Testing


def _folds(first: Sequence[Take], second: Sequence[Take]) -> int:
    return min(FOLDS, len(first), len(second))


def _held_out(takes: Sequence[Take], fold: int, folds: int) -> list[Take]:
    return [take for i, take in enumerate(takes) if i % folds == fold]


def _learned_from(takes: Sequence[Take], fold: int, folds: int) -> Tensor:
    return _joined([take for i, take in enumerate(takes) if i % folds != fold])


def _joined(takes: Sequence[Take]) -> Tensor:
    return torch.cat([take.waveforms for take in takes])


def _cross_validated(
    first: Sequence[Take], second: Sequence[Take], config: TimbreConfig, device: torch.device, bar: tqdm
) -> tuple[dict[str, Accuracy], list[ScoringNetwork]]:
    """Accuracy by method, and a network a fold. Every file is held out once, with all its clips."""
    folds, networks = _folds(first, second), []
    votes: dict[str, list[tuple[int, Tensor]]] = {NETWORK: [], NEAREST: [], LOGISTIC: []}
    for fold in range(folds):
        train = [_learned_from(takes, fold, folds) for takes in (first, second)]
        network = train_network(config, _paired(train), fold, device, progress=False)[0].cpu()
        tests = [(label, take) for label, takes in ((0, first), (1, second)) for take in _held_out(takes, fold, folds)]
        sizes = [len(take.waveforms) for _, take in tests]
        for method, told in _votes(network, train, _joined([take for _, take in tests])).items():
            votes[method] += zip([label for label, _ in tests], told.split(sizes), strict=True)
        networks.append(network)
        bar.update()
    return {method: _accuracy(told) for method, told in votes.items()}, networks


def _paired(train: Sequence[Tensor]) -> Tensor:
    """Spectrograms [clip, class, 257, 298] of the waveforms of two classes; the smaller one's clips come again."""
    place = torch.arange(max(len(waveforms) for waveforms in train))
    return torch.stack([log_spectrogram(waveforms)[place % len(waveforms)] for waveforms in train], 1)


def _votes(network: ScoringNetwork, train: Sequence[Tensor], unseen: Tensor) -> dict[str, Tensor]:
    """What each method says of unseen clips [clip, time]: values [clip] from 0 for the first class to 1."""
    labels = torch.cat([torch.full((len(waveforms),), label) for label, waveforms in enumerate(train)])
    seen = torch.cat(list(train))
    spectra, mels = floors.long_term_spectra, floors.mel_means
    return {
        NETWORK: _scores(network, log_spectrogram(unseen)),
        NEAREST: floors.nearest_mean(spectra(seen), labels, spectra(unseen)).float(),
        LOGISTIC: floors.logistic(mels(seen), labels, mels(unseen)).float(),
    }


@torch.no_grad()
def _scores(network: ScoringNetwork, spectrograms: Tensor) -> Tensor:
    return torch.cat([network(some) for some in spectrograms.split(32)])


def _accuracy(votes: Sequence[tuple[int, Tensor]]) -> Accuracy:
    """votes: for each file its class, and the values [clip] of its clips."""
    right = [(vote > 0.5) if label else (vote < 0.5) for label, vote in votes]
    files = [vote.mean() > 0.5 if label else vote.mean() < 0.5 for label, vote in votes]
    return Accuracy(sum(int(r.sum()) for r in right), sum(len(r) for r in right), sum(map(bool, files)), len(files))


def _wilson(right: int, count: int) -> tuple[float, float]:
    found = binomtest(right, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


# Changing


def _changed(
    networks: Sequence[ScoringNetwork], held_out: Sequence[Take], config: TimbreConfig, names: tuple[str, str]
) -> tuple[Changed, ...]:
    """Masks towards class_a for clips that the first fold's network has not learned from; the second fold's judges."""
    takes = _thinned(held_out, config.masks)
    waveforms, (network, judge) = _joined(takes), networks[:2]
    before = log_spectrogram(waveforms)
    recipe = masks.Recipe(alpha=config.alpha, beta=config.beta, steps=config.mask_steps, rate=config.mask_rate)
    learned = masks.learn(network, before, recipe, config.seed).masks
    shown = maps.resized(maps.activation_maps(network, before), *before.shape[-2:])
    scores, judged = (
        list(zip(_scores(by, before).tolist(), _scores(by, before + learned).tolist(), strict=True))
        for by in (network, judge)
    )
    results = masked(waveforms, learned)
    titles = [f"{names[1]}: {take.name}" for take in takes for _ in take.waveforms]
    return tuple(
        Changed(_clip(waveforms[i], title), _clip(results[i], f"{title}, through the mask"), before[i], shown[i],
                learned[i], scores[i], judged[i])
        for i, title in enumerate(titles)
    )  # fmt: skip


def _clip(waveform: Tensor, title: str) -> Clip:
    """A sound for the page; one over full scale is brought down to it."""
    return Clip(waveform / waveform.abs().max().clamp_min(1.0), SAMPLE_RATE, title, origin="file: of the reader")


# Telling


def _of_classes(own: Own) -> str:
    accuracy = own.accuracy[NETWORK]
    if accuracy.above_chance:
        return f"The network tells {own.names[1]} from {own.names[0]}: {accuracy}."
    return (
        f"The classes cannot be told apart for certain: {accuracy}, and chance is 50 %. The maps and masks below show what "
        "the network guesses from, and no timbre."
    )


def _of_null(own: Own) -> str:
    if own.null is None:
        return (
            f"There is no null test: {own.names[0]} has {len(own.files[0])} files, and odd against even ones need four. "
            "Nothing shows whether the network hears the instrument or the recording."
        )
    null = own.null[NETWORK]
    if null.above_chance:
        return (
            f"The null test fails: the network also tells odd from even files of {own.names[0]}, which are of one class: "
            f"{null}. It has learned the room, or whatever else differs from recording to recording; what it says of the "
            "two classes may be that too."
        )
    told = f"The null test is passed: odd and even files of {own.names[0]} are not told apart: {null}."
    if null.interval_of_files[1] < own.accuracy[NETWORK].share:
        return told
    return f"{told} But with so few files its interval reaches as high as the accuracy above: it proves little."


def _of_floors(own: Own) -> list[str]:
    """Which simple methods do at least as well."""
    share = own.accuracy[NETWORK].share
    as_good = [f"{method} ({100 * a.share:.0f} %)" for method, a in own.accuracy.items() if a.share >= share]
    others = [told for told in as_good if not told.startswith(NETWORK)]
    return [f"As good or better without a network: {_and(others)}."] if others else []


def _of_masks(own: Own) -> str:
    scores, judged = (
        torch.tensor([getattr(one, name) for one in own.changed]).mean(0) for name in ("scores", "judged")
    )
    count = f"{len(own.changed)} held-out clip{'s' * (len(own.changed) > 1)}"
    told = (
        f"The masks take the mean score of {count} of {own.names[1]} from {scores[0]:.2f} to {scores[1]:.2f} (0 is "
        f"{own.names[0]}); for a network that they were not learned on, from {judged[0]:.2f} to {judged[1]:.2f}."
    )
    fall, transferred = float(scores[0] - scores[1]), float(judged[0] - judged[1])
    if fall > 0.1 and transferred < 0.5 * fall:
        return f"{told} Less than half of the change is heard by the other network: the masks are adversarial."
    return told
