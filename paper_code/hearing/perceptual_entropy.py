"""Perceptual entropy: bits needed to code a spectrum with noise that stays just below the masking threshold."""

import math

import torch
from torch import Tensor

from paper_code.audio.loss import transformed


def perceptual_entropy(spectrum: Tensor, threshold: Tensor) -> Tensor:
    """Perceptual entropy in bits of each line: log2(2 |Re X| / sqrt(6 T) + 1) + log2(2 |Im X| / sqrt(6 T) + 1).

    spectrum: complex, any shape.   threshold: its masking threshold, of the same shape and scale, as a power above 0.
    The sum over the lines is the entropy of a frame. Raises ValueError on unequal shapes or a threshold of 0 or less.
    Paper: Byun et al. 2021, Eq. 5; Johnston 1988. Chapter: masking_loss.
    """
    if spectrum.shape != threshold.shape:
        raise ValueError(
            f"Spectrum and threshold need the same shape; found {tuple(spectrum.shape)} and {tuple(threshold.shape)}."
        )
    if not transformed() and not (threshold > 0).all():  # a graph knows no values
        raise ValueError("A masking threshold is a power above 0; found 0, a negative value or NaN.")
    step = torch.sqrt(6.0 * threshold)
    return (torch.log1p(2.0 * spectrum.real.abs() / step) + torch.log1p(2.0 * spectrum.imag.abs() / step)) / math.log(
        2.0
    )
