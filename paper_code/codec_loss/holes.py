"""Masking, as seen in magnitudes: cells that the codec takes out of the sound, and whether an imitation does so too.

A hole is a cell of the spectrogram below the codec's cut-off, within 60 dB of the patch's strongest cell, that the
coded sound holds 20 dB or more under the original. Magnitudes are [patch, bin, frame]; see networks.
"""

import torch
from torch import Tensor

SAMPLE_RATE = 16000
AUDIBLE = 1e-3  # 60 dB under the strongest cell of the patch
REMOVED = 0.1  # 20 dB
BAND = 1000  # Hz


def is_hole(found: Tensor, original: Tensor, cutoff: float) -> Tensor:
    """Where magnitudes lack what the original has, [patch, bin, frame]; cutoff: Hz."""
    return _eligible(original, cutoff) & (found <= REMOVED * original)


def scores(found: Tensor, coded: Tensor, original: Tensor, cutoff: float) -> dict[str, float]:
    """Precision, recall and F1 of the holes of `found` against those of the real codec; NaN where there are none.

    "holes": the share of the cells that the codec removes. "found": the share that `found` removes.
    """
    real, ours = is_hole(coded, original, cutoff), is_hole(found, original, cutoff)
    both, eligible = float((real & ours).sum()), float(_eligible(original, cutoff).sum())
    precision, recall = _ratio(both, float(ours.sum())), _ratio(both, float(real.sum()))
    return {
        "precision": precision,
        "recall": recall,
        "f1": _ratio(2 * both, float(ours.sum() + real.sum())),
        "holes": _ratio(float(real.sum()), eligible),
        "found": _ratio(float(ours.sum()), eligible),
    }


def ranking(found: Tensor, coded: Tensor, original: Tensor, cutoff: float) -> dict[str, list[float]]:
    """Precision and recall where `found` needs another depth than 20 dB to have a hole; depths: 0.5 to 40 dB.

    What counts as a hole of the coded sound stays the same. The scores of an imitation that is right about where holes
    are, but not about how deep, are better at smaller depths.
    """
    real, eligible = is_hole(coded, original, cutoff), _eligible(original, cutoff)
    depths = -20 * torch.log10((found / original.clamp_min(1e-12)).clamp(1e-3, 1.0))  # dB under the original
    limits = torch.arange(0.5, 40.5, 0.5)
    counts = [_at_least(depths[cells], limits) for cells in (real & eligible, eligible)]
    return {
        "depths": limits.tolist(),
        "precision": [_ratio(float(both), float(ours)) for both, ours in zip(*counts, strict=True)],
        "recall": [_ratio(float(both), float(real.sum())) for both in counts[0]],
    }


def _at_least(depths: Tensor, limits: Tensor) -> Tensor:
    """How many depths reach a limit, for each limit."""
    return len(depths) - torch.searchsorted(depths.sort().values, limits)


def fixed_filter(original: Tensor, coded: Tensor) -> Tensor:
    """The gain of each bin [bin] that brings the original nearest to the coded sound in L1: what a lazy network learns.

    It is the median of coded over original, weighted with the original. Arguments: [patch, bin, frame].
    """
    x, c = (part.transpose(0, 1).flatten(1) for part in (original, coded))
    ratios, order = (c / x).sort(dim=1)
    weights = x.gather(1, order).double().cumsum(1)
    middle = (weights < 0.5 * weights[:, -1:]).sum(1, keepdim=True)
    return ratios.gather(1, middle.clamp_max(ratios.shape[1] - 1)).squeeze(1)


def level_errors(found: Tensor, wanted: Tensor) -> list[float]:
    """Level of `found` over that of `wanted` in each band of 1 kHz, in dB, over all patches."""
    width = round(BAND / (SAMPLE_RATE / 2) * wanted.shape[-2])
    bands = range(0, wanted.shape[-2] - width + 1, width)
    powers = [(found[:, b : b + width].square().sum(), wanted[:, b : b + width].square().sum()) for b in bands]
    return [float(10 * torch.log10(ours.clamp_min(1e-12) / theirs.clamp_min(1e-12))) for ours, theirs in powers]


def _eligible(original: Tensor, cutoff: float) -> Tensor:
    """Cells below the cut-off, within 60 dB of the strongest of their patch."""
    bins = original.shape[-2]
    below = torch.arange(bins, device=original.device) < cutoff / (SAMPLE_RATE / 2) * bins
    strongest = original.amax((-2, -1), keepdim=True)
    return below.unsqueeze(-1) & (original >= AUDIBLE * strongest) & (strongest > 1e-4)


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
