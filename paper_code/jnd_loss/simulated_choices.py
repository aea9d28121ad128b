"""Two changed sounds and their reference: which is nearer? The paper's "simulated" choices, with answers from real curves.

The paper asked some ten people about each of 1,210 such triplets; neither sounds nor answers are published. Here the
answer is the sound that fewer of the paper's own listeners would call different from clean speech, by the populations
fitted to their judgements (`listeners.jnd.clean`): a prediction from levels, which no one gave. The reference is speech
of a speaker that no metric learned from. Both changes are of different kinds, at levels near the threshold of each.
"""

import functools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from paper_code.audio import corpora
from paper_code.audio.clips import Clip, resample
from paper_code.jnd_loss import stimuli
from paper_code.jnd_loss.agreement import EQUAL
from paper_code.jnd_loss.measures import Measure, conventional, embeddings, of_metrics, released
from paper_code.jnd_loss.stimuli import SAMPLE_RATE, SOUNDS, Sound
from paper_code.lab import material
from paper_code.lab.config import Config, ConfigError, hash_of, one_of
from paper_code.lab.files import write_json
from paper_code.lab.material import Material, prepared, write
from paper_code.lab.store import METRICS
from paper_code.listeners.jnd import clean

SIDE = "test"
SECONDS = 1.0  # of a sound
EACH = 24  # triplets of each pair of kinds
SHARES = (0.2, 0.8)  # of listeners who call a sound different, between which it is drawn
MARGIN = 0.1  # shares nearer to each other are no choice
RESAMPLES = 1999
STRENGTH = "strength alone"
SMALLEST = 1e-12


@dataclass(frozen=True, kw_only=True)
class Chosen(Config):
    """Released and conventional measures on the triplets; nothing is trained.

    each: triplets of each pair of kinds.   recordings: "real" or "synthetic".
    """

    each: int = EACH
    recordings: str = "real"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if self.each < 1:
            raise ConfigError(f"each is at least 1; found {self.each}.")

    @property
    def synthetic(self) -> bool:
        """Whether made-up speech and answers stand in."""
        return self.recordings == "synthetic"


@dataclass(frozen=True)
class Choice:
    """Two sounds to be held against the speech they are made from.

    strengths: of each, from clean, 0 to 100 and more on the scale of the lists.   shares: of listeners,
    who would call each different from the reference.
    """

    sounds: tuple[Sound, Sound]
    strengths: tuple[float, float]
    shares: tuple[float, float]

    @property
    def kinds(self) -> tuple[str, str]:
        """The perturbations of the two sounds."""
        first, second = self.sounds
        return first.perturbation, second.perturbation

    @property
    def nearer(self) -> int:
        """Which of the two is nearer, by the listeners' curves: 0 or 1."""
        return int(self.shares[1] < self.shares[0])


@dataclass(frozen=True)
class Choices:
    """Triplets with their sounds at 16 kHz. material: reference, first and second sound of each, one after another."""

    rows: tuple[Choice, ...]
    material: Material
    synthetic: bool = False

    def clips(self, place: int) -> tuple[Clip, Clip, Clip]:
        """Reference, first and second sound of a triplet."""
        samples = round(SECONDS * SAMPLE_RATE)
        waveforms = self.material.at([samples * (3 * place + k) for k in range(3)], samples, SOUNDS)[0]
        titles = ("reference", *self.rows[place].kinds)
        return tuple(
            Clip(waveform, SAMPLE_RATE, title, synthetic=self.synthetic)
            for waveform, title in zip(waveforms, titles, strict=True)
        )


def evaluate(config: Chosen, folder: Path) -> None:
    """Write the accuracy of the released and the conventional measures, and of the strength alone."""
    triplets, measures = choices(config.each, config.synthetic), {**released(), **conventional(), **embeddings()}
    found = {name: accuracy(values) for name, values in right(measures, triplets).items()}
    lacking = {name: measure.lacks for name, measure in measures.items() if measure.lacks}
    write_json(folder / METRICS, {"accuracy": {**found, STRENGTH: accuracy(by_strength(triplets))}, "lacking": lacking})


def sources(config: Chosen) -> list[dict[str, Any]]:
    """Where the speech, the judgements and the noises come from. Raises CorpusError."""
    speech = material.sources((SIDE,), stimuli.recordings, config.synthetic)
    files = [] if config.synthetic else [corpora.recording(path) for path in stimuli.other_recordings()]
    for file in files:
        corpora.locate(file.path)
    return [*speech, *corpora.sources(files)]


