"""Measuring stored results anew: the same numbers from the kept weights, nothing else touched, nothing lost by a kill."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from paper_code.lab import audit, code, paths, results, stages, weights
from paper_code.lab.files import OutputError
from paper_code.lab.run import main
from paper_code.lab.store import Result, Store, load
from paper_code.lab.weights import WEIGHTS

WORDS = ["toy", "--profile", "smoke", "--quiet", "--measure-again"]


def compute(toy, root: Path, name: str = "gentle", seed: int = 0) -> Result:
    config = toy.experiments("smoke", seed)[name]
    return results.result(toy.CHAPTER, name, config, Store(root), progress=False)


def again(toy, root: Path) -> list[tuple[Result | None, str]]:
    asked = results.plan(toy.CHAPTER, "smoke", [0], ["gentle"])
    return list(results.measure_again(toy.CHAPTER, asked, Store(root), progress=False))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "provenance.json"}


@pytest.fixture
def never_train(toy, monkeypatch):
    def forbid():
        monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained again"))

    return forbid


def test_the_same_code_gives_the_same_files_and_the_training_keeps_its_record(toy, tmp_path, never_train):
    first = compute(toy, tmp_path)
    before = contents(first.folder)
    never_train()
    ((result, skipped),) = again(toy, tmp_path)
    assert skipped == ""
    assert contents(result.folder) == before
    assert result.trained == first.trained
    assert result.measured["files"] == first.measured["files"]
    assert os.listdir(result.folder.parent) == ["smoke-seed0"]


def test_a_new_metric_comes_without_training(toy, tmp_path, monkeypatch, never_train):
    first = compute(toy, tmp_path)
    evaluate = toy.evaluate

    def measure_more(config, folder):
        evaluate(config, folder)
        metrics = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps({**metrics, "double": 2 * metrics["last"]}))

    never_train()
    monkeypatch.setattr(toy, "evaluate", measure_more)
    ((result, _),) = again(toy, tmp_path)
    assert result.metrics["double"] == 2 * first.metrics["last"]
    assert result.measured["files"]["metrics.json"] != first.measured["files"]["metrics.json"]


def test_the_committed_results_are_measured_where_they_lie(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "COMMITTED", tmp_path / "committed")
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    folder = compute(toy, tmp_path / "committed").folder
    compute(toy, tmp_path / "committed", "steep")
    assert main([*WORDS, "--seed", "0"]) == 0
    assert capsys.readouterr().out.split() == [str(folder), str(folder).replace("gentle", "steep")]
    assert not (tmp_path / "work").exists()


def test_what_is_not_stored_is_told_and_all_seeds_are_asked_for(toy, tmp_path, capsys):
    compute(toy, tmp_path, seed=1)
    assert main([*WORDS, "--output", str(tmp_path), "--experiment", "gentle"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == [str(tmp_path / "toy" / "gentle" / "smoke-seed1")]
    assert err == "skipped: gentle (smoke, seed 0): not stored.\n"


def test_published_results_can_be_named(toy, tmp_path, capsys):
    for seed in (0, 1):
        for name in ("gentle", "steep"):
            compute(toy, tmp_path, name, seed)
    assert main(["toy", "--profile", "published", "--quiet", "--measure-again", "--output", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.split()) == 4


@pytest.mark.parametrize("place", ["local store", "released"])
def test_weights_from_elsewhere_are_read_and_not_kept(place, toy, tmp_path, monkeypatch):
    """Committed results lack large weights; the local store has them, or data/weights."""
    first = compute(toy, tmp_path / "committed")
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    other = {"local store": tmp_path / "work" / "toy" / "gentle" / "smoke-seed0" / WEIGHTS}
    file = other.get(place, tmp_path / "weights" / "toy_a.safetensors")
    file.parent.mkdir(parents=True)
    shutil.move(first.folder / WEIGHTS, file)
    ((result, skipped),) = again(toy, tmp_path / "committed")
    assert skipped == ""
    assert result.metrics["slope"] == first.metrics["slope"]
    assert not (result.folder / WEIGHTS).exists()
    assert file.exists()


def test_weights_of_another_training_are_not_taken(toy, tmp_path, monkeypatch):
    first = compute(toy, tmp_path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    state = weights.kept(first.folder, toy.KIND)
    weights.keep(
        first.folder,
        toy.KIND,
        {name: value + 1 for name, value in state.items()},
        toy.ToyConfig(profile="smoke", seed=0),
    )
    assert weights.find(first) is None


def test_a_result_whose_weights_are_gone_stays_and_is_told(toy, tmp_path, monkeypatch, capsys):
    first = compute(toy, tmp_path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    (first.folder / WEIGHTS).unlink()
    before = contents(first.folder)
    assert main([*WORDS, "--output", str(tmp_path), "--experiment", "gentle", "--seed", "0"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "skipped: gentle (smoke, seed 0): weights are gone; what was measured stays."
    assert said[1:] == [f"error: nothing was measured again of toy in {tmp_path}."]
    assert contents(first.folder) == before


def test_many_that_are_skipped_are_told_in_one_line(toy, tmp_path, capsys):
    assert main([*WORDS, "--output", str(tmp_path / "nothing")]) == 1
    names = "gentle (smoke, seed 0), steep (smoke, seed 0), gentle (smoke, seed 1)"
    skipped, error = capsys.readouterr().err.splitlines()
    assert skipped == f"skipped: {names} and 1 more: not stored."
    assert error.startswith("error: nothing was measured again of toy in ")


def spoil(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    ("breach", "name"), [(spoil, WEIGHTS), (spoil, "curves.npz"), (lambda file: file.unlink(), "curves.npz")]
)
def test_what_is_not_as_the_training_left_it_is_not_measured(breach, name, toy, tmp_path, monkeypatch):
    """Or its record would say that values came from a training which never gave them."""
    first = compute(toy, tmp_path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    breach(first.folder / name)
    before = contents(first.folder)
    ((_, reason),) = again(toy, tmp_path)
    assert reason == f"not as the training left it: {name}. Fetch the result again, or delete it and run it again."
    assert contents(first.folder) == before


def test_damaged_weights_do_not_matter_where_others_are_found(toy, tmp_path, monkeypatch):
    first = compute(toy, tmp_path / "committed")
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    copy = tmp_path / "work" / "toy" / "gentle" / "smoke-seed0"
    shutil.copytree(first.folder, copy)
    spoil(first.folder / WEIGHTS)
    ((result, reason),) = again(toy, tmp_path / "committed")
    assert (reason, result.metrics["slope"]) == ("", first.metrics["slope"])
    assert audit.changed(Store(tmp_path / "committed"), {"toy": toy.CHAPTER}) == []


def test_values_put_in_by_hand_are_mended(toy, tmp_path):
    first = compute(toy, tmp_path)
    before = contents(first.folder)
    (first.folder / "metrics.json").write_text('{"last": 0}')
    (first.folder / "more.flac").write_bytes(b"sound")
    assert audit.changed(Store(tmp_path), {"toy": toy.CHAPTER}) != []
    ((result, _),) = again(toy, tmp_path)
    assert contents(result.folder) == before


def test_a_folder_that_may_not_be_written_is_told_before_the_measuring(toy, tmp_path, monkeypatch):
    first = compute(toy, tmp_path)
    before = contents(first.folder)
    monkeypatch.setattr(stages.os, "access", lambda *_: False)  # what another user is told; root may always
    monkeypatch.setattr(toy, "evaluate", lambda *_: pytest.fail("measured"))
    with pytest.raises(OutputError, match="this user may not write there"):
        again(toy, tmp_path)
    assert contents(first.folder) == before
    assert os.listdir(first.folder.parent) == ["smoke-seed0"]


def test_what_needs_no_weights_is_measured_too(toy, tmp_path, monkeypatch):
    def measure(config, folder):
        (folder / "metrics.json").write_text('{"of": "nothing learned"}')

    monkeypatch.setattr(toy, "train", lambda *_: None)
    monkeypatch.setattr(toy, "evaluate", measure)
    assert compute(toy, tmp_path).trained["files"] == {}
    ((result, skipped),) = again(toy, tmp_path)
    assert (skipped, result.metrics) == ("", {"of": "nothing learned"})


def test_an_evaluation_may_not_change_what_the_training_left(toy, tmp_path, monkeypatch):
    evaluate = toy.evaluate

    def meddle(config, folder):
        evaluate(config, folder)
        np.savez(folder / "curves.npz", loss=[0.0])

    monkeypatch.setattr(toy, "evaluate", meddle)
    with pytest.raises(results.LabError, match="changed what its training left"):
        compute(toy, tmp_path)


def test_a_kill_while_measuring_leaves_the_old_result(toy, tmp_path, monkeypatch):
    first = compute(toy, tmp_path)
    before = contents(first.folder)

    def die(config, folder):
        (folder / "metrics.json").write_text("half")
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(toy, "evaluate", die)
        with pytest.raises(SystemError):
            again(toy, tmp_path)
    assert contents(load(first.folder, "toy").folder) == before
    ((result, _),) = again(toy, tmp_path)
    assert contents(result.folder) == before
    assert os.listdir(result.folder.parent) == ["smoke-seed0"]


@pytest.mark.parametrize("renamings", [0, 1])
def test_a_kill_at_the_exchange_loses_nothing(renamings, toy, tmp_path, monkeypatch):
    first = compute(toy, tmp_path)
    before, replace, done = contents(first.folder), os.replace, []

    def die(source, target):
        if Path(source).name.startswith("smoke-seed0"):
            if len(done) == renamings:
                raise SystemError("killed")
            done.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(stages.os, "replace", die)
        with pytest.raises(SystemError):
            again(toy, tmp_path)
    evaluations, evaluate = [], toy.evaluate
    monkeypatch.setattr(toy, "evaluate", lambda *given: (evaluations.append(1), evaluate(*given)))
    ((result, skipped),) = again(toy, tmp_path)
    assert skipped == ""
    assert contents(result.folder) == before
    assert evaluations == []  # what was measured before the kill is taken
    assert os.listdir(result.folder.parent) == ["smoke-seed0"]


@pytest.mark.parametrize("reader", ["published", "results"])
def test_after_a_kill_at_the_exchange_who_only_reads_finds_the_old_result(reader, toy, tmp_path, never_train):
    before = {}
    for seed in (0, 1):
        for name in ("gentle", "steep"):
            first = compute(toy, tmp_path, name, seed)
            before[first.folder] = contents(first.folder)
    folder = next(iter(before))
    shutil.copytree(folder, stages.partial(folder))  # what measure_again has measured, and
    folder.rename(stages._old(folder))  # its first renaming
    never_train()
    if reader == "published":
        assert results.published(toy.CHAPTER, Store(tmp_path)) == "smoke"
    else:
        results.results(toy.CHAPTER, "smoke", Store(tmp_path), progress=False)
    assert {path: contents(path) for path in before} == before
    assert not stages._old(folder).exists()


def test_a_measuring_by_other_code_is_not_taken_over(toy, tmp_path, monkeypatch):
    compute(toy, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(stages.shutil, "rmtree", lambda *_, **__: None)
        patch.setattr(stages.os, "replace", lambda *_: (_ for _ in ()).throw(SystemError("killed")))
        with pytest.raises((SystemError, FileExistsError)):
            again(toy, tmp_path)
    other = {**code.state("tests/lab/toy_experiment.py"), "sha256": "another"}
    monkeypatch.setattr(code, "state", lambda _: other)
    ((result, _),) = again(toy, tmp_path)
    assert result.measured["code"]["sha256"] == "another"
