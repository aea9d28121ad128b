"""Another sample rate: of a whole waveform, or of a sound that comes in pieces, with the same samples."""

import math
from collections.abc import Iterable, Iterator

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
    """Whole periods of both rates are resampled as soon as all that the filter reaches around them is there."""
    old, new = old // math.gcd(old, new), new // math.gcd(old, new)
    around = math.ceil(FILTER_WIDTH / (min(old, new) * ROLLOFF))  # periods
    waiting = torch.zeros(old * around)
    for piece in pieces:
        waiting = torch.cat([waiting.to(piece), piece])
        ready = len(waiting) // old - 2 * around
        if ready > 0:
            resampled = by_sinc(waiting[: old * (ready + 2 * around)], old, new)
            yield resampled[new * around : new * (around + ready)]
            waiting = waiting[old * ready :]
    yield by_sinc(waiting, old, new)[new * around :]


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
