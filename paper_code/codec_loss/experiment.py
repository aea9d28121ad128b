"""The chapter's experiments for the lab: three networks that imitate a codec, autoencoders in two bands, and short
trials of what rates they learn at.

The rooms: `configs` (every setting), `stimuli` (sounds), `networks`, `building` (what a config asks for), `loss`,
`training` (by `imitation` and `coding`), `evaluation` (what came out), `measurements`, `figures` and `tables`.
"""

from typing import Any

from paper_code.codec_loss import stimuli
from paper_code.codec_loss.configs import (
    A_MODELS_PATCH,
    A_PATCH,
    ALONE,
    BROAD,
    FAIR,
    MODEL,
    MODELS,
    NARROW,
    NETWORKS,
    PAPER,
    PROFILES,
    REPEATED,
    TEACHERS,
    TO_MEASURE,
    TRIALS,
    TRIALS_ALONE,
    TRIED,
    LossNetworkConfig,
    ModelConfig,
    TrainingConfig,
    TrialsConfig,
    kind_of,
)
from paper_code.codec_loss.evaluation import evaluate
from paper_code.codec_loss.measurements import measurements
from paper_code.codec_loss.training import train
from paper_code.codec_loss.weights import checksum, released
from paper_code.lab import material
from paper_code.lab.chapter import Chapter, Document


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, TrainingConfig]:
    """The runs of one seed, by name. overrides: fields of TrainingConfig, such as codec and bitrate.

    Of the seeds that a published result averages over, the first has everything; the others repeat some models in the
    narrow band, which tells how much of a difference is chance.
    Another codec than the paper's is for the loss networks; the autoencoders keep the released ones (MP3 at 16 kb/s).
    """
    of_models = {name: value for name, value in overrides.items() if name not in ("codec", "bitrate")}
    if seed in PROFILES[profile].seeds[1:]:
        return {f"model_{model}": model_config(model, NARROW, profile, seed, **of_models) for model in REPEATED}
    return {
        **{f"network_{network}": network_config(network, profile, seed, **overrides) for network in NETWORKS},
        **{f"trials_{model}": trials_config(model, profile, seed, **of_models) for model in TRIED},
        **{f"model_{model}": model_config(model, NARROW, profile, seed, **of_models) for model in (*MODELS, FAIR)},
        **{f"model_{model}_broad": model_config(model, BROAD, profile, seed, **of_models) for model in MODELS},
    }


def network_config(network: str, profile: str, seed: int, **overrides: Any) -> LossNetworkConfig:
    """The settings of a loss network in a profile."""
    kind = kind_of(network)
    fields = {**PAPER[kind], **PROFILES[profile].of(kind), **overrides}
    return LossNetworkConfig(profile=profile, seed=seed, network=network, **fields)


def model_config(model: str, cutoff: int, profile: str, seed: int, **overrides: Any) -> ModelConfig:
    """The settings of an autoencoder for sounds limited to `cutoff` Hz, in a profile."""
    kinds = (MODEL, model) if cutoff == NARROW else (MODEL,)
    fields = {**PAPER[MODEL], **PROFILES[profile].of(*kinds), **overrides}
    return ModelConfig(profile=profile, seed=seed, model=model, cutoff=cutoff, weights=_weights(model), **fields)


def trials_config(model: str, profile: str, seed: int, **overrides: Any) -> TrialsConfig:
    """The settings of the trials of an autoencoder's learning rate, in a profile."""
    kinds = (MODEL, TRIALS, TRIALS_ALONE) if model in ALONE else (MODEL, TRIALS)
    fields = {**PAPER[MODEL], **PROFILES[profile].of(*kinds), **overrides, "learning_rate": 0.0}
    return TrialsConfig(profile=profile, seed=seed, model=model, weights=_weights(model), **fields)


def _weights(model: str) -> str:
    """The checksum of the released loss network that a model learns with, "" without one."""
    return checksum(released(TEACHERS[model].network)) if model in TEACHERS else ""


def sources(config: TrainingConfig) -> list[dict[str, Any]]:
    """Where the sounds of a run come from, and for models C and D the loss network. Raises CorpusError."""
    sounds = material.sources(stimuli.SIDES, stimuli.recordings, config.synthetic)
    if not (isinstance(config, ModelConfig) and config.weights):
        return sounds
    origin = f"network: {released(TEACHERS[config.model].network).name}"
    return [*sounds, {"name": "loss network", "origin": origin, "licence": "MIT", "sha256": config.weights}]


def estimate_seconds(config: TrainingConfig) -> float:
    """Rough time of a run on one of two busy cores."""
    patches = config.iterations * config.batch
    if isinstance(config, LossNetworkConfig):
        return TO_MEASURE["network"] + patches * A_PATCH[config.network] * (config.filters / 16) ** 2
    seconds = patches * A_MODELS_PATCH[config.model[0]]
    return len(config.rates) * seconds if isinstance(config, TrialsConfig) else TO_MEASURE["model"] + seconds


CHAPTER = Chapter(
    name="codec_loss",
    document=Document(
        "ananthabhotla2019",
        "Towards a Perceptual Loss: Using a Neural Network Codec Approximation as a Loss for Generative Audio Models",
        "Ananthabhotla, Ewert & Paradiso (2019)",
    ),
    profiles=PROFILES,
    experiments=experiments,
    sources=sources,
    train=train,
    evaluate=evaluate,
    measurements=measurements,
    recordings=lambda: [file.path for side in stimuli.SIDES for file in stimuli.recordings(side)],
    estimate_seconds=estimate_seconds,
)
