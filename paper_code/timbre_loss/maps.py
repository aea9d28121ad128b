"""Where in a spectrogram a scoring network finds a class: class activation maps, and two checks that need no such layer.

All three are in units of the logit of the score, and positive where a place speaks for the class that is asked for.
Chapter: timbre_loss
"""

import torch
from torch import Tensor
from torch.nn import functional

from paper_code.timbre_loss.networks import POOLED, ScoringNetwork

CELL = 2**POOLED  # bins and frames of a map's cell
PATCH = (32, 16)  # bins and frames of an occluding patch: 1 kHz x 160 ms
STEPS = 32  # between the baseline and the input


@torch.no_grad()
def activation_maps(network: ScoringNetwork, spectrograms: Tensor, target: int = 0) -> Tensor:
    """Class activation maps [batch, 32, 37] of spectrograms [batch, 257, 298] in dB, for class 0 or 1.

    The last block's channels, each times its weight in the linear layer (with rows, each row its own), without the bias.
    One output scores class 1, so class 0 gets the negative sum. The mean of the class-1 map over its cells plus the bias
    is the logit.
    Paper: Verma & Berger 2019, section V, after Zhou et al. 2016. Chapter: timbre_loss.
    """
    cells, weights = network.eval().cells(spectrograms), network.weights_of_cells()
    return _sign(target) * (cells * weights[..., None]).sum(-3) * weights.shape[-1]


def resized(maps: Tensor, bins: int, frames: int) -> Tensor:
    """Maps [batch, row, column] of cells of 8 x 8 as [batch, bins, frames], bilinear; the edges repeat what is nearest.

    A spectrogram's last bins and frames that fill no cell were left out by the pooling; here they continue the map.
    """
    large = functional.interpolate(maps.unsqueeze(1), scale_factor=CELL, mode="bilinear", align_corners=False)
    missing = (0, max(0, frames - large.shape[-1]), 0, max(0, bins - large.shape[-2]))
    return functional.pad(large, missing, mode="replicate")[:, 0, :bins, :frames]


def mean_spectrum(spectrograms: Tensor) -> Tensor:
    """The mean log spectrum [257] in dB of spectrograms [..., 257, frame]: a steady sound that is of no class.

    It is the baseline of both checks. Silence would be one that the network was never trained on (every phrase has a
    noise floor), and would make loud places look important whatever they are.
    """
    return spectrograms.mean(-1).reshape(-1, spectrograms.shape[-2]).mean(0)


def integrated_gradients(
    network: ScoringNetwork, spectrograms: Tensor, baseline: Tensor, target: int = 0, steps: int = STEPS
) -> Tensor:
    """Integrated gradients [batch, 257, frame] of spectrograms in dB from a baseline spectrum [257] (Sundararajan 2017).

    Midpoint rule with so many steps on the straight way. They sum over all cells to the difference of the class's logits
    between input and baseline, but for the rule's error.
    """
    network.eval()
    start = baseline[:, None].expand_as(spectrograms)
    way = spectrograms - start
    total = torch.zeros_like(spectrograms)
    for share in (torch.arange(steps) + 0.5) / steps:
        place = (start + share * way).requires_grad_()
        total += torch.autograd.grad(network.logits(place).sum(), place)[0]
    return _sign(target) * way * total / steps


@torch.no_grad()
def occlusion(
    network: ScoringNetwork,
    spectrograms: Tensor,
    baseline: Tensor,
    target: int = 0,
    patch: tuple[int, int] = PATCH,
    batch: int = 32,
) -> Tensor:
    """What the class's logit loses when a patch is replaced by the baseline [257]: [batch, 257, frame], equal in a patch.

    patch: bins and frames; patches tile the spectrogram, the last ones are smaller. batch: forward passes at once.
    """
    network.eval()
    whole = network.logits(spectrograms)
    grey = baseline[:, None].expand_as(spectrograms[0])
    loss = torch.zeros_like(spectrograms)
    rows, columns = (range(0, size, step) for size, step in zip(spectrograms.shape[-2:], patch, strict=True))
    places = [(slice(r, r + patch[0]), slice(c, c + patch[1])) for r in rows for c in columns]
    for i, spectrogram in enumerate(spectrograms):
        for first in range(0, len(places), batch):
            some = places[first : first + batch]
            covered = spectrogram.repeat(len(some), 1, 1)
            for n, place in enumerate(some):
                covered[n][place] = grey[place]
            for place, logit in zip(some, network.logits(covered), strict=True):
                loss[i][place] = whole[i] - logit
    return _sign(target) * loss


def _sign(target: int) -> int:
    if target not in (0, 1):
        raise ValueError(f"target is class 0 or 1; found {target!r}.")
    return 2 * target - 1
