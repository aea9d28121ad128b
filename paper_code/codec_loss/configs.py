"""Every setting of the chapter's experiments: the loss networks, and the autoencoders trained with each loss.

The paper's stand in PAPER and in the defaults of the configs, and what differs from them by size in PROFILES.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from paper_code.audio.codecs import Codec
from paper_code.codec_loss.networks import LOG_FACTOR, PATCH, TIME_PATCH
from paper_code.lab.config import Config, ConfigError, Profile, one_of

NETWORKS = ("spectrogram", "frequency_aware", "time")  # the second is a variant: the same settings, but for its name
MODELS = ("a", "b", "c", "d")  # the paper's


@dataclass(frozen=True)
class Teacher:
    """The codec loss that a model learns with. network: which it asks.   weights: see CodecLoss.calibrate."""

    network: str
    weights: str = "value"


_C = Teacher("spectrogram")
TEACHERS = {
    "c": _C,
    "d": Teacher("time"),
    # Ours, as differences from Model C.
    "c_gradient": replace(_C, weights="gradient"),
    "c_aware": replace(_C, network="frequency_aware"),
    "c_fair": replace(_C, network="frequency_aware", weights="gradient"),
}
FAIR = "c_fair"
REPEATED = ("a", "b", "c", FAIR)  # with several seeds
ALONE = ("c_gradient",)  # one change alone, in a short trial only
TRIED = (*REPEATED, *ALONE)
ALL_MODELS = ("a", "b", *TEACHERS)
NARROW, BROAD = 3000, 5000  # Hz, of the sounds: §6.1 and §8.1
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("inverse", "cosine")

# Kinds of run, by which settings differ; a model's own letter is one too, for the narrow band.
SPECTROGRAM, TIME, MODEL, TRIALS = "spectrogram", "time", "model", "trials"
TRIALS_ALONE = "trials of one change"
PAPERS_RATE = 1e-3  # of the models: Table 2
PAPER: Mapping[str, Mapping[str, Any]] = {  # Tables 1 and 2; the number of steps is not said
    SPECTROGRAM: {"batch": 32, "learning_rate": 1e-3},
    TIME: {"batch": 16, "learning_rate": 1e-4},
    MODEL: {"batch": 32, "learning_rate": PAPERS_RATE},
}
PROFILES = {
    "smoke": Profile(
        "seconds: a handful of steps with a few filters",
        changes={
            SPECTROGRAM: {"iterations": 4, "batch": 2, "filters": 4, "versions": 1},
            TIME: {"iterations": 4, "batch": 2, "filters": 4, "versions": 1},
            MODEL: {"iterations": 3, "batch": 1, "filters": 4, "versions": 1, "predicted_seconds": 0.5},
            TRIALS: {"iterations": 2, "rates": (3e-5, PAPERS_RATE)},
        },
    ),
    "small": Profile(
        "short trainings, the time-domain network with half its filters: some six hours of one core",
        seeds=(0, 1, 2),
        changes={
            SPECTROGRAM: {"iterations": 2200, "batch": 8, "schedule": "cosine", "versions": 13},
            TIME: {
                "iterations": 4000, "batch": 8, "filters": 16, "schedule": "cosine", "learning_rate": 5e-4,
                "versions": 13,
            },
            MODEL: {
                "iterations": 500, "batch": 2, "schedule": "cosine", "learning_rate": 3e-5, "predicted_seconds": 2.0,
            },
            # At the rates that the trials have chosen. Model D was not tuned; it learns for longer.
            "a": {"learning_rate": 1e-5},
            "b": {"learning_rate": 1e-6},
            "c": {"learning_rate": 3e-6},
            FAIR: {"learning_rate": 1e-6},
            "d": {"iterations": 1500},
            TRIALS: {"iterations": 150, "rates": (1e-6, 3e-6, 1e-5, 3e-5, PAPERS_RATE)},
            TRIALS_ALONE: {"rates": (1e-6,)},
        },
    ),
    "full": Profile(
        "the paper's networks, for one large GPU: under ten minutes a network",
        changes={
            SPECTROGRAM: {"iterations": 12000, "precision": "bfloat16", "schedule": "cosine", "versions": 13},
            TIME: {"iterations": 20000, "precision": "bfloat16", "schedule": "cosine", "versions": 13},
            # At the paper's rate a model leaves its start within a few steps and becomes silent. And bfloat16 would
            # round each of its layers to 48 dB, which is heard at the ratios of Table 3.
            MODEL: {"iterations": 10000, "schedule": "cosine", "learning_rate": 1e-4},
            TRIALS: {"iterations": 500, "rates": (1e-5, 3e-5, 1e-4, PAPERS_RATE)},
        },
    ),
}  # fmt: skip

# Seconds on one of two busy cores, measured at the sizes of the profile small.
A_PATCH = {"spectrogram": 0.12, "frequency_aware": 0.12, "time": 0.08}  # of a loss network with 16 filters
A_MODELS_PATCH = {"a": 0.18, "b": 0.2, "c": 0.4, "d": 0.6}
TO_MEASURE = {"network": 60, "model": 120}

# Of the trainings.
GAIN = 6.0  # dB: a patch of a loss network is made up to this much louder or softer, original and coded alike
SOFTER = 12.0  # dB: one of a model up to this much softer; never louder, the network's tanh cannot go beyond 1
WARM_UP = 100  # steps after which the terms of a model's loss are weighed once more, then for good
FILTER_PATCHES = 200  # from which the best fixed filter is fitted


def kind_of(network: str) -> str:
    """By what kind of run the settings of a loss network differ: those of both spectrogram networks are the same."""
    return TIME if network == "time" else SPECTROGRAM


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """What all trainings here have in common. The defaults are the paper's.

    iterations: Adam steps. batch: patches a step. decay: of the rate, as old Keras had it, lr / (1 + decay * step).
    schedule: "inverse" (that decay alone) or "cosine" (and down to 0 at the last step). recordings: "real" or
    "synthetic". versions: how often each track is in the material, see stimuli.material. precision: of the networks.
    """

    iterations: int
    batch: int
    learning_rate: float
    decay: float = 5e-6
    schedule: str = "inverse"
    validate_every: int = 250
    recordings: str = "real"
    versions: int = 7
    codec: str = "mp3"
    bitrate: float = 16.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("recordings", self.recordings, ("real", "synthetic"))
        one_of("precision", self.precision, PRECISIONS)
        if min(self.iterations, self.batch, self.versions, self.validate_every) < 1:
            raise ConfigError("iterations, batch, versions and validate_every must be at least 1.")
        self.real_codec()  # an impossible rate is told now

    @property
    def synthetic(self) -> bool:
        """Whether the synthesiser stands in for the recordings."""
        return self.recordings == "synthetic"

    @property
    def most_patches(self) -> int:
        """How many test patches are measured at most: a training of a few steps is not worth hundreds."""
        return 4 * self.iterations

    def real_codec(self) -> Codec:
        """The codec that makes the targets. Raises CodecError for a rate it does not have."""
        return Codec(self.codec, self.bitrate)


@dataclass(frozen=True, kw_only=True)
class LossNetworkConfig(TrainingConfig):
    """A network that imitates the codec: one of the paper's two, or the stronger variant of the first.

    Paper: Ananthabhotla et al. 2019, Table 1. Chapter: codec_loss.
    """

    network: str
    filters: int = 32
    log_factor: float = LOG_FACTOR

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("network", self.network, NETWORKS)

    @property
    def patch(self) -> int:
        """Samples of a training patch."""
        return TIME_PATCH if self.network == "time" else PATCH


@dataclass(frozen=True, kw_only=True)
class ModelConfig(TrainingConfig):
    """One of the autoencoders A to D. Paper: Ananthabhotla et al. 2019, Eq. 1-4 and Table 2. Chapter: codec_loss.

    model: which loss. cutoff: Hz, the band its sounds are limited to. batch: patches of 66,048 samples; model D takes
    four of 16,384 for each. predicted_seconds: of each track that PEASS is asked about.
    weights: the first 12 digits of the sha256 of the released loss network ("" without one).
    """

    model: str
    cutoff: int = NARROW
    filters: int = 12
    bottleneck: int = 128
    weights: str = ""
    predicted_seconds: float = 5.0
    version: int = 2  # since the start no longer depends on the processor

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model", self.model, ALL_MODELS)

    @property
    def patch(self) -> int:
        """Samples of a training patch."""
        return TIME_PATCH if self.model == "d" else PATCH

    @property
    def patches(self) -> int:
        """Patches a step: of equal length in all, whatever the patch."""
        return self.batch * (PATCH // self.patch)


@dataclass(frozen=True, kw_only=True)
class TrialsConfig(ModelConfig):
    """Short trainings of a model, one for each learning rate; nothing but what the validation tells is kept of them.

    rates: the learning rates.   learning_rate: not used.
    Paper: silent. Chapter: codec_loss.
    """

    rates: tuple[float, ...]
    learning_rate: float = 0.0

    def trial(self, rate: float) -> ModelConfig:
        """The settings of the training with one of the rates."""
        kept = {field.name: getattr(self, field.name) for field in fields(ModelConfig)}
        return ModelConfig(**{**kept, "learning_rate": rate})
