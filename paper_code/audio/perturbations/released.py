"""What the JND paper's released code made of the levels in its lists, so that a judgement can be heard again.

The lists keep levels and answers, not the sounds. `render` puts the perturbation of one side of a judgement on another
clip. What the lists do not say is drawn from the generator (the noise and the codec of a combined row, the order of its
steps) or stands in (a made room for each measured one, NOISES for the recordings). Give both sides of a judgement
generators of the same seed: then they differ in their levels alone.

Paper: Manocha et al. 2020, §3.1; its code, create_space/helper.py. Chapter: jnd_loss.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.audio import perturbations
from paper_code.audio.perturbations.compression import at_rate
from paper_code.audio.perturbations.noises import NOISES
from paper_code.audio.perturbations.space import MOST, SPACE, in_turn, noise_added, within_full_scale
from paper_code.audio.signals import require_choice, require_waveforms, require_within

NOISE_FACTORS = (0.0006, 0.48)  # of a recording that is added, at level 0 and 100
TAIL_FACTORS = (1.0, 100.0)  # that the sound after the direct one is divided by
STRETCHES = (1.0, 7.0)  # of an impulse response in time
COMPANDING = (1.0, 60.0)  # exponents of 2 that give mu + 1
MP3_RATES = (300.0, 1.0)  # kb/s
EQUALISER_GAINS = (0.1, 2.0)  # of each of three bands; in the paper's code of today, and in no list that is usable
GRIFFIN_LIM = (80.0, 1.0)  # iterations

MP3_ASKED = (1.0, 320.0)  # kb/s
MP3_SAMPLE_RATE = 44100  # Hz, that the code coded at
# MP3 at 44.1 kHz has 32 kb/s or more. A request for less gives 32 kb/s behind a low-pass by what was asked, 6 dB down at
# (kb/s: Hz), measured on noise with ffmpeg 7.0.2 and LAME 3.100; between two of these LAME takes the nearer.
LOW_PASSES = {32: math.inf, 24: 6250, 16: 5550, 8: 3500}
COMPANDED_STEPS = 255

# Stand-ins. The code multiplied recordings of unknown level with the factors; Table 1 calls the result 66 to 2 dB SNR.
# 58 dB of factors fit into the 64 dB at best in the middle, which says what a factor of 1 is, within 3 dB.
SNR_OF_FACTOR_1 = (
    SPACE["pink_noise"].weakest + SPACE["pink_noise"].strongest + 20 * math.log10(math.prod(NOISE_FACTORS))
) / 2
ROOM_DECAY, ROOM_DIRECT = 0.4, 0.0  # s RT60 and dB of the made room that stands for each of Traer & McDermott's
COMBINED_NOISES = ("applause", "blue_noise", "crickets", "pink_noise", "violet_noise", "water_drops", "white_noise")
COMPRESSIONS = ("mp3", "mu_law")


Step = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Difference:
    """Where the paper's table and its released code differ, in words for a table, and what is done here."""

    perturbation: str
    paper: str
    released: str
    rendering: str


DIFFERENCES = (
    Difference(
        "Noise", "2 to 66 dB SNR",
        "a recording of any level times {:g} to {:g}; 0.0006 to 2400 in the linear list".format(*NOISE_FACTORS),
        f"a factor of 1 is {SNR_OF_FACTOR_1:.1f} dB SNR, the middle of what both ranges allow (± 3 dB)",
    ),
    Difference("White noise", "Gaussian", "uniform from 0 to 1, so with an offset", "Gaussian, factors as for all noise"),
    Difference(
        "Direct to reverberant", "-27 to 65 dB",
        "the measured response behind its direct sound divided by {:g} to {:g}: level 100 is the driest".format(
            *TAIL_FACTORS
        ),
        f"the same of a made room that starts at {ROOM_DIRECT:g} dB",
    ),
    Difference(
        "Reverberation time", "0.05 to 8 s",
        "the measured response stretched {:g} to {:g} times by a phase vocoder".format(*STRETCHES),
        f"a made room of {ROOM_DECAY:g} s stretched as much, its tail as much stronger",
    ),
    Difference(
        "MP3", "8 to 320 kb/s", "{:g} to {:g} kb/s asked for, at 44.1 kHz".format(*MP3_RATES),
        "the same: below 32 kb/s, which MP3 has not there, 32 kb/s behind LAME's low-pass of the rate asked for",
    ),
    Difference(
        "Mu-law", "1 to 60 bits",
        "2 to the power {:g} to {:g} is mu + 1; always 256 steps; never expanded".format(*COMPANDING),
        "the same, without the offset of 0.5 that the code adds",
    ),
    Difference(
        "Equaliser", "0 to 1", "gain {:g} to {:g} in each of three bands, so cut and boost".format(*EQUALISER_GAINS),
        "not rendered: the names in that list do not tell its sounds apart",
    ),
    Difference("Griffin-Lim", "1 to 500 iterations", "{:g} to {:g}".format(*GRIFFIN_LIM), "in no list"),
    Difference("Dropouts", "0.01 to 20 %", "no code", "in no list"),
    Difference("Room noise", "2 to 66 dB SNR", "no code", "in no list"),
    Difference(
        "Category", "at most one of each of five, in random order",
        "noise, reverberation, compression, equaliser, each with even chance; direct sound and decay always together",
        "what a combined row has, a drawn order",
    ),
    Difference(
        "Loudness", "not said", "all files brought to one loudness", "each sound brought to the energy of the clip"
    ),
)  # fmt: skip


