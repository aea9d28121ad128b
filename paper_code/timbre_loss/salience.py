"""Do vibrato, onsets and noise weigh more than steady tones? Maps of scoring networks, held against what frames hold.

Of every passage, each method gives a profile over time. A difference is the profile's mean in the frames of one kind
minus its mean in the steady frames, in units of the profile's spread over the passage.
Chapter: timbre_loss
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from paper_code.lab.intervals import Interval, interval_of_defined, mean_of_defined
from paper_code.timbre_loss import maps, phrases, stimuli
from paper_code.timbre_loss.moments import Moments, levels, moments, of_melody
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.spectrograms import log_spectrogram
from paper_code.timbre_loss.stimuli import Phrases

METHODS = ("activation", "gradients", "occlusion")
# Where the passages come from, and which kinds of frames are held against steady ones there.
REAL, MELODIES, IMPOSED = "real", "melodies", "imposed"
COMPARED = {REAL: ("vibrato", "onset", "noise"), MELODIES: ("onset",), IMPOSED: ("vibrato",)}
LEVEL_REMOVED = "level_removed"
FEWEST = 5  # frames of each kind, for a difference to be defined


@dataclass(frozen=True, eq=False)
class Passage:
    """A stretch of at most 3 s at the common level. title: passages of one title are averaged, as one observation.

    source: one of COMPARED. phrase: the recording. waveform: [time] at 16 kHz. moments: what its frames hold.
    """

    title: str
    source: str
    phrase: str
    waveform: Tensor
    moments: Moments

    @property
    def spectrogram(self) -> Tensor:
        """Log magnitudes in dB, [257, frame]."""
        return log_spectrogram(self.waveform)


def passages(made: Phrases, synthetic: bool = False) -> list[Passage]:
    """All passages: the real phrases, and held-out phrases of class 0 without and with vibrato. Raises CorpusError."""
    return [*real_passages(synthetic), *melodic_passages(made), *wobbling_passages(made)]


@functools.cache
def real_passages(synthetic: bool = False) -> tuple[Passage, ...]:
    """The real phrases in pieces of 3 s, each at the level and with the noise floor of the training's phrases."""
    made = []
    for phrase, clip in stimuli.real_phrases(synthetic).items():
        for start in starts(len(clip.waveform)):
            piece = clip.waveform[start : start + phrases.SAMPLES]
            finished = phrases.finish(piece, torch.Generator().manual_seed(0))
            title = f"{phrase}, from {start / SAMPLE_RATE:.1f} s"
            made.append(Passage(title, REAL, phrase, finished, moments(finished)))
    return tuple(made)


def starts(samples: int) -> list[int]:
    """Where pieces of 3 s begin in a recording of so many samples; the last ends with it, a short recording is one."""
    whole = list(range(0, samples - phrases.SAMPLES + 1, phrases.SAMPLES))
    rest = samples % phrases.SAMPLES
    return [*whole, max(0, samples - phrases.SAMPLES)] if rest or not whole else whole


def melodic_passages(made: Phrases) -> list[Passage]:
    """Phrases of class 0 with the onsets that their melodies name."""
    return [
        Passage(f"melody {i}", MELODIES, f"melody {i}", wave, of_melody(tune, log_spectrogram(wave).shape[-1]))
        for i, (wave, tune) in enumerate(zip(made.waveforms[:, 0], made.melodies, strict=True))
    ]


def wobbling_passages(made: Phrases) -> list[Passage]:
    """Phrases of class 0 with vibrato on every second note, and again on the other notes: two passages of one title.

    So each note is once a note with vibrato and once a steady one, and what else it is does not count.
    """
    found = []
    for i, (wave, tune) in enumerate(zip(made.waveforms[:, 0], made.melodies, strict=True)):
        for first in (0, 1):
            chosen = [number % 2 == first for number in range(len(tune))]
            heard = phrases.with_vibrato(wave, [event for event, moved in zip(tune, chosen, strict=True) if moved])
            holds = of_melody(tune, log_spectrogram(wave).shape[-1], chosen)
            found.append(Passage(f"melody {i}", IMPOSED, f"melody {i}", heard, holds))
    return found


def profiles(network: ScoringNetwork, spectrogram: Tensor, baseline: Tensor) -> dict[str, np.ndarray]:
    """Method -> how much each frame of a spectrogram [257, frame] weighs, [frame], zero mean and unit spread.

    The class-0 activation map's mean over frequency (it has a sign: what speaks for class 0), and the mean size of the
    integrated gradients and of the occlusion, whichever class they speak for. baseline: [257], see maps.mean_spectrum.
    """
    found = attributions(network, spectrogram, baseline)
    sized = {method: value if method == "activation" else value.abs() for method, value in found.items()}
    return {method: standard(value.mean(0).double().numpy()) for method, value in sized.items()}


