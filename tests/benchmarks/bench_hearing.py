"""The masking threshold of many frames at once beside the literal per-frame reference, and what it and the masking loss
cost by length.

python -m pytest tests/benchmarks/bench_hearing.py -q
python tests/benchmarks/bench_hearing.py            # the ratio, then time and peak memory for 1, 10 and 100 minutes
python tests/benchmarks/bench_hearing.py 1 10       # the same for other lengths in minutes
python tests/benchmarks/bench_hearing.py --device cuda

The loss is taken forward and backward, a minute of speech at a time, as a training would; the gradients of the minutes
add up in the parameter that they share. Beside that stands what a single call takes for up to ten minutes.
One thread, as the reference has; times are of the processor, so that other work on the machine disturbs them less. On a
GPU they are of the clock, until all that was asked of it is done, and memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from paper_code.audio import synthesiser
from paper_code.hearing import MaskingModel
from paper_code.hearing.sound_pressure import frames_of
from paper_code.masking_loss.loss import MaskingLoss

sys.path.append(str(Path(__file__).resolve().parents[1] / "hearing"))
import reference

torch.set_num_threads(1)
RATE = 16000
FRAMES = 1000
MINUTE = 60 * RATE  # samples
MODEL, LOSS = MaskingModel(), MaskingLoss()
DEVICES = ("cpu", "cuda")
ONE_CALL = 10.0  # minutes, at most
SAMPLE_MEGABYTES = 4 / 2**20


def _speech(samples: int) -> torch.Tensor:
    """Made-up speech, repeated until it has that many samples."""
    piece = synthesiser.speech_like(16.0, RATE, 0).waveform
    return piece.repeat(samples // len(piece) + 1)[:samples]


def _samples(frames: int) -> int:
    return MODEL.frame_length + (frames - 1) * MODEL.hop_length


def _threshold(waveform: torch.Tensor) -> torch.Tensor:
    """Threshold of every frame, spectra included, a minute's worth of spectra at a time."""
    step = 3750 * MODEL.hop_length
    more = MODEL.frame_length - MODEL.hop_length  # of the next piece, for the last frame of this one
    pieces = (waveform[start : start + step + more] for start in range(0, len(waveform) - more, step))
    return torch.cat([MODEL.threshold(MODEL.spectrum(piece.double()).abs().square()) for piece in pieces])


def _loss(waveform: torch.Tensor, chunk: int = MINUTE) -> torch.Tensor:
    """Gradient of the mean loss of the waveform with noise 30 dB below full scale in it, by a gain of one parameter."""
    loss, gain = LOSS.to(waveform.device), torch.ones(1, device=waveform.device, requires_grad=True)
    noise = 0.03 * torch.randn(min(chunk, len(waveform)), generator=torch.Generator().manual_seed(0)).to(
        waveform.device
    )
    for wanted in waveform.split(chunk):
        value = loss(gain * wanted + noise[: len(wanted)], wanted)
        (value * len(wanted) / len(waveform)).backward()
    return gain.grad


WAYS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "threshold": _threshold,
    "loss": _loss,
    "loss, one call": lambda waveform: _loss(waveform, len(waveform)),
}


