"""The anchors' filters against the mask of ITU-R BS.1534-3, measured on their frequency response and on sounds."""

import numpy as np
import pytest
import torch
from scipy import signal

from paper_code.audio.clips import AudioError, Clip
from paper_code.listeners.anchors import low_anchor, low_pass, mid_anchor


def attenuation(taps: np.ndarray, rate: int, low: float, high: float) -> np.ndarray:
    """dB of loss on a fine grid from low to high (Hz), or to half the sample rate."""
    frequency = np.arange(low, min(high, rate / 2) + 0.5, 1.0)
    return -20 * np.log10(np.maximum(np.abs(signal.freqz(taps, worN=frequency, fs=rate)[1]), 1e-9))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_the_low_anchor_meets_the_mask(rate: int) -> None:
    taps = low_pass(3500, rate)
    assert np.abs(attenuation(taps, rate, 0, 3500)).max() <= 0.1
    assert attenuation(taps, rate, 4000, rate / 2).min() >= 25
    if rate > 9_000:
        assert attenuation(taps, rate, 4500, rate / 2).min() >= 50


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_the_mid_anchor_meets_the_same_mask_an_octave_up(rate: int) -> None:
    taps = low_pass(7000, rate)
    assert np.abs(attenuation(taps, rate, 0, 7000)).max() <= 0.1
    assert attenuation(taps, rate, 8000, rate / 2).min() >= 25
    if rate > 18_000:
        assert attenuation(taps, rate, 9000, rate / 2).min() >= 50


def tones(*frequencies: float, rate: int = 16_000) -> Clip:
    time = np.arange(rate) / rate
    wave = sum(0.1 * np.sin(2 * np.pi * f * time) for f in frequencies)
    return Clip(torch.tensor(wave, dtype=torch.float32), rate, "tones", "CC BY 4.0", "A. Singer")


def test_sounds_keep_their_place_length_and_low_tones() -> None:
    for make, kept, gone in ((low_anchor, 3300, 4100), (mid_anchor, 6800, 7950)):
        made = make(tones(kept, gone))
        assert made.waveform.shape == (16_000,)
        middle = slice(2000, -2000)  # away from the ends, where the filter meets silence
        torch.testing.assert_close(made.waveform[middle], tones(kept).waveform[middle], atol=3e-3, rtol=0)


def test_an_anchor_says_what_was_done() -> None:
    made = mid_anchor(tones(500))
    (step,) = made.recipe["steps"]
    assert step.startswith("low-passed at 7 kHz (linear phase, ")
    assert (made.licence, made.attribution, made.sample_rate) == ("CC BY 4.0", "A. Singer", 16_000)


def test_a_sound_shorter_than_the_filter_is_filtered_too() -> None:
    click = Clip(torch.tensor([0.0, 1.0, 0.0]), 48_000, "click")
    taps = low_pass(3500, 48_000)
    centre = len(taps) // 2
    expected = torch.tensor(taps[centre - 1 : centre + 2], dtype=torch.float32)
    torch.testing.assert_close(low_anchor(click).waveform, expected)


def test_rates_that_cannot_hold_the_band_are_refused() -> None:
    with pytest.raises(AudioError, match="an anchor of 7000 Hz wants a sample rate of at least 16000 Hz, not 11025"):
        mid_anchor(tones(500, rate=11_025))
    with pytest.raises(AudioError, match="at least 8000 Hz, not 7900"):
        low_anchor(tones(500, rate=7_900))
