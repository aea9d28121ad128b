"""One process at a time in a folder: the others are told, or wait."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from paper_code.lab.errors import LabError
from paper_code.lab.files import writing

PAUSE = 1.0  # s between two looks at a lock that is waited for
TRIES = 0.2  # s; its last holder may just be taking the file away


class Busy(LabError):
    """Another process is computing the same result."""


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`: the file .<name>.lock beside it, with this process's number in it.

    The system lets go of the lock when its process ends, however it ends, so none is ever left stale.
    Raises: Busy when it is held already; OutputError when the place cannot be written.
    """
    with _held(folder, TRIES):
        yield


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, after waiting for the process that holds it: several need what one makes.

    Raises OutputError.
    """
    with _held(folder, None):
        yield


@contextmanager
def _held(folder: Path, seconds: float | None) -> Iterator[None]:
    """Hold the lock, waited for `seconds` at most; None: as long as it takes."""
    path = folder.with_name(f".{folder.name}.lock").absolute()
    held = FileLock(path, thread_local=False)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=-1 if seconds is None else seconds, poll_interval=min(PAUSE, seconds or PAUSE) / 4)
        except Timeout as error:
            raise Busy(_told(folder, path)) from error
    try:
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        path.unlink(missing_ok=True)  # before the release: who waits looks whether the file is still there
        held.release()


def _told(folder: Path, path: Path) -> str:
    try:
        holder = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        holder = ""
    if holder == str(os.getpid()):
        return f"{folder} is being computed in this process already; wait for it."
    return (
        f"{folder} is being computed by process {holder or '(starting)'}: wait until it is done, or name another folder "
        "(option --output)."
    )
