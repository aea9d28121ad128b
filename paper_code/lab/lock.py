"""One process at a time in a folder: the others are told, or wait."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from paper_code.lab.errors import LabError
from paper_code.lab.files import writing

PAUSE = 1.0  # s between two looks at a lock that is waited for
_held: set[Path] = set()  # the system's lock is per process: a second thread needs this one


class Busy(LabError):
    """Another process is computing the same result."""


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`: the file .<name>.lock beside it, with this process's number in it.

    The system lets go of the lock when its process ends, however it ends, so none is ever left stale.
    Raises: Busy when another process holds it; OutputError when the place cannot be written.
    """
    path = folder.with_name(f".{folder.name}.lock").absolute()
    if path in _held:
        raise Busy(f"{folder} is being computed in this process already; wait for it.")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path, folder)
    _held.add(path)
    try:
        yield
    finally:
        _held.discard(path)
        path.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, after waiting for the process that holds it: several need what one makes.

    Raises OutputError.
    """
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(folder))
                break
            except Busy:
                time.sleep(PAUSE)
        yield


def _acquire(path: Path, folder: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise Busy(
                f"{folder} is being computed by process {holder or '(starting)'}: wait until it is done, or "
                "name another folder (option --output)."
            ) from error
        if _still_there(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
            return descriptor
        os.close(descriptor)  # its last holder removed the file between our opening and locking it


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
