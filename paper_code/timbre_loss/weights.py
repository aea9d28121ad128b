"""Scoring networks as files: the kind, the names of their tensors, and a network from them."""

from collections.abc import Mapping
from pathlib import Path

import torch

from paper_code.lab import weights
from paper_code.timbre_loss.networks import ScoringNetwork

FIRST, SECOND = "network", "judge"  # of a run; the second judges the masks of the first
KIND = weights.Kind(
    "timbre_loss",
    "scoring network",
    "It comes with the repository; `python -m paper_code.timbre_loss.release` makes it again from a trained network.",
)


def named(network: ScoringNetwork, name: str = FIRST) -> dict[str, torch.Tensor]:
    """A network's weights as they are called in files."""
    return {f"{name}.{key}": value for key, value in network.state_dict().items()}


def network(tensors: Mapping[str, torch.Tensor], name: str = FIRST) -> ScoringNetwork:
    """The network of that name from a file's tensors, ready to score."""
    state = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
    width = len(state["blocks.0.0.weight"])
    made = ScoringNetwork(width, rows=state["linear.weight"].shape[1] > 4 * width)
    made.load_state_dict(state)
    return made.eval()


def released(name: str = "cellos") -> tuple[ScoringNetwork, dict[str, object]]:
    """The released network of a pair, and what its file says of itself. Raises WeightsError."""
    tensors, about = weights.read(KIND.released(name), KIND)
    return network(tensors), about


def kept(folder: Path) -> dict[str, ScoringNetwork]:
    """The networks that a training has left, by name. Raises WeightsError."""
    tensors = weights.kept(folder, KIND)
    return {name: network(tensors, name) for name in (FIRST, SECOND) if any(key.startswith(name) for key in tensors)}
