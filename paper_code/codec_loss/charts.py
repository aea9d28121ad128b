"""Curves of the codec-loss chapter: the codecs, the trainings, level errors, and losses against the bit rate."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from paper_code.codec_loss import rates
from paper_code.codec_loss.figures import MODEL_ROLES, MODEL_TITLES, NETWORK_ROLES, NETWORK_TITLES
from paper_code.codec_loss.holes import BAND
from paper_code.codec_loss.study import BROADBAND, Study
from paper_code.display.figures import Drawing, show
from paper_code.display.style import DASHES, PanelFigure, Theme, logarithmic

POINTS = 60  # a curve of more would not look different
LINES = ((DASHES["reference"], "v"), ((0, (5, 2)), "o"), ((0, (1, 1.3)), "s"), ((0, (5, 1.5, 1, 1.5)), "D"))


def responses() -> Drawing:
    """What real codecs let through: MP3 at several rates, and the other codecs near its lowest."""
    panels = {"MP3": rates.LADDER["mp3"][:4], "others": list(rates.OTHERS.values())}
    found = {title: {codec: rates.response(codec) for codec in codecs} for title, codecs in panels.items()}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.8, sharey=True)
        for place, (title, curves) in zip(axes, found.items(), strict=True):
            for (codec, (frequency, level)), (dashes, _) in zip(curves.items(), LINES, strict=True):
                name = f"{codec.kilobits:g} kb/s" if title == "MP3" else codec.title.removesuffix(" kb/s")
                place.plot(frequency / 1000, level, color=theme.colour("codec"), linestyle=dashes, label=name)
            place.set(title=title, xlabel="kHz", ylim=(-70, 8), xlim=(0, 8))
            place.legend(loc="lower left")
        axes[0].set_ylabel("dB")
        return figure

    return show(
        draw,
        "White noise after each codec: its level relative to the input. Look at MP3: the lower the rate, the lower "
        "the cut-off. A fixed filter could do this part of the codec's work.",
        "Two panels of frequency responses from 0 to 8 kHz: MP3 at four bit rates, with a lower cut-off at a lower "
        "rate; and AAC, Opus, Vorbis and AMR-WB.",
    )


def network_curves(study: Study) -> Drawing:
    """Training and validation error of the loss networks, beside what a lazy network would reach."""

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, len(study.networks), height=2.8)
        for place, (network, result) in zip(axes, study.networks.items(), strict=False):
            colour, curves = theme.colour(NETWORK_ROLES[network]), result.curves
            place.plot(*_smooth(curves["loss"]), color=colour, alpha=0.5, linewidth=1, label="training")
            place.plot(
                curves["validated"], curves["validation"], color=colour, marker="o", markersize=3, label="unseen"
            )
            for candidate, dashes in (("identity", ":"), ("fixed filter", "--")):
                scores = result.metrics["validation"][candidate]
                key = "waveform_l1" if network == "time" else "l1"
                if key in scores:
                    place.axhline(scores[key], color=theme.muted, linestyle=dashes, linewidth=1, label=candidate)
            bottom, top = place.get_ylim()
            place.set(title=NETWORK_TITLES[network], xlabel="step", ylim=(bottom, top + 0.5 * (top - bottom)))
            place.legend(loc="upper right")
        axes[0].set_ylabel("L1 over the input's L1")
        return figure

    return show(
        draw,
        "Look at the error on unseen recordings and compare it with the two lines, the best fixed low-pass and doing "
        "nothing. A network that is not below both has learned too little. The time-domain network is measured on "
        "waveforms, the "
        "others on magnitudes: these cannot be compared.",
        "A panel for each network, of falling error curves against training steps, training and unseen recordings, with "
        "horizontal lines for the fixed filter and the identity.",
    )


def model_curves(study: Study) -> Drawing:
    """Signal-to-noise ratio of the autoencoders on unseen recordings, on the way; one seed."""
    bands = {"limited to 3 kHz": study.models(), "limited to 5 kHz": study.models(BROADBAND)}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.8, sharey=True)
        for place, (title, models) in zip(axes, bands.items(), strict=True):
            for model, result in models.items():
                line = theme.line(MODEL_ROLES[model], label=MODEL_TITLES[model])
                line |= {"linestyle": DASHES["codec"]} if model == "d" else {}  # C has its colour
                place.plot(result.curves["validated"], result.curves["validation"], marker=".", **line)
            place.set(title=title, xlabel="step")
        axes[0].set_ylabel("SNR, dB")
        axes[0].legend()
        return figure

    return show(
        draw,
        "Signal-to-noise ratio on unseen recordings during the training: higher is nearer to the waveform. Look at "
        "where each curve goes from the common start. The losses of all models but A do not ask for the waveform alone. "
        "Model D (dotted) and all models on the right learn at a rate that was not tuned.",
        "Two panels, sounds limited to 3 and to 5 kHz: curves of the signal-to-noise ratio of the models against "
        "training steps.",
    )


def level_errors(study: Study) -> Drawing:
    """Level of the imitations over that of the coded sound, in bands of 1 kHz below the cut-off; test recordings."""
    candidates = {"network": None, "fixed filter": "plain", "identity": "reference"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, len(study.networks), height=2.6, sharey=True)
        for place, (network, result) in zip(axes, study.networks.items(), strict=False):
            bands = min(int(np.ceil(result.metrics["cutoff"] / BAND)), 8)
            for candidate, role in candidates.items():
                values = result.metrics["test"][candidate]["level_errors"][:bands]
                line = theme.line(role or NETWORK_ROLES[network], label=candidate)
                place.plot(np.arange(bands) + 0.5, values, marker="o", markersize=3, **line)
            place.axhline(0, color=theme.muted, linewidth=0.8)
            place.set(title=NETWORK_TITLES[network], xlabel="kHz")
            place.legend()
        axes[0].set_ylabel("level error, dB")
        return figure

    return show(
        draw,
        "Level relative to the coded sound, by band: 0 is right, below 0 is too little. An L1 loss pulls towards the "
        "median. Where the codec keeps a cell at one time and drops it at another, the fixed filter can only drop it "
        "every time.",
        "A panel for each network: level error in decibels in bands of 1 kHz for the network, the fixed filter and "
        "the identity.",
    )


def hole_ranking(study: Study) -> Drawing:
    """Precision and recall of the holes, where a network may need less than 20 dB to have one."""
    sides = {"test": "test recordings", "validation": "like the training's"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=3.0, sharex=True, sharey=True)
        for place, (side, title) in zip(axes, sides.items(), strict=True):
            for network, result in study.networks.items():
                scores = result.metrics[side]["network"]
                _ranked(place, scores, theme.line(NETWORK_ROLES[network], label=NETWORK_TITLES[network]))
            _ranked(
                place,
                study.networks["spectrogram"].metrics[side]["fixed filter"],
                theme.line("plain", label="fixed filter"),
            )
            place.set(title=title, xlabel="recall", xlim=(0, 1), ylim=(0, 1))
        axes[0].set_ylabel("precision")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=1)
        return figure

    return show(
        draw,
        "Holes at every depth from 0.5 to 40 dB: how many of the codec's are found (recall) against how many of those "
        "found are the codec's (precision). The dot is the depth of 20 dB, that of the table. Look for curves far to "
        "the upper right. A network that knows where the holes are, but makes them too shallow, has a good curve "
        "with its dot too far to the left.",
        "Two panels, test recordings and recordings like the training's: curves of precision against recall of the three "
        "networks and the fixed filter, each with a dot at 20 decibels.",
    )


def _ranked(place: Axes, scores: Mapping[str, Any], line: Mapping[str, Any]) -> None:
    ranking = scores["ranking"]
    (drawn,) = place.plot(ranking["recall"], ranking["precision"], **line)
    place.plot(scores["recall"], scores["precision"], "o", color=drawn.get_color(), markersize=5)


def losses_by_rate(study: Study, track: str) -> Drawing:
    """Losses between a clip and its coded versions, over those at MP3 16 kb/s, against the bit rate."""
    found, where = rates.compare(study, track)
    titles = list(next(iter(next(iter(found.values())).values())))

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(2, 2, height=2.4, sharex=True, sharey=True)
        for place, title in zip(axes, titles, strict=True):
            for (name, by_rate), (dashes, marker) in zip(found.items(), LINES, strict=False):
                values = [losses[title] for losses in by_rate.values()]
                line = {"color": theme.colour("codec"), "linestyle": dashes, "marker": marker, "markersize": 4}
                place.plot(list(by_rate), values, **line, label=name)
            logarithmic(place, "x")
            logarithmic(place, "y")
            place.set(title=title, xticks=[8, 16, 32, 64], yticks=[0.1, 0.3, 1, 3])
            place.set_xticklabels(["8", "16", "32", "64"])
            place.set_yticklabels(["0.1", "0.3", "1", "3"])
            place.minorticks_off()
            place.set(xlabel="kb/s", ylabel="over MP3 16 kb/s")
        axes[0].legend()
        return figure

    return show(
        draw,
        f"Four losses between {where} and its coded versions, each divided by its own value at MP3 16 kb/s (1). A "
        "loss that hears like the 16 kb/s codec should hardly mind what higher rates add. So look for a curve that "
        "is flat to the right of 16 and falls to the left of it. Both axes are logarithmic.",
        "Four panels, plain L1, magnitudes, the codec loss's prediction term and its feature term, each with lines for "
        "MP3, AAC and Opus against the bit rate.",
    )


def _smooth(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps and means of about POINTS equal parts of a curve."""
    parts = np.array_split(values, min(POINTS, len(values)))
    ends = np.cumsum([len(part) for part in parts])
    return ends - np.array([len(part) for part in parts]) / 2, np.array([part.mean() for part in parts])
