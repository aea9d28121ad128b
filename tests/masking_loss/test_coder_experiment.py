"""The chapter's experiments from settings to result, on quick speech."""

import dataclasses

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.audio import synthesiser
from paper_code.audio.corpora import RecordingMissing
from paper_code.lab import code, results
from paper_code.lab import weights as files
from paper_code.lab.chapter import UnknownName
from paper_code.lab.store import Result, Store
from paper_code.lab.training import seed_all
from paper_code.masking_loss import configs, evaluation, experiment, stimuli
from paper_code.masking_loss.coder import framing, training, weights
from paper_code.masking_loss.coder.bitstream import coded
from paper_code.masking_loss.conditions import Condition
from paper_code.masking_loss.configs import (
    SHORT_WEIGHTS,
    WEIGHTS,
    AmrWb,
    CoderConfig,
    Measured,
    TrainedCoder,
    UntrainedCoder,
)

CPU = torch.device("cpu")
CODERS = [f"coder_{loss}_{rate}" for rate in (13, 20, 24) for loss in ("mse", "log_mel", "pmsqe", "masking")]
AMR_WB = ["amr_wb_12.65", "amr_wb_19.85", "amr_wb_23.85"]
UNTRAINED = [f"untrained_{transform}_{rate}" for rate in (13, 20, 24) for transform in ("mdct", "lapped")]
SWEPT = ["gamma_0", "gamma_1.2", "bands_32", "bands_8_16_32_64"]
SWEEPS = [f"coder_masking_20_{change}" for change in SWEPT]
LONGER = ["coder_masking_20_longer"]
NAMES = [*AMR_WB, *UNTRAINED, *CODERS]  # of Table 1


@pytest.mark.parametrize("profile", configs.PROFILES)
def test_every_profile_builds_all_experiments(profile):
    found = experiment.experiments(profile, seed=3)
    further = SWEEPS if profile == "full" else LONGER  # section 4.1 asks for more trainings than a short profile has
    assert sorted(found) == sorted([*NAMES, *further])
    learns = [name in CODERS for name in found if name in NAMES]
    assert learns == sorted(learns)  # what takes no time comes first
    assert list(found)[len(NAMES) :] == further
    assert len({config.hash for config in found.values()}) == len(found)
    titles = {Condition.of_config(config.as_dict()).title for name, config in found.items() if name not in LONGER}
    assert len(titles) == len([name for name in found if name not in LONGER])
    assert all(config.seed == 3 and config.profile == profile for config in found.values())
    assert all(experiment.estimate_seconds(config) > 0 for config in found.values())
    assert experiment.CHAPTER.seeds(profile) == ((0, 1, 2) if profile == "small" else (0,))


def test_further_seeds_repeat_the_coders_of_table_1_and_are_neither_heard_nor_asked_of_peass():
    first = experiment.experiments("small", 0)
    for seed in (1, 2):
        found = experiment.experiments("small", seed)
        assert list(found) == CODERS
        for name, config in found.items():
            assert (config.predicted, config.heard) == (0, 0)
            own = first[name]
            assert config.replace(seed=0, predicted=own.predicted, heard=own.heard).hash == own.hash
    everywhere = results.plan(experiment.CHAPTER, "small", names=["amr_wb_12.65", "coder_mse_20"])
    assert [(name, config.seed) for name, config in everywhere] == [
        ("amr_wb_12.65", 0), ("coder_mse_20", 0), ("coder_mse_20", 1), ("coder_mse_20", 2)
    ]  # fmt: skip
    only = f"{', '.join(CODERS)}."
    with pytest.raises(UnknownName, match=f"has 'untrained_mdct_13' with seed 0; of the seed asked for it has {only}"):
        results.plan(experiment.CHAPTER, "small", [1, 2], ["untrained_mdct_13"])
    with pytest.raises(UnknownName, match="no experiment 'coder_mse_21'") as error:
        results.plan(experiment.CHAPTER, "small", [1, 2], ["coder_mse_21"])
    assert str(error.value).partition("There are:")[2].count("coder_mse_20") == 1


