"""The noises of the trainings: recordings cut into a part for each side, and noises that are made.

The paper trains and tests with recordings of DEMAND and two made noises. Of DEMAND only the noisy sides of 25 test
pairs are at hand, which are never trained on; what is at hand stands in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.audio import clips, corpora
from paper_code.audio.perturbations.noise import coloured_noise

SAMPLE_RATE = 16000
RECORDINGS = {  # for people -> path
    "rain": "smstools_sounds/sounds/rain.wav",
    "dishes": "pyroomacoustics/examples/input_samples/doing_the_dishes.wav",
    "exercise bike": "pyroomacoustics/notebooks/exercise_bike.wav",
}
UNHEARD = {"ocean": "smstools_sounds/sounds/ocean.wav"}  # for the test side alone
PARTS = {"train": (0.0, 0.7), "validation": (0.7, 0.85), "test": (0.85, 1.0)}  # of every recording
TALKERS = (3, 8)  # of a babble, at least and at most
SLOPES = (-9.0, 3.0)  # dB an octave, of a made noise
SWELLS = (0.3, 4.0)  # Hz, how fast a made noise swells
DEEPEST = 0.8  # part of its amplitude that a swell takes away at most

Speech = Callable[[int, torch.Generator], Tensor]  # samples, generator -> another talker [time]


@dataclass(frozen=True)
class Part:
    """A stretch of a recording that belongs to one side. first, last: shares of its length."""

    title: str
    path: str
    first: float
    last: float

    def sound(self) -> Tensor:
        """Its samples [time] at 16 kHz. Raises what corpora.load raises."""
        whole = clips.resample(corpora.load(self.path), SAMPLE_RATE).waveform
        return whole[round(self.first * len(whole)) : round(self.last * len(whole))]


def parts(side: str) -> list[Part]:
    """The recorded noises of a side; no sample of a recording is on two sides."""
    found = [Part(title, path, *PARTS[side]) for title, path in RECORDINGS.items()]
    return found + ([Part(title, path, 0.0, 1.0) for title, path in UNHEARD.items()] if side == "test" else [])


def paths() -> list[str]:
    """Every recording that noises come from."""
    return [*RECORDINGS.values(), *UNHEARD.values()]


def stretch(sound: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """`length` samples from anywhere in a sound, which is repeated where it is shorter."""
    start = int(torch.randint(max(1, len(sound) - length + 1), (), generator=generator))
    piece = sound[start : start + length]
    return piece.repeat(-(-length // len(piece)))[:length]


def babble(speech: Speech, length: int, generator: torch.Generator) -> Tensor:
    """Three to eight people [time] who talk at once, equally loud; speech: gives one of them."""
    count = int(torch.randint(TALKERS[0], TALKERS[1] + 1, (), generator=generator))
    voices = [speech(length, generator) for _ in range(count)]
    return sum(voice / voice.norm().clamp_min(1e-6) for voice in voices)


def swelling(length: int, generator: torch.Generator) -> Tensor:
    """Gaussian noise [time] of a random slope that swells and fades, at a random rate and depth."""
    slope, rate, depth, phase = torch.rand(4, generator=generator).tolist()
    slope, rate = SLOPES[0] + slope * (SLOPES[1] - SLOPES[0]), SWELLS[0] * (SWELLS[1] / SWELLS[0]) ** rate
    noise = coloured_noise(torch.zeros(length), slope, SAMPLE_RATE, generator)
    turns = rate * torch.arange(length) / SAMPLE_RATE + phase
    return noise * (1 - DEEPEST * depth * (0.5 + 0.5 * torch.sin(2 * torch.pi * turns)))
