"""What the tests of the codecs share: sounds, the usual codecs, a cache of their own, ffmpeg by hand."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.audio import codec_cache, ffmpeg
from paper_code.audio.codec_kinds import KINDS
from paper_code.audio.codecs import Codec

RATE = 16000
MP3 = Codec("mp3", 16)
USUAL = [MP3, Codec("amr_wb", 23.85), Codec("aac", 24), Codec("opus", 16), Codec("vorbis", 48)]
EVERY = [Codec(name, rate, hertz) for name, kind in KINDS.items() for hertz, all in kind.rates.items() for rate in all]
keys = {"ids": lambda codec: codec.key}


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPENDIUM_CACHE", str(shared_cache))
    monkeypatch.setattr(codec_cache, "_refused", set())


def noise(length: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy((0.1 * np.random.default_rng(seed).standard_normal(length)).astype(np.float32))


def program(*arguments: str, content: bytes = b"") -> bytes:
    """The output of ffmpeg called by hand."""
    command = [str(ffmpeg.program()), "-loglevel", "quiet", "-y", *arguments]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def streams(cache: Path) -> list[bytes]:
    """The encoded streams in a cache, each behind its 32 bytes of checksum."""
    return [path.read_bytes()[32:] for path in sorted(cache.rglob("*")) if path.is_file()]
