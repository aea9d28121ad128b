"""One long file of speech through the coder, and up to 20 minutes of it through reader, PESQ and player.

Seconds and memory of each. The coder's memory is that of a minute, whatever the length.
python tests/benchmarks/bench_long_file.py [minutes, 60 unless told]
"""

import itertools
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from paper_code.audio import clips
from paper_code.audio.synthesiser import speech_like
from paper_code.display import players
from paper_code.masking_loss import code_speech
from paper_code.metrics.speech_quality import wideband_pesq

RATE = 44100  # Hz, so that it is resampled on the way
MOST_MINUTES = 20.0  # of what holds the whole sound


def write_speech(name: str, minutes: float) -> None:
    """Different sentences of 20 s, one after the other."""
    parts = [speech_like(seconds=20.0, sample_rate=RATE, seed=k).waveform.numpy() for k in range(3)]
    left = round(60 * minutes * RATE)
    with soundfile.SoundFile(name, "w", RATE, 1) as file:
        for part in itertools.cycle(parts):
            file.write(part[:left])
            left -= len(part)
            if left <= 0:
                return


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Prints what the steps inside took, and the most memory that the process has had so far."""
    begun, spent = time.perf_counter(), time.process_time()
    yield
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - begun
    print(f"{name:8} {seconds:8.1f} s ({time.process_time() - spent:.1f} s of processor) {memory:8.0f} MB", flush=True)


def _beginning(name: str) -> clips.Clip:
    clip = clips.resample(clips.read(name), 16000)
    return clips.cut_seconds(clip, 0.0, min(clip.seconds, 60 * MOST_MINUTES))


def main(minutes: float) -> None:
    """All steps in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for length in (1.0, minutes):  # a minute first: what an hour takes more is the growth
            write_speech("in.flac", length)
            with measured("encode"):
                print(code_speech.encode(Path("in.flac"), Path("out.pmlc"), "masking", 20, progress=False))
            with measured("decode"):
                print(code_speech.decode(Path("out.pmlc"), Path("back.wav"), progress=False))
        with measured("read"):
            original, decoded = _beginning("in.flac"), _beginning("back.wav")
        with measured("PESQ"):
            print(f"PESQ {wideband_pesq(decoded.waveform, original.waveform, 16000):.3f}")
        with measured("player"):
            players.compare({"original": original, "coded": decoded}, "A long file")
        os.chdir("/")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
