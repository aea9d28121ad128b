"""Log-spectral distance: how far apart two spectrograms are in dB, in the whole or in a band of frequencies.

Conventions: signals are [..., time] float tensors in [-1, 1]. The estimate is first given the level (root mean
square) of the reference. Spectra are of 512-sample Hann frames every 128 samples, frames that would reach over the
ends are left out. Cells of either signal more than 60 dB below the strongest cell of the reference count as 60 dB below.
"""

import torch
from torch import Tensor

FRAME = 512
HOP = 128
FLOOR = -60.0  # dB re the strongest cell of the reference


def validate(estimate: Tensor, reference: Tensor, shortest: int = FRAME) -> None:
    """Raises ValueError unless both are finite, of one shape [..., time], and long enough."""
    if estimate.shape[-1] != reference.shape[-1]:
        raise ValueError(
            f"Estimate and reference need the same length; found {estimate.shape[-1]} and {reference.shape[-1]} samples."
        )
    if reference.shape[-1] < shortest:
        raise ValueError(f"At least {shortest} samples are needed; found {reference.shape[-1]}.")
    if not (torch.isfinite(estimate).all() and torch.isfinite(reference).all()):
        raise ValueError("The signals must be finite; found NaN or infinity.")


def match_level(estimate: Tensor, reference: Tensor) -> Tensor:
    """The estimate [..., time] scaled to the root mean square of the reference; silence stays silent."""
    power = estimate.square().mean(-1, keepdim=True)
    wanted = reference.square().mean(-1, keepdim=True)
    return estimate * (wanted / power.clamp_min(1e-20)).sqrt()


def level_difference(
    estimate: Tensor, reference: Tensor, sample_rate: int, low: float = 0.0, high: float | None = None
) -> Tensor:
    """Difference in dB, estimate minus reference, of each spectrogram cell from `low` to `high` Hz: [..., bin, frame]."""
    validate(estimate, reference)
    cells, strongest = _decibels(reference)
    floor = strongest + FLOOR
    matched, _ = _decibels(match_level(estimate, reference))
    difference = torch.maximum(matched, floor) - torch.maximum(cells, floor)
    frequency = torch.fft.rfftfreq(FRAME, 1 / sample_rate)
    inside = (frequency >= low) & (frequency < (high if high is not None else sample_rate))
    if not inside.any():
        raise ValueError(f"No bin lies from {low} to {high} Hz; bins are {sample_rate / FRAME:.1f} Hz apart.")
    return difference[..., inside, :]


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


def _decibels(signal: Tensor) -> tuple[Tensor, Tensor]:
    window = torch.hann_window(FRAME, dtype=signal.dtype, device=signal.device)
    power = torch.fft.rfft(signal.unfold(-1, FRAME, HOP) * window).abs().square()
    decibels = 10 * torch.log10(power.clamp_min(1e-20)).transpose(-1, -2)
    return decibels, decibels.amax((-2, -1), keepdim=True)