def render(
    perturbation: str,
    levels: float | Sequence[float],
    waveforms: Tensor,
    sample_rate: int,
    generator: torch.Generator,
    room: str = "",
    same_energy: bool = True,
) -> Tensor:
    """One side of a judgement of the paper's lists put on waveforms [..., time].

    perturbation: a noise or "mp3" of the linear list, "reverb_noise", or the folder of a list, as "combined_1" or
    "reverb_2"; see LISTS.
    levels: as in the file's name. Linear: the factor of the noise, or kb/s. "reverb_noise": noise, direct sound, decay.
    "reverb": direct sound, decay. "combined": noise, direct sound, decay, compression, each 0 where it is left out.
    generator: of the same seed for both sides.   room: the name of the impulse response in a file's name.
    same_energy: bring the result to the energy of what it is made from, as the code did to its files.
    Raises ValueError for other perturbations or levels, and for noise on digital silence.
    """
    require_waveforms(waveforms)
    changed = in_turn(steps(perturbation, levels, sample_rate, generator, room), waveforms, generator)
    return _at_energy_of(waveforms, changed) if same_energy else changed


def steps(
    perturbation: str, levels: float | Sequence[float], sample_rate: int, generator: torch.Generator, room: str = ""
) -> list[Step]:
    """What one side of a judgement is made by, in order; see render for the arguments and what is raised."""
    kind = perturbation if perturbation in LISTS else perturbation.rstrip("0123456789").removesuffix("_")
    require_choice("perturbation", kind, tuple(LISTS))
    values = [float(levels)] if isinstance(levels, int | float) else [float(level) for level in levels]
    count, plan = LISTS[kind]
    if len(values) != count:
        raise ValueError(f"{perturbation!r} has {count} levels in a file's name; found {len(values)}: {values}.")
    return plan(values, sample_rate, room, generator)


def released(strengths: tuple[float, float], level: float) -> float:
    """The strength of a level from 0 to 100 in the released code: equal ratios from the first to the second."""
    require_within("level", level, 0.0, MOST)
    first, last = strengths
    return first * (last / first) ** (level / MOST)


def noise_step(name: str, factor: float, sample_rate: int) -> Step:
    """Adds a noise times a factor, as far as a stand-in can: see SNR_OF_FACTOR_1. Nothing is added at 0."""
    require_within("factor of the noise", factor, 0.0, math.inf)
    if factor == 0:
        return lambda waveforms, _: waveforms
    add, snr = noise_added(name), SNR_OF_FACTOR_1 - 20 * math.log10(factor)
    return lambda waveforms, generator: add(waveforms, snr, sample_rate, generator)


def reverberation_step(direct: float, decay: float, sample_rate: int, room: str) -> Step:
    """Reverberates at two levels: of the direct sound (100 is the driest) and of the decay (100 is the longest)."""
    stretch = released(STRETCHES, decay)
    # A stretched tail keeps its height, so its energy grows with its length.
    ratio = ROOM_DIRECT + 20 * math.log10(released(TAIL_FACTORS, direct)) - 10 * math.log10(stretch)

    def change(waveforms: Tensor, generator: torch.Generator) -> Tensor:
        walls = torch.Generator().manual_seed(zlib.crc32(room.encode())) if room else generator
        response = perturbations.impulse_response(ROOM_DECAY * stretch, ratio, sample_rate, walls)
        return perturbations.reverberate(waveforms, response)

    return change


