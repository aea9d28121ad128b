"""The coder: an encoder to 256 numbers a frame, a quantiser with trainable bins, and a decoder.

Signals inside are [frame, channel, 1, time] with the channels last in memory: a convolution of 64 channels is then
half again as fast on a CPU as one in one dimension, and gives the same.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from paper_code.audio.signals import require_choice
from paper_code.masking_loss.coder.framing import FRAME
from paper_code.masking_loss.coder.initialisation import start_as_half_band
from paper_code.masking_loss.coder.quantiser import SoftmaxQuantiser

SAMPLE_RATE = 16000
CODES = FRAME // 2  # numbers a frame that are quantised
KERNEL = 9
DILATIONS = (1, 2, 4, 8)
STARTS = ("he", "half_band")
SLOPE = 0.3  # of a PReLU where it starts
FRAMES_AT_ONCE = 64  # without gradient; the same in coding and decoding, so that both round alike


class Layer(nn.Sequential):
    """A convolution of nine taps and a PReLU with a slope for each channel."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1, stride: int = 1) -> None:
        taps = nn.Conv2d(
            inputs, outputs, (1, KERNEL), stride=(1, stride), padding=(0, dilation * (KERNEL // 2)),
            dilation=(1, dilation),
        )  # fmt: skip
        nn.init.kaiming_normal_(taps.weight)
        nn.init.zeros_(taps.bias)
        super().__init__(taps, nn.PReLU(outputs, SLOPE))


class Block(nn.Module):
    """Shortcut plus residual, and nothing after the sum. Without a shortcut of its own the input is the shortcut."""

    def __init__(self, residual: Sequence[nn.Module], shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.shortcut = shortcut or nn.Identity()
        self.residual = nn.Sequential(*residual)

    def forward(self, signal: Tensor) -> Tensor:
        """[frame, channel, 1, time] to the same or, in a block that changes it, another number of channels or samples."""
        return self.shortcut(signal) + self.residual(signal)


class Interleave(nn.Module):
    """Twice the samples of half the channels: the first half are the even samples (sub-pixel convolution)."""

    def forward(self, signal: Tensor) -> Tensor:
        """[frame, 2 channel, 1, time] to [frame, channel, 1, 2 time]."""
        frames, channels, _, time = signal.shape
        inner = signal.permute(0, 2, 3, 1).reshape(frames, 1, 2 * time, channels // 2)
        return inner.permute(0, 3, 1, 2)


def change_block(inputs: int, outputs: int) -> Block:
    """Another number of channels."""
    return Block([Layer(inputs, outputs), Layer(outputs, outputs)], Layer(inputs, outputs))


def dilated_blocks(width: int) -> list[Block]:
    """Four blocks that look further and further: dilations 1, 2, 4 and 8."""
    return [Block([Layer(width, width, d), Layer(width, width, d)]) for d in DILATIONS]


def down_block(width: int) -> Block:
    """Every second sample, by a stride."""
    return Block([Layer(width, width, stride=2), Layer(width, width)], Layer(width, width, stride=2))


def up_block(width: int) -> Block:
    """Twice the samples, by a convolution to twice the channels."""
    double = [nn.Sequential(Layer(width, 2 * width), Interleave()) for _ in range(2)]
    return Block([double[0], Layer(width, width)], double[1])


class SpeechCoder(nn.Module):
    """The coder of the chapter; 1,558,847 weights with its baseline's 64 channels and 32 bins.

    width: channels.   bins: of the quantiser.   temperature: of its soft assignment, at the start.
    residual_gain: what the last convolution of each residual is multiplied with at the start; 1 is He's start, and a
    smaller one lets the untrained network begin nearer to its shortcuts.   start: "he", or "half_band": in two of the
    channels the shortcuts start as a low-pass at 4 kHz.
    Paper: Byun et al. 2021, section 2.1 and Figure 1; Kankanahalli 2018. Chapter: masking_loss.
    """

    def __init__(
        self,
        width: int = 64,
        bins: int = 32,
        temperature: float = 300.0,
        residual_gain: float = 1.0,
        start: str = "he",
    ) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width is a number of channels, 1 or more; found {width!r}.")
        require_choice("start", start, STARTS)
        self.width = width
        self.encoder = nn.Sequential(
            change_block(1, width), *dilated_blocks(width), down_block(width), *dilated_blocks(width),
            change_block(width, 1),
        )  # fmt: skip
        self.quantiser = SoftmaxQuantiser(bins, temperature)
        self.decoder = nn.Sequential(
            change_block(1, width), *dilated_blocks(width), up_block(width), *dilated_blocks(width),
            change_block(width, 1),
        )  # fmt: skip
        for block in self.modules():
            if isinstance(block, Block):
                block.residual[-1][0].weight.data.mul_(residual_gain)
        if start == "half_band":
            start_as_half_band(self.encoder, self.decoder)
        self.to(memory_format=torch.channels_last)

    def encode(self, frames: Tensor) -> Tensor:
        """Numbers [..., 256], not quantised, of windowed frames [..., 512]; raises ValueError on other lengths."""
        if frames.ndim == 0 or frames.shape[-1] != FRAME:
            raise ValueError(f"Wanted frames [..., {FRAME}]; found {list(frames.shape)}.")
        return _through(self.encoder, frames)

    def decode(self, codes: Tensor) -> Tensor:
        """Frames [..., 512], to be windowed and added, of numbers [..., 256]; raises ValueError on other lengths."""
        if codes.ndim == 0 or codes.shape[-1] != CODES:
            raise ValueError(f"Wanted codes [..., {CODES}]; found {list(codes.shape)}.")
        return _through(self.decoder, codes)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """Frames [..., 512] after the coder, and the soft assignments [..., 256, bin] (None without quantisation)."""
        codes, assignment = self.quantiser(self.encode(frames))
        return self.decode(codes), assignment

    @torch.no_grad()
    def symbols(self, frames: Tensor) -> Tensor:
        """The hard symbols (int64) [..., 256] of windowed frames [..., 512], of any number."""
        return _in_parts(lambda part: self.quantiser.symbols(self.encode(part)), frames)

    @torch.no_grad()
    def synthesise(self, symbols: Tensor) -> Tensor:
        """The frames [..., 512], to be windowed and added, that symbols [..., 256] stand for."""
        return _in_parts(lambda part: self.decode(self.quantiser.values(part)), symbols)

    @torch.no_grad()
    def unquantised(self, frames: Tensor) -> Tensor:
        """Frames [..., 512] through encoder and decoder alone."""
        return _in_parts(lambda part: self.decode(self.encode(part)), frames)


def _in_parts(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    parts = rows.reshape(-1, rows.shape[-1]).split(FRAMES_AT_ONCE)
    return torch.cat([function(part) for part in parts]).reshape(*rows.shape[:-1], -1)


def _through(network: nn.Module, signal: Tensor) -> Tensor:
    flat = signal.reshape(-1, 1, 1, signal.shape[-1])
    return network(flat).reshape(*signal.shape[:-1], -1)
