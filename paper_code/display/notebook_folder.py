"""Where the sounds and pictures of an executed notebook stand: beside it, wherever papermill writes it."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path


def notebook_folder() -> Path:
    """The folder of the notebook that papermill's command is writing with this kernel, else the working folder."""
    written = _written_by_papermill()
    return written.parent if written else Path.cwd()


@functools.cache
def _written_by_papermill() -> Path | None:
    """The notebook that the process which started this one writes. Papermill does not tell its kernel; its words do."""
    try:
        import psutil  # every notebook kernel has it; elsewhere there is no notebook
    except ImportError:
        return None
    try:
        parent = psutil.Process().parent()
        return output_of(parent.cmdline(), Path(parent.cwd())) if parent else None
    except (psutil.Error, OSError):
        return None


def output_of(words: Sequence[str], folder: Path) -> Path | None:
    """The file that a process with these words on its command line, started in `folder`, writes; None for no papermill.

    None too where it writes elsewhere than into a file, or into one that is not begun.
    """
    at = next((k for k, word in enumerate(words[:4]) if Path(word).stem in ("papermill", "papermill-script")), None)
    if at is None:
        return None
    from papermill.cli import papermill

    asked = papermill.make_context("papermill", list(words[at + 1 :]), resilient_parsing=True).params
    if not asked["output_path"]:
        return None
    # With --cwd papermill goes there before it starts the kernel: the shell knows where it came from.
    start = Path(os.environ.get("PWD", folder)) if asked["cwd"] else folder
    output = start / asked["output_path"]
    return output if output.is_file() else None
