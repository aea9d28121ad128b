"""Single synthetic sounds, from which the synthesiser makes its clips; numpy only.

Every function takes the random generator it may use, so that a clip is a matter of its seed alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FRAME = 0.004  # s between the points at which a moving spectrum is computed

# First three formants (Hz) of ten vowels, men's means (Peterson & Barney 1952, Table II).
VOWELS = np.array(
    [
        (270, 2290, 3010),
        (390, 1990, 2550),
        (530, 1840, 2480),
        (660, 1720, 2410),
        (730, 1090, 2440),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
        (640, 1190, 2390),
        (490, 1350, 1690),
    ]
)
HIGHER_FORMANTS = np.array([3500.0, 4500.0, 5500.0, 6500.0, 7500.0])  # Hz, those of an even tube
BANDWIDTHS = np.array([70.0, 100.0, 150.0, 250.0, 300.0, 400.0, 500.0, 600.0])  # Hz, of all eight formants

# Corner frequencies (Hz) and level of three fricatives: close to s, sh and f.
FRICATIVES = ((3800.0, 8000.0, 0.30), (1900.0, 5500.0, 0.35), (1200.0, 7500.0, 0.10))

# Body modes of a cello-like box: frequency (Hz), width (Hz), gain.
BODY = ((98.0, 25.0, 0.3), (185.0, 35.0, 0.6), (430.0, 90.0, 1.6), (700.0, 200.0, 1.2), (2200.0, 900.0, 1.6))

Response = Callable[[np.ndarray, int], np.ndarray]


def add_at(out: np.ndarray, sound: np.ndarray, seconds: float, sample_rate: int) -> None:
    """Add a sound into a longer one at a time (s); what reaches over the end is cut off."""
    start = round(seconds * sample_rate)
    sound = sound[: max(0, len(out) - start)]
    out[start : start + len(sound)] += sound


def hertz_from_midi(midi: float) -> float:
    """The frequency (Hz) of a MIDI note number; A4 is 69 and 440 Hz."""
    return 440.0 * 2.0 ** ((midi - 69) / 12)


def slow_noise(random: np.random.Generator, length: int, sample_rate: int, rate: float) -> np.ndarray:
    """Smooth random drift of unit variance or less: `rate` (Hz) random values a second, joined by lines."""
    points = random.standard_normal(int(length / sample_rate * rate) + 3)
    return np.interp(np.arange(length) / sample_rate * rate, np.arange(len(points)), points)


def band_noise(random: np.random.Generator, length: int, sample_rate: int, low: float, high: float) -> np.ndarray:
    """Noise of unit RMS between two frequencies (Hz), falling by 24 dB an octave outside."""
    low = min(low, 0.3 * sample_rate)
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / sample_rate), 1.0)
    shape = 1 / ((1 + (low / hertz) ** 8) * (1 + (hertz / high) ** 8)) ** 0.5
    noise = np.fft.irfft(np.fft.rfft(random.standard_normal(length)) * shape, length)
    return noise / (np.sqrt(np.mean(noise**2)) + 1e-12)


def harmonics(pitch: np.ndarray, sample_rate: int, response: Response) -> np.ndarray:
    """Harmonics of a moving pitch (Hz) [time]; response(frequencies, number) gives their complex gains."""
    length, limit = len(pitch), 0.95 * sample_rate / 2
    at = np.arange(0, length + round(FRAME * sample_rate), max(1, round(FRAME * sample_rate)))
    frames, clock = np.interp(at, np.arange(length), pitch), np.arange(length)
    turn = np.exp(2j * np.pi * np.cumsum(pitch) / sample_rate)
    out, rotation = np.zeros(length), turn.copy()
    for number in range(1, int(limit / frames.min()) + 1):
        hertz = number * frames
        gain = response(hertz, number) * np.clip((limit - hertz) / (0.05 * limit), 0, 1)
        out += np.interp(clock, at, gain.real) * rotation.real - np.interp(clock, at, gain.imag) * rotation.imag
        rotation *= turn
    return out


def voice(pitch: np.ndarray, formants: np.ndarray, sample_rate: int) -> np.ndarray:
    """Glottal pulses of a pitch (Hz) [time] through formants (Hz) [8, time]."""
    length = len(pitch)
    at = np.arange(0, length + round(FRAME * sample_rate), max(1, round(FRAME * sample_rate)))
    tracks = np.stack([np.interp(at, np.arange(length), track) for track in formants])

    def tract(hertz: np.ndarray, number: int) -> np.ndarray:
        resonators = tracks**2 / (tracks**2 - hertz**2 + 1j * hertz * BANDWIDTHS[:, None])
        missing = np.exp(np.minimum(hertz, 7000) ** 2 / 8e6)  # what an even tube's formants above 8 kHz add
        source = 1 / (number * np.sqrt(1 + (hertz / 2500) ** 2))
        return resonators.prod(axis=0) * missing * source

    return harmonics(pitch, sample_rate, tract)


def random_vowel(random: np.random.Generator) -> np.ndarray:
    """The formants (Hz) [8] of one of ten vowels, a little off."""
    return np.append(VOWELS[random.integers(len(VOWELS))], HIGHER_FORMANTS) * random.uniform(0.97, 1.03)


def consonant(random: np.random.Generator, noise: np.ndarray, now: float, sample_rate: int) -> float:
    """Add a fricative, a stop or nothing at a time (s); returns when the vowel begins."""
    kind = random.integers(5)
    if kind < 3:
        low, high, level = FRICATIVES[kind]
        duration = random.uniform(0.05, 0.11)
        burst = level * band_noise(random, max(8, round(duration * sample_rate)), sample_rate, low, high)
        add_at(noise, burst * np.hanning(len(burst)) ** 0.5, now, sample_rate)
        return now + 0.85 * duration
    if kind == 3:
        now += random.uniform(0.03, 0.06)
        burst = 0.4 * band_noise(random, max(8, round(0.02 * sample_rate)), sample_rate, 700.0, 4500.0)
        add_at(noise, burst * np.exp(-np.arange(len(burst)) / (0.005 * sample_rate)), now, sample_rate)
        return now + 0.015
    return now


def body_gain(hertz: np.ndarray) -> np.ndarray:
    """How strongly a cello-like box radiates each frequency (Hz)."""
    return 0.6 + sum(gain / (1 + ((hertz - centre) / width) ** 2) for centre, width, gain in BODY)


def struck_string(random: np.random.Generator, midi: float, seconds: float, sample_rate: int) -> np.ndarray:
    """A piano-like note with its hammer, ringing for at most 3 s."""
    pitch = hertz_from_midi(midi)
    clock = np.arange(max(1, round(min(seconds, 3.0) * sample_rate))) / sample_rate
    stiffness = 3e-4 * (pitch / 261.6) ** 1.2
    out = np.zeros(len(clock))
    for k in range(1, 41):
        partial = k * pitch * np.sqrt(1 + stiffness * k**2)
        if partial > 0.45 * sample_rate:
            break
        level, slow = abs(np.sin(np.pi * k / 8)) * k**-1.2, 0.5 + partial / 1200
        heard = clock[: round(9.2 / slow * sample_rate)]  # until it is 80 dB down
        decay = 0.7 * np.exp(-heard * (2 + partial / 250)) + 0.3 * np.exp(-heard * slow)
        for detune in (-2e-4, 3e-4):  # two strings a note, hardly apart
            turns = 2 * np.pi * partial * (1 + detune) * heard + random.uniform(-0.3, 0.3)
            out[: len(heard)] += level * decay * np.sin(turns)
    hammer = band_noise(random, len(clock), sample_rate, 80.0, 2500.0) * np.exp(-clock / 0.006)
    return random.uniform(0.5, 1.0) * np.clip(clock / 0.002, 0, 1) * (out + 0.5 * hammer)


def pluck(
    random: np.random.Generator, midi: float, seconds: float, sample_rate: int, ring: float, tilt: float
) -> np.ndarray:
    """A plucked note: `ring` (s) is the decay of the fundamental, `tilt` the fall of level with number."""
    clock = np.arange(max(1, round(seconds * sample_rate))) / sample_rate
    gate = np.clip(clock / 0.003, 0, 1) * np.clip((seconds - clock) / 0.02, 0, 1)
    pitch, out = hertz_from_midi(midi), np.zeros(len(clock))
    for k in range(1, min(24, int(0.45 * sample_rate / pitch)) + 1):
        wave = np.sin(2 * np.pi * k * pitch * clock + random.uniform(0, 2 * np.pi))
        out += k**-tilt * np.exp(-clock / ring * (1 + 0.35 * k)) * wave
    return random.uniform(0.7, 1.0) * gate * out


def singer(random: np.random.Generator, melody: list[tuple[float, float]], length: int, sample_rate: int) -> np.ndarray:
    """A voice on vowels that sings notes (s, Hz) with vibrato and a gap before some of them."""
    clock = np.arange(length) / sample_rate
    starts, notes = (np.array(column) for column in zip(*melody, strict=True))
    level = np.ones(length)
    for start in starts:
        depth = random.choice([0.3, 0.9])
        level *= 1 - depth * np.exp(-(((clock - start) / 0.02) ** 2))
    pitch = np.interp(clock, np.repeat(starts, 2)[1:] - np.tile([0.04, 0], len(starts))[1:], np.repeat(notes, 2)[:-1])
    pitch *= 1 + 0.012 * np.sin(2 * np.pi * 5.5 * clock)
    vowels = np.stack([random_vowel(random) for _ in starts])
    tracks = np.stack([np.interp(clock, starts, track) for track in vowels.T])
    return voice(pitch, 1.1 * tracks, sample_rate) * level


def drums(random: np.random.Generator, length: int, sample_rate: int, step: float) -> np.ndarray:
    """A pattern of 16 steps of `step` seconds for bass drum, snare and hi-hat, repeated."""
    out = np.zeros(length)
    ghost = random.random(16) < 0.15
    for index in range(int(length / sample_rate / step) + 1):
        place, when, force = index % 16, index * step, random.uniform(0.75, 1.0)
        if place in (0, 8, 10) or (place % 2 == 0 and ghost[place]):
            add_at(out, force * bass_drum(random, sample_rate), when, sample_rate)
        if place in (4, 12) or (place % 2 == 1 and ghost[place]):
            softer = 0.8 if place in (4, 12) else 0.2
            add_at(out, softer * force * snare(random, sample_rate), when, sample_rate)
        if place % 2 == 0:
            ring = 0.12 if place == 14 else 0.03
            add_at(out, 0.3 * force * hi_hat(random, sample_rate, ring), when, sample_rate)
    return out


def bass_drum(random: np.random.Generator, sample_rate: int) -> np.ndarray:
    """A falling, dying tone with a click."""
    clock = np.arange(round(0.5 * sample_rate)) / sample_rate
    low, sweep = random.uniform(48, 54), 120.0
    phase = 2 * np.pi * (low * clock + sweep * 0.025 * (1 - np.exp(-clock / 0.025)))
    click = band_noise(random, len(clock), sample_rate, 1000.0, 5000.0) * np.exp(-clock / 0.002)
    return np.sin(phase) * np.exp(-clock / 0.13) + 0.2 * click


def snare(random: np.random.Generator, sample_rate: int) -> np.ndarray:
    """Two tones of the skin and the noise of the wires."""
    clock = np.arange(round(0.4 * sample_rate)) / sample_rate
    skin = sum(np.sin(2 * np.pi * hertz * clock) for hertz in (185.0, 330.0)) * np.exp(-clock / 0.05)
    wires = band_noise(random, len(clock), sample_rate, 500.0, 9000.0) * np.exp(-clock / 0.07)
    return 0.4 * skin + 0.5 * wires


def hi_hat(random: np.random.Generator, sample_rate: int, ring: float) -> np.ndarray:
    """High noise that dies with the time constant `ring` (s)."""
    clock = np.arange(round(8 * ring * sample_rate)) / sample_rate
    return band_noise(random, len(clock), sample_rate, 6500.0, 16000.0) * np.exp(-clock / ring)
