"""The timbre loss: its two readings against their equations, its contract, and its release."""

import copy
import math

import pytest
import torch
from torch import Tensor

from paper_code.lab import weights as files
from paper_code.lab.files import write_json
from paper_code.lab.store import PROVENANCE, StoreError
from paper_code.lab.weights import WeightsError
from paper_code.timbre_loss import masks, release, training, weights
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.loss import TimbreLoss
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.spectrograms import log_spectrogram

SAMPLES = 16_000


def _network() -> ScoringNetwork:
    """An untrained network does for most of what is tested; its statistics are moved off 0 and 1."""
    torch.manual_seed(0)
    network = ScoringNetwork(2)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
    return network


def _loss(**options: object) -> TimbreLoss:
    return TimbreLoss(_network(), **options)


def _pair(batch: int = 2, samples: int = SAMPLES) -> tuple[Tensor, Tensor]:
    reference, noise = 0.1 * torch.randn(2, batch, samples, generator=torch.Generator().manual_seed(0))
    return (reference + reference.roll(1, -1)) / 2 + 0.1 * noise, reference


WAYS = {"class": {}, "first": {"target": 0, "alpha": 1e-3, "beta": 2e-3}, "second": {"target": 1}}


def test_without_a_target_it_is_the_squared_difference_of_scores():
    loss, (estimate, reference) = _loss(reduction="none"), _pair(3)
    network = _network().eval()
    for ours, theirs, value in zip(estimate, reference, loss(estimate, reference), strict=True):
        difference = network(log_spectrogram(ours)[None]) - network(log_spectrogram(theirs)[None])
        assert value.item() == pytest.approx(difference.item() ** 2, rel=1e-3)


def test_without_a_target_only_the_references_class_counts():
    """A reference moved by some frames keeps its score, but for its ends; its waveform has nothing in common."""
    loss, (estimate, reference) = _loss(), _pair()
    moved = reference.roll(10 * 160, -1)
    assert loss(moved, reference).item() < 0.1 * loss(estimate, reference).item()


@pytest.mark.parametrize("target", [0, 1])
def test_with_a_target_it_is_the_papers_objective_written_as_a_loop(target):
    alpha, beta = 3e-3, 5e-3
    loss, (estimate, reference) = _loss(target=target, alpha=alpha, beta=beta, reduction="none"), _pair()
    network = _network().eval()
    for ours, theirs, value in zip(estimate, reference, loss(estimate, reference), strict=True):
        mask = (log_spectrogram(ours) - log_spectrogram(theirs)).double()
        score = network(log_spectrogram(ours)[None]).item()
        mean = mask.sum() / mask.numel()
        expected = abs(score - target) + alpha * (mask**2).mean() + beta * ((mask - mean) ** 2).mean()
        assert value.item() == pytest.approx(expected.item(), rel=1e-4)


def test_with_a_target_it_is_the_objective_of_the_masks():
    loss, (estimate, reference) = _loss(target=0, alpha=1e-2, beta=1e-3, reduction="none"), _pair()
    ours, theirs = log_spectrogram(estimate), log_spectrogram(reference)
    expected = masks.objective(_network().eval(), theirs, ours - theirs, 1e-2, 1e-3)
    assert torch.allclose(loss(estimate, reference), expected)


def test_a_gain_costs_its_square_and_has_no_variance():
    """6 dB more on every cell: alpha * 36.25, and beta times nothing."""
    (_, reference), gain = _pair(1), 20 * math.log10(2)
    score = _loss(target=0)(2 * reference, reference).item()
    whole = _loss(target=0, alpha=0.1, beta=10.0)(2 * reference, reference).item()
    assert whole - score == pytest.approx(0.1 * gain**2, rel=1e-2)


def test_scores_are_the_networks():
    loss, (estimate, _) = _loss(), _pair()
    assert torch.allclose(loss.score(estimate), _network().eval()(log_spectrogram(estimate)))
    assert loss.score(estimate[0]).shape == ()
    assert loss.score(estimate.reshape(2, 1, -1)).shape == (2, 1)


def test_equal_signals_are_the_minimum_without_a_target():
    loss, (estimate, reference) = _loss(), _pair()
    assert loss(reference, reference).item() == 0
    assert loss(estimate, reference).item() > 0