def mp3_step(kilobits: float, sample_rate: int) -> Step:
    """Codes at 44.1 kHz with the rate that ffmpeg makes of the one asked for, at most 320 kb/s."""
    require_within("kb/s", kilobits, *MP3_ASKED)
    rate = perturbations.nearest_mp3_rate(kilobits, MP3_SAMPLE_RATE)
    low_pass = LOW_PASSES[min(LOW_PASSES, key=lambda asked: abs(asked - kilobits))]

    def change(waveforms: Tensor, _: torch.Generator) -> Tensor:
        sound = at_rate(waveforms, sample_rate, MP3_SAMPLE_RATE)
        if low_pass < MP3_SAMPLE_RATE / 2:
            sound = perturbations.limit_band(sound, low_pass, MP3_SAMPLE_RATE)
        coded = perturbations.mp3(sound, rate, MP3_SAMPLE_RATE)
        return at_rate(coded, MP3_SAMPLE_RATE, sample_rate)[..., : waveforms.shape[-1]]

    return change


def companding_step(level: float) -> Step:
    """Compands by mu-law of a mu that grows with the level, rounds to 256 steps, and leaves it companded."""
    mu = 2.0 ** released(COMPANDING, level) - 1

    def compand(waveforms: Tensor) -> Tensor:
        squeezed = torch.sign(waveforms) * torch.log1p(mu * waveforms.double().abs()) / math.log1p(mu)
        steps = torch.round((squeezed + 1) / 2 * COMPANDED_STEPS) / COMPANDED_STEPS
        return (2 * steps - 1).to(waveforms.dtype)

    return lambda waveforms, _: within_full_scale(waveforms, compand)


def compression_step(name: str, level: float, sample_rate: int) -> Step:
    """MP3 or mu-law at a level from 0 to 100."""
    return mp3_step(released(MP3_RATES, level), sample_rate) if name == "mp3" else companding_step(level)


def _combined(levels: list[float], sample_rate: int, room: str, generator: torch.Generator) -> list[Step]:
    """The steps of a combined row; noise, codec and order are drawn whatever the levels, so that a pair shares them."""
    order = torch.randperm(3, generator=generator).tolist()
    noise, compression = _choice(COMBINED_NOISES, generator), _choice(COMPRESSIONS, generator)
    level, direct, decay, coding = levels
    nothing: Step = lambda waveforms, _: waveforms  # noqa: E731
    steps = [
        noise_step(noise, released(NOISE_FACTORS, level), sample_rate) if level else nothing,
        reverberation_step(direct, decay, sample_rate, room) if direct or decay else nothing,
        compression_step(compression, coding, sample_rate) if coding else nothing,
    ]
    return [steps[index] for index in order]


def _reverb_noise(levels: list[float], sample_rate: int, room: str, generator: torch.Generator) -> list[Step]:
    level, direct, decay = levels
    noise = _choice(COMBINED_NOISES, generator)
    return [
        noise_step(noise, released(NOISE_FACTORS, level), sample_rate),
        reverberation_step(direct, decay, sample_rate, room),
    ]


def _choice(names: tuple[str, ...], generator: torch.Generator) -> str:
    return names[int(torch.randint(len(names), (), generator=generator))]


def _at_energy_of(wanted: Tensor, changed: Tensor) -> Tensor:
    """Waveforms at the energy of others; silence stays silent, and what is made from silence stays as it is."""
    energies = [torch.linalg.vector_norm(part, dim=-1, keepdim=True) for part in (wanted, changed)]
    both = (energies[0] > 0) & (energies[1] > 0)
    return changed * torch.where(both, energies[0] / energies[1].clamp(min=1e-30), 1.0)


Plan = Callable[[list[float], int, str, torch.Generator], list[Step]]
LISTS: dict[str, tuple[int, Plan]] = {  # how many levels are in a name, and what they do
    **{name: (1, lambda levels, rate, _, __, name=name: [noise_step(name, *levels, rate)]) for name in NOISES},
    "mp3": (1, lambda levels, rate, _, __: [mp3_step(*levels, rate)]),
    "reverb_noise": (3, _reverb_noise),
    "reverb": (2, lambda levels, rate, room, _: [reverberation_step(*levels, rate, room)]),
    "combined": (4, _combined),
}
