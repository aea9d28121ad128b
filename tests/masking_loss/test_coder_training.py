"""Training of a coder: its total, the order of its parts, the control of its rate, and a resume that changes nothing."""

import dataclasses
import itertools
import math
import signal

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech, tiny
from paper_code.audio import synthesiser
from paper_code.lab.config import ConfigError
from paper_code.lab.material import Material
from paper_code.lab.training import seed_all
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder import bitstream, training
from paper_code.masking_loss.coder.framing import analysed, completed, overlap_added, run_length
from paper_code.masking_loss.coder.objective import TotalLoss, squared_error
from paper_code.masking_loss.coder.quantiser import k_means
from paper_code.masking_loss.coder.rate_control import Best, RateControl, widening
from paper_code.masking_loss.configs import LOSSES, RATES, SIZES, CoderConfig, kilobits, require_rate, sized
from paper_code.metrics.distortion import signal_to_noise_ratio

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def quick(tmp_path_factory, monkeypatch):
    """Quick sounds, and folders of the test's own."""
    folder = tmp_path_factory.mktemp("speech")
    monkeypatch.setattr(stimuli, "FOLDER", folder / "speech")
    monkeypatch.setattr(training, "WARM_UPS", folder / "warm-ups")
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)


def _trained(config: CoderConfig, folder) -> training.Trained:
    seed_all(config.seed)
    return training.train(config, folder, CPU, progress=False)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _interrupted(config: CoderConfig, folder, step: int) -> None:
    """Train, and press Ctrl-C while the sounds of a step (from 1, through both parts) are fetched."""
    fetch, calls = Material.random, []

    def random(self, generator, count, length, *names):
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return fetch(self, generator, count, length, *names)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores Ctrl-C
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Material, "random", random)
            with pytest.raises(KeyboardInterrupt):
                _trained(config, folder)
    finally:
        signal.signal(signal.SIGINT, before)


def _require_same(whole: training.Trained, again: training.Trained, rates_missing: bool = False) -> None:
    """Weights, losses, choice and curves. rates_missing: a warm-up notes NaN in their place."""
    for name, value in whole.coder.state_dict().items():
        assert torch.equal(value, again.coder.state_dict()[name]), name
    assert whole.history["loss"] == again.history["loss"]
    assert (whole.chosen, whole.kilobits) == (again.chosen, again.kilobits)
    for name in whole.recorder.names():
        assert np.array_equal(whole.recorder.array(name), again.recorder.array(name), equal_nan=rates_missing), name


@pytest.mark.parametrize("fetches", [2, 4, 7])  # the second step of the warm-up; k-means; after a look at the rate
def test_a_resumed_training_equals_an_unbroken_one(fetches, tmp_path, monkeypatch):
    config = tiny("log_mel", bitrate=6.0, iterations=5)
    whole = _trained(config, tmp_path / "whole")
    monkeypatch.setattr(training, "WARM_UPS", tmp_path / "other-warm-ups")
    _interrupted(config, tmp_path / "broken", fetches)
    seed_all(99)
    again = training.train(config, tmp_path / "broken", CPU, progress=False)
    _require_same(whole, again, rates_missing=True)
    assert whole.warm_up["loss"] == again.warm_up["loss"]


def _lapped(loss: str = "mse", **changes: object) -> CoderConfig:
    """As short trainings are: from a transform that quantises at once, whose steps follow the rate."""
    fields = {
        "start": "lapped", "fold": 16, "bins": 32, "assignment": "hard", "control": "step", "sharpness": 4.0,
        "warm_up": 0, "alpha_2": 0.0, "alpha_3": 0.1, "rise": 3, "clip": 1.0, "iterations": 5,
    }  # fmt: skip
    return tiny(loss, **{**fields, **changes})


@pytest.mark.parametrize("fetches", [1, 3, 5])  # where bins start; after a look at the rate; the last step
def test_a_training_from_a_transform_resumes_to_the_same(fetches, tmp_path):
    config = _lapped("log_mel", bitrate=9.0)
    whole = _trained(config, tmp_path / "whole")
    _interrupted(config, tmp_path / "broken", fetches)
    seed_all(99)
    again = training.train(config, tmp_path / "broken", CPU, progress=False)
    _require_same(whole, again)
    kept = training.curves(again)
    assert kept["loss"].shape == (5,)
    assert kept["warm_up_seconds"] == 0
    assert not training.WARM_UPS.exists()


