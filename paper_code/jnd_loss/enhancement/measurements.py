"""Our values under the names that claims and tables ask for, one value a seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paper_code.jnd_loss.enhancement import scores
from paper_code.jnd_loss.enhancement.configs import BASELINES, SHORT
from paper_code.jnd_loss.enhancement.evaluation import MIXTURES, PAIRS
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.scores import MEASURES, PREDICTORS
from paper_code.lab.intervals import mean_of_defined
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result

OURS = {"manocha": ("noisy", "wiener", "logmmse", "germain"), "jnd": ("noisy", "wiener", "logmmse", "deep", "l1")}
PLACES = {PAIRS: "VoiceBank-DEMAND", MIXTURES: "held-out mixtures"}


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; what needs no training has the same value in each.

    "<measure>, <method>, <place>": mean over the utterances of VoiceBank-DEMAND or of the held-out mixtures; of the
    former also "<measure>, <method>, <group>" for the four groups of scores.GROUPS.
    "gain in <measure>, <method>": over doing nothing, VoiceBank-DEMAND.
    "preferred by <measure>, <ours> over <method>": predicted share of utterances of VoiceBank-DEMAND in which one method
    is preferred, and "..., <group>".   "parameters, <method>".
    "<measure>, <start> start": after a minute of training from each start, held-out mixtures.
    """
    seeds = sorted({result.seed for result in results})
    return over_seeds([_of_seed([r for r in results if r.seed == seed], results) for seed in seeds])


def methods_of(results: Sequence[Result]) -> dict[str, Mapping[str, Mapping[str, list[float]]]]:
    """Method -> place -> measure -> one value an utterance, of the runs of one seed (short ones left out)."""
    return {name: scored for r in results if r.experiment not in SHORT for name, scored in r.metrics["methods"].items()}


def _of_seed(results: list[Result], every: list[Result]) -> dict[str, float]:
    baselines = [r for r in every if r.experiment == BASELINES][:1]
    trained = [r for r in results if r.experiment != BASELINES]
    methods = methods_of([*baselines, *trained])
    values: dict[str, float] = {}
    snr = (baselines or trained)[0].metrics[PAIRS]["snr"]
    for name, places in methods.items():
        values |= _means(TITLES[name], places, snr)
        for measure, column in places[PAIRS].items():
            if "noisy" in methods:
                gain = np.subtract(column, methods["noisy"][PAIRS][measure])
                values[f"gain in {MEASURES[measure].title}, {TITLES[name]}"] = mean_of_defined(gain)
    for ours, others in OURS.items():
        for other in others:
            if ours in methods and other in methods:
                values |= _preferences(ours, other, methods, snr)
    for r in [*baselines, *trained]:
        if r.experiment not in SHORT:
            values |= {f"parameters, {TITLES[name]}": count for name, count in r.metrics["parameters"].items()}
        else:
            scored, start = r.metrics["methods"][r.experiment][MIXTURES], r.experiment.removeprefix("short_")
            values |= {f"{MEASURES[m].title}, {start} start": mean_of_defined(scored[m]) for m in scored}
    return values


def _means(title: str, places: Mapping[str, Mapping[str, list[float]]], snr: Sequence[float]) -> dict[str, float]:
    values = {}
    for place, measured in places.items():
        for measure, column in measured.items():
            name = MEASURES[measure].title
            values[f"{name}, {title}, {PLACES[place]}"] = mean_of_defined(column)
            if place == PAIRS:
                for group, which in scores.groups(snr).items():
                    values[f"{name}, {title}, {group}"] = mean_of_defined(np.asarray(column, dtype=float)[which])
    return values


def _preferences(ours: str, other: str, methods: Mapping[str, Any], snr: Sequence[float]) -> dict[str, float]:
    values = {}
    for measure in PREDICTORS:
        columns = [methods[name][PAIRS][measure] for name in (ours, other)]
        shares = scores.preferred(*columns, MEASURES[measure].better)
        name = f"preferred by {MEASURES[measure].title}, {TITLES[ours]} over {TITLES[other]}"
        values[name] = mean_of_defined(shares)
        for group, which in scores.groups(snr).items():
            values[f"{name}, {group}"] = mean_of_defined(shares[which])
    return values
