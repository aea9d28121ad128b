"""Training a network to imitate a codec: real pairs of original and coded sound, L1 between output and coded."""

import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.codec_loss import holes, stimuli
from paper_code.codec_loss.configs import LossNetworkConfig, TrainingConfig
from paper_code.codec_loss.networks import NETWORKS, PATCH, FrequencyAwareUNet, TimeUNet, magnitude_spectrogram
from paper_code.lab.training import History, Recorder, fit

GAIN = 6.0  # dB: a patch is made up to this much louder or softer, original and coded alike
VALIDATION_PATCHES = 32
FILTER_PATCHES = 200


def make_network(config: LossNetworkConfig) -> nn.Module:
    """The untrained network of a config."""
    if config.network == "time":
        return TimeUNet(config.filters)
    return NETWORKS[config.network](config.filters, config.log_factor)


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate of a step: Keras' decay, and for "cosine" a way down to 0 after a hundred steps of warming up."""
    rate = config.learning_rate / (1 + config.decay * step)
    if config.schedule == "cosine":
        rate *= min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / config.iterations))
    return rate


def relative_error(found: Tensor, wanted: Tensor, original: Tensor) -> Tensor:
    """L1 between found and wanted over the original's L1, of each patch [patch, ...]; 0 for what is silent."""
    axes = tuple(range(1, found.ndim))
    size = original.abs().mean(axes)
    return (found - wanted).abs().mean(axes) / size.clamp_min(1e-4)


def to_domain(waveform: Tensor, network: str) -> Tensor:
    """What a loss network sees of a waveform [patch, time]: magnitudes [patch, bin, frame], or itself."""
    return waveform if network == "time" else magnitude_spectrogram(waveform)


def train(
    config: LossNetworkConfig, folder: Path, device: torch.device, progress: bool
) -> tuple[nn.Module, Recorder, History]:
    """Train on random patches; the recorder holds "validation": relative L1 of unseen tracks, now and then.

    Every patch counts alike, whatever its level: its L1 is divided by that of the original.
    Paper: Ananthabhotla et al. 2019, §4. Chapter: codec_loss.
    """
    material = _material(config, "train", progress)
    unseen = _material(config, "validation", progress)
    starts = unseen.regular(config.patch)
    starts = starts[:: max(1, len(starts) // VALIDATION_PATCHES)]
    check = tuple(part.to(device) for part in unseen.at(starts, config.patch, "original", "coded"))
    network = make_network(config)
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
        original, coded = material.random(generator, config.batch, config.patch, "original", "coded")
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


def training_patches(config: LossNetworkConfig) -> tuple[Tensor, Tensor]:
    """Magnitudes [patch, bin, frame] of some of the training material, original and coded."""
    generator = np.random.default_rng(config.seed)
    count = min(FILTER_PATCHES, config.most_patches)
    pair = _material(config, "train", False).random(generator, count, PATCH, "original", "coded")
    return magnitude_spectrogram(pair[0]), magnitude_spectrogram(pair[1])


def _material(config: TrainingConfig, side: str, progress: bool) -> stimuli.Material:
    versions = config.versions if side == "train" else 1
    return stimuli.material(
        side, config.real_codec(), versions, synthetic=config.recordings == "synthetic", progress=progress
    )
