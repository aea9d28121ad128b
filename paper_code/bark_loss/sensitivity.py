"""What each variant of the loss makes of simple changes to a sound."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from paper_code.audio.clips import Clip
from paper_code.bark_loss.configs import WORKING_LOG_FACTOR
from paper_code.bark_loss.filters import centre_frequencies
from paper_code.bark_loss.loss import BarkLoss

VARIANTS: Mapping[str, Callable[[], BarkLoss]] = {
    "document's experiment": BarkLoss,
    "class defaults": BarkLoss.class_defaults,
    "corrected bank": BarkLoss.corrected,
    "corrected bank, working logarithm": lambda: BarkLoss.corrected(log_factor=WORKING_LOG_FACTOR),
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


def compression(clip: Clip) -> dict[str, dict[str, float]]:
    """Variant -> what its logarithm and its bank do to the features of a sound.

    "largest argument": of ln(1 + argument). "similarity": cosine of the features with and without the logarithm, 1 if
    it does nothing. "low share": share of the features' energy in bands centred below 600 Hz.
    """
    found = {}
    for name, make in VARIANTS.items():
        loss = make()
        with torch.no_grad():
            linear = loss.log_factor * loss.filter_bank(clip.waveform).relu() * loss.weights.unsqueeze(-1)
            features = loss.features(clip.waveform).repeat_interleave(loss.stride, dim=-1)[..., : linear.shape[-1]]
        low = torch.from_numpy(centre_frequencies(loss.filter_bank.bands, loss.sample_rate)) < 600.0
        energy = features.square().sum(-1)
        found[name] = {
            "largest argument": (linear / loss.weights.unsqueeze(-1)).max().item(),
            "similarity": torch.cosine_similarity(features.flatten(), linear.flatten(), dim=0).item(),
            "low share": (energy[low].sum() / energy.sum()).item(),
        }
    return found


def _band(noise: Tensor, clip: Clip, low: float, high: float) -> Tensor:
    return _scaled(_keep(noise, clip.sample_rate, low, high), clip.waveform, NOISE_LEVEL)


def _keep(signal: Tensor, sample_rate: int, low: float, high: float) -> Tensor:
    frequency = torch.fft.rfftfreq(len(signal), 1 / sample_rate)
    inside = (frequency >= low) & (frequency < high)
    return torch.fft.irfft(torch.fft.rfft(signal) * inside, n=len(signal))


def _scaled(signal: Tensor, reference: Tensor, decibels: float) -> Tensor:
    return signal * (reference.norm() / signal.norm() * 10 ** (decibels / 20))
