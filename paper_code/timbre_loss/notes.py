"""Recorded single notes made as alike as can be: the same codec, rate, tuning, onset, length and level.

What is left between two instruments is their timbre, and what cannot be taken apart from it: the microphone, the
colour of the room and the hand of the player.
Chapter: timbre_loss
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from paper_code.audio import clips, codecs, corpora, registry, synthesiser
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.instruments import hertz_from_midi

SAMPLE_RATE = 16_000  # Hz, the paper's
CODEC = codecs.Codec("mp3", 128, 44_100)  # what cello B's notes came through; every note goes through it once more
NOTE_SECONDS = 1.4  # the shortest recording, from its onset on
LEAD_SECONDS = 0.02  # kept before the onset
ONSET_DB = -20.0  # an onset is where a note first comes this near to its loudest 10 ms
CENTS = 80  # a note may be that much out of tune
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
CELLO_A, CELLO_B = "cello_A_mtg_goodsounds", "cello_B_flcellogrl"


@dataclass(frozen=True, eq=False)
class Note:
    """A note made ready. midi: its pitch, 60 is C4. waveform: float32 [time] at 16 kHz, RMS 1. clip: the recording."""

    midi: int
    waveform: Tensor
    clip: Clip


def midi_of(name: str) -> int:
    """The MIDI number of a note's name: "C4" is 60, "D#2" 39. Raises ValueError."""
    found = re.fullmatch(r"([A-G]#?)(-?\d)", name)
    if not found or found[1] not in NAMES:
        raise ValueError(f"a note is called C2, D#2 or the like, not {name!r}.")
    return 12 * (int(found[2]) + 1) + NAMES.index(found[1])


def name_of(midi: int) -> str:
    """The name of a MIDI number: 60 is "C4"."""
    return f"{NAMES[midi % 12]}{midi // 12 - 1}"


def paths(corpus: str) -> dict[int, str]:
    """MIDI number -> corpus path of the notes of a cello, from low to high; their groups name them."""
    files = [file for file in registry.split(corpus) if file.group.startswith("cello ")]
    return dict(sorted((midi_of(file.group.removeprefix("cello ")), file.path) for file in files))


def notes(corpus: str, midis: Iterable[int], synthetic: bool = False) -> dict[int, Note]:
    """The notes of a cello by MIDI number, made ready. Raises CorpusError; a synthetic cello stands in on demand."""
    known = paths(corpus)
    return {midi: ready(_synthetic(corpus, midi) if synthetic else corpora.load(known[midi]), midi) for midi in midis}


def _synthetic(corpus: str, midi: int) -> Clip:
    """A bowed note; the second cello has a duller body."""
    clip = synthesiser.bowed_string(2.0, CODEC.sample_rate, midi, hertz_from_midi(midi))
    if corpus == CELLO_A:
        return clip
    duller = torch.nn.functional.avg_pool1d(clip.waveform[None], 9, 1, 4)[0]
    return clip.with_waveform(duller, "mean over 9 samples")


def ready(clip: Clip, midi: int) -> Note:
    """A recorded note through the codec, at 16 kHz, in tune, from its onset on, as long and as loud as all others.

    Raises AudioError for silence and for a note that is too short.
    """
    clips.require_signal(clip)
    coded = clips.resample(codecs.code_clip(clips.resample(clip, CODEC.sample_rate), CODEC), SAMPLE_RATE)
    cents = out_of_tune(coded.waveform, midi)
    tuned = retuned(coded.waveform, -cents)
    start = max(0, onset(tuned) - round(LEAD_SECONDS * SAMPLE_RATE))
    length = round(NOTE_SECONDS * SAMPLE_RATE)
    cut = tuned[start : start + length]
    if len(cut) < length:
        raise AudioError(
            f"'{clip.title}' holds {len(cut) / SAMPLE_RATE:.2f} s from its onset on; {NOTE_SECONDS} s are needed."
        )
    return Note(midi, cut / cut.square().mean().sqrt(), coded)


def out_of_tune(waveform: Tensor, midi: int) -> float:
    """How many cents a note [time] at 16 kHz lies above the pitch of its name (A4 = 440 Hz): the best of -80 ... 80.

    The best comb: the one whose first 12 harmonics have the largest mean log magnitude.
    """
    size = 1 << 18
    spectrum = torch.fft.rfft(waveform * torch.hann_window(len(waveform)), size).abs().clamp_min(1e-9).log()
    cents = torch.arange(-CENTS, CENTS + 1, dtype=torch.float64)
    pitch = hertz_from_midi(midi) * 2 ** (cents / 1200)
    harmonics = torch.arange(1, 13, dtype=torch.float64)
    bins = (pitch[:, None] * harmonics * size / SAMPLE_RATE).round().long()
    return float(cents[spectrum[bins.clamp_max(len(spectrum) - 1)].mean(-1).argmax()])


def retuned(waveform: Tensor, cents: float) -> Tensor:
    """A waveform [time] played faster or slower, so that its pitch moves by some cents (100 are a semitone)."""
    if cents == 0:
        return waveform
    old = len(waveform)
    new = round(old * 2 ** (-cents / 1200))
    return _fourier_resampled(waveform, new)


def _fourier_resampled(waveform: Tensor, length: int) -> Tensor:
    """A waveform [time] stretched to a length by cutting or padding its spectrum; both ends are faded against wrapping."""
    spectrum = torch.fft.rfft(faded(waveform, 0.002, 0.01).double())
    kept = length // 2 + 1
    shaped = torch.zeros(kept, dtype=spectrum.dtype)
    common = min(kept, len(spectrum))
    shaped[:common] = spectrum[:common]
    return (torch.fft.irfft(shaped, length) * length / len(waveform)).float()


def onset(waveform: Tensor) -> int:
    """First sample of the first 10 ms whose level is within 20 dB of the loudest 10 ms."""
    hop = SAMPLE_RATE // 100
    power = waveform[: len(waveform) // hop * hop].reshape(-1, hop).square().mean(-1)
    return hop * int((power >= power.max() * 10 ** (ONSET_DB / 10)).nonzero()[0])


def faded(waveform: Tensor, fade_in: float, fade_out: float) -> Tensor:
    """A waveform [..., time] at 16 kHz with raised-cosine ends of some seconds."""
    shaped = waveform.clone()
    rise, fall = (min(round(s * SAMPLE_RATE), waveform.shape[-1]) for s in (fade_in, fade_out))
    shaped[..., :rise] *= _half_cosine(rise)
    shaped[..., waveform.shape[-1] - fall :] *= _half_cosine(fall).flip(0)
    return shaped


def _half_cosine(length: int) -> Tensor:
    return 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(length) + 0.5) / max(length, 1))
