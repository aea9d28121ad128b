"""The networks against Tables 1 and 2, slow explicit convolutions, and a perfect start of the autoencoder."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import conv1d

from paper_code.codec_loss import networks
from paper_code.codec_loss.initialisation import WAVELET
from paper_code.codec_loss.networks import EncoderNetwork, SpectrogramUNet, TimeUNet, parameter_count


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _spectrogram_weights(filters: int) -> int:
    """By hand: kernels of 5 x 5 without bias, a scale and a shift a channel, a last kernel with a bias."""
    f = [filters * 2**i for i in range(5)]
    down = [(1, f[0]), (f[0], f[1]), (f[1], f[2]), (f[2], f[3]), (f[3], f[4])]
    up = [(f[4], f[3]), (2 * f[3], f[2]), (2 * f[2], f[1]), (2 * f[1], f[0])]
    return sum(25 * i * o + 2 * o for i, o in down + up) + 25 * 2 * f[0] + 1


def _time_weights(filters: int) -> int:
    f = [filters * i for i in range(1, 9)]
    down = [(1, f[0]), *((f[i], f[i + 1]) for i in range(7))]
    up = [(f[7], f[6]), *((2 * f[i], f[i - 1]) for i in range(6, 0, -1)), (2 * f[0], 1)]
    return sum(15 * i * o + o for i, o in down) + sum(9 * i * o + o for i, o in up)


@pytest.mark.parametrize(
    ("network", "filters", "by_hand", "written"),
    [(SpectrogramUNet, 32, _spectrogram_weights, 9_784_545), (TimeUNet, 32, _time_weights, 5_164_065)],
)
def test_weights_of_the_papers_networks(network, filters, by_hand, written):
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
        (TimeUNet(filters=2), torch.rand(1, 512), [2, 4, 6, 8, 10, 12, 14, 16, 14, 12, 10, 8, 6, 4, 2]),
    ],
)
def test_features_are_rectified_outputs_of_all_hidden_layers(network, sound, channels):
    network.eval()
    found, features = network.prediction_and_features(sound)
    assert [layer.shape[1] for layer in features] == channels
    assert all((layer >= 0).all() for layer in features)
    assert torch.equal(found, network(sound))
    assert torch.equal(features[0], torch.relu(network.down[0](_first_input(network, sound))))


def _first_input(network, sound):
    spectrogram = isinstance(network, SpectrogramUNet)
    return (torch.log1p(network.log_factor * sound) if spectrogram else sound).unsqueeze(1)


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


def test_the_wavelet_is_orthonormal_to_its_shifts_by_2():
    low = torch.tensor(WAVELET, dtype=torch.float64)
    high = low.flip(0) * torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)
    for shift in range(0, 8, 2):
        for one, other, expected in ((low, low, 1.0), (high, high, 1.0), (low, high, 0.0), (high, low, 0.0)):
            product = (one[shift:] * other[: 8 - shift]).sum().item()
            assert product == pytest.approx(expected if shift == 0 else 0.0, abs=1e-9)
    assert low.sum().item() == pytest.approx(math.sqrt(2))
    for moment in range(4):  # the high-pass is blind to polynomials up to the third degree
        assert (high * torch.arange(8.0).double() ** moment).sum().item() == pytest.approx(0, abs=1e-8)


def _snr(network: EncoderNetwork, sound: torch.Tensor) -> float:
    with torch.no_grad():
        inner = slice(2048, -2048)  # silence beyond the ends is no part of the orthonormal system
        error = (network(sound) - sound)[:, inner]
    return (10 * torch.log10(sound[:, inner].square().sum() / error.square().sum())).item()


def test_an_untrained_network_with_room_for_all_bands_gives_back_its_input():
    network = EncoderNetwork(filters=38, bottleneck=512)
    assert _snr(network, 0.01 * _noise(1, 16384)) > 60  # tanh bends a little


def _low_pass(sound: torch.Tensor, cutoff: float) -> torch.Tensor:
    spectrum = torch.fft.rfft(sound)
    spectrum[:, torch.fft.rfftfreq(sound.shape[-1], 1 / 16000) > cutoff] = 0
    return torch.fft.irfft(spectrum, n=sound.shape[-1])


def test_an_untrained_network_of_the_papers_size_keeps_low_frequencies():
    """Its 64 lowest bands of 31 Hz end at 2 kHz; the wavelet's slopes are flat, so errors fall slowly below."""
    network, noise = EncoderNetwork(), _noise(1, 32768)
    snr = {cutoff: _snr(network, _low_pass(noise, cutoff)) for cutoff in (1000, 1500, 3000, 5000)}
    assert snr[1000] > 20
    assert snr[1500] > 15
    assert snr[1000] > snr[1500] > snr[3000] > snr[5000] > 1
    # what is lost of 3 kHz is at least the third above 2 kHz
    assert snr[3000] == pytest.approx(10 * math.log10(3), abs=1.5)


def test_all_seeds_start_with_the_same_bands_and_other_small_kernels():
    one, other = ([torch.manual_seed(seed), EncoderNetwork()][1] for seed in (0, 1))
    again = [torch.manual_seed(0), EncoderNetwork()][1]
    noise = _low_pass(_noise(1, 32768), 1500)
    assert _snr(one, noise) == pytest.approx(_snr(other, noise), abs=0.5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    different = (one.down[6].weight - other.down[6].weight).abs().amax((1, 2))
    assert torch.equal(one.down[0].weight[:4], other.down[0].weight[:4])
    assert different.max() < 0.5
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_channels_come_in_pairs_of_opposite_sign():
    network = EncoderNetwork()
    for layer in network.down:
        assert torch.equal(layer.weight[::2], -layer.weight[1::2])
    for down, up in zip(network.down, network.up[::-1], strict=True):
        assert torch.equal(down.weight, up.weight)  # the decoder is the transpose
        assert not up.bias.any()


def test_the_first_layer_splits_at_4_khz():
    """A sine of 1 kHz lands in the low band's pair, one of 7 kHz in the high band's."""
    network, time = EncoderNetwork(), torch.arange(4096) / 16000
    for hertz, pair in ((1000, 0), (7000, 2)):
        tone = torch.sin(2 * math.pi * hertz * time)[None, None]
        energy = conv1d(tone, network.down[0].weight, stride=2, padding=4).square().sum((0, 2))[:4]
        assert energy.argmax() in (pair, pair + 1)
        assert energy[pair] > 100 * energy[2 - pair]
