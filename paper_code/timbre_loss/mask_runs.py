"""The masks of a run: learned in every way the chapter compares, measured, and the few that are kept to be seen and heard.

Chapter: timbre_loss
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.timbre_loss import mask_measures
from paper_code.timbre_loss import masks as masking
from paper_code.timbre_loss.mask_measures import Clips
from paper_code.timbre_loss.networks import ScoringNetwork

SHOWN = {"rectangles": 2, "squares": 2, "smoothed_within": 2, "gaussian": 1, "nothing": 1}  # clips kept of each
STEP = 0.25  # dB, of kept masks
WEIGHTS = (0.0, 5e-4, 2e-3, 8e-3, 3e-2)  # tried for alpha and for beta
SWEPT = 2  # clips
START = 1  # seed of the masks' starts


def fixed(clips: Clips, equaliser: Tensor, truth: Tensor | None) -> dict[str, Tensor]:
    """Masks that nothing was learned for, by name: none at all, the difference of long-term spectra, and the truth."""
    like = torch.zeros_like(clips.spectrograms)
    found = {"none": like, "equaliser": like + equaliser[:, None]}
    return found if truth is None else found | {"truth": like + truth[:, None]}


def learned(network: ScoringNetwork, clips: Clips, steps: int) -> dict[str, masking.Learned]:
    """Masks of every recipe of the chapter, by name."""
    return {
        name: masking.learn(network, clips.spectrograms, replace(recipe, steps=steps), START)
        for name, recipe in masking.RECIPES.items()
    }


def curves(masks: Mapping[str, Tensor], clips: Clips) -> dict[str, NDArray[np.float32]]:
    """Every mask as an equaliser, averaged over the clips: name -> [257] in dB."""
    powers = 10 ** (clips.spectrograms / 10)
    return {name: masking.along_frequency(mask, powers).mean(0).numpy() for name, mask in masks.items()}


def shown(found: Mapping[str, masking.Learned]) -> dict[str, NDArray[np.int8]]:
    """Masks before smoothing of the first clips, name -> [clip, 257, frame] in quarters of a dB."""
    return {name: packed(found[name].raw[:count]) for name, count in SHOWN.items()}


@torch.no_grad()
def shown_scores(network: ScoringNetwork, clips: Clips, found: Mapping[str, masking.Learned]) -> dict[str, NDArray]:
    """Scores of the kept masks before and after smoothing: "raw/<name>" and "smoothed/<name>" -> [clip]."""
    values = {}
    for name, count in SHOWN.items():
        inputs = clips.spectrograms[:count]
        values[f"raw/{name}"] = network(inputs + found[name].raw[:count]).numpy()
        values[f"smoothed/{name}"] = network(inputs + found[name].masks[:count]).numpy()
    return values


def packed(decibels: Tensor) -> NDArray[np.int8]:
    """Values in dB as whole quarters of a dB, at most 31.75 either way."""
    return np.clip(np.round(decibels.numpy() / STEP), -127, 127).astype(np.int8)


def unpacked(quarters: NDArray[np.int8]) -> Tensor:
    """The values in dB again."""
    return torch.from_numpy(quarters.astype(np.float32)) * STEP


def sweep(
    network: ScoringNetwork, judge: ScoringNetwork, clips: Clips, steps: int, weights: Sequence[float] = WEIGHTS
) -> dict[str, NDArray[np.float32]]:
    """What alpha (first axis) and beta (second) do to the masks of two clips: name -> [alpha, beta]."""
    few = Clips(clips.waveforms[:SWEPT], clips.targets[:SWEPT], clips.melodies[:SWEPT])
    rows = []
    for alpha in weights:
        for beta in weights:
            recipe = replace(masking.Recipe(), alpha=alpha, beta=beta, steps=steps)
            made = masking.learn(network, few.spectrograms, recipe, START)
            rows.append(
                mask_measures.measure(few, made.masks, network, judge) | {"unsmoothed": _raw(network, few, made)}
            )
    shape = (len(weights), len(weights))
    return {name: np.array([row[name] for row in rows], dtype=np.float32).reshape(shape) for name in rows[0]}


@torch.no_grad()
def _raw(network: ScoringNetwork, clips: Clips, made: masking.Learned) -> float:
    return float(network(clips.spectrograms + made.raw).mean())


@torch.no_grad()
def measured(
    network: ScoringNetwork,
    judge: ScoringNetwork,
    clips: Clips,
    found: Mapping[str, masking.Learned],
    others: Mapping[str, Tensor],
    truth: Tensor | None,
) -> dict[str, dict[str, float]]:
    """Measures of all masks by name; a learned one has "unsmoothed" and "rough before" besides, see mask_measures."""
    values = {name: mask_measures.measure(clips, mask, network, judge, truth) for name, mask in others.items()}
    for name, made in found.items():
        values[name] = mask_measures.measure(clips, made.masks, network, judge, truth)
        values[name] |= {
            "unsmoothed": _raw(network, clips, made),
            "rough before": float(masking.roughness(made.raw).mean()),
        }
    return values
