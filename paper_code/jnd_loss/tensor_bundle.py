"""Reads TensorFlow's V2 checkpoints, without TensorFlow and without running anything they hold.

A checkpoint is two files. `<name>.index` is a sorted string table: blocks of keys and values with a checksum each; a
value is a protocol buffer that says of a tensor its type, shape, place and checksum. `<name>.data-00000-of-00001` holds
the numbers themselves, raw and little-endian.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper_code.lab import paths
from paper_code.lab.weights import WeightsError

INDEX, DATA = ".index", ".data-00000-of-00001"
FOOTER = 48  # bytes: the handles of two blocks, filled up to 40, and a number that marks the format
MAGIC = bytes.fromhex("57fb808b247547db")
TRAILER = 5  # bytes after a block: how it is compressed, and its checksum
FLOAT = 1  # the code of float32
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5  # how a field of a protocol buffer is written
LONGEST = 10  # bytes of a whole number of 64 bits, seven bits a byte


class _Damaged(Exception):
    """What is wrong inside a file, before its name is known."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies in the data file. kind: TensorFlow's code of its type. offset, size: bytes."""

    kind: int
    shape: tuple[int, ...]
    offset: int
    size: int
    checksum: int


def entries(checkpoint: Path) -> dict[str, Entry]:
    """What a checkpoint holds, by name. checkpoint: its path without `.index`.

    Raises WeightsError where the index is missing, truncated, damaged, or no index of a checkpoint in one piece.
    """
    file = checkpoint.with_name(checkpoint.name + INDEX)
    try:
        table = dict(_table(_content(file)))
        _require_one_little_endian_file(table.pop(b"", None))
        return {name.decode(): _entry(value) for name, value in table.items()}
    except (_Damaged, UnicodeDecodeError) as error:
        raise WeightsError(
            f"wanted the index of a TensorFlow V2 checkpoint; {paths.shown(file)} is none or is damaged ({error}). "
            "Fetch it again."
        ) from error


