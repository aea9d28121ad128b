"""The codec losses: two signals go through a network that imitates an MP3 codec before they are compared."""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from paper_code.audio.loss import FrozenNetworkLoss, Loss, Reduction
from paper_code.audio.signals import require_choice
from paper_code.codec_loss import weights
from paper_code.codec_loss.networks import (
    DECIMATION,
    FRAME,
    HOP,
    SpectrogramUNet,
    magnitude_spectrogram,
)

SAMPLE_RATE = 16000
FRAMES_STEP = 2**SpectrogramUNet.layers
WEIGHINGS = ("value", "gradient")  # what of a term or a layer a calibration makes equal


class CodecLoss(FrozenNetworkLoss):
    """L1 of waveforms, of what a codec would leave of their magnitudes, and of the network's activations.

    loss = (time + prediction + features) / number of terms, each divided by its size on the pairs given to
    `calibrate`; the features are the mean over layers, each divided by its own size. A size is a term's value there, or
    that of its gradient: then every term and every layer weighs, or pulls, alike. Before a calibration all sizes are 1.
    The network is frozen and in evaluation mode.

    network: a trained SpectrogramUNet. terms: which of "time", "prediction", "features" count.
    reduction: "mean", "sum" or "none" over the leading axes. Signals of any length from 1024 samples on; they are
    filled up with silence to 32 frames of 512 samples or a multiple. check, network_in_state: see `audio.loss`.
    Paper: Ananthabhotla et al. 2019, Eq. 3. Chapter: codec_loss.
    """

    NETWORK = "spectrogram"
    TERMS: tuple[str, ...] = ("time", "prediction", "features")
    sizes: Tensor
    layer_sizes: Tensor

    def __init__(
        self,
        network: nn.Module,
        terms: tuple[str, ...] | None = None,
        reduction: Reduction = "mean",
        sample_rate: int = SAMPLE_RATE,
        check: bool = True,
        network_in_state: bool = False,
    ) -> None:
        super().__init__(network, sample_rate, reduction, check, network_in_state)
        _require_rate(self.sample_rate)
        self.terms = self.TERMS if terms is None else tuple(terms)
        for term in self.terms:
            require_choice("a term", term, self.TERMS)
        if not self.terms:
            raise ValueError(f"At least one term is needed, of {', '.join(self.TERMS)}.")
        self.register_buffer("sizes", torch.ones(len(self.TERMS), dtype=torch.float32))
        self.register_buffer("layer_sizes", torch.ones(2 * network.layers - 1, dtype=torch.float32))

    @classmethod
    def pretrained(cls, file: Path | None = None, **options: object) -> Self:
        """The loss with the released weights, or those of a file: an imitation of MP3 at 16 kb/s; works offline.

        options: those of the class. Raises WeightsError where the file is missing or not of this kind.
        """
        network, sizes, _ = weights.load_network(cls.NETWORK, file)
        loss = cls(network, **options)
        loss.sizes.copy_(sizes["sizes"])
        loss.layer_sizes.copy_(sizes["layer_sizes"])
        return loss

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1] at 16 kHz.

        sample_rate: if given, must be 16000. Raises ValueError on other rates, unequal or empty shapes, too short
        and non-finite signals. The loss computes in its own precision: float32, or
        float64 after `.double()`.
        """
        value = self._total(*self.parts(estimate, reference, sample_rate)).reshape(estimate.shape[:-1])
        return self._reduced(value)

    def parts(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> tuple[Tensor, Tensor]:
        """Terms [signal, term] before any weight (that of the features left 0), and layers [signal, layer]."""
        self._require(estimate, reference, sample_rate)
        _require_frame(reference)
        with torch.autocast(estimate.device.type, enabled=False):  # a loss compares small differences
            ours, theirs = (x.reshape(-1, x.shape[-1]).to(self.sizes.dtype) for x in (estimate, reference))
            time = _mean_difference(ours, theirs)
            with torch.no_grad():
                wanted, activations = self.network.prediction_and_features(self._domain(theirs))
            found, layers = self.network.prediction_and_features(self._domain(ours))
        by_layer = [_mean_difference(a, b) for a, b in zip(layers, activations, strict=True)]
        terms = {"time": time, "prediction": _mean_difference(found, wanted), "features": torch.zeros_like(time)}
        return torch.stack([terms[name] for name in self.TERMS], -1), torch.stack(by_layer, -1)

    def calibrate(self, estimates: Tensor, references: Tensor, weights: str = "value") -> Self:
        """Set the sizes to those that the terms and layers have, on average, on these pairs [pair, time].

        weights: "value": every term and layer has the same value there. "gradient": the gradient of every term by the
        estimate has the same norm, and so has that of every layer. After either the loss of these pairs is 1.
        Raises ValueError for other weights, and where a size is 0, as of pairs that are equal.
        Paper: silent; each layer by its mean loss is the rule of Germain et al. 2018, the gradient is ours.
        Chapter: codec_loss.
        """
        require_choice("weights", weights, WEIGHINGS)
        if weights == "gradient":
            return self._calibrate_by_gradient(estimates, references)
        with torch.no_grad():
            terms, layers = self.parts(estimates, references)
        return self.set_sizes(terms.mean(0), layers.mean(0))

    def set_sizes(self, terms: Tensor, layers: Tensor) -> Self:
        """Set the sizes [term] and [layer] by hand; that of the features counts after the division of the layers.

        The features may be left 0, as `parts` does: then their size is 1. Raises ValueError for other sizes that are not
        above 0.
        """
        terms = torch.where(self._is_features & (terms == 0), 1.0, terms)
        for name, sizes in (("terms", terms), ("layers", layers)):
            if not (torch.isfinite(sizes).all() and (sizes > 0).all()):
                raise ValueError(
                    f"The sizes of the {name} must be above 0; found {sizes.tolist()}. Pairs that are equal?"
                )
        self.layer_sizes.copy_(layers)
        self.sizes.copy_(terms)
        return self

    @torch.enable_grad()
    def _calibrate_by_gradient(self, estimates: Tensor, references: Tensor) -> Self:
        """Each layer and term by the norm of its gradient; all by one factor more, which makes the loss of the pairs 1."""
        leaf = estimates.detach().requires_grad_()
        terms, layers = self.parts(leaf, references)
        self.set_sizes(torch.ones_like(self.sizes), _pulls(layers, leaf))
        terms = self._sized(terms, layers)
        self.set_sizes(_pulls(terms, leaf), self.layer_sizes)
        chosen = [self.TERMS.index(name) for name in self.terms]
        self.sizes.mul_((terms.detach() / self.sizes).mean(0)[chosen].mean())
        return self

    @property
    def _is_features(self) -> Tensor:
        """Which of the terms [term] are the features."""
        return torch.tensor([name == "features" for name in self.TERMS], device=self.sizes.device)

    def _sized(self, terms: Tensor, layers: Tensor) -> Tensor:
        """The terms [signal, term] divided by their sizes, the features of the layers by theirs among them."""
        features = (layers / self.layer_sizes).mean(-1, keepdim=True)
        return torch.where(self._is_features, features, terms) / self.sizes

    def _total(self, terms: Tensor, layers: Tensor) -> Tensor:
        """Loss of each signal [signal] from its terms and layers."""
        sized = self._sized(terms, layers).unbind(-1)
        return torch.stack([sized[self.TERMS.index(name)] for name in self.terms]).mean(0)

    def _domain(self, waveform: Tensor) -> Tensor:
        frames = max(1, -(-(waveform.shape[-1] - FRAME) // HOP) + 1)
        whole = -(-frames // FRAMES_STEP) * FRAMES_STEP
        missing = FRAME + HOP * (whole - 1) - waveform.shape[-1]
        return magnitude_spectrogram(nn.functional.pad(waveform, (0, missing)))

    def extra_repr(self) -> str:
        """The options, for people."""
        return f"sample_rate={self.sample_rate}, terms={self.terms}, reduction={self.reduction!r}"


class TimeCodecLoss(CodecLoss):
    """The sister that works on waveforms: what a codec would leave of them, and the network's activations.

    network: a trained TimeUNet. Signals are filled up with silence to a multiple of 256 samples.
    Paper: Ananthabhotla et al. 2019, Eq. 4. Chapter: codec_loss.
    """

    NETWORK = "time"
    TERMS = ("prediction", "features")

    def _domain(self, waveform: Tensor) -> Tensor:
        return nn.functional.pad(waveform, (0, -waveform.shape[-1] % DECIMATION))


class FrequencyAwareCodecLoss(CodecLoss):
    """CodecLoss with our stronger variant of the network, which knows the frequency of what it sees.

    Chapter: codec_loss.
    """

    NETWORK = "frequency_aware"


class MagnitudeLoss(Loss):
    """L1 of waveforms plus L1 of magnitude spectrograms, each divided by its size on the pairs of `calibrate`.

    The paper's baseline with spectrograms but without a codec. Signals [..., time] of 1024 samples or more.
    reduction: "mean", "sum" or "none" over the leading axes.   check: see `audio.loss.Loss`.
    Paper: Ananthabhotla et al. 2019, Eq. 2. Chapter: codec_loss.
    """

    sizes: Tensor

    def __init__(self, reduction: Reduction = "mean", sample_rate: int = SAMPLE_RATE, check: bool = True) -> None:
        super().__init__(sample_rate, reduction, check)
        _require_rate(self.sample_rate)
        self.register_buffer("sizes", torch.ones(2, dtype=torch.float32))

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1] at 16 kHz. Raises ValueError."""
        value = (self.parts(estimate, reference, sample_rate) / self.sizes).mean(-1).reshape(estimate.shape[:-1])
        return self._reduced(value)

    def parts(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """The two terms [signal, (waveform, magnitudes)] before any weight."""
        self._require(estimate, reference, sample_rate)
        _require_frame(reference)
        with torch.autocast(estimate.device.type, enabled=False):  # a loss compares small differences
            ours, theirs = (x.reshape(-1, x.shape[-1]).to(self.sizes.dtype) for x in (estimate, reference))
            magnitudes = _mean_difference(magnitude_spectrogram(ours), magnitude_spectrogram(theirs))
            return torch.stack([_mean_difference(ours, theirs), magnitudes], -1)

    @torch.no_grad()
    def calibrate(self, estimates: Tensor, references: Tensor) -> Self:
        """Set the sizes to those that the two terms have, on average, on these pairs [pair, time]."""
        self.sizes.copy_(self.parts(estimates, references).mean(0).clamp_min(1e-12))
        return self


LOSSES = {"spectrogram": CodecLoss, "frequency_aware": FrequencyAwareCodecLoss, "time": TimeCodecLoss}


def _require_rate(sample_rate: int) -> None:
    if sample_rate != SAMPLE_RATE:
        raise ValueError(
            f"The codec losses are made for {SAMPLE_RATE} Hz; the signals have {sample_rate} Hz. Resample them."
        )


def _require_frame(reference: Tensor) -> None:
    if reference.shape[-1] < FRAME:
        raise ValueError(f"The codec losses need at least {FRAME} samples; found {reference.shape[-1]}.")


def _mean_difference(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference of each signal [signal] over all its other axes."""
    return (found - wanted).abs().flatten(1).mean(1)


def _pulls(parts: Tensor, leaf: Tensor) -> Tensor:
    """Norm of the gradient of each part [part] by a signal's samples, mean over signals; parts: [signal, part]."""
    gradients = [torch.autograd.grad(part.sum(), leaf, retain_graph=True)[0] for part in parts.unbind(-1)]
    return torch.stack([gradient.norm(dim=-1).mean() for gradient in gradients])
