"""Masks of blocks: what is painted, what the page's script is given, what is said without it."""

import base64
import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from paper_code.display.mask_blocks import BlockClip, MaskBlocks, mask_blocks, quarter_decibels

GRID = (2, 1, 2, 1)


def clip(**changes):
    gains = np.arange(np.prod(GRID) * 3).reshape(*GRID, 3).astype(np.int8)
    return BlockClip(**{"title": "A clip", "gains": gains, "before": 0.9, "raw": np.full(GRID, 0.25),
                        "smoothed": np.full(GRID, 0.5)} | changes)  # fmt: skip


def settings(**changes):
    given = {
        "positions": np.array([[0.5, 0.5], [0.0, 0.0], [0.99, 0.99]]), "heights": (2, 4), "widths": (4,),
        "numbers": (1, 3), "first_gains": (3.0,), "clips": (clip(),), "bins": 9, "frames": 10, "window": 3,
        "top": 8000.0, "seconds": 0.09, "classes": ("A", "B"),
    }  # fmt: skip
    return MaskBlocks(**given | changes)


def content(shown):
    return json.loads(unescape(re.search(r'data-content="([^"]*)"', shown.html)[1]))


def test_a_block_lies_around_its_middle():
    mask = settings().mask(0, (0, 0, 0, 0))
    assert np.argwhere(mask != 0).size == 0  # its gain is zero
    made = settings(clips=(clip(gains=np.full((*GRID, 3), 8, np.int8)),))
    bins, frames = np.nonzero(made.mask(0, (0, 0, 0, 0)))
    assert (bins.min(), bins.max(), frames.min(), frames.max()) == (3, 4, 3, 6)
    assert set(made.mask(0, (0, 0, 0, 0)).ravel()) == {0.0, 2.0}


def test_blocks_at_the_edge_are_cut_and_overlapping_gains_add():
    positions = np.array([[0.0, 0.0], [0.0, 0.0], [0.99, 0.99]])
    mask = settings(positions=positions, clips=(clip(gains=np.full((*GRID, 3), 4, np.int8)),)).mask(0, (1, 0, 1, 0))
    assert mask[:2, :2] == pytest.approx(np.full((2, 2), 2.0))
    assert mask[6:, 7:] == pytest.approx(np.ones((3, 3)))
    assert mask.sum() == pytest.approx(2 * 4 + 9)


def test_smoothing_keeps_a_constant_and_takes_the_mean_of_what_there_is():
    made = settings()
    assert made.smooth(np.full((9, 10), 2.0)) == pytest.approx(np.full((9, 10), 2.0))
    spike = np.zeros((9, 10))
    spike[0, 0] = 1
    assert made.smooth(spike)[:2, :2] == pytest.approx(np.array([[1 / 4, 1 / 6], [1 / 6, 1 / 9]]))


def test_the_page_is_given_the_gains_that_are_read_setting_by_setting():
    found = content(mask_blocks(settings(), "T", "Look."))
    gains = np.frombuffer(base64.b64decode(found["clips"][0]["gains"]), np.int8)
    assert gains.tolist() == [0, 3, 4, 5, 6, 9, 10, 11]
    assert found["middles"] == [4, 5, 0, 0, 8, 9]
    assert found["first"] == [1, 0, 1, 0]
    assert found["clips"][0]["smoothed"] == [0.5] * 4


def test_gains_are_rounded_to_quarters_and_cut():
    assert quarter_decibels(np.array([0.0, 0.3, -1.1, 99, -99])).tolist() == [0, 1, -4, 127, -127]


def test_without_a_script_a_mask_and_its_numbers_are_told():
    html = mask_blocks(settings(), "T", "Look.").html
    assert "3 blocks of 4 bins and 4 frames, first gains of 3 dB" in html
    assert "Its score was 0.90, and is 0.50 with it." in html
    assert 'src="data:image/png;base64,' in html


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clips": ()}, "at least one clip"),
        ({"positions": np.zeros((2, 2))}, r"wanted positions \[3, 2\], found \[2, 2\]"),
        ({"positions": np.ones((3, 2))}, "shares from 0"),
        ({"window": 4}, "odd number of cells; found 4"),
        ({"heights": (2,)}, r"wanted gains int8 \[1, 1, 2, 1, 3\]"),
        ({"clips": (clip(gains=np.zeros((*GRID, 3))),)}, "found float64"),
        ({"clips": (clip(raw=np.full(GRID, np.nan)),)}, "finite scores"),
        ({"clips": (clip(smoothed=np.zeros((1, 1, 1, 1))),)}, r"found \[1, 1, 1, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        settings(**changes)


def test_a_title_cannot_break_the_page():
    shown = mask_blocks(replace(settings(), clips=(clip(title='"<i>'),)), "<b>&", "Look.")
    assert "<i>" not in shown.html
    assert content(shown)["clips"][0]["title"] == '"<i>'
