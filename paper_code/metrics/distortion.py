"""How much of an estimate is not the reference: signal-to-noise ratios, and the noise in the quiet places.

Conventions: signals are [..., time] float tensors; results are in dB, [...]. A silent reference or estimate, for
which a ratio has no meaning, gives NaN; identical signals give infinity.
"""

import math

import torch
from torch import Tensor

from paper_code.metrics.spectral import match_level, validate

GAP_FRAME = 256
GAP_HOP = 128
GAP_SHARE = 0.10  # the quietest tenth of the reference's frames


def signal_to_noise_ratio(estimate: Tensor, reference: Tensor) -> Tensor:
    """10 log10 of the reference's energy over that of the difference, in dB."""
    estimate, reference = validate(estimate, reference, shortest=1)
    ratio = _ratio(reference.square().sum(-1), (reference - estimate).square().sum(-1))
    return ratio.masked_fill(~(estimate.any(-1) & reference.any(-1)), math.nan)


def scale_invariant_snr(estimate: Tensor, reference: Tensor) -> Tensor:
    """Signal-to-noise ratio after the reference was given the level that fits the estimate best, in dB.

    Means are not removed, as in the scale-invariant SDR of the paper.
    Paper: Le Roux, Wisdom, Erdogan & Hershey 2019, Eq. 2-3. Chapter: bark_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=1)
    energy = reference.square().sum(-1, keepdim=True)
    target = (estimate * reference).sum(-1, keepdim=True) / energy * reference
    return _ratio(target.square().sum(-1), (estimate - target).square().sum(-1))


def gap_noise(estimate: Tensor, reference: Tensor) -> Tensor:
    """Level of the estimate over that of the reference in the quietest tenth of its frames, in dB; 0 is right.

    The estimate [..., time] is first given the reference's overall level. Frames are 256 samples, every 128; of equally
    quiet ones the earlier count. NaN where the reference's quietest tenth is silent, too.
    Our measure of the blog's "less noise": a reconstruction fills gaps with its noise.
    Paper: Vinyard 2018, "Final Thoughts". Chapter: bark_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=GAP_FRAME)
    energy = reference.unfold(-1, GAP_FRAME, GAP_HOP).square().sum(-1)
    count = max(1, round(GAP_SHARE * energy.shape[-1]))
    quiet = energy.argsort(dim=-1, stable=True)[..., :count]
    found = match_level(estimate, reference).unfold(-1, GAP_FRAME, GAP_HOP).square().sum(-1)
    in_gaps = found.gather(-1, quiet.expand(*found.shape[:-1], count)).sum(-1)
    wanted = energy.gather(-1, quiet).sum(-1).expand(in_gaps.shape)
    return _ratio(in_gaps, wanted).masked_fill((wanted == 0) | ~estimate.any(-1), math.nan)


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return 10 * torch.log10(above / below)