def attributions(network: ScoringNetwork, spectrogram: Tensor, baseline: Tensor) -> dict[str, Tensor]:
    """Method -> what each cell of a spectrogram [257, frame] says for class 0, [257, frame]."""
    one = spectrogram[None]
    activation = maps.resized(maps.activation_maps(network, one), *spectrogram.shape)
    gradients = maps.integrated_gradients(network, one, baseline)
    return dict(zip(METHODS, (activation[0], gradients[0], maps.occlusion(network, one, baseline)[0]), strict=True))


def standard(values: np.ndarray) -> np.ndarray:
    """Values with zero mean and unit spread; zeros where they are all alike."""
    centred = values - values.mean()
    spread = centred.std()
    return centred / spread if spread > 1e-9 * np.abs(values).max() else np.zeros_like(values)


def difference(profile: np.ndarray, inside: np.ndarray, steady: np.ndarray) -> float:
    """Mean of a profile [frame] in some frames minus its mean in the steady ones; NaN with fewer than 5 of either."""
    if min(inside.sum(), steady.sum()) < FEWEST:
        return float("nan")
    return float(profile[inside].mean() - profile[steady].mean())


def without_level(profile: np.ndarray, level: np.ndarray) -> np.ndarray:
    """What a profile [frame] keeps when a straight line over the level in dB [frame] is taken off."""
    level = level - level.mean()
    power = level @ level
    return profile - profile.mean() - (level * (level @ profile) / power if power > 0 else 0)


def measure(
    network: ScoringNetwork, given: Sequence[Passage], baseline: Tensor
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """What a network listens to: values for metrics.json, and the differences behind them, [title] each.

    "<method>/<source>/<kind>": the difference, its mean over titles; NaN where no passage has such frames.
    ".../level_removed": the same after regression on the frames' level. "level/<method>/<source>": correlation of
    profile and level. "passages/<source>/<kind>": how many titles have the difference. "score/<phrase>": mean score of
    a real phrase's passages. "vibrato_logit": what imposed vibrato adds to the logit of class 1.
    """
    rows = [_of_passage(network, passage, baseline) for passage in given]
    arrays = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        by_title: dict[str, list[float]] = {}
        for passage, row in zip(given, rows, strict=True):
            if name in row:
                by_title.setdefault(passage.title, []).append(row[name])
        arrays[name] = np.array([mean_of_defined(values) for values in by_title.values()])
    metrics = {name: mean_of_defined(values) for name, values in arrays.items()}
    for source, kinds in COMPARED.items():
        for kind in kinds:
            some = arrays.get(f"{METHODS[0]}/{source}/{kind}", np.array([]))
            metrics[f"passages/{source}/{kind}"] = int(np.isfinite(some).sum())
    return {**metrics, **_scores(network, given)}, arrays


def _of_passage(network: ScoringNetwork, passage: Passage, baseline: Tensor) -> dict[str, float]:
    """The differences of one passage, and how much its profiles follow the level."""
    level, holds = levels(passage.waveform), passage.moments
    row = {}
    for method, profile in profiles(network, passage.spectrogram, baseline).items():
        row[f"level/{method}/{passage.source}"] = float(np.mean(standard(profile) * standard(level)))
        rest = without_level(profile, level)
        for kind in COMPARED[passage.source]:
            inside, name = getattr(holds, kind), f"{method}/{passage.source}/{kind}"
            row[name] = difference(profile, inside, holds.steady)
            row[f"{name}/{LEVEL_REMOVED}"] = difference(rest, inside, holds.steady)
    return row


@torch.no_grad()
def _scores(network: ScoringNetwork, given: Sequence[Passage]) -> dict[str, float]:
    """Mean scores of the real phrases, and what imposed vibrato does to the logit."""
    scores: dict[str, list[float]] = {}
    logits: dict[str, list[float]] = {MELODIES: [], IMPOSED: []}
    for passage in given:
        logit = network.eval().logits(passage.spectrogram[None])[0]
        if passage.source == REAL:
            scores.setdefault(f"score/{passage.phrase}", []).append(float(logit.sigmoid()))
        else:
            logits[passage.source].append(float(logit))
    change = mean_of_defined(logits[IMPOSED]) - mean_of_defined(logits[MELODIES])
    return {**{name: float(np.mean(values)) for name, values in scores.items()}, "vibrato_logit": change}


def over_passages(differences: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Interval | None]:
    """Name -> mean and 95 % interval over the real passages, each averaged over networks first.

    differences: `measure`'s arrays of several networks, which all saw the same real passages. None where no passage has
    a value. (The held-out phrases are others for each network: their interval is over networks, from the metrics.)
    Several passages come from one recording, and all from few: it is no interval over cellos.
    """
    names = [name for name in differences[0] if f"/{REAL}" in name]
    return {name: interval_of_defined(np.mean([one[name] for one in differences], 0)) for name in names}
