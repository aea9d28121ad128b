"""The names that claims and tables use."""

from paper_code.lab.store import Result


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """One value a seed by name."""
    return {}
