"""The masks that Figure 2's sliders choose from: where their blocks lie, and what is kept of them."""

import json

import numpy as np
import pytest
import torch

from paper_code.display.mask_blocks import STEP
from paper_code.timbre_loss import block_grid, masks, page
from paper_code.timbre_loss.masks import Recipe
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.spectrograms import BINS

FRAMES = 48
GRID = block_grid.Grid((8, 40), (6, 30), (5, 20), (1.0, 6.0), seed=3)
BASE = Recipe(steps=4, rate=0.5, window=5)


@pytest.fixture(scope="module")
def network() -> ScoringNetwork:
    torch.manual_seed(0)
    return ScoringNetwork(2).eval()


@pytest.fixture(scope="module")
def spectrograms() -> torch.Tensor:
    return -70 + 10 * torch.randn(2, BINS, FRAMES, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def kept(network: ScoringNetwork, spectrograms: torch.Tensor):
    return block_grid.learn(network, spectrograms, ["one", "two"], GRID, BASE)


@pytest.mark.parametrize("few", [1, 5, 16, 17])
def test_the_first_of_many_places_are_those_of_a_few(few: int) -> None:
    many = masks.positions(120, torch.Generator().manual_seed(5))
    assert torch.equal(masks.positions(few, torch.Generator().manual_seed(5)), many[:few])


def test_the_middle_of_every_rectangle_lies_inside_and_they_spread_evenly() -> None:
    places = masks.positions(4000, torch.Generator().manual_seed(0))
    blocks = masks.rectangles(FRAMES, places, 16, 30)
    middles = blocks.boxes[:, ::2] + torch.tensor([8, 15])
    assert (middles >= 0).all()
    assert (middles < torch.tensor([BINS, FRAMES])).all()
    assert (middles.double().mean(0) / torch.tensor([BINS, FRAMES])).numpy() == pytest.approx([0.5, 0.5], abs=0.02)
    assert blocks.paint(torch.ones(1, 4000)).sum((0, 2))[:8].min() > 0  # down to the lowest bin


def test_the_page_paints_and_smooths_what_was_learned(kept, network, spectrograms) -> None:
    """With the gains rounded to a quarter of a decibel; for every setting, and every clip its own."""
    shown = page.block_figure(*kept, ("A", "B"))
    for setting in np.ndindex(GRID.shape):
        learned = masks.learn(network, spectrograms, GRID.recipe(BASE, setting), GRID.seed)
        for clip in range(2):
            mask = shown.mask(clip, setting)
            overlap = learned.blocks.paint(torch.ones(1, len(learned.blocks.boxes)))[0]
            assert (np.abs(mask - learned.raw[clip].numpy()) <= (STEP / 2 * overlap).numpy() + 1e-4).all()
            exact = masks.smooth(torch.from_numpy(mask)[None], BASE.window)[0]
            assert shown.smooth(mask) == pytest.approx(exact.numpy(), abs=1e-6)


def test_scores_are_those_of_the_masks_as_they_are_kept(kept, network, spectrograms) -> None:
    shown = page.block_figure(*kept, ("A", "B"))
    setting = (1, 1, 1, 1)
    raw = torch.from_numpy(shown.mask(1, setting)).float()
    with torch.no_grad():
        before, painted, smoothed = (
            float(network(spectrograms[1:] + mask)) for mask in (0, raw, masks.smooth(raw[None], BASE.window))
        )
    clip = shown.clips[1]
    assert (clip.before, clip.raw[setting], clip.smoothed[setting]) == pytest.approx((before, painted, smoothed))
    assert painted != pytest.approx(before, abs=1e-6)


def test_it_goes_through_a_file_and_back(kept, tmp_path) -> None:
    arrays, about = kept
    np.savez(tmp_path / "a.npz", **arrays)
    read = page.block_figure(np.load(tmp_path / "a.npz"), json.loads(json.dumps(about)), ("A", "B"))
    same = page.block_figure(arrays, about, ("A", "B"))
    assert read.grid == same.grid == (2, 2, 2, 2)
    assert np.array_equal(read.mask(0, (1, 0, 1, 0)), same.mask(0, (1, 0, 1, 0)))
    assert arrays["gains"].dtype == np.int8
    assert (arrays["gains"][:, :, :, 0, :, 5:] == 0).all()
    assert (read.seconds, read.top) == (pytest.approx(0.47), 8000)


@pytest.mark.parametrize("base", [Recipe(free=True), Recipe(start="squares")])
def test_only_gains_of_rectangles_have_sliders(base: Recipe, network, spectrograms) -> None:
    with pytest.raises(ValueError, match="rectangles whose gains are learned"):
        block_grid.learn(network, spectrograms, ["one", "two"], GRID, base)
