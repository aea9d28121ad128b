"""Trained networks as files: those kept beside a result, and the released loss networks in data/weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from paper_code.codec_loss.configs import TrainingConfig
from paper_code.codec_loss.networks import NETWORKS
from paper_code.lab import weights
from paper_code.lab.weights import WeightsError, checksum

__all__ = ["KIND", "WeightsError", "checksum", "keep", "kept", "load_network", "released", "save"]

PREFIX = "network."
KIND = weights.Kind(
    "codec_loss",
    "codec-loss network",
    "It comes with the repository; `python -m paper_code.codec_loss.release` makes it again from a trained network.",
)


def released(network: str) -> Path:
    """The file with the released weights of the "spectrogram", "frequency_aware" or "time" network."""
    return KIND.released(network)


def save(file: Path, network: nn.Module, sizes: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> Path:
    """Write a network's weights  with the loss's sizes, whole or not at all.

    about: what the file says of itself: "network", "filters", codec, config hash. Raises OutputError.
    """
    tensors = weights.half(named(network))
    return weights.save(file, KIND, tensors | {name: value.float() for name, value in sizes.items()}, about)


def keep(folder: Path, network: nn.Module, config: TrainingConfig) -> Path:
    """Write the weights that a training has left, as they are, beside its result. Raises OutputError."""
    return weights.keep(folder, KIND, named(network), config)


def kept(file: Path) -> dict[str, torch.Tensor]:
    """The state of a trained network in a file, kept or released. Raises WeightsError."""
    return _state(weights.read(file, KIND)[0])


def named(network: nn.Module) -> dict[str, torch.Tensor]:
    """A network's weights as they are called in files, where a loss's sizes may stand beside them."""
    return {f"{PREFIX}{name}": value for name, value in network.state_dict().items()}


def _state(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(PREFIX): value for name, value in tensors.items() if name.startswith(PREFIX)}


def load_network(network: str, file: Path | None = None) -> tuple[nn.Module, dict[str, torch.Tensor], dict[str, Any]]:
    """The trained network of a kind, the sizes of its loss's terms, and what the file says. Raises WeightsError."""
    place = file or released(network)
    tensors, about = weights.read(place, KIND)
    if about.get("network") != network:
        raise WeightsError(f"wanted a {network} network; {place.name} holds {about.get('network')}.")
    try:
        options = {} if network == "time" else {"log_factor": about["log_factor"]}
        made = NETWORKS[network](about["filters"], **options)
        made.load_state_dict(_state(tensors))
        sizes = {name: tensors[name] for name in ("sizes", "layer_sizes")}
    except (KeyError, RuntimeError, TypeError) as error:
        raise WeightsError(f"{place.name} lacks what a {network} network needs ({error}): fetch it again.") from error
    return made.eval(), sizes, about
