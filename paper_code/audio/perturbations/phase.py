"""The phase of a sound, thrown away and estimated again from the magnitudes of its spectra: Griffin and Lim."""

import math

import torch
from torch import Tensor

from paper_code.audio.signals import require_waveforms, require_within

WINDOW = 1024  # samples, a quarter of it the hop
MOMENTUM = 0.99  # of the fast variant (Perraudin et al. 2013), which librosa and torchaudio use too
MOST_ITERATIONS = 10_000
SMALLEST = 1e-16  # keeps the phase of an empty bin defined


def griffin_lim(waveforms: Tensor, iterations: int, generator: torch.Generator) -> Tensor:
    """Waveforms [..., time] built again from the magnitudes of their spectra (Hann, 1024 samples, hop 256) alone.

    iterations: 1 to 10,000 of the fast Griffin-Lim algorithm; the phases start at random.
    """
    require_waveforms(waveforms)
    require_within("iterations", iterations, 1, MOST_ITERATIONS, whole=True)
    flat = waveforms.reshape(-1, waveforms.shape[-1])
    length = flat.shape[-1]
    padded = torch.nn.functional.pad(flat, (0, max(0, WINDOW - length)))  # a spectrum needs more than half a window
    magnitude = _spectra(padded).abs()
    angles = 2 * math.pi * torch.rand(magnitude.shape, generator=generator, dtype=flat.dtype)
    phases, before = torch.polar(torch.ones_like(magnitude), angles.to(flat.device)), torch.zeros_like(magnitude)
    for _ in range(int(iterations)):
        consistent = _spectra(_waveforms(magnitude * phases, padded.shape[-1]))
        ahead = consistent - MOMENTUM / (1 + MOMENTUM) * before
        phases, before = ahead / ahead.abs().clamp(min=SMALLEST), consistent
    return _waveforms(magnitude * phases, padded.shape[-1])[:, :length].reshape(waveforms.shape)


def _spectra(flat: Tensor) -> Tensor:
    window = torch.hann_window(WINDOW, dtype=flat.dtype, device=flat.device)
    return torch.stft(flat, WINDOW, WINDOW // 4, window=window, return_complex=True)


def _waveforms(spectra: Tensor, length: int) -> Tensor:
    window = torch.hann_window(WINDOW, dtype=spectra.real.dtype, device=spectra.device)
    return torch.istft(spectra, WINDOW, WINDOW // 4, window=window, length=length)
