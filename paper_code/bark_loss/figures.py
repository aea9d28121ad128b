"""Figures and players of the Bark-loss chapter, drawn from its results."""

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paper_code.audio.clips import Clip
from paper_code.bark_loss import evaluation, measurements, stimuli
from paper_code.bark_loss.configs import TITLES, WORKING_LOG_FACTOR
from paper_code.bark_loss.filters import BANKS, centre_frequencies
from paper_code.bark_loss.loss import BarkLoss
from paper_code.bark_loss.study import OwnSound, Study
from paper_code.display import players
from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, PanelFigure, Theme, logarithmic
from paper_code.hearing.bark import equivalent_rectangular_bandwidth

ROLES = {"mse": "plain", "bark": "document", "bark_corrected": "corrected", "bark_compressed": "stronger"}
LABEL_ROLES = {"Original": "reference", **{TITLES[loss]: role for loss, role in ROLES.items()}}
TOP = stimuli.SAMPLE_RATE / 2  # Hz, top of every spectrogram
RESPONSE_POINTS = 1 << 14
CURVE_POINTS = 64  # a curve of more would not look different


def landing_player(study: Study) -> players.Player:
    """The point of the book in one player: a sound, and what two losses made a small network learn of it."""
    title = "The same small network, the same number of steps, two losses"
    return _speech(study, study.checkpoints[-1], title, 'Listen for the "s" at the beginning and at the end.')


def first_pair(study: Study) -> players.Player:
    """Speech, and what the network had learned of it at the first checkpoint with MSE and with the Bark loss."""
    step = study.checkpoints[0]
    return _speech(study, step, f"Speech after {step} steps of training", "Listen for the words.")


def _speech(study: Study, step: int, title: str, listen: str) -> players.Player:
    sounds = {"Original": study.originals["speech"]}
    for loss in ("mse", "bark"):
        sounds[TITLES[loss]] = study.heard[loss].audio(f"speech-{step}", f"speech, {TITLES[loss]}, {step} steps")
    roles = {label: LABEL_ROLES[label] for label in sounds}
    caption = f"A network of 130,848 weights learns this one sound; here after {step} steps. {listen}"
    return players.compare(sounds, title, caption, roles=roles, max_frequency=TOP)


def progress(study: Study, sound: str) -> players.Player:
    """All checkpoints of a sound: the original and the losses, with a slider over the steps."""
    rows = {
        TITLES[loss]: {step: run.audio(f"{sound}-{step}") for step in study.checkpoints}
        for loss, run in study.heard.items()
    }
    title = f"{stimuli.STIMULI[sound].title}: the original and what was learned of it"
    return _series(rows, study.originals[sound], title)


def own_progress(own: OwnSound) -> players.Player:
    """A reader's own sound: the original and what was learned of it."""
    rows = {TITLES[loss]: dict(steps) for loss, steps in own.learned.items()}
    return _series(rows, own.original, "Your sound: the original and what was learned of it")


def _series(rows: dict, original: Clip | players.Missing, title: str) -> players.Player:
    return players.series(
        rows,
        title,
        "Move the slider through the training and switch between the losses while it plays.",
        reference={"Original": original},
        step_name="step",
        roles={label: LABEL_ROLES[label] for label in ("Original", *rows)},
        max_frequency=TOP,
    )


def filter_banks() -> Drawing:
    """The two banks: some responses of each, the peak gain and the width of every band."""
    centres = centre_frequencies(512, stimuli.SAMPLE_RATE)
    frequency = np.fft.rfftfreq(RESPONSE_POINTS, 1 / stimuli.SAMPLE_RATE)
    responses = {
        name: np.abs(np.fft.rfft(make(512, 512, stimuli.SAMPLE_RATE).numpy(), RESPONSE_POINTS, axis=-1))
        for name, make in BANKS.items()
    }
    roles = {"original": "document", "corrected": "corrected"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.5)
        for place, (name, response) in zip(axes, responses.items(), strict=False):
            for band in range(40, 512, 43):
                place.plot(frequency, response[band], color=theme.colour(roles[name]), linewidth=1)
            place.set(title=f"{name}: every 43rd band", xlabel="kHz", ylabel="gain", xlim=(50, TOP), ylim=(0, 1.05))
            _kilohertz(place)
        for name, response in responses.items():
            gain = 20 * np.log10(np.maximum(response.max(-1), 1e-4))
            width = (response**2).sum(-1) * frequency[1] / np.maximum(response.max(-1), 1e-9) ** 2
            axes[2].plot(centres, gain, **theme.line(roles[name]), label=name)
            real = response.max(-1) > 1e-4
            axes[3].plot(centres[real], width[real], **theme.line(roles[name]), label=name)
        axes[3].plot(centres, equivalent_rectangular_bandwidth(centres), **theme.line("reference"), label="the ear's")
        axes[2].set(title="peak gain", xlabel="centre, kHz", ylabel="dB", xlim=(50, TOP), ylim=(-62, 5))
        axes[3].set(title="equivalent rectangular bandwidth", xlabel="centre, kHz", ylabel="Hz", xlim=(50, TOP))
        logarithmic(axes[3], "y")
        for place in axes[2:]:
            _kilohertz(place)
            place.legend()
        return figure

    return show(
        draw,
        "Look at the lower left: by accident of their design the gain of the document's filters rises towards high "
        "frequencies, and below 1 kHz it jumps from band to band. The corrected filters all peak at one and are as "
        "wide as the ear's (lower right). The exceptions are the lowest, for which 512 taps are too few, and the "
        "last, where the spectrum ends.",
        "Four panels. Upper: frequency responses of twelve bands of the original bank, narrow and growing with "
        "frequency, and of the corrected bank, wide and all of height one. Lower left: peak gain in decibels against "
        "centre frequency, rising for the original, flat for the corrected. Lower right: bandwidth against centre "
        "frequency; the corrected bank follows the ear's, the original lies below it.",
    )


