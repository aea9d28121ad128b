"""The start of the encoder network: a block transform that keeps what lies below 3 kHz, instead of random weights.

The paper is silent on initial weights. From random ones, sixteen rectified layers start with an output that has nothing
to do with the input; L1 then teaches the network to be silent, and within the steps that two cores can do it finds
nothing else. So here the network starts as a linear coder: 256 samples that are limited to a band of 3 kHz out of 8 have
little more than 96 numbers' worth of freedom (Slepian 1978), and the bottleneck has 128. Each layer joins two
neighbouring blocks and keeps their strongest directions; the decoder starts as the transpose.

Rectifiers do not see negative numbers. As far as the channels go, a direction has a pair of them, u and -u ("looks
linear", Balduzzi et al. 2017); beyond, it has one with an offset, and a channel that is always 1 takes the offsets back.
Channels that no direction needs start small and random, and the output does not hear them. Noise limited to 3 kHz comes
back at 65 dB; loud sounds at 25 to 30, since the tanh of the last layer bends them. A single tone comes back up to a peak
of 0.25, whatever its frequency. Below 300 Hz it lies in pairs and has no limit; a louder tone above that is larger than
the offset in its few directions and is cut (5 to 18 dB at peaks of 0.5 and more above 600 Hz).
All models of a seed start alike, on every processor, so that only the loss differs.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from torch import Tensor, nn

SAMPLE_RATE = 16000
EDGE = 100.0  # Hz above the cut-off that the band's filter still lets through
FLAT = 100.0  # Hz; from there on up the band's power falls as that of music does, with the frequency
SILENCE = 1e-10  # power outside of the band
KEPT = 1e-7  # directions weaker than that, relative to the strongest, are dropped
SCALE = 2**-0.5  # of each layer: a block's numbers stay as large as its samples
OFFSET = 0.2  # of a single channel, in full scales; single are those that are weak in pink noise. 1 trains badly
REST = 0.1  # size of the random kernels of the channels that no direction needs
CENTRE = 4  # tap of the earlier block, of nine; the later block has the next


class TwoHalves(Protocol):
    """What of an encoder network is set here: its layers down to the bottleneck, and those up again."""

    down: nn.ModuleList
    up: nn.ModuleList


@dataclass(frozen=True)
class Layout:
    """How a layer's channels hold the directions: channels = rectified(write @ directions + offsets).

    write: [channel, direction].   read: [direction, channel], back from the rectified channels.   offsets: [channel].
    """

    write: Tensor
    read: Tensor
    offsets: Tensor

    @property
    def spare(self) -> Tensor:
        """Which channels hold nothing, [channel]."""
        return (self.write == 0).all(1) & (self.offsets == 0)


@torch.no_grad()
def start_as_block_transform(network: TwoHalves, cutoff: float) -> None:
    """Set the weights of an encoder network for sounds up to `cutoff` Hz.

    Where the bottleneck is too narrow for the band, what is strongest in pink noise is kept: its lower part.
    The random kernels of spare channels are drawn from the global generator.
    """
    waveform = Layout(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    layouts, kernels = [waveform], []
    for layer, directions in zip(network.down, _directions(network, cutoff), strict=True):
        layouts.append(_layout(len(directions), layer.out_channels))
        kernels.append(_kernel(directions, layer.kernel_size[0]))
    for layer, kernel, fine, coarse in zip(network.down, kernels, layouts, layouts[1:], strict=False):
        layer.weight.copy_(torch.einsum("ob,bct,ci->oit", coarse.write, kernel * SCALE, fine.read))
        layer.bias.copy_(coarse.offsets)
        layer.weight[coarse.spare] = _random(layer.weight[coarse.spare])
    steps = zip(kernels, layouts, layouts[1:], strict=False)
    for layer, (kernel, fine, coarse) in zip(network.up, reversed(list(steps)), strict=True):
        layer.weight.copy_(torch.einsum("ob,cbt,ci->iot", fine.write, kernel / SCALE, coarse.read))
        layer.bias.copy_(fine.offsets)
        layer.weight[:, fine.spare] = _random(layer.weight[:, fine.spare].transpose(0, 1)).transpose(0, 1)


def _directions(network: TwoHalves, cutoff: float) -> list[NDArray[np.float64]]:
    """For each layer its orthonormal directions [direction, 2 * direction of the layer before] of two blocks."""
    basis, found = np.ones((1, 1)), []  # [direction, sample of a block]
    for layer in network.down:
        blocks = np.kron(np.eye(2), basis)
        power, axes = np.linalg.eigh(blocks @ _covariance(blocks.shape[1], cutoff) @ blocks.T)
        strong = int((power > KEPT * power[-1]).sum())
        kept = strong if 2 * strong <= layer.out_channels else min(strong, layer.out_channels - 1)
        directions = axes[:, ::-1][:, :kept].T
        # An eigenvector's sign is free, and libraries choose differently. Here every block begins with a positive
        # sample: no direction is near 0 there, so that rounding cannot decide.
        directions = directions * np.sign(directions @ blocks[:, :1])
        found.append(directions)
        basis = directions @ blocks
    return found


def _covariance(samples: int, cutoff: float) -> NDArray[np.float64]:
    """Of a block of noise that is flat up to 100 Hz, pink up to the cut-off, and next to nothing above."""
    frequencies = np.linspace(0, SAMPLE_RATE / 2, 4097)
    power = np.where(frequencies <= cutoff + EDGE, 1 / np.maximum(frequencies, FLAT), SILENCE / FLAT)
    return toeplitz(np.fft.irfft(power)[:samples])


def _layout(directions: int, channels: int) -> Layout:
    """Pairs for the first directions, as far as the channels go, and single channels with an offset for the others."""
    pairs = directions if 2 * directions <= channels else channels - 1 - directions
    write, read, offsets = torch.zeros(channels, directions), torch.zeros(directions, channels), torch.zeros(channels)
    for i in range(directions):
        place = i + min(i, pairs)
        write[place, i] = read[i, place] = 1.0
        if i < pairs:
            write[place + 1, i] = read[i, place + 1] = -1.0
        else:
            offsets[place] = OFFSET
            read[i, -1] = -OFFSET  # times the channel that is always 1
            offsets[-1] = 1.0
    return Layout(write, read, offsets)


def _kernel(directions: NDArray[np.float64], taps: int) -> Tensor:
    """The kernel [direction, direction before, tap] of a convolution with stride 2 that joins neighbouring blocks."""
    earlier, later = np.split(directions, 2, axis=1)
    kernel = torch.zeros(*earlier.shape, taps)
    kernel[..., CENTRE], kernel[..., CENTRE + 1] = (torch.from_numpy(half.copy()).float() for half in (earlier, later))
    return kernel


def _random(kernels: Tensor) -> Tensor:
    """Random kernels of that shape, [channel, channel before, tap]."""
    if not len(kernels):
        return kernels
    return REST * nn.init.orthogonal_(torch.empty(kernels.shape))
