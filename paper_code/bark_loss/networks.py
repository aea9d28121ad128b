"""The generator that learns one sound: upsampling and convolution from a fixed noise vector."""

import torch
from torch import Tensor, nn

LATENT = 128
CHANNELS = 32
SLOPE = 0.2
# (upsampling factor, kernel length) of the seven stages: 4^6 * 2 = 8192 samples
STAGES = ((4, 3), (4, 15), (4, 25), (4, 25), (4, 25), (4, 25), (2, 25))


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
            nn.Conv1d(wide, narrow, kernel, padding=kernel // 2, bias=False)
            for wide, narrow, (_, kernel) in zip(widths[:-1], widths[1:], STAGES, strict=True)
        )
        rectified = nn.init.calculate_gain("leaky_relu", SLOPE)
        for i, stage in enumerate(self.stages):
            last = i == len(STAGES) - 1
            nn.init.xavier_normal_(stage.weight, gain=1.0 if last else rectified, generator=random)

    def forward(self, noise: Tensor) -> Tensor:
        if noise.ndim != 2 or noise.shape[-1] != LATENT:
            raise ValueError(f"The noise is [batch, {LATENT}]; found the shape {tuple(noise.shape)}.")
        x = noise.unsqueeze(-1)
        for i, (stage, (factor, _)) in enumerate(zip(self.stages, STAGES, strict=True)):
            x = stage(x.repeat_interleave(factor, dim=-1))
            if i < len(STAGES) - 1:
                x = nn.functional.leaky_relu(x, SLOPE)
        return x.squeeze(1)
