"""The rules of the house: who may import whom, style, and results that fit the settings of today."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from paper_code.chapters import CHAPTERS
from paper_code.lab import audit, claims, claims_file, results
from paper_code.lab.chapter import Chapter
from paper_code.lab.paths import CLAIMS, COMMITTED, ROOT
from paper_code.lab.store import Store

PACKAGE = ROOT / "paper_code"
# audio <- hearing <- metrics, listeners; lab beside them; display above; then the papers, who do not know each other.
MAY_IMPORT = {
    "audio": set(),
    "hearing": {"audio"},
    "metrics": {"audio", "hearing"},
    "listeners": {"audio", "hearing"},
    "lab": {"audio"},
    "display": {"audio", "hearing", "metrics", "listeners", "lab"},
}
FOUNDATIONS = set(MAY_IMPORT) | {"hearing"}
UNDER_ONE_ROOF = {"losses", "chapters", "side_by_side"}  # every loss, every chapter, all losses on one listening test
# Who may ask for a chapter by its name: the command line, and the pages around the chapters.
ASK_FOR_CHAPTERS = {"lab/run.py", "display/pages.py"}
MOST_BYTES = 2_000_000  # of a committed file of a result; larger weights stay in the local store
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The part of the package a file belongs to: a folder, or a module of its own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imported(path: Path) -> set[str]:
    """Full names of all modules a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relative to itself: write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def allowed(owner: str) -> set[str]:
    """The rooms a room may import besides itself."""
    return MAY_IMPORT.get(owner, FOUNDATIONS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    """A room imports only the rooms it stands on; a paper never its sister; nothing imports the book."""
    owner = room(path)
    if owner in UNDER_ONE_ROOF:
        return
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("paper_code.")}
    here = path.relative_to(PACKAGE).as_posix()
    assert rooms - {owner} - allowed(owner) - ({"chapters"} if here in ASK_FOR_CHAPTERS else set()) == set()
    assert not {name for name in imported(path) if name.split(".")[0] in ("book", "workflow", "tests")}


def test_the_rule_sees_a_breach(tmp_path: Path) -> None:
    """The reader of imports finds them at the top, in a function and behind a condition."""
    text = "import a.b\ndef f():\n    from c.d import e\nif True:\n    from g import h\n"
    (tmp_path / "x.py").write_text(text)
    assert imported(tmp_path / "x.py") == {"a.b", "c.d.e", "g.h"}
    assert allowed("metrics") == {"audio", "hearing"}
    assert "jnd_loss" not in allowed("bark_loss")


def import_graph(files: Iterable[Path], root: Path) -> dict[str, set[str]]:
    """Module -> the modules it imports, at the top, in a function, or for the checking of types alone."""
    names = {path: ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for path in files}
    known, graph = set(names.values()), {}
    for path, name in names.items():
        modules = {one for full in imported(path) for one in (full, full.rpartition(".")[0]) if one in known}
        graph[name] = modules - {name}
    return graph


def test_no_import_goes_in_a_circle() -> None:
    """Modules have an order in which each needs only earlier ones; TYPE_CHECKING is no way around it."""
    list(TopologicalSorter(import_graph(FILES, ROOT)).static_order())


@pytest.mark.parametrize(
    "back",
    ["from p.a import f", "import p.a", "def g():\n    from p import a", "if TYPE_CHECKING:\n    from p.a import F"],
)
def test_the_rule_sees_a_circle(back: str, tmp_path: Path) -> None:
    """Wherever the import back stands."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("from p.b import g\n")
    (tmp_path / "p" / "b.py").write_text(f"{back}\n")
    graph = import_graph(sorted(tmp_path.rglob("*.py")), tmp_path)
    with pytest.raises(CycleError):
        list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_style(command: list[str]) -> None:
    """ruff has nothing to say."""
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--quiet", "--no-cache", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def store() -> Store:
    """The committed results."""
    return Store(COMMITTED)


def test_committed_results_fit(store: Store) -> None:
    """Every committed result is what the configs of today ask for, and is complete."""
    assert audit.stale(store, CHAPTERS) == []


def test_committed_results_are_as_they_were_made(store: Store) -> None:
    """No value was put into a stored result by hand (tests/lab/test_audit.py shows that one would be found)."""
    assert audit.changed(store, CHAPTERS) == []


def test_records_name_code_that_could_have_made_them(store: Store) -> None:
    """The code that a record names by commit is that of its digest, wherever git has the commit."""
    assert audit.impossible(store, CHAPTERS) == []


def test_committed_results_are_light() -> None:
    """Large weights stay in the local store."""
    assert [path for path in COMMITTED.rglob("*") if path.is_file() and path.stat().st_size > MOST_BYTES] == []


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=lambda chapter: chapter.name)
def test_chapter_is_published(chapter: Chapter, store: Store) -> None:
    """Each chapter has a complete set of committed results, and claims that can all be judged with it."""
    profile = results.published(chapter, store)
    measured = chapter.measurements(results.results(chapter, profile, store))
    rows = claims.judge(chapter.name, measured, profile) + claims.judge_ours(chapter.name, measured, profile)
    assert [row.id for row in rows] == [claim.id for claim in claims_file.read(chapter.name)]


def test_every_document_has_its_places() -> None:
    """A chapter has a page in the table of contents, a claims file, and its document in the bibliography.

    Claims may be written before their chapter is, but not without the code that judges them.
    """
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    entries = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.M))
    claimed = {path.stem for path in CLAIMS.glob("*.toml")}
    assert set(CHAPTERS) <= claimed
    without = [name for name in claimed - set(CHAPTERS) if not (ROOT / "paper_code" / name / "evaluation.py").is_file()]
    assert without == []
    for name, chapter in CHAPTERS.items():
        assert f"file: book/{name}\n" in contents
        assert chapter.document.key in entries


def test_pins_are_exact() -> None:
    """requirements.txt names one version of everything, and each direct need of the package."""
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = [*project["dependencies"], *project["optional-dependencies"]["notebook"]]
    assert {name.lower() for name in needs} <= pinned