def features(clip: Clip) -> Drawing:
    """What the losses compare: the weighted log features of a sound."""
    losses = {"document's": BarkLoss(), "corrected": BarkLoss.corrected()}
    losses["working logarithm"] = BarkLoss.corrected(log_factor=WORKING_LOG_FACTOR)
    found = {}
    for name, loss in losses.items():
        with torch.no_grad():
            values = torch.nn.functional.max_pool2d(loss.features(clip.waveform).unsqueeze(0), (4, 64))[0]
        found[name] = (values / values.max()).numpy()

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 3, height=2.6, sharey=True)
        for place, (name, values) in zip(axes, found.items(), strict=True):
            extent = (0, clip.seconds, 0, 4 * values.shape[0])
            place.imshow(
                values,
                origin="lower",
                aspect="auto",
                interpolation="nearest",
                cmap="magma",
                vmin=0,
                vmax=1,
                extent=extent,
            )
            place.set(title=name, xlabel="seconds")
            place.grid(False)
        axes[0].set_ylabel("band")
        return figure

    return show(
        draw,
        f"The features of '{clip.title}' that the losses compare, each scaled to its own maximum (the largest of 4 bands "
        "and 64 moments in each cell). Look at how much of each picture is bright. For the document's loss and for "
        "the corrected bank hardly anything counts but the loudest harmonics. With a working logarithm the quiet "
        "half of the sound counts too.",
        "Three images of 512 bands against time. Left, the document's: dark except for a few harmonics of the voice "
        "and two "
        "sibilants. Middle, corrected bank: the same in broader strokes. Right, working logarithm: bright nearly "
        "everywhere.",
    )


