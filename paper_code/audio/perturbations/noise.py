"""Noise, and sounds mixed at a level that is relative to another."""

import torch
from torch import Tensor

from paper_code.audio.perturbations.spectrum import LOWEST, tilt
from paper_code.audio.signals import require_finite, require_waveforms


def white_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise of variance 1 in the shape, dtype and device of waveforms [..., time]."""
    require_waveforms(like)
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)


def coloured_noise(
    like: Tensor, decibels_per_octave: float, sample_rate: int, generator: torch.Generator, lowest: float = LOWEST
) -> Tensor:
    """Gaussian noise whose spectrum rises by so much an octave: -3 is pink, -6 brown, 3 blue. See `tilt`.

    like: waveforms [..., time] that give shape, dtype and device.   lowest: Hz, below which the spectrum is flat.
    """
    return tilt(white_noise(like, generator), decibels_per_octave, sample_rate, lowest)


def add_noise(waveforms: Tensor, noise: Tensor, snr: float) -> Tensor:
    """Waveforms [..., time] with noise at a signal-to-noise ratio (dB), of the energies over the whole length of each.

    noise: [..., time] of any length, made or recorded: looped if it is shorter, cut if it is longer; its leading axes
    broadcast against the waveforms'.
    Raises ValueError also where a waveform or a noise is silent: the ratio would not be defined.
    """
    require_waveforms(waveforms, noise)
    length = waveforms.shape[-1]
    repeats = -(-length // noise.shape[-1])
    fitted = torch.cat([noise] * repeats, dim=-1)[..., :length]
    return waveforms + at_level(fitted.expand_as(waveforms), waveforms, -snr)


def at_level(signals: Tensor, reference: Tensor, decibels: float) -> Tensor:
    """Signals [..., time] at a level (dB, of the energies) relative to a reference of the same shape.

    Raises ValueError also where a signal or a reference is silent.
    """
    require_waveforms(signals, reference)
    require_finite(decibels=decibels)
    wanted, found = (torch.linalg.vector_norm(part, dim=-1, keepdim=True) for part in (reference, signals))
    if not (wanted.all() and found.all()):
        raise ValueError("A level relative to silence is not defined: a waveform or a noise holds only zeros.")
    return signals * (wanted / found * 10 ** (decibels / 20))
