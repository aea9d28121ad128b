"""Forward and backward of BarkLoss beside the same loss written with conv1d: time and peak memory, in one run.

python -m pytest tests/benchmarks/bench_bark_loss.py --benchmark-group-by=param:batch -q
python tests/benchmarks/bench_bark_loss.py      # the table with the ratios, and the peak of memory
"""

import json
import resource
import subprocess
import sys
import time

import pytest
import torch
from torch.nn.functional import conv1d, cosine_similarity

from paper_code.bark_loss.loss import BarkLoss

TIME = 8192


def _signals(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    estimate, reference = torch.randn(2, batch, TIME, generator=random) * 0.1
    return estimate.requires_grad_(), reference


def _plain(loss: BarkLoss, estimate: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    filters, weights = loss.filter_bank.filters.unsqueeze(1), loss.weights.unsqueeze(-1)

    def features(signal: torch.Tensor) -> torch.Tensor:
        bands = conv1d(signal.unsqueeze(1), filters, padding=filters.shape[-1])
        return (torch.log1p(loss.log_factor * torch.relu(bands)) * weights).flatten(1)

    return -cosine_similarity(features(estimate), features(reference)).mean()


def _step(way: str, batch: int) -> "callable":
    loss, (estimate, reference) = BarkLoss(), _signals(batch)

    def step() -> None:
        estimate.grad = None
        value = loss(estimate, reference) if way == "fused" else _plain(loss, estimate, reference)
        value.backward()

    return step


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("way", ["conv1d", "fused"])
def test_forward_and_backward(benchmark, way, batch):
    benchmark.pedantic(_step(way, batch), rounds=7, warmup_rounds=2)


def _measure(way: str, batch: int) -> dict[str, float]:
    step = _step(way, batch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step()
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"milliseconds": 1000 * sorted(seconds)[len(seconds) // 2], "megabytes": grown / 1024}


def main() -> None:
    """Each way in a process of its own, so that the peak of memory is its own."""
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {TIME} samples, 512 bands of 512 taps")
    for batch in (1, 4):
        rows = {}
        for way in ("conv1d", "fused"):
            done = subprocess.run(
                [sys.executable, __file__, way, str(batch)], capture_output=True, text=True, check=True
            )
            rows[way] = json.loads(done.stdout)
            print(f"batch {batch} {way:7s} {rows[way]['milliseconds']:8.1f} ms {rows[way]['megabytes']:8.0f} MB more")
        print(
            f"batch {batch} conv1d / fused: {rows['conv1d']['milliseconds'] / rows['fused']['milliseconds']:.1f} times"
        )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
