"""Quick made-up sounds in place of recordings: what tests train on."""

import numpy as np
import torch

from paper_code.audio.clips import Clip
from paper_code.codec_loss import stimuli

SIDES = {"train": 3, "validation": 2, "test": 2}  # tracks of each side
SAMPLES = 70000  # of a track: a patch and some room


def quick_sound(seconds: float, sample_rate: int, seed: int) -> Clip:
    """Decaying harmonics over a little noise, peak 0.9: what the codec partly removes, in milliseconds."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    pitch = random.uniform(120, 400)
    levels = random.uniform(0.1, 1, 16) / np.arange(1, 17)
    tones = sum(level * np.sin(2 * np.pi * pitch * (k + 1) * time) for k, level in enumerate(levels))
    sound = tones * np.exp(-3 * (time % random.uniform(0.4, 0.8))) + 0.01 * random.standard_normal(len(time))
    waveform = torch.from_numpy((0.9 * sound / np.abs(sound).max()).astype(np.float32))
    return Clip(waveform, sample_rate, "a quick sound", origin="synthesiser: quick", synthetic=True)


def quick_tracks(side: str, synthetic: bool) -> list[torch.Tensor]:
    """In place of `stimuli._tracks`: a few tracks, other ones for each side."""
    first = 100 * list(SIDES).index(side)
    seconds = SAMPLES / stimuli.SAMPLE_RATE
    return [quick_sound(seconds, stimuli.SAMPLE_RATE, first + i).waveform for i in range(SIDES[side])]
