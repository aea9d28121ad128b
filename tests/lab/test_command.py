"""The command line: what it does, prints and returns."""

import os

import pytest
import torch

from paper_code.lab import paths
from paper_code.lab.run import main

FAILS = "training went wrong"


@pytest.fixture
def line(toy, tmp_path):
    """line(*words): the exit code of the command line on the toy chapter, results in tmp_path."""
    return lambda *words: main(["toy", "--profile", "smoke", "--output", str(tmp_path), "--quiet", *words])


def folders(root) -> list[str]:
    return sorted(path.parent.relative_to(root).as_posix() for path in root.rglob("provenance.json"))


def test_it_runs_all_experiments_of_a_seed_and_prints_their_folders(line, tmp_path, capsys):
    assert line() == 0
    assert folders(tmp_path) == ["toy/gentle/smoke-seed0", "toy/steep/smoke-seed0"]
    out, err = capsys.readouterr()
    assert sorted(out.split()) == [str(tmp_path / name) for name in folders(tmp_path)]
    assert err == ""


def test_seeds_and_experiments_are_chosen(line, tmp_path):
    assert line("--seed", "3", "5", "--experiment", "steep") == 0
    assert folders(tmp_path) == ["toy/steep/smoke-seed3", "toy/steep/smoke-seed5"]


def test_all_seeds_of_the_profile(line, tmp_path):
    assert line("--all-seeds", "--experiment", "gentle") == 0
    assert folders(tmp_path) == ["toy/gentle/smoke-seed0", "toy/gentle/smoke-seed1"]


def test_synthetic_is_passed_on(line, tmp_path, toy, monkeypatch):
    seen = []
    train = toy.train
    monkeypatch.setattr(toy, "train", lambda config, *rest: (seen.append(config.recordings), train(config, *rest)))
    assert line("--synthetic") == 0
    assert line() == 0
    assert seen == ["synthetic", "synthetic", "corpus", "corpus"]


def test_threads_are_set(line):
    before = torch.get_num_threads()
    try:
        assert line("--threads", str(before + 1), "--experiment", "steep") == 0
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tyo"], "error: there is no chapter 'tyo'. Did you mean 'toy'? There are: toy."),
        (["toy", "--profile", "ful"], "error: toy has no profile 'ful'. There are: smoke, small."),
        (["toy", "--experiment", "gentel"], "error: toy has no experiment 'gentel'. Did you mean 'gentle'?"),
        (["toy", "--profile", "published"], "error: toy has no profile 'published'."),
        (["toy", "--seed", "-1"], "error: seed must be a whole number from 0 up, not -1."),
    ],
)
def test_wrong_words_give_one_line_and_code_2(toy, capsys, words, message):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert err.startswith(message)
    assert (out, err.count("\n")) == ("", 1)


def test_a_wrong_seed_among_others_is_told_before_anything_is_computed(line, tmp_path, capsys):
    assert line("--seed", "0", "-1") == 2
    assert list(tmp_path.iterdir()) == []


def test_the_whole_plan_is_announced(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COMPENDIUM_PROGRESS")
    words = ["toy", "--profile", "smoke", "--output", str(tmp_path)]
    assert main([*words, "--experiment", "steep"]) == 0
    assert "results are not stored" not in capsys.readouterr().err
    assert main([*words, "--all-seeds"]) == 0
    said = capsys.readouterr().err.splitlines()[0]
    assert said == "3 of 4 results are not stored and will be computed; about 3 minutes on two cores."


def test_a_chapter_without_recordings_to_replace_says_so(line, toy, monkeypatch, capsys):
    usual = toy.experiments
    monkeypatch.setattr(toy, "experiments", lambda p, s, **o: usual(p, s, **{f"{k}_": v for k, v in o.items()}))
    assert line("--synthetic") == 2
    assert "no setting 'recordings_'. Did you mean 'recordings'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["toy", "--seed", "x"], ["toy", "--seed", "1", "--all-seeds"]])
def test_what_cannot_be_parsed_is_code_2_too(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_our_errors_are_one_line_and_code_1(line, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert line("--device", "cuda") == 1
    assert line("--device", "tpu") == 1
    (tmp_path / "toy").write_text("a file in the way")
    assert line() == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "device 'tpu': use auto, cpu or cuda" in errors[1]
    assert f"{tmp_path / 'toy'}" in errors[2]
    assert "--output" in errors[2]


def test_other_errors_keep_their_traceback(line, toy, monkeypatch):
    def fail(*_):
        raise RuntimeError(FAILS)

    monkeypatch.setattr(toy, "train", fail)
    with pytest.raises(RuntimeError, match=FAILS):
        line()


def test_without_output_results_go_to_the_work_folder(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    monkeypatch.setattr(paths, "COMMITTED", tmp_path / "committed")
    assert main(["toy", "--profile", "smoke", "--experiment", "steep", "--quiet"]) == 0
    assert os.listdir(tmp_path) == ["work"]
    os.rename(tmp_path / "work", tmp_path / "committed")
    assert main(["toy", "--profile", "smoke", "--experiment", "steep", "--quiet"]) == 0
    assert os.listdir(tmp_path) == ["committed"]
