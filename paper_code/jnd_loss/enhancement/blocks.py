"""Long sounds through a denoiser in overlapping blocks, so that memory does not grow with their length.

Every block is given a second more on either side than is kept of it: more than a denoiser sees around a sample, and more
than a resampling filter is long. At the joints one block fades into the next. A network that normalises takes mean and
variance over its block instead of over the whole sound, so its result differs a little; a network that does not, and the
spectral gains, give in blocks what they give at once.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio import clips
from paper_code.jnd_loss.denoiser import SAMPLE_RATE
from paper_code.jnd_loss.enhancement.methods import Method
from paper_code.jnd_loss.enhancement.spectral import GAINS, SpectralDenoiser

BLOCK = 10  # s
MARGIN = 1  # s
FADE = 0.1  # s

Reader = Callable[[int, int], Tensor]  # first sample, last + 1 -> samples [time] at the sound's own rate


def output_length(samples: int, sample_rate: int) -> int:
    """How many samples at 16 kHz a sound has that has so many at another rate (Hz)."""
    return -(-samples * SAMPLE_RATE // sample_rate)


def at_our_rate(read: Reader, samples: int, sample_rate: int, first: int, last: int) -> Tensor:
    """Samples first to last of a sound, counted at 16 kHz, from a reader at its own rate; nothing outside is 0.

    first is a whole number of seconds, so that a block's samples are those of the whole sound resampled at once.
    """
    begin = first * sample_rate // SAMPLE_RATE
    end = min(samples, -(-last * sample_rate // SAMPLE_RATE))
    return _resampled(read(begin, end), sample_rate)[: last - first]


def by_network(
    method: Method, read: Reader, samples: int, sample_rate: int, block: int = BLOCK, margin: int = MARGIN
) -> Iterator[Tensor]:
    """Denoised speech at 16 kHz, piece by piece [time].

    method: a denoiser.   read: gives `samples` samples at `sample_rate` (Hz).   block, margin: s.
    """
    total, fade = output_length(samples, sample_rate), round(FADE * SAMPLE_RATE)
    rising = torch.linspace(0, 1, fade)
    waiting = None  # the end of the last block, that fades out
    for start in range(0, total, block * SAMPLE_RATE):
        begin, stop = max(0, start - margin * SAMPLE_RATE), min(total, start + block * SAMPLE_RATE)
        end = min(total, stop + margin * SAMPLE_RATE)
        made = method(at_our_rate(read, samples, sample_rate, begin, end))
        core = made[start - begin : stop - begin].clone()
        if waiting is not None:
            length = min(len(core), len(waiting))
            core[:length] = waiting[:length] * (1 - rising[:length]) + core[:length] * rising[:length]
        waiting = made[stop - begin : stop - begin + fade]
        yield core


def by_gain(name: str, read: Reader, samples: int, sample_rate: int, block: int = BLOCK) -> Iterator[Tensor]:
    """As `by_network`, by a spectral gain, which goes on from block to block as if there were none."""
    stream, total, given = SpectralDenoiser(GAINS[name]), output_length(samples, sample_rate), 0
    for start in range(0, total, block * SAMPLE_RATE):
        stop = min(total, start + block * SAMPLE_RATE)
        begin = max(0, start - MARGIN * SAMPLE_RATE)
        end = min(total, stop + MARGIN * SAMPLE_RATE)
        piece = at_our_rate(read, samples, sample_rate, begin, end)[start - begin : stop - begin]
        finished = stream.push(piece.double().numpy())
        given += len(finished)
        yield _tensor(finished)
    yield _tensor(stream.finish())


def _tensor(samples: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(samples).float()


def _resampled(samples: Tensor, sample_rate: int) -> Tensor:
    return clips.resample(clips.Clip(samples, sample_rate, "a block"), SAMPLE_RATE).waveform
