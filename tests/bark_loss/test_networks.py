"""The generator: its size, its first weights and its range of values."""

import math

import pytest
import torch

from paper_code.bark_loss.networks import LATENT, STAGES, Generator, UpsampledConv1d


def test_parameter_count_and_shape():
    network = Generator()
    assert sum(p.numel() for p in network.parameters()) == 130_848
    assert network(torch.randn(3, LATENT)).shape == (3, 8192)


def test_no_bias_and_the_stated_kernels():
    network = Generator()
    assert [stage.bias for stage in network.stages] == [None] * len(STAGES)
    assert [stage.kernel_size[0] for stage in network.stages] == [3, 15, 25, 25, 25, 25, 25]


def test_first_weights_are_xavier_normal():
    """Deviation gain * sqrt(2 / (fan in + fan out)) with the kernel in the fans."""
    weight = Generator(torch.Generator().manual_seed(0)).stages[3].weight
    expected = math.sqrt(2 / (1 + 0.2**2)) * math.sqrt(2 / (2 * 32 * 25))
    assert weight.std().item() == pytest.approx(expected, rel=0.02)


def test_same_random_generator_gives_the_same_network():
    first, second = (Generator(torch.Generator().manual_seed(7)) for _ in range(2))
    noise = torch.randn(1, LATENT, generator=torch.Generator().manual_seed(0))
    assert torch.equal(first(noise), second(noise))
    assert not torch.equal(first(noise), Generator(torch.Generator().manual_seed(8))(noise))


def test_output_follows_the_sign_and_size_of_the_noise():
    """Without bias the network is positively homogeneous: twice the noise is twice the sound."""
    network, noise = Generator(torch.Generator().manual_seed(0)), torch.randn(1, LATENT)
    assert torch.allclose(network(2 * noise), 2 * network(noise), atol=1e-6)


def test_wrong_noise_is_refused():
    with pytest.raises(ValueError, match=r"\[batch, 128\]"):
        Generator()(torch.zeros(1, 64))


@pytest.mark.parametrize(("factor", "kernel"), [*STAGES, (3, 7), (2, 3), (5, 1)])
def test_convolution_at_the_low_rate_equals_upsampling_first(factor, kernel):
    layer = UpsampledConv1d(3, 2, kernel, factor).double()
    x = torch.randn(2, 3, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    plain = torch.nn.functional.conv1d(x.repeat_interleave(factor, -1), layer.weight, padding=kernel // 2)
    assert torch.allclose(layer(x), plain, rtol=0, atol=1e-12)
