"""What is measured of a denoised sound, four groups by difficulty, and predictions of which of two sounds is preferred.

A measure is a number for an utterance. A prediction says that the sound which a measure finds nearer to the clean one is
the preferred one; nobody was asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from paper_code.jnd_loss.enhancement import losses
from paper_code.jnd_loss.enhancement.stimuli import SAMPLE_RATE
from paper_code.listeners.inference import bootstrap_interval
from paper_code.metrics.distortion import scale_invariant_snr
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.speech_quality import wideband_pesq

GROUPS = ("hardest", "harder", "easier", "easiest")  # quarters of the utterances, from the most noise to the least
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """title, unit: for people. digits: it is written with. better: 1 where more is better, -1 where less is."""

    title: str
    unit: str
    digits: int
    better: int
    of: Callable[[Tensor, Tensor], float]


@cache
def _loss(name: str) -> torch.nn.Module:
    return losses.loss(name)


def _distance(name: str) -> Callable[[Tensor, Tensor], float]:
    @torch.no_grad()
    def of(estimate: Tensor, clean: Tensor) -> float:
        return float(_loss(name)(estimate, clean))

    return of


def _level(estimate: Tensor, clean: Tensor) -> float:
    power = [max(float(signal.square().sum()), 1e-20) for signal in (estimate, clean)]
    return float(10 * np.log10(power[0] / power[1]))


MEASURES: Mapping[str, Measure] = {
    "pesq": Measure("PESQ", "MOS (predicted)", 2, 1, lambda e, c: wideband_pesq(e, c, SAMPLE_RATE)),
    "stoi": Measure("STOI", "", 3, 1, lambda e, c: short_time_intelligibility(e, c, SAMPLE_RATE)),
    "si_snr": Measure("SI-SNR", "dB", 1, 1, lambda e, c: float(scale_invariant_snr(e, c))),
    "jnd": Measure("JND distance", "", 2, -1, _distance("jnd")),
    "deep": Measure("deep-feature distance", "", 2, -1, _distance("deep")),
    "l1": Measure("L1 distance", "", 4, -1, _distance("l1")),
    "level": Measure("level above the clean speech", "dB", 1, 1, _level),
}
PREDICTORS = ("pesq", "stoi", "si_snr", "jnd", "deep")  # that predict a preference


def measured(estimate: Tensor, clean: Tensor) -> dict[str, float]:
    """Every measure of one sound [time] against the clean one; NaN where it is not defined."""
    return {name: measure.of(estimate, clean) for name, measure in MEASURES.items()}


def groups(snr: Sequence[float]) -> dict[str, NDArray[np.int64]]:
    """Group -> which utterances it has, for their ratios of speech to noise (dB): as equal in number as they can be."""
    order = np.argsort(np.asarray(snr), kind="stable")
    return dict(zip(GROUPS, np.array_split(order, len(GROUPS)), strict=True))


def preferred(ours: Sequence[float], theirs: Sequence[float], better: int) -> Floats:
    """Of each utterance 1 where ours is predicted to be preferred, 0 where theirs is, 0.5 for a tie; NaN if undefined."""
    difference = better * (np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    return np.where(np.isnan(difference), np.nan, 0.5 + 0.5 * np.sign(difference))


@dataclass(frozen=True)
class Mean:
    """A mean over utterances with its 95 % interval from a bootstrap of them. count: utterances."""

    mean: float
    low: float
    high: float
    count: int


def mean(values: Sequence[float] | Floats) -> Mean:
    """The mean of those values that are defined; NaN where none is."""
    finite = [float(value) for value in np.asarray(values, dtype=float) if np.isfinite(value)]
    if not finite:
        return Mean(np.nan, np.nan, np.nan, 0)
    if np.ptp(finite) == 0:  # a bootstrap of equal numbers has no spread
        return Mean(finite[0], finite[0], finite[0], len(finite))
    return Mean(float(np.mean(finite)), *bootstrap_interval(finite), len(finite))


def share(values: Floats) -> Mean:
    """The mean of `preferred` values with Wilson's 95 % interval: a bootstrap of a few equal answers would have none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Mean(np.nan, np.nan, np.nan, 0)
    ends = stats.binomtest(round(finite.sum()), len(finite)).proportion_ci(method="wilson")
    return Mean(float(finite.mean()), float(ends.low), float(ends.high), len(finite))
