"""The Bark filter-bank loss of Vinyard 2018, its published variants, and a corrected one."""

from typing import Literal, Self

import torch
from torch import Tensor

from paper_code.audio.filter_banks import FilterBank
from paper_code.audio.loss import Loss, Reduction, one_precision, transformed
from paper_code.audio.signals import as_count, as_number, require_choice, require_tensors
from paper_code.bark_loss.filters import BANKS, centre_frequencies
from paper_code.bark_loss.fused import NORM_FLOOR, Analysis, BarkDistance
from paper_code.hearing.weighting import a_weighting

TINY = 1e-30  # keeps the gradient of a silent signal's norm finite


class BarkLoss(Loss):
    """Compare two signals after a Bark-spaced FIR bank, half-wave rectification and a logarithm.

    features(x)[b, n] = w_b ln(1 + log_factor * max(0, (h_b * x)[n])); the loss is minus the cosine similarity of the
    two flattened feature arrays (-1 for signals that agree, 0 for silence), or their mean squared difference.
    The defaults are those of the experiment, found in its code; the text of the blog names none of them.

    sample_rate: Hz of the signals, 11,025 in the experiment. bands, taps: size of the bank.
    stride: keep every stride-th frame. log_factor: slope of the logarithm at silence.
    weighting: "A" multiplies the features by 1 + A(f) - min A, a number linear in dB; None does not.
    distance: "cosine" or "squared". bank: "original" or "corrected" (one ERB wide, peak gain one).
    reduction: "mean", "sum" or "none" over the leading axes.   check: see `audio.loss.Loss`.
    Paper: Vinyard 2018, "The Perceptually-Inspired Loss" (code of July 2018). Chapter: bark_loss.
    """

    weights: Tensor

    def __init__(
        self,
        sample_rate: int = 11025,
        bands: int = 512,
        taps: int = 512,
        stride: int = 1,
        log_factor: float = 10.0,
        weighting: Literal["A"] | None = "A",
        distance: Literal["cosine", "squared"] = "cosine",
        bank: Literal["original", "corrected"] = "original",
        reduction: Reduction = "mean",
        check: bool = True,
    ) -> None:
        super().__init__(sample_rate, reduction, check)
        require_choice("weighting", weighting, ("A", None))
        require_choice("distance", distance, ("cosine", "squared"))
        require_choice("bank", bank, tuple(BANKS))
        sizes = {"sample_rate": sample_rate, "bands": bands, "taps": taps, "stride": stride}
        sample_rate, bands, taps, self.stride = (as_count(name, value) for name, value in sizes.items())
        self.log_factor = as_number("log_factor", log_factor)
        if not self.log_factor > 0:
            raise ValueError(f"log_factor is above 0; found {log_factor!r}.")
        self.distance = distance
        self.filter_bank = FilterBank(BANKS[bank](bands, taps, sample_rate).clone())
        weights = torch.ones(bands, dtype=torch.float32)
        if weighting == "A":
            decibels = torch.from_numpy(a_weighting(centre_frequencies(bands, sample_rate)))
            weights = (1.0 + decibels - decibels.min()).float()
        self.register_buffer("weights", weights)

    @classmethod
    def class_defaults(cls, **changes: object) -> Self:
        """The defaults of zounds' PerceptualLoss class: stride 2, log factor 100, no weighting, cosine."""
        return cls(**{"stride": 2, "log_factor": 100.0, "weighting": None} | changes)

    @classmethod
    def blog_literal(cls, **changes: object) -> Self:
        """Only what the text of the blog says: bank, rectifier, logarithm; then a mean squared difference."""
        return cls(**{"weighting": None, "distance": "squared"} | changes)

    @classmethod
    def corrected(cls, **changes: object) -> Self:
        """The experiment's settings on the corrected bank, without its accidental high-frequency emphasis."""
        return cls(**{"bank": "corrected"} | changes)

    def features(self, waveform: Tensor) -> Tensor:
        """Weighted log features [..., band, frame] of a waveform [..., time], by plain differentiable operations."""
        require_tensors(waveform=waveform)
        bands = self.filter_bank(waveform)[..., :: self.stride]
        return torch.log1p(self.log_factor * bands.relu()) * self.weights.to(bands.dtype).unsqueeze(-1)

    def _plain_distance(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """What `forward` compares by, [...], of signals [..., time]; every step can be differentiated again."""
        ours, theirs = (self.features(signal).flatten(-2) for signal in (estimate, reference))
        if self.distance == "squared":
            return (ours - theirs).square().mean(-1)
        norms = [(own.square().sum(-1) + TINY).sqrt().clamp_min(NORM_FLOOR) for own in (ours, theirs)]
        return -(ours * theirs).sum(-1) / (norms[0] * norms[1])

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1].

        sample_rate: if given, must be the rate of the loss. Raises ValueError on other rates, unequal or empty
        shapes and non-finite samples. Half-precision input is computed, and returned, in float32.
        """
        self._require(estimate, reference, sample_rate)
        with torch.autocast(estimate.device.type, enabled=False):
            estimate, reference = one_precision(estimate, reference)
            if transformed():
                value = self._plain_distance(estimate, reference)
            else:
                flat = [signal.reshape(-1, signal.shape[-1]) for signal in (estimate, reference)]
                analysis = self._analysis(estimate.shape[-1], estimate.dtype)
                value = BarkDistance.apply(*flat, analysis, self.distance, self._plain_distance)
        return self._reduced(value.reshape(estimate.shape[:-1]))

    def _analysis(self, time: int, dtype: torch.dtype) -> Analysis:
        bank = self.filter_bank
        length = bank.fft_length(time)
        responses = bank.responses(length, dtype.to_complex())
        weights = self.weights.to(dtype)
        return Analysis(responses, weights, self.log_factor, bank.taps, self.stride, length, bank.frames(time))

    def extra_repr(self) -> str:
        return (
            f"sample_rate={self.sample_rate}, bands={self.filter_bank.bands}, taps={self.filter_bank.taps}, "
            f"stride={self.stride}, log_factor={self.log_factor}, distance={self.distance!r}"
        )
