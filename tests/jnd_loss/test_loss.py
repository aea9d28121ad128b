"""The loss: what every loss promises, and how the released metric surprises."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from jnd_loss import plain_networks
from paper_code.jnd_loss import weights
from paper_code.jnd_loss.loss import RELEASED, JNDLoss
from paper_code.jnd_loss.networks import JNDNetwork
from paper_code.jnd_loss.release import metric_names


def _pair(*shape, noise=0.01, seed=0):
    """Estimate and reference [..., time]: noise at -20 dB re full scale, and the same with more noise."""
    generator = torch.Generator().manual_seed(seed)
    reference = 0.1 * torch.randn(*shape, generator=generator)
    return reference + noise * torch.randn(*shape, generator=generator), reference


@pytest.mark.parametrize("metric", RELEASED)
def test_the_metric_is_that_of_a_plain_forward_pass(metric):
    """Independent convolutions in numpy; an odd and an even length."""
    for samples in (9001, 12_000):
        estimate, reference = (x.double() for x in _pair(samples))
        network = weights.load_metric(weights.released_metric("linear" if metric == "pre" else metric))
        tensors = plain_networks.as_the_authors_have_them(network, metric_names())
        expected = plain_networks.distances(estimate.numpy(), reference.numpy(), tensors, weighted=metric != "pre")
        loss = JNDLoss.released(metric)
        layers = loss.double().layer_distances(estimate, reference)
        assert layers.numpy() == pytest.approx(np.array(expected), rel=1e-6)
        assert loss(estimate, reference).item() == pytest.approx(sum(expected), rel=1e-6)
        single = JNDLoss.released(metric)(estimate, reference).item()
        assert single == pytest.approx(sum(expected), rel=1e-4)


def test_a_pair_does_not_depend_on_the_others_of_the_batch():
    estimate, reference = _pair(5, 30_000)
    each = JNDLoss.released(reduction="none")
    assert (each.sample_rate, each(estimate, reference).shape) == (22_050, (5,))
    alone = torch.stack([each(a, b) for a, b in zip(estimate, reference, strict=True)])
    assert torch.allclose(each(estimate, reference), alone, rtol=1e-5)
    loud = torch.cat([estimate[:1], 9 * estimate[1:]])
    assert torch.allclose(each(loud, reference)[0], alone[0], rtol=1e-5)


def test_a_network_that_couples_the_batch_is_refused():
    with pytest.raises(
        ValueError, match=r"normalisation in a loss is one of 'signal', 'pair', 'stored'; found 'batch'"
    ):
        JNDLoss(JNDNetwork(normalisation="batch"))


@pytest.mark.parametrize("metric", RELEASED)
def test_equal_sounds_are_the_minimum_and_more_noise_is_farther(metric):
    loss = JNDLoss.released(metric)
    values = [loss(*_pair(1, 30_000, noise=noise)).item() for noise in (0, 1e-4, 1e-3, 1e-2, 1e-1)]
    assert values[0] == 0
    assert values == sorted(values)
    estimate, reference = _pair(1, 30_000)
    assert loss(estimate, reference).item() == pytest.approx(loss(reference, estimate).item(), rel=1e-6)


@pytest.mark.parametrize("metric", RELEASED)
def test_a_gain_is_hardly_heard(metric):
    """Of two sounds of which one is 12 dB softer the metric says nearly nothing; people hear 1 dB."""
    loss, (other, sound) = JNDLoss.released(metric).double(), _pair(1, 30_000, noise=0.001)
    softer = loss(0.25 * sound.double(), sound.double()).item()
    assert 0 < softer < 1e-3 * loss(other.double(), sound.double()).item()
    # for very soft sounds eps is no longer small beside the variance of the first layer
    assert loss(1e-4 * sound.double(), sound.double()).item() > 1000 * softer


def test_without_normalisation_a_gain_is_heard():
    """With the stored mean and variance, which the authors do not use, but the numbers are far too large."""
    loss, (other, sound) = JNDLoss.released(normalisation="stored"), _pair(1, 30_000)
    assert loss(0.25 * sound, sound) > 10 * loss(other, sound)
    assert loss(other, sound) > 50 * JNDLoss.released()(other, sound)


def test_the_range_matters_because_of_eps():
    """In [-1, 1] the variances of the first layer are about as small as eps, 0.001."""
    other, sound = _pair(1, 30_000)
    released = JNDLoss.released()(other, sound).item()
    assert JNDLoss.released(scale=1.0)(32768 * other, 32768 * sound).item() == pytest.approx(released, rel=1e-3)
    assert JNDLoss.released(scale=1.0)(other, sound).item() != pytest.approx(released, rel=0.1)


def test_gradients_lead_downhill():
    loss, (estimate, reference) = JNDLoss.released().double(), (x.double() for x in _pair(1, 20_000))
    leaf = estimate.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, reference), leaf)
    step = 1e-6 * estimate.norm() * gradient / gradient.norm()
    expected = (gradient * step).sum().item()
    found = (loss(estimate + step, reference) - loss(estimate - step, reference)).item() / 2
    assert found == pytest.approx(expected, rel=0.02)
    assert all(not p.requires_grad for p in loss.parameters())


@pytest.mark.parametrize("metric", RELEASED)
@pytest.mark.parametrize("samples", [1, 2000, 22_050])
def test_silence_has_finite_values_and_gradients(metric, samples):
    loss, (_, sound) = JNDLoss.released(metric), _pair(1, samples)
    silence = torch.zeros_like(sound)
    for estimate, reference in ((silence, sound), (sound, silence), (silence, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert math.isfinite(value.item())
        assert gradient.isfinite().all()
    assert loss(silence, silence).item() == 0


def test_leading_axes_and_reductions():
    estimate, reference = _pair(2, 3, 4000)
    each = JNDLoss.released(reduction="none")(estimate, reference)
    assert each.shape == (2, 3)
    assert JNDLoss.released()(estimate, reference).item() == pytest.approx(each.mean().item(), rel=1e-6)
    assert JNDLoss.released(reduction="sum")(estimate, reference).item() == pytest.approx(each.sum().item(), rel=1e-6)
    assert JNDLoss.released().layer_distances(estimate, reference).shape == (2, 3, 14)


def test_layers_can_be_weighted_as_germain_does_with_the_first_six():
    pair = _pair(1, 4000)
    layers = JNDLoss.released().layer_distances(*pair)[0]
    first = [1 / size for size in layers[:6].tolist()]
    loss = JNDLoss.released(layer_weights=[*first, *[0.0] * 8])
    assert loss(*pair).item() == pytest.approx(6, rel=1e-5)
    assert JNDLoss.released()(*pair).item() == pytest.approx(layers.sum().item(), rel=1e-6)


@pytest.mark.parametrize("given", [[1.0], [-1.0] * 14, [math.nan] * 14])
def test_other_layer_weights_are_refused(given):
    with pytest.raises(ValueError, match="layer_weights are 14 finite numbers of at least 0"):
        JNDLoss.released(layer_weights=given)


BAD = {
    "shapes": (torch.zeros(1, 2048), torch.zeros(2, 2048), "same shape"),
    "empty": (torch.zeros(0, 2048), torch.zeros(0, 2048), "at least one sample"),
    "integers": (torch.zeros(1, 2048).long(), torch.zeros(1, 2048).long(), "floating-point"),
    "nan": (torch.full((1, 2048), math.nan), torch.zeros(1, 2048), "estimate .* not finite"),
    "infinity": (torch.zeros(1, 2048), torch.full((1, 2048), math.inf), "reference .* not finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_signals_are_refused(case):
    estimate, reference, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        JNDLoss.released()(estimate, reference)


def test_another_rate_is_refused():
    loss, pair = JNDLoss.released(), _pair(1, 2000)
    assert loss(*pair, sample_rate=22_050).item() == loss(*pair).item()
    with pytest.raises(ValueError, match=r"made for 22050 Hz; the signals have 16000 Hz"):
        loss(*pair, sample_rate=16_000)
    with pytest.raises(ValueError, match=r"made for 22050 Hz; the signals have 16000 Hz"):
        JNDLoss.released(sample_rate=16_000)
    assert JNDLoss(JNDNetwork(), sample_rate=16_000)(*pair, sample_rate=16_000).isfinite()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"reduction": "max"}, "reduction is one of"), ({"metric": "scrach"}, "'scratch', 'linear', 'finetune', 'pre'")],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        JNDLoss.released(**options)


def test_a_loss_stays_in_evaluation_mode_and_under_autocast_in_single_precision():
    loss, pair = JNDLoss.released(), _pair(1, 4000)
    value = loss(*pair).item()
    assert loss.train()(*pair).item() == value
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(*pair)
    assert (found.dtype, found.item()) == (torch.float32, value)


def test_pre_counts_every_channel_of_linear_once_and_has_no_classifier():
    pre, linear, pair = JNDLoss.released("pre"), JNDLoss.released("linear"), _pair(1, 4000)
    ours, theirs = (linear.network.features(x) for x in pair)
    expected = sum(functional.l1_loss(a, b) for a, b in zip(ours, theirs, strict=True))
    assert pre(*pair).item() == pytest.approx(expected.item(), rel=1e-5)
    with pytest.raises(ValueError, match="no classifier"):
        pre.share_hearing_a_difference(*pair)


def test_the_predicted_share_is_the_classifiers():
    loss, pair = JNDLoss.released("linear"), _pair(2, 4000)
    seen = torch.sigmoid(loss.layer_distances(*pair).mean(-1, keepdim=True))
    expected = loss.network.classifier(seen).softmax(-1)[:, 1]
    assert torch.allclose(loss.share_hearing_a_difference(*pair), expected)


def _classified(metric, seen):
    """The share that a released classifier gives for what it sees [number]."""
    classifier = JNDLoss.released(metric).network.classifier
    return classifier(seen.unsqueeze(1)).softmax(-1)[:, 1]


def test_the_released_classifier_of_scratch_gives_the_same_share_whatever_the_distance():
    """A sigmoid of a distance lies between 0.5 and 1; the classifier answers to larger numbers only."""
    shares = _classified("scratch", torch.linspace(0.5, 1, 50))
    assert 0.21 < shares.min() < shares.max() < 0.23
    larger = _classified("scratch", torch.tensor([1.0, 2.0, 3.0, 5.0]))
    assert larger.tolist() == sorted(larger.tolist())
    assert larger[-1] > 0.95


def test_the_released_classifier_of_linear_falls_again_and_that_of_finetune_rises():
    seen = torch.linspace(0.5, 1, 50)
    linear, finetune = _classified("linear", seen), _classified("finetune", seen)
    assert linear.max() > 0.75
    assert linear[-1] < 0.3
    assert finetune.diff().gt(0).float().mean() > 0.95
    assert finetune[-1] > 0.6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU (CUDA)")
def test_value_and_gradient_on_a_gpu_equal_those_of_the_cpu():
    loss, (estimate, reference) = JNDLoss.released(), _pair(3, 20_000)
    here, there = estimate.clone().requires_grad_(), estimate.cuda().requires_grad_()
    on_cpu = loss(here, reference)
    on_cpu.backward()
    on_gpu = loss.cuda()(there, reference.cuda())
    on_gpu.backward()
    assert on_gpu.item() == pytest.approx(on_cpu.item(), rel=1e-3)
    assert (there.grad.cpu() - here.grad).norm() < 0.02 * here.grad.norm()
