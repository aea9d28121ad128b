"""Every setting of the chapter: the coders and their trainings, what is compared, and what each profile changes."""

import dataclasses
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from paper_code.audio.codecs import Codec
from paper_code.audio.signals import as_number
from paper_code.lab.config import Config, ConfigError, Profile, one_of
from paper_code.masking_loss.coder.coder import STARTS
from paper_code.masking_loss.coder.framing import FRAME, HOP
from paper_code.masking_loss.coder.quantiser import ASSIGNMENTS

LOSSES = ("mse", "log_mel", "pmsqe", "masking")
RATES = (13.0, 20.0, 24.0)  # kb/s
AMR_WB_RATES = {13.0: 12.65, 20.0: 19.85, 24.0: 23.85}  # kb/s: beside which coders AMR-WB stands in Table 1
TRANSFORMS = ("mdct", "lapped")  # that code without training, see coder.untrained
SWEPT_RATE = 20.0  # kb/s, of section 4.1
GAMMAS = (0.0, 1.2)  # of section 4.1, besides 0.8
SCALES = ((32,), (8, 16, 32, 64))  # of section 4.1, besides (16, 32, 64)
LONGER = 4  # times as many steps with quantisation: whether more training brings what the paper reports
TRAINED_LONGER = ("masking",)
PEASS_SHORTEST = 0.5  # s
PRECISIONS = ("float32", "bfloat16")
CONTROLS = ("entropy", "step")
SQUARED_ERRORS = ("rmse", "sum")
# alpha_4 where none is set: the paper's for the masking loss, its baseline's for the log-mel loss. It gives none for PMSQE:
# that makes it as large as the log-mel term when quantisation begins.
WEIGHTS: Mapping[str, float] = {"mse": 0.0, "log_mel": 5.0, "pmsqe": 4.0, "masking": 0.003}
EPOCH = 694  # steps of 128 frames in the 44 minutes of the training speakers
# Settings that a coder without quantisation does not know of.
OF_THE_RATE = (
    "bitrate", "tolerance", "alpha_2", "alpha_3", "alpha_3_step", "relative_step", "lookahead", "control",
    "control_every", "control_frames",
)  # fmt: skip
OF_THE_START = ("temperature", "sharpness", "start_frames", "assignment")
OF_THE_LOSS = ("alpha_4", "gamma", "bands")


@dataclass(frozen=True, kw_only=True)
class CoderConfig(Config):
    """A coder and its training. The defaults are the paper's, and Kankanahalli's where the paper says nothing.

    loss: "mse" (none but the squared error), "log_mel", "pmsqe" or "masking".   bitrate: wanted, kb/s.
    gamma, bands: of the masking loss; the log-mel loss takes the same bands.
    alpha_1 to alpha_4: weights of Eq. 7; alpha_4 None is that of WEIGHTS, alpha_3 the one to start from.
    alpha_3_step: by how much it moves where the rate is more than `tolerance` kb/s off, every `control_every` steps,
        looking at `control_frames` frames from all over the training speakers.   relative_step: by that share of itself.
    lookahead: the rate is taken where it will be after so many more controls, if it goes on as between the last two.
    control: of the rate, by the weight of the "entropy" (alpha_3), or by the "step" of the quantiser; then alpha_3 stays.
    squared_error: "rmse" of a frame, or the "sum" that is printed.
    width: channels.   bins, temperature, residual_gain, start, fold, assignment: see SpeechCoder.
    sharpness: see SoftmaxQuantiser.start.
    warm_up: steps without quantisation; with the start "lapped" there may be none.   iterations: steps after them.
    batch: frames a step, in runs of `run`.   clip: largest norm of a gradient, 0 for any.   rise: steps in which the
    learning rate rises to its first value.
    warm_up_loss: the loss of the warm-up, "" for the coder's own; coders with the same warm-up share it.
    start_frames: frames whose codes place the bins.   learning_rate, last_rate: ends of the cosine over all steps.
    validation_frames: how many are measured every `validate_every` steps.   recordings: "real" or "synthetic".
    Paper: Byun et al. 2021, Eq. 7 and section 4. Chapter: masking_loss.
    """

    loss: str
    bitrate: float = 20.0
    gamma: float = 0.8
    bands: tuple[int, ...] = (16, 32, 64)
    alpha_1: float = 60.0
    alpha_2: float = 10.0
    alpha_3: float = 0.5
    alpha_4: float | None = None
    alpha_3_step: float = 0.025
    relative_step: bool = False
    lookahead: float = 0.0
    tolerance: float = 0.45
    control: str = "entropy"
    control_every: int = EPOCH
    control_frames: int = 20000
    squared_error: str = "rmse"
    width: int = 64
    bins: int = 32
    temperature: float = 300.0
    sharpness: float | None = None
    residual_gain: float = 1.0
    start: str = "he"
    fold: int = 1
    assignment: str = "soft"
    warm_up: int = 5 * EPOCH
    iterations: int = 145 * EPOCH
    batch: int = 128
    run: int = 16
    warm_up_loss: str = ""
    start_frames: int = 5000
    learning_rate: float = 2e-4
    last_rate: float = 1e-4
    rise: int = 0
    clip: float = 0.0
    validate_every: int = EPOCH
    validation_frames: int = 2000
    recordings: str = "real"
    precision: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("loss", self.loss, LOSSES)
        one_of("warm_up_loss", self.warm_up_loss, ("", *LOSSES))
        one_of("squared_error", self.squared_error, SQUARED_ERRORS)
        one_of("recordings", self.recordings, ("real", "synthetic"))
        one_of("start", self.start, STARTS)
        one_of("precision", self.precision, PRECISIONS)
        one_of("control", self.control, CONTROLS)
        one_of("assignment", self.assignment, ASSIGNMENTS)
        if self.warm_up < (self.start != "lapped") or self.clip < 0 or self.rise < 0:
            raise ConfigError(
                'warm_up is at least 1, or 0 with the start "lapped"; clip and rise are 0 or more; found '
                f"{self.warm_up}, {self.clip} and {self.rise}."
            )
        counts = ("iterations", "control_every", "control_frames", "start_frames", "validate_every")
        for name in (*counts, "validation_frames", "width", "batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1; found {getattr(self, name)}.")
        if self.run < 2 or self.batch % self.run:
            raise ConfigError(f"batch is a multiple of run, and run at least 2; found {self.batch} and {self.run}.")
        most = most_kilobits(self.bins)
        if not 1 < self.bitrate < most:
            raise ConfigError(
                f"bitrate lies between 1 kb/s and the {most:.1f} kb/s that {self.bins} bins can carry; "
                f"found {self.bitrate}."
            )

    @property
    def perceptual_weight(self) -> float:
        """alpha_4, of the perceptual loss."""
        return WEIGHTS[self.loss] if self.alpha_4 is None else self.alpha_4

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.warm_up + self.iterations

    def of_the_warm_up(self) -> "CoderConfig":
        """The settings that the warm-up depends on: coders that agree in them start from the same weights.

        The rate is not among them, as nothing is quantised yet; nor, with another `warm_up_loss`, are the coder's own
        loss and its weight. The length of the whole training is, through the learning rate.
        """
        known = {field.name: field.default for field in dataclasses.fields(self)}
        names = {*OF_THE_RATE, *OF_THE_START}
        loss = self.warm_up_loss or self.loss
        if loss != self.loss:
            names |= set(OF_THE_LOSS)
        elif loss not in ("masking", "log_mel"):
            names |= {"gamma", "bands"}
        return self.replace(**{name: known[name] for name in names}, loss=loss, warm_up_loss="")


