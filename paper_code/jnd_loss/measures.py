"""What the JND metric is compared with: measures of how far a sound is from its reference, all as distances.

A quality (PESQ, STOI, ViSQOL) counts with a minus sign, so that more is always farther. Losses of other chapters join
by `of_losses`, trained metrics by `of_metrics`.
"""

import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from paper_code.audio.clips import Clip, resample
from paper_code.jnd_loss import weights
from paper_code.jnd_loss.embeddings import (
    OPENL3_RATE,
    openl3_distance,
    openl3_package,
    vggish_distance,
    vggish_file,
)
from paper_code.jnd_loss.loss import RELEASED, JNDLoss
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.spectral import log_spectral_distance
from paper_code.metrics.speech_quality import wideband_pesq

Distance = Callable[[Tensor, Tensor, int], float]  # estimate [time], reference [time], sample rate (Hz)
SPEECH_RATE = 16000
VISQOL_LACKS = "it is not installed: python -m pip install -e '.[visqol]'"
WEIGHTS_LACK = "its weights do not come with this book"


@dataclass(frozen=True)
class Measure:
    """One measure. title: for people.   kind: "JND metric", "embedding", "conventional" or "loss".

    distance: of two sounds.   sample_rate: Hz, what it is made for; None takes a sound at the rate it has.
    lacks: why it cannot be computed here, else "".
    """

    title: str
    kind: str
    distance: Distance
    sample_rate: int | None = None
    lacks: str = ""

    def of(self, estimate: Clip, reference: Clip) -> float:
        """The distance of two clips of one length, both brought to the measure's rate; NaN where it is not defined.

        Raises ValueError for clips of different rates or lengths, and for a measure that cannot be computed here.
        """
        if self.lacks:
            raise ValueError(f"{self.title} cannot be computed here: {self.lacks}.")
        if estimate.sample_rate != reference.sample_rate:
            raise ValueError(
                f"Wanted two clips of one rate; found {estimate.sample_rate} and {reference.sample_rate} Hz."
            )
        rate = self.sample_rate or reference.sample_rate
        with torch.no_grad():
            return self.distance(*(resample(clip, rate).waveform for clip in (estimate, reference)), rate)


def released() -> dict[str, Measure]:
    """The four metrics of the paper with the weights of its authors, the recommended one first."""
    return of_metrics({f"released_{name}": JNDLoss.released(name) for name in RELEASED})


def own() -> dict[str, Measure]:
    """Our own metric that is fit for use; empty where its weights are not here."""
    here = [name for name in weights.OWN if weights.own_metric(name).is_file()]
    return of_metrics({name: JNDLoss.released(name) for name in here})


def of_metrics(metrics: Mapping[str, nn.Module], titles: Mapping[str, str] | None = None) -> dict[str, Measure]:
    """Name -> measure of each trained metric; the title is the name in words where none is given."""
    return _of(metrics, titles, "JND metric")


def of_losses(losses: Mapping[str, nn.Module], titles: Mapping[str, str] | None = None) -> dict[str, Measure]:
    """Name -> measure of each loss, a module with a sample rate, called with (estimate, reference)."""
    return _of(losses, titles, "loss")


def conventional() -> dict[str, Measure]:
    """What the paper's Table 2 calls conventional, and the simplest spectral distance. Chapter: jnd_loss."""
    lacks = "" if _has_visqol() else VISQOL_LACKS
    return {
        "l1": Measure("L1 of waveforms", "conventional", _l1),
        "mse": Measure("MSE of waveforms", "conventional", _mse),
        "log_spectral": Measure("log-spectral distance", "conventional", _log_spectral),
        "pesq": Measure("PESQ, wide band", "conventional", _pesq, SPEECH_RATE),
        "stoi": Measure("STOI", "conventional", _stoi, SPEECH_RATE),
        "visqol": Measure("ViSQOL, speech", "conventional", _visqol, SPEECH_RATE, lacks),
    }


def embeddings() -> dict[str, Measure]:
    """The paper's two embeddings of general sound, which lack something here until who has it brings it: see there."""
    vggish = "" if vggish_file() else WEIGHTS_LACK
    openl3 = "" if openl3_package() else WEIGHTS_LACK
    return {
        "vggish": Measure("VGGish", "embedding", vggish_distance, SPEECH_RATE, vggish),
        "openl3": Measure("OpenL3", "embedding", openl3_distance, OPENL3_RATE, openl3),
    }


def _of(modules: Mapping[str, nn.Module], titles: Mapping[str, str] | None, kind: str) -> dict[str, Measure]:
    def measure(name: str, module: nn.Module) -> Measure:
        def distance(estimate: Tensor, reference: Tensor, _: int) -> float:
            return float(module(estimate.unsqueeze(0), reference.unsqueeze(0)))

        return Measure((titles or {}).get(name, name.replace("_", " ")), kind, distance, module.sample_rate)

    return {name: measure(name, module) for name, module in modules.items()}


def _l1(estimate: Tensor, reference: Tensor, _: int) -> float:
    return float((estimate - reference).abs().mean())


def _mse(estimate: Tensor, reference: Tensor, _: int) -> float:
    return float((estimate - reference).square().mean())


def _log_spectral(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    return float(log_spectral_distance(estimate, reference, sample_rate))


def _pesq(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    return -wideband_pesq(estimate, reference, sample_rate)


def _stoi(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    return -short_time_intelligibility(estimate, reference, sample_rate)


def _visqol(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """ViSQOL wants both sounds louder than silence; without the lattice its speech scores are 1 to 2 points too high."""
    if not (estimate.any() and reference.any()):
        return math.nan
    signals = (signal.double().numpy() for signal in (reference, estimate))
    return -float(_visqol_of_speech().measure_from_arrays(*signals, sample_rate=sample_rate).moslqo)


def _has_visqol() -> bool:
    return all(importlib.util.find_spec(name) for name in ("visqol", "ai_edge_litert"))


@cache
def _visqol_of_speech() -> object:
    from visqol import VisqolApi  # here and not above: it is an extra

    visqol = VisqolApi()
    visqol.create(mode="speech")
    return visqol
