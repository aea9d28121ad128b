"""A start for short trainings: an untrained coder that keeps the lower half of the band, instead of giving noise.

A sum of two paths with He's start doubles the power in each of 22 blocks, so that the paper's coder begins with an
output thousands of times too strong. Here channels 0 and 1 carry the signal and its negative, from which a PReLU's
bend can be taken out again, through all shortcuts: a low-pass at 4 kHz, every second sample, and back.
"""

import torch
from torch import Tensor, nn

TAPS = 9
MIDDLE = TAPS // 2
# Least squares on the training speech, one after the other until nothing changed.
DOWN = torch.tensor([[0.120, 0.020, -0.122, 0.213, 0.538, 0.213, -0.122, 0.020, 0.120]])
UP = torch.tensor(  # the even samples, and the odd ones
    [
        [0.010, 0.020, -0.194, -0.014, 1.357, -0.014, -0.194, 0.020, 0.010],
        [-0.012, 0.128, -0.271, -0.087, 0.744, 0.747, -0.084, -0.276, 0.118],
    ]
)


@torch.no_grad()
def start_as_half_band(encoder: nn.Sequential, decoder: nn.Sequential) -> None:
    """Put the half-band coder into the shortcuts of a SpeechCoder's two halves; other channels stay as they are.

    Raises ValueError where there is only one channel. Chapter: masking_loss.
    """
    for half, turn in ((encoder, _down), (decoder, _up)):
        first, last = half[0].shortcut, half[-1].shortcut
        width = first[0].out_channels
        if width < 2:
            raise ValueError(f"The half-band start needs 2 channels or more; found {width}.")
        for block in half:
            block.residual[-1][0].weight[:2] = 0
        _pair(first, 0, _impulse(), single=True)
        turn(half[5].shortcut, width)
        _from_pair(last)


@torch.no_grad()
def start_silent(encoder: nn.Sequential, decoder: nn.Sequential) -> None:
    """Let a network add nothing to the transform beside it, and learn from its first step on. Chapter: masking_loss."""
    for network in (encoder, decoder):
        for layer in (network[-1].shortcut, network[-1].residual[-1]):
            layer[0].weight.zero_()
            layer[1].weight.fill_(1.0)


def _down(layer: nn.Sequential, width: int) -> None:
    _pair(layer, 0, DOWN[0])


def _up(shortcut: nn.Sequential, width: int) -> None:
    for phase in (0, 1):
        _pair(shortcut[0], phase * width, UP[phase])


def _impulse() -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(MIDDLE), TAPS).float()


def _pair(layer: nn.Sequential, first: int, taps: Tensor, single: bool = False) -> None:
    """Let channels `first` and `first` + 1 be the filtered signal and its negative."""
    weight, slope = layer[0].weight, layer[1].weight[0]
    for channel, sign in ((first, 1.0), (first + 1, -1.0)):
        weight[channel] = 0
        if single:
            weight[channel, 0, 0] = sign * taps
        else:  # a PReLU of u less one of -u is (1 + slope) u
            weight[channel, 0, 0] = sign * taps / (1 + slope)
            weight[channel, 1, 0] = -sign * taps / (1 + slope)


def _from_pair(layer: nn.Sequential) -> None:
    """Let the only channel be the signal that the pair carries, not bent."""
    weight, slope = layer[0].weight, layer[1].weight
    weight.zero_()
    weight[0, 0, 0, MIDDLE], weight[0, 1, 0, MIDDLE] = 1 / (1 + 0.3), -1 / (1 + 0.3)
    slope.fill_(1.0)
