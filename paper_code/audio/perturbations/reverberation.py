"""Reverberation: a made impulse response of stated decay and direct sound, the convolution with any, and measures of it."""

import math

import torch
from torch import Tensor
from torchaudio.functional import fftconvolve

from paper_code.audio.signals import require_finite, require_waveforms, require_within

DECAY = 60.0  # dB that the reverberation time is defined by
KEPT = 90.0  # dB of decay that a made response has
UPPER, LOWER = -5.0, -25.0  # dB between which a decay is measured (T20 of ISO 3382)


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
    _require_response(response)
    shaped = response.to(waveforms.device, torch.float64).expand(*waveforms.shape[:-1], -1)
    return fftconvolve(waveforms.double(), shaped)[..., : waveforms.shape[-1]].to(waveforms.dtype)


def measured_reverberation_time(response: Tensor, sample_rate: int) -> float:
    """Seconds in which an impulse response [tap] decays by 60 dB, from its fall between -5 and -25 dB (T20).

    Schroeder's backward integral of the energy after the largest sample, and a straight line through it.
    Raises ValueError where nothing follows the largest sample.
    """
    _, tail = _direct_and_tail(response, 0)
    remaining = tail.flip(0).cumsum(0).flip(0)
    level = 10 * torch.log10(remaining / remaining[0])
    inside = (level <= UPPER) & (level >= LOWER)
    seconds = torch.arange(len(tail), dtype=torch.float64)[inside] / sample_rate
    if len(seconds) < 2:
        raise ValueError("A reverberation time needs a tail that falls from -5 to -25 dB over two samples or more.")
    seconds, fall = seconds - seconds.mean(), level[inside] - level[inside].mean()
    return -DECAY * float(seconds.square().sum() / (seconds * fall).sum())


def measured_direct_to_reverberant(response: Tensor, sample_rate: int, direct: float = 0.0) -> float:
    """Energy (dB) of an impulse response [tap] up to `direct` seconds after its largest sample, over all that follows.

    direct: 0 in a made response; some 0.0025 s in a recorded one, whose direct sound has a width.
    Too high where the tail rises above the direct sound: then its largest sample is none of the direct sound's.
    """
    first, tail = _direct_and_tail(response, round(direct * sample_rate))
    return float(10 * torch.log10(first.sum() / tail.sum()))


def _direct_and_tail(response: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The squared samples of a response up to `width` samples after its largest, and those that follow, in float64."""
    require_waveforms(response)
    _require_response(response)
    energy = response.detach().cpu().double().square()
    end = int(energy.argmax()) + width + 1
    if not energy[end:].any():
        raise ValueError("Nothing follows the direct sound of this impulse response.")
    return energy[:end], energy[end:]


def _require_response(response: Tensor) -> None:
    if response.ndim != 1:
        raise ValueError(f"An impulse response is [tap]; found the shape {tuple(response.shape)}.")
