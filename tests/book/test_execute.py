"""How a notebook is executed: apart from others, with few threads, whole or not at all."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import execute as workflow
import nbformat
import pytest

from paper_code.display.notebook_folder import output_of

REPORT = """
import json, os
from ipykernel.connect import get_connection_info
info = json.loads(get_connection_info())
print(json.dumps({"transport": info["transport"], "ip": info["ip"], "threads": os.environ["OMP_NUM_THREADS"],
                  "folder": os.getcwd()}))
"""


def write(path: Path, *cells: str, tags: tuple[str, ...] = ()) -> Path:
    """A small notebook; the first cell gets the tags."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata.tags = list(tags)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> dict[str, str]:
    """What the last cell of an executed notebook printed."""
    return json.loads(nbformat.read(path, as_version=4).cells[-1].outputs[0].text)


def test_kernels_have_sockets_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that start together talk over files in different folders, with one thread, where they are told to."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    source = write(tmp_path / "report.ipynb", REPORT)
    targets = [tmp_path / str(k) / "out.ipynb" for k in range(2)]
    commands = [[sys.executable, workflow.__file__, str(source), str(target)] for target in targets]
    assert [process.wait() for process in [subprocess.Popen(command) for command in commands]] == [0, 0]
    reports = [printed(target) for target in targets]
    assert [report["transport"] for report in reports] == ["ipc", "ipc"]
    assert len({report["ip"] for report in reports}) == 2
    assert [report["threads"] for report in reports] == ["1", "1"]
    assert [report["folder"] for report in reports] == [str(target.parent) for target in targets]
    assert not any(Path(report["ip"]).parent.exists() for report in reports)


def test_failure_leaves_the_old_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that fails: the error is told, the target stays as it was, the trial is kept beside it."""
    target = tmp_path / "out.ipynb"
    target.write_text("old")
    source = write(tmp_path / "wrong.ipynb", "print('before')", "1 / 0")
    assert workflow.main([str(source), str(target)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert target.read_text() == "old"
    kept = nbformat.read(tmp_path / "out.failed.ipynb", as_version=4)
    assert any(output.get("ename") == "ZeroDivisionError" for cell in kept.cells for output in cell.get("outputs", []))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.failed.ipynb", "out.ipynb", "wrong.ipynb"]


def test_result_names_no_place(tmp_path: Path) -> None:
    """The wall time is kept, paths are not; an injected cell is hidden when the parameters are."""
    source = write(tmp_path / "quiet.ipynb", "x = 1", "print(x)", tags=("parameters", "remove-cell"))
    workflow.execute(source, tmp_path / "out.ipynb", {"x": 5})
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert notebook.metadata.papermill.duration > 0
    assert str(tmp_path) not in json.dumps(notebook)
    assert set(notebook.cells[1].metadata.tags) == {"injected-parameters", "remove-cell"}
    assert printed(tmp_path / "out.ipynb") == 5


def test_missing_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A notebook that is not there is named, and nothing is written."""
    assert workflow.main([str(tmp_path / "none.ipynb"), str(tmp_path / "out.ipynb")]) == 1
    assert "none.ipynb" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("True", True), ("None", None), ("smoke", "smoke"), ("my.wav", "my.wav")],
)
def test_values_on_the_command_line(text: str, expected: object) -> None:
    """Numbers and truth values are read as such, all else is text."""
    assert workflow.value(text) == expected


SOUNDS = """
import torch
from paper_code.audio.clips import Clip
from paper_code.display import players
sound = Clip(torch.linspace(-0.5, 0.5, 800), 8000, "ramp", synthetic=True)
players.compare({"a": sound}, "Sound", spectrograms=True)
"""


def test_papermill_writes_sounds_beside_the_notebook_it_writes(tmp_path: Path) -> None:
    """Plain papermill, its notebook in another folder than it was started in: the player finds its files."""
    write(tmp_path / "sounds.ipynb", SOUNDS)
    (tmp_path / "results").mkdir()
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "sounds.ipynb", "results/out.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    output = nbformat.read(tmp_path / "results" / "out.ipynb", as_version=4).cells[-1].outputs[0]
    named = re.findall(r'src="(sounds/[^"]+)"', output.data["text/html"])
    assert len(named) == 2
    assert all((tmp_path / "results" / name).is_file() for name in named)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "sounds.ipynb"]


def test_the_notebook_of_a_command_line_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By papermill's own reading of its words; no other process is taken for it."""
    (tmp_path / "out.ipynb").touch()
    found = tmp_path / "out.ipynb"
    assert output_of(["python", "/bin/papermill", "in.ipynb", "out.ipynb", "-p", "a", "b.ipynb"], tmp_path) == found
    assert output_of(["python", "-m", "papermill", "-p", "x", "no.ipynb", "in.ipynb", str(found)], Path("/")) == found
    monkeypatch.setenv("PWD", str(tmp_path))
    assert output_of(["python", "/bin/papermill", "in.ipynb", "out.ipynb", "--cwd", "x"], tmp_path / "x") == found
    assert output_of(["python", "-m", "papermill", "in.ipynb"], tmp_path) is None
    assert output_of(["python", "-m", "papermill", "in.ipynb", "none.ipynb"], tmp_path) is None
    assert output_of(["jupyter-lab", "papermill.ipynb", "out.ipynb"], tmp_path) is None


@pytest.mark.parametrize("target", ["pipe", "folder", "a" * 300 + ".ipynb"])
def test_a_target_that_is_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    """One line, and nothing is executed or written."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    source = write(tmp_path / "source.ipynb", "1 / 0")
    assert workflow.main([str(source), str(tmp_path / target)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe", "source.ipynb"]
