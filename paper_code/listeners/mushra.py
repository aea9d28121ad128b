"""What MUSHRA ratings say: who is screened out, means with intervals over listeners, and differences with tests.

A reader of one file needs `read`, `screen`, `means` and `differences`; `ratings` knows the layouts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from paper_code.listeners.inference import bootstrap_interval, holm, student_interval
from paper_code.listeners.ratings import Ratings, RatingsError, from_answers, read, speech_codec_test

__all__ = [
    "Difference",
    "Mean",
    "Outlier",
    "Ratings",
    "RatingsError",
    "Screening",
    "by_group",
    "differences",
    "failings",
    "from_answers",
    "grouped",
    "listener_means",
    "means",
    "outliers",
    "read",
    "screen",
    "speech_codec_test",
]

HIGH = 90.0  # a rating above it takes a sound for the reference
TOLERATED = 0.15  # share of items in which a listener may be wrong
EXCUSED = 0.25  # share of listeners above which an item, not the listener, is to blame
FENCE = 1.5  # interquartile ranges
SIGN_TOLERANCE = 1e-9  # differences of means below it are rounding


@dataclass(frozen=True)
class Screening:
    """Who stays. kept: the ratings that count.   reasons: listener who is left out -> why, in words."""

    kept: Ratings
    reasons: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Mean:
    """A condition's mean over listeners, each listener's items averaged first.

    student, bootstrap: 95 % intervals over listeners, low and high (NaN for one listener).
    listeners, ratings: how many.
    """

    mean: float
    student: tuple[float, float]
    bootstrap: tuple[float, float]
    listeners: int
    ratings: int


@dataclass(frozen=True)
class Difference:
    """Two conditions, paired over listeners. mean: of first minus second.   low, high: its 95 % t interval.

    p_value: of the paired test; adjusted: after Holm, for all pairs that were tested. NaN for one listener.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float
    p_value: float
    adjusted: float


@dataclass(frozen=True)
class Outlier:
    """A rating far from what other listeners gave the same sound; to be removed only where an error is shown."""

    listener: str
    item: str
    condition: str
    score: float


def screen(ratings: Ratings, reference: str, mid_anchor: str = "") -> Screening:
    """Post-screening of listeners after ITU-R BS.1534-3.

    A listener is left out who rates the hidden reference below 90 in more than 15 % of their items, or the mid anchor
    (7 kHz) above 90 in more than 15 %; items whose mid anchor more than 25 % of all listeners rated above 90 do
    not count against anybody.   mid_anchor: its condition, "" where the test had none (then that rule is not applied).
    Raises RatingsError on an unknown condition, and where no listener is left.

    Chapter: masking_loss
    """
    reasons = failings(ratings, reference, mid_anchor)
    if len(reasons) == len(ratings.listeners):
        told = "; ".join(f"{name}: {', '.join(why)}" for name, why in reasons.items())
        raise RatingsError(f"no listener passes the screening of BS.1534-3: {told}")
    return Screening(ratings.by([name for name in ratings.listeners if name not in reasons]), reasons)


def failings(ratings: Ratings, reference: str, mid_anchor: str = "") -> dict[str, tuple[str, ...]]:
    """Who would be left out by `screen`, and why in words; that may be everybody.

    Raises RatingsError on an unknown condition.
    """
    rules = [_below_reference(ratings, reference)]
    if mid_anchor:
        rules.append(_above_mid_anchor(ratings, mid_anchor))
    found = {name: tuple(filter(None, why)) for name, *why in zip(ratings.listeners, *rules, strict=True)}
    return {name: why for name, why in found.items() if why}


def _below_reference(ratings: Ratings, reference: str) -> list[str]:
    return _wrong(ratings.of(reference), lambda scores: scores < HIGH, "the hidden reference was rated below 90")


def _above_mid_anchor(ratings: Ratings, mid_anchor: str) -> list[str]:
    scores = ratings.of(mid_anchor)
    shares = (scores > HIGH).sum(axis=0) / np.isfinite(scores).sum(axis=0)
    blamed = shares <= EXCUSED
    return _wrong(scores, lambda given: (given > HIGH) & blamed, f"{mid_anchor!r} was rated above 90")


def _wrong(
    scores: NDArray[np.float64], judge: Callable[[NDArray[np.float64]], NDArray[np.bool_]], what: str
) -> list[str]:
    """A reason for every listener who is wrong too often, "" for the others. scores: [listener, item]."""
    wrong, met = judge(scores).sum(axis=1), np.isfinite(scores).sum(axis=1)
    return [
        f"{what} in {w} of {n} items ({100 * w / n:.0f} %, more than 15 %)" if w > TOLERATED * n else ""
        for w, n in zip(wrong.tolist(), met.tolist(), strict=True)
    ]


def outliers(ratings: Ratings) -> list[Outlier]:
    """Ratings more than 1.5 interquartile ranges outside the quartiles of a sound, for a look, not for removal.

    Quartiles are medians of the halves; of an odd number the median belongs to both (ITU-R BS.1534-3).
    """
    found = []
    for j, i in np.ndindex(ratings.scores.shape[1:]):
        scores = ratings.scores[:, j, i]
        low, high = _quartiles(scores[np.isfinite(scores)])
        margin = FENCE * (high - low)
        for k in np.flatnonzero((scores < low - margin) | (scores > high + margin)):
            found.append(Outlier(ratings.listeners[k], ratings.items[j], ratings.conditions[i], float(scores[k])))
    return found


