"""Aliasing: what an estimate puts above the band of its reference, and how much of it is that band folded over.

Conventions: signals are [..., time] float tensors; results are [...]. A network that halves its rate and doubles it
again leaves images: a partial at f comes back at 2 * fold - f, mirrored about the folding frequency. At 16 kHz one
halving folds at 4 kHz, two fold at 2 kHz, n of them at 8 / 2^n kHz (`folding_frequencies`). Spectra are of 1024-sample
Hann frames every 512 samples; "above the cut-off" begins two bins higher (31 Hz at 16 kHz), where a partial at the
cut-off no longer leaks. What has no meaning (nothing above the cut-off, a silent reference) is NaN.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.metrics.spectral import validate

FRAME = 1024
HOP = 512
GUARD = 2  # bins: half the main lobe of a Hann window
SHIFTS = 8  # how many displacements in time the chance level is the mean of
FLOOR = -60.0  # dB re the strongest cell of the band, for logarithms
AUDIBLE = -150.0  # dB re the reference: what lies lower above the cut-off is rounding


@dataclass(frozen=True)
class Mirror:
    """How alike the part above the cut-off and the mirrored base band are, [...].

    value: as measured.   chance: the same with the reference's frames displaced in time, which no image survives.
    """

    value: Tensor
    chance: Tensor

    @property
    def above_chance(self) -> Tensor:
        """(value - chance) / (1 - chance): 1 for an image and nothing else, about 0 for what is no image."""
        return (self.value - self.chance) / (1 - self.chance)


def out_of_band_level(estimate: Tensor, reference: Tensor, sample_rate: int, cutoff: float) -> Tensor:
    """Energy of the estimate above `cutoff` Hz over the whole energy of the reference, in dB; lower is better.

    estimate, reference: [..., time]. The levels are taken as they are. -inf if nothing is there; NaN for a silent
    reference. Raises ValueError on unequal lengths, non-finite samples, fewer than 1024 samples, or a cut-off that is
    not between 0 and half the rate.
    Paper: Ananthabhotla et al. 2019, Section 8.2, Figure 4. Chapter: codec_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=FRAME)
    found = _spectra(estimate)[..., _edge(cutoff, sample_rate) + 1 :, :].abs().square().sum((-2, -1))
    whole = _energy(reference)
    return (10 * torch.log10(found / whole)).masked_fill(whole == 0, math.nan)


def folding_frequencies(sample_rate: int, cutoff: float, halvings: int) -> list[float]:
    """The folding frequencies (Hz) of up to `halvings` halvings of the rate, whose images reach above `cutoff` Hz.

    Chapter: codec_loss.
    """
    folds = [sample_rate / 4 / 2**number for number in range(halvings)]
    return [fold for fold in folds if 2 * fold > cutoff]


def image_coherence(
    estimate: Tensor, reference: Tensor, sample_rate: int = 16000, cutoff: float = 3000.0, fold: float | None = None
) -> Mirror:
    """The share of the estimate's energy above `cutoff` Hz that is a filtered mirror image of the reference, 0 to 1.

    estimate, reference: [..., time], at least 9 frames. fold: Hz, the folding frequency (default: a quarter of the
    rate); only what lies between the cut-off and 2 * fold is looked at. The reference is multiplied by a cosine of
    2 * fold Hz, which mirrors it; then each bin's coherent part (magnitude-squared coherence over the frames) is
    weighed by the bin's energy. It holds for any level and any filter shorter than a frame, and needs the waveform's
    phase: an image whose phase wanders shows in mirror_correlation only.
    Raises ValueError on unequal lengths, non-finite samples, too few frames, or a band without an image.
    Paper: Ananthabhotla et al. 2019, Section 8.2, Figure 4. Chapter: codec_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=FRAME + SHIFTS * HOP)
    bins, _, fold = _mirrored(sample_rate, cutoff, fold, estimate.device)
    time = torch.arange(reference.shape[-1], dtype=torch.float64, device=reference.device)
    carrier = torch.cos(2 * math.pi * (2 * fold / sample_rate) * time).to(reference.dtype)
    found, image = _spectra(estimate)[..., bins, :], _spectra(reference * carrier)[..., bins, :]
    nothing = _nothing(found, reference)

    def share(image: Tensor) -> Tensor:
        common = (found * image.conj()).sum(-1).abs().square() / image.abs().square().sum(-1).clamp_min(1e-30)
        return (common.sum(-1) / found.abs().square().sum((-2, -1))).masked_fill(nothing, math.nan)

    return Mirror(share(image), _chance(share, image))


def mirror_correlation(
    estimate: Tensor, reference: Tensor, sample_rate: int = 16000, cutoff: float = 3000.0, fold: float | None = None
) -> Mirror:
    """Correlation of log magnitudes, the estimate's above `cutoff` Hz with the reference's mirrored about `fold`.

    Arguments, limits and errors as for image_coherence. Each bin's mean and each frame's mean are removed first, so
    that neither a shared slope of the spectrum nor a shared loudness counts, only which partials sound when. Cells
    60 dB below the strongest of their band count as 60 dB below. 1 for an image however its phase, about 0 for
    what is none, from -1 to 1.
    Paper: Ananthabhotla et al. 2019, Section 8.2, Figure 4. Chapter: codec_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=FRAME + SHIFTS * HOP)
    bins, sources, _ = _mirrored(sample_rate, cutoff, fold, estimate.device)
    spectra = _spectra(estimate)[..., bins, :]
    found, source = _centred(spectra), _centred(_spectra(reference)[..., sources, :])
    nothing = _nothing(spectra, reference)

    def correlation(source: Tensor) -> Tensor:
        scale = (found.square().sum((-2, -1)) * source.square().sum((-2, -1))).sqrt()
        return ((found * source).sum((-2, -1)) / scale).masked_fill(nothing, math.nan)

    return Mirror(correlation(source), _chance(correlation, source))


