"""The record tells how a result came about, and nothing about whose machine it was."""

import getpass
import hashlib
import json
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from paper_code.lab import paths, provenance
from paper_code.lab.config import Config
from paper_code.lab.provenance import ProvenanceError

CONFIG = Config(profile="small", seed=4)
SOURCES = [{"file": "speech/a.flac", "sha256": "ab" * 32, "licence": "CC-BY-4.0"}]


CODE = {"entry": "a.py", "sha256": "0123456789ab", "commit": None, "dirty": None}
FILES = {"weights.safetensors": "ba9876543210"}


@pytest.fixture
def stage() -> dict:
    return provenance.stage(CODE, FILES, 12.34567, "cpu")


def test_it_holds_all_that_is_promised(stage):
    about = provenance.about(CONFIG, SOURCES)
    assert about["config"] == {"profile": "small", "seed": 4, "version": 1}
    assert (about["hash"], about["seed"], about["profile"]) == (CONFIG.hash, 4, "small")
    assert about["sources"] == SOURCES
    assert (stage["device"], stage["gpu"], stage["threads"]) == ("cpu", None, torch.get_num_threads())
    assert stage["seconds"] == 12.346
    assert stage["packages"]["python"] == platform.python_version()
    assert stage["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert sorted(stage["packages"]) == ["numpy", "python", "scipy", "soundfile", "torch", "torchaudio"]
    assert (stage["code"], stage["files"]) == (CODE, FILES)
    assert json.loads(json.dumps([about, stage])) == [about, stage]


def test_digests_are_of_what_the_files_hold(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "started.json").write_text("[]")
    (tmp_path / "folder").mkdir()
    assert provenance.digests(tmp_path, ["started.json"]) == {"a.json": hashlib.sha256(b"{}").hexdigest()[:12]}


def test_the_date_is_now_in_utc(stage):
    date = datetime.strptime(stage["date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - date).total_seconds()) < 60


def test_it_tells_no_host_user_or_place(stage):
    text = json.dumps(stage)
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
        provenance.about(CONFIG, wrap(path))


def test_relative_paths_addresses_and_prose_are_fine():
    provenance.check_private(["speech/a.flac", "https://example.org/a", "16 bit / 44.1 kHz", "", "a: b", None, 3])
