"""The training loop: what it keeps, refuses and shows, and that a resumed training equals an unbroken one."""

import math
import os
import random
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.lab import checkpoints, training
from paper_code.lab.checkpoints import CheckpointError
from paper_code.lab.files import OutputError
from paper_code.lab.training import History, Recorder, TrainingError, fit, seed_all


class Job:
    """A small network whose step uses every kind of randomness there is."""

    def __init__(self, seed: int = 0) -> None:
        seed_all(seed)
        self.network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
        self.optimiser = torch.optim.Adam(self.network.parameters(), 0.01)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, 30)
        self.batches, self.noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        self.recorder = Recorder()

    def step(self, i: int) -> dict[str, float | torch.Tensor]:
        x = torch.from_numpy(self.batches.standard_normal((3, 4), dtype=np.float32))
        x = x + torch.randn(3, 4, generator=self.noise) + random.random() + np.random.rand()  # noqa: NPY002
        loss = self.network(x).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        if i % 4 == 0:
            self.recorder.add("weight", self.network[0].weight)
        return {"loss": loss, "rate": self.optimiser.param_groups[0]["lr"]}

    @property
    def state(self) -> dict:
        names = ("network", "optimiser", "schedule", "batches", "noise", "recorder")
        return {name: getattr(self, name) for name in names}

    def fit(self, iterations: int, checkpoint: Path | None = None, step=None, **options) -> History:
        return fit(step or self.step, iterations, self.state, checkpoint, progress=False, **options)


def weights(job: Job) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(job.network.parameters())


def count(i: int) -> dict[str, float]:
    return {"loss": float(i)}


def test_every_value_of_every_step_is_kept_in_order():
    history = fit(lambda i: {"a": i / 2, "b": torch.tensor(i * i)}, 7, {}, every=3, progress=False)
    assert history.values == {"a": [0, 0.5, 1, 1.5, 2, 2.5, 3], "b": [0, 1, 4, 9, 16, 25, 36]}
    assert history["b"] is history.values["b"]
    assert history.iterations == 7
    assert all(isinstance(value, float) for value in history["b"])
    np.testing.assert_array_equal(history.arrays()["a"], np.arange(7) / 2)


def test_a_value_is_kept_as_it_was_when_it_was_returned():
    total = torch.zeros(())
    history = fit(lambda i: {"loss": total.add_(1)}, 4, {}, every=4, progress=False)
    assert history["loss"] == [1, 2, 3, 4]


def test_history_does_not_hold_the_graph():
    weight = torch.ones(3, requires_grad=True)
    history = fit(lambda i: {"loss": (weight * i).sum()}, 2, {}, progress=False)
    assert history["loss"] == [0.0, 3.0]


@pytest.mark.parametrize("broken_at", [1, 9, 10, 11, 29])
def test_resumed_equals_unbroken_bit_for_bit(tmp_path, broken_at):
    unbroken = Job()
    wanted = unbroken.fit(30, every=10)

    def breaking(i: int) -> dict:
        if i == broken_at:
            raise RuntimeError("power cut")
        return first.step(i)

    first, file = Job(), tmp_path / "checkpoint.pt"
    with pytest.raises(RuntimeError, match="power cut"):
        first.fit(30, file, breaking, every=10)
    assert file.exists() == (broken_at >= 10)
    second = Job()
    found = second.fit(30, file, every=10)
    assert found.values == wanted.values
    assert torch.equal(weights(second), weights(unbroken))
    assert np.array_equal(second.recorder.array("weight"), unbroken.recorder.array("weight"))
    assert [random.random(), np.random.rand(), torch.rand(1).item()] == drawn_after_unbroken()  # noqa: NPY002


def drawn_after_unbroken() -> list[float]:
    """What the global generators give after an unbroken training."""
    Job().fit(30, every=10)
    return [random.random(), np.random.rand(), torch.rand(1).item()]  # noqa: NPY002


def test_the_interval_of_checkpoints_changes_nothing(tmp_path):
    runs = []
    for every in (1, 7, 1000):
        job = Job()
        runs.append((job.fit(20, tmp_path / f"{every}.pt", every=every).values, weights(job).tolist()))
    assert runs[0] == runs[1] == runs[2]


def test_a_finished_training_is_not_trained_again(tmp_path):
    first = Job()
    wanted = first.fit(12, tmp_path / "c.pt")
    second = Job(seed=5)
    found = second.fit(12, tmp_path / "c.pt", step=lambda i: pytest.fail("stepped"))
    assert found == wanted
    assert torch.equal(weights(second), weights(first))


def test_a_training_can_be_made_longer(tmp_path):
    Job().fit(12, tmp_path / "c.pt", every=5)
    assert Job().fit(30, tmp_path / "c.pt").values == Job().fit(30).values


