"""Tables of what went in: recordings, settings beside the paper's, and what the trainings took."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from paper_code.audio import corpora
from paper_code.display.tables import Column, Reported, Table, table
from paper_code.masking_loss import experiment, stimuli
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.framing import FRAME, HOP
from paper_code.masking_loss.conditions import BASE, Condition
from paper_code.masking_loss.configs import PROFILES, SWEPT_RATE, CoderConfig, TrainedCoder
from paper_code.masking_loss.study import Study

FRAME_SECONDS = HOP / SAMPLE_RATE  # of new sound in a frame
HOUR = 3600.0
AVERAGED = 20  # steps
OPERATIONS_A_SECOND = 2e14  # in mixed precision, a fifth of what makers promise
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def recordings() -> Table:
    """The speech: utterances, speakers and minutes of each side."""
    rows = []
    for side, paper in zip(stimuli.SIDES, ("3,000", "200", "500"), strict=True):
        files = stimuli.recordings(side)
        minutes = sum(file.seconds or 0.0 for file in files) / 60
        rows.append([side, Reported(paper), len(files), len({file.group for file in files}), minutes])
    corpus = corpora.corpus(stimuli.SPEECH)
    licences = ", ".join(dict.fromkeys(file.licence for file in stimuli.recordings_of()))
    columns = [
        Column("side"), Column("paper, TIMIT", "utterances"), Column("here", "utterances", ",d"),
        Column("speakers", format=",d"), Column("speech", "min", ".1f"),
    ]  # fmt: skip
    return table(columns, rows, f"The speech: [{corpus.title}]({corpus.repository}), {licences}.")


def summary(study: Study) -> str:
    """Which profile is shown, in Markdown."""
    kind = "synthetic speech" if study.synthetic else "real recordings"
    size = PROFILES[study.profile].title
    return f"Shown here: the profile **{study.profile}** ({size}), {study.trainings}, {kind}."


STARTS = {"he": "He", "half_band": "half of the band, in the shortcuts", "lapped": "a transform beside the network"}
ASSIGNMENTS = {"soft": "a mean of bins", "hard": "a bin; its gradient is that of the mean"}
SETTINGS: Mapping[str, tuple[str | None, Callable[[Mapping[str, Any]], str]]] = {
    # what: what the paper says (None: what a config has without changes), and how a config says it
    "channels": ("1.5 million weights", lambda c: str(c["width"])),
    "bins": ("not said", lambda c: str(c["bins"])),
    "samples that enter together": ("1", lambda c: str(c["fold"])),
    "start": ("not said", lambda c: STARTS[c["start"]]),
    "in training a number becomes": ("a mean of bins", lambda c: ASSIGNMENTS[c["assignment"]]),
    "frames a step": ("128", lambda c: f"{c['batch']} in runs of {c['run']}"),
    "steps without quantisation": ("not said", lambda c: f"{c['warm_up']:,}"),
    "steps with it": ("not said", lambda c: f"{c['iterations']:,}"),
    "learning rate, cosine": (None, lambda c: f"{c['learning_rate']:g} to {c['last_rate']:g}"),
    "alpha 1, 2": (None, lambda c: f"{c['alpha_1']:g}, {c['alpha_2']:g}"),
    "alpha 3, at first": (None, lambda c: f"{c['alpha_3']:g}"),
    "what keeps the rate": ("alpha 3, by 0.025", lambda c: _kept_by(c)),
    "steps between controls of the rate": ("not said", lambda c: str(c["control_every"])),
    "tolerance of the rate": ("not said", lambda c: f"{c['tolerance']:g} kb/s"),
    "sharpness of the quantiser": ("not said", lambda c: _sharpness(c)),
    "gain of the residuals at first": ("not said", lambda c: f"{c['residual_gain']:g}"),
    "largest norm of a gradient": ("not said", lambda c: f"{c['clip']:g}" if c["clip"] else "any"),
    "alpha 4": ("0.003", lambda c: f"{c['alpha_4']:g}"),
    "squared error": ("sum over a frame", lambda c: {"rmse": "root of the mean", "sum": "sum"}[c["squared_error"]]),
    "speech in all steps": ("not said", lambda c: _spoken((c["warm_up"] + c["iterations"]) * c["batch"])),
}


def settings(study: Study) -> Table:
    """The settings of the masking coder: the paper's, those of the profile full, and those of this one."""
    papers = CoderConfig(profile="full", seed=0, loss="masking").as_dict()
    profiles = {"full": experiment.config_of(BASE, "full", seed=0).as_dict()}
    if study.profile != "full":
        profiles[study.profile] = dict(study.condition(BASE).config)
    rows = []
    for what, (said, written) in SETTINGS.items():
        paper = written(papers) if said is None else said
        rows.append([what, Reported(paper), *(written(config) for config in profiles.values())])
    caption = (
        "The settings of the masking coder. Coders of other losses differ in alpha 4, see the table of terms below, "
        "and those of other rates in the target. Where the paper says nothing, the full profile follows its baseline, "
        "Kankanahalli (2018)."
    )
    return table(["setting", "paper", *(f"profile {profile}" for profile in profiles)], rows, caption)


