"""The coder: an encoder to 256 numbers a frame, a quantiser with trainable bins, and a decoder.

Signals inside are [frame, channel, 1, time] with the channels last in memory: a convolution of 64 channels is then
half again as fast on a CPU as one in one dimension, and gives the same.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from paper_code.audio.signals import require_choice
from paper_code.masking_loss.coder.framing import FRAME
from paper_code.masking_loss.coder.initialisation import start_as_half_band, start_silent
from paper_code.masking_loss.coder.lapped import BLOCKS, CODES, LappedPath
from paper_code.masking_loss.coder.quantiser import NARROWER, SoftmaxQuantiser

SAMPLE_RATE = 16000
KERNEL = 9
DILATIONS = (1, 2, 4, 8)
STARTS = ("he", "half_band", "lapped")
SLOPE = 0.3  # of a PReLU where it starts
# Beside a transform: of a frame, and of numbers whose step is 1, on the way in; of what the network adds to each.
FRAME_GAIN, CODE_GAIN, CODES_ADDED, FRAMES_ADDED = 8.0, 0.5, 0.5, 0.02
FRAMES_AT_ONCE = 64  # without gradient; the same in coding and decoding, so that both round alike


class Layer(nn.Sequential):
    """A convolution of nine taps and a PReLU with a slope for each channel."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1, stride: int = 1, bias: bool = True) -> None:
        taps = nn.Conv2d(
            inputs, outputs, (1, KERNEL), stride=(1, stride), padding=(0, dilation * (KERNEL // 2)),
            dilation=(1, dilation), bias=bias,
        )  # fmt: skip
        nn.init.kaiming_normal_(taps.weight)
        if bias:
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


def change_block(inputs: int, outputs: int, bias: bool = True) -> Block:
    """Another number of channels."""
    layers = [Layer(inputs, outputs, bias=bias), Layer(outputs, outputs, bias=bias)]
    return Block(layers, Layer(inputs, outputs, bias=bias))


def dilated_blocks(width: int, bias: bool = True) -> list[Block]:
    """Four blocks that look further and further: dilations 1, 2, 4 and 8."""
    return [Block([Layer(width, width, d, bias=bias), Layer(width, width, d, bias=bias)]) for d in DILATIONS]


def down_block(width: int, bias: bool = True) -> Block:
    """Every second sample, by a stride."""
    residual = [Layer(width, width, stride=2, bias=bias), Layer(width, width, bias=bias)]
    return Block(residual, Layer(width, width, stride=2, bias=bias))


def up_block(width: int, bias: bool = True) -> Block:
    """Twice the samples, by a convolution to twice the channels."""
    double = [nn.Sequential(Layer(width, 2 * width, bias=bias), Interleave()) for _ in range(2)]
    return Block([double[0], Layer(width, width, bias=bias)], double[1])


def half(inputs: int, outputs: int, width: int, turn: Block, bias: bool = True) -> nn.Sequential:
    """An encoder or a decoder of so many channels: `turn` in the middle changes the number of samples."""
    return nn.Sequential(
        change_block(inputs, width, bias), *dilated_blocks(width, bias), turn, *dilated_blocks(width, bias),
        change_block(width, outputs, bias),
    )  # fmt: skip


class SpeechCoder(nn.Module):
    """The coder of the chapter; 1,558,847 weights with its baseline's 64 channels and 32 bins.

    width: channels; 0 for no network at all, the transform alone.   bins: of the quantiser.   temperature: of its soft
    assignment, at the start.   residual_gain: what the last convolution of each residual is multiplied with at the
    start; 1 is He's start, and a smaller one lets the untrained network begin nearer to its shortcuts.
    start: "he"; "half_band": in two of the channels the shortcuts start as a low-pass at 4 kHz; "lapped": a transform
    (LappedPath) stands beside the network, which at first adds nothing to it and has no offsets: silence stays silence.
    fold: neighbouring samples that enter as channels; 1 in the paper. path: another transform than that of "lapped".
    assignment: of the quantiser.
    Paper: Byun et al. 2021, section 2.1 and Figure 1; Kankanahalli 2018. Chapter: masking_loss.
    """

    def __init__(
        self,
        width: int = 64,
        bins: int = 32,
        temperature: float = 300.0,
        residual_gain: float = 1.0,
        start: str = "he",
        fold: int = 1,
        assignment: str = "soft",
        path: LappedPath | None = None,
    ) -> None:
        super().__init__()
        require_choice("start", start, STARTS)
        if width < 0 or (width == 0 and start != "lapped"):
            raise ValueError(f"width is a number of channels, 1 or more, or 0 beside a transform; found {width!r}.")
        if fold < 1 or CODES // BLOCKS % fold:
            raise ValueError(f"fold is a power of 2 up to {CODES // BLOCKS}; found {fold!r}.")
        self.width, self.fold = width, fold
        self.quantiser = SoftmaxQuantiser(bins, temperature, assignment)
        self.path = (path or LappedPath()) if start == "lapped" else None
        self.encoder, self.decoder = nn.Sequential(), nn.Sequential()
        if width:
            bias = self.path is None
            self.encoder = half(fold, fold, width, down_block(width, bias), bias)
            self.decoder = half(fold, fold, width, up_block(width, bias), bias)
        for block in self.modules():
            if isinstance(block, Block):
                block.residual[-1][0].weight.data.mul_(residual_gain)
        if start == "half_band":
            start_as_half_band(self.encoder, self.decoder)
        if start == "lapped" and width:
            start_silent(self.encoder, self.decoder)
        self.to(memory_format=torch.channels_last)

    def encode(self, frames: Tensor) -> Tensor:
        """Numbers [..., 256], not quantised, of windowed frames [..., 512]; raises ValueError on other lengths."""
        if frames.ndim == 0 or frames.shape[-1] != FRAME:
            raise ValueError(f"Wanted frames [..., {FRAME}]; found {list(frames.shape)}.")
        if self.path is None:
            return self._coded(frames)
        codes = self.path.codes(frames)
        return codes + CODES_ADDED * self._coded(FRAME_GAIN * frames) if self.width else codes

    def decode(self, codes: Tensor) -> Tensor:
        """Frames [..., 512], to be windowed and added, of numbers [..., 256]; raises ValueError on other lengths."""
        if codes.ndim == 0 or codes.shape[-1] != CODES:
            raise ValueError(f"Wanted codes [..., {CODES}]; found {list(codes.shape)}.")
        if self.path is None:
            return self._decoded(codes)
        frames = self.path.frames(codes)
        return frames + FRAMES_ADDED * self._decoded(CODE_GAIN * codes) if self.width else frames

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

    def start_quantiser(self, frames: Tensor, bits: float | None = None, sharpness: float | None = None) -> None:
        """Begin to quantise, with bins for the numbers of windowed frames [..., 512].

        bits: a symbol, beside a transform: even bins that need so many, and a scale with which their step is 1; else
        bins are k-means'.   sharpness: see SoftmaxQuantiser.start.
        """
        codes = _in_parts(self.encode, frames)
        if self.path is None or bits is None:
            self.quantiser.start(codes, sharpness)
        else:
            narrower = 0.0 if self.path.normalisation is None else NARROWER
            self.path.scale.div_(self.quantiser.start_at_rate(codes, bits, sharpness, narrower))

    def _coded(self, frames: Tensor) -> Tensor:
        """Numbers [..., 256] of the network. Beside a transform, those of a place are of its block and its lines."""
        signal = frames.reshape(-1, FRAME // self.fold, self.fold).transpose(1, 2).unsqueeze(2)
        grid = self.encoder(signal).reshape(-1, self.fold, BLOCKS, CODES // BLOCKS // self.fold)
        return grid.transpose(1, 2).reshape(*frames.shape[:-1], CODES)

    def _decoded(self, codes: Tensor) -> Tensor:
        """Frames [..., 512] of the network."""
        grid = codes.reshape(-1, BLOCKS, self.fold, CODES // BLOCKS // self.fold).transpose(1, 2)
        signal = self.decoder(grid.reshape(-1, self.fold, 1, CODES // self.fold))
        return signal.squeeze(2).transpose(1, 2).reshape(*codes.shape[:-1], FRAME)


@torch.no_grad()
def _in_parts(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    parts = rows.reshape(-1, rows.shape[-1]).split(FRAMES_AT_ONCE)
    return torch.cat([function(part) for part in parts]).reshape(*rows.shape[:-1], -1)
