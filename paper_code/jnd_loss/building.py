"""What a config asks for: its network, and the sounds of a side."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from paper_code.jnd_loss import stimuli
from paper_code.jnd_loss.configs import JudgedConfig, MetricConfig
from paper_code.jnd_loss.networks import JNDNetwork


def pairs(config: JudgedConfig, side: str, progress: bool = False) -> stimuli.Pairs:
    """The judgements of a side with their sounds; see stimuli.pairs."""
    return stimuli.pairs(side, config.seconds, config.most, config.synthetic, progress)


def untrained(config: MetricConfig) -> JNDNetwork:
    """The network of a config before it learns: the runs of a seed start alike."""
    torch.manual_seed(config.seed)
    return JNDNetwork(**config.network_options)


def trained(config: MetricConfig, state: Mapping[str, Tensor], normalisation: str) -> JNDNetwork:
    """The network of a config with what it learned, in evaluation mode."""
    network = JNDNetwork(**{**config.network_options, "normalisation": normalisation})
    if config.learned == "nothing":
        unweighted(network)
    network.load_state_dict(state)
    return network.eval()


def unweighted(network: JNDNetwork) -> JNDNetwork:
    """A network that never saw a judgement: every channel counts once, and there is no classifier."""
    for channel_weights in network.channel_weights:
        nn.init.ones_(channel_weights)
    network.classifier = None
    return network
