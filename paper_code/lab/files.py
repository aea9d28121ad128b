"""Writing files so that a reader finds the old one, the new one or none, and never half of one."""

import errno
import itertools
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paper_code.audio.places import destination, short
from paper_code.lab.errors import LabError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a file of that name is in the way of the folder",
    errno.EISDIR: "that is a folder, and a file was wanted",
    errno.ENOTSUP: "that is a pipe, a device or a socket, and only plain files are written",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "it is a link that leads back to itself",
}
_NAME_ANOTHER = (errno.EISDIR, errno.ENOTSUP, errno.ENAMETOOLONG, errno.ELOOP)
_REMEDY = "Free some space or make the folder writable, or name another one (parameter `output`, option --output)"
_REMEDIES = dict.fromkeys(_NAME_ANOTHER, "Give the name of a plain file, of at most 255 bytes")
_LEFTOVER = re.compile(r"^\..+\.\d+-\d+\.tmp(\.\w+)?$")
_numbers = itertools.count()


class OutputError(LabError):
    """A file could not be written; names the folder and says what to do."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write into an OutputError that names the folder of `path`.

    Raises: OutputError for a full, read-only or forbidden place; other errors, also those about files
    elsewhere, pass through.
    """
    try:
        yield
    except OSError as error:
        here = error.filename is None or path.parent.is_relative_to(Path(error.filename).parent)
        if error.errno not in _REASONS or not here:
            raise
        raise OutputError(
            f"cannot write {path.name or 'a file without a name'} in {path.parent}: {_REASONS[error.errno]}. "
            f"{_REMEDIES.get(error.errno, _REMEDY)}; no half-written file was left."
        ) from error


@contextmanager
def atomic(path: Path | str, durable: bool = False) -> Iterator[Path]:
    """Give a temporary name in the same folder; it becomes `path` when the block ends well, else it goes.

    path: the file wanted at the end; its folder is made, and links are followed. durable: force the bytes to the disk
    before the exchange, so that a power cut cannot leave an empty file (for what took hours to compute).
    The temporary name keeps the suffix of `path`. Raises: OutputError when the place cannot be written or holds
    something else than a plain file.
    """
    path = Path(path)
    with writing(path):
        path = destination(path)
    temporary = path.with_name(f".{short(path.stem)}.{os.getpid()}-{next(_numbers)}.tmp{path.suffix[:10]}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if durable:
                _force_to_disk(temporary)
            os.replace(temporary, path)
        finally:
            if temporary.exists():
                temporary.unlink()


def sweep(folder: Path, name: str = "") -> None:
    """Remove the temporary files that a killed process left in `folder` and below: all, or those of one file.

    Only for who alone writes there: another process's file in the making would go too.
    """
    start = f".{Path(name).stem}." if name else "."
    for path in list(folder.rglob(".*")):
        if path.name.startswith(start) and _LEFTOVER.match(path.name):
            path.unlink()


def write_json(path: Path | str, value: Any) -> Path:
    """Write `value` as strict JSON, atomically; NaN becomes null, numpy and torch numbers become numbers.

    Raises: OutputError; TypeError for what JSON cannot hold and ValueError for infinity, naming the entry.
    """
    path = Path(path)
    text = json.dumps(_plain(value, path.name), indent=1, ensure_ascii=False, allow_nan=False)
    with atomic(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return path


def read_json(path: Path | str) -> Any:
    """Read a JSON file. Raises: LabError that names the file when it is not whole, FileNotFoundError."""
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LabError(f"{path} is not whole JSON ({error}): delete its folder and compute it again.") from error


def write_arrays(path: Path | str, arrays: Mapping[str, Any]) -> Path:
    """Write named arrays (numpy or torch, any shape) as one compressed .npz file, atomically.

    Raises: OutputError; TypeError for arrays of objects.
    """
    path = Path(path)
    plain = {name: _array(name, array) for name, array in arrays.items()}
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **plain)
    return path


def _force_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _array(name: str, array: Any) -> np.ndarray:
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu().numpy()
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise TypeError(f"array {name!r} holds Python objects; give numbers or strings of one shape.")
    return array


def _plain(value: Any, at: str) -> Any:
    """The same value in JSON's own types; `at` says where it stands, for the error."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_key(key, at): _plain(item, f"{at}: {key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{at}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, float) and math.isinf(value):
        raise ValueError(f"{at} is infinite, which JSON cannot hold; write NaN for a value that is not defined.")
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{at} is a {type(value).__name__}, which JSON cannot hold; write numbers, text, lists, dicts.")


def _key(key: Any, at: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{at} has the key {key!r}; JSON keys are text, so write str({key!r}).")
    return key
