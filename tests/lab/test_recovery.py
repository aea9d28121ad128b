"""Real kills and interrupts of real processes, and what is left when a place cannot be written."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from paper_code.lab import results
from paper_code.lab.errors import LabError
from paper_code.lab.files import OutputError
from paper_code.lab.lock import Busy
from paper_code.lab.store import Result, Store
from paper_code.lab.weights import WEIGHTS

PAUSED = {"COMPENDIUM_PROGRESS": "1", "TOY_PAUSE": "0.03"}  # 40 steps, a checkpoint every 10: about 1.2 s

KILL_WHILE_SAVING = """
import os, signal, torch
save, calls = torch.save, []
def half(contents, file):
    calls.append(1)
    if len(calls) < 3:
        return save(contents, file)
    file.write(b"PK" + bytes(1000))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
torch.save = half
"""


def arguments(root: Path) -> list[str]:
    return ["toy", "--profile", "small", "--seed", "0", "--experiment", "gentle", "--output", str(root)]


def compute(toy, root: Path) -> Result:
    config = toy.experiments("small", 0)["gentle"]
    return results.result(toy.CHAPTER, "gentle", config, Store(root), device="cpu", progress=False)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.005)


def assert_same(first: Result, second: Result) -> None:
    """Everything but the times is equal, bit for bit."""
    assert sorted(os.listdir(first.folder)) == sorted(os.listdir(second.folder))
    assert (first.folder / "metrics.json").read_bytes() == (second.folder / "metrics.json").read_bytes()
    for name in ("curves.npz", "arrays.npz"):
        with np.load(first.folder / name) as one, np.load(second.folder / name) as two:
            assert one.files == two.files
            assert all(one[key].tobytes() == two[key].tobytes() for key in one.files)
    one, two = (load_file(found.folder / WEIGHTS) for found in (first, second))
    assert all(torch.equal(one[key], two[key]) for key in one)


@pytest.fixture
def unbroken(toy, tmp_path) -> Result:
    return compute(toy, tmp_path / "unbroken")


def test_killed_in_the_middle_of_a_training(toy, tmp_path, spawn, unbroken):
    root = tmp_path / "killed"
    folder = root / "toy" / "gentle" / "small-seed0"
    process = spawn(*arguments(root), **PAUSED)
    wait_for(folder.with_name("small-seed0.partial") / "checkpoint.pt", process)
    with pytest.raises(Busy, match=rf"small-seed0 is being computed by process {process.pid}: wait"):
        compute(toy, root)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not folder.exists()
    saved = torch.load(folder.with_name("small-seed0.partial") / "checkpoint.pt", weights_only=True)
    assert 10 <= len(saved["progress"]["history"]["loss"]) < 40
    found = compute(toy, root)  # the dead process's lock does not stand in the way
    assert_same(found, unbroken)
    assert found.trained["seconds"] > 0.3  # the ten or more steps of the killed process count
    assert os.listdir(folder.parent) == ["small-seed0"]


def test_killed_while_a_checkpoint_is_written(toy, tmp_path, spawn, unbroken):
    root = tmp_path / "killed"
    process = spawn(*arguments(root), before=KILL_WHILE_SAVING)
    assert process.wait(300) == -signal.SIGKILL
    partial = root / "toy" / "gentle" / "small-seed0.partial"
    assert len([name for name in os.listdir(partial) if name.endswith(".tmp.pt")]) == 1
    saved = torch.load(partial / "checkpoint.pt", weights_only=True)
    assert len(saved["progress"]["history"]["loss"]) == 20  # the second checkpoint, whole
    assert_same(compute(toy, root), unbroken)


def test_interrupted_on_the_command_line(toy, tmp_path, spawn, unbroken, ctrl_c):
    root = tmp_path / "interrupted"
    partial = root / "toy" / "gentle" / "small-seed0.partial"
    process = spawn(*arguments(root), **PAUSED)
    wait_for(partial / "checkpoint.pt", process)
    time.sleep(0.1)  # into the steps after the checkpoint
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "No stored result for gentle (small, seed 0): computing it; about 2 minutes on two cores" in err
    assert "interrupted; what was done is kept, the same line goes on from there." in err
    assert out == ""
    assert os.listdir(partial.parent) == ["small-seed0.partial"]
    assert sorted(os.listdir(partial)) == ["checkpoint.pt", "started.json"]
    saved = torch.load(partial / "checkpoint.pt", weights_only=True)
    done = len(saved["progress"]["history"]["loss"])
    assert 10 < done < 40  # the steps since the last regular checkpoint are not lost
    assert_same(compute(toy, root), unbroken)


def test_a_failed_evaluation_does_not_train_again(toy, tmp_path, monkeypatch, unbroken):
    root, evaluate = tmp_path / "failed", toy.evaluate

    def fail(config, folder):
        (folder / "metrics.json").write_text("half")
        raise RuntimeError("no ears")

    monkeypatch.setattr(toy, "evaluate", fail)
    with pytest.raises(RuntimeError, match="no ears"):
        compute(toy, root)
    (root / "toy" / "gentle" / "small-seed0.partial" / ".arrays.71-3.tmp.npz").write_text("of a killed run")
    assert os.listdir(root / "toy" / "gentle") == ["small-seed0.partial"]
    assert Store(root).all("toy") == []
    monkeypatch.setattr(toy, "evaluate", evaluate)
    monkeypatch.setenv("TOY_PAUSE", "60")  # a single step would take a minute
    assert_same(compute(toy, root), unbroken)


def test_killed_between_the_last_file_and_the_renaming(toy, tmp_path, monkeypatch, unbroken):
    root, replace = tmp_path / "killed", os.replace

    def die(source, target):
        if str(target).endswith("small-seed0"):
            raise SystemError("killed")
        replace(source, target)

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(SystemError):
        compute(toy, root)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained again"))
    assert_same(compute(toy, root), unbroken)


def break_off(toy, root, monkeypatch) -> Path:
    """A training that fails after its last checkpoint; its folder."""
    train = toy.train

    def fail_at_the_end(*given):
        train(*given)
        raise RuntimeError("no power")

    with monkeypatch.context() as patch:
        patch.setattr(toy, "train", fail_at_the_end)
        with pytest.raises(RuntimeError, match="no power"):
            compute(toy, root)
    return root / "toy" / "gentle" / "small-seed0.partial"


def test_a_checkpoint_damaged_since_is_named(toy, tmp_path, monkeypatch):
    file = break_off(toy, tmp_path, monkeypatch) / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(LabError, match=rf"{file} cannot be read .* delete it and run again"):
        compute(toy, tmp_path)


def test_a_read_only_folder_gives_advice_before_the_training(toy, monkeypatch):
    monkeypatch.setattr(toy, "train", lambda *_: pytest.fail("trained"))
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o555)
        message = as_nobody(lambda: compute(toy, folder / "results"))
        assert os.listdir(folder) == []
        folder.chmod(0o755)
    assert message.startswith("OutputError: cannot write")
    assert str(folder / "results") in message
    assert "may not write there" in message
    assert "--output" in message


def test_a_disk_that_fills_up_leaves_nothing_half_written(toy, tmp_path, monkeypatch, unbroken):
    root, savez = tmp_path / "full", np.savez_compressed

    def full(file, **arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OutputError, match=r"cannot write curves.npz in .*small-seed0.partial: the disk is full"):
        compute(toy, root)
    left = sorted(os.listdir(root / "toy" / "gentle" / "small-seed0.partial"))
    assert left == ["checkpoint.pt", "started.json"]
    monkeypatch.setattr(np, "savez_compressed", savez)
    assert_same(compute(toy, root), unbroken)


def test_what_a_killed_run_spent_is_added_to_the_time(toy, tmp_path, monkeypatch):
    partial = break_off(toy, tmp_path, monkeypatch)
    started = json.loads((partial / "started.json").read_text())
    started["since"] -= 3600  # as if it had begun an hour earlier
    (partial / "started.json").write_text(json.dumps({**started, "seconds": 7200.0}))
    assert compute(toy, tmp_path).trained["seconds"] == pytest.approx(7200 + 3600, abs=5)


def as_nobody(call) -> str:
    """What `call` raises in a process without the right to write everywhere."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setuid(65534)
            call()
            message = "nothing was raised"
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"
        os.write(write, message.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        message = answer.read()
    os.waitpid(child, 0)
    return message
