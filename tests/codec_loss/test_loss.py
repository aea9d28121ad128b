"""The codec losses against Eq. 2 to 4 written out, and the contract of every loss."""

import copy
import math

import pytest
import torch
from torch import Tensor

from paper_code.codec_loss.loss import CodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.codec_loss.networks import PATCH, SpectrogramUNet, TimeUNet, magnitude_spectrogram

KINDS = {"spectrogram": (CodecLoss, SpectrogramUNet), "time": (TimeCodecLoss, TimeUNet)}
SAMPLES = 1024 + 512 * 31  # 32 frames


def _loss(kind: str, **options: object) -> CodecLoss:
    """An untrained network does for all that is tested here; its statistics are moved off 0 and 1."""
    torch.manual_seed(0)
    loss, network = KINDS[kind]
    made = network(filters=2)
    for name, buffer in made.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
    return loss(made, **options)


def _pair(batch: int = 2, samples: int = SAMPLES, seed: int = 0) -> tuple[Tensor, Tensor]:
    reference, noise = 0.1 * torch.randn(2, batch, samples, generator=torch.Generator().manual_seed(seed))
    return reference + 0.3 * noise, reference


@pytest.mark.parametrize("kind", KINDS)
def test_value_equals_the_equation_written_as_a_loop(kind):
    """Eq. 3 and 4 with the weights 1 / size of each term and layer, one signal and one layer at a time."""
    loss = _loss(kind, reduction="none")
    estimate, reference = _pair(3)
    layers = 2 * loss.network.layers - 1
    term_sizes = torch.tensor([0.3, 0.7, 1.0] if kind == "spectrogram" else [0.7, 1.0])
    layer_sizes = torch.linspace(0.2, 2.0, layers)
    loss.set_sizes(term_sizes, layer_sizes)
    for x_p, x, found in zip(estimate, reference, loss(estimate, reference), strict=True):
        domain = magnitude_spectrogram if kind == "spectrogram" else torch.nn.Identity()
        ours = loss.network.prediction_and_features(domain(x_p.unsqueeze(0)))
        theirs = loss.network.prediction_and_features(domain(x.unsqueeze(0)))
        expected = (ours[0] - theirs[0]).abs().sum() / ours[0].numel() / 0.7
        if kind == "spectrogram":
            expected = expected + sum(abs(a - b) for a, b in zip(x_p.tolist(), x.tolist(), strict=True)) / 0.3 / SAMPLES
        for m in range(layers):
            expected = expected + (ours[1][m] - theirs[1][m]).abs().mean() / layer_sizes[m] / layers
        assert found.item() == pytest.approx(expected.item() / len(loss.TERMS), rel=1e-5)


def test_magnitude_loss_equals_its_equation():
    loss, (estimate, reference) = MagnitudeLoss(), _pair()
    spectral = (magnitude_spectrogram(estimate) - magnitude_spectrogram(reference)).abs().mean()
    plain = (estimate - reference).abs().mean()
    assert loss(estimate, reference).item() == pytest.approx((plain + spectral).item() / 2, rel=1e-6)
    loss.sizes.copy_(torch.tensor([0.5, 4.0]))
    assert loss(estimate, reference).item() == pytest.approx((2 * plain + spectral / 4).item() / 2, rel=1e-6)


@pytest.mark.parametrize("make", [lambda: _loss("spectrogram"), lambda: _loss("time"), MagnitudeLoss])
def test_after_a_calibration_the_loss_of_that_pair_is_1(make):
    loss, pair = make(), _pair(3)
    loss.calibrate(*pair)
    assert loss(*pair).item() == pytest.approx(1, rel=1e-5)
    assert loss(*_pair(3, seed=5)).item() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_calibration_every_term_and_layer_weighs_alike(kind):
    loss, pair = _loss(kind), _pair()
    loss.calibrate(*pair)
    for term in loss.TERMS:
        alone = KINDS[kind][0](loss.network, terms=(term,))
        alone.load_state_dict(loss.state_dict())
        assert alone(*pair).item() == pytest.approx(1, rel=1e-5)
    assert torch.allclose(loss.parts(*pair)[1].mean(0) / loss.layer_sizes, torch.ones_like(loss.layer_sizes))


def _pull_by_hand(loss: CodecLoss, part, estimate: Tensor, reference: Tensor) -> float:
    """Mean over signals of the norm of the gradient of one part, one signal at a time; part: of (terms, layers)."""
    norms = []
    for x_p, x in zip(estimate, reference, strict=True):
        leaf = x_p.clone().unsqueeze(0).requires_grad_()
        (gradient,) = torch.autograd.grad(part(*loss.parts(leaf, x.unsqueeze(0)))[0], leaf)
        norms.append(math.sqrt(sum(value * value for value in gradient.flatten().tolist())))
    return sum(norms) / len(norms)


