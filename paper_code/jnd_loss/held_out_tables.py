"""Tables of what the metrics predict of held-out answers, beside what never learned to listen.

Chapter: jnd_loss
"""

from collections.abc import Sequence

from paper_code.display.tables import Column, Table, table
from paper_code.jnd_loss.configs import FLOORS, TITLES
from paper_code.jnd_loss.scores import POOLED
from paper_code.jnd_loss.study import Study
from paper_code.lab.intervals import Interval, interval_of_defined

LEVELS = "levels alone"
RELEASED = ("released linear", "released finetune", "released pre")
OURS = ("pre", "lin", "fin", "scratch", "fit_for_use")
COLUMNS = [
    Column("what predicts"),
    Column("its own classifier", "%", ".1f"),
    Column("one threshold", "%", ".1f"),
    Column("a threshold a list", "%", ".1f"),
    Column("with the levels", "%", ".1f"),
    Column("cross-entropy", format=".3f"),
    Column("AUC", format=".3f"),
]
COMPARED = (  # of the table by lists: column -> name in the measurements
    ("levels alone", "accuracy, levels alone"),
    ("log-spectral", "accuracy, a threshold a list, log-spectral distance"),
    ("scratch", "accuracy, a threshold a list, Scratch"),
    ("fit for use", "accuracy, a threshold a list, Fit for use"),
    ("scratch and levels", "accuracy, with the levels, Scratch"),
    ("levels, refitted", "accuracy, levels alone, refitted"),
)


def held_out(study: Study) -> Table:
    """Held-out accuracy, cross-entropy and AUC of the metrics, beside the levels alone and other floors."""
    rows = [
        [f"{LEVELS}, no sound", *_levels(study)],
        ["log-spectral distance", *_metric(study, "log-spectral distance")],
        ["released scratch", *_metric(study, "released scratch")],
        *_ours(study, ("untrained", *OURS)),
    ]
    count = study.one(FLOORS).metrics[LEVELS][POOLED]["count"]
    caption = (
        f"What predicts {count:,} held-out answers of real listeners, in % right. Thresholds are fitted to other speakers' "
        "judgements; cross-entropy is that of a threshold a list, AUC that of the distance. "
        "*With the levels*: a logistic regression on the levels and the distance; hold it against the levels alone, "
        f"refitted on the same few judgements: {_written(study)}. ± is a 95 % interval over seeds; by chance alone of who "
        f"was asked, an accuracy here is uncertain by ± {_binomial(count):.1f} %. The public port of the metric reports "
        "73.6 % on another split."
    )
    return table(COLUMNS, rows, caption)


def others(study: Study) -> Table:
    """The same of further metrics: the other released ones, the mean square, and a training as in the authors' code."""
    rows = [[name, *_metric(study, name)] for name in ("mean square", *RELEASED)]
    rows += _ours(study, ("scratch_as_code", "fit_for_use_untrained"))
    return table(COLUMNS, rows, "The same of further metrics.")


def by_list(study: Study) -> Table:
    """Accuracy on each list of judgements."""
    names = list(study.one(FLOORS).metrics[LEVELS])
    rows = []
    for name in [*(name for name in names if name != POOLED), POOLED]:
        count = study.one(FLOORS).metrics[LEVELS][name]["count"]
        cells = [_percent(study, key if name == POOLED else f"{key}, {name}") for _, key in COMPARED]
        rows.append([name.replace("_", " "), count, *cells])
    columns = [Column("list"), Column("held out", format="d"), *(Column(title, "%", ".1f") for title, _ in COMPARED)]
    caption = (
        "Answers predicted on each list: share right. The first four columns have a threshold a list, or for the levels a "
        "regression a list; the last two were fitted on the same few judgements, with and without the distance."
    )
    return table(columns, rows, caption)


def delays(study: Study) -> Table:
    """What delays do to a metric trained with silence of 0.25 s, to the same without, and to others."""
    rows = [
        [
            TITLES[run],
            *(_value(study, f"distance after a delay of {seconds} s, {TITLES[run]}") for seconds in ("0.01", "0.25")),
            *(_value(study, f"AUC after a delay of {seconds} s, {TITLES[run]}") for seconds in ("0", "0.01", "0.25")),
        ]
        for run in ("scratch", "scratch_unshifted", "fit_for_use", "pre", "untrained")
        if study.of(run)
    ]
    columns = [
        Column("training"),
        Column("a sound from itself 10 ms later", "x", ".2f"),
        Column("0.25 s later", "x", ".2f"),
        Column("AUC, in step", format=".3f"),
        Column("AUC, 10 ms late", format=".3f"),
        Column("AUC, 0.25 s late", format=".3f"),
    ]
    caption = (
        "Metrics trained with silence before or after each sound, without it, and not at all. The first two columns: "
        "the distance of a sound from itself later, in medians of the pairs that people called different. A metric that "
        "ignores delay has 0 there, and one AUC in the last three columns."
    )
    return table(columns, rows, caption)


def _ours(study: Study, runs: Sequence[str]) -> list[list[str | Interval | None]]:
    """Rows of the runs that the study has."""
    return [
        [f"ours, {TITLES[run][0].lower()}{TITLES[run][1:]}", *_metric(study, TITLES[run])]
        for run in runs
        if study.of(run)
    ]


def _levels(study: Study) -> list[Interval | None]:
    scores = (f"{score}, {LEVELS}" for score in ("accuracy", "cross-entropy", "AUC"))
    accuracy, entropy, auc = (_value(study, name) for name in scores)
    return [None, None, _times_100(accuracy), None, entropy, auc]


def _metric(study: Study, title: str) -> list[Interval | None]:
    ways = ("classifier", "one threshold", "a threshold a list", "with the levels")
    shares = [_percent(study, f"accuracy, {way}, {title}") for way in ways]
    return [
        *shares,
        _value(study, f"cross-entropy, a threshold a list, {title}"),
        _value(study, f"AUC, one threshold, {title}"),
    ]


def _written(study: Study) -> str:
    value = _percent(study, f"accuracy, {LEVELS}, refitted")
    return "not measured" if value is None else f"{value.mean:.1f} %"


def _binomial(count: int) -> float:
    """Half a 95 % interval of a share of three quarters, in per cent, were all answers independent."""
    return 100 * 1.96 * (0.75 * 0.25 / count) ** 0.5


def _value(study: Study, name: str) -> Interval | None:
    return interval_of_defined(study.measurements.get(name, ()))


def _percent(study: Study, name: str) -> Interval | None:
    return _times_100(_value(study, name))


def _times_100(value: Interval | None) -> Interval | None:
    return None if value is None else value.times(100)
