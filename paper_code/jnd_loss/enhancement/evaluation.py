"""What a denoiser is worth: every measure on 25 pairs of VoiceBank-DEMAND and on mixtures nobody trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from paper_code.jnd_loss.enhancement import building, methods, scores, stimuli
from paper_code.jnd_loss.enhancement.configs import BASELINES, EnhancementConfig
from paper_code.jnd_loss.enhancement.methods import Method
from paper_code.jnd_loss.networks import parameter_count
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS

PAIRS, MIXTURES = "pairs", "mixtures"  # what is measured
MIXTURE_SECONDS = 3.0
Sounds = Sequence[tuple[torch.Tensor, torch.Tensor]]  # noisy and clean


def evaluate(config: EnhancementConfig, folder: Path) -> None:
    """Measure the denoiser that a training left, or everything it stands beside; writes metrics.json."""
    pairs = stimuli.pairs(config.utterances, config.synthetic)
    mixtures = stimuli.held_out(config.mixtures, MIXTURE_SECONDS, config.synthetic)
    sounds = {
        PAIRS: [(pair.noisy, pair.clean) for pair in pairs],
        MIXTURES: list(zip(mixtures.noisy, mixtures.clean, strict=True)),
    }
    measured, count = _methods(config, folder)
    metrics = {name: {where: _of(method, sounds[where]) for where in sounds} for name, method in measured.items()}
    if config.run == BASELINES:
        enhanced = [scores.measured(pair.enhanced, pair.clean) for pair in pairs]
        metrics[methods.ENHANCED] = {PAIRS: _columns(enhanced)}
    about = {
        PAIRS: {"names": [pair.name for pair in pairs], "snr": [pair.snr for pair in pairs]},
        MIXTURES: {"snr": mixtures.snr.tolist(), "kinds": list(mixtures.kinds)},
    }
    write_json(folder / METRICS, {"parameters": count, "methods": metrics, **about})


def _methods(config: EnhancementConfig, folder: Path) -> tuple[Mapping[str, Method], Mapping[str, int]]:
    """The methods of a run, and how many numbers each network has."""
    if config.run != BASELINES:
        network = building.kept(config, folder)
        return {config.run: methods.of_network(network)}, {config.run: parameter_count(network)}
    names = (*methods.FLOORS, *methods.RELEASED)
    counts = {name: parameter_count(methods.network(name)) for name in methods.RELEASED}
    return {name: methods.method(name) for name in names}, counts


def _of(method: Method, sounds: Sounds) -> dict[str, list[float]]:
    return _columns([scores.measured(method(noisy), clean) for noisy, clean in sounds])


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