@pytest.mark.parametrize("profile", configs.PROFILES)
def test_a_transform_has_the_control_frames_of_the_coders_and_bins_of_its_own(profile):
    found = experiment.experiments(profile, 0)
    coder = found["coder_mse_13"]
    for name in UNTRAINED:
        own = found[name]
        assert type(own) is UntrainedCoder
        assert name == f"untrained_{own.transform}_{own.bitrate:g}"
        assert own.control_frames == coder.control_frames
        assert own.bins == (255 if own.transform == "mdct" else 64)
        for field in dataclasses.fields(Measured):
            assert getattr(own, field.name) == getattr(coder, field.name), field.name
        assert Condition.of_config(own.as_dict()).experiment == name


def test_full_is_the_papers_size():
    found = experiment.experiments("full", 0)
    papers = CoderConfig(profile="full", seed=0, loss="masking").as_dict()
    ours = found["coder_masking_20"].as_dict()
    differs = {name for name, value in papers.items() if ours[name] != value}
    assert differs <= {"precision", "alpha_4"}
    assert found["coder_masking_20"].perceptual_weight == CoderConfig.from_dict(papers).perceptual_weight
    section_4 = {
        "batch": 128, "learning_rate": 2e-4, "last_rate": 1e-4, "gamma": 0.8, "bands": [16, 32, 64],
        "alpha_1": 60.0, "alpha_2": 10.0, "alpha_3": 0.5, "alpha_3_step": 0.025,
    }  # fmt: skip
    assert papers == papers | section_4
    assert (ours["utterances"], found["amr_wb_19.85"].utterances) == (0, 0)


def test_an_epoch_is_the_training_speech_in_whole_batches():
    seconds = sum(file.seconds for file in stimuli.recordings("train"))  # of the register: no recording is needed
    batches = seconds * 16000 / framing.HOP / CoderConfig(profile="full", seed=0, loss="mse").batch
    assert configs.EPOCH == int(batches) == 694
    assert batches == pytest.approx(694.2, abs=0.05)
    assert seconds / 60 == pytest.approx(44, abs=0.5)


@pytest.mark.parametrize(
    ("profile", "weights", "alpha_3"),
    [("small", SHORT_WEIGHTS, 0.15), ("full", {loss: weight or None for loss, weight in WEIGHTS.items()}, 0.5)],
)
def test_coders_differ_in_nothing_but_the_loss_and_the_rate(profile, weights, alpha_3):
    found = experiment.experiments(profile, 0)
    first = found[CODERS[0]].as_dict()
    for name in CODERS:
        own = found[name].as_dict()
        assert own == first | {name: own[name] for name in ("loss", "bitrate", "alpha_4")}
        # in the settings: another, another result
        assert (own["alpha_3"], own["alpha_4"]) == (alpha_3, weights[own["loss"]])
        assert name == f"coder_{own['loss']}_{own['bitrate']:g}"


def test_a_sweep_changes_one_setting_of_the_training():
    found = experiment.experiments("full", 0)
    base = found["coder_masking_20"].as_dict()
    for name in SWEEPS:
        own = found[name].as_dict()
        changed = {field for field in own if own[field] != base[field]}
        assert changed - {"predicted", "heard"} == {name.split("_")[3]}
        assert own["predicted"] == 0


@pytest.mark.parametrize("profile", ["smoke", "small"])
def test_a_longer_training_has_four_times_the_steps_and_is_told_by_its_name(profile, tmp_path):
    found = experiment.experiments(profile, 0)
    for name in LONGER:
        own, usual = found[name], found[name.removesuffix("_longer")]
        assert own == usual.replace(iterations=4 * usual.iterations)
        condition = Condition.of(Result(tmp_path, "masking_loss", name, {"config": own.as_dict()}))
        assert condition.title == f"{condition.usual.title}, longer"
        assert condition.usual == Condition.of_config(usual.as_dict())
        assert condition.experiment == name


