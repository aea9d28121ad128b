"""The networks against Tables 1 and 2, slow explicit convolutions, and a variant that starts as a filter."""

import math
from itertools import pairwise

import pytest
import torch

from paper_code.codec_loss import networks
from paper_code.codec_loss.networks import (
    EncoderNetwork,
    FrequencyAwareUNet,
    SpectrogramUNet,
    TimeUNet,
    parameter_count,
)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _spectrogram_weights(filters: int) -> int:
    """By hand: kernels of 5 x 5 without bias, a scale and a shift a channel, a last kernel with a bias."""
    f = [filters * 2**i for i in range(5)]
    down = [(1, f[0]), (f[0], f[1]), (f[1], f[2]), (f[2], f[3]), (f[3], f[4])]
    up = [(f[4], f[3]), (2 * f[3], f[2]), (2 * f[2], f[1]), (2 * f[1], f[0])]
    return sum(25 * i * o + 2 * o for i, o in down + up) + 25 * 2 * f[0] + 1


def _frequency_aware_weights(filters: int) -> int:
    """A second channel into the first layer, and a bias a bin."""
    return _spectrogram_weights(filters) + 25 * filters + 512


def _time_weights(filters: int) -> int:
    f = [filters * i for i in range(1, 9)]
    down = [(1, f[0]), *((f[i], f[i + 1]) for i in range(7))]
    up = [(f[7], f[6]), *((2 * f[i], f[i - 1]) for i in range(6, 0, -1)), (2 * f[0], 1)]
    return sum(15 * i * o + o for i, o in down) + sum(9 * i * o + o for i, o in up)


@pytest.mark.parametrize(
    ("network", "filters", "by_hand", "written"),
    [
        (SpectrogramUNet, 32, _spectrogram_weights, 9_784_545),
        (FrequencyAwareUNet, 32, _frequency_aware_weights, 9_785_857),
        (TimeUNet, 32, _time_weights, 5_164_065),
    ],
)
def test_weights_of_the_loss_networks(network, filters, by_hand, written):
    assert parameter_count(network(filters)) == by_hand(filters) == written


def test_weights_of_the_encoder_network():
    f = [1, 12, 24, 36, 48, 60, 72, 84, 128]
    kernels = 9 * sum(a * b for a, b in pairwise(f))
    assert parameter_count(EncoderNetwork()) == 2 * kernels + sum(f[1:]) + sum(f[:-1])


@pytest.mark.parametrize("samples", [networks.PATCH, networks.TIME_PATCH])
def test_the_bottleneck_holds_exactly_half_the_numbers(samples):
    network = EncoderNetwork(filters=4)
    code = network.encode(_noise(1, samples))
    assert 2 * code.numel() == samples
    assert network.decode(code).shape == (1, samples)


def test_a_patch_is_exactly_512_by_128():
    sound = _noise(2, networks.PATCH)
    assert networks.PATCH == 66048
    assert networks.magnitude_spectrogram(sound).shape == (2, 512, 128)
    assert networks.magnitude_spectrogram(sound[:, :-1]).shape == (2, 512, 127)


def test_magnitudes_equal_those_of_a_written_out_transform():
    sound = _noise(networks.FRAME + 2 * networks.HOP).double()
    found = networks.magnitude_spectrogram(sound)
    time = torch.arange(1024, dtype=torch.float64)
    window = 0.5 - 0.5 * torch.cos(2 * math.pi * time / 1024)
    for frame in range(3):
        piece = sound[512 * frame : 512 * frame + 1024] * window
        for k in (0, 1, 100, 511):
            angle = 2 * math.pi * k * time / 1024
            expected = math.hypot((piece * angle.cos()).sum(), (piece * angle.sin()).sum())
            assert found[k, frame].item() == pytest.approx(expected, abs=2e-6)


def test_the_gradient_of_magnitudes_is_finite_at_silence():
    silence = torch.zeros(1, 2048, requires_grad=True)
    networks.magnitude_spectrogram(silence).sum().backward()
    assert torch.isfinite(silence.grad).all()


