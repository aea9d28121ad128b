"""Where the compendium keeps what it reads and writes."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds paper_code, data and book
CLAIMS = ROOT / "data" / "claims"  # what the documents report, one file a chapter
COMMITTED = ROOT / "data" / "results"  # results that come with the repository
WORK = ROOT / "_build" / "results"  # results computed on this machine


def shown(path: Path) -> str:
    """A path for people: from the repository's root when inside, so that a page shows no home folder."""
    path = path.absolute()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
