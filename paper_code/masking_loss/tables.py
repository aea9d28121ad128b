"""Tables of what came out: Table 1 in three parts with the paper's numbers beside ours, section 4.1, and other seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from paper_code.display.tables import Column, Reported, Table, table
from paper_code.lab.claims_file import reported
from paper_code.lab.errors import LabError
from paper_code.lab.intervals import Interval, interval, seeds_in_words
from paper_code.masking_loss.conditions import BASE, REPEATED, Condition
from paper_code.masking_loss.configs import LOSSES, RATES, SWEPT_RATE
from paper_code.masking_loss.evaluation import BANDS, PREDICTED, SCORES
from paper_code.masking_loss.study import CHAPTER, Study

OVER = (
    "Mean ± 95 % interval over {} test utterances; {}. Utterances of one speaker are alike, so the interval is "
    "probably too narrow"
)


SCORED = ("pesq", "snr", "above", "excess")  # what coders are compared by
SHARES = ("above", "above_high")  # scores that are shown in per cent


def table_1(study: Study) -> Table:
    """Bit rate, PESQ, SNR and STOI of every coder: the paper's value in italics, then ours."""
    rows, papers = [], reported(CHAPTER)["Table 1"]
    for condition in study.table:
        real, estimated = study.kilobits(condition)
        row: list[Any] = [condition.title, _paper(papers, condition, "kb/s"), real, estimated]
        for score in ("pesq", "snr"):
            row += [_paper(papers, condition, SCORES[score]), study.value(condition, score)]
        rows.append([*row, study.value(condition, "stoi")])
    columns = [
        Column("coder"),
        Column("paper's rate", "kb/s"),
        Column("files here", "kb/s", ".2f"),
        Column("estimate here", "kb/s", ".2f"),
        *_pair("PESQ", "MOS", ".2f"),
        *_pair("SNR", "dB", ".1f"),
        Column("STOI", "0–1", ".3f"),
    ]
    caption = (
        f"Table 1, paper (in italics) and here. {_over(study)}. The rate of the files is that of what was written and "
        "decoded again: of our coders whole files, of AMR-WB its stored frames, which are whole bytes. The estimate is "
        "the entropy of the symbols, as in the paper, and for AMR-WB its nominal rate. PESQ is a prediction, not a "
        "listening test. STOI, which the paper does not have, predicts how much of the speech is "
        "understood." + _failed(study) + _measured(study, "stoi")
    )
    return table(columns, rows, caption)


def rates_of_utterances(study: Study) -> str:
    """How far the rate of a single utterance may be from that of all, in Markdown."""
    told = []
    for condition in study.at_rate(SWEPT_RATE):
        values = study.condition(condition).arrays["test_kilobits"]
        told.append(f"{condition} {values.min():.1f} to {values.max():.1f}")
    return (
        "A trained coder keeps to its rate on average over much speech. Files of single test utterances take, in kb/s "
        f"(seed {study.seed}): {'; '.join(told)}."
    )


def table_1_peass(study: Study) -> Table:
    """APS, IPS and OPS of every coder: the paper's value in italics, then ours."""
    rows, papers = [], reported(CHAPTER)["Table 1"]
    columns = [Column("coder")]
    for score in ("aps", "ips", "ops"):
        columns += _pair(PREDICTED[score], "0–100", ".1f")
    for condition in study.table:
        row: list[Any] = [condition.title]
        for score in ("aps", "ips", "ops"):
            row += [_paper(papers, condition, PREDICTED[score]), study.value(condition, score)]
        rows.append(row)
    asked = study.condition(study.table[0]).metrics["predicted"]
    caption = (
        f"Table 1, PEASS: paper (in italics) and here, for the middle {asked['seconds']:g} s of "
        f"{_asked(asked['utterances'])}. Predictions, not listeners. Coding has no interferer: it is taken as "
        "silent, so IPS does not measure interference."
    )
    return table(columns, rows, caption)


def noise(study: Study) -> Table:
    """What the masking loss is for: where noise is over the threshold, and by how much."""
    rows: list[list[Any]] = []
    for condition in study.table:
        shown = [_shown(score, study.value(condition, score)) for score in ("above", "above_high", "excess")]
        rows.append([condition.title, *shown, *[study.band_level(condition, band) for band in BANDS]])
    columns = [
        Column("coder"),
        Column("noise above threshold", "% of cells", ".1f"),
        Column("over 4 kHz", "% of cells", ".1f"),
        Column("mean excess", "dB", ".2f"),
        *[Column(words, "dB", ".1f") for _, words in BANDS.values()],
    ]
    caption = (
        f"Noise and the masking threshold of the original. {_over(study)}. A cell is one frequency of one frame of 32 ms; "
        "the excess counts 0 where noise is below the threshold. Last two columns: how loud the decoded sound is there, as "
        f"the level over the original's, of the {len(study.heard)} test utterances that can be heard below. A level counts "
        "noise as well as speech: AMR-WB sends nothing above 7 kHz; what it has there comes from its decoder."
    )
    return table(columns, rows, caption)


