"""The chapter's experiments for the lab: AMR-WB, coders of four losses at three bit rates, and the sweeps of §4.1.

The rooms: `stimuli` and `utterances` (sounds), `coder`, `quantiser`, `framing` and `bitstream` (the coder), `loss`,
`pmsqe` and `objective` (what it is trained with), `training`, `conditions` and `evaluation` (what came out), `tables`.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paper_code.audio import corpora
from paper_code.lab.config import Config, Profile
from paper_code.lab.files import write_arrays
from paper_code.masking_loss import configs, evaluation, stimuli
from paper_code.masking_loss.coder import training
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.framing import HOP
from paper_code.masking_loss.conditions import AMR_WB_RATES, AmrWb, Measured, TrainedCoder, of_amr_wb, of_coder
from paper_code.masking_loss.configs import LOSSES, RATES, SIZES, CoderConfig
from paper_code.masking_loss.measurements import measurements as measurements

SWEPT_RATE = 20.0  # kb/s, of section 4.1, and of the trainings that are repeated with other seeds
GAMMAS = (0.0, 1.2)  # besides 0.8
LONGER = 4  # times as many steps with quantisation: whether more training brings what the paper reports
TRAINED_LONGER = ("mse", "masking")
SCALES = ((32,), (8, 16, 32, 64))  # besides (16, 32, 64)

PROFILES = {
    "smoke": Profile("seconds: a handful of steps with a few channels, two utterances"),
    "small": Profile(
        f"coders half as wide, a short training from half the band, with three seeds at {SWEPT_RATE:g} kb/s: some seven "
        "hours and a half of one core in all",
        seeds=(0, 1, 2),
    ),
    "full": Profile("the paper's coder and 150 epochs, for one large GPU"),
}
PAPER: Mapping[str, Any] = {  # section 4; what it does not say are the defaults of CoderConfig
    "batch": 128, "learning_rate": 2e-4, "last_rate": 1e-4,
    "alpha_1": 60.0, "alpha_2": 10.0, "alpha_3": 0.5, "alpha_3_step": 0.025,
}  # fmt: skip
MEASURED: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"utterances": 2, "predicted": 1, "predicted_seconds": 0.5, "heard": 1},
    "small": {},
    "full": {},
}
OF_A_SWEEP: Mapping[str, Any] = {"predicted": 0, "heard": 1}  # section 4.1 looks at PESQ alone

WEIGHTS = "checkpoint-weights.pt"  # dropped with the checkpoints unless these are kept
CURVES = "checkpoint-curves.npz"
CODED = "checkpoint-coded.bin"  # one utterance's file after the other


def seeds(profile: str) -> list[int]:
    """The seeds that the published result of a profile averages over."""
    return list(PROFILES[profile].seeds)


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, Config]:
    """The runs of one seed, by name. overrides: fields of TrainedCoder; AMR-WB takes those that it has.

    Of the seeds that a published result averages over, the first has all of them; the others repeat the coders of
    SWEPT_RATE, which tells how much of a difference is chance.
    """
    known = {field.name for field in dataclasses.fields(Measured)}
    of_amr = {**MEASURED[profile], **{name: value for name, value in overrides.items() if name in known}}
    found: dict[str, Config] = {
        f"amr_wb_{rate:g}": AmrWb(profile=profile, seed=seed, kilobits=rate, **of_amr) for rate in AMR_WB_RATES.values()
    }
    base = {**PAPER, **SIZES[profile], **MEASURED[profile]}
    for rate in RATES:
        for loss in LOSSES:
            # alpha_4 is told, so that a result knows what it was trained with
            fields = {**base, **configs.weights(profile, loss, rate), **overrides}
            fields |= {"loss": loss, "bitrate": rate}
            found[f"coder_{loss}_{rate:g}"] = TrainedCoder(profile=profile, seed=seed, **fields)
    swept = found[f"coder_masking_{SWEPT_RATE:g}"].replace(**OF_A_SWEEP)
    found |= {f"coder_masking_{SWEPT_RATE:g}_gamma_{gamma:g}": swept.replace(gamma=gamma) for gamma in GAMMAS}
    for bands in SCALES:
        name = f"coder_masking_{SWEPT_RATE:g}_bands_{'_'.join(map(str, bands))}"
        found[name] = swept.replace(bands=bands)
    if profile != "full":
        for name in (f"coder_{loss}_{SWEPT_RATE:g}" for loss in TRAINED_LONGER):
            found[f"{name}_longer"] = found[name].replace(iterations=LONGER * found[name].iterations)
    if seed in PROFILES[profile].seeds[1:]:
        return {name: found[name] for name in (f"coder_{loss}_{SWEPT_RATE:g}" for loss in LOSSES)}
    return found


def sources(config: Measured) -> list[dict[str, Any]]:
    """Where the sounds of a run come from; AMR-WB learns from none. Raises CorpusError."""
    synthetic = config.recordings == "synthetic"
    sides = stimuli.SIDES if isinstance(config, TrainedCoder) else evaluation.SIDES
    for file in [] if synthetic else [file for side in sides for file in stimuli.recordings(side)]:
        corpora.locate(file.path)  # a missing one is told before the training
    return [source for side in sides for source in stimuli.sources(side, synthetic)]


def train(config: Measured, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the coder of a config; leaves its weights and the curves in `folder`. AMR-WB has nothing to learn."""
    if not isinstance(config, TrainedCoder):
        return
    trained = training.train(config, folder, device, progress)
    torch.save({name: value.cpu() for name, value in trained.coder.state_dict().items()}, folder / WEIGHTS)
    write_arrays(folder / CURVES, curves(trained))


