"""A fixed transform inside the coder's frames: blocks that overlap a little, and of each the lower half of its lines.

It stands in Table 1 as the simplest coder there is, and it is what short trainings start from.
"""

import math
from functools import cache

import torch
from torch import Tensor, nn

from paper_code.masking_loss.coder.framing import FRAME, HOP, OVERLAP
from paper_code.masking_loss.coder.normalisation import DivisiveNormalisation

CODES = FRAME // 2  # numbers a frame that are quantised
BLOCK = 120  # samples: four blocks of 64 lines are the 256 numbers of a frame
BLOCKS = HOP // BLOCK


@cache
def lapped_transform(block: int, overlap: int) -> Tensor:
    """The rows [256, 512] of the transform of a windowed frame, float64: block by block, lowest line first.

    block: samples, a divisor of 480.   overlap: samples that two blocks share, even, at most `block`. Frames overlap by
    32 samples: with 32 and 32 it is an MDCT of the whole signal with a sine window of 64 samples. With all lines, and
    the frame's own window before and after it, the transform is orthogonal; kept are those that make 256 in all.
    Raises ValueError on other sizes. Paper: none; Princen, Johnson & Bradley 1987; Malvar 1992.
    """
    if block < 1 or HOP % block or not 0 < overlap <= block or overlap % 2:
        raise ValueError(f"Wanted a block that divides {HOP} and an even overlap up to it; found {block}, {overlap}.")
    half = OVERLAP // 2
    unit = torch.eye(FRAME, dtype=torch.float64)
    left = unit[:, half:OVERLAP] + unit[:, :half].flip(-1)
    right = unit[:, -OVERLAP:-half] - unit[:, -half:].flip(-1)
    folded = torch.cat([left, unit[:, OVERLAP:-OVERLAP], right], -1)  # what the frames before and after add is undone
    for boundary in range(block, HOP, block):
        _fold(folded, boundary, overlap)
    place = torch.arange(block, dtype=torch.float64) + 0.5
    cosines = math.sqrt(2 / block) * torch.cos(math.pi / block * place.unsqueeze(-1) * place)
    lines = torch.einsum("ibt,kt->bki", folded.reshape(FRAME, HOP // block, block), cosines)
    least, more = divmod(CODES, HOP // block)
    return torch.cat([rows[: least + (number < more)] for number, rows in enumerate(lines)])


def _fold(signal: Tensor, boundary: int, overlap: int) -> None:
    """Rotate the samples [..., time] to both sides of a boundary into each other: a window of `overlap` samples."""
    half = overlap // 2
    rise = torch.sin(math.pi / 2 * (torch.arange(overlap, dtype=torch.float64) + 0.5) / overlap)
    before, after = (slice(boundary - half, boundary), slice(boundary, boundary + half))
    outer, inner = rise[:half], rise[half:]
    left, right = signal[..., before].clone(), signal[..., after].clone()
    signal[..., before] = inner.flip(0) * left - outer * right.flip(-1)
    signal[..., after] = inner * right + outer.flip(0) * left.flip(-1)


class LappedPath(nn.Module):
    """A frame to 256 numbers by the transform, and back.

    normalised: whether each number is divided by a power of what lies around it, see DivisiveNormalisation; that needs
    blocks of 120.   scale: what numbers are multiplied with; the quantiser's start sets it so that one step is 1.
    Chapter: masking_loss.
    """

    rows: Tensor
    scale: Tensor

    def __init__(self, block: int = BLOCK, overlap: int = OVERLAP, normalised: bool = True) -> None:
        super().__init__()
        self.register_buffer("rows", lapped_transform(block, overlap).float(), persistent=False)
        self.register_buffer("scale", torch.ones(()))
        self.normalisation = DivisiveNormalisation(BLOCKS, CODES // BLOCKS) if normalised else None

    def codes(self, frames: Tensor) -> Tensor:
        """Numbers [..., 256] of windowed frames [..., 512]."""
        lines = frames @ self.rows.T
        return self.scale * (lines if self.normalisation is None else self.normalisation(lines))

    def frames(self, codes: Tensor) -> Tensor:
        """Frames [..., 512], to be windowed and added, of numbers [..., 256]."""
        numbers = codes / self.scale
        return (numbers if self.normalisation is None else self.normalisation.inverse(numbers)) @ self.rows