def losses(study: Study) -> Table:
    """Each loss measured on all coders, with the paper's settings: whether a coder has learned what it was asked to."""
    scores = ("log_mel", "pmsqe", "masking")
    rows = [[each.title, *[study.value(each, score) for score in scores]] for each in study.table]
    columns = [
        Column("coder"),
        Column("log-mel loss", format=".3f"),
        Column("PMSQE loss", format=".3f"),
        Column("masking loss", format=".1f"),
    ]
    return table(columns, rows, f"The three losses on all coders. {_over(study)}; lower is better.")


def differences(study: Study) -> Table:
    """The masking coder minus every other condition of its rate, paired over utterances."""
    rows = []
    for rate in RATES:
        *others, masking = study.at_rate(rate)
        for other in others:
            apart = [_shown(score, study.difference(masking, other, score)) for score in SCORED]
            rows.append([f"{masking} − {other}", *apart])
    columns = [
        Column("difference"),
        *_scored_columns("percentage points", 1),
    ]
    return table(columns, rows, f"Differences between coders of one rate, paired over utterances. {_over(study)}.")


def repeated(study: Study) -> Table:
    """The trained coders: means over seeds, and differences paired by seed."""
    pairs = []
    for rate in RATES:
        mse, log_mel, pmsqe, masking = (Condition(loss, rate) for loss in LOSSES)
        pairs += [(masking, mse), (masking, log_mel), (masking, pmsqe), (pmsqe, mse), (pmsqe, log_mel)]
    scores = ("kilobits", *SCORED)
    rows = [[coder.title, *[_over_seeds(study, score, coder) for score in scores]] for coder in REPEATED]
    for first, second in pairs:
        rows.append([f"{first} − {second}", *[_over_seeds(study, score, first, second) for score in scores]])
    columns = [
        Column("coder, or difference"),
        Column("files", "kb/s", ".2f"),
        *_scored_columns("% of cells", 2),
    ]
    told = seeds_in_words([result.seed for result in study.of(masking)])
    caption = (
        "The coders of Table 1; a seed decides the start values of their network and the order of the speech. "
        f"{told[0].upper()}{told[1:]}, of the means over all test utterances; differences are paired by seed."
    )
    return table(columns, rows, caption)


def longer(study: Study) -> Table:
    """Coders with some times as many steps beside those of Table 1, and what the steps changed.

    Raises LabError for results without longer trainings, as those of the profile full.
    """
    if not study.longer:
        raise LabError(f"the profile {study.profile} has no longer trainings.")
    rows: list[list[Any]] = []
    for longer in study.longer:
        one, usual = study.of_seed(study.condition(longer).seed), longer.usual
        for each in (usual, longer):
            rows.append([each.title, one.condition(each).config["iterations"], *_scored(one, each)])
        apart = [_shown(score, one.difference(longer, usual, score)) for score in SCORED]
        rows.append([f"{usual}, difference", None, None, *apart])
    columns = [
        Column("coder"),
        Column("steps", format=",d"),
        Column("files", "kb/s", ".2f"),
        *_scored_columns("% of cells", 2),
    ]
    count = study.condition(study.table[0]).metrics["test"]["utterances"]
    caption = (
        "Coders with more steps, one seed. All other settings are the same; the learning rate falls as slowly as the "
        "training is long. "
        f"{OVER.format(count, 'differences are paired')}."
    )
    return table(columns, rows, caption)


