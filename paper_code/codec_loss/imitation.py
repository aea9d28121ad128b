"""Training a network to imitate a codec: real pairs of original and coded sound, L1 between output and coded."""

import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.codec_loss import holes
from paper_code.codec_loss.building import loss_network, material, training_patches
from paper_code.codec_loss.configs import GAIN, LossNetworkConfig, TrainingConfig
from paper_code.codec_loss.networks import FrequencyAwareUNet, relative_error, to_domain
from paper_code.lab.training import History, Recorder, fit

VALIDATION_PATCHES = 32


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate of a step: Keras' decay, and for "cosine" a way down to 0 after a hundred steps of warming up."""
    rate = config.learning_rate / (1 + config.decay * step)
    if config.schedule == "cosine":
        rate *= min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / config.iterations))
    return rate


def train(
    config: LossNetworkConfig, folder: Path, device: torch.device, progress: bool
) -> tuple[nn.Module, Recorder, History]:
    """Train on random patches; the recorder holds "validation": relative L1 of unseen tracks, now and then.

    Every patch counts alike, whatever its level: its L1 is divided by that of the original.
    Paper: Ananthabhotla et al. 2019, §4. Chapter: codec_loss.
    """
    heard = material(config, "train", progress)
    unseen = material(config, "validation", progress)
    starts = unseen.regular(config.patch)
    starts = starts[:: max(1, len(starts) // VALIDATION_PATCHES)]
    check = tuple(part.to(device) for part in unseen.at(starts, config.patch, "original", "coded"))
    network = loss_network(config)
    if isinstance(network, FrequencyAwareUNet):
        network.start_as_filter(holes.fixed_filter(*training_patches(config)))
    network.to(device)
    if device.type == "cpu" and config.network != "time":
        network = network.to(memory_format=torch.channels_last)  # a tenth faster
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    recorder, half = Recorder(), config.precision == "bfloat16"

    def step(i: int) -> Mapping[str, float | Tensor]:
        began = time.perf_counter()
        generator = np.random.default_rng([config.seed, i])
        original, coded = heard.random(generator, config.batch, config.patch, "original", "coded")
        gain = torch.from_numpy(10 ** (generator.uniform(-GAIN, GAIN, (config.batch, 1)) / 20)).float()
        original, coded = (gain * original).to(device), (gain * coded).to(device)
        waited = time.perf_counter() - began
        seen, wanted = to_domain(original, config.network), to_domain(coded, config.network)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            found = network.train()(seen)
        loss = relative_error(found.float(), wanted, seen).mean()
        optimiser.param_groups[0]["lr"] = learning_rate(config, i)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if (i + 1) % config.validate_every == 0 or i + 1 == config.iterations:
            recorder.add("validation", validate(network, config.network, *check))
            recorder.add("validated", i + 1)
        return {"loss": loss.detach(), "data_seconds": waited}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder}
    label = f"{config.network} network, {config.real_codec().title}"
    history = fit(step, config.iterations, state, folder / "checkpoint.pt", 250, label, progress, tag=config.hash)
    return network, recorder, history


@torch.no_grad()
def validate(network: nn.Module, domain: str, original: Tensor, coded: Tensor) -> float:
    """Mean relative L1 over patches [patch, time], in evaluation mode."""
    network.eval()
    errors = []
    for x, c in zip(original.split(8), coded.split(8), strict=True):
        seen = to_domain(x, domain)
        errors.append(relative_error(network(seen), to_domain(c, domain), seen))
    return float(torch.cat(errors).mean())
