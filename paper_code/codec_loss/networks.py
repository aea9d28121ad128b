"""The networks of the paper: two that imitate a codec (loss networks) and the autoencoder they train (encoder network).

All three decimate by 2 in every layer. "Convolution with stride 1, then keep every second sample" is computed as a
convolution with stride 2, "put a zero after every sample, then a convolution with stride 1" as a transposed convolution
with stride 2: the same numbers at half the cost.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from paper_code.codec_loss.initialisation import start_as_block_transform

FRAME = 1024  # samples of an STFT frame
HOP = 512
FRAMES = 128  # of a patch
BINS = 512  # the highest of 513 (half the sample rate) is left out
PATCH = HOP * (FRAMES - 1) + FRAME  # 66,048 samples: 4.1 s at 16 kHz
TIME_PATCH = 16384
DECIMATION = 256  # of eight layers
MASKS = (0.003, 0.97)  # gains of a filter that a mask can start with
LOG_FACTOR = 100.0  # log(1 + 100 magnitude): bends at -88 dB re a full-scale sine, so quiet cells are seen too


def magnitude_spectrogram(waveform: Tensor) -> Tensor:
    """Magnitudes [..., bin, frame] of a waveform [..., time]: Hann frames of 1024 every 512 samples, no padding.

    66,048 samples give exactly 512 x 128. The gradient is finite at digital silence.
    Paper: Ananthabhotla et al. 2019, §4.1. Chapter: codec_loss.
    """
    parts = torch.view_as_real(complex_spectrogram(waveform))
    # the square root's slope at 0 is infinite: 1e-12 lies 168 dB under a full-scale sine
    return (parts.square().sum(-1) + 1e-12).sqrt()


def complex_spectrogram(waveform: Tensor) -> Tensor:
    """The complex spectrum [..., bin, frame] whose magnitudes `magnitude_spectrogram` gives."""
    window = torch.hann_window(FRAME, dtype=waveform.dtype, device=waveform.device)
    return torch.fft.rfft(waveform.unfold(-1, FRAME, HOP) * window)[..., :BINS].transpose(-1, -2)


def to_domain(waveform: Tensor, network: str) -> Tensor:
    """What a loss network sees of a waveform [patch, time]: magnitudes [patch, bin, frame], or itself."""
    return waveform if network == "time" else magnitude_spectrogram(waveform)


def relative_error(found: Tensor, wanted: Tensor, original: Tensor) -> Tensor:
    """L1 between found and wanted over the original's L1, of each patch [patch, ...]; 0 for what is silent."""
    axes = tuple(range(1, found.ndim))
    size = original.abs().mean(axes)
    return (found - wanted).abs().mean(axes) / size.clamp_min(1e-4)


class SpectrogramUNet(nn.Module):
    """Magnitudes of a sound in, magnitudes of its coded version out: five layers down, five up, with skips.

    filters: of the first layer, doubled in each next one. The output is a mask between 0 and 1 times the input.
    log_factor: the network sees log(1 + log_factor * magnitude).
    With the paper's 32 filters: 9.8 million weights. Any number of bins and frames that 32 divides will do.
    Paper: Ananthabhotla et al. 2019, Table 1 left, after Jansson et al. 2017. Chapter: codec_loss.
    """

    layers = 5
    inputs = 1  # channels that the first layer sees

    def __init__(self, filters: int = 32, log_factor: float = LOG_FACTOR, dropout: float = 0.5) -> None:
        super().__init__()
        self.filters, self.log_factor, self.dropout = filters, log_factor, dropout
        widths = [filters * 2**i for i in range(self.layers)]
        inputs = [self.inputs, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(o))
            for i, o in zip(inputs, widths, strict=True)
        )
        outputs = widths[-2::-1]  # 256, 128, 64, 32 of 512
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(i, o, 5, stride=2, padding=2, output_padding=1, bias=False), nn.BatchNorm2d(o)
            )
            for i, o in zip([widths[-1], *(2 * o for o in outputs[:-1])], outputs, strict=True)
        )
        self.last = nn.ConvTranspose2d(2 * widths[0], 1, 5, stride=2, padding=2, output_padding=1)
        _he_initialise(self)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Predicted magnitudes [batch, bin, frame] from magnitudes [batch, bin, frame]."""
        return self.prediction_and_features(magnitudes)[0]

    def prediction_and_features(self, magnitudes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The prediction [batch, bin, frame], and what every hidden layer gives after its activation."""
        if magnitudes.ndim != 3 or magnitudes.shape[1] % 2**self.layers or magnitudes.shape[2] % 2**self.layers:
            raise ValueError(
                f"Wanted magnitudes [batch, bin, frame] with bins and frames that {2**self.layers} divides; "
                f"found {list(magnitudes.shape)}."
            )
        signal = self._seen(magnitudes)
        downs: list[Tensor] = []
        for layer in self.down:
            signal = functional.relu(layer(signal))
            downs.append(signal)
        ups: list[Tensor] = []
        for i, layer in enumerate(self.up):
            signal = functional.relu(layer(signal))
            ups.append(signal)
            signal = torch.cat([downs[-2 - i], signal], dim=1)
            if i < 3:
                signal = functional.dropout(signal, self.dropout, self.training)
        mask = torch.sigmoid(self._logits(signal))
        return mask * magnitudes, [*downs, *ups]

    def _seen(self, magnitudes: Tensor) -> Tensor:
        """What the first layer sees, [batch, channel, bin, frame]."""
        return torch.log1p(self.log_factor * magnitudes).unsqueeze(1)

    def _logits(self, signal: Tensor) -> Tensor:
        """The mask before the sigmoid, [batch, bin, frame]."""
        return self.last(signal).squeeze(1)