def read(checkpoint: Path, names: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The float32 tensors of these names and shapes. checkpoint: its path without `.index`.

    Raises WeightsError where a file is missing, truncated or damaged, or lacks a tensor of a name and shape.
    """
    known = entries(checkpoint)
    file = checkpoint.with_name(checkpoint.name + DATA)
    content = _content(file)
    wanted = max((entry.offset + entry.size for entry in known.values()), default=0)
    if len(content) != wanted:
        raise WeightsError(
            f"wanted {wanted} bytes of tensors, as the index says; {paths.shown(file)} has {len(content)}. Fetch it again."
        )
    return {name: _tensor(file, content, name, shape, known.get(name)) for name, shape in names.items()}


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {paths.shown(file)}: {error.strerror or error}.") from error


def _tensor(file: Path, content: bytes, name: str, shape: tuple[int, ...], entry: Entry | None) -> np.ndarray:
    if entry is None:
        raise WeightsError(f"wanted the tensor {name} {list(shape)}; the checkpoint of {paths.shown(file)} has none.")
    if (entry.kind, entry.shape, entry.size) != (FLOAT, shape, 4 * int(np.prod(shape))):
        raise WeightsError(
            f"wanted {name} as float32 {list(shape)}; {paths.shown(file)} holds {list(entry.shape)} "
            f"of type {entry.kind} in {entry.size} bytes."
        )
    raw = content[entry.offset : entry.offset + entry.size]
    if masked_checksum(raw) != entry.checksum:
        raise WeightsError(f"the numbers of {name} in {paths.shown(file)} are damaged (checksum): fetch it again.")
    return np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)


# The sorted string table.


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of all its blocks."""
    if len(content) < FOOTER:
        raise _Damaged(f"{len(content)} bytes, fewer than its last part has")
    footer = content[-FOOTER:]
    if not footer.endswith(MAGIC):
        raise _Damaged("it does not end with the mark of the format")
    _, position = _handle(footer, 0)  # of a block about the table that TensorFlow leaves empty
    place, _ = _handle(footer, position)
    for _, value in _pairs(_block(content, place)):
        yield from _pairs(_block(content, _handle(value, 0)[0]))


def _handle(content: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block (bytes), and the position after them."""
    offset, position = _varint(content, position)
    size, position = _varint(content, position)
    return (offset, size), position


def _block(content: bytes, place: tuple[int, int]) -> bytes:
    offset, size = place
    whole = content[offset : offset + size + TRAILER]
    if len(whole) != size + TRAILER:
        raise _Damaged(f"a block of {size} bytes ends after the file")
    if masked_checksum(whole[: size + 1]) != int.from_bytes(whole[size + 1 :], "little"):
        raise _Damaged(f"the checksum of the block at {offset} is wrong")
    if whole[size] != 0:
        raise _Damaged("a block is compressed, which TensorFlow's own are not")
    return whole[:size]


def _pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block. A key says how many bytes it shares with the one before; the block ends with a list
    of places to start reading at, which nobody needs who reads all of it."""
    count = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (count + 1)
    if len(block) < 4 or end < 0:
        raise _Damaged("a block is shorter than its own list of places")
    key, position = b"", 0
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        size, position = _varint(block, position)
        if shared > len(key) or position + own + size > end:
            raise _Damaged("a block's keys and values do not fit into it")
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + size]
        position += size


# Protocol buffers.


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """A whole number, seven bits a byte with the lowest first, and the position after it."""
    value = 0
    for index, byte in enumerate(content[position : position + LONGEST]):
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            return value, position + index + 1
    raise _Damaged("a number has no end")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of the fields of a protocol buffer."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        field, way = tag >> 3, tag & 7
        if way == VARINT:
            value, position = _varint(message, position)
            yield field, value
            continue
        if way == BYTES:
            size, position = _varint(message, position)
        elif way in (FIXED_32, FIXED_64):
            size = 4 if way == FIXED_32 else 8
        else:
            raise _Damaged(f"a field is written in an unknown way ({way})")
        raw = message[position : position + size]
        if len(raw) != size:
            raise _Damaged("a field ends after its message")
        yield field, raw if way == BYTES else int.from_bytes(raw, "little")
        position += size


def _require_one_little_endian_file(header: bytes | None) -> None:
    """The table's first value, whose key is empty: 1 the number of data files, 2 the order of bytes (0: little)."""
    if header is None:
        raise _Damaged("it has no header of a checkpoint")
    about = dict(_fields(header))
    if about.get(1, 0) != 1 or about.get(2, 0) != 0:
        raise _Damaged(f"wanted one little-endian data file; its header says {about}")


def _entry(message: bytes) -> Entry:
    """1 type, 2 shape, 3 number of the data file, 4 offset, 5 size, 6 checksum, 7 slices of a larger tensor."""
    about = dict(_fields(message))
    shape = about.get(2, b"")
    if not isinstance(shape, bytes) or not all(isinstance(about.get(field, 0), int) for field in (1, 3, 4, 5, 6)):
        raise _Damaged("an entry is no description of a tensor")
    if about.get(3, 0) != 0 or 7 in about:
        raise _Damaged("a tensor is cut into slices or lies in another file")
    return Entry(about.get(1, 0), _shape(shape), about.get(4, 0), about.get(5, 0), about.get(6, 0))


def _shape(message: bytes) -> tuple[int, ...]:
    """2 a dimension, whose field 1 is its size."""
    sizes = [dict(_fields(value)).get(1, 0) for field, value in _fields(message) if field == 2]
    if not all(isinstance(size, int) for size in sizes):
        raise _Damaged("a shape has a dimension without a size")
    return tuple(sizes)


# Checksums.


def _castagnoli(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_TABLE = [_castagnoli(byte) for byte in range(256)]


def checksum(content: bytes) -> int:
    """CRC-32C (Castagnoli), RFC 3720, appendix B.4."""
    table, value = _TABLE, 0xFFFFFFFF
    for byte in content:
        value = table[(value ^ byte) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF


def masked_checksum(content: bytes) -> int:
    """The checksum as the format stores it: turned by 15 bits, plus a constant, so that one of a checksum is no trap."""
    value = checksum(content)
    return ((value >> 15 | value << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF
