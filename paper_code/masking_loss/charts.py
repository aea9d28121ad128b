"""Curves of the masking-loss chapter: the trainings on the way, and what came out against the bit rate."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.loudness import minus
from paper_code.display.style import MARKERS, PanelFigure, Theme, logarithmic
from paper_code.lab.claims_file import reported
from paper_code.lab.errors import LabError
from paper_code.lab.intervals import Interval
from paper_code.masking_loss.conditions import FAMILIES, TABLE_1, Condition
from paper_code.masking_loss.configs import AMR_WB_RATES
from paper_code.masking_loss.evaluation import PREDICTED
from paper_code.masking_loss.figures import PAPERS_RATE, ROLES
from paper_code.masking_loss.study import CHAPTER, Study

# Panels of the figure against the bit rate: score of a condition, title, unit, factor.
PANELS = (
    ("pesq", "PESQ", "MOS (predicted)", 1.0),
    ("snr", "SNR", "dB", 1.0),
    ("above", "noise above threshold", "% of cells", 100.0),
    ("above_high", "noise above threshold, over 4 kHz", "% of cells", 100.0),
)
SCORES = tuple(score for score, *_ in PANELS)
FLOORS = {"MDCT": (":", "x"), "untrained": ("-.", "*")}  # what has no role is grey: how its line and points look
PAPERS_KINDS = ("amr_wb", "log_mel", "pmsqe", "masking")
# Scores of the paper's Table 1 by the names of its columns.
PAPERS_COLUMNS = {"kilobits": "kb/s", "pesq": "PESQ", "snr": "SNR", "aps": "APS", "ips": "IPS", "ops": "OPS"}
LOSS_PANELS = {"log_mel": "log-mel loss", "pmsqe": "PMSQE loss", "masking": "masking loss"}
# Panels of the differences: score, title, unit, factor.
DIFFERENCE_PANELS = (
    ("pesq", "PESQ", "MOS (predicted)", 1.0),
    ("snr", "SNR", "dB", 1.0),
    ("above", "noise above threshold", "percentage points", 100.0),
    ("excess", "mean excess", "dB", 1.0),
)


def training(study: Study, rate: float = PAPERS_RATE) -> Drawing:
    """Bit rate and signal-to-noise ratio on the way, of the coders of a rate (kb/s) and of the warm-up."""
    names = [condition for condition in study.at_rate(rate) if condition.trained]
    curves = {name: study.condition(name).curves for name in names}
    config = study.condition(names[0]).config
    begin, tolerance = config["warm_up"], config["tolerance"]
    last = "; ".join(
        f"{name} {found['seen_snr'][-1]:.1f} dB at {found['seen_kilobits'][-1]:.1f} kb/s"
        for name, found in curves.items()
    )

    def draw(theme: Theme) -> PanelFigure:
        figure, (first, second) = theme.figure(1, 2, height=2.8)
        for name, found in curves.items():
            family = name.family
            line = theme.line(ROLES[family], label=family, marker=MARKERS[ROLES[family]], markersize=3)
            first.plot(found["seen_validated"], found["seen_snr"], **line)
            second.plot(found["seen_validated"], found["seen_kilobits"], **line)
        for place in (first, second):
            if begin:
                place.axvline(begin, color=theme.muted, linewidth=0.8, linestyle=":")
            place.set_xlabel("step")
        second.axhspan(rate - tolerance, rate + tolerance, color=theme.muted, alpha=0.3, linewidth=0)
        first.set(title="unseen speakers", ylabel="SNR, dB")
        second.set(title="training speakers", ylabel="kb/s", xlim=first.get_xlim())
        first.legend()
        return figure

    return show(
        draw,
        f"Trainings for {rate:g} kb/s, seed {study.condition(names[0]).seed}. {_beginning(config)} Look at how each coder "
        f"keeps to its rate: within {tolerance:g} kb/s of its target lies the grey band.",
        f"Two panels against training steps: the signal-to-noise ratio of four coders, and their bit rate. At the end: "
        f"{last}.",
    )


def _beginning(config: Mapping[str, Any]) -> str:
    """How the trainings of a config begin, in a sentence or two."""
    if not config["warm_up"]:
        return "Every coder begins as the same transform, and quantises from its first step on."
    shared = "and all coders share the training" if config["warm_up_loss"] else "with each coder's own loss"
    return (
        f"Up to the dotted line nothing is quantised, {shared}. Then the bins are placed, and the rate is controlled."
    )


def longer(study: Study) -> Drawing:
    """Signal-to-noise ratio on the way, of the coders that were trained longer and of those of Table 1 beside them.

    Raises LabError for results without longer trainings, as those of the profile full.
    """
    if not study.longer:
        raise LabError(f"the profile {study.profile} has no longer trainings.")
    pairs = {condition.usual: study.condition(condition) for condition in study.longer}
    usual = study.of_seed(next(iter(pairs.values())).seed)
    curves = {name: (usual.condition(name).curves, more.curves) for name, more in pairs.items()}
    begin = next(iter(pairs.values())).config["warm_up"]

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(1, 1, height=2.8)
        for name, both in curves.items():
            family = name.family
            for found, style, length in zip(both, (":", "-"), ("as in Table 1", "longer"), strict=True):
                line = {**theme.line(ROLES[family], label=f"{family}, {length}"), "linestyle": style}
                place.plot(found["seen_validated"], found["seen_snr"], **line)
        if begin:
            place.axvline(begin, color=theme.muted, linewidth=0.8, linestyle=":")
        place.set(xlabel="step", ylabel="SNR, dB", title="unseen speakers")
        logarithmic(place, "x")
        place.legend()
        return figure

    ends = [
        " and ".join(f"{found['seen_snr'][-1]:.1f} dB after {found['seen_validated'][-1]:,.0f} steps" for found in both)
        for both in curves.values()
    ]
    last = "; ".join(f"{name} {told}" for name, told in zip(curves, ends, strict=True))
    return show(
        draw,
        "The same coders trained for Table 1 (dotted) and longer (solid), frames of the validation speakers. "
        "The learning rate falls to its end in both, so the dotted line is not the beginning of the solid one.",
        f"Signal-to-noise ratio against training steps, on a logarithmic axis, of two trainings each: {last}.",
    )


def by_rate(study: Study) -> Drawing:
    """PESQ, SNR and noise above the threshold against the real bit rate, one line a kind of coder."""
    found = {family: _points(study, kind) for kind, family in FAMILIES.items()}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.5, sharex=True)
        for place, (score, title, unit, factor) in zip(axes, PANELS, strict=True):
            for family, points in found.items():
                _line(place, theme, family, points["kilobits"], factor * points[score], factor * points[f"{score} ±"])
            place.set(title=title, ylabel=unit, xlabel="kb/s")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        return figure

    return show(
        draw,
        "The test utterances against the bit rate of the real files, with 95 % intervals over utterances. PESQ and SNR: "
        "higher is better. Noise above the threshold: lower is better, and it is what the masking loss asks for. "
        "PESQ is a prediction, not a listening test.",
        "Four panels against the bit rate with a line each for AMR-WB, two transforms without training, and the coders "
        "trained with the squared error, the log-mel loss, PMSQE and the masking loss: "
        + "; ".join(f"{f} PESQ {_listed(points['pesq'])}" for f, points in found.items())
        + ".",
    )


def paper_and_here(study: Study) -> Drawing:
    """PESQ and SNR of Table 1 against the bit rate: the paper's left, ours right, on one scale."""
    return _beside_the_paper(
        study,
        {"pesq": ("PESQ", "MOS (predicted)"), "snr": ("SNR", "dB")},
        "Table 1 as a picture: PESQ and SNR against the bit rate, the paper's coders left and ours right. Look at "
        "the order of the lines, and at where each lies relative to AMR-WB. The speech is not the same.",
    )