def test_a_training_from_a_transform_begins_at_its_rate_and_leaves_silence_alone(tmp_path):
    found = _trained(_lapped(bitrate=9.0, learning_rate=1e-4, rise=0), tmp_path)
    rates = found.recorder.array("kilobits")
    assert rates.tolist() == pytest.approx([9.0] * len(rates), abs=0.3)
    assert found.recorder.array("validated").tolist() == [2, 4, 5]
    assert found.recorder.array("alpha_3").tolist() == pytest.approx([0.1] * 3)
    assert np.min(found.history["entropy"]) > 0
    silence = torch.zeros(2, 512)
    assert torch.equal(found.coder.synthesise(found.coder.symbols(silence)), silence)
    assert found.coder.quantiser.bins[16] == 0


def test_steps_widen_by_half_of_what_would_bring_the_rate_back():
    assert widening(0.0) == 1
    assert widening(1.0) == pytest.approx(math.exp(0.05))
    assert widening(-1.0) == pytest.approx(1 / widening(1.0))
    assert widening(50.0) == widening(2.0) == pytest.approx(math.exp(0.1))
    assert widening(-50.0) == widening(-2.0)
    # of many even bins, the rate falls by log2 of the factor for each symbol
    assert 0.5 < kilobits(math.log2(widening(1.0))) < 0.7


def test_the_rate_is_controlled_by_steps_or_by_the_entropys_weight():
    for config, moves in ((_lapped(bitrate=9.0), "bins"), (_lapped(bitrate=9.0, control="entropy"), "alpha_3")):
        work, control = training._Work(config, CPU), RateControl(config)
        training._start_quantiser(work)
        bins, temperature = work.coder.quantiser.bins.detach().clone(), work.coder.quantiser.temperature.item()
        before = work.rate(0)
        assert before == pytest.approx(9.0, abs=0.2)
        training._control(work, control, 10.5)
        factor = math.exp(1.5 / 20) if moves == "bins" else 1.0
        assert torch.allclose(work.coder.quantiser.bins, factor * bins)
        assert work.coder.quantiser.temperature.item() == pytest.approx(temperature / factor)
        assert control.alpha_3 == pytest.approx(0.1 if moves == "bins" else 0.125)
        assert (work.rate(1) < before - 0.3) == (moves == "bins")


def test_the_start_clears_what_the_optimiser_remembers():
    work = training._Work(_lapped(bitrate=9.0), CPU)
    loss = TotalLoss(work.config)
    work.step(loss, 0, 0.0)
    assert work.optimiser.state
    training._start_quantiser(work)
    assert not work.optimiser.state


def test_a_gradient_is_no_longer_than_the_clip():
    lengths = []
    for clip in (0.0, 0.01, 1e6):
        work = training._Work(_lapped(bitrate=9.0, clip=clip), CPU)
        training._start_quantiser(work)
        work.step(TotalLoss(work.config), 0, 0.1)
        gradients = [values.grad for values in work.coder.parameters() if values.grad is not None]
        lengths.append(math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients)))
    assert lengths[0] > 0.1
    assert lengths[1] == pytest.approx(0.01, rel=1e-3)
    assert lengths[2] == pytest.approx(lengths[0], rel=1e-6)


def test_the_learning_rate_rises_at_first():
    plain = tiny(learning_rate=2e-4, last_rate=1e-4, warm_up=3, iterations=6)
    rising = plain.replace(rise=4)
    shares = [training.learning_rate(rising, i) / training.learning_rate(plain, i) for i in range(9)]
    assert shares == pytest.approx([0.25, 0.5, 0.75] + 6 * [1])


def test_the_warm_up_does_not_quantise_and_what_follows_does(tmp_path):
    found = _trained(tiny("masking", bitrate=6.0), tmp_path)
    for name in ("penalty", "entropy"):
        assert not np.any(found.warm_up[name])
        assert np.min(found.history[name]) > 0
    assert (len(found.warm_up["loss"]), len(found.history["loss"])) == (3, 4)
    assert found.recorder.array("validated").tolist() == [2, 3, 5, 7]
    rates = found.recorder.array("kilobits")
    assert np.isnan(rates[:2]).all()
    assert (rates[2:] > 0).all()
    assert found.coder.quantiser.on


