"""What denoisers learn from and are tested on: mixtures of read speech and noise, and 25 pairs of VoiceBank-DEMAND."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.perturbations.noise import add_noise
from paper_code.audio.perturbations.reverberation import impulse_response, reverberate
from paper_code.jnd_loss.enhancement import noises
from paper_code.lab import paths
from paper_code.lab.config import hash_of
from paper_code.lab.material import Material, prepared, write

SAMPLE_RATE = 16000
SPEECH, PAIRS = "librispeech_resemblyzer", "voicebank_demand_cmgan"
SIDES = ("train", "validation", "test")
FOLDER = paths.ROOT / "_build" / "enhancement"
SNR = (-5.0, 20.0)  # dB of a mixture
LEVELS = (0.02, 0.12)  # root mean square of the speech in a mixture
KINDS = ("recording", "babble", "swelling")
SHARES = (0.45, 0.25, 0.3)  # of the kinds of noise
IN_ROOM = 0.3  # share of mixtures whose speech is in a room
ROOM = (0.15, 0.8), (-2.0, 12.0)  # s of reverberation time, dB of direct over reverberant sound
PLACES = 2  # in all speech, of which the louder is taken: a pause cannot be denoised to anything
PEAK = 0.99
STAND_INS = 6  # utterances of each side where there are no recordings
STAND_IN_SECONDS = 4.0


@dataclass(frozen=True)
class Mixtures:
    """Noisy and clean sounds [mixture, time], the ratio of their energies (dB) and the kind of noise of each."""

    noisy: Tensor
    clean: Tensor
    snr: Tensor
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """An utterance of the test set: clean, noisy, and as another network enhanced it, all [time] at 16 kHz."""

    name: str
    clean: Tensor
    noisy: Tensor
    enhanced: Tensor

    @property
    def snr(self) -> float:
        """Energy of the clean speech over that of what was added, in dB."""
        return float(10 * torch.log10(self.clean.square().sum() / (self.noisy - self.clean).square().sum()))


def recordings(side: str) -> list[corpora.Recording]:
    """The utterances of a side. No speaker is on two sides."""
    return corpora.split(SPEECH, side)


def pair_names() -> list[str]:
    """The utterances of the test set."""
    files = (file.path for file in corpora.corpus(PAIRS).files)
    return sorted(path.rpartition("/")[2].removesuffix(".wav") for path in files if "/clean/" in path)


def pair_path(name: str, version: str) -> str:
    """Where an utterance of the test set lies. version: "clean", "noisy" or "CMGAN"."""
    return f"{PAIRS}/AudioSamples/{version}/{name}.wav"


def pair(name: str) -> Pair:
    """An utterance of the test set by its name ("p232_003"). Raises CorpusError."""
    waves = [corpora.load(pair_path(name, version)).waveform for version in ("clean", "noisy", "CMGAN")]
    length = min(map(len, waves))
    return Pair(name, *(wave[:length] for wave in waves))


def pairs(count: int = 0, synthetic: bool = False) -> list[Pair]:
    """The test set, or `count` of it spread evenly over the list; with the synthesiser, mixtures that stand in."""
    if synthetic:
        return _stand_in_pairs(count or 25)
    names = pair_names()
    chosen = names if not count else [names[round(i)] for i in np.linspace(0, len(names) - 1, count)]
    return [pair(name) for name in chosen]


@dataclass(frozen=True)
class Source:
    """Speech and recorded noises of one side, from which mixtures are drawn."""

    speech: Material
    noises: tuple[Tensor, ...]

    def draw(self, count: int, length: int, generator: np.random.Generator) -> Mixtures:
        """`count` mixtures of `length` samples, which depend on the generator alone."""
        made = [self._mixture(length, generator) for _ in range(count)]
        noisy, clean, snr, kinds = zip(*made, strict=True)
        return Mixtures(torch.stack(noisy), torch.stack(clean), torch.tensor(snr), kinds)

    def _mixture(self, length: int, generator: np.random.Generator) -> tuple[Tensor, Tensor, float, str]:
        torch_generator = torch.Generator().manual_seed(int(generator.integers(2**63)))
        clean = self._speech(length, torch_generator)
        if generator.random() < IN_ROOM:
            clean = _in_room(clean, generator, torch_generator)
        level = math.exp(generator.uniform(*map(math.log, LEVELS)))
        clean = clean * (level * length**0.5 / clean.norm().clamp_min(1e-6))
        kind = KINDS[int(generator.choice(len(KINDS), p=SHARES))]
        snr = float(generator.uniform(*SNR))
        noisy = add_noise(clean, self._noise(kind, length, torch_generator), snr)
        loudest = max(float(noisy.abs().max()), float(clean.abs().max()))
        gain = min(1.0, PEAK / loudest)
        return gain * noisy, gain * clean, snr, kind

    def _speech(self, length: int, generator: torch.Generator) -> Tensor:
        draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        return max(self.speech.random(draws, PLACES, length, "speech")[0], key=lambda piece: float(piece.norm()))

    def _noise(self, kind: str, length: int, generator: torch.Generator) -> Tensor:
        if kind == "recording" and self.noises:
            which = int(torch.randint(len(self.noises), (), generator=generator))
            return noises.stretch(self.noises[which], length, generator)
        if kind == "babble":
            return noises.babble(self._speech, length, generator)
        return noises.swelling(length, generator)


@functools.cache
def source(side: str, synthetic: bool = False) -> Source:
    """Speech and noises of a side, prepared once. Raises CorpusError, OutputError."""
    recorded = () if synthetic else tuple(part.sound() for part in noises.parts(side))
    return Source(_speech(side, synthetic), recorded)


def held_out(count: int, seconds: float, synthetic: bool = False) -> Mixtures:
    """Mixtures of the test side: speakers, parts of recordings and a noise that no training heard; always the same."""
    return source("test", synthetic).draw(count, round(seconds * SAMPLE_RATE), np.random.default_rng(2020))


def _in_room(clean: Tensor, generator: np.random.Generator, torch_generator: torch.Generator) -> Tensor:
    time, direct = (float(generator.uniform(*limits)) for limits in ROOM)
    return reverberate(clean, impulse_response(time, direct, SAMPLE_RATE, torch_generator))


def _speech(side: str, synthetic: bool) -> Material:
    made_of = ["synthesiser", STAND_INS] if synthetic else [file.sha256 for file in recordings(side)]
    folder = FOLDER / f"{side}-{hash_of('enhancement', {'of': made_of, 'v': 1})}"

    def make() -> None:
        waves = _stand_in_speech(side) if synthetic else _utterances(recordings(side))
        write(folder, [len(wave) for wave in waves], {"speech": waves})

    return prepared(folder, make, SAMPLE_RATE)


def _utterances(files: Sequence[corpora.Recording]) -> list[Tensor]:
    return [clips.resample(corpora.load(file.path), SAMPLE_RATE).waveform for file in files]


def _stand_in_speech(side: str) -> list[Tensor]:
    first = STAND_INS * SIDES.index(side)
    seeds = range(first, first + STAND_INS)
    return [synthesiser.speech_like(STAND_IN_SECONDS, SAMPLE_RATE, seed).waveform for seed in seeds]


def _stand_in_pairs(count: int) -> list[Pair]:
    made = held_out(count, 3.0, synthetic=True)
    both = zip(made.clean, made.noisy, strict=True)
    return [Pair(f"made_{i:03}", clean, noisy, (clean + noisy) / 2) for i, (clean, noisy) in enumerate(both)]
