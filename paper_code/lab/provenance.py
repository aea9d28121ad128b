"""Where a result comes from: settings, code, recordings, machine, time; nothing that tells who or where.

The record of a result:

    {"config", "config_class", "hash", "profile", "seed", "sources",
     "trained": stage, "measured": stage}

and of each of its two stages:

    {"code": {"entry", "sha256", "commit", "dirty"} (see lab.code), or None where it is not known,
     "files": name -> sha256 of each file that the stage left,
     "device", "gpu", "cpu", "threads", "packages", "seconds", "date"}

Results from before the stages had records of their own: the training says "weights": "gone", or "released" where
data/weights has them; "seconds" of both stand with the training; and where values were measured anew without a record,
"measured" knows its files alone, the rest is None.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import torch

from paper_code.lab import paths
from paper_code.lab.config import Config
from paper_code.lab.errors import LabError

PACKAGES = ("torch", "torchaudio", "numpy", "scipy", "soundfile")


class ProvenanceError(LabError):
    """A record would tell a place on somebody's disk."""


def about(config: Config, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was asked for, JSON-able: the record of a result without its stages.

    sources: one dict a recording (file, sha256, licence, ... as the chapter gives them).
    Raises: ProvenanceError when a text is an absolute path.
    """
    check_private({"config": config.as_dict(), "sources": list(sources)})
    return {
        "config": config.as_dict(),
        "config_class": config.class_name(),
        "hash": config.hash,
        "profile": config.profile,
        "seed": config.seed,
        "sources": [dict(source) for source in sources],
    }


def stage(
    code: Mapping[str, Any], files: Mapping[str, str], seconds: float, device: torch.device | str
) -> dict[str, Any]:
    """The record of a stage, JSON-able. code: see lab.code.state. files: see digests. seconds: wall time."""
    device = torch.device(device)
    return {
        "code": dict(code),
        "files": dict(files),
        "device": device.type,
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "packages": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "seconds": round(float(seconds), 3),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def digests(folder: Path, leave_out: Sequence[str] = ()) -> dict[str, str]:
    """Name -> the first 12 digits of the sha256 of every file of a result, but for those of `leave_out`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in leave_out)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


def check_private(value: Any, at: str = "the record") -> None:
    """Raises: ProvenanceError when any text in `value` is an absolute path, which would be published."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_private(item, f"{at}: {key}")
    elif isinstance(value, list | tuple):
        for item in value:
            check_private(item, at)
    elif isinstance(value, str) and _tells_a_place(value):
        raise ProvenanceError(
            f"{at} holds the path {value}, which would be published with the result. Keep the file's own "
            "name and its sha256 in the config instead."
        )


def cpu_name() -> str:
    """The processor's model, as the system calls it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _tells_a_place(text: str) -> bool:
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    return absolute or any(f"{place}/" in text for place in (Path.home(), paths.ROOT) if place != Path("/"))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