@pytest.mark.parametrize("kind", KINDS)
def test_weighed_by_gradient_every_layer_and_every_term_pulls_alike(kind):
    """The norms of the gradients of the divided layers and terms are equal, each computed alone, signal by signal."""
    loss, pair = _loss(kind), _pair(3)
    assert loss.calibrate(*pair, weights="gradient") is loss
    layers = range(2 * loss.network.layers - 1)
    pulls = [_pull_by_hand(loss, lambda _, layers, m=m: layers[:, m] / loss.layer_sizes[m], *pair) for m in layers]
    assert pulls == pytest.approx([1.0] * len(pulls), rel=1e-4)
    features = loss.TERMS.index("features")
    parts = [lambda terms, _, i=i: terms[:, i] / loss.sizes[i] for i in range(features)]
    parts.append(lambda _, layers: (layers / loss.layer_sizes).mean(-1) / loss.sizes[features])
    pulls = [_pull_by_hand(loss, part, *pair) for part in parts]
    assert pulls == pytest.approx([pulls[0]] * len(pulls), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_weighed_by_gradient_the_loss_of_the_pairs_is_1_and_the_value_is_the_mean_of_the_terms(kind):
    loss, pair = _loss(kind), _pair(3)
    loss.calibrate(*pair, weights="gradient")
    assert loss(*pair).item() == pytest.approx(1, rel=1e-5)
    terms, layers = loss.parts(*pair)
    terms[:, loss.TERMS.index("features")] = (layers / loss.layer_sizes).mean(-1)
    assert loss(*pair).item() == pytest.approx((terms / loss.sizes).mean().item(), rel=1e-5)


def test_weights_by_gradient_do_not_depend_on_the_levels_of_the_terms():
    """A term that is a thousand times larger gets a size a thousand times larger: its pull stays the same."""
    pair, loss, other = _pair(), _loss("spectrogram"), _loss("spectrogram")
    parts = other.parts
    other.parts = lambda *given: tuple(part * scale for part, scale in zip(parts(*given), (1000.0, 0.01), strict=True))
    loss.calibrate(*pair, weights="gradient")
    other.calibrate(*pair, weights="gradient")
    assert other(*pair).item() == pytest.approx(1, rel=1e-4)
    leaves = [pair[0].clone().requires_grad_() for _ in range(2)]
    gradients = [
        torch.autograd.grad(each(leaf, pair[1]), leaf)[0] for each, leaf in zip((loss, other), leaves, strict=True)
    ]
    alike = torch.cosine_similarity(*(gradient.flatten() for gradient in gradients), dim=0)
    assert alike.item() == pytest.approx(1, abs=1e-4)


def test_weights_by_gradient_are_another_loss_than_those_by_value():
    pair = _pair()
    by_value, by_gradient = _loss("spectrogram"), _loss("spectrogram")
    by_value.calibrate(*pair)
    by_gradient.calibrate(*pair, weights="gradient")
    assert not torch.allclose(by_value.sizes, by_gradient.sizes, rtol=0.1)
    assert not torch.allclose(by_value.layer_sizes, by_gradient.layer_sizes, rtol=0.1)
    again = _loss("spectrogram")
    again.load_state_dict(by_gradient.state_dict())
    assert again(*_pair(seed=4)).item() == by_gradient(*_pair(seed=4)).item()


@pytest.mark.parametrize("kind", KINDS)
def test_a_calibration_by_gradient_leaves_no_gradient_and_works_without_autograd(kind):
    loss, (estimate, reference) = _loss(kind), _pair()
    leaf = estimate.clone().requires_grad_()
    with torch.no_grad():
        loss.calibrate(leaf, reference, weights="gradient")
    assert leaf.grad is None
    assert not any(tensor.requires_grad for tensor in (*loss.parameters(), *loss.buffers()))


def test_chosen_terms_alone_are_1_after_a_calibration_by_gradient():
    pair = _pair()
    loss = _loss("spectrogram", terms=("prediction", "time"))
    loss.calibrate(*pair, weights="gradient")
    assert loss(*pair).item() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_other_weights_and_equal_pairs_are_refused(kind):
    loss, (estimate, reference) = _loss(kind), _pair()
    before = copy.deepcopy(loss.state_dict())
    with pytest.raises(ValueError, match=r"weights is one of 'value', 'gradient'; found 'size'"):
        loss.calibrate(estimate, reference, weights="size")
    with pytest.raises(ValueError, match="must be above 0"):
        loss.calibrate(reference, reference, weights="gradient")
    assert all(torch.equal(value, before[name]) for name, value in loss.state_dict().items())


def test_terms_are_chosen():
    pair = _pair()
    loss = _loss("spectrogram", terms=("time",))
    assert loss(*pair).item() == pytest.approx((pair[0] - pair[1]).abs().mean().item(), rel=1e-6)
    two = _loss("spectrogram", terms=("features", "time"))(*pair).item()
    features = _loss("spectrogram", terms=("features",))(*pair).item()
    assert two == pytest.approx((features + loss(*pair).item()) / 2, rel=1e-6)


@pytest.mark.parametrize("make", [lambda: _loss("spectrogram"), lambda: _loss("time"), MagnitudeLoss])
def test_equal_signals_are_the_minimum(make):
    loss, (_, reference) = make(), _pair()
    assert loss(reference, reference).item() == 0
    for size in (1e-4, 1e-2):
        assert loss(reference + size * torch.randn_like(reference), reference).item() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_is_frozen_and_stays_in_evaluation_mode(kind):
    loss, pair = _loss(kind), _pair()
    before = copy.deepcopy(dict(loss.named_parameters()) | dict(loss.named_buffers()))
    first = loss(*pair).item()
    holder = torch.nn.Sequential(loss)
    holder.train()
    assert not any(module.training for module in loss.modules())
    assert loss.train() is loss
    assert not any(weights.requires_grad for weights in loss.parameters())
    estimate = pair[0].clone().requires_grad_()
    loss(estimate, pair[1]).backward()
    assert all(weights.grad is None for weights in loss.parameters())
    assert loss(*pair).item() == first
    assert all(torch.equal(value, before[name]) for name, value in (*loss.named_parameters(), *loss.named_buffers()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_leads_downhill(kind):
    loss, (estimate, reference) = _loss(kind), _pair()
    loss.calibrate(estimate, reference)
    leaf = estimate.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, reference), leaf)
    step = 1e-4 * estimate.norm() * gradient / gradient.norm()
    expected = (gradient * step).sum().item()
    found = (loss(estimate + step, reference) - loss(estimate - step, reference)).item() / 2
    assert found == pytest.approx(expected, rel=0.1)
    assert loss(estimate - step, reference) < loss(estimate, reference)


@pytest.mark.parametrize("make", [lambda: _loss("spectrogram"), lambda: _loss("time"), MagnitudeLoss])
def test_silence_has_finite_values_and_gradients(make):
    loss, (_, signal) = make(), _pair()
    silence = torch.zeros_like(signal)
    for estimate, reference in ((silence, signal), (signal, silence), (silence, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert math.isfinite(value.item())
        assert torch.isfinite(gradient).all()
    assert loss(silence, silence).item() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_leading_axes_and_reductions(kind):
    estimate, reference = (x.reshape(2, 2, -1) for x in _pair(4))
    each = _loss(kind, reduction="none")(estimate, reference)
    assert each.shape == (2, 2)
    assert _loss(kind)(estimate, reference).item() == pytest.approx(each.mean().item(), rel=1e-6)
    assert _loss(kind, reduction="sum")(estimate, reference).item() == pytest.approx(each.sum().item(), rel=1e-6)
    alone = _loss(kind, reduction="none")(estimate[1, 0], reference[1, 0])
    assert alone.shape == ()
    assert alone.item() == pytest.approx(each[1, 0].item(), rel=1e-5)


@pytest.mark.parametrize(("kind", "whole"), [("spectrogram", 1024 + 512 * 31), ("time", 1280)])
def test_signals_are_filled_up_with_silence(kind, whole):
    loss, (estimate, reference) = _loss(kind, terms=("prediction", "features")), _pair(1, 1100)
    longer = [torch.nn.functional.pad(x, (0, whole - 1100)) for x in (estimate, reference)]
    assert loss(estimate, reference).item() == pytest.approx(loss(*longer).item(), rel=1e-6)


def test_a_patch_of_the_paper_is_not_filled_up():
    sound = torch.zeros(1, PATCH)
    assert _loss("spectrogram")._domain(sound).shape == (1, 512, 128)
    assert _loss("spectrogram")._domain(sound[:, :-1]).shape == (1, 512, 128)
    assert _loss("spectrogram")._domain(torch.zeros(1, PATCH + 1)).shape == (1, 512, 160)
    assert _loss("time")._domain(sound).shape == (1, PATCH)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_and_autocast_are_compared_in_single(kind, dtype):
    loss = _loss(kind)
    estimate, reference = (x.to(dtype) for x in _pair())
    expected = loss(estimate.float(), reference.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        leaf = estimate.clone().requires_grad_()
        found = loss(leaf, reference)
    found.backward()
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert leaf.grad.dtype == dtype
    assert torch.isfinite(leaf.grad).all()


def test_double_precision_gives_the_value_of_single():
    loss, (estimate, reference) = _loss("spectrogram"), _pair()
    leaf = estimate.double().requires_grad_()
    found = loss(leaf, reference.double())
    found.backward()
    assert found.item() == pytest.approx(loss(estimate, reference).item(), rel=1e-5)
    assert leaf.grad.dtype == torch.float64


@pytest.mark.parametrize("make", [lambda: _loss("spectrogram"), lambda: _loss("time"), MagnitudeLoss])
def test_a_loss_turned_to_double_precision_computes_in_it(make):
    pair = _pair()
    single, double = make(), make().double()
    found = double(*(signal.double() for signal in pair))
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(single(*pair).item(), rel=1e-5)
    assert found.item() != single(*pair).item()


@pytest.mark.parametrize("kind", KINDS)
def test_no_call_changes_the_next(kind):
    loss, pair = _loss(kind), _pair()
    first = loss(*pair).item()
    loss(*_pair(3, seed=9)).item()
    assert loss(*pair).item() == first
    assert copy.deepcopy(loss)(*pair).item() == first


def test_the_reference_gets_no_gradient_through_the_network():
    loss = _loss("spectrogram", terms=("prediction", "features"))
    estimate, reference = (x.requires_grad_() for x in _pair())
    loss(estimate, reference).backward()
    assert estimate.grad.abs().max() > 0
    assert reference.grad is None or not reference.grad.any()


BAD = {
    "shapes": (torch.zeros(1, 2048), torch.zeros(2, 2048), "same shape"),
    "empty": (torch.zeros(0, 2048), torch.zeros(0, 2048), "at least one sample"),
    "integers": (torch.zeros(1, 2048).long(), torch.zeros(1, 2048).long(), "floating-point"),
    "nan": (torch.full((1, 2048), math.nan), torch.zeros(1, 2048), "estimate .* not finite"),
    "infinity": (torch.zeros(1, 2048), torch.full((1, 2048), math.inf), "reference .* not finite"),
    "short": (torch.zeros(1, 1023), torch.zeros(1, 1023), "at least 1024 samples; found 1023"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BAD)
def test_bad_signals_are_refused(kind, case):
    estimate, reference, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        _loss(kind)(estimate, reference)


def test_another_rate_is_refused():
    loss, pair = _loss("spectrogram"), _pair(1)
    with pytest.raises(ValueError, match=r"16000 Hz.*44100 Hz"):
        loss(*pair, sample_rate=44100)
    with pytest.raises(ValueError, match=r"16000 Hz.*8000"):
        _loss("spectrogram", sample_rate=8000)
    with pytest.raises(ValueError, match=r"16000 Hz.*8000 Hz"):
        MagnitudeLoss()(*pair, sample_rate=8000)
    assert loss(*pair, sample_rate=16000).item() == loss(*pair).item()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction": "max"}, "reduction is one of"),
        ({"terms": ("phase",)}, "'time', 'prediction', 'features'"),
        ({"terms": ()}, "At least one term"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        _loss("spectrogram", **options)
    with pytest.raises(ValueError, match="'prediction', 'features'; found 'time'"):
        _loss("time", terms=("time",))


@pytest.mark.parametrize("kind", KINDS)
def test_a_calibration_on_equal_signals_is_refused_and_changes_nothing(kind):
    loss, (_, reference) = _loss(kind), _pair()
    with pytest.raises(ValueError, match=r"above 0.*Pairs that are equal"):
        loss.calibrate(reference, reference)
    assert (loss.sizes == 1).all()
    assert (loss.layer_sizes == 1).all()


def test_options_are_shown():
    assert "sample_rate=16000, terms=('time', 'prediction', 'features'), reduction='mean'" in repr(_loss("spectrogram"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU (CUDA)")
@pytest.mark.parametrize("kind", KINDS)
def test_value_and_gradient_on_a_gpu_equal_those_of_the_cpu(kind):
    loss, (estimate, reference) = _loss(kind), _pair()
    loss.calibrate(estimate, reference)
    here = estimate.clone().requires_grad_()
    there = estimate.cuda().requires_grad_()
    on_cpu = loss(here, reference)
    on_cpu.backward()
    on_gpu = loss.cuda()(there, reference.cuda())
    on_gpu.backward()
    assert on_gpu.item() == pytest.approx(on_cpu.item(), rel=1e-3)
    assert (there.grad.cpu() - here.grad).norm() < 0.02 * here.grad.norm()
