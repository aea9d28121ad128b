"""One process at a time (another process is in test_recovery.py)."""

import fcntl
import os
import threading

import pytest

from paper_code.lab import lock as locks
from paper_code.lab.lock import Busy, lock, turn


def test_the_lock_names_this_process_and_goes_with_the_block(tmp_path):
    with lock(tmp_path / "a" / "small-seed0"):
        assert (tmp_path / "a" / ".small-seed0.lock").read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path / "a") == []
    with lock(tmp_path / "a" / "small-seed0"):
        assert os.listdir(tmp_path / "a") == [".small-seed0.lock"]


def test_it_goes_with_an_error_too(tmp_path):
    with pytest.raises(ValueError, match="x"), lock(tmp_path / "r"):
        raise ValueError("x")
    with lock(tmp_path / "r"):
        pass


def test_a_second_thread_is_refused_and_does_not_break_the_first(tmp_path):
    def second() -> None:
        try:
            with lock(tmp_path / "r"):
                found.append("entered")
        except Busy as error:
            found.append(str(error))

    found: list[str] = []
    with lock(tmp_path / "r"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        assert os.listdir(tmp_path) == [".r.lock"]
    assert len(found) == 1
    assert "is being computed in this process already" in found[0]


def test_a_file_removed_between_opening_and_locking_is_not_relied_on(tmp_path, monkeypatch):
    path, flock, calls = tmp_path / ".r.lock", fcntl.flock, []

    def its_holder_leaves_first(descriptor: int, how: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            path.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", its_holder_leaves_first)
    with lock(tmp_path / "r"):
        assert path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(Busy, match="in this process already"), lock(tmp_path / "r"):
            pass
    assert len(calls) > 2


def test_other_folders_are_free(tmp_path):
    with lock(tmp_path / "seed0"), lock(tmp_path / "seed1"):
        assert sorted(os.listdir(tmp_path)) == [".seed0.lock", ".seed1.lock"]


def test_a_file_left_by_a_killed_process_is_no_lock(tmp_path):
    (tmp_path / ".r.lock").write_text("1\n")  # process 1 lives, but holds nothing
    with lock(tmp_path / "r"):
        assert (tmp_path / ".r.lock").read_text() == f"{os.getpid()}\n"


def test_a_turn_waits_for_the_one_before(tmp_path, monkeypatch):
    order: list[str] = []

    def second() -> None:
        with turn(tmp_path / "r"):
            order.append("second")

    monkeypatch.setattr(locks, "PAUSE", 0.01)
    with turn(tmp_path / "r"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert os.listdir(tmp_path) == []
