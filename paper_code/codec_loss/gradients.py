"""Where in a sound each model's loss pulls: the gradient of the loss, by the level of the cells it falls into."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from paper_code.codec_loss import coding
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import ModelConfig
from paper_code.codec_loss.networks import coded, complex_spectrogram, magnitude_spectrogram

LEVELS = (0.0, 20.0, 40.0, 60.0, 80.0)  # dB under the strongest cell of a sound: where a class of cells begins


def by_level(
    config: ModelConfig, sounds: Tensor, loss_of: nn.Module | None = None, levels: Sequence[float] = LEVELS
) -> Tensor:
    """Share of the gradient's energy in each class of cells, [class], mean over sounds [sound, time].

    The gradient is that of a loss by the output of the untrained autoencoder, as in the first step. loss_of: default
    that of the model. levels: dB under the strongest cell of the sound where a class begins, 0 first; the last class has
    no end. Sums to 1. Raises WeightsError where a loss network is missing. Chapter: codec_loss.
    """
    return shares(pull(config, sounds, loss_of), sounds, levels)


def pull(config: ModelConfig, sounds: Tensor, loss_of: nn.Module | None = None) -> Tensor:
    """The gradient [sound, time] of a loss by the output of the untrained autoencoder; see by_level."""
    network, loss_of = autoencoder(config), loss_of or coding.make_loss(config)
    output = coded(network, sounds).requires_grad_()
    coding.calibrate(loss_of, config.model, output.detach(), sounds)
    loss_of(output, sounds).backward()
    return output.grad


def shares(signals: Tensor, sounds: Tensor, levels: Sequence[float] = LEVELS) -> Tensor:
    """Share of the energy of signals [sound, time] in the cells of each class of the sounds [sound, time], [class]."""
    energy, magnitudes = complex_spectrogram(signals).abs().square(), magnitude_spectrogram(sounds)
    under = 20 * torch.log10(magnitudes.amax((-2, -1), keepdim=True) / magnitudes)
    classes = torch.bucketize(under, torch.tensor(levels[1:]), right=True)
    found = torch.stack([(energy * (classes == i)).sum((-2, -1)) for i in range(len(levels))], -1)
    return (found / found.sum(-1, keepdim=True)).nanmean(0)
