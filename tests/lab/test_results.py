"""Finding, computing and gathering results; which stored results still fit."""

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from paper_code import chapters
from paper_code.lab import audit, code, devices, results
from paper_code.lab.chapter import UnknownName
from paper_code.lab.config import ConfigError
from paper_code.lab.devices import DeviceError
from paper_code.lab.errors import LabError
from paper_code.lab.provenance import ProvenanceError
from paper_code.lab.store import Store
from paper_code.lab.study import open_results

RESULT = ["arrays.npz", "curves.npz", "metrics.json", "provenance.json", "weights.safetensors"]


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


def compute(toy, store, profile="smoke", seed=0, name="gentle", **options):
    return results.result(toy.CHAPTER, name, toy.experiments(profile, seed)[name], store, progress=False, **options)


def test_a_result_is_computed_once_and_then_found(toy, store, tmp_path, monkeypatch):
    first = compute(toy, store)
    assert first.folder == tmp_path / "toy" / "gentle" / "smoke-seed0"
    assert sorted(os.listdir(first.folder)) == RESULT
    assert os.listdir(first.folder.parent) == ["smoke-seed0"]
    assert first.metrics["last"] == first.curves["loss"][-1]
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained again"))
    assert compute(toy, store).folder == first.folder


def test_the_same_seed_gives_the_same_result_and_another_seed_another(toy, tmp_path):
    one, two = (compute(toy, Store(tmp_path / name)) for name in "ab")
    assert one.curves["loss"].tolist() == two.curves["loss"].tolist()
    assert one.arrays["noise"].tolist() == two.arrays["noise"].tolist()
    other = compute(toy, Store(tmp_path / "a"), seed=1)
    assert one.curves["loss"].tolist() != other.curves["loss"].tolist()


def test_what_another_process_finished_meanwhile_is_taken(toy, store, tmp_path, monkeypatch):
    theirs = compute(toy, Store(tmp_path / "theirs"))

    @contextmanager
    def lock_they_just_left(folder):
        folder.parent.mkdir(parents=True)
        theirs.folder.rename(folder)
        yield

    monkeypatch.setattr(results, "lock", lock_they_just_left)
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained again"))
    assert compute(toy, store).provenance == theirs.provenance


def test_a_folder_left_before_its_first_file_was_whole_is_started_anew(toy, store, tmp_path):
    partial = tmp_path / "toy" / "gentle" / "smoke-seed0.partial"
    partial.mkdir(parents=True)
    (partial / ".started.71-0.tmp.json").write_text("{")
    (partial / "checkpoint.pt").write_text("of unknown settings")
    assert sorted(os.listdir(compute(toy, store).folder)) == RESULT


def test_the_code_is_recorded_as_it_was_when_the_run_began(toy, store, monkeypatch):
    train = toy.train

    def edit_meanwhile(*arguments):
        monkeypatch.setattr(code, "digest", lambda *_: "edited")
        train(*arguments)

    code.state.cache_clear()
    wanted = code.digest("tests/lab/toy_experiment.py")
    monkeypatch.setattr(toy, "train", edit_meanwhile)
    found = compute(toy, store)
    code.state.cache_clear()
    assert found.trained["code"]["sha256"] == found.measured["code"]["sha256"] == wanted


def test_an_evaluation_draws_the_same_whatever_the_training_drew(toy, store):
    drawn = torch.rand(3, generator=torch.Generator().manual_seed(1))
    assert compute(toy, store, seed=1).arrays["noise"].tolist() == drawn.tolist()


def test_other_settings_under_the_same_name_do_not_touch_the_first(toy, store):
    first = compute(toy, store)
    config = toy.experiments("smoke", 0, learning_rate=0.5)["gentle"]
    second = results.result(toy.CHAPTER, "gentle", config, store, progress=False)
    assert second.folder.name == f"smoke-seed0-{config.hash}"
    assert second.metrics != first.metrics
    assert compute(toy, store).folder == first.folder


def test_the_reader_is_told_what_will_be_computed(toy, store, capsys, monkeypatch):
    config = toy.experiments("smoke", 1)["steep"]
    monkeypatch.delenv("COMPENDIUM_PROGRESS")
    results.result(toy.CHAPTER, "steep", config, store)
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith("No stored result for steep (smoke, seed 1): computing it; about 60 seconds on two cores")
    results.result(toy.CHAPTER, "steep", config, store)
    assert capsys.readouterr().err == ""
    results.result(toy.CHAPTER, "gentle", toy.experiments("smoke", 1)["gentle"], store, progress=False)
    assert capsys.readouterr().err == ""


