"""Our values under the names that claims and tables ask for, one value a seed."""

from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run."""
    seeds = sorted({result.seed for result in results})
    return over_seeds([_of_seed([r for r in results if r.seed == seed]) for seed in seeds])


def _of_seed(results: list[Result]) -> dict[str, float]:
    return {f"accuracy, {r.experiment}": r.metrics["accuracy"]["network"] for r in results}
