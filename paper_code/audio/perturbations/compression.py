"""MP3 as a perturbation of waveforms of any shape. The other compression of the paper, mu-law, is in `level`."""

import math

import torch
from torch import Tensor
from torchaudio.functional import resample

from paper_code.audio import codecs
from paper_code.audio.codec_kinds import KINDS
from paper_code.audio.resampling import by_soxr, have_simple_ratio
from paper_code.audio.signals import require_choice, require_waveforms, require_within


def mp3(waveforms: Tensor, kilobits: float, sample_rate: int) -> Tensor:
    """Waveforms [..., time] after the MP3 encoder LAME and its decoder, each as a mono sound; see `audio.codecs`.

    kilobits: kb/s, one of the rates that MP3 has at this sample rate; `nearest_mp3_rate` names one.
    Where a waveform goes beyond full scale it is coded softer, and made louder again after.
    Raises ValueError also for rates that MP3 has not, and where ffmpeg is missing.
    """
    require_waveforms(waveforms)
    flat = waveforms.detach().reshape(-1, waveforms.shape[-1])
    scale = flat.abs().amax(-1, keepdim=True).clamp(min=1.0)
    coded = codecs.code_batch(list(flat / scale), codecs.Codec("mp3", kilobits, sample_rate))
    stacked = torch.stack([one.waveform for one in coded]).to(waveforms)
    return (stacked * scale).reshape(waveforms.shape)


def nearest_mp3_rate(kilobits: float, sample_rate: int) -> float:
    """The bit rate (kb/s) nearest to `kilobits` that MP3 has at a sample rate (Hz), as LAME itself would choose."""
    require_choice("sample rate (Hz)", sample_rate, tuple(KINDS["mp3"].rates))
    require_within("kilobits", kilobits, 0.0, math.inf, ends=False)
    return min(KINDS["mp3"].rates[sample_rate], key=lambda rate: abs(rate - kilobits))


def at_rate(waveforms: Tensor, sample_rate: int, wanted: int) -> Tensor:
    """Waveforms [..., time] at another sample rate (Hz), in double precision for long filters."""
    if have_simple_ratio(sample_rate, wanted):
        there = resample(waveforms.double(), sample_rate, wanted, lowpass_filter_width=64, rolloff=0.98)
        return there.to(waveforms.dtype)
    flat = waveforms.double().reshape(-1, waveforms.shape[-1])
    there = torch.stack([by_soxr(waveform, sample_rate, wanted) for waveform in flat])
    return there.reshape(*waveforms.shape[:-1], -1).to(waveforms)
