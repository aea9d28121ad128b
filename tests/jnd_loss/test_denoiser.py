"""The denoiser: its size, a plain forward pass, signals of any length alone or together, and that it denoises."""

import math

import numpy as np
import pytest
import torch

from jnd_loss import plain_networks
from paper_code.audio import corpora
from paper_code.jnd_loss import weights
from paper_code.jnd_loss.denoiser import DILATIONS, Denoiser
from paper_code.jnd_loss.networks import parameter_count
from paper_code.jnd_loss.release import denoiser_names
from paper_code.metrics.distortion import scale_invariant_snr


def _released(name):
    return weights.load_denoiser(weights.released_denoiser(name))


def _noise(*shape):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_the_network_has_15_convolutions_and_as_many_numbers_as_the_released_ones():
    network = Denoiser()
    assert DILATIONS == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 1)
    assert sum(isinstance(module, torch.nn.Conv1d) for module in network.modules()) == 15
    assert parameter_count(network) == 160_925


@pytest.mark.parametrize("name", weights.DENOISERS)
def test_the_released_denoisers_are_plain_forward_passes(name):
    network, noisy = _released(name), _noise(9001).double()
    tensors = plain_networks.as_the_authors_have_them(network, denoiser_names())
    expected = plain_networks.denoised(noisy.numpy(), tensors)
    with torch.no_grad():
        double, single = network.double()(noisy).numpy(), _released(name)(noisy.float()).numpy()
    assert double == pytest.approx(expected, abs=1e-6 * np.abs(expected).max())
    assert single == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 100, 4097])
def test_any_length_and_every_signal_by_itself(samples):
    network, noisy = _released("germain"), _noise(2, 3, samples)
    found = network(noisy)
    assert found.shape == noisy.shape
    assert torch.allclose(found[1, 2], network(noisy[1, 2]), atol=1e-5)
    assert network(torch.zeros(samples)).isfinite().all()


def test_a_new_network_normalises_nothing():
    torch.manual_seed(0)
    network = Denoiser().double()
    noisy = _noise(1, 500).double()
    assert torch.allclose(network(3 * noisy), 3 * network(noisy))


@pytest.mark.parametrize("noisy", [torch.full((1, 9), math.nan), torch.zeros(1, 0), torch.zeros(9, dtype=torch.int16)])
def test_what_is_no_waveform_is_refused(noisy):
    with pytest.raises(ValueError, match="waveform"):
        Denoiser()(noisy)


@pytest.mark.corpora("voicebank_demand_cmgan")
@pytest.mark.parametrize("name", weights.DENOISERS)
@torch.no_grad()
def test_the_released_denoisers_denoise_speech_in_the_range_of_a_waveform(name):
    """And not in that of 16-bit numbers, which the metric beside it wants."""
    path = "voicebank_demand_cmgan/AudioSamples/{}/p232_003.wav"
    noisy, clean = (corpora.load(path.format(part)).waveform[:32_000] for part in ("noisy", "clean"))
    network = _released(name)
    before, after = (scale_invariant_snr(x, clean).item() for x in (noisy, network(noisy)))
    assert after > before + 3
    assert scale_invariant_snr(network(32768 * noisy), clean).item() < after - 3
