"""The one roof over all losses, and what every loss under it promises."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from paper_code.codec_loss.loss import CodecLoss, FrequencyAwareCodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.losses import LOSSES, make_loss
from paper_code.masking_loss.loss import LogMelLoss, MaskingLoss
from paper_code.masking_loss.pmsqe import PMSQE
from paper_code.timbre_loss.loss import TimbreLoss

RATES = {name: 22050 if name == "jnd" else 16000 for name in LOSSES}  # Hz, at which every loss can be made


def _pair(*shape):
    """Estimate and reference [..., 4000], noise at -20 dB re full scale."""
    estimate, reference = 0.1 * torch.randn(2, *shape, 4000, generator=torch.Generator().manual_seed(0))
    return estimate, reference


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_at_its_minimum_for_equal_signals_and_has_a_gradient(name):
    loss = make_loss(name, sample_rate=RATES[name])
    assert loss.sample_rate == RATES[name]
    other, signal = _pair(1)
    estimate = other.clone().requires_grad_()
    value = loss(estimate, signal)
    value.backward()
    assert loss(signal, signal).item() < value.item()
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().max() > 0


# The timbre loss compares classes, not signals: two noises are of one class, and every way between them is as good.
OF_SIGNALS = [name for name in LOSSES if name != "timbre"]


@pytest.mark.parametrize("name", OF_SIGNALS)
def test_no_loss_has_a_minimum_elsewhere_than_at_equal_signals(name):
    """On the way from another signal to the reference, at one level, every loss falls from one end to the other.

    The masking loss reaches its minimum before: what is hidden costs nothing.
    """
    loss = make_loss(name, sample_rate=RATES[name])
    signal, other = torch.randn(2, 1, 4000, generator=torch.Generator().manual_seed(1)) * 0.1
    ways = [math.cos(angle) * signal + math.sin(angle) * other for angle in (math.pi / 2, 0.5, 0.1, 0.0)]
    values = [loss(way, signal).item() for way in ways]
    assert values == sorted(values, reverse=True)
    assert values[1] > values[-1]
    assert values[-2] > values[-1] or name == "masking"


KINDS = {
    "codec": CodecLoss,
    "codec_frequency_aware": FrequencyAwareCodecLoss,
    "codec_time": TimeCodecLoss,
    "magnitude": MagnitudeLoss,
    "masking": MaskingLoss,
    "log_mel": LogMelLoss,
    "pmsqe": PMSQE,
    "jnd": JNDLoss,
    "timbre": TimbreLoss,
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_names_lead_to_their_losses(name, kind):
    assert type(make_loss(name)) is kind


@pytest.mark.parametrize("name", LOSSES)
def test_one_value_a_call_or_an_item(name):
    """Leading axes are free, and an item's value does not depend on the others."""
    estimate, reference = _pair(2, 2)
    each = make_loss(name, reduction="none")(estimate, reference)
    assert each.shape == (2, 2)
    mean, total = (make_loss(name, reduction=way)(estimate, reference) for way in ("mean", "sum"))
    assert (mean.shape, total.shape) == ((), ())
    assert mean.item() == pytest.approx(each.mean().item(), rel=1e-5)
    assert total.item() == pytest.approx(each.sum().item(), rel=1e-5)
    alone = make_loss(name)(estimate[1, 0], reference[1, 0])
    assert alone.item() == pytest.approx(each[1, 0].item(), rel=1e-4)
    with pytest.raises(ValueError, match="reduction"):
        make_loss(name, reduction="median")


@pytest.mark.parametrize("name", LOSSES)
def test_silence_has_finite_values_and_gradients(name):
    loss, (_, signal) = make_loss(name), _pair(1)
    silence = torch.zeros_like(signal)
    for estimate, reference in ((silence, signal), (signal, silence), (silence, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        value.backward()
        assert math.isfinite(value.item())
        assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("estimate", "reference", "message"),
    [
        (torch.zeros(1, 4000), torch.zeros(1, 4001), "same shape"),
        (torch.zeros(2, 4000), torch.zeros(4000), "same shape"),
        (torch.zeros(1, 0), torch.zeros(1, 0), "at least one sample"),
        (torch.full((1, 4000), math.nan), torch.zeros(1, 4000), "estimate .* not finite"),
        (torch.zeros(1, 4000), torch.full((1, 4000), -math.inf), "reference .* not finite"),
        (torch.zeros(4000, dtype=torch.int16), torch.zeros(4000, dtype=torch.int16), "floating-point"),
    ],
)
def test_what_is_no_pair_of_signals_is_refused(name, estimate, reference, message):
    with pytest.raises(ValueError, match=message):
        make_loss(name)(estimate, reference)


@pytest.mark.parametrize("name", LOSSES)
def test_signals_of_another_rate_are_refused(name):
    loss, (estimate, reference) = make_loss(name), _pair(1)
    assert loss(estimate, reference, sample_rate=loss.sample_rate) == loss(estimate, reference)
    with pytest.raises(ValueError, match=rf"made for {loss.sample_rate} Hz; the signals have 12345 Hz"):
        loss(estimate, reference, sample_rate=12345)


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_is_computed_in_single_precision_under_autocast(name):
    loss, (estimate, reference) = make_loss(name), _pair(1)
    expected = loss(estimate, reference)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
    value.backward()
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected.item(), rel=2e-2)
    assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_copies_and_stored_states_give_the_same(name):
    loss, (estimate, reference) = make_loss(name), _pair(1)
    value = loss(estimate, reference).item()
    assert copy.deepcopy(loss)(estimate, reference).item() == value
    other = make_loss(name)
    other.load_state_dict(loss.state_dict())
    assert other(estimate, reference).item() == value
    assert {buffer.device.type for buffer in loss.to("meta").state_dict().values()} <= {"meta"}