def test_the_first_step_after_the_warm_up_has_bins_from_k_means(tmp_path, monkeypatch):
    config, seen = tiny(temperature=50.0), []
    step = training._Work.step

    def watched(self, loss, number, alpha_3):
        if number == config.warm_up:
            seen.append((self.coder.quantiser.bins.detach().clone(), self.coder.quantiser.temperature.item()))
            frames = self.frames(config.start_frames, training.START, 0)
            with torch.no_grad():
                seen.append(self.coder.encode(frames).double().flatten().numpy())
        return step(self, loss, number, alpha_3)

    monkeypatch.setattr(training._Work, "step", watched)
    _trained(config, tmp_path)
    (bins, temperature), codes = seen
    assert len(codes) == 16 * 256
    assert np.allclose(bins, k_means(codes, 8), atol=1e-5)
    assert temperature == 50


def test_the_first_loss_is_the_squared_error_of_completed_signals(tmp_path):
    config = tiny()
    found = _trained(config, tmp_path)
    material = stimuli.material("train", synthetic=True)
    (sound,) = material.random(np.random.default_rng([0, training.STEPS, 0]), 2, run_length(2), "speech")
    coder = training.make_coder(config)
    with torch.no_grad():
        estimate = completed(overlap_added(coder.unquantised(analysed(sound)))).numpy()
    reference = completed(sound).numpy()
    assert estimate.shape == (2, 512)
    expected = 60 * np.sqrt(((estimate - reference) ** 2).mean(-1)).mean()
    assert found.warm_up["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_coders_of_one_loss_share_their_warm_up_whatever_their_rate(tmp_path, monkeypatch):
    counted = []
    step = training._Work.step
    monkeypatch.setattr(
        training._Work, "step", lambda self, loss, number, a: (counted.append(number), step(self, loss, number, a))[1]
    )
    first = _trained(tiny(bitrate=6.0), tmp_path / "6")
    assert counted == list(range(7))
    counted.clear()
    second = _trained(tiny(bitrate=10.0, alpha_3=0.1), tmp_path / "10")
    assert counted == [3, 4, 5, 6]
    assert first.warm_up["loss"] == second.warm_up["loss"]
    counted.clear()
    _trained(tiny("log_mel"), tmp_path / "log-mel")
    assert counted == list(range(7))


def test_what_the_warm_up_depends_on():
    base = tiny("masking", bitrate=13.0)
    same = [
        {"bitrate": 24.0},
        {"alpha_3": 0.0},
        {"tolerance": 1.0},
        {"relative_step": True},
        {"temperature": 20.0},
        {"sharpness": 5.0},
        {"control": "step"},
        {"assignment": "hard"},
    ]
    other = [{"seed": 1}, {"gamma": 0.0}, {"bands": (16,)}, {"width": 3}, {"iterations": 9}, {"loss": "log_mel"},
             {"alpha_4": 1.0}, {"warm_up": 4}, {"learning_rate": 1e-2},
             {"fold": 2}, {"rise": 2}, {"clip": 1.0}]  # fmt: skip
    for changes in same:
        assert base.replace(**changes).of_the_warm_up().hash == base.of_the_warm_up().hash, changes
    hashes = {base.replace(**changes).of_the_warm_up().hash for changes in ({}, *other)}
    assert len(hashes) == len(other) + 1
    shared = [tiny(loss, warm_up_loss="mse", gamma=g) for loss in ("mse", "pmsqe", "masking") for g in (0.0, 0.8)]
    assert {config.of_the_warm_up().hash for config in shared} == {tiny("mse").of_the_warm_up().hash}
    assert tiny("masking", warm_up_loss="mse").of_the_warm_up().loss == "mse"


def test_squared_errors_are_those_of_a_loop():
    estimate, reference = _noise(2, run_length(3)), _noise(2, run_length(3), seed=1)
    squares = (estimate - reference).double().numpy() ** 2
    frames = [squares[item, 480 * k : 480 * k + 512] for item in range(2) for k in range(3)]
    rooted = np.mean([math.sqrt(frame.mean()) for frame in frames])
    assert squared_error(estimate, reference).item() == pytest.approx(rooted, rel=1e-5)
    printed = np.mean([frame.sum() for frame in frames])
    assert squared_error(estimate, reference, "sum").item() == pytest.approx(printed, rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "log_mel", "pmsqe", "masking"])
