"""Makes data/weights from the authors' checkpoints: python -m paper_code.jnd_loss.release FOLDER [...].

A folder holds one of the checkpoints of dpam_released_weights or germain_released_weights: an .index and a .data file.
It is known by its checksum.
"""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from paper_code.audio.registry import Recording, recording
from paper_code.audio.terminal import ended
from paper_code.jnd_loss import denoiser, loss, tensor_bundle, weights
from paper_code.jnd_loss.denoiser import DILATIONS, Denoiser
from paper_code.jnd_loss.networks import LAYERS, JNDNetwork
from paper_code.lab import paths
from paper_code.lab.weights import Kind, WeightsError, command

MANOCHA, GERMAIN = "Copyright (c) 2020 Pranay Manocha", "Copyright (c) 2018 François G. Germain"
DENSE = {"0": "dense", "2": "dense_1", "4": "dense_2"}  # layers of the classifier -> the authors' names


@dataclass(frozen=True)
class Source:
    """A released checkpoint, and what becomes of it.

    path: in the corpora, without `.index`. names: tensors of our network -> those of the checkpoint.
    copyright: the line of its licence.
    """

    path: str
    file: Path
    kind: Kind
    network: type[nn.Module]
    names: Mapping[str, str]
    sample_rate: int
    copyright: str

    @property
    def recordings(self) -> tuple[Recording, Recording]:
        """The two registered files."""
        return recording(self.path + tensor_bundle.INDEX), recording(self.path + tensor_bundle.DATA)


def metric_names() -> dict[str, str]:
    """Tensors of a JNDNetwork, and what the authors call them."""
    names = {}
    for layer in range(LAYERS):
        names[f"features.convolutions.{layer}.weight"] = f"loss_conv_{layer}/weights"
        names[f"features.shifts.{layer}"] = f"loss_conv_{layer}/BatchNorm/beta"
        names[f"channel_weights.{layer}"] = f"weights_{layer}"
    for ours, theirs in DENSE.items():
        names[f"classifier.{ours}.weight"] = f"{theirs}/kernel"
        names[f"classifier.{ours}.bias"] = f"{theirs}/bias"
    return names


def denoiser_names() -> dict[str, str]:
    """Tensors of a Denoiser, and what the authors call them."""
    names = {"last.weight": "se_fc_last/weights", "last.bias": "se_fc_last/biases"}
    parts = {"convolution.weight": "weights", "plain": "w0", "normalised": "w1", "shift": "BatchNorm/beta"}
    for layer in range(len(DILATIONS)):
        theirs = "se_conv_last" if layer == len(DILATIONS) - 1 else f"se_conv_{layer}"
        names |= {f"layers.{layer}.{ours}": f"{theirs}/{part}" for ours, part in parts.items()}
    return names


def sources() -> tuple[Source, ...]:
    """Every released checkpoint that is converted."""
    dpam = "dpam_released_weights/pre-model"
    return (
        _metric("scratch", f"{dpam}/scratch_loss"),
        _metric("linear", f"{dpam}/linear_layer_loss"),
        _metric("finetune", f"{dpam}/finetune_loss"),
        _denoiser("manocha", f"{dpam}/se_model", MANOCHA),
        _denoiser("germain", "germain_released_weights/models", GERMAIN),
    )


def _metric(name: str, folder: str) -> Source:
    file, path = weights.released_metric(name), f"{folder}/my_test_model"
    return Source(path, file, weights.METRIC, JNDNetwork, metric_names(), loss.SAMPLE_RATE, MANOCHA)


def _denoiser(name: str, folder: str, line: str) -> Source:
    file, path = weights.released_denoiser(name), f"{folder}/se_model.ckpt"
    return Source(path, file, weights.DENOISER, Denoiser, denoiser_names(), denoiser.SAMPLE_RATE, line)


def release(folder: Path) -> Path:
    """Write the network of a checkpoint into data/weights.

    Raises WeightsError where the folder holds none of the released checkpoints, or a damaged one.
    """
    source, checkpoint = _known(folder)
    network = source.network()
    network.load_state_dict(converted(network, checkpoint, source.names))
    return weights.save(source.file, source.kind, network, about(source))


def converted(network: nn.Module, checkpoint: Path, names: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """The state of a network from a checkpoint (its path without `.index`). Raises WeightsError."""
    shapes = {names[name]: _original_shape(value.shape) for name, value in network.state_dict().items()}
    tensors = tensor_bundle.read(checkpoint, shapes)
    return {name: torch.from_numpy(_turned(tensors[original])) for name, original in names.items()}


def about(source: Source) -> dict[str, Any]:
    """What a file says of its origin and licence."""
    files = source.recordings
    return {
        "sample_rate": source.sample_rate,
        "sources": [{"url": file.url, "sha256": file.sha256} for file in files],
        "licence": files[0].licence,
        "copyright": source.copyright,
        "attribution": files[0].attribution,
    }


def _known(folder: Path) -> tuple[Source, Path]:
    """Which checkpoint lies in a folder, and its path without `.index`."""
    for file in sorted(folder.glob(f"*{tensor_bundle.INDEX}")):
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        for source in sources():
            if checksum == source.recordings[0].sha256:
                return source, file.with_suffix("")
    known = ", ".join(str(Path(source.path).parent) for source in sources())
    raise WeightsError(f"{paths.shown(folder)} holds the index of no released checkpoint; wanted one of {known}.")


def _original_shape(shape: torch.Size) -> tuple[int, ...]:
    """[out, in, tap] is [1, tap, in, out] in TensorFlow, and [out, in] is [in, out]."""
    turned = tuple(reversed(shape))
    return (1, *turned) if len(shape) == 3 else turned


def _turned(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((values[0] if values.ndim == 4 else values).T)


if __name__ == "__main__":
    sys.exit(ended(lambda: command(release, __doc__)))
