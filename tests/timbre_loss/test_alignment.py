"""Dynamic time warping and the distance along its path."""

import pytest
import torch

from paper_code.timbre_loss import alignment


def glide(frames, seed=0):
    """A spectrogram whose peak moves upwards: every frame differs from every other."""
    bins, time = torch.arange(257.0)[:, None], torch.linspace(20, 200, frames)[None]
    return -70 + 50 * torch.exp(-(((bins - time) / 12) ** 2))


def test_equal_spectrograms_align_frame_by_frame_and_are_at_zero():
    one = glide(60)
    steps = alignment.path(one, one)
    assert steps.tolist() == [[i, i] for i in range(60)]
    assert alignment.distance(one, one, steps) == 0


def test_a_stretched_copy_is_found_and_a_level_does_not_count():
    one, slower = glide(60), glide(75)
    steps = alignment.path(one, slower)
    assert steps[0].tolist() == [0, 0]
    assert steps[-1].tolist() == [59, 74]
    aligned = alignment.distance(one + 6, slower, steps)
    straight = alignment.distance(one, slower[:, :60], alignment.np.stack([range(60)] * 2, -1))
    assert aligned < 0.4 * straight


def test_the_distance_is_what_it_says():
    """A tilt of which half the bins are 4 dB up and half 4 dB down costs 4 dB, when levels are equal."""
    flat = torch.full((256, 10), -30.0)
    other = flat.clone()
    other[::2] += 4
    other[1::2] -= 4
    gain = 10 * torch.log10((10**0.4 + 10**-0.4) / torch.tensor(2.0))
    wanted = torch.sqrt(((4 - gain) ** 2 + (4 + gain) ** 2) / 2).item()
    steps = alignment.np.stack([range(10)] * 2, -1)
    assert alignment.distance(other, flat, steps) == pytest.approx(wanted, rel=1e-4)
