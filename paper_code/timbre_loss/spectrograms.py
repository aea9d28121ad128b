"""The log-magnitude spectrogram of the paper, and the way back to a sound with the input's phase.

Chapter: timbre_loss
"""

import torch
from torch import Tensor

from paper_code.timbre_loss.notes import SAMPLE_RATE

WINDOW = 480  # samples, 30 ms
HOP = 160  # samples, 10 ms
FFT = 512
BINS = FFT // 2 + 1
FLOOR = 1e-10  # power that counts as nothing: -100 dB re a sine at full scale
NEPER = 8.685889638  # dB


def spectra(waveforms: Tensor) -> Tensor:
    """Complex spectra [..., 257, frame] of waveforms [..., time]; a sine at full scale has magnitude 1. 3 s: 298 frames.

    Hann windows of 480 samples, zero-padded to 512, every 160 samples, none over the ends.
    Raises ValueError for less than one window.
    Paper: Verma & Berger 2019, section III.
    """
    if waveforms.shape[-1] < WINDOW:
        raise ValueError(f"at least {WINDOW} samples (30 ms) are needed; found {waveforms.shape[-1]}.")
    window = _window(waveforms)
    frames = waveforms.unfold(-1, WINDOW, HOP) * window
    return torch.fft.rfft(frames, FFT).transpose(-1, -2) * (2 / window.sum())


def decibels(complex_spectra: Tensor) -> Tensor:
    """Log magnitude in dB re a sine at full scale, never below -100 dB; its gradient is finite at silence."""
    power = complex_spectra.real.square() + complex_spectra.imag.square()
    return 10 * torch.log10(power + FLOOR)


def log_spectrogram(waveforms: Tensor) -> Tensor:
    """Log-magnitude spectrogram in dB, [..., 257, frame], of waveforms [..., time] at 16 kHz; see `spectra`."""
    return decibels(spectra(waveforms))


def masked(waveforms: Tensor, masks: Tensor) -> Tensor:
    """Waveforms [..., time] whose log magnitudes are raised by masks [..., 257, frame] in dB, with their own phase.

    Windowed overlap-add, divided by the summed squared window. The last samples, in no whole frame, are silent, and the
    first and last 15 ms, under half a window only, are faded.
    Paper: Verma & Berger 2019: X_t = X_inp + M_o.
    """
    return overlap_add(spectra(waveforms) * 10 ** (masks / 20), waveforms.shape[-1])


def overlap_add(complex_spectra: Tensor, length: int) -> Tensor:
    """Waveforms [..., time] of `length` samples from complex spectra [..., 257, frame] as `spectra` gives them."""
    window = _window(complex_spectra.real)
    frames = torch.fft.irfft(complex_spectra.transpose(-1, -2), FFT)[..., :WINDOW] * (window.sum() / 2) * window
    flat = frames.reshape(-1, *frames.shape[-2:])
    count = flat.shape[-2]
    covered = (count - 1) * HOP + WINDOW
    total = _folded(flat, covered)
    weight = _folded(window.square().expand(1, count, WINDOW), covered).clamp_min(0.1)
    waveforms = torch.nn.functional.pad(total / weight, (0, max(0, length - covered)))[..., :length]
    return waveforms.reshape(*complex_spectra.shape[:-2], length)


def _folded(frames: Tensor, covered: int) -> Tensor:
    """Frames [batch, frame, sample] added at their places: [batch, time]."""
    columns = frames.transpose(-1, -2)
    fold = torch.nn.functional.fold(columns, (1, covered), (1, WINDOW), stride=(1, HOP))
    return fold[:, 0, 0]


def _window(like: Tensor) -> Tensor:
    return torch.hann_window(WINDOW, dtype=like.dtype, device=like.device)


def seconds_of_frames(count: int) -> Tensor:
    """The middle of each frame in seconds, [frame]."""
    return (torch.arange(count) * HOP + WINDOW / 2) / SAMPLE_RATE


def hertz_of_bins() -> Tensor:
    """The frequency of each bin, [257]."""
    return torch.arange(BINS) * SAMPLE_RATE / FFT
