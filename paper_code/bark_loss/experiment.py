"""One network learns one sound, once for each loss: the experiment of Vinyard 2018, from settings to result.

The rooms of the experiment: `configs` (every setting), `stimuli` (sounds), `networks` (generator), `loss`, `training`,
`evaluation` (metrics of what the training left), `measurements` (their names), `figures` and `tables`.
"""

from typing import Any

from paper_code.bark_loss import stimuli
from paper_code.bark_loss.configs import (
    A_SOUND,
    A_STEP,
    A_STEP_OF_THE_LOSS,
    LOSSES,
    ONE_SEED,
    PROFILES,
    RUN,
    BarkConfig,
)
from paper_code.bark_loss.evaluation import evaluate
from paper_code.bark_loss.measurements import measurements
from paper_code.bark_loss.training import train
from paper_code.lab.chapter import Chapter, Document


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, BarkConfig]:
    """The runs of one seed, by name: the losses, those of ONE_SEED for the profile's first seed only.

    overrides: fields of BarkConfig.
    """
    size = PROFILES[profile]
    losses = [loss for loss in LOSSES if loss not in ONE_SEED or seed == size.seeds[0]]
    fields = {**size.of(RUN), **overrides}
    return {loss: BarkConfig(profile=profile, seed=seed, loss=loss, **fields) for loss in losses}


def sources(config: BarkConfig) -> list[dict[str, Any]]:
    """Where the sounds of a run come from: origin, licence and the recipe that makes each."""
    return [
        {"name": name, "origin": clip.origin, "licence": clip.licence, **clip.recipe}
        for name, clip in stimuli.clips_of(config.sounds, config.synthetic).items()
    ]


def estimate_seconds(config: BarkConfig) -> float:
    """Rough time of a run on one of two busy cores."""
    a_step = A_STEP + (0.0 if config.loss == "mse" else A_STEP_OF_THE_LOSS * config.bands / 512)
    return len(config.sounds) * (config.iterations * a_step + A_SOUND)


CHAPTER = Chapter(
    name="bark_loss",
    document=Document("vinyard2018", "Perceptual Audio Loss", "Vinyard (2018)"),
    profiles=PROFILES,
    experiments=experiments,
    sources=sources,
    train=train,
    evaluate=evaluate,
    measurements=measurements,
    recordings=stimuli.paths,
    estimate_seconds=estimate_seconds,
)
