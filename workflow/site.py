"""Build the site: lay the book's texts beside the executed notebooks and let Jupyter Book make _build/html.

A warning of the build is an error here: in a page that is generated it means a broken link or figure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
STAGE = BUILD / "source"


def stage() -> None:
    """Copy settings, text pages, styles and extensions to the stage; drop what the book no longer has."""
    (STAGE / "book").mkdir(parents=True, exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, STAGE / name)
    kept = {path.name for path in (ROOT / "book").glob("*.ipynb")}
    for path in (STAGE / "book").iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()
    for path in (ROOT / "book").iterdir():
        if path.suffix in (".md", ".bib"):
            shutil.copy2(path, STAGE / "book" / path.name)
    for name in ("_static", "_ext"):
        shutil.rmtree(STAGE / "book" / name, ignore_errors=True)
        shutil.copytree(ROOT / "book" / name, STAGE / "book" / name, ignore=shutil.ignore_patterns("__pycache__"))


def build() -> int:
    """Run Jupyter Book from nothing, so that no page of an earlier build stays; return its exit status."""
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", str(STAGE), "--path-output", str(ROOT)]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run([*command, "-W", "--keep-going"], cwd=STAGE, env=environment, check=False).returncode


if __name__ == "__main__":
    stage()
    raise SystemExit(build())
