"""What needs no training: a Wiener filter and the log-spectral amplitude estimator, with a tracker of the noise.

Both multiply the short-time spectrum with a gain that depends on two ratios: a priori (speech over noise, estimated from
frame to frame) and a posteriori (what is measured over noise). All constants are those of the papers; none was tuned.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import exp1
from torch import Tensor

SAMPLE_RATE = 16000
FRAME, HOP = 512, 128  # 32 ms, every 8 ms
WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME))  # before and after: together a Hann window
OVERLAP = 2.0  # what Hann windows at a quarter of their length add up to
FIRST = 10  # frames that are taken for noise
PAST = 0.98  # weight of the last frame's speech in the ratio a priori (Ephraim & Malah 1984)
LEAST_RATIO = 10**-2.5  # of the ratio a priori: -25 dB
LEAST_GAIN = 10 ** (-20 / 20)  # what is left of noise sounds like noise, not like tones
SMALLEST = 1e-12  # power of a bin, in place of 0

Spectrum = NDArray[np.float64]
Gain = Callable[[Spectrum, Spectrum], Spectrum]  # ratios a priori and a posteriori [bin] -> gain [bin]


def wiener_gain(a_priori: Spectrum, a_posteriori: Spectrum) -> Spectrum:
    """The gain with the least squared error of the spectrum: ratio / (1 + ratio); the ratio measured does not enter.

    Paper: Hu & Loizou 2006, as in Manocha et al. 2020, §4.2. Chapter: jnd_denoiser.
    """
    return a_priori / (1 + a_priori)


def log_mmse_gain(a_priori: Spectrum, a_posteriori: Spectrum) -> Spectrum:
    """The gain with the least squared error of the logarithm of the amplitude, for Gaussian speech and noise.

    Paper: Ephraim & Malah 1985, Eq. 20, on which OMLSA in Manocha et al. 2020, §4.2, is built. Chapter: jnd_denoiser.
    """
    share = a_priori / (1 + a_priori)
    return share * np.exp(0.5 * exp1(np.maximum(share * a_posteriori, SMALLEST)))


class NoiseTracker:
    """The power of the noise in each bin, from frame to frame: where speech is likely, it stays as it was.

    Paper: Gerkmann & Hendriks 2012, "Unbiased MMSE-based noise power estimation". Chapter: jnd_denoiser.
    """

    RATIO = 10**1.5  # of speech over noise that is expected where there is speech: 15 dB
    SMOOTHING, LIKELY = 0.8, 0.99

    def __init__(self) -> None:
        self.power = np.full(FRAME // 2 + 1, SMALLEST)
        self._likely = np.zeros(FRAME // 2 + 1)
        self._frames = 0

    def __call__(self, periodogram: Spectrum) -> Spectrum:
        """The noise's power [bin] after one more frame's power [bin]."""
        self._frames += 1
        if self._frames <= FIRST:
            self.power = self.power + (np.maximum(periodogram, SMALLEST) - self.power) / self._frames
            return self.power
        exponent = periodogram / self.power * self.RATIO / (1 + self.RATIO)
        speech = 1 / (1 + (1 + self.RATIO) * np.exp(-np.minimum(exponent, 200)))
        self._likely = 0.9 * self._likely + 0.1 * speech
        speech = np.where(self._likely > self.LIKELY, np.minimum(speech, self.LIKELY), speech)
        noise = (1 - speech) * periodogram + speech * self.power
        self.power = np.maximum(self.SMOOTHING * self.power + (1 - self.SMOOTHING) * noise, SMALLEST)
        return self.power


class SpectralDenoiser:
    """A gain applied frame by frame to a signal that comes in pieces; what comes out does not depend on the pieces."""

    def __init__(self, gain: Gain) -> None:
        self._gain, self._noise = gain, NoiseTracker()
        self._waiting: NDArray[np.float64] = np.zeros(0)
        self._sum = np.zeros(FRAME)
        self._speech = np.zeros(FRAME // 2 + 1)
        self._taken, self._given = 0, 0

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take samples [time]; what of the result is finished [time]."""
        if self._taken == 0 and len(samples):  # the first frames hold what is heard first, mirrored, and not silence
            before = np.resize(samples[: FRAME - HOP], FRAME - HOP)[::-1]
            self._waiting = before.copy()
        self._taken += len(samples)
        self._waiting = np.concatenate([self._waiting, samples])
        finished = []
        while len(self._waiting) >= FRAME:
            self._sum += self._frame(self._waiting[:FRAME])
            finished.append(self._sum[:HOP].copy())
            self._sum = np.concatenate([self._sum[HOP:], np.zeros(HOP)])
            self._waiting = self._waiting[HOP:]
        return self._cut(np.concatenate([*finished, np.zeros(0)]))

    def finish(self) -> NDArray[np.float64]:
        """The rest of the result [time]: as many samples came out as went in."""
        taken = self._taken
        rest = self.push(np.zeros(2 * FRAME))
        return rest[: len(rest) - (self._given - (FRAME - HOP) - taken)]

    def _cut(self, finished: NDArray[np.float64]) -> NDArray[np.float64]:
        """What was finished, without what lies before the first sample."""
        begin = max(0, FRAME - HOP - self._given)
        self._given += len(finished)
        return finished[begin:]

    def _frame(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(WINDOW * samples)
        power = np.maximum(np.abs(spectrum) ** 2, SMALLEST)
        noise = self._noise(power)
        a_posteriori = power / noise
        a_priori = PAST * self._speech / noise + (1 - PAST) * np.maximum(a_posteriori - 1, 0)
        gain = np.clip(self._gain(np.maximum(a_priori, LEAST_RATIO), a_posteriori), LEAST_GAIN, 1.0)
        self._speech = gain**2 * power
        return WINDOW * np.fft.irfft(gain * spectrum, FRAME) / OVERLAP


GAINS: dict[str, Gain] = {"wiener": wiener_gain, "logmmse": log_mmse_gain}


def denoise(noisy: Tensor, method: str) -> Tensor:
    """Speech [time] of noisy speech [time] at 16 kHz, by a gain of GAINS."""
    stream = SpectralDenoiser(GAINS[method])
    samples = noisy.detach().cpu().double().numpy()
    return torch.from_numpy(np.concatenate([stream.push(samples), stream.finish()])).to(noisy)
