"""The recordings themselves: found on this machine or fetched, always checked against their sha256.

A file is looked for in the folder that COMPENDIUM_CORPORA names, then in the download cache, then at its
public address. COMPENDIUM_OFFLINE=1 forbids downloads. What there is stands in data/corpora.toml.

    python -m paper_code.audio.corpora list|fetch|verify [corpus ...]
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Literal

from tqdm import TqdmWarning, tqdm

from paper_code.audio import clips
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.places import expanded, is_folder
from paper_code.audio.registry import (
    Corpus,
    CorpusError,
    Recording,
    UnknownCorpus,
    corpora,
    corpus,
    recording,
    split,
)
from paper_code.audio.terminal import ended

__all__ = [
    "ChecksumMismatch",
    "Corpus",
    "CorpusError",
    "Recording",
    "RecordingMissing",
    "UnknownCorpus",
    "available",
    "cache",
    "corpora",
    "corpus",
    "folder",
    "load",
    "locate",
    "recording",
    "sources",
    "split",
    "where",
]

FOLDER_VARIABLE, OFFLINE_VARIABLE = "COMPENDIUM_CORPORA", "COMPENDIUM_OFFLINE"
TIMEOUT = 30  # s without a byte from the server
DOWNLOADS_AT_ONCE = 4

Place = Literal["folder", "cache", "absent"]


class RecordingMissing(CorpusError):
    """A file that is not on this machine and could not be fetched."""


class ChecksumMismatch(CorpusError):
    """A file whose content is not the registered one."""


def folder() -> Path | None:
    """The folder that COMPENDIUM_CORPORA names, or None; raises CorpusError if it does not exist."""
    name = os.environ.get(FOLDER_VARIABLE, "")
    if not name:
        return None
    if not is_folder(expanded(name)):
        raise CorpusError(
            f"{FOLDER_VARIABLE} names the folder {name}, which does not exist. "
            "Correct it, or unset it to download recordings from their public addresses."
        )
    return expanded(name)


def cache() -> Path:
    """The download cache; it need not exist."""
    return Path(_pooch().os_cache("perceptual-audio-losses"))


def where(path: str) -> Place:
    """Where a file would come from: "folder", "cache" or "absent". Opens no file and no connection."""
    file, root = recording(path), folder()
    if root is not None and (root / file.path).is_file():
        return "folder"
    return "cache" if (cache() / file.path).is_file() else "absent"


def locate(path: str, download: bool = True) -> Path:
    """The verified local file of "<corpus>/<path>", downloaded where that is needed and allowed.

    Raises UnknownCorpus, RecordingMissing (not here, not reachable), ChecksumMismatch, or CorpusError
    (no such folder, cache not writable).
    """
    file = recording(path)
    place, root = where(path), folder()
    if place == "folder":
        return _verify(file, root / file.path, "Copy it there again, or take it from its source.")
    if place == "cache" and (not (download and _online()) or _matches(file, cache() / file.path)):
        return _verify(file, cache() / file.path, "Delete it; it is downloaded again when you are online.")
    if not download:
        raise _missing(file)
    return _download(file)


def available(paths: Iterable[str]) -> bool:
    """Whether all of these "<corpus>/<path>" can be had: folder, cache or download."""
    try:
        for path in paths:
            locate(path)
    except RecordingMissing:
        return False
    return True


def sources(files: Iterable[Recording]) -> list[dict[str, str]]:
    """Origin, licence and checksum of recordings, as a result's provenance keeps them."""
    return [
        {"name": file.title, "origin": f"{file.corpus}: {file.path}", "licence": file.licence, "sha256": file.sha256}
        for file in files
    ]


def load(path: str) -> Clip:
    """The recording "<corpus>/<path>" as a mono clip with its title, licence, attribution and recipe.

    Raises what locate raises, and AudioError if the file is not a recording or cannot be read.
    """
    file = recording(path)
    if file.seconds is None:
        raise AudioError(f"{file.path} is not a recording but a text, a table or weights. Use locate() to open it.")
    place = locate(path)
    try:
        clip = clips.read(place, file.title, file.licence, file.attribution, f"{file.corpus}: {file.path}")
    except AudioError as error:
        raise AudioError(f"{file.path} (source: {file.url}): {error}") from error
    recipe = {"file": file.path, "sha256": file.sha256, "steps": clip.recipe["steps"]}
    return dataclasses.replace(clip, recipe=recipe)


def _online() -> bool:
    return os.environ.get(OFFLINE_VARIABLE, "") in ("", "0")


def _missing(file: Recording) -> RecordingMissing:
    root = folder() or f"no folder ({FOLDER_VARIABLE} is not set)"
    return RecordingMissing(
        f"{file.path} is not on this machine: looked in {root} and in the cache {cache()}, and downloads are "
        f"off. Its source is {file.url}. Set {FOLDER_VARIABLE} to a folder that holds it, or run "
        f"'python -m paper_code.audio.corpora fetch {file.corpus}' without {OFFLINE_VARIABLE}."
    )


def _matches(file: Recording, place: Path) -> bool:
    state = place.stat()
    return state.st_size == file.bytes and _sha256(place, state.st_size, state.st_mtime_ns) == file.sha256


