"""The digest of a stage's code: what it follows, what it does not count, and what git knows of it."""

import subprocess
from pathlib import Path

import pytest

from paper_code.lab import code, paths

FILES = {
    "paper_code/__init__.py": "",
    "paper_code/a.py": "from paper_code.b import c\nimport numpy\nX = 1\n",
    "paper_code/b/__init__.py": "",
    "paper_code/b/c.py": "def f():\n    from paper_code import d\n    return d.Y\n",
    "paper_code/d.py": "Y = 2\n",
    "paper_code/e.py": "import paper_code.a\n",
}


def digest(**changes: str) -> str | None:
    """Of a.py, with other texts in some files (by their last letter)."""
    texts = {path: changes.get(Path(path).stem, text) for path, text in FILES.items()}
    return code.digest("paper_code/a.py", texts.get)


def test_the_closure_is_what_is_imported_wherever_and_nothing_else():
    assert sorted(code.closure("paper_code/a.py", FILES.get)) == [
        "paper_code/__init__.py", "paper_code/a.py", "paper_code/b/__init__.py", "paper_code/b/c.py", "paper_code/d.py"
    ]  # fmt: skip
    assert code.closure("paper_code/x.py", FILES.get) == {}
    assert code.digest("paper_code/x.py", FILES.get) is None


@pytest.mark.parametrize(
    "text",
    [
        "Y = 2  # two\n",
        "Y=(2)\n",
        '"""A module."""\n\nY = 2\n',
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(text):
    assert digest(d=text) == digest()


@pytest.mark.parametrize("changes", [{"d": "Y = 3\n"}, {"d": "Y = '2'\n"}, {"d": "Z = 2\n"}, {"a": "X = 1\n"}])
def test_code_counts_also_that_of_what_is_imported(changes):
    assert digest(**changes) != digest()


def test_what_is_not_imported_does_not_count():
    assert digest(e="import os\n") == digest()


def test_an_entry_is_a_path_from_the_root():
    assert code.entry(code.digest) == "paper_code/lab/code.py"
    assert "paper_code/lab/paths.py" in code.closure(code.entry(code.digest))


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository as the root, with a package of one module."""
    monkeypatch.setattr(paths, "SOURCE", tmp_path)
    write(tmp_path, "Y = 1\n")
    yield tmp_path
    for function in (code.state, code.digest_at, code._texts):
        function.cache_clear()


def write(root: Path, text: str) -> None:
    (root / "paper_code").mkdir(exist_ok=True)
    (root / "paper_code" / "d.py").write_text(text)
    code.state.cache_clear()


def git(folder: Path, *words: str) -> None:
    line = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    subprocess.run(line, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "-qm", "next")
    code.state.cache_clear()


def test_commit_and_dirty_flag(repository):
    nothing = {"entry": "paper_code/d.py", "sha256": code.digest("paper_code/d.py"), "commit": None, "dirty": None}
    assert code.state("paper_code/d.py") == nothing
    git(repository, "init", "-q")
    code.state.cache_clear()
    assert code.state("paper_code/d.py") == nothing  # nothing committed yet
    commit(repository)
    state = code.state("paper_code/d.py")
    assert state == {**nothing, "commit": code.head(), "dirty": False}
    write(repository, "# a comment\nY = 1\n")
    assert code.state("paper_code/d.py") == state
    write(repository, "Y = 2\n")
    assert code.state("paper_code/d.py")["dirty"]
    assert code.digest_at(state["commit"], "paper_code/d.py") == state["sha256"]
    assert code.digest_at("0" * 40, "paper_code/d.py") is None


def test_a_package_inside_somebody_elses_repository_has_no_commit(repository, monkeypatch):
    git(repository, "init", "-q")
    commit(repository)
    monkeypatch.setattr(paths, "SOURCE", repository / "paper_code")
    assert code.head() is None


def test_no_git_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code.head() is None
    assert code.git("status") is None
