"""Triangular mel filters on the lines of a power spectrum, as in the coder that the paper starts from."""

import numpy as np
import torch
from torch import Tensor


def mel_from_hertz(frequency: float) -> float:
    """Mel of a frequency in Hz: 1127.01048 ln(1 + f / 700)."""
    return 1127.01048 * float(np.log1p(frequency / 700.0))


def mel_filters(bands: int, lines: int, sample_rate: int) -> Tensor:
    """Triangles [band, line] of peak 1, not normalised, from 0 Hz to half the sample rate (Hz).

    bands: how many.   lines: of the spectrum.   Corners lie at equal steps in mel, rounded down to a line; where
    bands are narrower than a line, some hold no line at all (13 of 128 with 257 lines at 16 kHz).
    Raises ValueError unless bands is 1 or more and lines 2 or more.
    Paper: Byun et al. 2021, sections 2.3 and 3.2; Kankanahalli 2018. Chapter: masking_loss.
    """
    if bands < 1 or lines < 2:
        raise ValueError(f"At least 1 band and 2 lines are needed; found {bands} bands and {lines} lines.")
    top = sample_rate / 2
    mel = np.linspace(0.0, mel_from_hertz(top), bands + 2)
    hertz = 700.0 * np.expm1(mel / 1127.01048)
    hertz[-1] = top
    corner = np.floor(lines * hertz / top)
    low, middle, high = (corner[part, None] for part in (slice(0, -2), slice(1, -1), slice(2, None)))
    line = np.arange(lines)
    rising = (line - low) / np.maximum(middle - low, 1)
    falling = (high - line) / np.maximum(high - middle, 1)
    inside_low, inside_high = (line >= low) & (line < middle), (line >= middle) & (line < high)
    return torch.from_numpy(np.where(inside_low, rising, np.where(inside_high, falling, 0.0)))
