"""What a trained scoring network is worth: its accuracy beside floors, its masks, and what it listens to."""

from pathlib import Path

import torch
from torch import Tensor

from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS
from paper_code.timbre_loss import stimuli
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.networks import ScoringNetwork, parameters
from paper_code.timbre_loss.weights import kept


def evaluate(config: TimbreConfig, folder: Path) -> None:
    """Measure the networks that the training left; writes metrics.json and arrays.npz."""
    networks = kept(folder)
    held_out = stimuli.held_out_phrases(config.pair, config.seed, config.tests, config.synthetic)
    metrics: dict[str, object] = {"parameters": parameters(networks["network"])}
    metrics["accuracy"] = {name: accuracy(network, held_out.spectrograms) for name, network in networks.items()}
    write_arrays(folder / ARRAYS, {"scores": scores(networks["network"], held_out.spectrograms).numpy()})
    write_json(folder / METRICS, metrics)


@torch.no_grad()
def scores(network: ScoringNetwork, spectrograms: Tensor) -> Tensor:
    """Scores [melody, class] of spectrograms [melody, class, 257, frame]."""
    return torch.stack([network(pair) for pair in spectrograms])


def accuracy(network: ScoringNetwork, spectrograms: Tensor) -> float:
    """Share of phrases [melody, class, 257, frame] on the right side of 0.5."""
    found = scores(network, spectrograms) > 0.5
    return float((found == torch.tensor([False, True])).float().mean())
