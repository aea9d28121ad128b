"""Reverberation: a made impulse response of stated decay and direct sound, and the convolution with any response."""

import math

import torch
from torch import Tensor
from torchaudio.functional import fftconvolve

from paper_code.audio.signals import require_finite, require_waveforms, require_within

DECAY = 60.0  # dB that the reverberation time is defined by
KEPT = 90.0  # dB of decay that a made response has


def impulse_response(
    reverberation_time: float, direct_to_reverberant: float, sample_rate: int, generator: torch.Generator
) -> Tensor:
    """A made impulse response [time] in float64: the direct sound, 1, then Gaussian noise that decays exponentially.

    reverberation_time: s until the level is 60 dB down (RT60); the response is half as long again.
    direct_to_reverberant: dB, energy of the first sample over that of all others.
    Real rooms have early reflections and a decay that depends on frequency; this has neither.
    """
    require_within("reverberation time (s)", reverberation_time, 0.0, math.inf, ends=False)
    require_finite(direct_to_reverberant=direct_to_reverberant)
    length = 1 + max(1, math.ceil(reverberation_time * KEPT / DECAY * sample_rate))
    seconds = torch.arange(1, length, dtype=torch.float64) / sample_rate
    noise = torch.randn(length - 1, generator=generator, dtype=torch.float64)
    tail = noise * 10 ** (-DECAY / 20 * seconds / reverberation_time)
    tail = tail / torch.linalg.vector_norm(tail) * 10 ** (-direct_to_reverberant / 20)
    return torch.cat([torch.ones(1, dtype=torch.float64), tail])


def reverberate(waveforms: Tensor, response: Tensor) -> Tensor:
    """Waveforms [..., time] convolved with an impulse response [tap], made or recorded; what rings on is cut off.

    Response and waveforms have the same sample rate. The level is what the response makes of it.
    """
    require_waveforms(waveforms, response)
    if response.ndim != 1:
        raise ValueError(f"An impulse response is [tap]; found the shape {tuple(response.shape)}.")
    shaped = response.to(waveforms.device, torch.float64).expand(*waveforms.shape[:-1], -1)
    return fftconvolve(waveforms.double(), shaped)[..., : waveforms.shape[-1]].to(waveforms.dtype)
