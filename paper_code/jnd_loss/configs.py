"""Every setting of the metric's experiments: the paper's in the defaults, and what differs by run and by profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paper_code.jnd_loss.networks import CLASSIFIER_INPUTS, DROPOUT, NORMALISATIONS
from paper_code.lab.config import Config, ConfigError, Profile, one_of

STARTS = ("random", "pre")
LEARNED = ("all", "weights", "nothing")
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "bfloat16")

FLOORS = "floors"  # the run that learns nothing
CHOICES = "choices"  # the run that asks which of two simulated sounds is nearer
PEOPLE = "people"  # the run that reads the answers alone
PERTURBATIONS = "perturbations"  # the run that measures Table 1
NOISE_OR_BAND = "noise_or_band"  # the run of Figure 1
FIT: Mapping[str, Any] = {"normalisation": "pair", "dropout": 0.0}
RUNS: Mapping[str, Mapping[str, Any]] = {  # run -> what differs from the paper's scratch
    "scratch": {},
    "fit_for_use": FIT,
    "pre": {"start": "pre", "learned": "nothing"},
    "lin": {"start": "pre", "learned": "weights"},
    "fin": {"start": "pre"},
    "scratch_unshifted": {"shift": 0.0},
    "scratch_as_code": {"classifier_input": "sigmoid", "shared_dropout": False},
    "untrained": {"learned": "nothing"},
    "fit_for_use_untrained": {**FIT, "learned": "nothing"},
}
TITLES = {
    "scratch": "Scratch",
    "fit_for_use": "Fit for use",
    "pre": "Pre",
    "lin": "Lin",
    "fin": "Fin",
    "scratch_unshifted": "Scratch, never shifted",
    "scratch_as_code": "Scratch as in the code",
    "untrained": "Untrained",
    "fit_for_use_untrained": "Fit for use, untrained",
}
ONE_SEED = (
    "scratch_unshifted",
    "scratch_as_code",
    FLOORS,
    "mushra",
    CHOICES,
    PEOPLE,
    PERTURBATIONS,
    NOISE_OR_BAND,
)  # run for the first seed of a profile only

# Kinds of run, by which settings differ between profiles.
JUDGED, LEARNING, LISTENING = "judged", "learning", "listening"
PROFILES = {
    "smoke": Profile(
        "seconds: a handful of steps",
        changes={
            JUDGED: {"seconds": 0.6, "most": 5, "fitted": 5},
            LISTENING: {"items": 2},
            CHOICES: {"each": 2},
            PEOPLE: {"resamples": 40, "populations": 4, "observers": 6, "trials": 12},
            PERTURBATIONS: {"levels": 3, "seconds": 0.6},
            NOISE_OR_BAND: {"steps": 3},
            LEARNING: {"iterations": 4, "batch": 4, "pre_iterations": 4, "validate_every": 2, "validated": 8},
        },
    ),
    "small": Profile(
        "sounds of 0.75 s, a thousandth of the paper's steps: some two hours of one core",
        seeds=(0, 1, 2),
        changes={
            JUDGED: {"seconds": 0.75, "fitted": 300},
            PEOPLE: {"resamples": 499, "populations": 99, "observers": 60, "trials": 60},
            LEARNING: {
                "iterations": 600, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "schedule": "cosine",
                "pre_iterations": 400, "pre_learning_rate": 1e-3,
            },
        },
    ),
    "full": Profile(
        "sounds of 2.5 s as in the paper, for one large GPU: under ten minutes a run",
        seeds=(0, 1, 2),
        changes={
            LEARNING: {
                "iterations": 20000, "learning_rate": 3e-4, "head_learning_rate": 1e-3, "schedule": "cosine",
                "pre_iterations": 10000, "pre_learning_rate": 3e-4, "validate_every": 1000,
            },
        },
    ),
}  # fmt: skip

# Seconds on one of two busy cores, measured at the sizes of the profile small.
A_PAIRS_SECOND = 0.025  # to learn from a pair of sounds of one second
A_SOUND = 0.025  # to render it
TO_MEASURE = 60.0
A_POPULATION, A_TRIAL = 0.4, 0.0004  # of all lists once; of one observer under all procedures


@dataclass(frozen=True, kw_only=True)
class JudgedConfig(Config):
    """What all runs have in common: the rendered judgements, and what is measured on them. The defaults are the paper's.

    seconds: of a sound.   most: judgements of each perturbation on each side (0: all).   fitted: judgements of each
    perturbation, on the training side, that a threshold on a distance is fitted to.   recordings: "real" or "synthetic".
    """

    run: str
    seconds: float = 2.5
    most: int = 0
    fitted: int = 400
    recordings: str = "real"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("run", self.run, (*RUNS, FLOORS))
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if not 0.55 <= self.seconds <= 10:
            raise ConfigError(f"seconds is 0.55 to 10 (shorter sounds leave the last layer one frame); {self.seconds}.")
        if self.most < 0 or self.fitted < 2:
            raise ConfigError("most is at least 0, fitted at least 2.")

    @property
    def synthetic(self) -> bool:
        """Whether made-up speech and answers stand in."""
        return self.recordings == "synthetic"


@dataclass(frozen=True, kw_only=True)
class FloorsConfig(JudgedConfig):
    """What never learned to listen, and the released metrics, on the same judgements."""

    run: str = FLOORS


@dataclass(frozen=True, kw_only=True)
class PeopleConfig(Config):
    """What the answers themselves say, and what procedures find of such people.

    resamples: bootstrap samples of a share or a curve.   populations: of a population of listeners.
    observers: simulated, of each list.   trials: questions to each of them.   recordings: "real" or "synthetic" answers.
    """

    resamples: int = 999
    populations: int = 199
    observers: int = 120
    trials: int = 100
    recordings: str = "real"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if min(self.resamples, self.populations) < 2 or self.observers < 3 or self.trials < 10:
            raise ConfigError("resamples and populations are at least 2, observers 3 and trials 10.")

    @property
    def synthetic(self) -> bool:
        """Whether made-up answers stand in."""
        return self.recordings == "synthetic"


@dataclass(frozen=True, kw_only=True)
class PerturbationsConfig(Config):
    """Table 1 on one utterance. levels: from 0 to 100, how many.   seconds: of speech.   recordings: as elsewhere."""

    levels: int = 11
    seconds: float = 2.5
    recordings: str = "real"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if self.levels < 2 or not 0.5 <= self.seconds <= 10:
            raise ConfigError("levels are at least 2, seconds 0.5 to 10.")

    @property
    def synthetic(self) -> bool:
        """Whether a made-up utterance stands in."""
        return self.recordings == "synthetic"


@dataclass(frozen=True, kw_only=True)
class NoiseOrBandConfig(Config):
    """Figure 1 for one utterance. steps: of noise and of band.   recordings: as elsewhere."""

    steps: int = 9
    recordings: str = "real"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if self.steps < 2:
            raise ConfigError("steps are at least 2.")

    @property
    def synthetic(self) -> bool:
        """Whether a made-up utterance stands in."""
        return self.recordings == "synthetic"


@dataclass(frozen=True, kw_only=True)
class MetricConfig(JudgedConfig):
    """One metric. Paper: Manocha et al. 2020, §2.2 and 3.3. Chapter: jnd_loss.

    start: of the convolutions, "random" or "pre": those of a network that tells speakers apart.
    learned: from judgements: "all", the "weights" of channels with the classifier, or "nothing".
    normalisation, dropout, shared_dropout, classifier_input: of the network in training. The paper says that the classifier
    sees the distance; its code draws dropout for each sound and gives the classifier a sigmoid of the distance.
    shift: s of silence that is added to both sounds of half the batches, at their beginning or end by chance.
    iterations: Adam steps of `batch` pairs. schedule: of the rate, "constant" or down to 0 by a "cosine" after a warm-up.
    head_learning_rate: of the weights of channels and the classifier; one rate for all, as in the paper, makes a short
    training spend its time on the scale of the distances.
    pre_iterations, pre_learning_rate: of the network that tells speakers apart.
    validated: pairs of the validation side that the curve is measured on.
    """

    start: str = "random"
    learned: str = "all"
    normalisation: str = "batch"
    classifier_input: str = "distance"
    dropout: float = DROPOUT
    shared_dropout: bool = True
    shift: float = 0.25
    iterations: int = 760_000  # 1000 epochs
    batch: int = 16
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-4
    schedule: str = "constant"
    pre_iterations: int = 20_000
    pre_learning_rate: float = 1e-4
    validate_every: int = 250
    validated: int = 256
    precision: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("start", self.start, STARTS)
        one_of("learned", self.learned, LEARNED)
        one_of("normalisation", self.normalisation, NORMALISATIONS)
        one_of("classifier_input", self.classifier_input, CLASSIFIER_INPUTS)
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("precision", self.precision, PRECISIONS)
        if min(self.iterations, self.batch, self.pre_iterations, self.validate_every, self.validated) < 1:
            raise ConfigError("iterations, batch, pre_iterations, validate_every and validated must be at least 1.")
        if not 0 <= self.shift <= 1:
            raise ConfigError(f"shift is 0 to 1 s; found {self.shift}.")

    @property
    def network_options(self) -> dict[str, Any]:
        """Options of its JNDNetwork, as it is trained."""
        names = ("dropout", "normalisation", "classifier_input", "shared_dropout")
        return {name: getattr(self, name) for name in names}

    @property
    def used_normalisation(self) -> str:
        """As a metric is used, a pair by itself: over a signal where the training was over the batch, as the authors do."""
        return "signal" if self.normalisation == "batch" else self.normalisation
