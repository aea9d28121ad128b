"""Class activation maps and their two checks, on networks whose answer is known."""

import pytest
import torch
from torch import Tensor

from paper_code.timbre_loss import maps
from paper_code.timbre_loss.networks import ScoringNetwork

BRIGHT = (slice(96, 112), slice(200, 216))  # cells 12-13, 25-26 of the map


@pytest.fixture
def network() -> ScoringNetwork:
    torch.manual_seed(0)
    made = ScoringNetwork(width=2)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as a training leaves it: not the start's mean 0 and variance 1
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
    return made.eval()


@pytest.fixture
def detector() -> ScoringNetwork:
    """A network that hands cells over -70 dB through all blocks, and takes each as a reason for class 1."""
    made = ScoringNetwork(width=1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for block in made.blocks:
            block[0].weight[0, 0, 1, 1] = 1.0
            next(m for m in block if isinstance(m, torch.nn.BatchNorm2d)).weight.fill_(1.0)
        made.linear.weight[0, 0] = 2.0
        made.linear.bias.fill_(0.3)
    return made.eval()


@pytest.fixture
def spot() -> Tensor:
    """Silence with a bright square."""
    spectrogram = torch.full((1, 257, 298), -100.0)
    spectrogram[0][BRIGHT] = -30.0
    return spectrogram


def noise(batch: int = 2, frames: int = 298) -> Tensor:
    return -70 + 20 * torch.randn(batch, 257, frames, generator=torch.Generator().manual_seed(1))


def test_the_map_shows_the_place_and_its_sign(detector, spot):
    """Two standard deviations over the mean, times the weight 2, in exactly four cells: for class 1 and against class 0."""
    found = maps.activation_maps(detector, spot, 1)[0]
    assert found.shape == (32, 37)
    lit = torch.zeros(32, 37)
    lit[12:14, 25:27] = 4.0
    assert torch.allclose(found, lit, atol=1e-3)  # batch norm divides by the root of 1 + 1e-5, four times
    assert torch.allclose(maps.activation_maps(detector, spot, 0)[0], -lit, atol=1e-3)


def test_a_map_leaves_the_bias_out_and_keeps_the_rest_of_the_logit(network):
    """Mean of the class-1 map plus the bias is the logit, for full and short clips."""
    for frames in (298, 188):
        spectrograms = noise(3, frames)
        mean = maps.activation_maps(network, spectrograms, 1).mean((-2, -1))
        assert torch.allclose(mean + network.linear.bias, network.logits(spectrograms), atol=1e-5)
        assert not torch.allclose(mean, network.logits(spectrograms), atol=1e-3)


def test_with_rows_too_the_map_is_the_logit_without_its_bias():
    torch.manual_seed(3)
    network = ScoringNetwork(2, rows=True).eval()
    mean = maps.activation_maps(network, noise(3), 1).mean((-2, -1))
    assert torch.allclose(mean + network.linear.bias, network.logits(noise(3)), atol=1e-5)


def test_a_resized_map_lies_over_its_spectrogram(detector, spot):
    found = maps.resized(maps.activation_maps(detector, spot, 1), 257, 298)[0]
    assert found.shape == (257, 298)
    assert torch.allclose(found[100:108, 204:212], torch.tensor(4.0), atol=1e-2)
    rows, columns = ((found > 2.0).nonzero()[:, axis] for axis in (0, 1))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (96, 111, 200, 215)
    assert torch.equal(found[256], found[255])  # the bin and the frames that fill no cell
    assert torch.equal(found[:, 297], found[:, 295])


def test_integrated_gradients_are_complete(network):
    """They sum to the difference of the logits, with the sign of the class, and the better the more steps there are."""
    spectrograms = noise(2, 80)
    baseline = maps.mean_spectrum(noise(1, 50)) - 10
    start = network.logits(baseline[:, None].expand(1, 257, 80))
    wanted = (network.logits(spectrograms) - start).detach()
    assert wanted.abs().min() > 1e-3
    for target, sign in ((0, -1), (1, 1)):
        found = maps.integrated_gradients(network, spectrograms, baseline, target, 128).sum((-2, -1))
        assert torch.allclose(found, sign * wanted, rtol=0.01, atol=1e-4)
    errors = [
        (maps.integrated_gradients(network, spectrograms, baseline, 1, n).sum((-2, -1)) - wanted).abs().mean()
        for n in (1, 64)
    ]
    assert errors[1] < 0.3 * errors[0]


def test_integrated_gradients_leave_alone_what_is_the_baseline(network, spot):
    baseline = torch.full((257,), -100.0)
    found = maps.integrated_gradients(network, spot, baseline)[0]
    outside = torch.ones(257, 298, dtype=bool)
    outside[BRIGHT] = False
    assert (found[outside] == 0).all()
    assert found[BRIGHT].abs().sum() > 0


def test_nothing_is_left_in_the_network(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    maps.integrated_gradients(network, noise(), torch.full((257,), -70.0), steps=2)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_occlusion_is_the_loss_of_the_logit_patch_by_patch(network):
    """Against a loop over two places; the batch does not matter."""
    spectrograms, baseline = noise(), torch.linspace(-60, -90, 257)
    found = maps.occlusion(network, spectrograms, baseline, 1, (64, 50), batch=7)
    assert torch.allclose(found, maps.occlusion(network, spectrograms, baseline, 1, (64, 50), batch=32), atol=1e-5)
    assert torch.equal(maps.occlusion(network, spectrograms, baseline, 0, (64, 50), batch=7), -found)
    for row, column in ((64, 100), (256, 250)):
        place = (slice(row, row + 64), slice(column, column + 50))
        covered = spectrograms.clone()
        covered[(slice(None), *place)] = baseline[place[0], None]
        wanted = (network.logits(spectrograms) - network.logits(covered)).detach()
        patch = found[(slice(None), *place)]
        assert torch.allclose(patch, wanted[:, None, None].expand_as(patch), atol=1e-5)


def test_occlusion_finds_the_place(detector, spot):
    """Covering the bright square takes all of its share of the logit; covering silence takes nothing."""
    found = maps.occlusion(detector, spot, torch.full((257,), -100.0), 1, (16, 8))[0]
    assert torch.allclose(found[BRIGHT], torch.tensor(2 * 4.0 / (32 * 37)), atol=1e-4)
    found[BRIGHT] = 0
    assert found.abs().max() < 1e-6


def test_mean_spectrum_is_over_everything_but_frequency():
    spectrograms = torch.arange(257.0)[:, None] + torch.randn(4, 2, 1, 9)
    assert torch.allclose(maps.mean_spectrum(spectrograms), spectrograms.mean((0, 1, 3)), atol=1e-4)


@pytest.mark.parametrize("function", [maps.activation_maps, maps.integrated_gradients, maps.occlusion])
def test_a_class_is_0_or_1(function, network):
    rest = () if function is maps.activation_maps else (torch.full((257,), -70.0),)
    with pytest.raises(ValueError, match="class 0 or 1; found 2"):
        function(network, noise(1), *rest, target=2)
