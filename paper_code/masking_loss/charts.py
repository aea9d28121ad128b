"""Curves of the masking-loss chapter: the trainings on the way, and what came out against the bit rate."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, Theme
from paper_code.lab.claims_file import reported
from paper_code.lab.errors import LabError
from paper_code.masking_loss.conditions import FAMILIES, TABLE_1, Condition
from paper_code.masking_loss.figures import PAPERS_RATE, ROLES
from paper_code.masking_loss.study import CHAPTER, Study

# Panels of the figure against the bit rate: score of a condition, title, unit, factor.
PANELS = (
    ("pesq", "PESQ", "MOS (predicted)", 1.0),
    ("snr", "SNR", "dB", 1.0),
    ("above", "noise above threshold", "% of cells", 100.0),
    ("above_high", "noise above threshold, over 4 kHz", "% of cells", 100.0),
)


def training(study: Study, rate: float = PAPERS_RATE) -> Drawing:
    """Bit rate and signal-to-noise ratio on the way, of the coders of a rate (kb/s) and of the warm-up."""
    names = [condition for condition in study.at_rate(rate) if condition.trained]
    curves = {name: study.condition(name).curves for name in names}
    config = study.condition(names[0]).config
    begin, tolerance = config["warm_up"], config["tolerance"]
    shared = "and all coders share the training" if config["warm_up_loss"] else "with each coder's own loss"
    last = "; ".join(
        f"{name} {found['seen_snr'][-1]:.1f} dB at {found['seen_kilobits'][-1]:.1f} kb/s"
        for name, found in curves.items()
    )

    def draw(theme: Theme) -> Figure:
        figure, (first, second) = theme.figure(1, 2, height=2.8)
        for name, found in curves.items():
            family = name.family
            line = theme.line(ROLES[family], label=family, marker=MARKERS[ROLES[family]], markersize=3)
            first.plot(found["seen_validated"], found["seen_snr"], **line)
            second.plot(found["seen_validated"], found["seen_kilobits"], **line)
        for place in (first, second):
            place.axvline(begin, color=theme.muted, linewidth=0.8, linestyle=":")
            place.set_xlabel("step")
        second.axhspan(rate - tolerance, rate + tolerance, color=theme.muted, alpha=0.3, linewidth=0)
        first.set(title="unseen speakers", ylabel="SNR, dB")
        second.set(title="training speakers", ylabel="kb/s", xlim=first.get_xlim())
        first.legend()
        return figure

    return show(
        draw,
        f"Trainings for {rate:g} kb/s, seed {study.condition(names[0]).seed}. "
        f"Up to the dotted line nothing is quantised, {shared}. Then the bins are "
        f"placed, and the weight of the entropy is moved until the rate is within {tolerance:g} kb/s of its target (the "
        "grey band).",
        f"Two panels against training steps: the signal-to-noise ratio of four coders, and their bit rate. At the end: "
        f"{last}.",
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

    def draw(theme: Theme) -> Figure:
        figure, (place,) = theme.figure(1, 1, height=2.8)
        for name, both in curves.items():
            family = name.family
            for found, style, length in zip(both, (":", "-"), ("as in Table 1", "longer"), strict=True):
                line = {**theme.line(ROLES[family], label=f"{family}, {length}"), "linestyle": style}
                place.plot(found["seen_validated"], found["seen_snr"], **line)
        place.axvline(begin, color=theme.muted, linewidth=0.8, linestyle=":")
        place.set(xscale="log", xlabel="step, warm-up counted", ylabel="SNR, dB", title="unseen speakers")
        place.legend()
        return figure

    ends = [
        " and ".join(f"{found['seen_snr'][-1]:.1f} dB after {found['seen_validated'][-1]:,.0f} steps" for found in both)
        for both in curves.values()
    ]
    last = "; ".join(f"{name} {told}" for name, told in zip(curves, ends, strict=True))
    return show(
        draw,
        "The same coders trained for Table 1 (dotted) and longer (solid), frames of the validation speakers. Quantisation "
        "begins at the upright line. The learning rate falls to its end in both, so the dotted line is not the beginning "
        "of the solid one.",
        "Signal-to-noise ratio against training steps, warm-up counted, on a logarithmic axis, of two trainings each: "
        f"{last}.",
    )


def by_rate(study: Study) -> Drawing:
    """PESQ, SNR and noise above the threshold against the real bit rate, one line a kind of coder."""
    found = {family: _points(study, kind) for kind, family in FAMILIES.items()}

    def draw(theme: Theme) -> Figure:
        figure, axes = theme.figure(2, 2, height=2.5, sharex=True)
        for place, (score, title, unit, factor) in zip(axes, PANELS, strict=True):
            for family, points in found.items():
                _line(place, theme, family, points["kilobits"], factor * points[score], factor * points[f"{score} ±"])
            place.set(title=title, ylabel=unit)
        for place in axes if theme.narrow else axes[-2:]:
            place.set_xlabel("kb/s")
        axes[0].legend(ncols=1 if theme.narrow else 2)
        return figure

    return show(
        draw,
        "The test utterances against the bit rate of the real files, with 95 % intervals over utterances. PESQ and SNR: "
        "higher is better. Noise above the threshold: lower is better, and it is what the masking loss asks for. PESQ is "
        "a prediction of listeners, not their word.",
        "Four panels against the bit rate with a line each for AMR-WB and the coders trained with the squared error, "
        "the log-mel loss, PMSQE and the masking loss: "
        + "; ".join(f"{f} PESQ {_listed(points['pesq'])}" for f, points in found.items())
        + ".",
    )


def paper_and_here(study: Study) -> Drawing:
    """PESQ and SNR of Table 1 against the bit rate: the paper's left, ours right, on one scale."""
    here = {family: _points(study, kind) for kind, family in FAMILIES.items()}
    paper = {family: _papers(kind) for kind, family in FAMILIES.items() if kind != "mse"}

    def draw(theme: Theme) -> Figure:
        figure, axes = theme.figure(2, 2, height=2.4, sharex=True)
        for row, (score, title) in enumerate((("pesq", "PESQ"), ("snr", "SNR"))):
            for column, (who, values) in enumerate((("paper", paper), ("here", here))):
                place = axes[2 * row + column]
                for family, points in values.items():
                    _line(place, theme, family, points["kilobits"], points[score])
                place.set(title=f"{title}, {who}", ylabel="MOS (predicted)" if score == "pesq" else "dB")
        for first in (0, 2):
            ends = [axes[first + k].get_ylim() for k in (0, 1)]
            for k in (0, 1):
                axes[first + k].set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
        for place in axes if theme.narrow else axes[-2:]:
            place.set_xlabel("kb/s")
        axes[1].legend()
        return figure

    return show(
        draw,
        "Table 1 as a picture: PESQ and SNR against the bit rate, the paper's coders left and ours right. Look at the "
        "order of the lines and where each stands to AMR-WB; the speech is not the same.",
        "Four panels: PESQ and signal-to-noise ratio against the bit rate, in the paper and here, with lines for AMR-WB "
        "and the coders. PESQ, paper and here: "
        + "; ".join(f"{f} {_listed(points['pesq'])} and {_listed(here[f]['pesq'])}" for f, points in paper.items())
        + ".",
    )


