"""Short-time objective intelligibility: how much of speech a listener should understand (a prediction)."""

import warnings

import numpy as np
from torch import Tensor

from paper_code.metrics.spectral import validate


def short_time_intelligibility(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """STOI of one estimate [time] against a clean reference [time]: about 0 to 1, NaN where speech is too short.

    NaN too where either is silent. The measure needs some 0.4 s of speech after its own removal of silence. It does not
    depend on the level.
    Paper: Taal, Hendriks, Heusdens & Jensen 2011; computed by pystoi. Chapter: bark_loss.
    """
    from pystoi import stoi  # here and not above: a bare machine trains without it

    estimate, reference = validate(estimate, reference, shortest=1)
    if not (estimate.any() and reference.any()):
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(_array(reference), _array(estimate), sample_rate))
        except RuntimeWarning:  # how pystoi says that too little speech is left
            return float("nan")


def _array(signal: Tensor) -> np.ndarray:
    return signal.detach().cpu().double().numpy()
