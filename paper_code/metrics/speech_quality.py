"""PESQ for wide-band speech: what listeners would say of coded speech, predicted by ITU-T P.862.2 (1 to 4.64)."""

import math

import numpy as np
from torch import Tensor

from paper_code.metrics.spectral import validate

SAMPLE_RATE = 16000  # Hz, the one that P.862.2 is for
SHORTEST = 0.25  # s: shorter sounds are refused by the method


def wideband_pesq(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """PESQ (MOS-LQO, 1 to 4.64, higher is better) of one estimate [time] against a clean reference [time].

    NaN where the method gives no value: shorter than 0.25 s, silence, or no utterance found in the reference.
    The overall level of either does not count. Raises ValueError on another sample rate than 16 kHz, unequal lengths,
    more than one axis and samples that are not finite.
    Paper: Byun et al. 2021, section 4.2; ITU-T P.862.2, computed by pesq 0.0.4. Chapter: masking_loss.
    """
    from pesq import PesqError, pesq  # here and not above: a bare machine trains without it

    validate(estimate, reference, shortest=1)
    if sample_rate != SAMPLE_RATE:
        raise ValueError(f"Wide-band PESQ is defined at {SAMPLE_RATE} Hz; found {sample_rate}. Resample first.")
    if estimate.ndim != 1:
        raise ValueError(f"Wanted [time] and [time]; found {list(estimate.shape)} and {list(reference.shape)}.")
    if len(reference) < SHORTEST * SAMPLE_RATE or not estimate.any() or not reference.any():
        return math.nan
    signals = (np.ascontiguousarray(signal.detach().cpu().float().numpy()) for signal in (reference, estimate))
    try:
        return float(pesq(SAMPLE_RATE, *signals, "wb"))
    except PesqError:
        return math.nan