def _seconds(function: Callable[[], object], repeats: int = 1, device: str = "cpu") -> float:
    clock, taken = time.perf_counter if device == "cuda" else time.process_time, []
    for _ in range(repeats):
        _finish(device)
        start = clock()
        function()
        _finish(device)
        taken.append(clock() - start)
    return sorted(taken)[len(taken) // 2]


def _finish(device: str) -> None:
    """Wait until a GPU has done what it was asked."""
    if device == "cuda":
        torch.cuda.synchronize()


def _a_thousand_frames(device: str = "cpu") -> tuple[float, float]:
    """Seconds for 1,000 frames: at once, and by the reference (on the CPU, timed on each 25th frame, times 25)."""
    waveform = _speech(_samples(FRAMES))
    frames = frames_of(waveform, MODEL.frame_length, MODEL.hop_length)[::25].numpy()
    slow = _seconds(lambda: [reference.analyse(frame) for frame in frames]) * FRAMES / len(frames)
    waveform = waveform.to(device)
    _threshold(waveform)
    return _seconds(lambda: _threshold(waveform), 7, device), slow


def _peak(device: str = "cpu") -> float:
    """The most memory this process has had, MB: of the machine, or of the GPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # the usual ru_maxrss begins, on Linux, with the peak of the process that started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def _measure(way: str, lengths: list[float], device: str = "cpu") -> list[dict[str, float]]:
    """For each length in minutes, the shortest first: seconds, and megabytes beyond what a few frames take.

    The waveform is among them. Each length needs more than the one before, so that the peak is its own.
    """
    WAYS[way](_speech(_samples(10)).to(device))
    before, found = _peak(device), []
    for minutes in lengths:
        waveform = _speech(round(minutes * MINUTE)).to(device)
        if device == "cuda":
            WAYS[way](waveform)  # the first time it fetches memory and plans its transforms
        seconds = _seconds(lambda waveform=waveform: WAYS[way](waveform), device=device)
        found.append({"minutes": minutes, "seconds": seconds, "megabytes": _peak(device) - before})
    return found


def _measured(way: str, lengths: list[float], device: str = "cpu") -> list[dict[str, float]]:
    """The same, in a process of its own, in which nothing else has taken memory."""
    words = [sys.executable, __file__, *map(str, sorted(lengths)), "--device", device, "--only", way]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_a_thousand_frames_are_at_least_100_times_faster():
    quick, slow = _a_thousand_frames()
    assert slow > 100 * quick


def test_cost_of_the_threshold_grows_no_faster_than_length():
    minute, ten = (_seconds(lambda n=n: _threshold(_speech(n * MINUTE)), 3 if n == 1 else 1) for n in (1, 10))
    assert ten / minute < 15


def test_cost_of_the_loss_grows_no_faster_than_length():
    """Forward and backward of 1, 10 and 40 minutes, a minute at a time: more memory only for the waveform itself."""
    one, ten, forty = _measured("loss", [1, 10, 40])
    assert ten["seconds"] / one["seconds"] < 15
    assert forty["seconds"] / ten["seconds"] < 6
    assert forty["megabytes"] - ten["megabytes"] < 1.5 * 30 * MINUTE * SAMPLE_MEGABYTES


def test_cost_of_one_call_grows_no_faster_than_length():
    one, ten = _measured("loss, one call", [1, ONE_CALL])
    assert ten["seconds"] / one["seconds"] < 20  # large arrays leave the cache
    assert ten["megabytes"] / one["megabytes"] < 12


def test_threshold_of_a_thousand_frames(benchmark):
    benchmark.pedantic(_threshold, (_speech(_samples(FRAMES)),), rounds=5, warmup_rounds=1)


def test_loss_of_a_minute_forward_and_backward(benchmark):
    benchmark.pedantic(_loss, (_speech(MINUTE),), rounds=3, warmup_rounds=1)


def test_without_a_gpu_one_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        main(["1", "--device", "cuda"])
    assert "PyTorch sees no CUDA GPU here; leave --device out to measure the CPU" in capsys.readouterr().err


def test_lengths_are_above_nothing(capsys):
    with pytest.raises(SystemExit):
        main(["0"])
    assert "'0' is no length in minutes" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_memory_of_a_gpu_is_that_of_what_lies_on_it():
    found = _measured("loss, one call", [0.5, 1], "cuda")
    assert all(each["megabytes"] > each["minutes"] * MINUTE * SAMPLE_MEGABYTES for each in found)
    assert found[1]["megabytes"] < 2.5 * found[0]["megabytes"]
    assert all(each["seconds"] > 0 for each in found)


def table(lengths: list[float], device: str) -> None:
    """Print the ratio to the reference, then each way at each length."""
    print(f"{torch.cuda.get_device_name() if device == 'cuda' else '1 thread'}, torch {torch.__version__}")
    quick, slow = _a_thousand_frames(device)
    print(f"{FRAMES} frames: at once {1000 * quick:.0f} ms, one by one {slow:.1f} s: {slow / quick:.0f} times")
    for way in WAYS:
        most = ONE_CALL if way.endswith("one call") else max(lengths)
        wanted = [minutes for minutes in lengths if minutes <= most]
        for found in _measured(way, wanted, device) if wanted else []:
            speed = found["minutes"] / found["seconds"]  # minutes a second are hours a minute
            print(
                f"{way:14s} {found['minutes']:5g} minutes: {found['seconds']:7.2f} s, {found['megabytes']:6.0f} MB more; "
                f"{speed:.1f} h a minute"
            )


def _minutes(word: str) -> float:
    try:
        found = float(word)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{word!r} is no length in minutes")
    return found


def main(arguments: list[str] | None = None) -> None:
    """The table on one device; with --only one of the ways, in this process, as JSON."""
    parser = argparse.ArgumentParser(description=" ".join(__doc__.split("\n\n")[0].split()))
    parser.add_argument("lengths", nargs="*", type=_minutes, help="minutes of speech (default: 1 10 100)")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--only", choices=WAYS, help="measure one way in this process, and print it as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch sees no CUDA GPU here; leave --device out to measure the CPU")
    lengths = chosen.lengths or [1.0, 10.0, 100.0]
    if chosen.only:
        print(json.dumps(_measure(chosen.only, sorted(lengths), chosen.device)))
    else:
        table(lengths, chosen.device)


if __name__ == "__main__":
    main()
