"""Loudness against the standard's own filter coefficients, and matching without clipping."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter, resample_poly

from paper_code.audio.clips import AudioError, Clip
from paper_code.display.loudness import TARGET_LUFS, faded, level, measure, minus


def standard(waveform: np.ndarray) -> float:
    """Integrated loudness at 48 kHz with the coefficients printed in ITU-R BS.1770-4, tables 1 and 2."""
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585])
    high_pass = ([1.0, -2.0, 1.0], [1, -1.99004745483398, 0.99007225036621])
    weighted = lfilter(*high_pass, lfilter(*shelf, waveform))
    starts = range(0, len(weighted) - 19_200 + 1, 4_800)
    energy = np.array([np.mean(weighted[k : k + 19_200] ** 2) for k in starts])
    blocks = -0.691 + 10 * np.log10(np.maximum(energy, 1e-30))
    kept = blocks > -70
    kept &= blocks > -0.691 + 10 * np.log10(energy[kept].mean()) - 10
    return -0.691 + 10 * math.log10(energy[kept].mean())


def noise(seconds: float, rate: int, seed: int = 0, tilt: float = 0.0) -> np.ndarray:
    """Noise whose amplitude falls with frequency to the power `tilt`, largest magnitude 0.5."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(round(seconds * rate)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 30) ** tilt
    wave = np.fft.irfft(spectrum)
    return 0.5 * wave / np.abs(wave).max()


def clip(wave: np.ndarray, rate: int, title: str = "clip") -> Clip:
    return Clip(torch.tensor(wave, dtype=torch.float32), rate, title)


def loudness(wave: np.ndarray, rate: int) -> float:
    return measure(torch.tensor(wave, dtype=torch.float32), rate).lufs


def sine(frequency: float, rate: int, amplitude: float = 1.0, seconds: float = 3.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("frequency", [60, 400, 997, 4000, 9000])
def test_tones_measure_as_in_the_standard(frequency: float) -> None:
    # Full scale, where torchaudio's filters would clip and read 2 LU too little at 4 kHz.
    assert loudness(sine(frequency, 48_000), 48_000) == pytest.approx(standard(sine(frequency, 48_000)), abs=0.06)


def test_the_reference_tone() -> None:
    # BS.1770: a full-scale sine of 997 Hz in one channel reads -3.01.
    assert loudness(sine(997, 48_000), 48_000) == pytest.approx(-3.01, abs=0.06)


@pytest.mark.parametrize("tilt", [0.0, 0.5, 1.0])
def test_noise_with_pauses_is_gated_as_in_the_standard(tilt: float) -> None:
    wave = noise(4, 48_000, tilt=tilt)
    wave[48_000:120_000] *= 0.001
    assert loudness(wave, 48_000) == pytest.approx(standard(wave), abs=0.06)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100])
def test_the_rate_makes_no_difference(rate: int) -> None:
    wave = noise(3, rate, tilt=0.3)
    there = resample_poly(wave, 48_000 // math.gcd(rate, 48_000), rate // math.gcd(rate, 48_000))
    assert loudness(wave, rate) == pytest.approx(standard(there), abs=0.06)


def test_odd_rates_are_measured_too() -> None:
    assert loudness(sine(500, 22_051, 0.3, 1), 22_051) == pytest.approx(
        loudness(sine(500, 48_000, 0.3, 1), 48_000), abs=0.02
    )


@pytest.mark.parametrize("gain", [0.001, 0.5, 20.0])
def test_scaling_moves_loudness_by_the_scale(gain: float) -> None:
    wave = noise(2, 16_000, tilt=0.5)
    moved = loudness(gain * wave, 16_000) - loudness(wave, 16_000)
    assert moved == pytest.approx(20 * math.log10(gain), abs=1e-3)


def test_short_sounds_are_measured_whole() -> None:
    short = measure(torch.tensor(sine(1000, 16_000, 0.2, 0.3), dtype=torch.float32), 16_000)
    assert not short.gated
    assert short.lufs == pytest.approx(loudness(sine(1000, 16_000, 0.2, 3.0), 16_000), abs=0.1)
    assert str(short) == "−17.0\u00a0LUFS (ungated)"


@pytest.mark.parametrize("wave", [np.zeros(16_000), np.zeros(10), np.full(160_000, 0.1)[:0]])
def test_silence_has_no_loudness(wave: np.ndarray) -> None:
    found = measure(torch.tensor(wave, dtype=torch.float32), 16_000)
    assert found.silent
    assert str(found) == "silent"


def test_below_hearing_counts_as_silence() -> None:
    slow = 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(160_000) / 16_000)
    assert measure(torch.tensor(slow, dtype=torch.float32), 16_000).lufs < -60


