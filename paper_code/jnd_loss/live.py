"""The live cell of the JND chapter: how far noise and a dull band are from the original.

Chapter: jnd_loss
"""

import torch

from paper_code.audio import perturbations
from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.live import Live, Range, Seed, live
from paper_code.display.markup import Shown
from paper_code.display.tables import Column, table
from paper_code.jnd_loss.measures import released
from paper_code.jnd_loss.page import opening
from paper_code.jnd_loss.study import Study

TITLE = "How far is it?"


def far(study: Study) -> Shown | Live:
    """Controls: level and seed of white noise, and where the band ends. Shows a player and the released distances."""
    original = opening(study)
    controls = {
        "snr": Range("SNR of white noise", 0, 60, 30, unit="dB"),
        "cutoff": Range("nothing above", 2000, 10000, 10000, 500, unit="Hz"),
        "seed": Seed("seed of the noise"),
    }
    return live(controls, lambda **setting: changed(original, **setting), TITLE)


def changed(original: Clip | players.Missing, snr: float, cutoff: float, seed: int) -> list[Shown]:
    """A player of a sound and the same with noise (dB) and without what is above `cutoff` Hz, and its distances."""
    if isinstance(original, players.Missing):
        return [players.compare({"original": original}, TITLE)]
    noise = perturbations.white_noise(original.waveform, torch.Generator().manual_seed(seed))
    noisy = perturbations.add_noise(original.waveform, noise, snr)
    told = f"white noise at {snr:g} dB SNR, nothing above {cutoff:g} Hz"
    test = original.with_waveform(perturbations.limit_band(noisy, cutoff, original.sample_rate), told)
    player = players.compare({"original": original, "changed": test}, told)
    rows = [[each.title, each.of(test, original)] for each in released().values()]
    return [player, table([Column("metric"), Column("distance", format=".3f")], rows, f"Distance after {told}.")]
