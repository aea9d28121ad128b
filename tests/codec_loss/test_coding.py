"""Training of models A to D: alike but for the loss, calibrated, resumable; and what coding does to any length."""

import numpy as np
import pytest
import torch

from codec_loss.interruption import interrupted
from paper_code.codec_loss import coding, evaluation, training
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import ALL_MODELS, FAIR, TEACHERS, ModelConfig, TrialsConfig
from paper_code.codec_loss.loss import CodecLoss, FrequencyAwareCodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.codec_loss.networks import coded
from paper_code.codec_loss.weights import WeightsError, checksum, released
from paper_code.lab.files import read_json
from paper_code.lab.training import seed_all

CPU = torch.device("cpu")


def _config(model: str, **changes: object) -> ModelConfig:
    fields = {"iterations": 3, "batch": 1, "filters": 4, "versions": 1, "validate_every": 2, "learning_rate": 1e-3}
    fields |= {"profile": "smoke", "seed": 0, "recordings": "synthetic"}
    fields["weights"] = checksum(released(TEACHERS[model].network)) if model in TEACHERS else ""
    return ModelConfig(model=model, **{**fields, **changes})


def _trained(config, folder):
    seed_all(config.seed)
    return coding.train(config, folder, CPU, progress=False)


@pytest.mark.parametrize("model", ["b", "d", FAIR])
def test_a_resumed_training_equals_an_unbroken_one(model, quick, tmp_path, monkeypatch):
    """Also where the loss was weighed before the break, and is weighed again after it."""
    monkeypatch.setattr(coding, "WARM_UP", 2)
    config = _config(model)
    whole, record, history = _trained(config, tmp_path / "whole")
    interrupted(lambda: _trained(config, tmp_path / "broken"), step=2)
    seed_all(99)
    resumed, again, rest = coding.train(config, tmp_path / "broken", CPU, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
    assert history["loss"] == rest["loss"]
    for name in ("validation", "own"):
        assert np.array_equal(record.array(name), again.array(name))
    assert record.array("validated").tolist() == [0, 2, 3]


@pytest.mark.parametrize("model", ["b", *TEACHERS])
def test_the_terms_are_weighed_at_the_first_step_and_after_the_warm_up(model, quick, tmp_path, monkeypatch):
    monkeypatch.setattr(coding, "WARM_UP", 1)
    _, _, history = _trained(_config(model, iterations=2), tmp_path)
    assert history["loss"] == pytest.approx([1, 1], rel=1e-4)


def test_the_first_loss_of_model_a_is_the_mean_difference(quick, tmp_path):
    config = _config("a", iterations=1)
    generator = np.random.default_rng([0, 0])
    (sound,) = quick["train"].random(generator, 1, 66048, "limited-3000")
    sound = sound * float(10 ** (generator.uniform(-12, 0, (1, 1)) / 20).item())
    with torch.no_grad():
        found = autoencoder(config)(sound)
    _, _, history = _trained(config, tmp_path)
    assert history["loss"][0] == pytest.approx((found - sound).abs().sum().item() / 66048, rel=1e-4)


def test_the_first_validation_is_of_the_untrained_network(quick, tmp_path):
    config = _config("a", iterations=1)
    _, record, _ = _trained(config, tmp_path)
    (sounds,) = quick["validation"].at([0, 70000], 66048, "limited-3000")
    with torch.no_grad():
        error = autoencoder(config)(sounds) - sounds
    by_hand = [10 * np.log10((s.square().sum() / e.square().sum()).item()) for s, e in zip(sounds, error, strict=True)]
    assert record.array("validated").tolist() == [0, 1]
    assert record.array("validation")[0] == pytest.approx(np.mean(by_hand), abs=1e-3)
    assert record.array("validation")[1] != record.array("validation")[0]


def test_patches_are_softer_by_up_to_12_db_and_never_louder_than_the_material(quick):
    config, levels = _config("a"), []
    for step in range(40):
        (material,) = quick["train"].random(np.random.default_rng([0, step]), 1, 66048, "limited-3000")
        patch = coding._patches(config, quick["train"], "limited-3000", step)
        gain = (patch.norm() / material.norm()).item()
        assert torch.allclose(patch, gain * material, atol=1e-6)
        assert patch.abs().max() <= material.abs().max()
        levels.append(20 * np.log10(gain))
    assert -12.001 < min(levels) < -10 < -2 < max(levels) < 0.001
    assert np.mean(levels) == pytest.approx(-6, abs=2)


def test_all_models_of_a_seed_start_alike_and_other_seeds_do_not():
    networks = [autoencoder(_config(model)) for model in ALL_MODELS]
    torch.rand(5)  # what else draws from the generator does not matter
    other = autoencoder(_config("a", seed=1))
    first = torch.cat([p.flatten() for p in networks[0].parameters()])
    for network in networks[1:]:
        assert torch.equal(torch.cat([p.flatten() for p in network.parameters()]), first)
    assert not torch.equal(torch.cat([p.flatten() for p in other.parameters()]), first)


def test_model_d_sees_the_sounds_of_model_a(quick):
    a, d = _config("a", batch=2), _config("d", batch=2)
    assert (a.patch, a.patches, d.patch, d.patches) == (66048, 2, 16384, 8)
    for step in (0, 5):
        long = coding._patches(a, quick["train"], "limited-3000", step)
        short = coding._patches(d, quick["train"], "limited-3000", step)
        assert (long.shape, short.shape) == ((2, 66048), (8, 16384))
        assert torch.equal(short.reshape(2, 65536), long[:, :65536])
    assert not torch.equal(long, coding._patches(a, quick["train"], "limited-3000", 0))
    assert torch.equal(long, coding._patches(a, quick["train"], "limited-3000", 5))


def test_the_band_is_that_of_the_config(quick):
    for cutoff in (3000, 5000):
        config = _config("a", cutoff=cutoff)
        sound = coding._patches(config, quick["train"], coding._band(config), 0)
        power = torch.fft.rfft(sound * torch.hann_window(66048)).abs().square()[0]
        hertz = torch.fft.rfftfreq(66048, 1 / 16000)
        above = power[hertz > cutoff + 300].sum() / power.sum()
        below = power[(hertz > cutoff - 600) & (hertz < cutoff - 200)].sum() / power.sum()
        assert above < 1e-6 < below


def test_losses_of_the_models():
    kinds = {model: type(coding.make_loss(_config(model))) for model in ALL_MODELS}
    papers = {"a": torch.nn.L1Loss, "b": MagnitudeLoss, "c": CodecLoss, "d": TimeCodecLoss}
    ours = {"c_gradient": CodecLoss, "c_aware": FrequencyAwareCodecLoss, FAIR: FrequencyAwareCodecLoss}
    assert kinds == papers | ours


def test_the_variants_differ_from_model_c_by_what_they_are_named_for():
    """Fair Model C has both changes, the other two one each; how the terms are weighed is seen in their sizes."""
    sounds = 0.1 * torch.randn(2, 66048, generator=torch.Generator().manual_seed(0))
    estimates = sounds + 0.01 * torch.randn(2, 66048, generator=torch.Generator().manual_seed(1))
    by_hand, found = {}, {}
    for model, weights in (("c", "value"), ("c_gradient", "gradient"), ("c_aware", "value"), (FAIR, "gradient")):
        network = FrequencyAwareCodecLoss if model in ("c_aware", FAIR) else CodecLoss
        by_hand[model] = network.pretrained().calibrate(estimates, sounds, weights).sizes
        loss = coding.make_loss(_config(model))
        coding.calibrate(loss, model, estimates, sounds)
        found[model] = loss.sizes
    assert all(torch.equal(found[model], by_hand[model]) for model in by_hand)
    assert not torch.allclose(found["c"], found["c_gradient"], rtol=0.1)


def test_the_own_loss_of_a_model_is_told_over_that_of_the_start(quick, tmp_path):
    """For Model A by hand: mean absolute differences of the trained network's output over the untrained one's."""
    config = _config("a")
    network, record, _ = _trained(config, tmp_path)
    (sounds,) = quick["validation"].at([0, 70000], 66048, "limited-3000")
    with torch.no_grad():
        errors = [(each(sounds) - sounds).abs().mean().item() for each in (network, autoencoder(config))]
    assert record.array("own")[0] == pytest.approx(1)
    assert record.array("own")[-1] == pytest.approx(errors[0] / errors[1], rel=1e-4)


def test_trials_are_the_trainings_at_each_rate(quick, tmp_path):
    fields = {name: value for name, value in _config("b").as_dict().items() if name != "learning_rate"}
    trials = TrialsConfig(**fields, rates=(1e-3, 1e-5))
    assert trials.trial(1e-3) == _config("b", learning_rate=1e-3)
    tmp_path.joinpath("trials").mkdir()
    training.train(trials, tmp_path / "trials", CPU, progress=False)
    evaluation.evaluate(trials, tmp_path / "trials")
    metrics = read_json(tmp_path / "trials" / "metrics.json")
    assert list(metrics["rates"]) == ["0.001", "1e-05"]
    for rate in trials.rates:
        _, record, _ = _trained(trials.trial(rate), tmp_path / f"{rate:g}")
        ends = metrics["rates"][f"{rate:g}"]
        assert ends["snr"] == pytest.approx(record.array("validation")[-1], rel=1e-6)
        assert ends["own"] == pytest.approx(record.array("own")[-1], rel=1e-6)
        assert metrics["start"]["snr"] == pytest.approx(record.array("validation")[0], rel=1e-6)
    assert not list(tmp_path.glob("trials/*.safetensors"))


def test_other_weights_than_the_settings_ask_for_are_refused():
    with pytest.raises(WeightsError, match=r"the weights 0123.*codec_loss_time\.safetensors has"):
        coding.make_loss(_config("d", weights="0123"))
    coding.make_loss(_config("a", weights=""))


@pytest.mark.parametrize("length", [1, 255, 256, 1000])
def test_any_length_is_coded(length):
    network = autoencoder(_config("a"))
    sound = 0.1 * torch.randn(2, 3, length, generator=torch.Generator().manual_seed(0))
    found = coded(network, sound)
    assert found.shape == sound.shape
    padded = torch.cat([sound[1, 2], torch.zeros(-length % 256)])
    assert torch.allclose(found[1, 2], network(padded[None])[0, :length], atol=1e-6)
    assert not found.requires_grad
    assert coded(network, sound[0, 0]).shape == (length,)


def test_validation_is_the_mean_snr():
    class Louder(torch.nn.Module):
        def forward(self, sound):
            return sound * torch.linspace(1.1, 1.01, len(sound)).unsqueeze(-1)

    sounds = 0.1 * torch.randn(3, 512, generator=torch.Generator().manual_seed(0))
    by_hand = -20 * np.log10([0.1, 0.055, 0.01])
    assert coding.validate(Louder(), sounds) == pytest.approx(by_hand.mean(), abs=1e-3)
    assert coding.validate(torch.nn.Identity(), sounds) == 100  # a perfect one is capped
    with_silence = torch.cat([sounds[:1], torch.zeros(1, 512)])
    assert np.isfinite(coding.validate(torch.nn.Identity(), with_silence))
