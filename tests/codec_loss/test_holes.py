"""Holes that were planted by hand, the best fixed filter against a search, and levels of known gains."""

import math

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
