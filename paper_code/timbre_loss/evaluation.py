"""What a trained scoring network is worth: its accuracy beside floors, its masks, and what it listens to."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS
from paper_code.timbre_loss import block_grid, confounds, floors, maps, mask_measures, mask_runs, salience, stimuli
from paper_code.timbre_loss import masks as masking
from paper_code.timbre_loss.configs import WIDTH, TimbreConfig
from paper_code.timbre_loss.mask_measures import Clips
from paper_code.timbre_loss.networks import ScoringNetwork, parameters
from paper_code.timbre_loss.phrases import SAMPLES
from paper_code.timbre_loss.salience import Passage
from paper_code.timbre_loss.stimuli import Phrases
from paper_code.timbre_loss.weights import FIRST, SECOND, kept

OTHER = {"cellos": "vibrato", "vibrato": "cellos"}  # trained on one, tested on the other too
SEEN = 2  # clips of which masks are kept and the blocks can be chosen
LISTENED = 6  # held-out phrases that maps are drawn of
GRID_STEPS = 60  # of the masks that readers choose from
SHORT = 10  # steps of a mask: with fewer, the choice of blocks is small too
SMALL_GRID = block_grid.Grid((16,), (30,), (60, 120), (3.0,))


def evaluate(config: TimbreConfig, folder: Path) -> None:
    """Measure the networks that the training left; writes metrics.json and arrays.npz."""
    networks = kept(folder)
    held_out = stimuli.held_out_phrases(config.pair, config.seed, config.tests, config.synthetic)
    answers = {name: scores(network, held_out.spectrograms) for name, network in networks.items()}
    metrics: dict[str, Any] = {
        "parameters": parameters(networks[FIRST]),
        "phrases": answers[FIRST].numel(),
        "accuracy": {name: accuracy(found) for name, found in answers.items()},
        "scores": answers[FIRST].mean(0).tolist(),
    }
    arrays: dict[str, Any] = {"scores": answers[FIRST].numpy()}
    if config.pair in OTHER:
        other = stimuli.held_out_phrases(OTHER[config.pair], config.seed, config.tests, config.synthetic)
        metrics["accuracy"][OTHER[config.pair]] = accuracy(scores(networks[FIRST], other.spectrograms))
    if config.width == WIDTH:
        training = stimuli.training_phrases(config.pair, config.seed, config.melodies, 0, config.synthetic)
        metrics["floors"] = floors_of(training, held_out)
        if config.masks:
            _masks(config, networks, training, held_out, metrics, arrays)
        if config.pair in ("cellos", "vibrato") and not config.rows:
            _salience(config, networks[FIRST], training, metrics, arrays)
    write_arrays(folder / ARRAYS, arrays)
    write_json(folder / METRICS, metrics)


@torch.no_grad()
def scores(network: ScoringNetwork, spectrograms: Tensor) -> Tensor:
    """Scores [melody, class] of spectrograms [melody, class, 257, frame]."""
    return torch.stack([network(pair) for pair in spectrograms])


def accuracy(found: Tensor) -> float:
    """Share of scores [melody, class] on the right side of 0.5."""
    return float(((found > 0.5) == torch.tensor([False, True])).float().mean())


def floors_of(training: Phrases, held_out: Phrases) -> dict[str, float]:
    """Accuracies of the simplest things that do the job, and of a classifier that knows only what must not matter."""
    labels = torch.arange(2).repeat(len(training.waveforms))
    right = torch.arange(2).repeat(len(held_out.waveforms))
    sets = [phrases.waveforms.flatten(0, 1) for phrases in (training, held_out)]
    spectra, confounding = [[of(waveforms) for waveforms in sets] for of in (floors.mel_means, confounds.features)]

    def share(classify: Any, features: list[Tensor]) -> float:
        return float((classify(features[0], labels, features[1]) == right).float().mean())

    return {
        "nearest mean": share(floors.nearest_mean, spectra),
        "logistic": share(floors.logistic, spectra),
        "confounds": share(floors.logistic, confounding),
    }


def _masks(
    config: TimbreConfig,
    networks: dict[str, ScoringNetwork],
    training: Phrases,
    held_out: Phrases,
    metrics: dict[str, Any],
    arrays: dict[str, Any],
) -> None:
    """Masks that take class 1 to class 0, on the first held-out phrases."""
    network, judge = networks[FIRST], networks[SECOND]
    few = slice(config.masks)
    clips = Clips(held_out.waveforms[few, 1], held_out.waveforms[few, 0], held_out.melodies[few])
    truth = mask_measures.truth_of(config.pair)
    others = mask_runs.fixed(clips, masking.equaliser(training.spectrograms), truth)
    found = mask_runs.learned(network, clips, config.mask_steps)
    metrics["masks"] = mask_runs.measured(network, judge, clips, found, others, truth)
    recipe = replace(masking.Recipe(), steps=config.mask_steps)
    metrics["follows"] = mask_measures.follows_the_input(network, clips, recipe)
    everything = others | {name: made.masks for name, made in found.items()}
    arrays |= {f"curve/{name}": values for name, values in mask_runs.curves(everything, clips).items()}
    arrays |= {f"mask/{name}": values for name, values in mask_runs.shown(found).items()}
    arrays |= mask_runs.shown_scores(network, clips, found)
    arrays["input"] = mask_runs.packed(clips.spectrograms[:SEEN] / 4)  # whole dB
    if config.grid and not config.rows:
        swept = mask_runs.sweep(network, judge, clips, config.mask_steps)
        arrays |= {f"sweep/{name}": values for name, values in swept.items()}
        titles = [f"clip {number + 1}" for number in range(SEEN)]
        grid = block_grid.Grid() if config.mask_steps > SHORT else SMALL_GRID
        quick = replace(recipe, steps=min(GRID_STEPS, config.mask_steps))
        kept_grid, about = block_grid.learn(network, clips.spectrograms[:SEEN], titles, grid, quick)
        metrics["grid"] = about
        arrays |= {f"grid/{name}": values for name, values in kept_grid.items()}


def _salience(
    config: TimbreConfig,
    network: ScoringNetwork,
    training: Phrases,
    metrics: dict[str, Any],
    arrays: dict[str, Any],
) -> None:
    """What the network listens to: real phrases, and held-out ones of cello A without and with vibrato."""
    few = stimuli.held_out_phrases("cellos", config.seed, min(LISTENED, config.tests), config.synthetic)
    passages = salience.passages(few, config.synthetic)
    baseline = maps.mean_spectrum(training.spectrograms)
    metrics["salience"], differences = salience.measure(network, passages, baseline)
    arrays |= {f"salience/{name}": values for name, values in differences.items()}
    shown = [_most_vibrato(passages), next(p for p in passages if p.source == salience.IMPOSED)]
    metrics["listened"] = [passage.title for passage in shown]
    arrays["listened/spectrograms"] = np.stack([mask_runs.packed(p.spectrogram / 4) for p in shown])
    activation = [maps.activation_maps(network, p.spectrogram[None])[0].numpy() for p in shown]
    arrays["listened/maps"] = np.stack(activation).astype(np.float32)


def _most_vibrato(passages: Sequence[Passage]) -> Passage:
    whole = [p for p in passages if p.source == salience.REAL and len(p.waveform) == SAMPLES]
    return max(whole, key=lambda passage: int(passage.moments.vibrato.sum()))
