"""MaskingLoss, LogMelLoss and PMSQE against their formulas one band at a time, and the contract of every loss."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from masking_loss import plain_losses
from paper_code.audio import synthesiser
from paper_code.hearing import MaskingModel
from paper_code.masking_loss.loss import LogMelLoss, MaskingLoss
from paper_code.masking_loss.mel import mel_filters
from paper_code.masking_loss.pmsqe import PMSQE
from paper_code.masking_loss.pmsqe_bands import BANDS, NARROWBAND

RATE = 16000
LOSSES = {"masking": MaskingLoss, "log mel": LogMelLoss, "pmsqe": PMSQE}


def _noise(like: Tensor, seed: int = 0) -> Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _pair(batch: int = 2, time: int = 3000, noise: float = 0.02) -> tuple[Tensor, Tensor]:
    """Noisy and clean made-up speech, [batch, time] in float32."""
    speech = synthesiser.speech_like(1.0, RATE, 0).waveform[4000:]
    clean = speech.unfold(0, time, 1500)[:batch].contiguous()
    return (clean + noise * _noise(clean).float()).clone(), clean.clone()


# The formulas


def _plain_masking(estimate: Tensor, reference: Tensor, **options) -> float:
    model = MaskingModel()
    thresholds = model.threshold(model.spectrum(reference.double()).abs().square(), torch.float64).numpy()
    return plain_losses.masking_loss(estimate.double().numpy(), reference.double().numpy(), thresholds, **options)


@pytest.mark.parametrize("options", [{}, {"bands": (32, 64)}, {"gamma": 0.0}, {"gamma": 2.0}])
def test_masking_loss_is_its_equations(options):
    estimate, reference = _pair()
    expected = [_plain_masking(e, r, **options) for e, r in zip(estimate, reference, strict=True)]
    assert min(expected) > 1
    found = MaskingLoss(**options, reduction="none")(estimate, reference)
    assert found.tolist() == pytest.approx(expected, rel=1e-5)
    exact = MaskingLoss(**options, reduction="none").double()(estimate.double(), reference.double())
    assert exact.tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("bands", [(8, 16, 32, 128), (16, 32, 64)])
def test_log_mel_loss_is_its_equations(bands):
    estimate, reference = _pair()
    pairs = zip(estimate.double().numpy(), reference.double().numpy(), strict=True)
    expected = [plain_losses.log_mel_loss(e, r, bands) for e, r in pairs]
    assert LogMelLoss(bands=bands, reduction="none")(estimate, reference).tolist() == pytest.approx(expected, rel=1e-5)
    assert LogMelLoss().bands == (8, 16, 32, 128)
    assert LogMelLoss.three_scales(reduction="sum").bands == (16, 32, 64)


@pytest.mark.parametrize("sample_rate", [16000, 8000])
@pytest.mark.parametrize("noise", [0.001, 0.02, 0.2])
def test_pmsqe_is_its_equations(sample_rate, noise):
    estimate, reference = _pair(noise=noise)
    pairs = zip(estimate.double().numpy(), reference.double().numpy(), strict=True)
    expected = [plain_losses.pmsqe(e, r, sample_rate) for e, r in pairs]
    found = PMSQE(sample_rate, reduction="none")(estimate, reference)
    assert found.tolist() == pytest.approx(expected, rel=2e-4)
    exact = PMSQE(sample_rate, reduction="none").double()(estimate.double(), reference.double())
    assert exact.tolist() == pytest.approx(expected, rel=1e-5)


def test_pmsqe_bands():
    assert len(BANDS) == 49
    assert len(NARROWBAND) == 42
    assert [line for band in BANDS for line in range(band.first, band.last + 1)] == list(range(256))
    assert NARROWBAND[-1].last == 127
    assert sum(band.width for band in BANDS) == pytest.approx(21.335652, abs=1e-6)


@pytest.mark.parametrize(("bands", "empty"), [(8, 0), (16, 0), (32, 0), (64, 0), (128, 13)])
def test_mel_filters(bands, empty):
    filters = mel_filters(bands, 257, RATE)
    assert filters.numpy() == pytest.approx(plain_losses.triangles(bands), abs=1e-12)
    assert int((filters.sum(1) == 0).sum()) == empty
    assert filters.max() == 1
    if bands == 64:
        assert filters[0].nonzero().tolist() == [[0]]


@pytest.mark.parametrize(("bands", "lines"), [(0, 257), (16, 1)])
def test_mel_filters_refuse(bands, lines):
    with pytest.raises(ValueError, match="At least 1 band and 2 lines"):
        mel_filters(bands, lines, RATE)


# What the losses mean


def test_noise_below_the_threshold_costs_nothing():
    estimate, reference = _pair(noise=1e-7)
    assert not torch.equal(estimate, reference)
    assert MaskingLoss()(estimate, reference).item() == 0.0
    assert LogMelLoss()(estimate, reference).item() > 0


def test_ten_times_the_noise_is_20_decibels_more_in_each_band_above():
    estimate, reference = (signal.double() for signal in _pair(noise=0.02))
    loss = MaskingLoss()
    once, weights = loss.excess(estimate, reference)
    louder, same = loss.excess(reference + 10 * (estimate - reference), reference)
    assert once.shape == weights.shape == (2, 11, 112)
    above = once > 0
    assert 0.3 < above.double().mean() < 1
    assert louder[above].numpy() == pytest.approx(once[above].numpy() + 20, abs=1e-6)
    assert torch.equal(weights, same)


def test_weights_reach_one_in_each_scale_and_gamma_bends_them():
    estimate, reference = _pair()
    weights = {gamma: MaskingLoss(gamma=gamma).excess(estimate, reference)[1] for gamma in (0.0, 0.8, 1.6)}
    assert (weights[0.0] == 1).all()
    assert torch.allclose(weights[0.8].square(), weights[1.6], atol=1e-6)
    for scale in weights[0.8].split((16, 32, 64), dim=-1):
        assert (scale.amax(-1) == 1).all()
        assert scale.min() < 0.7


def test_noise_in_silence_is_not_free():
    silence = torch.zeros(1, 1024)
    noise = 0.01 * _noise(silence).float()
    loss = MaskingLoss(reduction="none")
    excess, weights = loss.excess(noise, silence)
    assert (weights == 1).all()
    assert loss(noise, silence).item() == pytest.approx(excess.sum(-1).mean().item() / 3, rel=1e-6)
    assert loss(noise, silence).item() > 100


def test_threshold_and_weights_carry_no_gradient():
    estimate, reference = (signal.requires_grad_() for signal in _pair())
    gradients = torch.autograd.grad(MaskingLoss()(estimate, reference), (estimate, reference))
    assert gradients[0].abs().max() > 0
    assert torch.allclose(gradients[0], -gradients[1], rtol=1e-5)


def test_doubling_the_level_moves_log_mel_by_log_4():
    _, reference = _pair()
    loud = 0.1 * _noise(reference).float()
    assert LogMelLoss.three_scales()(2 * loud, loud).item() == pytest.approx(math.log(4), abs=1e-4)


def test_pmsqe_hears_no_gain():
    estimate, reference = _pair()
    loss = PMSQE()
    value = loss(estimate, reference).item()
    assert loss(0.25 * estimate, reference).item() == pytest.approx(value, rel=1e-4)
    assert loss(0.5 * reference, reference).item() == pytest.approx(loss(reference, reference).item(), abs=1e-4)


def test_pmsqe_of_excerpts_is_that_of_the_whole_they_were_cut_from():
    estimate, reference = _pair(1, time=512 + 256 * 9)
    cut = [signal[0].unfold(-1, 512, 256) for signal in (estimate, reference)]
    expected = plain_losses.pmsqe(estimate[0].double().numpy(), reference[0].double().numpy())
    assert PMSQE(excerpts=True)(*cut).item() == pytest.approx(expected, rel=2e-4)


def test_a_pause_among_excerpts_is_not_brought_to_the_level_of_speech():
    estimate, reference = _pair(4)
    quiet = torch.tensor([1.0, 1e-3, 1e-3, 1e-3]).unsqueeze(-1)
    reference = quiet * reference
    estimate = reference + 3e-4 * _noise(reference)
    one_by_one, together = (PMSQE(excerpts=excerpts)(estimate, reference).item() for excerpts in (False, True))
    assert together < 0.5 * one_by_one


def test_pmsqe_of_magnitudes_is_another_number():
    """The usual mistake: magnitudes in place of powers."""
    loss = PMSQE(reduction="none")
    estimate, reference = _pair(noise=0.01)
    powers = [loss.power_spectrum(signal) for signal in (estimate, reference)]
    wrong = loss.from_power(*(power.sqrt() for power in powers))
    expected = [
        plain_losses.pmsqe(e, r, square=False)
        for e, r in zip(estimate.double().numpy(), reference.double().numpy(), strict=True)
    ]
    assert wrong.tolist() == pytest.approx(expected, rel=2e-4)
    right = loss.from_power(*powers)
    assert torch.equal(right, loss(estimate, reference))
    assert ((wrong - right).abs() > 0.1 * right).all()


# The contract


@pytest.mark.parametrize("name", LOSSES)
def test_more_noise_costs_more_and_equal_signals_least(name):
    loss = LOSSES[name]()
    _, reference = _pair()
    noise = _noise(reference).float()
    values = [loss(reference + level * noise, reference).item() for level in (0, 0.003, 0.01, 0.03, 0.1)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0, abs=1e-3)
    assert values[1] > 10 * values[0]


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_is_that_of_finite_differences(name):
    loss = LOSSES[name]().double()
    estimate, reference = (signal.double() for signal in _pair(batch=1, time=900))
    estimate.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(estimate, reference), estimate)
    for seed in range(3):
        direction = _noise(estimate, seed + 10)
        ends = [loss((estimate + step * direction).detach(), reference).item() for step in (1e-8, -1e-8)]
        slope = (ends[0] - ends[1]) / 2e-8
        assert slope == pytest.approx((gradient * direction).sum().item(), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_has_finite_values_and_gradients(name, dtype):
    loss = LOSSES[name]()
    signal = _pair()[1].to(dtype)
    silence, whisper = torch.zeros_like(signal), 1e-9 * signal
    for estimate, reference in ((silence, signal), (signal, silence), (silence, silence), (whisper, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert math.isfinite(value.item())
        assert torch.isfinite(gradient).all()
    assert loss(silence, silence).item() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_leading_axes_reductions_and_independent_items(name):
    estimate, reference = (signal.reshape(2, 2, -1) for signal in _pair(batch=4))
    each = LOSSES[name](reduction="none")(estimate, reference)
    assert each.shape == (2, 2)
    assert LOSSES[name]()(estimate, reference).item() == pytest.approx(each.mean().item(), rel=1e-6)
    assert LOSSES[name](reduction="sum")(estimate, reference).item() == pytest.approx(each.sum().item(), rel=1e-6)
    alone = LOSSES[name]()(estimate[1, 0], reference[1, 0])
    assert alone.item() == pytest.approx(each[1, 0].item(), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_and_half_precision_are_computed_in_single(name, dtype):
    loss = LOSSES[name]()
    estimate, reference = (signal.to(dtype) for signal in _pair())
    expected = loss(estimate.float(), reference.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        leaf = estimate.clone().requires_grad_()
        found = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(found, leaf)
    assert (found.dtype, found.item()) == (torch.float32, expected.item())
    assert gradient.dtype == dtype
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", LOSSES)
def test_moves_and_copies(name):
    loss = LOSSES[name]()
    estimate, reference = _pair()
    value = loss(estimate, reference).item()
    assert copy.deepcopy(loss)(estimate, reference).item() == value
    assert loss.double()(estimate.double(), reference.double()).item() == pytest.approx(value, rel=1e-4)
    assert all(buffer.device.type == "meta" for buffer in loss.to("meta").buffers())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", LOSSES)
def test_cuda_equals_cpu(name):
    estimate, reference = _pair()
    value = LOSSES[name]()(estimate, reference).item()
    assert LOSSES[name]().cuda()(estimate.cuda(), reference.cuda()).item() == pytest.approx(value, rel=1e-4)


BAD = {
    "unequal": (torch.zeros(1, 600), torch.zeros(1, 601), {}, "same shape"),
    "no samples": (torch.zeros(1, 0), torch.zeros(1, 0), {}, "at least one sample"),
    "short": (torch.zeros(1, 511), torch.zeros(1, 511), {}, "512 samples is needed; found 511"),
    "integers": (torch.zeros(600, dtype=torch.int16), torch.zeros(600, dtype=torch.int16), {}, "floating-point"),
    "nan": (torch.full((600,), math.nan), torch.zeros(600), {}, "estimate .* not finite"),
    "infinity": (torch.zeros(600), torch.full((600,), math.inf), {}, "reference .* not finite"),
    "rate": (torch.zeros(600), torch.zeros(600), {"sample_rate": 44100}, "16000 Hz.*44100 Hz"),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("case", BAD)
def test_bad_signals_are_refused(name, case):
    estimate, reference, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        LOSSES[name]()(estimate, reference, **options)


def test_reference_far_over_full_scale_is_refused():
    with pytest.raises(ValueError, match="Divide 16-bit samples"):
        MaskingLoss()(torch.zeros(600), torch.full((600,), 3000.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaskingLoss(gamma=-1), "gamma"),
        (lambda: MaskingLoss(bands=()), "bands"),
        (lambda: MaskingLoss(bands=(16, 0)), "bands"),
        (lambda: MaskingLoss(reduction="max"), "reduction"),
        (lambda: MaskingLoss(sample_rate=44100, model=MaskingModel()), "model hears 16000 Hz"),
        (lambda: LogMelLoss(bands=16), "bands"),
        (lambda: LogMelLoss(hop_length=513), "hop_length"),
        (lambda: LogMelLoss(sample_rate=0), "sample_rate"),
        (lambda: PMSQE(44100), "sample_rate is one of 16000, 8000"),
        (lambda: PMSQE(reduction="max"), "reduction"),
    ],
)
def test_unknown_options_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_model_of_its_own_changes_the_threshold():
    estimate, reference = _pair()
    port = MaskingLoss(model=MaskingModel.laboratory_port())
    assert port(estimate, reference).item() != pytest.approx(MaskingLoss()(estimate, reference).item(), rel=1e-3)
    other = MaskingLoss(sample_rate=44100)
    assert other.model.sample_rate == 44100
    assert np.isfinite(other(estimate, reference, sample_rate=44100).item())
