"""Training of a coder: a warm-up without quantisation, then bins, quantisation and control of the rate."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.lab import paths
from paper_code.lab.config import Config
from paper_code.lab.files import write_arrays
from paper_code.lab.lock import turn
from paper_code.lab.material import Material
from paper_code.lab.store import CURVES
from paper_code.lab.training import History, Recorder, fit
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.framing import FRAME, analysed, completed, overlap_added, run_length, window
from paper_code.masking_loss.coder.objective import TotalLoss
from paper_code.masking_loss.coder.quantiser import entropy, usage
from paper_code.masking_loss.coder.rate_control import Best, RateControl, widening
from paper_code.masking_loss.coder.untrained import untrained_coder
from paper_code.masking_loss.configs import CoderConfig, UntrainedCoder, kilobits
from paper_code.metrics.distortion import signal_to_noise_ratio

WARM_UPS = paths.ROOT / "_build" / "warm-ups"
VALIDATION_RUN = 64  # frames of a validated excerpt: about two seconds
CHECKPOINTS = 100  # of each part of a training, but not more often than every 50 steps
STEPS, START = range(2)  # what places in the training material are drawn for


@dataclass(frozen=True)
class Trained:
    """A trained coder. warm_up, history: what the steps of the two parts returned.

    recorder: "validated" (steps done), "snr" (dB), "unseen_kilobits" and "distortion" of unseen speakers, "kilobits" of
    the control frames and "alpha_3", now and then, with hard symbols; in the warm-up there is no rate (NaN).
    chosen: the step, of those, whose weights the coder has.   kilobits: of the control frames, then.
    """

    coder: SpeechCoder
    recorder: Recorder
    warm_up: History
    history: History
    chosen: int
    kilobits: float


def train_and_keep(config: Config, folder: Path, device: torch.device, progress: bool = True) -> None:
    """Train the coder of a config; leaves its weights and curves in `folder`. AMR-WB has nothing to learn.

    Of a transform only the size of its steps is found. Raises what `train` raises.
    """
    if isinstance(config, UntrainedCoder):
        weights.keep(folder, find_steps(config), weights.about_untrained(config))
    if not isinstance(config, CoderConfig):
        return
    trained = train(config, folder, device, progress)
    weights.keep(folder, trained.coder, weights.about(config))
    write_arrays(folder / CURVES, curves(trained))


def curves(trained: Trained) -> dict[str, Any]:
    """Loss and terms of every step, warm-up first; what was measured on the way; which step's coder was kept."""
    parts = trained.warm_up.arrays(), trained.history.arrays()
    both = {
        name: np.concatenate([part[name] for part in parts if name in part]).astype(np.float32) for name in parts[1]
    }
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


def make_coder(config: CoderConfig) -> SpeechCoder:
    """The untrained coder: all of one seed and size start from the same weights."""
    torch.manual_seed(config.seed)
    return SpeechCoder(
        config.width, config.bins, config.temperature, config.residual_gain, config.start, config.fold,
        config.assignment,
    )  # fmt: skip


def find_steps(config: UntrainedCoder) -> SpeechCoder:
    """The coder that a transform is, with steps for its rate on the training speakers. Raises CorpusError."""
    control = _control_frames(stimuli.material("train", config.recordings == "synthetic"), config.control_frames)
    coder = untrained_coder(config.transform, config.bins)
    coder.start_quantiser(control, config.bitrate / kilobits(1.0))
    coder.quantiser.learn_prior(coder.symbols(control))
    return coder.eval()


def learning_rate(config: CoderConfig, step: int) -> float:
    """Half a cosine from the first rate to the last over all steps. Paper: Byun et al. 2021, section 4."""
    share = 0.5 * (1 + math.cos(math.pi * step / max(1, config.steps - 1)))
    risen = min(1.0, (step + 1) / config.rise) if config.rise else 1.0
    return risen * (config.last_rate + (config.learning_rate - config.last_rate) * share)


