"""The file of a coded signal: a header of 29 bytes and the range-coded stream, and what can be wrong with it.

All numbers are little-endian. The stream itself is the matter of `bitstream`.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paper_code.audio.places import expanded, is_file
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic
from paper_code.masking_loss.coder.coder import SAMPLE_RATE

MAGIC, VERSION = b"PMLC", 1
HEADER = struct.Struct("<4sB8sIfII")  # magic, version, coder, samples, level, words of the stream, checksum
CHECKED = HEADER.size - 4  # bytes of the header that the checksum covers, besides the stream
LONGEST = 3600 * SAMPLE_RATE  # samples: how long a damaged file may keep a decoder busy
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


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds. owner: the coder's eight bytes.   samples: of the signal.   level: its peak.   words: [word]."""

    owner: bytes
    samples: int
    level: float
    words: NDArray[np.uint32]

    @property
    def seconds(self) -> float:
        """Length of the signal."""
        return self.samples / SAMPLE_RATE


def sealed(contents: Contents) -> bytes:
    """The bytes of a file, its checksum included."""
    stream = contents.words.astype(WORD, copy=False).view(np.uint8)  # an hour's is large enough not to be copied
    parts = MAGIC, VERSION, contents.owner, contents.samples, contents.level, len(contents.words), 0
    header = HEADER.pack(*parts)[:CHECKED]
    return b"".join([header, struct.pack("<I", zlib.crc32(stream, zlib.crc32(header))), stream])


def opened(data: bytes) -> Contents:
    """What is in a file whose every byte is as it was written. Raises NotCoded, Truncated, Damaged."""
    if data[:4] != MAGIC[: len(data[:4])] or not data:
        raise NotCoded(f"wanted a file that starts with {MAGIC!r}; found {data[:4]!r}. Code the sound again.")
    if len(data) < HEADER.size:
        raise Truncated(f"wanted a header of {HEADER.size} bytes; found {len(data)} bytes. Fetch the file again.")
    _, version, owner, samples, level, words, checksum = HEADER.unpack_from(data)
    stream = memoryview(data)[HEADER.size :]
    if version != VERSION:
        raise NotCoded(f"the file is of version {version}, this code reads {VERSION}: use the code that wrote it.")
    if len(stream) < 4 * words:
        raise Truncated(f"the header promises {4 * words} bytes of symbols; found {len(stream)}. Fetch the file again.")
    if len(stream) > 4 * words or zlib.crc32(stream, zlib.crc32(data[:CHECKED])) != checksum:
        raise Damaged("the checksum does not fit: bytes of the file were changed. Fetch the file again.")
    if not 0 < samples <= LONGEST or not 0 <= level < math.inf:
        raise Damaged(f"no signal has {samples} samples with a peak of {level}: code the sound again.")
    return Contents(owner, samples, level, np.frombuffer(stream, dtype=WORD).astype(np.uint32, copy=False))


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
