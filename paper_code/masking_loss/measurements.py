"""Our values under the names that claims and tables ask for, one value a seed."""

import math
from collections.abc import Sequence

import numpy as np

from paper_code.lab.intervals import mean_of_defined
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.conditions import AMR_WB, SWEEPS, TRAINED_FOR_LONGER, Condition, at_rate
from paper_code.masking_loss.configs import LOSSES, RATES
from paper_code.masking_loss.evaluation import BANDS, PREDICTED, SCORES

PAPERS_CODERS = ("log_mel", "pmsqe", "masking")  # those of Table 1


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run, or was not measured so.

    Nothing in AMR-WB and in a transform is left to chance: their values, measured once, are those of every seed.

    "<score>, <condition>": mean over the test utterances, for instance "PESQ, masking 20" or "SNR, AMR-WB 12.65"; the
    scores are those of `evaluation`, the conditions go by their titles. "validation PESQ, ...": over the validation
    utterances. "estimated bit rate, ...": from the entropy. "OPS, ...", "APS, ...", "IPS, ...": PEASS.
    "level above 4 kHz, ...", "level above 7 kHz, ...": over the utterances that can be heard.
    "PESQ, least of the coders, 20", "APS, most of the coders, 20": over the log-mel, PMSQE and masking coders;
    "PESQ, most of the other coders, 20": over log-mel and masking. "IPS, AMR-WB less the most of the coders, 20".
    "PESQ, least of all trained, 20": over the coders of all four losses.
    """
    of_all: dict[str, float] = {"parameters at the paper's width": float(full_parameters())}
    for condition in (*TRAINED_FOR_LONGER, *SWEEPS):  # a profile has one or the other
        of_all |= dict.fromkeys(_names(condition), math.nan)
    of_seeds: dict[int, dict[str, float]] = {seed: {} for seed in sorted({result.seed for result in results})}
    for result in results:
        condition = Condition.of(result)
        (of_seeds[result.seed] if condition.trained else of_all).update(_of_result(condition, result))
    rows = [of_all | of_seed | _together(of_all | of_seed) for of_seed in of_seeds.values()]
    return over_seeds(rows)


def full_parameters() -> int:
    """How many weights the coder has at the paper's width."""
    return sum(weights.numel() for weights in SpeechCoder().parameters())


def _of_result(condition: Condition, result: Result) -> dict[str, float]:
    metrics, values = result.metrics, {}
    for score, words in SCORES.items():
        values[f"{words}, {condition}"] = metrics["test"].get(score, math.nan)
        values[f"validation {words}, {condition}"] = metrics["validation"].get(score, math.nan)
    values |= {f"{words}, {condition}": metrics["predicted"][score] for score, words in PREDICTED.items()}
    for band, (_, words) in BANDS.items():
        levels = [of_utterance[band] for of_utterance in metrics["bands"].values()]
        values[f"{words}, {condition}"] = mean_of_defined(levels)
    values[f"estimated bit rate, {condition}"] = metrics["test"]["estimated_kilobits"]
    return values


def _names(condition: Condition) -> list[str]:
    """What is measured of a condition, by name."""
    words = [*SCORES.values(), *(f"validation {score}" for score in SCORES.values()), *PREDICTED.values()]
    words += [*(level for _, level in BANDS.values()), "estimated bit rate"]
    return [f"{each}, {condition}" for each in words]


def _together(of_seed: dict[str, float]) -> dict[str, float]:
    """What compares one condition with the best or the worst of several."""
    values = {}
    for rate in RATES:
        for words in [*SCORES.values(), *PREDICTED.values()]:
            scored = {each.kind: of_seed.get(f"{words}, {each}", math.nan) for each in at_rate(rate)}
            coders = [scored[kind] for kind in PAPERS_CODERS]
            values[f"{words}, least of the coders, {rate:g}"] = float(np.min(coders))
            values[f"{words}, most of the coders, {rate:g}"] = most = float(np.max(coders))
            values[f"{words}, AMR-WB less the most of the coders, {rate:g}"] = scored[AMR_WB] - most
            values[f"{words}, least of all trained, {rate:g}"] = float(np.min([scored[loss] for loss in LOSSES]))
            others = [scored[kind] for kind in PAPERS_CODERS if kind != "pmsqe"]
            values[f"{words}, most of the other coders, {rate:g}"] = float(np.max(others))
    values["rates at which one condition has the best OPS"] = _most_wins(of_seed)
    return values


def _most_wins(of_seed: dict[str, float]) -> float:
    """At how many of the three rates the condition that is most often best in OPS is best; NaN without PEASS."""
    best = [_best_at(of_seed, rate) for rate in RATES]
    return math.nan if "" in best else float(max(best.count(kind) for kind in best))


def _best_at(of_seed: dict[str, float], rate: float) -> str:
    """The kind of the condition with the most OPS at a rate, of those of the paper; "" where one has none."""
    conditions: Sequence[Condition] = [each for each in at_rate(rate) if each.kind in (AMR_WB, *PAPERS_CODERS)]
    values = [of_seed.get(f"OPS, {condition}", math.nan) for condition in conditions]
    return "" if np.isnan(values).any() else conditions[int(np.argmax(values))].kind
