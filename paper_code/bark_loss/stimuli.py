"""The five sounds of the experiment, cut from the corpora, and their synthetic stand-ins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import AudioError, Clip

SAMPLE_RATE = 11025  # Hz
SAMPLES = 8192  # 0.743 s
MARGIN = 0.1  # s on both sides of a piece, for the resampling filter
MIDDLE = None  # where the experiment cut: the middle of the recording


@dataclass(frozen=True)
class Part:
    """A piece of a recording. start: seconds into it (None: its middle). at: seconds into the clip. gain: factor."""

    path: str
    start: float | None = MIDDLE
    at: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Stimulus:
    """One of the five sounds. document: the sound it stands in for. difference: what is not the same, in words."""

    name: str
    title: str
    document: str
    difference: str
    parts: tuple[Part, ...]
    synthetic: Callable[..., Clip]


_DRUMS = "drums_vcsl/public/samples/drums/metal"

STIMULI = {
    stimulus.name: stimulus
    for stimulus in (
        Stimulus(
            "speech",
            "Speech",
            "Richard Nixon, the Checkers speech",
            "another man reading a novel; cut to end in a sibilant, because the document's point is one",
            (Part("librosa_data/audio/5703-47212-0000.hq.ogg", start=7.10),),
            synthesiser.speech_like,
        ),
        Stimulus(
            "piano",
            "Piano",
            "Bach, partita BWV 829",
            "a few single notes of a real piano instead of two-part writing",
            (Part("smstools_sounds/sounds/piano.wav"),),
            synthesiser.piano_like,
        ),
        Stimulus(
            "pop",
            "Pop song",
            "Take My Breath Away (Top Gun)",
            "a singer with guitar and bass; no synthesiser and hardly a snare drum",
            (Part("librosa_data/audio/Karissa_Hobbs_-_Lets_Go_Fishin.hq.ogg"),),
            synthesiser.pop_like,
        ),
        Stimulus(
            "beat",
            "Funk beat",
            "Kevin Gates, Out the Mud",
            "the drums and the electric bass of a song, without a voice",
            (Part("librosa_data/audio/admiralbob77_-_Choice_-_Drum-bass.hq.ogg"),),
            synthesiser.pop_like,
        ),
        Stimulus(
            "drums",
            "Drum kit",
            "a drum loop",
            "single strokes of a real kit set one after another by us: kick, snare, tom and closed hi-hat",
            (
                Part(f"{_DRUMS}/kick_l2_r0.mp3", start=0.0, at=0.02),
                Part(f"{_DRUMS}/hatClosed_l1_r0.mp3", start=0.0, at=0.02, gain=1.5),
                Part(f"{_DRUMS}/snare_l2_r0.mp3", start=0.0, at=0.22, gain=0.7),
                Part(f"{_DRUMS}/hatClosed_l1_r1.mp3", start=0.0, at=0.42, gain=1.5),
                Part(f"{_DRUMS}/tomLow_l1_r0.mp3", start=0.0, at=0.42, gain=1.5),
                Part(f"{_DRUMS}/tomHigh_l1_r0.mp3", start=0.0, at=0.58, gain=1.3),
            ),
            synthesiser.drum_kit,
        ),
    )
}

NAMES = tuple(STIMULI)
SIBILANT = (
    0.64,
    0.73,
    3000.0,
)  # from, to (s), and lowest frequency (Hz) of the "s" that ends the speech clip


def clip(name: str, synthetic: bool = False) -> Clip:
    """The sound of that name: 8192 samples at 11,025 Hz, peak 1. Raises AudioError for an unknown name.

    synthetic: take the synthesiser's stand-in instead of the recordings. Otherwise also raises CorpusError.
    Paper: Vinyard 2018: windows of 8192 samples, the one in the middle of the recording, divided by its peak.
    """
    if name not in STIMULI:
        raise AudioError(f"There is no stimulus {name!r}; there are {', '.join(NAMES)}.")
    stimulus = STIMULI[name]
    if synthetic:
        made = stimulus.synthetic(seconds=SAMPLES / SAMPLE_RATE, sample_rate=SAMPLE_RATE, seed=NAMES.index(name))
        return clips.normalise_peak(clips.cut(made, 0, SAMPLES))
    pieces = [_piece(part) for part in stimulus.parts]
    return clips.normalise_peak(pieces[0] if len(pieces) == 1 else _together(stimulus, pieces))


def own_clip(path: str) -> Clip:
    """The middle 0.743 s of a reader's own file at 11,025 Hz, mono, peak 1; raises AudioError with what to do."""
    recording = clips.resample(clips.require_signal(clips.read(path)), SAMPLE_RATE)
    start = max(0, (len(recording.waveform) - SAMPLES) // 2)
    return clips.normalise_peak(clips.cut(recording, start, SAMPLES))


def clips_of(names: Sequence[str], synthetic: bool = False) -> dict[str, Clip]:
    """Several sounds by name; see `clip`."""
    return {name: clip(name, synthetic) for name in names}


def paths() -> list[str]:
    """The recordings of the experiment, by their corpus path."""
    return [part.path for stimulus in STIMULI.values() for part in stimulus.parts]


def _piece(part: Part) -> Clip:
    """The part's piece of its recording, resampled with a margin so that a long recording costs no more."""
    recording = corpora.load(part.path)
    rate, length = recording.sample_rate, SAMPLES - round(part.at * SAMPLE_RATE)
    wanted = round(length * rate / SAMPLE_RATE)
    samples = len(recording.waveform)
    start = (samples - wanted) // 2 if part.start is None else round(part.start * rate)
    margin = min(start, round(MARGIN * rate))
    end = min(samples, start + wanted + round(MARGIN * rate))
    near = clips.resample(clips.cut(recording, start - margin, end - start + margin), SAMPLE_RATE)
    skip = round(margin * SAMPLE_RATE / rate)
    return clips.cut(near, skip, min(length, len(near.waveform) - skip))


def _together(stimulus: Stimulus, pieces: list[Clip]) -> Clip:
    """Several strokes set one after another; the recipe of the first carries those of all."""
    mix = torch.zeros(SAMPLES)
    for part, piece in zip(stimulus.parts, pieces, strict=True):
        offset = round(part.at * SAMPLE_RATE)
        mix[offset : offset + len(piece.waveform)] += part.gain * piece.waveform
    placed = [
        {**piece.recipe, "at_seconds": part.at, "gain": part.gain}
        for part, piece in zip(stimulus.parts, pieces, strict=True)
    ]
    mixed = pieces[0].with_waveform(mix, f"{len(pieces)} recordings placed and added", title=stimulus.title)
    return replace(mixed, recipe={"file": [p["file"] for p in placed], "parts": placed, "steps": []})
