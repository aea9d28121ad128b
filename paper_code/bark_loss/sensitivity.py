"""What each variant of the loss makes of simple changes to a sound."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from paper_code.audio import perturbations
from paper_code.audio.clips import Clip
from paper_code.bark_loss.configs import WORKING_LOG_FACTOR
from paper_code.bark_loss.filters import centre_frequencies
from paper_code.bark_loss.loss import BarkLoss

VARIANTS: Mapping[str, Callable[..., BarkLoss]] = {
    "document's experiment": BarkLoss,
    "class defaults": BarkLoss.class_defaults,
    "corrected bank": BarkLoss.corrected,
    "corrected bank, working logarithm": partial(BarkLoss.corrected, log_factor=WORKING_LOG_FACTOR),
}
SNR = 20.0  # dB


def changes(clip: Clip, snr: float = SNR) -> dict[str, Tensor]:
    """Name -> changed waveform [time]. The noises added have the same energy, `snr` dB below the sound."""
    sound = clip.waveform
    noise = torch.randn(len(sound), generator=torch.Generator().manual_seed(0))
    return {
        "half the amplitude": 0.5 * sound,
        "inverted": -sound,
        "late by one sample": torch.roll(sound, 1),
        "noise below 600 Hz": _with_band(sound, noise, 0.0, 600.0, clip.sample_rate, snr),
        "noise from 600 to 2000 Hz": _with_band(sound, noise, 600.0, 2000.0, clip.sample_rate, snr),
        "noise above 2000 Hz": _with_band(sound, noise, 2000.0, clip.sample_rate, clip.sample_rate, snr),
        "nothing above 2000 Hz": perturbations.keep_band(sound, 0.0, 2000.0, clip.sample_rate),
        "silence": torch.zeros_like(sound),
        "only noise": perturbations.at_level(noise, sound, 0.0),
    }


def compare(clip: Clip) -> dict[str, dict[str, float]]:
    """Change -> variant -> how far the loss is from its minimum: 0 for the sound itself, 1 for silence."""
    losses = variants()
    return {change: distances(losses, waveform, clip) for change, waveform in changes(clip).items()}


def variants(bands: int = 512) -> dict[str, BarkLoss]:
    """The losses of VARIANTS with so many bands."""
    return {name: make(bands=bands) for name, make in VARIANTS.items()}


@torch.no_grad()
def distances(losses: Mapping[str, BarkLoss], changed: Tensor, clip: Clip) -> dict[str, float]:
    """Loss -> how far it is from its minimum for a changed waveform [time]: 0 for the sound itself, 1 for silence."""
    return {name: loss(changed, clip.waveform).item() + 1.0 for name, loss in losses.items()}


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


def _with_band(sound: Tensor, noise: Tensor, low: float, high: float, sample_rate: int, snr: float) -> Tensor:
    return perturbations.add_noise(sound, perturbations.keep_band(noise, low, high, sample_rate), snr)
