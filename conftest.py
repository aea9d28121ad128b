"""What tests and notebooks share: one thread a process, markers that skip with a reason, strictness on request.

With COMPENDIUM_STRICT=1 a test that is skipped fails instead, so that a machine that lacks recordings or a
browser cannot pass by skipping. Only the lack of a GPU stays a skip, since no CPU can stand in for one, and that of
JupyterLab, which is heavy and needed by five tests only.
"""

import os
import shutil
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from nbval.plugin import IPyNbCell

ROOT = Path(__file__).resolve().parent
STRICT = os.environ.get("COMPENDIUM_STRICT") == "1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ALLOWED_SKIPS = ("cuda", "gpu", "jupyterlab")
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # for the processes that tests start
os.environ.setdefault("COMPENDIUM_OFFLINE", "1")  # a test that lacks recordings says so, and fetches none


def browser() -> str | None:
    """The path of an installed Chromium or Chrome, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def jupyterlab() -> str | None:
    """The path of an installed JupyterLab, beside this Python or on the PATH, or None.

    Like the browser it is the reader's own: one test does not earn 45 more pinned packages.
    """
    beside = str(Path(sys.executable).parent)
    return shutil.which("jupyter-lab", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def pytest_configure(config: pytest.Config) -> None:
    """Compare notebooks by the rules of one file, from whatever folder pytest is started."""
    config.option.nbval_sanitize_with = config.option.nbval_sanitize_with or str(ROOT / "workflow" / "nbval.cfg")


@pytest.fixture(scope="session")
def chromium_path() -> str | None:
    """The path of an installed Chromium or Chrome; a test that asks for it is marked `browser`."""
    return browser()


@pytest.fixture(scope="session")
def jupyterlab_path() -> str | None:
    """The path of an installed JupyterLab; a test that asks for it is marked `jupyterlab`."""
    return jupyterlab()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, here and in the processes a test starts: a job in the background (nohup, &) ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def lacking(item: pytest.Item) -> str | None:
    """Why a marked test cannot run here, or None."""
    marker = item.get_closest_marker("corpora")
    if marker:
        from paper_code.audio import corpora

        here = {
            name: any(corpora.where(file.path) != "absent" for file in corpus.recordings or corpus.files)
            for name, corpus in corpora.corpora().items()
        }
        used = {name: corpus.chapters for name, corpus in corpora.corpora().items()}
        absent = [name for name in here if not here[name] and {name, *used[name]} & set(marker.args)]
        if absent or not any(here.values()):
            what = f"recordings of {', '.join(absent)}" if absent else "recordings"
            return f"no {what}: set COMPENDIUM_CORPORA to their folder or fetch them (README)"
    if item.get_closest_marker("browser") and browser() is None:
        return f"no browser: install one of {', '.join(BROWSERS)}"
    if item.get_closest_marker("jupyterlab") and jupyterlab() is None:
        return "no JupyterLab: install it in any environment whose programs are on the PATH (pip install jupyterlab)"
    if item.get_closest_marker("site") and not (ROOT / "_build" / "html" / "index.html").is_file():
        return "the book is not built: run `make book`"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or recordings; let tests that share something expensive stay on one process."""
    for item in items:
        if "chromium_path" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        if "jupyterlab_path" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.jupyterlab)
        if isinstance(item, IPyNbCell) and "recordings" in item.cell.metadata.get("tags", []):
            item.add_marker(pytest.mark.corpora(item.path.stem))
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(home(item.path)))
    long = {group(item) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: group(item) not in long)  # what takes long is not begun last


def home(path: Path) -> str:
    """The group of a file: a chapter's package is one, any other file is one by itself."""
    package = path.parent.name
    return package if package.endswith("_loss") else path.relative_to(ROOT).as_posix()


def group(item: pytest.Item) -> str:
    """The name that tests share which stay on one process."""
    return item.get_closest_marker("xdist_group").args[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a marked test where what it needs is not there."""
    reason = lacking(item)
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In strict mode, turn a skip into a failure."""
    report = yield
    return hardened(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In strict mode, turn the skip of a whole file into a failure."""
    report = yield
    return hardened(report)


def hardened(report: Report) -> Report:
    """The report, as a failure when it is a skip that strict mode does not allow."""
    if not (STRICT and report.outcome == "skipped") or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if any(word in reason.lower() for word in ALLOWED_SKIPS):
        return report
    report.outcome = "failed"
    report.longrepr = f"{reason}\n(COMPENDIUM_STRICT=1: what this machine lacks counts as a failure)"
    return report
