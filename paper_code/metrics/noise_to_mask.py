"""How much of the noise of a coded sound is over the masking threshold of the original: in how many places, by how much.

Conventions: frames of 32 ms every 16 ms under a Hann window; a cell is a frame and a line of its spectrum. The noise is
the difference of both signals, so delay and level count.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.hearing.masking import MaskingModel, require_waveform
from paper_code.hearing.perceptual_entropy import perceptual_entropy
from paper_code.hearing.sound_pressure import decibels
from paper_code.metrics.spectral import validate


@dataclass(frozen=True, eq=False)
class NoiseToMask:
    """Noise and what hides it. noise, threshold, spectrum: [frame, line], levels in dB SPL; spectrum: of the original.

    frequency: [line] in Hz.   entropy: [frame], bits that noise just below the threshold would cost.
    """

    noise: Tensor
    threshold: Tensor
    spectrum: Tensor
    frequency: Tensor
    entropy: Tensor

    def share_above(self, low: float = 0.0, high: float = math.inf) -> float:
        """Share of the cells between two frequencies (Hz, the upper one included) whose noise is over the threshold."""
        return float((self._ratio(low, high) > 0).double().mean())

    def excess(self, low: float = 0.0, high: float = math.inf) -> float:
        """By how many dB the noise is over the threshold, 0 where it is not; mean over all cells between two Hz."""
        return float(self._ratio(low, high).clamp_min(0).mean())

    def _ratio(self, low: float, high: float) -> Tensor:
        lines = (self.frequency >= low) & (self.frequency <= high)
        if not lines.any():
            raise ValueError(f"No line of the spectrum lies between {low:g} and {high:g} Hz.")
        return (self.noise - self.threshold)[:, lines]


@torch.no_grad()
def noise_to_mask(estimate: Tensor, reference: Tensor, sample_rate: int = 16000) -> NoiseToMask:
    """Noise of an estimate [time] and the masking threshold of its reference [time], frame by frame, in float64.

    Raises ValueError on unequal lengths, more than one axis, fewer samples than a frame, samples that are not finite,
    a reference far over full scale, and rates that the hearing model does not know.
    Paper: Byun et al. 2021, Eq. 2 and 3, and Figure 3. Chapter: masking_loss.
    """
    model = MaskingModel(sample_rate=sample_rate)
    estimate, reference = validate(estimate, reference, shortest=model.frame_length)
    if estimate.ndim != 1:
        raise ValueError(f"Wanted [time] and [time]; found {list(estimate.shape)} and {list(reference.shape)}.")
    require_waveform(reference)
    clean, error = reference.detach().double(), (estimate.detach() - reference.detach()).double()
    spectrum = model.spectrum(clean)
    power = spectrum.abs().square()
    threshold = model.threshold(power, torch.float64)
    return NoiseToMask(
        noise=decibels(model.spectrum(error).abs().square()),
        threshold=decibels(threshold),
        spectrum=decibels(power),
        frequency=torch.from_numpy(model.frequency()),
        entropy=perceptual_entropy(spectrum, threshold).sum(-1),
    )
