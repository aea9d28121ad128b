"""The chapter's metrics for the lab: the paper's four and one that is fit for use, learned from real judgements.

The rooms: `configs` (every setting), `stimuli` (the judgements and their sounds), `networks`, `building` (what a config
asks for), `speakers` (the task before), `training`, `evaluation` (with `floors`, `distances`, `scores`), `measurements`.
"""

from pathlib import Path
from typing import Any

import torch

from paper_code.audio import corpora
from paper_code.jnd_loss import (
    evaluation,
    known_answers,
    listening_test,
    noise_or_band,
    people,
    simulated_choices,
    stimuli,
    table_1,
    training,
)
from paper_code.jnd_loss.configs import (
    A_PAIRS_SECOND,
    A_POPULATION,
    A_TRIAL,
    CHOICES,
    FLOORS,
    JUDGED,
    LEARNING,
    LISTENING,
    NOISE_OR_BAND,
    ONE_SEED,
    PEOPLE,
    PERTURBATIONS,
    PROFILES,
    RUNS,
    TO_MEASURE,
    FloorsConfig,
    MetricConfig,
    NoiseOrBandConfig,
    PeopleConfig,
    PerturbationsConfig,
)
from paper_code.jnd_loss.listening_test import Heard
from paper_code.jnd_loss.measurements import measurements
from paper_code.jnd_loss.simulated_choices import Chosen
from paper_code.lab import material
from paper_code.lab.chapter import Chapter, Document
from paper_code.lab.config import Config
from paper_code.listeners import speech_codec_sounds

# Runs that measure something else than a metric on judged pairs: their settings, and the module that measures.
WITHOUT_PAIRS = {
    CHOICES: Chosen,
    PEOPLE: PeopleConfig,
    PERTURBATIONS: PerturbationsConfig,
    NOISE_OR_BAND: NoiseOrBandConfig,
}
MEASURED = {
    Chosen: simulated_choices,
    PeopleConfig: people,
    PerturbationsConfig: table_1,
    NoiseOrBandConfig: noise_or_band,
}


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, Config]:
    """The runs of one seed, by name: floors, metrics, and what is measured only; ONE_SEED is for the first seed only.

    The listening test is left out where the synthesiser stands in: nobody rated its sounds.
    overrides: fields of JudgedConfig, such as recordings.
    """
    size = PROFILES[profile]
    fields = {"profile": profile, "seed": seed, **size.of(JUDGED)}
    configs: dict[str, Config] = {FLOORS: FloorsConfig(**{**fields, **overrides})}
    of_metrics = {**fields, **size.of(LEARNING)}
    for run, differences in RUNS.items():
        configs[run] = MetricConfig(run=run, **{**of_metrics, **differences, **overrides})
    if not configs[FLOORS].synthetic:
        configs[listening_test.EXPERIMENT] = Heard(profile=profile, seed=seed, **size.of(LISTENING))
    given = {name: value for name, value in overrides.items() if name == "recordings"}
    for run, kind in WITHOUT_PAIRS.items():
        configs[run] = kind(profile=profile, seed=seed, **{**size.of(run), **given})
    once = seed == size.seeds[0] or seed not in size.seeds  # a seed of the reader's own is shown alone
    return {run: config for run, config in configs.items() if once or run not in ONE_SEED}


def train(config: Config, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the metric of a config, see `training`; all else trains nothing."""
    if isinstance(config, MetricConfig):
        training.train(config, folder, device, progress)


def evaluate(config: Config, folder: Path) -> None:
    """Measure what the training left, see `evaluation`; or released measures on the listening test or on choices."""
    if isinstance(config, Heard):
        listening_test.evaluate(config, folder)
    elif type(config) in MEASURED:
        MEASURED[type(config)].evaluate(config, folder)
    else:
        evaluation.evaluate(config, folder)


def sources(config: Config) -> list[dict[str, Any]]:
    """Where the judgements and the sounds of a run come from. Raises CorpusError."""
    if isinstance(config, Heard):
        return listening_test.sources(config)
    if type(config) in MEASURED:
        return MEASURED[type(config)].sources(config)
    speech = material.sources(stimuli.SIDES, stimuli.recordings, config.synthetic)
    if config.synthetic:
        return speech
    others = [*stimuli.other_recordings(), *(known_answers.paths() if isinstance(config, FloorsConfig) else [])]
    files = [corpora.recording(path) for path in others]
    for file in files:
        corpora.locate(file.path)
    heard = evaluation.listening_config(config) if isinstance(config, MetricConfig) else None
    return [*speech, *corpora.sources(files), *(listening_test.sources(heard) if heard else [])]


def recordings() -> list[str]:
    """The paths of all that the experiments need."""
    speech = [file.path for side in stimuli.SIDES for file in stimuli.recordings(side)]
    rated = [file.path for file in corpora.corpus(speech_codec_sounds.CORPUS).files]
    return [*speech, *stimuli.other_recordings(), *known_answers.paths(), *rated]


def estimate_seconds(config: Config) -> float:
    """Rough time of a run on one of two busy cores, without the rendering, which all share."""
    if isinstance(config, PeopleConfig):
        return A_POPULATION * config.populations + A_TRIAL * config.observers * config.trials
    if not isinstance(config, MetricConfig):
        return 2 * TO_MEASURE
    a_pair = A_PAIRS_SECOND * (config.seconds + config.shift / 2)
    share = {"all": 1.0, "weights": 0.5, "nothing": 0.0}[config.learned]
    before = config.pre_iterations / 2 if config.start == "pre" else 0.0
    return TO_MEASURE + config.batch * a_pair * (share * config.iterations + before)


CHAPTER = Chapter(
    name="jnd_loss",
    document=Document(
        "manocha2020",
        "A Differentiable Perceptual Audio Metric Learned from Just Noticeable Differences",
        "Manocha et al. (2020)",
    ),
    profiles=PROFILES,
    experiments=experiments,
    sources=sources,
    train=train,
    evaluate=evaluate,
    measurements=measurements,
    recordings=recordings,
    estimate_seconds=estimate_seconds,
)
