"""Tables of the denoiser's chapter."""

from collections.abc import Sequence

import numpy as np

from paper_code.display.tables import Column, Table, table
from paper_code.jnd_loss.enhancement import noises, stimuli
from paper_code.jnd_loss.enhancement.configs import LOSSES, PROFILES
from paper_code.jnd_loss.enhancement.evaluation import MIXTURES, PAIRS
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.scores import GROUPS, MEASURES, mean
from paper_code.jnd_loss.enhancement.study import Study
from paper_code.lab.intervals import Interval

WHERE = {PAIRS: "25 pairs of VoiceBank-DEMAND", MIXTURES: "mixtures of LibriSpeech that no training heard"}
TESTED = ("pesq", "stoi", "si_snr", "jnd", "level")


def overall(study: Study, place: str = PAIRS) -> Table:
    """Every method under every measure, means over utterances."""
    columns = [Column("method"), *(_column(measure) for measure in TESTED)]
    rows = [
        [TITLES[name], *(_over_utterances(measured[place][measure]) for measure in TESTED)]
        for name, measured in study.scores.items()
        if place in measured
    ]
    trained = (
        f"Ours: the mean over {len(study.seeds)} trainings." if len(study.seeds) > 1 else "Ours: one training each."
    )
    caption = (
        f"Means over the {WHERE[place]}, ± half a 95 % bootstrap interval over utterances. {trained} PESQ, STOI and "
        "SI-SNR: higher is better; JND distance: lower is better. PESQ and STOI are predictions, nobody was asked."
    )
    return table(columns, rows, caption)


def by_group(study: Study, measure: str) -> Table:
    """A measure of every method in the four groups by difficulty."""
    columns = [
        Column("method"),
        *(Column(group, MEASURES[measure].unit, f".{MEASURES[measure].digits}f") for group in GROUPS),
    ]
    rows = []
    for name, measured in study.scores.items():
        values = np.asarray(measured[PAIRS][measure], dtype=float)
        rows.append([TITLES[name], *(_over_utterances(values[which]) for which in study.groups.values())])
    snr = np.asarray(study.about_pairs["snr"])
    ends = "; ".join(
        f"{group} {snr[w].min():.1f} to {snr[w].max():.1f} dB" for group, w in study.groups.items() if len(w)
    )
    caption = f"{MEASURES[measure].title} by difficulty, means and half intervals. Input: {ends}."
    return table(columns, rows, caption)


def by_kind(study: Study, measure: str = "pesq") -> Table:
    """A measure of every method on the held-out mixtures, by kind of noise."""
    kinds = np.asarray(study.results[0].metrics[MIXTURES]["kinds"])
    about = MEASURES[measure]
    columns = [Column("method"), *(Column(kind, about.unit, f".{about.digits}f") for kind in stimuli.KINDS)]
    rows = []
    for name, measured in study.scores.items():
        if MIXTURES in measured:
            values = np.asarray(measured[MIXTURES][measure], dtype=float)
            rows.append([TITLES[name], *(_over_utterances(values[kinds == kind]) for kind in stimuli.KINDS)])
    counts = ", ".join(f"{kind} {(kinds == kind).sum()}" for kind in stimuli.KINDS)
    return table(columns, rows, f"{about.title} on the held-out mixtures by kind of noise (mixtures: {counts}).")


def seeds(study: Study) -> Table:
    """Our trainings seed by seed: what another start and other mixtures change."""
    columns = [Column("loss"), Column("seed"), *(_column(measure) for measure in TESTED)]
    rows = [
        [TITLES[run], str(r.seed), *(float(np.nanmean(np.asarray(_of(r, run)[m], dtype=float))) for m in TESTED)]
        for run in LOSSES
        for r in study.of(run)
    ]
    return table(columns, rows, "Our denoisers on VoiceBank-DEMAND, one row a training.")


def settings(study: Study) -> Table:
    """What a training is: the paper's, and ours at the size shown and at the full one."""
    fields = {
        "channels": "channels",
        "seconds": "s of a crop",
        "batch": "sounds a step",
        "iterations": "steps",
        "learning_rate": "learning rate",
        "start": "start",
    }
    paper = {
        "channels": 64,
        "seconds": "a file",
        "batch": 1,
        "iterations": 4_628_800,
        "learning_rate": 1e-4,
        "start": "random",
    }
    ours = {
        size: study.chapter.experiments(size, PROFILES[size].seeds[0])["jnd"]
        for size in dict.fromkeys((study.profile, "full"))
    }
    rows = [
        [called, _written(paper[field]), *(_written(getattr(config, field)) for config in ours.values())]
        for field, called in fields.items()
    ]
    return table(
        ["setting", "paper and its code", *(f"here, {size}" for size in ours)],
        rows,
        "How a denoiser is trained. The paper's steps are 400 epochs of 11,572 files.",
    )


def data() -> Table:
    """What the mixtures are made of, side by side."""
    recorded = {side: ", ".join(part.title for part in noises.parts(side)) for side in stimuli.SIDES}
    rows = []
    for side in stimuli.SIDES:
        first, last = noises.PARTS[side]
        rows.append(
            [side, f"{len(stimuli.recordings(side))}", f"{recorded[side]}; {100 * first:.0f} to {100 * last:.0f} %"]
        )
    return table(
        ["side", "utterances, a speaker on one side only", "recorded noises, and which part of each"],
        rows,
        "What mixtures are drawn from. The ocean is heard in the test alone, as a whole. Babble and swelling coloured "
        f"noise are made. Ratios of speech to noise: {stimuli.SNR[0]:g} to {stimuli.SNR[1]:g} dB, over a mixture.",
    )


def _of(result: object, run: str) -> dict[str, Sequence[float]]:
    return result.metrics["methods"][run][PAIRS]


def _column(measure: str) -> Column:
    about = MEASURES[measure]
    return Column(about.title, about.unit, f".{about.digits}f")


def _over_utterances(values: Sequence[float]) -> Interval | None:
    found = mean(values)
    return Interval(found.mean, (found.high - found.low) / 2, found.count) if found.count else None


def _written(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