def curves(trained: training.Trained) -> dict[str, Any]:
    """Loss and terms of every step, warm-up first; what was measured on the way; which step's coder was kept."""
    parts = trained.warm_up.arrays(), trained.history.arrays()
    both = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[1]}
    waited = both.pop("data_seconds").sum()
    seen = {f"seen_{name}": trained.recorder.array(name) for name in trained.recorder.names()}
    return {
        **both,
        **seen,
        "warm_up_seconds": trained.warm_up.seconds,
        "seconds": trained.history.seconds,
        "waiting_for_data": waited,
        "chosen": trained.chosen,
        "chosen_kilobits": trained.kilobits,
    }


def evaluate(config: Measured, folder: Path) -> None:
    """Measure a condition on unseen speakers, and keep its sounds of a few utterances."""
    if not isinstance(config, TrainedCoder):
        evaluation.write(config, of_amr_wb(config), folder, {})
        return
    coder = load_coder(config, folder / WEIGHTS)
    about = _of_the_training(config, coder, folder / CURVES)
    evaluation.write(config, of_coder(coder, folder / CODED), folder, about)
    (folder / CURVES).unlink()


def load_coder(config: CoderConfig, file: Path) -> SpeechCoder:
    """The trained coder that `train` left in a file, ready to code."""
    coder = SpeechCoder(config.width, config.bins, config.temperature)
    coder.load_state_dict(torch.load(file, weights_only=True))
    return coder.eval()


def _of_the_training(config: TrainedCoder, coder: SpeechCoder, file: Path) -> dict[str, Any]:
    single = ("warm_up_seconds", "seconds", "waiting_for_data", "chosen", "chosen_kilobits")
    with np.load(file) as found:
        arrays = {name: found[name] for name in found.files if name not in single}
        metrics = {name: found[name].item() for name in single}
    training_metrics = metrics | {"steps": config.steps, "speech_seconds": _speech_heard(config)}
    parameters = sum(weights.numel() for weights in coder.parameters())
    return {"metrics": {"parameters": parameters, "training": training_metrics}, "arrays": arrays}


def _speech_heard(config: TrainedCoder) -> float:
    """Seconds of speech in the frames of all steps, frames met again counted again."""
    return config.steps * config.batch * HOP / SAMPLE_RATE


def estimate_seconds(config: Measured) -> float:
    """Rough time of a run on one of two busy cores, measured at the sizes of the profile small.

    A warm-up that all coders share is not counted.
    """
    learns = isinstance(config, TrainedCoder)
    an_utterance = 0.8 + (1.6 * config.width / 32 if learns else 0.0)
    measuring = an_utterance * (2 * config.utterances or 115) + 1.5 * config.predicted * config.predicted_seconds
    if not learns:
        return measuring
    a_step = 0.37 * (config.batch / 16) * (config.width / 32) ** 1.1
    return measuring + a_step * (config.iterations if config.warm_up_loss else config.steps)