def _convolution(signal: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Stride 1, the same length, one output and one tap at a time. signal: [channel, time]."""
    taps = weight.shape[-1]
    padded = torch.zeros(len(signal), signal.shape[1] + taps - 1, dtype=signal.dtype)
    padded[:, taps // 2 : taps // 2 + signal.shape[1]] = signal
    found = bias.unsqueeze(-1).repeat(1, signal.shape[1])
    for o in range(len(weight)):
        for i in range(len(signal)):
            for k in range(taps):
                found[o] += weight[o, i, k] * padded[i, k : k + signal.shape[1]]
    return found


@pytest.mark.parametrize("network", [TimeUNet(filters=2).double(), EncoderNetwork(filters=4).double()])
def test_stride_2_is_a_convolution_with_stride_1_and_decimation(network):
    signal = _noise(network.down[1].in_channels, 64).double()
    layer = network.down[1]
    expected = _convolution(signal, layer.weight, layer.bias)[:, ::2]
    assert torch.allclose(layer(signal.unsqueeze(0))[0], expected, atol=1e-12)


@pytest.mark.parametrize("network", [TimeUNet(filters=2).double(), EncoderNetwork(filters=4).double()])
def test_transposed_stride_2_is_zeros_in_between_and_a_convolution_with_stride_1(network):
    layer = network.up[-2]
    signal = _noise(layer.in_channels, 32).double()
    between = torch.stack([signal, torch.zeros_like(signal)], -1).flatten(1)
    expected = _convolution(between, layer.weight.transpose(0, 1).flip(-1), layer.bias)
    assert torch.allclose(layer(signal.unsqueeze(0))[0], expected, atol=1e-12)


def test_the_mask_lies_between_0_and_1():
    magnitudes = _noise(2, 64, 32).abs()
    found = SpectrogramUNet(filters=4).eval()(magnitudes)
    assert found.shape == magnitudes.shape
    assert (found >= 0).all()
    assert (found <= magnitudes).all()
    assert torch.equal(SpectrogramUNet(filters=4).eval()(torch.zeros(1, 32, 32)), torch.zeros(1, 32, 32))


def test_skips_reach_the_output():
    """With the deepest layer silenced, the output still depends on the input beyond the mask's product."""
    network = TimeUNet(filters=2).eval()
    with torch.no_grad():
        network.up[0].weight.zero_()
        assert not torch.allclose(network(_noise(1, 512)), network(_noise(1, 512, seed=1)), atol=1e-4)


@pytest.mark.parametrize(
    ("network", "sound", "channels"),
    [
        (SpectrogramUNet(filters=2), torch.rand(1, 64, 32), [2, 4, 8, 16, 32, 16, 8, 4, 2]),
        (FrequencyAwareUNet(filters=2), torch.rand(1, 512, 32), [2, 4, 8, 16, 32, 16, 8, 4, 2]),
        (TimeUNet(filters=2), torch.rand(1, 512), [2, 4, 6, 8, 10, 12, 14, 16, 14, 12, 10, 8, 6, 4, 2]),
    ],
)
def test_features_are_rectified_outputs_of_all_hidden_layers(network, sound, channels):
    network.eval()
    found, features = network.prediction_and_features(sound)
    assert [layer.shape[1] for layer in features] == channels
    assert all((layer >= 0).all() for layer in features)
    assert torch.equal(found, network(sound))
    assert torch.allclose(features[0], torch.relu(network.down[0](_first_input(network, sound))), atol=1e-5)


def _first_input(network, sound):
    if isinstance(network, TimeUNet):
        return sound.unsqueeze(1)
    levels = torch.log1p(network.log_factor * sound)
    if not isinstance(network, FrequencyAwareUNet):
        return levels.unsqueeze(1)
    frequency = (torch.arange(512) / 511).unsqueeze(-1).expand_as(levels)  # 0 to 1, in every frame
    return torch.stack([levels, frequency], dim=1)


def test_dropout_works_in_training_only():
    torch.manual_seed(0)
    network, sound = SpectrogramUNet(filters=4), torch.rand(2, 32, 32)
    assert not torch.equal(network.train()(sound), network(sound))
    assert torch.equal(network.eval()(sound), network(sound))


@pytest.mark.parametrize("shape", [(1, 500, 128), (1, 512, 100), (512, 128), (1, 1, 512, 128)])
def test_wrong_magnitudes_are_refused(shape):
    with pytest.raises(ValueError, match=r"\[batch, bin, frame\].*32 divides"):
        SpectrogramUNet(filters=2)(torch.zeros(shape))


@pytest.mark.parametrize("network", [TimeUNet(filters=2), EncoderNetwork(filters=4)])
@pytest.mark.parametrize("shape", [(1, 255), (512,), (1, 0), (1, 1, 512)])
def test_wrong_waveforms_are_refused(network, shape):
    with pytest.raises(ValueError, match="multiple of 256"):
        network(torch.zeros(shape))


@pytest.mark.parametrize(("filters", "bottleneck"), [(3, 128), (12, 127)])
def test_an_odd_number_of_channels_is_refused(filters, bottleneck):
    with pytest.raises(ValueError, match=f"are even, channels come in pairs; found {filters}, {bottleneck}"):
        EncoderNetwork(filters, bottleneck)


def _gains() -> torch.Tensor:
    """Of 512 bins, from 0 to 1.2 in no order: some beyond what a sigmoid reaches."""
    gains = torch.linspace(0, 1.2, 512)[torch.randperm(512, generator=torch.Generator().manual_seed(0))]
    assert (gains < 0.003).any()
    assert (gains > 0.97).any()
    return gains


def test_the_frequency_aware_network_can_start_as_any_filter():
    network, magnitudes = FrequencyAwareUNet(filters=2), _noise(2, 512, 32).abs()
    network.start_as_filter(_gains())
    expected = _gains().clamp(0.003, 0.97).unsqueeze(-1) * magnitudes
    assert torch.allclose(network.eval()(magnitudes), expected, rtol=1e-4, atol=0)
    assert torch.allclose(network.train()(magnitudes), expected, rtol=1e-4, atol=0)  # whatever dropout drops
    assert torch.isfinite(network.bias).all()


def test_the_gradient_reaches_the_bias_of_every_bin():
    """By the sigmoid's slope: mask * (1 - mask) times the magnitude, summed over what the bias is added to."""
    network, magnitudes = FrequencyAwareUNet(filters=2).eval(), _noise(2, 512, 32).abs()
    found = network(magnitudes)
    found.sum().backward()
    mask = (found / magnitudes).detach()
    expected = (mask * (1 - mask) * magnitudes).sum((0, 2))
    assert torch.allclose(network.bias.grad[:, 0], expected, rtol=1e-3)
    assert (network.bias.grad > 0).all()


def test_a_network_that_starts_as_a_filter_learns_the_rest_too():
    """The last kernels are 0 at the start, so theirs is the first gradient; after a step all layers have one."""
    torch.manual_seed(0)
    network, magnitudes = FrequencyAwareUNet(filters=2), _noise(2, 512, 32).abs()
    network.start_as_filter(_gains())
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    for _ in range(2):
        optimiser.zero_grad()
        (network(magnitudes) - 0.5 * magnitudes).square().sum().backward()
        optimiser.step()
    assert all(layer[0].weight.grad.any() for layer in [*network.down, *network.up])
    assert network.last.weight.grad.any()
    assert network.down[0][0].weight.grad[:, 1].any()  # the frequency's channel


def test_a_plain_network_does_not_know_the_bin_and_the_aware_one_does():
    """The same sound in every bin: away from the ends, the first layer gives the same everywhere or not."""
    level = torch.full((1, 512, 32), 0.1)
    spread = []
    for kind in (SpectrogramUNet, FrequencyAwareUNet):
        torch.manual_seed(0)
        with torch.no_grad():
            first = kind(filters=8).eval().prediction_and_features(level)[1][0]
        inner = first[..., 2:-2, 8]  # [patch, channel, bin]
        spread.append((inner.amax(-1) - inner.amin(-1)).amax().item())
    assert spread[0] < 1e-5
    assert spread[1] > 0.1


@pytest.mark.parametrize("bins", [256, 544])
def test_the_frequency_aware_network_wants_512_bins(bins):
    SpectrogramUNet(filters=2).eval()(torch.zeros(1, bins, 32))
    with pytest.raises(ValueError, match=f"Wanted 512 bins; found {bins}"):
        FrequencyAwareUNet(filters=2)(torch.zeros(1, bins, 32))
