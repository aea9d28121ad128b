"""Figures of the people: psychometric curves, growth with the reference level, and Figure 2, active learning.

Each takes the result of the run "people". Roles: answers black; the paper's curve for all at once blue; listeners who
differ, and active learning, vermilion.
Chapter: jnd_loss
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, PanelFigure, Theme, logarithmic
from paper_code.jnd_loss.procedures import ACTIVE, BAYESIAN, ONE_DOWN, TWO_DOWN, UNIFORM
from paper_code.lab.intervals import wilson
from paper_code.lab.store import Result
from paper_code.listeners.jnd.curves import probability
from paper_code.listeners.jnd.judgements import FULL

SHOWN = ("pink_noise", "brown_noise", "mp3", "reverb_noise", "combined_1", "reverb_1")  # one of each kind, and the
# noise whose thresholds follow Weber's law least
PROCEDURE_ROLES = {ACTIVE: "document", UNIFORM: "plain", TWO_DOWN: "stronger", ONE_DOWN: "corrected", BAYESIAN: "codec"}
LARGEST_ERROR = 30.0  # in strength, top of the axis
BESIDE = 1.7  # times an increment on either side, the least that a growth panel shows


def psychometric_curves(result: Result, lists: Sequence[str] = SHOWN) -> Drawing:
    """Share of "different" against strength in some lists (those that there are), with two models of it.

    Paper: Manocha et al. 2020, section 2.1.
    """
    shown = {name: of for name, of in result.metrics["lists"].items() if name in lists} or result.metrics["lists"]

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(-(-len(shown) // 3), 3, height=2.0)
        for place in axes[len(shown) :]:
            place.remove()
        for number, (place, (name, of_list)) in enumerate(zip(axes, shown.items(), strict=False)):
            _curves(place, name, of_list, theme, labels=number == 0)
        figure.legend(loc="outside upper left", ncols=1)
        return figure

    told = "; ".join(
        f"{words(name)}: {_told(of['curve'])} for all at once, {of['population']['fit']['median']:.0f} for the median "
        "listener"
        for name, of in shown.items()
    )
    tested = [of for of in shown.values() if of.get("curve goodness") and of["population goodness"]]
    nearer = sum(of["curve goodness"]["chi_square"] > of["population goodness"]["chi_square"] for of in tested)
    return show(
        draw,
        'How often the paper\'s listeners said "different" (black, Wilson 95 % intervals in bins of about as many '
        "answers) against the strength of the step. Compare the two models with the dots: the paper's one curve for "
        "all answers (blue, dashed), and what a population of listeners with thresholds of their own expects of each "
        "answer from the others of its series (red). Questions were chosen near each listener's own threshold, so "
        "one curve for all is drawn out by whoever hears late or early. The red line is the nearer one (chi-square) in "
        f"{nearer} of the {len(tested)} panels with enough answers to tell.",
        f"Panels of share against strength from 0 to {FULL:g}, rising from left to right. Thresholds: {told}.",
    )


def weber_growth(result: Result) -> Drawing:
    """How the level that must be added to a noise grows with the level of the noise in the reference; log-log."""
    growths = result.metrics["weber"]

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(-(-len(growths) // 3), 3, height=2.1)
        for number, (place, (name, growth)) in enumerate(zip(axes, growths.items(), strict=True)):
            _growth(place, name, growth, theme, labels=number == 0)
        figure.legend(loc="outside upper left", ncols=1)
        return figure

    told = "; ".join(
        f"{words(name)} {of['slope']:.2f} ({of['slope_interval'][0]:.2f} to {of['slope_interval'][1]:.2f})"
        for name, of in growths.items()
    )
    beyond = [words(name) for name, of in growths.items() if of["slope_interval"][1] < 1]
    return show(
        draw,
        "The noise that has to be added before half of the answers are “different”, against the noise that the reference "
        "already has, both as factors in the lists; bars are 95 % bootstrap intervals over listeners. Weber's law is the "
        "dotted line: twice the noise needs twice the addition. Look where points lie above it on the left: there the "
        "noise of the reference is so weak beside the speech that twice as much is still not heard. Slopes of the red "
        f"lines: {told}. Below 1 with all of the interval: {', '.join(beyond) or 'none'}.",
        f"Panels with points that rise from left to right on two logarithmic axes, flatter than in proportion. {told}.",
    )


def figure_2(result: Result) -> Drawing:
    """Figure 2: ten questions of active learning to one simulated listener; and how soon each procedure is near.

    Paper: Manocha et al. 2020, Figure 2.
    """
    sequence = {
        key.removeprefix("sequence/"): result.arrays[key] for key in result.arrays if key.startswith("sequence/")
    }
    errors = {name: result.arrays[f"error/{name}"] for name in PROCEDURE_ROLES}

    def draw(theme: Theme) -> PanelFigure:
        figure, (left, right) = theme.figure(1, 2, height=3.0)
        _questions(left, sequence, theme)
        for name, role in PROCEDURE_ROLES.items():
            trials = np.arange(1, len(errors[name]) + 1)
            right.plot(trials, np.minimum(errors[name], 2 * LARGEST_ERROR), **theme.line(role, label=name))
        right.set(
            xlabel="questions", ylabel="strength", title="error of half of the listeners", ylim=(1, LARGEST_ERROR)
        )
        logarithmic(right, "y")
        right.set_yticks([1, 2, 3, 5, 10, 20, 30])
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    truth, last = float(sequence["truth"]), float(sequence["thresholds"][-1])
    at = min(10, len(errors[ACTIVE]))
    told = "; ".join(f"{name} {_error(values[at - 1])}" for name, values in errors.items())
    best = min(errors, key=lambda name: errors[name][-1])
    return show(
        draw,
        "Figure 2 of the paper, run on simulated listeners drawn from the fitted populations. Left: the questions to one "
        "of them on the line from “no difference” to the strongest, below it in their order; hollow dots were called the "
        f"same, solid ones different. The upright line is the threshold, {truth:.0f}; the last estimate is {last:.0f}. "
        f"Right: the error that half of the listeners do not exceed. After {at} questions: {told}. After the last one "
        f"{best} is the nearest. A line begins where half of the listeners have an estimate.",
        f"Left: numbered dots along an axis of strength, gathering near {truth:.0f}. Right: five falling lines of error "
        f"against the number of questions. After {at} questions: {told}.",
    )


def words(name: str) -> str:
    """A list's name for people."""
    return "MP3" if name == "mp3" else name.replace("_", " ")