def peass(study: Study) -> Drawing:
    """OPS, APS and IPS of Table 1 against the bit rate: the paper's left, ours right, on one scale."""
    return _beside_the_paper(
        study,
        {score: (PREDICTED[score], "of 100 (predicted)") for score in ("ops", "aps", "ips")},
        "PEASS of Table 1 as a picture, the paper's coders left and ours right; higher is better. Look at OPS, the whole: "
        "which lines lie above that of AMR-WB in the paper, and which here.",
    )


def _beside_the_paper(study: Study, scores: Mapping[str, tuple[str, str]], caption: str) -> Drawing:
    """A row of panels a score, the paper's and ours. scores: name -> title and unit."""
    values = {
        "paper": {family: _papers(kind, scores) for kind, family in FAMILIES.items() if kind in PAPERS_KINDS},
        "here": {family: _points(study, kind, scores) for kind, family in FAMILIES.items()},
    }

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(len(scores), 2, height=2.1, sharex=True)
        places = iter(axes)
        for score, (title, unit) in scores.items():
            row = {who: next(places) for who in values}
            for who, place in row.items():
                for family, points in values[who].items():
                    _line(place, theme, family, points["kilobits"], points[score])
                place.set(title=f"{title}, {who}", ylabel=unit, xlabel="kb/s")
            ends = [end for place in row.values() for end in place.get_ylim()]
            for place in row.values():
                place.set_ylim(min(ends), max(ends))
        figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        return figure

    score, (title, _) = next(iter(scores.items()))
    told = "; ".join(
        f"{family} {_listed(points[score])} and {_listed(values['here'][family][score])}"
        for family, points in values["paper"].items()
    )
    titles = ", ".join(title for title, _ in scores.values())
    return show(
        draw,
        caption,
        f"Two panels each of {titles} against the bit rate, in the paper and here, with lines for AMR-WB and the coders. "
        f"{title}, paper and here: {told}.",
    )


