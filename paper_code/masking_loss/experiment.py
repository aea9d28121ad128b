"""The chapter's experiments for the lab: AMR-WB, transforms and coders of four losses at three rates; §4.1's sweeps.

The rooms: `configs` (every setting), `conditions` (what is compared), `stimuli` and `utterances` (sounds), `coder` (the
network, its files and its training), `loss` and `pmsqe` (what it is trained with), `evaluation` (what came out), `tables`.
"""

import dataclasses
from typing import Any

from paper_code.lab import material
from paper_code.lab.chapter import Chapter, Document
from paper_code.lab.config import Config
from paper_code.masking_loss import configs, stimuli
from paper_code.masking_loss.coder.training import train_and_keep
from paper_code.masking_loss.conditions import AMR_WB, REPEATED, SWEEPS, TABLE_1, TRAINED_FOR_LONGER, Condition
from paper_code.masking_loss.configs import PROFILES, AmrWb, Measured, TrainedCoder, UntrainedCoder
from paper_code.masking_loss.evaluation import evaluate
from paper_code.masking_loss.measurements import measurements


def conditions(profile: str, seed: int) -> list[Condition]:
    """What is run with a seed: of those that a published result averages over, the first has everything.

    The others repeat the coders of Table 1, which tells how much of a difference is chance. Section 4.1 asks for more
    trainings than a short profile has: it is run with the profile full.
    """
    if repeats(profile, seed):
        return REPEATED
    first = sorted(TABLE_1, key=lambda condition: condition.trained)  # what takes no time first
    return [*first, *(SWEEPS if profile == "full" else TRAINED_FOR_LONGER)]


def repeats(profile: str, seed: int) -> bool:
    """Whether a seed is one of those that only repeat the coders of a published result."""
    return seed in PROFILES[profile].seeds[1:]


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, Config]:
    """The runs of one seed, by name. overrides: fields of TrainedCoder; AMR-WB takes those that it has."""
    return {
        condition.experiment: config_of(condition, profile, seed, **overrides)
        for condition in conditions(profile, seed)
    }


def config_of(condition: Condition, profile: str, seed: int, **overrides: Any) -> Measured:
    """The settings of a condition in a profile. overrides: fields that all conditions share."""
    repetition = configs.OF_A_REPETITION if repeats(profile, seed) else {}
    measured = {**configs.MEASURED[profile], **repetition, **overrides}
    if not condition.trained:
        known = {field.name for field in dataclasses.fields(Measured)}
        measured = {name: value for name, value in measured.items() if name in known}
        return _untrained(condition, profile, seed, measured)
    # alpha_4 is told, so that a result knows what it was trained with
    fields = {**configs.SIZES[profile], **configs.weights(profile, condition.kind), **measured}
    fields |= {"loss": condition.kind, "bitrate": condition.rate, **condition.changes}
    config = TrainedCoder(profile=profile, seed=seed, **fields | (configs.OF_A_SWEEP if condition.changes else {}))
    return config.replace(iterations=configs.LONGER * config.iterations) if condition.longer else config


def _untrained(condition: Condition, profile: str, seed: int, measured: dict[str, Any]) -> Measured:
    if condition.kind == AMR_WB:
        return AmrWb(profile=profile, seed=seed, kilobits=condition.rate, **measured)
    fields = {"control_frames": configs.SIZES[profile].get("control_frames", configs.CoderConfig.control_frames)}
    fields |= {**configs.UNTRAINED[condition.kind], **measured}
    return UntrainedCoder(profile=profile, seed=seed, transform=condition.kind, bitrate=condition.rate, **fields)


def sources(config: Measured) -> list[dict[str, Any]]:
    """Where the sounds of a run come from; AMR-WB learns from none. Raises CorpusError."""
    sides = stimuli.UNSEEN if isinstance(config, AmrWb) else stimuli.SIDES
    return material.sources(sides, stimuli.recordings, config.recordings == "synthetic")


def estimate_seconds(config: Measured) -> float:
    """Rough time of a run on one of two busy cores, measured at the sizes of the profile small.

    A warm-up that all coders share is not counted.
    """
    learns = isinstance(config, TrainedCoder)
    an_utterance = configs.AN_UTTERANCE + (configs.OF_A_CODER * config.width / 32 if learns else 0.0)
    measuring = an_utterance * (2 * config.utterances or len(stimuli.recordings_of(stimuli.UNSEEN)))
    measuring += configs.A_PREDICTED_SECOND * config.predicted * config.predicted_seconds
    if not learns:
        return measuring
    a_step = configs.A_STEP * (config.batch / 16) * (config.width / 32) ** 1.1
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