def test_what_is_measured_has_no_part_in_the_warm_up():
    config = experiment.experiments("small", 0)["coder_masking_20"]
    plain = {name: value for name, value in config.as_dict().items() if name in CoderConfig.__dataclass_fields__}
    warm_up = config.of_the_warm_up()
    assert type(warm_up) is CoderConfig
    assert warm_up.hash == CoderConfig(**plain).of_the_warm_up().hash
    assert warm_up.hash == config.replace(predicted=0, heard=0, utterances=3).of_the_warm_up().hash
    assert warm_up.hash != config.replace(seed=1).of_the_warm_up().hash


@pytest.mark.parametrize("profile", ["smoke", "small"])
def test_short_trainings_begin_as_the_transform_that_stands_in_table_1(profile):
    found = experiment.experiments(profile, 0)
    for config in (config for config in found.values() if isinstance(config, TrainedCoder)):
        assert (config.start, config.warm_up) == ("lapped", 0)
        assert config.bins == found[f"untrained_lapped_{config.bitrate:g}"].bins


def test_neither_stage_runs_code_of_the_other():
    training_code, measuring = (
        code.closure(code.entry(s)) for s in (experiment.CHAPTER.train, experiment.CHAPTER.evaluate)
    )
    for both in (training_code, measuring):
        assert "paper_code/masking_loss/coder/quantiser.py" in both
    assert not [path for path in training_code if path.startswith("paper_code/metrics/speech_quality")]
    assert "paper_code/masking_loss/evaluation.py" not in training_code
    assert "paper_code/masking_loss/coder/training.py" not in measuring
    assert "paper_code/masking_loss/coder/rate_control.py" not in measuring


def test_overrides_reach_what_has_them():
    found = experiment.experiments("smoke", 0, recordings="synthetic", iterations=7, heard=0)
    assert {config.recordings for config in found.values()} == {"synthetic"}
    assert found["coder_pmsqe_13"].iterations == 7
    assert found["amr_wb_12.65"].heard == found["untrained_mdct_20"].heard == 0


def test_sources_are_those_of_the_sides_that_are_used():
    found = experiment.experiments("smoke", 0, recordings="synthetic")
    assert len(experiment.sources(found["coder_mse_13"])) == len(experiment.sources(found["untrained_mdct_20"])) == 3
    assert [source["origin"] for source in experiment.sources(found["amr_wb_12.65"])] == ["synthesiser"] * 2


@pytest.mark.corpora("librispeech_resemblyzer")
def test_sources_of_recordings():
    found = experiment.sources(experiment.experiments("small", 0)["amr_wb_12.65"])
    assert len(found) == len(stimuli.recordings("validation")) + len(stimuli.recordings("test"))
    assert all(source["sha256"] and source["licence"] for source in found)


def test_a_missing_recording_is_told_before_the_training(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(tmp_path))
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(RecordingMissing):
        experiment.sources(experiment.experiments("small", 0)["coder_mse_13"])


@pytest.fixture
def quick(tmp_path_factory, monkeypatch):
    """The chapter known to the lab, with quick speech, folders of the test's own, and no PEASS (it is slow)."""
    folder = tmp_path_factory.mktemp("speech")
    monkeypatch.setattr(stimuli, "FOLDER", folder / "speech")
    monkeypatch.setattr(training, "WARM_UPS", folder / "warm-ups")
    monkeypatch.setattr(stimuli, "SYNTHETIC_SECONDS", 2.5)
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)
    monkeypatch.setattr(evaluation, "predictions", lambda *_: dict.fromkeys(evaluation.PREDICTED, 50.0))
    monkeypatch.setenv("COMPENDIUM_CACHE", str(folder / "cache"))


def _config(name: str, **changes: object):
    return experiment.experiments("smoke", 0, recordings="synthetic", utterances=1, **changes)[name]


