"""PMSQE, a loss made after PESQ: loudness differences in Bark bands, symmetric and asymmetric."""

from collections.abc import Sequence

import torch
from torch import Tensor

from paper_code.audio.loss import Loss, Reduction, one_precision
from paper_code.audio.signals import as_flag, require_choice
from paper_code.hearing.sound_pressure import frames_of
from paper_code.masking_loss.pmsqe_bands import BANDS, NARROWBAND, Band

RATES = {  # Hz: frame length, bands, scale of the power in bands
    16000: (512, BANDS, 6.910853e-6),
    8000: (256, NARROWBAND, 2.764344e-5),
}
LOUDNESS_SCALE = 0.1866055
SPEECH_LINES = {11: 0.4, **dict.fromkeys(range(12, 104), 1.0), 104: 0.5}  # 350 to 3,250 Hz
WINDOW_FACTOR = 2.0  # what the square root of a Hann window takes from the power
LEVEL = 1e7  # mean power in those lines to which both signals are brought
NO_POWER = 1e-12  # mean power far below that of any sound, so that silence stays silent
SMALL = 1e-8


class PMSQE(Loss):
    """Perceptual metric for speech quality evaluation: 0.1 of the symmetric, 0.0309 of the asymmetric disturbance.

    sample_rate: 16000 or 8000 Hz.   reduction: "mean", "sum" or "none" over the leading axes.
    check: see `audio.loss.Loss`.
    excerpts: the items are excerpts too short to be equalised one by one (a pause would become as loud as speech);
        their frames count as those of one item, and the loss is one number.
    Both signals are brought to one level, so a gain does not matter.
    Paper: Martin-Donas et al. 2018; Byun et al. 2021, section 2.3. Chapter: masking_loss.
    """

    def __init__(
        self, sample_rate: int = 16000, reduction: Reduction = "mean", excerpts: bool = False, check: bool = True
    ) -> None:
        super().__init__(sample_rate, reduction, check)
        require_choice("sample_rate", self.sample_rate, tuple(RATES))
        self.excerpts = as_flag("excerpts", excerpts)
        self.frame_length, bands, self.power_scale = RATES[self.sample_rate]
        lines = self.frame_length // 2 + 1
        speech = torch.zeros(lines, dtype=torch.float32)
        for line, share in SPEECH_LINES.items():
            speech[line] = share * WINDOW_FACTOR * (self.frame_length + 2) / self.frame_length**2
        self.register_buffer("speech", speech)
        self.register_buffer("matrix", _matrix(bands, lines))
        for name in ("threshold", "exponent", "width"):
            self.register_buffer(name, torch.tensor([getattr(band, name) for band in bands], dtype=torch.float32))

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1], at least a frame long.

        sample_rate: if given, must be the rate of the loss. Raises ValueError on other rates, unequal or empty
        shapes, fewer samples than a frame and non-finite samples. Half precision is computed in float32.
        """
        self._require(estimate, reference, sample_rate)
        with torch.autocast(estimate.device.type, enabled=False):
            signals = [signal.to(self._precision(signal)) for signal in one_precision(estimate, reference)]
            powers = [self.power_spectrum(signal) for signal in signals]
            if self.excerpts:
                powers = [power.reshape(-1, power.shape[-1]) for power in powers]
            return self._reduced(self.from_power(*powers))

    def power_spectrum(self, signal: Tensor) -> Tensor:
        """Squared magnitudes [..., frame, line] of a signal [..., time]: root-Hann frames, half overlapping."""
        window = torch.hann_window(self.frame_length, dtype=signal.dtype, device=signal.device).sqrt()
        spectrum = torch.fft.rfft(frames_of(signal, self.frame_length, self.frame_length // 2) * window)
        return spectrum.real.square() + spectrum.imag.square()

    def from_power(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Loss of each item, [...], from power spectra [..., frame, line]. Magnitudes here are the usual mistake."""
        degraded, original = (self._in_bands(power) for power in (estimate, reference))
        degraded = degraded * self._band_gain(degraded, original)
        degraded = degraded * self._frame_gain(degraded, original)
        loudness = self._loudness(degraded), self._loudness(original)
        difference = (loudness[0] - loudness[1]).abs() - 0.25 * torch.minimum(*loudness)
        disturbance = difference.clamp_min(SMALL)
        excess = ((degraded + 50.0) / (original + 50.0)).pow(1.2)
        asymmetric = torch.where(excess < 3.0, 0.0, excess.clamp_max(12.0)) * disturbance
        symmetric = ((disturbance * self.width).square() + SMALL).sum(-1).sqrt() * self.width.sum().sqrt()
        weight = ((self._audible(original).squeeze(-1) + 1e5) / 1e7).pow(0.04)
        capped = [(part / weight).clamp_max(45.0) for part in (symmetric, (asymmetric * self.width).sum(-1))]
        return (0.1 * capped[0] + 0.0309 * capped[1]).mean(-1)

    def _precision(self, signal: Tensor) -> torch.dtype:
        return torch.promote_types(signal.dtype, self.speech.dtype)

    def _in_bands(self, power: Tensor) -> Tensor:
        level = (power * self.speech).mean((-1, -2), keepdim=True)
        return self.power_scale * ((LEVEL / (level + NO_POWER) * power) @ self.matrix.to(power.dtype))

    def _audible(self, power: Tensor, factor: float = 1.0) -> Tensor:
        return torch.where(power > factor * self.threshold, power, 0.0).sum(-1, keepdim=True)

    def _band_gain(self, degraded: Tensor, original: Tensor) -> Tensor:
        """What brings each band of the estimate to the reference, over the frames with speech; [..., 1, band]."""
        counts = (self._audible(original, 100.0) >= 1e7) & (original >= 100.0 * self.threshold)
        sums = [torch.where(counts, power, 0.0).sum(-2, keepdim=True) + 1000.0 for power in (original, degraded)]
        return (sums[0] / sums[1]).clamp(0.01, 100.0)

    def _frame_gain(self, degraded: Tensor, original: Tensor) -> Tensor:
        return ((self._audible(original) + 5e3) / (self._audible(degraded) + 5e3)).clamp(3e-4, 5.0)

    def _loudness(self, power: Tensor) -> Tensor:
        scale = LOUDNESS_SCALE * (self.threshold / 0.5).pow(self.exponent)
        density = scale * ((0.5 + 0.5 * power / self.threshold).pow(self.exponent) - 1.0)
        return torch.where(power < self.threshold, 0.0, density)

    def extra_repr(self) -> str:
        return f"sample_rate={self.sample_rate}, excerpts={self.excerpts}"


def _matrix(bands: Sequence[Band], lines: int) -> Tensor:
    matrix = torch.zeros(lines, len(bands), dtype=torch.float32)
    for number, band in enumerate(bands):
        matrix[band.first : band.last + 1, number] = band.weight
    return matrix
