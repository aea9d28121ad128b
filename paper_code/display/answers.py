"""The answer of a chapter in its first screen: the question, what came out in three sentences, and what was not run.

A chapter writes its sentences with the words that fit its numbers: two measurements are compared by `compare`, and
`Comparison.word` says which is less, or that the two are about the same. So a sentence stays true for any results.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from paper_code.display.markup import Shown, element, prose
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.rules import Numbers

FULL = "full"  # the profile of the documents' sizes
NO_BREAK = "\u00a0"
SMOKE = "This is the profile *smoke*, which only shows that every step works: these numbers mean nothing."


class Answer(Shown):
    """The answer of a chapter; see answer."""


class Answerable(Protocol):
    """What the answer of a chapter needs of its study: the size of the runs, and named values, one a seed."""

    profile: str
    measurements: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Comparison:
    """Two measurements, and the first minus the second, paired over the seeds in which both are defined."""

    first: Interval
    second: Interval
    difference: Interval

    @property
    def order(self) -> int:
        """-1 if the first is less, 1 if it is more, 0 if the interval of the difference holds 0.

        A single seed has no interval; its difference decides.
        """
        single = self.difference.count == 1
        low, high = (self.difference.mean,) * 2 if single else (self.difference.low, self.difference.high)
        return -1 if high < 0 else 1 if low > 0 else 0

    def word(self, less: str, same: str, more: str) -> str:
        """The word that fits the order."""
        return (less, same, more)[self.order + 1]

    def numbers(self, digits: int, unit: str = "") -> str:
        """ "11.7 ± 0.4 % against 16.5 ± 0.6 %"."""
        return f"{written(self.first, digits, unit)} against {written(self.second, digits, unit)}"

    @property
    def seed(self) -> str:
        """ ", one seed" where there is one, to be put behind the last numbers of a sentence."""
        return ", one seed" if self.difference.count == 1 else ""


def compare(
    measurements: Mapping[str, Sequence[float]], first: str, second: str, factor: float = 1.0
) -> Comparison | None:
    """Two measurements, each times a factor; None where they cannot be paired or no seed has both."""
    columns = [measurements.get(name, ()) for name in (first, second)]
    if len(columns[0]) != len(columns[1]):
        return None
    pairs = [(factor * a, factor * b) for a, b in zip(*columns, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if not pairs:
        return None
    ours, theirs = zip(*pairs, strict=True)
    return Comparison(interval(ours), interval(theirs), interval([a - b for a, b in pairs]))


def written(value: Interval, digits: int, unit: str = "") -> str:
    """A mean with its spread and unit, which no line break parts; no spread of one value, or where all are the same."""
    return Numbers(digits, unit).spread(value).replace(" ", NO_BREAK)


def answer(question: str, sentences: Sequence[str | None], not_run: Sequence[str], profile: str) -> Answer:
    """The question, the sentences that can be said, and what was not run.

    sentences: see markup.prose for their marks; None leaves one out.   not_run: parts of one sentence, without its
    full stop.   profile: of the results; smoke gets a warning.
    """
    said = [sentence for sentence in sentences if sentence is not None]
    warning = SMOKE if profile == "smoke" else "" if said else "Nothing that answers it was measured in these runs."
    parts = [element("p", element("strong", prose(question)))]
    parts += [element("p", prose(warning))] if warning else []
    parts += [element("ul", "".join(element("li", prose(sentence)) for sentence in said))] if said else []
    missing = f"{'; '.join(not_run)}."
    parts.append(element("p", f"{element('strong', 'Not run:')} {prose(missing)}"))
    text = "\n".join(
        [question, *([warning] if warning else []), *(f"- {each}" for each in said), f"Not run: {missing}"]
    )
    return Answer(element("section", "".join(parts), aria_label="The answer in short"), text)


def joined(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
