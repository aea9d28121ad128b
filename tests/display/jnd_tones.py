"""A JND test of short tones instead of perturbed speech."""

import numpy as np
import torch

from paper_code.audio.clips import Clip
from paper_code.display.jnd_test import Block, JNDTest, Taught

RATE = 8_000
STRENGTHS = tuple(float(strength) for strength in range(0, 101, 5))
NAMES = ("first", "second", "third")
THRESHOLDS = np.array([10, 20, 20, 30, 45, 60, 70, 80])


def tone(hertz: float, seconds: float = 0.06) -> Clip:
    wave = 0.2 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return Clip(torch.tensor(wave, dtype=torch.float32), RATE, "tone", licence="CC BY 4.0", attribution="A. Speaker")


def block(number: int) -> Block:
    clips = tuple(tone(300 + 300 * number + 2 * strength) for strength in STRENGTHS)
    amounts = tuple(f"it is {2 * strength:.0f} Hz higher" for strength in STRENGTHS)
    return Block(
        f"{NAMES[number]}_kind", f"The {NAMES[number]}", (300.0 * number,), STRENGTHS, clips, amounts, THRESHOLDS,
        f"{len(THRESHOLDS)} listeners",
    )  # fmt: skip


def tones() -> JNDTest:
    beeps = {count: tone(2000 + 100 * count) for count in (3, 4)}
    taught = (Taught(0, len(STRENGTHS) - 1, "they differ in pitch."), Taught(1, 0, "they are the same tone."))
    return JNDTest("Tones", tuple(map(block, range(3))), tone(150), beeps, taught, 0.875)
