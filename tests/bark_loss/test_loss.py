"""BarkLoss against the plain composition of its steps, and the contract of every loss."""

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d, cosine_similarity

from paper_code.bark_loss.loss import BarkLoss

SMALL = {"bands": 24, "taps": 64}


def _signals(batch: int = 2, time: int = 700, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    pair = torch.randn(2, batch, time, generator=random, dtype=torch.float64) * 0.1
    return pair[0].to(dtype), pair[1].to(dtype)


def _plain_features(loss: BarkLoss, signal: Tensor) -> Tensor:
    filters = loss.filter_bank.filters.to(signal.dtype).unsqueeze(1)
    bands = conv1d(signal.unsqueeze(1), filters, padding=filters.shape[-1], stride=loss.stride)
    return torch.log1p(loss.log_factor * torch.relu(bands)) * loss.weights.to(signal.dtype).unsqueeze(-1)


def _plain(loss: BarkLoss, estimate: Tensor, reference: Tensor) -> Tensor:
    features = [_plain_features(loss, s).flatten(1) for s in (estimate, reference)]
    if loss.distance == "squared":
        return (features[0] - features[1]).square().mean(-1)
    return -cosine_similarity(*features)


VARIANTS = {
    "experiment": BarkLoss,
    "class defaults": BarkLoss.class_defaults,
    "blog literal": BarkLoss.blog_literal,
    "corrected": BarkLoss.corrected,
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_equal_the_plain_composition(variant, dtype):
    loss = VARIANTS[variant](**SMALL, reduction="none")
    estimate, reference = _signals(dtype=torch.float64)
    exact = [s.clone().requires_grad_() for s in (estimate, reference)]
    expected = _plain(loss, *exact)
    wanted = torch.autograd.grad(expected.sum(), exact)
    inputs = [s.to(dtype).requires_grad_() for s in (estimate, reference)]
    found = loss(*inputs)
    gradients = torch.autograd.grad(found.sum(), inputs)
    tolerance = 1e-12 if dtype == torch.float64 else 2e-6
    assert torch.allclose(found.double(), expected, rtol=tolerance, atol=0)
    for gradient, exact_gradient in zip(gradients, wanted, strict=True):
        assert (gradient - exact_gradient).norm() < 100 * tolerance * exact_gradient.norm()


def test_full_size_equals_direct_convolution_to_1e_5():
    loss = BarkLoss()
    estimate, reference = _signals(batch=1, time=8192)
    direct = _plain_features(loss, estimate.double())
    found = loss.features(estimate)
    assert found.shape == (1, 512, 8705)
    assert (found - direct).abs().max() < 1e-5 * direct.abs().max()
    exact = _plain(loss, estimate.double(), reference.double())
    assert loss(estimate, reference).double() == pytest.approx(exact.item(), rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"distance": "squared"}, {"stride": 3}])
def test_gradcheck(options):
    loss = BarkLoss(bands=6, taps=16, reduction="none", **options)
    pair = [s.requires_grad_() for s in _signals(batch=2, time=40, dtype=torch.float64)]
    assert torch.autograd.gradcheck(loss, pair, eps=1e-7, atol=1e-6)


def test_features_are_those_the_loss_compares():
    loss = BarkLoss(**SMALL)
    estimate, reference = _signals()
    features = [loss.features(s).flatten(1) for s in (estimate, reference)]
    assert loss(estimate, reference).item() == pytest.approx(-cosine_similarity(*features).mean().item(), rel=1e-5)


def test_equal_signals_are_the_minimum():
    estimate, reference = _signals()
    cosine, squared = BarkLoss(**SMALL), BarkLoss.blog_literal(**SMALL)
    assert cosine(reference, reference).item() == pytest.approx(-1.0, abs=1e-6)
    assert squared(reference, reference).item() == pytest.approx(0.0, abs=1e-9)
    assert -1 < cosine(estimate, reference).item() < 0
    assert squared(estimate, reference).item() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", ["cosine", "squared"])
