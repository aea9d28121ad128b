"""What a user of the released metric does not expect: what it cannot hear, and what changes its numbers a lot.

Everything is computed where it is shown, on one sound.
Paper: Manocha et al. 2020, its released weights and code (metric_use_simple.py).   Chapter: jnd_loss
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchaudio.functional import resample

from paper_code.audio import perturbations, synthesiser
from paper_code.audio.clips import Clip
from paper_code.audio.clips import resample as at_rate
from paper_code.audio.delay import without_delay
from paper_code.display import players
from paper_code.display.markup import Shown
from paper_code.display.players import Missing
from paper_code.display.tables import Column, Table
from paper_code.display.tables import table as shown_table
from paper_code.jnd_loss import weights
from paper_code.jnd_loss.loss import SAMPLE_RATE, JNDLoss
from paper_code.jnd_loss.page import opening
from paper_code.jnd_loss.study import Study

SECONDS = 2.5  # the length of the paper's sounds
SNR = 30.0  # dB, of the noise that all else is held against
SOFTER = 0.25  # times, of the amplitude: 12 dB
LATE = 0.005  # s
WRONG_RATE = 16_000  # Hz
LOUDER = 10.0  # times, of the neighbours in a batch: 20 dB
NOISY = f"with white noise at {SNR:.0f} dB SNR"
SOFT = f"{-20 * torch.tensor(SOFTER).log10():.0f} dB softer, nothing else"
ONE_LATER, LATER = "one sample later", f"{LATE * 1000:.0f} ms later"


@dataclass(frozen=True)
class Surprise:
    """What two metrics say of a pair. released: scratch of the authors.   own: fit for use, None where it was not asked."""

    title: str
    released: float
    own: float | None = None


def table(study: Study) -> Table:
    """Distances of a sound from itself after changes, and of one noisy pair after the metric is used in other ways."""
    found = measured(reference(study))
    plain = found[0]
    rows = [
        [one.title, one.released, one.released / plain.released, one.own, _ratio(one.own, plain.own)] for one in found
    ]
    columns = [
        Column("what is held against the original"),
        Column("released scratch", format=".2g"),
        Column("released scratch", "times the noise", ".2g"),
        Column("fit for use", format=".2g"),
        Column("fit for use", "times the noise", ".2g"),
    ]
    caption = (
        "What the released metric hears, and what it says when it is used in another way. Each number is a distance from "
        f"the same {SECONDS:g} s of speech; *times the noise*: in distances of the first row. Scratch was released for "
        "16-bit numbers at 22,050 Hz, one pair at a time; the constant 0.001 that is added to each variance is small "
        "beside those, and large beside numbers from −1 to 1. *Fit for use* is our variant at 16 kHz."
    )
    return shown_table(columns, rows, caption)


def player(study: Study) -> Shown:
    """The pairs of the table to be heard at their levels, with what the released metric says of each."""
    original = opening(study)
    if isinstance(original, Missing):
        return players.compare({"original": original}, TITLE)
    original = _fitted(original)
    changed = changes(original.waveform)
    sounds = {name: original.with_waveform(changed[name], name) for name in (SOFT, LATER, NOISY)}
    metric = JNDLoss.released("scratch")
    said = {name: float(metric(clip.waveform[None], original.waveform[None])) for name, clip in sounds.items()}
    order = sorted(said, key=said.__getitem__)
    caption = "In the released metric's order, nearest first: " + ", ".join(
        f"{name} ({said[name]:.2f})" for name in order
    )
    roles = dict.fromkeys(sounds, "document") | {"original": "reference"}
    return players.compare(
        {"original": original, **{name: sounds[name] for name in order}}, TITLE, f"{caption}.", False, roles
    )


TITLE = "How far is each of these from the original?"


def reference(study: Study) -> Clip:
    """The sound that all is held against, at 22,050 Hz; made-up speech where the recording is not here."""
    clip = opening(study)
    return _fitted(synthesiser.speech_like(SECONDS, SAMPLE_RATE, 0) if isinstance(clip, Missing) else clip)


def measured(clip: Clip) -> list[Surprise]:
    """All rows of the table, the noise first. clip: at 22,050 Hz."""
    sound = clip.waveform
    metric, own = JNDLoss.released("scratch"), _own()
    found = [_heard(metric, own, title, test, sound) for title, test in changes(sound).items()]
    silence = torch.zeros_like(sound)
    found.append(_heard(metric, own, "silence", silence, sound))
    found.append(_heard(metric, own, "silence, from silence", silence, silence))
    noisy = changes(sound)[NOISY]
    both = _heard(
        metric, own, f"the noisy pair, both {SOFT.removesuffix(', nothing else')}", SOFTER * noisy, SOFTER * sound
    )
    return [*found, both, *(Surprise(title, use(noisy, sound)) for title, use in uses().items())]


def changes(sound: Tensor) -> dict[str, Tensor]:
    """Title -> a sound [time] at 22,050 Hz with something done to it; the noise first."""
    noise = perturbations.white_noise(sound, torch.Generator().manual_seed(0))
    return {
        NOISY: perturbations.add_noise(sound, noise, SNR),
        SOFT: SOFTER * sound,
        ONE_LATER: without_delay(sound, -1),
        LATER: without_delay(sound, -round(LATE * SAMPLE_RATE)),
    }


def uses() -> dict[str, Callable[[Tensor, Tensor], float]]:
    """Title -> distance of two sounds [time] at 22,050 Hz when the released scratch is used in another way."""
    plain, unscaled = JNDLoss.released("scratch"), JNDLoss.released("scratch", scale=1.0)
    stored = JNDLoss.released("scratch", normalisation="stored")

    def other_rate(test: Tensor, sound: Tensor) -> float:
        return _of(plain, *(resample(x, SAMPLE_RATE, WRONG_RATE) for x in (test, sound)))

    return {
        "the noisy pair, in numbers from −1 to 1": lambda test, sound: _of(unscaled, test, sound),
        "the noisy pair, with the stored mean and variance": lambda test, sound: _of(stored, test, sound),
        f"the noisy pair at {WRONG_RATE:,} Hz, taken for {SAMPLE_RATE:,}": other_rate,
        "the noisy pair, normalised over a batch, beside the same pair 20 dB louder": in_a_batch,
    }


@torch.no_grad()
def in_a_batch(test: Tensor, sound: Tensor) -> float:
    """Distance of two sounds [time] in a batch with themselves louder, normalised over the batch as in the training."""
    network = weights.load_metric(weights.released_metric("scratch"), normalisation="batch")
    batches = (torch.stack([x, LOUDER * x]) for x in (test, sound))
    return float(network.layer_distances(*batches)[0].sum())


def _heard(metric: JNDLoss, own: JNDLoss | None, title: str, test: Tensor, sound: Tensor) -> Surprise:
    ours = None
    if own is not None:
        ours = _of(own, *(resample(x, SAMPLE_RATE, own.sample_rate) for x in (test, sound)))
    return Surprise(title, _of(metric, test, sound), ours)


@torch.no_grad()
def _of(metric: JNDLoss, test: Tensor, sound: Tensor) -> float:
    return float(metric(test[None], sound[None]))


def _own() -> JNDLoss | None:
    return JNDLoss.released("fit_for_use") if weights.own_metric("fit_for_use").is_file() else None


def _fitted(clip: Clip) -> Clip:
    clip = at_rate(clip, SAMPLE_RATE)
    samples = round(SECONDS * SAMPLE_RATE)
    return clip.with_waveform(clip.waveform[:samples], f"the first {SECONDS:g} s")


def _ratio(value: float | None, plain: float | None) -> float | None:
    return None if value is None or plain is None else value / plain
