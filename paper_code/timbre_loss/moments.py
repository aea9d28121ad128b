"""What happens in each frame of a cello phrase: vibrato, an onset, noise, or a steady tone.

All on the frames of the spectrograms (30 ms every 10 ms; see `spectrograms.seconds_of_frames`).
Chapter: timbre_loss
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.phrases import Melody
from paper_code.timbre_loss.spectrograms import FFT, FLOOR, HOP, WINDOW, seconds_of_frames, spectra

FRAME_SECONDS = HOP / SAMPLE_RATE
LONG = 1024  # samples of the frames that pitch and flatness are found in: 64 ms
LOWEST, HIGHEST = 60.0, 1000.0  # Hz, of a cello's pitch
AUDIBLE_DB = -30.0  # re the loudest frame: what is softer is the end of a note, or the noise floor

VIBRATO_HZ = (4.0, 8.0)
TRIED_HZ = np.arange(2.0, 12.1, 0.25)  # a wobble is vibrato if it is best described by a rate within VIBRATO_HZ
VIBRATO_WINDOW = 50  # frames, 0.5 s: two cycles of the slowest vibrato
VIBRATO_CENTS = 10.0  # the least amplitude that the pitch tracker shows: some 15 cents, two thirds of which it follows
VIBRATO_SHARE = 0.6  # of the pitch's variance about its straight line that the sinusoid must describe
NOTE_CHANGE_CENTS = 60.0  # between two frames: more is another note

LAG = 5  # frames: onset strength is the rise of the level in 50 ms, because a bow starts softly
ONSET_DB = 2.0  # a peak of onset strength stands so far above its neighbourhood
ONSET_RANGE_DB = 60.0  # under the loudest mel band of the clip: softer rises are not heard
ONSET_FRAMES = 5  # frames before and after an onset that belong to it
SETTLED = 15  # frames after an onset before a tone counts as steady
STEADY_CENTS = 20.0  # a steady pitch stays within this range for STEADY_WINDOW frames
STEADY_WINDOW = 21
NOISY_DB = -15.0  # spectral flatness: white noise has -2.5 dB, steady notes -25 to -40 dB
NOISE_HZ = (100.0, 4000.0)

KINDS = ("vibrato", "onset", "noise", "steady")


@dataclass(frozen=True, eq=False)
class Moments:
    """Which frames hold what, each bool [frame]. A frame may be several things, but steady only alone."""

    vibrato: np.ndarray
    onset: np.ndarray
    noise: np.ndarray
    steady: np.ndarray


def moments(waveform: Tensor) -> Moments:
    """What happens in the frames of a waveform [time] at 16 kHz; needs librosa.

    Noise: audible frames with a flat spectrum. Steady: audible frames with one constant pitch, away from onsets.
    """
    frames = spectra(waveform).shape[-1]
    heard = audible(waveform)
    if not heard.any():
        return Moments(*(np.zeros(frames, dtype=bool) for _ in KINDS))
    cents = pitch(waveform)
    wobbling = vibrato(cents) & heard
    starts = onsets(waveform)
    started = near(starts, frames, ONSET_FRAMES, ONSET_FRAMES)
    noisy = (flatness(waveform) > NOISY_DB) & heard
    settled = ~near(starts, frames, ONSET_FRAMES, SETTLED)
    return Moments(wobbling, started, noisy, constant(cents) & heard & settled & ~wobbling & ~noisy)


def of_melody(tune: Melody, frames: int, wobbling: Sequence[bool] = ()) -> Moments:
    """What a phrase holds by the melody that it was made from: its onsets, and the settled parts of its notes.

    wobbling: for each note, whether it was given vibrato; what is settled of it is vibrato then, else steady.
    """
    seconds = seconds_of_frames(frames).numpy()
    starts = np.array([np.abs(seconds - event.start).argmin() for event in tune], dtype=int)
    moving, still = np.zeros(frames, dtype=bool), np.zeros(frames, dtype=bool)
    for number, event in enumerate(tune):
        settled = event.start + SETTLED * FRAME_SECONDS
        inside = (seconds > settled) & (seconds < event.start + event.seconds - ONSET_FRAMES * FRAME_SECONDS)
        (moving if wobbling and wobbling[number] else still)[inside] = True
    onset = near(starts, frames, ONSET_FRAMES, ONSET_FRAMES)
    return Moments(moving, onset, np.zeros(frames, dtype=bool), still)


def levels(waveform: Tensor) -> np.ndarray:
    """The level of each frame in dB re a sine at full scale, [frame]."""
    return (10 * torch.log10(spectra(waveform).abs().square().sum(-2) + FLOOR)).double().numpy()


def audible(waveform: Tensor) -> np.ndarray:
    """Frames within 30 dB of the loudest one, bool [frame]; none in digital silence."""
    level = levels(waveform)
    return (level > level.max() + AUDIBLE_DB) & (level > 10 * np.log10(FLOOR) + 10)


def pitch(waveform: Tensor) -> np.ndarray:
    """The pitch of each frame in cents above 60 Hz by pYIN, [frame]; NaN where there is none."""
    import librosa

    frames = spectra(waveform).shape[-1]
    hertz, _, _ = librosa.pyin(
        _padded(waveform), fmin=LOWEST, fmax=HIGHEST, sr=SAMPLE_RATE, frame_length=LONG, hop_length=HOP, center=False
    )
    return 1200 * np.log2(hertz[:frames] / LOWEST)


def pitch_motion(waveform: Tensor, hertz: float) -> float:
    """How far the pitch of one note [time] at 16 kHz of about `hertz` moves about a straight line: RMS in cents, by pYIN.

    Where one player's notes move more than another's, a network may tell the hands apart instead of the instruments.
    NaN where no pitch is found. Motion faster than some 5 Hz is underestimated: the tracker looks at 128 ms.
    """
    import librosa

    found, _, _ = librosa.pyin(
        waveform.double().numpy(), fmin=0.75 * hertz, fmax=1.35 * hertz, sr=SAMPLE_RATE,
        frame_length=2 * LONG, hop_length=HOP, resolution=0.02,
    )  # fmt: skip
    cents = 1200 * np.log2(found[np.isfinite(found)] / hertz)
    if len(cents) < 2:
        return float("nan")
    places = np.arange(len(cents))
    return float((cents - np.polyval(np.polyfit(places, cents, 1), places)).std())


def vibrato(cents: np.ndarray) -> np.ndarray:
    """Frames whose pitch [frame] in cents wobbles 4 to 8 times a second, bool [frame].

    A window of 0.5 s within one note wobbles if a sinusoid of such a rate and of at least 10 cents describes 60 % of
    what is left of its pitch beside a straight line. All frames of such a window count.
    """
    wobbling = np.zeros(len(cents), dtype=bool)
    if len(cents) < VIBRATO_WINDOW:
        return wobbling
    windows = np.lib.stride_tricks.sliding_window_view(cents, VIBRATO_WINDOW)
    whole = (np.abs(np.diff(windows)) < NOTE_CHANGE_CENTS).all(-1)  # no change of note, and no NaN
    firsts = np.flatnonzero(whole)
    for first in firsts[_wobbles(windows[firsts])]:
        wobbling[first : first + VIBRATO_WINDOW] = True
    return wobbling


def _wobbles(windows: np.ndarray) -> np.ndarray:
    """Which windows of pitch [window, frame] in cents have vibrato, bool [window]."""
    places = np.arange(VIBRATO_WINDOW)
    line = np.stack([np.ones(VIBRATO_WINDOW), places], -1)
    bent = windows - windows @ line @ np.linalg.pinv(line)
    turns = 2 * np.pi * FRAME_SECONDS * TRIED_HZ[:, None] * places
    sinusoids = np.stack([np.sin(turns), np.cos(turns), *np.broadcast_to(line.T[:, None], (2, *turns.shape))], -1)
    found = np.einsum("rpf,wf->wrp", np.linalg.pinv(sinusoids), bent)  # by least squares, each rate by itself
    left = np.square(bent[:, None] - np.einsum("rfp,wrp->wrf", sinusoids, found)).sum(-1)
    best = left.argmin(-1)[:, None]
    amplitude = np.hypot(*np.take_along_axis(found, best[..., None], 1)[:, 0, :2].T)
    described = np.take_along_axis(left, best, 1)[:, 0] <= (1 - VIBRATO_SHARE) * np.square(bent).sum(-1)
    rate = TRIED_HZ[best[:, 0]]
    return (rate >= VIBRATO_HZ[0]) & (rate <= VIBRATO_HZ[1]) & (amplitude >= VIBRATO_CENTS) & described


def constant(cents: np.ndarray) -> np.ndarray:
    """Frames whose pitch [frame] in cents stays within 20 cents for 0.2 s around them, bool [frame]."""
    half = STEADY_WINDOW // 2
    around = np.lib.stride_tricks.sliding_window_view(np.pad(cents, half, constant_values=np.nan), STEADY_WINDOW)
    return np.ptp(around, axis=-1) <= STEADY_CENTS  # false where a pitch is NaN


def onsets(waveform: Tensor) -> np.ndarray:
    """The frames where notes begin: peaks of librosa's onset strength on the spectrogram's own frames."""
    import librosa

    power = spectra(waveform).abs().square().numpy()
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_fft=FFT, n_mels=40)
    mel = np.concatenate([np.zeros((len(mel), LAG)), mel], -1)  # nothing before the clip: a note may begin at once
    decibels = librosa.power_to_db(mel, top_db=ONSET_RANGE_DB)
    strength = librosa.onset.onset_strength(S=decibels, sr=SAMPLE_RATE, hop_length=HOP, lag=LAG, center=False)[LAG:]
    peaks = librosa.util.peak_pick(
        strength, pre_max=LAG, post_max=LAG, pre_avg=3 * LAG, post_avg=3 * LAG, delta=ONSET_DB, wait=2 * LAG
    )
    return np.maximum(peaks - LAG // 2, 0).astype(int)


def flatness(waveform: Tensor) -> np.ndarray:
    """Spectral flatness of each frame in dB between 100 Hz and 4 kHz, [frame]: 0 is a flat spectrum."""
    import librosa

    count = spectra(waveform).shape[-1]
    frames = librosa.util.frame(_padded(waveform), frame_length=LONG, hop_length=HOP)[:, :count]
    power = np.abs(np.fft.rfft(frames * np.hanning(LONG)[:, None], axis=0)) ** 2
    low, high = (round(hertz * LONG / SAMPLE_RATE) for hertz in NOISE_HZ)
    return 10 * np.log10(librosa.feature.spectral_flatness(S=power[low:high], power=1.0)[0])


def near(places: np.ndarray, frames: int, before: int, after: int) -> np.ndarray:
    """Frames at most so many before or after some places, bool [frame]."""
    close = np.zeros(frames, dtype=bool)
    for place in places:
        close[max(0, place - before) : place + after + 1] = True
    return close


def _padded(waveform: Tensor) -> np.ndarray:
    """A waveform with so many zeros on both sides that long frames have the same middles as the spectrogram's."""
    return np.pad(waveform.double().numpy(), ((LONG - WINDOW) // 2, LONG))
