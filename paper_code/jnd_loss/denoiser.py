"""The denoiser that the metric trains: convolutions whose taps lie farther and farther apart.

The paper counts 16 layers, the signals before and after among them; there are 15 convolutions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from paper_code.audio.signals import require_waveforms
from paper_code.jnd_loss.networks import EPSILON, TAPS, leaky

SAMPLE_RATE = 16000
CHANNELS = 64
DILATIONS = (*(2**layer for layer in range(13)), 1)  # samples from tap to tap: 1, 2, 4 ... 4096, and 1 again


class AdaptiveLayer(nn.Module):
    """A convolution, of whose result a part is normalised, and a leaky rectifier.

    The result is plain * x + normalised * (x with mean 0 and variance 1 in time, and a shift for each channel); a new
    layer has plain = 1 and normalised = 0.
    Paper: Germain et al. 2018, §2, which Manocha et al. 2020, §4.2, follow. Chapter: jnd_loss.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.convolution = nn.Conv1d(inputs, outputs, TAPS, padding=dilation, dilation=dilation, bias=False)
        self.plain = nn.Parameter(torch.ones(()))
        self.normalised = nn.Parameter(torch.zeros(()))
        self.shift = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.convolution.weight)

    def forward(self, signal: Tensor) -> Tensor:
        """Activations [batch, channel, time] of [batch, channel, time].

        The authors fill a signal up to a multiple of the dilation and cut it again after the normalisation, whose mean
        and variance therefore count the filling too.
        """
        length = signal.shape[-1]
        filtered = self.convolution(functional.pad(signal, (0, -length % self.dilation)))
        variance, mean = torch.var_mean(filtered, 2, correction=0, keepdim=True)
        slope = self.normalised * (variance + EPSILON).rsqrt()  # one slope and one offset a channel: half the time
        offset = self.normalised * self.shift.unsqueeze(1) - slope * mean
        return leaky(torch.addcmul(offset, filtered, self.plain + slope))[..., :length]


class Denoiser(nn.Module):
    """Noisy speech in, speech of the same length out; at 16 kHz.

    160,925 numbers are trained with 64 channels. Each signal is normalised by itself, so what it becomes does not depend
    on the others of a batch.
    channels: of every layer. subtracts: the layers tell the noise, which is taken from the input; a new network then
    gives its input back. The authors' networks tell the speech, and start with noise of their own.
    Paper: Manocha et al. 2020, §4.2, and Germain et al. 2018. Chapter: jnd_loss.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, channels: int = CHANNELS, subtracts: bool = False) -> None:
        super().__init__()
        self.subtracts = subtracts
        inputs = (1, *[channels] * (len(DILATIONS) - 1))
        self.layers = nn.ModuleList(
            AdaptiveLayer(i, channels, dilation) for i, dilation in zip(inputs, DILATIONS, strict=True)
        )
        self.last = nn.Conv1d(channels, 1, 1)
        (nn.init.zeros_ if subtracts else nn.init.xavier_uniform_)(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, noisy: Tensor) -> Tensor:
        """Speech [..., time] of noisy speech [..., time] in [-1, 1]. Raises ValueError on what is no waveform."""
        require_waveforms(noisy)
        signal = noisy.reshape(-1, 1, noisy.shape[-1])
        for layer in self.layers:
            signal = layer(signal)
        told = self.last(signal).reshape(noisy.shape)
        return noisy - told if self.subtracts else told
