"""The scoring network: its size by hand, the range of its scores, and that a clip's score is its own."""

from itertools import pairwise

import pytest
import torch

from paper_code.timbre_loss.networks import ScoringNetwork, parameters


def _spectrograms(count: int = 3, frames: int = 298) -> torch.Tensor:
    return -70 + 20 * torch.randn(count, 257, frames, generator=torch.Generator().manual_seed(0))


def _network(width: int = 2) -> ScoringNetwork:
    torch.manual_seed(0)
    network = ScoringNetwork(width)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
    return network.eval()


@pytest.mark.parametrize(("width", "written"), [(1, 158), (8, 8313)])
def test_parameters_by_hand(width, written):
    """Kernels of 3 x 3 without bias, a scale and a shift a channel, one linear layer with a bias."""
    channels = [1, width, 2 * width, 2 * width, 4 * width]
    by_hand = sum(9 * i * o + 2 * o for i, o in pairwise(channels)) + 4 * width + 1
    assert parameters(ScoringNetwork(width)) == by_hand == written


def test_cells_keep_time_and_frequency():
    assert _network().cells(_spectrograms()).shape == (3, 8, 32, 37)


def test_the_score_is_the_sigmoid_of_the_mean_cell_weighed():
    network, spectrograms = _network(), _spectrograms()
    cells = network.cells(spectrograms)
    weighed = torch.einsum("bcij,c->bij", cells, network.linear.weight[0]).mean((-2, -1)) + network.linear.bias
    assert torch.allclose(network.logits(spectrograms), weighed, atol=1e-5)
    assert torch.allclose(network(spectrograms), 1 / (1 + torch.exp(-weighed)), atol=1e-6)


@pytest.mark.parametrize("level", [-400.0, -100.0, 0.0, 300.0])
def test_scores_lie_between_0_and_1(level):
    scores = _network()(_spectrograms() + level)
    assert scores.shape == (3,)
    assert scores.isfinite().all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_in_evaluation_a_score_does_not_depend_on_the_others():
    network, spectrograms = _network(), _spectrograms()
    together = network(spectrograms)
    alone = torch.cat([network(spectrograms[i : i + 1]) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)
    assert len(set(together.tolist())) == 3
    network.train()
    assert not torch.allclose(network(spectrograms), together, atol=1e-4)


def test_the_mean_and_spread_make_the_input_standard():
    network = _network()
    expected = network(_spectrograms())
    network.mean.fill_(0.0)
    network.spread.fill_(1.0)
    assert torch.allclose(network((_spectrograms() + 70) / 20), expected, atol=1e-6)


def test_other_lengths_are_scored_down_to_eight_frames():
    assert _network()(_spectrograms(2, 8)).shape == (2,)
    assert _network()(_spectrograms(2, 900)).shape == (2,)
    with pytest.raises(RuntimeError):
        _network()(_spectrograms(2, 7))


@pytest.mark.parametrize("shape", [(257,), (2, 3, 257, 298), (2, 298)])
def test_other_shapes_are_refused(shape):
    with pytest.raises((RuntimeError, IndexError)):
        _network()(torch.zeros(shape))


@pytest.mark.parametrize("options", [{"width": 0}, {"spread": 0.0}, {"spread": -1.0}])
def test_sizes_that_are_none_are_refused(options):
    with pytest.raises(ValueError, match="width and spread must be positive"):
        ScoringNetwork(**options)
