"""Figures of what the metrics learned: curves, accuracy by list, calibration, and what delays and gains do.

Roles: the levels and other floors blue, the paper's network vermilion, the one fit for use green.
Chapter: jnd_loss
"""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, PanelFigure, Theme
from paper_code.jnd_loss.configs import FLOORS, TITLES
from paper_code.jnd_loss.scores import POOLED
from paper_code.jnd_loss.study import Study
from paper_code.lab.intervals import Interval, interval_of_defined

LEARNED = {"scratch": "document", "fin": "stronger", "lin": "codec", "fit_for_use": "corrected"}  # run -> role
COMPARED = {  # title -> role and name in the measurements
    "levels alone, no sound": ("reference", "accuracy, levels alone"),
    "log-spectral distance": ("plain", "accuracy, a threshold a list, log-spectral distance"),
    "scratch": ("document", "accuracy, a threshold a list, Scratch"),
    "fit for use": ("corrected", "accuracy, a threshold a list, Fit for use"),
}
RELIABLE = {  # title -> role, run and way
    "log-spectral distance, one threshold": ("plain", FLOORS, "one"),
    "scratch, its classifier": ("document", "scratch", "classifier"),
    "fit for use, its classifier": ("corrected", "fit_for_use", "classifier"),
}
ROBUST = {  # run -> role
    "scratch": "document",
    "scratch_unshifted": "codec",
    "fit_for_use": "corrected",
}


def learning_curves(study: Study) -> Drawing:
    """Cross-entropy and accuracy on the validation speakers while the metrics learn, mean over seeds."""
    shown = {run: role for run, role in LEARNED.items() if study.of(run)}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.7)
        for place, name, factor in zip(axes, ("validation", "accuracy"), (1, 100), strict=True):
            for run, role in shown.items():
                steps = study.of(run)[0].curves["validated"]
                mean = factor * np.mean([result.curves[name] for result in study.of(run)], axis=0)
                line = theme.line(role, marker=MARKERS[role], linewidth=1.3, label=TITLES[run])
                place.plot(steps, mean, **line)
            place.set(xlabel="step")
        axes[0].set(title="cross-entropy")
        axes[1].set(title="% right")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
        return figure

    last = "; ".join(f"{TITLES[run]} {100 * _last(study, run):.1f} %" for run in shown)
    return show(
        draw,
        "On the judgements of two speakers that nothing learned from, while the metrics learn: cross-entropy (0.69 is a "
        "coin) and share of right answers, mean over seeds. A curve that still falls at its right end would gain from a "
        "longer training.",
        f"Curves over steps. Right answers at the end: {last}.",
    )


def _last(study: Study, run: str) -> float:
    return float(np.mean([result.curves["accuracy"][-1] for result in study.of(run)]))


def by_list(study: Study) -> Drawing:
    """Accuracy on every list: what never hears, what never learned, and two trained metrics."""
    names = [name for name in study.one(FLOORS).metrics["levels alone"] if name != POOLED]
    values = {
        title: [interval_of_defined(study.measurements.get(f"{key}, {name}", ())) for name in names]
        for title, (_, key) in COMPARED.items()
    }

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(height=0.32 * len(names) + 1.0)
        for offset, title in zip(np.linspace(-0.27, 0.27, len(values)), values, strict=True):
            role = COMPARED[title][0]
            for row, value in enumerate(values[title]):
                label = title if row == 0 else None
                _dot(place, value, row + offset, theme, role, label)
        place.set(xlabel="% right", ylim=(len(names) - 0.5, -0.5))
        place.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    pooled = "; ".join(f"{title} {100 * _mean(study, key):.1f} %" for title, (_, key) in COMPARED.items())
    return show(
        draw,
        "Held-out answers predicted on each list, with a threshold a list; bars are 95 % intervals over seeds. Look "
        "whether any metric lies to the right of the black diamonds, which know the levels and hear nothing. Pooled: "
        f"{pooled}.",
        f"Shares of right answers on {len(names)} lists. Pooled: {pooled}.",
    )


