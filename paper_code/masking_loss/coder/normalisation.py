"""Divisive normalisation: a spectral line is divided by a power of the level around it.

A quantiser with even steps then makes noise that follows the spectrum, louder where the sound is louder. The decoder finds
the level in the numbers themselves, so nothing is sent besides them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

REACH = 8  # lines to each side
WIDTH = 4.0  # lines: of the bell that weighs them, at the start
MEMORY = 1.5  # blocks: within which the weight of other blocks falls to 1/e, at the start
EXPONENT = 0.4  # of the level, at the start
FLOOR = 1e-5  # added to the power of a line
LEAST = 1e-3  # weight of a line, relative to the middle one
ITERATIONS = 4  # of the inverse; what is left of its error is EXPONENT to that power


class DivisiveNormalisation(nn.Module):
    """Lines [..., block * line] over a power of the level around each, and back.

    y = c / (e(c) + FLOOR)^(b/2), e: a weighted mean of squared lines, over all blocks of a frame and neighbouring lines.
    Weights, exponents b (a line each, the inverse's their own) and gains are trained. With what they start from, the
    inverse of a number is within 0.2 % of the number; 0 stays 0.
    blocks, lines: of a frame.
    Paper: none; Ballé, Laparra & Simoncelli 2016. Chapter: masking_loss.
    """

    def __init__(self, blocks: int, lines: int) -> None:
        super().__init__()
        self.blocks, self.lines = blocks, lines
        near = torch.exp(-0.5 * (torch.arange(-REACH, REACH + 1) / WIDTH).square())
        lately = torch.exp(-torch.arange(1 - blocks, blocks).abs() / MEMORY)
        self.log_weights = nn.Parameter((lately.unsqueeze(-1) * near + LEAST).log())
        self.exponents = nn.Parameter(torch.full((lines,), EXPONENT))
        self.inverse_exponents = nn.Parameter(torch.full((lines,), EXPONENT))
        self.log_gains = nn.Parameter(torch.zeros(lines))
        self.inverse_log_gains = nn.Parameter(torch.zeros(lines))

    def level(self, lines: Tensor) -> Tensor:
        """The weighted mean of squared lines [frame, 1, block, line] around each, plus FLOOR."""
        weights, padding = self.log_weights.exp()[None, None], (self.blocks - 1, REACH)
        inside = functional.conv2d(torch.ones_like(lines[:1]), weights, padding=padding)
        return functional.conv2d(lines.square(), weights, padding=padding) / inside + FLOOR

    def forward(self, lines: Tensor) -> Tensor:
        """Normalised numbers, as many as lines [..., block * line]."""
        grid = lines.reshape(-1, 1, self.blocks, self.lines)
        return (grid * torch.exp(self.log_gains - 0.5 * self.exponents * self.level(grid).log())).reshape(lines.shape)

    def inverse(self, numbers: Tensor) -> Tensor:
        """The lines that normalised numbers [..., block * line] come from: y e(c)^(b/2), from the level of y on."""
        grid = numbers.reshape(-1, 1, self.blocks, self.lines) * self.inverse_log_gains.exp()
        power = 0.5 * self.inverse_exponents
        lines = grid * torch.exp(power / (1 - self.inverse_exponents) * self.level(grid).log())
        for _ in range(ITERATIONS):
            lines = grid * torch.exp(power * self.level(lines).log())
        return lines.reshape(numbers.shape)
