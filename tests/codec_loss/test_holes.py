"""Holes that were planted by hand, the best fixed filter against a search, and levels of known gains."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from paper_code.codec_loss import holes

BINS, FRAMES = 64, 20  # a bin is 125 Hz


def _magnitudes(seed: int = 0, patches: int = 2) -> torch.Tensor:
    """Between 0.1 and 1: every cell lies within 60 dB of the strongest."""
    return 0.1 + 0.9 * torch.rand(patches, BINS, FRAMES, generator=torch.Generator().manual_seed(seed))


def test_planted_holes_are_counted():
    original = _magnitudes()
    coded, found = original.clone(), original.clone()
    coded[0, 10, :8] *= 0.05  # 8 real holes
    found[0, 10, 2:14] *= 0.05  # 12 of ours, 6 of them real
    scores = holes.scores(found, coded, original, cutoff=8000)
    assert scores["precision"] == pytest.approx(6 / 12)
    assert scores["recall"] == pytest.approx(6 / 8)
    assert scores["f1"] == pytest.approx(2 * 0.5 * 0.75 / (0.5 + 0.75))
    assert scores["holes"] == pytest.approx(8 / original.numel())
    assert scores["found"] == pytest.approx(12 / original.numel())


def test_a_perfect_imitation_and_none_at_all():
    original = _magnitudes()
    coded = original * torch.where(_magnitudes(1) < 0.3, 0.01, 1.0)
    perfect, none = (holes.scores(found, coded, original, 8000) for found in (coded, original))
    assert perfect["precision"] == perfect["recall"] == perfect["f1"] == 1
    assert (none["recall"], none["f1"]) == (0, 0)
    assert math.isnan(none["precision"])


def test_20_db_are_a_hole_and_19_are_none():
    original = torch.ones(1, BINS, FRAMES)
    assert holes.is_hole(10 ** (-20.1 / 20) * original, original, 8000).all()
    assert not holes.is_hole(10 ** (-19.9 / 20) * original, original, 8000).any()


def test_only_cells_below_the_cut_off_and_within_60_db_count():
    original = torch.ones(1, BINS, FRAMES)
    original[0, 5] = 10 ** (-59 / 20)
    original[0, 6] = 10 ** (-61 / 20)
    found = holes.is_hole(torch.zeros_like(original), original, cutoff=4000)[0, :, 0]
    assert found.nonzero().flatten().tolist() == [k for k in range(BINS) if 125 * k < 4000 and k != 6]


def test_each_patch_has_its_own_strongest_cell():
    original = torch.cat([torch.ones(1, BINS, FRAMES), 1e-2 * torch.ones(1, BINS, FRAMES)])
    assert holes.is_hole(torch.zeros_like(original), original, 8000).all()


def test_a_fixed_low_pass_has_no_holes_below_its_cut_off():
    original = _magnitudes()
    gains = torch.where(torch.arange(BINS) < 44, 0.8, 1e-4)  # 5500 Hz
    coded = original * torch.where(_magnitudes(2) < 0.4, 0.01, 0.9)
    scores = holes.scores(gains.unsqueeze(-1) * original, coded, original, cutoff=5500)
    assert scores["found"] == 0
    assert scores["recall"] == 0
    assert scores["holes"] > 0.1
    assert holes.scores(gains.unsqueeze(-1) * original, coded, original, cutoff=5625)["found"] == pytest.approx(1 / 45)


def test_silence_has_no_cells():
    silence = torch.full((1, BINS, FRAMES), 1e-6)  # what magnitude_spectrogram gives of it
    scores = holes.scores(silence, silence, silence, 8000)
    assert all(math.isnan(value) for value in scores.values())
    both = torch.cat([silence, _magnitudes(patches=1)])
    coded = torch.cat([silence, 0.05 * _magnitudes(patches=1)])
    assert holes.scores(coded, coded, both, 8000)["holes"] == 1


def _imitation() -> tuple[torch.Tensor, ...]:
    """Found, coded, original: two patches of other loudness, holes of every depth, cells that do not count."""
    original = _magnitudes(6) * torch.tensor([1.0, 0.03]).reshape(2, 1, 1)
    original[:, :, 0] *= 1e-4
    depths = 50 * torch.rand(2, BINS, FRAMES, generator=torch.Generator().manual_seed(7))
    errors = 10 * torch.randn(2, BINS, FRAMES, generator=torch.Generator().manual_seed(8))
    coded, found = (original * 10 ** (-decibels / 20) for decibels in (depths, depths + errors))
    found[1, :5] = 0
    return found, coded, original


def _slow_ranking(found: np.ndarray, coded: np.ndarray, original: np.ndarray, cutoff: float, depth: float):
    """Precision and recall at a depth (dB), one cell at a time, by the words of the definition."""
    both = ours = real = 0
    for p, patch in enumerate(original):
        for k, row in enumerate(patch):
            for t, cell in enumerate(row):
                if k * 125 >= cutoff or 20 * np.log10(cell / patch.max()) < -60:
                    continue
                removed = coded[p, k, t] <= cell / 10
                imitated = found[p, k, t] <= cell * 10 ** (-depth / 20)
                both, ours, real = both + (removed and imitated), ours + imitated, real + removed
    return both / ours, both / real


def test_ranking_equals_a_slow_count_of_every_cell():
    sounds = _imitation()
    found = holes.ranking(*sounds, cutoff=5500)
    assert found["depths"] == [k / 2 for k in range(1, 81)]
    assert len(found["precision"]) == len(found["recall"]) == 80
    for depth in (0.5, 1, 6, 12.5, 20, 33, 40):
        precision, recall = _slow_ranking(*(part.double().numpy() for part in sounds), 5500, depth)
        place = found["depths"].index(depth)
        assert found["precision"][place] == pytest.approx(precision, abs=1e-9)
        assert found["recall"][place] == pytest.approx(recall, abs=1e-9)
        assert 0 < precision < 1
        assert 0 < recall < 1


def test_ranking_at_20_db_are_the_scores():
    sounds = _imitation()
    ranking, scores = holes.ranking(*sounds, 5500), holes.scores(*sounds, 5500)
    place = ranking["depths"].index(20)
    assert (ranking["precision"][place], ranking["recall"][place]) == (scores["precision"], scores["recall"])


def test_recall_never_rises_with_the_depth():
    recall = holes.ranking(*_imitation(), 8000)["recall"]
    assert all(deeper <= before for before, deeper in pairwise(recall))
    assert recall[0] > recall[-1]


def test_holes_that_are_in_place_but_too_shallow_are_found_at_a_smaller_depth():
    original = _magnitudes()
    removed = _magnitudes(1) < 0.3
    coded, found = (original * torch.where(removed, gain, 1.0) for gain in (0.01, 10 ** (-8.2 / 20)))
    ranking = holes.ranking(found, coded, original, 8000)
    shallow = [depth <= 8 for depth in ranking["depths"]]
    assert ranking["recall"] == [float(yes) for yes in shallow]
    assert all(value == 1 for value, yes in zip(ranking["precision"], shallow, strict=True) if yes)
    assert all(math.isnan(value) for value, yes in zip(ranking["precision"], shallow, strict=True) if not yes)
    assert holes.scores(found, coded, original, 8000)["recall"] == 0


def test_ranking_without_cells_or_holes_is_not_a_number():
    silence = torch.full((1, BINS, FRAMES), 1e-6)
    for original in (silence, torch.zeros_like(silence)):
        ranking = holes.ranking(original, original, original, 8000)
        assert all(math.isnan(value) for name in ("precision", "recall") for value in ranking[name])
    original = _magnitudes()
    none = holes.ranking(0.05 * original, original, original, 8000)  # holes where the codec has none
    assert none["precision"][0] == 0
    assert all(math.isnan(value) for value in none["recall"])


def test_the_fixed_filter_beats_every_other_gain():
    """A brute search over gains of each bin finds none with a smaller L1, and the same smallest value."""
    original, coded = _magnitudes(3), _magnitudes(4)
    best = holes.fixed_filter(original, coded)
    assert best.shape == (BINS,)
    error = _l1(best, original, coded)
    for gain in torch.linspace(0, 10, 2001):
        assert (_l1(gain.expand(BINS), original, coded) >= error - 1e-5).all()
    ratios = (coded / original).transpose(0, 1).flatten(1)
    exact = torch.stack([_l1(ratios[:, i], original, coded) for i in range(ratios.shape[1])]).amin(0)
    assert torch.allclose(error, exact, rtol=1e-5)


def _l1(gains: torch.Tensor, original: torch.Tensor, coded: torch.Tensor) -> torch.Tensor:
    return (gains.unsqueeze(-1) * original - coded).abs().sum((0, 2))


def test_the_fixed_filter_finds_a_filter():
    original, gains = _magnitudes(5), torch.linspace(1, 0, BINS)
    found = holes.fixed_filter(original, gains.unsqueeze(-1) * original)
    assert torch.allclose(found, gains, atol=1e-6)


def test_the_weight_of_the_original_decides():
    """Two cells of gain 0 against one of gain 1: the louder one wins, as in the median by weight."""
    original, coded = torch.tensor([[[1.0, 1.0, 3.0]]]), torch.tensor([[[0.0, 0.0, 3.0]]])
    assert holes.fixed_filter(original, coded).item() == 1
    original[0, 0, 2] = coded[0, 0, 2] = 1.5
    assert holes.fixed_filter(original, coded).item() == 0


def test_the_fixed_filter_of_silence_is_finite():
    silence = torch.full((1, BINS, FRAMES), 1e-6)
    assert torch.allclose(holes.fixed_filter(silence, silence), torch.ones(BINS))


def test_level_errors_read_known_gains():
    wanted = _magnitudes()
    gains = torch.repeat_interleave(10 ** (torch.arange(0, -8, -1.0) / 20), BINS // 8)
    found = holes.level_errors(gains.unsqueeze(-1) * wanted, wanted)
    assert found == pytest.approx([0, -1, -2, -3, -4, -5, -6, -7], abs=1e-4)
    silence = torch.zeros_like(wanted)
    assert all(math.isfinite(level) for level in holes.level_errors(silence, wanted))
    assert holes.level_errors(silence, silence) == [0] * 8
