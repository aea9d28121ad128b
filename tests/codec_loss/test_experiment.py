"""The chapter's experiments from config to result, on quick sounds."""

import numpy as np
import pytest
import torch

from codec_loss.quick_sounds import SIDES
from paper_code.codec_loss import building, experiment, stimuli, weights
from paper_code.codec_loss.configs import PAPERS_RATE, PROFILES, ModelConfig
from paper_code.codec_loss.experiment import CHAPTER
from paper_code.codec_loss.networks import EncoderNetwork, FrequencyAwareUNet, SpectrogramUNet, TimeUNet
from paper_code.codec_loss.tracks import EXCERPT, FIGURES, TRACKS, excerpt, excerpts
from paper_code.codec_loss.weights import checksum, released
from paper_code.lab import results
from paper_code.lab.errors import LabError
from paper_code.lab.store import Store, open_store
from paper_code.lab.training import seed_all
from paper_code.lab.weights import WEIGHTS

NETWORKS = ["network_spectrogram", "network_frequency_aware", "network_time"]
TRIALS = [f"trials_{model}" for model in ("a", "b", "c", "c_fair", "c_gradient")]
NARROW = ["model_a", "model_b", "model_c", "model_d", "model_c_fair"]
BROAD = [f"model_{model}_broad" for model in "abcd"]
MODELS = NARROW + BROAD
NAMES = NETWORKS + TRIALS + MODELS
REPEATED = ["model_a", "model_b", "model_c", "model_c_fair"]
CORPORA = sorted({file.corpus for side in SIDES for file in stimuli.recordings(side)})


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_builds_all_experiments(profile):
    found = experiment.experiments(profile, seed=3)
    assert list(found) == NAMES
    assert len({config.hash for config in found.values()}) == len(NAMES)
    assert all(config.seed == 3 and config.profile == profile for config in found.values())
    assert all(experiment.estimate_seconds(config) > 0 for config in found.values())
    assert CHAPTER.seeds(profile) == ((0, 1, 2) if profile == "small" else (0,))


def test_other_seeds_of_a_published_result_repeat_the_models_that_are_compared():
    first, second = (experiment.experiments("small", seed) for seed in (0, 1))
    assert list(second) == REPEATED
    assert all(second[name] == first[name].replace(seed=1) for name in REPEATED)


def test_full_is_the_papers_size():
    found = experiment.experiments("full", 0)
    spectrogram, time = found["network_spectrogram"], found["network_time"]
    assert (spectrogram.filters, spectrogram.batch, spectrogram.learning_rate, spectrogram.decay) == (
        32,
        32,
        1e-3,
        5e-6,
    )
    assert (time.filters, time.batch, time.learning_rate) == (32, 16, 1e-4)
    for name in MODELS:
        model = found[name]
        assert (model.filters, model.bottleneck, model.batch) == (12, 128, 32)
        assert model.learning_rate == 1e-4  # not the paper's 1e-3: there the models leave their start and become silent
        assert model.precision == "float32"
        assert model.cutoff == (5000 if name.endswith("_broad") else 3000)
    assert (spectrogram.codec, spectrogram.bitrate) == ("mp3", 16.0)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_frequency_aware_network_has_the_settings_of_the_spectrogram_network(profile):
    found = experiment.experiments(profile, 0)
    plain, aware = (found[name].as_dict() for name in NETWORKS[:2])
    assert aware == plain | {"network": "frequency_aware"}
    assert plain["network"] == "spectrogram"


@pytest.mark.parametrize(("names", "but"), [(REPEATED, ("learning_rate",)), (BROAD, ()), (TRIALS, ("rates",))])
def test_models_differ_in_nothing_but_the_loss_and_the_rate_that_was_tuned(names, but):
    found = experiment.experiments("small", 0)
    for name in names:
        own = {key: found[name].as_dict()[key] for key in ("model", "weights", *but)}
        assert found[name].as_dict() == found[names[0]].as_dict() | own


def test_models_that_are_compared_have_the_rate_of_their_trials_lowest_loss():
    """The rates are settings, chosen once by the stored trials, each with the same budget."""
    found, store = experiment.experiments("small", 0), open_store()
    tried = {
        name: store.find("codec_loss", name.replace("model", "trials"), found[name.replace("model", "trials")])
        for name in REPEATED
    }
    assert len({tuple(result.metrics["rates"]) for result in tried.values()}) == 1
    for name, result in tried.items():
        own = {float(rate): ends["own"] for rate, ends in result.metrics["rates"].items()}
        assert found[name].learning_rate == min(own, key=own.__getitem__)
        assert PAPERS_RATE in own