def learning_curves(study: Study) -> Drawing:
    """The training loss of every sound, one panel a loss; mean over seeds."""

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.5)
        for place, loss in zip(axes, study.losses, strict=False):
            for i, sound in enumerate(study.originals):
                mean = np.mean([r.curves[f"{sound}/loss"] for r in study.of(loss)], axis=0)
                line = {"color": theme.colour(ROLES[loss]), "linestyle": ("-", "--", ":", "-.", (0, (1, 3)))[i % 5]}
                steps = slice(None, None, max(1, len(mean) // CURVE_POINTS))
                place.plot(
                    np.arange(len(mean))[steps], mean[steps], **line, linewidth=1.3, label=stimuli.STIMULI[sound].title
                )
            place.set(title=TITLES[loss], xlabel="step")
            if loss == "mse":
                logarithmic(place, "y")
        for place in axes[len(study.losses) :]:
            place.remove()
        axes[0].set_ylabel("loss")
        _legend(figure, axes[0])
        return figure

    return show(
        draw,
        "Look for a curve that jumps or stays flat: it would be a run that failed. The scales differ, so compare "
        "curves within a panel only. The figures below compare the losses.",
        "One panel for each loss, with curves against training steps, one line for each sound. The mean squared "
        "error has a logarithmic scale; the least value of the Bark losses is -1.",
    )


def curves(study: Study, metric: str, caption: str) -> Drawing:
    """A metric on the way, one panel a sound: mean over seeds, with the range from the lowest to the highest seed."""
    title = measurements.METRICS[metric]
    unit = measurements.UNITS.get(metric, "dB")
    sounds = [s for s in study.originals if f"{s}/{metric}" in study.of("mse")[0].arrays]

    def draw(theme: Theme) -> PanelFigure:
        columns = min(3, len(sounds))
        figure, axes = theme.figure(-(-len(sounds) // columns), columns, height=2.3, sharex=True)
        for place, sound in zip(axes, sounds, strict=False):
            for loss in study.losses:
                _band_of_seeds(place, theme, study, loss, f"{sound}/{metric}")
            place.set(title=stimuli.STIMULI[sound].title, xlabel="step")
        axes[0].set_ylabel(f"{title}{', ' + unit if unit else ''}")
        _legend(figure, axes[0])
        for place in axes[len(sounds) :]:
            place.remove()
        return figure

    panels = ", ".join(stimuli.STIMULI[s].title.lower() for s in sounds)
    return show(draw, caption, f"Curves of {title} against training steps for each loss; panels: {panels}.")


def _band_of_seeds(place: Axes, theme: Theme, study: Study, loss: str, name: str) -> None:
    runs = study.of(loss)
    steps = runs[0].arrays["observed"]
    shown = slice(None, None, max(1, len(steps) // (CURVE_POINTS // 2)))
    values, steps = np.stack([r.arrays[name][shown] for r in runs]), steps[shown]
    colour = theme.colour(ROLES[loss])
    place.fill_between(steps, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
    place.plot(steps, values.mean(0), **theme.line(ROLES[loss]), label=TITLES[loss])


def regions(study: Study) -> Drawing:
    """Distance and level by region of frequency at the end, mean over sounds, with 95 % intervals over seeds."""
    panels = {"log-spectral distance": "lsd", "level error": "level"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.8)
        for place, (title, key) in zip(axes, panels.items(), strict=True):
            for shift, loss in zip((-0.27, -0.09, 0.09, 0.27), study.losses, strict=False):
                found = [study.metric(f"{key}_{region}", "all sounds", loss) for region in evaluation.REGIONS]
                spread = np.nan_to_num([f.half_width for f in found])
                place.errorbar(
                    np.arange(len(found)) + shift,
                    [f.mean for f in found],
                    yerr=spread,
                    color=theme.colour(ROLES[loss]),
                    marker=MARKERS[ROLES[loss]],
                    linestyle="none",
                    capsize=3,
                    label=TITLES[loss],
                )
            place.axhline(0, color=theme.muted, linewidth=0.8)
            place.set(title=f"{title}, dB", xticks=range(3), xlim=(-0.5, 2.5))
            place.set_xticklabels(["below 600 Hz", "600 to 2000", "above 2000"])
        _legend(figure, axes[0])
        return figure

    return show(
        draw,
        "Look for markers near 0. Left: how far each region of the spectrum is from the original at the end. Right: "
        "whether it "
        "holds too much (above 0) or too little sound. Bars: 95 % intervals over seeds.",
        "Two panels, log-spectral distance and level error, with one marker for each loss in each of three frequency "
        "regions.",
    )


def steps_to_quality(study: Study) -> Drawing:
    """How many steps each loss takes to a distance, for every distance: no threshold is chosen."""
    thresholds = np.linspace(16, 4, 49)

    def steps(loss: str) -> NDArray[np.floating]:
        rows = [
            [
                measurements.steps_to(r.arrays[f"{s}/lsd"], r.arrays["observed"], t, higher=False)
                for s in study.originals
                for r in study.of(loss)
            ]
            for t in thresholds
        ]
        reached = np.array(rows)
        return np.where(np.isfinite(reached).all(1), np.median(reached, axis=1), np.nan)

    found = {loss: steps(loss) for loss in study.losses}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 1, height=3.0)
        for loss, values in found.items():
            axes[0].plot(thresholds, values, **theme.line(ROLES[loss]), label=TITLES[loss])
        axes[0].invert_xaxis()
        axes[0].set(xlabel="log-spectral distance to be reached and kept, dB", ylabel="steps (median)")
        axes[0].legend()
        return figure

    return show(
        draw,
        "Steps until the log-spectral distance stays below a value: the median over sounds and seeds, drawn as long as "
        "every run gets there. Lower is quicker; a line that ends further right reaches a better quality.",
        "Lines rising to the right: steps needed against the distance wanted, one for each loss.",
    )


def _legend(figure: PanelFigure, place: Axes) -> None:
    """One legend for all panels, above them, where it covers nothing."""
    figure.legend(*place.get_legend_handles_labels(), loc="outside upper left", ncols=1)


def _kilohertz(place: Axes) -> None:
    logarithmic(place, "x")
    place.set_xticks([100, 300, 1000, 3000], ["0.1", "0.3", "1", "3"])
    place.minorticks_off()
