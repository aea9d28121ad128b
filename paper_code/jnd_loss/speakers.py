"""The task that stands for the paper's DCASE tasks: a network learns to tell speakers apart, for the metrics pre, lin, fin.

Every training utterance is of another speaker, so it also tells their recordings apart. The last fifth of each utterance
is held out.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.audio import clips, corpora, synthesiser
from paper_code.jnd_loss import stand_in, stimuli, weights
from paper_code.jnd_loss.configs import MetricConfig
from paper_code.jnd_loss.networks import WIDTHS, FeatureNetwork
from paper_code.jnd_loss.schedules import cosine
from paper_code.lab import paths
from paper_code.lab.config import hash_of
from paper_code.lab.files import write_arrays
from paper_code.lab.lock import turn
from paper_code.lab.material import Material, prepared, write
from paper_code.lab.store import CURVES
from paper_code.lab.training import Recorder, fit
from paper_code.lab.weights import WEIGHTS

HELD_OUT = 0.2  # of each utterance, its end
CHECKED = 4  # held-out pieces of each speaker
SPEECH = "speech"
FOLDER = paths.ROOT / "_build" / "speakers"
DECIDING = ("seed", "seconds", "recordings", "batch", "pre_iterations", "pre_learning_rate", "precision", "version")


class SpeakerNetwork(nn.Module):
    """Waveforms [batch, time] -> logits [batch, speaker]: the metric's convolutions, and the mean of the last layer.

    It normalises over the batch, as the paper's, and has no dropout, as the network of Germain et al.
    """

    def __init__(self, speakers: int) -> None:
        super().__init__()
        self.features = FeatureNetwork(dropout=0.0, normalisation="batch")
        self.speakers = nn.Linear(WIDTHS[-1], speakers)

    def forward(self, waveform: Tensor) -> Tensor:
        """Logits [batch, speaker]."""
        return self.speakers(self.features(waveform)[-1].mean(-1))


def learned(config: MetricConfig, device: torch.device, progress: bool = True) -> Path:
    """A folder with the weights of a network that tells speakers apart, and its curves; trained now if there is none.

    The runs pre, lin and fin of a seed share it. Raises CorpusError, OutputError, CheckpointError, TrainingError.
    """
    fields = {name: getattr(config, name) for name in DECIDING}
    folder = FOLDER / hash_of("speakers", fields)
    with turn(folder):
        if not (folder / WEIGHTS).exists():
            folder.mkdir(parents=True, exist_ok=True)
            _train(config, folder, device, progress)
    return folder


def material(synthetic: bool = False) -> Material:
    """The utterances of the training side, one a speaker, each at stimuli.LEVEL."""
    files = stimuli.recordings("train")
    made_of = ["synthesiser"] if synthetic else [file.sha256 for file in files]
    folder = FOLDER / f"material-{hash_of('speakers', {'of': made_of, 'v': 1})}"

    def make() -> None:
        waveforms = [_at_level(waveform) for waveform in _utterances(synthetic)]
        write(folder, [len(waveform) for waveform in waveforms], {SPEECH: waveforms})

    return prepared(folder, make, stimuli.SAMPLE_RATE)


def _utterances(synthetic: bool) -> list[Tensor]:
    if synthetic:
        seeds = range(stand_in.UTTERANCES)
        return [synthesiser.speech_like(stand_in.SECONDS, stimuli.SAMPLE_RATE, seed).waveform for seed in seeds]
    files = stimuli.recordings("train")
    return [clips.resample(corpora.load(file.path), stimuli.SAMPLE_RATE).waveform for file in files]


def _at_level(waveform: Tensor) -> Tensor:
    return waveform * (stimuli.LEVEL / waveform.square().mean().sqrt())


def _parts(sounds: Material, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last start of a piece in the part to learn from and in the held-out part: each [speaker, 2]."""
    first, end = sounds.tracks.T
    cut = end - np.maximum((HELD_OUT * (end - first)).astype(int), samples)
    return np.stack([first, cut - samples], -1), np.stack([cut, end - samples], -1)


def _train(config: MetricConfig, folder: Path, device: torch.device, progress: bool) -> None:
    sounds, samples = material(config.synthetic), round(config.seconds * stimuli.SAMPLE_RATE)
    heard, held_out = _parts(sounds, samples)
    torch.manual_seed(config.seed)
    network = SpeakerNetwork(len(heard)).to(device)
    optimiser, recorder = torch.optim.Adam(network.parameters(), lr=config.pre_learning_rate), Recorder()

    def step(i: int) -> Mapping[str, float | Tensor]:
        generator = np.random.default_rng([config.seed, i])
        who = generator.integers(len(heard), size=config.batch)
        (waveforms,) = sounds.at(generator.integers(heard[who, 0], heard[who, 1] + 1), samples, SPEECH)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            logits = network.train()(waveforms.to(device))
        loss = nn.functional.cross_entropy(logits.float(), torch.from_numpy(who).to(device))
        optimiser.param_groups[0]["lr"] = config.pre_learning_rate * cosine(i, config.pre_iterations)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if i + 1 == config.pre_iterations:
            recorder.add("accuracy", _accuracy(network, sounds, held_out, samples, config.batch, device))
        return {"loss": loss.detach()}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder}
    checkpoint, tag = folder / "checkpoint.pt", folder.name
    history = fit(step, config.pre_iterations, state, checkpoint, 250, "telling speakers apart", progress, tag)
    curves = {"speakers_loss": history.arrays()["loss"].astype("float32"), "seconds": history.seconds}
    accuracy = recorder.array("accuracy")[0]
    write_arrays(folder / CURVES, {**curves, "speakers": len(heard), "speakers_accuracy": accuracy})
    weights.save(folder / WEIGHTS, weights.METRIC, network.features, {"speakers": len(heard)})
    checkpoint.unlink()


@torch.no_grad()
def _accuracy(
    network: SpeakerNetwork, sounds: Material, starts: np.ndarray, samples: int, batch: int, device: torch.device
) -> float:
    """Share of held-out pieces whose speaker is told, in batches of as many different speakers as in training."""
    network.eval()
    right = []
    for place in np.linspace(0, 1, CHECKED):
        at = starts[:, 0] + (place * (starts[:, 1] - starts[:, 0])).astype(int)
        for who in torch.randperm(len(at), generator=torch.Generator().manual_seed(0)).split(batch):
            (waveforms,) = sounds.at(at[who.numpy()].reshape(-1), samples, SPEECH)
            right.append(network(waveforms.to(device)).argmax(-1).cpu() == who)
    return float(torch.cat(right).float().mean())
