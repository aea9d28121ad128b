"""The live cell of the masking-loss chapter: speech with noise, or through a released coder, against its threshold.

Chapter: masking_loss
"""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from paper_code.audio import clips, perturbations
from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.figures import Drawing, show
from paper_code.display.live import Choice, Live, Range, Seed, live
from paper_code.display.markup import Shown
from paper_code.display.style import PanelFigure, Theme
from paper_code.display.tables import Column, Table, table
from paper_code.masking_loss import conditions
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.coder.coding import of_coder
from paper_code.masking_loss.conditions import Condition
from paper_code.masking_loss.configs import RATES
from paper_code.masking_loss.figures import LEVELS, ORIGINAL, role
from paper_code.masking_loss.study import Sound, Study
from paper_code.masking_loss.utterances import LEVEL
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.noise_to_mask import NoiseToMask, noise_to_mask

SECONDS = 2.0  # of the utterance: a coder then takes about a second
NOISES = {"white noise": 0.0, "pink noise": -3.0, "brown noise": -6.0}  # dB an octave
CODERS = {f"coder, {one.title} kb/s": one for rate in RATES for one in conditions.at_rate(rate) if one.trained}
TITLE = "What does speech hide?"


def hides(study: Study) -> Shown | Live:
    """Controls: utterance, noise or coder, level and seed of the noise, frame. Shows a player, a frame and a table."""
    names, kinds = study.heard, [*NOISES, *CODERS]
    controls = {
        "utterance": Choice("utterance", dict(zip(names, names, strict=True)), names[0]),
        "kind": Choice("noise", dict(zip(kinds, kinds, strict=True)), "white noise"),
        "snr": Range("SNR of a noise", 0, 60, 20, unit="dB"),
        "at": Range("frame at", 0.1, SECONDS - 0.1, 1.0, 0.05, unit="s"),
        "seed": Seed("seed of the noise"),
    }
    return live(controls, lambda utterance, **setting: hidden(study.original(utterance), **setting), TITLE)


def hidden(original: Sound, kind: str, snr: float, at: float, seed: int) -> list[Shown]:
    """A player of 2 s of speech and what the noise leaves of it, one frame against its threshold, and the ratios.

    kind: of NOISES or CODERS.   snr: dB, of a noise.   at: s, the frame that is drawn.   seed: of a noise.
    """
    if not isinstance(original, Clip):
        return [players.compare({ORIGINAL: original}, TITLE)]
    speech = middle(original)
    if kind in CODERS:
        noisy = _coded(tuple(speech.waveform.tolist()), CODERS[kind])
    else:
        noisy = _with_noise(speech.waveform, NOISES[kind], snr, seed)
    told = kind if kind in CODERS else f"{kind}, {snr:g} dB below the speech"
    sounds = {ORIGINAL: speech, kind: speech.with_waveform(noisy, told)}
    roles = {ORIGINAL: "reference", kind: _role(kind)}
    player = players.compare(sounds, f"Speech with noise: {told}", roles=roles, max_frequency=SAMPLE_RATE / 2)
    found = noise_to_mask(noisy / LEVEL, speech.waveform / LEVEL, SAMPLE_RATE)
    return [player, _frame(found, kind, at), _ratios(found, told, float(signal_to_noise_ratio(noisy, speech.waveform)))]


def middle(clip: Clip) -> Clip:
    """The middle two seconds of a clip, or all of a shorter one."""
    length = min(round(SECONDS * clip.sample_rate), len(clip.waveform))
    return clips.cut(clip, (len(clip.waveform) - length) // 2, length)


def _with_noise(speech: torch.Tensor, slope: float, snr: float, seed: int) -> torch.Tensor:
    noise = perturbations.coloured_noise(speech, slope, SAMPLE_RATE, torch.Generator().manual_seed(seed))
    return perturbations.add_noise(speech, noise, snr)


@lru_cache(maxsize=32)  # so that the other controls need not wait for the coder
@torch.no_grad()
def _coded(samples: tuple[float, ...], condition: Condition) -> torch.Tensor:
    coder = weights.load_coder(condition.kind, condition.rate)
    with tempfile.TemporaryDirectory() as folder:
        return LEVEL * of_coder(coder, Path(folder) / "coded")(torch.tensor(samples) / LEVEL).waveform


def _role(kind: str) -> str:
    return role(CODERS[kind]) if kind in CODERS else "plain"


def _frame(found: NoiseToMask, kind: str, at: float) -> Drawing:
    """One frame: the speech, its threshold, and the noise, coloured where it is over the threshold."""
    hop = 0.5 / float(found.frequency[1])  # frames overlap by half, and lines are a frame's inverse apart
    k = min(len(found.noise) - 1, max(0, round(at / hop) - 1))
    kilohertz = found.frequency.numpy() / 1000
    spectrum, threshold, noise = (each[k].numpy() for each in (found.spectrum, found.threshold, found.noise))

    def draw(theme: Theme) -> PanelFigure:
        figure, (axes,) = theme.figure(height=3.0)
        colour = theme.colour(_role(kind))
        axes.fill_between(kilohertz, threshold, np.maximum(noise, threshold), color=colour, alpha=0.3, linewidth=0)
        axes.plot(kilohertz, spectrum, color=theme.muted, linewidth=0.9, label="speech")
        axes.plot(kilohertz, threshold, color=theme.ink, linewidth=1.4, label="masking threshold")
        axes.plot(kilohertz, noise, color=colour, linestyle=(0, (4, 1.5)), linewidth=1.2, label="noise")
        axes.set(xlabel="kHz", ylabel="dB SPL", ylim=LEVELS, xlim=(0, float(kilohertz[-1])))
        figure.legend(loc="outside upper left", ncols=3)
        return figure

    above = f"{100 * (noise > threshold).mean():.0f} % of the lines"
    caption = f"The frame at {(k + 1) * hop:.2f} s. Noise in the coloured areas should be audible: {above}."
    return show(draw, caption, f"Spectra of speech and noise and the masking threshold; the noise is above in {above}.")


def _ratios(found: NoiseToMask, told: str, snr: float) -> Table:
    columns = [
        Column("noise"),
        Column("SNR", "dB", ".1f"),
        Column("noise above threshold", "% of cells", ".0f"),
        Column("by, on average", "dB", ".1f"),
    ]
    return table(columns, [[told, snr, 100 * found.share_above(), found.excess()]], "All frames of the two seconds.")
