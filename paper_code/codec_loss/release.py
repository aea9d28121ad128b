"""Makes data/weights from trained loss networks: python -m paper_code.codec_loss.release RESULT_FOLDER [...].

A result folder is one of network_spectrogram, network_frequency_aware or network_time with its weights.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from paper_code.audio.terminal import ended
from paper_code.codec_loss import stimuli
from paper_code.codec_loss.building import loss_network
from paper_code.codec_loss.configs import LossNetworkConfig
from paper_code.codec_loss.loss import LOSSES
from paper_code.codec_loss.networks import PATCH
from paper_code.codec_loss.weights import kept, released, save
from paper_code.lab.store import load
from paper_code.lab.weights import WEIGHTS, command

PAIRS = 16
NOISE = 20.0  # dB of signal over the noise of the pairs that the loss's terms are weighed on


def release(folder: Path) -> Path:
    """Write the network of a result folder, with the sizes of its loss's terms, into data/weights.

    Raises WeightsError where the folder holds no weights.
    """
    found = load(folder, "codec_loss")
    config = LossNetworkConfig.from_dict(found.config)
    network = loss_network(config)
    network.load_state_dict(kept(folder / WEIGHTS))
    loss = LOSSES[config.network](network)
    reference = _references(config)
    loss.calibrate(with_noise(reference), reference)
    about = {
        "network": config.network,
        "filters": config.filters,
        "log_factor": config.log_factor,
        "codec": config.real_codec().key,
        "config_hash": config.hash,
        "profile": config.profile,
        "code": found.trained["code"]["commit"],
    }
    return save(released(config.network), network, {"sizes": loss.sizes, "layer_sizes": loss.layer_sizes}, about)


def with_noise(sounds: Tensor, decibels: float = NOISE) -> Tensor:
    """Sounds [sound, time] with white noise `decibels` under each: the pairs that the terms are weighed on."""
    noise = torch.randn(sounds.shape, generator=torch.Generator().manual_seed(0))
    return sounds + noise * sounds.std(-1, keepdim=True) * 10 ** (-decibels / 20)


def _references(config: LossNetworkConfig) -> Tensor:
    unseen = stimuli.material("validation", config.real_codec(), synthetic=config.synthetic, progress=False)
    starts = unseen.regular(PATCH)
    (sounds,) = unseen.at(starts[:: max(1, len(starts) // PAIRS)], PATCH, "original")
    return sounds


if __name__ == "__main__":
    sys.exit(ended(lambda: command(release, __doc__)))
