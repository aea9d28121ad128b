"""Melodies, and phrases of 3 s in which two instruments play the same melody: the same onsets, lengths and dynamics.

Chapter: timbre_loss
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from paper_code.audio.perturbations import coloured_noise
from paper_code.timbre_loss.notes import LEAD_SECONDS, NOTE_SECONDS, SAMPLE_RATE, Note, faded, retuned

SECONDS = 3.0  # of the paper's clips
SAMPLES = round(SECONDS * SAMPLE_RATE)
LEVEL_DB = -26.0  # RMS of a phrase re full scale
FLOOR_DB = -45.0  # RMS of the noise that every phrase gets, re the phrase
PINK = -3.0  # dB an octave
FADE_OUT = 0.06  # s
VIBRATO = 6.0, 30.0  # rate in Hz and amplitude in cents, where none is asked for
VIBRATO_FADE = 0.1  # s, in which it comes and goes
FINER = 8  # samples are that much closer where a waveform is read between them
SOFTEST_DB = -9.0  # dynamics: each note lies between this and 0 dB


@dataclass(frozen=True)
class Event:
    """A note of a melody. pitch: MIDI. start, seconds: when, how long. level: dB."""

    pitch: int
    start: float
    seconds: float
    level: float


Melody = tuple[Event, ...]


def melody(pitches: Sequence[int], random: torch.Generator) -> Melody:
    """A melody of 3 s over some pitches: three to six notes of 0.3 to 1.2 s, some with a rest after them."""
    events, now = [], 0.05 + 0.2 * _uniform(random)
    while now < SECONDS - 0.35:
        seconds = min(0.3 + 0.9 * _uniform(random), NOTE_SECONDS - 0.1, SECONDS - 0.05 - now)
        pitch = pitches[int(torch.randint(len(pitches), (), generator=random))]
        events.append(Event(pitch, now, seconds, SOFTEST_DB * _uniform(random)))
        now += seconds + (0.25 * _uniform(random) if _uniform(random) < 0.4 else 0.0)
    return tuple(events)


def _uniform(random: torch.Generator) -> float:
    return float(torch.rand((), generator=random))


def play(tune: Melody, notes: Mapping[int, Note], transpose: int = 0) -> Tensor:
    """A melody [time] on recorded notes, 3 s at 16 kHz, without noise and not yet levelled.

    notes: MIDI number -> note, for every pitch of the melody. transpose: semitones up, by faster playing.
    """
    phrase = torch.zeros(SAMPLES)
    for event in tune:
        wave = retuned(notes[event.pitch].waveform, 100.0 * transpose)
        wave = wave[: round((event.seconds + LEAD_SECONDS) * SAMPLE_RATE)]
        wave = faded(wave, 0.005, FADE_OUT)
        start = max(0, round((event.start - LEAD_SECONDS) * SAMPLE_RATE))
        wave = wave[: SAMPLES - start]
        phrase[start : start + len(wave)] += 10 ** (event.level / 20) * wave
    return phrase


def with_vibrato(
    waveform: Tensor, events: Iterable[Event], rate: float = VIBRATO[0], cents: float = VIBRATO[1]
) -> Tensor:
    """A waveform [time] at 16 kHz with a vibrato of a rate (Hz) and an amplitude (cents) on some notes.

    It is read sooner and later, so that everything that sounds moves alike.
    """
    seconds = np.arange(len(waveform)) / SAMPLE_RATE
    swing = (2 ** (cents / 1200) - 1) / (2 * np.pi * rate)  # s
    delay = np.zeros(len(waveform))
    for event in events:
        since, left = seconds - event.start, event.start + event.seconds - seconds
        strength = np.clip(np.minimum(since, left) / VIBRATO_FADE, 0, 1)
        delay += strength * swing * np.sin(2 * np.pi * rate * since)
    finer = signal.resample(waveform.double().numpy(), FINER * len(waveform))
    places = (seconds - delay) * SAMPLE_RATE * FINER
    return torch.from_numpy(np.interp(places, np.arange(len(finer)), finer)).float()


def finish(phrase: Tensor, noise: torch.Generator, floor: float = FLOOR_DB) -> Tensor:
    """A phrase [time] at the common level, with the common noise floor. Silence gets the noise alone.

    noise: the same state for both instruments gives both the same noise. floor: dB re the phrase.
    """
    level = 10 ** (LEVEL_DB / 20)
    rms = phrase.square().mean().sqrt()
    scaled = phrase * (level / rms) if rms > 0 else phrase
    hiss = coloured_noise(phrase, PINK, SAMPLE_RATE, noise)
    hiss = hiss / hiss.square().mean().sqrt()
    return (scaled + level * 10 ** (floor / 20) * hiss).float()
