"""Noise against the masking threshold, where both are known in closed form."""

import math

import numpy as np
import pytest
import torch

from paper_code.metrics.noise_to_mask import noise_to_mask

LENGTH = 512 + 256 * 7


def _tone(line: float, level: float, length: int = LENGTH) -> torch.Tensor:
    """A sine on a line of the spectrum, at a level in dB SPL (full scale reads 84.28)."""
    time = torch.arange(length, dtype=torch.float64)
    return (10 ** ((level - 84.2814) / 20) * torch.sin(2 * math.pi * line * time / 512)).double()


def _in_quiet(frequency: np.ndarray) -> np.ndarray:
    """The absolute threshold in dB SPL."""
    f = np.maximum(frequency, 31.25) / 1000
    return 3.64 * f**-0.8 - 6.5 * np.exp(-0.6 * (f - 3.3) ** 2) + 1e-3 * f**4


def test_a_tone_in_silence_stands_over_the_absolute_threshold():
    found = noise_to_mask(_tone(32, 40.0), torch.zeros(LENGTH, dtype=torch.float64))
    quiet = _in_quiet(found.frequency.numpy())
    assert found.noise.shape == (8, 257)
    assert np.allclose(found.threshold, quiet[None], atol=1e-6)
    levels = {31: 40 - 6.0206, 32: 40.0, 33: 40 - 6.0206}  # a Hann window shows a tone in three lines
    for line, level in levels.items():
        assert np.allclose(found.noise[:, line], level, atol=0.01)
    assert found.share_above() == pytest.approx(3 / 257)
    excess = sum(level - quiet[line] for line, level in levels.items()) / 257
    assert found.excess() == pytest.approx(excess, abs=1e-4)
    assert not found.entropy.any()


def test_a_band_counts_only_its_lines():
    found = noise_to_mask(_tone(32, 40.0), torch.zeros(LENGTH, dtype=torch.float64))
    assert found.share_above(1000, 1000) == 1
    assert found.share_above(1001, 1040) == 1  # line 33 alone
    assert found.share_above(4000) == found.excess(4000) == 0
    assert found.share_above(900, 1100) == pytest.approx(3 / 7)
    with pytest.raises(ValueError, match="No line of the spectrum lies between 1001 and 1002 Hz"):
        found.excess(1001, 1002)


def test_a_loud_tone_hides_what_silence_does_not():
    masker, noise = _tone(64, 80.0), _tone(65.5, 45.0)
    alone = noise_to_mask(noise, torch.zeros_like(noise))
    hidden = noise_to_mask(masker + noise, masker)
    assert torch.allclose(alone.noise, hidden.noise, atol=1e-3)
    assert alone.share_above() > hidden.share_above() == 0
    assert torch.allclose(hidden.spectrum[:, 64], torch.tensor(80.0, dtype=torch.float64), atol=0.01)
    assert (hidden.entropy > 0).all()


def test_more_noise_is_more_above():
    generator = torch.Generator().manual_seed(0)
    speech, noise = 0.1 * torch.randn(2, LENGTH, generator=generator)
    found = [noise_to_mask(speech + 10 ** (level / 20) * noise, speech) for level in (-40, -20, 0)]
    shares, excesses = [each.share_above() for each in found], [each.excess() for each in found]
    assert shares == sorted(shares)
    assert excesses == sorted(excesses)
    assert shares[0] < 0.05 < 0.2 < shares[2]
    same = noise_to_mask(speech, speech)
    assert (same.share_above(), same.excess()) == (0, 0)


def test_bad_input():
    sound = torch.zeros(LENGTH)
    with pytest.raises(ValueError, match="same length"):
        noise_to_mask(sound, sound[1:])
    with pytest.raises(ValueError, match="At least 512 samples"):
        noise_to_mask(sound[:511], sound[:511])
    with pytest.raises(ValueError, match=r"Wanted \[time\]"):
        noise_to_mask(sound.expand(2, -1), sound.expand(2, -1))
    with pytest.raises(ValueError, match="finite"):
        noise_to_mask(sound + math.inf, sound)
    with pytest.raises(ValueError, match="Divide 16-bit samples"):
        noise_to_mask(sound, sound + 1000)
    with pytest.raises(ValueError, match="sample_rate"):
        noise_to_mask(sound, sound, 4000)
