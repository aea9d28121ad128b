"""The scoring network: a log-magnitude spectrogram in, a score between 0 and 1 out, by way of class activation maps.

Chapter: timbre_loss
"""

import torch
from torch import Tensor, nn

from paper_code.audio.loss import transformed

POOLED = 3  # so many blocks halve both axes: maps of 32 x 37 cells for 257 x 298
ROWS = 257 >> POOLED
DROPOUT = 0.5


class ScoringNetwork(nn.Module):
    """Four blocks of 3 x 3 convolution, batch norm and ReLU, mean over all cells, one linear layer and a sigmoid.

    width: channels of the first block; the others have 2, 2 and 4 times as many. mean, spread: of the training
    spectrograms' cells in dB, by which an input is made standard. rows: our variant, whose mean is over time alone, so
    that the linear layer weighs every channel at each of 32 frequencies; the paper's kind of network, with a mean over
    all cells, hardly knows at which frequency something happens.
    The paper names no sizes ("as few parameters as possible"); a mean over all cells and one linear layer are what its
    class activation maps need (Zhou et al. 2016).
    Paper: Verma & Berger 2019, section III, L_c. Chapter: timbre_loss.
    """

    def __init__(self, width: int = 8, mean: float = -70.0, spread: float = 20.0, rows: bool = False) -> None:
        super().__init__()
        if width < 1 or spread <= 0:
            raise ValueError(f"width and spread must be positive, found {width} and {spread}.")
        self.width, self.rows = width, rows
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.register_buffer("spread", torch.tensor(float(spread)))
        channels = (1, width, 2 * width, 2 * width, 4 * width)
        self.blocks = nn.Sequential(*[_block(*channels[i : i + 2], i < POOLED) for i in range(len(channels) - 1)])
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = nn.Linear(channels[-1] * (ROWS if rows else 1), 1)

    def cells(self, log_spectrograms: Tensor) -> Tensor:
        """The last block's output [batch, channel, 32, 37] of spectrograms [batch, 257, 298] in dB."""
        standard = ((log_spectrograms - self.mean) / self.spread).unsqueeze(-3)
        if not transformed():  # vmap knows no order of axes in memory
            standard = standard.contiguous(memory_format=torch.channels_last)
        return self.blocks(standard)

    def logits(self, log_spectrograms: Tensor) -> Tensor:
        """The score before its sigmoid, [batch]."""
        cells = self.cells(log_spectrograms)
        means = cells.mean(-1).flatten(-2) if self.rows else cells.mean((-2, -1))
        return self.linear(self.dropout(means)).squeeze(-1)

    def weights_of_cells(self) -> Tensor:
        """What the linear layer weighs each cell of `cells` with, [channel, 32 or 1]: for class activation maps."""
        return self.linear.weight.reshape(-1, ROWS if self.rows else 1)

    def forward(self, log_spectrograms: Tensor) -> Tensor:
        """The score [batch] of spectrograms [batch, 257, frame] in dB: 0 for the first class, 1 for the second."""
        return self.logits(log_spectrograms).sigmoid()


def _block(inputs: int, outputs: int, pooled: bool) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    # Pooled before it is made standard: a quarter of the cells are left for what follows.
    pool = [nn.MaxPool2d(2)] if pooled else []
    return nn.Sequential(convolution, *pool, nn.BatchNorm2d(outputs), nn.ReLU()).to(memory_format=torch.channels_last)


def parameters(network: nn.Module) -> int:
    """The number of trained values of a network."""
    return sum(weights.numel() for weights in network.parameters())
