"""Training of the generators, one a sound; leaves what they gave on the way, and the curves of the loss."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paper_code.audio.clips import Clip
from paper_code.bark_loss import stimuli
from paper_code.bark_loss.configs import TITLES, WORKING_LOG_FACTOR, BarkConfig
from paper_code.bark_loss.loss import BarkLoss
from paper_code.bark_loss.networks import LATENT, Generator
from paper_code.bark_loss.outputs import KIND
from paper_code.lab import weights
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import History, Recorder, fit


def make_loss(config: BarkConfig) -> nn.Module:
    """The loss of a run."""
    if config.loss == "mse":
        return nn.MSELoss()
    options = {"sample_rate": stimuli.SAMPLE_RATE, "bands": config.bands, "taps": config.taps}
    if config.loss == "bark_compressed":
        options["log_factor"] = WORKING_LOG_FACTOR
    return BarkLoss(**options) if config.loss == "bark" else BarkLoss.corrected(**options)


def train(config: BarkConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train a generator for each sound; leaves its outputs on the way and the curves of the loss in `folder`."""
    outputs, curves = {}, {}
    for name, clip in stimuli.clips_of(config.sounds, config.synthetic).items():
        recorder, history = train_sound(config, name, clip, device, folder / f"checkpoint-{name}.pt", progress)
        outputs[name] = torch.from_numpy(recorder.array("output"))
        curves[f"{name}/loss"] = np.array(history["loss"], dtype=np.float32)
        curves[f"{name}/seconds"] = history.seconds
    weights.keep(folder, KIND, outputs, config)
    write_arrays(folder / CURVES, curves)


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

    def step(i: int) -> Mapping[str, float | torch.Tensor]:
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