def sweeps(study: Study) -> Table:
    """Section 4.1: gamma and the mel scales of the masking loss at 20 kb/s, on both splits.

    Raises LabError for results without these trainings, as those of short profiles.
    """
    if len(study.swept) < 2:
        raise LabError(f"the profile {study.profile} has no trainings with another gamma or other scales.")
    of_others = _other_seeds(study)
    study = study.of_seed(study.condition(study.swept[-1]).seed)
    rows, papers = [], reported(CHAPTER)["§4.1"]
    for condition in study.swept:
        rows.append([
            condition.title,
            _paper(papers, condition, "validation PESQ", "§4.1"),
            study.value(condition, "pesq", "validation"),
            None if condition == BASE else study.difference(condition, BASE, "pesq", "validation"),
            study.value(condition, "pesq"),
            _shown("above", study.value(condition, "above")),
            study.kilobits(condition)[0],
        ])  # fmt: skip
    columns = [
        Column("coder"),
        Column("paper's validation PESQ", "MOS"),
        Column("validation PESQ", "MOS", ".2f"),
        Column("the same, less the first row's", "MOS", ".3f"),
        Column("test PESQ", "MOS", ".2f"),
        Column("noise above threshold", "% of cells, test", ".1f"),
        Column("files", "kb/s, test", ".2f"),
    ]
    counts = study.condition(BASE).metrics
    caption = (
        "Section 4.1: gamma (0.8 elsewhere) and the mel scales (16, 32 and 64 bands elsewhere) of the masking loss, one "
        "seed. "
        f"Mean ± 95 % interval over {counts['validation']['utterances']} validation and {counts['test']['utterances']} "
        "test utterances; differences are paired. alpha 4 is the same in all rows: with gamma 0, or with other scales, the "
        "loss is also larger or smaller, so neither this page nor the paper can tell the size of the weighting from "
        f"its shape.{of_others}"
    )
    return table(columns, rows, caption)


def _other_seeds(study: Study) -> str:
    """What the first row of the sweeps would be with the other seeds; "" where there are none."""
    swept = study.condition(study.swept[-1]).seed
    others = [result.metrics["validation"]["pesq"] for result in study.of(BASE) if result.seed != swept]
    told = " and ".join(f"{value:.2f}" for value in others)
    return f" With other seeds the first row has a validation PESQ of {told}." if others else ""


def _over_seeds(study: Study, score: str, first: Condition, second: Condition | None = None) -> Interval | None:
    """The mean over test utterances of a condition, or how far it is above a second one's; None if not defined."""
    values = np.array([result.metrics["test"][score] for result in study.of(first)])
    if second is not None:
        values = values - [result.metrics["test"][score] for result in study.of(second)]
    return _shown(score, interval(values) if np.isfinite(values).all() else None)


def _scored_columns(share: str, digits: int) -> list[Column]:
    """The columns of SCORED.

    share: unit of the noise above the threshold.   digits: of that noise and of SNR; PESQ and the excess have one more.
    """
    more, usual = f".{digits + 1}f", f".{digits}f"
    return [
        Column("PESQ", "MOS", more),
        Column("SNR", "dB", usual),
        Column("noise above threshold", share, usual),
        Column("mean excess", "dB", more),
    ]


def _scored(study: Study, condition: Condition) -> list[Any]:
    return [study.kilobits(condition)[0], *[_shown(score, study.value(condition, score)) for score in SCORED]]


def _pair(name: str, unit: str, form: str) -> list[Column]:
    return [Column(f"paper's {name}", unit), Column(name, unit, form)]


def _paper(
    papers: Mapping[str, Mapping[str, str]], condition: Condition, column: str, place: str = ""
) -> Reported | None:
    """The paper's number as it prints it, with its place; None where it has none."""
    row = papers.get(condition.title)
    return None if row is None else Reported(row[column], place)


def _shown(score: str, value: Interval | None) -> Interval | None:
    """A value or a difference of a score as the tables have it: shares in per cent."""
    if value is None or score not in SHARES:
        return value
    return value.times(100)


def _over(study: Study) -> str:
    count = study.condition(study.table[0]).metrics["test"]["utterances"]
    return OVER.format(count, study.trainings)


def _asked(count: int) -> str:
    if count == 0:
        return "no test utterance: PEASS was left out"
    if count == 1:
        return "one test utterance, which gives no interval"
    return f"{count} test utterances, each of another speaker; mean ± 95 % interval over them"


def _failed(study: Study) -> str:
    failed = {each: sum(result.metrics["test"]["pesq_failed"] for result in study.of(each)) for each in study.table}
    told = ", ".join(f"{condition}: {count}" for condition, count in failed.items() if count)
    return f" Utterances without a PESQ: {told}." if told else ""


def _measured(study: Study, score: str) -> str:
    """Of how many trainings of Table 1 a score was measured; "" where all were."""
    all_of_them = [result for condition in study.table for result in study.of(condition)]
    those = [result for condition in study.table for result in study.measured(condition, score)]
    if len(those) == len(all_of_them):
        return ""
    return f" {SCORES[score]} was measured for {len(those)} of {len(all_of_them)} trainings; means are over those."
