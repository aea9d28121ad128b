"""What a learned mask is worth: for the network it was learned on, for another one, for the ear's spectrum, for the truth.

Chapter: timbre_loss
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.audio.instruments import hertz_from_midi
from paper_code.timbre_loss import alignment, body
from paper_code.timbre_loss import masks as masking
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.phrases import Melody
from paper_code.timbre_loss.spectrograms import hertz_of_bins, log_spectrogram, masked, seconds_of_frames

STRONG = 50.0  # dB below a clip's strongest bin: what is weaker does not count for the correlation with the truth
NEAR = 1.5  # bins: so near to a harmonic, a cell is tonal
ATTACK = 0.08  # s after an onset that are neither


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips that masks are learned for, and their parallel targets. waveforms, targets: [clip, time]."""

    waveforms: Tensor
    targets: Tensor
    melodies: Sequence[Melody]

    @property
    def spectrograms(self) -> Tensor:
        """Log magnitudes of the inputs in dB, [clip, 257, frame]."""
        return log_spectrogram(self.waveforms)


@torch.no_grad()
def measure(
    clips: Clips, masks: Tensor, network: ScoringNetwork, judge: ScoringNetwork, truth: Tensor | None = None
) -> dict[str, float]:
    """Means over the clips, by name. masks: [clip, 257, frame] in dB. truth: [257] in dB, where it is known.

    "score", "judge": of the transformed log spectrogram, by the network that the mask was learned on and by another one;
    "heard", "judge heard": of the sound that comes out, analysed again. "distance": to the target's aligned phrase, in dB.
    "size", "roughness": of the mask, in dB. "tonal", "stochastic": root mean square of the mask in such cells, in dB, and
    "stochastic mean": its mean there. "truth": correlation of the mask as an equaliser with the truth.
    """
    inputs, sounds = clips.spectrograms, masked(clips.waveforms, masks)
    heard, targets = log_spectrogram(sounds), log_spectrogram(clips.targets)
    tonal, stochastic = kinds_of_cells(clips.melodies, inputs.shape[-1])
    paths = [alignment.path(one, other) for one, other in zip(inputs, targets, strict=True)]
    distances = [alignment.distance(*pair) for pair in zip(heard, targets, paths, strict=True)]
    values = {
        "score": network(inputs + masks),
        "judge": judge(inputs + masks),
        "heard": network(heard),
        "judge heard": judge(heard),
        "size": masking.size(masks),
        "roughness": masking.roughness(masks),
        "tonal": _root_mean_square(masks, tonal),
        "stochastic": _root_mean_square(masks, stochastic),
        "stochastic mean": (masks * stochastic).sum((-2, -1)) / stochastic.sum((-2, -1)),
        "distance": torch.tensor(distances),
    }
    if truth is not None:
        values["truth"] = correlation(masks, inputs, truth)
    return {name: float(value.mean()) for name, value in values.items()}


def _root_mean_square(masks: Tensor, where: Tensor) -> Tensor:
    return ((masks.square() * where).sum((-2, -1)) / where.sum((-2, -1))).sqrt()


def correlation(masks: Tensor, inputs: Tensor, truth: Tensor) -> Tensor:
    """Pearson correlation over frequency of each mask, as an equaliser, with the true gains [257] in dB: [clip].

    Only bins within 50 dB of the clip's strongest count. A mask that does nothing has correlation 0.
    """
    powers = 10 ** (inputs / 10)
    gains = masking.along_frequency(masks, powers)
    energy = powers.sum(-1)
    found = []
    for gain, strength in zip(gains, energy, strict=True):
        strong = strength > strength.max() * 10 ** (-STRONG / 10)
        pair = torch.stack([gain[strong], truth[strong]])
        flat = float(gain[strong].std()) < 1e-6
        found.append(0.0 if flat else float(torch.corrcoef(pair)[0, 1]))
    return torch.tensor(found)


def kinds_of_cells(melodies: Sequence[Melody], frames: int) -> tuple[Tensor, Tensor]:
    """Which cells are tonal and which stochastic while a note sounds: two of [clip, 257, frame], 1 or 0.

    Tonal: within 1.5 bins of a harmonic of the note. Stochastic: at least twice as far from every one, which exists only
    where harmonics are more than 6 bins apart. The 80 ms after an onset are left out.
    """
    seconds, hertz = seconds_of_frames(frames), hertz_of_bins()
    bin_width = float(hertz[1])
    tonal, stochastic = torch.zeros(2, len(melodies), len(hertz), frames)
    for clip, tune in enumerate(melodies):
        for event in tune:
            pitch = hertz_from_midi(event.pitch)
            away = (hertz / pitch - (hertz / pitch).round().clamp_min(1)).abs() * pitch / bin_width
            sounding = (seconds > event.start + ATTACK) & (seconds < event.start + event.seconds - 0.03)
            tonal[clip] += (away <= NEAR).float()[:, None] * sounding
            stochastic[clip] += (away >= 2 * NEAR).float()[:, None] * sounding
    return tonal.clamp_max(1), stochastic.clamp_max(1)


def follows_the_input(network: ScoringNetwork, clips: Clips, recipe: masking.Recipe, runs: int = 3) -> dict[str, float]:
    """How much masks differ between inputs and between runs, in dB (root mean square).

    "inputs": between two clips in one run, from the same start. "runs": between two runs on one clip, from other starts.
    "starts": between the starts of two runs, before anything is learned.
    """
    inputs = clips.spectrograms
    learned = [masking.learn(network, inputs, recipe, seed).masks for seed in range(runs)]
    starts = [masking.start_mask(recipe, inputs.shape[-1], seed) for seed in range(runs)]
    per_run = [masking.differences(list(masks)).mean() for masks in learned]
    per_clip = [masking.differences([masks[clip] for masks in learned]).mean() for clip in range(len(inputs))]
    return {
        "inputs": float(torch.stack(per_run).mean()),
        "runs": float(torch.stack(per_clip).mean()),
        "starts": float(masking.differences(starts).mean()),
    }


def truth_of(pair: str) -> Tensor | None:
    """The true mask [257] in dB of a pair, where it is known: minus nothing, up to a level."""
    return body.mask() if pair == "body" else None
