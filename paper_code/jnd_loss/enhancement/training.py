"""The training of a denoiser: mixtures drawn at every step, one of three losses, and a curve on unheard mixtures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.jnd_loss.enhancement import building, losses, stimuli
from paper_code.jnd_loss.enhancement.configs import UNTRAINED, EnhancementConfig
from paper_code.jnd_loss.schedules import cosine
from paper_code.lab import weights
from paper_code.lab.files import write_arrays
from paper_code.lab.store import CURVES
from paper_code.lab.training import Recorder, fit
from paper_code.metrics.distortion import scale_invariant_snr

EVERY = 250  # steps between checkpoints


def train(config: EnhancementConfig, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the denoiser of a config; leaves its weights and the curves in `folder`. The baselines leave nothing."""
    if not config.learns and config.run != UNTRAINED:
        return
    network = building.untrained(config)
    if config.learns:
        write_arrays(folder / CURVES, learn(config, network, folder, device, progress))
    weights.keep(folder, building.KIND, network.state_dict(), config)


def learn(
    config: EnhancementConfig, network: nn.Module, folder: Path, device: torch.device, progress: bool = True
) -> dict[str, np.ndarray | float]:
    """Train a denoiser; the curves, with the loss and the SI-SNR on mixtures of the validation side.

    Paper: Manocha et al. 2020, §4.2; Germain et al. 2018, §3. Chapter: jnd_denoiser.
    """
    length = round(config.seconds * stimuli.SAMPLE_RATE)
    heard = stimuli.source("train", config.synthetic)
    unheard = stimuli.source("validation", config.synthetic).draw(config.validated, length, np.random.default_rng(0))
    network.to(device).train()
    loss = losses.loss(config.loss).to(device)
    layers = LayerMeans(loss, config.warm_up)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    recorder = Recorder()

    def step(i: int) -> Mapping[str, float | Tensor]:
        layers.at(i)
        mixtures = heard.draw(config.batch, length, np.random.default_rng([config.seed, i]))
        value = layers.loss(network(mixtures.noisy.to(device)), mixtures.clean.to(device))
        if config.schedule == "cosine":
            optimiser.param_groups[0]["lr"] = config.learning_rate * cosine(i, config.iterations)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimiser.step()
        if (i + 1) % config.validate_every == 0 or i + 1 == config.iterations:
            for name, number in validate(network, loss, unheard, config.batch, device).items():
                recorder.add(name, number)
            recorder.add("validated", i + 1)
        return {"loss": value.detach(), "gradient": norm}

    state = {"network": network, "optimiser": optimiser, "recorder": recorder, "layers": layers}
    label = f"{config.run}, seed {config.seed}"
    history = fit(step, config.iterations, state, folder / "checkpoint.pt", EVERY, label, progress, config.hash)
    recorded = {name: recorder.array(name) for name in recorder.names()}
    arrays = {name: values.astype("float32") for name, values in history.arrays().items()}
    return {**arrays, "seconds": history.seconds, **recorded}


class LayerMeans(nn.Module):
    """A loss, and the mean distance of each of its layers until the warm-up ends; then the layers count alike.

    Only deep features are weighted so: the paper adds the layers of the JND loss as they are.
    """

    total: Tensor

    def __init__(self, loss: nn.Module, warm_up: int) -> None:
        super().__init__()
        self.function, self.warm_up = loss, warm_up
        weighs = isinstance(loss, losses.FeatureLoss) and not bool(loss.layer_weights.all())
        self.weighs = weighs
        self.register_buffer("total", torch.zeros(len(loss.layer_weights) if weighs else 1))

    def at(self, step: int) -> None:
        """Weigh the layers if the warm-up has just ended, or ended before a training was taken up again."""
        if self.weighs and step >= self.warm_up:
            self.function.weigh(self.total.to(self.function.layer_weights.device) / self.warm_up)
            self.weighs = False

    def loss(self, estimate: Tensor, clean: Tensor) -> Tensor:
        """The loss, one number; before the end of the warm-up its layers are remembered."""
        if not self.weighs:
            return self.function(estimate, clean)
        distances = self.function.layer_distances(estimate, clean)
        self.total += distances.detach().mean(0).to(self.total.device)
        return (distances * self.function.layer_weights).sum(-1).mean()

    def state_dict(self, *arguments: object, **options: object) -> dict[str, Tensor]:
        """The remembered layers; the loss itself never learns."""
        return {"total": self.total.clone()}

    def load_state_dict(self, saved: Mapping[str, Tensor], *arguments: object, **options: object) -> None:
        """Take over what a checkpoint holds."""
        self.total.copy_(saved["total"])


@torch.no_grad()
def validate(
    network: nn.Module, loss: nn.Module, unheard: stimuli.Mixtures, batch: int, device: torch.device
) -> dict[str, float]:
    """The loss, and the mean SI-SNR (dB) of what the network makes of some mixtures."""
    values, ratios = [], []
    for noisy, clean in zip(unheard.noisy.split(batch), unheard.clean.split(batch), strict=True):
        estimate, wanted = network(noisy.to(device)), clean.to(device)
        values.append(float(loss(estimate, wanted)) * len(noisy))
        ratios += scale_invariant_snr(estimate, wanted).tolist()
    return {"validation": sum(values) / len(unheard.noisy), "si_snr": float(np.mean(ratios))}