RECEIVE = """
import pickle, sys
for loss, pair, value in pickle.load(sys.stdin.buffer).values():
    assert loss(*pair).item() == value, loss
print("fine")
"""


def test_losses_can_be_sent_to_another_process(tmp_path):
    """As mp.spawn and torch.save do; what a loss has worked out for one length of signals does not go with it."""
    pair, sent = _pair(1), {}
    for name in LOSSES:
        loss = make_loss(name)
        value, small = loss(*pair).item(), len(pickle.dumps(make_loss(name)))
        assert len(pickle.dumps(loss)) == pytest.approx(small, rel=0.01)
        sent[name] = (loss, pair, value)
    command = [sys.executable, "-W", "error", "-c", RECEIVE]
    done = subprocess.run(command, input=pickle.dumps(sent), capture_output=True, check=False)
    assert (done.stdout, done.returncode) == (b"fine\n", 0), done.stderr.decode()
    torch.save(sent, tmp_path / "losses.pt")
    loss, _, value = torch.load(tmp_path / "losses.pt", weights_only=False)["bark"]
    assert loss(*pair).item() == value


@pytest.mark.parametrize("name", ["codec", "codec_frequency_aware", "codec_time", "jnd", "timbre"])
def test_frozen_networks_stay_out_of_a_stored_model_unless_asked_for(name):
    pair = _pair(1)
    model = torch.nn.ModuleDict({"loss": make_loss(name), "net": torch.nn.Linear(3, 3)})
    state = model.state_dict()
    assert not [key for key in state if "network" in key]
    assert sum(value.numel() for value in state.values()) < 100
    assert model.load_state_dict(state).missing_keys == []
    whole = make_loss(name, network_in_state=True)
    kept = whole.state_dict()
    assert {key for key in kept if key.startswith("network.")} == {f"network.{k}" for k in whole.network.state_dict()}
    other = make_loss(name)
    with torch.no_grad():
        for value in [*other.network.parameters()]:
            value.mul_(0.5)
    changed = other(*pair).item()
    assert changed != whole(*pair).item()
    other.load_state_dict(make_loss(name).state_dict())  # says nothing of the network, which stays as it is
    assert other(*pair).item() == changed
    other.load_state_dict(kept)
    assert other(*pair).item() == whole(*pair).item()


# One of every class, and of every way to compare.
CLASSES = (
    "bark",
    "bark_blog_literal",
    "codec",
    "codec_time",
    "magnitude",
    "masking",
    "log_mel",
    "pmsqe",
    "jnd",
    "timbre",
)
TRACED_ALWAYS = ("bark", "masking")  # what a graph has most trouble with; each takes seconds


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("kind", ["half", "bfloat16", "double"])
def test_a_loss_in_another_precision_is_computed_in_single_or_double(name, kind):
    """A model around the loss may be turned into half precision: its tables and networks stay as they are."""
    dtype = getattr(torch, kind)
    estimate, reference = (signal.to(dtype) for signal in _pair(1))
    expected = make_loss(name)(estimate.float(), reference.float()).item()
    loss = make_loss(name)
    getattr(torch.nn.ModuleList([loss]), kind)()
    for given in ((estimate, reference), (estimate.float(), reference)):
        leaf = given[0].clone().requires_grad_()
        value = loss(leaf, given[1])
        value.backward()
        assert value.dtype in (torch.float32, torch.float64)
        assert value.item() == pytest.approx(expected, rel=1e-4)
        assert torch.isfinite(leaf.grad).all()
        assert leaf.grad.abs().max() > 0
    if kind != "double":
        assert value.dtype == torch.float32
        assert not [tensor for tensor in (*loss.parameters(), *loss.buffers()) if tensor.dtype == dtype]


