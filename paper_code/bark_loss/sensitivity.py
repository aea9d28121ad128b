"""What each variant of the loss makes of simple changes to a sound."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from paper_code.audio.clips import Clip
from paper_code.bark_loss.loss import BarkLoss

VARIANTS: Mapping[str, Callable[[], BarkLoss]] = {
    "experiment": BarkLoss,
    "class defaults": BarkLoss.class_defaults,
    "corrected bank": BarkLoss.corrected,
}
NOISE_LEVEL = -20.0  # dB re the sound


def changes(clip: Clip) -> dict[str, Tensor]:
    """Name -> changed waveform [time]. All noises have the same energy, 20 dB below the sound."""
    sound = clip.waveform
    noise = torch.randn(len(sound), generator=torch.Generator().manual_seed(0))
    return {
        "half the amplitude": 0.5 * sound,
        "inverted": -sound,
        "late by one sample": torch.roll(sound, 1),
        "noise below 600 Hz": sound + _band(noise, clip, 0.0, 600.0),
        "noise from 600 to 2000 Hz": sound + _band(noise, clip, 600.0, 2000.0),
        "noise above 2000 Hz": sound + _band(noise, clip, 2000.0, clip.sample_rate),
        "nothing above 2000 Hz": _keep(sound, clip.sample_rate, 0.0, 2000.0),
        "silence": torch.zeros_like(sound),
        "only noise": _scaled(noise, sound, 0.0),
    }


def compare(clip: Clip) -> dict[str, dict[str, float]]:
    """Change -> variant -> how far the loss is from its minimum: 0 for the sound itself, 1 for silence."""
    losses = {name: make() for name, make in VARIANTS.items()}
    with torch.no_grad():
        return {
            change: {name: loss(waveform, clip.waveform).item() + 1.0 for name, loss in losses.items()}
            for change, waveform in changes(clip).items()
        }


def _band(noise: Tensor, clip: Clip, low: float, high: float) -> Tensor:
    return _scaled(_keep(noise, clip.sample_rate, low, high), clip.waveform, NOISE_LEVEL)


def _keep(signal: Tensor, sample_rate: int, low: float, high: float) -> Tensor:
    frequency = torch.fft.rfftfreq(len(signal), 1 / sample_rate)
    inside = (frequency >= low) & (frequency < high)
    return torch.fft.irfft(torch.fft.rfft(signal) * inside, n=len(signal))


def _scaled(signal: Tensor, reference: Tensor, decibels: float) -> Tensor:
    return signal * (reference.norm() / signal.norm() * 10 ** (decibels / 20))