def _curves(place: Axes, name: str, of_list: Mapping[str, Any], theme: Theme, labels: bool) -> None:
    curve, bins = of_list["curve"], of_list["population goodness"]
    if "threshold" in curve:
        x = np.linspace(0, FULL, 101)
        shares = probability(x, curve["threshold"], curve["spread"], curve["lapse"])
        label = "one curve for all answers (the paper's)" if labels else None
        place.plot(x, 100 * shares, **theme.line("plain", label=label))
    if bins:
        _answers(place, bins, theme, labels)
    place.set(title=words(name), xlabel="strength", ylabel="%", xlim=(-3, FULL + 3), ylim=(-3, 103))
    place.set_xticks([0, 50, 100])
    place.set_yticks([0, 50, 100])


def _answers(place: Axes, bins: Mapping[str, Any], theme: Theme, labels: bool) -> None:
    """The expectation of the population, and the answers with their intervals, in bins of strength."""
    strength, counts, observed = (np.array(bins[key]) for key in ("strength", "counts", "observed"))
    label = "listeners with thresholds of their own" if labels else None
    place.plot(strength, 100 * np.array(bins["expected"]), **theme.line("document", label=label))
    ends = [wilson(round(share * count), int(count)) for share, count in zip(observed, counts, strict=True)]
    low, high = np.transpose(ends)
    bars = 100 * np.abs(np.stack([observed - low, high - observed]))
    mark = {"color": theme.reference, "marker": "o", "markersize": 3.5, "linestyle": "none", "linewidth": 1}
    place.errorbar(strength, 100 * observed, yerr=bars, label='said "different"' if labels else None, **mark)


def _growth(place: Axes, name: str, growth: Mapping[str, Any], theme: Theme, labels: bool) -> None:
    x, y, low, high = (np.array(growth[key]) for key in ("references", "increments", "low", "high"))
    shown = y > 0
    middle = np.exp(np.log(y[shown]).mean()), np.exp(np.log(x[shown]).mean())
    for slope, style, label in (
        (growth["slope"], theme.line("document", linewidth=1.3), "fitted line"),
        (1.0, {"color": theme.muted, "linestyle": ":"}, "Weber's law: in proportion"),
    ):
        place.plot(x, middle[0] * (x / middle[1]) ** slope, label=label if labels else None, **style)
    bars = np.abs(np.stack([y - low, high - y]))[:, shown]
    mark = {"color": theme.reference, "marker": "o", "markersize": 4, "linestyle": "none", "linewidth": 1}
    place.errorbar(x[shown], y[shown], yerr=bars, label="half say “different”" if labels else None, **mark)
    place.set(
        title=f"{words(name)}: slope {growth['slope']:.2f}", xlabel="noise in the reference", ylabel="added noise"
    )
    for axis in ("x", "y"):
        logarithmic(place, axis)
    place.set_ylim(y[shown].min() / BESIDE / 2, y[shown].max() * BESIDE * 2)
    place.set_xticks([0.001, 0.03, 1])


def _questions(place: Axes, sequence: Mapping[str, NDArray], theme: Theme) -> None:
    """The questions on the line, and below it one by one."""
    strengths, different, truth = sequence["strengths"], sequence["different"].astype(bool), float(sequence["truth"])
    order, colour = np.arange(1, len(strengths) + 1), theme.colour("document")
    place.axhline(0, color=theme.muted, linewidth=0.8, linestyle=(0, (4, 3)))
    place.axvline(truth, color=theme.ink, linewidth=1.2)
    place.plot(sequence["thresholds"], order, color=theme.muted, linewidth=1, marker="|", markersize=7)
    for rows in (np.zeros(len(order)), order):
        for answered, face in ((~different, "none"), (different, colour)):
            mark = {"marker": MARKERS["document"], "color": colour, "markerfacecolor": face, "linestyle": "none"}
            place.plot(strengths[answered], rows[answered], markersize=7, **mark)
    place.set(xlabel="strength", ylabel="question", xlim=(-2, FULL + 2), ylim=(len(order) + 0.7, -0.9))
    place.set_yticks([0, *order], ["all", *map(str, order)])
    place.set_title("solid: “different”, hollow: “same”")
    place.grid(False, axis="y")


def _told(curve: Mapping[str, Any]) -> str:
    return f"{curve['threshold']:.0f}" if "threshold" in curve else "none"


def _error(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "none yet"