def test_the_total_is_equation_7(name):
    config = tiny(name, alpha_4=0.7, alpha_2=3.0)
    loss = TotalLoss(config)
    estimate, reference = _noise(2, run_length(3)), _noise(2, run_length(3), seed=1)
    assignment = torch.softmax(_noise(2, 256, 8), -1)
    total, terms = loss(estimate, reference, assignment, alpha_3=0.4)
    p = assignment.double().reshape(-1, 8).mean(0).numpy()
    assert terms["entropy"].item() == pytest.approx(-(p * np.log2(p)).sum(), rel=1e-4)
    assert terms["penalty"].item() == pytest.approx(assignment.sqrt().sum(-1).mean().item() - 1, rel=1e-4)
    if name == "mse":
        assert terms["perceptual"] == 0
    else:
        assert terms["perceptual"] == loss.perceptual(estimate, reference) > 0
    parts = [60 * terms["squared_error"], 3 * terms["penalty"], 0.4 * terms["entropy"], 0.7 * terms["perceptual"]]
    assert total.item() == pytest.approx(sum(parts).item(), rel=1e-5)
    plain, _ = loss(estimate, reference, None, alpha_3=0.4)
    assert plain.item() == pytest.approx((parts[0] + parts[3]).item(), rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "log_mel", "pmsqe", "masking"])
@pytest.mark.parametrize("reference", [torch.zeros(2, run_length(2)), _noise(2, run_length(2)).sign()])
def test_totals_and_gradients_are_finite_at_silence_and_at_clipping(name, reference):
    estimate = reference.clone().requires_grad_()
    for found in (estimate, estimate + _noise(2, run_length(2))):
        total, _ = TotalLoss(tiny(name))(found, reference, None, 0.0)
        (gradient,) = torch.autograd.grad(total, estimate)
        assert total.isfinite()
        assert gradient.isfinite().all()


def test_pmsqe_takes_a_batch_of_runs_for_one_item():
    assert TotalLoss(tiny("pmsqe")).perceptual.excerpts


@pytest.mark.parametrize("name", ["mse", "masking"])
def test_mixed_precision_trains_alike(name, tmp_path):
    config = tiny(name, width=4, batch=16, warm_up=3, iterations=3, learning_rate=2e-3)
    single, mixed = (
        _trained(config.replace(precision=precision), tmp_path / precision).history.arrays()["loss"]
        for precision in ("float32", "bfloat16")
    )
    assert (single != mixed).all()
    assert mixed == pytest.approx(single, rel=0.02)


def test_perceptual_losses_look_at_the_coders_own_frames():
    model = TotalLoss(tiny("masking", gamma=0.3, bands=(16,))).perceptual
    assert (model.gamma, model.bands, model.model.hop_length) == (0.3, (16,), 480)
    assert TotalLoss(tiny("log_mel", bands=(8, 16))).perceptual.bands == (8, 16)


def test_the_weight_of_the_entropy_follows_the_rate():
    control = RateControl(tiny(bitrate=20.0, alpha_3=0.05))
    seen = []
    for rate in (19.5, 19.5, 19.5, 19.6, 20.4, 20.46, 30.0):
        control.update(rate)
        seen.append(control.alpha_3)
    assert seen == pytest.approx([0.025, 0, 0, 0, 0, 0.025, 0.05])
    assert [control.outside(rate) for rate in (19.0, 19.55, 20, 20.45, 21.45)] == pytest.approx([0.55, 0, 0, 0, 1])
    again = RateControl(tiny(bitrate=20.0))
    again.load_state_dict(control.state_dict())
    assert again.alpha_3 == control.alpha_3


def test_the_entropy_weight_may_move_by_a_share_of_itself():
    control = RateControl(tiny(bitrate=20.0, alpha_3=2.0, alpha_3_step=0.25, relative_step=True))
    seen = []
    for rate in (30.0, 20.5, 20.0, 10.0, 10.0, 10.0):
        control.update(rate)
        seen.append(control.alpha_3)
    assert seen == pytest.approx([2.5, 3.125, 3.125, 2.5, 2.0, 1.6])


