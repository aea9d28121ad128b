"""Files are whole or absent, and a place that cannot be written gives advice."""

import errno
import json
import math
import os
import resource
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from paper_code.lab.errors import LabError
from paper_code.lab.files import OutputError, atomic, read_json, sweep, write_arrays, write_json


@contextmanager
def largest_file(size: int):
    """The system refuses to write beyond `size` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("durable", [False, True])
def test_atomic_makes_the_folder_and_keeps_the_suffix(tmp_path, durable):
    path = tmp_path / "a" / "b" / "sound.flac"
    with atomic(path, durable=durable) as temporary:
        temporary.write_bytes(b"whole")
        assert (temporary.parent, temporary.suffix) == (path.parent, ".flac")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert os.listdir(path.parent) == ["sound.flac"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail() -> None:
        with atomic(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.json"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with atomic(path) as temporary, temporary.open("w") as file:
        for _ in range(3):
            file.write("new")
            file.flush()
            assert path.read_text() == "old"
    assert path.read_text() == "newnewnew"


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "x"
    with atomic(path) as first, atomic(path) as second:
        first.write_text("1")
        second.write_text("2")
    assert path.read_text() == "1"  # the outer block ends last
    assert os.listdir(tmp_path) == ["x"]


def test_sweep_removes_only_leftovers(tmp_path):
    (tmp_path / "inner").mkdir()
    kept = ["a.json", ".hidden", "b.tmp", ".x.1-2.tmpfile", "inner/.git"]
    gone = [".a.71-0.tmp.json", ".a.71-0.tmp", "inner/.checkpoint.9-12.tmp.pt"]
    for name in kept + gone:
        (tmp_path / name).write_text("")
    sweep(tmp_path)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted(kept)


def test_sweep_of_one_name_spares_the_others(tmp_path):
    for name in (".checkpoint.1-0.tmp.pt", ".other.1-0.tmp.pt"):
        (tmp_path / name).write_text("")
    sweep(tmp_path, "checkpoint.pt")
    assert os.listdir(tmp_path) == [".other.1-0.tmp.pt"]


def test_json_is_strict_and_takes_numpy_and_torch(tmp_path):
    value = {"nan": math.nan, "f": np.float32(0.5), "i": np.int64(3), "b": np.bool_(True), "t": torch.tensor(2.5)}
    value |= {"rows": np.array([[1.0, np.nan]]), "text": "ß", "tuple": (1, None)}
    path = write_json(tmp_path / "x.json", value)

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert found == {
        "nan": None,
        "f": 0.5,
        "i": 3,
        "b": True,
        "t": 2.5,
        "rows": [[1.0, None]],
        "text": "ß",
        "tuple": [1, None],
    }
    assert found["b"] is True


def test_floats_come_back_bit_for_bit(tmp_path):
    values = np.random.default_rng(0).standard_normal(1000) * 10.0 ** np.arange(-150, 150).repeat(4)[:1000]
    assert read_json(write_json(tmp_path / "x.json", values)) == values.tolist()


@pytest.mark.parametrize(
    ("value", "error", "named"),
    [
        ({"a": [1.0, math.inf]}, ValueError, r"x.json: a\[1\] is infinite"),
        ({"a": {"b": object()}}, TypeError, "x.json: a: b is a object"),
        ({1: 2}, TypeError, "the key 1"),
    ],
)
def test_what_json_cannot_hold_is_named_and_nothing_is_written(tmp_path, value, error, named):
    with pytest.raises(error, match=named):
        write_json(tmp_path / "x.json", value)
    assert os.listdir(tmp_path) == []


def test_broken_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1')
    with pytest.raises(LabError, match=r"x.json is not whole JSON .* delete its folder"):
        read_json(tmp_path / "x.json")


def test_arrays_come_back_with_their_types(tmp_path):
    arrays = {"f": np.arange(6, dtype=np.float32).reshape(2, 3), "i": [1, 2], "t": torch.ones(2, dtype=torch.int16)}
    path = write_arrays(tmp_path / "x.npz", arrays)
    with np.load(path, allow_pickle=False) as found:
        assert sorted(found.files) == ["f", "i", "t"]
        np.testing.assert_array_equal(found["f"], arrays["f"])
        assert [found[name].dtype.str for name in ("f", "i", "t")] == ["<f4", "<i8", "<i2"]


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    first = write_arrays(tmp_path / "1.npz", {"a": np.arange(9)}).read_bytes()
    assert write_arrays(tmp_path / "2.npz", {"a": np.arange(9)}).read_bytes() == first


def test_arrays_of_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="'a' holds Python objects"):
        write_arrays(tmp_path / "x.npz", {"a": np.array([None])})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("write", [lambda p: write_json(p, list(range(9999))), lambda p: write_arrays(p, {"a": np.random.rand(9999)})])  # fmt: skip  # noqa: E501, NPY002
def test_a_full_disk_gives_advice_and_leaves_the_old_file(tmp_path, write):
    path = tmp_path / "x"
    path.write_text("old")
    with largest_file(4096), pytest.raises(OutputError) as caught:
        write(path)
    assert str(tmp_path) in str(caught.value)
    assert "--output" in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(OutputError, match=r"not a folder|in the way"):
        write_json(tmp_path / "results" / "toy" / "x.json", 1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_every_refusal_of_the_system_is_explained(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match=r"cannot write x in .* Free some space or make the folder writable"):
        write_json(tmp_path / "x", 1)
    assert os.listdir(tmp_path) == []


def test_errors_that_are_not_about_the_place_pass_through(tmp_path):
    with pytest.raises(PermissionError), atomic(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "elsewhere", "/elsewhere/deep/recording.wav")
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "x"):
        raise FileNotFoundError(errno.ENOENT, "gone", str(tmp_path / "y"))
    assert os.listdir(tmp_path) == []
