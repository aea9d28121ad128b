"""The three losses, the weights of deep features' layers, and the denoiser's starts."""

import pytest
import torch
from torchaudio.functional import resample

from paper_code.jnd_loss.enhancement import building, losses
from paper_code.jnd_loss.enhancement.configs import runs
from paper_code.jnd_loss.enhancement.training import LayerMeans
from paper_code.jnd_loss.loss import JNDLoss


@pytest.fixture(scope="module")
def pair():
    generator = torch.Generator().manual_seed(0)
    clean = 0.1 * torch.randn(2, 16000, generator=generator)
    return clean + 0.05 * torch.randn(2, 16000, generator=generator), clean


def test_l1_is_the_mean_difference(pair):
    assert float(losses.loss("l1")(*pair)) == pytest.approx(float((pair[0] - pair[1]).abs().mean()))


@pytest.mark.parametrize(("name", "metric", "layers"), [("jnd", "scratch", 14), ("deep", "pre", 6)])
def test_features_are_the_first_layers_of_a_released_metric_added(name, metric, layers, pair):
    brought = [resample(signal, 16000, 22050) for signal in pair]
    wanted = JNDLoss.released(metric).layer_distances(*brought)[:, :layers].sum(-1).mean()
    assert float(losses.loss(name)(*pair)) == pytest.approx(float(wanted), rel=1e-4)


@pytest.mark.parametrize("name", ["l1", "deep", "jnd"])
def test_equal_sounds_have_no_loss_and_silence_has_a_gradient_that_is_finite(name, pair):
    loss = losses.loss(name)
    assert float(loss(pair[1], pair[1])) == 0
    silent = torch.zeros(1, 16000, requires_grad=True)
    loss(silent, pair[1][:1]).backward()
    assert torch.isfinite(silent.grad).all()


def test_a_weighed_loss_counts_every_layer_alike(pair):
    loss = losses.loss("deep")
    means = loss.layer_distances(*pair).mean(0)
    loss.weigh(means)
    assert float(loss(*pair)) == pytest.approx(losses.DEEP_LAYERS, rel=1e-4)


def test_layers_are_weighed_once_the_warm_up_ends_and_after_taking_up_again(pair):
    first = LayerMeans(losses.loss("deep"), warm_up=2)
    values = []
    for step in range(2):
        first.at(step)
        values.append(float(first.loss(*pair)))
    assert values[0] == values[1] == pytest.approx(float(losses.loss("deep")(*pair)))
    first.at(2)
    assert float(first.loss(*pair)) == pytest.approx(losses.DEEP_LAYERS, rel=1e-4)
    again = LayerMeans(losses.loss("deep"), warm_up=2)
    again.load_state_dict(first.state_dict())
    again.at(5)
    assert float(again.loss(*pair)) == pytest.approx(losses.DEEP_LAYERS, rel=1e-4)


def test_the_jnd_loss_is_never_weighed(pair):
    means = LayerMeans(losses.loss("jnd"), warm_up=1)
    means.at(0)
    before = float(means.loss(*pair))
    means.at(1)
    assert float(means.loss(*pair)) == before


@pytest.mark.parametrize(("start", "same"), [("identity", True), ("subtraction", True), ("random", False)])
def test_two_starts_give_the_input_back(start, same, pair):
    network = building.untrained(runs("smoke", 0)["jnd"].replace(start=start, channels=6))
    with torch.no_grad():
        found = network(pair[0])
    assert torch.allclose(found, pair[0], atol=1e-5) == same


def test_every_weight_of_an_identity_can_learn(pair):
    network = building.untrained(runs("smoke", 0)["jnd"].replace(channels=4))
    losses.loss("l1")(network(pair[0]), pair[1]).backward()
    assert all(layer.convolution.weight.grad[:2].abs().max() > 0 for layer in network.layers)
    assert network.last.weight.grad.abs().min() > 0
