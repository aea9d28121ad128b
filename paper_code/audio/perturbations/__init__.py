"""What is done to a sound to see what a listener or a loss makes of it, a function a perturbation.

Conventions: waveforms are float32 or float64 [..., time], nominally in [-1, 1]; the result has the same shape, dtype and
device unless the function says otherwise, and no gradient is promised. Each strength is in the unit its argument names
(dB, Hz, s, bits, a share). What is random is drawn on the CPU from the generator that is handed over, so that a seed
draws the same on every device. Nothing is clipped unless that is the perturbation. Bad levels and samples raise
ValueError.
"""

from paper_code.audio.perturbations.compression import mp3, nearest_mp3_rate
from paper_code.audio.perturbations.level import clip_peaks, gain, mu_law
from paper_code.audio.perturbations.noise import add_noise, at_level, coloured_noise, white_noise
from paper_code.audio.perturbations.phase import griffin_lim
from paper_code.audio.perturbations.reverberation import (
    impulse_response,
    measured_direct_to_reverberant,
    measured_reverberation_time,
    reverberate,
)
from paper_code.audio.perturbations.spectrum import (
    equalise,
    filter_without_delay,
    keep_band,
    limit_band,
    scale_band,
    tilt,
)
from paper_code.audio.perturbations.time import change_pitch, change_speed, change_tempo, dropouts, pops

__all__ = [
    "add_noise",
    "at_level",
    "change_pitch",
    "change_speed",
    "change_tempo",
    "clip_peaks",
    "coloured_noise",
    "dropouts",
    "equalise",
    "filter_without_delay",
    "gain",
    "griffin_lim",
    "impulse_response",
    "keep_band",
    "limit_band",
    "measured_direct_to_reverberant",
    "measured_reverberation_time",
    "mp3",
    "mu_law",
    "nearest_mp3_rate",
    "pops",
    "reverberate",
    "scale_band",
    "tilt",
    "white_noise",
]
