"""Tables of what came out: Table 1 in three parts with the paper's numbers beside ours, and the sweeps of section 4.1."""

from collections.abc import Callable, Sequence
from typing import Any

from paper_code.display.tables import Column, Reported, Table, table
from paper_code.lab.intervals import Interval
from paper_code.masking_loss import published
from paper_code.masking_loss.evaluation import PREDICTED
from paper_code.masking_loss.experiment import SWEPT_RATE
from paper_code.masking_loss.study import Study

OVER = (
    "Mean ± 95 % interval over {} test utterances, {}; utterances of one speaker are alike, so it is rather too narrow"
)


def table_1(study: Study) -> Table:
    """Bit rate, PESQ and SNR of every coder: the paper's value in italics, then ours."""
    rows = []
    for name in study.table:
        paper, (real, estimated) = published.TABLE_1.get(name), study.kilobits(name)
        row: list[Any] = [name, _paper(paper, "kilobits"), real, estimated]
        for score in ("pesq", "snr"):
            row += [_paper(paper, score), study.value(name, score)]
        rows.append(row)
    columns = [
        Column("coder"),
        Column("paper's rate", "kb/s"),
        Column("files here", "kb/s", ".2f"),
        Column("estimate here", "kb/s", ".2f"),
        *_pair("PESQ", "MOS", ".2f"),
        *_pair("SNR", "dB", ".1f"),
    ]
    caption = (
        f"Table 1, paper (in italics) and here. {_over(study)}. The rate of the files is that of what was written and "
        "decoded again: of our coders whole files, of AMR-WB its stored frames, which are whole bytes. The estimate is "
        "the entropy of the symbols, as in the paper, and for AMR-WB its nominal rate. PESQ is a "
        "prediction of listeners, not their word." + _failed(study)
    )
    return table(columns, rows, caption)


def rates_of_utterances(study: Study) -> str:
    """How far the rate of a single utterance may be from that of all, in Markdown."""
    told = []
    for name in study.at_rate(SWEPT_RATE):
        values = study.values(name, "kilobits")
        told.append(f"{name} {values.min():.1f} to {values.max():.1f}")
    return (
        "A trained coder keeps to its rate on average over much speech. Files of single test utterances take, in kb/s: "
        f"{'; '.join(told)}."
    )


def table_1_peass(study: Study) -> Table:
    """APS, IPS and OPS of every coder: the paper's value in italics, then ours."""
    rows = []
    for name in study.table:
        paper = published.TABLE_1.get(name)
        pairs = [[_paper(paper, score), study.value(name, score)] for score in ("aps", "ips", "ops")]
        rows.append([name, *[value for pair in pairs for value in pair]])
    columns = [
        Column("coder"),
        *[c for score in ("aps", "ips", "ops") for c in _pair(PREDICTED[score], "0–100", ".1f")],
    ]
    asked = study.condition(study.table[0]).metrics["predicted"]
    caption = (
        f"Table 1, PEASS: paper (in italics) and here, for the middle {asked['seconds']:g} s of "
        f"{_asked(asked['utterances'])}. Predictions, no listeners. There is "
        "no interferer in coding: it is taken as silent, and IPS is not to be read as interference."
    )
    return table(columns, rows, caption)


def noise(study: Study) -> Table:
    """What the masking loss is for: where noise is over the threshold, and by how much."""
    scores = ("above", "above_high", "excess", "top_level")
    rows = [[name, *[_percent(study, name, score) for score in scores]] for name in study.table]
    columns = [
        Column("coder"),
        Column("noise above threshold", "% of cells", ".1f"),
        Column("over 4 kHz", "% of cells", ".1f"),
        Column("mean excess", "dB", ".2f"),
        Column("level above 7 kHz", "dB", ".1f"),
    ]
    caption = (
        f"Noise and the masking threshold of the original. {_over(study)}. A cell is one frequency of one frame of 32 ms; "
        "the excess counts 0 where noise is below the threshold. Last column: level of the decoded sound above 7 kHz "
        "over the original's, which is above the band of AMR-WB."
    )
    return table(columns, rows, caption)


