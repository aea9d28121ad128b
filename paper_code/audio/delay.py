"""How much later one recording of a sound is than another, found where their spectrograms agree best.

Waveforms that were made anew from a few numbers a second agree nowhere: the peak of their correlation lies at any
multiple of a period of the voice. Their spectrograms still agree, to a millisecond.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft
from torch import Tensor

from paper_code.audio.signals import require_signals

LONGEST = 0.1  # s
HOP = 0.001  # s between the frames of the spectrograms
FRAME = 0.02  # s
FLOOR = -60.0  # dB re the strongest cell, below which all is equal
ALIKE = 0.7  # correlation of waveforms above which they tell the delay to a sample


def delay(estimate: Tensor, reference: Tensor, sample_rate: int) -> int:
    """Samples by which an estimate [time] comes later than a reference [time]; below 0 where it comes first.

    To a sample where the waveforms are alike (a correlation of 0.7 within 1.5 ms of the delay), else to a millisecond.
    At most 0.1 s. 0 where one of them is silent or shorter than a frame.
    Raises ValueError on other shapes and samples that are not finite.
    """
    require_signals(estimate, reference, None, sample_rate)
    ours, theirs = (signal.detach().cpu().double().numpy() for signal in (estimate, reference))
    hop, frame = max(1, round(HOP * sample_rate)), round(FRAME * sample_rate)
    if len(theirs) < frame or not ours.any() or not theirs.any():
        return 0
    spectra = [_spectrogram(signal, frame, hop) for signal in (ours, theirs)]
    coarse = hop * _best_lag(*spectra, round(LONGEST / HOP))
    return _to_a_sample(ours, theirs, coarse, 3 * hop // 2)


def without_delay(estimate: Tensor, samples: int) -> Tensor:
    """An estimate [..., time] earlier by `samples` (later below 0), as long as before, with zeros where nothing is left."""
    length = estimate.shape[-1]
    if abs(samples) >= length:
        raise ValueError(f"A delay is shorter than the sound ({length} samples); found {samples}.")
    if samples >= 0:
        return torch.nn.functional.pad(estimate[..., samples:], (0, samples))
    return torch.nn.functional.pad(estimate[..., :samples], (-samples, 0))


def _spectrogram(signal: NDArray[np.float64], frame: int, hop: int) -> NDArray[np.float64]:
    """Levels in dB [bin, frame] over time, without the mean of each bin."""
    frames = np.lib.stride_tricks.sliding_window_view(signal, frame)[::hop]
    power = np.abs(fft.rfft(frames * np.hanning(frame), axis=-1)).T ** 2
    decibels = 10 * np.log10(np.maximum(power, power.max() * 10 ** (FLOOR / 10)))
    return decibels - decibels.mean(axis=1, keepdims=True)


def _best_lag(ours: NDArray[np.float64], theirs: NDArray[np.float64], longest: int) -> int:
    """The lag in frames, of at most `longest`, at which two spectrograms [bin, frame] agree best."""
    length = fft.next_fast_len(2 * ours.shape[1], real=True)
    products = fft.rfft(ours, length) * fft.rfft(theirs, length).conj()
    agreement = fft.irfft(products.sum(axis=0), length)
    lags = np.arange(-longest, longest + 1)
    return int(lags[agreement[lags].argmax()])


def _to_a_sample(ours: NDArray[np.float64], theirs: NDArray[np.float64], coarse: int, within: int) -> int:
    """The lag near `coarse` at which the waveforms agree best, where they are alike; else `coarse`."""
    lags = [lag for lag in range(coarse - within, coarse + within + 1) if abs(lag) < len(theirs)]
    products = [
        np.dot(ours[max(0, k) : len(ours) + min(0, k)], theirs[max(0, -k) : len(theirs) - max(0, k)]) for k in lags
    ]
    correlation = np.abs(products) / (np.linalg.norm(ours) * np.linalg.norm(theirs))
    best = int(correlation.argmax())
    return lags[best] if correlation[best] >= ALIKE else coarse
