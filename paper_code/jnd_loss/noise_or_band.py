"""Figure 1: white noise or a missing band, which is nearer to the reference? Every measure answers, at equal steps.

Both perturbations go from nothing much to a lot in the same number of steps: the noise evenly in dB over the range of
Table 1, the cut-off evenly in octaves. What people would say is not known here: nobody was asked about these sounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from paper_code.audio import corpora, perturbations, synthesiser
from paper_code.audio.clips import Clip
from paper_code.jnd_loss.configs import NoiseOrBandConfig
from paper_code.jnd_loss.measures import Measure, conventional, released
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS, Result
from paper_code.listeners import speech_codec_sounds

STEPS = 9
SNR = (66.0, 2.0)  # dB, Table 1: from the first step to the last
UTTERANCE = "VCTK_p229_293"  # of the listening test: the recordings of read speech at hand end at 8 kHz
SYNTHETIC_RATE, SYNTHETIC_SECONDS = 24_000, 1.0
CUTOFF = (11_000.0, 1_000.0)  # Hz, where speech at 24 kHz begins to end, and where little but vowels is left
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NoiseOrBand:
    """Figure 1 for one clip. snr: dB, cutoff: Hz, [step] from weakest to strongest.

    noise, band: measure -> distances [step] from the reference.
    """

    snr: Floats
    cutoff: Floats
    noise: Mapping[str, Floats]
    band: Mapping[str, Floats]

    def nearer(self, name: str) -> NDArray[np.int64]:
        """What a measure calls nearer, [noise step, band step]: 1 the noisy sound, -1 the band-limited one, 0 neither."""
        return np.sign(self.band[name][None] - self.noise[name][:, None]).astype(np.int64)

    def equal_noise(self, name: str) -> Floats:
        """The SNR (dB) at which noise is as far as each cut-off, [step]; infinite where all noises are nearer or farther.

        Plus infinity: the weakest noise is already farther. Minus infinity: the strongest is still nearer. Distances of
        the noise are taken to grow with it; where they fall again the largest so far counts. Between two steps the SNR
        follows the logarithm of the distance, or the distance itself where one is not above 0.
        """
        noise, band = np.maximum.accumulate(self.noise[name]), self.band[name]
        scale = np.log if min(noise.min(), band.min()) > 0 else np.asarray
        level = np.interp(scale(band), scale(noise), self.snr)
        level = np.where(band < noise[0], np.inf, level)
        return np.where(band > noise[-1], -np.inf, level)


def sounds(reference: Clip, steps: int = STEPS, seed: int = 0) -> tuple[list[Clip], list[Clip]]:
    """The noisy and the band-limited versions of a clip, [step], weakest first. The noise is one draw at all levels.

    Raises ValueError for a silent clip and for a rate of less than 22 kHz.
    """
    noise = perturbations.white_noise(reference.waveform, torch.Generator().manual_seed(seed))
    snr, cutoff = levels(steps)
    noisy = [
        reference.with_waveform(
            perturbations.add_noise(reference.waveform, noise, decibels), f"white noise at {decibels:.0f} dB SNR"
        )
        for decibels in snr
    ]
    limited = [
        reference.with_waveform(
            perturbations.limit_band(reference.waveform, hertz, reference.sample_rate), f"low-passed at {hertz:.0f} Hz"
        )
        for hertz in cutoff
    ]
    return noisy, limited


def levels(steps: int = STEPS) -> tuple[Floats, Floats]:
    """SNRs (dB) and cut-offs (Hz), [step], weakest first."""
    return np.linspace(*SNR, steps), np.geomspace(*CUTOFF, steps)


def compare(measures: Mapping[str, Measure], reference: Clip, steps: int = STEPS, seed: int = 0) -> NoiseOrBand:
    """What each measure says of both; those that cannot be computed here are left out. Raises ValueError as `sounds`.

    Paper: Manocha et al. 2020, Figure 1.   Chapter: jnd_loss
    """
    usable = {name: measure for name, measure in measures.items() if not measure.lacks}
    noise, band = (
        {name: np.array([measure.of(clip, reference) for clip in clips]) for name, measure in usable.items()}
        for clips in sounds(reference, steps, seed)
    )
    return NoiseOrBand(*levels(steps), noise, band)


def recording() -> corpora.Recording:
    """The recording of the utterance."""
    return speech_codec_sounds.recordings(UTTERANCE)[speech_codec_sounds.REFERENCE]


def utterance(synthetic: bool = False) -> Clip:
    """The sound that is changed. Raises CorpusError."""
    if synthetic:
        return synthesiser.speech_like(SYNTHETIC_SECONDS, SYNTHETIC_RATE, seed=0)
    return speech_codec_sounds.sounds(UTTERANCE)[speech_codec_sounds.REFERENCE]


def sources(config: NoiseOrBandConfig) -> list[dict[str, Any]]:
    """The recording of a run. Raises CorpusError."""
    if config.synthetic:
        return [{"name": "an utterance, made by the synthesiser", "origin": "synthesiser", "licence": ""}]
    corpora.locate(recording().path)
    return corpora.sources([recording()])


def evaluate(config: NoiseOrBandConfig, folder: Path) -> None:
    """Write what the released and the conventional measures say of the utterance. Raises CorpusError."""
    found = compare({**released(), **conventional()}, utterance(config.synthetic), config.steps)
    write_json(folder / METRICS, {name: getattr(found, name) for name in ("snr", "cutoff", "noise", "band")})


def kept(result: Result) -> NoiseOrBand:
    """Figure 1 as a run has stored it."""
    steps = (np.array(result.metrics[name]) for name in ("snr", "cutoff"))
    distances = (
        {name: np.array(values) for name, values in result.metrics[side].items()} for side in ("noise", "band")
    )
    return NoiseOrBand(*steps, *distances)
