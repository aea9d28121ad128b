"""Tables of the Bark-loss chapter, computed from its results."""

import numpy as np

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.bark_loss import measurements, sensitivity, stimuli
from paper_code.bark_loss.configs import ONE_SEED, TITLES
from paper_code.bark_loss.study import OwnSound, Study
from paper_code.display.tables import Column, Table, table
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.rules import Numbers

DISTANCES = ("lsd_low", "lsd_mid", "lsd_high")
MEASURED = ("mse", "bark", "bark_corrected")
ALL_METRICS = (*DISTANCES, "level_low", "level_mid", "level_high", "gap_noise", "si_snr")


def sounds(study: Study) -> Table:
    """The five sounds: what each is, what it stands in for, how the two differ, its licence and source."""
    columns = ["here", "stands in for", "what is different", "licence", "recordings"]
    if study.synthetic:
        rows = [[s.title, s.document, "made by the built-in synthesiser", None, None] for s in _chosen(study)]
        return table(columns, rows, "The sounds: synthetic, because the recordings are not here.")
    rows = [[s.title, s.document, s.difference, _licences(s), _sources(s)] for s in _chosen(study)]
    return table(columns, rows, "The sounds: 8192 samples at 11,025 Hz (0.743 s) of each, peak 1.")


def at_the_end(study: Study, sound: str) -> Table:
    """Metrics of a sound at the end of the training, a column a loss, mean ± 95 % interval over seeds."""
    metrics = ["lsd", *DISTANCES, "gap_noise", "si_snr"]
    if sound == "speech":
        metrics += ["sibilant", "stoi"]
    rows = [[_named(m), *(_written(study.metric(m, sound, loss), m) for loss in study.losses)] for m in metrics]
    caption = f"{stimuli.STIMULI[sound].title} at the end: mean ± 95 % interval over {_seeds(study)}."
    return table(["metric", *(TITLES[loss] for loss in study.losses)], rows, caption)


def correction(study: Study) -> Table:
    """Every metric at the end, mean over sounds: what each correction changes."""
    rows = []
    for metric in ALL_METRICS:
        values = [study.metric(metric, "all sounds", loss) for loss in study.losses]
        rows.append([_named(metric), *(_written(v, metric) for v in [*values, _difference(study, metric)])])
    columns = ["metric", *(TITLES[loss] for loss in study.losses), "corrected minus document's"]
    caption = f"All five sounds at the end: mean ± 95 % interval over {_seeds(study)}; the last column is paired."
    return table(columns, rows, caption)


def each_loss_by_the_others(study: Study) -> Table:
    """Final value of every loss for networks trained with each, mean over sounds."""
    rows = []
    for trained in study.losses:
        measured = []
        for loss in MEASURED:
            per_seed = [np.mean([r.metrics[s]["losses"][loss][-1] for s in r.metrics]) for r in study.of(trained)]
            measured.append(interval(per_seed))
        rows.append([TITLES[trained], *measured])
    columns = [Column("trained with"), *(Column(TITLES[loss], format=".4f") for loss in MEASURED)]
    caption = (
        f"Each loss (columns) measured on the networks trained with each loss (rows): all sounds, mean ± 95 % "
        f"interval over {_seeds(study)}. "
        "Lower is better in every column; the Bark losses do not fix the level of an output, so the squared error of "
        "their networks is large."
    )
    return table(columns, rows, caption)


def hears(clip: Clip) -> Table:
    """How far the loss is from its minimum after simple changes to a sound."""
    found = sensitivity.compare(clip)
    rows = [[change, *values.values()] for change, values in found.items()]
    columns = [Column("change"), *(Column(name, format=".4f") for name in sensitivity.VARIANTS)]
    caption = (
        f"Loss plus one after a change to '{clip.title}': 0 for the sound itself, 1 for silence. "
        "The three band noises have the same energy, 20 dB below the sound."
    )
    return table(columns, rows, caption)


def logarithm(clip: Clip) -> Table:
    """What the logarithm and the bank of each variant do to the features of a sound."""
    rows = [[name, *values.values()] for name, values in sensitivity.compression(clip).items()]
    columns = [
        Column("variant"),
        Column("largest argument", format=".2f"),
        Column("similarity", format=".3f"),
        Column("below 600 Hz", "%", ".0f"),
    ]
    rows = [[*row[:-1], 100 * row[-1]] for row in rows]
    caption = (
        f"The features of '{clip.title}': the largest argument of ln(1 + …); the similarity (cosine) of the features with "
        "and without the logarithm, 1 where it does nothing; the share of their energy in bands below 600 Hz."
    )
    return table(columns, rows, caption)


def own(sound: OwnSound) -> Table:
    """Metrics of a reader's own sound at the end, a row a loss."""
    metrics = ["lsd", *DISTANCES, "gap_noise", "si_snr"]
    rows = [[_named(m), *(_written(interval([values[m]]), m) for values in sound.metrics.values())] for m in metrics]
    columns = ["metric", *(TITLES[loss] for loss in sound.metrics)]
    return table(columns, rows, f"Your sound, '{sound.original.title}', at the end: one seed.")


def _chosen(study: Study) -> list[stimuli.Stimulus]:
    return [stimuli.STIMULI[name] for name in study.originals]


def _licences(stimulus: stimuli.Stimulus) -> str:
    return "; ".join(dict.fromkeys(corpora.recording(part.path).licence for part in stimulus.parts))


def _sources(stimulus: stimuli.Stimulus) -> str:
    files = [corpora.recording(part.path) for part in stimulus.parts]
    if len(files) > 1:
        return f"{len(files)} recordings ({', '.join(dict.fromkeys(file.corpus for file in files))})"
    return f"{files[0].title} ({files[0].corpus})"


def _difference(study: Study, metric: str) -> Interval:
    ending = f"{measurements.METRICS[metric]}, all sounds, {{}}, end"
    first, second = (study.measurements[ending.format(measurements.SHORT[x])] for x in ("bark_corrected", "bark"))
    return interval(np.subtract(first, second).tolist())


def _named(metric: str) -> str:
    unit = measurements.UNITS.get(metric, "dB")
    return f"{measurements.METRICS[metric]}, {unit}" if unit else measurements.METRICS[metric]


def _written(value: Interval, metric: str) -> str:
    return Numbers(digits=1 if metric not in measurements.UNITS else 2).spread(value)


def _seeds(study: Study) -> str:
    count = len(study.seeds)
    if count == 1:
        return f"one seed ({study.seeds[0]}), so without an interval"
    single = [TITLES[loss].lower() for loss in ONE_SEED if len(study.of(loss)) == 1]
    return f"{count} seeds" + (f" ({', '.join(single)}: one seed, no interval)" if single else "")
