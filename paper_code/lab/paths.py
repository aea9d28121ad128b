"""Where the compendium keeps what it reads and writes."""

from pathlib import Path

from paper_code.audio.places import CHECKOUT, DATA, SOURCE

__all__ = ["CLAIMS", "COMMITTED", "DATA", "ROOT", "SOURCE", "WORK", "shown"]

ROOT = (
    SOURCE if CHECKOUT else Path.cwd()
)  # under its _build everything is written; of an installed package, where one works
CLAIMS = DATA / "claims"  # what the documents report, one file a chapter
COMMITTED = DATA / "results"  # results that come with the repository
WORK = ROOT / "_build" / "results"  # results computed on this machine


def shown(path: Path) -> str:
    """A path for people: from the repository's root when inside, so that a page shows no home folder."""
    path = path.absolute()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
