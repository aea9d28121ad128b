"""Execute one notebook with papermill.

    python workflow/execute.py book/bark_loss.ipynb out.ipynb -p profile smoke -p seed 3

Papermill does the work; this adds four things. A parameter the notebook does not have is an error, not a
warning. The kernel talks over sockets in a folder of its own, so that any number may start at once. Notebooks
use one thread each unless told otherwise: results do not depend on the number of cores, and several run at
once. The result appears only when it is complete, and its metadata name no folder of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paper_code.audio.places import destination, expanded, is_file, short
from paper_code.audio.terminal import ended

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
PYTHON_S = {"True": True, "False": False, "None": None}  # as papermill's own command takes them
LONGEST_SOCKET_FOLDER = 80  # of the 104 bytes a socket's whole path may have on all systems


class NotebookError(RuntimeError):
    """A notebook that cannot be executed as asked; the message says what to do."""


def execute(
    source: Path,
    target: Path,
    parameters: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> float:
    """Execute a notebook and write it, outputs included, to another place.

    source, target: .ipynb files; target is replaced only when all cells ran, and the kernel runs in its folder.
    parameters: values by name. threads: how many each kernel may use.
    Returns the wall time in seconds. Raises NotebookError for a missing notebook, an unknown parameter, a target that
    is no plain file, or a failing cell (the notebook up to there is kept beside the target as <name>.failed.ipynb).
    """
    import nbformat
    import papermill

    parameters = dict(parameters or {})
    check(source, parameters)
    try:
        target = destination(target)
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotebookError(f"{target} cannot be written ({error.strerror}): name another file.") from error
    partial = target.with_name(f".{short(target.stem)}.partial-{os.getpid()}.ipynb")
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    begin = time.perf_counter()
    with sockets() as kernel_manager, threads_at_most(threads):
        try:
            papermill.execute_notebook(
                str(source),
                str(partial),
                parameters=parameters,
                cwd=str(target.parent),
                progress_bar=False,
                request_save_on_cell_execute=False,
                kernel_manager_class=kernel_manager,
                extra_arguments=["--log-level=50"],  # a kernel that is told to stop calls that an error
            )
            finished = nbformat.read(partial, as_version=4)
            tidy(finished)
            nbformat.write(finished, partial)
            os.replace(partial, target)
            failed.unlink(missing_ok=True)
        except papermill.PapermillExecutionError as error:
            os.replace(partial, failed)
            raise NotebookError(f"{source.name} stopped in a cell; it is kept as {failed}.\n{error}") from error
        finally:
            partial.unlink(missing_ok=True)
    return time.perf_counter() - begin


def check(source: Path, parameters: Mapping[str, Any]) -> None:
    """Raise NotebookError unless the notebook exists and has every one of the parameters."""
    import papermill

    if not is_file(source):
        raise NotebookError(f"There is no notebook {source}.")
    known = papermill.inspect_notebook(str(source))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        has = ", ".join(known) if known else "none"
        raise NotebookError(f"{source.name} has no parameter {', '.join(unknown)}; its parameters are: {has}.")


@contextmanager
def sockets() -> Iterator[Callable[..., Any]]:
    """A kind of kernel manager whose sockets lie in a new folder with a short name, removed afterwards."""
    from jupyter_client import AsyncKernelManager

    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > LONGEST_SOCKET_FOLDER:
        parent = "/tmp"
    folder = tempfile.mkdtemp(prefix="nb", dir=parent)

    class LocalKernelManager(AsyncKernelManager):
        """Talks to its kernel over files; for TCP ports, kernels that start together compete."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options, transport="ipc", ip=str(Path(folder) / "k"))

    try:
        yield LocalKernelManager
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def threads_at_most(count: int) -> Iterator[None]:
    """Let kernels that start inside use so many threads each; a limit set in the environment stays."""
    added = {name: str(count) for name in THREAD_LIMITS if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def tidy(notebook: Any, clean: bool = False) -> None:
    """Take paths of this machine out of a notebook's metadata (in place); with clean, its timings too.

    An injected parameters cell is shown or hidden as the parameters cell is.
    """
    record = notebook.metadata.get("papermill", {})
    for name in ("input_path", "output_path", "environment_variables", "default_parameters"):
        record.pop(name, None)
    if clean:
        notebook.metadata.pop("papermill", None)
    tagged = [cell.metadata.get("tags", []) for cell in notebook.cells]
    looks = {tag for tags in tagged if "parameters" in tags for tag in tags} - {"parameters"}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", ["some"]):
            cell.metadata.pop("tags")
        elif "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags += sorted(looks)


def value(text: str) -> Any:
    """A parameter's value on the command line: JSON where it is JSON (3, 0.5, true), Python's True, False and None, else
    the text itself."""
    if text in PYTHON_S:
        return PYTHON_S[text]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0, or 1 after a message."""
    parser = argparse.ArgumentParser(description="Execute one notebook with papermill.")
    parser.add_argument("source", type=expanded)
    parser.add_argument("target", type=expanded)
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("--threads", type=int, default=1, help="threads a kernel may use")
    options = parser.parse_args(arguments)
    parameters = {name: value(text) for name, text in options.parameter}
    try:
        seconds = execute(options.source, options.target, parameters, options.threads)
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.source.name}: {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(ended(main))
