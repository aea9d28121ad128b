"""PESQ for wide-band speech: what listeners would say of coded speech, predicted by ITU-T P.862.2 (1 to 4.64)."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from paper_code.metrics.spectral import validate

SAMPLE_RATE = 16000  # Hz, the one that P.862.2 is for
SHORTEST = 0.25  # s: shorter sounds are refused by the method
LONGEST = 19.0  # s: the C code crashes on more than 50 utterances, and each takes 0.4 s or more with its pause
PAUSE = 0.02  # s: what is compared to find the quietest moment for a cut


def wideband_pesq(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """PESQ (MOS-LQO, 1 to 4.64, higher is better) of one estimate [time] against a clean reference [time].

    NaN where the method gives no value: shorter than 0.25 s, silence, or no utterance found in the reference.
    What is longer than 19 s is cut at pauses of the reference into parts of half that to that, which the method is made
    for; the value is then the mean over the parts that have one.
    The overall level of either does not count. Raises ValueError on another sample rate than 16 kHz, unequal lengths,
    more than one axis and samples that are not floats or not finite.
    Paper: Byun et al. 2021, section 4.2; ITU-T P.862.2, computed by pesq 0.0.4. Chapter: masking_loss.
    """
    estimate, reference = validate(estimate, reference, shortest=1)
    if sample_rate != SAMPLE_RATE:
        raise ValueError(f"Wide-band PESQ is defined at {SAMPLE_RATE} Hz; found {sample_rate}. Resample first.")
    if estimate.ndim != 1:
        raise ValueError(f"Wanted [time] and [time]; found {list(estimate.shape)} and {list(reference.shape)}.")
    clean, coded = (np.ascontiguousarray(signal.detach().cpu().float().numpy()) for signal in (reference, estimate))
    edges = [0, *_cuts(clean), len(clean)]
    values = [_of_part(coded[start:end], clean[start:end]) for start, end in pairwise(edges)]
    with_value = [value for value in values if not math.isnan(value)]
    return sum(with_value) / len(with_value) if with_value else math.nan


def _of_part(coded: NDArray[np.float32], clean: NDArray[np.float32]) -> float:
    from pesq import PesqError, pesq  # here and not above: a bare machine trains without it

    if len(clean) < SHORTEST * SAMPLE_RATE or not coded.any() or not clean.any():
        return math.nan
    try:
        return float(pesq(SAMPLE_RATE, clean, coded, "wb"))
    except PesqError:
        return math.nan


def _cuts(clean: NDArray[np.float32]) -> list[int]:
    """Where to cut so that no part is longer than LONGEST: at the quietest moment of the second half of each part."""
    longest, width = round(LONGEST * SAMPLE_RATE), round(PAUSE * SAMPLE_RATE)
    found = [0]
    while len(clean) - found[-1] > longest:
        end = min(found[-1] + longest, len(clean) - longest // 4)  # no scrap is left for the last part
        late = np.square(clean[found[-1] + longest // 2 : end], dtype=np.float64)
        power = late[: len(late) // width * width].reshape(-1, width).sum(axis=1)
        found.append(found[-1] + longest // 2 + int(power.argmin()) * width + width // 2)
    return found[1:]