def test_models_c_and_d_name_the_released_weights():
    found = experiment.experiments("smoke", 0)
    assert found["model_a"].weights == found["model_b"].weights == ""
    assert found["model_c"].weights == found["model_c_broad"].weights == checksum(released("spectrogram"))
    assert found["model_d"].weights == checksum(released("time"))
    assert found["model_c_fair"].weights == checksum(released("frequency_aware"))
    synthetic = found["model_d"].replace(recordings="synthetic")
    assert experiment.sources(synthetic)[-1]["sha256"] == found["model_d"].weights


def test_another_codec_is_for_the_loss_networks():
    found = experiment.experiments("smoke", 0, codec="opus", bitrate=24.0)
    assert found["network_time"].real_codec().name == "opus"
    assert found["model_c"].real_codec().name == "mp3"
    assert experiment.experiments("smoke", 0, iterations=7)["model_c"].iterations == 7


@pytest.mark.corpora(*CORPORA)
def test_sources_are_those_of_all_sides():
    real = experiment.sources(experiment.experiments("smoke", 0)["network_time"])
    assert len(real) == sum(len(stimuli.recordings(side)) for side in SIDES)


def test_without_recordings_the_synthesiser_is_the_source_of_all_sides():
    config = experiment.experiments("smoke", 0)["network_time"]
    synthetic = experiment.sources(config.replace(recordings="synthetic"))
    assert [source["origin"] for source in synthetic] == ["synthesiser"] * 3


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("results"))


def _result(name, store, monkeypatch):
    monkeypatch.setattr(building, "FILTER_PATCHES", 4)
    changes = {"recordings": "synthetic", "iterations": 2, "batch": 1}
    config = experiment.experiments("smoke", 0, **changes)[name]
    if isinstance(config, ModelConfig):
        config = config.replace(predicted_seconds=0.5)
    return results.result(CHAPTER, name, config, store, device="cpu", progress=False)


def test_a_loss_network_from_settings_to_result(quick, store, monkeypatch):
    result = _result("network_spectrogram", store, monkeypatch)
    assert result.sounds() == sorted(TRACKS)
    assert len(result.audio("piano").waveform) == EXCERPT
    assert result.curves["loss"].shape == (2,)
    assert result.curves["validated"].tolist() == [2]
    assert result.arrays["fixed_filter"].shape == result.arrays["corrected_network"].shape == (512,)
    assert result.metrics["parameters"] == sum(p.numel() for p in SpectrogramUNet(4).parameters())
    assert result.metrics["cutoff"] == pytest.approx(5550, abs=300)
    for side in ("validation", "test"):
        scores = result.metrics[side]
        assert scores["patches"] == 2
        # a mask of untrained weights is about a half: worse than the best filter; neither is perfect
        assert 0 < scores["fixed filter"]["l1"] < scores["identity"]["l1"]
        assert scores["network"]["l1"] > scores["fixed filter"]["l1"]
        assert scores["corrected network"]["l1"] < scores["network"]["l1"]
        for candidate in ("network", "corrected network", "fixed filter", "identity"):
            _assert_ranked(scores[candidate])
    assert 0 < result.curves["data_seconds"] < result.curves["seconds"]
    assert not list(result.folder.glob("checkpoint*"))
    assert {source["origin"] for source in result.provenance["sources"]} == {"synthesiser"}


def _assert_ranked(scores):
    """At 20 dB the ranking is the score beside it; both are NaN where nothing is found."""
    assert scores["ranking"]["depths"] == [k / 2 for k in range(1, 81)]
    for name in ("precision", "recall"):
        assert len(scores["ranking"][name]) == 80
        assert scores["ranking"][name][39] == pytest.approx(scores[name], abs=1e-12, nan_ok=True)


def test_the_frequency_aware_network_from_settings_to_result(quick, store, monkeypatch):
    result = _result("network_frequency_aware", store, monkeypatch)
    assert result.sounds() == sorted(TRACKS)
    assert result.arrays["corrected_network"].shape == (512,)
    assert result.metrics["parameters"] == sum(p.numel() for p in FrequencyAwareUNet(4).parameters())
    scores = result.metrics["test"]
    # after two steps it is still near the filter it started as, far from the half of an untrained mask
    assert scores["network"]["l1"] == pytest.approx(scores["fixed filter"]["l1"], rel=0.2)
    assert "waveform_l1" not in scores["network"]
    _assert_ranked(scores["network"])
    named = CHAPTER.measurements([result])
    assert named["L1, network, frequency_aware network"] == [scores["network"]["l1"]]


