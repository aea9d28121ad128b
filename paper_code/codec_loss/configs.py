"""The settings of the chapter's experiments: the loss networks, and the autoencoders trained with each loss."""

from dataclasses import dataclass

from paper_code.audio.codecs import Codec
from paper_code.codec_loss.networks import LOG_FACTOR, PATCH, TIME_PATCH
from paper_code.lab.config import Config, ConfigError

NETWORKS = ("spectrogram", "frequency_aware", "time")
MODELS = ("a", "b", "c", "d")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("inverse", "cosine")


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
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("recordings", self.recordings, ("real", "synthetic"))
        _one_of("precision", self.precision, PRECISIONS)
        if min(self.iterations, self.batch, self.versions, self.validate_every) < 1:
            raise ConfigError("iterations, batch, versions and validate_every must be at least 1.")
        self.real_codec()  # an impossible rate is told now

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
        _one_of("network", self.network, NETWORKS)

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
    cutoff: int = 3000
    filters: int = 12
    bottleneck: int = 128
    weights: str = ""
    predicted_seconds: float = 5.0
    version: int = 2  # since the start no longer depends on the processor

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of("model", self.model, MODELS)

    @property
    def patch(self) -> int:
        """Samples of a training patch."""
        return TIME_PATCH if self.model == "d" else PATCH

    @property
    def patches(self) -> int:
        """Patches a step: of equal length in all, whatever the patch."""
        return self.batch * (PATCH // self.patch)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name} is one of {', '.join(known)}; found {value!r}.")