@pytest.mark.parametrize("way", WAYS)
def test_the_network_is_frozen_and_stays_in_evaluation_mode(way):
    loss, pair = _loss(**WAYS[way]), _pair()
    before = copy.deepcopy(dict(loss.named_parameters()) | dict(loss.named_buffers()))
    first = loss(*pair).item()
    torch.nn.Sequential(loss).train()
    assert not any(module.training for module in loss.modules())
    assert not any(weight.requires_grad for weight in loss.parameters())
    estimate = pair[0].clone().requires_grad_()
    loss(estimate, pair[1]).backward()
    assert all(weight.grad is None for weight in loss.parameters())
    assert loss(*pair).item() == first
    assert all(torch.equal(value, before[name]) for name, value in (*loss.named_parameters(), *loss.named_buffers()))


@pytest.mark.parametrize("way", WAYS)
def test_the_gradient_leads_downhill(way):
    loss, (estimate, reference) = _loss(**WAYS[way]).double(), (x.double() for x in _pair())
    leaf = estimate.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, reference), leaf)
    step = 1e-6 * estimate.norm() * gradient / gradient.norm()
    expected = (gradient * step).sum().item()
    found = (loss(estimate + step, reference) - loss(estimate - step, reference)).item() / 2
    assert found == pytest.approx(expected, rel=0.05)


def test_descent_brings_a_sound_to_the_class_of_another():
    """The released network, from noise of one colour towards the score of another."""
    loss = TimbreLoss.pretrained()
    estimate, reference = _pair(1)
    leaf = estimate.clone().requires_grad_()
    start = loss(leaf, reference).item()
    optimiser = torch.optim.Adam([leaf], lr=1e-3)
    for _ in range(8):
        optimiser.zero_grad()
        loss(leaf, reference).backward()
        optimiser.step()
    assert loss(leaf, reference).item() < 0.3 * start


