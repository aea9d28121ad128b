"""The training of a metric: are two sounds the same or different, as people said?"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.jnd_loss import speakers, stimuli, weights
from paper_code.jnd_loss.building import pairs, untrained, unweighted
from paper_code.jnd_loss.configs import TITLES, JudgedConfig, MetricConfig
from paper_code.jnd_loss.networks import JNDNetwork
from paper_code.jnd_loss.schedules import cosine
from paper_code.lab import weights as kept_weights
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import Recorder, fit

EVERY = 250  # steps between checkpoints


def train(config: JudgedConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the metric of a config; leaves its weights and the curves in `folder`. The floors leave nothing."""
    network = untrained(config)
    if config.start == "pre":
        start = speakers.learned(config, device, progress)
        network.features.load_state_dict(kept_weights.kept(start, weights.METRIC))
    if config.learned == "nothing":
        unweighted(network)
        if config.start == "pre":
            shutil.copyfile(start / CURVES, folder / CURVES)
    else:
        write_arrays(folder / CURVES, learn(config, network, folder, device, progress))
    kept_weights.keep(folder, weights.METRIC, network.state_dict(), config)


def learn(
    config: MetricConfig, network: JNDNetwork, folder: Path, device: torch.device, progress: bool = True
) -> dict[str, np.ndarray | float]:
    """Train a network on the judgements of the training side; the curves, with the score on the validation side.

    Paper: Manocha et al. 2020, §2.2 "Training objective". Chapter: jnd_loss.
    """
    judged, unseen = pairs(config, "train", progress), pairs(config, "validation", progress)
    network.to(device).features.requires_grad_(config.learned == "all")
    head = [*network.channel_weights, *network.classifier.parameters()]
    parts = [(network.features.parameters(), config.learning_rate), (head, config.head_learning_rate)]
    optimiser = torch.optim.Adam([{"params": list(part), "lr": rate} for part, rate in parts])
    recorder = Recorder()
    check = np.random.default_rng(0).permutation(len(unseen))[: config.validated]

    def step(i: int) -> Mapping[str, float | Tensor]:
        generator = np.random.default_rng([config.seed, i])
        chosen = generator.integers(len(judged), size=config.batch)
        sounds = shifted(*judged.sounds(chosen), config.shift, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            logits = network.train()(*(sound.to(device) for sound in sounds))
        loss = nn.functional.cross_entropy(logits.float(), judged.different[chosen].to(device))
        if config.schedule == "cosine":
            for group, (_, rate) in zip(optimiser.param_groups, parts, strict=True):
                group["lr"] = rate * cosine(i, config.iterations)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if (i + 1) % config.validate_every == 0 or i + 1 == config.iterations:
            for name, value in validate(network, unseen, check, config.batch, device).items():
                recorder.add(name, value)
            recorder.add("validated", i + 1)
        return {"loss": loss.detach()}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder}
    label = f"{TITLES[config.run]}, seed {config.seed}"
    history = fit(step, config.iterations, state, folder / "checkpoint.pt", EVERY, label, progress, config.hash)
    recorded = {name: recorder.array(name) for name in recorder.names()}
    return {"loss": history.arrays()["loss"].astype("float32"), "seconds": history.seconds, **recorded}


def shifted(test: Tensor, reference: Tensor, seconds: float, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Both sounds [pair, time] of a batch with silence at the beginning or the end of each, or as they are, by chance.

    Each sound has its own chance, so half of the pairs with silence are out of step.
    Paper: Manocha et al. 2020, §3.3: "decide randomly if we want to add a 0.25s silence". Chapter: jnd_loss.
    """
    samples = round(seconds * stimuli.SAMPLE_RATE)
    if not samples or generator.random() < 0.5:
        return test, reference
    first = torch.from_numpy(generator.random((2, len(test), 1)) < 0.5)
    silence = test.new_zeros(len(test), samples)
    before, after = (
        torch.stack([torch.cat(parts, -1) for parts in both])
        for both in ([(silence, test), (silence, reference)], [(test, silence), (reference, silence)])
    )
    return tuple(torch.where(first, before, after))


@torch.no_grad()
def validate(
    network: JNDNetwork, unseen: stimuli.Pairs, chosen: np.ndarray, batch: int, device: torch.device
) -> dict[str, float]:
    """Cross-entropy and accuracy on some judgements, without dropout, in batches as in training."""
    network.eval()
    places = [chosen[first : first + batch] for first in range(0, len(chosen), batch)]
    logits = torch.cat([network(*(s.to(device) for s in unseen.sounds(place))).cpu().float() for place in places])
    answers = unseen.different[chosen]
    entropy = nn.functional.cross_entropy(logits, answers)
    return {"validation": float(entropy), "accuracy": float((logits.argmax(-1) == answers).float().mean())}
