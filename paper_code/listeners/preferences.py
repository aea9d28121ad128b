"""What listeners preferred: answer files of a test of pairs, and the wins and ties in them.

A win is a comparison in which the sound was called the better one; "I don't know" is a tie and a win for nobody.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from paper_code.listeners.answers import Answers
from paper_code.listeners.design import PAIR, ListeningTest
from paper_code.listeners.inference import bootstrap_interval

Pair = tuple[str, str]
ORIGINAL = "Original"


@dataclass(frozen=True)
class Spread:
    """A share over listeners. mean, sd: of the listeners' shares (sd of a sample; NaN for one listener)."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Preferences:
    """Table 4 and Table 5 of the document, of ours or of theirs.

    wins: condition -> share of its appearances that it won.   ties: pair -> share of its presentations without a
    preference.   listeners: how many.   appearances, presentations: of a condition, of a pair, to one listener.
    place: where the numbers stand, "" for our own.
    """

    wins: Mapping[str, Spread]
    ties: Mapping[Pair, Spread]
    listeners: int
    appearances: int
    presentations: int
    place: str = ""

    @property
    def accounted(self) -> float:
        """Comparisons of one listener that the mean wins and ties account for; all there were, if nothing is wrong."""
        wins = sum(spread.mean for spread in self.wins.values())
        ties = sum(spread.mean for spread in self.ties.values())
        return wins * self.appearances + ties * self.presentations

    def rounding(self, digits: int = 2) -> float:
        """The most by which `accounted` can be off because every mean was rounded to so many digits."""
        half = 0.5 * 10.0**-digits
        return half * (len(self.wins) * self.appearances + len(self.ties) * self.presentations)


@dataclass(frozen=True)
class Comparison:
    """Two conditions against each other.

    first, second, ties: answers of all listeners.   share: mean over listeners of the first one's share of the
    presentations, a tie counting half.   low, high: its 95 % bootstrap interval over listeners (NaN for one).
    p_value: two-sided sign test over the listeners who preferred one of the two more often (NaN for none).
    """

    first: int
    second: int
    ties: int
    share: float
    low: float
    high: float
    p_value: float


def wins(answers: Answers) -> dict[str, float]:
    """Condition -> share of its appearances that it won, for one listener; NaN where it has not appeared.

    Paper: Ananthabhotla et al. 2019, Table 4.   Chapter: codec_loss
    """
    appeared = Counter(name for answer in answers.answers for name in answer.shown)
    won = Counter(answer.value for answer in answers.answers)
    return {name: _share(won[name], appeared[name]) for name in answers.test.conditions}


def ties(answers: Answers) -> dict[Pair, float]:
    """Pair -> share of its presentations answered with "I don't know"; NaN where it has not been presented.

    Paper: Ananthabhotla et al. 2019, Table 5.   Chapter: codec_loss
    """
    presented = Counter(frozenset(answer.shown) for answer in answers.answers)
    tied = Counter(frozenset(answer.shown) for answer in answers.answers if answer.value is None)
    return {pair: _share(tied[frozenset(pair)], presented[frozenset(pair)]) for pair in pairs(answers.test)}


def pairs(test: ListeningTest) -> list[Pair]:
    """The pairs of conditions that the test puts together, in its order."""
    there = {frozenset(trial.conditions) for trial in test.trials}
    return [pair for pair in itertools.combinations(test.conditions, 2) if frozenset(pair) in there]


def summarise(listeners: Sequence[Answers]) -> Preferences:
    """Mean and standard deviation over listeners of wins and ties.

    Raises ValueError for no listeners, several tests, one that is no test of pairs, or an unfinished one.
    """
    test = _one_test(listeners)
    if unfinished := [answers.listener for answers in listeners if not answers.complete]:
        raise ValueError(f"shares are taken over whole tests; unfinished: {', '.join(unfinished)}")
    won, tied = [wins(answers) for answers in listeners], [ties(answers) for answers in listeners]
    together = pairs(test)
    return Preferences(
        {name: _spread([row[name] for row in won]) for name in test.conditions},
        {pair: _spread([row[pair] for row in tied]) for pair in together},
        len(listeners),
        _same(Counter(name for trial in test.trials for name in trial.conditions).values()),
        _same(Counter(frozenset(trial.conditions) for trial in test.trials).values()),
    )


def compare(listeners: Sequence[Answers], first: str, second: str, seed: int = 0) -> Comparison:
    """Which of two conditions was preferred when they met, with a sign test and a bootstrap interval.

    Both take listeners as the units: answers of one person are no independent observations.
    Raises ValueError as summarise does (unfinished tests are welcome), and where the two never met.
    """
    _one_test(listeners)
    met = [[a.value for a in one.answers if set(a.shown) == {first, second}] for one in listeners]
    if not all(met):
        raise ValueError(f"{first} and {second} were not presented together to every listener")
    margins = [values.count(first) - values.count(second) for values in met]
    decided = [margin for margin in margins if margin]
    sign = stats.binomtest(sum(margin > 0 for margin in decided), len(decided)).pvalue if decided else math.nan
    shares = [0.5 + margin / (2 * len(values)) for margin, values in zip(margins, met, strict=True)]
    answers = [value for values in met for value in values]
    low, high = bootstrap_interval(shares, seed)
    counts = [answers.count(value) for value in (first, second, None)]
    return Comparison(*counts, float(np.mean(shares)), low, high, float(sign))


def _one_test(listeners: Sequence[Answers]) -> ListeningTest:
    if not listeners:
        raise ValueError("there are no answers to look at: give at least one listener's")
    test = listeners[0].test
    if test.kind != PAIR or any(answers.test.id != test.id for answers in listeners):
        raise ValueError("wanted answers to one test of pairs")
    return test


def _share(count: int, of: int) -> float:
    return count / of if of else math.nan


def _spread(values: Sequence[float]) -> Spread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return Spread(float(np.mean(values)), sd)


def _same(counts: Iterable[int]) -> int:
    """The one number that all counts are."""
    found = set(counts)
    if len(found) != 1:
        raise ValueError(f"the test is not balanced: its sounds or pairs come up {sorted(found)} times")
    return found.pop()