def losses(study: Study) -> Drawing:
    """Each loss measured on all coders, against the bit rate."""
    found = {family: _points(study, kind, LOSS_PANELS) for kind, family in FAMILIES.items()}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 3, height=2.4)
        for place, (score, title) in zip(axes, LOSS_PANELS.items(), strict=True):
            for family, points in found.items():
                _line(place, theme, family, points["kilobits"], points[score], points[f"{score} ±"])
            place.set(title=title, xlabel="kb/s")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        return figure

    lowest = (
        f"{title}: {min(found, key=lambda family: np.nanmean(found[family][score]))}"
        for score, title in LOSS_PANELS.items()
    )
    return show(
        draw,
        "The three losses on all coders, with the paper's settings, against the bit rate; lower is better. Look whether "
        "the lowest line of a panel is that of the coder that was trained with its loss.",
        f"Three panels against the bit rate, one a loss. Lowest on average over the rates: {', '.join(lowest)}.",
    )


def differences(study: Study) -> Drawing:
    """The masking coder minus every other one of its rate, paired over utterances, against the rate."""
    found = {family: _apart(study, kind) for kind, family in FAMILIES.items() if kind != "masking"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.4, sharex=True)
        for place, (score, title, unit, factor) in zip(axes, DIFFERENCE_PANELS, strict=True):
            for shift, (family, points) in zip(np.linspace(-0.4, 0.4, len(found)), found.items(), strict=True):
                values, spread = factor * points[score], factor * points[f"{score} ±"]
                _line(place, theme, family, points["kilobits"] + shift, values, spread)
            place.axhline(0, color=theme.muted, linewidth=0.8)
            place.set(title=title, ylabel=unit, xlabel="kb/s", xticks=list(AMR_WB_RATES))
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        return figure

    return show(
        draw,
        "The masking coder minus each other coder of its rate, paired over utterances, with 95 % intervals; the line at 0 "
        "is the masking coder itself. PESQ and SNR above the line: the masking coder is better. Noise above the threshold "
        "and its mean excess below the line: it is better.",
        "Four panels of differences against the bit rate, one line for each other coder. Noise above the threshold, "
        "percentage points: "
        + "; ".join(f"{family} {_listed(100 * points['above'])}" for family, points in found.items())
        + ".",
    )


def _listed(values: NDArray[np.float64]) -> str:
    return ", ".join(minus(value, 2) for value in values)


def _of_kind(kind: str) -> list[Condition]:
    """The conditions of Table 1 of one kind, from the lowest bit rate to the highest."""
    return [condition for condition in TABLE_1 if condition.kind == kind]


def _points(study: Study, kind: str, scores: Iterable[str] = SCORES) -> dict[str, NDArray[np.float64]]:
    """Of a kind of coder at all rates: bit rate of its files, and each score with its half interval."""
    names = _of_kind(kind)
    found = {"kilobits": np.array([study.kilobits(name)[0] for name in names])}
    for score in scores:
        found |= _with_spread(score, [study.value(name, score) for name in names])
    return found


def _apart(study: Study, kind: str) -> dict[str, NDArray[np.float64]]:
    """The masking coder minus a kind of coder at all rates: nominal rate, and each score with its half interval."""
    pairs = list(zip(_of_kind("masking"), _of_kind(kind), strict=True))
    found = {"kilobits": np.array(list(AMR_WB_RATES))}
    for score, *_ in DIFFERENCE_PANELS:
        found |= _with_spread(score, [study.difference(*pair, score) for pair in pairs])
    return found


def _with_spread(score: str, values: Sequence[Interval | None]) -> dict[str, NDArray[np.float64]]:
    return {
        score: np.array([np.nan if value is None else value.mean for value in values]),
        f"{score} ±": np.array([np.nan if value is None else value.half_width for value in values]),
    }


def _papers(kind: str, scores: Iterable[str] = ("pesq", "snr")) -> Mapping[str, NDArray[np.float64]]:
    papers = reported(CHAPTER)["Table 1"]
    rows = [papers[condition.title] for condition in _of_kind(kind)]
    return {key: np.array([float(row[PAPERS_COLUMNS[key]]) for row in rows]) for key in ("kilobits", *scores)}


def _line(
    place: Axes,
    theme: Theme,
    family: str,
    kilobits: NDArray[np.float64],
    values: NDArray[np.float64],
    spread: NDArray[np.float64] | None = None,
) -> None:
    look = {"markersize": 4, "linewidth": 1.3, "label": family}
    if family in FLOORS:
        line = look | {"color": theme.muted} | dict(zip(("linestyle", "marker"), FLOORS[family], strict=True))
    else:
        line = theme.line(ROLES[family], marker=MARKERS[ROLES[family]], **look)
    place.errorbar(kilobits, values, yerr=None if spread is None else np.nan_to_num(spread), capsize=2, **line)
