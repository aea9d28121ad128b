"""A folder's files come in any order, other ones on other file systems: nothing that is read from them may follow it."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.lab import material, provenance
from paper_code.lab.config import Config
from paper_code.lab.files import write_json
from paper_code.lab.store import Store

ORDERS = {"rising": lambda names: sorted(names), "falling": lambda names: sorted(names, reverse=True)}


@pytest.fixture(params=ORDERS)
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system that lists every folder in this order."""
    ordered = ORDERS[request.param]
    for name in ("iterdir", "glob", "rglob"):
        listed = getattr(Path, name)
        monkeypatch.setattr(Path, name, lambda *a, _listed=listed, **k: iter(ordered(list(_listed(*a, **k)))))
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda *a: ordered(listed(*a)))
    return request.param


def test_the_orders_are_seen(order: str, tmp_path: Path) -> None:
    for name in "bca":
        (tmp_path / name).touch()
    assert "".join(path.name for path in tmp_path.iterdir()) == {"rising": "abc", "falling": "cba"}[order]


@pytest.mark.usefixtures("order")
def test_results_come_by_experiment_and_seed(tmp_path: Path) -> None:
    for experiment, seed in (("speech", 10), ("piano", 1), ("speech", 2), ("piano", 0)):
        config = Config(profile="small", seed=seed)
        folder = tmp_path / "toy" / experiment / f"small-seed{seed}"
        record = {"hash": f"{experiment}-{config.hash}", "trained": {}, "measured": {}, "config": config.as_dict()}
        write_json(folder / "provenance.json", record | config.as_dict())
        write_json(folder / "metrics.json", {})
        for name in ("b.flac", "c.flac", "a.flac"):
            (folder / name).touch()
    results = Store(tmp_path).all("toy")
    assert [(r.experiment, r.seed) for r in results] == [("piano", 0), ("piano", 1), ("speech", 2), ("speech", 10)]
    assert results[0].sounds() == ["a", "b", "c"]


@pytest.mark.usefixtures("order")
def test_the_digests_of_a_result_come_by_name(tmp_path: Path) -> None:
    for name in ("b.flac", "c.npz", "a.json"):
        (tmp_path / name).write_text(name)
    assert list(provenance.digests(tmp_path)) == ["a.json", "b.flac", "c.npz"]


@pytest.mark.usefixtures("order")
def test_patches_are_those_of_the_array_that_is_named(tmp_path: Path) -> None:
    tracks = {"original": [torch.full((8,), 0.25)], "coded": [torch.full((8,), 0.5)]}
    material.write(tmp_path, [8], tracks)
    drawn = material.Material.opened(tmp_path).random(np.random.default_rng(0), 1, 4, "coded", "original")
    assert [part.unique().tolist() for part in drawn] == [[0.5], [0.25]]
