"""Our values under the names that claims and tables ask for, one value a seed."""

import math
from collections.abc import Mapping
from typing import Any

from paper_code.jnd_loss import known_answers, listening_test, people_measurements
from paper_code.jnd_loss.agreement import STATISTICS
from paper_code.jnd_loss.configs import CHOICES, FLOORS, NOISE_OR_BAND, PEOPLE, PERTURBATIONS, TITLES
from paper_code.jnd_loss.floors import KNOWN
from paper_code.jnd_loss.listening_test import ALIGNED
from paper_code.jnd_loss.real_ratings import HEARD_AS, NAMES, Test
from paper_code.jnd_loss.scores import POOLED
from paper_code.jnd_loss.weights import METRICS
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result
from paper_code.listeners.jnd.judgements import NOISES

SCORES = {"accuracy": "accuracy", "cross_entropy": "cross-entropy", "auc": "AUC"}
WAYS = {  # key of the metrics -> how an answer is told from a metric
    "classifier": "classifier",
    "in batches": "classifier in batches",
    "one": "one threshold",
    "each": "a threshold a list",
    "with levels": "with the levels",
}
LEVELS = ("levels alone", "levels alone, refitted")
AGREE = {"spearman": "Spearman", "pearson": "Pearson", "choices": "choices"}
CEILING = "ceiling"
OTHERS = {
    PEOPLE: people_measurements.of_people,
    PERTURBATIONS: people_measurements.of_perturbations,
    NOISE_OR_BAND: people_measurements.of_noise_or_band,
}

# Runs that learn nothing, which only one seed has. The values of SHARED count for all seeds. Those of SAMPLED hang on few
# listeners and sounds, so they count once; under a name that ends in FOR_EACH they can be held against trained metrics.
SHARED = (FLOORS, *OTHERS)
SAMPLED = (CHOICES, listening_test.EXPERIMENT)
FOR_EACH = " (for each seed)"


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run. See SHARED and SAMPLED.

    "<score>, <way>, <metric>" on all held-out judgements and "<score>, <way>, <metric>, <list>" on those of a list, for
    instance "accuracy, classifier, Scratch, mp3"; the floors are metrics too: "AUC, one threshold, log-spectral distance"
    and "accuracy, levels alone". What is "with the levels" is to be held against "levels alone, refitted".
    "calibration error, <way>, <metric>". "distance after a delay of 0.25 s, <metric>": of a sound from itself, over that
    of pairs called different; also "accuracy", "AUC". "distance after a gain of 3 dB, <metric>": as much; also "share
    hearing it". "distance of 2.wav, released scratch": of the authors' samples.
    "Spearman, <metric>", "Pearson, ..." and "choices, ...": agreement with the listening test, sounds aligned; "Spearman as
    rated, <metric>" and so on without. "simulated choices, <metric>". Here a metric is also "released scratch", "MSE",
    "PESQ" ...; "ceiling" is half of the listeners for the other half, "strength alone" a floor of simulated choices.
    What is no metric of judged pairs: see `people_measurements`.
    """
    seeds = sorted({result.seed for result in results})
    heard = next((result for result in results if result.experiment == listening_test.EXPERIMENT), None)
    test = None if heard is None else Test.stored(heard.metrics, resamples=1)
    shared = _undefined() | _of_seed([result for result in results if result.experiment in SHARED], test)
    once = _of_seed([result for result in results if result.experiment in SAMPLED], test)
    shared |= {f"{name}{FOR_EACH}": value for name, value in {**_ratings(), **once}.items()}
    of_seeds = [[r for r in results if r.seed == seed and r.experiment not in (*SHARED, *SAMPLED)] for seed in seeds]
    values = [shared | _of_seed(of_seed, test) for of_seed in of_seeds]
    return over_seeds([values[0] | once, *values[1:]])


def _undefined() -> dict[str, float]:
    """What a run without recordings cannot measure: agreement with ratings, the authors' samples, some of the noises."""
    samples = [f"distance of {sample}.wav, released {name}" for name in METRICS for sample in known_answers.SAMPLES]
    noises = [f"Weber slope, {noise}" for noise in NOISES]
    noises += [f"SNR off by, {noise}" for noise in people_measurements.NOISES]
    return _ratings() | dict.fromkeys([*samples, *noises], math.nan)


