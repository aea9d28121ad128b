"""How well distances agree with listeners' ratings, as the paper's Table 2 measures it, with intervals and a ceiling.

Correlations. An utterance's rating is the mean over listeners, its distance one number. Both are averaged over the
utterances of each speaker in each condition; a coefficient is taken over the conditions of one speaker, and the speakers'
coefficients are averaged, each speaker once. The sign is turned: 1 is perfect.
Choices (2AFC). For every utterance and pair of conditions, the majority of the listeners who rated both says which is
nearer to the reference. A measure is right where its smaller distance is that one; a tie of either counts half.
Intervals. 95 % percentiles of a bootstrap that draws listeners and speakers (with their utterances) anew, both with
replacement; the distances stay. All measures see the same draws, so that differences are paired.
Ceiling. Half of the listeners, drawn at random, predict the other half: their mean ratings take the place of distances.
No measure is asked to agree with few listeners better than others like them do; but with twice as many
listeners, as in the table, agreement may exceed it a little.

Paper: Manocha et al. 2020, section 4.1 and Table 2.   Chapter: jnd_loss
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from paper_code.listeners.ratings import Ratings

STATISTICS = ("spearman", "pearson", "choices")
RESAMPLES = 1999
SPLITS = 500
EQUAL = 1e-9  # relative: distances as near as this are a tie
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; the paper gives choices in per cent, here they are shares."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """One measure's agreement. values: statistic -> value.   draws: statistic -> its bootstrap values [resample]."""

    values: Mapping[str, float]
    draws: Mapping[str, Floats]

    def estimate(self, statistic: str) -> Estimate:
        """The value of "spearman", "pearson" or "choices", and its interval."""
        return Estimate(self.values[statistic], *_percentiles(self.draws[statistic]))

    def minus(self, other: Agreement, statistic: str) -> Estimate:
        """The difference from another measure's, paired: both were computed with the same ratings and seed."""
        difference = self.draws[statistic] - other.draws[statistic]
        return Estimate(self.values[statistic] - other.values[statistic], *_percentiles(difference))


