"""Table 1 of the paper on one utterance: every perturbation at its levels, and the quantity it claims, measured.

What can be told from the sound alone is told from it: ratios, shares, gains, steps. A room is measured on an impulse.
The bit rate of MP3 is what the coder was set to, as the sound does not tell it. Griffin-Lim claims iterations, which no
sound tells either: here stands how far its spectra are from those it was made of.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paper_code.audio import corpora, perturbations, synthesiser
from paper_code.audio.clips import Clip, resample
from paper_code.audio.perturbations.noises import NOISES
from paper_code.audio.perturbations.space import BANDS, MOST, SPACE, Perturbation
from paper_code.jnd_loss import stimuli
from paper_code.jnd_loss.configs import PerturbationsConfig
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS

RATE = stimuli.SAMPLE_RATE
START = 1.0  # s, where the piece begins in its utterance
SEED = 0
ROOM_SECONDS = 13.0  # of the impulse a room is measured on: the longest decay and half of it again
STEPS_TOLD = 16  # bits, beyond which a second of ramp does not show the steps of a quantiser
NARROWER = 1.2  # a band is measured this much inside of its edges

Measured = Callable[[Perturbation, float, Tensor], float]
ROWS = {name: row for name, row in SPACE.items() if row.in_table}


def sources(config: PerturbationsConfig) -> list[dict[str, Any]]:
    """The recordings of a run. Raises CorpusError."""
    if config.synthetic:
        return [{"name": "an utterance, made by the synthesiser", "origin": "synthesiser", "licence": ""}]
    files = [stimuli.recordings("test")[0], *map(corpora.recording, noises())]
    for file in files:
        corpora.locate(file.path)
    return corpora.sources(files)


def noises() -> list[str]:
    """Paths of the noises of Table 1 that are recordings."""
    return sorted({NOISES[name].recording for name in ROWS if name in NOISES and NOISES[name].recording})


def evaluate(config: PerturbationsConfig, folder: Path) -> None:
    """Write what each row claims and what is measured, at every level. Raises CorpusError."""
    sound = utterance(config.seconds, config.synthetic).waveform
    levels = np.linspace(0, MOST, config.levels).tolist()
    rows = {
        name: {
            "claimed": [row.strength(level) for level in levels],
            "measured": [MEASURED[name](row, level, sound) for level in levels],
        }
        for name, row in rows_here(config.synthetic).items()
    }
    write_json(folder / METRICS, {"levels": levels, "rows": rows})


def rows_here(synthetic: bool) -> dict[str, Perturbation]:
    """The rows of Table 1; without those that are recordings where the synthesiser stands in."""
    return {name: row for name, row in ROWS.items() if not (synthetic and name in NOISES and NOISES[name].recording)}


def utterance(seconds: float, synthetic: bool) -> Clip:
    """The piece of speech that is perturbed, at 16 kHz, no peak beyond full scale. Raises CorpusError."""
    length = round(seconds * RATE)
    if synthetic:
        whole = synthesiser.speech_like(START + seconds, RATE, SEED)
    else:
        whole = resample(corpora.load(stimuli.recordings("test")[0].path), RATE)
    first = round(START * RATE)
    return whole.with_waveform(whole.waveform[first : first + length], f"{seconds:g} s from {START:g} s on")


def perturbed(row: Perturbation, level: float, sound: Tensor) -> Tensor:
    """The sound [time] under a row of Table 1 at a level; one seed for all levels."""
    return row.apply(sound, level, RATE, torch.Generator().manual_seed(SEED))


def _noise_ratio(row: Perturbation, level: float, sound: Tensor) -> float:
    """Energy of the sound over that of what was added, dB."""
    return _decibels(sound, perturbed(row, level, sound) - sound)


def _direct(row: Perturbation, level: float, _: Tensor) -> float:
    """Energy of the first sample of the response over that of all others, dB; the tail may be the louder."""
    response = _response(row, level)
    return _decibels(response[:1], response[1:])


def _decay(row: Perturbation, level: float, _: Tensor) -> float:
    """Reverberation time of the response, s."""
    return perturbations.measured_reverberation_time(_response(row, level), RATE)


def _response(row: Perturbation, level: float) -> Tensor:
    """What a row makes of an impulse."""
    impulse = torch.zeros(round(ROOM_SECONDS * RATE), dtype=torch.float64)
    impulse[0] = 1.0
    return perturbed(row, level, impulse)


def _kilobits(row: Perturbation, level: float, _: Tensor) -> float:
    return float(perturbations.nearest_mp3_rate(row.strength(level), RATE))


def _bits(row: Perturbation, level: float, _: Tensor) -> float:
    """Bits of the steps that a ramp through full scale is rounded to; NaN where they are too fine to be counted."""
    ramp = torch.linspace(-1, 1, 2 ** (STEPS_TOLD + 4), dtype=torch.float64)
    steps = len(torch.unique(perturbed(row, level, ramp)))
    return math.log2(steps) if row.strength(level) <= STEPS_TOLD else math.nan


def _gain(band: str, row: Perturbation, level: float, sound: Tensor) -> float:
    """Amplitude in a band, over what it was."""
    low, high = BANDS[band]
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    inside = (hertz > low * NARROWER) & (hertz < high / NARROWER)
    energies = [
        (np.abs(np.fft.rfft(one.double().numpy()))[inside] ** 2).sum() for one in (perturbed(row, level, sound), sound)
    ]
    return float(np.sqrt(energies[0] / energies[1]))


def _changed(row: Perturbation, level: float, sound: Tensor) -> float:
    """Samples that are not what they were, %."""
    return 100 * float((perturbed(row, level, sound) != sound).double().mean())


def _silent(row: Perturbation, level: float, sound: Tensor) -> float:
    """Silent samples, %, of a sound that had none."""
    return 100 * float((perturbed(row, level, torch.ones_like(sound)) == 0).double().mean())


def _inconsistency(row: Perturbation, level: float, sound: Tensor) -> float:
    """How far the magnitudes of the spectra are from those of the sound, dB of their energy."""
    window = torch.hann_window(1024)
    changed, given = (
        torch.stft(one.float(), 1024, 256, window=window, return_complex=True).abs()
        for one in (perturbed(row, level, sound), sound)
    )
    return _decibels(changed - given, given)


def _decibels(one: Tensor, other: Tensor) -> float:
    return 10 * math.log10(float(one.double().square().sum() / other.double().square().sum()))


MEASURED: Mapping[str, Measured] = {
    **{name: _noise_ratio for name in ROWS if name in NOISES},
    "direct_to_reverberant": _direct,
    "reverberation_time": _decay,
    "mp3": _kilobits,
    "mu_law": _bits,
    **{f"equaliser_{band}": partial(_gain, band) for band in BANDS},
    "pops": _changed,
    "griffin_lim": _inconsistency,
    "dropouts": _silent,
}
