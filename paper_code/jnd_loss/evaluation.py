"""What a trained metric is worth: held-out answers, how sure it is, delays, changes of level, ratings and choices."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.jnd_loss import floors, levels, listening_test, scores, simulated_choices, weights
from paper_code.jnd_loss.building import pairs, trained
from paper_code.jnd_loss.configs import CHOICES, LISTENING, PROFILES, FloorsConfig, JudgedConfig, MetricConfig
from paper_code.jnd_loss.distances import Metric, delayed, of_pairs
from paper_code.jnd_loss.listening_test import Heard
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.jnd_loss.networks import DIFFERENT, JNDNetwork
from paper_code.jnd_loss.stimuli import SAMPLE_RATE, Pairs
from paper_code.lab import weights as kept_weights
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS

DELAYS = (0.0, 0.01, 0.05, 0.1, 0.25)  # s
DELAYED = 40  # judgements of each list that are delayed
GAINS = (0.5, 1.0, 3.0, 6.0)  # dB
LOUDER = 10  # references of each list that a gain is put on


def evaluate(config: JudgedConfig, folder: Path) -> None:
    """Measure what the training left on the judgements of the test side; writes metrics.json and arrays.npz."""
    if isinstance(config, FloorsConfig):
        floors.evaluate(config, folder)
        return
    state = kept_weights.kept(folder, weights.METRIC)
    network = trained(config, state, config.used_normalisation)
    test = pairs(config, "test")
    metrics, arrays = held_out(config, network, test)
    metrics["delay"] = delays(network, test)
    metrics["gain"] = gains(network, test)
    if config.normalisation != config.used_normalisation and network.classifier is not None:
        metrics["in batches"] = in_batches(config, state, test)
    metrics |= on_ratings(config, network)
    metrics["simulated"] = on_choices(config, network)
    write_arrays(folder / ARRAYS, {name: value.astype(np.float32) for name, value in arrays.items()})
    write_json(folder / METRICS, metrics)


def held_out(config: MetricConfig, network: JNDNetwork, test: Pairs) -> tuple[dict[str, object], dict[str, NDArray]]:
    """Scores by list, and the numbers behind them.

    "classifier": the network's own probabilities. "one", "each": of its distance alone, with a threshold fitted on the
    training side, one for all lists or one each. "with levels": of both, see levels.with_distances. "calibration": of each
    of these.
    """
    heard, answers = pairs(config, "train"), test.judgements.different
    fitted = scores.some_of_each(heard.judgements, config.fitted)
    layers = of_pairs(network.layer_distances, test)
    known, unknown = of_pairs(distance_of(network), heard, fitted), layers.sum(-1)
    ways = scores.thresholded(known, scores.chosen(heard.judgements, fitted), unknown, test.judgements)
    if network.classifier is not None:
        ways["classifier"] = share_different(network, torch.from_numpy(layers).float()).double().numpy()
    ways["with levels"] = levels.with_distances(config, test, unknown)
    metrics: dict[str, object] = {way: scores.by_list(found, test.judgements) for way, found in ways.items()}
    metrics["calibration"] = {way: scores.calibration(found, answers) for way, found in ways.items()}
    return metrics, {"different": answers, "layer_distances": layers, **ways}


def distance_of(network: JNDNetwork) -> Metric:
    """The metric of a network: the sum of its layers' distances."""
    return lambda test, reference: network.layer_distances(test, reference).sum(-1)


@torch.no_grad()
def share_different(network: JNDNetwork, layer_distances: Tensor) -> Tensor:
    """The predicted share that says "different", [pair], of distances [pair, layer]."""
    return network.logits(layer_distances).softmax(-1)[..., DIFFERENT]


