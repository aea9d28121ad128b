"""Denoisers trained with three losses, for the lab.

The rooms: `configs` (every setting), `noises` and `stimuli` (sounds), `losses`, `building` (what a config asks for),
`training`, `spectral` and `methods` (what they stand beside), `evaluation`, `measurements`.
"""

from typing import Any

from paper_code.audio import corpora
from paper_code.jnd_loss.enhancement import noises, stimuli
from paper_code.jnd_loss.enhancement.configs import PROFILES, EnhancementConfig, runs
from paper_code.jnd_loss.enhancement.evaluation import evaluate
from paper_code.jnd_loss.enhancement.measurements import measurements
from paper_code.jnd_loss.enhancement.training import train
from paper_code.lab import material
from paper_code.lab.chapter import Chapter, Document

A_STEP = 0.018  # s of one core for a channel and a second of sound
TO_MEASURE = 120.0


def sources(config: EnhancementConfig) -> list[dict[str, Any]]:
    """Where the sounds of a run come from. Raises CorpusError."""
    speech = material.sources(stimuli.SIDES, stimuli.recordings, config.synthetic)
    if config.synthetic:
        return speech
    files = [corpora.recording(path) for path in [*noises.paths(), *_pairs()]]
    for file in files:
        corpora.locate(file.path)
    return [*speech, *corpora.sources(files)]


def recordings() -> list[str]:
    """The paths of all that the experiments need."""
    speech = [file.path for side in stimuli.SIDES for file in stimuli.recordings(side)]
    return [*speech, *noises.paths(), *_pairs()]


def estimate_seconds(config: EnhancementConfig) -> float:
    """Rough time of a run on one of two busy cores."""
    learning = config.iterations * config.batch * config.seconds * config.channels * A_STEP if config.learns else 0.0
    return TO_MEASURE + learning


def _pairs() -> list[str]:
    return [
        stimuli.pair_path(name, version) for name in stimuli.pair_names() for version in ("clean", "noisy", "CMGAN")
    ]


CHAPTER = Chapter(
    name="jnd_denoiser",
    document=Document(
        "manocha2020",
        "A Differentiable Perceptual Audio Metric Learned from Just Noticeable Differences",
        "Manocha et al. (2020), denoiser",
    ),
    profiles=PROFILES,
    experiments=runs,
    sources=sources,
    train=train,
    evaluate=evaluate,
    measurements=measurements,
    recordings=recordings,
    estimate_seconds=estimate_seconds,
)
