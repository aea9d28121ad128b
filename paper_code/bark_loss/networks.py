"""The generator that learns one sound: upsampling and convolution from a fixed noise vector."""

import torch
from torch import Tensor, nn

LATENT = 128
CHANNELS = 32
SLOPE = 0.2
# (upsampling factor, kernel length) of the seven stages: 4^6 * 2 = 8192 samples
STAGES = ((4, 3), (4, 15), (4, 25), (4, 25), (4, 25), (4, 25), (2, 25))


class UpsampledConv1d(nn.Conv1d):
    """Nearest-neighbour upsampling by a whole factor, then a convolution of odd kernel; computed at the low rate.

    After the upsampling `factor` neighbouring samples are equal, so each phase of the output is a convolution of the
    input with sums of kernel taps: the same numbers for a quarter of the work (factor 4, kernel 25).
    Input [batch, channel, time], output [batch, channel, factor * time].
    """

    sums: Tensor

    def __init__(self, wide: int, narrow: int, kernel: int, factor: int) -> None:
        super().__init__(wide, narrow, kernel, bias=False)
        offsets = (torch.arange(factor).unsqueeze(1) + torch.arange(kernel) - kernel // 2).div(
            factor, rounding_mode="floor"
        )
        self.factor, self.reach = factor, (-int(offsets.min()), int(offsets.max()))
        taps = torch.arange(-self.reach[0], self.reach[1] + 1)
        # sums[phase, tap, k] is 1 where tap k of the kernel meets the input sample `tap` in this phase of the output
        sums = (offsets.unsqueeze(1) == taps.view(1, -1, 1)).float()
        self.register_buffer("sums", sums, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        phases = torch.einsum("oik,ptk->opit", self.weight, self.sums).flatten(0, 1)
        y = nn.functional.conv1d(nn.functional.pad(x, self.reach), phases)
        return y.unflatten(1, (self.out_channels, self.factor)).transpose(2, 3).flatten(2)


class Generator(nn.Module):
    """Noise [batch, 128] to a waveform [batch, 8192]: seven stages of nearest-neighbour upsampling and convolution.

    No bias and no normalisation; leaky ReLU (0.2) after all stages but the last, which is linear; weights drawn
    Xavier-normal with the gain of that rectifier. 130,848 parameters.
    random: generator of the initial weights, so that several losses can start from the same network.
    Paper: Vinyard 2018, "The Experiment" (architecture from its code). Chapter: bark_loss.
    """

    def __init__(self, random: torch.Generator | None = None) -> None:
        super().__init__()
        widths = [LATENT] + [CHANNELS] * (len(STAGES) - 1) + [1]
        self.stages = nn.ModuleList(
            UpsampledConv1d(wide, narrow, kernel, factor)
            for wide, narrow, (factor, kernel) in zip(widths[:-1], widths[1:], STAGES, strict=True)
        )
        rectified = nn.init.calculate_gain("leaky_relu", SLOPE)
        for i, stage in enumerate(self.stages):
            last = i == len(STAGES) - 1
            nn.init.xavier_normal_(stage.weight, gain=1.0 if last else rectified, generator=random)

    def forward(self, noise: Tensor) -> Tensor:
        if noise.ndim != 2 or noise.shape[-1] != LATENT:
            raise ValueError(f"The noise is [batch, {LATENT}]; found the shape {tuple(noise.shape)}.")
        x = noise.unsqueeze(-1)
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i < len(STAGES) - 1:
                x = nn.functional.leaky_relu(x, SLOPE)
        return x.squeeze(1)