def test_missing_recordings_stop_before_anything_is_written(toy, store, tmp_path, monkeypatch):
    monkeypatch.setattr(toy, "sources", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compute(toy, store)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_place_on_somebodys_disk_is_refused_before_the_training(toy, store, monkeypatch):
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained"))
    config = toy.experiments("smoke", 0, recordings="/home/somebody/my.wav")["gentle"]
    with pytest.raises(ProvenanceError, match=r"config: recordings holds the path /home/somebody/my.wav"):
        results.result(toy.CHAPTER, "gentle", config, store, progress=False)


def test_an_evaluation_without_metrics_is_an_error(toy, store, tmp_path, monkeypatch):
    monkeypatch.setattr(toy, "evaluate", lambda *_: None)
    with pytest.raises(LabError, match=r"evaluate\(\) of toy wrote no metrics.json"):
        compute(toy, store)
    assert os.listdir(tmp_path / "toy" / "gentle") == ["smoke-seed0.partial"]


@pytest.mark.parametrize(("name", "kind"), [("cpu", "cpu"), ("auto", "cuda" if torch.cuda.is_available() else "cpu")])
def test_device_names(name, kind):
    assert devices.resolve(name).type == kind


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:0", "", "cuda:99"])
def test_devices_there_are_not(name):
    with pytest.raises(DeviceError, match="device"):
        devices.resolve(name)


def test_a_missing_gpu_stops_before_anything_is_written(toy, store, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(DeviceError, match=r"'cuda' .* no such GPU"):
        compute(toy, store, device="cuda")
    assert list(tmp_path.iterdir()) == []


def test_results_gathers_seed_by_seed(toy, store):
    found = results.results(toy.CHAPTER, "smoke", store, progress=False)
    assert [(r.seed, r.experiment) for r in found] == [(0, "gentle"), (0, "steep"), (1, "gentle"), (1, "steep")]
    found = results.results(toy.CHAPTER, "smoke", store, seeds=[1, 3], names=["steep"], progress=False, slope=9.0)
    assert [(r.seed, r.config["slope"]) for r in found] == [(1, 5.0), (3, 5.0)]
    assert [r.config["learning_rate"] for r in found] == [0.01, 0.01]


def test_published_is_the_best_complete_set_and_computes_nothing(toy, store, monkeypatch):
    with pytest.raises(LabError, match=r"small lacks 6 of 6 \(first gentle seed 0\); smoke lacks 4 of 4"):
        results.results(toy.CHAPTER, "published", store)
    results.results(toy.CHAPTER, "smoke", store, progress=False)
    results.results(toy.CHAPTER, "small", store, seeds=[0, 1], progress=False)
    train = toy.train
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained"))
    assert results.published(toy.CHAPTER, store) == "smoke"
    assert {r.profile for r in results.results(toy.CHAPTER, "published", store)} == {"smoke"}
    monkeypatch.setattr(toy, "train", train)
    results.results(toy.CHAPTER, "small", store, seeds=[2], progress=False)
    assert results.published(toy.CHAPTER, store) == "small"
    assert len(results.results(toy.CHAPTER, "published", store)) == 6
    with pytest.raises(LabError, match="published results take no slope"):
        results.results(toy.CHAPTER, "published", store, slope=3.0)


def test_unknown_names_come_with_the_nearest(toy, store):
    with pytest.raises(UnknownName, match=r"no chapter 'tyo'. Did you mean 'toy'\?"):
        chapters.chapter("tyo")
    with pytest.raises(UnknownName, match=r"no profile 'smal'. Did you mean 'small'\?"):
        results.results(toy.CHAPTER, "smal", store)
    with pytest.raises(UnknownName, match=r"no profile 'publised'. Did you mean 'published'\?.* published, .*smoke"):
        results.results(toy.CHAPTER, "publised", store)
    with pytest.raises(UnknownName, match=r"no profile 'smal'.*There are: published, "):
        open_results(toy.CHAPTER, "smal")
    with pytest.raises(UnknownName, match=r"no profile 'published'. There are: (?!published)"):
        results.plan(toy.CHAPTER, "published")
    with pytest.raises(UnknownName, match=r"no experiment 'step'. Did you mean 'steep'\?"):
        results.results(toy.CHAPTER, "smoke", store, names=["step"])
    with pytest.raises(ConfigError, match=r"no setting 'slop'. Did you mean 'slope'\?"):
        results.results(toy.CHAPTER, "smoke", store, slop=1.0)


def test_nothing_is_stale_right_after_a_run(toy, store):
    results.results(toy.CHAPTER, "smoke", store, progress=False)
    assert audit.stale(store, {"toy": toy.CHAPTER}) == []


def test_stale_names_what_changed(toy, store, monkeypatch):
    results.results(toy.CHAPTER, "smoke", store, seeds=[0], progress=False)
    usual = toy.experiments

    def changed(profile, seed, **overrides):
        configs = usual(profile, seed, **overrides)
        return {"gentle": configs["gentle"].replace(learning_rate=0.02, version=2)}

    monkeypatch.setattr(toy, "experiments", changed)
    lines = audit.stale(store, {"toy": toy.CHAPTER})
    assert len(lines) == 2
    assert "gentle/smoke-seed0: made with other settings (version, learning_rate)" in lines[0]
    assert "steep/smoke-seed0: there is no experiment 'steep' any more" in lines[1]
    assert compute(SimpleNamespace(experiments=changed, CHAPTER=toy.CHAPTER), store).folder.name.startswith(
        "smoke-seed0-"
    )


def test_stale_finds_overrides_and_lost_profiles(toy, store):
    config = toy.experiments("smoke", 0, recordings="synthetic")["gentle"]
    results.result(toy.CHAPTER, "gentle", config, store, progress=False)
    assert "made with other settings (recordings)" in audit.stale(store, {"toy": toy.CHAPTER})[0]
    without = replace(toy.CHAPTER, profiles={"small": toy.PROFILES["small"]})
    assert "there is no profile 'smoke' any more" in audit.stale(store, {"toy": without})[0]


def test_stale_finds_records_edited_by_hand(toy, store):
    path = compute(toy, store).folder / "provenance.json"
    record = json.loads(path.read_text())
    record["config"]["learning_rate"] = 0.011
    path.write_text(json.dumps(record))
    assert "is not that of its own config" in audit.stale(store, {"toy": toy.CHAPTER})[0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (1.4, "1 second"),
        (2, "2 seconds"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (3600, "60 minutes"),
        (5400, "1.5 hours"),
        (36000, "10.0 hours"),
    ],
)
def test_durations_for_people(seconds, words):
    assert results.duration(seconds) == words
