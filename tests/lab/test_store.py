"""Results are found by what was asked for, and by nothing else."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from paper_code.lab import paths
from paper_code.lab.config import Config
from paper_code.lab.errors import LabError
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import Store, StoreError, open_store


@dataclass(frozen=True, kw_only=True)
class Example(Config):
    rate: float = 0.1


CONFIG = Example(profile="small", seed=0)


def put(root: Path, config: Config, experiment: str = "speech", name: str = "", **metrics: float) -> Path:
    folder = root / "toy" / experiment / (name or f"{config.profile}-seed{config.seed}")
    record = {"config": config.as_dict(), "hash": config.hash, "profile": config.profile, "seed": config.seed}
    record |= {"trained": {}, "measured": {}}
    write_json(folder / "provenance.json", record)
    write_json(folder / "metrics.json", metrics)
    return folder


def test_found_by_config_whatever_the_profile_is_called(tmp_path):
    folder = put(tmp_path, CONFIG, loss=0.5)
    for config in (CONFIG, CONFIG.replace(profile="full")):
        found = Store(tmp_path).find("toy", "speech", config)
        assert found.folder == folder
        assert found.metrics == {"loss": 0.5}
        assert (found.chapter, found.experiment, found.profile, found.seed) == ("toy", "speech", "small", 0)
        assert found.config == {"profile": "small", "seed": 0, "version": 1, "rate": 0.1}


@pytest.mark.parametrize("change", [{"seed": 1}, {"rate": 0.2}, {"version": 2}])
def test_other_settings_are_not_found(tmp_path, change):
    put(tmp_path, CONFIG)
    assert Store(tmp_path).find("toy", "speech", CONFIG.replace(**change)) is None
    assert Store(tmp_path).find("toy", "piano", CONFIG) is None
    assert Store(tmp_path).find("other", "speech", CONFIG) is None


def test_an_experiment_is_not_found_by_half_its_name(tmp_path):
    put(tmp_path, CONFIG, "speech-bark")
    assert Store(tmp_path).find("toy", "speech", CONFIG) is None


def test_a_partial_result_is_none(tmp_path):
    put(tmp_path, CONFIG, name="small-seed0.partial")
    assert Store(tmp_path).all("toy") == []


def test_read_also_comes_first_and_is_never_written(tmp_path):
    committed, work = tmp_path / "committed", tmp_path / "work"
    put(committed, CONFIG, loss=1.0)
    put(work, CONFIG, loss=2.0)
    put(work, CONFIG.replace(seed=1), loss=3.0)
    store = Store(work, read_also=[committed])
    assert store.find("toy", "speech", CONFIG).metrics["loss"] == 1.0
    assert store.find("toy", "speech", CONFIG.replace(seed=1)).metrics["loss"] == 3.0
    assert store.folder("toy", "speech", CONFIG.replace(seed=2)) == work / "toy" / "speech" / "small-seed2"
    assert [found.metrics["loss"] for found in store.all("toy")] == [1.0, 3.0]


def test_all_filters_and_sorts_seeds_as_numbers(tmp_path):
    for seed in (10, 2, 0):
        put(tmp_path, CONFIG.replace(seed=seed))
    put(tmp_path, CONFIG.replace(profile="full", seed=77))
    put(tmp_path, CONFIG, "piano")
    store = Store(tmp_path)
    assert [found.seed for found in store.all("toy", "speech", "small")] == [0, 2, 10]
    assert [found.seed for found in store.all("toy", profile="full")] == [77]
    assert sorted({found.experiment for found in store.all("toy")}) == ["piano", "speech"]
    assert store.all("toy", "cello") == store.all("nothing") == []


def test_a_folder_of_other_settings_is_never_overwritten(tmp_path):
    store = Store(tmp_path)
    plain = tmp_path / "toy" / "speech" / "small-seed0"
    assert store.folder("toy", "speech", CONFIG) == plain
    put(tmp_path, CONFIG)
    other = CONFIG.replace(rate=0.3)
    assert store.folder("toy", "speech", CONFIG) == plain
    assert store.folder("toy", "speech", other) == plain.with_name(f"small-seed0-{other.hash}")
    put(tmp_path, other, name=f"small-seed0-{other.hash}", loss=7.0)
    assert store.find("toy", "speech", other).metrics == {"loss": 7.0}


@pytest.mark.parametrize("file", ["started.json", "provenance.json"])
def test_nor_is_one_that_is_being_computed(tmp_path, file):
    write_json(tmp_path / "toy" / "speech" / "small-seed0.partial" / file, {"hash": CONFIG.hash})
    other = CONFIG.replace(rate=0.3)
    store = Store(tmp_path)
    assert store.folder("toy", "speech", CONFIG).name == "small-seed0"
    assert store.folder("toy", "speech", other).name == f"small-seed0-{other.hash}"


@pytest.mark.parametrize("contents", [None, "{", "{}", '{"config": {}, "hash": "1", "seed": 0}'])
def test_a_folder_that_is_no_whole_result_is_named(tmp_path, contents):
    folder = tmp_path / "toy" / "speech" / "small-seed0"
    folder.mkdir(parents=True)
    if contents is not None:
        (folder / "provenance.json").write_text(contents)
    with pytest.raises(LabError, match=rf"{folder}.*(run|compute) it again"):
        Store(tmp_path).find("toy", "speech", CONFIG)


def test_missing_metrics_are_named(tmp_path):
    folder = put(tmp_path, CONFIG)
    (folder / "metrics.json").unlink()
    with pytest.raises(StoreError, match=rf"{folder} has no metrics.json"):
        _ = Store(tmp_path).all("toy")[0].metrics


def test_undefined_metrics_come_back_as_nan(tmp_path):
    put(tmp_path, CONFIG, loss=math.nan, fine=1.0)
    metrics = Store(tmp_path).all("toy")[0].metrics
    assert math.isnan(metrics["loss"])
    assert metrics["fine"] == 1.0


def test_arrays_are_read_one_by_one(tmp_path):
    folder = put(tmp_path, CONFIG)
    assert dict(Store(tmp_path).all("toy")[0].arrays) == {}
    write_arrays(folder / "arrays.npz", {"curve": np.arange(4.0), "bank": np.eye(2)})
    arrays = Store(tmp_path).all("toy")[0].arrays
    assert (sorted(arrays), len(arrays), "curve" in arrays) == (["bank", "curve"], 2, True)
    np.testing.assert_array_equal(arrays["curve"], [0, 1, 2, 3])
    assert arrays["curve"] is arrays["curve"]
    with pytest.raises(KeyError, match="no array 'curves'; there are: curve, bank"):
        arrays["curves"]


def test_a_sound_is_a_clip_that_tells_where_it_comes_from(tmp_path):
    folder = put(tmp_path, CONFIG)
    samples = np.round(np.sin(np.arange(800) / 9) * 20000).astype(np.int16)
    soundfile.write(folder / "step-250.flac", samples, 11025)
    found = Store(tmp_path).all("toy")[0]
    clip = found.audio("step-250", title="after 250 steps")
    np.testing.assert_array_equal(clip.waveform.numpy(), samples / np.float32(32768))
    assert (clip.sample_rate, clip.title) == (11025, "after 250 steps")
    assert clip.origin == "network: toy, speech, small, seed 0"
    assert str(tmp_path) not in json.dumps(dict(clip.recipe))
    assert found.sounds() == ["step-250"]
    with pytest.raises(StoreError, match=r"no sound 'step-500'; there are: step-250\."):
        found.audio("step-500")


def test_open_store(tmp_path):
    usual, own = open_store(), open_store(str(tmp_path))
    assert (usual.read_also, usual.root) == ((paths.COMMITTED,), paths.WORK)
    assert (own.read_also, own.root) == ((), tmp_path)
