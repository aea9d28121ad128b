"""The timbre loss: a frozen scoring network says which of two instruments a sound is like."""

from typing import Self

import torch
from torch import Tensor

from paper_code.audio.loss import FrozenNetworkLoss, Reduction
from paper_code.audio.signals import as_number, as_whole, require_choice, require_waveforms
from paper_code.timbre_loss import masks, weights
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.spectrograms import log_spectrogram

SHORTEST = 4000  # samples, a quarter of a second


class TimbreLoss(FrozenNetworkLoss):
    """How far a sound is from a class of instrument, as a scoring network hears it.

    target=None: the square of score(estimate) - score(reference), which pulls the estimate towards the class of the
    reference. Only the reference's score counts, so the two need not be the same notes, nor aligned.
    target=0 or 1: the paper's objective with the reference as the input sound. The score of the estimate towards that
    class (0 there, 1 at the other class) + alpha * mean square + beta * variance of the dB by which the estimate's log
    spectrogram differs from the reference's. Equal signals are its minimum only as far as alpha outweighs the score.

    network: a trained ScoringNetwork; it is frozen and stays in evaluation mode. alpha, beta: per dB², for a target only.
    reduction: "mean", "sum" or "none" over the leading axes. Signals of a quarter of a second or more: the score is a
    mean over cells of some 0.3 s, and the network learned from 3 s of music. check, network_in_state: see `audio.loss`.
    Paper: Verma & Berger 2019, section III. Chapter: timbre_loss.
    """

    def __init__(
        self,
        network: ScoringNetwork,
        target: int | None = None,
        alpha: float = 0.0,
        beta: float = 0.0,
        sample_rate: int = SAMPLE_RATE,
        reduction: Reduction = "mean",
        check: bool = True,
        network_in_state: bool = False,
    ) -> None:
        super().__init__(network, sample_rate, reduction, check, network_in_state)
        target = None if target is None else as_whole("target", target)
        require_choice("target", target, (None, 0, 1))
        alpha, beta = as_number("alpha", alpha), as_number("beta", beta)
        _require_rate(self.sample_rate)
        if target is None and (alpha or beta):
            raise ValueError(
                "alpha and beta weigh how far the estimate departs from its input sound: they need a target (0 or 1). "
                "Without one the reference is another sound, which the estimate need not follow."
            )
        self.target, self.alpha, self.beta = target, alpha, beta

    @classmethod
    def pretrained(cls, pair: str = "cellos", **options: object) -> Self:
        """The loss with the released network of a pair: 0 is its first instrument, 1 its second. Works offline.

        options: those of the class. Raises WeightsError where no network of the pair is released.
        """
        return cls(weights.released(pair)[0], **options)

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Loss of an estimate against a reference, both [..., time] in [-1, 1] at 16 kHz.

        sample_rate: if given, must be 16000. Raises ValueError on other rates, unequal or empty shapes, too short and
        non-finite signals. The loss computes in its own precision: float32, or float64 after `.double()`.
        """
        self._require(estimate, reference, sample_rate)
        _require_length(estimate)
        with torch.autocast(estimate.device.type, enabled=False):
            value = self._values(self._spectrograms(estimate), self._spectrograms(reference))
        return self._reduced(value.reshape(estimate.shape[:-1]))

    def score(self, waveforms: Tensor) -> Tensor:
        """The network's score [...] of waveforms [..., time] at 16 kHz: 0 for the first class, 1 for the second."""
        require_waveforms(waveforms)
        return self.network(self._spectrograms(waveforms)).reshape(waveforms.shape[:-1])

    def _spectrograms(self, waveforms: Tensor) -> Tensor:
        return log_spectrogram(waveforms.reshape(-1, waveforms.shape[-1]).to(self.network.mean.dtype))

    def _values(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """The loss [signal] of spectrograms [signal, 257, frame] in dB."""
        if self.target is None:
            with torch.no_grad():
                wanted = self.network(theirs)
            return (self.network(ours) - wanted).square()
        return masks.objective(self._towards_target, theirs, ours - theirs, self.alpha, self.beta)

    def _towards_target(self, spectrograms: Tensor) -> Tensor:
        scores = self.network(spectrograms)
        return scores if self.target == 0 else 1 - scores

    def extra_repr(self) -> str:
        """The options, for people."""
        options = ("sample_rate", "target", "alpha", "beta", "reduction")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in options)


def _require_rate(sample_rate: int) -> None:
    if sample_rate != SAMPLE_RATE:
        raise ValueError(
            f"The timbre loss is made for {SAMPLE_RATE} Hz; the signals have {sample_rate} Hz. Resample them."
        )


def _require_length(estimate: Tensor) -> None:
    if estimate.shape[-1] < SHORTEST:
        raise ValueError(
            f"The timbre loss needs at least {SHORTEST} samples, {SHORTEST / SAMPLE_RATE:g} s: "
            f"less holds no more than the onset of a note, and no timbre; found {estimate.shape[-1]}."
        )
