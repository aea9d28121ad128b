"""A reader's own recordings of two classes: from two folders to a score, a null test, maps, masks and sounds.

First the folders are read and their clips made alike, then networks are trained and tested on whole files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from paper_code.audio.clips import Clip
from paper_code.audio.signals import as_whole
from paper_code.display import players
from paper_code.display.tables import Column, Table, table
from paper_code.lab.config import one_of
from paper_code.lab.intervals import wilson
from paper_code.timbre_loss import floors, maps, masks
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.folders import Take, balanced, joined, read, thinned
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.spectrograms import log_spectrogram, masked
from paper_code.timbre_loss.training import train_network

# melodies: the most clips a class; masks: clips of class_b that are changed. The rest as in the chapter.
SIZES: Mapping[str, Mapping[str, int]] = {
    "smoke": {"width": 2, "melodies": 12, "steps": 4, "batch": 4, "masks": 1, "mask_steps": 3},
    "small": {"melodies": 80, "steps": 90, "masks": 4, "mask_steps": 100},
    "full": {"melodies": 240, "steps": 180, "masks": 8, "mask_steps": 100},
}
NETWORK, NEAREST, LOGISTIC = "scoring network", "nearest mean spectrum", "logistic regression on 26 mel means"
FOLDS = 3  # a network each; fewer where a class has fewer files
LIMIT = (
    "What all files of a class share and those of the other do not, such as a room, a microphone or a player, no null "
    "test within one class can tell from timbre."
)


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
        return wilson(self.right, self.clips)

    @property
    def interval_of_files(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of files."""
        return wilson(self.right_files, self.files)

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
    seed = as_whole("seed", seed)
    # The pair is a name that the settings ask for: neither notes nor melodies of it are used.
    config = TimbreConfig(profile=profile, seed=seed, pair="cellos", second=True, **SIZES[profile])
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


# Changing


def _changed(
    networks: Sequence[ScoringNetwork], held_out: Sequence[Take], config: TimbreConfig, names: tuple[str, str]
) -> tuple[Changed, ...]:
    """Masks towards class_a for clips that the first fold's network has not learned from; the second fold's judges."""
    takes = thinned(held_out, config.masks)
    waveforms, (network, judge) = _joined(takes), networks[:2]
    before = log_spectrogram(waveforms)
    recipe = masks.Recipe(steps=config.mask_steps)
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
    return [f"As good or better without a network: {joined(others)}."] if others else []


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
