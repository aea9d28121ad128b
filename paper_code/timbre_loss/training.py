"""Training of the scoring networks; leaves their weights and the curves of the loss."""

from pathlib import Path

import torch
from torch import Tensor

from paper_code.lab import weights
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import History, fit
from paper_code.timbre_loss import stimuli
from paper_code.timbre_loss.configs import TimbreConfig
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.weights import FIRST, KIND, SECOND, named


def train(config: TimbreConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the scoring network of a run, and the second one where it is asked for."""
    tensors, curves = {}, {}
    for again, name in enumerate((FIRST, SECOND) if config.second else (FIRST,)):
        made = stimuli.training_phrases(config.pair, config.seed, config.melodies, again, config.synthetic)
        network, history = train_network(
            config, made.spectrograms, again, device, folder / f"checkpoint-{name}.pt", progress
        )
        tensors |= named(network, name)
        curves |= {f"{name}/{key}": values for key, values in history.arrays().items()}
    weights.keep(folder, KIND, tensors, config)
    write_arrays(folder / CURVES, curves)


def train_network(
    config: TimbreConfig,
    spectrograms: Tensor,
    again: int,
    device: torch.device,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> tuple[ScoringNetwork, History]:
    """Train one network on spectrograms [melody, class, 257, 298] in dB with a squared error on the targets 0 and 1.

    Every batch holds as many melodies on the first instrument as on the second. again: another number, another start.
    Paper: Verma & Berger 2019, section III: "to minimize the euclidean norm between the predicted and target scores".
    """
    random = torch.Generator().manual_seed(1000 * config.seed + 7 * again + 1)
    torch.manual_seed(1000 * config.seed + 7 * again + 2)  # initial weights and dropout
    mean, spread = float(spectrograms.mean()), float(spectrograms.std())
    network = ScoringNetwork(config.width, mean, spread, config.rows).to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=config.steps)
    half = config.batch // 2
    targets = torch.arange(2.0, device=device).repeat_interleave(half)

    def step(i: int) -> dict[str, Tensor]:
        chosen = torch.randint(len(spectrograms), (2, half), generator=random)
        clean = torch.cat([spectrograms[chosen[0], 0], spectrograms[chosen[1], 1]])
        loss = (network(augmented(clean, config, random).to(device)) - targets).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        rate.step()
        return {"loss": loss.detach()}

    state = {"network": network, "optimiser": optimiser, "rate": rate, "random": random}
    label = f"{config.pair}, seed {config.seed}, width {config.width}"
    history = fit(step, config.steps, state, checkpoint, 60, label, progress, tag=f"{config.hash}-{again}")
    return network.eval(), history


def augmented(spectrograms: Tensor, config: TimbreConfig, random: torch.Generator) -> Tensor:
    """Spectrograms [batch, 257, 298] at other levels, and with a little noise on every cell, both in dB."""
    level = config.gain * torch.randn(len(spectrograms), 1, 1, generator=random)
    return spectrograms + level + config.noise * torch.randn(spectrograms.shape, generator=random)
