"""Prepared sounds on disk: arrays of 16-bit samples, mapped and not read whole, cut into patches for a training."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio import corpora
from paper_code.audio.clips import AudioError
from paper_code.audio.corpora import Recording
from paper_code.lab.files import atomic, read_json, write_json, writing
from paper_code.lab.lock import turn

TRACKS = "tracks.json"  # written last: where it is, the arrays are whole


@dataclass(frozen=True)
class Material:
    """Arrays of tracks one after another in a folder. tracks: (first, last + 1) sample of each. sample_rate: Hz."""

    folder: Path
    tracks: NDArray[np.int64]
    sample_rate: int = 16000

    @classmethod
    def opened(cls, folder: Path, sample_rate: int = 16000) -> "Material":
        """What `write` left in a folder. Raises LabError where its list of tracks is damaged."""
        return cls(folder, np.array(read_json(folder / TRACKS), dtype=np.int64), sample_rate)

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.int16]]:
        return {path.stem: np.load(path, mmap_mode="r") for path in self.folder.glob("*.npy")}

    @property
    def seconds(self) -> float:
        """Length of all tracks, in seconds."""
        return float((self.tracks[:, 1] - self.tracks[:, 0]).sum()) / self.sample_rate

    def at(self, starts: Sequence[int], length: int, *names: str) -> tuple[Tensor, ...]:
        """Patches [patch, time] from the given samples on, of each array named."""
        return tuple(
            torch.from_numpy(np.stack([self._arrays[name][s : s + length] for s in starts]).astype(np.float32) / 32768)
            for name in names
        )

    def random(self, generator: np.random.Generator, count: int, length: int, *names: str) -> tuple[Tensor, ...]:
        """`count` patches from random places, every place of every track alike; see `at`.

        Raises AudioError where no track is that long.
        """
        room = np.maximum(self.tracks[:, 1] - self.tracks[:, 0] - length + 1, 0)
        edges = np.cumsum(room)
        if len(edges) == 0 or edges[-1] == 0:
            raise AudioError(f"No prepared track is as long as a patch of {length} samples; choose longer recordings.")
        draws = generator.integers(0, edges[-1], count)
        which = np.searchsorted(edges, draws, side="right")
        return self.at(self.tracks[which, 0] + draws - (edges[which] - room[which]), length, *names)

    def regular(self, length: int, hop: int | None = None) -> list[int]:
        """First samples of all whole patches of a length, side by side or every `hop` samples, track by track."""
        step = hop or length
        return [int(s) for first, end in self.tracks for s in range(first, end - length + 1, step)]


def prepared(folder: Path, make: Callable[[], None], sample_rate: int = 16000) -> Material:
    """The material in a folder: from an earlier run, or what `make` now writes there, one process at a time.

    Raises OutputError (a full disk leaves nothing that passes for whole) and what `make` raises.
    """
    with turn(folder):
        if not (folder / TRACKS).exists():
            make()
    return Material.opened(folder, sample_rate)


def sources(
    sides: Sequence[str], recordings: Callable[[str], Sequence[Recording]], synthetic: bool
) -> list[dict[str, Any]]:
    """Origin, licence and checksum of every recording of some sides ("train", ...), for a result's record.

    Raises CorpusError where one is missing.
    """
    if synthetic:
        named = (f"{side}, made by the synthesiser" for side in sides)
        return [{"name": name, "origin": "synthesiser", "licence": ""} for name in named]
    files = [file for side in sides for file in recordings(side)]
    for file in files:
        corpora.locate(file.path)
    return corpora.sources(files)


def write(folder: Path, lengths: Sequence[int], arrays: Mapping[str, Iterable[Tensor]]) -> None:
    """Prepare a folder of tracks [time] in [-1, 1], as 16-bit samples; a generator's tracks are made one at a time.

    lengths: samples of each track, the same under every name. Raises OutputError; then nothing there passes for whole.
    """
    edges = np.cumsum([0, *lengths])
    for name, tracks in arrays.items():
        write_array(folder / f"{name}.npy", int(edges[-1]), tracks)
    write_json(folder / TRACKS, np.stack([edges[:-1], edges[1:]], -1).tolist())


def write_array(path: Path, length: int, tracks: Iterable[Tensor]) -> None:
    """Write tracks [time] in [-1, 1] one after another as one array of `length` 16-bit samples. Raises OutputError."""
    header = {"descr": "<i2", "fortran_order": False, "shape": (length,)}
    with atomic(path) as temporary, writing(path), temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # written, not mapped: a full disk is told
        for track in tracks:
            file.write(np.clip(np.round(track.numpy() * 32768), -32768, 32767).astype("<i2").tobytes())
