"""Which code a stage of an experiment runs: the files its module imports, and a digest of what they say.

The imports are found in the text, wherever they stand in a file, so nothing is run. The digest is over the syntax
tree without docstrings: comments, docstrings and formatting do not count.
"""

import ast
import hashlib
import inspect
import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from paper_code.lab import paths

PACKAGE = "paper_code"
Reader = Callable[[str], str | None]  # the text of a file by its path from the root, or None


def entry(function: Callable[..., Any]) -> str:
    """The file in which a stage's function is defined, from the repository's root; its name alone where it lies outside."""
    file = Path(inspect.getfile(inspect.unwrap(function))).resolve()
    return file.relative_to(paths.SOURCE).as_posix() if file.is_relative_to(paths.SOURCE) else file.name


def here(path: str) -> str | None:
    """The text of a file as it lies here."""
    file = paths.SOURCE / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def at_commit(commit: str) -> Reader:
    """A reader of the files as they were at a commit; finds nothing where git does not have it."""

    return lambda path: _texts(commit).get(path) if path.startswith(f"{PACKAGE}/") else git("show", f"{commit}:{path}")


def closure(start: str, read: Reader = here) -> dict[str, str]:
    """Path -> text of a file and of all files of paper_code that it imports, and these in turn; empty without `start`."""
    texts: dict[str, str] = {}
    wanted = [start]
    while wanted:
        path = wanted.pop()
        text = None if path in texts else read(path)
        if text is not None:
            texts[path] = text
            wanted += [candidate for name in imported(text) for candidate in _files(name)]
    return texts


def imported(text: str) -> set[str]:
    """Full names of all modules a text imports, wherever in it; of `from a import b` both, as b may be a module."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def digest(start: str, read: Reader = here) -> str | None:
    """12 hex digits over the code of a file and all it imports; None where there is no such file."""
    texts = closure(start, read)
    if not texts:
        return None
    total = hashlib.sha256()
    for path, text in sorted(texts.items()):
        total.update(path.encode() + b"\0" + repr(_plain(ast.parse(text))).encode() + b"\0")
    return total.hexdigest()[:12]


@cache
def digest_at(commit: str, start: str) -> str | None:
    """The digest as it was at a commit; None where git does not have the commit, or it has no such file."""
    return digest(start, at_commit(commit))


@cache
def state(start: str) -> dict[str, Any]:
    """{"entry", "sha256", "commit", "dirty"} of a stage's code, as it was when first asked.

    A long run asks at its start, because the files may change under it. dirty: whether the code differs from that of
    the commit. commit and dirty are None outside a git checkout.
    """
    now, commit = digest(start), head()
    dirty = None if commit is None else digest_at(commit, start) != now
    return {"entry": start, "sha256": now, "commit": commit, "dirty": dirty}


def head() -> str | None:
    """The commit that is checked out; None outside a git checkout, also inside somebody else's repository."""
    top = git("rev-parse", "--show-toplevel")
    if top is None or Path(top.strip()).resolve() != paths.SOURCE.resolve():
        return None
    commit = git("rev-parse", "--verify", "HEAD")
    return commit.strip() if commit else None


def git(*arguments: str) -> str | None:
    """What git says in the repository; None where it refuses or is not installed."""
    try:
        line = ["git", "-C", str(paths.SOURCE), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:  # a bare machine without git
        return None
    return done.stdout if done.returncode == 0 else None


@lru_cache(maxsize=4)
def _texts(commit: str) -> dict[str, str]:
    """Path -> text of all Python files of the package at a commit: asked for at once, as git is slow to start."""
    try:
        line = ["git", "-C", str(paths.SOURCE), "archive", "--format=tar", commit, PACKAGE]
        done = subprocess.run(line, capture_output=True, check=False)
    except FileNotFoundError:
        return {}
    if done.returncode:
        return {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        files = [member for member in archive if member.isfile() and member.name.endswith(".py")]
        return {member.name: archive.extractfile(member).read().decode("utf-8") for member in files}


def _files(module: str) -> Iterator[str]:
    """Where a module of the package may lie, and the __init__.py of every package around it."""
    parts = module.split(".")
    if parts[0] != PACKAGE:
        return
    for depth in range(1, len(parts) + 1):
        yield "/".join([*parts[:depth], "__init__.py"])
    yield "/".join(parts) + ".py"


def _plain(node: Any) -> Any:
    """A syntax tree as nested tuples, without places, empty fields and texts that are statements (docstrings).

    Empty fields are left out because a newer Python has more of them.
    """
    if isinstance(node, ast.AST):
        fields = [(name, _plain(value)) for name, value in ast.iter_fields(node) if name != "kind"]
        return (type(node).__name__, *((name, value) for name, value in fields if value not in (None, ())))
    if isinstance(node, list):
        return tuple(_plain(item) for item in node if not _is_text(item))
    return None if node is None else repr(node)


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
