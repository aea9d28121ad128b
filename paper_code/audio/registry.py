"""The register of recordings: what each is, who made it, its licence, its checksum, its side of a split."""

from __future__ import annotations

import difflib
import functools
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paper_code.audio.places import DATA

REGISTRY = DATA / "corpora.toml"
SIDES = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)


class CorpusError(RuntimeError):
    """A recording that cannot be had; the message names the file, its source and what to do."""


class UnknownCorpus(CorpusError):
    """A name that is not in data/corpora.toml."""


@dataclass(frozen=True)
class Recording:
    """One file of a corpus: a recording or, with seconds None, a text, table or set of weights.

    path: "<corpus>/<path in its repository>".   url: its public address.   sample_rate: Hz.
    group: speaker, piece or note; one group is on one side of a split.   split: train, validation or test.
    """

    path: str
    corpus: str
    url: str
    sha256: str
    bytes: int
    title: str
    licence: str
    licence_url: str
    attribution: str
    chapters: tuple[str, ...]
    group: str = ""
    split: str = ""
    seconds: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    format: str = ""
    note: str = ""

    @property
    def non_commercial(self) -> bool:
        """True where the licence forbids commercial use."""
        return "NC" in self.licence.replace("-", " ").split()


@dataclass(frozen=True)
class Corpus:
    """Files that came from one place: `files` are all of them, `recordings` those that hold sound."""

    name: str
    title: str
    about: str
    licence: str
    licence_note: str
    attribution: str
    citation: str
    repository: str
    files: tuple[Recording, ...]

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The files that hold sound."""
        return tuple(file for file in self.files if file.seconds is not None)

    @property
    def chapters(self) -> tuple[str, ...]:
        """The chapters that use at least one of its files."""
        return tuple(dict.fromkeys(chapter for file in self.files for chapter in file.chapters))

    @property
    def minutes(self) -> float:
        """Length of all its sound, in minutes."""
        return sum(file.seconds or 0.0 for file in self.files) / 60

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files)


def corpora() -> dict[str, Corpus]:
    """Every corpus of data/corpora.toml by name, in its order."""
    return _registry(REGISTRY)


def corpus(name: str) -> Corpus:
    """The corpus of that name; raises UnknownCorpus, with the nearest names, if there is none."""
    known = corpora()
    if name not in known:
        raise UnknownCorpus(f"there is no corpus '{name}'.{_nearest(name, known)} Known: {', '.join(known)}.")
    return known[name]


def recording(path: str) -> Recording:
    """The file "<corpus>/<path>"; raises UnknownCorpus, with the nearest names, if it is not registered."""
    files = _files(REGISTRY)
    if path not in files:
        owner = corpus(path.split("/")[0])
        names = [file.path for file in owner.files]
        raise UnknownCorpus(f"the corpus '{owner.name}' has no file '{path}'.{_nearest(path, names)}")
    return files[path]


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


@functools.cache
def _registry(registry: Path) -> dict[str, Corpus]:
    table = tomllib.loads(registry.read_text(encoding="utf-8"))
    return {name: _parse_corpus(name, entry, table) for name, entry in table["corpora"].items()}


@functools.cache
def _files(registry: Path) -> dict[str, Recording]:
    return {file.path: file for corpus in _registry(registry).values() for file in corpus.files}


def _parse_corpus(name: str, entry: dict[str, Any], table: dict[str, Any]) -> Corpus:
    texts = ("title", "about", "licence", "licence_note", "attribution", "citation")
    return Corpus(
        name=name,
        repository=f"https://github.com/{entry['repo']}",
        files=tuple(_parse_file(name, entry, file, table) for file in entry["files"]),
        **{key: entry.get(key, "") for key in texts},
    )


def _parse_file(name: str, entry: dict[str, Any], file: dict[str, Any], table: dict[str, Any]) -> Recording:
    merged = {**entry, "title": Path(file["path"]).name, **file}
    sound = "seconds" in file
    address = f"{merged['repo']}/{merged['commit']}/{merged.get('original_path', file['path'])}"
    return Recording(
        path=f"{name}/{file['path']}",
        corpus=name,
        url=f"{table['base']}/{quote(address)}",
        sha256=file["sha256"],
        bytes=file["bytes"],
        title=merged["title"],
        licence=merged["licence"],
        licence_url=table["licences"].get(merged["licence"], ""),
        attribution=merged["attribution"],
        chapters=tuple(merged["chapters"]),
        group=file["group"] if sound else "",
        split=_side(merged) if sound else "",
        note=merged.get("note", ""),
        **({key: merged[key] for key in ("seconds", "sample_rate", "channels", "format")} if sound else {}),
    )


def split(name: str, which: str = "all") -> list[Recording]:
    """The recordings of one side (train, validation, test or all) of a corpus.

    Sides are fixed in data/corpora.toml or follow from the group's name alone, so that one speaker, piece or
    note is on one side only, in all corpora, and a new file moves no other.
    Raises UnknownCorpus on an unknown corpus, ValueError on an unknown side.
    """
    if which not in (*SIDES, "all"):
        raise ValueError(f"there is no split '{which}'; choose {', '.join(SIDES)} or all")
    return [file for file in corpus(name).recordings if which in ("all", file.split)]


def _side(merged: dict[str, Any]) -> str:
    if "split" in merged:
        return merged["split"]
    draw = int(hashlib.sha256(merged["group"].encode()).hexdigest()[:8], 16) / 2**32
    train, validation, _ = merged.get("shares", SHARES)
    return "train" if draw < train else "validation" if draw < train + validation else "test"
