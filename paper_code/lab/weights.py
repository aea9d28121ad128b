"""Trained networks as files, written whole and read with every doubt told.

Those that a training leaves with its result are called weights.safetensors; those that are released, for people who
only want a loss, data/weights/<kind>_<name>.safetensors.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from paper_code.audio.places import expanded, is_file
from paper_code.lab import paths
from paper_code.lab.config import Config
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic
from paper_code.lab.store import Result

FOLDER = paths.DATA / "weights"
WEIGHTS = "weights.safetensors"  # beside a result


class WeightsError(LabError):
    """A file of weights is missing, damaged, or of another network."""


@dataclass(frozen=True)
class Kind:
    """What a file of weights holds. key: how files say it, and begin.   title: what it is, for people.

    remedy: sentences for who misses a file, on how it is made.
    """

    key: str
    title: str
    remedy: str

    def released(self, name: str) -> Path:
        """The file with the released weights of that name."""
        return FOLDER / f"{self.key}_{name}.safetensors"


def checksum(file: Path) -> str:
    """The first 12 digits of the sha256 of a file of weights; "" where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.exists() else ""


def save(file: Path, kind: Kind, tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> Path:
    """Write named tensors as they are, whole or not at all. about: what the file says of itself. Raises OutputError."""
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with atomic(file) as temporary:
        save_file(plain, temporary, metadata={"kind": kind.key, "about": json.dumps(dict(about))})
        temporary.write_bytes(_with_ordered_header(temporary.read_bytes()))
    return file


def _with_ordered_header(content: bytes) -> bytes:
    """A safetensors file with its header in order. The library's metadata come in another order every time, and files of
    the same weights would have different checksums."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the numbers after it lie at multiples of 8 bytes
    return len(header).to_bytes(8, "little") + header + content[start:]


def read(file: Path, kind: Kind) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors (those of numbers in float32) and what the file says of itself. Raises WeightsError."""
    file = expanded(file)
    if not is_file(file):
        raise WeightsError(f"there is no file of weights {paths.shown(file)}. {kind.remedy}")
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  it is no dict
        about = json.loads(metadata.get("about", "null"))
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{paths.shown(file)} is damaged ({error}): fetch it again.") from error
    if metadata.get("kind") != kind.key or not isinstance(about, dict):
        raise WeightsError(f"{paths.shown(file)} holds no {kind.title}; found {metadata.get('kind')!r}.")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}, about


def half(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Kernels in half precision; what has one axis or none, such as biases and statistics, is little and stays."""
    return {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}


def keep(folder: Path, kind: Kind, tensors: Mapping[str, torch.Tensor], config: Config) -> Path:
    """Write what a training has learned into the folder of its result. Raises OutputError."""
    return save(folder / WEIGHTS, kind, tensors, {"config_hash": config.hash, "profile": config.profile})


def kept(folder: Path, kind: Kind) -> dict[str, torch.Tensor]:
    """What a training has left in the folder of its result, in float32. Raises WeightsError."""
    return read(folder / WEIGHTS, kind)[0]


def find(result: Result) -> Path | None:
    """The weights of a stored result: beside it, beside its copy in the local store, or released; None where they are gone.

    Beside a result they must be those of its record, whose numbers others would not give.
    """
    wanted = result.trained["files"].get(WEIGHTS)
    local = paths.WORK / result.chapter / result.experiment / result.folder.name
    for file in (result.folder / WEIGHTS, local / WEIGHTS):
        if wanted is not None and checksum(file) == wanted:
            return file
    released = sorted(FOLDER.glob(f"{result.chapter}_*.safetensors"))
    return next((file for file in released if _about(file).get("config_hash") == result.hash), None)


def are_gone(result: Result) -> bool:
    """Whether something was learned for a result of which nothing is left: it cannot be measured again."""
    learned = WEIGHTS in result.trained["files"] or "weights" in result.trained
    return learned and find(result) is None


def _about(file: Path) -> dict[str, Any]:
    """What a file of weights says of itself; empty where it says nothing."""
    with safe_open(file, framework="pt") as opened:
        return json.loads((opened.metadata() or {}).get("about", "{}"))


def command(release: Callable[[Path], Path], description: str | None, arguments: list[str] | None = None) -> int:
    """The command line of a chapter that releases weights: writes those of every result folder named on it.

    Returns the exit code: 0 done, 1 failed; what the lab's own errors say is printed as one line.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=expanded, nargs="+", help="a result folder with its weights")
    try:
        for folder in parser.parse_args(arguments).folder:
            print(release(folder))
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
