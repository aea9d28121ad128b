"""The chapter's experiments for the lab: AMR-WB, coders of four losses at three bit rates, and the sweeps of §4.1.

The rooms: `configs` (every setting), `conditions` (what is compared), `stimuli` and `utterances` (sounds), `coder` (the
network, its files and its training), `loss` and `pmsqe` (what it is trained with), `evaluation` (what came out), `tables`.
"""

import dataclasses
from typing import Any

from paper_code.audio import corpora
from paper_code.lab.chapter import Chapter, Document
from paper_code.lab.config import Config
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder.training import train_and_keep
from paper_code.masking_loss.conditions import (
    REPEATED,
    SWEEPS,
    TABLE_1,
    TRAINED_FOR_LONGER,
    AmrWb,
    Condition,
    Measured,
    TrainedCoder,
)
from paper_code.masking_loss.configs import (
    A_PREDICTED_SECOND,
    A_STEP,
    AN_UTTERANCE,
    LONGER,
    MEASURED,
    OF_A_CODER,
    OF_A_SWEEP,
    PROFILES,
    SIZES,
    weights,
)
from paper_code.masking_loss.evaluation import evaluate
from paper_code.masking_loss.measurements import measurements


def conditions(profile: str, seed: int) -> list[Condition]:
    """What is run with a seed: of those that a published result averages over, the first has everything.

    The others repeat the coders of SWEPT_RATE, which tells how much of a difference is chance.
    """
    if seed in PROFILES[profile].seeds[1:]:
        return REPEATED
    first = sorted(TABLE_1, key=lambda condition: condition.trained)  # AMR-WB, which takes no time, first
    return [*first, *SWEEPS, *(TRAINED_FOR_LONGER if profile != "full" else [])]


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, Config]:
    """The runs of one seed, by name. overrides: fields of TrainedCoder; AMR-WB takes those that it has."""
    return {
        condition.experiment: config_of(condition, profile, seed, **overrides)
        for condition in conditions(profile, seed)
    }


def config_of(condition: Condition, profile: str, seed: int, **overrides: Any) -> Measured:
    """The settings of a condition in a profile. overrides: fields that all conditions share."""
    measured = {**MEASURED[profile], **overrides}
    if not condition.trained:
        known = {field.name for field in dataclasses.fields(Measured)}
        measured = {name: value for name, value in measured.items() if name in known}
        return AmrWb(profile=profile, seed=seed, kilobits=condition.rate, **measured)
    # alpha_4 is told, so that a result knows what it was trained with
    fields = {**SIZES[profile], **weights(profile, condition.kind, condition.rate), **measured}
    fields |= {"loss": condition.kind, "bitrate": condition.rate, **condition.changes}
    config = TrainedCoder(profile=profile, seed=seed, **fields | (OF_A_SWEEP if condition.changes else {}))
    return config.replace(iterations=LONGER * config.iterations) if condition.longer else config


def sources(config: Measured) -> list[dict[str, Any]]:
    """Where the sounds of a run come from; AMR-WB learns from none. Raises CorpusError."""
    synthetic = config.recordings == "synthetic"
    sides = stimuli.SIDES if isinstance(config, TrainedCoder) else stimuli.UNSEEN
    for file in [] if synthetic else stimuli.recordings_of(sides):
        corpora.locate(file.path)  # a missing one is told before the training
    return [source for side in sides for source in stimuli.sources(side, synthetic)]


def estimate_seconds(config: Measured) -> float:
    """Rough time of a run on one of two busy cores, measured at the sizes of the profile small.

    A warm-up that all coders share is not counted.
    """
    learns = isinstance(config, TrainedCoder)
    an_utterance = AN_UTTERANCE + (OF_A_CODER * config.width / 32 if learns else 0.0)
    measuring = an_utterance * (2 * config.utterances or len(stimuli.recordings_of(stimuli.UNSEEN)))
    measuring += A_PREDICTED_SECOND * config.predicted * config.predicted_seconds
    if not learns:
        return measuring
    a_step = A_STEP * (config.batch / 16) * (config.width / 32) ** 1.1
    return measuring + a_step * (config.iterations if config.warm_up_loss else config.steps)


CHAPTER = Chapter(
    name="masking_loss",
    document=Document(
        "byun2021",
        "Development of a Psychoacoustic Loss Function for the Deep Neural Network (DNN)-Based Speech Coder",
        "Byun et al. (2021)",
    ),
    profiles=PROFILES,
    experiments=experiments,
    sources=sources,
    train=train_and_keep,
    evaluate=evaluate,
    measurements=measurements,
    recordings=lambda: [file.path for file in stimuli.recordings_of()],
    estimate_seconds=estimate_seconds,
)