def test_a_rate_that_is_on_its_way_is_left_alone():
    control = RateControl(tiny(bitrate=20.0, alpha_3=1.0, alpha_3_step=0.5, lookahead=2.0))
    seen = []
    for rate in (30.0, 26.7, 25.0, 20.0, 20.0):
        control.update(rate)
        seen.append(control.alpha_3)
    assert seen == pytest.approx([1.5, 1.5, 2.0, 1.5, 1.5])  # expected: 30, 20.1, 21.6, 10, 20
    again = RateControl(tiny(bitrate=20.0, alpha_3_step=0.5, lookahead=2.0))
    again.load_state_dict(control.state_dict())
    again.update(21.0)
    control.update(21.0)
    assert again.alpha_3 == control.alpha_3 == 2.0


def test_a_rate_in_the_band_goes_before_less_distortion():
    best, network = Best(), torch.nn.Linear(1, 1)
    kept = []
    for step, (outside, distortion) in enumerate([(5.0, 1.0), (0.0, 9.0), (0.1, 0.1), (0.0, 3.0), (0.0, 4.0)]):
        network.weight.data.fill_(step)
        best.offer(network, outside, 20.0, distortion, step)
        kept.append(best.step)
    assert kept == [0, 1, 1, 3, 3]
    best.put_into(network)
    assert network.weight.item() == 3


def test_the_coder_that_comes_out_is_the_chosen_one(tmp_path):
    config = tiny(bitrate=6.0, iterations=8)
    found = _trained(config, tmp_path)
    rates, scores = found.recorder.array("kilobits")[2:], found.recorder.array("distortion")[2:]
    steps = found.recorder.array("validated")[2:]
    outside = np.maximum(np.abs(rates - 6.0) - 0.45, 0)
    chosen = min(range(len(steps)), key=lambda i: (outside[i], scores[i]))
    assert found.chosen == steps[chosen]
    assert found.kilobits == pytest.approx(rates[chosen], rel=1e-6)
    work = training._Work(config, CPU)
    work.coder.load_state_dict(found.coder.state_dict())
    again = work.validate(TotalLoss(config), 0, 0.0)
    assert again["distortion"] == pytest.approx(scores[chosen], rel=1e-6)
    symbols = found.coder.symbols(analysed(work.unseen))
    counts = np.bincount(symbols.flatten().numpy(), minlength=8) / symbols.numel()
    bits = -(counts[counts > 0] * np.log2(counts[counts > 0])).sum()
    assert again["unseen_kilobits"] == pytest.approx(16000 / 480 * 256 * bits / 1000, rel=1e-5)
    assert again["kilobits"] == pytest.approx(found.kilobits, rel=1e-6)
    controlled = np.bincount(found.coder.symbols(work.control).flatten().numpy(), minlength=8) + 1.0
    assert np.allclose(found.coder.quantiser.prior, controlled / controlled.sum(), atol=1e-6)
    decoded = completed(overlap_added(found.coder.synthesise(symbols)))
    assert again["snr"] == pytest.approx(signal_to_noise_ratio(decoded, completed(work.unseen)).mean().item(), rel=1e-4)


