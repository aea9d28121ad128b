"""The chapter's experiments for the lab: three networks that imitate a codec, and four autoencoders in two bands.

The rooms: `stimuli` (sounds), `networks`, `loss`, `imitation` (training of the loss networks), `coding` (training of
the autoencoders), `evaluation` (what came out), `figures` and `tables`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from paper_code.audio import corpora
from paper_code.codec_loss import coding, evaluation, imitation, stimuli
from paper_code.codec_loss.configs import LossNetworkConfig, ModelConfig, TrainingConfig
from paper_code.codec_loss.weights import checksum, released
from paper_code.lab.config import Profile
from paper_code.lab.files import write_arrays
from paper_code.lab.store import Result
from paper_code.lab.training import History, Recorder

SIDES = ("train", "validation", "test")
NETWORKS = {
    "network_spectrogram": "spectrogram",
    "network_frequency_aware": "frequency_aware",  # a variant: the same settings, but for its name
    "network_time": "time",
}
BANDS = {"": 3000, "_broad": 5000}  # §6.1 and §8.1
MODELS = {f"model_{model}{ending}": (model, cutoff) for ending, cutoff in BANDS.items() for model in "abcd"}

PROFILES = {
    "smoke": Profile("seconds: a handful of steps with a few filters"),
    "small": Profile("short trainings, the time-domain network with half its filters: about five hours of one core"),
    "full": Profile("the paper's networks, for one large GPU: under ten minutes a network"),
}
# What differs from the paper's settings, by size and kind of experiment.
CHANGES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "smoke": {
        "spectrogram": {"iterations": 4, "batch": 2, "filters": 4, "versions": 1},
        "time": {"iterations": 4, "batch": 2, "filters": 4, "versions": 1},
        "model": {"iterations": 3, "batch": 1, "filters": 4, "versions": 1, "predicted_seconds": 0.5},
    },
    "small": {
        "spectrogram": {"iterations": 2200, "batch": 8, "schedule": "cosine", "versions": 13},
        "time": {
            "iterations": 4000,
            "batch": 8,
            "filters": 16,
            "schedule": "cosine",
            "learning_rate": 5e-4,
            "versions": 13,
        },
        "model": {
            "iterations": 1500,
            "batch": 2,
            "schedule": "cosine",
            "learning_rate": 3e-5,
            "predicted_seconds": 2.0,
        },
        "broadband": {"iterations": 500},
    },
    "full": {
        "spectrogram": {"iterations": 12000, "precision": "bfloat16", "schedule": "cosine", "versions": 13},
        "time": {"iterations": 20000, "precision": "bfloat16", "schedule": "cosine", "versions": 13},
        # At the paper's rate, 1e-3, a model leaves its start within a few steps and becomes silent. And bfloat16 would
        # round each of its layers to 48 dB, which is heard at the ratios of Table 3.
        "model": {"iterations": 10000, "schedule": "cosine", "learning_rate": 1e-4},
    },
}
PAPER: Mapping[str, Mapping[str, Any]] = {  # Tables 1 and 2; the number of steps is not said
    "spectrogram": {"batch": 32, "learning_rate": 1e-3},
    "time": {"batch": 16, "learning_rate": 1e-4},
    "model": {"batch": 32, "learning_rate": 1e-3},
}


def seeds(profile: str) -> list[int]:
    """The seeds that the published result of a profile averages over."""
    return list(PROFILES[profile].seeds)


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, TrainingConfig]:
    """The runs of one seed, by name. overrides: fields of TrainingConfig, such as codec and bitrate.

    Another codec than the paper's is for the loss networks; the autoencoders keep the released ones (MP3 at 16 kb/s).
    """
    found: dict[str, TrainingConfig] = {}
    for name, network in NETWORKS.items():
        kind = "time" if network == "time" else "spectrogram"
        fields = {**PAPER[kind], **CHANGES[profile][kind], **overrides}
        found[name] = LossNetworkConfig(profile=profile, seed=seed, network=network, **fields)
    kept = {name: value for name, value in overrides.items() if name not in ("codec", "bitrate")}
    for name, (model, cutoff) in MODELS.items():
        broadband = CHANGES[profile].get("broadband", {}) if cutoff != BANDS[""] else {}
        fields = {**PAPER["model"], **CHANGES[profile]["model"], **broadband, **kept}
        teacher = coding.NETWORK_OF.get(model)
        weights = checksum(released(teacher)) if teacher else ""
        found[name] = ModelConfig(profile=profile, seed=seed, model=model, cutoff=cutoff, weights=weights, **fields)
    return found


def sources(config: TrainingConfig) -> list[dict[str, Any]]:
    """Where the sounds of a run come from, and for models C and D the loss network. Raises CorpusError."""
    synthetic = config.recordings == "synthetic"
    for file in [] if synthetic else [file for side in SIDES for file in stimuli.recordings(side)]:
        corpora.locate(file.path)  # a missing one is told before the training
    found = [source for side in SIDES for source in stimuli.sources(side, synthetic)]
    if isinstance(config, ModelConfig) and config.weights:
        file = released(coding.NETWORK_OF[config.model])
        found.append(
            {"name": "loss network", "origin": f"network: {file.name}", "licence": "MIT", "sha256": config.weights}
        )
    return found


def train(config: TrainingConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the network of a config; leaves its weights and the curves in `folder`."""
    trainer = imitation.train if isinstance(config, LossNetworkConfig) else coding.train
    network, recorder, history = trainer(config, folder, device, progress)
    torch.save({name: value.cpu() for name, value in network.state_dict().items()}, folder / WEIGHTS)
    write_arrays(folder / evaluation.CURVES, curves(recorder, history))


def curves(recorder: Recorder, history: History) -> dict[str, Any]:
    """The loss of every step, and the validation score at some of them."""
    return {
        "loss": history.arrays()["loss"].astype("float32"),
        "validation": recorder.array("validation").astype("float32"),
        "validated": recorder.array("validated"),
        "seconds": history.seconds,
        "data_seconds": history.arrays()["data_seconds"].sum(),
    }


def evaluate(config: TrainingConfig, folder: Path) -> None:
    """Measure what `train` left on unseen recordings, and keep its sounds of a few tracks."""
    state = torch.load(folder / WEIGHTS, weights_only=True)
    if isinstance(config, LossNetworkConfig):
        network = imitation.make_network(config)
        network.load_state_dict(state)
        evaluation.write_network(config, network.eval(), folder)
    else:
        network = coding.make_network(config)
        network.load_state_dict(state)
        evaluation.write_model(config, network.eval(), folder)


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, for the claims; see `evaluation.measurements`."""
    return evaluation.measurements(results)


WEIGHTS = "checkpoint-weights.pt"  # kept like a checkpoint: what is published is in data/weights


def estimate_seconds(config: TrainingConfig) -> float:
    """Rough time of a run on one of two busy cores, measured at the sizes of the profile small."""
    if isinstance(config, LossNetworkConfig):
        a_patch = 0.08 if config.network == "time" else 0.12
        return 60 + config.iterations * config.batch * a_patch * (config.filters / 16) ** 2
    return 120 + config.iterations * config.batch * {"a": 0.18, "b": 0.2, "c": 0.4, "d": 0.6}[config.model]
