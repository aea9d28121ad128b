"""Figures of the denoiser's chapter: the trainings on the way, scores by difficulty, and Figure 3 of the paper."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, PanelFigure, Theme
from paper_code.jnd_loss.enhancement import scores
from paper_code.jnd_loss.enhancement.configs import LOSSES, SHORT
from paper_code.jnd_loss.enhancement.evaluation import PAIRS
from paper_code.jnd_loss.enhancement.measurements import OURS
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.scores import GROUPS, MEASURES
from paper_code.jnd_loss.enhancement.study import Study

ROLES = {
    "noisy": "reference",
    "wiener": "codec",
    "logmmse": "codec",
    "germain": "stronger",
    "manocha": "document",
    "l1": "plain",
    "deep": "stronger",
    "jnd": "document",
}
SHADES = (("stronger", 1.0), ("stronger", 0.5), ("plain", 0.5), ("plain", 1.0))  # from hard to easy, pink to blue
STARTS = {"short_random": "plain", "short_subtraction": "corrected", "short_identity": "document"}
BAR = 0.2
SHORT_NAMES = {  # under bars
    "noisy": "noisy",
    "wiener": "Wiener",
    "logmmse": "log-\nMMSE",
    "germain": "Germain",
    "deep": "deep\nfeatures",
    "l1": "L1",
}
DRAWN = {"the released denoisers": ("noisy", "wiener", "logmmse", "germain", "manocha"), "ours": ("noisy", *LOSSES)}


def learning_curves(study: Study) -> Drawing:
    """SI-SNR on unheard mixtures while the denoisers learn, for each loss and for each start."""
    runs = {run: study.of(run) for run in LOSSES if study.of(run)}
    starts = {run: study.of(run) for run in SHORT if study.of(run)}

    def draw(theme: Theme) -> PanelFigure:
        figure, (first, second) = theme.figure(1, 2, height=2.7)
        for run, results in runs.items():
            for number, result in enumerate(results):
                line = theme.line(ROLES[run], marker=MARKERS[ROLES[run]], markersize=3)
                name = TITLES[run].removeprefix("ours, ") if number == 0 else None
                first.plot(result.curves["validated"], result.curves["si_snr"], label=name, **line)
        for run, results in starts.items():
            curves = results[0].curves
            role = STARTS[run]
            line = theme.line(role, marker=MARKERS[role], markersize=3)
            second.plot(curves["validated"], curves["validation"], label=run.removeprefix("short_"), **line)
        first.set(title="SI-SNR, unheard mixtures", xlabel="step", ylabel="dB")
        second.set(title="JND loss from three starts", xlabel="step", ylabel="JND loss")
        for place in (first, second):
            place.legend()
        return figure

    ends = "; ".join(f"{TITLES[run]} {results[0].curves['si_snr'][-1]:.1f} dB" for run, results in runs.items())
    return show(
        draw,
        "Left: the denoisers on mixtures of the validation side, which no training heard. Compare where the curves end: "
        "L1 asks for the waveform itself, the other two losses do not. Right: a short training with the JND loss from each "
        "of three starts; lower is better.",
        f"Two panels against training steps. SI-SNR at the end: {ends}.",
    )


def by_difficulty(study: Study) -> Drawing:
    """PESQ in the four groups, for the released denoisers beside what needs no training, and for ours."""
    panels = {title: [name for name in names if name in study.scores] for title, names in DRAWN.items()}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.9, sharey=True)
        for place, (title, names) in zip(axes, panels.items(), strict=True):
            for shift, name in zip(np.linspace(-0.16, 0.16, len(names)), names, strict=True):
                means = [scores.mean(_column(study, name, "pesq", group)) for group in GROUPS]
                values = np.array([mean.mean for mean in means])
                spread = np.abs(np.array([[mean.low, mean.high] for mean in means]).T - values)
                dash = {"linestyle": ":"} if name == "wiener" else {}
                line = theme.line(ROLES[name], marker=MARKERS[ROLES[name]], markersize=4, linewidth=1.2) | dash
                place.errorbar(
                    np.arange(4) + shift, values, np.nan_to_num(spread), capsize=2, label=TITLES[name], **line
                )
            place.set(title=title, ylabel="PESQ, MOS (predicted)", xticks=range(4), xticklabels=GROUPS)
            place.legend()
        return figure

    told = "; ".join(f"{TITLES[n]} {_pesq(study, n)}" for n in study.scores if n in ROLES)
    return show(
        draw,
        "PESQ on VoiceBank-DEMAND from the noisiest quarter of the utterances to the cleanest, with 95 % intervals over "
        "utterances. Look whether a line lies above *noisy, nothing done* everywhere: PESQ is a prediction of what people "
        "would say.",
        f"Two panels of PESQ in four groups by difficulty: {told}.",
    )


def _pesq(study: Study, name: str) -> str:
    return ", ".join(f"{scores.mean(_column(study, name, 'pesq', group)).mean:.2f}" for group in GROUPS)


def _column(study: Study, name: str, measure: str, group: str) -> np.ndarray:
    return np.asarray(study.scores[name][PAIRS][measure], dtype=float)[study.groups[group]]


def shares(study: Study, ours: str, other: str, measure: str) -> list[scores.Mean]:
    """The predicted share of utterances in which one method is preferred to another, a group each."""
    columns = [np.asarray(study.scores[name][PAIRS][measure], dtype=float) for name in (ours, other)]
    won = scores.preferred(*columns, MEASURES[measure].better)
    return [scores.share(won[study.groups[group]]) for group in GROUPS]


def figure_3(study: Study, ours: str, measures: Sequence[str] = ("pesq", "jnd")) -> Drawing:
    """Figure 3 of the paper, with predictions in the place of people. ours: "manocha" (released) or "jnd" (trained here).

    Paper: Manocha et al. 2020, Figure 3. Chapter: jnd_denoiser.
    """
    others = [name for name in OURS[ours] if name in study.scores]
    values = {m: {name: shares(study, ours, name, m) for name in others} for m in measures}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, len(measures), height=2.9, sharey=True)
        for place, measure in zip(axes, measures, strict=True):
            _bars(place, theme, list(values[measure].values()))
            names = [SHORT_NAMES[name] for name in others]
            place.set(title=f"preferred by {MEASURES[measure].title}", xticks=range(len(others)), ylim=(0, 105))
            place.set_xticklabels(names, fontsize=9)
            place.set_ylabel("% of utterances")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
        return figure

    told = "; ".join(
        f"by {MEASURES[m].title} over {TITLES[name]} {', '.join(f'{100 * s.mean:.0f}' for s in row)}"
        for m, columns in values.items()
        for name, row in columns.items()
    )
    return show(
        draw,
        f"Figure 3, predicted: the share of utterances in which *{TITLES[ours]}* is nearer to the clean speech than each "
        "baseline, from the noisiest quarter (pink) to the cleanest (blue), with Wilson's 95 % intervals. A bar above the "
        "dotted line says that ours would be preferred. *Nobody was asked*: the paper's bars are votes of people, "
        "and lie above the line everywhere. Ours was trained with the JND distance, so what that predicts is no "
        "surprise; PESQ had no part in any training.",
        f"Bars of the predicted share, per cent, in four groups from hard to easy: {told}.",
    )


def _bars(place: Axes, theme: Theme, rows: Sequence[Sequence[scores.Mean]]) -> None:
    for k, (group, (role, alpha)) in enumerate(zip(GROUPS, SHADES, strict=True)):
        means = [row[k] for row in rows]
        heights = np.array([100 * mean.mean for mean in means])
        ends = 100 * np.array([[mean.low, mean.high] for mean in means]).T
        x = np.arange(len(rows)) + (k - 1.5) * BAR
        place.bar(x, heights, BAR, color=theme.colour(role), alpha=alpha, label=group)
        place.errorbar(x, heights, np.abs(np.nan_to_num(ends - heights)), fmt="none", ecolor=theme.ink, elinewidth=0.8)
    place.axhline(50, color=theme.muted, linewidth=0.9, linestyle=":")
