"""Our values under the names that claims and tables ask for, one value a seed."""

from collections.abc import Mapping

from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result
from paper_code.timbre_loss.mask_runs import unpacked
from paper_code.timbre_loss.masks import RECIPES, smooth

# Run -> its name in measurements.
RUNS = {
    "cellos": "cellos",
    "vibrato": "cellos with vibrato",
    "body": "known filter",
    "null": "null test",
    "cellos_rows": "cellos with rows",
    "body_rows": "known filter with rows",
    "null_rows": "null test with rows",
}
OTHERS = {"judge": "of the judge", "vibrato": "when both have vibrato", "cellos": "without vibrato"}
LOUD, NOISE = 40.0, 60.0  # dB below a clip's strongest cell: nearer is loud, farther only bow noise and noise floor
FLOORS = {"nearest mean": "nearest mean", "logistic": "logistic regression", "confounds": "confounds"}


def title(run: str) -> str:
    """The name of a run in measurements: "cellos with rows", "cellos, width 4"."""
    return RUNS.get(run) or run.replace("_width", ", width ")


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    "accuracy, <run>", "accuracy of the judge, <run>", "accuracy when both have vibrato, <run>", "accuracy of <floor>,
    <run>": shares of held-out phrases; runs are those of RUNS, and "cellos, width <width>". "parameters, <run>".
    "<measure> of <mask>, <run>": see mask_measures; masks are those of masks.RECIPES, with _ as a space, and "none",
    "equaliser", "truth"; "gain in distance of <mask>, <run>": how much nearer to the target's phrase the mask brings, dB.
    "loud cells of rectangles, <run>", "noise of rectangles, <run>": size of the block mask there, in dB, two clips.
    "difference between <inputs, runs or starts>, <run>": of masks, in dB.
    "<method>, <source>, <kind>, <run>": what a frame of that kind weighs more than a steady one, see salience.
    """
    seeds = sorted({result.seed for result in results})
    return over_seeds([_of_seed([r for r in results if r.seed == seed]) for seed in seeds])


def _of_seed(results: list[Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for result in results:
        name, metrics = title(result.experiment), result.metrics
        found[f"accuracy, {name}"] = metrics["accuracy"]["network"]
        found[f"parameters, {name}"] = metrics["parameters"]
        for key, called in OTHERS.items():
            if key in metrics["accuracy"]:
                found[f"accuracy {called}, {name}"] = metrics["accuracy"][key]
        found |= {f"accuracy of {FLOORS[floor]}, {name}": v for floor, v in metrics.get("floors", {}).items()}
        found |= {f"difference between {what}, {name}": v for what, v in metrics.get("follows", {}).items()}
        found |= {f"{key.replace('/', ', ')}, {name}": v for key, v in metrics.get("salience", {}).items()}
        found |= _of_masks(metrics.get("masks", {}), name)
        found |= {f"{where} of rectangles, {name}": value for where, value in _where(result).items()}
    return found


def _where(result: Result) -> dict[str, float]:
    """Root mean square in dB of the kept block masks, smoothed, in loud cells of their clips and where all is noise."""
    if "mask/rectangles" not in result.arrays:
        return {}
    inputs = 4 * unpacked(result.arrays["input"])
    mask = smooth(unpacked(result.arrays["mask/rectangles"]), RECIPES["rectangles"].window)
    below = inputs.amax((-2, -1), keepdim=True) - inputs
    places = {"loud cells": below < LOUD, "noise": below > NOISE}
    return {where: float(mask[cells].square().mean().sqrt()) for where, cells in places.items()}


def _of_masks(masks: Mapping[str, Mapping[str, float]], run: str) -> dict[str, float]:
    found = {}
    for mask, values in masks.items():
        called = mask.replace("_", " ")
        found |= {f"{measure} of {called}, {run}": value for measure, value in values.items()}
        found[f"gain in distance of {called}, {run}"] = masks["none"]["distance"] - values["distance"]
        found[f"fall in judge of {called}, {run}"] = masks["none"]["judge heard"] - values["judge heard"]
        found[f"fall in score of {called}, {run}"] = masks["none"]["heard"] - values["heard"]
    return found
