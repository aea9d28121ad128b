"""A real file of a coded signal: a header of 29 bytes, and the symbols as one range-coded stream.

The symbols are coded with the coder's own prior, as they are estimated in training: the same for every frame and
place. All numbers are little-endian. What `decode` gives is, sample for sample, what `coded` gives.
"""

import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio.clips import AudioError
from paper_code.audio.places import expanded, is_file
from paper_code.audio.signals import require_tensors
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic
from paper_code.masking_loss.coder.coder import CODES, SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.framing import frames_needed, join_signal, split_signal

MAGIC, VERSION = b"PMLC", 1
HEADER = struct.Struct("<4sB8sIfII")  # magic, version, coder, samples, level, words of the stream, checksum
CHECKED = HEADER.size - 4  # bytes of the header that the checksum covers, besides the stream
LONGEST = 3600 * SAMPLE_RATE  # samples: what a damaged file may make a decoder reserve
WORD = np.dtype("<u4")


class BitstreamError(LabError):
    """A coded file cannot be decoded; the message says why and what to do."""


class NotCoded(BitstreamError):
    """These bytes were not written by `encode`, or by a later version of it."""


class Truncated(BitstreamError):
    """The end of the file is missing."""


class Damaged(BitstreamError):
    """The file's bytes were changed."""


class WrongCoder(BitstreamError):
    """The file was made by another coder: its symbols mean nothing to this one."""


@dataclass(frozen=True)
class Coded:
    """A signal as the decoder will give it. symbols: [frame, 256].   samples: of the signal.   level: its peak."""

    symbols: Tensor
    samples: int
    level: float

    @property
    def seconds(self) -> float:
        """Length of the signal."""
        return self.samples / SAMPLE_RATE


def identity(coder: SpeechCoder) -> bytes:
    """Eight bytes that tell a coder from all others: of the sha256 over its weights, bins and prior."""
    digest = hashlib.sha256()
    for name, value in sorted(coder.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()[:8]


def quantised(coder: SpeechCoder, waveform: Tensor, sample_rate: int = SAMPLE_RATE) -> Coded:
    """The symbols of a waveform [time]: divided by its peak, cut into frames, encoded, put into the nearest bins.

    Of silence there are no symbols. Raises AudioError on another sample rate, more than one channel, no sample or
    more than an hour, and samples that are not finite; BitstreamError from a coder that does not quantise yet.
    """
    _require(waveform, sample_rate)
    if not coder.quantiser.on:
        raise BitstreamError("This coder does not quantise yet, so it has no symbols: train it beyond its warm-up.")
    waveform = waveform.detach().to(coder.quantiser.bins)
    level = float(waveform.abs().max())
    if level == 0.0:
        return Coded(torch.zeros(0, CODES, dtype=torch.int64), len(waveform), 0.0)
    return Coded(coder.symbols(split_signal(waveform / level)).cpu(), len(waveform), level)


def synthesised(coder: SpeechCoder, contents: Coded) -> Tensor:
    """The waveform [time] that symbols stand for; float32 on the CPU."""
    if contents.level == 0.0:
        return torch.zeros(contents.samples)
    frames = coder.synthesise(contents.symbols.to(coder.quantiser.bins.device))
    return contents.level * join_signal(frames, contents.samples).cpu()


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
    import constriction  # here and not above: a bare machine trains without it

    encoder = constriction.stream.queue.RangeEncoder()
    if contents.symbols.numel():
        encoder.encode(contents.symbols.flatten().numpy().astype(np.int32), _model(coder))
    words = encoder.get_compressed().astype(WORD)
    header = HEADER.pack(MAGIC, VERSION, identity(coder), contents.samples, contents.level, len(words), 0)[:CHECKED]
    stream = words.tobytes()
    return header + struct.pack("<I", zlib.crc32(header + stream)) + stream


def decode(coder: SpeechCoder, data: bytes) -> Tensor:
    """The waveform [time], float32 at 16 kHz, of a coded file.

    Raises NotCoded, Truncated, Damaged or WrongCoder; a file that is not whole gives no sound at all.
    """
    return synthesised(coder, unpack(coder, data))


def unpack(coder: SpeechCoder, data: bytes) -> Coded:
    """The symbols of a coded file, checked. Raises what `decode` raises."""
    import constriction

    owner, samples, level, words = _checked(data)
    if owner != identity(coder):
        raise WrongCoder(
            f"the file was made by the coder {owner.hex()}, this one is {identity(coder).hex()}: decode it with the "
            "coder that made it (same loss, rate, size and training)."
        )
    if level == 0.0:
        return Coded(torch.zeros(0, CODES, dtype=torch.int64), samples, 0.0)
    count = frames_needed(samples) * CODES
    try:
        decoder = constriction.stream.queue.RangeDecoder(words.astype(np.uint32))
        symbols = decoder.decode(_model(coder), count)
        whole = decoder.maybe_exhausted()
    except (ValueError, AssertionError) as error:
        raise Damaged(f"the stream does not decode ({error}): fetch the file again.") from error
    if not whole:
        raise Damaged(f"the stream holds more than the {count} symbols of {samples} samples: fetch the file again.")
    contents = Coded(torch.from_numpy(symbols.astype(np.int64)).reshape(-1, CODES), samples, level)
    if pack(coder, contents) != data:  # a range decoder goes on where a stream has ended, and makes symbols up
        raise Damaged(f"the stream is not that of the {count} symbols in it: fetch the file again.")
    return contents


def write(path: Path | str, data: bytes) -> Path:
    """Write a coded file, whole or not at all. Raises OutputError."""
    path = Path(path)
    with atomic(path) as temporary:
        temporary.write_bytes(data)
    return path


def read(path: Path | str) -> bytes:
    """The bytes of a coded file; raises NotCoded where there is no such file."""
    path = expanded(path)
    if not is_file(path):
        raise NotCoded(f"there is no coded file {path}.")
    return path.read_bytes()


def kilobits(data: bytes, samples: int) -> float:
    """kb/s of a file, its header included, of a signal of so many samples."""
    return 8e-3 * len(data) * SAMPLE_RATE / samples


def _checked(data: bytes) -> tuple[bytes, int, float, NDArray[np.uint32]]:
    """Coder, samples, level and stream of a file whose every byte is as it was written."""
    if data[:4] != MAGIC[: len(data[:4])] or not data:
        raise NotCoded(f"wanted a file that starts with {MAGIC!r}; found {data[:4]!r}. Code the sound again.")
    if len(data) < HEADER.size:
        raise Truncated(f"wanted a header of {HEADER.size} bytes; found {len(data)} bytes. Fetch the file again.")
    _, version, owner, samples, level, words, checksum = HEADER.unpack_from(data)
    stream = data[HEADER.size :]
    if version != VERSION:
        raise NotCoded(f"the file is of version {version}, this code reads {VERSION}: use the code that wrote it.")
    if len(stream) < 4 * words:
        raise Truncated(f"the header promises {4 * words} bytes of symbols; found {len(stream)}. Fetch the file again.")
    if len(stream) > 4 * words or zlib.crc32(data[:CHECKED] + stream) != checksum:
        raise Damaged("the checksum does not fit: bytes of the file were changed. Fetch the file again.")
    if not 0 < samples <= LONGEST or not 0 <= level < math.inf:
        raise Damaged(f"no signal has {samples} samples with a peak of {level}: code the sound again.")
    return owner, samples, level, np.frombuffer(stream, dtype=WORD)


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
