"""The JND metric on many pairs at once beside one by one: pairs a second, and the memory they take.

python -m pytest tests/benchmarks/bench_jnd_loss.py -q
python tests/benchmarks/bench_jnd_loss.py                 # both ways, forward alone and with a gradient
python tests/benchmarks/bench_jnd_loss.py --device cuda --pairs 256

Pairs last 2.5 s at 22,050 Hz, as the paper's. One thread; times are of the processor, on a GPU of the clock. Each way is
measured in a process of its own, whose peak of memory is then that way's.
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
from torch import Tensor

from paper_code.jnd_loss.loss import SAMPLE_RATE, JNDLoss

SECONDS = 2.5
PAIRS = 32
DEVICES = ("cpu", "cuda")


def _pairs(count: int, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Noise and the same noise with a tenth of another in it, each [pair, time]: a network takes as long for speech."""
    noise = torch.randn(2, count, round(SECONDS * SAMPLE_RATE), generator=torch.Generator().manual_seed(0))
    reference, other = 0.1 * noise.to(device)
    return reference + 0.1 * other, reference


def _at_once(metric: JNDLoss, estimate: Tensor, reference: Tensor) -> Tensor:
    return metric(estimate, reference)


def _one_by_one(metric: JNDLoss, estimate: Tensor, reference: Tensor) -> Tensor:
    return torch.cat([metric(estimate[k : k + 1], reference[k : k + 1]) for k in range(len(estimate))])


def _without_gradient(way: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return torch.no_grad()(way)


def _with_gradient(way: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def both(metric: JNDLoss, estimate: Tensor, reference: Tensor) -> Tensor:
        estimate = estimate.clone().requires_grad_()
        way(metric, estimate, reference).sum().backward()
        return estimate.grad

    return both


def _gradient_one_by_one(metric: JNDLoss, estimate: Tensor, reference: Tensor) -> Tensor:
    each = _with_gradient(_at_once)
    return torch.cat([each(metric, estimate[k : k + 1], reference[k : k + 1]) for k in range(len(estimate))])


WAYS: dict[str, Callable[..., Tensor]] = {
    "at once": _without_gradient(_at_once),
    "one by one": _without_gradient(_one_by_one),
    "at once, with gradient": _with_gradient(_at_once),
    "one by one, with gradient": _gradient_one_by_one,
}


def _peak(device: str) -> float:
    """The most memory this process has had, MB: of the machine, or of the GPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # the usual ru_maxrss begins, on Linux, with the peak of the process that started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def _seconds(function: Callable[[], object], device: str) -> float:
    clock = time.perf_counter if device == "cuda" else time.process_time
    start = clock()
    function()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def _measure(way: str, count: int, device: str) -> dict[str, float]:
    """Pairs a second, and megabytes beyond what one pair takes. The pairs themselves are not among them."""
    metric, sounds = JNDLoss.released("scratch", reduction="none").to(device), _pairs(count, device)
    WAYS[way](metric, *(sound[:1] for sound in sounds))
    before = _peak(device)
    seconds = _seconds(lambda: WAYS[way](metric, *sounds), device)
    return {"pairs a second": count / seconds, "megabytes": _peak(device) - before}


def _measured(way: str, count: int, device: str = "cpu") -> dict[str, float]:
    """The same, in a process of its own."""
    words = [sys.executable, __file__, "--pairs", str(count), "--device", device, "--only", way]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def metric() -> JNDLoss:
    torch.set_num_threads(1)
    return JNDLoss.released("scratch", reduction="none")


def test_both_ways_give_the_same_distances_and_gradients(metric):
    sounds = _pairs(3)
    for way in ("at once", "at once, with gradient"):
        one_by_one = WAYS[way.replace("at once", "one by one")](metric, *sounds)
        assert torch.allclose(
            WAYS[way](metric, *sounds), one_by_one, rtol=1e-3, atol=1e-3 * float(one_by_one.abs().max())
        )


def test_memory_does_not_grow_with_the_number_of_pairs():
    """Without a gradient nothing is kept of a pair but its distance."""
    few, many = (_measured("at once", count)["megabytes"] for count in (8, 64))
    assert many - few < 64 * SECONDS * SAMPLE_RATE * 4 / 2**20


def test_distances_of_many_pairs(benchmark, metric):
    benchmark.pedantic(WAYS["at once"], (metric, *_pairs(8)), rounds=3, warmup_rounds=1)


def test_without_a_gpu_one_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        main(["--device", "cuda"])
    assert "PyTorch sees no CUDA GPU here; leave --device out to measure the CPU" in capsys.readouterr().err


def table(count: int, device: str) -> None:
    """Print each way."""
    where = torch.cuda.get_device_name() if device == "cuda" else "1 thread"
    print(f"{count} pairs of {SECONDS:g} s, {where}, torch {torch.__version__}")
    for way in WAYS:
        found = _measured(way, count, device)
        print(
            f"{way:26s} {found['pairs a second']:8.1f} pairs a second, {found['megabytes']:6.0f} MB more than one pair"
        )


def main(arguments: list[str] | None = None) -> None:
    """The table on one device; with --only one of the ways, in this process, as JSON."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=" ".join(__doc__.split("\n\n")[0].split()))
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--only", choices=WAYS, help="measure one way in this process, and print it as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.pairs < 1:
        parser.error("--pairs is at least 1")
    if chosen.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch sees no CUDA GPU here; leave --device out to measure the CPU")
    if chosen.only:
        print(json.dumps(_measure(chosen.only, chosen.pairs, chosen.device)))
    else:
        table(chosen.pairs, chosen.device)


if __name__ == "__main__":
    main()