def _listed(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _of_kind(kind: str) -> list[Condition]:
    """The conditions of Table 1 of one kind, from the lowest bit rate to the highest."""
    return [condition for condition in TABLE_1 if condition.kind == kind]


def _points(study: Study, kind: str) -> dict[str, NDArray[np.float64]]:
    names = _of_kind(kind)
    found = {"kilobits": np.array([study.kilobits(name)[0] for name in names])}
    for score, *_ in PANELS:
        values = [study.value(name, score) for name in names]
        found[score] = np.array([np.nan if value is None else value.mean for value in values])
        found[f"{score} ±"] = np.array([np.nan if value is None else value.half_width for value in values])
    return found


def _papers(kind: str) -> Mapping[str, NDArray[np.float64]]:
    papers, columns = reported(CHAPTER)["Table 1"], {"kilobits": "kb/s", "pesq": "PESQ", "snr": "SNR"}
    rows = [papers[condition.title] for condition in _of_kind(kind)]
    return {key: np.array([float(row[column]) for row in rows]) for key, column in columns.items()}


def _line(
    place: Axes,
    theme: Theme,
    family: str,
    kilobits: NDArray[np.float64],
    values: NDArray[np.float64],
    spread: NDArray[np.float64] | None = None,
) -> None:
    role = ROLES[family]
    line = theme.line(role, marker=MARKERS[role], markersize=4, linewidth=1.3, label=family)
    place.errorbar(kilobits, values, yerr=None if spread is None else np.nan_to_num(spread), capsize=2, **line)
