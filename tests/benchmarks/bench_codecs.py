"""Clips a second through a real codec: one after another, in parallel, and from the cache, in one run.

python -m pytest tests/benchmarks/bench_codecs.py -q
python tests/benchmarks/bench_codecs.py      # the table for 4 s patches, and one sound of two minutes
"""

import os
import tempfile
import time
from pathlib import Path

import pytest
import torch

from paper_code.audio.codecs import Codec, code, code_batch, version

RATE = 16000
WAYS = ("serial", "parallel", "cached")


def _patches(count: int, seconds: float = 4) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return [0.1 * torch.randn(round(seconds * RATE), generator=random) for _ in range(count)]


def _clips_a_second(way: str, codec: Codec, patches: list[torch.Tensor]) -> float:
    """How fast a way is; each has a fresh cache, which the cached way fills before the clock starts."""
    with tempfile.TemporaryDirectory() as folder:
        if way == "cached":
            code_batch(patches, codec, cache=Path(folder))
        start = time.perf_counter()
        code_batch(patches, codec, workers=1 if way == "serial" else None, cache=Path(folder))
        return len(patches) / (time.perf_counter() - start)


@pytest.mark.parametrize("way", WAYS)
def test_mp3_patches(benchmark, way):
    patches = _patches(20)
    benchmark.pedantic(_clips_a_second, (way, Codec("mp3", 16), patches), rounds=3)


def main() -> None:
    """Every codec in its three ways, then a long sound."""
    version()
    print(f"{version()}, {os.cpu_count()} cores; clips of 4 s a second")
    for codec in (Codec("mp3", 16), Codec("amr_wb", 23.85), Codec("aac", 24), Codec("opus", 16), Codec("vorbis", 48)):
        speeds = [_clips_a_second(way, codec, _patches(60)) for way in WAYS]
        print(f"{codec.title:18s}", *(f"{way} {speed:6.1f}" for way, speed in zip(WAYS, speeds, strict=True)), sep="  ")
    with tempfile.TemporaryDirectory() as folder:
        (long,), start = _patches(1, 120), time.perf_counter()
        code(long, Codec("mp3", 16), Path(folder))
        print(f"two minutes through MP3: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
