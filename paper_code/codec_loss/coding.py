"""Training the autoencoder with the four losses of the paper, Models A to D, and with our variants of Model C's."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.codec_loss.building import autoencoder, material
from paper_code.codec_loss.configs import SOFTER, TEACHERS, WARM_UP, ModelConfig
from paper_code.codec_loss.imitation import learning_rate
from paper_code.codec_loss.loss import LOSSES, CodecLoss, MagnitudeLoss
from paper_code.codec_loss.networks import PATCH
from paper_code.codec_loss.weights import WeightsError, checksum, released
from paper_code.lab.material import Material
from paper_code.lab.training import History, Recorder, fit
from paper_code.metrics.distortion import signal_to_noise_ratio

VALIDATION_PATCHES = 16


def make_loss(config: ModelConfig) -> nn.Module:
    """The loss of a model: Eq. 1 (a), 2 (b), 3 (c) or 4 (d). Raises WeightsError where the weights are not the config's.

    The variants of c differ from it by their network, and by how `calibrate` weighs their terms.
    Paper: Ananthabhotla et al. 2019, §6. Chapter: codec_loss.
    """
    if config.model not in TEACHERS:
        return {"a": nn.L1Loss, "b": MagnitudeLoss}[config.model]()
    network = TEACHERS[config.model].network
    if checksum(released(network)) != config.weights:
        raise WeightsError(
            f"the settings ask for the weights {config.weights}; {released(network).name} has "
            f"{checksum(released(network))}."
        )
    return LOSSES[network].pretrained()


def calibrate(loss: nn.Module, model: str, estimates: Tensor, references: Tensor) -> None:
    """Set the sizes of the loss's terms on these pairs [pair, time], as the model asks for; plain L1 has none."""
    if isinstance(loss, CodecLoss):
        loss.calibrate(estimates, references, TEACHERS[model].weights)
    elif isinstance(loss, MagnitudeLoss):
        loss.calibrate(estimates, references)


def train(
    config: ModelConfig, folder: Path, device: torch.device, progress: bool, checkpoint: str = "checkpoint.pt"
) -> tuple[nn.Module, Recorder, History]:
    """Train on random patches; the recorder holds, at the start and now and then, for unseen tracks "validation": mean
    SNR (dB), and "own": the model's own loss, over that of the start.

    checkpoint: name of the file in `folder` to go on from.
    Paper: Ananthabhotla et al. 2019, §6.1 and Table 2. Chapter: codec_loss.
    """
    training, unseen = (material(config, side, progress) for side in ("train", "validation"))
    band = _band(config)
    starts = unseen.regular(PATCH)
    (check,) = unseen.at(starts[:: max(1, len(starts) // VALIDATION_PATCHES)], PATCH, band)
    check = check.to(device)
    network, loss_of = autoencoder(config).to(device), make_loss(config).to(device)
    yardstick = _yardstick(config, check)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    recorder, half = Recorder(), config.precision == "bfloat16"

    def validated(steps: int) -> None:
        recorder.add("validation", validate(network, check))
        recorder.add("own", yardstick(network))
        recorder.add("validated", steps)

    def step(i: int) -> Mapping[str, float | Tensor]:
        began = time.perf_counter()
        sound = _patches(config, training, band, i).to(device)
        waited = time.perf_counter() - began
        if i == 0:
            validated(0)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            found = network(sound)
        found = found.float()
        if i in (0, WARM_UP):
            calibrate(loss_of, config.model, found.detach(), sound)
        loss = loss_of(found, sound)
        optimiser.param_groups[0]["lr"] = learning_rate(config, i)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if (i + 1) % config.validate_every == 0 or i + 1 == config.iterations:
            validated(i + 1)
        return {"loss": loss.detach(), "data_seconds": waited}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder, "loss": loss_of}
    label = f"model {config.model}, {config.cutoff} Hz"
    history = fit(step, config.iterations, state, folder / checkpoint, 100, label, progress, tag=config.hash)
    return network, recorder, history


@torch.no_grad()
def validate(network: nn.Module, sounds: Tensor) -> float:
    """Mean SNR (dB) over patches [patch, time]."""
    ratios = [signal_to_noise_ratio(network(part), part) for part in sounds.split(4)]
    return float(torch.cat(ratios).clamp(-50, 100).nanmean())


def _yardstick(config: ModelConfig, sounds: Tensor) -> Callable[[nn.Module], float]:
    """What tells a network's loss on sounds [patch, time], by the model's own measure, over that of the start."""
    loss_of, parts = make_loss(config).to(sounds.device), sounds.split(4)
    start = autoencoder(config).to(sounds.device)
    with torch.no_grad():
        calibrate(loss_of, config.model, start(parts[0]), parts[0])

    @torch.no_grad()
    def mean(network: nn.Module) -> float:
        return sum(float(loss_of(network(part), part)) * len(part) for part in parts) / len(sounds)

    at_start = mean(start)
    return lambda network: mean(network) / at_start


def _patches(config: ModelConfig, heard: Material, band: str, step: int) -> Tensor:
    """The same sounds for every model: `batch` patches of 66,048 samples, for model D their first 4 x 16,384 samples."""
    generator = np.random.default_rng([config.seed, step])
    (sound,) = heard.random(generator, config.batch, PATCH, band)
    gain = torch.from_numpy(10 ** (generator.uniform(-SOFTER, 0, (config.batch, 1)) / 20)).float()
    sound = gain * sound
    return (
        sound if config.patch == PATCH else sound[:, : PATCH // config.patch * config.patch].reshape(-1, config.patch)
    )


def _band(config: ModelConfig) -> str:
    return f"limited-{config.cutoff}"
