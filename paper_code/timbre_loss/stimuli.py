"""What the scoring network is trained and tested on: pairs of instruments, split by pitch and melody.

Four pairs: the two cellos; the same with vibrato imposed on both; a null pair, one cello's notes divided in two; and a
pair of known truth, cello A through a fixed body filter against cello A as it is. Class 0 is the one that a sound is to
be changed into.
Chapter: timbre_loss
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from paper_code.audio import clips, corpora, registry, synthesiser
from paper_code.audio.clips import Clip
from paper_code.timbre_loss import body, phrases
from paper_code.timbre_loss import notes as recorded
from paper_code.timbre_loss.notes import CELLO_A, CELLO_B, SAMPLE_RATE, Note
from paper_code.timbre_loss.phrases import Melody
from paper_code.timbre_loss.spectrograms import log_spectrogram

PAIRS = ("cellos", "null", "body", "vibrato")
TITLES = {
    "cellos": ("cello A", "cello B"),
    "vibrato": ("cello A with vibrato", "cello B with vibrato"),
    "null": ("half of cello A's notes", "the other half"),
    "body": ("cello A, body filter", "cello A"),
}
FOLDS = 6  # seed k tests on every sixth pitch, from the k-th on
VIBRATO_LEAST, VIBRATO_MOST = torch.tensor([4.0, 5.0]), torch.tensor([7.5, 40.0])  # rate in Hz, amplitude in cents
SEMITONES = (-1, 0, 1)  # training phrases are transposed by one of these

REAL_PHRASES = {
    "smstools_sounds/sounds/cello-phrase.wav": "Cello phrase",
    "smstools_sounds/sounds/cello-double.wav": "Two strings, first",
    "smstools_sounds/sounds/cello-double-2.wav": "Two strings, second",
    "smstools_sounds_a10/sounds/A10_0_src/609221__combustibleplatypus__sneaky-cello-phrase.wav": "Sneaky phrase",
    "smstools_cello_timorozendal/sounds/256480__timorozendal__cello-phrase.wav": "Short phrase",
}


@dataclass(frozen=True, eq=False)
class Phrases:
    """Phrases of two classes, parallel. waveforms: [melody, 2, time] at 16 kHz. melodies: their notes."""

    waveforms: Tensor
    melodies: tuple[Melody, ...]

    @property
    def spectrograms(self) -> Tensor:
        """Log magnitudes in dB, [melody, 2, 257, 298]."""
        return log_spectrogram(self.waveforms)


def shared_pitches() -> list[int]:
    """The MIDI numbers that both cellos have, from low to high."""
    return sorted(set(recorded.paths(CELLO_A)) & set(recorded.paths(CELLO_B)))


@functools.cache
def notes(corpus: str, synthetic: bool) -> dict[int, Note]:
    """All notes of a cello, made ready once a process."""
    return recorded.notes(corpus, recorded.paths(corpus), synthetic)


def instruments(pair: str, seed: int, synthetic: bool = False) -> tuple[dict[int, Note], dict[int, Note]]:
    """The two instruments of a pair: pitch -> note, the same pitches on both. seed: divides the notes of the null pair.

    Null pair: neighbouring notes of cello A (C2 and C#2, ...) stand for one pitch, one in each class; for seed 0 the odd
    takes against the even ones, for every other seed each two are divided by chance.
    """
    first = notes(CELLO_A, synthetic)
    if pair in ("cellos", "vibrato"):
        second = notes(CELLO_B, synthetic)
        return {m: first[m] for m in shared_pitches()}, {m: second[m] for m in shared_pitches()}
    if pair == "body":
        return {m: body.through(first[m]) for m in shared_pitches()}, {m: first[m] for m in shared_pitches()}
    if pair == "null":
        return halves(first, seed)
    raise ValueError(f"a pair is one of {', '.join(PAIRS)}; found {pair!r}.")


def halves(takes: Mapping[int, Note], seed: int) -> tuple[dict[int, Note], dict[int, Note]]:
    """One instrument's takes in two halves, neighbours against each other; see `instruments`."""
    ordered = sorted(takes)
    random = torch.Generator().manual_seed(seed)
    odd, even = {}, {}
    for low, high in zip(ordered[::2], ordered[1::2], strict=False):
        swapped = seed > 0 and float(torch.rand((), generator=random)) < 0.5
        odd[low], even[low] = (takes[high], takes[low]) if swapped else (takes[low], takes[high])
    return odd, even


def sides(pitches: Sequence[int], fold: int) -> tuple[list[int], list[int]]:
    """Pitches to train on and pitches to test on: every sixth, from `fold` on, is for the test."""
    test = list(pitches)[fold % FOLDS :: FOLDS]
    return [pitch for pitch in pitches if pitch not in test], test


def make(
    pair: tuple[Mapping[int, Note], Mapping[int, Note]],
    pitches: Sequence[int],
    count: int,
    seed: int,
    semitones: Sequence[int] = (0,),
    vibrato: bool = False,
) -> Phrases:
    """`count` melodies over some pitches, each on both instruments with the same noise. See `phrases.finish`.

    vibrato: impose one on every note, of a rate and an amplitude that are drawn for each melody and are the same on both:
    the notes' own unsteadiness is then no sign of who played them.
    """
    random = torch.Generator().manual_seed(seed)
    melodies, waveforms = [], []
    for number in range(count):
        tune = phrases.melody(pitches, random)
        transpose = semitones[int(torch.randint(len(semitones), (), generator=random))]
        noise = [torch.Generator().manual_seed(seed + number) for _ in pair]
        played = [phrases.play(tune, notes_of, transpose) for notes_of in pair]
        if vibrato:
            rate, cents = VIBRATO_LEAST + (VIBRATO_MOST - VIBRATO_LEAST) * torch.rand(2, generator=random)
            played = [phrases.with_vibrato(phrase, tune, float(rate), float(cents)) for phrase in played]
        waveforms.append(torch.stack([phrases.finish(p, n) for p, n in zip(played, noise, strict=True)]))
        melodies.append(tune)
    return Phrases(torch.stack(waveforms), tuple(melodies))


def training_phrases(pair: str, seed: int, count: int, again: int = 0, synthetic: bool = False) -> Phrases:
    """Phrases to train on: the pitches that seed's fold leaves, transposed by up to a semitone.

    again: another number, other melodies.
    """
    both = instruments(pair, seed, synthetic)
    train, _ = sides(sorted(both[0]), seed)
    return make(both, train, count, 1_000_000 * (seed + 1) + 100_000 * again, SEMITONES, pair == "vibrato")


def held_out_phrases(pair: str, seed: int, count: int, synthetic: bool = False) -> Phrases:
    """Phrases to test on: held-out pitches, other melodies, not transposed."""
    both = instruments(pair, seed, synthetic)
    _, test = sides(sorted(both[0]), seed)
    return make(both, test, count, 1_000_000 * (seed + 1) + 900_000, vibrato=pair == "vibrato")


def real_phrases(synthetic: bool = False) -> dict[str, Clip]:
    """Unseen cello phrases at 16 kHz, by title; the synthesiser's notes stand in on demand. Raises CorpusError."""
    if synthetic:
        return {"Synthetic note": synthesiser.bowed_string(6.0, SAMPLE_RATE, 0)}
    return {title: clips.resample(corpora.load(path), SAMPLE_RATE) for path, title in REAL_PHRASES.items()}


def paths() -> list[str]:
    """The recordings of the experiment, by their corpus path."""
    return [*recorded.paths(CELLO_A).values(), *recorded.paths(CELLO_B).values(), *REAL_PHRASES]


def sources(synthetic: bool) -> list[dict[str, Any]]:
    """Where the notes and phrases come from. Raises CorpusError where one is missing."""
    if synthetic:
        return [{"name": "notes and phrases", "origin": "synthesiser", "licence": ""}]
    for path in paths():
        corpora.locate(path)
    return corpora.sources([registry.recording(path) for path in paths()])
