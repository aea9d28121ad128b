"""Where a result comes from: settings, code, recordings, machine, time; nothing that tells who or where."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
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


def record(
    config: Config, sources: Sequence[Mapping[str, Any]], seconds: float, device: torch.device | str
) -> dict[str, Any]:
    """The provenance record of a result, JSON-able.

    sources: one dict a recording (file, sha256, licence, ... as the chapter gives them). seconds: wall time.
    device: what it was computed on. Raises: ProvenanceError when a text is an absolute path.
    """
    check_private({"config": config.as_dict(), "sources": list(sources)})
    device = torch.device(device)
    return {
        "config": config.as_dict(),
        "config_class": config.class_name(),
        "hash": config.hash,
        "profile": config.profile,
        "seed": config.seed,
        "sources": [dict(source) for source in sources],
        "code": dict(code_state()),
        "device": device.type,
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "packages": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "seconds": round(float(seconds), 3),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


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


@cache
def code_state() -> dict[str, Any]:
    """Digest, commit and dirty flag of the code, as they were when first asked: a long run asks at its start,
    because the files may change under it."""
    return {"sha256": code_digest(), **git_state(paths.ROOT)}


def code_digest() -> str:
    """12 hex digits over all Python files of paper_code, so that code is known without git too."""
    digest = hashlib.sha256()
    root = paths.ROOT / "paper_code"
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def git_state(root: Path) -> dict[str, Any]:
    """{"commit": hash, "dirty": whether paper_code differs from it}; both None outside a git checkout."""
    unknown = {"commit": None, "dirty": None}
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return unknown  # no git, or the package lies inside somebody else's repository
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return unknown
    return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain", "--", "paper_code"))}


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


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:  # a bare machine without git
        return None
    return done.stdout.strip() if done.returncode == 0 else None
