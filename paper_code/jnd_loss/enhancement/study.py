"""What the chapter shows: the results of a profile by run, the scores of every method, and its sounds, made afresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.display.players import Missing, missing_recording
from paper_code.jnd_loss.enhancement import building, experiment, methods, scores, stimuli
from paper_code.jnd_loss.enhancement.configs import LOSSES, EnhancementConfig
from paper_code.jnd_loss.enhancement.evaluation import PAIRS
from paper_code.jnd_loss.enhancement.measurements import methods_of
from paper_code.jnd_loss.enhancement.methods import Method
from paper_code.lab import weights
from paper_code.lab.chapter import Chapter
from paper_code.lab.store import Result
from paper_code.lab.study import ChapterStudy, open_results

Sound = Clip | Missing
CLEAN = "clean"
NO_WEIGHTS = "The weights of this training are not kept here: run the chapter to train it again."


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter."""

    chapter: ClassVar[Chapter] = experiment.CHAPTER

    def of(self, run: str) -> list[Result]:
        """The results of a run ("jnd", "baselines" ...), one a seed; empty where there are none."""
        return sorted((result for result in self.results if result.experiment == run), key=lambda result: result.seed)

    def shown(self, run: str) -> Result | None:
        """The result of a run that is heard: that of the chosen seed, else the first; None where there is none."""
        results = self.of(run)
        return next((result for result in results if result.seed == self.seed), results[0] if results else None)

    @cached_property
    def scores(self) -> Mapping[str, Mapping[str, Mapping[str, list[float]]]]:
        """Method -> place -> measure -> one value an utterance, the mean over seeds for what is trained."""
        seeds = [methods_of([r for r in self.results if r.seed == seed]) for seed in self.seeds]
        found = {name: [seed[name] for seed in seeds if name in seed] for seed in seeds for name in seed}
        ordered = [name for name in methods.TITLES if name in found]
        return {
            name: {place: _averaged([s[place] for s in found[name]]) for place in found[name][0]} for name in ordered
        }

    @property
    def about_pairs(self) -> Mapping[str, list]:
        """Names and ratios of speech to noise (dB) of the utterances of VoiceBank-DEMAND."""
        return self.results[0].metrics[PAIRS]

    @cached_property
    def groups(self) -> dict[str, NDArray[np.int64]]:
        """The four groups by difficulty; see scores.groups."""
        return scores.groups(self.about_pairs["snr"])

    def in_group(self, group: str, count: int) -> list[str]:
        """Names of `count` utterances of a group, those in its middle; an utterance is never taken twice."""
        names = [self.about_pairs["names"][k] for k in self.groups[group]]
        first = max(0, (len(names) - count) // 2)
        return names[first : first + count]

    @cached_property
    def methods(self) -> dict[str, Method | None]:
        """What can be heard: the floors, the released denoisers, and ours where their weights are kept."""
        ready = {name: methods.method(name) for name in (*methods.FLOORS, *methods.RELEASED)}
        return ready | {loss: self._trained(loss) for loss in LOSSES if self.of(loss)}

    def sounds(self, name: str, wanted: tuple[str, ...] = ()) -> dict[str, Sound]:
        """Method -> the sound of an utterance of VoiceBank-DEMAND, "clean" first. wanted: only these methods."""
        names = [CLEAN, *(wanted or self.methods)]
        try:
            pair = next(pair for pair in self._pairs(name) if pair.name == name)
        except corpora.RecordingMissing:
            paths = [stimuli.pair_path(name, version) for version in (CLEAN, "noisy")]
            return {method: missing_recording(_title(method), paths) for method in names}
        return {method: self._sound(pair, method) for method in names}

    def _pairs(self, name: str) -> list[stimuli.Pair]:
        return stimuli.pairs(len(self.about_pairs["names"]), True) if self.synthetic else [stimuli.pair(name)]

    def _sound(self, pair: stimuli.Pair, method: str) -> Sound:
        if method == CLEAN:
            return self._clip(pair, pair.clean, method)
        made = self.methods[method]
        return Missing(_title(method), NO_WEIGHTS) if made is None else self._clip(pair, made(pair.noisy), method)

    def _clip(self, pair: stimuli.Pair, waveform: Tensor, method: str) -> Clip:
        title = f"{pair.name}, {_title(method)}"
        if self.synthetic:
            return Clip(waveform, stimuli.SAMPLE_RATE, title, origin="synthesiser", synthetic=True)
        file = corpora.recording(stimuli.pair_path(pair.name, CLEAN if method == CLEAN else "noisy"))
        return Clip(waveform, stimuli.SAMPLE_RATE, title, file.licence, file.attribution, f"{file.corpus}: {file.path}")

    def _trained(self, loss: str) -> Method | None:
        result = self.shown(loss)
        file = weights.find(result)
        if file is None:
            return None
        config = EnhancementConfig.from_dict(result.config)
        tensors, _ = weights.read(file, building.KIND)
        return methods.of_network(building.trained(config.channels, config.start, tensors))


def _title(method: str) -> str:
    return methods.TITLES.get(method, method)


def _averaged(seeds: list[Mapping[str, list[float]]]) -> dict[str, list[float]]:
    """Measure -> the mean over seeds of each utterance."""
    return {m: np.mean([np.asarray(seed[m], dtype=float) for seed in seeds], axis=0).tolist() for m in seeds[0]}


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing; see `lab.study.open_results`. Raises LabError."""
    return Study(open_results(experiment.CHAPTER, profile, seed, device, output), seed)
