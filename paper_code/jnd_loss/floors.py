"""What a metric has to beat on held-out judgements: what never hears the sounds, what never learned, and the released."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import resample

from paper_code.jnd_loss import known_answers, levels, loss, scores, stimuli
from paper_code.jnd_loss.building import pairs
from paper_code.jnd_loss.configs import FloorsConfig
from paper_code.jnd_loss.distances import Metric, of_pairs
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS
from paper_code.metrics.spectral import log_spectral_distance

KNOWN = "known answers"  # of the metrics: not one that predicts


def evaluate(config: FloorsConfig, folder: Path) -> None:
    """Write metrics.json and arrays.npz: the levels alone, log-spectral distance, the mean square, the released four.

    With recordings also what the released metrics say of their authors' own samples.
    """
    heard, test = pairs(config, "train"), pairs(config, "test")
    fitted = scores.some_of_each(heard.judgements, config.fitted)
    fitted_on = scores.chosen(heard.judgements, fitted)
    metrics: dict[str, object] = {"levels alone": scores.by_list(levels.probabilities(config), test.judgements)}
    metrics["levels alone, refitted"] = scores.by_list(levels.with_distances(config, test), test.judgements)
    if not config.synthetic:
        metrics[KNOWN] = known_answers.distances()
    arrays: dict[str, NDArray] = {"different": test.judgements.different}
    for name, metric in candidates():
        known, unknown = of_pairs(metric, heard, fitted), of_pairs(metric, test)
        found = scores.thresholded(known, fitted_on, unknown, test.judgements)
        metrics[name] = {way: scores.by_list(values, test.judgements) for way, values in found.items()}
        metrics[name]["calibration"] = {
            way: scores.calibration(p, test.judgements.different) for way, p in found.items()
        }
        metrics[name]["with levels"] = scores.by_list(levels.with_distances(config, test, unknown), test.judgements)
        arrays[f"{name}/distance"] = unknown.astype(np.float32)
    write_arrays(folder / ARRAYS, arrays)
    write_json(folder / METRICS, metrics)


def candidates() -> Iterator[tuple[str, Metric]]:
    """Metrics that learn nothing here, by name."""
    yield "log-spectral distance", _log_spectral
    yield "mean square", lambda test, reference: (test - reference).square().mean(-1)
    for name in loss.RELEASED:
        yield f"released {name}", _at_their_rate(JNDLoss.released(name, reduction="none"))


def _log_spectral(test: Tensor, reference: Tensor) -> Tensor:
    return log_spectral_distance(test, reference, stimuli.SAMPLE_RATE)


def _at_their_rate(metric: JNDLoss) -> Metric:
    def distance(test: Tensor, reference: Tensor) -> Tensor:
        both = (resample(sound, stimuli.SAMPLE_RATE, metric.sample_rate) for sound in (test, reference))
        return metric(*both)

    return distance
