"""Masks: painting, smoothing, the objective, and what learning promises."""

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter

from paper_code.timbre_loss import mask_measures, masks
from paper_code.timbre_loss.masks import Recipe
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.phrases import Event


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ScoringNetwork(2).eval()


@pytest.fixture(scope="module")
def spectrograms():
    return -60 + 15 * torch.randn(3, 257, 64, generator=torch.Generator().manual_seed(1))


def test_blocks_add_where_they_overlap():
    blocks = masks.Blocks(torch.tensor([[0, 10, 0, 5], [5, 10, 3, 4], [250, 20, 60, 10]]), 64)
    painted = blocks.paint(torch.tensor([[1.0, 2.0, 4.0]]))[0]
    assert (painted[7, 4], painted[2, 2], painted[12, 6], painted[256, 63]) == (3, 1, 2, 4)
    assert painted.count_nonzero() == 10 * 5 + 10 * 4 - 5 * 2 + 7 * 4


def test_squares_tile_every_cell_once():
    assert torch.all(masks.squares(64, 20).paint(torch.ones(1, len(masks.squares(64, 20).boxes))) == 1)


def test_smoothing_is_a_mean_over_what_there_is():
    mask = torch.randn(2, 257, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    inside = uniform_filter(mask[0].numpy(), 9, mode="constant")[4:-4, 4:-4]
    smoothed = masks.smooth(mask, 9)
    assert smoothed[0, 4:-4, 4:-4].numpy() == pytest.approx(inside)
    assert smoothed[0, 0, 0].item() == pytest.approx(mask[0, :5, :5].mean().item())
    assert torch.equal(masks.smooth(mask, 1), mask)
    with pytest.raises(ValueError, match="odd"):
        masks.smooth(mask, 4)


def test_the_objective_is_the_papers(network, spectrograms):
    mask = torch.randn(3, 257, 64, generator=torch.Generator().manual_seed(3))
    found = masks.objective(network, spectrograms, mask, 0.01, 0.02)
    flat = mask.numpy().reshape(3, -1)
    wanted = network(spectrograms + mask).detach().numpy() + 0.01 * (flat**2).mean(1) + 0.02 * flat.var(1)
    assert found.detach().numpy() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", masks.RECIPES)
def test_learning_lowers_the_objective_and_leaves_the_network_alone(name, network, spectrograms):
    before = {key: value.clone() for key, value in network.state_dict().items()}
    recipe = masks.replace(masks.RECIPES[name], steps=8, number=20)
    learned = masks.learn(network, spectrograms, recipe, seed=4)
    assert learned.masks.shape == learned.raw.shape == spectrograms.shape
    assert (learned.curve[-1] < learned.curve[0]).all()
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_clips_are_learned_independently_from_one_start(network, spectrograms):
    """A clip's mask does not depend on its neighbours, and before any step all clips have the same."""
    recipe = Recipe(steps=5, number=20)
    together = masks.learn(network, spectrograms, recipe).masks
    alone = masks.learn(network, spectrograms[1:2], recipe).masks
    assert torch.allclose(together[1], alone[0], atol=1e-3)
    first = masks.start_mask(recipe, 64, 0)
    assert first.shape == (257, 64)
    assert torch.equal(first, masks.start_mask(recipe, 64, 0))
    assert not torch.equal(first, masks.start_mask(recipe, 64, 1))


def test_the_target_turns_the_direction(network, spectrograms):
    towards = [
        masks.learn(network, spectrograms, Recipe(steps=20, number=20).unconstrained(), target=t) for t in (0, 1)
    ]
    scores = [network(spectrograms + each.raw).mean().item() for each in towards]
    assert scores[0] < scores[1]
    with pytest.raises(ValueError, match="0 or 1"):
        masks.learn(network, spectrograms, Recipe(), target=2)


@pytest.mark.parametrize("wrong", [{"start": "circles"}, {"smoothed": "often"}, {"start": "gaussian"}])
def test_recipes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"is one of|must be free"):
        Recipe(**wrong)


def test_roughness_size_and_differences():
    ramp = torch.arange(257.0)[:, None].expand(257, 64)
    assert masks.roughness(ramp).item() == pytest.approx(0.5)
    assert masks.size(torch.full((257, 64), -3.0)).item() == pytest.approx(3.0)
    assert masks.differences([torch.zeros(2, 2), torch.ones(2, 2), torch.full((2, 2), 3.0)]).tolist() == [1, 3, 2]


def test_a_constant_mask_is_that_equaliser_and_correlates_with_itself():
    truth = torch.sin(torch.arange(257) / 20)
    inputs = -40 + torch.zeros(1, 257, 64)
    mask = truth[None, :, None].expand(1, 257, 64)
    powers = 10 ** (inputs / 10)
    assert torch.allclose(masks.along_frequency(mask, powers)[0], truth, atol=1e-4)
    assert mask_measures.correlation(mask, inputs, truth).item() == pytest.approx(1.0, abs=1e-5)
    assert mask_measures.correlation(-2 * mask, inputs, truth).item() == pytest.approx(-1.0, abs=1e-5)
    assert mask_measures.correlation(torch.zeros_like(mask), inputs, truth).item() == 0


def test_the_equaliser_is_the_difference_of_mean_log_spectra():
    phrases = torch.zeros(4, 2, 257, 10)
    phrases[:, 1] += torch.arange(257.0)[:, None]
    assert torch.equal(masks.equaliser(phrases), -torch.arange(257.0))


def test_cells_on_and_between_harmonics():
    """A note of 440 Hz: bins near its multiples are tonal while it sounds, bins between are stochastic."""
    tonal, stochastic = mask_measures.kinds_of_cells([(Event(69, 0.5, 1.0, 0.0),)], 298)
    sounding, silent = 100, 10
    assert tonal[0, :, silent].sum() == stochastic[0, :, silent].sum() == 0
    bins = np.array([440, 880, 1320]) / 31.25
    assert all(tonal[0, round(b), sounding] == 1 for b in bins)
    assert all(stochastic[0, round(b + 7), sounding] == 1 for b in bins)
    assert (tonal * stochastic).sum() == 0
