"""Perturbations sample by sample: gain, clipping, quantisation in mu-law steps."""

from torch import Tensor
from torchaudio.functional import mu_law_decoding, mu_law_encoding

from paper_code.audio.signals import require_finite, require_waveforms, require_within

MOST_BITS = 24  # the steps that float32 has up to full scale


def gain(waveforms: Tensor, decibels: float) -> Tensor:
    """Waveforms [..., time] louder by `decibels` (softer below 0)."""
    require_waveforms(waveforms)
    require_finite(decibels=decibels)
    return waveforms * 10 ** (decibels / 20)


def clip_peaks(waveforms: Tensor, decibels: float) -> Tensor:
    """Waveforms [..., time] cut off at `decibels` (0 or more) under the largest magnitude of each; silence stays."""
    require_waveforms(waveforms)
    require_within("decibels under the peak", decibels, 0.0, float("inf"))
    limit = waveforms.abs().amax(-1, keepdim=True) * 10 ** (-decibels / 20)
    return waveforms.clamp(-limit, limit)


def mu_law(waveforms: Tensor, bits: int) -> Tensor:
    """Waveforms [..., time] in [-1, 1] in the nearest of 2^bits steps that are even on the mu-law scale (mu = 2^bits - 1).

    bits: 1 to 24; 8 is the telephone's. The number of steps is even, so 0 is none of them: silence becomes the step
    just above it.
    Raises ValueError also where a sample lies outside [-1, 1].
    """
    require_waveforms(waveforms)
    require_within("bits", bits, 1, MOST_BITS, whole=True)
    peak = waveforms.abs().max().item()
    if peak > 1:
        raise ValueError(f"mu-law wants samples in [-1, 1]; the largest magnitude is {peak:.6g}. Scale them first.")
    steps = mu_law_encoding(waveforms.double(), 2**bits)
    return mu_law_decoding(steps.double(), 2**bits).to(waveforms.dtype)