def _ratings() -> dict[str, float]:
    """Agreement with ratings where nobody rated what is at hand."""
    return {
        f"{AGREE[statistic]}{'' if way == ALIGNED else f' {way}'}, {name}": math.nan
        for statistic in STATISTICS
        for way in HEARD_AS
        for name in (*NAMES.values(), *TITLES.values(), CEILING)
    }


def _of_seed(results: list[Result], test: Test | None) -> dict[str, float]:
    values: dict[str, float] = {}
    for result in results:
        if result.experiment == listening_test.EXPERIMENT:
            values |= _heard(test, result.metrics["scores"]) | _ceiling(test)
        elif result.experiment == CHOICES:
            values |= {_chosen(NAMES.get(name, name)): x["value"] for name, x in result.metrics["accuracy"].items()}
        elif result.experiment == FLOORS:
            values |= _known(result.metrics.get(KNOWN, {}))
            for name, metrics in result.metrics.items():
                if name == KNOWN:
                    continue
                values |= _lists(name, metrics) if name in LEVELS else _ways(name, metrics)
        elif result.experiment in OTHERS:
            values |= OTHERS[result.experiment](result)
        elif result.experiment in TITLES:
            title = TITLES[result.experiment]
            values |= _ways(title, result.metrics) | _robustness(title, result.metrics)
            values[_chosen(title)] = result.metrics["simulated"]["value"]
            if test is not None and (scores := result.metrics.get(listening_test.EXPERIMENT)):
                values |= _heard(test, {way: {title: scores[way]} for way in HEARD_AS})
    return values


def _heard(test: Test, scores: Mapping[str, Mapping[str, listening_test.Scores]]) -> dict[str, float]:
    """Agreement with the ratings, of scores by way and measure."""
    return {
        f"{AGREE[statistic]}{'' if way == ALIGNED else f' {way}'}, {NAMES.get(name, name)}": value
        for way in HEARD_AS
        for name, of_items in scores[way].items()
        for statistic, value in test.agreement(of_items).values.items()
    }


def _ceiling(test: Test) -> dict[str, float]:
    found = test.panel.ceiling()
    return {f"{AGREE[name]}, {CEILING}": found[name].value for name in STATISTICS}


def _chosen(title: str) -> str:
    return f"simulated choices, {title}"


def _known(answers: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {
        f"distance of {sample}.wav, released {name}": distance
        for name, samples in answers.items()
        for sample, distance in samples.items()
    }


def _ways(title: str, metrics: Mapping[str, Any]) -> dict[str, float]:
    values: dict[str, float] = {}
    for way in [way for way in WAYS if way in metrics]:
        values |= _lists(f"{WAYS[way]}, {title}", metrics[way])
    return values


def _lists(title: str, lists: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {
        f"{SCORES[score]}, {title}" + ("" if name == POOLED else f", {name}"): scores[score]
        for name, scores in lists.items()
        for score in SCORES
    }


def _robustness(title: str, metrics: Mapping[str, Any]) -> dict[str, float]:
    values = {
        f"calibration error, {WAYS[way]}, {title}": found["error"][0] for way, found in metrics["calibration"].items()
    }
    named = {"itself": "distance", "auc": "AUC", "accuracy": "accuracy", "share": "share hearing it"}
    for kind, unit in (("delay", "seconds"), ("gain", "decibels")):
        table = metrics[kind]
        for key in [key for key in named if key in table]:
            for strength, value in zip(table[unit], table[key], strict=True):
                short = f"{strength:g} {'s' if unit == 'seconds' else 'dB'}"
                values[f"{named[key]} after a {kind} of {short}, {title}"] = value
    return values
