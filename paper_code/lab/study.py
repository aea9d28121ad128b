"""What every chapter's study has in common: the results of one profile, and the seed whose sounds are heard."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from paper_code.audio import corpora
from paper_code.audio.signals import as_whole
from paper_code.lab.chapter import Chapter
from paper_code.lab.errors import LabError
from paper_code.lab.intervals import Interval, interval_of_defined
from paper_code.lab.results import results
from paper_code.lab.store import Result, open_store


@dataclass(frozen=True)
class ChapterStudy:
    """Results of one profile. seed: the run whose sounds are heard; numbers are over all seeds of the results.

    A sister's study names her chapter and adds what only she has.
    """

    chapter: ClassVar[Chapter]

    results: list[Result]
    seed: int = 0

    @property
    def profile(self) -> str:
        """The size the results were computed at."""
        return self.results[0].profile

    @property
    def seeds(self) -> list[int]:
        """The seeds of the results."""
        return sorted({result.seed for result in self.results})

    @property
    def synthetic(self) -> bool:
        """Whether the sounds are the synthesiser's, because there were no recordings."""
        return self.results[0].config["recordings"] == "synthetic"

    @cached_property
    def measurements(self) -> dict[str, list[float]]:
        """Named values over seeds; see the chapter's `measurements`."""
        return self.chapter.measurements(self.results)

    def value(self, name: str) -> Interval | None:
        """Mean and 95 % interval over seeds of a measurement; None where it is not defined."""
        return interval_of_defined(self.measurements[name])


def open_results(
    chapter: Chapter, profile: str = "published", seed: int = 0, device: str = "auto", output: str = ""
) -> list[Result]:
    """The results of a profile, computed where they are missing: what every sister's `open_study` shows.

    profile: "published" for the best complete set that comes with the book, or smoke, small, full. seed: the run to
    be heard; one that the profile does not average over is computed alone. output: folder of the results.
    Without recordings the synthesiser stands in. Raises: LabError with what to do, ValueError for a seed that is none.
    """
    store, seed = open_store(output), as_whole("seed", seed)
    chapter.require_profile(profile, "published")
    if profile == "published":
        return require_seed(results(chapter, profile, store), seed)
    averaged = chapter.seeds(profile)
    seeds = averaged if seed in averaged else [seed]
    return results(chapter, profile, store, seeds, device=device, **stand_in(chapter))


def stand_in(chapter: Chapter) -> dict[str, str]:
    """Recordings or synthesiser? The changes to a chapter's experiments where not all its recordings can be had."""
    return {} if corpora.available(chapter.recordings()) else {"recordings": "synthetic"}


def require_seed(results: list[Result], seed: int) -> list[Result]:
    """The published results, if they have the seed; raises LabError that names those they have."""
    have = sorted({result.seed for result in results})
    if seed not in have:
        raise LabError(
            f"The published results have the seeds {', '.join(map(str, have))}; found {seed}. Choose one of them, or "
            "name a profile (smoke, small, full) to compute it."
        )
    return results
