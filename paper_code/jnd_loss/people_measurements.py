"""Our values on the people, on Table 1 and on Figure 1, under the names that claims and tables ask for."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_code.jnd_loss import noise_or_band
from paper_code.jnd_loss.procedures import PROCEDURES
from paper_code.lab.store import Result

AFTER = (10, 20, 50)  # trials
SHARES = ("different", "consistency", "consistency, one listener", "consistency, chosen")
CURVES = {"curve": "threshold", "curve with lapses": "threshold with lapses"}
NOISES = ("applause", "pink_noise", "water_drops", "white_noise", "room_noise")  # of Table 1
MODELS = {"curve goodness": "Gaussian", "population goodness": "population"}
CONTRADICTED = 0.05
SHARES_OF_SAMPLES = ("pops", "dropouts")


def of_people(result: Result) -> dict[str, float]:
    """What the answers say.

    "share different", "consistency" (of every series), "consistency, one listener" (of lists in whose series one person
    answered), "consistency, chosen" (of these without the opening pairs).
    For each list: "share different, mp3", "consistency, mp3", "threshold, mp3" (the paper's curve), "threshold with
    lapses, mp3", "threshold of the median listener, mp3", "gain by listeners who differ, mp3" (log-likelihood over the
    curve with lapses). "lists whose listeners differ": share of the lists in which it is above 1, the price of a parameter.
    "share of lists that a Gaussian fits", "share of lists that a population fits": not contradicted at 5 % (chi-square).
    For each noise: "Weber slope, pink_noise", "Weber slope, audible references, pink_noise". "mean Weber slope".
    For each procedure, NaN where not reached: "trials to error 5, active learning", "error after 10 trials, Bayesian",
    "share different, active learning", "consistency, active learning" (in 10 questions). "tasks kept", "consistency of
    tasks", "share different of tasks": of the paper's test on simulated listeners, scattered as in the lists.
    """
    metrics = result.metrics
    values = {_share(name): metrics[name][0] for name in SHARES}
    gains = []
    for name, of_list in metrics["lists"].items():
        gain = of_list["population"]["fit"]["log_likelihood"] - of_list["curve with lapses"].get(
            "log_likelihood", math.nan
        )
        gains.append(gain)
        values |= _of_list(name, of_list, gain)
    values["lists whose listeners differ"] = float(np.mean(np.array(gains) > 1))
    values |= {f"share of lists that a {model} fits": _fits(metrics["lists"], key) for key, model in MODELS.items()}
    for name, growth in metrics["weber"].items():
        values[f"Weber slope, {name}"] = growth["slope"]
        values[f"Weber slope, audible references, {name}"] = growth["audible"]["slope"]
    values["mean Weber slope"] = float(np.mean([growth["slope"] for growth in metrics["weber"].values()]))
    for name in PROCEDURES:
        values |= _of_procedure(name, result)
    tasks = metrics["tasks"]["scattered"]
    named = {"tasks kept": "kept", "consistency of tasks": "consistency", "share different of tasks": "different"}
    return values | {title: tasks[key] for title, key in named.items()}


def of_perturbations(result: Result) -> dict[str, float]:
    """How far what is measured is from what Table 1 claims, the worst level.

    "SNR off by, applause" (dB), "direct to reverberant off by" (dB), "reverberation time off by" (share), "pops off by",
    "dropouts off by" (points of %), "mu-law off by" (bits), "equaliser off by" (gain).
    """
    rows = result.metrics["rows"]
    off = {name: _off(row) for name, row in rows.items() if name not in ("mp3", "griffin_lim")}
    values = {f"SNR off by, {name}": off[name] for name in NOISES if name in off}
    decay = rows["reverberation_time"]
    return values | {
        "direct to reverberant off by": off["direct_to_reverberant"],
        "reverberation time off by": float(np.max(np.abs(np.divide(decay["measured"], decay["claimed"]) - 1))),
        **{f"{name} off by": off[name] for name in SHARES_OF_SAMPLES},
        "mu-law off by": off["mu_law"],
        "equaliser off by": max(off[name] for name in rows if name.startswith("equaliser")),
    }


def of_noise_or_band(result: Result) -> dict[str, float]:
    """What each measure calls nearer in Figure 1, of sounds at the same step.

    "noise nearer, pesq": share of the steps at which the noisy sound is nearer than the band-limited one.
    "measures at odds": share of the steps at which not all measures say the same.
    """
    found = noise_or_band.kept(result)
    nearer = {name: np.diag(found.nearer(name)) for name in found.noise}
    at_odds = np.ptp(np.stack(list(nearer.values())), axis=0) > 0
    return {
        **{f"noise nearer, {name}": float((signs > 0).mean()) for name, signs in nearer.items()},
        "measures at odds": float(at_odds.mean()),
    }


def _fits(lists: Mapping[str, Mapping[str, Any]], key: str) -> float:
    """Share of the lists whose answers a model does not contradict, at 5 %; a list without a fit is not described."""
    return float(np.mean([of_list.get(key, {}).get("p_value", 0.0) > CONTRADICTED for of_list in lists.values()]))


def _share(name: str) -> str:
    return "share different" if name == "different" else name


def _of_list(name: str, of_list: Mapping[str, Any], gain: float) -> dict[str, float]:
    curves = {f"{title}, {name}": of_list[key].get("threshold", math.nan) for key, title in CURVES.items()}
    return {
        **{f"{_share(key)}, {name}": of_list[key][0] for key in SHARES[:2]},
        **curves,
        f"threshold of the median listener, {name}": of_list["population"]["fit"]["median"],
        f"gain by listeners who differ, {name}": gain,
    }


def _of_procedure(name: str, result: Result) -> dict[str, float]:
    metrics, errors = result.metrics["procedures"][name], result.arrays[f"error/{name}"]
    return {
        **{f"trials to error {error}, {name}": float(trials) for error, trials in metrics["trials"].items()},
        **{f"error after {trials} trials, {name}": _after(errors, trials) for trials in AFTER if trials <= len(errors)},
        **{f"{_share(key)}, {name}": metrics[key] for key in SHARES[:2]},
    }


def _after(errors: NDArray[np.float64], trials: int) -> float:
    """The error after so many trials; NaN where half of the observers have no estimate yet."""
    error = float(errors[trials - 1])
    return error if math.isfinite(error) else math.nan


def _off(row: Mapping[str, list[float]]) -> float:
    """The largest difference of a row, over the levels at which there is a measurement."""
    return float(np.nanmax(np.abs(np.subtract(row["measured"], row["claimed"]))))