def test_a_training_shorter_than_its_checkpoint_is_refused(tmp_path):
    fit(count, 12, {}, tmp_path / "c.pt", progress=False)
    with pytest.raises(CheckpointError, match=r"c.pt is at step 12, but the training has only 11"):
        fit(count, 11, {}, tmp_path / "c.pt", progress=False)


def test_seconds_add_up_over_sessions(tmp_path):
    fit(count, 3, {}, tmp_path / "c.pt", progress=False)
    contents = checkpoints.read(tmp_path / "c.pt")
    contents["progress"]["seconds"] = 1000.0
    torch.save(contents, tmp_path / "c.pt")
    assert 1000 < fit(count, 5, {}, tmp_path / "c.pt", progress=False).seconds < 1010


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_a_loss_that_is_not_finite_stops_the_training_and_spares_the_checkpoint(tmp_path, bad, kind):
    steps = []

    def step(i: int) -> dict:
        steps.append(i)
        return {"loss": kind(bad if i == 13 else 1.0)}

    with pytest.raises(TrainingError, match=rf"loss is {bad} at step 13 .* lower the learning rate"):
        fit(step, 100, {}, tmp_path / "c.pt", every=10, progress=False)
    assert steps[-1] == 13
    assert len(checkpoints.read(tmp_path / "c.pt")["progress"]["history"]["loss"]) == 10


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"loss": 1.0, "extra": 1.0}, "step 1 returned loss, extra; wanted loss: every step"),
        ({}, "step 1 returned nothing; wanted loss"),
        ({"loss": torch.ones(2)}, r"tensor of shape \(2,\)"),
    ],
)
def test_every_step_returns_the_same_numbers(second, message):
    with pytest.raises(TrainingError, match=message):
        fit(lambda i: second if i == 1 else {"loss": 1.0}, 3, {}, progress=False)


@pytest.mark.parametrize("numbers", [{"iterations": 0}, {"iterations": 5, "every": 0}])
def test_numbers_below_one_are_refused(numbers):
    with pytest.raises(ValueError, match="at least 1"):
        fit(count, state={}, **numbers)


def test_state_that_cannot_be_saved_is_refused_before_the_first_step():
    with pytest.raises(TypeError, match=r"state\['epoch'\] is a int; wanted an object with state_dict"):
        fit(lambda i: pytest.fail("stepped"), 1, {"epoch": 3}, progress=False)


def test_state_that_cannot_be_read_back_is_told_at_the_first_checkpoint(tmp_path):
    class Odd:
        def state_dict(self) -> dict:
            return {"thing": threading.Event}

        def load_state_dict(self, saved: dict) -> None: ...

    with pytest.raises(CheckpointError, match=r"c.pt cannot be read"):
        fit(count, 1000, {"odd": Odd()}, tmp_path / "c.pt", every=1, progress=False)


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    file = tmp_path / "checkpoint.pt"
    sync = os.fsync
    calls = []

    def full_at_the_third(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_third)
    with pytest.raises(OutputError, match="the disk is full"):
        Job().fit(100, file, every=10)
    assert os.listdir(tmp_path) == ["checkpoint.pt"]
    assert Job().fit(30, file).values == Job().fit(30).values


def test_leftovers_of_a_killed_writer_go_and_other_files_stay(tmp_path):
    for name in (".c.7-1.tmp.pt", ".other.7-1.tmp.pt"):
        (tmp_path / name).write_bytes(bytes(9))
    fit(count, 2, {}, tmp_path / "c.pt", progress=False)
    assert sorted(os.listdir(tmp_path)) == [".other.7-1.tmp.pt", "c.pt"]


def test_ctrl_c_ends_the_step_saves_and_is_raised(tmp_path, ctrl_c):
    file, job = tmp_path / "c.pt", Job()
    before = signal.getsignal(signal.SIGINT)

    def step(i: int) -> dict:
        if i == 13:
            os.kill(os.getpid(), signal.SIGINT)
        return job.step(i)

    with pytest.raises(KeyboardInterrupt):
        job.fit(30, file, step, every=10)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(checkpoints.read(file)["progress"]["history"]["loss"]) == 14  # step 13 was done in full
    resumed = Job()
    found = resumed.fit(30, file, every=10)
    unbroken = Job()
    assert found.values == unbroken.fit(30, every=10).values
    assert torch.equal(weights(resumed), weights(unbroken))


def test_ctrl_c_in_the_last_step_is_raised_too(tmp_path, ctrl_c):
    def step(i: int) -> dict:
        if i == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return count(i)

    with pytest.raises(KeyboardInterrupt):
        fit(step, 5, {}, tmp_path / "c.pt", progress=False)
    assert fit(step, 5, {}, tmp_path / "c.pt", progress=False).iterations == 5


