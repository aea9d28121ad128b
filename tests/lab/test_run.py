"""Finding, computing and gathering results; which stored results still fit."""

import json
import os
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch

from paper_code.lab import chapters, devices, paths, provenance, run
from paper_code.lab.config import ConfigError
from paper_code.lab.devices import DeviceError
from paper_code.lab.provenance import ProvenanceError
from paper_code.lab.store import Store

RESULT = ["arrays.npz", "metrics.json", "network.pt", "provenance.json", "training.npz"]


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


def compute(toy, store, profile="smoke", seed=0, name="gentle", **options):
    return run.result("toy", name, toy.experiments(profile, seed)[name], store, progress=False, **options)


def test_a_result_is_computed_once_and_then_found(toy, store, tmp_path, monkeypatch):
    first = compute(toy, store)
    assert first.folder == tmp_path / "toy" / "gentle" / "smoke-seed0"
    assert sorted(os.listdir(first.folder)) == RESULT
    assert os.listdir(first.folder.parent) == ["smoke-seed0"]
    assert first.metrics["last"] == first.arrays["loss"][-1]
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained again"))
    assert compute(toy, store).folder == first.folder


def test_the_same_seed_gives_the_same_result_and_another_seed_another(toy, tmp_path):
    one, two = (compute(toy, Store(tmp_path / name)) for name in "ab")
    assert one.arrays["loss"].tolist() == two.arrays["loss"].tolist()
    assert one.arrays["noise"].tolist() == two.arrays["noise"].tolist()
    other = compute(toy, Store(tmp_path / "a"), seed=1)
    assert one.arrays["loss"].tolist() != other.arrays["loss"].tolist()


def test_what_another_process_finished_meanwhile_is_taken(toy, store, tmp_path, monkeypatch):
    theirs = compute(toy, Store(tmp_path / "theirs"))

    @contextmanager
    def lock_they_just_left(folder):
        folder.parent.mkdir(parents=True)
        theirs.folder.rename(folder)
        yield

    monkeypatch.setattr(run, "lock", lock_they_just_left)
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
        monkeypatch.setattr(provenance, "code_digest", lambda: "edited")
        train(*arguments)

    provenance.code_state.cache_clear()
    wanted = provenance.code_digest()
    monkeypatch.setattr(toy, "train", edit_meanwhile)
    assert compute(toy, store).provenance["code"]["sha256"] == wanted


def test_an_evaluation_draws_the_same_whatever_the_training_drew(toy, store):
    drawn = torch.rand(3, generator=torch.Generator().manual_seed(1))
    assert compute(toy, store, seed=1).arrays["noise"].tolist() == drawn.tolist()


def test_other_settings_under_the_same_name_do_not_touch_the_first(toy, store):
    first = compute(toy, store)
    config = toy.experiments("smoke", 0, learning_rate=0.5)["gentle"]
    second = run.result("toy", "gentle", config, store, progress=False)
    assert second.folder.name == f"smoke-seed0-{config.hash}"
    assert second.metrics != first.metrics
    assert compute(toy, store).folder == first.folder


def test_the_checkpoint_stays_when_asked(toy, store):
    found = compute(toy, store, keep_checkpoint=True)
    assert torch.load(found.folder / "checkpoint.pt", weights_only=True)["tag"] == found.hash


def test_the_reader_is_told_what_will_be_computed(toy, store, capsys, monkeypatch):
    config = toy.experiments("smoke", 1)["steep"]
    monkeypatch.delenv("COMPENDIUM_PROGRESS")
    run.result("toy", "steep", config, store)
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith("No stored result for steep (smoke, seed 1): computing it; about 60 seconds on two cores")
    run.result("toy", "steep", config, store)
    assert capsys.readouterr().err == ""
    run.result("toy", "gentle", toy.experiments("smoke", 1)["gentle"], store, progress=False)
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
        run.result("toy", "gentle", config, store, progress=False)


