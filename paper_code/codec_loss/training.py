"""The training of a run: a loss network learns to imitate the codec, an autoencoder with one of the losses, once or in
short trials."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from paper_code.codec_loss import coding, imitation, weights
from paper_code.codec_loss.configs import LossNetworkConfig, TrainingConfig, TrialsConfig
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import History, Recorder


def train(config: TrainingConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the network of a config; leaves its weights and the curves in `folder`. Of trials the curves alone."""
    if isinstance(config, TrialsConfig):
        write_arrays(folder / CURVES, trials(config, folder, device, progress))
        return
    trainer = imitation.train if isinstance(config, LossNetworkConfig) else coding.train
    network, recorder, history = trainer(config, folder, device, progress)
    weights.keep(folder, network, config)
    write_arrays(folder / CURVES, curves(recorder, history))


def trials(config: TrialsConfig, folder: Path, device: torch.device, progress: bool) -> dict[str, Any]:
    """What coding.train records, [rate, validation], and the "seconds" of all trials."""
    found = []
    for rate in config.rates:
        checkpoint = f"checkpoint_{rate:g}.pt"
        _, recorder, history = coding.train(config.trial(rate), folder, device, progress, checkpoint)
        found.append(curves(recorder, history))
    each = {name: np.stack([one[name] for one in found]) for name in ("validation", "own", "validated")}
    return {"rates": np.array(config.rates), **each, "seconds": sum(one["seconds"] for one in found)}


def curves(recorder: Recorder, history: History) -> dict[str, Any]:
    """The loss of every step, what was recorded at some of them, and the seconds in all and waiting for data."""
    recorded = {name: recorder.array(name) for name in recorder.names()}
    return {
        "loss": history.arrays()["loss"].astype("float32"),
        **{name: value if name == "validated" else value.astype("float32") for name, value in recorded.items()},
        "seconds": history.seconds,
        "data_seconds": history.arrays()["data_seconds"].sum(),
    }
