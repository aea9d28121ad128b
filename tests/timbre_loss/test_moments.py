"""Vibrato, onsets, noise and steady tones are found where they were made."""

import math

import numpy as np
import pytest
import torch

from paper_code.timbre_loss import moments as m
from paper_code.timbre_loss import stimuli
from paper_code.timbre_loss.phrases import Event
from paper_code.timbre_loss.spectrograms import seconds_of_frames

RATE = 16_000


def tone(cents: np.ndarray, hertz: float = 220.0) -> torch.Tensor:
    """Eight harmonics whose pitch follows cents [time] above a fundamental."""
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (cents / 1200)) / RATE
    wave = sum(np.sin(k * phase) / k for k in range(1, 9))
    return 0.05 * torch.tensor(wave, dtype=torch.float32)


def time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def wobble(rate: float, depth: float, seconds: float = 2.0) -> np.ndarray:
    return depth * np.sin(2 * np.pi * rate * time(seconds))


def rms_noise(seconds: float, level: float = 0.05) -> torch.Tensor:
    return level * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def half_and_half() -> m.Moments:
    """1.5 s of a steady tone, then 1.5 s with a vibrato of 6 Hz and 30 cents."""
    cents = wobble(6.0, 30.0, 3.0)
    cents[: 3 * RATE // 2] = 0
    return m.moments(tone(cents))


def test_vibrato_is_found_where_it_is(half_and_half):
    seconds = seconds_of_frames(298).numpy()
    assert half_and_half.vibrato[seconds > 1.6].mean() > 0.9
    assert not half_and_half.vibrato[seconds < 1.2].any()


def test_a_steady_tone_is_steady(half_and_half):
    seconds = seconds_of_frames(298).numpy()
    assert half_and_half.steady[(seconds > 0.3) & (seconds < 1.2)].mean() > 0.95
    assert not half_and_half.steady[seconds > 1.6].any()
    assert not half_and_half.noise[(seconds > 0.1) & (seconds < 2.9)].any()


def test_pitch_is_on_the_frames_of_the_spectrogram():
    """A pitch that rises by 1200 cents a second has in each frame the value of the frame's middle."""
    cents = m.pitch(tone(np.minimum(1200 * time(1.0), 900.0)))
    seconds = seconds_of_frames(98).numpy()
    wanted = 1200 * np.log2(220 / 60) + 1200 * seconds
    inside = (seconds > 0.2) & (seconds < 0.7)
    assert np.abs(cents - wanted)[inside].mean() < 12  # a frame is worth 12 cents
    assert abs((cents - wanted)[inside].mean()) < 5


@pytest.mark.parametrize(
    ("rate", "depth", "wanted"),
    [(5.0, 30.0, True), (7.5, 15.0, True), (2.5, 30.0, False), (10.5, 30.0, False), (6.0, 5.0, False)],
)
def test_vibrato_has_a_rate_and_a_depth(rate, depth, wanted):
    cents = depth * np.sin(2 * np.pi * rate * np.arange(100) / 100)
    assert m.vibrato(cents).all() == wanted
    assert m.vibrato(cents).any() == wanted


def test_a_glide_or_a_change_of_note_is_no_vibrato():
    assert not m.vibrato(np.linspace(0, 600, 100)).any()
    assert not m.vibrato(np.repeat([0.0, 100.0, 0.0, 100.0], 25)).any()
    noise = 20 * np.random.default_rng(0).standard_normal(300)
    assert m.vibrato(noise).mean() < 0.05
    assert not m.vibrato(np.full(30, 1.0)).any()  # shorter than a window


def test_vibrato_needs_a_pitch():
    cents = 30 * np.sin(2 * np.pi * 6 * np.arange(100) / 100)
    cents[50] = np.nan
    assert m.vibrato(cents)[:50].all()
    assert not m.vibrato(np.where(np.arange(100) % 40 == 0, np.nan, cents)).any()


def test_a_change_of_note_is_an_onset():
    cents = np.where(time(3.0) < 1.5, 0.0, 500.0)
    waveform = tone(cents)
    starts = m.onsets(waveform)
    seconds = seconds_of_frames(298).numpy()
    assert np.abs(seconds[starts] - 1.5).min() < 0.03
    assert ((seconds[starts] < 0.05) | (np.abs(seconds[starts] - 1.5) < 0.03)).all()
    found = m.moments(waveform)
    assert found.onset[np.abs(seconds - 1.5) < 0.03].all()
    assert not found.steady[np.abs(seconds - 1.5) < 0.05].any()
    assert not found.vibrato.any()


def test_noise_is_noise():
    found = m.moments(rms_noise(2.0))
    assert found.noise.mean() > 0.95
    assert not found.steady.any()
    assert not found.vibrato.any()
    assert m.flatness(rms_noise(2.0)).mean() == pytest.approx(10 * math.log10(math.exp(-np.euler_gamma)), abs=0.3)


def test_noise_between_tones():
    steady = tone(np.zeros(RATE))
    seconds = seconds_of_frames(298).numpy()
    found = m.moments(torch.cat([steady, rms_noise(1.0), steady]))
    assert found.noise[(seconds > 1.1) & (seconds < 1.9)].mean() > 0.95
    assert found.steady[(seconds > 2.3) & (seconds < 2.8)].all()


def test_pitch_motion_is_its_rms_beside_a_line():
    """20 cents twice a second have an RMS of 14; a slow glide and a wrong tuning count for nothing."""
    seconds = time(1.5)
    moving = m.pitch_motion(tone(20 * np.sin(2 * np.pi * 2 * seconds)), 220.0)
    assert moving == pytest.approx(20 / math.sqrt(2), abs=2)
    assert m.pitch_motion(tone(10 + 20 * seconds), 220.0) < 2
    assert math.isnan(m.pitch_motion(torch.zeros(RATE), 220.0))


@pytest.mark.parametrize("waveform", [torch.zeros(RATE), torch.zeros(500)], ids=["silence", "two frames"])
def test_silence_holds_nothing(waveform):
    found = m.moments(waveform)
    assert not any(getattr(found, kind).any() for kind in m.KINDS)


def test_soft_ends_are_nothing():
    """A noise floor 45 dB under a note is neither noise nor steady."""
    waveform = torch.cat([tone(np.zeros(RATE)), torch.zeros(RATE)]) + rms_noise(2.0, 0.05 * 10 ** (-45 / 20))
    found = m.moments(waveform)
    seconds = seconds_of_frames(len(found.noise)).numpy()
    assert not any(getattr(found, kind)[seconds > 1.1].any() for kind in m.KINDS)


@pytest.mark.parametrize("gain", [0.1, 10.0])
def test_gain_does_not_matter(gain, half_and_half):
    cents = wobble(6.0, 30.0, 3.0)
    cents[: 3 * RATE // 2] = 0
    louder = m.moments(gain * tone(cents))
    for kind in ("vibrato", "steady"):
        assert (getattr(louder, kind) == getattr(half_and_half, kind)).mean() > 0.98


def test_moments_of_a_melody_are_what_it_says():
    tune = (Event(45, 0.1, 1.0, 0.0), Event(50, 1.2, 0.8, -3.0))
    found = m.of_melody(tune, 298, wobbling=(False, True))
    seconds = seconds_of_frames(298).numpy()
    assert found.onset[np.abs(seconds - 1.2) < 0.04].all()
    assert found.onset.sum() == 2 * 11
    assert seconds[found.steady][[0, -1]] == pytest.approx([0.255, 1.045], abs=0.006)
    assert seconds[found.vibrato][[0, -1]] == pytest.approx([1.355, 1.945], abs=0.006)
    assert not found.noise.any()
    assert not m.of_melody(tune, 298).vibrato.any()


@pytest.mark.corpora("timbre_loss")
def test_onsets_of_recorded_cellos_are_found():
    """The melodies say where notes begin: 95 % are found within 60 ms, and 95 % of what is found is one."""
    made = stimuli.held_out_phrases("cellos", 0, 6)
    hits = wanted = claimed = 0
    for tune, both in zip(made.melodies, made.waveforms, strict=True):
        for waveform in both:
            starts = seconds_of_frames(298).numpy()[m.onsets(waveform)]
            distances = np.abs(starts[:, None] - np.array([event.start for event in tune]))
            hits += int((distances.min(0) < 0.06).sum())
            wanted, claimed = wanted + len(tune), claimed + len(starts)
    assert hits >= 0.95 * wanted
    assert hits >= 0.95 * claimed