def test_an_evaluation_without_metrics_is_an_error(toy, store, tmp_path, monkeypatch):
    monkeypatch.setattr(toy, "evaluate", lambda *_: None)
    with pytest.raises(run.LabError, match=r"evaluate\(\) of toy_experiment wrote no metrics.json"):
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
    found = run.results("toy", "smoke", store, progress=False)
    assert [(r.seed, r.experiment) for r in found] == [(0, "gentle"), (0, "steep"), (1, "gentle"), (1, "steep")]
    found = run.results("toy", "smoke", store, seeds=[1, 3], names=["steep"], progress=False, slope=9.0)
    assert [(r.seed, r.config["slope"]) for r in found] == [(1, 5.0), (3, 5.0)]
    assert [r.config["learning_rate"] for r in found] == [0.01, 0.01]


def test_published_is_the_best_complete_set_and_computes_nothing(toy, store, monkeypatch):
    with pytest.raises(run.LabError, match=r"small lacks 6 of 6 \(first gentle seed 0\); smoke lacks 4 of 4"):
        run.results("toy", "published", store)
    run.results("toy", "smoke", store, progress=False)
    run.results("toy", "small", store, seeds=[0, 1], progress=False)
    train = toy.train
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained"))
    assert run.published("toy", store) == "smoke"
    assert {r.profile for r in run.results("toy", "published", store)} == {"smoke"}
    monkeypatch.setattr(toy, "train", train)
    run.results("toy", "small", store, seeds=[2], progress=False)
    assert run.published("toy", store) == "small"
    assert len(run.results("toy", "published", store)) == 6
    with pytest.raises(run.LabError, match="published results take no slope"):
        run.results("toy", "published", store, slope=3.0)


def test_unknown_names_come_with_the_nearest(toy, store):
    with pytest.raises(chapters.UnknownName, match=r"no chapter 'tyo'. Did you mean 'toy'\?"):
        run.results("tyo", "smoke", store)
    with pytest.raises(chapters.UnknownName, match=r"no profile 'smal'. Did you mean 'small'\?"):
        run.results("toy", "smal", store)
    with pytest.raises(chapters.UnknownName, match=r"no experiment 'step'. Did you mean 'steep'\?"):
        run.results("toy", "smoke", store, names=["step"])
    with pytest.raises(ConfigError, match=r"no setting 'slop'. Did you mean 'slope'\?"):
        run.results("toy", "smoke", store, slop=1.0)


def test_a_chapter_that_lacks_something_is_told_what(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "paper_code.toy.experiment", SimpleNamespace(__name__="toy", train=0, PROFILES={}))
    with pytest.raises(run.LabError, match="toy lacks seeds, experiments, evaluate, sources, measurements"):
        chapters.module("toy")


def test_nothing_is_stale_right_after_a_run(toy, store):
    run.results("toy", "smoke", store, progress=False)
    assert run.stale(store) == []


def test_stale_names_what_changed(toy, store, monkeypatch):
    run.results("toy", "smoke", store, seeds=[0], progress=False)
    usual = toy.experiments

    def changed(profile, seed, **overrides):
        configs = usual(profile, seed, **overrides)
        return {"gentle": configs["gentle"].replace(learning_rate=0.02, version=2)}

    monkeypatch.setattr(toy, "experiments", changed)
    lines = run.stale(store)
    assert len(lines) == 2
    assert "gentle/smoke-seed0: made with other settings (version, learning_rate)" in lines[0]
    assert "steep/smoke-seed0: there is no experiment 'steep' any more" in lines[1]
    assert compute(SimpleNamespace(experiments=changed), store).folder.name.startswith("smoke-seed0-")


def test_stale_finds_overrides_and_lost_profiles(toy, store, monkeypatch):
    config = toy.experiments("smoke", 0, recordings="synthetic")["gentle"]
    run.result("toy", "gentle", config, store, progress=False)
    assert "made with other settings (recordings)" in run.stale(store)[0]
    monkeypatch.setattr(toy, "PROFILES", {name: size for name, size in toy.PROFILES.items() if name != "smoke"})
    assert "there is no profile 'smoke' any more" in run.stale(store)[0]


def test_stale_finds_records_edited_by_hand(toy, store):
    path = compute(toy, store).folder / "provenance.json"
    record = json.loads(path.read_text())
    record["config"]["learning_rate"] = 0.011
    path.write_text(json.dumps(record))
    assert "is not that of its own config" in run.stale(store)[0]


def test_committed_results_fit_their_configs():
    assert run.stale(Store(paths.COMMITTED)) == []


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
    assert run.duration(seconds) == words