def _quartiles(values: NDArray[np.float64]) -> tuple[float, float]:
    ordered, half = np.sort(values), (len(values) + 1) // 2
    return float(np.median(ordered[:half])), float(np.median(ordered[-half:]))


def listener_means(ratings: Ratings) -> NDArray[np.float64]:
    """Every listener's mean over the items they met: [listener, condition]."""
    met = np.isfinite(ratings.scores)
    return np.where(met, ratings.scores, 0).sum(axis=1) / met.sum(axis=1)


def means(ratings: Ratings, seed: int = 0) -> dict[str, Mean]:
    """Condition -> mean and intervals, in the order of the conditions. seed: of the bootstrap.

    Listeners are the units: many ratings of one person are no independent observations.

    Paper: Byun et al. 2021, Figure 2.   Chapter: masking_loss
    """
    table = listener_means(ratings)
    each = ratings.count // len(ratings.conditions)
    return {
        name: Mean(float(values.mean()), student_interval(values), bootstrap_interval(values, seed), len(values), each)
        for name, values in zip(ratings.conditions, table.T, strict=True)
    }


def grouped(ratings: Ratings, groups: Mapping[str, str]) -> dict[str, Ratings]:
    """Group -> the ratings of its items, in the order in which the groups first come.

    groups: item -> group (a bit rate, a kind of voice).   Raises RatingsError where an item has none.
    """
    if without := [item for item in ratings.items if item not in groups]:
        raise RatingsError(f"these items belong to no group: {', '.join(without)}")
    names = dict.fromkeys(groups[item] for item in ratings.items)
    return {name: ratings.only([item for item in ratings.items if groups[item] == name]) for name in names}


def by_group(ratings: Ratings, places: Mapping[str, tuple[str, str]]) -> Ratings:
    """The same ratings with "<condition>, <group>" for conditions: what is compared across groups is then paired.

    places: item -> (what is heard, group), such as an utterance and a bit rate.
    Raises RatingsError where an item has no place, two have the same, and where a listener met something in one group
    and not in another.
    """
    if without := [item for item in ratings.items if item not in places]:
        raise RatingsError(f"these items have no place: {', '.join(without)}")
    if len({places[item] for item in ratings.items}) < len(ratings.items):
        raise RatingsError("two items have the same place")
    heard, groups = (list(dict.fromkeys(places[item][k] for item in ratings.items)) for k in (0, 1))
    count = len(ratings.conditions)
    scores = np.full((len(ratings.listeners), len(heard), len(groups) * count), np.nan)
    for j, item in enumerate(ratings.items):
        row, column = heard.index(places[item][0]), groups.index(places[item][1]) * count
        scores[:, row, column : column + count] = ratings.scores[:, j]
    names = tuple(f"{name}, {group}" for group in groups for name in ratings.conditions)
    return Ratings(ratings.listeners, tuple(heard), names, scores)


def differences(
    ratings: Ratings,
    conditions: Sequence[str] | None = None,
    method: str = "t",
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[Difference]:
    """Pairs of conditions, tested over listeners (each listener's means of both), with Holm's correction.

    conditions: all pairs of these are tested, of all conditions where None.   pairs: or only these, chosen before the
    ratings were seen; fewer tests cost each other less.   method: "t" (paired t test) or "wilcoxon" (signed ranks).
    Raises RatingsError on an unknown condition, ValueError on another method.

    Paper: Byun et al. 2021, section 4.3, which gives no test.   Chapter: masking_loss
    """
    if method not in TESTS:
        raise ValueError(f"wanted the method {' or '.join(map(repr, TESTS))}, found {method!r}")
    if pairs is None:
        pairs = list(itertools.combinations(conditions or ratings.conditions, 2))
    for name in itertools.chain(*pairs):
        ratings.of(name)
    table = dict(zip(ratings.conditions, listener_means(ratings).T, strict=True))
    margins = [table[first] - table[second] for first, second in pairs]
    margins = [np.where(np.abs(margin) < SIGN_TOLERANCE, 0, margin) for margin in margins]
    p_values = [_p_value(margin, method) for margin in margins]
    return [
        Difference(*pair, float(margin.mean()), *student_interval(margin), p, adjusted)
        for pair, margin, p, adjusted in zip(pairs, margins, p_values, holm(p_values), strict=True)
    ]


TESTS: Mapping[str, Callable[[NDArray[np.float64]], float]] = {
    "t": lambda margin: stats.ttest_1samp(margin, 0).pvalue,
    "wilcoxon": lambda margin: stats.wilcoxon(margin).pvalue,
}


def _p_value(margin: NDArray[np.float64], method: str) -> float:
    """Of listeners' differences; 1 where nobody heard one, the t test's limit 0 where all heard the same."""
    if len(margin) < 2:
        return math.nan
    if not margin.any():
        return 1.0
    if method == "t" and np.ptp(margin) < SIGN_TOLERANCE:
        return 0.0
    return float(TESTS[method](margin))
