"""Perturbations in time: speed, pitch, dropouts, pops."""

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from scipy.signal import resample_poly
from torch import Tensor
from torchaudio.functional import phase_vocoder

from paper_code.audio.signals import require_waveforms, require_within

FINEST = 10_000  # the largest denominator of a speed: it is right to 0.01 %
LEAST, MOST = 0.1, 10.0  # times as fast
OCTAVE = 12.0  # semitones
WINDOW = 0.064  # s, of the phase vocoder's spectra: it resolves the harmonics of a low voice


def change_speed(waveforms: Tensor, speed: float | Fraction) -> Tensor:
    """Waveforms [..., time] played `speed` times as fast, as a tape would: pitch and tempo change together.

    speed: 0.1 to 10; 1.05 is 5 % faster, 2^(1/12) a semitone higher. A float is taken to the nearest ten-thousandth.
    The result has ceil(time / speed) samples.
    """
    require_waveforms(waveforms)
    require_within("speed", speed, LEAST, MOST)
    ratio = Fraction(speed).limit_denominator(FINEST)
    resampled = resample_poly(waveforms.detach().cpu().numpy(), ratio.denominator, ratio.numerator, axis=-1)
    return torch.from_numpy(resampled).to(waveforms)


def change_tempo(waveforms: Tensor, tempo: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] `tempo` times as fast (0.1 to 10) at the pitch they had: a phase vocoder.

    The result has ceil(time / tempo) samples.
    Raises ValueError also where the sound is no longer than half a window (32 ms).
    """
    require_waveforms(waveforms)
    require_within("tempo", tempo, LEAST, MOST)
    window = 2 ** round(math.log2(WINDOW * sample_rate))
    if waveforms.shape[-1] <= window // 2:
        raise ValueError(f"A phase vocoder needs more than {window // 2} samples; found {waveforms.shape[-1]}.")
    shape = torch.hann_window(window, dtype=waveforms.dtype, device=waveforms.device)
    flat = waveforms.reshape(-1, waveforms.shape[-1])
    spectra = torch.stft(flat, window, window // 4, window=shape, return_complex=True)
    advance = torch.linspace(0, math.pi * window / 4, window // 2 + 1, dtype=flat.dtype, device=flat.device)
    stretched = phase_vocoder(spectra, tempo, advance.unsqueeze(-1))
    length = math.ceil(waveforms.shape[-1] / tempo)
    result = torch.istft(stretched, window, window // 4, window=shape, length=length)
    return result.reshape(*waveforms.shape[:-1], length)


def change_pitch(waveforms: Tensor, semitones: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] higher by so many semitones (lower below 0; -12 to 12), at the tempo they had.

    Stretched by a phase vocoder, then played faster by as much.
    Raises ValueError also where the sound is no longer than half a window (32 ms).
    """
    require_within("semitones", semitones, -OCTAVE, OCTAVE)
    ratio = Fraction(2 ** (semitones / OCTAVE)).limit_denominator(FINEST)
    changed = change_speed(change_tempo(waveforms, float(1 / ratio), sample_rate), ratio)
    length = waveforms.shape[-1]
    return torch.nn.functional.pad(changed, (0, max(0, length - changed.shape[-1])))[..., :length]


def dropouts(waveforms: Tensor, share: float, seconds: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Waveforms [..., time] with silence in a share of their time, in gaps at random places, other ones in each.

    share: 0 to 1, kept to the sample.   seconds: of a gap, the last one shorter where they do not add up; gaps never
    overlap, but may meet.
    """
    require_waveforms(waveforms)
    require_within("share", share, 0.0, 1.0)
    gap = round(seconds * sample_rate) if math.isfinite(seconds) else 0
    if gap < 1:
        raise ValueError(f"A gap wants at least a sample, {1 / sample_rate:.2g} s; found {seconds} s.")
    dropped = round(share * waveforms.shape[-1])
    return _each(waveforms, lambda waveform: _with_gaps(waveform, dropped, gap, generator))


def pops(waveforms: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Waveforms [..., time] with a share of their samples, at random places, at plus or minus the largest magnitude.

    share: 0 to 1, kept to the sample; half of them are positive. The places are other ones in each waveform.
    """
    require_waveforms(waveforms)
    require_within("share", share, 0.0, 1.0)
    count = round(share * waveforms.shape[-1])
    return _each(waveforms, lambda waveform: _with_pops(waveform, count, generator))


def _with_gaps(waveform: Tensor, dropped: int, gap: int, generator: torch.Generator) -> Tensor:
    """A waveform [time] with `dropped` samples of silence in gaps."""
    kept = len(waveform) - dropped
    # How many of the kept samples stand before each gap: equal numbers make gaps meet, never overlap.
    before = torch.randint(kept + 1, (-(-dropped // gap),), generator=generator).sort().values.tolist()
    lengths = [min(gap, dropped - start) for start in range(0, dropped, gap)]
    result, done = waveform.clone(), 0
    for place, length in zip(before, lengths, strict=True):
        result[place + done : place + done + length] = 0.0
        done += length
    return result


def _with_pops(waveform: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """A waveform [time] with `count` samples at its extremes."""
    places = torch.randperm(len(waveform), generator=generator)[:count].to(waveform.device)
    result, peak = waveform.clone(), waveform.abs().max()
    result[places[: count // 2]] = -peak
    result[places[count // 2 :]] = peak
    return result


def _each(waveforms: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The change of every waveform of a batch of any shape."""
    flat = waveforms.reshape(-1, waveforms.shape[-1])
    return torch.stack([change(waveform) for waveform in flat]).reshape(waveforms.shape)
