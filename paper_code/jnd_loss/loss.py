"""The JND loss: how far apart two sounds are for a network that learned from what people can just hear."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from paper_code.audio.loss import FrozenNetworkLoss, Reduction
from paper_code.audio.signals import as_whole, require_choice
from paper_code.jnd_loss import weights
from paper_code.jnd_loss.networks import DIFFERENT, LAYERS, JNDNetwork

SAMPLE_RATE = 22050  # of the sounds that the released networks learned from
SAMPLES_AT_ONCE = (
    2**16
)  # on a CPU: the activations of more do not stay in its cache, and a pair takes three times as long
RELEASED = ("scratch", "linear", "finetune", "pre")


class JNDLoss(FrozenNetworkLoss):
    """The sum over layers of how far apart two sounds are in a network's activations.

    network: a trained JNDNetwork; it is frozen and in evaluation mode. layer_weights: what each layer's distance is
    multiplied by, 14 numbers; without them every layer counts once, as in the paper. reduction: "mean", "sum" or "none"
    over the leading axes. sample_rate: Hz, that of the sounds the network learned from. check, network_in_state: see
    `audio.loss`.

    A distance does not depend on the other pairs of a batch: a network that normalises over the batch is refused.
    Paper: Manocha et al. 2020, §2.2. Chapter: jnd_loss.
    """

    layer_weights: Tensor

    def __init__(
        self,
        network: JNDNetwork,
        layer_weights: Sequence[float] | None = None,
        reduction: Reduction = "mean",
        sample_rate: int = SAMPLE_RATE,
        check: bool = True,
        network_in_state: bool = False,
    ) -> None:
        super().__init__(network, sample_rate, reduction, check, network_in_state)
        require_choice("normalisation in a loss", network.features.normalisation, ("signal", "pair", "stored"))
        self.register_buffer("layer_weights", _layer_weights(layer_weights))

    @classmethod
    def released(
        cls,
        metric: Literal["scratch", "linear", "finetune", "pre", "fit_for_use"] = "scratch",
        normalisation: str | None = None,
        scale: float | None = None,
        sample_rate: int | None = None,
        **options: Any,
    ) -> Self:
        """The metric with released weights: four of the paper's authors, 22,050 Hz, and one of our own; works offline.

        metric: "scratch", all learned from judgements, the best of the paper's Table 2 and its recommended metric;
        "linear", weights of channels learned on a network trained to classify sounds; "finetune", that network learned
        further; "pre", that network with all weights of channels 1, which has no classifier. "fit_for_use" is of our own:
        16 kHz, both sounds of a pair normalised together, so that changes of level are heard.
        normalisation: "signal" gives the released values, "stored" uses the mean and variance in the checkpoints; without
        one, as the metric was released. scale: that of the waveform in the network, 32768 without one.
        sample_rate: Hz, must be the metric's. options: layer_weights, reduction, check,
        network_in_state.
        Raises ValueError for another metric or rate, WeightsError where a file is missing or damaged.
        """
        require_choice("a released metric", metric, (*RELEASED, *weights.OWN))
        given = {"normalisation": normalisation, "scale": scale}
        given = {name: value for name, value in given.items() if value is not None}
        if metric in weights.OWN:
            network, rate = weights.load_own_metric(metric, **given)
        else:
            file, rate = weights.released_metric("linear" if metric == "pre" else metric), SAMPLE_RATE
            network = weights.load_metric(file, **given)
        _require_rate(rate if sample_rate is None else as_whole("sample_rate", sample_rate), rate)
        return cls(_unweighted(network) if metric == "pre" else network, sample_rate=rate, **options)

    def forward(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """Distance of an estimate from a reference, both [..., time] in [-1, 1] at `self.sample_rate`.

        sample_rate: if given, must be the loss's. Raises ValueError on other rates, unequal or empty shapes and
        non-finite signals. The loss computes in its own precision: float32, or float64 after `.double()`.
        """
        value = (self.layer_distances(estimate, reference, sample_rate) * self.layer_weights).sum(-1)
        return self._reduced(value)

    def layer_distances(self, estimate: Tensor, reference: Tensor, sample_rate: int | None = None) -> Tensor:
        """The distance of each layer [..., layer] before its weight; arguments and errors as in `forward`."""
        self._require(estimate, reference, sample_rate)
        with torch.autocast(estimate.device.type, enabled=False):  # a loss compares small differences
            ours, theirs = (x.reshape(-1, x.shape[-1]).to(self.layer_weights.dtype) for x in (estimate, reference))
            slices = zip(*(x.split(_pairs_at_once(x)) for x in (ours, theirs)), strict=True)
            distances = [self.network.layer_distances(*pairs) for pairs in slices]
        return torch.cat(distances).reshape(*estimate.shape[:-1], LAYERS)

    @torch.no_grad()
    def share_hearing_a_difference(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """The predicted share of people who say that two sounds [..., time] differ, [...] from 0 to 1.

        Of the released classifiers that of "scratch" says 22 % of any pair, because it answers only to numbers above 1
        and a sigmoid gives none; that of "linear" falls again for large distances. Use the distance.
        Raises ValueError as `forward` does, and where the network has no classifier. Chapter: jnd_loss.
        """
        if self.network.classifier is None:
            raise ValueError("This network never learned from judgements, so it has no classifier.")
        distances = self.layer_distances(estimate, reference)
        return self.network.logits(distances).softmax(-1)[..., DIFFERENT]

    def extra_repr(self) -> str:
        """The options, for people."""
        return f"sample_rate={self.sample_rate}, reduction={self.reduction!r}"


def _unweighted(network: JNDNetwork) -> JNDNetwork:
    """A network as it was before it learned from judgements: every channel counts once, and there is no classifier."""
    for channel_weights in network.channel_weights:
        nn.init.ones_(channel_weights)
    network.classifier = None
    return network


def _pairs_at_once(waveforms: Tensor) -> int:
    """How many waveforms of [batch, time] go through the network together; pairs do not depend on each other."""
    return max(1, SAMPLES_AT_ONCE // waveforms.shape[-1]) if waveforms.device.type == "cpu" else len(waveforms)


def _layer_weights(given: Sequence[float] | None) -> Tensor:
    found = torch.tensor([1.0] * LAYERS if given is None else given, dtype=torch.float32)
    if found.shape != (LAYERS,) or not (found.isfinite() & (found >= 0)).all():
        raise ValueError(f"layer_weights are {LAYERS} finite numbers of at least 0; found {given}.")
    return found


def _require_rate(found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(
            f"This JND loss is made for {wanted} Hz; the signals have {found} Hz. Resample them: its network hears "
            "other frequencies at another rate."
        )
