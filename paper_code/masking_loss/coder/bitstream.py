"""From a waveform to the bytes of a real file and back: part after part of a sound of any length, or all at once.

The symbols are range-coded with the coder's own prior, as they are estimated in training: the same for every frame and
place. The sound goes through in parts of 64 frames, so what is held in memory is a part and the coded bytes. What
works on whole waveforms does the same with one piece: `decode` gives, sample for sample, what `coded` gives.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio.clips import AudioError
from paper_code.audio.signals import require_tensors
from paper_code.masking_loss.coder import container
from paper_code.masking_loss.coder.coder import CODES, FRAMES_AT_ONCE, SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.container import LONGEST, BitstreamError, Contents, Damaged, WrongCoder
from paper_code.masking_loss.coder.framing import frames_needed, join_pieces, split_pieces


@dataclass(frozen=True)
class Coded:
    """A signal as the decoder will give it. symbols: [frame, 256].   samples: of the signal.   level: its peak."""

    symbols: Tensor
    samples: int
    level: float


def identity(coder: SpeechCoder) -> bytes:
    """Eight bytes that tell a coder from all others: of the sha256 over its weights, bins and prior."""
    digest = hashlib.sha256()
    for name, value in sorted(coder.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()[:8]


# Part after part


def symbol_parts(coder: SpeechCoder, pieces: Iterable[Tensor], level: float) -> Iterator[Tensor]:
    """The symbols [frame, 256] of a signal in pieces [time] with the peak `level`, 64 frames at a time.

    The pieces are divided by the peak, cut into frames, encoded, put into the nearest bins. Of silence there are none.
    Raises BitstreamError from a coder that does not quantise yet.
    """
    if not coder.quantiser.on:
        raise BitstreamError("This coder does not quantise yet, so it has no symbols: train it beyond its warm-up.")
    if level == 0.0:
        return
    scaled = (piece.to(coder.quantiser.bins) / level for piece in pieces)
    for frames in split_pieces(scaled, FRAMES_AT_ONCE):
        yield coder.symbols(frames).cpu()


def pack_parts(coder: SpeechCoder, parts: Iterable[Tensor], samples: int, level: float) -> bytes:
    """The bytes of a file with symbols that come in parts [frame, 256].

    samples: of the signal.   level: its peak.
    """
    return container.sealed(Contents(identity(coder), samples, level, _stream(coder, parts)))


def opened(coder: SpeechCoder, data: bytes) -> Contents:
    """What is in a file of this coder, after every check: its symbols, coded again, give the same stream.

    Raises NotCoded, Truncated, Damaged or WrongCoder.
    """
    contents = container.opened(data)
    if contents.owner != identity(coder):
        raise WrongCoder(
            f"the file was made by the coder {contents.owner.hex()}, this one is {identity(coder).hex()}: decode it "
            "with the coder that made it (same loss, rate, size and training)."
        )
    # A range decoder goes on where a stream has ended, and makes symbols up: only their own stream tells.
    again = _stream(coder, unpack_parts(coder, contents))
    if not np.array_equal(again, contents.words):
        count = frames_needed(contents.samples) * CODES
        raise Damaged(f"the stream is not that of the {count} symbols in it: fetch the file again.")
    return contents


def unpack_parts(coder: SpeechCoder, contents: Contents) -> Iterator[Tensor]:
    """The symbols [frame, 256] in a file, 64 frames at a time. Raises Damaged where the stream does not decode."""
    import constriction

    if contents.level == 0.0:
        return
    decoder, model = constriction.stream.queue.RangeDecoder(contents.words), _model(coder)
    frames = frames_needed(contents.samples)
    try:
        for first in range(0, frames, FRAMES_AT_ONCE):
            symbols = decoder.decode(model, min(FRAMES_AT_ONCE, frames - first) * CODES)
            yield torch.from_numpy(symbols.astype(np.int64)).reshape(-1, CODES)
        whole = decoder.maybe_exhausted()
    except (ValueError, AssertionError) as error:
        raise Damaged(f"the stream does not decode ({error}): fetch the file again.") from error
    if not whole:
        held = f"{frames * CODES} symbols of {contents.samples} samples"
        raise Damaged(f"the stream holds more than the {held}: fetch the file again.")


def waveform_parts(coder: SpeechCoder, parts: Iterable[Tensor], samples: int, level: float) -> Iterator[Tensor]:
    """The waveform, in pieces [time] of float32 on the CPU, that symbols in parts [frame, 256] stand for.

    samples: of the signal.   level: its peak; with 0 it is silence, which has no symbols.
    """
    if level == 0.0:
        yield from torch.zeros(1).expand(samples).split(SAMPLE_RATE)
        return
    device = coder.quantiser.bins.device
    frames = (coder.synthesise(part.to(device)) for part in parts)
    for piece in join_pieces(frames, samples):
        yield level * piece.cpu()


# All at once


def quantised(coder: SpeechCoder, waveform: Tensor, sample_rate: int = SAMPLE_RATE) -> Coded:
    """The symbols of a waveform [time].

    Raises AudioError on another sample rate, more than one channel, no sample or more than an hour, and samples that
    are not finite; BitstreamError from a coder that does not quantise yet.
    """
    _require(waveform, sample_rate)
    waveform = waveform.detach().to(coder.quantiser.bins)
    level = float(waveform.abs().max())
    return Coded(_together(symbol_parts(coder, [waveform], level)), len(waveform), level)


def synthesised(coder: SpeechCoder, contents: Coded) -> Tensor:
    """The waveform [time] that symbols stand for; float32 on the CPU."""
    parts = contents.symbols.split(FRAMES_AT_ONCE)
    return torch.cat([*waveform_parts(coder, parts, contents.samples, contents.level)])


def coded(coder: SpeechCoder, waveform: Tensor, sample_rate: int = SAMPLE_RATE) -> Tensor:
    """A waveform [time] after the coder, as a decoder of its file gives it. Raises what `quantised` raises."""
    return synthesised(coder, quantised(coder, waveform, sample_rate))


def encode(coder: SpeechCoder, waveform: Tensor, sample_rate: int = SAMPLE_RATE) -> bytes:
    """The coded file of a waveform [time] in [-1, 1] at 16 kHz. Raises what `quantised` raises.

    Paper: none; the paper estimates its bit rates from entropies. Chapter: masking_loss.
    """
    return pack(coder, quantised(coder, waveform, sample_rate))


def pack(coder: SpeechCoder, contents: Coded) -> bytes:
    """The bytes of a file with these symbols."""
    return pack_parts(coder, [contents.symbols], contents.samples, contents.level)


def decode(coder: SpeechCoder, data: bytes) -> Tensor:
    """The waveform [time], float32 at 16 kHz, of a coded file.

    Raises NotCoded, Truncated, Damaged or WrongCoder; a file that is not whole gives no sound at all.
    """
    return synthesised(coder, unpack(coder, data))


def unpack(coder: SpeechCoder, data: bytes) -> Coded:
    """The symbols of a coded file, checked. Raises what `decode` raises."""
    contents = opened(coder, data)
    return Coded(_together(unpack_parts(coder, contents)), contents.samples, contents.level)


def _together(parts: Iterable[Tensor]) -> Tensor:
    return torch.cat([torch.zeros(0, CODES, dtype=torch.int64), *parts])


def _stream(coder: SpeechCoder, parts: Iterable[Tensor]) -> NDArray[np.uint32]:
    """The words that symbols in parts [frame, 256] are range-coded to."""
    import constriction  # here and not above: a bare machine trains without it

    encoder, model = constriction.stream.queue.RangeEncoder(), _model(coder)
    for part in parts:
        encoder.encode(part.flatten().numpy().astype(np.int32), model)
    return encoder.get_compressed()


def _model(coder: SpeechCoder) -> Any:
    import constriction

    return constriction.stream.model.Categorical(coder.quantiser.prior.double().cpu().numpy(), perfect=False)


def _require(waveform: Tensor, sample_rate: int) -> None:
    require_tensors(waveform=waveform)
    if sample_rate != SAMPLE_RATE:
        raise AudioError(f"The coder wants {SAMPLE_RATE} Hz; the waveform has {sample_rate} Hz. Resample it first.")
    if waveform.ndim != 1 or not waveform.is_floating_point():
        sort = f"{str(waveform.dtype).removeprefix('torch.')} {list(waveform.shape)}"
        raise AudioError(f"The coder wants one channel, a floating-point waveform [time]; found {sort}.")
    if not 0 < len(waveform) <= LONGEST:
        raise AudioError(f"The coder wants 1 sample to an hour of them; found {len(waveform)} samples.")
    if not torch.isfinite(waveform).all():
        raise AudioError("The waveform holds samples that are not finite (NaN or infinity).")