def of_metric(metric: nn.Module, each: int, synthetic: bool = False) -> dict[str, float]:
    """The accuracy of one trained metric, see `accuracy`."""
    return accuracy(right(of_metrics({"metric": metric}), choices(each, synthetic))["metric"])


def choices(each: int = EACH, synthetic: bool = False, progress: bool = False) -> Choices:
    """The triplets, rendered now or by an earlier run. each: of every pair of kinds.

    Raises CorpusError, ListError, OutputError; ValueError where too few listeners were asked about quiet references.
    """
    rows, samples = drawn(each, synthetic), round(SECONDS * SAMPLE_RATE)
    recipe = {"of": stimuli.made_of(SIDE, synthetic), "samples": samples, "rows": [str(row) for row in rows], "v": 1}
    folder = stimuli.FOLDER / f"choices-{hash_of('choices', recipe)}"

    def made() -> Iterator[torch.Tensor]:
        for row in tqdm(rows, "rendering choices", disable=not progress, file=sys.stderr, unit="triplet"):
            yield stimuli.speech(row.sounds[0], SIDE, samples, synthetic)
            yield from (stimuli.rendered(sound, SIDE, samples, synthetic) for sound in row.sounds)

    material = prepared(folder, lambda: write(folder, [samples] * (3 * len(rows)), {SOUNDS: made()}), SAMPLE_RATE)
    return Choices(rows, material, synthetic)


@functools.cache
def drawn(each: int, synthetic: bool = False, seed: int = 0) -> tuple[Choice, ...]:
    """Triplets without their sounds: pieces of the test side, and levels by the share that would call them different."""
    judged = stimuli.judgements(synthetic)
    populations, rng = clean.populations(judged), np.random.default_rng(seed)
    pieces = judged.where(lambda row: stimuli.side_of(row) == SIDE).rows
    rows = []
    for kinds in combinations(populations, 2):
        for _ in range(each):
            piece, shares = pieces[rng.integers(len(pieces))], _two_shares(rng)
            strengths = tuple(
                clean.strength_at(populations[kind], share) for kind, share in zip(kinds, shares, strict=True)
            )
            sounds = tuple(
                Sound(kind, piece.speaker, piece.script, piece.seconds, "", (clean.level(kind, strength),))
                for kind, strength in zip(kinds, strengths, strict=True)
            )
            rows.append(Choice(sounds, strengths, shares))
    return tuple(rows)


def right(measures: Mapping[str, Measure], triplets: Choices, progress: bool = False) -> dict[str, NDArray[np.float64]]:
    """Measure -> [triplet] 1 where it says what the curves say, 0 where not, 0.5 for a tie and where it is not defined.

    Measures that cannot be computed here are left out.
    """
    usable = {name: measure for name, measure in measures.items() if not measure.lacks}
    values = {name: np.empty(len(triplets.rows)) for name in usable}
    for place, row in enumerate(tqdm(triplets.rows, "choices", disable=not progress)):
        for rate in {measure.sample_rate or SAMPLE_RATE for measure in usable.values()}:
            reference, *both = (resample(clip, rate) for clip in triplets.clips(place))
            for name, measure in usable.items():
                if (measure.sample_rate or SAMPLE_RATE) == rate:
                    values[name][place] = _is_right(*(measure.of(clip, reference) for clip in both), row.nearer)
    return values


def by_strength(triplets: Choices) -> NDArray[np.float64]:
    """What choosing the smaller strength gives, without a sound and without a curve, [triplet] as in `right`."""
    return np.array([_is_right(*row.strengths, row.nearer) for row in triplets.rows])


def accuracy(found: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0) -> dict[str, float]:
    """Share right of `right`, with a 95 % interval of a bootstrap over triplets; every measure sees the same draws.

    Paper: Manocha et al. 2020, Table 2, the column "Simulated".   Chapter: jnd_loss
    """
    draws = np.random.default_rng(seed).integers(len(found), size=(resamples, len(found)))
    low, high = np.quantile(found[draws].mean(axis=1), [0.025, 0.975])
    return {"value": float(found.mean()), "low": float(low), "high": float(high), "count": len(found)}


def _two_shares(rng: np.random.Generator) -> tuple[float, float]:
    while True:
        first, second = rng.uniform(*SHARES, size=2).tolist()
        if abs(first - second) >= MARGIN:
            return first, second


def _is_right(first: float, second: float, nearer: int) -> float:
    if not np.isfinite([first, second]).all() or abs(first - second) <= EQUAL * max(abs(first), abs(second), SMALLEST):
        return 0.5
    return float(int(second < first) == nearer)