class FrequencyAwareUNet(SpectrogramUNet):
    """Ours, a stronger variant of the spectrogram network: it is told where in the spectrum it is.

    A convolution does the same in every bin. Here the first layer sees the frequency too, and the mask has a bias for
    each of the 512 bins; `start_as_filter` sets it.
    Chapter: codec_loss.
    """

    inputs = 2

    def __init__(self, filters: int = 32, log_factor: float = LOG_FACTOR, dropout: float = 0.5) -> None:
        super().__init__(filters, log_factor, dropout)
        self.bias = nn.Parameter(torch.zeros(BINS, 1))

    @torch.no_grad()
    def start_as_filter(self, gains: Tensor) -> None:
        """Make the untrained network a filter with these gains [bin], as far as a sigmoid reaches them."""
        self.bias.copy_(gains.clamp(*MASKS).logit().unsqueeze(1))
        self.last.weight.zero_()
        self.last.bias.zero_()

    def _seen(self, magnitudes: Tensor) -> Tensor:
        if magnitudes.shape[1] != BINS:
            raise ValueError(f"Wanted {BINS} bins; found {magnitudes.shape[1]}.")
        frequency = torch.linspace(0, 1, BINS, dtype=magnitudes.dtype, device=magnitudes.device)
        levels = super()._seen(magnitudes)
        return torch.cat([levels, frequency.unsqueeze(-1).expand_as(levels)], dim=1)

    def _logits(self, signal: Tensor) -> Tensor:
        return super()._logits(signal) + self.bias


