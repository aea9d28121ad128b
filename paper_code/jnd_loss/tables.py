"""The paper's Table 2: how measures agree with listeners, here on a real test of speech codecs.

Chapter: jnd_loss
"""

from collections.abc import Mapping
from functools import cached_property

from paper_code.display.tables import Column, Reported, Table, table
from paper_code.jnd_loss.agreement import STATISTICS, Agreement, Estimate
from paper_code.jnd_loss.configs import CHOICES, TITLES
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED
from paper_code.jnd_loss.measures import embeddings
from paper_code.jnd_loss.real_ratings import NAMES, Test
from paper_code.jnd_loss.simulated_choices import STRENGTH
from paper_code.jnd_loss.study import Study
from paper_code.lab.claims_file import reported
from paper_code.lab.intervals import Interval
from paper_code.lab.store import Result

LISTENING = "mushra"
COLUMNS = [
    Column("measure"),
    Column("Spearman", "per speaker", ".2f"),
    Column("Pearson", "per speaker", ".2f"),
    Column("choices", "% right", ".1f"),
    Column("choices, not aligned", "% right", ".1f"),
    Column("simulated choices", "% right", ".1f"),
    Column("paper: Spearman", "VoCo, FFTnet, BWE"),
    Column("paper: choices", "FFTnet, BWE, %"),
    Column("paper: simulated", "%"),
]
PAPER = (("VoCo SC", "FFTnet SC", "BWE SC"), ("FFTnet 2AFC", "BWE 2AFC"), ("Simulated 2AFC",))
RELEASED = {"released_pre": "Pre", "released_linear": "Lin", "released_finetune": "Fin", "released_scratch": "Scratch"}
OURS = {"pre": "Pre", "lin": "Lin", "fin": "Fin", "scratch": "Scratch", "fit_for_use": "", "untrained": ""}
CONVENTIONAL = {"mse": "MSE", "l1": "", "log_spectral": "", "pesq": "PESQ", "stoi": "", "visqol": "ViSQOL"}
PEOPLE = "half of the listeners, for the other half"


def table_2(study: Study, others: Result | None = None) -> Table:
    """Every measure against real listeners, and in simulated choices, beside what the paper found on its own data.

    others: the scores of the compendium's other losses on the same sounds, see side_by_side.kept.
    Paper: Manocha et al. 2020, Table 2.   Chapter: jnd_loss
    """
    rows = Rows(study, others)
    lines = [[PEOPLE, *rows.of_people(), None, None, None, None, None]]
    lines += [rows.stored(name, paper) for name, paper in RELEASED.items()]
    lines += [rows.ours(run, paper) for run, paper in OURS.items() if study.of(run)]
    lines += [rows.embedding(name, measure.title) for name, measure in embeddings().items()]
    lines += [rows.stored(name, paper) for name, paper in CONVENTIONAL.items()]
    lines += rows.of_others()
    lines.append([f"{STRENGTH}, no sound", None, None, None, None, rows.simulated(STRENGTH), None, None, None])
    return table(COLUMNS, lines, rows.caption())


