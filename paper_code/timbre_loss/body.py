"""A fixed body-resonance filter: what two instruments differ by is then known, and a learned mask can be held against it.

Chapter: timbre_loss
"""

from dataclasses import replace

import torch
from torch import Tensor

from paper_code.timbre_loss.notes import SAMPLE_RATE, Note
from paper_code.timbre_loss.spectrograms import hertz_of_bins

# centre in Hz, height in dB, width in octaves: peaks and dips as far apart as those of a real body's modes
RESONANCES = (
    (105.0, 5.0, 0.5),
    (190.0, -4.0, 0.4),
    (300.0, 6.0, 0.4),
    (520.0, -6.0, 0.5),
    (850.0, 5.0, 0.4),
    (1400.0, -7.0, 0.5),
    (2400.0, 8.0, 0.6),
    (4200.0, -6.0, 0.6),
    (6500.0, 4.0, 0.4),
)


def response(hertz: Tensor) -> Tensor:
    """Gain of the filter in dB at some frequencies in Hz, any shape: a sum of bells on a logarithmic axis."""
    octaves = torch.log2(hertz.clamp_min(1.0))
    gain = torch.zeros_like(octaves)
    for centre, height, width in RESONANCES:
        gain = gain + height * torch.exp(-0.5 * ((octaves - torch.log2(torch.tensor(centre))) / width) ** 2)
    return gain


def mask() -> Tensor:
    """The filter as a mask, the true answer: gain in dB at each of the 257 bins."""
    return response(hertz_of_bins())


def filtered(waveform: Tensor) -> Tensor:
    """A waveform [..., time] at 16 kHz through the filter, without delay."""
    length = waveform.shape[-1]
    padded = length + SAMPLE_RATE // 4  # room for what rings
    gain = 10 ** (response(torch.fft.rfftfreq(padded, 1 / SAMPLE_RATE)) / 20)
    return torch.fft.irfft(torch.fft.rfft(waveform, padded) * gain, padded)[..., :length]


def through(note: Note) -> Note:
    """A note through the filter, RMS 1 again."""
    wave = filtered(note.waveform)
    return replace(note, waveform=wave / wave.square().mean().sqrt())