class Panel:
    """Ratings made ready for many measures: which conditions count, whose utterances they are, and the bootstrap draws.

    conditions: those that are compared; the hidden reference is at distance 0 and should not be among them.
    speakers: utterance -> speaker.   resamples, seed: of the bootstrap.   pairs: of these conditions, the choices that
    count, such as those between settings of one codec; all where None.
    Raises ValueError for fewer than 3 conditions, an utterance without a speaker and a pair of other conditions,
    RatingsError for an unknown condition.
    """

    def __init__(
        self,
        ratings: Ratings,
        conditions: Sequence[str],
        speakers: Mapping[str, str],
        resamples: int = RESAMPLES,
        seed: int = 0,
        pairs: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        if len(conditions) < 3:
            raise ValueError(f"a coefficient over conditions wants 3 of them or more, found {len(conditions)}")
        if without := [item for item in ratings.items if item not in speakers]:
            raise ValueError(f"these utterances have no speaker: {', '.join(without)}")
        for name in conditions:
            ratings.of(name)
        self.conditions = tuple(conditions)
        self.columns = [ratings.conditions.index(name) for name in conditions]
        self._scores = ratings.scores[:, :, self.columns]  # [listener, item, condition]
        names = list(dict.fromkeys(speakers[item] for item in ratings.items))
        self._members = np.array([[speakers[item] == name for item in ratings.items] for name in names], dtype=float)
        chosen = list(combinations(conditions, 2)) if pairs is None else pairs
        self._pairs = np.array([[self.conditions.index(name) for name in pair] for pair in chosen])
        everybody, one_each = np.ones((1, len(self._scores))), np.ones((1, len(names)))
        self._whole = _Sample(self, everybody, one_each)
        self._drawn = _Sample(self, *_draws(np.random.default_rng(seed), len(self._scores), len(names), resamples))

    def agreement(self, distances: Floats) -> Agreement:
        """Of distances [item, condition], of all conditions of the ratings. Raises ValueError where one is not finite."""
        chosen = np.asarray(distances, dtype=np.float64)[:, self.columns]
        if not np.isfinite(chosen).all():
            raise ValueError(f"{(~np.isfinite(chosen)).sum()} of {chosen.size} distances are not defined")
        values = {name: float(found[0]) for name, found in self._whole.statistics(chosen).items()}
        return Agreement(values, self._drawn.statistics(chosen))

    def ceiling(self, splits: int = SPLITS, seed: int = 0) -> dict[str, Estimate]:
        """Statistic -> mean over random halves, and the 2.5 and 97.5 percentiles of the halves (no bootstrap)."""
        each = [self._half_by_half(first) for first in self._halves(splits, np.random.default_rng(seed))]
        found = {name: np.array([values[name] for values in each]) for name in STATISTICS}
        return {name: Estimate(float(values.mean()), *_percentiles(values)) for name, values in found.items()}

    def _halves(self, splits: int, rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
        """Halves of the listeners, each of which has heard every utterance."""
        heard, count = np.isfinite(self._scores[:, :, 0]), len(self._scores)
        if (heard.sum(axis=0) < 2).any():
            raise ValueError("a half predicts the other only where every utterance was rated by two listeners or more")
        while splits:
            first = np.isin(np.arange(count), rng.permutation(count)[: count // 2])
            if heard[first].any(axis=0).all() and heard[~first].any(axis=0).all():
                splits -= 1
                yield first

    def _half_by_half(self, first: NDArray[np.bool_]) -> dict[str, float]:
        predicted = -np.nanmean(self._scores[first], axis=0)
        sample = _Sample(self, (~first)[None].astype(float), np.ones((1, len(self._members))))
        return {name: float(found[0]) for name, found in sample.statistics(predicted).items()}

    @property
    def triplets(self) -> int:
        """How many choices there are: utterances times pairs of conditions."""
        return self._scores.shape[1] * len(self._pairs)


class _Sample:
    """What the ratings are with some weights, [sample, ...]: means by speaker and condition, and the majorities.

    listeners: how often each counts [sample, listener].   speakers: the same [sample, speaker].
    """

    def __init__(self, panel: Panel, listeners: Floats, speakers: Floats) -> None:
        scores, self._pairs = panel._scores, panel._pairs
        met = np.isfinite(scores[:, :, 0]).astype(float)
        filled = np.nan_to_num(scores)
        self._members, self._speakers = panel._members, speakers
        heard = listeners @ met  # [sample, item]; 0 where nobody drawn heard an utterance
        total = np.tensordot(listeners, filled, axes=1)
        means = total / np.maximum(heard, 1)[..., None]
        here = (heard > 0).astype(float)
        shares = panel._members[None] * here[:, None]  # [sample, speaker, item]
        count = shares.sum(axis=2)
        self._speakers = speakers * (count > 0)
        self._ratings = np.einsum("bsi,bic->bsc", shares, means) / np.maximum(count, 1)[..., None]
        votes = np.sign(filled[:, :, self._pairs[:, 0]] - filled[:, :, self._pairs[:, 1]])
        self._majority = np.sign(np.tensordot(listeners, votes, axes=1))  # [sample, item, pair]
        self._items = (speakers @ panel._members) * here

    def statistics(self, distances: Floats) -> dict[str, Floats]:
        """Statistic -> [sample], of distances [item, condition]."""
        by_speaker = self._members @ distances / self._members.sum(axis=1, keepdims=True)
        nearness, ranks = -by_speaker, stats.rankdata(-by_speaker, axis=1)
        return {
            "spearman": self._average(_pearson(stats.rankdata(self._ratings, axis=2), ranks)),
            "pearson": self._average(_pearson(self._ratings, nearness)),
            "choices": self._right(distances),
        }

    def _average(self, coefficients: Floats) -> Floats:
        return (coefficients * self._speakers).sum(axis=1) / self._speakers.sum(axis=1)

    def _right(self, distances: Floats) -> Floats:
        first, second = distances[:, self._pairs[:, 0]], distances[:, self._pairs[:, 1]]
        tied = np.abs(first - second) <= EQUAL * np.maximum(np.abs(first), np.abs(second))
        nearer = np.where(tied, 0.0, np.sign(second - first))
        right = (0.5 + 0.5 * self._majority * nearer).mean(axis=2)
        return (right * self._items).sum(axis=1) / self._items.sum(axis=1)


def _pearson(first: Floats, second: Floats) -> Floats:
    """Correlation over the last axis; 0 where one of them is constant, which tells nothing apart."""
    ours, theirs = (x - x.mean(axis=-1, keepdims=True) for x in (first, second))
    norm = np.sqrt((ours**2).sum(axis=-1) * (theirs**2).sum(axis=-1))
    return np.divide((ours * theirs).sum(axis=-1), norm, out=np.zeros(norm.shape), where=norm > 0)


def _draws(rng: np.random.Generator, listeners: int, speakers: int, resamples: int) -> tuple[Floats, Floats]:
    """How often each listener and each speaker is drawn, [resample, ...]."""
    counts = [rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float) for n in (listeners, speakers)]
    return counts[0], counts[1]


def _percentiles(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
