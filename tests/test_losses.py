"""The one roof over all losses, and what every loss under it promises."""

import copy
import math

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
