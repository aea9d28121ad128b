"""Our own metric as a file: from a result, to a loss that hears level, and back to the numbers of its result."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from paper_code.jnd_loss import own_release, weights
from paper_code.jnd_loss.building import trained, untrained
from paper_code.jnd_loss.experiment import experiments
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.lab import weights as lab_weights
from paper_code.lab.files import write_json
from paper_code.lab.weights import WeightsError
from paper_code.losses import make_loss


def _voice(seconds: float = 1.0, rate: int = 16_000) -> torch.Tensor:
    time = torch.arange(round(seconds * rate)) / rate
    voice = sum(torch.sin(2 * torch.pi * 140 * k * time) / k for k in range(1, 20))
    return (0.05 * torch.sin(2 * torch.pi * 2 * time).clamp(0.05) * voice)[None]


def _noise(like: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))


def _result(folder: Path, run: str) -> Path:
    """A result that was not trained, with what own_release reads of it."""
    config = experiments("smoke", 0)[run]
    network = untrained(config)
    folder = folder / "jnd_loss" / run / "smoke-seed0"
    lab_weights.keep(folder, weights.METRIC, network.state_dict(), config)
    stage = {"files": {}, "seconds": 0.0, "code": {"commit": "abc"}}
    about = {"config": config.as_dict(), "hash": config.hash, "profile": "smoke", "seed": 0}
    write_json(folder / "metrics.json", {})
    write_json(folder / "provenance.json", {**about, "trained": stage, "measured": stage})
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for released weights that is not the book's."""
    monkeypatch.setattr(lab_weights, "FOLDER", tmp_path / "weights")
    return tmp_path


def test_a_result_becomes_a_loss_with_its_numbers(elsewhere):
    file = own_release.release(_result(elsewhere, "fit_for_use"))
    assert file == elsewhere / "weights" / "jnd_loss_fit_for_use.safetensors"
    config = experiments("smoke", 0)["fit_for_use"]
    network = trained(config, untrained(config).state_dict(), "pair")
    loss = JNDLoss.released("fit_for_use", reduction="none")
    clean = _voice()
    noisy = clean + 0.01 * _noise(clean)
    assert loss(noisy, clean).tolist() == network.layer_distances(noisy, clean).sum(-1).tolist()
    assert (loss.sample_rate, loss.network.features.normalisation) == (16_000, "pair")
    assert loss.network.classifier_input == config.classifier_input


def test_only_what_is_fit_for_use_is_released(elsewhere):
    with pytest.raises(ValueError, match="fit_for_use"):
        own_release.release(_result(elsewhere, "scratch"))


def test_a_missing_file_tells_how_it_is_made(elsewhere):
    with pytest.raises(WeightsError, match="own_release"):
        JNDLoss.released("fit_for_use")


def test_the_books_own_metric_hears_noise_and_level_and_is_a_loss():
    loss, clean = make_loss("jnd", metric="fit_for_use"), _voice()
    assert loss.sample_rate == 16_000
    assert loss(clean, clean) == 0
    distances = [float(loss(clean + scale * _noise(clean), clean)) for scale in (0.0005, 0.002, 0.008)]
    assert distances == sorted(distances)
    softer = [float(loss(gain * clean, clean)) for gain in (0.9, 0.5, 0.25)]
    assert softer == sorted(softer)
    assert softer[2] > 10 * float(make_loss("jnd")(0.25 * clean, clean))
    noisy = (clean + 0.002 * _noise(clean)).requires_grad_()
    loss(noisy, clean).backward()
    assert torch.isfinite(noisy.grad).all()
    assert noisy.grad.abs().max() > 0


def test_a_pair_does_not_depend_on_its_batch_nor_on_which_sound_is_first():
    loss, clean = make_loss("jnd", metric="fit_for_use", reduction="none"), _voice()
    noisy = clean + 0.002 * _noise(clean)
    both = loss(torch.cat([noisy, 0.5 * clean]), torch.cat([clean, clean]))
    assert both.tolist() == pytest.approx([float(loss(noisy, clean)), float(loss(0.5 * clean, clean))], rel=1e-4)
    assert float(loss(clean, noisy)) == pytest.approx(float(loss(noisy, clean)), rel=1e-5)


def test_silence_and_other_rates():
    loss = make_loss("jnd", metric="fit_for_use")
    silence = torch.zeros(1, 16_000)
    assert loss(silence, silence) == 0
    assert torch.isfinite(loss(silence, _voice()))
    with pytest.raises(ValueError, match="made for 16000 Hz; the signals have 22050 Hz"):
        make_loss("jnd", metric="fit_for_use", sample_rate=22_050)
    with pytest.raises(ValueError, match="made for 16000 Hz"):
        loss(silence, silence, 22_050)


def test_the_file_says_where_it_is_from():
    _, about = lab_weights.read(weights.own_metric("fit_for_use"), weights.METRIC)
    wanted = {"sample_rate", "normalisation", "classifier_input", "config_hash", "profile", "code"}
    assert set(about) == wanted
    config = experiments(about["profile"], 0)["fit_for_use"]
    assert about["config_hash"] == config.hash
    assert json.dumps(about)
    assert dataclasses.asdict(config)["normalisation"] == about["normalisation"] == "pair"