@pytest.mark.parametrize("name", CLASSES)
def test_a_default_of_double_precision_changes_nothing(name):
    pair = _pair(1)
    expected = make_loss(name)(*pair).item()
    torch.set_default_dtype(torch.float64)
    try:
        loss = make_loss(name)
        assert loss(*pair).item() == pytest.approx(expected, rel=1e-5)
        assert loss(*(signal.double() for signal in pair)).item() == pytest.approx(expected, rel=1e-4)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", CLASSES)
def test_a_gradient_has_a_gradient(name):
    """A penalty on the gradient of a loss: its own derivative is that of finite differences, along a direction."""
    loss, (estimate, reference) = make_loss(name).double(), (signal.double() for signal in _pair(1))
    way = torch.randn(estimate.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    def slope(signal):
        """The derivative of the loss along `way`."""
        leaf = signal.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, reference), leaf, create_graph=True)
        assert gradient.requires_grad
        return leaf, (gradient * way).sum()

    leaf, value = slope(estimate)
    (second,) = torch.autograd.grad(value, leaf)
    plain = estimate.clone().requires_grad_()
    loss(plain, reference).backward()
    assert (plain.grad * way).sum().item() == pytest.approx(value.item(), rel=1e-4)
    step = 1e-7
    found = (slope(estimate + step * way)[1] - slope(estimate - step * way)[1]).item() / (2 * step)
    assert (second * way).sum().item() == pytest.approx(found, rel=2e-2, abs=1e-4 * second.norm().item())
    assert torch.isfinite(second).all()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in TRACED_ALWAYS else pytest.mark.slow) for name in CLASSES]
)
def test_a_loss_without_checks_is_one_graph(name):
    """Compiled, exported and vectorised it agrees with itself; with checks a compiler takes it in pieces."""
    pair = _pair(2)
    checked, free = make_loss(name), make_loss(name, check=False)
    expected = checked(*pair).item()
    assert free(*pair).item() == expected
    leaves = [pair[0].clone().requires_grad_() for _ in range(2)]
    checked(leaves[0], pair[1]).backward()
    found = torch.compile(free, fullgraph=True, backend="eager")(leaves[1], pair[1])
    found.backward()
    assert found.item() == pytest.approx(expected, rel=1e-5)
    assert torch.allclose(leaves[1].grad, leaves[0].grad, atol=1e-4 * leaves[0].grad.abs().max())
    assert torch.export.export(free, pair).module()(*pair).item() == pytest.approx(expected, rel=1e-5)
    each = torch.vmap(make_loss(name, check=False, reduction="none"))(*pair)
    assert torch.allclose(each, make_loss(name, reduction="none")(*pair), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", TRACED_ALWAYS)
def test_a_loss_with_checks_is_compiled_in_pieces_and_still_checks(name):
    pair, loss = _pair(1), make_loss(name)
    compiled = torch.compile(loss, backend="eager")
    assert compiled(*pair).item() == pytest.approx(loss(*pair).item(), rel=1e-5)
    with pytest.raises(ValueError, match="not finite"):
        compiled(pair[0] * math.nan, pair[1])


@pytest.mark.parametrize("name", CLASSES)
def test_checks_that_need_no_values_stay(name):
    loss, (estimate, reference) = make_loss(name, check=False), _pair(1)
    assert not loss(estimate * math.nan, reference).isfinite()
    for wrong in ((estimate, reference[:, 1:]), (estimate.short(), reference.short()), (estimate.numpy(), reference)):
        with pytest.raises(ValueError, match=r"same shape|floating-point|torch tensor"):
            loss(*wrong)
    with pytest.raises(ValueError, match="12345 Hz"):
        loss(estimate, reference, sample_rate=12345)


@pytest.mark.parametrize("name", CLASSES)
def test_options_may_be_numpy_s_or_text(name):
    rate, pair = RATES[name], _pair(1)
    expected = make_loss(name, sample_rate=rate)(*pair).item()
    for given in (np.int64(rate), str(rate)):
        loss = make_loss(name, sample_rate=given, check="True")
        assert (loss.sample_rate, type(loss.sample_rate), loss.check) == (rate, int, True)
        assert loss(*pair, sample_rate=np.int64(rate)).item() == expected
    for given in ("fast", rate + 0.5):
        with pytest.raises(ValueError, match="sample_rate"):
            make_loss(name, sample_rate=given)
    with pytest.raises(ValueError, match="check is True or False; found 'maybe'"):
        make_loss(name, check="maybe")


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("pmsqe", {"excerpts": "False"}, {"excerpts": False}),
        ("bark", {"bands": "64", "log_factor": "5"}, {"bands": 64, "log_factor": 5.0}),
        ("bark", {"bands": np.int16(64), "log_factor": np.float32(5)}, {"bands": 64, "log_factor": 5.0}),
        ("masking", {"gamma": "0.5", "bands": np.array([16, 32])}, {"gamma": 0.5, "bands": (16, 32)}),
        ("log_mel", {"bands": ["16"], "hop_length": "256"}, {"bands": (16,), "hop_length": 256}),
        ("timbre", {"target": "0", "alpha": "0.1"}, {"target": 0, "alpha": 0.1}),
        ("jnd", {"layer_weights": np.ones(14)}, {}),
    ],
)
def test_options_of_each_loss_are_taken_as_what_they_mean(name, given, meant):
    assert make_loss(name, **given)(*_pair(1)) == make_loss(name, **meant)(*_pair(1))


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("pmsqe", "excerpts", "no"),
        ("bark", "log_factor", "ten"),
        ("masking", "gamma", "nan"),
        ("masking", "bands", "16"),
        ("log_mel", "frame_length", 512.0),
        ("timbre", "alpha", [0.1]),
        ("codec", "network_in_state", 1),
    ],
)
def test_options_that_mean_nothing_are_named(name, option, value):
    with pytest.raises(ValueError, match=f"^{option}"):
        make_loss(name, **{option: value})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", LOSSES)
