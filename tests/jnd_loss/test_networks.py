"""The metric's network: its size, its lengths, what its layers see, and over what it normalises."""

import numpy as np
import pytest
import torch

from paper_code.jnd_loss.networks import (
    EPSILON,
    WIDTHS,
    FeatureNetwork,
    JNDNetwork,
    drop,
    layer_lengths,
    normalise,
    parameter_count,
)

LENGTHS = [27563, 13782, 6891, 3446, 1723, 862, 431, 216, 108, 54, 27, 14, 7, 7]  # of 2.5 s at 22,050 Hz


def _waveforms(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _network(**options):
    torch.manual_seed(1)
    return JNDNetwork(**options).eval()


def test_there_are_as_many_trained_numbers_as_in_the_released_network():
    network = _network()
    assert parameter_count(network) == 241_844
    assert parameter_count(network.features.convolutions) == 239_712
    assert parameter_count(network.features.shifts) == parameter_count(network.channel_weights) == 992
    assert parameter_count(network.classifier) == 148
    assert WIDTHS == (32,) * 5 + (64,) * 5 + (128,) * 4


def test_each_layer_has_the_length_of_the_authors():
    assert layer_lengths(55_125) == LENGTHS
    layers = FeatureNetwork()(_waveforms(1, 55_125))
    assert [layer.shape for layer in layers] == [(1, w, n) for w, n in zip(WIDTHS, LENGTHS, strict=True)]


@pytest.mark.parametrize("samples", [1, 2, 3, 8192, 8193, 10_000])
def test_any_length_will_do(samples):
    layers = FeatureNetwork()(_waveforms(2, samples))
    assert [layer.shape[-1] for layer in layers] == layer_lengths(samples)
    assert all(layer.isfinite().all() for layer in layers)


@pytest.mark.parametrize(("samples", "taps"), [(4, [[0, 1, 2], [2, 3]]), (5, [[0, 1], [1, 2, 3], [3, 4]])])
def test_an_extra_zero_goes_to_the_end_as_in_tensorflow(samples, taps):
    """Which samples each frame of the first layer sees."""
    network = FeatureNetwork(normalisation="stored", scale=1.0)
    waveform = torch.ones(1, samples, requires_grad=True)
    seen = []
    for frame in range(len(taps)):
        (gradient,) = torch.autograd.grad(network(waveform)[0][0, :, frame].sum(), waveform)
        seen.append(gradient[0].nonzero().flatten().tolist())
    assert seen == taps


def test_the_last_layer_sees_32767_samples():
    network = FeatureNetwork(normalisation="stored", scale=1.0).double()
    waveform = _waveforms(1, 2**17).double().requires_grad_()
    last = network(waveform)[-1]
    (gradient,) = torch.autograd.grad(last[0, :, last.shape[-1] // 2].sum(), waveform)
    seen = gradient[0].nonzero().flatten()
    assert seen.max() - seen.min() + 1 == 2**15 - 1


def test_a_layer_of_one_frame_says_nothing_of_the_sound():
    network = FeatureNetwork().eval()
    with torch.no_grad():
        for shift in network.shifts:
            shift.normal_(generator=torch.Generator().manual_seed(3))
    one, other = network(_waveforms(1, 8192)), network(_waveforms(1, 8192, seed=5))
    lengths = layer_lengths(8192)
    assert lengths[-3:] == [2, 1, 1]
    assert [bool(torch.equal(a, b)) for a, b in zip(one, other, strict=True)] == [n == 1 for n in lengths]


@pytest.mark.parametrize(("normalisation", "axes"), [("signal", 2), ("batch", (0, 2))])
def test_normalisation_is_over_the_time_of_a_signal_or_of_the_batch(normalisation, axes):
    signal = 3 + 5 * _waveforms(4, 6, 50).numpy()
    expected = (signal - signal.mean(axes, keepdims=True)) / np.sqrt(signal.var(axes, keepdims=True) + 0.001)
    assert normalise(torch.from_numpy(signal), normalisation).numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_what_is_stored_in_the_checkpoints_hardly_normalises():
    signal = _waveforms(2, 3, 9)
    assert torch.allclose(normalise(signal, "stored") * (1 + EPSILON) ** 0.5, signal)


def test_normalised_over_the_batch_a_signal_depends_on_the_others():
    pair, others = _waveforms(2, 1, 4000), _waveforms(2, 3, 4000, seed=2)
    together = [torch.cat([one, more]) for one, more in zip(pair, others, strict=True)]
    for normalisation, same in (("signal", True), ("batch", False)):
        network = _network(normalisation=normalisation)
        alone, first = network.layer_distances(*pair)[0], network.layer_distances(*together)[0]
        assert torch.allclose(alone, first, rtol=1e-3) is same


def test_dropout_is_for_training_and_drops_another_part_of_each_signal():
    network, sound = _network(), _waveforms(1, 40_000)
    assert network.layer_distances(sound, sound).sum() == 0
    network.train()
    assert (network.layer_distances(sound, sound) > 0).all()  # so equal sounds differ, as in the authors' code
    first, last = (network.features(sound)[layer] for layer in (0, -1))
    assert (first == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (last == 0).sum() == 0


def test_a_distance_is_that_of_weighted_activations_and_the_classifier_sees_its_sigmoid():
    network, (estimate, reference) = _network(), _waveforms(2, 3, 4000)
    distances = network.layer_distances(estimate, reference)
    ours, theirs = network.features(estimate), network.features(reference)
    for layer, weights in enumerate(network.channel_weights):
        difference = weights[None, :, None] * (ours[layer] - theirs[layer])
        assert torch.allclose(distances[:, layer], difference.abs().flatten(1).mean(1))
    seen = torch.sigmoid(distances.sum(1, keepdim=True) / 14)
    assert torch.allclose(network(estimate, reference), network.classifier(seen))
    assert network(estimate, reference).shape == (3, 2)


def test_another_normalisation_is_refused():
    with pytest.raises(ValueError, match=r"normalisation is one of 'signal', 'pair', 'batch', 'stored'; found 'layer'"):
        JNDNetwork(normalisation="layer")


def test_another_input_of_the_classifier_is_refused():
    with pytest.raises(ValueError, match=r"classifier_input is one of 'sigmoid', 'distance'; found 'root'"):
        JNDNetwork(classifier_input="root")


def test_normalised_over_a_pair_both_signals_share_mean_and_variance():
    signal = 3 + 5 * _waveforms(4, 6, 50).numpy()
    normalised = normalise(torch.from_numpy(signal), "pair").numpy()
    for first, second in ((0, 2), (1, 3)):
        both = np.concatenate([signal[first], signal[second]], -1)
        mean, scale = both.mean(-1, keepdims=True), np.sqrt(both.var(-1, keepdims=True) + 0.001)
        for place in (first, second):
            assert normalised[place] == pytest.approx((signal[place] - mean) / scale, rel=1e-4, abs=1e-5)


def test_normalised_over_a_pair_a_gain_is_told_and_no_other_pair_matters():
    pair, others = _waveforms(2, 1, 9000), _waveforms(2, 3, 9000, seed=2)
    network = _network(normalisation="pair")
    together = [torch.cat([one, more]) for one, more in zip(pair, others, strict=True)]
    alone = network.layer_distances(*pair)[0]
    assert torch.allclose(network.layer_distances(*together)[0], alone, rtol=1e-4)
    assert torch.allclose(network.layer_distances(*reversed(pair))[0], alone, rtol=1e-4)
    louder = [network.layer_distances(gain * pair[0], pair[0]).sum().item() for gain in (1.0, 1.05, 1.5, 2.0)]
    assert louder[0] == 0
    assert louder == sorted(louder)
    assert louder[-1] > 20 * _network().layer_distances(2 * pair[0], pair[0]).sum().item()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_dropping_keeps_the_mean_and_zeroes_its_share(share):
    torch.manual_seed(4)
    dropped = drop(torch.ones(3, 50_001), share)
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert not torch.equal(dropped, drop(torch.ones(3, 50_001), share)) or share == 0
    torch.manual_seed(4)
    assert torch.equal(dropped, drop(torch.ones(3, 50_001), share))


@pytest.mark.parametrize("normalisation", ["signal", "batch", "pair"])
def test_shared_dropout_leaves_equal_sounds_equal_and_changes_nothing_else(normalisation):
    shared, sounds = _network(normalisation=normalisation, shared_dropout=True), _waveforms(2, 3, 9000)
    alone = _network(normalisation=normalisation)
    assert torch.allclose(shared.layer_distances(*sounds), alone.layer_distances(*sounds), rtol=1e-4, atol=1e-6)
    shared.train()
    assert shared.layer_distances(sounds[0], sounds[0]).abs().max() < 1e-5
    (ours, theirs), *_ = shared.activations(*sounds)
    assert torch.equal(ours == 0, theirs == 0)
    assert (ours == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_the_classifier_may_see_the_distance_itself():
    network, (estimate, reference) = _network(classifier_input="distance"), _waveforms(2, 3, 4000)
    distances = network.layer_distances(estimate, reference).sum(-1, keepdim=True)
    assert torch.allclose(network(estimate, reference), network.classifier(distances))