def train(config: CoderConfig, folder: Path, device: torch.device, progress: bool = True) -> Trained:
    """Train a coder, with a checkpoint in `folder`. Its warm-up is shared with all coders that start alike.

    Resumes after an interruption, in both parts, to the same result.
    Raises CorpusError, OutputError, TrainingError, CheckpointError.
    Paper: Byun et al. 2021, section 4; Kankanahalli 2018. Chapter: masking_loss.
    """
    work = _Work(config, device)
    warm_up = _warm_up(work, progress) if config.warm_up else History()
    loss, control, best = TotalLoss(config).to(device), RateControl(config), Best()

    def step(i: int) -> Mapping[str, float | Tensor]:
        if i == 0:
            _start_quantiser(work)
        elif i % config.control_every == 0:
            _control(work, control, work.rate(config.warm_up + i))
        row, done = work.step(loss, config.warm_up + i, control.alpha_3), config.warm_up + i + 1
        if (i + 1) % config.validate_every == 0 or i + 1 == config.iterations:
            measured = work.validate(loss, done, control.alpha_3)
            rate = measured["kilobits"]
            best.offer(work.coder, control.outside(rate), rate, measured["distortion"], done)
        return row

    state = {**work.state(), "control": control, "best": best}
    label, file = f"{config.loss}, {config.bitrate:g} kb/s", folder / "checkpoint.pt"
    history = fit(step, config.iterations, state, file, _every(config.iterations), label, progress, config.hash)
    best.put_into(work.coder)
    work.coder.quantiser.learn_prior(work.coder.symbols(work.control))
    return Trained(work.coder.eval(), work.recorder, warm_up, history, best.step, best.kilobits)


def _warm_up(work: "_Work", progress: bool) -> History:
    """Train without quantisation, or take what another coder with the same start has left."""
    settings = work.config.of_the_warm_up()
    loss, folder = TotalLoss(settings).to(work.device), WARM_UPS / f"{settings.hash}-{work.device.type}"

    def step(i: int) -> Mapping[str, float | Tensor]:
        row = work.step(loss, i, 0.0)
        if (i + 1) % settings.validate_every == 0 or i + 1 == settings.warm_up:
            work.validate(loss, i + 1, math.nan)
        return row

    with turn(folder):
        file, label = folder / "checkpoint.pt", f"warm-up, {settings.loss}"
        return fit(step, settings.warm_up, work.state(), file, _every(settings.warm_up), label, progress, settings.hash)


def _control(work: "_Work", control: RateControl, kilobits: float) -> None:
    """Look at the rate (kb/s) and move it towards its target, by the entropy's weight or by the size of the steps."""
    if work.config.control == "step":
        work.coder.quantiser.widen(widening(kilobits - work.config.bitrate))
    else:
        control.update(kilobits)


