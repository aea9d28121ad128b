"""Scores of networks and models on outputs whose scores are known, and the names that claims ask for."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from paper_code.audio.perturbations import limit_band
from paper_code.codec_loss import evaluation, holes, measurements
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import LossNetworkConfig, ModelConfig
from paper_code.codec_loss.networks import magnitude_spectrogram
from paper_code.metrics.distortion import signal_to_noise_ratio

COMMON = {"profile": "smoke", "seed": 0, "iterations": 1, "batch": 1, "learning_rate": 1e-3, "recordings": "synthetic"}


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_sounds_own_magnitudes_and_phase_give_it_back():
    sound = limit_band(_noise(1024 + 512 * 9), 7000, 16000)  # the bin at half the rate is left out
    found = evaluation.with_phase(magnitude_spectrogram(sound), sound)
    assert found.shape == sound.shape
    assert (found - sound)[512:-512].abs().max() < 1e-6
    half = evaluation.with_phase(0.5 * magnitude_spectrogram(sound), sound)
    assert (half - 0.5 * sound)[512:-512].abs().max() < 1e-6
    assert torch.isfinite(found).all()
    assert found[:512].abs().max() <= 2 * sound.abs().max()  # the ends fade and do not burst


def test_the_phase_is_that_of_the_coded_sound():
    one, other = limit_band(_noise(2, 1024 + 512 * 9), 7000, 16000)
    magnitudes = magnitude_spectrogram(one)
    assert not torch.allclose(evaluation.with_phase(magnitudes, other), one, atol=0.01)
    config = LossNetworkConfig(network="spectrogram", **COMMON)
    found = evaluation.imitated(config, torch.nn.Identity(), one, -one)
    assert (found + one)[512:-512].abs().max() < 1e-6
    time = LossNetworkConfig(network="time", **COMMON)
    assert torch.equal(evaluation.imitated(time, torch.nn.Identity(), one, other), one)


def test_silence_with_any_phase_is_silent_and_finite():
    silence = torch.zeros(1024 + 512 * 9)
    found = evaluation.with_phase(magnitude_spectrogram(silence), silence)
    assert found.abs().max() < 1e-5


@pytest.fixture(scope="module")
def pairs():
    """Three patches, and after a "codec" that takes a tenth of the level away and all above 5 kHz."""
    original = _noise(3, 66048)
    return original, limit_band(0.9 * original, 5000, 16000)


def test_a_network_that_does_nothing_scores_as_the_identity(pairs):
    config = LossNetworkConfig(network="spectrogram", **COMMON)
    gains = {"fixed filter": torch.ones(512)}
    found = evaluation._network_metrics(config, torch.nn.Identity(), *pairs, gains, 5000.0)
    assert repr(found["network"]) == repr(found["fixed filter"]) == repr(found["identity"])  # NaN included
    seen, wanted = (magnitude_spectrogram(part) for part in pairs)
    by_hand = [((s - w).abs().sum() / s.abs().sum()).item() for s, w in zip(seen, wanted, strict=True)]
    assert found["identity"]["l1"] == pytest.approx(np.mean(by_hand), rel=1e-5)
    assert found["identity"]["l1_pooled"] == pytest.approx(((seen - wanted).abs().sum() / seen.sum()).item(), rel=1e-5)
    assert found["patches"] == 3
    for candidate in ("network", "fixed filter", "identity"):
        expected = holes.ranking(seen, wanted, seen, 5000.0)
        assert repr(found[candidate]["ranking"]) == repr(expected)
    assert found["identity"]["ranking"]["recall"][0] == 0  # it takes nothing out


def test_the_best_fixed_filter_beats_the_identity_on_a_filtered_sound(pairs):
    config = LossNetworkConfig(network="time", **COMMON)
    seen, wanted = (magnitude_spectrogram(part) for part in pairs)
    gains = {"fixed filter": holes.fixed_filter(seen, wanted)}
    perfect = lambda part: limit_band(0.9 * part, 5000, 16000)  # noqa: E731
    found = evaluation._network_metrics(config, perfect, *pairs, gains, 5000.0)
    assert evaluation.CORRECTED not in found
    assert found["network"]["l1"] < 1e-6
    assert found["network"]["waveform_l1"] == 0
    assert 0 < found["fixed filter"]["l1"] < 0.02 < found["identity"]["l1"]
    assert found["fixed filter"]["level_errors"][:4] == pytest.approx([0] * 4, abs=0.05)
    assert found["identity"]["level_errors"][0] == pytest.approx(20 * np.log10(1 / 0.9), abs=1e-3)
    assert found["fixed filter"]["found"] < 0.02


def test_a_gain_per_bin_repairs_what_a_network_gets_wrong_in_every_frame_alike(pairs):
    """The network is right but for the upper half of its bins, which it leaves as they are."""
    config = LossNetworkConfig(network="spectrogram", **COMMON)
    right = torch.linspace(1.0, 0.1, 512).unsqueeze(-1)
    original, _ = pairs
    seen = magnitude_spectrogram(original)
    coded = evaluation.with_phase(right * seen[0], original[0]).expand(1, -1)  # sounds, for the real signature
    leaky = torch.cat([right[:256], torch.ones(256, 1)])
    wanted = magnitude_spectrogram(coded)
    gains = {name: torch.ones(512) for name in ("fixed filter", evaluation.CORRECTED)}
    gains[evaluation.CORRECTED] = holes.fixed_filter(leaky * seen[:1], wanted)
    found = evaluation._network_metrics(config, lambda part: leaky * part, original[:1], coded, gains, 5000.0)
    assert found["identity"]["l1"] > found["network"]["l1"] > 5 * found[evaluation.CORRECTED]["l1"] > 0
    assert found[evaluation.CORRECTED]["level_errors"] == pytest.approx([0] * 8, abs=0.5)


def test_known_noise_gives_the_known_snr():
    sounds = limit_band(_noise(2, 66048), 3000, 16000)
    noise = limit_band(_noise(2, 66048, seed=1), 3000, 16000)
    levels = torch.tensor([[0.1], [0.01]])  # 20 and 40 dB under the sounds
    found = sounds + levels * noise * sounds.norm(dim=-1, keepdim=True) / noise.norm(dim=-1, keepdim=True)
    metrics = evaluation._model_metrics(ModelConfig(model="a", **COMMON), found, sounds)
    assert metrics["snr"] == pytest.approx(30, abs=1e-3)
    assert metrics["snr_twice"] == pytest.approx(60, abs=1e-3)
    power = sounds.square().sum(-1)
    assert metrics["snr_pooled"] == pytest.approx(
        10 * np.log10(power.sum().item() / (power[0] / 100 + power[1] / 10000).item()), abs=1e-3
    )
    assert metrics["frames"] == 2
    assert metrics["upper_level"] == pytest.approx(0, abs=0.2)
    assert metrics["pulse_rate"] < 0.5  # noise has a peak now and then
    assert abs(metrics["image_4 kHz"]) < 0.05
    assert all(np.isfinite(value) for value in metrics.values())


def test_pulses_and_a_missing_upper_band_are_seen():
    sounds = limit_band(_noise(1, 66048), 3000, 16000)
    clicks = torch.zeros(1, 66048)
    clicks[:, 4000::8000] = 0.5
    config = ModelConfig(model="a", **COMMON)
    clicking = evaluation._model_metrics(config, sounds + limit_band(clicks, 3000, 16000), sounds)
    assert clicking["pulse_rate"] == pytest.approx(8 / (66048 / 16000), rel=0.15)
    muffled = evaluation._model_metrics(config, limit_band(sounds, 1500, 16000), sounds)
    assert muffled["upper_level"] < -20
    assert muffled["pulse_rate"] < 0.5


def test_a_model_is_scored_beside_its_own_untrained_start(quick, tmp_path, monkeypatch):
    """ "untrained" has the scores of the weights that a training of this seed and band starts from."""
    monkeypatch.setattr(evaluation, "source_quality", lambda *_: SimpleNamespace(overall=50.0, artifacts=60.0))
    config = ModelConfig(model="a", filters=4, cutoff=5000, predicted_seconds=0.1, **COMMON)
    torch.manual_seed(5)  # the generator's state does not matter
    evaluation.write_model(config, _Softer(), tmp_path)
    found = json.loads((tmp_path / "metrics.json").read_text())
    (sounds,) = quick["test"].at([0, 70000], 66048, "limited-5000")
    start = autoencoder(config).eval()
    with torch.no_grad():
        decoded = torch.cat([start(sound[None]) for sound in sounds])
    by_hand = evaluation._model_metrics(config, decoded, sounds)
    assert found["untrained"] == pytest.approx(by_hand, rel=1e-3, abs=1e-3)
    error = (decoded - sounds).double().square().sum(-1)
    ratios = 10 * np.log10(sounds.double().square().sum(-1).numpy() / error.numpy())
    assert found["untrained"]["snr"] == pytest.approx(ratios.mean(), abs=1e-3)
    assert found["test"]["snr"] == pytest.approx(20, abs=1e-3)


class _Softer(torch.nn.Module):
    """In place of a trained autoencoder: its SNR is 20 dB."""

    def forward(self, sound):
        return 0.9 * sound


def test_a_file_does_not_clip():
    loud = torch.tensor([0.5, -1.96])
    assert evaluation.fit(loud).tolist() == pytest.approx([0.25, -0.98])
    assert torch.equal(evaluation.fit(torch.tensor([0.5, -0.9])), torch.tensor([0.5, -0.9]))
    assert not evaluation.fit(torch.zeros(3)).any()


def _network_result(seed, offset):
    scores = {"l1": 0.1 + offset, "precision": 0.5, "recall": 0.6, "f1": 0.55, "level_errors": [0.0]}
    test = {"patches": 3, "network": scores, "identity": {**scores, "l1": 0.2}, "fixed filter": scores}
    return SimpleNamespace(seed=seed, config={"network": "time", "seed": seed}, metrics={"test": test})


def _model_result(seed, model, cutoff, snr):
    test = dict.fromkeys(measurements.MODEL_SCORES, 1.0) | {"snr": snr}
    tracks = {name: dict.fromkeys(measurements.TRACK_SCORES, value) for name, value in (("one", 1.0), ("two", 4.0))}
    metrics = {"test": test, "tracks": tracks}
    if model == "a":  # with the floors of its band
        metrics |= {"untrained": test | {"snr": 5.0}, "fixed filter": test | {"snr": 60.0}}
        metrics["floor tracks"] = {"untrained": tracks, "fixed filter": tracks}
    return SimpleNamespace(seed=seed, config={"model": model, "cutoff": cutoff}, metrics=metrics)


def test_measurements_have_the_names_of_claims_and_the_order_of_seeds():
    results = [_network_result(1, 0.05), _model_result(1, "c", 5000, 30.0)]
    results += [_network_result(0, 0.0), _model_result(0, "c", 5000, 20.0), _model_result(0, "a", 3000, 10.0)]
    found = measurements.measurements(results)
    assert found["L1, network, time network"] == pytest.approx([0.1, 0.15])
    assert found["L1, identity, time network"] == [0.2, 0.2]
    assert found["holes F1, fixed filter, time network"] == [0.55, 0.55]
    assert "waveform L1, network, time network" not in found
    assert found["SNR, model C, broadband"] == [20, 30]
    assert found["SNR, model A"] == pytest.approx([10, math.nan], nan_ok=True)
    assert found["SNR, untrained"] == [5, 5]  # of the models limited to 3 kHz; no seed decides it
    assert found["SNR, fixed filter"] == [60, 60]
    assert found["OPS, tracks, untrained"] == [2.5, 2.5]
    assert found["OPS, tracks, model A"] == pytest.approx([2.5, math.nan], nan_ok=True)
    assert all(isinstance(name, str) and values for name, values in found.items())


def test_trials_are_named_by_model_and_rate_and_give_no_score_of_the_model():
    metrics = {
        "start": {"snr": 28.0},
        "rates": {"1e-06": {"snr": 29.0, "own": 0.9}, "0.001": {"snr": 3.0, "own": 40.0}},
    }
    config = {"model": "c_fair", "cutoff": 3000, "rates": [1e-6, 1e-3]}
    found = measurements.measurements([SimpleNamespace(seed=0, config=config, metrics=metrics)])
    tried = {name: values for name, values in found.items() if not math.isnan(values[0])}
    assert "own loss, trial, model C at 3e-05" in found.keys() - tried.keys()  # a rate that others try
    assert tried == {
        "SNR, trial, fair model C at 1e-06": [29.0],
        "own loss, trial, fair model C at 1e-06": [0.9],
        "SNR, trial, fair model C at 0.001": [3.0],
        "own loss, trial, fair model C at 0.001": [40.0],
        "SNR, trial, untrained": [28.0],
    }


def test_a_track_is_scored_in_its_middle(monkeypatch):
    """PEASS sees the asked part of estimate and original, from the middle; the other numbers see all."""
    asked = []

    def quality(estimate, original, rate):
        asked.append((estimate, original, rate))
        return SimpleNamespace(overall=50.0, artifacts=60.0)

    monkeypatch.setattr(evaluation, "source_quality", quality)
    original = limit_band(_noise(16000), 3000, 16000)
    estimate = original + 0.1 * limit_band(_noise(16000, seed=1), 3000, 16000)
    found = evaluation._track_metrics(ModelConfig(model="a", predicted_seconds=0.5, **COMMON), estimate, original)
    assert (found["ops"], found["aps"]) == (50, 60)
    assert torch.equal(asked[0][0], estimate[4000:12000])
    assert torch.equal(asked[0][1], original[4000:12000])
    assert found["snr"] == pytest.approx(signal_to_noise_ratio(estimate, original).item(), abs=1e-3)
