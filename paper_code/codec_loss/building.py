"""What a config asks for: its network, untrained, and the sounds it learns from."""

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.codec_loss import stimuli
from paper_code.codec_loss.configs import FILTER_PATCHES, LossNetworkConfig, ModelConfig, TrainingConfig
from paper_code.codec_loss.networks import NETWORKS, PATCH, EncoderNetwork, TimeUNet, magnitude_spectrogram
from paper_code.lab.material import Material


def loss_network(config: LossNetworkConfig) -> nn.Module:
    """The untrained network of a config."""
    if config.network == "time":
        return TimeUNet(config.filters)
    return NETWORKS[config.network](config.filters, config.log_factor)


def autoencoder(config: ModelConfig) -> EncoderNetwork:
    """The untrained autoencoder: all models of a seed and a band start from the same weights."""
    torch.manual_seed(config.seed)
    return EncoderNetwork(config.filters, config.bottleneck, config.cutoff)


def material(config: TrainingConfig, side: str, progress: bool = False) -> Material:
    """The prepared recordings of a side; those of the training in several versions. See stimuli.material."""
    versions = config.versions if side == "train" else 1
    return stimuli.material(side, config.real_codec(), versions, synthetic=config.synthetic, progress=progress)


def training_patches(config: LossNetworkConfig) -> tuple[Tensor, Tensor]:
    """Magnitudes [patch, bin, frame] of some of the training material, original and coded."""
    generator = np.random.default_rng(config.seed)
    count = min(FILTER_PATCHES, config.most_patches)
    pair = material(config, "train").random(generator, count, PATCH, "original", "coded")
    return magnitude_spectrogram(pair[0]), magnitude_spectrogram(pair[1])
