"""The toy chapter, registered in this process or run by the command line in another one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from paper_code import chapters

HERE = Path(__file__).parent

DRIVER = """
import sys
import toy_experiment
from paper_code import chapters
chapters.CHAPTERS = {{"toy": toy_experiment.CHAPTER}}
{before}
from paper_code.lab.run import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The chapter "toy" of toy_experiment.py, known to the lab for one test."""
    monkeypatch.syspath_prepend(str(HERE))
    import toy_experiment

    monkeypatch.setattr(chapters, "CHAPTERS", {"toy": toy_experiment.CHAPTER})
    monkeypatch.setenv("COMPENDIUM_PROGRESS", "0")
    return toy_experiment


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen]]:
    """spawn(*arguments, before="", **environment): the lab's command line on the toy chapter, in a process."""
    started: list[subprocess.Popen] = []

    def start(*arguments: str, before: str = "", **environment: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER.format(before=before), *arguments],
            env={**os.environ, "PYTHONPATH": str(HERE), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
