"""How a command ends: also where nobody reads on, as behind `| head`."""

import os
import sys
from collections.abc import Callable

CLOSED = 141  # what a shell gives for a program whose reader went away: 128 + SIGPIPE


def ended(main: Callable[[], int | None]) -> int:
    """The exit code of a command line; CLOSED, without a word, where its output is not read to the end."""
    try:
        code = main() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  what is still to be written at the exit goes nowhere
        return CLOSED
    return code
