"""The record tells how a result came about, and nothing about whose machine it was."""

import getpass
import json
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from paper_code.lab import paths, provenance
from paper_code.lab.config import Config
from paper_code.lab.provenance import ProvenanceError

CONFIG = Config(profile="small", seed=4)
SOURCES = [{"file": "speech/a.flac", "sha256": "ab" * 32, "licence": "CC-BY-4.0"}]


@pytest.fixture
def record() -> dict:
    return provenance.record(CONFIG, SOURCES, 12.34567, "cpu")


def test_it_holds_all_that_is_promised(record):
    assert record["config"] == {"profile": "small", "seed": 4, "version": 1}
    assert (record["hash"], record["seed"], record["profile"]) == (CONFIG.hash, 4, "small")
    assert record["sources"] == SOURCES
    assert (record["device"], record["gpu"], record["threads"]) == ("cpu", None, torch.get_num_threads())
    assert record["seconds"] == 12.346
    assert record["packages"]["python"] == platform.python_version()
    assert record["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert sorted(record["packages"]) == ["numpy", "python", "scipy", "soundfile", "torch", "torchaudio"]
    assert re.fullmatch(r"[0-9a-f]{12}", record["code"]["sha256"])
    assert json.loads(json.dumps(record)) == record


def test_the_date_is_now_in_utc(record):
    date = datetime.strptime(record["date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - date).total_seconds()) < 60


def test_it_tells_no_host_user_or_place(record):
    text = json.dumps(record)
    for private in (platform.node(), str(Path.home()), str(paths.ROOT), str(Path.cwd())):
        assert len(private) < 3 or private not in text
    words = re.findall(r"[\w.-]+", text)
    assert getpass.getuser() not in words


@pytest.mark.parametrize(
    "path", ["/home/somebody/my.wav", "/x", "C:\\sounds\\my.wav", "D:/my.wav", f"cut from {Path.home()}/my.wav"]
)
@pytest.mark.parametrize("wrap", [lambda p: [{"file": p}], lambda p: [{"steps": ["cut", {"from": [p]}]}]])
def test_absolute_paths_are_refused_wherever_they_stand(path, wrap):
    with pytest.raises(ProvenanceError, match="which would be published"):
        provenance.record(CONFIG, wrap(path), 1.0, "cpu")


def test_relative_paths_addresses_and_prose_are_fine():
    provenance.check_private(["speech/a.flac", "https://example.org/a", "16 bit / 44.1 kHz", "", "a: b", None, 3])


def git(folder: Path, *words: str) -> str:
    line = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


def test_git_commit_and_dirty_flag(tmp_path):
    unknown = {"commit": None, "dirty": None}
    assert provenance.git_state(tmp_path) == unknown
    git(tmp_path, "init", "-q")
    assert provenance.git_state(tmp_path) == unknown  # nothing committed yet
    (tmp_path / "paper_code").mkdir()
    (tmp_path / "paper_code" / "a.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "notes.txt").write_text("results and notes do not change the code")
    assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "paper_code" / "b.py").write_text("2")
    assert provenance.git_state(tmp_path) == {"commit": commit, "dirty": True}
    # a package unpacked inside somebody else's repository has no commit of its own
    assert provenance.git_state(tmp_path / "paper_code") == unknown


def test_no_git_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state(paths.ROOT) == {"commit": None, "dirty": None}


def test_the_code_digest_changes_with_the_code(tmp_path, monkeypatch):
    found = []
    for text in ("1", "2", "1"):
        (tmp_path / "paper_code").mkdir(exist_ok=True)
        (tmp_path / "paper_code" / "a.py").write_text(text)
        monkeypatch.setattr(paths, "ROOT", tmp_path)
        found.append(provenance.code_digest())
    assert found[0] == found[2] != found[1]
