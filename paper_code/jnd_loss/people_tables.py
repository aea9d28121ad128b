"""Tables of the people: what the paper says of its answers and what the lists say, thresholds, and procedures.

Each takes the result of the run "people".
Chapter: jnd_loss
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from paper_code.audio.perturbations.released import DIFFERENCES
from paper_code.display.tables import Column, Reported, Table, table
from paper_code.jnd_loss.people_figures import words
from paper_code.jnd_loss.procedures import ERRORS, PROCEDURES, SCATTER
from paper_code.lab.intervals import Interval
from paper_code.lab.store import Result
from paper_code.listeners.jnd.judgements import FULL, LARGEST_RATIO, NOISES

PAPER_DIFFERENT, PAPER_SAME = 26_130, 25_782  # answers, §3.2
PAPER_CONSISTENCY = 88.3  # %, §3.2
PAPER_KEPT = 1812, 2000  # tasks kept, and all, §3.2
MP3_FINEST = 300  # kb/s of every reference
PLACE = "§3.2"
MANY_LAPSES = 0.25
BOOTSTRAP = "± is half of a 95 % bootstrap interval over series of answers"


def balance_and_consistency(result: Result) -> Table:
    """The two checks of the paper: as many "different" as "same", and answers that agree with their own threshold.

    Paper: Manocha et al. 2020, section 3.2.
    """
    metrics, tasks = result.metrics, result.metrics["tasks"]
    share = 100 * PAPER_DIFFERENT / (PAPER_DIFFERENT + PAPER_SAME)
    kept = 100 * PAPER_KEPT[0] / PAPER_KEPT[1]
    rows: list[list[Any]] = [
        [
            "the paper, some 52,000 answers",
            *(Reported(f"{value:.1f}", PLACE) for value in (share, PAPER_CONSISTENCY, kept)),
        ],
        [
            f"real answers: {metrics['answers']:,} of the published lists",
            _half(metrics["different"]),
            _half(metrics["consistency"]),
            None,
        ],
        ["of these, series of one listener", None, _half(metrics["consistency, one listener"]), None],
        ["of these, without the opening pairs", None, _half(metrics["consistency, chosen"]), None],
    ]
    for way, title in (
        ("at the threshold", "simulated tasks, asked at the estimate"),
        ("scattered", f"simulated tasks, asked within {SCATTER:g} of it as in the lists"),
    ):
        rows.append([title, *(100 * tasks[way][key] for key in ("different", "consistency", "kept"))])
    columns = [
        "answers",
        Column("different", "%", ".1f"),
        Column("agree with their threshold", "%", ".1f"),
        Column("tasks kept", "%", ".1f"),
    ]
    return table(
        columns,
        rows,
        "The two checks of the paper on its answers. Series of lists that are shuffled hold the answers of several "
        f"listeners, who need not agree. {BOOTSTRAP}; simulated listeners are drawn from the populations fitted to the "
        "real answers, and their tasks are discarded after one wrong sentinel, as in the paper.",
    )


def their_listeners(result: Result) -> Table:
    """Every list: answers, shares, thresholds by the paper's curve, with lapses, and of the median listener."""
    lists = result.metrics["lists"]
    columns = [
        "list",
        Column("answers", "", ",d"),
        Column("different", "%", ".1f"),
        Column("agree", "%", ".1f"),
        Column("threshold", "strength", ".1f"),
        Column("with lapses", "strength", ".1f"),
        Column("lapses", "%", ".0f"),
        Column("median listener", "strength", ".1f"),
        Column("which is"),
        Column("levels alone", "% right", ".1f"),
    ]
    rows = [[words(name), *_of_list(name, of_list)] for name, of_list in lists.items()]
    tossing = [words(name) for name, of in lists.items() if of["curve with lapses"].get("lapse", 0) > MANY_LAPSES]
    told = (
        f"Lapses of over {100 * MANY_LAPSES:g} % ({', '.join(tossing)}) are no inattention: one curve fits listeners "
    )
    told += "so badly that it takes their differences for coin tosses. "
    return table(
        columns,
        rows,
        f"Their listeners, list by list. Thresholds are strengths from 0 to {FULL:g}: of the paper's one curve for all "
        "answers, of that curve with lapses, and of the median listener where each has a threshold of its own. "
        f"{told if tossing else ''}Levels alone: how many answers of held-out speakers are told from the levels, without "
        f"a sound. {BOOTSTRAP}.",
    )


def trials(result: Result) -> Table:
    """What each procedure needs and reaches on the same simulated listeners."""
    metrics = result.metrics["procedures"]
    columns = [
        "procedure",
        Column("different", "%", ".0f"),
        Column("agree", "%", ".0f"),
        *(Column(f"to {error}", "questions") for error in ERRORS),
    ]
    most = len(result.arrays[f"error/{next(iter(PROCEDURES))}"])
    rows = [
        [name, 100 * of["different"], 100 * of["consistency"], *_reached(of["trials"], most)]
        for name, of in metrics.items()
    ]
    return table(
        columns,
        rows,
        "Procedures on the same simulated listeners. Share of “different”, and answers that agree with the final "
        "threshold, in ten questions as in the paper; then the questions until the error of half of the listeners stays "
        f"within 10, 5 and 3 of {FULL:g}. Two down, one up looks for another threshold, where 71 % of the answers are "
        "“different”, and is judged by that one, with which fewer answers agree. Active and uniform sampling estimate the "
        "threshold that makes the answers most likely, the others do not.",
    )


def paper_and_code() -> Table:
    """Where Table 1 of the paper and its released code differ, and what is done here."""
    rows = [[each.perturbation, each.paper, each.released, each.rendering] for each in DIFFERENCES]
    return table(
        ["perturbation", "paper", "released code", "rendered here"],
        rows,
        "Table 1 of the paper and its released code do not say the same. The judgements are rendered as the code did, as "
        "far as it is known.",
    )


def in_its_unit(name: str, strength: float) -> str:
    """What a strength is in the unit of its list: a noise so many times as strong, or kb/s; "" for lines of several."""
    if name in NOISES:
        return f"noise × {LARGEST_RATIO ** (strength / FULL):.1f}"
    return f"{MP3_FINEST ** (1 - strength / FULL):.0f} kb/s" if name == "mp3" else ""


def _of_list(name: str, of_list: Mapping[str, Any]) -> list[Any]:
    lapsing, population = of_list["curve with lapses"], of_list["population"]
    median = population["fit"]["median"]
    return [
        of_list["answers"],
        _half(of_list["different"]),
        _half(of_list["consistency"]),
        _threshold(of_list["curve"]),
        _threshold(lapsing),
        100 * lapsing["lapse"] if "lapse" in lapsing else None,
        _half([median, *population["median interval"]], 1),
        in_its_unit(name, median),
        100 * of_list["levels alone"]["accuracy"],
    ]


def _threshold(curve: Mapping[str, Any]) -> Interval | None:
    return _half([curve["threshold"], *curve["threshold interval"]], 1) if "threshold" in curve else None


def _half(value: Sequence[float], factor: float = 100.0) -> Interval:
    """A value with half of its interval; a share becomes %."""
    middle, low, high = value
    return Interval(middle, (high - low) / 2, 1).times(factor)


def _reached(reached: Mapping[str, float], most: int) -> list[str]:
    return [f"over {most}" if math.isnan(reached[str(error)]) else f"{reached[str(error)]:.0f}" for error in ERRORS]
