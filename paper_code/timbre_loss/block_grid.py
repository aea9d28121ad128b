"""Masks of blocks for every combination of some sizes, numbers and first gains: what Figure 2's sliders choose from.

Chapter: timbre_loss
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.timbre_loss import masks
from paper_code.timbre_loss.mask_runs import STEP, packed
from paper_code.timbre_loss.masks import Recipe
from paper_code.timbre_loss.networks import ScoringNetwork


@dataclass(frozen=True)
class Grid:
    """The settings of the sliders. heights: bins. widths: frames. first_gains: their spread in dB. seed: of the blocks."""

    heights: tuple[int, ...] = (8, 16, 32)
    widths: tuple[int, ...] = (10, 30, 60)
    numbers: tuple[int, ...] = (60, 120, 240)
    first_gains: tuple[float, ...] = (1.0, 3.0, 6.0)
    seed: int = 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many there are of each."""
        return len(self.heights), len(self.widths), len(self.numbers), len(self.first_gains)

    def recipe(self, base: Recipe, setting: Sequence[int]) -> Recipe:
        """The recipe of the setting at these places of the lists."""
        height, width, number, gain = setting
        return replace(
            base,
            height=self.heights[height],
            width=self.widths[width],
            number=self.numbers[number],
            gain=self.first_gains[gain],
        )


def learn(
    network: ScoringNetwork, spectrograms: Tensor, titles: Sequence[str], grid: Grid, base: Recipe | None = None
) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """Learn the masks of some clips [clip, 257, frame] in dB for every setting of a grid: arrays and a description.

    base: everything that the grid does not set; its start must be rectangles whose gains alone are learned.
    Arrays: `gains` int8 [clip, height, width, number, first gain, block] in quarters of a decibel, zero beyond the
    number; `positions` [block, 2]; scores `before` [clip], `raw` and `smoothed` [clip, height, width, number, first
    gain], of the masks with the gains as they are kept. The description is JSON-able; page.block_figure takes both back.
    """
    base = base or Recipe()
    if base.free or base.start != "rectangles":
        raise ValueError("the sliders set rectangles whose gains are learned: start='rectangles', free=False.")
    most, clips = max(grid.numbers), len(spectrograms)
    gains = np.zeros((clips, *grid.shape, most), np.int8)
    scores = {name: np.zeros((clips, *grid.shape), np.float32) for name in ("raw", "smoothed")}
    for setting in np.ndindex(grid.shape):
        learned = masks.learn(network, spectrograms, grid.recipe(base, setting), grid.seed)
        kept = packed(learned.gains)
        gains[(slice(None), *setting, slice(kept.shape[1]))] = kept
        raw = learned.blocks.paint(STEP * torch.from_numpy(kept).float())
        for name, mask in (("raw", raw), ("smoothed", masks.smooth(raw, base.window))):
            scores[name][(slice(None), *setting)] = _scores(network, spectrograms + mask)
    places = masks.positions(most, torch.Generator().manual_seed(grid.seed))
    arrays = {"gains": gains, "positions": places.numpy(), "before": _scores(network, spectrograms), **scores}
    about = asdict(grid) | {"titles": list(titles), "frames": spectrograms.shape[-1], "window": base.window}
    return arrays, about


@torch.no_grad()
def _scores(network: ScoringNetwork, spectrograms: Tensor) -> NDArray[np.float32]:
    return network.eval()(spectrograms).numpy()
