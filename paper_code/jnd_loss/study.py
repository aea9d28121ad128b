"""What the chapter shows: the results of a profile, by run."""

from dataclasses import dataclass
from typing import ClassVar

from paper_code.jnd_loss import experiment
from paper_code.lab.chapter import Chapter
from paper_code.lab.store import Result
from paper_code.lab.study import ChapterStudy, open_results


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter."""

    chapter: ClassVar[Chapter] = experiment.CHAPTER

    def of(self, run: str) -> list[Result]:
        """The results of a run ("scratch", "floors", "mushra" ...), one a seed; empty where there are none."""
        return sorted((result for result in self.results if result.experiment == run), key=lambda result: result.seed)

    def one(self, run: str) -> Result | None:
        """The result of a run that only one seed has; None where there is none, as for ratings without recordings."""
        return next(iter(self.of(run)), None)


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing; see `lab.study.open_results`. Raises LabError."""
    return Study(open_results(experiment.CHAPTER, profile, seed, device, output), seed)
