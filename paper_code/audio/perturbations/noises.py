"""The noises of the JND paper by name: what they were there, and what stands for each here.

The paper took some from ESC-50 (K. J. Piczak 2015), one file each; of those five none is at hand. A noise whose sound
is a recording of something alike says so, and so does one that is made here.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.audio import clips, corpora
from paper_code.audio.perturbations.noise import coloured_noise
from paper_code.audio.signals import require_choice, require_waveforms

PITCH, SWING, PERIOD = 1000.0, 0.6, 2.0  # of a siren: Hz, octaves up and down, s a wail
HARMONICS = 5
CHIRP, CARRIER = 2.5, 4500.0  # of crickets: chirps a second, Hz
PULSES, PULSE = 4, 0.02  # pulses in a chirp, s from one to the next
ANIMALS = 3
NIGHT = 0.003  # of white noise between the chirps: no stretch is silent, however short

Maker = Callable[[int, int, torch.Generator], Tensor]  # samples, sample rate (Hz), generator -> noise [time]


@dataclass(frozen=True)
class Noise:
    """One noise: how it is had, and what it stands for.

    title: for people.   original: what the paper and its code used.   here: what is heard instead.
    recording: "<corpus>/<path>", or "" where the noise is made.   in_table: whether Table 1 of the paper names it.
    """

    title: str
    original: str
    here: str
    make: Maker | None = None
    recording: str = ""
    in_table: bool = False

    def draw(self, like: Tensor, sample_rate: int, generator: torch.Generator) -> Tensor:
        """This noise in the shape, dtype and device of waveforms [..., time], another stretch of it for each; any level.

        Raises what corpora.load raises where its recording is missing.
        """
        require_waveforms(like)
        make = self.make or functools.partial(excerpt, self.recording)
        rows = [make(like.shape[-1], sample_rate, generator) for _ in range(like[..., 0].numel())]
        return torch.stack(rows).reshape(like.shape).to(like)


def noise(name: str) -> Noise:
    """The noise of a name; raises ValueError, naming all, where there is none."""
    require_choice("noise", name, tuple(NOISES))
    return NOISES[name]


def colour(decibels_per_octave: float) -> Maker:
    """What makes Gaussian noise whose spectrum rises by so much an octave."""

    def make(length: int, sample_rate: int, generator: torch.Generator) -> Tensor:
        return coloured_noise(torch.zeros(length, dtype=torch.float64), decibels_per_octave, sample_rate, generator)

    return make


def siren(length: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """A wail [time]: a tone of five harmonics that glides between 660 and 1516 Hz, and starts anywhere in its glide."""
    start = torch.rand((), generator=generator, dtype=torch.float64)
    seconds = torch.arange(length, dtype=torch.float64) / sample_rate
    pitch = PITCH * 2 ** (SWING * torch.sin(2 * math.pi * (seconds / PERIOD + start)))
    angle = 2 * math.pi * pitch.cumsum(0) / sample_rate
    orders = range(1, HARMONICS + 1)
    return sum((order * pitch < sample_rate / 2) * torch.sin(order * angle) / order for order in orders)


def crickets(length: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Three animals [time], each with its own pitch near 4.5 kHz and its own times of chirps of four pulses.

    Below 10 kHz of sample rate the pitch is lower: it stays under 0.45 of the rate.
    """
    drawn = torch.rand(ANIMALS, 3, generator=generator, dtype=torch.float64).tolist()
    seconds = torch.arange(length, dtype=torch.float64) / sample_rate
    night = NIGHT * torch.randn(length, generator=generator, dtype=torch.float64)
    return night + sum(_cricket(seconds, sample_rate, *animal) for animal in drawn)


def _cricket(seconds: Tensor, sample_rate: int, pitch: float, speed: float, start: float) -> Tensor:
    carrier = min(CARRIER, 0.4 * sample_rate) * (0.95 + 0.1 * pitch)
    rate = CHIRP * (0.9 + 0.2 * speed)
    within = ((seconds * rate + start) % 1.0) / rate  # s since the chirp began
    pulses = (within < PULSES * PULSE) * torch.sin(math.pi * within / PULSE).square()
    return pulses * torch.sin(2 * math.pi * carrier * seconds)


def excerpt(recording: str, length: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """A stretch [time] of a recording "<corpus>/<path>" from anywhere in it, or all of it where that is shorter."""
    sound = _sound(recording, sample_rate)
    start = int(torch.randint(max(1, len(sound) - length + 1), (), generator=generator))
    part = sound[start : start + length]
    return part.repeat(-(-length // len(part)))[:length]


@functools.cache
def _sound(recording: str, sample_rate: int) -> Tensor:
    return clips.resample(corpora.load(recording), sample_rate).waveform.double()


def _esc(what: str) -> str:
    return f"ESC-50, one recording of {what}"


NOISES = {
    "applause": Noise(
        "applause", _esc("applause"), "rain: dense, broadband, without pitch", None,
        "smstools_sounds/sounds/rain.wav", True,
    ),
    "pink_noise": Noise("pink noise", "a test signal", "Gaussian, -3 dB an octave", colour(-3.0), in_table=True),
    "water_drops": Noise(
        "water drops", _esc("water drops"), "washing dishes: water and clinks", None,
        "pyroomacoustics/examples/input_samples/doing_the_dishes.wav", True,
    ),
    "white_noise": Noise(
        "white noise", "uniform between 0 and 1, so it has an offset", "Gaussian", colour(0.0), in_table=True
    ),
    "room_noise": Noise(
        "room noise", "not said, and in no list", "an exercise bike in a room", None,
        "pyroomacoustics/notebooks/exercise_bike.wav", True,
    ),
    "blue_noise": Noise("blue noise", "a test signal", "Gaussian, 3 dB an octave", colour(3.0)),
    "brown_noise": Noise("brown noise", "a test signal", "Gaussian, -6 dB an octave", colour(-6.0)),
    "violet_noise": Noise("violet noise", "a test signal", "Gaussian, 6 dB an octave", colour(6.0)),
    "crickets": Noise("crickets", _esc("crickets"), "made: three animals near 4.5 kHz", crickets),
    "siren": Noise("siren", _esc("a siren"), "made: a tone that glides up and down", siren),
}  # fmt: skip
