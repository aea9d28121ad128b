"""The start of the encoder network: a linear projection and its transpose, instead of nothing at all.

The paper is silent on initial weights. From independent ones (He, Glorot) sixteen rectified layers start with an output
that has nothing to do with the input, so L1 first teaches the network to be silent, and from there it takes long to
find anything. Here the channels come in pairs u and -u, so that rectifying loses nothing and the network starts linear
("looks linear", Balduzzi et al. 2017), with orthogonal kernels, and each decoder layer starts as nearly as it can as the
transpose of its encoder layer. All models of a seed start from the same weights.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from paper_code.codec_loss.networks import EncoderNetwork

RIDGE = 1e-4


@torch.no_grad()
def start_as_projection(network: "EncoderNetwork") -> None:
    """Set the weights of an encoder network, drawn from the global generator; biases become 0."""
    kernels = []
    for layer in network.down:
        channels_in = layer.in_channels if layer.in_channels == 1 else layer.in_channels // 2
        kernel = torch.empty(layer.out_channels // 2, channels_in * layer.kernel_size[0])
        kernels.append(nn.init.orthogonal_(kernel).unflatten(1, (channels_in, -1)))
    for layer, kernel in zip(network.down, kernels, strict=True):
        _set(layer, kernel)
    for layer, kernel in zip(network.up, kernels[::-1], strict=True):
        _set(layer, _transpose(kernel, layer.phases))


def _set(layer: nn.Conv1d, kernel: Tensor) -> None:
    """Give a layer a kernel [output, input, tap] of half its channels; channels come as u, -u, single ones stay."""
    if layer.in_channels > 1:
        kernel = torch.stack([kernel, -kernel], 2).flatten(1, 2)
    if layer.out_channels > 1:
        kernel = torch.stack([kernel, -kernel], 1).flatten(0, 1)
    layer.weight.copy_(kernel)
    layer.bias.zero_()


def _transpose(kernel: Tensor, phases: Tensor) -> Tensor:
    """The kernel that, after linear interpolation, comes nearest to the transpose of a stride-2 convolution.

    kernel: [output, input, tap] of the convolution. phases: see networks.UpsamplingConvolution.
    """
    taps = kernel.shape[-1]
    reach = phases.shape[1] // 2
    wanted = torch.zeros(kernel.shape[1], kernel.shape[0], 2, phases.shape[1])  # input, output, phase, low-rate tap
    for phase in range(2):
        for tap in range(phases.shape[1]):
            at = phase - 2 * (tap - reach) + taps // 2
            if 0 <= at < taps:
                wanted[:, :, phase, tap] = kernel[:, :, at].T
    system = phases.flatten(0, 1).double()  # [phase and low-rate tap, tap]
    ridge = RIDGE * torch.eye(taps, dtype=torch.float64)
    solved = torch.linalg.solve(system.T @ system + ridge, system.T @ wanted.flatten(2).double().flatten(0, 1).T)
    return solved.T.unflatten(0, wanted.shape[:2]).float()
