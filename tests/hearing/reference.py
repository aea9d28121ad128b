"""Psychoacoustic model 1 the slow way: one frame, one masker and one line at a time, in float64, from its formulas.

It shares nothing with paper_code, so that a mistake there shows here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Settings:
    """The choices the formulas leave open."""

    sample_rate: int = 16000
    window: str = "hann"
    by_number: bool = False
    one_offset: bool = False
    shift: float = 0.0


@dataclass
class Frame:
    """What is found in one frame: levels in dB SPL, maskers as {line: level}, the threshold in dB SPL."""

    spectrum: list[float]
    tones: dict[int, float] = field(default_factory=dict)
    noises: dict[int, float] = field(default_factory=dict)
    kept: list[tuple[str, int, float]] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)


def bark(frequency: float) -> float:
    """Critical-band rate of a frequency in Hz."""
    return 13 * math.atan(0.00076 * frequency) + 3.5 * math.atan((frequency / 7500) ** 2)


def quiet(frequency: float) -> float:
    """Absolute threshold in dB SPL."""
    f = frequency / 1000
    return 3.64 * f**-0.8 - 6.5 * math.exp(-0.6 * (f - 3.3) ** 2) + 0.001 * f**4


def spreading(away: float, level: float) -> float | None:
    """dB that a masker's curve lies below its peak at a distance in Bark; None where it masks nothing."""
    if -3 <= away < -1:
        return 17 * away - 0.4 * level + 11
    if -1 <= away < 0:
        return (0.4 * level + 6) * away
    if 0 <= away < 1:
        return -17 * away
    if 1 <= away < 8:
        return (0.15 * level - 17) * away - 0.15 * level
    return None


def power_sum(levels: Sequence[float]) -> float:
    """Level of the sum of the powers."""
    total = sum(10 ** (0.1 * level) for level in levels)
    return 10 * math.log10(total) if total > 0 else -math.inf


def neighbourhood(k: int, frequency: float, by_number: bool) -> list[int]:
    """Distances in lines at which a tone at line k must be 7 dB above; empty where none is looked for."""
    if by_number:
        ranges = ((2 <= k < 62, 2), (62 <= k < 126, 3), (126 <= k < 249, 6))
    else:
        ranges = ((frequency < 5500, 2), (5500 <= frequency < 11000, 3), (11000 <= frequency < 20000, 6))
    for inside, last in ranges:
        if inside:
            return list(range(2, last + 1))
    return []


def analyse(samples: np.ndarray, settings: Settings = Settings()) -> Frame:
    """Everything of one frame of 512 samples."""
    length = len(samples)
    weights = np.ones(length)
    if settings.window == "hann":
        weights = np.array([1 - math.cos(2 * math.pi * n / length) for n in range(length)])
    bins = np.fft.rfft(samples.astype(np.float64) * weights) / length
    levels = [90.302 + 20 * math.log10(abs(x)) if abs(x) > 0 else -math.inf for x in bins]
    frame = Frame(levels)
    hertz = [max(k, 1) * settings.sample_rate / length for k in range(len(levels))]
    removed = find_tones(frame, hertz, settings)
    find_noises(frame, hertz, removed)
    decimate(frame, hertz)
    frame.threshold = global_threshold(frame, hertz, settings)
    return frame


def find_tones(frame: Frame, hertz: list[float], settings: Settings) -> set[int]:
    """Fill in the tonal maskers; the lines they take out of the noise."""
    level, last, removed = frame.spectrum, len(hertz) - 1, set()
    for k in range(1, last):
        near = neighbourhood(k, hertz[k], settings.by_number)
        if not near or k - near[-1] < 0 or k + near[-1] > last:
            continue
        if not (level[k] > level[k - 1] and level[k] >= level[k + 1]):
            continue
        if all(level[k] > level[k - d] + 7 and level[k] > level[k + d] + 7 for d in near):
            frame.tones[k] = power_sum([level[k - 1], level[k], level[k + 1]])
            removed |= {k + d for d in range(-near[-1], near[-1] + 1)}
    return removed


def find_noises(frame: Frame, hertz: list[float], removed: set[int]) -> None:
    """Fill in the noise maskers, one a critical band, at the geometric mean of all its lines."""
    rates = [bark(f) for f in hertz]
    for band in range(math.floor(rates[-1]) + 1):
        lines = [k for k in range(1, len(hertz)) if band <= rates[k] < band + 1]
        if not lines:
            continue
        level = power_sum([frame.spectrum[k] for k in lines if k not in removed])
        product = math.prod(lines)
        frame.noises[round(product ** (1 / len(lines)) if product < 1e300 else geometric_mean(lines))] = level


def geometric_mean(lines: list[int]) -> float:
    """Through logarithms, where the product would not fit a float."""
    return math.exp(sum(math.log(k) for k in lines) / len(lines))


def decimate(frame: Frame, hertz: list[float]) -> None:
    """Keep the audible maskers, strongest first, each only if none kept before lies within 0.5 Bark."""
    found = [("tone", k, p) for k, p in frame.tones.items()] + [("noise", k, p) for k, p in frame.noises.items()]
    audible = [masker for masker in found if masker[2] >= quiet(hertz[masker[1]])]
    for masker in sorted(audible, key=lambda m: (-m[2], m[1], m[0] == "noise")):
        if all(abs(bark(hertz[masker[1]]) - bark(hertz[other[1]])) >= 0.5 for other in frame.kept):
            frame.kept.append(masker)


def individual_threshold(masker: tuple[str, int, float], line: int, hertz: list[float], one_offset: bool) -> float:
    """Level up to which one masker hides what lies at a line."""
    kind, place, level = masker
    spread = spreading(bark(hertz[line]) - bark(hertz[place]), level)
    if spread is None:
        return -math.inf
    if kind == "tone" or one_offset:
        return level - 0.275 * bark(hertz[place]) + spread - 6.025
    return level - 0.175 * bark(hertz[place]) + spread - 2.025


def global_threshold(frame: Frame, hertz: list[float], settings: Settings) -> list[float]:
    """Power sum of the absolute threshold and of all individual ones, line by line."""
    result = []
    for line, frequency in enumerate(hertz):
        curves = [individual_threshold(masker, line, hertz, settings.one_offset) for masker in frame.kept]
        result.append(power_sum([quiet(frequency) + settings.shift, *curves]))
    return result
