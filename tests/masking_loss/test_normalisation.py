"""Divisive normalisation: levels of a plain loop, an inverse that is near at every level, and silence."""

import math

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.masking_loss.coder.framing import split_signal
from paper_code.masking_loss.coder.lapped import LappedPath
from paper_code.masking_loss.coder.normalisation import DivisiveNormalisation

BOUND = 0.002  # of a line: how far the inverse is off. The docstring promises a few per cent
LEVELS = [1e-5, 1e-3, 1e-2, 0.1, 1.0, 30.0, 1e3]


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _like_trained(blocks: int, lines: int) -> DivisiveNormalisation:
    torch.manual_seed(1)
    made = DivisiveNormalisation(blocks, lines)
    for values in made.parameters():
        values.data += 0.1 * torch.randn_like(values)
    return made


def _plain_level(made: DivisiveNormalisation, lines: np.ndarray) -> np.ndarray:
    """The weighted mean over what lies inside the frame, all blocks and eight lines to each side."""
    weights = made.log_weights.detach().double().exp().numpy()
    blocks, count = lines.shape
    found = np.empty_like(lines)
    for block, line in np.ndindex(blocks, count):
        above = below = 0.0
        for other in range(blocks):
            for near in range(max(0, line - 8), min(count, line + 9)):
                weight = weights[other - block + blocks - 1, near - line + 8]
                above += weight * lines[other, near] ** 2
                below += weight
        found[block, line] = above / below + 1e-5
    return found


@pytest.mark.parametrize(("blocks", "lines"), [(4, 20), (1, 12), (3, 5)])
def test_levels_and_numbers_are_those_of_a_plain_loop(blocks, lines):
    made, sound = _like_trained(blocks, lines), _noise(blocks, lines)
    expected = _plain_level(made, sound.double().numpy())
    found = made.level(sound[None, None])[0, 0]
    assert np.allclose(found.detach(), expected, rtol=1e-5)
    exponents, gains = made.exponents.detach().numpy(), made.log_gains.detach().exp().numpy()
    numbers = gains * sound.numpy() / expected ** (exponents / 2)
    assert np.allclose(made(sound.flatten()).detach().reshape(blocks, lines), numbers, rtol=1e-4)


def test_at_the_start_near_lines_weigh_more_and_all_alike_on_both_sides():
    weights = DivisiveNormalisation(4, 64).log_weights.exp()
    assert weights.shape == (7, 17)
    assert torch.allclose(weights, weights.flip(0))
    assert torch.allclose(weights, weights.flip(1))
    assert (weights[3].diff()[:8] > 0).all()
    assert weights[3, 8].item() == pytest.approx(1.001)
    assert weights[3, 4].item() == pytest.approx(math.exp(-0.5) + 1e-3)
    assert weights[0, 8].item() == pytest.approx(math.exp(-2) + 1e-3)


def test_flat_lines_keep_a_power_of_their_level():
    made = DivisiveNormalisation(4, 64)
    for level in (0.1, 2.0, 50.0):
        numbers = made(torch.full((256,), level))
        assert torch.allclose(numbers, torch.tensor(level / (level**2 + 1e-5) ** 0.2), rtol=1e-5)


@pytest.mark.parametrize("level", LEVELS)
def test_the_inverse_gives_lines_of_speech_and_noise_back(level):
    made, one_line = DivisiveNormalisation(4, 64), torch.zeros(1, 256)
    one_line[0, 70] = level
    speech = split_signal(quick_speech(1.0, 16000, 1).waveform) @ LappedPath().rows.T
    with torch.no_grad():
        for lines in (level * speech, level * _noise(20, 256), torch.full((1, 256), level), one_line):
            found = made.inverse(made(lines))
            assert ((found - lines).abs() <= BOUND * lines.abs()).all()


def test_any_leading_dimensions():
    made, lines = _like_trained(4, 64), _noise(2, 3, 256)
    assert torch.allclose(made(lines)[1, 2], made(lines[1, 2]), atol=1e-6)
    assert torch.allclose(made.inverse(lines)[1, 2], made.inverse(lines[1, 2]), atol=1e-5)


def test_nought_stays_nought_whatever_was_learned_and_has_gradients():
    made = _like_trained(4, 64)
    lines = torch.zeros(2, 256, requires_grad=True)
    for function in (made, made.inverse):
        found = function(lines)
        assert torch.equal(found, torch.zeros(2, 256))
        (gradient,) = torch.autograd.grad(found.sum(), lines)
        assert gradient.isfinite().all()
        assert (gradient > 0).all()
    sparse = _noise(2, 256) * (torch.arange(256) % 3 == 0)
    for found in (made(sparse), made.inverse(sparse)):
        assert torch.equal(found == 0, sparse == 0)


def test_gradients_reach_every_weight():
    made, lines = DivisiveNormalisation(4, 64), _noise(3, 256)
    (made.inverse(made(lines)) * _noise(3, 256, seed=1)).sum().backward()
    for name, values in made.named_parameters():
        assert values.grad.isfinite().all(), name
        assert values.grad.all(), name
