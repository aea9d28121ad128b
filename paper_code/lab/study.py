"""What every chapter's study has in common: the results of one profile, and the seed whose sounds are heard."""

from dataclasses import dataclass

from paper_code.lab.errors import LabError
from paper_code.lab.store import Result


@dataclass(frozen=True)
class ChapterStudy:
    """Results of one profile. seed: the run whose sounds are heard; numbers are over all seeds of the results."""

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
        """Whether the sounds are the synthesiser's, because no recordings were to be had."""
        return self.results[0].config["recordings"] == "synthetic"


def require_seed(results: list[Result], seed: int) -> list[Result]:
    """The published results, if they have the seed; raises LabError that names those they have."""
    have = sorted({result.seed for result in results})
    if seed not in have:
        raise LabError(
            f"The published results have the seeds {', '.join(map(str, have))}; found {seed}. Choose one of them, or "
            "name a profile (smoke, small, full) to compute it."
        )
    return results
