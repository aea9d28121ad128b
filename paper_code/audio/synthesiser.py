"""Made-up sounds for machines without recordings, and for tests: numpy only, the same for the same seed.

Speech-like, piano-like, drum, pop-like and bowed-string sounds with the traits that matter to a perceptual
loss: harmonics under moving formants, inharmonic decays, broad-band onsets, pauses, mixtures. They are no
recordings, and every clip says so (synthetic=True). The peak is 0.9; no harmonic is aliased.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch

from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.instruments import (
    add_at,
    body_gain,
    consonant,
    drums,
    harmonics,
    hertz_from_midi,
    pluck,
    random_vowel,
    singer,
    slow_noise,
    struck_string,
    voice,
)

PEAK = 0.9
FADE = 0.003  # s, at both ends


def speech_like(seconds: float, sample_rate: int, seed: int) -> Clip:
    """A babble of syllables: glottal pulses through moving formants, fricatives, stops and pauses.

    seconds: length.   sample_rate: Hz.   Raises AudioError unless both give at least one sample.
    """
    random, length = _start("speech_like", seconds, sample_rate, seed)
    high = random.random() < 0.5
    pitch, tract = (random.uniform(180, 230), 1.16) if high else (random.uniform(95, 135), 1.0)
    noise, times, formants, voicing, pitches = np.zeros(length), [0.0], [random_vowel(random)], [0.0], [pitch]
    now = 0.02
    while now < seconds:
        for syllable in range(random.integers(3, 7)):
            now = consonant(random, noise, now, sample_rate)
            duration, level = random.uniform(0.10, 0.22), random.uniform(0.6, 1.0)
            drift = pitch * (1.15 - 0.06 * syllable) * random.uniform(0.94, 1.06)
            first, last = random_vowel(random), random_vowel(random)
            times += [now, now + 0.03, now + 0.7 * duration, now + duration]
            formants += [first, first, first + 0.5 * (last - first), last]
            voicing += [0.0, level, 0.8 * level, 0.0]
            pitches += [drift, 1.03 * drift, drift, 0.95 * drift]
            now += duration
        now += random.uniform(0.12, 0.35)
    clock = np.arange(length) / sample_rate
    tracks = np.stack([np.interp(clock, times, track) for track in np.array(formants).T])
    contour = np.interp(clock, times, pitches) * (1 + 0.008 * slow_noise(random, length, sample_rate, 12.0))
    voiced = voice(contour, tracks * tract, sample_rate) * np.interp(clock, times, voicing)
    voiced /= np.sqrt(np.mean(voiced**2)) + 1e-12
    mixed = 0.12 * voiced + 0.25 * noise + 0.0005 * random.standard_normal(length)
    return _finish(mixed, "speech_like", sample_rate, seed)


def piano_like(seconds: float, sample_rate: int, seed: int) -> Clip:
    """Chords and a melody of struck strings: stretched partials that decay the faster the higher they are.

    seconds: length.   sample_rate: Hz.   Raises AudioError unless both give at least one sample.
    """
    random, length = _start("piano_like", seconds, sample_rate, seed)
    out, root, beat = np.zeros(length), random.integers(45, 53), random.uniform(0.22, 0.32)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    for step in range(int(seconds / beat) + 1):
        when = 0.01 + step * beat + random.uniform(0, 0.012)
        if step % 4 == 0:
            degree = random.choice([0, 3, 4, 5])
            for third in (0, 2, 4):
                note = root + scale[degree] + scale[third]
                add_at(out, 0.5 * struck_string(random, note, seconds - when, sample_rate), when, sample_rate)
        note = root + 12 + random.choice(scale)
        add_at(out, struck_string(random, note, seconds - when, sample_rate), when, sample_rate)
    return _finish(out, "piano_like", sample_rate, seed)


def drum_kit(seconds: float, sample_rate: int, seed: int) -> Clip:
    """A bar of bass drum, snare and hi-hat, over and over, no two strokes alike.

    seconds: length.   sample_rate: Hz.   Raises AudioError unless both give at least one sample.
    """
    random, length = _start("drum_kit", seconds, sample_rate, seed)
    return _finish(drums(random, length, sample_rate, random.uniform(0.11, 0.14)), "drum_kit", sample_rate, seed)


def pop_like(seconds: float, sample_rate: int, seed: int) -> Clip:
    """A small band: drums, bass, plucked chords and a wordless singer.

    seconds: length.   sample_rate: Hz.   Raises AudioError unless both give at least one sample.
    """
    random, length = _start("pop_like", seconds, sample_rate, seed)
    step = random.uniform(0.12, 0.15)
    bar, root = 16 * step, random.integers(43, 50)
    chords = [(0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12)]
    chords = [chords[i] for i in random.permutation(4)]
    backing, bass = np.zeros(length), np.zeros(length)
    melody: list[tuple[float, float]] = []
    for eighth in range(int(seconds / (2 * step)) + 1):
        when, chord = 2 * step * eighth, chords[int(2 * step * eighth / bar) % 4]
        add_at(bass, pluck(random, root - 12 + chord[0], 2 * step, sample_rate, 0.5, 1.6), when, sample_rate)
        if eighth % 2 == 0 or random.random() < 0.3:
            for note in chord:
                strum = pluck(random, root + 12 + note, 4 * step, sample_rate, 0.35, 1.1)
                add_at(backing, strum, when + random.uniform(0, 0.01), sample_rate)
        if eighth % 2 == 0 or random.random() < 0.4:
            melody.append((when, hertz_from_midi(root + 12 + random.choice(chord) + random.choice([0, 0, 2]))))
    parts = (
        (0.30, drums(random, length, sample_rate, step)),
        (0.22, bass),
        (0.16, backing),
        (0.32, singer(random, melody, length, sample_rate)),
    )
    mixed = sum(level * part / (np.sqrt(np.mean(part**2)) + 1e-12) for level, part in parts)
    return _finish(mixed, "pop_like", sample_rate, seed)


def bowed_string(seconds: float, sample_rate: int, seed: int, pitch: float | None = None) -> Clip:
    """One bowed note: a sawtooth with vibrato and bow noise through the modes of a cello-like body.

    seconds: length.   sample_rate: Hz.   pitch: Hz (None: a note between C2 and G3 chosen by the seed).
    Raises AudioError unless both give at least one sample and the pitch lies below 0.45 of the sample rate.
    """
    random, length = _start("bowed_string", seconds, sample_rate, seed)
    note = hertz_from_midi(random.integers(36, 56))
    pitch = note if pitch is None else pitch
    if not 0 < pitch < 0.45 * sample_rate:
        raise AudioError(f"a pitch of {pitch} Hz cannot be played at {sample_rate} Hz: at most 0.45 of it")
    clock = np.arange(length) / sample_rate
    depth = 0.006 * np.clip((clock - 0.15) / 0.3, 0, 1)
    vibrato = np.sin(2 * np.pi * random.uniform(5.0, 6.0) * clock + random.uniform(0, 2 * np.pi))
    contour = pitch * (1 + depth * vibrato + 0.0008 * slow_noise(random, length, sample_rate, 15.0))
    string = harmonics(contour, sample_rate, lambda hertz, k: body_gain(hertz) * (-1) ** k / (1j * k))
    spectrum = np.fft.rfft(random.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / sample_rate)
    noise = np.fft.irfft(spectrum * body_gain(hertz) / (1 + (hertz / 3000) ** 2), length)
    noise *= 0.02 * np.sqrt(np.mean(string**2) / (np.mean(noise**2) + 1e-12))
    pressure = 1 + 0.1 * slow_noise(random, length, sample_rate, 6.0)
    envelope = np.clip(clock / random.uniform(0.06, 0.12), 0, 1) * np.clip((seconds - clock) / 0.08, 0, 1)
    return _finish((string + noise) * pressure * envelope, "bowed_string", sample_rate, seed, f"pitch={pitch:.10g}")


# Common parts.


def _start(kind: str, seconds: float, sample_rate: int, seed: int) -> tuple[np.random.Generator, int]:
    """A generator of this kind and seed alone, and the length in samples."""
    length = round(seconds * sample_rate)
    if length < 1:
        raise AudioError(f"{kind} needs at least one sample; asked: {seconds} s at {sample_rate} Hz")
    return np.random.default_rng([zlib.crc32(kind.encode()), seed]), length


def _finish(signal: np.ndarray, kind: str, sample_rate: int, seed: int, more: str = "") -> Clip:
    """The clip: faded at both ends, peak at 0.9."""
    fade = min(len(signal) // 2, round(FADE * sample_rate))
    ramp = np.sin(0.5 * np.pi * np.arange(1, fade + 1) / (fade + 1)) ** 2
    signal = signal.copy()
    signal[:fade] *= ramp
    signal[len(signal) - fade :] *= ramp[::-1]
    largest = np.abs(signal).max()
    signal = PEAK * signal / (largest if largest > 0 else 1.0)
    call = ", ".join(filter(None, [f"seconds={len(signal) / sample_rate:.10g}", f"sample_rate={sample_rate}", more]))
    return Clip(
        waveform=torch.from_numpy(signal.astype(np.float32)),
        sample_rate=sample_rate,
        title=f"{kind.replace('_like', '-like').replace('_', ' ').capitalize()} (synthesised)",
        origin=f"synthesiser: {kind}(seed={seed})",
        recipe={"file": "", "sha256": "", "steps": [f"synthesiser.{kind}({call}, seed={seed})"]},
        synthetic=True,
    )
