"""The training of a run: a loss network learns to imitate the codec, an autoencoder with one of the losses."""

from pathlib import Path
from typing import Any

import torch

from paper_code.codec_loss import coding, imitation, weights
from paper_code.codec_loss.configs import LossNetworkConfig, TrainingConfig
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import History, Recorder


def train(config: TrainingConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the network of a config; leaves its weights and the curves in `folder`."""
    trainer = imitation.train if isinstance(config, LossNetworkConfig) else coding.train
    network, recorder, history = trainer(config, folder, device, progress)
    weights.keep(folder, network, config)
    write_arrays(folder / CURVES, curves(recorder, history))


def curves(recorder: Recorder, history: History) -> dict[str, Any]:
    """The loss of every step, the validation score at some of them, and the seconds in all and waiting for data."""
    return {
        "loss": history.arrays()["loss"].astype("float32"),
        "validation": recorder.array("validation").astype("float32"),
        "validated": recorder.array("validated"),
        "seconds": history.seconds,
        "data_seconds": history.arrays()["data_seconds"].sum(),
    }
