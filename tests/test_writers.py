"""What every writer of files promises: links are followed, only plain files are written, and a refusal is one line."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from masking_loss.quick_speech import quick_speech
from masking_loss.released import release_small_coders

from paper_code.audio import clips
from paper_code.audio.codec_cache import Store
from paper_code.lab import checkpoints, files, material, weights
from paper_code.lab.files import OutputError
from paper_code.masking_loss import code_speech
from paper_code.masking_loss.coder import container

TEN = torch.linspace(-0.5, 0.5, 10)
KIND = weights.Kind("toy", "toy", "Make it.")
WRITERS: dict[str, Callable[[Path], object]] = {
    "write_flac": lambda path: clips.write_flac(path, TEN, 8000),
    "write_json": lambda path: files.write_json(path, [1]),
    "write_arrays": lambda path: files.write_arrays(path, {"a": np.ones(3)}),
    "write_array": lambda path: material.write_array(path, 10, [TEN]),
    "weights": lambda path: weights.save(path, KIND, {"a": torch.ones(3)}, {}),
    "checkpoint": lambda path: checkpoints.save(path, {}, {}),
    "coded file": lambda path: container.write(path, b"coded"),
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    return WRITERS[request.param]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, write: Callable[[Path], object]) -> None:
    (tmp_path / "here").mkdir()
    plain, link = tmp_path / "plain.wav", tmp_path / "here" / "link.wav"
    link.symlink_to("../there/new.wav")  # a link to nothing yet
    write(plain)
    for _ in range(2):  # made, then replaced
        write(link)
        assert link.is_symlink()
        assert (tmp_path / "there" / "new.wav").read_bytes() == plain.read_bytes()
        assert [sorted(os.listdir(tmp_path / name)) for name in ("here", "there")] == [["link.wav"], ["new.wav"]]


def refused(write: Callable[[Path], object], path: Path, words: str) -> None:
    with pytest.raises((OutputError, OSError), match=words) as caught:
        write(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_plain_file_is_refused_and_stays(tmp_path: Path, write: Callable[[Path], object]) -> None:
    """Nobody reads the pipe: a writer that opened it would wait for ever. A device is refused by the same words."""
    pipe, folder, link, loop = (tmp_path / name for name in ("pipe", "folder", "link", "loop"))
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    loop.symlink_to(loop)
    for path in (pipe, link):
        refused(write, path, "pipe, a device or a socket")
    refused(write, folder, "folder|directory")
    refused(write, loop, "leads back to itself|Too many levels")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "loop", "pipe"]


def test_names_are_as_long_as_the_system_allows(
    tmp_path: Path, write: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a" * 251 + ".wav", "ä" * 120 + ".wav", "a." + "b" * 200):
        write(tmp_path / name)
        assert (tmp_path / name).is_file()
    refused(write, tmp_path / ("a" * 252 + ".wav"), "too long")
    assert len(os.listdir(tmp_path)) == 3
    monkeypatch.chdir(tmp_path)
    refused(write, Path(""), "cannot write")


def test_the_home_is_found(tmp_path: Path, write: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write(Path("~/out.wav"))
    assert os.listdir(tmp_path) == ["out.wav"]


def test_a_cache_that_holds_something_else_counts_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.path("abc").parent.mkdir()
    os.mkfifo(store.path("abc"))
    assert store.get("abc") is None
    with pytest.warns(UserWarning, match="pipe, a device or a socket"):
        store.put("abc", b"stream")
    store.path("abc").unlink()
    store.path("abc").symlink_to(tmp_path / "kept")
    store.put("abc", b"stream")
    assert (store.get("abc"), store.path("abc").is_symlink()) == (b"stream", True)


@pytest.mark.parametrize("target", ["pipe", "folder", "a" * 300, "", "loop"])
def test_the_coders_command_line_refuses_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    release_small_coders(monkeypatch, tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    soundfile.write("in.wav", quick_speech(0.3, 16000, 3).waveform.numpy(), 16000)
    before = sorted(os.listdir())
    assert code_speech.main(["encode", "in.wav", target, "--quiet"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("error: cannot write ")
    assert sorted(os.listdir()) == before
    code_speech.main(["encode", "in.wav", "out.pmlc", "--quiet"])
    Path("link.wav").symlink_to("in.wav")
    assert code_speech.main(["encode", "link.wav", "in.wav"]) == 1  # one file under two names
    assert "would be replaced" in capsys.readouterr().err