def test_a_coder_from_settings_to_result(quick, tmp_path):
    config = _config("coder_masking_20")
    found = results.result(experiment.CHAPTER, "coder_masking_20", config, Store(tmp_path), "cpu", False)
    assert found.sounds() == ["synthetic-5"]
    assert len(found.audio("synthetic-5").waveform) == 40000
    coder = weights.load(found.folder / files.WEIGHTS, "masking", 20)
    original = stimuli.normalised(quick_speech(2.5, 16000, 5)).waveform
    heard = found.audio("synthetic-5").waveform / found.metrics["levels"]["synthetic-5"]
    assert torch.allclose(heard, coded(coder, original), atol=1e-4)
    assert found.metrics["parameters"] == sum(weights.numel() for weights in coder.parameters())
    test = found.metrics["test"]
    assert test["utterances"] == 1
    # the file's header, and the symbols of other speech than the prior was learned from
    assert test["estimated_kilobits"] < test["kilobits"] < 1.2 * test["estimated_kilobits"] + 1
    assert found.curves["loss"].shape == (config.steps,)
    assert found.curves["seen_validated"].tolist()[-1] == config.steps
    assert not set(found.curves) & set(found.arrays)
    assert found.metrics["predicted"]["ops"] == 50
    assert found.arrays["figure_noise"].shape == (48, 257)
    named = experiment.CHAPTER.measurements([found])
    assert named["PESQ, masking 20"] == [test["pesq"]]
    assert {source["origin"] for source in found.provenance["sources"]} == {"synthesiser"}
    assert not (found.folder / evaluation.CODED).exists()


def test_amr_wb_from_settings_to_result(quick, tmp_path):
    config = _config("amr_wb_12.65")
    assert isinstance(config, AmrWb)
    found = results.result(experiment.CHAPTER, "amr_wb_12.65", config, Store(tmp_path), "cpu", progress=False)
    assert found.metrics["test"]["estimated_kilobits"] == 12.65
    assert 13.2 < found.metrics["test"]["kilobits"] < 13.5
    assert found.metrics["test"]["snr"] > 5
    assert found.sounds() == ["synthetic-5"]
    assert not found.curves
    assert "PESQ, AMR-WB 12.65" in experiment.CHAPTER.measurements([found])


def test_a_transform_from_settings_to_result(quick, tmp_path):
    config = _config("untrained_mdct_20", control_frames=200)
    assert isinstance(config, UntrainedCoder)
    found = results.result(experiment.CHAPTER, "untrained_mdct_20", config, Store(tmp_path), "cpu", progress=False)
    coder, test = weights.load(found.folder / files.WEIGHTS, "mdct", 20), found.metrics["test"]
    original = stimuli.normalised(quick_speech(2.5, 16000, 5)).waveform
    heard = found.audio("synthetic-5").waveform / found.metrics["levels"]["synthetic-5"]
    assert torch.allclose(heard, coded(coder, original), atol=1e-4)
    assert test["snr"] > 10
    assert test["estimated_kilobits"] < test["kilobits"] < 1.2 * test["estimated_kilobits"] + 1
    assert not found.curves
    assert found.metrics["parameters"] == 256  # 255 bins and a temperature that coding does not need
    assert experiment.CHAPTER.measurements([found])["PESQ, MDCT 20"] == [test["pesq"]]
    assert (found.folder / files.WEIGHTS).stat().st_size < 10_000


def test_measuring_twice_gives_the_same(quick, tmp_path):
    config, seen = _config("coder_mse_13", iterations=2), []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        seed_all(0)
        experiment.CHAPTER.train(config, folder, CPU, False)
        experiment.CHAPTER.evaluate(config, folder)
        with np.load(folder / "arrays.npz") as arrays:
            seen.append({name: arrays[name] for name in arrays.files})
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        experiment.CHAPTER.evaluate(config, folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before  # measured again, nothing moves
    assert seen[0].keys() == seen[1].keys()
    for name, array in seen[0].items():
        equal_nan = array.dtype.kind == "f"
        assert np.array_equal(array, seen[1][name], equal_nan=equal_nan), name
