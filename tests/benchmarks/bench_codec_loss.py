"""The trainings of the codec-loss chapter: seconds a step, share spent waiting for data, cost of a loss next to L1.

python -m pytest tests/benchmarks/bench_codec_loss.py -q                    # tiny sizes: that it runs
python tests/benchmarks/bench_codec_loss.py [tiny|small|full] [--device cuda]   # the tables
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch

from paper_code.audio.codecs import Codec
from paper_code.codec_loss import coding, experiment, imitation, stimuli
from paper_code.codec_loss.configs import LossNetworkConfig, TrainingConfig
from paper_code.codec_loss.networks import PATCH, TIME_PATCH, EncoderNetwork
from paper_code.lab import devices, material
from paper_code.lab.training import seed_all

NAMES = ("network_spectrogram", "network_time", "model_a", "model_b", "model_c", "model_d")
PROFILES = {"tiny": "smoke", "small": "small", "full": "full"}
STEPS = {"tiny": 2, "small": 3, "full": 20}
MINUTES = {"tiny": 0.2, "small": 10.0, "full": 60.0}  # of sound that patches are read from


def config_of(name: str, size: str) -> TrainingConfig:
    """The settings of an experiment, for a few steps without a validation in between."""
    found = experiment.experiments(PROFILES[size], 0, recordings="synthetic", versions=1)[name]
    return found.replace(iterations=STEPS[size] + 1, validate_every=10**9)


def noise_tracks(minutes: float) -> list[torch.Tensor]:
    """Tracks of up to a minute of noise: how fast they are read does not depend on what they hold."""
    random = torch.Generator().manual_seed(0)
    seconds = max(5, round(60 * minutes))
    return [0.1 * torch.randn(min(60, seconds - at) * 16000, generator=random) for at in range(0, seconds, 60)]


class Uncoded:
    """In place of real material: noise whose "coded" copy is itself, so that no time goes into preparing it."""

    def __init__(self, folder: Path, minutes: float) -> None:
        tracks = noise_tracks(minutes)
        names = ("original", "coded", "limited-3000", "limited-5000")
        material.write(folder, [len(track) for track in tracks], dict.fromkeys(names, tracks))
        self.material = material.Material.opened(folder)

    def __call__(self, side: str, codec: Codec, *_: object, **__: object) -> material.Material:
        return self.material


def train(name: str, size: str, source: Uncoded, device: torch.device) -> dict[str, float]:
    """Seconds a step (of all but the first), and the share of it spent waiting for data."""
    config, stamps = config_of(name, size), []
    trainer = imitation.train if isinstance(config, LossNetworkConfig) else coding.train
    fetch = material.Material.random

    def stamped(*arguments: object) -> tuple[torch.Tensor, ...]:
        if device.type == "cuda":
            torch.cuda.synchronize()
        stamps.append(time.perf_counter())
        return fetch(*arguments)

    seed_all(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(stimuli, "material", source),
        mock.patch.object(material.Material, "random", stamped),
    ):
        _, _, history = trainer(config, Path(folder), device, progress=False)
    seconds = float(np.median(np.diff(stamps)[min(1, len(stamps) - 2) :]))
    return {"seconds": seconds, "waiting": float(np.median(history["data_seconds"][1:])) / seconds}


def loss_step(model: str, size: str, device: torch.device) -> Callable[[], None]:
    """Forward and backward of the loss of a model alone, on a batch of one patch of the paper."""
    loss = coding.make_loss(config_of(f"model_{model}", size)).to(device)
    estimate, reference = 0.1 * torch.randn(2, 1, PATCH, generator=torch.Generator().manual_seed(0)).to(device)
    if model == "d":
        estimate, reference = (x[:, : 4 * TIME_PATCH].reshape(4, TIME_PATCH) for x in (estimate, reference))
    estimate = estimate.clone().requires_grad_()

    def step() -> None:
        estimate.grad = None
        loss(estimate, reference).backward()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return step


def patches_a_second(source: Uncoded, length: int, seconds: float = 1.0) -> float:
    """Pairs of patches read from the memory-mapped arrays in a second, eight at a time."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        source.material.random(np.random.default_rng(count), 8, length, "original", "coded")
        count += 8
    return count / (time.perf_counter() - began)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Uncoded:
    """A little noise to read from."""
    return Uncoded(tmp_path_factory.mktemp("noise"), MINUTES["tiny"])


@pytest.mark.parametrize("name", NAMES)
def test_steps_of_a_training(benchmark, source, name):
    found = benchmark.pedantic(train, (name, "tiny", source, torch.device("cpu")), rounds=1)
    assert 0 < found["waiting"] < 1


@pytest.mark.parametrize("model", ["a", "b", "c", "d"])
def test_cost_of_a_loss(benchmark, model):
    benchmark.pedantic(loss_step(model, "tiny", torch.device("cpu")), rounds=2, warmup_rounds=1)


@pytest.mark.parametrize("length", [PATCH, TIME_PATCH])
def test_reading_patches(benchmark, source, length):
    names = ("original", "coded")
    benchmark.pedantic(source.material.random, (np.random.default_rng(0), 8, length, *names), rounds=5)


def _median(step: Callable[[], None], rounds: int) -> float:
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[1:]))


def main() -> None:
    """The tables of one size on one device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", nargs="?", choices=PROFILES, default="small")
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    device = devices.resolve(asked.device)
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}, size {asked.size}")
    with tempfile.TemporaryDirectory() as folder:
        source = Uncoded(Path(folder), MINUTES[asked.size])
        for length in (PATCH, TIME_PATCH):
            print(f"{patches_a_second(source, length):8.0f} pairs of {length} samples read in a second")
        for name in NAMES:
            found, config = train(name, asked.size, source, device), config_of(name, asked.size)
            print(
                f"{name:20s} batch {config.batch:2d}, {config.filters:2d} filters: {found['seconds']:8.3f} s a step, "
                f"{100 * found['waiting']:4.1f} % of it waiting for data"
            )
    plain = None
    for model in "abcd":
        seconds = _median(loss_step(model, asked.size, device), STEPS[asked.size])
        plain = plain or seconds
        print(f"loss of model {model.upper()}, one patch: {1000 * seconds:8.1f} ms, {seconds / plain:7.0f} times L1")
    network = EncoderNetwork().to(device)
    sound = torch.zeros(1, PATCH, device=device)
    seconds = _median(lambda: network(sound).sum().item(), STEPS[asked.size])
    print(f"the autoencoder itself, forward, one patch: {1000 * seconds:8.1f} ms")


if __name__ == "__main__":
    main()
