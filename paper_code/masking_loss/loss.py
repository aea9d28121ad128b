"""The masking loss of Byun et al. 2021, and the log-mel loss it is compared with."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import torch
from torch import Tensor

from paper_code.audio.loss import Loss, Reduction, one_precision
from paper_code.audio.signals import as_count, as_number
from paper_code.hearing.masking import MaskingModel, require_waveform
from paper_code.hearing.perceptual_entropy import perceptual_entropy
from paper_code.hearing.sound_pressure import frames_of, pressure_spectrum
from paper_code.masking_loss.mel import mel_filters

EPSILON = 1e-7  # added to a mel power before its logarithm
FRAMES_AT_ONCE = 4096  # of the reference, heard in float64


class MaskingLoss(Loss):
    """Noise above the masking threshold in mel bands, in dB, weighted by the perceptual entropy of the band.

    In each frame and band: w max(10 log10(H |Y - X|^2) - 10 log10(H T), 0), summed over bands, averaged over frames
    and over the scales. T, the threshold of the reference, and w = (H E / max H E)^gamma carry no gradient. In a
    frame without entropy (silence) all weights are 1, so that noise in silence is not free.

    sample_rate: Hz.   bands: number of mel bands of each scale.   gamma: 0 or more; 0 weights all bands alike.
    model: the hearing model, with frames, hop, window and options of its own; default `MaskingModel(sample_rate)`.
    reduction: "mean", "sum" or "none" over the leading axes.   check: see `audio.loss.Loss`.
    Paper: Byun et al. 2021, Eq. 1 to 6. Chapter: masking_loss.
    """

    filters: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        bands: Sequence[int] = (16, 32, 64),
        gamma: float = 0.8,
        model: MaskingModel | None = None,
        reduction: Reduction = "mean",
        check: bool = True,
    ) -> None:
        super().__init__(sample_rate, reduction, check)
        sample_rate, self.gamma = self.sample_rate, as_number("gamma", gamma)
        if self.gamma < 0:
            raise ValueError(f"gamma is a finite number of 0 or more; found {gamma!r}.")
        self.model = model or MaskingModel(sample_rate=sample_rate)
        if self.model.sample_rate != sample_rate:
            raise ValueError(f"model hears {self.model.sample_rate} Hz, but sample_rate is {sample_rate} Hz.")
        self.bands = require_bands(bands)
        self.register_buffer("filters", _stacked(self.bands, self.model.lines, sample_rate))

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1], at least a frame long.

        sample_rate: if given, must be the rate of the loss. Raises ValueError on other rates, unequal or empty
        shapes, fewer samples than a frame, non-finite samples and a reference far over full scale.
        Half-precision input is computed, and returned, in float32.
        """
        self._require(estimate, reference, sample_rate)
        if self.check:
            require_waveform(reference)
        with torch.autocast(estimate.device.type, enabled=False):
            estimate, reference = one_precision(estimate, reference)
            excess, weights = self.excess(estimate, reference)
            value = (weights * excess).sum(-1).mean(-1) / len(self.bands)
        return self._reduced(value)

    def excess(self, estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Noise above the threshold in dB, 0 where it is below, and weights; both [..., frame, band], scale by scale.

        estimate, reference: [..., time], of one floating-point type. Paper: Byun et al. 2021, Eq. 2, 3 and 6.
        """
        model = self.model
        noise = _power(pressure_spectrum(_framed(estimate - reference, model), model.window))
        threshold, weights = self._heard(_framed(reference.detach(), model))
        noise_level = 10 * torch.log10(noise @ self.filters.T.to(noise.dtype) + EPSILON)
        return (noise_level - 10 * torch.log10(threshold + EPSILON)).clamp_min(0), weights

    @torch.no_grad()
    def _heard(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Threshold as a power and weights, [..., frame, band], of frames [..., frame, sample] of the reference."""
        parts = [self._heard_part(part) for part in frames.reshape(-1, frames.shape[-1]).split(FRAMES_AT_ONCE)]
        threshold, weights = (torch.cat(column) for column in zip(*parts, strict=True))
        shape = (*frames.shape[:-1], -1)
        return threshold.reshape(shape), weights.reshape(shape)

    def _heard_part(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        spectrum = pressure_spectrum(frames.double(), self.model.window)
        threshold = self.model.threshold(_power(spectrum), frames.dtype)
        entropy = perceptual_entropy(spectrum.to(torch.promote_types(frames.dtype, torch.complex64)), threshold)
        filters = self.filters.T.to(frames.dtype)
        scales = (entropy @ filters).split(self.bands, dim=-1)
        weights = [self._weights(scale) for scale in scales]
        return threshold @ filters, torch.cat(weights, dim=-1)

    def _weights(self, entropy: Tensor) -> Tensor:
        largest = entropy.amax(-1, keepdim=True)
        share = torch.where(largest > 0, entropy / largest, 1.0)
        return share.pow(self.gamma)

    def extra_repr(self) -> str:
        return f"sample_rate={self.sample_rate}, bands={self.bands}, gamma={self.gamma}, model={self.model}"


class LogMelLoss(Loss):
    """Root-mean-square difference of log mel spectra, averaged over scales and frames.

    Mel power is |FFT|^2 / frame_length of frames without a further window; the logarithm is natural, of power + 1e-7.

    sample_rate: Hz.   bands: number of mel bands of each scale; the default are the four scales of section 2.3.
    frame_length, hop_length: samples.   reduction: "mean", "sum" or "none" over the leading axes.
    check: see `audio.loss.Loss`.
    Paper: Byun et al. 2021, section 2.3; Kankanahalli 2018. Chapter: masking_loss.
    """

    filters: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        bands: Sequence[int] = (8, 16, 32, 128),
        frame_length: int = 512,
        hop_length: int = 480,
        reduction: Reduction = "mean",
        check: bool = True,
    ) -> None:
        super().__init__(sample_rate, reduction, check)
        sizes = {"sample_rate": sample_rate, "frame_length": frame_length, "hop_length": hop_length}
        sample_rate, frame_length, hop_length = (as_count(name, value) for name, value in sizes.items())
        if hop_length > frame_length or frame_length % 2:
            raise ValueError(f"frame_length is even and not below hop_length; found {frame_length} and {hop_length}.")
        self.bands, self.frame_length, self.hop_length = require_bands(bands), frame_length, hop_length
        self.register_buffer("filters", _stacked(self.bands, frame_length // 2 + 1, sample_rate))

    @classmethod
    def three_scales(cls, **changes: Any) -> Self:
        """The scales of the masking loss, 16, 32 and 64 bands, for a comparison on equal terms."""
        return cls(**{"bands": (16, 32, 64)} | changes)

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1], at least a frame long.

        sample_rate: if given, must be the rate of the loss. Raises ValueError on other rates, unequal or empty
        shapes, fewer samples than a frame and non-finite samples. Half precision is computed in float32.
        """
        self._require(estimate, reference, sample_rate)
        with torch.autocast(estimate.device.type, enabled=False):
            estimate, reference = one_precision(estimate, reference)
            scales = (self._features(estimate) - self._features(reference)).split(self.bands, dim=-1)
            # The norm, unlike a root of a mean, has a finite gradient (0) where nothing differs.
            distance = sum(torch.linalg.vector_norm(scale, dim=-1) / scale.shape[-1] ** 0.5 for scale in scales)
            value = distance.mean(-1) / len(self.bands)
        return self._reduced(value)

    def _features(self, signal: Tensor) -> Tensor:
        frames = frames_of(signal, self.frame_length, self.hop_length)
        power = _power(torch.fft.rfft(frames)) / self.frame_length
        return torch.log(power @ self.filters.T.to(power.dtype) + EPSILON)

    def extra_repr(self) -> str:
        return f"sample_rate={self.sample_rate}, bands={self.bands}, hop_length={self.hop_length}"


def require_bands(bands: Sequence[int]) -> tuple[int, ...]:
    """The band counts as a tuple; raises ValueError unless there is at least one and all are whole and above 0."""
    with suppress(ValueError, TypeError):
        counts = tuple(as_count("bands", count) for count in bands)
        if counts and not isinstance(bands, str):
            return counts
    raise ValueError(f"bands lists a number of mel bands for each scale, such as (16, 32, 64); found {bands!r}.")


def _stacked(bands: tuple[int, ...], lines: int, sample_rate: int) -> Tensor:
    return torch.cat([mel_filters(count, lines, sample_rate) for count in bands]).float()


def _framed(signal: Tensor, model: MaskingModel) -> Tensor:
    return frames_of(signal, model.frame_length, model.hop_length)


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()
