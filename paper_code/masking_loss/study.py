"""What the chapter shows: the results of a profile, condition by condition, with their sounds and the originals."""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.display.players import Missing, missing_recording
from paper_code.hearing.masking import MaskingModel
from paper_code.lab.chapter import Chapter
from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.intervals import Interval, interval_of_defined
from paper_code.lab.store import Result
from paper_code.lab.study import ChapterStudy, open_results
from paper_code.lab.weights import find
from paper_code.masking_loss import conditions, experiment, stimuli, utterances
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.conditions import BASE, SWEEPS, TABLE_1, TRAINED_FOR_LONGER, Condition
from paper_code.masking_loss.configs import RATES
from paper_code.masking_loss.evaluation import PREDICTED, SCORES
from paper_code.masking_loss.utterances import LEVEL

CHAPTER = experiment.CHAPTER.name
Sound = Clip | Missing


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of Figure 3, one after the other. noise, threshold, spectrum: [frame, line], levels in dB SPL.

    shown: the frame of the figure.   seconds: [frame], middle of each in the utterance.   frequency: [line] in Hz.
    """

    utterance: str
    shown: int
    noise: NDArray[np.float32]
    threshold: NDArray[np.float32]
    spectrum: NDArray[np.float32]
    seconds: NDArray[np.float64]
    frequency: NDArray[np.float64]


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter, condition by condition."""

    chapter: ClassVar[Chapter] = experiment.CHAPTER

    @cached_property
    def conditions(self) -> dict[Condition, Result]:
        """Every condition's result of the seed whose sounds are heard, or else of the first that has it, and sounds."""
        heard = (result for result in self.results if result.seed == self.seed and result.sounds())
        ours = {Condition.of(result): result for result in heard}
        return {condition: ours.get(condition, first) for condition, (first, *_) in self._of.items()}

    @cached_property
    def _of(self) -> dict[Condition, list[Result]]:
        results: dict[Condition, list[Result]] = {}
        for result in self.results:
            results.setdefault(Condition.of(result), []).append(result)
        return results

    def of(self, condition: Condition) -> list[Result]:
        """The results of a condition, one a seed; raises LabError for a loss or a rate that no coder was trained for."""
        self.condition(condition)
        return self._of[condition]

    @property
    def trainings(self) -> str:
        """How many times the coders were trained, in words: "1 seed", "3 seeds", "3 seeds at 20 kb/s, one elsewhere"."""
        counts = {rate: self._seeds_at(rate) for rate in RATES}
        most, fewest = max(counts.values()), min(counts.values())
        if most == fewest:
            return f"{most} seed{'s' if most > 1 else ''}"
        often = " and ".join(f"{rate:g}" for rate, count in counts.items() if count == most)
        return f"{most} seeds at {often} kb/s, {'one' if fewest == 1 else fewest} elsewhere"

    def _seeds_at(self, rate: float) -> int:
        return len({result.seed for result in self.results if result.config.get("bitrate") == rate})

    def of_seed(self, seed: int) -> "Study":
        """The results of one seed alone."""
        return Study([result for result in self.results if result.seed == seed], seed)

    def condition(self, condition: Condition) -> Result:
        """The result of a condition; raises LabError for a loss or a rate that no coder was trained for."""
        if condition not in self.conditions:
            titles = [each.title for each in self.conditions]
            raise LabError(f"there is no condition {condition.title!r}. {suggestion(condition.title, titles)}")
        return self.conditions[condition]

    def at_rate(self, rate: float) -> list[Condition]:
        """The conditions of Table 1 at 13, 20 or 24 kb/s, see conditions.at_rate. Raises LabError."""
        return conditions.at_rate(rate)

    @property
    def table(self) -> list[Condition]:
        """The conditions of Table 1, rate by rate."""
        return TABLE_1

    @property
    def swept(self) -> list[Condition]:
        """The conditions of section 4.1: the masking coder of 20 kb/s, and those that differ in one setting, if any."""
        return [BASE, *(condition for condition in SWEEPS if condition in self.conditions)]

    @property
    def longer(self) -> list[Condition]:
        """The conditions that were trained longer than the others of their profile; the profile full has none."""
        return [condition for condition in TRAINED_FOR_LONGER if condition in self.conditions]

    def measured(self, condition: Condition, score: str, side: str = "test") -> list[Result]:
        """The results of a condition, one a seed, in which a score was measured.

        score: of `evaluation.SCORES`, or of PREDICTED. Raises LabError for an unknown condition or score.
        """
        if score not in (*SCORES, *PREDICTED):
            raise LabError(f"there is no score {score!r}. {suggestion(score, [*SCORES, *PREDICTED])}")
        return [result for result in self.of(condition) if len(result.arrays.get(_key(score, side), ()))]

    def values(self, condition: Condition, score: str, side: str = "test") -> NDArray[np.float64]:
        """A score of each utterance of a condition, mean over the seeds that have it: [utterance], NaN where none is.

        score: see `measured`; those of PREDICTED are of the few utterances that PEASS was asked about. Empty where no
        result was measured with it. Raises LabError for an unknown condition or score.
        """
        rows = [result.arrays[_key(score, side)] for result in self.measured(condition, score, side)]
        return np.mean(rows, axis=0, dtype=np.float64) if rows else np.array([])

    def value(self, condition: Condition, score: str, side: str = "test") -> Interval | None:
        """Mean and 95 % interval over utterances; None where it is not defined. See `values`."""
        return interval_of_defined(self.values(condition, score, side))

    def difference(self, first: Condition, second: Condition, score: str, side: str = "test") -> Interval | None:
        """First condition minus second, paired over utterances: mean and 95 % interval."""
        values = [self.values(condition, score, side) for condition in (first, second)]
        return interval_of_defined(np.subtract(*values)) if all(map(len, values)) else None

    def band_level(self, condition: Condition, band: str) -> Interval | None:
        """Level of a band over the original's, dB, of the utterances that can be heard: mean, 95 % interval over them.

        band: of `evaluation.BANDS`. None where it is not defined. Raises LabError for an unknown condition.
        """
        heard = [result.metrics["bands"].values() for result in self.of(condition) if result.metrics["bands"]]
        return interval_of_defined(np.mean([[levels[band] for levels in of_seed] for of_seed in heard], axis=0))

    def kilobits(self, condition: Condition, side: str = "test") -> tuple[float, float]:
        """Bit rate in kb/s over all utterances, mean over seeds: of the real files, and as the paper estimates it."""
        of_seeds = [result.metrics[side] for result in self.of(condition)]
        return tuple(float(np.mean([each[key] for each in of_seeds])) for key in ("kilobits", "estimated_kilobits"))

    def kilobits_of(self, condition: Condition, utterance: str) -> float:
        """kb/s of the file of one test utterance after a condition, in the run that is heard. Raises LabError."""
        arrays = self.condition(condition).arrays
        rates = dict(zip(arrays["test_names"].tolist(), arrays["test_kilobits"].tolist(), strict=True))
        if utterance not in rates:
            near = suggestion(utterance, rates)
            raise LabError(f"{utterance!r} is none of the test utterances of {condition}. {near}")
        return rates[utterance]

    def frames(self, condition: Condition) -> Frames:
        """Noise of a condition and the threshold of the original in consecutive frames of one utterance."""
        result, model = self.condition(condition), MaskingModel(SAMPLE_RATE)
        levels = {key: result.arrays[f"figure_{key}"].astype(np.float32) for key in ("noise", "threshold", "spectrum")}
        place = result.metrics["figure"]
        starts = (place["first"] + np.arange(len(levels["noise"]))) * model.hop_length
        seconds = (starts + model.frame_length / 2) / SAMPLE_RATE
        return Frames(place["utterance"], place["frame"], **levels, seconds=seconds, frequency=model.frequency())

    @property
    def heard(self) -> list[str]:
        """The names of the utterances that every condition of Table 1 has a sound of."""
        kept = [set(self.condition(condition).sounds()) for condition in self.table]
        return [name for name in self.condition(self.table[0]).metrics["levels"] if all(name in one for one in kept)]

    def original(self, name: str) -> Sound:
        """An utterance as it was coded, at the level of the kept sounds; where it is not here, how to get it."""
        return _original(name, self.synthetic)

    def decoded(self, condition: Condition, name: str) -> Clip:
        """An utterance after a condition, with the licence of the recording. Raises LabError."""
        clip = self.condition(condition).audio(name, f"{name}, {condition}")
        if self.synthetic:
            return clip
        file = _recording(name)
        return replace(clip, licence=file.licence, attribution=file.attribution)

    def coder(self, condition: Condition) -> SpeechCoder:
        """The coder that a condition was measured with: kept beside its result, or released. Raises LabError."""
        result = self.condition(condition)
        file = find(result)
        if file is None:
            raise LabError(
                f"the weights of the coder {condition.title!r} are gone: run `python -m paper_code.lab.run {CHAPTER} "
                f"--profile {self.profile} --experiment {result.experiment}`."
            )
        return weights.load(file, condition.kind, condition.rate)


def _key(score: str, side: str) -> str:
    return f"predicted_{score}" if score in PREDICTED else f"{side}_{score}"


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing.

    profile: "published" for the best complete set that comes with the book, or smoke, small, full. seed: one that the
    profile does not average over is computed alone. output: folder of the results.
    Without recordings the synthesiser's speech is coded. Raises LabError, CodecError with what to do.
    """
    return Study(open_results(experiment.CHAPTER, profile, seed, device, output), seed)


def _recording(name: str) -> corpora.Recording:
    return {utterances.name_of(file): file for file in stimuli.recordings("test")}[name]


@cache
def _original(name: str, synthetic: bool) -> Sound:
    try:
        clip = utterances.utterance(name, "test", synthetic).clip
    except corpora.RecordingMissing:
        return missing_recording(name, [_recording(name).path])
    return clip.with_waveform(LEVEL * clip.waveform, f"multiplied by {LEVEL}")
