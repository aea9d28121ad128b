"""The three losses of the comparison, for speech at 16 kHz."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchaudio.transforms import Resample

from paper_code.jnd_loss.denoiser import SAMPLE_RATE
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.jnd_loss.networks import LAYERS

DEEP_LAYERS = 6  # of the classifier's layers that Germain et al. compare


class WaveformLoss(nn.Module):
    """The mean absolute difference of two waveforms [..., time]: L1."""

    def forward(self, estimate: Tensor, clean: Tensor) -> Tensor:
        """The loss, one number."""
        return (estimate - clean).abs().mean()


class FeatureLoss(nn.Module):
    """How far apart two sounds are for a network that hears at another rate than ours.

    metric: a JNDLoss; what it is given is first resampled to its rate. layers: how many of its layers count; all together
    are the paper's loss for enhancement: "losses from all 14 layers ... and add them".
    Paper: Manocha et al. 2020, §4.2. Chapter: jnd_denoiser.
    """

    layer_weights: Tensor

    def __init__(self, metric: JNDLoss, layers: int = LAYERS) -> None:
        super().__init__()
        self.metric = metric
        self.resample = Resample(SAMPLE_RATE, metric.sample_rate)
        self.register_buffer("layer_weights", torch.cat([torch.ones(layers), torch.zeros(LAYERS - layers)]))

    def train(self, mode: bool = True) -> "FeatureLoss":
        """Does nothing: a loss stays in evaluation mode."""
        return super().train(False)

    def layer_distances(self, estimate: Tensor, clean: Tensor) -> Tensor:
        """The distance of each layer [..., layer] before its weight, for sounds [..., time] at 16 kHz."""
        return self.metric.layer_distances(self.resample(estimate), self.resample(clean))

    def forward(self, estimate: Tensor, clean: Tensor) -> Tensor:
        """The loss, one number."""
        return (self.layer_distances(estimate, clean) * self.layer_weights).sum(-1).mean()

    def weigh(self, layer_means: Sequence[float] | Tensor) -> None:
        """From now on, divide each layer that counts by a mean of its distance, so that all count alike.

        Paper: Germain et al. 2018, §3, who take the means over the epochs before. Chapter: jnd_denoiser.
        """
        means = torch.as_tensor(layer_means, dtype=torch.float32, device=self.layer_weights.device)
        self.layer_weights = (self.layer_weights > 0) / means.clamp_min(1e-8)


def loss(name: str) -> nn.Module:
    """The loss of a name: "l1", "deep" (the first six layers of a network that learned to classify sounds) or "jnd"."""
    if name == "l1":
        return WaveformLoss()
    return FeatureLoss(JNDLoss.released("pre"), DEEP_LAYERS) if name == "deep" else FeatureLoss(JNDLoss.released())
