"""Everything that makes speech of noisy speech, by name: what needs no training, the released denoisers, and ours."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from paper_code.audio.signals import require_choice
from paper_code.jnd_loss import weights as released_weights
from paper_code.jnd_loss.denoiser import Denoiser
from paper_code.jnd_loss.enhancement import building, spectral
from paper_code.jnd_loss.enhancement.configs import LOSSES, UNTRAINED
from paper_code.lab import weights

NOISY, ENHANCED = "noisy", "cmgan"  # nothing done; and what a much later network made of the test set
FLOORS = (NOISY, *spectral.GAINS)
RELEASED = ("germain", "manocha")
TITLES = {
    NOISY: "noisy, nothing done",
    "wiener": "Wiener filter",
    "logmmse": "log-MMSE",
    "germain": "Germain, released",
    "manocha": "Manocha, released",
    ENHANCED: "CMGAN (2022)",
    UNTRAINED: "untrained",
    "l1": "ours, L1",
    "deep": "ours, deep features",
    "jnd": "ours, JND",
}
COMMANDS = ("germain", "manocha", *LOSSES, *spectral.GAINS)  # that a reader can use on a file

Method = Callable[[Tensor], Tensor]  # noisy speech [time] at 16 kHz -> speech [time]


def of_network(network: Denoiser) -> Method:
    """A denoiser's network as a method."""

    @torch.no_grad()
    def method(noisy: Tensor) -> Tensor:
        return network(noisy)

    return method


def of_gain(name: str) -> Method:
    """A gain of spectral.GAINS as a method."""
    return lambda noisy: spectral.denoise(noisy, name)


def method(name: str) -> Method:
    """A method by its name: one of FLOORS or of COMMANDS. Raises ValueError, WeightsError."""
    require_choice("a method", name, (NOISY, *COMMANDS))
    if name == NOISY:
        return lambda noisy: noisy
    return of_gain(name) if name in spectral.GAINS else of_network(network(name))


@cache
def network(name: str) -> Denoiser:
    """A released network: of RELEASED, or one that this book trained with a loss of LOSSES. Raises WeightsError."""
    if name in RELEASED:
        return released_weights.load_denoiser(released_weights.released_denoiser(name))
    return from_file(building.KIND.released(name))


def from_file(file: Path) -> Denoiser:
    """A denoiser of this book from its file. Raises WeightsError."""
    tensors, about = weights.read(file, building.KIND)
    return building.trained(about["channels"], about["start"], tensors)
