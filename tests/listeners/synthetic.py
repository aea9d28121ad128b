"""Made-up ratings for tests: numbers of no listener."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paper_code.listeners.ratings import Ratings

CONDITIONS = ("Reference", "Mid", "Low", "Coder")


def ratings(scores: Sequence, conditions: Sequence[str] = CONDITIONS) -> Ratings:
    """Ratings from nested lists [listener][item][condition]; listeners are l0, l1, ..., items i0, i1, ..."""
    array = np.array(scores, dtype=np.float64)
    names = (tuple(f"{letter}{k}" for k in range(n)) for letter, n in zip("li", array.shape, strict=False))
    return Ratings(*names, tuple(conditions), array)


def constant(listeners: int, items: int, row: Sequence[float] = (100, 60, 20, 50)) -> np.ndarray:
    """The same scores for everybody and everything: [listener, item, condition]."""
    return np.tile(np.array(row, dtype=np.float64), (listeners, items, 1))


def written(path: Path, head: str, *lines: str) -> Path:
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path
