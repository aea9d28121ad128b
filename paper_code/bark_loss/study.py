"""What the chapter shows: the results of a profile, the original sounds beside them, and a reader's own sound."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.audio.signals import as_whole
from paper_code.bark_loss import evaluation, experiment, stimuli
from paper_code.bark_loss.configs import LOSSES, BarkConfig
from paper_code.bark_loss.measurements import METRICS, SHORT
from paper_code.bark_loss.training import train_sound
from paper_code.display.players import Missing, missing_recording
from paper_code.lab import devices
from paper_code.lab.chapter import Chapter
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.store import Result
from paper_code.lab.study import ChapterStudy, open_results


class Study(ChapterStudy):
    """The results of the chapter, with their losses, sounds and values."""

    chapter: ClassVar[Chapter] = experiment.CHAPTER

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

    def metric(self, metric: str, sound: str, loss: str, when: str = "end") -> Interval:
        """Mean and 95 % interval of a metric (key of `measurements.METRICS`) of a loss, over the seeds that have it."""
        values = self.measurements[f"{METRICS[metric]}, {sound}, {SHORT[loss]}, {when}"]
        return interval([value for value in values if math.isfinite(value)])


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing; see `lab.study.open_results`. Raises LabError."""
    return Study(open_results(experiment.CHAPTER, profile, seed, device, output), seed)


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
    experiment.CHAPTER.require_profile(profile, "published")
    profile, seed = "small" if profile == "published" else profile, as_whole("seed", seed)
    clip, where = stimuli.own_clip(path), devices.resolve(device)
    learned, metrics = {}, {}
    for loss, config in experiment.experiments(profile, seed).items():
        recorder, _ = train_sound(config, clip.title, clip, where)
        outputs = torch.from_numpy(recorder.array("output"))
        learned[loss] = {c: _heard(outputs, config, c, clip) for c in config.checkpoints}
        curves = evaluation.curves(outputs[-1:], clip.waveform, speech=False)
        metrics[loss] = {name: float(values[0]) for name, values in curves.items()}
    return OwnSound(clip, learned, metrics)


def _heard(outputs: torch.Tensor, config: BarkConfig, checkpoint: int, clip: Clip) -> Clip:
    waveform = outputs[config.observed.index(min(checkpoint, config.iterations - 1))]
    title = f"{clip.title}, {checkpoint} steps"
    return Clip(evaluation.at_peak_1(waveform), clip.sample_rate, title, origin="network: this run")


def _original(name: str, synthetic: bool) -> Clip | Missing:
    try:
        return stimuli.clip(name, synthetic)
    except corpora.RecordingMissing:
        return missing_recording(stimuli.STIMULI[name].title, [part.path for part in stimuli.STIMULI[name].parts])