def test_the_rate_is_controlled_on_frames_from_all_over_the_training_speakers():
    work = training._Work(tiny(control_frames=30), CPU)
    assert work.control.shape == (30, 512)
    material = stimuli.material("train", synthetic=True)  # three tracks of 125 whole frames
    for row, number in ((0, 0), (10, 125), (29, 29 * 375 // 30)):
        (expected,) = material.at([number // 125 * 64000 + number % 125 * 512], 512, "speech")
        assert torch.allclose(work.control[row], analysed(expected)[0, 0])
    assert len(training._Work(tiny(control_frames=9999), CPU).control) == 375


def test_a_heavy_entropy_brings_the_rate_down(tmp_path):
    fields = {"bitrate": 3.0, "alpha_3_step": 0.0, "iterations": 20, "validate_every": 20, "learning_rate": 5e-3}
    rates = [
        _trained(tiny(alpha_3=weight, **fields), tmp_path / str(weight)).recorder.array("kilobits")[-1]
        for weight in (0.0, 30.0)
    ]
    assert rates[1] < 0.8 * rates[0]


def test_the_learning_rate_falls_from_the_first_to_the_last():
    config = tiny(learning_rate=2e-4, last_rate=1e-4, warm_up=3, iterations=6)
    rates = [training.learning_rate(config, step) for step in range(9)]
    assert rates[0] == pytest.approx(2e-4)
    assert rates[4] == pytest.approx(1.5e-4)
    assert rates[8] == pytest.approx(1e-4)
    assert all(a > b for a, b in itertools.pairwise(rates))


def test_rates_are_those_of_the_paper():
    assert kilobits(1.0) == pytest.approx(16000 / (512 - 32) * 256 / 1000)
    assert [round(kilobits(bits), 2) for bits in (1.523, 2.344, 2.8125)] == [13.0, 20.0, 24.0]


def test_every_size_has_a_coder_for_each_loss_and_rate():
    for profile in SIZES:
        made = [sized(profile, 0, loss, rate) for loss in LOSSES for rate in RATES]
        assert len({config.hash for config in made}) == 12
        warm_ups = {config.of_the_warm_up().hash for config in made}
        if profile == "full":
            assert len(warm_ups) == 4
        else:
            assert {(config.warm_up, config.start) for config in made} == {(0, "lapped")}
        sharing = [config.replace(warm_up=3, warm_up_loss="mse", alpha_4=None) for config in made]
        assert len({config.of_the_warm_up().hash for config in sharing}) == 1
    assert sized("small", 0, "mse", 20.0, gamma=0.0).width == 32


def test_the_smallest_size_trains_a_coder_that_writes_files(tmp_path):
    found = _trained(sized("smoke", 0, "masking", 20.0, recordings="synthetic"), tmp_path)
    assert np.isfinite(found.history["loss"]).all()
    assert 0 < found.kilobits < 42.7
    sound = quick_speech(0.5, 16000, 9).waveform
    data = bitstream.encode(found.coder, sound)
    assert torch.equal(bitstream.decode(found.coder, data), bitstream.coded(found.coder, sound))


def test_a_rate_that_no_coder_was_trained_for_is_refused():
    assert require_rate(20) == 20.0
    with pytest.raises(ConfigError, match=r"coders for 13, 20, 24 kb/s; found 16\. Choose"):
        require_rate(16)
    with pytest.raises(ConfigError, match="found '20kbps'"):
        require_rate("20kbps")


def test_the_defaults_are_the_papers():
    config = CoderConfig(profile="full", seed=0, loss="masking")
    assert (config.alpha_1, config.alpha_2, config.alpha_3, config.perceptual_weight) == (60, 10, 0.5, 0.003)
    assert (config.gamma, config.bands, config.batch, config.bins, config.width) == (0.8, (16, 32, 64), 128, 32, 64)
    assert (config.learning_rate, config.last_rate, config.steps) == (2e-4, 1e-4, 150 * 694)
    assert config.replace(loss="log_mel").perceptual_weight == 5
    assert config.replace(loss="mse").perceptual_weight == 0
    assert config.replace(alpha_4=0.1).perceptual_weight == 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "mae"}, "loss is one of mse, log_mel, pmsqe, masking; found 'mae'"),
        ({"warm_up_loss": "x"}, "warm_up_loss is one of"),
        ({"squared_error": "mean"}, "squared_error is one of rmse, sum"),
        ({"recordings": "some"}, "recordings is one of"),
        ({"precision": "half"}, "precision is one of"),
        ({"bitrate": 25.7}, r"between 1 kb/s and the 25\.6 kb/s that 8 bins can carry"),
        ({"bitrate": 0.5}, "bitrate lies between"),
        ({"run": 1}, "run at least 2; found 4 and 1"),
        ({"run": 3}, "multiple of run"),
        ({"warm_up": 0}, 'warm_up is at least 1, or 0 with the start "lapped"; .*found 0, 0.0 and 0'),
        ({"warm_up": -1, "start": "lapped"}, "found -1, 0.0 and 0"),
        ({"clip": -1.0}, "clip and rise are 0 or more; found 3, -1.0 and 0"),
        ({"rise": -2}, "found 3, 0.0 and -2"),
        ({"control": "alpha"}, "control is one of entropy, step"),
        ({"assignment": "firm"}, "assignment is one of soft, hard"),
        ({"start": "mdct"}, "start is one of he, half_band, lapped"),
        ({"iterations": 0}, "iterations must be at least 1"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**changes)


def test_every_setting_of_the_warm_up_is_a_setting():
    names = {field.name for field in dataclasses.fields(CoderConfig)}
    from paper_code.masking_loss.configs import OF_THE_LOSS, OF_THE_RATE, OF_THE_START

    assert {*OF_THE_RATE, *OF_THE_START, *OF_THE_LOSS} <= names
