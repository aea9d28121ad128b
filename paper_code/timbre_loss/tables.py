"""Tables of the timbre-loss chapter, computed from its results."""

from paper_code.audio import registry
from paper_code.display.tables import Column, Table, table
from paper_code.lab.intervals import Interval, interval, interval_of_defined, wilson
from paper_code.timbre_loss import stimuli
from paper_code.timbre_loss.measurements import RUNS, title
from paper_code.timbre_loss.notes import CELLO_A, CELLO_B, paths
from paper_code.timbre_loss.study import Study

MASKS = {  # the masks of the tables, with what they are called there
    "none": "no mask",
    "equaliser": "fixed equaliser: difference of the long-term spectra",
    "rectangles": "rectangles, gains learned, smoothed after",
    "squares": "squares, gains learned, smoothed after",
    "smoothed_within": "rectangles, smoothed while learned (ours)",
    "rectangles_free": "every cell learned, from rectangles, smoothed after",
    "smoothed_before": "every cell learned, from smoothed rectangles",
    "rectangles_unconstrained": "rectangles, alpha = beta = 0",
    "gaussian": "every cell learned, from Gaussian noise, alpha = beta = 0",
    "gaussian_constrained": "every cell learned, from Gaussian noise",
    "nothing": "every cell learned, from nothing, alpha = beta = 0",
}
TRUTHS = ("equaliser", "rectangles", "squares", "smoothed_within", "gaussian", "nothing")


def instruments() -> Table:
    """The recordings: what, how many, licence and source."""
    rows = []
    for name, corpus, notes in (("Cello A", CELLO_A, len(paths(CELLO_A))), ("Cello B", CELLO_B, len(paths(CELLO_B)))):
        about = registry.corpus(corpus)
        rows.append([name, notes, about.about, about.licence, f"[{corpus}]({about.repository})"])
    for path, name in stimuli.REAL_PHRASES.items():
        file = registry.recording(path)
        about = f"a real phrase of {file.seconds:.1f} s, another player; {file.attribution}"
        rows.append([name, 1, about, file.licence, f"[{file.corpus}]({registry.corpus(file.corpus).repository})"])
    columns = [Column("here"), Column("files", format="d"), Column("what"), Column("licence"), Column("source")]
    return table(columns, rows, f"The recordings. {len(stimuli.shared_pitches())} pitches are on both cellos.")


def accuracies(study: Study) -> Table:
    """Accuracy of every run, beside floors; mean ± 95 % interval over seeds, and the binomial interval over phrases."""
    rows = []
    for run, name in RUNS.items():
        values = study.measurements.get(f"accuracy, {name}")
        if values is None:
            continue
        floors = [
            _percent(study, f"accuracy of {f}, {name}") for f in ("nearest mean", "logistic regression", "confounds")
        ]
        moved = _percent(study, f"accuracy when both have vibrato, {name}")
        rows.append([_named(run), _percent(study, f"accuracy, {name}"), _binomial(study, run), moved, *floors])
    columns = [
        Column("task and network"),
        Column("accuracy", "%", ".1f"),
        Column("binomial interval", "%"),
        Column("when both have vibrato", "%", ".1f"),
        Column("nearest mean", "%", ".1f"),
        Column("logistic regression", "%", ".1f"),
        Column("level and rests only", "%", ".1f"),
    ]
    caption = (
        "Share of held-out phrases on the right side of 0.5: mean ± 95 % interval over seeds, each with other held-out "
        "pitches. The binomial interval (Wilson) counts every phrase as independent, which they are not: three pitches a "
        "fold make all phrases of that fold. The paper reports ~93\u00a0%."
    )
    return table(columns, rows, caption)


def _named(run: str) -> str:
    first, second = stimuli.TITLES[run.removesuffix("_rows")]
    return f"{first} against {second}" + (", network with rows" if run.endswith("_rows") else "")


def _percent(study: Study, name: str) -> Interval | None:
    value = interval_of_defined(study.measurements.get(name, ()))
    return None if value is None else value.times(100)


def _binomial(study: Study, run: str) -> str:
    results = study.of(run)
    count = sum(result.metrics["phrases"] for result in results)
    right = sum(result.metrics["phrases"] * result.metrics["accuracy"]["network"] for result in results)
    low, high = wilson(round(right), count)
    return f"{100 * low:.1f} to {100 * high:.1f}"


def masks(study: Study, run: str) -> Table:
    """What the masks of a run are worth, a row a mask: means over clips, ± 95 % interval over seeds."""
    measures = {
        "score": ("score", "", ".2f"),
        "heard": ("score, sound analysed again", "", ".2f"),
        "judge heard": ("second network, the same sound", "", ".2f"),
        "distance": ("distance to target", "dB", ".2f"),
        "size": ("size", "dB", ".1f"),
        "roughness": ("roughness", "dB", ".2f"),
    }
    rows = [[name, *(_mean(study, measure, mask, run) for measure in measures)] for mask, name in MASKS.items()]
    columns = [Column("mask"), *(Column(*head) for head in measures.values())]
    first, second = stimuli.TITLES[study.shown(run).config["pair"]]
    caption = (
        f"Masks for phrases of {second}, learned towards {first} ({title(run)}): 0 is the wanted score. Mean over clips, "
        f"± 95 % interval over {len(study.of_mask('score', 'none', run))} seeds. Lower is better in the columns of scores "
        "and distance."
    )
    return table(columns, rows, caption)


def _mean(study: Study, measure: str, mask: str, run: str) -> Interval | None:
    values = study.of_mask(measure, mask, run)
    return interval(values) if values else None


def truth(study: Study) -> Table:
    """How far each mask follows the true filter, for both networks."""
    rows = []
    for mask in TRUTHS:
        rows.append([MASKS[mask], *(_mean(study, "truth", mask, run) for run in ("body", "body_rows"))])
    columns = [
        Column("mask"),
        Column("paper's kind of network", format=".2f"),
        Column("network with rows", format=".2f"),
    ]
    caption = (
        "Correlation over frequency between a mask, as an equaliser, and the true filter: 1 is a mask that found the "
        "timbre. Only frequencies within 50 dB of a clip's strongest count. Mean over clips, ± 95 % interval over seeds."
    )
    return table(columns, rows, caption)


def real_phrases(study: Study) -> Table:
    """Mean scores of the real phrases: are they more like cello A or B?"""
    rows = []
    for name in study.real_phrases:
        rows.append([name, *(_score(study, name, run) for run in ("cellos", "vibrato"))])
    columns = [
        Column("phrase"),
        Column("trained on steady notes", format=".2f"),
        Column("trained with vibrato", format=".2f"),
    ]
    caption = (
        "Scores of phrases that neither cello played (0: like cello A, 1: like cello B), mean ± 95 % interval over seeds. "
        "There is no right answer; a wide interval says that the networks do not agree."
    )
    return table(columns, rows, caption)


def _score(study: Study, phrase: str, run: str) -> Interval | None:
    return interval_of_defined(study.measurements.get(f"score, {phrase}, {title(run)}", ()))
