"""The people of the paper: what their published answers say of thresholds, and what procedures would find of such people.

Nothing is heard and nothing is trained here: everything comes from levels and answers. Thresholds are in strength, the
paper's rho from 0 to 100. For each list there are the paper's curve for all answers at once, the same with lapses, and a
population of listeners who differ, from which simulated observers are drawn.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_code.audio import corpora
from paper_code.jnd_loss import procedures, stimuli
from paper_code.jnd_loss.configs import PeopleConfig
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS
from paper_code.listeners.jnd import curves, goodness, levels_alone, lists, population, weber
from paper_code.listeners.jnd.curves import Curve, NoThreshold
from paper_code.listeners.jnd.grid import own_thresholds
from paper_code.listeners.jnd.judgements import NOISES, ONE_LISTENER, Judgements
from paper_code.listeners.jnd.population import Population

OF_CURVE, OF_POPULATION = 2, 4  # parameters that are fitted
AUDIBLE = 0.02  # reference level from which a noise is heard beside the speech: Weber's law says nothing of less


def sources(config: PeopleConfig) -> list[dict[str, Any]]:
    """Where the judgements come from. Raises CorpusError."""
    if config.synthetic:
        return [{"name": "answers drawn from one curve", "origin": "synthesiser", "licence": ""}]
    files = [corpora.recording(f"{lists.CORPUS}/dataset_{name}.txt") for name in lists.LISTS]
    for file in files:
        corpora.locate(file.path)
    return corpora.sources(files)


def evaluate(config: PeopleConfig, folder: Path) -> None:
    """Write what the answers say, and what procedures find of observers drawn from them. Raises CorpusError, ListError."""
    judgements = stimuli.judgements(config.synthetic)
    of_lists = {name: of_list(judgements.of(name), config) for name in judgements.perturbations}
    noises = [name for name in NOISES if name in judgements.perturbations]
    metrics: dict[str, Any] = {
        **shares(judgements, config),
        "lists": of_lists,
        "references": {name: by_reference(judgements.of(name), config) for name in noises},
        "weber": {name: growth(judgements, name, config) for name in noises},
    }
    populations = [Population(**of_list["population"]["fit"]) for of_list in of_lists.values()]
    metrics["procedures"], arrays = procedures.compared(procedures.drawn(populations, config.observers), config.trials)
    metrics["tasks"] = procedures.held(procedures.drawn(populations, config.observers))
    write_arrays(folder / ARRAYS, arrays)
    write_json(folder / METRICS, metrics)


def shares(judgements: Judgements, config: PeopleConfig) -> dict[str, Any]:
    """Shares of all answers that are "different", and that agree with the threshold of their series; with intervals.

    "consistency": of every series, as the paper has it. "consistency, one listener": of those that one person answered.
    "consistency, chosen": of these without the opening pairs, which nobody who was kept answered wrongly.
    """
    alone = judgements.of(*[name for name in judgements.perturbations if name in ONE_LISTENER])
    return {
        "answers": len(judgements),
        "different": share_of_series(judgements.different.astype(float), judgements.series, config),
        "consistency": share_of_series(agreeing(judgements), judgements.series, config),
        "consistency, one listener": share_of_series(agreeing(alone), alone.series, config),
        "consistency, chosen": _chosen(alone, config),
    }


def of_list(part: Judgements, config: PeopleConfig) -> dict[str, Any]:
    """What the answers of a list say: shares, fitted curves and population, and how well each describes the answers."""
    x, y, series = part.strengths, part.different, part.series
    own = population.fit(x, y, series)
    known = goodness.from_other_answers(own, part)
    found: dict[str, Any] = {
        "answers": len(part),
        "series": len(np.unique(series)),
        "one listener": part.rows[0].perturbation in ONE_LISTENER,
        "different": share_of_series(y.astype(float), series, config),
        "consistency": share_of_series(agreeing(part), series, config),
        "curve": fitted(part, config, free_lapse=False),
        "curve with lapses": fitted(part, config, free_lapse=True),
        "population": {"fit": asdict(own), **_population_intervals(part, config)},
        "population goodness": _goodness(part, known, OF_POPULATION),
        "levels alone": asdict(levels_alone.predict(part)),
    }
    curve = curves.fit(x, y)
    if isinstance(curve, Curve):
        found["curve goodness"] = _goodness(part, curve.probability(x), OF_CURVE)
    return found


def fitted(part: Judgements, config: PeopleConfig, free_lapse: bool) -> dict[str, Any]:
    """The paper's curve for all answers at once, with bootstrap intervals over series; or why there is none."""
    x, y, series = part.strengths, part.different, part.series
    curve = curves.fit(x, y, free_lapse)
    if isinstance(curve, NoThreshold):
        return asdict(curve)
    drawn = curves.resample(x, y, series, free_lapse, config.resamples, config.seed)
    intervals = {f"{name} interval": curves.interval(getattr(drawn, name)) for name in ("threshold", "spread", "lapse")}
    return {**asdict(curve), **intervals, "without": drawn.without}


