"""Breaches are found: values put in by hand, records that name code that could not have made them, other code."""

import json
from pathlib import Path

import pytest

from paper_code.lab import audit, code, results
from paper_code.lab.files import write_json
from paper_code.lab.store import Result, Store, load
from paper_code.lab.weights import WEIGHTS


@pytest.fixture
def result(toy, tmp_path) -> Result:
    config = toy.experiments("smoke", 0)["gentle"]
    return results.result(toy.CHAPTER, "gentle", config, Store(tmp_path), progress=False)


def found(toy, result: Result, check) -> list[str]:
    return check(Store(result.folder.parents[2]), {"toy": toy.CHAPTER})


def rewrite(result: Result, stage: str, **changes: object) -> Result:
    """The result with another record of one of its stages."""
    record = json.loads((result.folder / "provenance.json").read_text())
    record[stage] |= changes
    write_json(result.folder / "provenance.json", record)
    return load(result.folder, "toy")


def test_a_result_as_it_was_made_has_no_fault(toy, result):
    for check in (audit.stale, audit.changed, audit.impossible):
        assert found(toy, result, check) == []
    assert audit.measured_by_other_code(toy.CHAPTER, [result]) == []


def put_in_by_hand(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    write_json(folder / "metrics.json", {**metrics, "pesq": 4.5})


@pytest.mark.parametrize(
    ("breach", "name"),
    [
        (put_in_by_hand, "metrics.json"),
        (lambda folder: (folder / "arrays.npz").write_bytes(b"other"), "arrays.npz"),
        (lambda folder: (folder / "curves.npz").write_bytes(b"other"), "curves.npz"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"other"), WEIGHTS),
        (lambda folder: (folder / "more.flac").write_bytes(b"sound"), "more.flac"),
        (lambda folder: (folder / "arrays.npz").unlink(), "arrays.npz"),
    ],
)
def test_files_that_no_stage_left_are_found(breach, name, toy, result):
    breach(result.folder)
    (line,) = found(toy, result, audit.changed)
    remedy = "delete the folder and run it again" if name in result.trained["files"] else "measure it again"
    assert line == f"{result.folder}: {name} differ from what its stages left; {remedy}."


def test_large_weights_need_not_be_committed(toy, result):
    (result.folder / WEIGHTS).unlink()
    assert found(toy, result, audit.changed) == []


@pytest.mark.parametrize("stage", audit.STAGES)
def test_a_commit_that_could_not_have_made_it_is_found(stage, toy, result):
    commit, entry = code.head(), "paper_code/lab/paths.py"
    true = {"entry": entry, "sha256": code.digest_at(commit, entry), "commit": commit, "dirty": False}
    assert found(toy, rewrite(result, stage, code=true), audit.impossible) == []
    wrong = rewrite(result, stage, code={**true, "sha256": "0123456789ab"})
    (line,) = found(toy, wrong, audit.impossible)
    assert f"its record says {stage} by 0123456789ab, but {entry} at {commit[:8]} is {true['sha256']}" in line
    absent = rewrite(result, stage, code={**true, "entry": "paper_code/lab/nothing.py"})
    assert "is None" in found(toy, absent, audit.impossible)[0]
    for unknown in ({"dirty": True}, {"commit": "0" * 40}, {"commit": None}):
        rewrite(result, stage, code={**true, "sha256": "0123456789ab", **unknown})
        assert found(toy, result, audit.impossible) == []


def test_results_measured_by_other_or_unknown_code_are_listed(toy, result):
    assert audit.measured_by_other_code(toy.CHAPTER, [rewrite(result, "measured", code=None)])
    other = {**code.state("tests/lab/toy_experiment.py"), "sha256": "0123456789ab"}
    assert audit.measured_by_other_code(toy.CHAPTER, [rewrite(result, "measured", code=other)])
