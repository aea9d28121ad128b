"""The conditions of Table 1 and of section 4.1: what is compared, and the settings of what is measured of each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from paper_code.audio.codecs import Codec
from paper_code.lab.config import Config, ConfigError, suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.store import Result
from paper_code.masking_loss.configs import (
    AMR_WB_RATES,
    GAMMAS,
    LOSSES,
    RATES,
    SCALES,
    SWEPT_RATE,
    TRAINED_LONGER,
    CoderConfig,
)

AMR_WB = "amr_wb"
FAMILIES = {AMR_WB: "AMR-WB", "mse": "MSE", "log_mel": "log-mel", "pmsqe": "PMSQE", "masking": "masking"}
PEASS_SHORTEST = 0.5  # s
USUAL = {field.name: field.default for field in fields(CoderConfig) if field.name in ("gamma", "bands")}


@dataclass(frozen=True)
class Condition:
    """What is compared: a coder of one loss, or AMR-WB, at one bit rate.

    kind: the loss that a coder was trained with, or "amr_wb".   rate: kb/s, that of AMR-WB or the one wanted of a coder.
    gamma, bands: of the masking loss.   longer: trained with LONGER times as many steps as the others of its profile.
    Raises ConfigError for an unknown kind.
    """

    kind: str
    rate: float
    gamma: float = USUAL["gamma"]
    bands: tuple[int, ...] = USUAL["bands"]
    longer: bool = False

    def __post_init__(self) -> None:
        if self.kind not in FAMILIES:
            raise ConfigError(f"there is no condition {self.kind!r}. {suggestion(self.kind, FAMILIES)}")

    @classmethod
    def of_config(cls, config: Mapping[str, Any], longer: bool = False) -> Self:
        """The condition of a result's settings, which do not tell whether others are trained for a shorter time."""
        if "loss" not in config:
            return cls(AMR_WB, config["kilobits"])
        return cls(config["loss"], config["bitrate"], config["gamma"], tuple(config["bands"]), longer)

    @classmethod
    def of(cls, result: Result) -> Self:
        """The condition that a result is of."""
        return cls.of_config(result.config, result.experiment in LONGER_EXPERIMENTS)

    @property
    def trained(self) -> bool:
        """Whether it is a coder that was trained here, and not AMR-WB."""
        return self.kind != AMR_WB

    @property
    def family(self) -> str:
        """What it is called without rate and settings: "AMR-WB", "log-mel"."""
        return FAMILIES[self.kind]

    @property
    def title(self) -> str:
        """ "AMR-WB 12.65", "masking 20", "masking 20, gamma 0", "masking 20, bands 16-32", "MSE 20, longer"."""
        words = [f"{self.family} {self.rate:g}"]
        words += [f"gamma {self.gamma:g}"] if "gamma" in self.changes else []
        words += [f"bands {'-'.join(map(str, self.bands))}"] if "bands" in self.changes else []
        return ", ".join([*words, "longer"] if self.longer else words)

    def __str__(self) -> str:
        return self.title

    @property
    def experiment(self) -> str:
        """The name of its experiment: "amr_wb_12.65", "coder_masking_20_bands_16_32", "coder_mse_20_longer"."""
        words = [f"{self.kind}_{self.rate:g}"]
        words += [f"gamma_{self.gamma:g}"] if "gamma" in self.changes else []
        words += [f"bands_{'_'.join(map(str, self.bands))}"] if "bands" in self.changes else []
        words += ["longer"] if self.longer else []
        return "_".join(["coder", *words] if self.trained else words)

    @property
    def usual(self) -> Self:
        """The same, trained no longer than the others."""
        return replace(self, longer=False)

    @property
    def changes(self) -> dict[str, Any]:
        """Settings of the loss, by name, that are not the usual ones: those that section 4.1 looks at."""
        return {name: getattr(self, name) for name, usual in USUAL.items() if getattr(self, name) != usual}


def at_rate(rate: float) -> list[Condition]:
    """The conditions of Table 1 at 13, 20 or 24 kb/s: AMR-WB and a coder of each loss. Raises LabError."""
    if rate not in AMR_WB_RATES:
        known = ", ".join(f"{known:g}" for known in AMR_WB_RATES)
        raise LabError(f"no coder was trained for {rate!r} kb/s; there are {known}.")
    return [Condition(AMR_WB, AMR_WB_RATES[rate]), *(Condition(loss, rate) for loss in LOSSES)]


TABLE_1 = [condition for rate in RATES for condition in at_rate(rate)]
REPEATED = [Condition(loss, SWEPT_RATE) for loss in LOSSES]  # with several seeds
BASE = Condition("masking", SWEPT_RATE)  # of section 4.1
SWEEPS = [
    *(Condition("masking", SWEPT_RATE, gamma=gamma) for gamma in GAMMAS),
    *(Condition("masking", SWEPT_RATE, bands=bands) for bands in SCALES),
]
TRAINED_FOR_LONGER = [Condition(loss, SWEPT_RATE, longer=True) for loss in TRAINED_LONGER]
LONGER_EXPERIMENTS = {condition.experiment for condition in TRAINED_FOR_LONGER}


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

    def of_the_warm_up(self) -> CoderConfig:
        """As CoderConfig has it: what is measured later has no part in the warm-up."""
        known = self.as_dict()
        return CoderConfig(**{field.name: known[field.name] for field in fields(CoderConfig)}).of_the_warm_up()


@dataclass(frozen=True, kw_only=True)
class AmrWb(Measured):
    """AMR-WB at a bit rate (kb/s) that it has. Paper: Byun et al. 2021, Table 1. Chapter: masking_loss."""

    kilobits: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.codec()  # an impossible rate is told now

    def codec(self) -> Codec:
        """The codec; raises CodecError for a rate that it does not have."""
        return Codec("amr_wb", self.kilobits)