def _every(steps: int) -> int:
    return max(50, steps // CHECKPOINTS)


def _start_quantiser(work: "_Work") -> None:
    config = work.config
    work.coder.quantiser.temperature.data.fill_(config.temperature)
    if config.start == "lapped":
        work.coder.start_quantiser(work.control, config.bitrate / kilobits(1.0), config.sharpness)
    else:
        work.coder.start_quantiser(work.frames(config.start_frames, START, 0), None, config.sharpness)
    # Adam divides by the size that gradients had. Those of the new terms are far larger than the warm-up's, and the
    # first steps would tear apart what it has learned.
    work.optimiser.state.clear()


class _Work:
    """What both parts of a training share: sounds, coder, optimiser and curves."""

    def __init__(self, config: CoderConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        synthetic = config.recordings == "synthetic"
        self.training, unseen = (stimuli.material(side, synthetic) for side in ("train", "validation"))
        self.unseen = _excerpts(unseen, config.validation_frames).to(device)
        self.control = _control_frames(self.training, config.control_frames).to(device)
        self._rate: tuple[int, float] = (-1, math.nan)
        self.coder = make_coder(config).to(device)
        self.optimiser = torch.optim.Adam(self.coder.parameters(), lr=config.learning_rate, fused=True)
        self.recorder = Recorder()

    def state(self) -> dict[str, object]:
        """What a checkpoint holds of it."""
        return {"coder": self.coder, "optimiser": self.optimiser, "recorder": self.recorder}

    def runs(self, frames: int, purpose: int, number: int) -> Tensor:
        """Runs [run, time] of frames from random places of the training speakers: `frames` in all, or a few more."""
        generator = np.random.default_rng([self.config.seed, purpose, number])
        count, length = math.ceil(frames / self.config.run), run_length(self.config.run)
        (sound,) = self.training.random(generator, count, length, stimuli.SPEECH_ARRAY)
        return sound.to(self.device)

    def frames(self, frames: int, purpose: int, number: int) -> Tensor:
        """Windowed frames [run, frame, 512] of such runs."""
        return analysed(self.runs(frames, purpose, number))

    def step(self, loss: TotalLoss, number: int, alpha_3: float) -> Mapping[str, float | Tensor]:
        """One step of Adam. number: counted from 0 through both parts."""
        config, began = self.config, time.perf_counter()
        sound = self.runs(config.batch, STEPS, number)
        waited = time.perf_counter() - began
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            frames, assignment = self.coder(analysed(sound))
        total, terms = loss(completed(overlap_added(frames.float())), completed(sound), assignment, alpha_3)
        self.optimiser.param_groups[0]["lr"] = learning_rate(config, number)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        if config.start == "lapped":
            self.coder.quantiser.hold_middle()
        if config.clip:
            nn.utils.clip_grad_norm_(self.coder.parameters(), config.clip)
        self.optimiser.step()
        return {"loss": total.detach(), "data_seconds": waited} | {name: term.detach() for name, term in terms.items()}

    def rate(self, done: int) -> float:
        """kb/s of the hard symbols of the control frames after `done` steps, all of which share one distribution.

        The frames are always the same ones, from all over the training speakers: what changes is the coder.
        """
        if self._rate[0] != done:
            self._rate = done, kilobits(self._entropy(self.coder.symbols(self.control)))
        return self._rate[1]

    @torch.no_grad()
    def validate(self, loss: TotalLoss, done: int, alpha_3: float) -> dict[str, float]:
        """Measure the coder as it is after `done` steps on unseen speakers, with hard symbols, and note it."""
        frames, bits, rate = analysed(self.unseen), math.nan, math.nan
        if self.coder.quantiser.on:
            symbols, rate = self.coder.symbols(frames), self.rate(done)
            decoded, bits = self.coder.synthesise(symbols), self._entropy(symbols)
        else:
            decoded = self.coder.unquantised(frames)
        signals = completed(overlap_added(decoded)), completed(self.unseen)
        measured = {
            "validated": float(done),
            "snr": float(signal_to_noise_ratio(*signals).clamp(-50, 100).nanmean()),
            "kilobits": rate,
            "unseen_kilobits": kilobits(bits),
            "distortion": float(loss.of_distortion(loss.distortion(*signals))),
            "alpha_3": alpha_3,
        }
        for name, value in measured.items():
            self.recorder.add(name, value)
        return measured

    def _entropy(self, symbols: Tensor) -> float:
        return float(entropy(usage(symbols, len(self.coder.quantiser.bins))))


def _control_frames(training: Material, frames: int) -> Tensor:
    """Windowed frames [frame, 512], evenly spread over the training speakers: a few seconds vary far too much in rate."""
    starts = training.regular(FRAME)
    wanted = min(frames, len(starts))
    (sound,) = training.at([starts[i * len(starts) // wanted] for i in range(wanted)], FRAME, stimuli.SPEECH_ARRAY)
    return sound * window()


def _excerpts(unseen: Material, frames: int) -> Tensor:
    """Runs [excerpt, time] from all over the unseen speakers, of `frames` frames in all or a few more."""
    starts, wanted = unseen.regular(run_length(VALIDATION_RUN)), math.ceil(frames / VALIDATION_RUN)
    chosen = [starts[i * len(starts) // wanted] for i in range(min(wanted, len(starts)))]
    (sound,) = unseen.at(chosen, run_length(VALIDATION_RUN), stimuli.SPEECH_ARRAY)
    return sound
