"""Distances of judged pairs under a metric, a batch at a time."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.jnd_loss.stimuli import Pairs

BATCH = 16
Metric = Callable[[Tensor, Tensor], Tensor]  # test and reference [pair, time] -> [pair, ...]


@torch.no_grad()
def of_pairs(metric: Metric, pairs: Pairs, places: Sequence[int] | None = None) -> NDArray[np.float64]:
    """What a metric says of the judged pairs of a side, [pair, ...]. places: some of them (default: all)."""
    places = list(range(len(pairs)) if places is None else places)
    parts = [metric(*pairs.sounds(places[first : first + BATCH])) for first in range(0, len(places), BATCH)]
    return torch.cat(parts).double().numpy()


def delayed(test: Tensor, reference: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Two sounds [pair, time] of which the first comes later by so many samples; both are longer by as much."""
    pad = torch.nn.functional.pad
    return pad(test, (samples, 0)), pad(reference, (0, samples))
