"""The start of the encoder network: a wavelet-packet coder and its inverse, instead of random weights.

The paper is silent on initial weights. From random ones, sixteen rectified layers start with an output that has nothing
to do with the input; L1 then teaches the network to be silent, and within the steps that two cores can do it finds
nothing else. So here the network starts as a linear coder: each layer splits the bands of the one before into halves
with an orthonormal wavelet (Daubechies 1988, four vanishing moments) and keeps the lowest bands its channels can hold;
the decoder starts as the transpose. Channels come in pairs u and -u, so that rectifying loses nothing at the start
("looks linear", Balduzzi et al. 2017). What the channels beyond those bands hold starts small and random.
All models of a seed start alike, so that only the loss differs.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from paper_code.codec_loss.networks import EncoderNetwork

WAVELET = (  # Daubechies' low-pass filter with four vanishing moments
    0.23037781330885523,
    0.7148465705525415,
    0.6308807679295904,
    -0.02798376941698385,
    -0.18703481171888114,
    0.030841381835986965,
    0.032883011666982945,
    -0.010597401784997278,
)
REST = 0.1  # size of the random kernels of the channels that no band needs


@torch.no_grad()
def start_as_wavelet_packet(network: "EncoderNetwork") -> None:
    """Set the weights of an encoder network; the random ones are drawn from the global generator. Biases become 0."""
    bands, kernels = 1, []
    for layer in network.down:
        channels_in = layer.in_channels if layer.in_channels == 1 else layer.in_channels // 2
        kernel = torch.empty(layer.out_channels // 2, channels_in * layer.kernel_size[0])
        kernel = REST * nn.init.orthogonal_(kernel).unflatten(1, (channels_in, -1))
        split = _halves(bands, layer.kernel_size[0])[: len(kernel)]
        kernel[: len(split)] = 0.0
        kernel[: len(split), :bands] = split
        kernels.append(kernel)
        bands = len(split)
    for layer, kernel in zip(network.down, kernels, strict=True):
        layer.weight.copy_(_in_pairs(kernel, layer.out_channels > 1, layer.in_channels > 1))
        layer.bias.zero_()
    for layer, kernel in zip(network.up, kernels[::-1], strict=True):
        layer.weight.copy_(_in_pairs(kernel, layer.in_channels > 1, layer.out_channels > 1))
        layer.bias.zero_()


def _halves(bands: int, taps: int) -> Tensor:
    """Kernels [2 bands, bands, tap] that split each band into its lower and its upper half, lowest frequency first.

    Decimation turns every second band upside down, so there the upper half of the spectrum is the high-pass's.
    """
    low = torch.zeros(taps)
    low[1 : 1 + len(WAVELET)] = torch.tensor(WAVELET)
    high = torch.zeros(taps)
    high[1 : 1 + len(WAVELET)] = torch.tensor(WAVELET[::-1]) * torch.tensor([1.0, -1.0] * (len(WAVELET) // 2))
    kernels = torch.zeros(2 * bands, bands, taps)
    for band in range(bands):
        kernels[2 * band, band], kernels[2 * band + 1, band] = (low, high) if band % 2 == 0 else (high, low)
    return kernels


def _in_pairs(kernel: Tensor, first: bool, second: bool) -> Tensor:
    """The kernel with each channel of its first and second axis as a pair u, -u, where asked for."""
    if second:
        kernel = torch.stack([kernel, -kernel], 2).flatten(1, 2)
    return torch.stack([kernel, -kernel], 1).flatten(0, 1) if first else kernel
