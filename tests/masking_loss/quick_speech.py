"""Quick made-up speech, prepared once for all tests of the chapter, and coders that train on it in a moment."""

import numpy as np
import torch

from paper_code.audio.clips import Clip
from paper_code.masking_loss.configs import CoderConfig


def quick_speech(seconds: float, sample_rate: int, seed: int) -> Clip:
    """In place of `synthesiser.speech_like`: harmonics in syllables over a little noise, in milliseconds."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    pitch = random.uniform(100, 250)
    tones = sum(np.sin(2 * np.pi * pitch * k * time + k) / k for k in range(1, 12))
    sound = tones * np.sin(np.pi * 4 * time) ** 2 + 0.02 * random.standard_normal(len(time))
    waveform = torch.from_numpy((0.5 * sound / np.abs(sound).max()).astype(np.float32))
    return Clip(waveform, sample_rate, "quick speech", origin="synthesiser: quick", synthetic=True)


def tiny(loss: str = "mse", **changes: object) -> CoderConfig:
    """A coder of two channels with a training of a few steps."""
    fields = {
        "profile": "smoke", "seed": 0, "width": 2, "bins": 8, "batch": 4, "run": 2, "warm_up": 3, "iterations": 4,
        "control_every": 2, "control_frames": 8, "start_frames": 16, "validate_every": 2, "validation_frames": 64,
        "residual_gain": 0.1, "learning_rate": 1e-3, "recordings": "synthetic",
    }  # fmt: skip
    return CoderConfig(loss=loss, **{**fields, **changes})
