"""How much later a recording is: known shifts come back, in waveforms that are alike and in others."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from paper_code.audio.delay import delay, without_delay

RATE = 16000


def _syllables(seed: int = 0, seconds: float = 1.5) -> torch.Tensor:
    """Bursts of noise in changing bands [time]: as uneven as speech."""
    rng, parts = np.random.default_rng(seed), []
    while sum(map(len, parts)) < seconds * RATE:
        length, low = int(rng.integers(600, 3000)), float(rng.uniform(200, 3000))
        taps = signal.firwin(101, [low, low + 1500], pass_zero=False, fs=RATE)
        parts.append(signal.lfilter(taps, 1, rng.standard_normal(length)) * rng.uniform(0.02, 0.3))
    return torch.from_numpy(np.concatenate(parts)[: int(seconds * RATE)]).float()


def _later(sound: torch.Tensor, samples: int) -> torch.Tensor:
    return without_delay(sound, -samples)


@pytest.mark.parametrize("samples", [0, 1, 7, 150, -150, 1500, -1500])
def test_a_shift_is_found_to_the_sample(samples):
    sound = _syllables()
    assert delay(_later(sound, samples), sound, RATE) == samples
    assert delay(-0.3 * _later(sound, samples), sound, RATE) == samples  # neither level nor polarity counts


@pytest.mark.parametrize("samples", [0, 144, -240])
def test_other_phases_are_found_to_a_millisecond(samples):
    """Each bin of a spectrogram gets a phase of its own: the waveforms have nothing in common, the spectrograms have."""
    sound = _syllables().numpy()
    _, _, cells = signal.stft(sound, RATE, nperseg=512, noverlap=384)
    turned = np.abs(cells) * np.exp(2j * math.pi * np.random.default_rng(1).random(cells.shape))
    other = torch.from_numpy(signal.istft(turned, RATE, nperseg=512, noverlap=384)[1][: len(sound)]).float()
    likeness = float(torch.dot(other, torch.from_numpy(sound))) / float(other.norm() * np.linalg.norm(sound))
    assert abs(likeness) < 0.1
    assert delay(_later(other, samples), torch.from_numpy(sound), RATE) == pytest.approx(samples, abs=16)


def test_silence_and_short_sounds_have_no_delay():
    sound = _syllables()
    assert delay(torch.zeros_like(sound), sound, RATE) == 0
    assert delay(sound, torch.zeros_like(sound), RATE) == 0
    assert delay(sound[:100], sound[:100], RATE) == 0


def test_a_delay_taken_out_leaves_zeros_where_nothing_is_known():
    sound = torch.arange(1.0, 7.0)
    assert without_delay(sound, 2).tolist() == [3, 4, 5, 6, 0, 0]
    assert without_delay(sound, -2).tolist() == [0, 0, 1, 2, 3, 4]
    assert without_delay(sound, 0).tolist() == sound.tolist()
    assert without_delay(sound.expand(2, 3, 6), 2).shape == (2, 3, 6)
    with pytest.raises(ValueError, match="shorter than the sound"):
        without_delay(sound, 6)


def test_sounds_of_two_lengths_are_refused():
    sound = _syllables()
    with pytest.raises(ValueError, match="same shape"):
        delay(sound[1:], sound, RATE)