def test_cuda_equals_cpu(name):
    estimate, reference = _pair(1)
    value = make_loss(name)(estimate, reference).item()
    found = make_loss(name).to("cuda")(estimate.cuda(), reference.cuda())
    assert found.device.type == "cuda"
    assert found.item() == pytest.approx(value, rel=1e-3)


def test_options_of_the_masking_chapters_losses_reach_them():
    assert make_loss("masking", gamma=0.4, bands=(32,), sample_rate=44100).model.sample_rate == 44100
    assert make_loss("log_mel", bands=(16, 32, 64)).bands == (16, 32, 64)
    assert make_loss("pmsqe", sample_rate=8000).sample_rate == 8000
    with pytest.raises(ValueError, match=r"sample_rate is one of 16000, 8000; found 44100"):
        make_loss("pmsqe", sample_rate=44100)


def test_options_of_the_timbre_loss_reach_it():
    loss = make_loss("timbre", target=1, alpha=0.1, beta=0.2)
    assert (loss.target, loss.alpha, loss.beta) == (1, 0.1, 0.2)
    with pytest.raises(ValueError, match=r"16000 Hz.*44100"):
        make_loss("timbre", sample_rate=44100)


@pytest.mark.parametrize("name", ["codec", "codec_frequency_aware", "codec_time"])
def test_codec_losses_take_their_options_and_refuse_another_rate(name):
    loss = make_loss(name, reduction="none", terms=("prediction",))
    assert loss(torch.zeros(3, 1024), torch.ones(3, 1024)).shape == (3,)
    with pytest.raises(ValueError, match=r"16000 Hz.*44100"):
        make_loss(name, sample_rate=44100)


@pytest.mark.parametrize("name", ["codec", "codec_frequency_aware", "codec_time"])
@pytest.mark.parametrize("weights", ["value", "gradient"])
def test_codec_losses_are_weighed_by_value_or_by_gradient(name, weights):
    """Each term alone, on the pairs of the calibration: all have one value, or gradients of one norm."""
    pair = _pair(2)
    loss = make_loss(name).calibrate(*pair, weights=weights)
    assert loss(*pair).item() == pytest.approx(1, rel=1e-4)
    alike = []
    for term in loss.TERMS:
        alone = make_loss(name, terms=(term,), reduction="sum")
        alone.load_state_dict(loss.state_dict())
        leaf = pair[0].clone().requires_grad_()
        value = alone(leaf, pair[1])
        value.backward()
        alike.append(value.item() if weights == "value" else leaf.grad.norm(dim=-1).mean().item())
    assert alike == pytest.approx([alike[0]] * len(alike), rel=1e-3)
    with pytest.raises(ValueError, match="weights is one of 'value', 'gradient'; found 'level'"):
        loss.calibrate(*pair, weights="level")


def test_the_jnd_loss_is_the_scratch_metric_unless_another_is_asked_for():
    pair = _pair(1)
    assert make_loss("jnd")(*pair) == JNDLoss.released("scratch")(*pair)
    assert make_loss("jnd", metric="linear")(*pair) == JNDLoss.released("linear")(*pair)
    with pytest.raises(ValueError, match=r"22050 Hz.*16000"):
        make_loss("jnd", sample_rate=16000)


def test_unknown_name_and_option_are_told():
    with pytest.raises(ValueError, match=r"no loss 'brak'.*Did you mean 'bark'.*bark_corrected"):
        make_loss("brak")
    with pytest.raises(ValueError, match=r"no loss 'maskin'.*Did you mean 'masking'"):
        make_loss("maskin")
    for name in LOSSES:
        with pytest.raises(ValueError, match="does not take these options"):
            make_loss(name, sampling=3)
