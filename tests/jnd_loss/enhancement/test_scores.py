"""Groups by difficulty, predicted preferences and their intervals."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from paper_code.jnd_loss.enhancement import scores


def test_groups_go_from_the_most_noise_to_the_least_and_take_everything_once():
    snr = [17.0, 2.0, 7.0, 12.0, 1.0, 7.0, 11.0, 16.0, 3.0]
    groups = scores.groups(snr)
    assert list(groups) == list(scores.GROUPS)
    assert sorted(np.concatenate(list(groups.values())).tolist()) == list(range(9))
    assert [len(group) for group in groups.values()] == [3, 2, 2, 2]
    assert groups["hardest"].tolist() == [4, 1, 8]
    assert groups["easiest"].tolist() == [7, 0]
    ends = [(np.asarray(snr)[group].min(), np.asarray(snr)[group].max()) for group in groups.values()]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize(("better", "wanted"), [(1, [1.0, 0.0, 0.5]), (-1, [0.0, 1.0, 0.5])])
def test_the_nearer_sound_is_the_preferred_one(better, wanted):
    found = scores.preferred([2.0, 1.0, 3.0, math.nan], [1.0, 2.0, 3.0, 1.0], better)
    assert found[:3].tolist() == wanted
    assert np.isnan(found[3])


def test_a_share_has_wilsons_interval():
    found = scores.share(np.array([1.0] * 6 + [math.nan]))
    n, z = 6, 1.959964
    low = 1 / (1 + z**2 / n)  # the upper end is 1 where all agree
    assert (found.mean, found.count) == (1.0, 6)
    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(1.0)


def test_a_mean_has_an_interval_over_utterances_that_narrows_with_their_number():
    generator = np.random.default_rng(0)
    few, many = (scores.mean(generator.normal(2.0, 1.0, count)) for count in (10, 1000))
    assert few.low < few.mean < few.high
    assert many.high - many.low == pytest.approx(2 * 1.96 / 1000**0.5, rel=0.1)
    assert many.high - many.low < few.high - few.low
    assert scores.mean([math.nan]).count == 0


def test_levels_are_in_decibels_and_distances_know_their_side():
    clean = torch.randn(16000, generator=torch.Generator().manual_seed(0))
    assert scores.MEASURES["level"].of(0.5 * clean, clean) == pytest.approx(-6.02, abs=0.01)
    assert scores.MEASURES["jnd"].of(clean, clean) == 0
    assert scores.MEASURES["jnd"].better == scores.MEASURES["l1"].better == -1
