"""Training of the loss networks: the first step and the rates by hand, and a resume that changes nothing."""

import math

import numpy as np
import pytest
import torch

from codec_loss.interruption import interrupted
from paper_code.codec_loss import building, holes, imitation, networks
from paper_code.codec_loss.configs import LossNetworkConfig, ModelConfig
from paper_code.codec_loss.networks import FrequencyAwareUNet, SpectrogramUNet, TimeUNet, magnitude_spectrogram
from paper_code.lab.config import ConfigError
from paper_code.lab.training import seed_all

CPU = torch.device("cpu")


def _config(network: str, **changes: object) -> LossNetworkConfig:
    fields = {"iterations": 3, "batch": 2, "filters": 2, "versions": 1, "validate_every": 2, "learning_rate": 1e-3}
    fields |= {"profile": "smoke", "seed": 0, "recordings": "synthetic"}
    return LossNetworkConfig(network=network, **{**fields, **changes})


def _trained(config, folder):
    seed_all(config.seed)
    return imitation.train(config, folder, CPU, progress=False)


@pytest.mark.parametrize("network", ["spectrogram", "frequency_aware", "time"])
def test_a_resumed_training_equals_an_unbroken_one(network, quick, tmp_path):
    config = _config(network)
    whole, record, history = _trained(config, tmp_path / "whole")
    interrupted(lambda: _trained(config, tmp_path / "broken"), step=2)
    seed_all(99)  # another process has other generators
    resumed, again, rest = imitation.train(config, tmp_path / "broken", CPU, progress=False)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert history["loss"] == rest["loss"]
    assert np.array_equal(record.array("validation"), again.array("validation"))
    assert record.array("validated").tolist() == [2, 3]


def test_the_first_loss_by_hand(quick, tmp_path):
    config = _config("time", iterations=1)
    seed_all(config.seed)
    network = building.loss_network(config)
    generator = np.random.default_rng([config.seed, 0])
    original, coded = quick["train"].random(generator, 2, 16384, "original", "coded")
    gain = 10 ** (torch.tensor(generator.uniform(-6, 6, (2, 1))).float() / 20)
    errors = [
        ((network(g * x[None]) - g * c).abs().sum() / (g * x).abs().sum()).item()
        for x, c, g in zip(original, coded, gain, strict=True)
    ]
    _, _, history = _trained(config, tmp_path)
    assert history["loss"][0] == pytest.approx(sum(errors) / 2, rel=1e-5)
    assert history["data_seconds"][0] > 0


def test_the_frequency_aware_network_starts_at_the_error_of_the_fixed_filter(quick, tmp_path):
    """Its first loss is that of the best gain a bin, found on training patches and kept between 0.003 and 0.97."""
    config = _config("frequency_aware", iterations=1)
    patches = quick["train"].random(np.random.default_rng(config.seed), 4, 66048, "original", "coded")
    gains = holes.fixed_filter(*(magnitude_spectrogram(part) for part in patches))
    generator = np.random.default_rng([config.seed, 0])
    batch = quick["train"].random(generator, 2, 66048, "original", "coded")
    loudness = torch.from_numpy(10 ** (generator.uniform(-6, 6, (2, 1)) / 20)).float()
    seen, wanted = (magnitude_spectrogram(loudness * part) for part in batch)
    filtered = gains.clamp(0.003, 0.97).unsqueeze(-1) * seen
    by_hand = [((f - w).abs().sum() / s.sum()).item() for f, w, s in zip(filtered, wanted, seen, strict=True)]
    network, _, history = _trained(config, tmp_path)
    assert history["loss"][0] == pytest.approx(sum(by_hand) / 2, rel=1e-4)
    start = gains.clamp(0.003, 0.97)
    assert torch.allclose(network.bias[:, 0].sigmoid(), start, atol=1e-3)  # one step of 0.001 further
    assert not torch.equal(network.bias[:, 0].sigmoid(), start)


def test_training_patches_are_some_and_of_the_training_side(quick, monkeypatch):
    few = building.training_patches(_config("time", iterations=1))
    assert [part.shape for part in few] == [(4, 512, 128)] * 2  # as many as are measured in so short a run
    monkeypatch.setattr(building, "FILTER_PATCHES", 2)
    fewer = building.training_patches(_config("time", iterations=1))
    assert [part.shape for part in fewer] == [(2, 512, 128)] * 2
    original, coded = quick["train"].random(np.random.default_rng(0), 2, 66048, "original", "coded")
    assert torch.equal(fewer[0], magnitude_spectrogram(original))
    assert torch.equal(fewer[1], magnitude_spectrogram(coded))


