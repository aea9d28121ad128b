"""An interval for a share of right answers."""

from scipy.stats import binomtest


def wilson(right: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share: `right` of `count` answers, each independent. Raises ValueError for no answers."""
    if count < 1:
        raise ValueError("an interval of a share needs at least one answer.")
    interval = binomtest(right, count).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)
