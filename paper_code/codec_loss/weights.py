"""The released loss networks: data/weights/codec_loss_<network>.safetensors, in half precision."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from paper_code.codec_loss.networks import NETWORKS
from paper_code.lab import paths
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic

KIND = "codec_loss"


class WeightsError(LabError):
    """A file of weights is missing, damaged, or of another network."""


def released(network: str) -> Path:
    """The file with the released weights of the "spectrogram" or the "time" network."""
    return paths.ROOT / "data" / "weights" / f"codec_loss_{network}.safetensors"


def checksum(file: Path) -> str:
    """The first 12 digits of the sha256 of a file of weights; "" where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.exists() else ""


def save(file: Path, network: nn.Module, sizes: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> Path:
    """Write a network's weights (half precision) with the loss's sizes, whole or not at all.

    about: what the file says of itself: "network", "filters", codec, config hash. Raises OutputError.
    """
    from safetensors.torch import save_file  # here and not above: a bare machine trains without it

    tensors = {f"network.{name}": _half(value) for name, value in network.state_dict().items()}
    tensors |= {name: value.float().contiguous() for name, value in sizes.items()}
    with atomic(file) as temporary:
        save_file(tensors, temporary, metadata={"kind": KIND, "about": json.dumps(dict(about))})
    return file


def read(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors (float32) and what the file says of itself. Raises WeightsError."""
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        raise WeightsError(
            f"there is no file of weights {paths.shown(file)}. It comes with the repository; "
            "`python -m paper_code.codec_loss.release` makes it again from a trained network."
        )
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  it is no dict
        about = json.loads(metadata.get("about", "null"))
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{paths.shown(file)} is damaged ({error}): fetch it again.") from error
    if metadata.get("kind") != KIND or not isinstance(about, dict):
        raise WeightsError(f"{paths.shown(file)} holds no codec-loss network; found {metadata.get('kind')!r}.")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}, about


def load_network(network: str, file: Path | None = None) -> tuple[nn.Module, dict[str, torch.Tensor], dict[str, Any]]:
    """The trained network of a kind, the sizes of its loss's terms, and what the file says. Raises WeightsError."""
    place = file or released(network)
    tensors, about = read(place)
    if about.get("network") != network:
        raise WeightsError(f"wanted a {network} network; {place.name} holds {about.get('network')}.")
    try:
        options = {"log_factor": about["log_factor"]} if network == "spectrogram" else {}
        made = NETWORKS[network](about["filters"], **options)
        made.load_state_dict({k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")})
        sizes = {name: tensors[name] for name in ("sizes", "layer_sizes")}
    except (KeyError, RuntimeError, TypeError) as error:
        raise WeightsError(f"{place.name} lacks what a {network} network needs ({error}): fetch it again.") from error
    return made.eval(), sizes, about


def _half(value: torch.Tensor) -> torch.Tensor:
    """Kernels in half precision; batch statistics and biases, which are few, as they are."""
    value = value.detach().cpu().contiguous()
    return value.half() if value.ndim > 1 else value
