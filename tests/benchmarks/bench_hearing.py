"""The masking threshold of many frames at once beside the literal per-frame reference, and its cost by length.

python -m pytest tests/benchmarks/bench_hearing.py -q
python tests/benchmarks/bench_hearing.py            # the ratio, then time and peak memory for 1, 10 and 100 minutes
python tests/benchmarks/bench_hearing.py 1 10       # the same for other lengths in minutes

One thread, as the reference has; times are of the processor, so that other work on the machine disturbs them less.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from paper_code.audio import synthesiser
from paper_code.hearing import MaskingModel
from paper_code.hearing.sound_pressure import frames_of

sys.path.append(str(Path(__file__).resolve().parents[1] / "hearing"))
import reference

torch.set_num_threads(1)
RATE = 16000
FRAMES = 1000
MODEL = MaskingModel()


def _speech(frames: int) -> torch.Tensor:
    """Made-up speech, repeated until it fills that many frames."""
    piece = synthesiser.speech_like(16.0, RATE, 0).waveform
    samples = MODEL.frame_length + (frames - 1) * MODEL.hop_length
    return piece.repeat(samples // len(piece) + 1)[:samples]


def _at_once(waveform: torch.Tensor) -> torch.Tensor:
    """Threshold of every frame, spectra included, a minute's worth of spectra at a time."""
    step = 3750 * MODEL.hop_length
    more = MODEL.frame_length - MODEL.hop_length  # of the next piece, for the last frame of this one
    pieces = (waveform[start : start + step + more] for start in range(0, len(waveform) - more, step))
    return torch.cat([MODEL.threshold(MODEL.spectrum(piece.double()).abs().square()) for piece in pieces])


def _seconds(function, repeats: int = 1) -> float:
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return sorted(taken)[len(taken) // 2]


def _a_thousand_frames() -> tuple[float, float]:
    """Seconds for 1,000 frames: at once, and by the reference (timed on each 25th frame, times 25)."""
    waveform = _speech(FRAMES)
    _at_once(waveform)
    frames = frames_of(waveform, MODEL.frame_length, MODEL.hop_length)[::25].numpy()
    slow = _seconds(lambda: [reference.analyse(frame) for frame in frames]) * FRAMES / len(frames)
    return _seconds(lambda: _at_once(waveform), 7), slow


def test_a_thousand_frames_are_at_least_100_times_faster():
    quick, slow = _a_thousand_frames()
    assert slow > 100 * quick


def test_cost_grows_no_faster_than_length():
    minute, ten = (_seconds(lambda frames=frames: _at_once(_speech(frames)), 3) for frames in (3750, 37500))
    assert ten / minute < 15


def test_threshold_of_a_thousand_frames(benchmark):
    benchmark.pedantic(_at_once, (_speech(FRAMES),), rounds=5, warmup_rounds=1)


def _measure(minutes: float) -> dict[str, float]:
    _at_once(_speech(500))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    waveform = _speech(round(minutes * 60 * RATE / MODEL.hop_length))
    seconds = _seconds(lambda: _at_once(waveform))
    return {"seconds": seconds, "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def main(lengths: list[float]) -> None:
    """The ratio to the reference, then each length in a process of its own, so that the peak of memory is its own."""
    print(f"1 thread, torch {torch.__version__}")
    quick, slow = _a_thousand_frames()
    print(f"{FRAMES} frames: at once {1000 * quick:.0f} ms, one by one {slow:.1f} s: {slow / quick:.0f} times")
    for minutes in lengths:
        done = subprocess.run(
            [sys.executable, __file__, "measure", str(minutes)], capture_output=True, text=True, check=True
        )
        found = json.loads(done.stdout)
        hours = minutes / found["seconds"]
        print(
            f"{minutes:5g} minutes: {found['seconds']:7.2f} s, {found['megabytes']:6.0f} MB more; {hours:.1f} h a minute"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(_measure(float(sys.argv[2]))))
    else:
        main([float(minutes) for minutes in sys.argv[1:]] or [1, 10, 100])
