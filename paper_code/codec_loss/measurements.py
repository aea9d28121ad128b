"""Our values under the names that claims and tables ask for, one value a seed."""

import numpy as np

from paper_code.codec_loss.configs import NARROW
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
TRACK_SCORES = {"ops": "OPS", "aps": "APS", "lsd": "log-spectral distance", "snr": "SNR"}


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Each claim says in these names what it needs.

    "<score>, <candidate>, <network> network": scores on the test patches, for instance "holes F1, network, spectrogram
    network"; the candidates are "network", "corrected network" (spectrogram), "fixed filter"
    and "identity". "<score>, model C": on the test frames;
    "<score>, model C, broadband": of the models limited to 5 kHz. "<score>, tracks, model C": mean over the excerpts.
    """
    seeds = sorted({result.seed for result in results})
    return over_seeds([_of_seed([result for result in results if result.seed == seed]) for seed in seeds])


def model_title(config: dict[str, object]) -> str:
    """ "model C", or "model C, broadband" for the one limited to 5 kHz; config: a result's."""
    return f"model {str(config['model']).upper()}" + (", broadband" if config["cutoff"] != NARROW else "")


def _of_seed(results: list[Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for result in results:
        if "network" in result.config:
            network = f"{result.config['network']} network"
            for candidate, scores in [(k, v) for k, v in result.metrics["test"].items() if isinstance(v, dict)]:
                for key in [key for key in NETWORK_SCORES if key in scores]:
                    found[f"{NETWORK_SCORES[key]}, {candidate}, {network}"] = scores[key]
        else:
            model = model_title(result.config)
            if result.config["cutoff"] == NARROW:  # all models of a band and a seed start alike
                found["SNR, untrained"] = result.metrics["untrained"]["snr"]
            for key, title in [(k, t) for k, t in MODEL_SCORES.items() if k in result.metrics["test"]]:
                found[f"{title}, {model}"] = result.metrics["test"][key]
            for key, title in TRACK_SCORES.items():
                values = [track[key] for track in result.metrics["tracks"].values()]
                found[f"{title}, tracks, {model}"] = float(np.mean(values))
    return found