@functools.cache
def _sha256(place: Path, size: int, modified: int) -> str:
    """The checksum of a file; size and time of change make one reading a process enough."""
    with place.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _verify(file: Recording, place: Path, advice: str) -> Path:
    if not _matches(file, place):
        raise ChecksumMismatch(
            f"{place} is not the registered {file.path}: wanted {file.bytes} bytes with sha256 "
            f"{file.sha256[:12]}…, found {place.stat().st_size} bytes that differ. {advice} "
            f"Its source is {file.url}."
        )
    return place


def _pooch() -> ModuleType:
    """The downloader, imported late: a machine that has the folder needs none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # in a notebook it would ask for widgets
        import pooch
    return pooch


def _download(file: Recording, progress: bool = True) -> Path:
    """Fetch one file into the cache, under a temporary name until its checksum is right."""
    import requests

    pooch = _pooch()

    if not _online():
        raise _missing(file)
    store = pooch.create(cache(), base_url="", registry={file.path: file.sha256}, urls={file.path: file.url})
    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT)
    try:
        (cache() / file.path).parent.mkdir(parents=True, exist_ok=True)  # pooch's own fails if two start at once
        return Path(store.fetch(file.path, downloader=downloader))
    except requests.RequestException as error:
        raise RecordingMissing(
            f"{file.path} is not on this machine and could not be fetched from {file.url} "
            f"({type(error).__name__}: {error}). Check the network and try again, or set {FOLDER_VARIABLE} "
            "to a folder that holds it. Nothing was left in the cache."
        ) from None  # the message holds the cause; the chain would be three screens of sockets
    except OSError as error:
        raise CorpusError(
            f"{file.path} could not be stored in the cache {cache()} ({error.strerror or error}): it may be "
            f"full or read-only. Make room, or set {FOLDER_VARIABLE} to a folder that holds the file. "
            f"Its source is {file.url}. Nothing was left in the cache."
        ) from error
    except ValueError as error:  # how pooch reports a wrong checksum
        raise ChecksumMismatch(
            f"what {file.url} sent is not the registered {file.path} (wanted sha256 {file.sha256[:12]}…) and "
            "was thrown away. Try again; if it stays so, the source has changed: get the file elsewhere."
        ) from error


# The command line: list, fetch, verify.


def list_corpora(chosen: list[Corpus]) -> int:
    """Print a table of corpora: size, where their files lie, and licences."""
    rows = [("corpus", "files", "minutes", "MB", "where", "licence")]
    for one in chosen:
        places = Counter(where(file.path) for file in one.files)
        found = ", ".join(place if len(places) == 1 else f"{n} {place}" for place, n in places.items())
        licences = ", ".join(dict.fromkeys(file.licence for file in one.files))
        rows.append((one.name, *_sizes([one]), found, licences))
    rows.append(("total", *_sizes(chosen), "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *sizes, found, licences in rows:
        numbers = [size.rjust(width) for size, width in zip(sizes, widths[1:4], strict=True)]
        print("  ".join([name.ljust(widths[0]), *numbers, found.ljust(widths[4]), licences]).rstrip())
    return 0


def _sizes(chosen: list[Corpus]) -> tuple[str, str, str]:
    files, minutes, size = zip(*((len(one.files), one.minutes, one.bytes) for one in chosen), strict=True)
    return f"{sum(files)}", f"{sum(minutes):.1f}", f"{sum(size) / 1e6:.1f}"


def fetch(chosen: list[Corpus]) -> int:
    """Download every file that is not on this machine, after saying how much that is."""
    files = [file for one in chosen for file in one.files]
    absent = [file for file in files if where(file.path) == "absent"]
    if not absent:
        print(f"Nothing to download: all {len(files)} files are on this machine.")
        return 0
    size = sum(file.bytes for file in absent)
    print(f"{len(absent)} files, {size / 1e6:.1f} MB to download into {cache()}", flush=True)
    _pooch().get_logger().setLevel("WARNING")  # one bar for all instead of a line a file
    pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
    try:
        with tqdm(total=size, unit="B", unit_scale=True) as bar:
            fetched = pool.map(functools.partial(_download, progress=False), absent)
            for file, _ in zip(absent, fetched, strict=True):
                bar.update(file.bytes)
    finally:
        pool.shutdown(cancel_futures=True)
    return 0


def verify(chosen: list[Corpus]) -> int:
    """Hash every file that is on this machine and report each that is wrong; 1 if there is one, else 0."""
    files = [file for one in chosen for file in one.files]
    roots = {"folder": folder(), "cache": cache()}
    here = [(file, roots[place] / file.path) for file in files if (place := where(file.path)) != "absent"]
    bad = 0
    for file, place in tqdm(here, unit="file"):
        try:
            _verify(file, place, "Replace it.")
        except (ChecksumMismatch, OSError) as error:
            bad += 1
            tqdm.write(f"BAD {error}", file=sys.stdout)
    print(f"{len(here) - bad} files right, {bad} wrong, {len(files) - len(here)} not on this machine")
    return 1 if bad else 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.audio.corpora", description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=("list", "fetch", "verify"))
    parser.add_argument("names", nargs="*", metavar="corpus", help="default: all of them")
    asked = parser.parse_args(arguments)
    command = {"list": list_corpora, "fetch": fetch, "verify": verify}[asked.command]
    try:
        return command([corpus(name) for name in asked.names] or list(corpora().values()))
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(ended(main))
