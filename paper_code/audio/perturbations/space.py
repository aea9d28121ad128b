"""The perturbation space of the JND paper: every row of Table 1 as a function of a level from 0 to 100.

A level becomes a strength in the row's own unit: evenly in dB and in gains, in equal ratios for all else. A higher
level is always the stronger perturbation. The ranges are the paper's; where the paper's two ends do not say what the
other half of a pair is (the decay of a room whose direct sound changes), it stands here as a constant. What the paper's
released code does instead is in `released`.

Paper: Manocha et al. 2020, §3.1 and Table 1. Chapter: jnd_loss.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from paper_code.audio import perturbations
from paper_code.audio.perturbations.noises import NOISES
from paper_code.audio.signals import require_choice, require_waveforms, require_within

MOST = 100.0  # the largest level
ROOM_DECAY = 0.6  # s, RT60 of the room whose direct sound changes: a living room's
ROOM_DIRECT = 10.0  # dB, direct to reverberant, of the room whose decay changes
GAP = 0.02  # s, a packet of speech
BANDS = {"low": (0.0, 500.0), "middle": (500.0, 1000.0), "high": (1000.0, math.inf)}  # Hz, as in the released code
FINEST_BITS = 24  # float32 holds no more up to full scale

Change = Callable[[Tensor, float, int, torch.Generator], Tensor]


@dataclass(frozen=True)
class Perturbation:
    """One row of Table 1.

    name, title: for code and for people.   group: the category; a listening test takes at most one of each.
    unit: of the strength.   weakest, strongest: the strength at level 0 and at level 100.
    even: whether levels are evenly spaced in the strength, else in its logarithm.   whole: whether it is a whole number.
    floor: what is heard at level 0, where that is not nothing.   in_table: whether Table 1 has it.
    """

    name: str
    title: str
    group: str
    unit: str
    weakest: float
    strongest: float
    change: Change
    even: bool = False
    whole: bool = False
    floor: str = ""
    in_table: bool = True

    def strength(self, level: float) -> float:
        """The strength, in the unit of this perturbation, of a level from 0 to 100; ValueError for any other."""
        require_within("level", level, 0.0, MOST)
        share = level / MOST
        if self.even:
            value = self.weakest + (self.strongest - self.weakest) * share
        else:
            value = self.weakest * (self.strongest / self.weakest) ** share
        return round(value) if self.whole else value

    def apply(self, waveforms: Tensor, level: float, sample_rate: int, generator: torch.Generator) -> Tensor:
        """Waveforms [..., time] perturbed at a level from 0 to 100; shape, dtype and device stay.

        One seed is one noise, one room, one order of pops: two levels differ in the strength alone. Only dropouts fall
        elsewhere at each level.
        Raises ValueError for a bad level or waveform, and for noise added to digital silence, where no ratio is defined.
        """
        require_waveforms(waveforms)
        return self.change(waveforms, self.strength(level), sample_rate, generator)


Step = tuple[Perturbation, float]  # and its level


def perturbation(name: str) -> Perturbation:
    """The perturbation of a name; raises ValueError, naming all, where there is none."""
    require_choice("perturbation", name, tuple(SPACE))
    return SPACE[name]


def draw(generator: torch.Generator) -> tuple[Perturbation, ...]:
    """One set of a listening test: at most one row of Table 1 from each category, at least one in all, in random order."""
    rows = [row for row in SPACE.values() if row.in_table]
    groups = [list(members) for _, members in groupby(rows, key=lambda row: row.group)]
    order = torch.randperm(len(groups), generator=generator).tolist()
    count = 1 + int(torch.randint(len(groups), (), generator=generator))
    chosen = [groups[index] for index in order[:count]]
    return tuple(members[int(torch.randint(len(members), (), generator=generator))] for members in chosen)


def apply_all(steps: Sequence[Step], waveforms: Tensor, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Waveforms [..., time] through several perturbations, one after the other; see `in_turn` for the seed."""
    changes = [lambda sound, random, s=step: s[0].apply(sound, s[1], sample_rate, random) for step in steps]
    return in_turn(changes, waveforms, generator)


def in_turn(
    changes: Sequence[Callable[[Tensor, torch.Generator], Tensor]], waveforms: Tensor, generator: torch.Generator
) -> Tensor:
    """Waveforms [..., time] through changes that draw at random, each from a generator of its own.

    So what one draws does not depend on the strength of those before it: two sounds of a pair, made from two generators
    of the same seed, differ in nothing but their levels.
    """
    seeds = torch.randint(2**62, (len(changes),), generator=generator).tolist()
    for change, seed in zip(changes, seeds, strict=True):
        waveforms = change(waveforms, torch.Generator().manual_seed(seed))
    return waveforms


