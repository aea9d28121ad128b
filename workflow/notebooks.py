"""Keep the committed notebooks in step: book/<name>.py holds the text, book/<name>.ipynb its outputs too.

    python workflow/notebooks.py sync     bring each .py into its .ipynb; outputs of unchanged cells stay
    python workflow/notebooks.py store    copy the outputs of the last `make book` into book/, without timings

`make notebooks` does both, with `make book` between them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import jupytext
import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parent))
from execute import tidy

from paper_code.audio import corpora
from paper_code.audio.places import destination
from paper_code.audio.terminal import ended
from paper_code.chapters import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
STAGE = ROOT / "_build" / "source" / "book"
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def text(path: Path) -> nbformat.NotebookNode:
    """The notebook that a percent script describes, with stable cell ids and the one kernel name."""
    notebook = jupytext.read(path)
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    return notebook


def sources(notebook: nbformat.NotebookNode) -> list[tuple[str, str, list[str]]]:
    """Kind, text and tags of every cell: what a .py and its .ipynb must agree in."""
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]


def without_warnings(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs but for warnings and progress, which tell of the machine and not of the chapter."""
    return [output for output in outputs if output.get("name") != "stderr"]


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all."""
    path = destination(path)
    partial = path.with_name(f".{path.name}.partial")
    nbformat.write(notebook, partial)
    os.replace(partial, path)


def sync(path: Path) -> bool:
    """Bring the text of a .py into its .ipynb; returns whether anything changed."""
    target = path.with_suffix(".ipynb")
    new = text(path)
    if target.is_file():
        old = nbformat.read(target, as_version=4)
        if sources(old) == sources(new):
            return False
        known = {cell.source: cell for cell in old.cells if cell.cell_type == "code"}
        for cell in new.cells:
            if cell.cell_type == "code" and cell.source in known:
                cell.outputs = known[cell.source].outputs
    write(new, target)
    return True


def store(path: Path) -> bool:
    """Copy the outputs of the executed notebook into the committed one; returns whether anything changed.

    Raises RuntimeError when it was not executed, or from another text or with other parameters.
    """
    executed = STAGE / path.with_suffix(".ipynb").name
    if not executed.is_file():
        raise RuntimeError(f"{executed} is missing: run `make book` first.")
    new = nbformat.read(executed, as_version=4)
    if sources(new) != sources(text(path)):
        raise RuntimeError(f"{executed} was not made from {path.name} as it is: run `make notebooks`.")
    target = path.with_suffix(".ipynb")
    tidy(new, clean=True)
    new.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(new.cells):
        cell.id = f"cell-{number:03d}"
        if cell.cell_type == "code":
            cell.outputs = without_warnings(cell.outputs)
    before = target.stat() if target.is_file() else None
    if before and nbformat.writes(nbformat.read(target, as_version=4)) == nbformat.writes(new):
        return False
    write(new, target)
    if before:  # what was executed is up to date: its source must not look newer
        os.utime(target, (before.st_atime, before.st_mtime))
    return True


def require_recordings() -> None:
    """Without its recordings a chapter shows gaps where originals belong. Raises RuntimeError, with what to do."""
    lacking = [name for name, chapter in CHAPTERS.items() if not corpora.available(chapter.recordings())]
    if lacking:
        raise RuntimeError(
            f"Recordings of {', '.join(lacking)} are not here, so their pages lack the originals and are not stored: set "
            "COMPENDIUM_CORPORA to the folder of recordings and run `make notebooks` again."
        )


def main(arguments: list[str]) -> int:
    """Command line; returns 0, 1 without recordings to store with, or 2 for an unknown command."""
    commands = {"sync": sync, "store": store}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] == "store":
        try:
            require_recordings()
        except RuntimeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    for path in sorted(BOOK.glob("*.py")):
        if commands[arguments[0]](path):
            print(f"{arguments[0]}: {path.with_suffix('.ipynb').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(ended(lambda: main(sys.argv[1:])))