def test_a_second_ctrl_c_stops_at_once_and_half_a_step_is_not_saved(tmp_path, ctrl_c):
    def step(i: int) -> dict:
        if i == 13:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("the step went on")
        return count(i)

    with pytest.raises(KeyboardInterrupt):
        fit(step, 30, {}, tmp_path / "c.pt", every=10, progress=False)
    assert len(checkpoints.read(tmp_path / "c.pt")["progress"]["history"]["loss"]) == 10


def test_sigterm_saves_and_exits_with_its_number(tmp_path):
    def step(i: int) -> dict:
        if i == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return count(i)

    with pytest.raises(SystemExit) as caught:
        fit(step, 30, {}, tmp_path / "c.pt", progress=False)
    assert caught.value.code == 143
    assert len(checkpoints.read(tmp_path / "c.pt")["progress"]["history"]["loss"]) == 4


def test_it_runs_in_a_thread_where_signals_cannot_be_set():
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(count, 3, {}, progress=False).values))
    thread.start()
    thread.join()
    assert found == [{"loss": [0.0, 1.0, 2.0]}]


def test_the_bar_goes_to_stderr_with_description_and_values(capfd, monkeypatch):
    monkeypatch.delenv("COMPENDIUM_PROGRESS", raising=False)
    fit(count, 8, {}, description="speech, Bark")
    out, err = capfd.readouterr()
    assert out == ""
    assert "speech, Bark" in err
    assert "8/8" in err
    assert "loss 7" in err


@pytest.mark.parametrize(("variable", "progress"), [("0", True), ("1", False)])
def test_the_bar_can_be_silenced(capfd, monkeypatch, variable, progress):
    monkeypatch.setenv("COMPENDIUM_PROGRESS", variable)
    fit(count, 8, {}, progress=progress)
    assert capfd.readouterr() == ("", "")


def test_recorder_stacks_copies():
    recorder, array = Recorder(), np.zeros(3, np.float32)
    recorder.add("sound", array)
    array += 1
    recorder.add("sound", torch.from_numpy(array).requires_grad_())
    recorder.add("step", 250)
    np.testing.assert_array_equal(recorder.array("sound"), [[0, 0, 0], [1, 1, 1]])
    assert recorder.array("sound").dtype == np.float32
    assert recorder.array("step").tolist() == [250]
    assert recorder.names() == ["sound", "step"]
    with pytest.raises(KeyError, match="'sounds'; there are: sound, step"):
        recorder.array("sounds")


def test_a_saved_recorder_does_not_grow_with_the_living_one():
    recorder = Recorder()
    recorder.add("a", 1)
    saved = recorder.state_dict()
    recorder.add("a", 2)
    other = Recorder()
    other.load_state_dict(saved)
    other.add("a", 3)
    assert (recorder.array("a").tolist(), other.array("a").tolist()) == ([1, 2], [1, 3])


def test_seed_all_seeds_every_global_generator():
    def draw() -> list[float]:
        return [random.random(), np.random.rand(), torch.rand(1).item()]  # noqa: NPY002

    seed_all(2**40 + 1)
    first = draw()
    seed_all(2**40 + 1)
    assert draw() == first
    seed_all(2**40 + 2)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


@pytest.mark.parametrize("bad", [None, 13])
def test_values_fetched_late_as_from_a_gpu_are_kept_and_checked_alike(tmp_path, monkeypatch, bad):
    monkeypatch.setattr(training, "_now_or_later", lambda value: value.detach().clone())
    steps = []

    def step(i: int) -> dict:
        steps.append(i)
        return {"loss": torch.tensor(math.nan if i == bad else i / 8)}

    if bad is None:
        assert fit(step, 25, {}, every=10, progress=False)["loss"] == [i / 8 for i in range(25)]
        return
    with pytest.raises(TrainingError, match="loss is nan at step 13"):
        fit(step, 25, {}, tmp_path / "c.pt", every=10, progress=False)
    assert steps[-1] == 19  # told when the values are fetched
    assert len(checkpoints.read(tmp_path / "c.pt")["progress"]["history"]["loss"]) == 10


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_resumed_equals_unbroken_on_a_gpu(tmp_path):
    def start():
        seed_all(0)
        network = torch.nn.Linear(4, 1).cuda()
        optimiser = torch.optim.Adam(network.parameters(), 0.01)

        def step(i: int) -> dict:
            loss = (network(torch.randn(8, 4, device="cuda")) - 1).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            return {"loss": loss}

        return step, {"network": network, "optimiser": optimiser}

    step, state = start()
    wanted = fit(step, 30, state, every=10, progress=False)
    step, first = start()
    fit(step, 10, first, tmp_path / "c.pt", progress=False)
    step, second = start()
    found = fit(step, 30, second, tmp_path / "c.pt", every=7, progress=False)
    assert found.values == wanted.values
    assert torch.equal(second["network"].weight, state["network"].weight)