def by_reference(part: Judgements, config: PeopleConfig) -> dict[str, Any]:
    """The paper's curve at each reference level of a noise, one value a level; NaN where a level has no threshold."""
    levels = sorted({row.reference[0] for row in part})
    curve = [
        fitted(part.where(lambda row, level=level: row.reference[0] == level), config, free_lapse=False)
        for level in levels
    ]
    ends = [one.get("threshold interval", (math.nan, math.nan)) for one in curve]
    return {
        "references": levels,
        "answers": [one["answers"] for one in curve],
        "threshold": [one.get("threshold", math.nan) for one in curve],
        "low": [end[0] for end in ends],
        "high": [end[1] for end in ends],
    }


def growth(judgements: Judgements, noise: str, config: PeopleConfig) -> dict[str, Any]:
    """How the threshold of a noise grows with its reference level; "audible": the slope from AUDIBLE on alone."""
    everywhere = weber.growth(judgements, noise, 0, config.resamples, config.seed)
    heard = weber.growth(judgements, noise, 0 if config.synthetic else AUDIBLE, config.resamples, config.seed)
    return {**asdict(everywhere), "audible": {"slope": heard.slope, "slope_interval": heard.slope_interval}}


def agreeing(judgements: Judgements) -> NDArray[np.float64]:
    """1 where an answer agrees with the threshold of its series, 0 where not; NaN at it, and where there is none."""
    series = [part.rows[0].series for part in judgements.by_series()]
    own = dict(zip(series, own_thresholds(judgements), strict=True))
    margin = judgements.strengths - np.array([own[number] for number in judgements.series.tolist()])
    return np.where(np.isfinite(margin) & (margin != 0), (margin > 0) == judgements.different, np.nan)


def share_of_series(values: NDArray[np.float64], series: NDArray, config: PeopleConfig) -> list[float]:
    """The mean of values (NaN: does not count), and the ends of its bootstrap interval over whole series."""
    number = np.unique(series, return_inverse=True)[1]
    counted = np.isfinite(values)
    count, total = np.bincount(number, counted), np.bincount(number, np.nan_to_num(values))
    draws = np.random.default_rng(config.seed).multinomial(
        len(count), np.full(len(count), 1 / len(count)), config.resamples
    )
    low, high = np.nanquantile((draws @ total) / (draws @ count), [0.025, 0.975])
    return [float(total.sum() / count.sum()), float(low), float(high)]


def _chosen(alone: Judgements, config: PeopleConfig) -> list[float]:
    chosen = {row.line for row in alone.without_opening_pairs()}
    agree = np.where([row.line in chosen for row in alone], agreeing(alone), np.nan)
    return share_of_series(agree, alone.series, config)


def _population_intervals(part: Judgements, config: PeopleConfig) -> Mapping[str, tuple[float, float]]:
    drawn = population.resample(part.strengths, part.different, part.series, config.populations, config.seed)
    names = ("median", "between", "within", "lapse")
    return {f"{name} interval": curves.interval([getattr(one, name) for one in drawn]) for name in names}


def _goodness(part: Judgements, probabilities: NDArray[np.float64], parameters: int) -> dict[str, Any]:
    """Answers against probabilities in bins of strength; without a test where the bins are too few for one."""
    try:
        return asdict(goodness.goodness_of_fit(part.strengths, part.different, probabilities, parameters))
    except ValueError:
        return {}
