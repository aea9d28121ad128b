"""One long file of speech through reader, coder, PESQ and player: seconds and memory of each.

python tests/benchmarks/bench_long_file.py [minutes]
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from paper_code.audio import clips
from paper_code.audio.synthesiser import speech_like
from paper_code.display import players
from paper_code.masking_loss import code_speech
from paper_code.metrics.speech_quality import wideband_pesq

RATE = 44100  # Hz, so that it is resampled on the way


def speech(minutes: float) -> np.ndarray:
    """Different sentences of 20 s, one after the other."""
    parts = [speech_like(seconds=20.0, sample_rate=RATE, seed=k).waveform.numpy() for k in range(3)]
    return np.resize(np.concatenate(parts), round(60 * minutes * RATE))


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Prints what the steps inside took, and the most memory that the process has had so far."""
    begun, spent = time.perf_counter(), time.process_time()
    yield
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - begun
    print(f"{name:8} {seconds:8.1f} s ({time.process_time() - spent:.1f} s of processor) {memory:8.0f} MB", flush=True)


def main(minutes: float) -> None:
    """All steps in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        soundfile.write("in.flac", speech(minutes), RATE)
        with measured("read"):
            original = clips.resample(clips.read("in.flac"), 16000)
        with measured("encode"):
            print(code_speech.encode(Path("in.flac"), Path("out.pmlc"), "masking", 20, progress=False))
        with measured("decode"):
            print(code_speech.decode(Path("out.pmlc"), Path("back.wav"), progress=False))
        decoded = clips.read("back.wav")
        with measured("PESQ"):
            print(f"PESQ {wideband_pesq(decoded.waveform, original.waveform, 16000):.3f}")
        with measured("player"):
            players.compare({"original": original, "coded": decoded}, "A long file")
        os.chdir("/")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