def test_matched_sounds_are_equally_loud_by_the_standard() -> None:
    waves = [
        noise(2, 48_000, 1),
        0.01 * noise(2, 48_000, 2, 1.0),
        sine(300, 48_000, 0.9, 2),
        sine(5000, 48_000, 0.02, 2),
    ]
    levels = level([clip(wave, 48_000) for wave in waves])
    assert levels.common == TARGET_LUFS
    assert levels.lowered == 0
    played = [standard(sound.waveform.double().numpy()) for sound in levels.sounds]
    assert max(played) - min(played) < 0.1
    assert played[0] == pytest.approx(TARGET_LUFS, abs=0.1)


def test_rates_and_lengths_may_differ() -> None:
    clips = [clip(noise(2, 11_025), 11_025), clip(noise(1, 44_100), 44_100), clip(noise(0.2, 16_000), 16_000)]
    levels = level(clips)
    for sound, one in zip(levels.sounds, clips, strict=True):
        assert measure(sound.waveform, one.sample_rate).lufs == pytest.approx(TARGET_LUFS, abs=0.1)


def test_all_are_lowered_where_one_would_clip() -> None:
    clicks = np.zeros(96_000)
    clicks[2000::24_000] = 0.9
    levels = level([clip(clicks, 48_000), clip(noise(2, 48_000), 48_000)])
    peaks = [float(sound.waveform.abs().max()) for sound in levels.sounds]
    assert max(peaks) == pytest.approx(10 ** (-1 / 20), rel=1e-4)  # the ceiling is used, and not passed
    assert levels.common == pytest.approx(TARGET_LUFS - levels.lowered)
    assert levels.lowered > 1
    played = [measure(sound.waveform, 48_000).lufs for sound in levels.sounds]
    assert played == pytest.approx([levels.common] * 2, abs=0.1)


def test_levels_are_kept_where_level_is_the_point() -> None:
    loud, soft = noise(1, 16_000), 0.1 * noise(1, 16_000)
    levels = level([clip(loud, 16_000), clip(soft, 16_000)], match=False)
    assert levels.common is None
    assert [sound.gain for sound in levels.sounds] == [0, 0]
    over = level([clip(3 * loud, 16_000), clip(soft, 16_000)], match=False)
    assert over.lowered == pytest.approx(20 * math.log10(1.5), abs=0.01)
    ratio = over.sounds[0].waveform.norm() / over.sounds[1].waveform.norm()
    assert float(ratio) == pytest.approx(30, rel=1e-4)


def test_silence_stays_silence_among_others() -> None:
    levels = level([clip(np.zeros(8000), 8000), clip(noise(1, 8000), 8000)])
    assert levels.sounds[0].gain == 0
    assert not levels.sounds[0].waveform.any()
    assert level([clip(np.zeros(8000), 8000)]).common is None


def test_fades_are_five_milliseconds_and_leave_the_rest() -> None:
    one = clip(np.ones(4800), 48_000)
    wave = faded(one)
    assert wave[0] == 0
    assert wave[-1] == pytest.approx(0, abs=1e-6)
    assert wave[120] == pytest.approx(0.5, abs=0.01)  # a raised cosine is half-way in its middle
    assert torch.equal(wave[240:-240], torch.ones(4320))
    assert torch.equal(one.waveform, torch.ones(4800))
    assert faded(clip(np.ones(1), 48_000)).tolist() == [1]


@pytest.mark.parametrize("wave", [np.zeros(0), np.array([0.1, np.nan]), np.array([0.1, np.inf])])
def test_what_cannot_be_played_is_named(wave: np.ndarray) -> None:
    with pytest.raises(AudioError, match="'Broken'"):
        level([clip(wave, 8000, "Broken")])


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    assert [minus(-3.14159), minus(-0.04), minus(0.0), minus(2.0, 0)] == ["−3.1", "0.0", "0.0", "2"]
