"""Our values under the names that claims and tables ask for, one value a seed."""

import math
from collections.abc import Sequence

import numpy as np

from paper_code.lab.store import Result
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.conditions import AMR_WB_RATES, TITLES, condition_of, family_of
from paper_code.masking_loss.evaluation import BANDS, PREDICTED, SCORES, mean_of_defined

PAPERS_CODERS = ("log_mel", "pmsqe", "masking")  # those of Table 1


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Nothing in AMR-WB is left to chance: its values, measured once, are those of every seed.

    "<score>, <condition>": mean over the test utterances, for instance "PESQ, masking 20" or "SNR, AMR-WB 12.65"; the
    scores are those of `evaluation`, the conditions those of `conditions.condition_of`. "validation PESQ, ...": over the
    validation utterances. "estimated bit rate, ...": from the entropy. "OPS, ...", "APS, ...", "IPS, ...": PEASS.
    "level above 4 kHz, ...", "level above 7 kHz, ...": over the utterances that can be heard.
    "PESQ, least of the coders, 20", "APS, most of the coders, 20": over the log-mel, PMSQE and masking coders;
    "PESQ, most of the other coders, 20": over log-mel and masking. "IPS, AMR-WB less the most of the coders, 20".
    """
    of_all: dict[str, float] = {"parameters at the paper's width": float(full_parameters())}
    of_seeds: dict[int, dict[str, float]] = {seed: {} for seed in sorted({result.seed for result in results})}
    for result in results:
        (of_seeds[result.seed] if "loss" in result.config else of_all).update(_of_result(result))
    rows = [of_all | of_seed | _together(of_all | of_seed) for of_seed in of_seeds.values()]
    return {
        name: [row.get(name, math.nan) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)
    }


def full_parameters() -> int:
    """How many weights the coder has at the paper's width."""
    return sum(weights.numel() for weights in SpeechCoder().parameters())


def _of_result(result: Result) -> dict[str, float]:
    name, metrics = condition_of(result), result.metrics
    found = {f"{words}, {name}": metrics["test"][score] for score, words in SCORES.items()}
    found |= {f"validation {words}, {name}": metrics["validation"][score] for score, words in SCORES.items()}
    found |= {f"{words}, {name}": metrics["predicted"][score] for score, words in PREDICTED.items()}
    for band, (_, words) in BANDS.items():
        found[f"{words}, {name}"] = mean_of_defined([levels[band] for levels in metrics["bands"].values()])
    found[f"estimated bit rate, {name}"] = metrics["test"]["estimated_kilobits"]
    return found


def _together(of_seed: dict[str, float]) -> dict[str, float]:
    """What compares one condition with the best or the worst of several."""
    found = {}
    for rate, nominal in AMR_WB_RATES.items():
        for words in [*SCORES.values(), *PREDICTED.values()]:
            values = {loss: of_seed.get(f"{words}, {TITLES[loss]} {rate:g}", math.nan) for loss in PAPERS_CODERS}
            amr_wb, most = of_seed.get(f"{words}, AMR-WB {nominal:g}", math.nan), float(np.max(list(values.values())))
            found[f"{words}, least of the coders, {rate:g}"] = float(np.min(list(values.values())))
            found[f"{words}, most of the coders, {rate:g}"] = most
            found[f"{words}, AMR-WB less the most of the coders, {rate:g}"] = amr_wb - most
            others = [value for loss, value in values.items() if loss != "pmsqe"]
            found[f"{words}, most of the other coders, {rate:g}"] = float(np.max(others))
    found["rates at which one condition has the best OPS"] = _most_wins(of_seed)
    return found


def _most_wins(of_seed: dict[str, float]) -> float:
    """At how many of the three rates the condition that is most often best in OPS is best; NaN without PEASS."""
    best = [_best_at(of_seed, rate, nominal) for rate, nominal in AMR_WB_RATES.items()]
    return math.nan if "" in best else float(max(best.count(name) for name in best))


def _best_at(of_seed: dict[str, float], rate: float, nominal: float) -> str:
    names: Sequence[str] = [f"AMR-WB {nominal:g}", *(f"{TITLES[loss]} {rate:g}" for loss in PAPERS_CODERS)]
    values = [of_seed.get(f"OPS, {name}", math.nan) for name in names]
    return "" if np.isnan(values).any() else family_of(names[int(np.argmax(values))])
