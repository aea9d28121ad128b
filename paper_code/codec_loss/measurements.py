"""Our values under the names that claims and tables ask for, one value a seed."""

import math
from collections.abc import Mapping

import numpy as np

from paper_code.codec_loss.configs import NARROW, PROFILES, TRIALS, TRIED
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result

NETWORK_SCORES = {
    "l1": "L1",
    "precision": "holes precision",
    "recall": "holes recall",
    "f1": "holes F1",
    "waveform_l1": "waveform L1",
}
MODEL_SCORES = {
    "snr": "SNR",
    "snr_twice": "SNR by 20 log10",
    "snr_pooled": "pooled SNR",
    "lsd": "log-spectral distance",
    "upper_level": "level of the upper band",
    "out_of_band": "level out of band",
    "pulse_rate": "pulses a second",
    "pulse_energy": "energy of pulses",
    "pulse_share": "share of the error in pulses",
    "image_4 kHz": "images at 4 kHz",
    "image_2 kHz": "images at 2 kHz",
}
FLOORS = ("untrained", "fixed filter")  # measured with Model A
TRACK_SCORES = {"ops": "OPS", "aps": "APS", "lsd": "log-spectral distance", "snr": "SNR"}


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Each claim says in these names what it needs.

    "<score>, <candidate>, <network> network": scores on the test patches, for instance "holes F1, network, spectrogram
    network"; the candidates are "network", "corrected network" (spectrogram), "fixed filter"
    and "identity". "<score>, model C": on the test frames;
    "<score>, model C, broadband": of the models limited to 5 kHz. "<score>, tracks, model C": mean over the excerpts.
    In the place of a model: "untrained" and "fixed filter", of sounds limited to 3 kHz.
    "SNR, trial, model C at 1e-05" and "own loss, trial, ...": of unseen recordings after a short training at a rate.
    """
    seeds = sorted({result.seed for result in results})
    of_all = _not_tried() | _floors(results)
    return over_seeds([of_all | _of_seed([result for result in results if result.seed == seed]) for seed in seeds])


def model_title(config: dict[str, object]) -> str:
    """ "model C", "fair model C", or "model C, broadband" for the one limited to 5 kHz; config: a result's."""
    letter, _, variant = str(config["model"]).partition("_")
    name = f"{variant} model {letter.upper()}".strip()
    return name + (", broadband" if config["cutoff"] != NARROW else "")


def _of_seed(results: list[Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for result in results:
        if "network" in result.config:
            network = f"{result.config['network']} network"
            for candidate, scores in [(k, v) for k, v in result.metrics["test"].items() if isinstance(v, dict)]:
                for key in [key for key in NETWORK_SCORES if key in scores]:
                    found[f"{NETWORK_SCORES[key]}, {candidate}, {network}"] = scores[key]
        elif "rates" in result.config:
            for rate, ends in result.metrics["rates"].items():
                trial = f"trial, {model_title(result.config)} at {rate}"
                found |= {f"SNR, {trial}": ends["snr"], f"own loss, {trial}": ends["own"]}
            found["SNR, trial, untrained"] = result.metrics["start"]["snr"]
        else:
            name, metrics = model_title(result.config), result.metrics
            found |= _scores(metrics["test"], metrics["tracks"], name)
    return found


def _not_tried() -> dict[str, float]:
    """NaN for the trials that some profile makes: another does not try all rates."""
    rates = {rate for profile in PROFILES.values() for rate in profile.of(TRIALS).get("rates", ())}
    titles = [model_title({"model": model, "cutoff": NARROW}) for model in TRIED]
    trials = [f"trial, {title} at {rate:g}" for title in titles for rate in sorted(rates)]
    return {f"{score}, {trial}": math.nan for score in ("SNR", "own loss") for trial in trials}


def _floors(results: list[Result]) -> dict[str, float]:
    """The scores of what no seed decides, measured with one of the models."""
    measured = [r.metrics for r in results if r.config.get("cutoff") == NARROW and "floor tracks" in r.metrics]
    each = [_scores(metrics[floor], metrics["floor tracks"][floor], floor) for metrics in measured for floor in FLOORS]
    return {name: value for scores in each for name, value in scores.items()}


def _scores(test: Mapping[str, float], tracks: Mapping[str, Mapping[str, float]], name: str) -> dict[str, float]:
    """The scores on the test frames and on the excerpts, named."""
    found = {f"{title}, {name}": test[key] for key, title in MODEL_SCORES.items() if key in test}
    for key, title in TRACK_SCORES.items():
        found[f"{title}, tracks, {name}"] = float(np.mean([track[key] for track in tracks.values()]))
    return found