@pytest.mark.parametrize("way", WAYS)
def test_silence_has_finite_values_and_gradients(way):
    loss, (_, signal) = _loss(**WAYS[way]), _pair()
    silence = torch.zeros_like(signal)
    for estimate, reference in ((silence, signal), (signal, silence), (silence, silence)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert math.isfinite(value.item())
        assert gradient.isfinite().all()


@pytest.mark.parametrize("way", WAYS)
def test_leading_axes_and_reductions(way):
    estimate, reference = (x.reshape(2, 2, -1) for x in _pair(4))
    each = _loss(reduction="none", **WAYS[way])(estimate, reference)
    assert each.shape == (2, 2)
    assert _loss(**WAYS[way])(estimate, reference).item() == pytest.approx(each.mean().item(), rel=1e-5)
    assert _loss(reduction="sum", **WAYS[way])(estimate, reference).item() == pytest.approx(each.sum().item(), rel=1e-5)
    alone = _loss(reduction="none", **WAYS[way])(estimate[1, 0], reference[1, 0])
    assert alone.shape == ()
    assert alone.item() == pytest.approx(each[1, 0].item(), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_and_autocast_are_compared_in_single(dtype):
    loss, (estimate, reference) = _loss(), (x.to(dtype) for x in _pair())
    expected = loss(estimate.float(), reference.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, reference)
    value.backward()
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert leaf.grad.isfinite().all()


def test_the_reference_gets_no_gradient_without_a_target():
    estimate, reference = (x.requires_grad_() for x in _pair())
    _loss()(estimate, reference).backward()
    assert estimate.grad.abs().max() > 0
    assert reference.grad is None


BAD = {
    "shapes": (torch.zeros(1, 4096), torch.zeros(2, 4096), "same shape"),
    "lengths": (torch.zeros(1, 4096), torch.zeros(1, 4097), "same shape"),
    "empty": (torch.zeros(0, 4096), torch.zeros(0, 4096), "at least one sample"),
    "integers": (torch.zeros(1, 4096).long(), torch.zeros(1, 4096).long(), "floating-point"),
    "nan": (torch.full((1, 4096), math.nan), torch.zeros(1, 4096), "estimate .* not finite"),
    "infinity": (torch.zeros(1, 4096), torch.full((1, 4096), math.inf), "reference .* not finite"),
    "short": (torch.zeros(1, 3999), torch.zeros(1, 3999), "at least 4000 samples, 0.25 s.*no timbre; found 3999"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_signals_are_refused(case):
    estimate, reference, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        _loss()(estimate, reference)


def test_a_quarter_of_a_second_is_enough():
    estimate, reference = _pair(1, 4000)
    assert math.isfinite(_loss()(estimate, reference).item())


def test_another_rate_is_refused():
    with pytest.raises(ValueError, match=r"16000 Hz.*44100 Hz"):
        _loss()(*_pair(), sample_rate=44100)
    with pytest.raises(ValueError, match=r"16000 Hz.*8000 Hz"):
        _loss(sample_rate=8000)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction": "max"}, "reduction is one of"),
        ({"target": 2}, "target is one of None, 0, 1; found 2"),
        ({"alpha": 0.1}, "alpha and beta .* need a target"),
        ({"beta": 0.1}, "alpha and beta .* need a target"),
        ({"target": 0, "alpha": math.nan}, "alpha is a finite number"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        _loss(**options)


def test_options_are_shown():
    assert "sample_rate=16000, target=0, alpha=0.5, beta=0.0, reduction='sum'" in repr(
        _loss(target=0, alpha=0.5, reduction="sum")
    )


def test_the_released_network_scores_with_few_parameters():
    loss = TimbreLoss.pretrained(target=1, reduction="none")
    assert weights.KIND.released("cellos").stat().st_size < 100_000
    scores = loss.score(_pair()[0])
    assert ((scores > 0) & (scores < 1)).all()
    assert weights.released("cellos")[1]["pair"] == "cellos"
    with pytest.raises(WeightsError, match=r"timbre_loss_violins\.safetensors.*timbre_loss\.release"):
        TimbreLoss.pretrained("violins")


@pytest.fixture
def result(tmp_path):
    """A result folder with what a training leaves, on noise, and the record that the lab writes."""
    folder = tmp_path / "cellos" / "smoke-seed0"
    config = TimbreConfig(profile="smoke", seed=0, pair="cellos", width=2, steps=2, batch=2, second=True)
    noise = torch.randn(4, 2, 257, 298, generator=torch.Generator().manual_seed(0))
    tensors = {}
    for again, name in enumerate((weights.FIRST, weights.SECOND)):
        network, _ = training.train_network(config, noise, again, torch.device("cpu"), progress=False)
        tensors |= weights.named(network, name)
    files.keep(folder, weights.KIND, tensors, config)
    made = {"code": {"commit": "abc", "sha256": ""}, "files": {}}
    record = {"config": config.as_dict(), "hash": config.hash, "profile": "smoke", "seed": 0}
    write_json(folder / PROVENANCE, {**record, "trained": made, "measured": made})
    return folder, config


def test_the_first_network_of_a_result_is_released_as_it_is(result, tmp_path, monkeypatch):
    folder, config = result
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    file = release.release(folder)
    assert file == tmp_path / "timbre_loss_cellos.safetensors"
    found, about = weights.released("cellos")
    kept = weights.kept(folder)
    assert set(kept) == {"network", "judge"}
    assert all(torch.equal(value, kept["network"].state_dict()[name]) for name, value in found.state_dict().items())
    assert not any(name.startswith("judge") for name in files.read(file, weights.KIND)[0])
    wanted = {"pair": "cellos", "width": 2, "config_hash": config.hash, "profile": "smoke", "code": "abc"}
    assert about == wanted
    loss = TimbreLoss.pretrained()
    sound = _pair()[0]
    assert torch.equal(loss.score(sound), kept["network"](log_spectrogram(sound)))


def test_the_command_tells_what_is_no_result(result, tmp_path, monkeypatch, capsys):
    folder, _ = result
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    assert files.command(release.release, None, [str(folder)]) == 0
    (folder / files.WEIGHTS).unlink()
    assert files.command(release.release, None, [str(folder)]) == 1
    assert "there is no file of weights" in capsys.readouterr().err
    with pytest.raises(StoreError):
        release.release(tmp_path)