def test_silence_has_finite_values_and_gradients(dtype, distance):
    loss = BarkLoss(**SMALL, distance=distance)
    signal, _ = _signals(dtype=dtype)
    silence = torch.zeros_like(signal)
    for estimate, reference in ((silence, signal), (signal, silence), (silence, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert math.isfinite(value.item())
        assert torch.isfinite(gradient).all()
    assert loss(silence, silence).item() == 0.0


def test_very_quiet_signals_keep_their_precision():
    """ln(1 + x) of tiny x must not be rounded away: 1e-6 of full scale still gives the scaled-down cosine."""
    loss = BarkLoss(**SMALL)
    estimate, reference = (1e-6 * s for s in _signals())
    exact = _plain(loss, estimate.double(), reference.double()).mean()
    assert loss(estimate, reference).item() == pytest.approx(exact.item(), rel=1e-4)


def test_items_of_a_batch_do_not_touch_each_other():
    loss = BarkLoss(**SMALL, reduction="none")
    estimate, reference = _signals(batch=3)
    together = loss(estimate, reference)
    alone = torch.stack([loss(e, r) for e, r in zip(estimate, reference, strict=True)])
    assert torch.allclose(together, alone, rtol=1e-6)


def test_leading_axes_and_reductions():
    estimate, reference = (s.reshape(2, 3, -1) for s in _signals(batch=6))
    each = BarkLoss(**SMALL, reduction="none")(estimate, reference)
    assert each.shape == (2, 3)
    assert BarkLoss(**SMALL)(estimate, reference).item() == pytest.approx(each.mean().item(), rel=1e-6)
    assert BarkLoss(**SMALL, reduction="sum")(estimate, reference).item() == pytest.approx(each.sum().item(), rel=1e-6)
    assert BarkLoss(**SMALL)(estimate[0, 0], reference[0, 0]).item() == pytest.approx(each[0, 0].item(), rel=1e-6)


def test_upstream_factor_reaches_the_gradient():
    loss = BarkLoss(**SMALL)
    estimate, reference = _signals()
    leaf = estimate.clone().requires_grad_()
    (once,) = torch.autograd.grad(loss(leaf, reference), leaf)
    (thrice,) = torch.autograd.grad(3 * loss(leaf, reference), leaf)
    assert torch.allclose(thrice, 3 * once)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_and_half_precision_are_computed_in_single(dtype):
    loss = BarkLoss(**SMALL)
    estimate, reference = (s.to(dtype) for s in _signals())
    expected = loss(estimate.float(), reference.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        leaf = estimate.clone().requires_grad_()
        found = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(found, leaf)
    assert found.dtype == torch.float32
    assert found.item() == expected.item()
    assert gradient.dtype == dtype
    assert torch.isfinite(gradient).all()


def test_moves_copies_and_states():
    loss = BarkLoss(**SMALL)
    estimate, reference = _signals()
    value = loss(estimate, reference).item()
    assert copy.deepcopy(loss)(estimate, reference).item() == value
    assert loss.double()(estimate.double(), reference.double()).item() == pytest.approx(value, rel=1e-5)
    meta = loss.to("meta")
    assert meta.filter_bank.filters.device.type == meta.weights.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_equals_cpu():
    estimate, reference = _signals()
    loss = BarkLoss(**SMALL)
    value = loss(estimate, reference).item()
    assert loss.cuda()(estimate.cuda(), reference.cuda()).item() == pytest.approx(value, rel=1e-5)


BAD = {
    "unequal": (torch.zeros(1, 8), torch.zeros(1, 9), "same shape"),
    "no samples": (torch.zeros(1, 0), torch.zeros(1, 0), "at least one sample"),
    "no batch": (torch.zeros(0, 8), torch.zeros(0, 8), "at least one sample"),
    "scalar": (torch.tensor(0.0), torch.tensor(0.0), "at least one sample"),
    "integers": (
        torch.zeros(1, 8, dtype=torch.int16),
        torch.zeros(1, 8, dtype=torch.int16),
        "floating-point",
    ),
    "nan": (torch.full((1, 8), math.nan), torch.zeros(1, 8), "estimate .* not finite"),
    "infinity": (torch.zeros(1, 8), torch.full((1, 8), math.inf), "reference .* not finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_signals_are_refused(case):
    estimate, reference, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        BarkLoss(**SMALL)(estimate, reference)


def test_one_sample_is_enough():
    value = BarkLoss(**SMALL)(torch.tensor([[0.5]]), torch.tensor([[0.5]]))
    assert value.item() == pytest.approx(-1.0, abs=1e-5)


def test_another_rate_is_refused():
    signal = torch.zeros(1, 100)
    with pytest.raises(ValueError, match=r"11025 Hz.*44100 Hz"):
        BarkLoss(**SMALL)(signal, signal, sample_rate=44100)
    assert BarkLoss(**SMALL)(signal, signal, sample_rate=11025).item() == 0.0


@pytest.mark.parametrize(
    "options",
    [
        {"bank": "mel"},
        {"weighting": "C"},
        {"distance": "l1"},
        {"reduction": "max"},
        {"bands": 0},
        {"log_factor": -1.0},
    ],
)
def test_unknown_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        BarkLoss(**options)


def test_works_at_other_rates():
    loss = BarkLoss(sample_rate=16000, **SMALL)
    estimate, reference = _signals()
    assert loss(estimate, reference, sample_rate=16000).item() == pytest.approx(
        _plain(loss, estimate, reference).mean().item(), rel=1e-5
    )
