"""Training of the metrics: silence around sounds, learning, what stays fixed, resuming, and the task before."""

import numpy as np
import pytest
import torch

from paper_code.jnd_loss import speakers, stimuli, training, weights
from paper_code.jnd_loss.building import pairs, untrained
from paper_code.jnd_loss.configs import MetricConfig
from paper_code.jnd_loss.experiment import experiments
from paper_code.jnd_loss.schedules import cosine
from paper_code.lab import weights as kept_weights
from paper_code.lab.config import ConfigError
from paper_code.lab.training import seed_all

pytestmark = pytest.mark.usefixtures("prepared")
CPU = torch.device("cpu")


def _config(run, **changes):
    return experiments("smoke", 0, recordings="synthetic")[run].replace(**changes)


def _learned(config, folder):
    """What train() leaves: (weights, curves)."""
    folder.mkdir(exist_ok=True)
    seed_all(config.seed)
    training.train(config, folder, CPU, progress=False)
    return kept_weights.kept(folder, weights.METRIC), dict(np.load(folder / "curves.npz"))


def test_silence_comes_before_or_after_each_sound_of_half_the_batches():
    test, reference = torch.ones(40, 100), 2 * torch.ones(40, 100)
    lengths, steps = [], []
    for seed in range(60):
        both = training.shifted(test, reference, 0.0025, np.random.default_rng(seed))  # 40 samples
        lengths.append(both[0].shape[-1])
        assert both[0].shape == both[1].shape
        for sound, value in zip(both, (1.0, 2.0), strict=True):
            assert (sound.sum(-1) == 100 * value).all()
        if lengths[-1] == 140:
            begins = [(sound[:, 0] == 0) for sound in both]
            assert all(((sound[:, -1] == 0) != first).all() for sound, first in zip(both, begins, strict=True))
            steps.append((begins[0] != begins[1]).float().mean().item())
    assert set(lengths) == {100, 140}
    assert np.mean(np.array(lengths) == 140) == pytest.approx(0.5, abs=0.15)
    assert np.mean(steps) == pytest.approx(0.5, abs=0.05)
    same = training.shifted(test, reference, 0.0, np.random.default_rng(0))
    assert same[0] is test
    assert same[1] is reference


def test_the_rate_rises_and_falls_to_0():
    rates = [cosine(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01, rel=1e-3)
    assert max(rates) == rates[99] > 0.97
    assert rates[-1] < 1e-5
    assert max(cosine(step, 4) for step in range(4)) == 1.0


@pytest.mark.parametrize("run", ["scratch", "fit_for_use"])
def test_a_metric_learns_which_pairs_are_called_different(run, tmp_path):
    """After a few steps the loss on pairs of the training side is smaller than at the start."""
    config = _config(run, iterations=15, learning_rate=1e-3, head_learning_rate=1e-2, shift=0.0, batch=8)
    judged = pairs(config, "train")
    before = training.validate(untrained(config), judged, np.arange(len(judged)), 8, CPU)
    state, curves = _learned(config, tmp_path / run)
    network = untrained(config)
    network.load_state_dict(state)
    after = training.validate(network, judged, np.arange(len(judged)), 8, CPU)
    assert after["validation"] < before["validation"] - 0.05
    assert curves["loss"].shape == (15,)
    assert curves["validated"].tolist()[-1] == 15


def test_runs_of_a_seed_start_alike_and_those_of_others_do_not():
    one, other, later = (untrained(_config(*run)) for run in (("scratch",), ("fit_for_use",), ("scratch",)))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
        assert torch.equal(value, later.state_dict()[name])
    second = untrained(_config("scratch", seed=1))
    assert not torch.equal(one.channel_weights[0], second.channel_weights[0])


def test_lin_keeps_the_features_that_fin_changes(tmp_path):
    before = kept_weights.kept(speakers.learned(_config("pre"), CPU, progress=False), weights.METRIC)
    pre, curves = _learned(_config("pre"), tmp_path / "pre")
    lin, fin = (_learned(_config(run), tmp_path / run)[0] for run in ("lin", "fin"))
    assert all(torch.equal(pre[f"features.{name}"], value) for name, value in before.items())
    assert all(torch.equal(lin[f"features.{name}"], value) for name, value in before.items())
    assert not torch.equal(fin["features.convolutions.3.weight"], before["convolutions.3.weight"])
    assert (pre["channel_weights.0"] == 1).all()
    assert not any(name.startswith("classifier") for name in pre)
    start = untrained(_config("lin"))
    assert not torch.equal(lin["channel_weights.0"], start.channel_weights[0])
    assert 0 <= curves["speakers_accuracy"] <= 1
    assert curves["speakers_loss"].shape == (4,)


def test_speakers_are_told_apart_by_pieces_that_were_not_heard():
    sounds = speakers.material(synthetic=True)
    heard, held_out = speakers._parts(sounds, 9600)
    assert (heard[:, 0] == sounds.tracks[:, 0]).all()
    assert (heard[:, 1] + 9600 == held_out[:, 0]).all()
    assert (held_out[:, 1] + 9600 == sounds.tracks[:, 1]).all()
    assert (heard[:, 0] < heard[:, 1]).all()


def test_a_training_that_was_broken_off_ends_alike(tmp_path, monkeypatch):
    config = _config("scratch", iterations=6, validate_every=2)
    whole, _ = _learned(config, tmp_path / "whole")
    real = stimuli.Pairs.sounds
    calls = iter(range(100))

    def broken(self, indices):
        if next(calls) == 8:
            raise RuntimeError("broken off")
        return real(self, indices)

    monkeypatch.setattr(training, "EVERY", 2)
    with monkeypatch.context() as patch:
        patch.setattr(stimuli.Pairs, "sounds", broken)
        with pytest.raises(RuntimeError, match="broken off"):
            _learned(config, tmp_path / "broken")
    assert (tmp_path / "broken" / "checkpoint.pt").exists()
    resumed, curves = _learned(config, tmp_path / "broken")
    assert all(torch.equal(whole[name], value) for name, value in resumed.items())
    assert len(curves["loss"]) == 6


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("run", "best", "run is one of"),
        ("seconds", 0.5, "one frame"),
        ("start", "zero", "start is one of"),
        ("learned", "some", "learned is one of"),
        ("normalisation", "layer", "normalisation is one of"),
        ("classifier_input", "root", "classifier_input is one of"),
        ("schedule", "steps", "schedule is one of"),
        ("precision", "half", "precision is one of"),
        ("recordings", "none", "recordings is one of"),
        ("batch", 0, "at least 1"),
        ("shift", 2.0, "shift is 0 to 1 s"),
        ("fitted", 1, "fitted at least 2"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(field, value, told):
    with pytest.raises(ConfigError, match=told):
        MetricConfig(profile="smoke", seed=0, **{"run": "scratch", field: value})
