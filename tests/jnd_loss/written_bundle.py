"""Writes small checkpoints of TensorFlow's V2 format, to read them back."""

from pathlib import Path

import numpy as np

from paper_code.jnd_loss.tensor_bundle import DATA, INDEX, MAGIC, masked_checksum

KINDS = {"float32": 1, "int32": 3}  # TensorFlow's codes
HEADER = b"\x08\x01\x1a\x02\x08\x01"  # one data file, little-endian (left out: 0), version 1


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    more, rest = value & 127, value >> 7
    return bytes([more]) if not rest else bytes([more | 128]) + varint(rest)


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def entry(values: np.ndarray, offset: int) -> bytes:
    """What an index says of a tensor."""
    raw = values.tobytes()
    shape = b"".join(field(2, field(1, size)) for size in values.shape)
    checksum = varint(6 << 3 | 5) + masked_checksum(raw).to_bytes(4, "little")
    kind = KINDS[values.dtype.name]
    return field(1, kind) + field(2, shape) + field(4, offset) + field(5, len(raw)) + checksum


def block(pairs: list[tuple[bytes, bytes]], compression: int = 0) -> bytes:
    """Keys that share their beginnings, a list of one place to start at, and what follows a block."""
    content, before = b"", b""
    for key, value in pairs:
        shared = next(
            (i for i, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), min(len(key), len(before))
        )
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    whole = content + (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes([compression])
    return whole + masked_checksum(whole).to_bytes(4, "little")


def table(pairs: list[tuple[bytes, bytes]], rows: int = 3, compression: int = 0) -> bytes:
    """A sorted string table with so many pairs a block."""
    content, places = b"", []
    for start in range(0, len(pairs), rows):
        part = pairs[start : start + rows]
        made = block(part, compression)
        places.append((part[-1][0], varint(len(content)) + varint(len(made) - 5)))
        content += made
    empty, index = block([]), block(places)
    handles = varint(len(content)) + varint(len(empty) - 5)
    handles += varint(len(content) + len(empty)) + varint(len(index) - 5)
    return content + empty + index + handles.ljust(40, b"\0") + MAGIC


def write(
    checkpoint: Path, tensors: dict[str, np.ndarray], header: bytes | None = HEADER, extra: bytes = b"", **options: int
) -> Path:
    """Write a checkpoint. extra: more of each entry. options: those of `table`."""
    data, pairs = b"", [] if header is None else [(b"", header)]
    for name, values in sorted(tensors.items()):
        pairs.append((name.encode(), entry(values, len(data)) + extra))
        data += values.tobytes()
    checkpoint.with_name(checkpoint.name + INDEX).write_bytes(table(pairs, **options))
    checkpoint.with_name(checkpoint.name + DATA).write_bytes(data)
    return checkpoint
