"""Results on disk: root/<chapter>/<experiment>/<profile>-seed<k>/, found by the hash of their config."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_code.audio.places import expanded
from paper_code.lab import paths
from paper_code.lab.config import Config
from paper_code.lab.errors import LabError
from paper_code.lab.files import read_json

if TYPE_CHECKING:
    from paper_code.audio.clips import Clip

PROVENANCE, METRICS, ARRAYS, STARTED = "provenance.json", "metrics.json", "arrays.npz", "started.json"
CURVES = "curves.npz"  # what a training records on its way


class StoreError(LabError):
    """A result's folder lacks a file or holds a broken one; names it and says what to do."""


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of an .npz file by name, each read when first asked for. Empty when there is no file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, np.ndarray] = {}

    @cached_property
    def _names(self) -> list[str]:
        if not self._path.exists():
            return []
        with np.load(self._path, allow_pickle=False) as file:
            return list(file.files)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(f"{self._path} has no array {name!r}; there are: {', '.join(self._names) or 'none'}")
        if name not in self._read:
            with np.load(self._path, allow_pickle=False) as file:
                self._read[name] = file[name]
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, eq=False)
class Result:
    """One finished experiment. folder: its files. provenance: where it comes from (see lab.provenance)."""

    folder: Path
    chapter: str
    experiment: str
    provenance: Mapping[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        """The settings it was computed with."""
        return self.provenance["config"]

    @property
    def hash(self) -> str:
        """The hash of its config."""
        return self.provenance["hash"]

    @property
    def profile(self) -> str:
        """The size: smoke, small or full."""
        return self.provenance["profile"]

    @property
    def seed(self) -> int:
        """The seed."""
        return self.provenance["seed"]

    @property
    def trained(self) -> Mapping[str, Any]:
        """The record of its training; see lab.provenance."""
        return self.provenance["trained"]

    @property
    def measured(self) -> Mapping[str, Any]:
        """The record of its measuring."""
        return self.provenance["measured"]

    @property
    def seconds(self) -> float:
        """Wall time of both stages; where it was only taken of both together, it stands with the training."""
        return self.trained["seconds"] + (self.measured["seconds"] or 0.0)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The numbers of metrics.json; a null there is NaN here (not defined)."""
        return _nan_for_null(_read(self.folder / METRICS))

    @cached_property
    def arrays(self) -> Arrays:
        """The arrays of arrays.npz by name, read when asked for."""
        return Arrays(self.folder / ARRAYS)

    @cached_property
    def curves(self) -> Arrays:
        """What its training recorded, by name, read when asked for; empty where there was nothing to learn."""
        return Arrays(self.folder / CURVES)

    def audio(self, name: str, title: str = "") -> "Clip":
        """The sound name.flac as a clip. Raises: StoreError with the names there are."""
        from paper_code.audio import clips  # the store works where nothing needs sound

        path = self.folder / f"{name}.flac"
        if not path.is_file():
            known = ", ".join(self.sounds()) or "none"
            raise StoreError(f"{self.folder} has no sound {name!r}; there are: {known}.")
        origin = f"network: {self.chapter}, {self.experiment}, {self.profile}, seed {self.seed}"
        return clips.read(path, title=title or name, origin=origin)

    def sounds(self) -> list[str]:
        """The names of its sounds."""
        return sorted(path.stem for path in self.folder.glob("*.flac"))


class Store:
    """Finds results in `read_also` (in that order) and then `root`; new ones are written to `root`."""

    def __init__(self, root: Path | str, read_also: Sequence[Path | str] = ()) -> None:
        self.root = Path(root)
        self.read_also = tuple(Path(path) for path in read_also)

    def find(self, chapter: str, experiment: str, config: Config) -> Result | None:
        """The result whose config hash is that of `config`, whatever its profile is called, or None.

        Raises: StoreError when a folder there is not a whole result.
        """
        wanted = config.hash
        return next((found for found in self._walk(chapter, experiment) if found.hash == wanted), None)

    def all(self, chapter: str, experiment: str | None = None, profile: str | None = None) -> list[Result]:
        """Every result there is, one for each config, also what today's configs do not ask for (stale)."""
        seen: dict[tuple[str, str], Result] = {}
        for found in self._walk(chapter, experiment):
            if profile in (None, found.profile):
                seen.setdefault((found.experiment, found.hash), found)
        return list(seen.values())

    def folder(self, chapter: str, experiment: str, config: Config) -> Path:
        """Where the result of `config` belongs. Nothing is overwritten: when the plain name holds (or is
        computing) a result of other settings, the config's hash is added to it."""
        plain = self.root / chapter / experiment / f"{config.profile}-seed{config.seed}"
        return plain if _holder(plain) in (None, config.hash) else plain.with_name(f"{plain.name}-{config.hash}")

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that are read, in that order."""
        return (*self.read_also, self.root)

    def _walk(self, chapter: str, experiment: str | None) -> Iterator[Result]:
        for root in self.roots:
            for place in sorted((root / chapter).glob(experiment or "*")):
                if place.is_dir():
                    yield from (load(f, chapter) for f in sorted(place.iterdir(), key=_by_seed) if _is_result(f))


def open_store(output: str = "") -> Store:
    """The store a chapter uses. "": reads the committed results, then those computed here; writes the latter.

    output: a folder; then only that one is read and written.
    """
    return Store(expanded(output)) if output else Store(paths.WORK, read_also=(paths.COMMITTED,))


def load(folder: Path, chapter: str) -> Result:
    """The result in `folder`. Raises: StoreError when its provenance is missing or broken."""
    provenance = _read(folder / PROVENANCE)
    missing = [name for name in ("config", "hash", "profile", "seed", "trained", "measured") if name not in provenance]
    if missing:
        raise StoreError(f"{folder / PROVENANCE} lacks {', '.join(missing)}: delete the folder and run it again.")
    return Result(folder, chapter, folder.parent.name, provenance)


def partial(folder: Path) -> Path:
    """The folder in which the result of `folder` is computed until it is whole."""
    return folder.with_name(f"{folder.name}.partial")


def _is_result(folder: Path) -> bool:
    return folder.is_dir() and not folder.name.startswith(".") and not folder.name.endswith(".partial")


def _by_seed(folder: Path) -> tuple[str, int, str]:
    profile, _, rest = folder.name.partition("-seed")
    number = rest.partition("-")[0]
    return profile, int(number) if number.isdecimal() else -1, folder.name


def _holder(folder: Path) -> str | None:
    """The hash of what lies in a folder or is being computed for it; None when it is free."""
    for path in (folder / PROVENANCE, partial(folder) / STARTED, partial(folder) / PROVENANCE):
        if path.exists():
            return _read(path)["hash"]
    return None


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError as error:
        raise StoreError(
            f"{path.parent} has no {path.name}, so it is no whole result: delete the folder and run it again."
        ) from error


def _nan_for_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan_for_null(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nan_for_null(item) for item in value]
    return math.nan if value is None else value
