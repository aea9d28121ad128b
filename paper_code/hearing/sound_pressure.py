"""Spectra of frames on a scale of sound pressure level: full scale is put at a fixed level in dB SPL."""

from typing import Literal

import torch
from torch import Tensor

FULL_SCALE = 90.302  # dB SPL of a constant 1; a sine of amplitude 1 on a line reads 6.02 dB less, 84.28 dB
FLOOR = 1e-20  # power that stands for none when decibels are asked for: -200 dB SPL
Window = Literal["hann", "rectangular"]
WINDOWS = ("hann", "rectangular")


def frames_of(waveform: Tensor, frame_length: int, hop_length: int) -> Tensor:
    """Frames [..., frame, sample] of a waveform [..., time]; the last is filled up with zeros, no sample is left out.

    Raises ValueError on a waveform shorter than a frame.
    """
    time = waveform.shape[-1]
    if time < frame_length:
        raise ValueError(f"At least one frame of {frame_length} samples is needed; found {time} samples.")
    return torch.nn.functional.pad(waveform, (0, -(time - frame_length) % hop_length)).unfold(
        -1, frame_length, hop_length
    )


def pressure_spectrum(frames: Tensor, window: Window = "hann") -> Tensor:
    """Complex spectra [..., frame, line] of frames [..., frame, sample]; the squared magnitude is a power in SPL.

    window: the window's own gain for a sine on a line is divided out, so a full-scale sine reads 84.28 dB with both.
    With Hann its power appears in three lines, 1.76 dB more in sum. Differentiable.
    Paper: Spanias et al. 2007, section 5.7.1, Eq. 5.18 to 5.20; Byun et al. 2021, section 3.2. Chapter: masking_loss.
    """
    length = frames.shape[-1]
    gain = 10.0 ** (FULL_SCALE / 20.0) / length
    if window == "hann":
        taper = torch.hann_window(length, dtype=torch.float64, device=frames.device)
        frames = frames * (taper * (2.0 * gain)).to(frames.dtype)  # the mean of a Hann window is one half
    else:
        frames = frames * gain
    return torch.fft.rfft(frames)


def decibels(power: Tensor) -> Tensor:
    """Level in dB of a power, not below -200 dB."""
    return 10.0 * torch.log10(power.clamp_min(FLOOR))
