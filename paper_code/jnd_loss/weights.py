"""The released networks as files: those of the paper's authors, the denoiser it is compared with, and one of our own.

They are in data/weights; `paper_code.jnd_loss.release` makes them from the authors' checkpoints, `own_release` from a
result of ours.
"""

from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from paper_code.audio.signals import require_choice
from paper_code.jnd_loss.denoiser import Denoiser
from paper_code.jnd_loss.networks import JNDNetwork
from paper_code.lab import weights
from paper_code.lab.weights import Kind, WeightsError

METRICS = ("scratch", "linear", "finetune")
OWN = ("fit_for_use",)
DENOISERS = ("manocha", "germain")
_REMEDY = (
    "It comes with the repository; `python -m paper_code.jnd_loss.release FOLDER` makes it again (ours: own_release)."
)
METRIC = Kind("jnd_loss", "JND metric", _REMEDY)
DENOISER = Kind("jnd_loss_denoiser", "denoiser of the JND chapter", _REMEDY)
Network = TypeVar("Network", bound=nn.Module)


def released_metric(name: str) -> Path:
    """The file of a released metric: "scratch", "linear" or "finetune". Raises ValueError."""
    require_choice("a released metric", name, METRICS)
    return METRIC.released(f"released_{name}")


def own_metric(name: str) -> Path:
    """The file of a metric that was trained here: "fit_for_use". Raises ValueError."""
    require_choice("a metric of our own", name, OWN)
    return METRIC.released(name)


def released_denoiser(name: str) -> Path:
    """The file of a released denoiser: "manocha" or "germain". Raises ValueError."""
    require_choice("a released denoiser", name, DENOISERS)
    return DENOISER.released(f"released_{name}")


def save(file: Path, kind: Kind, network: nn.Module, about: dict[str, Any]) -> Path:
    """Write a network as it is, with what the file says of itself. Raises OutputError."""
    return weights.save(file, kind, network.state_dict(), about)


def load_metric(file: Path, **options: Any) -> JNDNetwork:
    """The metric's network in a file. options: those of JNDNetwork. Raises WeightsError."""
    return _load(file, METRIC, JNDNetwork(**options))


def load_own_metric(name: str, **options: Any) -> tuple[JNDNetwork, int]:
    """A metric that was trained here, and its rate in Hz. options: as in load_metric, else as it was trained.

    Raises WeightsError.
    """
    _, about = weights.read(own_metric(name), METRIC)
    trained = {option: about[option] for option in ("normalisation", "classifier_input")}
    return load_metric(own_metric(name), **{**trained, **options}), about["sample_rate"]


def load_denoiser(file: Path) -> Denoiser:
    """The denoiser in a file. Raises WeightsError."""
    return _load(file, DENOISER, Denoiser())


def _load(file: Path, kind: Kind, network: Network) -> Network:
    tensors, _ = weights.read(file, kind)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{file.name} lacks what a {kind.title} needs ({reason}): fetch it again.") from error
    return network.eval()
