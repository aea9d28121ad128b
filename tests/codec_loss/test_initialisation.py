"""The start of the encoder network: a projection onto blocks' strongest directions, against Slepian's sequences."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.signal.windows import dpss

from paper_code.audio.perturbations import limit_band
from paper_code.codec_loss import initialisation
from paper_code.codec_loss.networks import EncoderNetwork

SIZES = [(12, 128, 3000.0), (12, 128, 5000.0), (4, 128, 3000.0), (2, 128, 3000.0), (2, 2, 3000.0)]


def _limited(samples: int, cutoff: float = 3000.0, peak: float = 0.05, seed: int = 0) -> torch.Tensor:
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))
    limited = limit_band(noise, cutoff, 16000)
    return peak / limited.abs().max() * limited


def _tone(hertz: float, peak: float) -> torch.Tensor:
    return peak * torch.cos(2 * math.pi * hertz * torch.arange(8192) / 16000).unsqueeze(0)


def _snr(found: torch.Tensor, sound: torch.Tensor) -> float:
    return (10 * torch.log10(sound.square().sum() / (found - sound).square().sum())).item()


@torch.no_grad()
def _decoded(network: EncoderNetwork, sound: torch.Tensor) -> torch.Tensor:
    return network(sound)


def _before_tanh(found: torch.Tensor) -> torch.Tensor:
    return torch.atanh(found.double()).float()


@pytest.mark.parametrize(("filters", "bottleneck", "cutoff"), SIZES)
def test_the_kept_directions_of_every_layer_are_orthonormal_and_fit_its_channels(filters, bottleneck, cutoff):
    network = EncoderNetwork(filters, bottleneck, cutoff)
    found = initialisation._directions(network, cutoff)
    before = 1
    for layer, directions in zip(network.down, found, strict=True):
        assert directions.shape[1] == 2 * before  # two neighbouring blocks of the layer before
        assert np.allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-12)
        assert 1 <= len(directions) < layer.out_channels
        before = len(directions)


@pytest.mark.parametrize(("cutoff", "kept"), [(3000.0, 108), (5000.0, 127)])
def test_the_untrained_network_is_an_orthogonal_projection_of_each_block(cutoff, kept):
    """Its matrix, impulse by impulse: symmetric, its own square, as many dimensions as directions, within the block."""
    impulses = torch.zeros(256, 768)
    impulses[:, 256:512] = 0.01 * torch.eye(256)
    found = _decoded(EncoderNetwork(cutoff=cutoff), impulses).double() / 0.01
    projection = found[:, 256:512]
    assert torch.allclose(projection, projection.T, atol=2e-3)
    assert torch.allclose(projection @ projection, projection, atol=2e-3)
    assert projection.trace().item() == pytest.approx(kept, abs=0.02)
    assert found[:, :256].abs().max() < 1e-3
    assert found[:, 512:].abs().max() < 1e-3


def test_it_holds_the_sequences_that_slepian_found_for_the_band():
    """The 96 best concentrated sequences of 256 samples in 3 of 8 kHz; worst 59.8 dB when this was written."""
    sequences = 0.01 * torch.from_numpy(dpss(256, 48, 96).copy()).float()
    found = _decoded(EncoderNetwork(), sequences)
    assert min(_snr(one, other) for one, other in zip(found, sequences, strict=True)) > 57


@pytest.mark.parametrize("samples", [256, 16384, 66048])
def test_quiet_noise_of_3_khz_comes_back_wherever_it_lies(samples):
    """65 to 67 dB when this was written, at both ends as in the middle."""
    sound = _limited(samples, seed=samples)
    found = _decoded(EncoderNetwork(), sound)
    assert _snr(found, sound) > 62
    for place in (slice(None, 256), slice(-256, None)):
        assert _snr(found[:, place], sound[:, place]) > 60


def test_loud_noise_is_bent_by_the_last_tanh_and_by_nothing_else():
    """No direction of this noise falls below -0.2, where the single channels with an offset would cut it."""
    network, sound = EncoderNetwork(), _limited(16384, peak=0.9)
    found = _decoded(network, sound)
    assert found.abs().max().item() == pytest.approx(math.tanh(0.9), abs=1e-3)
    assert 20 < _snr(found, sound) < 32
    assert _snr(_before_tanh(found), sound) > 62


@pytest.mark.parametrize("seed", range(3))
def test_the_start_does_not_depend_on_the_signs_that_a_library_gives_to_eigenvectors(monkeypatch, seed):
    """Signs drawn at random, layer by layer: the same weights, to rounding."""
    plain, eigh, random = EncoderNetwork(), np.linalg.eigh, np.random.default_rng(seed)

    def flipped(matrix):
        power, axes = eigh(matrix)
        return power, axes * random.choice([-1.0, 1.0], len(power))

    monkeypatch.setattr(np.linalg, "eigh", flipped)
    torch.manual_seed(0)
    other = EncoderNetwork()
    for name, heard in _heard_weights(plain).items():
        assert torch.allclose(_heard_weights(other)[name], heard, atol=1e-6), name


def _heard_weights(network: EncoderNetwork) -> dict[str, torch.Tensor]:
    """The weights of every layer without those of spare channels, which are random."""
    layers, heard = [*network.down, *network.up], _heard(network)
    kept = {}
    for i, (layer, channels) in enumerate(zip(layers, heard, strict=True)):
        weight = layer.weight if i < len(network.down) else layer.weight.transpose(0, 1)
        kept[f"{i}"] = weight[channels]
    return kept


@pytest.mark.parametrize(("filters", "bottleneck", "cutoff"), SIZES)
def test_no_block_of_a_direction_begins_near_zero(filters, bottleneck, cutoff):
    """The sign of a direction is that of its first sample: it must be far larger than rounding (1e-9 at the worst)."""
    network = EncoderNetwork(filters, bottleneck, cutoff)
    basis = np.ones((1, 1))
    for directions in initialisation._directions(network, cutoff):
        basis = directions @ np.kron(np.eye(2), basis)
        assert basis[:, 0].min() > 1e-3


def _tones(low: float, high: float, peak: float, count: int = 60) -> torch.Tensor:
    """Tones [tone, time] of random frequencies (Hz) and phases, so that none is locked to the blocks."""
    random = np.random.default_rng(0)
    hertz, phase = random.uniform(low, high, (count, 1)), random.uniform(0, 2 * np.pi, (count, 1))
    return torch.from_numpy(peak * np.cos(2 * np.pi * hertz * np.arange(8192) / 16000 + phase)).float()


def _snrs(tones: torch.Tensor) -> list[float]:
    found = _before_tanh(_decoded(EncoderNetwork(), tones))
    return [_snr(one, tone) for one, tone in zip(found, tones, strict=True)]


def test_tones_up_to_a_peak_of_a_quarter_come_back_whatever_their_frequency():
    assert min(_snrs(_tones(50, 2900, 0.25))) > 57


def test_tones_below_300_hz_have_no_limit():
    assert min(_snrs(_tones(50, 300, 0.9))) > 70


def test_loud_tones_above_600_hz_are_cut_by_the_offset_channels():
    """All their energy is in few directions. A tone locked to the blocks may escape, as one of 1 kHz does."""
    assert 8 < float(np.median(_snrs(_tones(600, 2900, 0.5)))) < 20
    assert float(np.median(_snrs(_tones(600, 2900, 0.9)))) < 12


def test_a_tone_of_2900_hz_passes_and_one_of_5000_hz_does_not():
    network = EncoderNetwork()
    inside, outside = (_tone(hertz, 0.05) for hertz in (2900, 5000))
    assert _snr(_decoded(network, inside), inside) > 55
    # 17 dB: blocks have ends, so a little of it lies in the band
    assert 10 * torch.log10(_decoded(network, outside).square().mean() / outside.square().mean()) < -15


def test_a_band_that_is_too_broad_keeps_its_lower_part():
    """127 directions for 5 of 8 kHz, which would need 160."""
    network = EncoderNetwork(cutoff=5000.0)
    snr = {cutoff: _snr(_decoded(network, _limited(16384, cutoff)), _limited(16384, cutoff)) for cutoff in _CUTOFFS}
    assert snr[1000] > 35
    assert snr[3000] > 28
    assert snr[1000] > snr[2000] > snr[3000] > snr[5000] > 5
    narrow = _decoded(EncoderNetwork(), _limited(16384, 5000))
    assert snr[5000] > _snr(narrow, _limited(16384, 5000)) + 1


_CUTOFFS = (1000, 2000, 3000, 5000)


@pytest.mark.parametrize(("filters", "lowest"), [(4, 29), (2, 21)])
def test_small_networks_keep_the_lowest_frequencies(filters, lowest):
    network = EncoderNetwork(filters)
    snr = [_snr(_decoded(network, _limited(16384, cutoff)), _limited(16384, cutoff)) for cutoff in (300, 1000, 3000)]
    assert snr[0] > lowest
    assert snr[0] > snr[1] > snr[2] > 1


def test_a_network_with_room_for_every_direction_gives_back_any_sound():
    sound = 0.01 * torch.randn(1, 16384, generator=torch.Generator().manual_seed(0))
    assert _snr(_decoded(EncoderNetwork(38, 512, cutoff=8000.0), sound), sound) > 74


@pytest.mark.parametrize(("filters", "bottleneck", "cutoff"), SIZES)
def test_silence_stays_silent(filters, bottleneck, cutoff):
    """Offsets are taken back to rounding: 120 dB under full scale."""
    assert _decoded(EncoderNetwork(filters, bottleneck, cutoff), torch.zeros(1, 1024)).abs().max() < 1e-5


@pytest.mark.parametrize(("directions", "channels"), [(1, 2), (3, 8), (4, 8), (5, 8), (7, 8), (57, 84)])
def test_channels_hold_directions_without_loss_down_to_the_offset(directions, channels):
    layout = initialisation._layout(directions, channels)
    pairs = directions if 2 * directions <= channels else channels - 1 - directions
    values = torch.randn(100, directions, generator=torch.Generator().manual_seed(0))
    values[:, pairs:] = values[:, pairs:].clamp_min(-0.2)
    rectified = torch.relu(values @ layout.write.T + layout.offsets)
    assert torch.allclose(rectified @ layout.read.T, values, atol=1e-6)
    assert layout.spare.sum() == max(0, channels - 2 * directions)
    below = torch.full((1, directions), -0.3)
    found = torch.relu(below @ layout.write.T + layout.offsets) @ layout.read.T
    assert found[0].tolist() == pytest.approx([-0.3] * pairs + [-0.2] * (directions - pairs))


def _heard(network: EncoderNetwork) -> list[torch.Tensor]:
    """For each layer, which of its channels [channel] reach the waveform over weights that are not 0."""
    joins = [(layer.weight != 0).any(-1) for layer in network.down]  # [out, in]
    joins += [(layer.weight != 0).any(-1).T for layer in network.up]
    heard = [torch.ones(1, dtype=torch.bool)]
    for join in reversed(joins[1:]):
        heard.append(join[heard[-1]].any(0))
    return heard[::-1]


def test_spare_channels_are_random_small_and_unheard():
    network, sound = EncoderNetwork(), _limited(2048)
    layers, before = [*network.down, *network.up], _decoded(network, sound)
    counts = []
    for layer, heard in zip(layers, _heard(network), strict=True):
        weight = layer.weight if layer in list(network.down) else layer.weight.transpose(0, 1)
        kernels = weight[~heard].flatten(1)
        assert torch.isfinite(kernels).all()
        assert torch.allclose(kernels.norm(dim=1), torch.full((len(kernels),), 0.1), atol=1e-5)
        counts.append(len(kernels))
        with torch.no_grad():
            weight[~heard] = torch.randn_like(weight[~heard])
            layer.bias[~heard] = 1.0
    # channels less two for each of 2, 4, 7, 11, 18, 31 directions; the deeper layers have none to spare
    down = [12 - 4, 24 - 8, 36 - 14, 48 - 22, 60 - 36, 72 - 62, 0, 0]
    assert counts == [*down, *down[-2::-1], 0]
    assert torch.allclose(_decoded(network, sound), before, atol=1e-7)
    with torch.no_grad():
        network.down[0].weight[0] *= 1.1  # one that is heard
    assert not torch.allclose(_decoded(network, sound), before, atol=1e-4)


def test_seeds_differ_in_spare_channels_alone():
    one, other, again = ([torch.manual_seed(seed), EncoderNetwork()][1] for seed in (0, 1, 0))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not torch.equal(one.down[0].weight, other.down[0].weight)
    assert torch.allclose(_decoded(one, _limited(4096)), _decoded(other, _limited(4096)), atol=1e-7)


def test_heard_channels_come_in_pairs_of_opposite_sign_and_the_decoder_is_the_transpose():
    """In the first six layers; blocks shrink by the square root of 2 in a layer down, and grow by it in one up."""
    network = EncoderNetwork()
    for layer, heard in zip(network.down[:6], _heard(network), strict=False):
        assert torch.equal(layer.weight[heard][::2], -layer.weight[heard][1::2])
        assert not layer.bias.any()
    for i, (fine, coarse) in enumerate(pairwise(_heard(network)[:6]), 1):
        down, up = network.down[i].weight, network.up[-1 - i].weight
        assert torch.allclose(up[coarse][:, fine], 2 * down[coarse][:, fine], atol=1e-6)


def test_deep_layers_add_single_channels_with_an_offset_and_one_that_is_always_1():
    network, sound = EncoderNetwork(), _limited(8192)
    code = network.encode(sound)[0]
    assert torch.equal(code[-1], torch.ones(32))
    singles = network.down[-1].bias == 0.2
    assert singles.sum() == 108 - 19  # 19 pairs, 89 singles and the 1 fill 128 channels
    assert (code[singles] > 0).all()  # a quiet sound never reaches the rectifier there
