"""How well distances or probabilities predict people's answers on judgements that were held out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from paper_code.listeners.jnd import levels_alone
from paper_code.listeners.jnd.judgements import Judgements

BINS = 10
POOLED = "all"  # the name of all lists together
RIDGE = 0.5
SMALLEST = 0.01  # of the median distance, below which distances count as equal

Scores = dict[str, dict[str, float]]  # list -> count, accuracy, cross_entropy, auc


def by_list(probabilities: NDArray[np.float64], judgements: Judgements) -> Scores:
    """Accuracy, cross-entropy and AUC of probabilities [judgement] of "different", for each list and pooled."""
    names = np.array([row.perturbation for row in judgements])
    lists = {POOLED: np.ones(len(names), dtype=bool), **{name: names == name for name in dict.fromkeys(names.tolist())}}
    return {name: _score(probabilities[inside], judgements.different[inside]) for name, inside in lists.items()}


def _score(probabilities: NDArray[np.float64], different: NDArray[np.bool_]) -> dict[str, float]:
    if different.all() or not different.any():
        raise ValueError(f"Wanted both answers among the {len(different)} judgements of a list; found one.")
    return asdict(levels_alone.score(probabilities, different))


@dataclass(frozen=True, eq=False)
class Threshold:
    """A logistic curve on the logarithm of a distance: half say "different" at its threshold.

    smallest: is added to a distance. weights: of the logarithm, of whether there is any distance, and the constant.
    """

    smallest: float
    weights: NDArray[np.float64]

    @classmethod
    def fitted(cls, distances: ArrayLike, different: ArrayLike) -> "Threshold":
        """The most likely curve for distances of at least 0 and their answers."""
        distances, different = np.asarray(distances, dtype=np.float64), np.asarray(different, dtype=bool)
        smallest = smallest_of(distances)
        return cls(smallest, levels_alone.logistic(_features(distances, smallest), different, RIDGE))

    def probabilities(self, distances: ArrayLike) -> NDArray[np.float64]:
        """P("different") of distances."""
        return special.expit(_features(np.asarray(distances, dtype=np.float64), self.smallest) @ self.weights)


def thresholded(
    fitted: NDArray[np.float64], fitted_on: Judgements, distances: NDArray[np.float64], judgements: Judgements
) -> dict[str, NDArray[np.float64]]:
    """Probabilities of held-out answers from distances alone, with "one" threshold for all lists or one "each".

    fitted: distances of the judgements that thresholds are fitted on.
    """
    one = Threshold.fitted(fitted, fitted_on.different).probabilities(distances)
    each = np.empty(len(judgements))
    known, wanted = (np.array([row.perturbation for row in rows]) for rows in (fitted_on, judgements))
    for name in dict.fromkeys(wanted):
        curve = Threshold.fitted(fitted[known == name], fitted_on.different[known == name])
        each[wanted == name] = curve.probabilities(distances[wanted == name])
    return {"one": one, "each": each}


def auc(values: ArrayLike, different: ArrayLike) -> float:
    """Chance that a pair called different has the larger value than one called the same; ties count one half."""
    different = np.asarray(different, dtype=bool)
    ones = int(different.sum())
    above = stats.rankdata(values)[different].sum() - ones * (ones + 1) / 2
    return float(above / (ones * (len(different) - ones)))


def calibration(probabilities: ArrayLike, different: ArrayLike, bins: int = BINS) -> dict[str, list[float]]:
    """Predicted and observed shares of "different" in bins of equal counts, and the mean distance of the two.

    "predicted", "observed", "count": [bin]. "error": [1], the expected calibration error.
    """
    order = np.argsort(np.asarray(probabilities), kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(different, dtype=np.float64)
    predicted, observed = ([float(values[part].mean()) for part in parts] for values in (p, y))
    counts = [len(part) for part in parts]
    error = np.average(np.abs(np.subtract(predicted, observed)), weights=counts)
    return {"predicted": predicted, "observed": observed, "count": counts, "error": [float(error)]}


def some_of_each(judgements: Judgements, most: int) -> list[int]:
    """Places of up to `most` judgements of each list, evenly through it."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(judgements):
        places.setdefault(row.perturbation, []).append(place)
    return [of_list[int(k)] for of_list in places.values() for k in _evenly(len(of_list), most)]


def chosen(judgements: Judgements, places: Sequence[int]) -> Judgements:
    """The judgements at some places."""
    return Judgements(tuple(judgements.rows[place] for place in places))


def _evenly(count: int, most: int) -> NDArray[np.float64]:
    return np.floor(np.linspace(0, count, min(count, most), endpoint=False))


def smallest_of(distances: NDArray[np.float64]) -> float:
    """What is added to distances before their logarithm is taken."""
    apart = distances[distances > 0]
    return SMALLEST * float(np.median(apart)) if apart.size else 1.0


def distance_features(distances: NDArray[np.float64], smallest: float | None = None) -> NDArray[np.float64]:
    """The logarithm of distances, and whether there is any: [pair, 2]."""
    smallest = smallest_of(distances) if smallest is None else smallest
    return np.stack([np.log(distances / smallest + 1), (distances > 0).astype(float)], -1)


def _features(distances: NDArray[np.float64], smallest: float) -> NDArray[np.float64]:
    return np.concatenate([distance_features(distances, smallest), np.ones((len(distances), 1))], -1)