@pytest.mark.slow
def test_floors_come_with_model_a_and_repeats_keep_no_sounds(quick, store, monkeypatch):
    result = _result("model_a", store, monkeypatch)
    assert result.sounds() == sorted(TRACKS)
    repeated = PROFILES["smoke"].__class__("twice", seeds=(7, 0), changes=PROFILES["smoke"].changes)
    monkeypatch.setitem(PROFILES, "smoke", repeated)
    again = _result("model_a", Store(store.root / "again"), monkeypatch)
    assert again.sounds() == []
    assert again.metrics["test"] == result.metrics["test"]
    assert "floor tracks" in result.metrics
    assert "floor tracks" not in again.metrics
    named = CHAPTER.measurements([result])
    assert named["SNR, untrained"] == [result.metrics["untrained"]["snr"]]
    assert named["OPS, tracks, fixed filter"][0] > named["OPS, tracks, untrained"][0] - 100
    assert named["SNR, fixed filter"][0] > 30  # half the samples are enough for 3 of 8 kHz


@pytest.mark.slow
def test_a_model_from_settings_to_result(quick, store, monkeypatch):
    result = _result("model_b_broad", store, monkeypatch)
    assert result.sounds() == sorted(FIGURES)
    assert sorted(result.metrics["tracks"]) == sorted(FIGURES)
    assert result.arrays["snr"].shape == (result.metrics["test"]["frames"],) == (2,)
    assert result.metrics["test"]["snr"] == pytest.approx(result.arrays["snr"].mean(), rel=1e-5)
    assert result.metrics["parameters"] == sum(p.numel() for p in EncoderNetwork(4).parameters())
    assert all(np.isfinite(track["snr"]) for track in result.metrics["tracks"].values())
    named = CHAPTER.measurements([result])
    assert named["SNR, model B, broadband"] == [result.metrics["test"]["snr"]]
    assert "OPS, tracks, model B, broadband" in named


def test_measuring_twice_gives_the_same(quick, tmp_path, monkeypatch):
    """evaluate() after train() on the same settings, in two folders."""
    monkeypatch.setattr(building, "FILTER_PATCHES", 2)
    changes = {"recordings": "synthetic", "iterations": 1, "batch": 1}
    config = experiment.experiments("smoke", 0, **changes)["network_time"]
    found = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        seed_all(0)
        CHAPTER.train(config, folder, torch.device("cpu"), False)
        kept = weights.kept(folder / WEIGHTS)
        CHAPTER.evaluate(config, folder)
        found.append((kept, (folder / "metrics.json").read_text(), (folder / "castanets.flac").read_bytes()))
    assert sorted(found[0][0]) == sorted(TimeUNet(4).state_dict())
    assert all(torch.equal(found[0][0][name], found[1][0][name]) for name in found[0][0])
    assert found[0][2] == found[1][2]
    assert found[0][1] == found[1][1]


def test_excerpts_have_one_form_and_fit_both_networks(quick):
    found = excerpts(synthetic=True)
    assert found.shape == (len(TRACKS), EXCERPT)
    assert ((EXCERPT - 1024) // 512 + 1) % 32 == 0
    assert EXCERPT % 256 == 0
    limited = excerpt("soprano", cutoff=3000, synthetic=True)
    spectrum = torch.fft.rfft(limited.waveform).abs()
    assert spectrum[torch.fft.rfftfreq(EXCERPT, 1 / 16000) > 3300].max() < 1e-3 * spectrum.max()
    assert limited.title == "Soprano"
    assert "limited to 3000 Hz" in limited.recipe["steps"]
    with pytest.raises(LabError, match=r"no track 'pano'.*Did you mean 'piano'"):
        excerpt("pano")


@pytest.mark.corpora("visqol")
def test_real_excerpts_come_from_test_recordings():
    tests = {file.path for file in stimuli.recordings("test")}
    assert {track.path for track in TRACKS.values()} <= tests
    clip = excerpt("piano")
    assert (len(clip.waveform), clip.sample_rate) == (EXCERPT, 16000)
    assert clip.waveform.abs().max().item() == pytest.approx(0.9, abs=1e-4)
    assert clip.licence
