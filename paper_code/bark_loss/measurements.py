"""Our values under the names that claims and tables ask for, one value a seed."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result

METRICS = {  # name of a curve -> its name for people
    "lsd": "distance",
    "lsd_low": "low-band distance",
    "lsd_mid": "mid-band distance",
    "lsd_high": "high-band distance",
    "level_low": "low-band level",
    "level_mid": "mid-band level",
    "level_high": "high-band level",
    "si_snr": "SI-SNR",
    "gap_noise": "gap noise",
    "stoi": "intelligibility",
    "sibilant": "sibilant level",
}
HIGHER_IS_BETTER = {
    "lsd": False,
    "lsd_low": False,
    "lsd_mid": False,
    "lsd_high": False,
    "si_snr": True,
    "gap_noise": False,
    "stoi": True,
}
UNITS = {"stoi": ""}  # all others are in dB
SHORT = {
    "mse": "MSE",
    "bark": "Bark",
    "bark_corrected": "Bark corrected",
    "bark_compressed": "Bark corrected and compressed",
}
CHECKPOINTS = ("first checkpoint", "second checkpoint", "third checkpoint", "end")  # 250, 500, 750 and 1000 steps
PLATEAU_STEP = 250


def steps_to(values: NDArray[np.floating], observed: NDArray[np.integer], threshold: float, higher: bool) -> float:
    """First observed step from which a metric stays at a threshold or better; infinity if it never does."""
    good = values >= threshold if higher else values <= threshold
    bad = np.flatnonzero(~good)
    first = 0 if bad.size == 0 else bad[-1] + 1
    return float(observed[first]) if first < len(observed) else float("inf")


def plateau_share(values: NDArray[np.floating], observed: NDArray[np.integer], step: int = PLATEAU_STEP) -> float:
    """Share of a metric's whole improvement, first to last, that was there at a step."""
    at = int(np.argmin(np.abs(observed - step)))
    return float((values[at] - values[0]) / (values[-1] - values[0]))


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Each claim says in these names what it needs.

    "<metric>, <sound>, <loss>, <checkpoint>", for instance "high-band distance, pop, Bark, end"; the sound "all
    sounds" is their mean. "steps to MSE's final <metric>, <sound>, <loss>": steps until the quality that MSE has at
    its end stays reached. "plateau of <metric>, <sound>, <loss>": share of the improvement there by step 250.
    "gain in <metric> over MSE, <sound>, <loss>, <checkpoint>": how much better than MSE, in the metric's unit.
    """
    runs = {(r.experiment, r.seed): r for r in results}
    of_seeds = []
    for seed in sorted({seed for _, seed in runs}):
        of_seeds.append(_of_seed({loss: run for (loss, s), run in runs.items() if s == seed}))
    return _with_absent_losses(over_seeds(of_seeds))


def _with_absent_losses(values: dict[str, list[float]]) -> dict[str, list[float]]:
    """A loss that no seed was run with has the names of the Bark loss too, with NaN: claims may ask for it."""
    told = dict(values)
    for name, column in values.items():
        parts = name.split(", ")
        for absent in SHORT.values() if SHORT["bark"] in parts else ():
            meant = ", ".join(absent if part == SHORT["bark"] else part for part in parts)
            told.setdefault(meant, [math.nan] * len(column))
    return told


def _of_seed(runs: Mapping[str, Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for loss, run in runs.items():
        for sound, entry in run.metrics.items():
            for metric in [m for m in METRICS if m in entry]:
                for when, value in zip(CHECKPOINTS, entry[metric], strict=True):
                    found[f"{METRICS[metric]}, {sound}, {SHORT[loss]}, {when}"] = value
            found |= _over_steps(sound, loss, run, runs.get("mse"))
    _add_means(found, list(next(iter(runs.values())).metrics))
    _add_gains(found)
    return found


def _over_steps(sound: str, loss: str, run: Result, plain: Result | None) -> dict[str, float]:
    observed, found = run.arrays["observed"], {}
    for metric, higher in HIGHER_IS_BETTER.items():
        key, ending = f"{sound}/{metric}", f"{METRICS[metric]}, {sound}, {SHORT[loss]}"
        if key not in run.arrays:
            continue
        values = run.arrays[key]
        found[f"plateau of {ending}"] = plateau_share(values, observed)
        if plain is not None:
            reached = steps_to(values, observed, float(plain.arrays[key][-1]), higher)
            found[f"steps to MSE's final {ending}"] = min(reached, float(observed[-1] + 1))
    return found


def _add_means(found: dict[str, float], sounds: list[str]) -> None:
    """Add "all sounds" for whatever every sound has."""
    first = f", {sounds[0]}, "
    for name in [name for name in found if first in name]:
        each = [found.get(name.replace(first, f", {sound}, ")) for sound in sounds]
        if None not in each:
            found[name.replace(first, ", all sounds, ")] = float(np.mean(each))


def _add_gains(found: dict[str, float]) -> None:
    """Add how much better than MSE each other loss is at each checkpoint."""
    for metric, higher in HIGHER_IS_BETTER.items():
        for name in [name for name in found if name.startswith(f"{METRICS[metric]}, ")]:
            title, sound, loss, when = name.split(", ")
            plain = found.get(f"{title}, {sound}, {SHORT['mse']}, {when}")
            if loss != SHORT["mse"] and plain is not None:
                difference = found[name] - plain
                found[f"gain in {title} over MSE, {sound}, {loss}, {when}"] = difference if higher else -difference
