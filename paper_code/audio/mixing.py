"""The channels of a sound file averaged, block after block; what stands in a file but cannot be meant is refused."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paper_code.audio import reading
from paper_code.audio.errors import AudioError

MOST_OVER_FULL_SCALE = 64.0  # a peak that a sound in floats may have by mistake of level, 36 dB over full scale
CANCELLED = 20.0  # dB that the mean of a file's channels may be softer than they are


class Block(NamedTuple):
    """A part of a sound file. mono: the mean [time] of its channels.   sample_rate: Hz."""

    mono: NDArray[np.float32]
    sample_rate: int
    channels: int

    @property
    def steps(self) -> list[str]:
        """What was done to the file, in words."""
        return [f"{self.channels} channels averaged to mono"] if self.channels > 1 else []


def blocks(path: Path) -> Iterator[Block]:
    """A sound file of any length, one channel, block after block.

    Raises AudioError as `reading.blocks` does; and after the last block where the file holds floats in the range of
    whole numbers, and where its channels cancel each other.
    """
    peak, power, left, channels = 0.0, 0.0, 0.0, 1
    for samples, sample_rate in reading.blocks(path):
        mono, channels = samples.mean(axis=1, dtype=np.float32), samples.shape[1]
        peak = max(peak, float(np.abs(samples).max()))
        power += float(np.square(samples, dtype=np.float64).sum()) / channels
        left += float(np.square(mono, dtype=np.float64).sum())
        yield Block(mono, sample_rate, channels)
    _refuse_whole_numbers(path, peak)
    if channels > 1:
        _refuse_cancelling(path, channels, power, left)


def _refuse_whole_numbers(path: Path, peak: float) -> None:
    if peak > MOST_OVER_FULL_SCALE:
        raise AudioError(
            f"{path} holds samples up to {peak:.6g}, and floats are wanted in [-1, 1]: it was probably written in the "
            "range of whole numbers. Divide it by full scale (32768 for 16 bits) and write it again."
        )


def _refuse_cancelling(path: Path, channels: int, power: float, left: float) -> None:
    """The mean of channels that are unlike is 3 dB softer than they are; where it is far softer, one is inverted."""
    if left < power * 10 ** (-CANCELLED / 10):
        softer = f"{10 * math.log10(power / left):.0f} dB softer" if left else "silent"
        raise AudioError(
            f"{path}: its {channels} channels cancel each other, their mean is {softer} than they are: one is "
            "inverted. Give one of them, or turn one over."
        )
