"""A chapter in miniature: fits a line by noisy gradient descent. Tests register it as the chapter "toy"."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paper_code.lab import weights
from paper_code.lab.chapter import Chapter, Document
from paper_code.lab.config import Config, Profile
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import Result
from paper_code.lab.training import Recorder, fit


@dataclass(frozen=True, kw_only=True)
class ToyConfig(Config):
    slope: float = 2.0
    learning_rate: float = 0.01
    iterations: int = 40
    every: int = 10
    recordings: str = "corpus"


KIND = weights.Kind("toy", "line", "Run it again.")
PROFILES = {
    "smoke": Profile("seconds", seeds=(0, 1), changes={"line": {"iterations": 20}}),
    "small": Profile("minutes", seeds=(0, 1, 2)),
}


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, Config]:
    base = ToyConfig(profile=profile, seed=seed, **PROFILES[profile].of("line")).replace(**overrides)
    return {"gentle": base, "steep": base.replace(slope=5.0)}


def estimate_seconds(config: ToyConfig) -> float:
    return 3.0 * config.iterations


def train(config: ToyConfig, folder: Path, device: torch.device, progress: bool) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1)).to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    batches, recorder = np.random.default_rng(config.seed), Recorder()

    def step(i: int) -> dict[str, torch.Tensor]:
        time.sleep(float(os.environ.get("TOY_PAUSE", "0")))  # a step a test can interrupt
        x = torch.from_numpy(batches.standard_normal((16, 1)).astype(np.float32)).to(device)
        loss = (network(x) - config.slope * x - 0.1 * torch.randn_like(x)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if i % 5 == 0:
            recorder.add("weight", network[0].weight)
        return {"loss": loss.detach()}

    state = {"network": network, "optimiser": optimiser, "batches": batches, "recorder": recorder}
    history = fit(
        step,
        config.iterations,
        state,
        folder / "checkpoint.pt",
        config.every,
        "toy",
        progress,
        tag=config.hash,
    )
    write_arrays(folder / "curves.npz", {**history.arrays(), "weight": recorder.array("weight")})
    weights.keep(folder, KIND, network.state_dict(), config)


def evaluate(config: ToyConfig, folder: Path) -> None:
    """The last loss, and the slope that the kept weights have learned; metrics last, so that a kill shows."""
    learned = weights.kept(folder, KIND)
    slope = learned["2.weight"] @ learned["0.weight"]
    with np.load(folder / "curves.npz") as curves:
        last = curves["loss"][-1]
    write_arrays(folder / "arrays.npz", {"noise": torch.rand(3)})
    write_json(folder / "metrics.json", {"last": last, "slope": slope.item(), "undefined": float("nan")})


def sources(config: ToyConfig) -> list[dict[str, Any]]:
    return [{"file": "toy/line.wav", "sha256": "0" * 64, "licence": "CC0-1.0"}]


def measurements(results: list[Result]) -> dict[str, list[float]]:
    names = sorted({result.experiment for result in results})
    return {n: [r.metrics["last"] for r in results if r.experiment == n] for n in names}


# Called by name, so that a test can put another function in a place.
CHAPTER = Chapter(
    name="toy",
    document=Document("toy2026", "A Line", "Nobody (2026)"),
    profiles=PROFILES,
    experiments=lambda *given, **changes: experiments(*given, **changes),
    sources=lambda config: sources(config),
    train=lambda *given: train(*given),
    evaluate=lambda *given: evaluate(*given),
    measurements=lambda results: measurements(results),
    recordings=lambda: ["toy/line.wav"],
    estimate_seconds=lambda config: estimate_seconds(config),
)
