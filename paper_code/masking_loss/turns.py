"""Work that several processes need and one of them does: the others wait for it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from paper_code.lab.lock import Busy, lock

PAUSE = 1.0  # s between two looks


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, after waiting for the process that holds it. Raises OutputError.

    The system lets go of a lock when its process ends, so a killed one keeps nobody waiting.
    """
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(folder))
                break
            except Busy:
                time.sleep(PAUSE)
        yield