@pytest.mark.parametrize("network", ["spectrogram", "frequency_aware", "time"])
def test_validation_is_the_relative_error_in_evaluation_mode(network, quick):
    torch.manual_seed(0)
    made = building.loss_network(_config(network)).train()
    patches = quick["validation"].at([0, 70000], 66048, "original", "coded")
    found = imitation.validate(made, network, *patches)
    made.eval()
    seen, wanted = (networks.to_domain(x, network) for x in patches)
    by_hand = [((made(x[None])[0] - w).abs().sum() / x.abs().sum()).item() for x, w in zip(seen, wanted, strict=True)]
    assert found == pytest.approx(sum(by_hand) / 2, rel=1e-4)
    assert imitation.validate(torch.nn.Identity(), "time", patches[0], patches[0]) == 0


def test_the_domain_of_each_network():
    sound = torch.randn(1, 2048, generator=torch.Generator().manual_seed(0))
    assert torch.equal(networks.to_domain(sound, "time"), sound)
    for network in ("spectrogram", "frequency_aware"):
        assert torch.equal(networks.to_domain(sound, network), magnitude_spectrogram(sound))


def test_relative_error_counts_every_patch_alike():
    original = torch.tensor([[1.0, -1.0], [0.01, 0.01], [0.0, 0.0]])
    wanted = 0.5 * original
    found = torch.stack([original[0], original[1], torch.zeros(2)])
    assert networks.relative_error(found, wanted, original).tolist() == pytest.approx([0.5, 0.5, 0.0])
    blocks = torch.ones(2, 3, 4)
    assert networks.relative_error(0 * blocks, blocks, 2 * blocks).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("step", [0, 1, 99, 5000, 9999])
def test_the_rate_of_every_step(step):
    inverse = _config("time", iterations=10000, learning_rate=2e-3)
    assert imitation.learning_rate(inverse, step) == pytest.approx(2e-3 / (1 + 5e-6 * step))
    cosine = inverse.replace(schedule="cosine")
    way = (1 + math.cos(math.pi * step / 10000)) / 2 * min(1, (step + 1) / 100)
    assert imitation.learning_rate(cosine, step) == pytest.approx(2e-3 / (1 + 5e-6 * step) * way)
    assert imitation.learning_rate(cosine.replace(decay=0.0), 9999) < 1e-9


def test_the_optimiser_takes_the_rate_of_the_schedule(quick, tmp_path, monkeypatch):
    """Adam's first step moves every weight that has a gradient by the rate, whatever the gradient's size."""
    monkeypatch.setattr(imitation, "learning_rate", lambda config, step: 0.02)
    config = _config("time", iterations=1)
    trained, _, _ = _trained(config, tmp_path)
    seed_all(config.seed)
    start = building.loss_network(config)
    moved = torch.cat([(a - b).abs().flatten() for a, b in zip(trained.parameters(), start.parameters(), strict=True)])
    assert moved.median().item() == pytest.approx(0.02, rel=1e-2)
    assert moved.max().item() <= 0.02 * 1.001


def test_mixed_precision_trains_and_stays_finite(quick, tmp_path):
    network, _, history = _trained(_config("spectrogram", precision="bfloat16", iterations=2), tmp_path)
    assert all(np.isfinite(history["loss"]))
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in network.parameters())


def test_networks_of_a_config():
    spectrogram = building.loss_network(_config("spectrogram", filters=3, log_factor=7.0))
    assert type(spectrogram) is SpectrogramUNet
    assert (spectrogram.filters, spectrogram.log_factor) == (3, 7.0)
    aware = building.loss_network(_config("frequency_aware", filters=3, log_factor=7.0))
    assert type(aware) is FrequencyAwareUNet
    assert (aware.filters, aware.log_factor) == (3, 7.0)
    assert isinstance(building.loss_network(_config("time", filters=3)), TimeUNet)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "wavelet"}, "network is one of spectrogram, frequency_aware, time; found 'wavelet'"),
        ({"schedule": "step"}, "schedule is one of inverse, cosine"),
        ({"recordings": "own"}, "recordings is one of real, synthetic"),
        ({"precision": "float16"}, "precision is one of float32, bfloat16"),
        ({"batch": 0}, "at least 1"),
        ({"iterations": 0}, "at least 1"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        _config(**{"network": "time", **changes})


def test_an_impossible_codec_is_refused_before_any_training():
    with pytest.raises(ValueError, match="17"):
        _config("time", bitrate=17.0)
    with pytest.raises(ValueError, match="mp4"):
        _config("time", codec="mp4")
    with pytest.raises(ConfigError, match="model is one of a, b, c, d"):
        ModelConfig(profile="smoke", seed=0, model="e", iterations=1, batch=1, learning_rate=1e-3)


def test_patches_of_the_paper():
    assert _config("spectrogram").patch == _config("frequency_aware").patch == 66048
    assert _config("time").patch == 16384
