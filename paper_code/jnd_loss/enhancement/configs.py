"""Every setting of the denoisers: the paper's in the defaults, and what differs by run and by profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paper_code.jnd_loss.denoiser import CHANNELS
from paper_code.lab.config import Config, ConfigError, Profile, one_of

BASELINES, UNTRAINED = "baselines", "untrained"  # runs that learn nothing
LOSSES = ("l1", "deep", "jnd")  # the runs that are compared are called like their loss
NONE = "none"  # the loss of what learns nothing
RUNS: Mapping[str, Mapping[str, Any]] = {  # run -> what differs
    BASELINES: {},
    UNTRAINED: {"start": "random"},
    **{loss: {"loss": loss} for loss in LOSSES},
    "short_random": {"loss": "jnd", "start": "random"},
    "short_subtraction": {"loss": "jnd", "start": "subtraction"},
    "short_identity": {"loss": "jnd"},
}
SHORT = tuple(run for run in RUNS if run.startswith("short_"))  # a minute of training, to choose the start by
STARTS = ("random", "identity", "subtraction")
ONE_SEED = (BASELINES, *SHORT)  # run for the first seed of a profile only

ALL, LEARNING, BRIEF = "all", "learning", "brief"  # kinds of run, by which settings differ between profiles
PROFILES = {
    "smoke": Profile(
        "seconds: a handful of steps",
        changes={
            ALL: {"utterances": 4, "mixtures": 4, "channels": 4},
            LEARNING: {
                "seconds": 0.6, "iterations": 4, "batch": 2, "validate_every": 2, "validated": 2, "warm_up": 1,
            },
        },
    ),
    "small": Profile(
        "16 of 64 channels, crops of two seconds, some ten minutes of one core a training",
        seeds=(0,),
        changes={
            ALL: {"channels": 16},
            LEARNING: {
                "iterations": 1200, "learning_rate": 5e-4, "schedule": "cosine", "warm_up": 38, "validate_every": 150,
            },
            BRIEF: {"iterations": 80, "warm_up": 3, "validate_every": 20},
        },
    ),
    "full": Profile(
        "64 channels as in the paper, for one GPU",
        seeds=(0, 1, 2),
        changes={
            LEARNING: {
                "iterations": 60_000, "batch": 16, "learning_rate": 3e-4, "schedule": "cosine",
                "warm_up": 2000, "validate_every": 2000, "validated": 64,
            },
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EnhancementConfig(Config):
    """One denoiser, or what stands beside all of them. Paper: Manocha et al. 2020, §4.2. Chapter: jnd_denoiser.

    run: one of RUNS.   loss: one of LOSSES, or "none".   recordings: "real" or "synthetic".
    utterances: how many pairs of VoiceBank-DEMAND are measured (0: all 25).   mixtures: held-out ones of LibriSpeech.
    channels: of the denoiser.   start: "random", as the authors; "identity", layers that pass the input through;
    "subtraction", layers that tell the noise, which is taken from the input, beginning with none.
    seconds: of a crop; the denoiser sees 1.02 s, and the last layer of the metric has a frame every 0.37 s.
    iterations: Adam steps of `batch` crops.   schedule: of the rate, "constant" or down to 0 by a "cosine".
    clip: largest norm of a gradient.   warm_up: steps until the deep features' layers are weighted, see losses.
    validated: mixtures that the curve is measured on.
    """

    run: str
    loss: str = NONE
    recordings: str = "real"
    utterances: int = 0
    mixtures: int = 40
    channels: int = CHANNELS
    start: str = "identity"
    seconds: float = 2.0
    iterations: int = 4_628_800  # 400 epochs of 11,572 files
    batch: int = 1
    learning_rate: float = 1e-4
    schedule: str = "constant"
    clip: float = 1.0
    warm_up: int = 115_720  # 10 epochs
    validate_every: int = 250
    validated: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("run", self.run, RUNS)
        one_of("loss", self.loss, (NONE, *LOSSES))
        one_of("recordings", self.recordings, ("real", "synthetic"))
        one_of("start", self.start, STARTS)
        one_of("schedule", self.schedule, ("constant", "cosine"))
        counts = (self.mixtures, self.channels, self.iterations, self.batch, self.validate_every, self.validated)
        if min(counts) < 1 or self.utterances < 0 or self.warm_up < 1:
            raise ConfigError("counts and steps must be at least 1 (utterances: 0 for all).")
        if not 0.55 <= self.seconds <= 10:
            raise ConfigError(f"seconds is 0.55 to 10 (shorter: a metric's last layer has one frame); {self.seconds}.")
        if self.channels < 2:
            raise ConfigError("channels must be at least 2: an identity needs a signal and its negative.")

    @property
    def synthetic(self) -> bool:
        """Whether made-up speech stands in."""
        return self.recordings == "synthetic"

    @property
    def learns(self) -> bool:
        """Whether anything is trained."""
        return self.loss != NONE


def runs(profile: str, seed: int, **overrides: Any) -> Mapping[str, EnhancementConfig]:
    """The runs of one seed by name; those of ONE_SEED for the profile's first seed, and for one that it does not have.

    A seed of its own is asked for by a reader, whose page shows everything. overrides: fields of EnhancementConfig.
    """
    size = PROFILES[profile]
    every = seed == size.seeds[0] or seed not in size.seeds
    common = {"profile": profile, "seed": seed, **size.of(ALL)}
    configs = {}
    for run, differences in RUNS.items():
        kinds = () if "loss" not in differences else (LEARNING, BRIEF) if run in SHORT else (LEARNING,)
        configs[run] = EnhancementConfig(**{**common, "run": run, **size.of(*kinds), **differences, **overrides})
    return {run: config for run, config in configs.items() if every or run not in ONE_SEED}