@dataclass(frozen=True, kw_only=True)
class Measured(Config):
    """What is measured of a condition, and on what.

    recordings: "real" or "synthetic".   utterances: how many of a side are measured at most, 0 for all.
    predicted: how many of the test utterances PEASS is asked about, each of another speaker; 0 leaves PEASS out.
    predicted_seconds: of the middle of each.   heard: how many decoded test utterances are kept as sounds.
    """

    recordings: str = "real"
    utterances: int = 0
    predicted: int = 10
    predicted_seconds: float = 4.0
    heard: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("utterances", "predicted", "heard"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is 0 or more; found {getattr(self, name)}.")
        if self.predicted_seconds < PEASS_SHORTEST:
            raise ConfigError(f"PEASS needs {PEASS_SHORTEST} s; predicted_seconds is {self.predicted_seconds}.")


@dataclass(frozen=True, kw_only=True)
class TrainedCoder(CoderConfig, Measured):
    """A coder to be trained and measured. Paper: Byun et al. 2021, section 4. Chapter: masking_loss."""

    stored_as: ClassVar[str] = "paper_code.masking_loss.conditions.TrainedCoder"

    def of_the_warm_up(self) -> CoderConfig:
        """As CoderConfig has it: what is measured later has no part in the warm-up."""
        known = self.as_dict()
        return CoderConfig(
            **{field.name: known[field.name] for field in dataclasses.fields(CoderConfig)}
        ).of_the_warm_up()


@dataclass(frozen=True, kw_only=True)
class AmrWb(Measured):
    """AMR-WB at a bit rate (kb/s) that it has. Paper: Byun et al. 2021, Table 1. Chapter: masking_loss."""

    stored_as: ClassVar[str] = "paper_code.masking_loss.conditions.AmrWb"

    kilobits: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.codec()  # an impossible rate is told now

    def codec(self) -> Codec:
        """The codec; raises CodecError for a rate that it does not have."""
        return Codec("amr_wb", self.kilobits)


@dataclass(frozen=True, kw_only=True)
class UntrainedCoder(Measured):
    """A transform as a coder: nothing is trained but the size of its steps, which is found for the rate.

    transform: "mdct", the simplest one; "lapped", what short trainings start from. See coder.untrained.
    bitrate: wanted, kb/s, of `control_frames` frames of the training speakers.   bins: of the quantiser.
    Paper: none. Chapter: masking_loss.
    """

    transform: str
    bitrate: float
    control_frames: int = 20000
    bins: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("transform", self.transform, TRANSFORMS)


def require_rate(bitrate: float) -> float:
    """A rate (kb/s) there is a coder for; raises ConfigError on others: a coder keeps to the rate it was trained for."""
    with suppress(ValueError):  # what is no number at all is told with those there are
        bitrate = as_number("bitrate", bitrate)
    if bitrate not in RATES:
        known = ", ".join(f"{rate:g}" for rate in RATES)
        found = f"{bitrate:g}" if isinstance(bitrate, float) else repr(bitrate)
        raise ConfigError(f"there are coders for {known} kb/s; found {found}. Choose one, or train a coder for it.")
    return float(bitrate)


def most_kilobits(bins: int) -> float:
    """kb/s of symbols that take all bins alike. Paper: Byun et al. 2021, section 2.2."""
    return kilobits(math.log2(bins))


def kilobits(bits: float) -> float:
    """kb/s of symbols of so many bits each, 256 a frame of 480 new samples. Paper: Byun et al. 2021, section 2.2."""
    return bits * (FRAME // 2) * 16.0 / HOP


PROFILES = {
    "smoke": Profile("seconds: a handful of steps with a few channels, two utterances"),
    "small": Profile(
        "coders half as wide that take 16 samples at a time, a short training from a fixed transform, three seeds: an "
        "hour and a half of one core in all",
        seeds=(0, 1, 2),
    ),
    "full": Profile("the paper's coder and 150 epochs, for one large GPU"),
}
# What differs from the paper's settings in short trainings: they begin as a fixed transform, that quantises, and learn
# around it. The paper does not say how many bins there are; with 32, loud sounds are coded coarsely.
SHORT: Mapping[str, Any] = {
    "start": "lapped",
    "fold": 16,
    "bins": 64,
    "sharpness": 4.0,  # of a gradient; what is coded is the nearest bin
    "assignment": "hard",
    "alpha_2": 0.0,  # a hard assignment needs no penalty
    "alpha_3": 0.15,
    "control": "step",
    "residual_gain": 0.1,
    "warm_up": 0,
    "last_rate": 5e-5,
    "rise": 100,
    "clip": 1.0,
}
# alpha_4 of short trainings. The paper's laboratory advises that the squared error's term is one to ten times as large as
# the perceptual one; the masking loss is about as large when a training begins. As large as that, PMSQE makes trainings
# differ by more than losses do, and the log-mel loss fills the band above 4 kHz with noise: its coder then falls behind a
# fixed transform in PESQ. So these two have smaller weights.
SHORT_WEIGHTS: Mapping[str, float] = {"mse": 0.0, "log_mel": 0.005, "pmsqe": 0.2, "masking": 0.3}
SIZES: Mapping[str, Mapping[str, Any]] = {
    "smoke": {
        **SHORT, "width": 4, "batch": 8, "run": 4, "iterations": 4, "control_every": 2, "control_frames": 32,
        "validate_every": 2, "validation_frames": 64,
    },
    "small": {
        **SHORT, "width": 32, "batch": 16, "run": 8, "iterations": 450, "learning_rate": 2e-3, "control_every": 20,
        "control_frames": 400, "validate_every": 50, "validation_frames": 320,
    },
    "full": {"precision": "bfloat16"},
}  # fmt: skip
# A transform has as many bins as it needs for even steps.
UNTRAINED: Mapping[str, Mapping[str, Any]] = {"mdct": {"bins": 255}, "lapped": {"bins": SHORT["bins"]}}
MEASURED: Mapping[str, Mapping[str, Any]] = {  # what is measured, by profile
    "smoke": {"utterances": 2, "predicted": 1, "predicted_seconds": 0.5, "heard": 1},
    "small": {"utterances": 40, "predicted": 5},
    "full": {},
}
# Section 4.1 looks at PESQ alone. One seed is heard; PEASS, which is slow, is asked about that one only.
OF_A_SWEEP: Mapping[str, Any] = {"predicted": 0, "heard": 1}
OF_A_REPETITION: Mapping[str, Any] = {"predicted": 0, "heard": 0}
# Seconds on one of two busy cores: a step at the sizes of the profile small; an utterance of any condition and what a
# coder takes longer; PEASS of a second.
A_STEP, AN_UTTERANCE, OF_A_CODER, A_PREDICTED_SECOND = 0.16, 0.4, 0.3, 1.5


def sized(profile: str, seed: int, loss: str, bitrate: float, **changes: Any) -> CoderConfig:
    """The settings of a coder in a profile: "smoke", "small" or "full". changes: further fields."""
    fields = {**SIZES[profile], **weights(profile, loss), **changes}
    return CoderConfig(profile=profile, seed=seed, loss=loss, bitrate=bitrate, **fields)


def weights(profile: str, loss: str) -> dict[str, Any]:
    """The weights of Eq. 7 that differ from coder to coder in a profile."""
    return {"alpha_4": (WEIGHTS[loss] or None) if profile == "full" else SHORT_WEIGHTS[loss]}
