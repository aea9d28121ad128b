"""Every setting of the chapter's experiments: the document's, and what differs in each profile."""

from dataclasses import dataclass
from typing import ClassVar

from paper_code.bark_loss import stimuli
from paper_code.lab.config import Config, ConfigError, Profile, one_of

LOSSES = ("mse", "bark", "bark_corrected", "bark_compressed")
TITLES = {
    "mse": "Mean squared error",
    "bark": "Bark loss",
    "bark_corrected": "Corrected bank",
    "bark_compressed": "Corrected bank, working logarithm",
}
ONE_SEED = ("bark_compressed",)  # run for the first seed of a profile only
WORKING_LOG_FACTOR = 1000.0  # the logarithm bends 60 dB below full scale; the document's 10, hardly ever

# Seconds on one of two busy cores, measured.
A_STEP = 0.02  # of the network alone
A_STEP_OF_THE_LOSS = 0.09  # more, with a bank of 512 bands
A_SOUND = 4.0  # to measure it

RUN = "run"  # the one kind of experiment
PROFILES = {
    "smoke": Profile(
        "seconds: 8 steps with a bank of 64 bands",
        changes={RUN: {"iterations": 8, "checkpoints": (2, 4, 6, 8), "observe_every": 2, "bands": 64, "taps": 128}},
    ),
    "small": Profile("the document's 1000 steps, one seed: some 10 minutes on two cores"),
    "full": Profile("the document's 1000 steps, five seeds: an hour on two cores", seeds=(0, 1, 2, 3, 4)),
}


@dataclass(frozen=True, kw_only=True)
class BarkConfig(Config):
    """Settings of one run: one loss, the sounds, one seed. The defaults are the document's.

    iterations: Adam steps a sound. checkpoints: steps after which the sound is kept. observe_every: steps between
    points of the curves. bands, taps: size of the bank. recordings: "real" or "synthetic".
    Paper: Vinyard 2018, "The Experiment" (values from its code). Chapter: bark_loss.
    """

    stored_as: ClassVar[str] = "paper_code.bark_loss.experiment.BarkConfig"

    loss: str
    sounds: tuple[str, ...] = stimuli.NAMES
    recordings: str = "real"
    iterations: int = 1000
    checkpoints: tuple[int, ...] = (250, 500, 750, 1000)
    observe_every: int = 10
    bands: int = 512
    taps: int = 512
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("loss", self.loss, LOSSES)
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if list(self.checkpoints) != sorted(set(self.checkpoints)) or self.checkpoints[-1] != self.iterations:
            raise ConfigError(
                f"checkpoints rise and end at the last iteration, {self.iterations}; found {self.checkpoints}."
            )

    @property
    def observed(self) -> list[int]:
        """Steps before which the network's output is kept; the last is `iterations` - 1, as in the document's code."""
        steps = set(range(0, self.iterations, self.observe_every)) | {self.iterations - 1}
        return sorted(steps | set(self.kept))

    @property
    def kept(self) -> list[int]:
        """The observed step of each checkpoint."""
        return [min(checkpoint, self.iterations - 1) for checkpoint in self.checkpoints]

    @property
    def synthetic(self) -> bool:
        """Whether the synthesiser stands in for the recordings."""
        return self.recordings == "synthetic"
