"""One network learns one sound, once for each loss: the experiment of Vinyard 2018, from config to result.

The rooms of the experiment: `stimuli` (sounds), `networks` (generator), `loss`, here (training), `evaluation`
(metrics of what the training left), `figures`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from paper_code.audio.clips import Clip
from paper_code.bark_loss import evaluation, stimuli
from paper_code.bark_loss.loss import BarkLoss
from paper_code.bark_loss.networks import LATENT, Generator
from paper_code.lab.config import Config, ConfigError, Profile
from paper_code.lab.files import atomic, write_json
from paper_code.lab.store import Result
from paper_code.lab.training import History, Recorder, fit

LOSSES = ("mse", "bark", "bark_corrected", "bark_compressed")
TITLES = {
    "mse": "Mean squared error",
    "bark": "Bark loss",
    "bark_corrected": "Corrected bank",
    "bark_compressed": "Corrected bank, working logarithm",
}
ONE_SEED = ("bark_compressed",)  # run for the first seed of a profile only
WORKING_LOG_FACTOR = 1000.0  # the logarithm bends 60 dB below full scale; the document's 10, hardly ever


@dataclass(frozen=True, kw_only=True)
class BarkConfig(Config):
    """Settings of one run: one loss, the sounds, one seed. The defaults are the document's.

    iterations: Adam steps a sound. checkpoints: steps after which the sound is kept. observe_every: steps between
    points of the curves. bands, taps: size of the bank. recordings: "real" or "synthetic".
    Paper: Vinyard 2018, "The Experiment" (values from its code). Chapter: bark_loss.
    """

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
        if self.loss not in LOSSES:
            raise ConfigError(f"loss is one of {', '.join(LOSSES)}; found {self.loss!r}.")
        if self.recordings not in ("real", "synthetic"):
            raise ConfigError(f"recordings is 'real' or 'synthetic'; found {self.recordings!r}.")
        if list(self.checkpoints) != sorted(set(self.checkpoints)) or self.checkpoints[-1] != self.iterations:
            raise ConfigError(
                f"checkpoints rise and end at the last iteration, {self.iterations}; found {self.checkpoints}."
            )

    @property
    def observed(self) -> list[int]:
        """Steps before which the network's output is kept; the last is `iterations` - 1, as in the document's code."""
        steps = set(range(0, self.iterations, self.observe_every)) | {self.iterations - 1}
        return sorted(steps | {min(c, self.iterations - 1) for c in self.checkpoints})


PROFILES = {
    "smoke": Profile(
        "seconds: 8 steps with a bank of 64 bands",
        changes={"iterations": 8, "checkpoints": (2, 4, 6, 8), "observe_every": 2, "bands": 64, "taps": 128},
    ),
    "small": Profile("the document's 1000 steps, one seed: some 10 minutes on two cores"),
    "full": Profile("the document's 1000 steps, five seeds: an hour on two cores", seeds=(0, 1, 2, 3, 4)),
}


def seeds(profile: str) -> list[int]:
    """The seeds that the published result of a profile averages over."""
    return list(PROFILES[profile].seeds)


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, BarkConfig]:
    """The runs of one seed, by name: the losses, those of ONE_SEED for the profile's first seed only.

    overrides: fields of BarkConfig.
    """
    profiled = PROFILES[profile]
    losses = [loss for loss in LOSSES if loss not in ONE_SEED or seed == profiled.seeds[0]]
    changes = {**profiled.changes, **overrides}
    return {loss: BarkConfig(profile=profile, seed=seed, loss=loss, **changes) for loss in losses}


def estimate_seconds(config: BarkConfig) -> float:
    """Rough time of a run on one of two busy cores, measured: 20 ms a step, 110 ms with a bank of 512 bands."""
    a_step = 0.02 + (0.0 if config.loss == "mse" else 0.09 * config.bands / 512)
    return len(config.sounds) * (config.iterations * a_step + 4.0)


def make_loss(config: BarkConfig) -> nn.Module:
    """The loss of a run."""
    if config.loss == "mse":
        return nn.MSELoss()
    options = {"sample_rate": stimuli.SAMPLE_RATE, "bands": config.bands, "taps": config.taps}
    if config.loss == "bark_compressed":
        options["log_factor"] = WORKING_LOG_FACTOR
    return BarkLoss(**options) if config.loss == "bark" else BarkLoss.corrected(**options)


def clips(config: BarkConfig) -> dict[str, Clip]:
    """The sounds of a run, by name. Raises AudioError, CorpusError."""
    return {name: stimuli.clip(name, config.recordings == "synthetic") for name in config.sounds}


def sources(config: BarkConfig) -> list[dict[str, Any]]:
    """Where the sounds of a run come from: origin, licence and the recipe that makes each."""
    return [
        {"name": name, "origin": clip.origin, "licence": clip.licence, **clip.recipe}
        for name, clip in clips(config).items()
    ]


def train(config: BarkConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train a generator for each sound; leaves the outputs on the way and the curves of the loss in `folder`."""
    curves = {}
    for name, clip in clips(config).items():
        recorder, history = train_sound(config, name, clip, device, folder / f"checkpoint-{name}.pt", progress)
        with atomic(_outputs(folder, name)) as temporary, temporary.open("wb") as file:
            np.save(file, recorder.array("output"))
        curves[name] = {"loss": history["loss"], "seconds": history.seconds}
    write_json(folder / "curves.json", curves)


def train_sound(
    config: BarkConfig,
    name: str,
    clip: Clip,
    device: torch.device,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> tuple[Recorder, History]:
    """Train one generator to become one sound; the recorder holds "output" [observed, time].

    Noise and initial weights come from the seed and the sound alone, so that all losses start alike.
    Paper: Vinyard 2018, "The Experiment". Chapter: bark_loss.
    """
    position = stimuli.NAMES.index(name) if name in stimuli.NAMES else len(stimuli.NAMES)
    random = torch.Generator().manual_seed(1000 * config.seed + position)
    noise = torch.randn(1, LATENT, generator=random).to(device)
    network = Generator(random).to(device)
    loss_of = make_loss(config).to(device)
    target = clip.waveform.to(device).unsqueeze(0)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=config.betas)
    recorder, observed = Recorder(), set(config.observed)

    def step(i: int) -> Mapping[str, float]:
        output = network(noise)
        if i in observed:
            recorder.add("output", output[0])
        loss = loss_of(output, target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.detach()}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder}
    label = f"{stimuli.STIMULI[name].title if name in stimuli.STIMULI else name}, {TITLES[config.loss]}"
    history = fit(step, config.iterations, state, checkpoint, 250, label, progress, tag=f"{config.hash}-{name}")
    return recorder, history


def evaluate(config: BarkConfig, folder: Path) -> None:
    """Measure the outputs that `train` left against the sounds, and keep the sounds of the checkpoints."""
    outputs = {name: np.load(_outputs(folder, name)) for name in config.sounds}
    evaluation.write(config, clips(config), outputs, folder)
    for name in config.sounds:
        _outputs(folder, name).unlink()


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, for the claims; see `evaluation.measurements`."""
    return evaluation.measurements(results)


def _outputs(folder: Path, name: str) -> Path:
    return folder / f"outputs-{name}.npy"