class Rows:
    """Cells from stored results; where nobody rated what is at hand, those of ratings are empty."""

    def __init__(self, study: Study, others: Result | None = None) -> None:
        self._study, self._others = study, others
        self._heard, self._chosen = study.one(LISTENING), study.one(CHOICES)
        self._paper = reported("jnd_loss")["Table 2"]

    @cached_property
    def _test(self) -> Test | None:
        return None if self._heard is None else Test.stored(self._heard.metrics)

    def of_people(self) -> list[Interval | None]:
        """How well listeners predict each other."""
        return [None] * 3 if self._test is None else _three(self._test.panel.ceiling())

    def stored(self, name: str, paper: str = "") -> list[object]:
        """A released or conventional measure."""
        cells = self._of_scores(self._heard, name)
        title = NAMES[name]
        return [
            title,
            *cells,
            self.simulated(name),
            *self._theirs(paper),
        ]

    def embedding(self, name: str, title: str) -> list[object]:
        """A network of others that hears all kinds of sound; its cells say so where its weights are not here."""
        measured = self._heard is not None and name in self._heard.metrics["scores"][ALIGNED]
        label = title if measured else f"{title}: {embeddings()[name].lacks or 'not measured yet'}"
        return [label, *self._of_scores(self._heard, name), self.simulated(name), *self._theirs(title)]

    def ours(self, run: str, paper: str) -> list[object]:
        """A metric of our own, over its seeds."""
        title = TITLES[run]
        names = [
            f"{name}, {title}" for name in ("Spearman", "Pearson", "choices", "choices as rated", "simulated choices")
        ]
        found = [self._study.value(name) if name in self._study.measurements else None for name in names]
        cells = [*found[:2], *(None if value is None else value.times(100) for value in found[2:])]
        return [f"ours: {title}", *cells, *self._theirs(paper)]

    def of_others(self) -> list[list[object]]:
        """The other losses of the compendium, best first."""
        if self._others is None or self._test is None:
            return []
        names = list(self._others.metrics["scores"][ALIGNED])
        rows = [[f"{name.replace('_', ' ')} loss", *self._of_scores(self._others, name)] for name in names]
        return [[*row, None, None, None, None] for row in sorted(rows, key=lambda row: -row[3].mean)]

    def simulated(self, name: str) -> Interval | None:
        """Per cent of the simulated choices, with an interval over triplets."""
        found = {} if self._chosen is None else self._chosen.metrics["accuracy"].get(name)
        return _interval(Estimate(found["value"], found["low"], found["high"])).times(100) if found else None

    def caption(self) -> str:
        """What the table shows, over what."""
        return (
            f"Table 2: agreement with listeners. {self._listeners()}{self._triplets()}*In italics: what the paper found on "
            "three tests of its own and on its own simulated sounds. They are other data: compare orders and not values.* "
            "± of ours is over seeds, of all others half a bootstrap interval over listeners and speakers, or triplets."
        )

    def _listeners(self) -> str:
        if self._test is None:
            return "Nobody rated what is at hand, so the columns on listeners are empty. "
        people, items = len(self._test.ratings.listeners), len(self._test.ratings.items)
        panel = self._test.panel
        return (
            f"{people} listeners rated {items} utterances of {len(panel.conditions)} speech codecs, which makes "
            f"{panel.triplets} choices. Delays of the codecs are taken out, but for *not aligned*. "
        )

    def _triplets(self) -> str:
        if self._chosen is None:
            return ""
        count = self._chosen.metrics["accuracy"][STRENGTH]["count"]
        return f"Simulated: {count} triplets near threshold, answered by curves of the paper's listeners and by no person. "

    def _of_scores(self, result: Result | None, name: str) -> list[Interval | None]:
        if self._test is None or result is None or name not in result.metrics["scores"][ALIGNED]:
            return [None] * 4
        aligned, as_rated = (self._agreement(result, name, way) for way in (ALIGNED, AS_RATED))
        return [*_three({key: aligned.estimate(key) for key in STATISTICS}), _percent(as_rated.estimate("choices"))]

    def _agreement(self, result: Result, name: str, way: str) -> Agreement:
        return self._test.agreement(result.metrics["scores"][way][name])

    def _theirs(self, paper: str) -> list[Reported | None]:
        if not paper:
            return [None, None, None]
        values = self._paper[paper]
        return [Reported(", ".join(values[column] for column in columns).replace("-", "−")) for columns in PAPER]


def _three(estimates: Mapping[str, Estimate]) -> list[Interval]:
    return [_interval(estimates["spearman"]), _interval(estimates["pearson"]), _percent(estimates["choices"])]


def _percent(estimate: Estimate) -> Interval:
    return _interval(estimate).times(100)


def _interval(estimate: Estimate) -> Interval:
    return Interval(estimate.value, (estimate.high - estimate.low) / 2, 1)
