"""How loud a sound is (ITU-R BS.1770), and playing several equally loud without clipping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import resample_poly
from torchaudio.functional import loudness as bs1770

from paper_code.audio.clips import AudioError, Clip

# The broadcasters' level (EBU R 128): room for peaks 22 dB above it, so that almost nothing must be lowered.
TARGET_LUFS = -23.0
CEILING_DB = -1.0  # highest sample, re full scale
FADE_SECONDS = 0.005
BLOCK_SECONDS = 0.4  # a gating block of BS.1770
RATE = 48_000  # Hz; the standard gives its filters for this rate only


@dataclass(frozen=True)
class Loudness:
    """What a sound measures. lufs: units re full scale, -inf for silence. gated: by the standard's gates."""

    lufs: float
    gated: bool = True

    @property
    def silent(self) -> bool:
        """True if there is nothing to hear."""
        return math.isinf(self.lufs)

    def __str__(self) -> str:
        if self.silent:
            return "silent"
        return f"{minus(self.lufs)}\u00a0LUFS" + ("" if self.gated else " (ungated)")


def measure(waveform: torch.Tensor, sample_rate: int) -> Loudness:
    """Integrated loudness of a mono waveform [time] at a sample rate in Hz.

    Measured at 48 kHz, where the standard's filters are defined, and with the peak brought to 0.25 first,
    because torchaudio's filters clip at 1. The absolute gate thus lies 70 LU below a peak of -12 dB, wherever
    the sound's own peak is, and scaling a sound moves its loudness by exactly that scale.
    A sound shorter than one gating block (0.4 s) is measured ungated, over its whole length.
    """
    peak = float(waveform.abs().max()) if waveform.numel() else 0.0
    if peak == 0:
        return Loudness(-math.inf)
    signal = (waveform.double() / (4 * peak)).numpy()
    if sample_rate != RATE:
        divisor = math.gcd(RATE, sample_rate)
        signal = resample_poly(signal, RATE // divisor, sample_rate // divisor)
    block = round(BLOCK_SECONDS * RATE)
    gated = len(signal) >= block
    # One block of silence-padded sound holds all its energy; the rest is arithmetic.
    spread = 0.0 if gated else 10 * math.log10(block / len(signal))
    padded = np.pad(signal, (0, max(0, block - len(signal))))
    value = float(bs1770(torch.from_numpy(padded).unsqueeze(0), RATE))
    if not math.isfinite(value):
        return Loudness(-math.inf)  # below the absolute gate throughout: nothing a person could hear
    return Loudness(value + spread + 20 * math.log10(4 * peak), gated)


@dataclass(frozen=True)
class Levelled:
    """A sound ready for a file. waveform: float32 [time], faded. own: loudness before. gain: dB applied."""

    waveform: torch.Tensor
    own: Loudness
    gain: float

    def played(self, clip: Clip) -> Clip:
        """The clip as it goes into the file."""
        return clip.with_waveform(self.waveform, f"faded by 5 ms, {minus(self.gain)} dB")


@dataclass(frozen=True)
class Levels:
    """Sounds to compare, in order.

    common: the loudness of all in LUFS, None if they were left as they are.   lowered: dB, all alike.
    """

    sounds: tuple[Levelled, ...]
    common: float | None
    lowered: float


def level(clips: Sequence[Clip], match: bool = True) -> Levels:
    """Fade all clips and bring them to one loudness, or leave their levels.

    If one would clip, all are lowered alike. Silence stays silence.
    Raises AudioError on an empty clip or one with NaN or infinity.
    """
    waveforms = [faded(clip) for clip in clips]
    own = [measure(waveform, clip.sample_rate) for waveform, clip in zip(waveforms, clips, strict=True)]
    gains = [TARGET_LUFS - o.lufs if match and not o.silent else 0.0 for o in own]
    peaks = [20 * math.log10(max(float(w.abs().max()), 1e-30)) for w in waveforms]
    ceiling = CEILING_DB if match else 0.0
    over = max((peak + gain - ceiling for peak, gain in zip(peaks, gains, strict=True)), default=0.0)
    lowered = max(0.0, over)
    sounds = tuple(
        Levelled(waveform * 10 ** ((gain - lowered) / 20), o, gain - lowered)
        for waveform, gain, o in zip(waveforms, gains, own, strict=True)
    )
    audible = match and not all(o.silent for o in own)
    return Levels(sounds, TARGET_LUFS - lowered if audible else None, lowered)


def faded(clip: Clip) -> torch.Tensor:
    """The waveform with raised-cosine fades of 5 ms (at most half the clip) at both ends."""
    if clip.waveform.numel() == 0:
        raise AudioError(f"'{clip.title}' holds no samples: there is nothing to play")
    if not torch.isfinite(clip.waveform).all():
        raise AudioError(f"'{clip.title}' holds NaN or infinity and cannot be played; see how it was computed")
    waveform = clip.waveform.detach().cpu().clone()
    length = min(round(FADE_SECONDS * clip.sample_rate), len(waveform) // 2)
    if length:
        ramp = torch.sin(torch.linspace(0, math.pi / 2, length)) ** 2
        waveform[:length] *= ramp
        waveform[-length:] *= ramp.flip(0)
    return waveform


def minus(value: float, digits: int = 1) -> str:
    """A number with a real minus sign; a rounded zero has none."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"
