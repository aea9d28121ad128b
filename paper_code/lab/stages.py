"""The two stages of a result on disk: training and measuring, each with its record, in a folder that appears whole.

A result is made in "<folder>.partial" and renamed when it is whole; an interrupted or failed run leaves only that
folder, and the next call goes on from there.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from paper_code.lab import code, provenance, training
from paper_code.lab.chapter import Chapter
from paper_code.lab.config import Config
from paper_code.lab.errors import LabError
from paper_code.lab.files import read_json, sweep, write_json, writing
from paper_code.lab.store import METRICS, PROVENANCE, STARTED, partial

CHECKPOINTS = "checkpoint*"  # what a training may leave in its folder to resume from
OLD = ".old"
OURS = (PROVENANCE, STARTED)  # files that no stage writes


def make(
    chapter: Chapter,
    config: Config,
    folder: Path,
    device: torch.device,
    progress: bool,
    tell: Callable[[bool], None] = lambda goes_on: None,
) -> None:
    """Train and measure `config` into `folder`, or go on where an earlier call was broken off.

    tell: called before the training, with whether it goes on from a checkpoint.
    Raises: ProvenanceError, CheckpointError, TrainingError, OutputError; LabError where a stage breaks its contract.
    """
    about = provenance.about(config, chapter.sources(config))
    states = [code.state(code.entry(stage)) for stage in (chapter.train, chapter.evaluate)]
    work = partial(folder)
    started = _begin(work, config)
    if not (work / PROVENANCE).exists():  # else a run was killed between its last file and the renaming
        trained = started.get("trained")
        if trained is None:
            tell(any(work.glob(CHECKPOINTS)))
            trained = _train(chapter, config, work, states[0], device, progress)
        record = {**about, "trained": trained, "measured": _measure(chapter, config, work, states[1], trained["files"])}
        write_json(work / PROVENANCE, record)
    (work / STARTED).unlink(missing_ok=True)
    with writing(folder):
        os.replace(work, folder)


def measure_again(
    chapter: Chapter, config: Config, folder: Path, record: Mapping[str, Any], borrowed: Mapping[str, Path]
) -> None:
    """Measure a stored result once more; what it was trained with stays as it is, files and record.

    borrowed: name -> file that the measuring reads, but the result does not keep (weights from elsewhere).
    The new result takes the old one's place when it is whole. Raises: LabError, OutputError.
    """
    state = code.state(code.entry(chapter.evaluate))
    work = partial(folder)
    _require_writable(folder)
    if not _is_measured(work, record, state):
        shutil.rmtree(work, ignore_errors=True)
        with writing(work / PROVENANCE):
            work.mkdir()
            left = record["trained"]["files"]
            kept = {name: folder / name for name in set(left) - changed(folder, left)}
            for name, file in {**kept, **borrowed}.items():
                shutil.copyfile(file, work / name)
        read = provenance.digests(work)
        measured = _measure(chapter, config, work, state, read)
        for name in set(borrowed) - set(kept):
            (work / name).unlink()
        write_json(work / PROVENANCE, {**record, "measured": measured})
    with writing(folder):
        os.replace(folder, _old(folder))
        os.replace(work, folder)
    shutil.rmtree(_old(folder))


def changed(folder: Path, files: Mapping[str, str]) -> set[str]:
    """Those of `files` (name -> digest, of a stage's record) that are missing in a folder, or not as they were left."""
    there = provenance.digests(folder)
    return {name for name, digest in files.items() if there.get(name) != digest}


def unsettled(place: Path) -> list[Path]:
    """The folders of an experiment at whose exchange `measure_again` was killed."""
    return [old.with_name(old.name[1 : -len(OLD)]) for old in sorted(place.glob(f".*{OLD}"))]


def settle(folder: Path) -> None:
    """Finish what a kill broke off between the two renamings of `measure_again`: one of the two folders is put back."""
    old = _old(folder)
    if old.exists() and not folder.exists():
        os.replace(old, folder)
    shutil.rmtree(old, ignore_errors=True)


def _train(
    chapter: Chapter, config: Config, work: Path, state: Mapping[str, Any], device: torch.device, progress: bool
) -> dict[str, Any]:
    """The first stage; its record is kept at once, so that a failed measuring does not train again."""
    training.seed_all(config.seed)
    chapter.train(config, work, device, progress)
    started = read_json(work / STARTED)
    seconds = started["seconds"] + time.time() - started["since"]
    left = provenance.digests(work, [*OURS, *_names(work.glob(CHECKPOINTS))])
    trained = provenance.stage(state, left, seconds, device)
    write_json(work / STARTED, {"hash": config.hash, "seconds": 0.0, "since": time.time(), "trained": trained})
    for path in work.glob(CHECKPOINTS):
        path.unlink()
    return trained


def _measure(
    chapter: Chapter, config: Config, work: Path, state: Mapping[str, Any], trained: Mapping[str, str]
) -> dict[str, Any]:
    """The second stage, on the CPU. trained: the files that it reads, with their digests."""
    for name in set(_names(work.iterdir())) - {*OURS, *trained}:
        (work / name).unlink()  # of a measuring that was broken off
    since = time.time()
    training.seed_all(config.seed)  # the same whether the training was resumed, done long ago, or not
    chapter.evaluate(config, work)
    if not (work / METRICS).exists():
        raise LabError(f"evaluate() of {chapter.name} wrote no {METRICS} into {work}.")
    if {name: digest for name, digest in provenance.digests(work, OURS).items() if name in trained} != dict(trained):
        raise LabError(f"evaluate() of {chapter.name} changed what its training left in {work}; it may only read it.")
    return provenance.stage(state, provenance.digests(work, [*OURS, *trained]), time.time() - since, "cpu")


def _begin(work: Path, config: Config) -> dict[str, Any]:
    """Make or take over the folder of a run; returns what its STARTED says, with the seconds that were spent before."""
    file, started = work / STARTED, {"hash": config.hash, "seconds": 0.0}
    if file.exists():
        started = read_json(file)
        if started["hash"] != config.hash:
            raise LabError(f"{work} belongs to other settings (hash {started['hash']}): delete it and run again.")
        sweep(work)
        last_sign = max(path.stat().st_mtime for path in work.rglob("*"))  # a killed run tells no end
        started["seconds"] += max(0.0, last_sign - started["since"])
    elif work.exists() and not (work / PROVENANCE).exists():
        shutil.rmtree(work)  # killed before its first file was whole
    write_json(file, {**started, "since": time.time()})
    return started


def _is_measured(work: Path, record: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether an earlier call has measured all of it with today's code and was killed before the renaming."""
    if not (work / PROVENANCE).exists():
        return False
    found = read_json(work / PROVENANCE)
    return found["trained"] == record["trained"] and found["measured"]["code"]["sha256"] == state["sha256"]


def _require_writable(folder: Path) -> None:
    """Raises OutputError where the folder could not be removed after the exchange; told before the measuring."""
    with writing(folder / PROVENANCE):
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder / PROVENANCE))


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{OLD}")


def _names(files: Iterable[Path]) -> list[str]:
    return [file.name for file in files]