def noise_added(name: str) -> Change:
    """What adds the noise of a name at a signal-to-noise ratio (dB)."""

    def change(waveforms: Tensor, snr: float, sample_rate: int, generator: torch.Generator) -> Tensor:
        return perturbations.add_noise(waveforms, NOISES[name].draw(waveforms, sample_rate, generator), snr)

    return change


def within_full_scale(waveforms: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The change of waveforms [..., time] that are made softer for it where they go beyond full scale, and louder after."""
    scale = waveforms.abs().amax(-1, keepdim=True).clamp(min=1.0)
    return change(waveforms / scale) * scale


def _direct(waveforms: Tensor, ratio: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    return perturbations.reverberate(
        waveforms, perturbations.impulse_response(ROOM_DECAY, ratio, sample_rate, generator)
    )


def _decay(waveforms: Tensor, seconds: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    return perturbations.reverberate(
        waveforms, perturbations.impulse_response(seconds, ROOM_DIRECT, sample_rate, generator)
    )


def _mp3(waveforms: Tensor, kilobits: float, sample_rate: int, _: torch.Generator) -> Tensor:
    return perturbations.mp3(waveforms, perturbations.nearest_mp3_rate(kilobits, sample_rate), sample_rate)


def _mu_law(waveforms: Tensor, bits: float, _: int, __: torch.Generator) -> Tensor:
    if bits > FINEST_BITS:
        return waveforms.clone()
    return within_full_scale(waveforms, lambda sound: perturbations.mu_law(sound, int(bits)))


def _band(band: str) -> Change:
    low, high = BANDS[band]
    return lambda waveforms, factor, sample_rate, _: perturbations.scale_band(waveforms, low, high, factor, sample_rate)


def _pops(waveforms: Tensor, percent: float, _: int, generator: torch.Generator) -> Tensor:
    return perturbations.pops(waveforms, percent / 100, generator)


def _dropouts(waveforms: Tensor, percent: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    return perturbations.dropouts(waveforms, percent / 100, GAP, sample_rate, generator)


def _griffin_lim(waveforms: Tensor, iterations: float, _: int, generator: torch.Generator) -> Tensor:
    return perturbations.griffin_lim(waveforms, int(iterations), generator)


def _rows() -> list[Perturbation]:
    decay = f"a room of {ROOM_DIRECT:g} dB direct to reverberant sound: a short colouring"
    noisy = [
        Perturbation(
            name, noise.title, "additive", "dB SNR", 66.0, 2.0, noise_added(name), even=True, in_table=noise.in_table
        )
        for name, noise in NOISES.items()
    ]
    equalised = [
        Perturbation(
            f"equaliser_{band}", f"equaliser, {title}", "equalisation", "gain", 1.0, 0.0, _band(band), even=True
        )
        for band, title in zip(BANDS, ("below 500 Hz", "500 to 1000 Hz", "above 1000 Hz"), strict=True)
    ]
    return [
        *noisy,
        Perturbation(
            "direct_to_reverberant", "direct to reverberant sound", "reverb", "dB", 65.0, -27.0, _direct, even=True
        ),
        Perturbation("reverberation_time", "reverberation time", "reverb", "s RT60", 0.05, 8.0, _decay, floor=decay),
        Perturbation(
            "mp3", "MP3", "compression", "kb/s", 320.0, 8.0, _mp3,
            floor="MP3 at the most the sample rate allows: 160 kb/s at 16 kHz, 0.45 dB softer",
        ),
        Perturbation("mu_law", "mu-law", "compression", "bits", 60.0, 1.0, _mu_law, whole=True),
        *equalised,
        Perturbation("pops", "pops", "miscellaneous", "% of samples", 0.01, 10.0, _pops, floor="a pop in 10,000 samples"),
        Perturbation(
            "griffin_lim", "Griffin-Lim", "miscellaneous", "iterations", 500.0, 1.0, _griffin_lim, whole=True,
            floor="another phase: never quite the sound itself",
        ),
        Perturbation(
            "dropouts", "dropouts", "miscellaneous", "% of samples", 0.01, 20.0, _dropouts,
            floor="a sample in 10,000 is silent",
        ),
    ]  # fmt: skip


SPACE = {row.name: row for row in _rows()}
