"""PEASS: what listeners would say of a separated source, predicted by a model of the ear; here, of a coded sound.

Convention: PEASS wants the target, the interferers and the estimate. Coding has no interferer, so only the target is
given, which is the same as a silent interferer. The interference score is then formally undefined; the toolkit still
gives a number (its network looks at the overall similarity too), reported but not to be read as interference.
Scores run from 0 to 100, higher is better; a perfect copy has 98.9, 92.8, 96.8 and 86.7. The networks were trained
on separated mixtures at moderate quality and are no measure of distance: far outside (0 dB of white noise) the scores
of bad signals rise again, and 98.9 is reached before the copy is perfect. The level of the estimate counts.
Paper: Emiya, Vincent, Harlander & Hohmann 2011; Vincent 2012 (version 2). Computed by python-peass (GPL 3).
"""

import math
from dataclasses import dataclass

from torch import Tensor

from paper_code.metrics.spectral import validate

SHORTEST = 0.5  # s: one frame of the decomposition


@dataclass(frozen=True)
class SourceQuality:
    """The four scores of PEASS, each 0 to 100, or NaN where there is nothing to score.

    overall: OPS.   target: TPS.   interference: IPS (formally undefined without an interferer).   artifacts: APS.
    """

    overall: float
    target: float
    interference: float
    artifacts: float


def source_quality(estimate: Tensor, reference: Tensor, sample_rate: int = 16000) -> SourceQuality:
    """PEASS scores of one estimate [time] against its reference [time] as the only source.

    A silent estimate or reference gives NaN in all four. About 6 to 8 s of work for a second of sound on one core.
    Raises ValueError on unequal lengths, more than one axis, non-finite samples, less than 0.5 s, or a sample rate
    below 8 kHz.
    Paper: Ananthabhotla et al. 2019, Section 1 (as a candidate); Emiya et al. 2011. Chapter: codec_loss.
    """
    if sample_rate < 8000:
        raise ValueError(f"The sample rate must be at least 8000 Hz; found {sample_rate}.")
    estimate, reference = validate(estimate, reference, shortest=round(SHORTEST * sample_rate))
    if estimate.ndim != 1 or reference.ndim != 1:
        raise ValueError(f"Wanted [time] and [time]; found {list(estimate.shape)} and {list(reference.shape)}.")
    if not estimate.any() or not reference.any():
        return SourceQuality(math.nan, math.nan, math.nan, math.nan)
    from peass import predict_perceptual_evaluation_scores  # here and not above: it is slow to import, and GPL

    found, source = (signal.detach().cpu().double().numpy()[:, None] for signal in (estimate, reference))
    scores = predict_perceptual_evaluation_scores([source], found, sampling_frequency_hz=float(sample_rate))
    return SourceQuality(
        overall=scores.overall_perceptual_score,
        target=scores.target_perceptual_score,
        interference=scores.interference_perceptual_score,
        artifacts=scores.artifact_perceptual_score,
    )
