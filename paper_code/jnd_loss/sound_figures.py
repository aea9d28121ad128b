"""Figures and players of sounds: Table 1 as it is claimed, measured and heard, and Figure 1, noise against a missing band.

Chapter: jnd_loss
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.audio.perturbations.noises import NOISES
from paper_code.audio.perturbations.space import MOST
from paper_code.display.figures import Drawing, show
from paper_code.display.players import Missing, Player, missing_recording, series
from paper_code.display.style import PanelFigure, Theme, logarithmic
from paper_code.display.tables import Column, Table, table
from paper_code.jnd_loss import noise_or_band, stimuli, table_1
from paper_code.jnd_loss.measures import conventional, released
from paper_code.lab.store import Result

LEVELS = (30.0, 60.0, 90.0)  # that are heard
STEPS = (2, 4, 6)  # of Figure 1 that are heard, from 0
CATEGORIES = ("additive", "reverb", "compression", "equalisation", "miscellaneous")  # categories of Table 1


@dataclass(frozen=True)
class Panel:
    """A panel of the chart of Table 1. rows: of the table.   unit: of the axis.   equal_ratios: logarithmic axis."""

    title: str
    rows: Sequence[str]
    unit: str
    equal_ratios: bool = False


PANELS = (
    Panel("noises", [name for name in table_1.ROWS if name in NOISES], "dB SNR"),
    Panel("direct to reverberant", ["direct_to_reverberant"], "dB"),
    Panel("reverberation time", ["reverberation_time"], "s", True),
    Panel("MP3", ["mp3"], "kb/s", True),
    Panel("mu-law", ["mu_law"], "bits", True),
    Panel("equaliser, three bands", ["equaliser_low", "equaliser_middle", "equaliser_high"], "gain"),
    Panel("pops", ["pops"], "% of samples", True),
    Panel("dropouts", ["dropouts"], "% of samples", True),
    Panel("Griffin-Lim: spectra off", ["griffin_lim"], "dB"),
)


def table_1_measured(result: Result) -> Drawing:
    """What each row of Table 1 claims at levels from 0 to 100, and what is measured; result: of "perturbations".

    Paper: Manocha et al. 2020, Table 1.
    """
    levels, rows = np.array(result.metrics["levels"]), result.metrics["rows"]

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(len(PANELS) // 3, 3, height=1.9)
        for number, (place, panel) in enumerate(zip(axes, PANELS, strict=True)):
            _measured(place, panel, levels, rows, theme, labels=number == 0)
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    loops = table_1.ROWS["griffin_lim"]
    told = ", ".join(
        f"{value:.0f} dB after {count}"
        for value, count in zip(rows["griffin_lim"]["measured"], rows["griffin_lim"]["claimed"], strict=True)
    )
    return show(
        draw,
        "Table 1 as a function of the level: the line is what a row claims, the dots are what is measured of the sound. "
        "Look for dots off the line. MP3 is what the coder was set to: at 16 kHz there is nothing above 160 kb/s. Steps of "
        f"mu-law can be counted up to {table_1.STEPS_TOLD} bits. Griffin-Lim claims {loops.weakest:g} to "
        f"{loops.strongest:g} iterations, which no sound shows; here stands how far its spectra are from those it was "
        "made of.",
        f"Nine panels against level. Noises fall from {rows['white_noise']['measured'][0]:.0f} to "
        f"{rows['white_noise']['measured'][-1]:.0f} dB SNR, with dots on the line; Griffin-Lim: {told} iterations.",
    )


def table_1_player(category: str, synthetic: bool = False, seconds: float = 2.5) -> Player:
    """The rows of a category of Table 1 (see CATEGORIES) at three levels, beside the utterance itself.

    seconds: of sound, at 16 kHz. Without recordings the player says how to get them.
    """
    rows = {row.title: row for row in table_1.ROWS.values() if row.group == category}
    sounds: dict[str, dict[object, Clip | Missing]] = {}
    try:
        clean: Clip | Missing = table_1.utterance(seconds, synthetic)
    except corpora.RecordingMissing:
        clean = missing_recording("the utterance", [stimuli.recordings("test")[0].path])
    for title, row in rows.items():
        sounds[title] = {f"{level:g}": _heard(row.name, level, clean) for level in LEVELS}
    titles: dict[str, list[str]] = {}
    for title, row in rows.items():
        told = f"{', '.join(f'{row.strength(level):.3g}' for level in LEVELS)} {row.unit}"
        titles.setdefault(told, []).append(title)
    strengths = "; ".join(f"{', '.join(names)} {told}" for told, names in titles.items())
    return series(
        sounds,
        f"Table 1, {category}",
        f"Move the slider: at which level do you hear the first difference? Strengths: {strengths}.",
        reference={"the utterance": clean},
        step_name="level",
        roles={"the utterance": "reference"},
        spectrograms=False,
    )


def noise_or_band_figure(result: Result) -> Drawing:
    """Figure 1: how far each measure puts white noise and a missing band; result: of "noise_or_band".

    Paper: Manocha et al. 2020, Figure 1.
    """
    found, titles = noise_or_band.kept(result), measure_titles()

    def draw(theme: Theme) -> PanelFigure:
        names = list(found.noise)
        figure, axes = theme.figure(-(-len(names) // 3), 3, height=1.9)
        for place in axes[len(names) :]:
            place.remove()
        for number, (place, name) in enumerate(zip(axes, names, strict=False)):
            _distances(place, found, name, titles[name], theme, labels=number == 0)
        figure.legend(loc="outside upper left", ncols=2)
        return figure

    nearer = _nearer_in_words(found, titles)
    return show(
        draw,
        "Figure 1 of the paper on one utterance. From step to step the noise grows evenly in dB "
        f"({found.snr[0]:g} to {found.snr[-1]:g} dB SNR) and the band shrinks evenly in octaves "
        f"({found.cutoff[0] / 1000:g} to {found.cutoff[-1] / 1000:g} kHz). Each panel is a measure, scaled to its own "
        "range from the least to the largest distance. The lower line is what the measure calls nearer. Where the "
        f"lines cross differs. At the middle step {nearer}. Nobody was asked about these sounds: who is right is unknown.",
        f"Panels with two rising lines of distance against step, noise and band, which cross in some. At the middle step "
        f"{nearer}.",
    )


def noise_or_band_table(result: Result) -> Table:
    """For each measure, which is nearer at the middle step, and the noise that is as far as a band of so many kHz."""
    found, titles = noise_or_band.kept(result), measure_titles()
    middle = len(found.snr) // 2
    columns = ["measure", "nearer", Column("as far as", "dB SNR")]
    rows = [
        [titles[name], _side(found.nearer(name)[middle, middle]), _snr(found.equal_noise(name)[middle])]
        for name in found.noise
    ]
    return table(
        columns,
        rows,
        f"Noise at {found.snr[middle]:.0f} dB SNR or a band that ends at {found.cutoff[middle] / 1000:.1f} kHz: which is "
        "nearer to the reference, by each measure, and the noise that it puts as far as that band.",
    )


def noise_or_band_player(synthetic: bool = False) -> Player:
    """The sounds of Figure 1 at three of its steps, beside the reference."""
    labels = ("white noise", "missing band")
    try:
        reference: Clip | Missing = noise_or_band.utterance(synthetic)
    except corpora.RecordingMissing:
        reference = missing_recording("reference", [noise_or_band.recording().path])
    if isinstance(reference, Clip):
        both = noise_or_band.sounds(reference)
        rows = {
            label: {f"{step + 1}": replace(made[step], title=label) for step in STEPS}
            for label, made in zip(labels, both, strict=True)
        }
    else:
        rows = {label: {f"{step + 1}": replace(reference, label=label) for step in STEPS} for label in labels}
    snr, cutoff = noise_or_band.levels()
    told = "; ".join(f"{step + 1}: {snr[step]:.0f} dB SNR, {cutoff[step] / 1000:.1f} kHz" for step in STEPS)
    return series(
        rows,
        "Figure 1: which is nearer?",
        f"Noise or a missing band, as far along its range: which sounds nearer to the reference? Steps {told}.",
        reference={"reference": reference},
        step_name="step",
        roles={"reference": "reference"},
    )


def measure_titles() -> dict[str, str]:
    """The titles of the measures of Figure 1."""
    return {name: measure.title for name, measure in {**released(), **conventional()}.items()}


def _heard(name: str, level: float, clean: Clip | Missing) -> Clip | Missing:
    """The utterance under a row at a level."""
    row = table_1.ROWS[name]
    if isinstance(clean, Missing):
        return replace(clean, label=row.title)
    try:
        waveform = table_1.perturbed(row, level, clean.waveform)
    except corpora.RecordingMissing:
        return missing_recording(row.title, [NOISES[name].recording])
    heard = clean.with_waveform(waveform, f"{row.title}: {row.strength(level):.3g} {row.unit}")
    return replace(heard, attribution=f"{clean.attribution}; {_noise_source(name)}") if _noise_source(name) else heard


def _noise_source(name: str) -> str:
    """Whose recording a noise is; "" for what is no recording."""
    if name not in NOISES or not NOISES[name].recording:
        return ""
    file = corpora.recording(NOISES[name].recording)
    return f"noise: {file.title}, {file.attribution}, {file.licence}"


def _measured(
    place: Axes, panel: Panel, levels: np.ndarray, rows: Mapping[str, Any], theme: Theme, labels: bool
) -> None:
    shown = [name for name in panel.rows if name in rows]
    told = panel.rows != ["griffin_lim"]
    if told:
        fine = np.linspace(0, MOST, 51)
        claimed = [table_1.ROWS[shown[0]].strength(level) for level in fine]
        place.plot(fine, claimed, **theme.line("plain", label="claimed" if labels else None))
    for number, name in enumerate(shown):
        mark = {"marker": "o", "markersize": 4, "color": theme.colour("document"), "linestyle": "none" if told else "-"}
        label = "measured" if labels and number == 0 else None
        place.plot(levels, np.array(rows[name]["measured"], dtype=float), label=label, **mark)
    place.set(title=panel.title, ylabel=panel.unit, xlabel="level")
    if panel.equal_ratios:
        logarithmic(place, "y")
    place.set_xticks([0, 50, 100])


def _distances(
    place: Axes, found: noise_or_band.NoiseOrBand, name: str, title: str, theme: Theme, labels: bool
) -> None:
    noise, band = found.noise[name], found.band[name]
    both = np.concatenate([noise, band])
    low, span = np.nanmin(both), max(float(np.ptp(both[np.isfinite(both)])), 1e-30)
    steps = np.arange(1, len(noise) + 1)
    for values, role, label in ((noise, "document", "white noise"), (band, "plain", "missing band")):
        line = theme.line(role, label=label if labels else None)
        place.plot(steps, 100 * (values - low) / span, marker="o", markersize=3, **line)
    place.set(title=title, xlabel="step", ylabel="% of range", ylim=(-4, 104))
    place.set_xticks([1, (len(noise) + 1) // 2, len(noise)])
    place.set_yticks([0, 50, 100])


def _nearer_in_words(found: noise_or_band.NoiseOrBand, titles: Mapping[str, str]) -> str:
    """ "the noise is nearer for PESQ; the band for MSE", at the middle step."""
    middle = len(found.snr) // 2
    sides: dict[str, list[str]] = {}
    for name in found.noise:
        sides.setdefault(_side(found.nearer(name)[middle, middle]), []).append(titles[name])
    return "; ".join(f"{side} is nearer for {', '.join(names)}" for side, names in sides.items())


def _side(sign: int) -> str:
    return {1: "the noise", -1: "the band", 0: "neither"}[int(sign)]


def _snr(value: float) -> str:
    if np.isfinite(value):
        return f"{value:.0f}"
    return "none: all are farther" if value > 0 else "none: all are nearer"
