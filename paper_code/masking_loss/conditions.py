"""The conditions of Table 1 and of section 4.1: what is compared."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from paper_code.lab.config import ConfigError, suggestion
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
    TRANSFORMS,
    CoderConfig,
)

AMR_WB = "amr_wb"
# By kind, what a condition is called without its rate: a codec, transforms without training, losses of trained coders.
FAMILIES = {
    AMR_WB: "AMR-WB", "mdct": "MDCT", "lapped": "untrained",
    "mse": "MSE", "log_mel": "log-mel", "pmsqe": "PMSQE", "masking": "masking",
}  # fmt: skip
USUAL = {field.name: field.default for field in fields(CoderConfig) if field.name in ("gamma", "bands")}


@dataclass(frozen=True)
class Condition:
    """What is compared: a coder of one loss, a transform without training, or AMR-WB, at one bit rate.

    kind: the loss that a coder was trained with, "mdct", "lapped" or "amr_wb".
    rate: kb/s, that of AMR-WB or the one wanted of a coder.
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
        if "kilobits" in config:
            return cls(AMR_WB, config["kilobits"])
        if "transform" in config:
            return cls(config["transform"], config["bitrate"])
        return cls(config["loss"], config["bitrate"], config["gamma"], tuple(config["bands"]), longer)

    @classmethod
    def of(cls, result: Result) -> Self:
        """The condition that a result is of."""
        return cls.of_config(result.config, result.experiment in LONGER_EXPERIMENTS)

    @property
    def trained(self) -> bool:
        """Whether it is a coder that was trained here."""
        return self.kind in LOSSES

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
        """The name of its experiment: "amr_wb_12.65", "untrained_mdct_20", "coder_mse_20_longer"."""
        words = [f"{self.kind}_{self.rate:g}"]
        words += [f"gamma_{self.gamma:g}"] if "gamma" in self.changes else []
        words += [f"bands_{'_'.join(map(str, self.bands))}"] if "bands" in self.changes else []
        words += ["longer"] if self.longer else []
        first = ["coder"] if self.trained else ["untrained"] if self.kind in TRANSFORMS else []
        return "_".join([*first, *words])

    @property
    def usual(self) -> Self:
        """The same, trained no longer than the others."""
        return replace(self, longer=False)

    @property
    def changes(self) -> dict[str, Any]:
        """Settings of the loss, by name, that are not the usual ones: those that section 4.1 looks at."""
        return {name: getattr(self, name) for name, usual in USUAL.items() if getattr(self, name) != usual}


def at_rate(rate: float) -> list[Condition]:
    """The conditions of Table 1 at 13, 20 or 24 kb/s: AMR-WB, the untrained, a coder of each loss. Raises LabError."""
    if rate not in AMR_WB_RATES:
        known = ", ".join(f"{known:g}" for known in AMR_WB_RATES)
        raise LabError(f"no coder was trained for {rate!r} kb/s; there are {known}.")
    return [Condition(AMR_WB, AMR_WB_RATES[rate]), *(Condition(kind, rate) for kind in (*TRANSFORMS, *LOSSES))]


def in_the_paper(rate: float) -> list[Condition]:
    """Those of `at_rate` without the transforms: the paper's, and the coder of the squared error. Raises LabError."""
    return [condition for condition in at_rate(rate) if condition.kind not in TRANSFORMS]


TABLE_1 = [condition for rate in RATES for condition in at_rate(rate)]
REPEATED = [condition for condition in TABLE_1 if condition.trained]  # with several seeds
BASE = Condition("masking", SWEPT_RATE)  # of section 4.1
SWEEPS = [
    *(Condition("masking", SWEPT_RATE, gamma=gamma) for gamma in GAMMAS),
    *(Condition("masking", SWEPT_RATE, bands=bands) for bands in SCALES),
]
TRAINED_FOR_LONGER = [Condition(loss, SWEPT_RATE, longer=True) for loss in TRAINED_LONGER]
LONGER_EXPERIMENTS = {condition.experiment for condition in TRAINED_FOR_LONGER}
