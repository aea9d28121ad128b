"""Log-spectral distance: how far apart two spectrograms are in dB, in the whole or in a band of frequencies.

Conventions: signals are [..., time] float tensors in [-1, 1]. But for band_level, the estimate is first given the level
(root mean square) of the reference, and cells of either signal more than 60 dB below the strongest cell of the reference
count as 60 dB below. A silent reference, which nothing can have the level of, gives NaN. Spectra are of 512-sample Hann
frames every 128 samples, none over the ends.
"""

import torch
from torch import Tensor

from paper_code.audio.signals import require_tensors, require_waveforms

FRAME = 512
HOP = 128
FLOOR = -60.0  # dB re the strongest cell of the reference
LEAST = 1e-10  # share of the power of a band that counts as nothing


def validate(estimate: Tensor, reference: Tensor, shortest: int = FRAME) -> tuple[Tensor, Tensor]:
    """Both signals [..., time] in one precision, single or double: half would overflow, and is computed in single.

    Raises ValueError unless both are tensors of floats, finite, equally long, and long enough.
    """
    require_tensors(estimate=estimate, reference=reference)
    if estimate.shape[-1] != reference.shape[-1]:
        raise ValueError(
            f"Estimate and reference need the same length; found {estimate.shape[-1]} and {reference.shape[-1]} samples."
        )
    if reference.shape[-1] < shortest:
        raise ValueError(f"At least {shortest} samples are needed; found {reference.shape[-1]}.")
    require_waveforms(estimate=estimate, reference=reference)
    dtype = torch.promote_types(torch.promote_types(estimate.dtype, reference.dtype), torch.float32)
    return estimate.to(dtype), reference.to(dtype)


def match_level(estimate: Tensor, reference: Tensor) -> Tensor:
    """The estimate [..., time] scaled to the root mean square of the reference; silence stays silent."""
    power = estimate.square().mean(-1, keepdim=True)
    wanted = reference.square().mean(-1, keepdim=True)
    return estimate * (wanted / power.clamp_min(1e-20)).sqrt()


def level_difference(
    estimate: Tensor, reference: Tensor, sample_rate: int, low: float = 0.0, high: float | None = None
) -> Tensor:
    """Difference in dB, estimate minus reference, of each spectrogram cell from `low` to `high` Hz: [..., bin, frame]."""
    estimate, reference = validate(estimate, reference)
    cells, strongest = _decibels(reference)
    floor = strongest + FLOOR
    matched, _ = _decibels(match_level(estimate, reference))
    difference = torch.maximum(matched, floor) - torch.maximum(cells, floor)
    difference = difference.masked_fill(~reference.any(-1)[..., None, None], torch.nan)  # nothing has its level
    return difference[..., _inside(sample_rate, low, high), :]


def log_spectral_distance(
    estimate: Tensor, reference: Tensor, sample_rate: int, low: float = 0.0, high: float | None = None
) -> Tensor:
    """Log-spectral distance in dB, [...]: root mean square over the bins of a frame, then the mean over frames.

    estimate, reference: [..., time]. low, high: Hz, the band of frequencies (default: all).
    Raises ValueError on unequal lengths, non-finite samples, fewer than 512 samples, or a band without a bin.
    Paper: Gray & Markel 1976, Eq. 2 (L2 norm). Chapter: bark_loss.
    """
    return level_difference(estimate, reference, sample_rate, low, high).square().mean(-2).sqrt().mean(-1)


def level_error(
    estimate: Tensor, reference: Tensor, sample_rate: int, low: float = 0.0, high: float | None = None
) -> Tensor:
    """Mean difference in level in dB, [...]: below 0 where the estimate lacks sound, above 0 where it has too much."""
    return level_difference(estimate, reference, sample_rate, low, high).mean((-2, -1))


def band_level(
    estimate: Tensor, reference: Tensor, sample_rate: int, low: float = 0.0, high: float | None = None
) -> Tensor:
    """Level of the estimate over that of the reference in a band, dB, [...]: of all the power there, with no floor.

    Unlike level_error, in which every cell counts alike and quiet ones count as equal, it tells how much of the sound in
    the band is left; levels are not matched. At least -100 dB; NaN where the reference has no power in the band.
    estimate, reference: [..., time]. low, high: Hz. Raises ValueError as log_spectral_distance does.
    Chapter: masking_loss.
    """
    estimate, reference = validate(estimate, reference)
    inside = _inside(sample_rate, low, high)
    found, wanted = (_power(signal)[..., inside].sum((-2, -1)) for signal in (estimate, reference))
    return torch.where(wanted > 0, 10 * torch.log10(found / wanted + LEAST), torch.nan)


def _inside(sample_rate: int, low: float, high: float | None) -> Tensor:
    """Which bins lie from low to high Hz; raises ValueError where none does."""
    frequency = torch.fft.rfftfreq(FRAME, 1 / sample_rate)
    inside = (frequency >= low) & (frequency < (high if high is not None else sample_rate))
    if not inside.any():
        raise ValueError(f"No bin lies from {low} to {high} Hz; bins are {sample_rate / FRAME:.1f} Hz apart.")
    return inside


def _power(signal: Tensor) -> Tensor:
    window = torch.hann_window(FRAME, dtype=signal.dtype, device=signal.device)
    return torch.fft.rfft(signal.unfold(-1, FRAME, HOP) * window).abs().square()


def _decibels(signal: Tensor) -> tuple[Tensor, Tensor]:
    decibels = 10 * torch.log10(_power(signal).clamp_min(1e-20)).transpose(-1, -2)
    return decibels, decibels.amax((-2, -1), keepdim=True)
