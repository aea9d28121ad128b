"""What must not tell two instruments apart: level, length, noise in the rests. Who knows only these must be at chance.

Chapter: timbre_loss
"""

import torch
from torch import Tensor

from paper_code.timbre_loss.notes import SAMPLE_RATE

QUIETEST = 0.03  # share of frames that count as rests: every phrase begins with some
SOUNDING = 25.0  # dB below the loudest frame: a frame above that sounds


def features(waveforms: Tensor) -> Tensor:
    """Level, level of the quietest frames re that (both in dB) and share of frames that sound: [..., 3].

    waveforms: [..., time] at 16 kHz; frames of 10 ms.
    """
    hop = SAMPLE_RATE // 100
    frames = waveforms[..., : waveforms.shape[-1] // hop * hop].unflatten(-1, (-1, hop))
    powers = 10 * torch.log10(frames.square().mean(-1) + 1e-12)
    level = 10 * torch.log10(waveforms.square().mean(-1) + 1e-12)
    quiet = powers.quantile(QUIETEST, -1)
    sounding = (powers > powers.amax(-1, keepdim=True) - SOUNDING).float().mean(-1)
    return torch.stack([level, quiet - level, 100 * sounding], -1)