def _chance(measure, cells: Tensor) -> Tensor:
    """The mean of a measure over frames displaced by 1/9, 2/9 ... of the length."""
    frames = cells.shape[-1]
    shifts = [round(frames * (number + 1) / (SHIFTS + 1)) for number in range(SHIFTS)]
    return torch.stack([measure(cells.roll(shift, -1)) for shift in shifts]).mean(0)


def _mirrored(
    sample_rate: int, cutoff: float, fold: float | None, device: torch.device
) -> tuple[Tensor, Tensor, float]:
    """Bins above the cut-off that mirror a bin below it, those bins, and the folding frequency (Hz)."""
    fold = sample_rate / 4 if fold is None else fold
    axis = round(2 * fold * FRAME / sample_rate)
    if not 0 < fold <= sample_rate / 4 or not math.isclose(axis, 2 * fold * FRAME / sample_rate):
        raise ValueError(
            f"The folding frequency must be a whole number of half bins up to a quarter rate; found {fold}."
        )
    edge = _edge(cutoff, sample_rate)
    first = max(edge + 1, axis - edge + GUARD)
    if first > axis - 2:
        raise ValueError(f"No image of what lies below {cutoff:g} Hz reaches above it by folding at {fold:g} Hz.")
    bins = torch.arange(first, axis, device=device)
    return bins, axis - bins, fold


def _edge(cutoff: float, sample_rate: int) -> int:
    """The last bin to which something below the cut-off leaks."""
    if not 0 < cutoff < sample_rate / 2:
        raise ValueError(f"The cut-off must lie between 0 and {sample_rate / 2:g} Hz; found {cutoff}.")
    return math.floor(cutoff * FRAME / sample_rate) + GUARD


def _nothing(found: Tensor, reference: Tensor) -> Tensor:
    """Whether there is nothing to explain [...]: a silent reference, or only rounding above the cut-off."""
    whole = _energy(reference)
    return (whole == 0) | (found.abs().square().sum((-2, -1)) <= whole * 10 ** (AUDIBLE / 10))


def _energy(signal: Tensor) -> Tensor:
    power = _spectra(signal).abs().square().sum(-1)
    return power.sum(-1) - (power[..., 0] + power[..., -1]) / 2  # 0 and half the rate have no mirror below 0


def _spectra(signal: Tensor) -> Tensor:
    """Spectra [..., bin, frame]."""
    window = torch.hann_window(FRAME, dtype=signal.dtype, device=signal.device)
    return torch.fft.rfft(signal.unfold(-1, FRAME, HOP) * window).transpose(-1, -2)


def _centred(spectra: Tensor) -> Tensor:
    """Log magnitudes in dB without the mean of each bin and of each frame."""
    power = spectra.abs().square()
    floor = (power.amax((-2, -1), keepdim=True) * 10 ** (FLOOR / 10)).clamp_min(1e-30)
    levels = 10 * torch.log10(torch.maximum(power, floor))
    levels = levels - levels.mean(-1, keepdim=True)
    return levels - levels.mean(-2, keepdim=True)
