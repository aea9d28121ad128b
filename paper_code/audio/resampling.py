"""Another sample rate: of a whole waveform, or of a sound that comes in pieces, with the same samples."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import resample as sinc_resample

from paper_code.audio.errors import AudioError

# A long Kaiser-windowed sinc: its half-power point lies at 0.948 of the lower Nyquist frequency.
FILTER_WIDTH = 64
ROLLOFF = 0.9475937167399596
KAISER_BETA = 14.769656459379492
# Its table of filters grows with the product of both rates, in lowest terms: 16,001 to 16,000 Hz would need 8 GB.
LONGEST_RATIO = 1500
SINC = f"Kaiser-windowed sinc, {FILTER_WIDTH} zero crossings a side, roll-off {ROLLOFF:.4f}"
SOXR = "soxr, very high quality"


def have_simple_ratio(old: int, new: int) -> bool:
    """Whether a table of filters for every phase between two sample rates (Hz) is small."""
    return max(old, new) // math.gcd(old, new) <= LONGEST_RATIO


def step(old: int, new: int) -> str:
    """What is done between two sample rates (Hz), in words."""
    return f"resampled from {old} to {new} Hz ({SINC if have_simple_ratio(old, new) else SOXR})"


def whole(waveform: Tensor, old: int, new: int) -> Tensor:
    """A waveform [time] at another sample rate (Hz), ceil(time * new / old) samples.

    By a Kaiser-windowed sinc or, where the rates have no simple ratio, by soxr, which needs no table for it.
    Raises AudioError where soxr is needed and missing.
    """
    return by_sinc(waveform, old, new) if have_simple_ratio(old, new) else by_soxr(waveform, old, new)


def in_pieces(pieces: Iterable[Tensor], old: int, new: int) -> Iterator[Tensor]:
    """What `whole` makes of a waveform, of one that comes in pieces [time] of any lengths; in pieces.

    All that is held is a piece and as much around it as the filter reaches. Raises AudioError as `whole` does.
    """
    if old == new:
        return iter(pieces)
    return _sinc_pieces(pieces, old, new) if have_simple_ratio(old, new) else _soxr_pieces(pieces, old, new)


def by_sinc(waveform: Tensor, old: int, new: int) -> Tensor:
    """A waveform [time] at another sample rate (Hz) to which there is a simple ratio."""
    return sinc_resample(
        waveform,
        old,
        new,
        lowpass_filter_width=FILTER_WIDTH,
        rolloff=ROLLOFF,
        resampling_method="sinc_interp_kaiser",
        beta=KAISER_BETA,
    )


def by_soxr(waveform: Tensor, old: int, new: int) -> Tensor:
    """A waveform [time] at another sample rate (Hz), whatever the ratio. Raises AudioError where soxr is missing."""
    return torch.cat([*_soxr_pieces([waveform.detach().cpu()], old, new)])


def _sinc_pieces(pieces: Iterable[Tensor], old: int, new: int) -> Iterator[Tensor]:
    """A stretch of samples is resampled as soon as the one after it is there: the filter reaches no farther."""
    old, new = old // math.gcd(old, new), new // math.gcd(old, new)
    periods = math.ceil(FILTER_WIDTH / (min(old, new) * ROLLOFF))
    stretch, matrix, waiting = old * periods, None, torch.zeros(old * periods)
    for piece in pieces:
        waiting = torch.cat([waiting.to(piece), piece])
        matrix = _matrix(old, new, periods).to(piece) if matrix is None else matrix
        ready = len(waiting) // stretch - 2
        if ready > 0:
            yield (waiting[: stretch * (ready + 2)].unfold(0, 3 * stretch, stretch) @ matrix).flatten()
            waiting = waiting[stretch * ready :]
    yield by_sinc(waiting, old, new)[new * periods :]


@lru_cache(maxsize=4)
def _matrix(old: int, new: int, periods: int) -> Tensor:
    """What `by_sinc` makes of three stretches of so many periods, for the middle one, as a matrix.

    To multiply with it is far quicker, and takes less memory, than the convolution is for ratios such as 3 to 1.
    """
    impulses = torch.eye(3 * old * periods).split(256)
    middle = slice(new * periods, 2 * new * periods)
    return torch.cat([by_sinc(rows.double(), old, new)[:, middle] for rows in impulses])


def _soxr_pieces(pieces: Iterable[Tensor], old: int, new: int) -> Iterator[Tensor]:
    try:
        import soxr  # here and not above: a bare machine, whose recordings have common rates, has none
    except ImportError as error:
        raise AudioError(f"from {old} to {new} Hz needs soxr: pip install soxr.") from error
    stream, given, made = soxr.ResampleStream(old, new, 1, dtype="float64", quality="VHQ"), 0, 0
    for piece in pieces:
        resampled = torch.from_numpy(stream.resample_chunk(piece.double().numpy()))
        given, made = given + len(piece), made + len(resampled)
        yield resampled.to(piece)
    rest = torch.from_numpy(stream.resample_chunk(np.zeros(0), last=True))
    wanted = -(-given * new // old) - made
    yield torch.nn.functional.pad(rest[:wanted], (0, max(0, wanted - len(rest)))).to(piece)  # soxr rounds the length