class TimeUNet(nn.Module):
    """A waveform in, its coded version out: eight layers down, eight up, with skips.

    filters: of the first layer; the i-th layer has i times as many. Skips are taken after decimation, as in the
    spectrogram network that this one is said to resemble.
    Paper: Ananthabhotla et al. 2019, §4.2 and Table 1 right. Chapter: codec_loss.
    """

    layers = 8

    def __init__(self, filters: int = 32) -> None:
        super().__init__()
        self.filters = filters
        widths = [filters * (i + 1) for i in range(self.layers)]
        self.down = nn.ModuleList(
            nn.Conv1d(i, o, 15, stride=2, padding=7) for i, o in zip([1, *widths[:-1]], widths, strict=True)
        )
        outputs = [*widths[-2::-1], 1]
        inputs = [widths[-1], *(2 * o for o in outputs[:-1])]
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(i, o, 9, stride=2, padding=4, output_padding=1)
            for i, o in zip(inputs, outputs, strict=True)
        )
        _he_initialise(self)

    def forward(self, waveform: Tensor) -> Tensor:
        """Predicted coded waveform [batch, time] from a waveform [batch, time]; 256 divides the length."""
        return self.prediction_and_features(waveform)[0]

    def prediction_and_features(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The prediction [batch, time], and what every hidden layer gives after its activation."""
        _require_decimable(waveform)
        signal, downs, ups = waveform.unsqueeze(1), [], []
        for layer in self.down:
            signal = functional.relu(layer(signal))
            downs.append(signal)
        for i, layer in enumerate(self.up[:-1]):
            signal = functional.relu(layer(signal))
            ups.append(signal)
            signal = torch.cat([downs[-2 - i], signal], dim=1)
        return torch.tanh(self.up[-1](signal)).squeeze(1), [*downs, *ups]


class EncoderNetwork(nn.Module):
    """The autoencoder that the losses train: its narrowest layer holds half as many numbers as the waveform.

    filters: of the first layer; the i-th has i times as many, the eighth `bottleneck`: 128 channels at a 256th of the
    rate are exactly one half. Upsampling puts a zero between two samples before the convolution with stride 1, the
    counterpart of decimation. There are no skips. It starts as a block transform of sounds up to `cutoff` Hz; see
    `initialisation`.
    Paper: Ananthabhotla et al. 2019, §5 and Table 2. Chapter: codec_loss.
    """

    layers = 8

    def __init__(self, filters: int = 12, bottleneck: int = 128, cutoff: float = 3000.0) -> None:
        super().__init__()
        if filters % 2 or bottleneck % 2:
            raise ValueError(f"filters and bottleneck are even, channels come in pairs; found {filters}, {bottleneck}.")
        self.filters, self.bottleneck = filters, bottleneck
        widths = [filters * (i + 1) for i in range(self.layers - 1)]
        down, up = [1, *widths, bottleneck], [bottleneck, *widths[::-1], 1]
        self.down = nn.ModuleList(nn.Conv1d(i, o, 9, stride=2, padding=4) for i, o in pairwise(down))
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(i, o, 9, stride=2, padding=4, output_padding=1) for i, o in pairwise(up)
        )
        start_as_block_transform(self, cutoff)

    def encode(self, waveform: Tensor) -> Tensor:
        """The code [batch, bottleneck, time / 256] of a waveform [batch, time]."""
        _require_decimable(waveform)
        signal = waveform.unsqueeze(1)
        for layer in self.down:
            signal = functional.relu(layer(signal))
        return signal

    def decode(self, code: Tensor) -> Tensor:
        """The waveform [batch, time] of a code [batch, bottleneck, time / 256]."""
        signal = code
        for layer in self.up[:-1]:
            signal = functional.relu(layer(signal))
        return torch.tanh(self.up[-1](signal)).squeeze(1)

    def forward(self, waveform: Tensor) -> Tensor:
        """The waveform [batch, time] after coding and decoding; 256 divides its length."""
        return self.decode(self.encode(waveform))


# Those that imitate a codec.
NETWORKS = {"spectrogram": SpectrogramUNet, "frequency_aware": FrequencyAwareUNet, "time": TimeUNet}


def parameter_count(network: nn.Module) -> int:
    """How many weights a network has."""
    return sum(weights.numel() for weights in network.parameters())


def _require_decimable(waveform: Tensor) -> None:
    if waveform.ndim != 2 or waveform.shape[-1] % DECIMATION or waveform.shape[-1] == 0:
        raise ValueError(
            f"Wanted waveforms [batch, time] whose length is a multiple of {DECIMATION}; found {list(waveform.shape)}."
        )


def _he_initialise(network: nn.Module) -> None:
    """Weights that keep the variance through rectifiers (He et al. 2015); biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d):
            stride = module.stride[0] if isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d) else 1
            taps = module.weight[0, 0].numel() / stride ** (module.weight.ndim - 2)  # that meet in one output
            nn.init.normal_(module.weight, std=(2 / (module.in_channels * taps)) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@torch.no_grad()
def coded(network: nn.Module, waveforms: Tensor) -> Tensor:
    """Waveforms [..., time] of any length after the autoencoder, filled up to a multiple of 256 samples for it."""
    flat = waveforms.reshape(-1, waveforms.shape[-1])
    missing = -flat.shape[-1] % 256
    found = torch.cat([network(part) for part in nn.functional.pad(flat, (0, missing)).split(4)])
    return found[:, : flat.shape[-1]].reshape(waveforms.shape)