def losses(study: Study) -> Table:
    """Each loss measured on all coders, with the paper's settings: whether a coder has learned what it was asked to."""
    rows = [[name, *[study.value(name, score) for score in ("log_mel", "pmsqe", "masking")]] for name in study.table]
    columns = [
        Column("coder"),
        Column("log-mel loss", format=".3f"),
        Column("PMSQE loss", format=".3f"),
        Column("masking loss", format=".1f"),
    ]
    return table(columns, rows, f"The three losses on all coders. {_over(study)}; lower is better.")


def differences(study: Study, rate: float) -> Table:
    """The masking coder minus every other condition at a rate (kb/s), paired over utterances."""
    *others, masking = study.at_rate(rate)
    scores: Sequence[tuple[str, Callable[[Interval], Interval] | None]] = [
        ("pesq", None), ("snr", None), ("above", _hundredfold), ("excess", None)
    ]  # fmt: skip
    rows = [
        [f"{masking} − {other}", *[_changed(study.difference(masking, other, name), scale) for name, scale in scores]]
        for other in others
    ]
    columns = [
        Column("difference"),
        Column("PESQ", "MOS", ".2f"),
        Column("SNR", "dB", ".1f"),
        Column("noise above threshold", "percentage points", ".1f"),
        Column("mean excess", "dB", ".2f"),
    ]
    return table(columns, rows, f"Differences at {rate:g} kb/s, paired over utterances. {_over(study)}.")


def sweeps(study: Study) -> Table:
    """Section 4.1: gamma and the mel scales of the masking loss at 20 kb/s, on both splits."""
    rows, base = [], study.swept[0]
    for name in study.swept:
        reported = published.VALIDATION_PESQ.get(name)
        rows.append([
            name,
            None if reported is None else Reported(f"{reported}", "§4.1"),
            study.value(name, "pesq", "validation"),
            None if name == base else study.difference(name, base, "pesq", "validation"),
            study.value(name, "pesq"),
            _percent(study, name, "above"),
            study.kilobits(name)[0],
        ])  # fmt: skip
    columns = [
        Column("coder"),
        Column("paper's validation PESQ", "MOS"),
        Column("validation PESQ", "MOS", ".2f"),
        Column("the same, less the first row's", "MOS, paired", ".3f"),
        Column("test PESQ", "MOS", ".2f"),
        Column("noise above threshold", "% of cells, test", ".1f"),
        Column("files", "kb/s, test", ".2f"),
    ]
    counts = study.condition(study.swept[0]).metrics
    caption = (
        "Section 4.1: gamma (0.8 elsewhere) and the mel scales (16, 32 and 64 bands elsewhere) of the masking loss. "
        f"Mean ± 95 % interval over {counts['validation']['utterances']} validation and {counts['test']['utterances']} "
        "test utterances. alpha 4 is the same in all rows: with gamma 0, or with other scales, the loss is also larger "
        "or smaller, and size and shape of the weighting are told apart neither here nor in the paper."
    )
    return table(columns, rows, caption)


def _pair(name: str, unit: str, form: str) -> list[Column]:
    return [Column(f"paper's {name}", unit), Column(name, unit, form)]


def _paper(row: published.Reported | None, score: str) -> Reported | None:
    """The paper's number with as many digits as it prints; None where it has none."""
    if row is None:
        return None
    return Reported(f"{getattr(row, score):.{3 if score == 'pesq' else 2}f}")


def _percent(study: Study, name: str, score: str) -> Interval | None:
    value = study.value(name, score)
    return _hundredfold(value) if value is not None and score in ("above", "above_high") else value


def _hundredfold(value: Interval) -> Interval:
    return Interval(100 * value.mean, 100 * value.half_width, value.count)


def _changed(value: Interval | None, change: Callable[[Interval], Interval] | None) -> Interval | None:
    return change(value) if value is not None and change is not None else value


def _over(study: Study) -> str:
    count = study.condition(study.table[0]).metrics["test"]["utterances"]
    return OVER.format(count, f"each the mean over {len(study.seeds)} seeds" if len(study.seeds) > 1 else "one seed")


def _asked(count: int) -> str:
    if count == 0:
        return "no test utterance: PEASS was left out"
    if count == 1:
        return "one test utterance, which gives no interval"
    return f"{count} test utterances, each of another speaker; mean ± 95 % interval over them"


def _failed(study: Study) -> str:
    failed = {name: study.condition(name).metrics["test"]["pesq_failed"] for name in study.table}
    told = ", ".join(f"{name}: {count}" for name, count in failed.items() if count)
    return f" Utterances without a PESQ: {told}." if told else ""