def delays(network: JNDNetwork, test: Pairs) -> dict[str, list[float]]:
    """What a delay of the test sound does, one value a delay in "seconds".

    "itself": distance of a sound from itself delayed, over the median distance of pairs that people called different.
    "auc", and "accuracy" of the classifier: on delayed pairs. Both are as good as without a delay where it is not heard.
    """
    places = scores.some_of_each(test.judgements, DELAYED)
    answers = scores.chosen(test.judgements, places).different
    found: dict[str, list[float]] = {"seconds": list(DELAYS), "itself": [], "auc": []}
    far = float(np.median(of_pairs(distance_of(network), test, places)[answers]))
    for samples in (round(seconds * SAMPLE_RATE) for seconds in DELAYS):

        def layers(sound: Tensor, reference: Tensor, late: int = samples) -> Tensor:
            return network.layer_distances(*delayed(sound, reference, late))

        own = of_pairs(lambda _, reference, layers=layers: layers(reference, reference), test, places[::4])
        late = of_pairs(layers, test, places)
        found["itself"].append(float(own.sum(-1).mean()) / far)
        found["auc"].append(scores.auc(late.sum(-1), answers))
        if network.classifier is not None:
            said = share_different(network, torch.from_numpy(late).float()).numpy() > 0.5
            found.setdefault("accuracy", []).append(float((said == answers).mean()))
    return found


def gains(network: JNDNetwork, test: Pairs) -> dict[str, list[float]]:
    """What a change of level does: distance of a sound from itself louder, one value for each of "decibels".

    "itself": over the median distance of pairs that people called different. "share": predicted to hear it.
    """
    places = scores.some_of_each(test.judgements, LOUDER)
    answers = scores.chosen(test.judgements, places).different
    far = float(np.median(of_pairs(distance_of(network), test, places)[answers]))
    found: dict[str, list[float]] = {"decibels": list(GAINS), "itself": []}
    for factor in (10 ** (decibels / 20) for decibels in GAINS):
        layers = of_pairs(lambda _, sound, factor=factor: network.layer_distances(factor * sound, sound), test, places)
        found["itself"].append(float(layers.sum(-1).mean()) / far)
        if network.classifier is not None:
            share = share_different(network, torch.from_numpy(layers).float())
            found.setdefault("share", []).append(float(share.mean()))
    return found


def on_ratings(config: MetricConfig, network: JNDNetwork) -> dict[str, object]:
    """{"mushra": distances of the conditions of a real listening test}, see listening_test.of_metric.

    Empty where made-up speech stands in, and where the recordings of the test are not at hand.
    """
    heard = listening_config(config)
    if heard is None:
        return {}
    return {listening_test.EXPERIMENT: listening_test.of_metric(JNDLoss(network, sample_rate=SAMPLE_RATE), heard)}


def listening_config(config: MetricConfig) -> Heard | None:
    """Which utterances of the listening test a metric is measured on; None where nobody rated what is at hand."""
    heard = Heard(profile=config.profile, seed=config.seed, **PROFILES[config.profile].of(LISTENING))
    return heard if not config.synthetic and listening_test.at_hand(heard) else None


def on_choices(config: MetricConfig, network: JNDNetwork) -> dict[str, float]:
    """How often it says which of two sounds is nearer, see simulated_choices.accuracy."""
    each = PROFILES[config.profile].of(CHOICES).get("each", simulated_choices.EACH)
    return simulated_choices.of_metric(JNDLoss(network, sample_rate=SAMPLE_RATE), each, config.synthetic)


def in_batches(config: MetricConfig, state: Mapping[str, Tensor], test: Pairs) -> scores.Scores:
    """Scores of the classifier as it was trained: normalised over batches, here of judgements drawn by chance."""
    network = trained(config, state, config.normalisation)
    order = np.random.default_rng(0).permutation(len(test))
    layers = of_pairs(network.layer_distances, test, order)
    probabilities = np.empty(len(test))
    probabilities[order] = share_different(network, torch.from_numpy(layers).float()).numpy()
    return scores.by_list(probabilities, test.judgements)
