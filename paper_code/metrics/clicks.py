"""Broadband pulses: clicks that an estimate has and its reference has not, how many a second and how strong.

Conventions: signals are [..., time] float tensors; results are [...]. The document shows the pulses in a picture;
this measure makes them numbers. The estimate is given the level of the reference (median over the strong cells), and
estimate minus reference is the error. All are seen through Hann frames of 4 ms, one every 1 ms, in bands of 500 Hz.
In each band two levels are followed in dB: that of the error, and that of the error over the strongest that the
reference is within 4 ms. A pulse is a moment at which both stand PROMINENCE over their medians of the 50 ms around,
in at least three quarters of the bands at once, and the reference explains less than half of the error's energy
(a missing, overdone or late attack of the music is a scaled or turned copy of the reference, not a pulse;
a missing click that is weaker than the music around it still counts).
What does not change within 50 ms drops out: gain, hiss, a lost band, a steady tone. Pulses closer than some 4 ms
count as one; beyond some 120 a second they would be the median themselves.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

from paper_code.metrics.spectral import validate

FRAME_SECONDS = 0.004
HOP_SECONDS = 0.001
BAND_WIDTH = 500.0  # Hz
LOW, HIGH = 1000.0, 5000.0  # Hz; below, the music itself is too strong for a click to stand out in 4 ms
SHARE_OF_BANDS = 0.75
PROMINENCE = 6.0  # dB
MEDIAN_REACH = 25  # frames to either side
EXPLAINED = 0.5  # largest share of the error's energy that a copy of the reference may explain
PULSE_REACH = 4  # frames to either side that belong to a pulse: the length of a frame
FLOOR = -60.0  # dB re the mean power of the reference in a band of the same width
STRONG = -20.0  # dB re the strongest cell of the reference: the cells that fix the level of the estimate


@dataclass(frozen=True)
class BroadbandPulses:
    """What broadband_pulses finds, each [...].

    rate: pulses a second.   level: their energy from `low` to `high` Hz over the whole energy of the reference, in dB;
    -inf for none.   share: their energy over that of the error in the same band, 0 to 1; NaN where there is no error.
    """

    rate: Tensor
    level: Tensor
    share: Tensor


def broadband_pulses(
    estimate: Tensor, reference: Tensor, sample_rate: int = 16000, low: float = LOW, high: float = HIGH
) -> BroadbandPulses:
    """Pulses from `low` to `high` Hz that the estimate [..., time] has and the reference [..., time] has not.

    The estimate is given the level of the reference (median over the reference's strong cells) before energies are
    taken. A silent reference gives NaN; a silent estimate has no pulses.
    Raises ValueError on unequal lengths, non-finite samples, less than 58 ms, or a band that does not fit.
    Paper: Ananthabhotla et al. 2019, Section 8.1, Figure 5. Chapter: codec_loss.
    """
    cells = _Cells(estimate, reference, sample_rate, low, high)
    peaks = _peaks(cells)
    inside = _spread(peaks.to(cells.error.dtype), PULSE_REACH) > 0
    excess = ((cells.error - _median(cells.error)).sum(-2) * inside).sum(-1).clamp_min(0)
    error = cells.error.sum((-2, -1))
    silent = ~reference.any(-1).expand(error.shape)
    rate = peaks.sum(-1) / (reference.shape[-1] / sample_rate)
    return BroadbandPulses(
        rate=rate.masked_fill(silent, math.nan),
        level=(10 * torch.log10(excess / cells.whole)).masked_fill(silent, math.nan),
        share=(excess / error).masked_fill(silent, math.nan),
    )


def pulse_times(
    estimate: Tensor, reference: Tensor, sample_rate: int = 16000, low: float = LOW, high: float = HIGH
) -> Tensor:
    """The moments (s) of the pulses of one estimate [time], in order; arguments as for broadband_pulses.

    Paper: Ananthabhotla et al. 2019, Section 8.1, Figure 5. Chapter: codec_loss.
    """
    if estimate.ndim != 1 or reference.ndim != 1:
        raise ValueError(f"Wanted [time] and [time]; found {list(estimate.shape)} and {list(reference.shape)}.")
    frames = _peaks(_Cells(estimate, reference, sample_rate, low, high)).nonzero().squeeze(-1)
    return (frames * _hop(sample_rate) + _frame(sample_rate) / 2) / sample_rate


class _Cells:
    """Powers [..., band, frame] of the reference and the error, and how alike they are [..., frame]."""

    def __init__(self, estimate: Tensor, reference: Tensor, sample_rate: int, low: float, high: float) -> None:
        span = _frame(sample_rate) + (2 * MEDIAN_REACH + 4) * _hop(sample_rate)
        estimate, reference = validate(estimate, reference, shortest=span)
        if not low >= 0 or low + 2 * BAND_WIDTH > high or high > sample_rate / 2:
            raise ValueError(
                f"Wanted at least two bands of {BAND_WIDTH:g} Hz below {sample_rate / 2:g}: {low} to {high}."
            )
        estimate, reference = torch.broadcast_tensors(estimate, reference)
        spectrum, target = _spectra(estimate, sample_rate), _spectra(reference, sample_rate)
        bins = _bins(sample_rate, low, high)
        gain = _gain(_powers(spectrum, bins), _powers(target, bins))
        error = spectrum * gain - target
        self.wanted, self.error = _powers(target, bins), _powers(error, bins)
        inside = torch.cat(bins).to(target.device)
        common = (error * target.conj())[..., inside, :].sum(-2).abs().square()
        self.explained = common / (self.wanted.sum(-2) * self.error.sum(-2)).clamp_min(1e-30)
        weight = torch.ones(target.shape[-2], dtype=reference.dtype, device=target.device)
        weight[[0, -1]] = 0.5  # 0 and half the rate have no mirror below 0 as the others have
        self.whole = (target.abs().square().sum(-1) * weight).sum(-1)
        bands = self.wanted.shape[-1] * sample_rate / 2 / BAND_WIDTH  # how many cells the whole spectrum would have
        self.floor = (self.whole / bands * 10 ** (FLOOR / 10)).clamp_min(1e-30)[..., None, None]

    def levels(self) -> tuple[Tensor, Tensor]:
        """In dB: the error, and the error over the strongest that the reference is within a frame's length."""
        error = 10 * torch.log10(self.error + self.floor)
        return error, error - 10 * torch.log10(_spread(self.wanted, PULSE_REACH) + self.floor)


def _peaks(cells: _Cells) -> Tensor:
    """Which frames [..., frame] are the top of a pulse."""
    level, relative = cells.levels()
    over = torch.minimum(level - _median(level), relative - _median(relative))
    bands = over.shape[-2]
    weakest = over.sort(dim=-2).values[..., bands - math.ceil(SHARE_OF_BANDS * bands), :]
    strength = cells.error.sum(-2)
    return (weakest > PROMINENCE) & _tops(strength, PULSE_REACH // 2) & (cells.explained < EXPLAINED)


def _gain(found: Tensor, wanted: Tensor) -> Tensor:
    """Factor [..., 1, 1] that brings the estimate to the reference, from the median over the strong cells."""
    strong = wanted >= wanted.amax((-2, -1), keepdim=True) * 10 ** (STRONG / 10)
    ratio = (wanted / found).sqrt().masked_fill(~strong, math.nan)
    median = ratio.flatten(-2).nanmedian(-1).values[..., None, None]
    return torch.where(torch.isfinite(median), median, torch.ones_like(median))


def _spectra(signal: Tensor, sample_rate: int) -> Tensor:
    """Spectra [..., bin, frame] of short Hann frames."""
    length = _frame(sample_rate)
    window = torch.hann_window(length, dtype=signal.dtype, device=signal.device)
    return torch.fft.rfft(signal.unfold(-1, length, _hop(sample_rate)) * window).transpose(-1, -2)


def _bins(sample_rate: int, low: float, high: float) -> list[Tensor]:
    frequency = torch.fft.rfftfreq(_frame(sample_rate), 1 / sample_rate)
    edges = [low + BAND_WIDTH * band for band in range(int((high - low) / BAND_WIDTH) + 1)]
    return [((frequency >= a) & (frequency < b)).nonzero().squeeze(-1) for a, b in pairwise(edges)]


def _powers(spectra: Tensor, bins: list[Tensor]) -> Tensor:
    power = spectra.abs().square()
    return torch.stack([power[..., one.to(power.device), :].sum(-2) for one in bins], -2)


def _median(values: Tensor) -> Tensor:
    """The median of the frames around each frame; the ends are repeated."""
    flat = values.reshape(-1, 1, values.shape[-1])
    around = pad(flat, (MEDIAN_REACH, MEDIAN_REACH), mode="replicate").unfold(-1, 2 * MEDIAN_REACH + 1, 1)
    return around.median(-1).values.reshape(values.shape)


def _spread(values: Tensor, reach: int) -> Tensor:
    """The largest of the frames within `reach` of each frame."""
    flat = values.reshape(-1, 1, values.shape[-1])
    return max_pool1d(flat, 2 * reach + 1, stride=1, padding=reach).reshape(values.shape)


def _tops(values: Tensor, reach: int) -> Tensor:
    """Which frames are the largest within `reach`; the first of equal ones, as a click midway between two makes them."""
    before = pad(values, (reach, 0), value=-math.inf)[..., :-1].unfold(-1, reach, 1).amax(-1)
    return (values > before) & (values == _spread(values, reach))


def _frame(sample_rate: int) -> int:
    return round(FRAME_SECONDS * sample_rate)


def _hop(sample_rate: int) -> int:
    return round(HOP_SECONDS * sample_rate)
