"""The rules that judge a claim: what each needs, what it demands of our values, and the verdict on them.

Every rule demands that some quantity lies in a region, say that a difference paired over seeds lies below 0.
A claim is *reproduced* when the whole 95 % t interval of each quantity lies in its region, *trend only* when
the means do but not all of their intervals (with one seed there is no interval, so never more than this), and
*not reproduced* otherwise. It is *not testable here* when a value is not defined. A claim about a training of the
document's length is *not run at this size* where ours were shorter (see lab.claims).

A statement with several parts holds as far as its weakest part does: see together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from paper_code.lab.intervals import Interval, interval
from paper_code.lab.measurements import Measurements

REPRODUCED, TREND, NOT = "reproduced", "trend only", "not reproduced"
NOT_RUN, UNTESTABLE = "not run at this size", "not testable here"
VERDICTS = (REPRODUCED, TREND, NOT, NOT_RUN, UNTESTABLE)


@dataclass(frozen=True)
class Numbers:
    """How numbers are written. digits: decimals, None for three significant ones. unit: put behind."""

    digits: int | None = None
    unit: str = ""

    def plain(self, value: float) -> str:
        """The number alone, with a true minus sign and no negative zero."""
        text = f"{value:.3g}" if self.digits is None else f"{value:.{self.digits}f}"
        text = text.removeprefix("-") if float(text) == 0 else text
        return text.replace("-", "−")

    def full(self, value: float) -> str:
        """The number and its unit."""
        return f"{self.plain(value)} {self.unit}".strip()

    def spread(self, value: Interval, unit: bool = True) -> str:
        """mean ± half width, or the mean alone for one value and where all are the same."""
        varies = value.count > 1 and value.half_width != 0
        text = self.plain(value.mean) + (f" ± {self.plain(value.half_width)}" if varies else "")
        return f"{text} {self.unit}".strip() if unit else text


@dataclass(frozen=True)
class Demand:
    """A quantity (one value a seed) that should lie between low and high; the ends belong only if closed."""

    quantity: str
    values: list[float]
    low: float = -math.inf
    high: float = math.inf
    closed: bool = False

    def holds(self, value: float) -> bool:
        """Whether one value lies in the region."""
        return self.low <= value <= self.high if self.closed else self.low < value < self.high

    def region(self, numbers: Numbers) -> str:
        """The region in words."""
        if self.closed:
            return f"between {numbers.plain(self.low)} and {numbers.full(self.high)}"
        return f"above {numbers.full(self.low)}" if self.high == math.inf else f"below {numbers.full(self.high)}"


@dataclass(frozen=True)
class Finding:
    """What a rule gave. ours: values as text. verdict: one of VERDICTS. why: its reason, in sentences.

    mean: of the one measurement that was judged; None where a rule compares several, or has no value.
    """

    ours: str
    verdict: str
    why: str
    mean: float | None = None


@dataclass(frozen=True)
class Within:
    """The measurement lies within `tolerance` of `value`, ends included. The whole interval must lie there to
    be reproduced; when the mean does and its interval reaches beyond, that is trend only."""

    measurement: str
    value: float
    tolerance: float
    name: ClassVar[str] = "within"

    @property
    def needs(self) -> tuple[str, ...]:
        """The measurements it judges."""
        return (self.measurement,)

    def words(self, numbers: Numbers) -> str:
        """The rule for people."""
        return f"{self.measurement} within {numbers.plain(self.value)} ± {numbers.full(self.tolerance)}"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        low, high = self.value - self.tolerance, self.value + self.tolerance
        return [Demand(self.measurement, values[0], low, high, closed=True)]


@dataclass(frozen=True)
class Below:
    """The measurement lies below `value`."""

    measurement: str
    value: float
    name: ClassVar[str] = "below"

    @property
    def needs(self) -> tuple[str, ...]:
        """The measurements it judges."""
        return (self.measurement,)

    def words(self, numbers: Numbers) -> str:
        """The rule for people."""
        return f"{self.measurement} {self.name} {numbers.full(self.value)}"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        return [Demand(self.measurement, values[0], high=self.value)]


@dataclass(frozen=True)
class Above(Below):
    """The measurement lies above `value`."""

    name: ClassVar[str] = "above"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        return [Demand(self.measurement, values[0], low=self.value)]


@dataclass(frozen=True)
class Less:
    """`first` is less than `second`, by more than `margin` where one is given; paired over seeds.

    Of several in `second`, it is less than each.
    """

    first: str
    second: str | tuple[str, ...]
    margin: float = 0.0
    name: ClassVar[str] = "less"

    @property
    def needs(self) -> tuple[str, ...]:
        """The measurements it compares."""
        return (self.first, *self._others)

    def words(self, numbers: Numbers) -> str:
        """The rule for people."""
        by = f" by more than {numbers.full(self.margin)}" if self.margin else ""
        others = self._others[0] if len(self._others) == 1 else f"each of {'; '.join(self._others)}"
        return f"{self.first} {self.name} than {others}{by}, paired over seeds"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        return [Demand(name, apart, high=-self.margin) for name, apart in self._differences(values)]

    @property
    def _others(self) -> tuple[str, ...]:
        return (self.second,) if isinstance(self.second, str) else self.second

    def _differences(self, values: Sequence[list[float]]) -> list[tuple[str, list[float]]]:
        first, *others = values
        return [
            (_minus(self.first, name), _paired(first, other)) for name, other in zip(self._others, others, strict=True)
        ]


@dataclass(frozen=True)
class Greater(Less):
    """`first` is greater than `second`, by more than `margin` where one is given; paired over seeds.

    Of several in `second`, it is greater than each.
    """

    name: ClassVar[str] = "greater"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        return [Demand(name, apart, low=self.margin) for name, apart in self._differences(values)]


@dataclass(frozen=True)
class Monotone:
    """The measurements change from each to the next in one direction ("increasing" or "decreasing")."""

    measurements: tuple[str, ...]
    direction: str
    name: ClassVar[str] = "monotone"

    @property
    def needs(self) -> tuple[str, ...]:
        """The measurements it compares, in their order."""
        return self.measurements

    def words(self, numbers: Numbers) -> str:
        """The rule for people."""
        return f"{self.direction}: {', '.join(self.measurements)}, neighbours paired over seeds"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """What it asks of the values of `needs`."""
        steps = []
        for i in range(len(values) - 1):
            label = _minus(self.measurements[i + 1], self.measurements[i])
            limit = {"high": 0.0} if self.direction == "decreasing" else {"low": 0.0}
            steps.append(Demand(label, _paired(values[i + 1], values[i]), **limit))
        return steps


@dataclass(frozen=True)
class Untestable:
    """What cannot be tested here, and `why`."""

    why: str
    name: ClassVar[str] = "untestable"

    @property
    def needs(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def words(self, numbers: Numbers) -> str:
        """The rule for people."""
        return "no test"

    def demands(self, values: Sequence[list[float]]) -> list[Demand]:
        """Nothing."""
        return []


Rule = Within | Below | Above | Less | Greater | Monotone | Untestable
RULES = {kind.name: kind for kind in (Within, Below, Above, Less, Greater, Monotone, Untestable)}


def judge(rule: Rule, measurements: Measurements, numbers: Numbers) -> Finding:
    """Our values under a rule, with the verdict.

    measurements: must hold all that the rule needs. Seeds in which a needed value is not finite are left out of all
    values compared, and counted in why. Raises: KeyError for a name that is not among the measurements.
    """
    if isinstance(rule, Untestable):
        return Finding("", UNTESTABLE, rule.why)
    columns = [[float(value) for value in measurements[name]] for name in rule.needs]
    if len({len(column) for column in columns}) > 1:
        counts = ", ".join(f"{name} has {len(column)}" for name, column in zip(rule.needs, columns, strict=True))
        return Finding("", UNTESTABLE, f"The values cannot be paired over seeds: {counts}.")
    rows = [row for row in zip(*columns, strict=True) if all(map(math.isfinite, row))]
    dropped = len(columns[0]) - len(rows)
    if not rows:
        empty = [n for n, c in zip(rule.needs, columns, strict=True) if not any(map(math.isfinite, c))]
        return Finding("", UNTESTABLE, f"Not defined in any seed: {', '.join(empty or rule.needs)}.")
    kept = [list(column) for column in zip(*rows, strict=True)]
    verdict, why = _decide(rule.demands(kept), numbers)
    if dropped:
        why += f" {dropped} of {len(columns[0])} seeds lack a value."
    mean = interval(kept[0]).mean if len(kept) == 1 else None
    return Finding(_ours(rule, kept, numbers), verdict, why, mean)


def together(verdicts: Sequence[str]) -> str:
    """The verdict on a statement from those on its parts: it holds as far as its weakest part does.

    It is *not reproduced* as soon as one part is not, and *reproduced* when all parts are. Between them it is *trend
    only*: all parts that could be tested hold at least on average. One part that was *not run at this size* makes the
    statement so. It is *not testable here* when no part can be tested.
    """
    for decisive in (NOT, NOT_RUN):
        if decisive in verdicts:
            return decisive
    alike = set(verdicts)
    return verdicts[0] if len(alike) == 1 else TREND


def _decide(demands: Sequence[Demand], numbers: Numbers) -> tuple[str, str]:
    """The verdict on all demands together, and its reason from those that decide it."""
    judged = [(demand, interval(demand.values)) for demand in demands]
    outside = [pair for pair in judged if not pair[0].holds(pair[1].mean)]
    if outside:
        return NOT, _reason("The mean of {} is not {}.", outside, numbers)
    if judged[0][1].count == 1:
        return TREND, _reason("One seed, so no interval: {} is {}.", judged, numbers)
    wide = [(demand, i) for demand, i in judged if not (demand.holds(i.low) and demand.holds(i.high))]
    if wide:
        return TREND, _reason("The mean of {} is {}, but its 95 % interval reaches beyond.", wide, numbers)
    return REPRODUCED, _reason("The 95 % interval of {} lies {}.", judged, numbers)


def _reason(sentence: str, pairs: Sequence[tuple[Demand, Interval]], numbers: Numbers) -> str:
    """The sentence with its quantities, of which each has a region alike, and with the region."""
    quantities = []
    for demand, value in pairs:
        seeds = "1 seed" if value.count == 1 else f"{value.count} seeds"
        seeds = "does not depend on the seed" if value.count > 1 and value.low == value.high else seeds
        quantities.append(f"{demand.quantity} ({numbers.spread(value)}, {seeds})")
    told = quantities[0] if len(quantities) == 1 else f"each of {'; '.join(quantities)}"
    return sentence.format(told, pairs[0][0].region(numbers))


def _ours(rule: Rule, columns: Sequence[list[float]], numbers: Numbers) -> str:
    first, *others = [numbers.spread(interval(column), unit=False) for column in columns]
    if isinstance(rule, Monotone):
        text = " → ".join([first, *others])
    else:
        text = f"{first} against {', '.join(others)}" if others else first
    return f"{text} {numbers.unit}".strip()


def _minus(first: str, second: str) -> str:
    """The name of a difference: "PESQ, MSE 20 − masking 20" of "PESQ, MSE 20" and "PESQ, masking 20"."""
    begin, _, _ = first.rpartition(", ")
    return f"{first} − {second.removeprefix(f'{begin}, ') if begin else second}"


def _paired(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]