def _dot(place: Axes, value: Interval | None, height: float, theme: Theme, role: str, label: str | None) -> None:
    if value is None:
        return
    half = 100 * float(np.nan_to_num(value.half_width))
    mark = {"color": theme.colour(role), "marker": MARKERS[role], "linestyle": "none", "markersize": 5}
    place.errorbar(100 * value.mean, height, xerr=half, label=label, **mark)


def _mean(study: Study, name: str) -> float:
    value = interval_of_defined(study.measurements.get(name, ()))
    return float("nan") if value is None else value.mean


def calibration(study: Study) -> Drawing:
    """Reliability: what share a metric predicts, and what share of people said "different"."""
    curves = {title: _reliability(study, run, way) for title, (_, run, way) in RELIABLE.items() if study.of(run)}
    errors = "; ".join(f"{title} {100 * float(np.mean(error)):.1f} %" for title, (_, _, error) in curves.items())

    def draw(theme: Theme) -> PanelFigure:
        figure, (place,) = theme.figure(height=3.6)
        place.plot([0, 100], [0, 100], color=theme.muted, linewidth=1)
        for title, (predicted, observed, _) in curves.items():
            role = RELIABLE[title][0]
            line = theme.line(role, marker=MARKERS[role], linewidth=1.2, label=title)
            place.plot(100 * predicted, 100 * observed, **line)
        place.set(xlabel="% predicted to say “different”", ylabel="%", title="did say “different”")
        place.set(xlim=(0, 100), ylim=(0, 100))
        figure.legend(loc="outside upper left", ncols=1)
        return figure

    return show(
        draw,
        "Of all held-out pairs of which a metric says that so many would call them different, how many were? Ten groups of "
        "equal size, mean over seeds. On the diagonal a metric is calibrated; a flat curve says that it is too sure. Mean "
        f"distance from the diagonal: {errors}.",
        f"Predicted against observed shares. Mean distance from the diagonal: {errors}.",
    )


def _reliability(study: Study, run: str, way: str) -> tuple[NDArray, NDArray, list[float]]:
    metrics = [result.metrics for result in study.of(run)]
    if run == FLOORS:
        metrics = [each["log-spectral distance"] for each in metrics]
    curves = [each["calibration"][way] for each in metrics]
    predicted, observed = (np.mean([curve[key] for curve in curves], axis=0) for key in ("predicted", "observed"))
    return predicted, observed, [curve["error"][0] for curve in curves]


def robustness(study: Study) -> Drawing:
    """The distance of a sound from itself, later or louder, in medians of pairs that people called different."""
    shown = {run: role for run, role in ROBUST.items() if study.of(run)}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.7)
        for place, kind, unit in zip(axes, ("delay", "gain"), ("seconds", "decibels"), strict=True):
            for run, role in shown.items():
                tables = [result.metrics[kind] for result in study.of(run)]
                mean = np.mean([each["itself"] for each in tables], axis=0)
                line = theme.line(role, marker=MARKERS[role], linewidth=1.3, label=TITLES[run])
                place.plot(tables[0][unit], mean, **line)
            place.axhline(1, color=theme.muted, linewidth=0.8)
            place.set_ylim(bottom=0)
        axes[0].set(xlabel="s", title="later")
        axes[1].set(xlabel="dB", title="louder")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
        return figure

    told = "; ".join(
        f"{TITLES[run]}: {_at(study, run, 'delay'):.2f} later, {_at(study, run, 'gain'):.2f} louder" for run in shown
    )
    return show(
        draw,
        "The distance of a sound from itself, played later (left) and louder (right), mean over seeds. 1 is the median of "
        "the pairs that people called different. Nobody hears the delay, everybody hears 6 dB: a metric for both would lie "
        "at 0 on the left and climb above 1 on the right.",
        f"Distances at 0.25 s and 6 dB. {told}.",
    )


def _at(study: Study, run: str, kind: str) -> float:
    return float(np.mean([result.metrics[kind]["itself"][-1] for result in study.of(run)]))
