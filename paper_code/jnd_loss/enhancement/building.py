"""The denoiser of a config before it learns, and again with what it learned."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from paper_code.jnd_loss.denoiser import Denoiser
from paper_code.jnd_loss.enhancement.configs import EnhancementConfig
from paper_code.jnd_loss.networks import SLOPE
from paper_code.lab import weights

KIND = weights.Kind(
    "jnd_denoiser",
    "denoiser",
    "It comes with the repository; `python -m paper_code.jnd_loss.enhancement.release RESULT` makes it again.",
)


def untrained(config: EnhancementConfig) -> Denoiser:
    """The denoiser of a config before it learns: the runs of a seed start alike."""
    torch.manual_seed(config.seed)
    network = Denoiser(config.channels, config.start == "subtraction")
    return passing(network) if config.start == "identity" else network


def trained(channels: int, start: str, state: Mapping[str, Tensor]) -> Denoiser:
    """A denoiser with what it learned, in evaluation mode."""
    network = Denoiser(channels, start == "subtraction")
    network.load_state_dict(state)
    return network.eval()


def kept(config: EnhancementConfig, folder: Path) -> Denoiser:
    """The denoiser that a training left in a folder. Raises WeightsError."""
    return trained(config.channels, config.start, weights.kept(folder, KIND))


@torch.no_grad()
def passing(network: Denoiser) -> Denoiser:
    """The network with first weights that pass its input to its output; all other channels stay as drawn, unheard.

    A leaky rectifier bends a signal x, but what it makes of x and of -x differs by (1 + slope) x; so two channels carry
    the signal and its negative from layer to layer.
    """
    for number, layer in enumerate(network.layers):
        kernel = layer.convolution.weight
        kernel[:2] = 0
        first = 1.0 if number == 0 else 1 / (1 + SLOPE)
        for row, sign in enumerate((1.0, -1.0)):
            kernel[row, 0, 1] = sign * first
            if number:
                kernel[row, 1, 1] = -sign * first
    nn.init.zeros_(network.last.weight)
    network.last.weight[0, 0, 0], network.last.weight[0, 1, 0] = 1 / (1 + SLOPE), -1 / (1 + SLOPE)
    return network
