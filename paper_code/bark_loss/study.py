"""What the chapter shows: the results of a profile, the original sounds beside them, and a reader's own sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.bark_loss import evaluation, experiment, stimuli
from paper_code.bark_loss.experiment import LOSSES, BarkConfig
from paper_code.display.players import Missing, missing_recording
from paper_code.lab import devices, run
from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.store import Result, open_store
from paper_code.lab.study import ChapterStudy, require_seed

CHAPTER = "bark_loss"


class Study(ChapterStudy):
    """The results of the chapter, with their losses, sounds and values."""

    @property
    def checkpoints(self) -> list[int]:
        """The steps after which sounds were kept."""
        return list(self.results[0].config["checkpoints"])

    @property
    def losses(self) -> list[str]:
        """The losses that have results."""
        return [loss for loss in LOSSES if self.of(loss)]

    @property
    def heard(self) -> dict[str, Result]:
        """Loss -> the result whose sounds are heard; a loss without a run of this seed is left out."""
        return {r.experiment: r for loss in LOSSES for r in self.of(loss) if r.seed == self.seed}

    def of(self, loss: str) -> list[Result]:
        """The results of a loss, one a seed."""
        return sorted((r for r in self.results if r.experiment == loss), key=lambda r: r.seed)

    @cached_property
    def originals(self) -> dict[str, Clip | Missing]:
        """The sounds to be learned, cut afresh from the recordings; where those are not here, how to get them."""
        return {name: _original(name, self.synthetic) for name in self.heard[LOSSES[0]].config["sounds"]}

    @cached_property
    def measurements(self) -> dict[str, list[float]]:
        """Named values over seeds; see `evaluation.measurements`."""
        return evaluation.measurements(self.results)

    def value(self, metric: str, sound: str, loss: str, when: str = "end") -> Interval:
        """Mean and 95 % interval over seeds of a metric (key of `evaluation.METRICS`) of a loss (key of LOSSES)."""
        name = f"{evaluation.METRICS[metric]}, {sound}, {evaluation.SHORT[loss]}, {when}"
        return interval(self.measurements[name])


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing.

    profile: "published" for the best complete set that comes with the book, or smoke, small, full. seed: the run to
    be heard; one that the profile does not average over is computed alone. output: folder of the results.
    Without recordings the synthesiser's sounds are learned. Raises LabError with what to do.
    """
    store, known, overrides = open_store(output), None, {}
    if profile != "published":
        known = run.seeds_of(CHAPTER, profile)
        known = known if seed in known else [seed]
        overrides = {} if stimuli.available() else {"recordings": "synthetic"}
    results = run.results(CHAPTER, profile, store, known, device=device, **overrides)
    return Study(require_seed(results, seed) if profile == "published" else results, seed)


@dataclass(frozen=True)
class OwnSound:
    """What the losses made of a reader's own sound: the original, and the sounds by loss and checkpoint."""

    original: Clip
    learned: Mapping[str, Mapping[int, Clip]]
    metrics: Mapping[str, Mapping[str, float]]


def learn_own(path: str, profile: str, seed: int = 0, device: str = "auto") -> OwnSound:
    """Train a generator on the middle 0.743 s of a sound file with each loss; nothing is stored.

    profile: "published" stands for small. Raises AudioError for a file that will not do.
    """
    profile = "small" if profile == "published" else profile
    if profile not in experiment.PROFILES:
        raise LabError(f"There is no profile {profile!r}. {suggestion(profile, experiment.PROFILES)}")
    clip, where = stimuli.own_clip(path), devices.resolve(device)
    learned, metrics = {}, {}
    for loss, config in experiment.experiments(profile, seed).items():
        recorder, _ = experiment.train_sound(config, clip.title, clip, where)
        outputs = torch.from_numpy(recorder.array("output"))
        learned[loss] = {c: _heard(outputs, config, c, clip) for c in config.checkpoints}
        curves = evaluation.curves(outputs[-1:], clip.waveform, speech=False)
        metrics[loss] = {name: float(values[0]) for name, values in curves.items()}
    return OwnSound(clip, learned, metrics)


def _heard(outputs: torch.Tensor, config: BarkConfig, checkpoint: int, clip: Clip) -> Clip:
    waveform = outputs[config.observed.index(min(checkpoint, config.iterations - 1))]
    peak = waveform.abs().max().clamp_min(1e-8)
    return Clip(waveform / peak, clip.sample_rate, f"{clip.title}, {checkpoint} steps", origin="network: this run")


def _original(name: str, synthetic: bool) -> Clip | Missing:
    try:
        return stimuli.clip(name, synthetic)
    except corpora.RecordingMissing:
        return missing_recording(stimuli.STIMULI[name].title, [part.path for part in stimuli.STIMULI[name].parts])