def runs(study: Study) -> Table:
    """What each training took: steps, speech, seconds a step, and the coder that was kept."""
    rows = []
    trained = [(condition, result) for result in study.results if (condition := Condition.of(result)).trained]
    for condition, result in trained:
        curves, config = result.curves, result.config
        rows.append([
            condition.title if len(study.of(condition)) == 1 else f"{condition}, seed {result.seed}",
            config["iterations"],
            config["iterations"] * config["batch"] * FRAME_SECONDS / HOUR,
            float(curves["seconds"]) / 60,
            float(curves["seconds"]) / config["iterations"],
            int(curves["chosen"]),
            float(curves["chosen_kilobits"]),
            curves["seen_alpha_3"][-1],
        ])  # fmt: skip
    columns = [
        Column("coder"),
        Column("steps", format=","),
        Column("speech", "h", ".2f"),
        Column("time", "min", ".1f"),
        Column("a step", "s", ".2f"),
        Column("step kept", format=","),
        Column("its rate, training speakers", "kb/s", ".2f"),
        Column("alpha 3 at the end", format=".3f"),
    ]
    config = study.condition(BASE).config
    before = f", each after {config['warm_up']:,} steps without quantisation" if config["warm_up"] else ""
    caption = (
        f"The trainings{before}: {sum(row[3] for row in rows) / 60:.1f} hours of one core in all, without the evaluation. "
        f"Of all the moments at which a coder was measured, the one within {config['tolerance']:g} kb/s of its rate with "
        "the least distortion is kept, or the nearest to its rate if none is within; the baseline keeps the best PESQ."
    )
    return table(columns, rows, caption)


def terms(study: Study) -> Table:
    """How large the weighted terms of Eq. 7 are, for the coders of one rate: where quantisation begins, and at the end."""
    rows = []
    for condition in study.at_rate(SWEPT_RATE):
        if not condition.trained:
            continue
        config, curves = study.condition(condition).config, study.condition(condition).curves
        first, row = config["warm_up"], [condition.title, config["alpha_4"] or 0.0]
        for part in (slice(first, first + AVERAGED), slice(-AVERAGED, None)):
            row += [
                config["alpha_1"] * _mean(curves["squared_error"][part]),
                row[1] * _mean(curves["perceptual"][part]),
            ]
        rows.append(row)
    columns = [
        Column("coder"),
        Column("alpha 4", format="g"),
        Column("squared error, first steps", format=".2f"),
        Column("perceptual loss, first steps", format=".2f"),
        Column("squared error, last steps", format=".2f"),
        Column("perceptual loss, last steps", format=".2f"),
    ]
    caption = (
        f"The first and the last term of Eq. 7, weighted, at {SWEPT_RATE:g} kb/s, seed {study.seed}: "
        f"means over the first and the last {AVERAGED} steps with quantisation."
    )
    return table(columns, rows, caption)


def cost_of_full(study: Study) -> str:
    """What the full profile takes, counted on its coder, in Markdown."""
    coders = [c for c in experiment.experiments("full", 0).values() if isinstance(c, TrainedCoder)]
    config = coders[0]
    of_a_frame = operations(config.width)
    of_a_coder = of_a_frame * config.batch * config.steps
    whole, minutes = of_a_coder * len(coders), of_a_coder / OPERATIONS_A_SECOND / 60
    not_run = "" if study.profile == "full" else "The profile full has not been run for this page. "
    return (
        f"{not_run}A frame through its coder, forward and backward, is {_power(of_a_frame)} "
        f"operations, so {config.steps:,} steps of {config.batch} frames are {_power(of_a_coder)}, and its {len(coders)} "
        f"coders {_power(whole)}. It computes in mixed precision ({config.precision}), which trains within 5 % of "
        "full precision in a test of few steps and was not measured in a long run. A large GPU that does "
        f"{_power(OPERATIONS_A_SECOND, 0)} a second would then need "
        f"{minutes:.0f} minutes for one coder and {minutes * len(coders) / 60:.1f} hours for all, however many train side "
        "by side: to train them in ten minutes takes several such GPUs."
    )


def operations(width: int) -> float:
    """Floating-point operations of one frame through the convolutions of a width, forward and backward."""
    with torch.device("meta"):
        coder = SpeechCoder(width)
        frames = torch.empty(1, FRAME)
    with FlopCounterMode(display=False) as counter:
        coder.decode(coder.encode(frames)).sum().backward()
    return float(counter.get_total_flops())


def _power(number: float, digits: int = 1) -> str:
    exponent = math.floor(math.log10(number))
    return f"{number / 10**exponent:.{digits}f} · 10{str(exponent).translate(RAISED)}"


def _mean(values: NDArray[np.float32]) -> float:
    return float(np.mean(values, dtype=np.float64))


def _kept_by(config: Mapping[str, Any]) -> str:
    if config["control"] == "step":
        return "the size of the quantiser's steps"
    moved = (
        f"{100 * config['alpha_3_step']:g} % of itself" if config["relative_step"] else f"{config['alpha_3_step']:g}"
    )
    ahead = f", looking {config['lookahead']:g} controls ahead" if config["lookahead"] else ""
    return f"alpha 3, by {moved}{ahead}"


def _sharpness(config: Mapping[str, Any]) -> str:
    if config["sharpness"] is None:
        return f"temperature {config['temperature']:g}"
    return f"{config['sharpness']:g} over the distance of the bins"


def _spoken(frames: int) -> str:
    seconds = frames * FRAME_SECONDS
    if seconds < 60:
        return f"{seconds:.0f} seconds"
    return f"{seconds / HOUR:,.1f} hours" if seconds >= HOUR / 2 else f"{seconds / 60:.0f} minutes"
