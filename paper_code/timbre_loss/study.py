"""What the chapter shows: the results of a profile, and the phrases and masked sounds that are made afresh for the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from torch import Tensor

from paper_code.audio import corpora, registry
from paper_code.audio.clips import Clip
from paper_code.display.players import Missing, missing_recording
from paper_code.lab.chapter import Chapter
from paper_code.lab.store import Result
from paper_code.lab.study import ChapterStudy, open_results
from paper_code.timbre_loss import experiment, mask_runs, salience, stimuli
from paper_code.timbre_loss import masks as masking
from paper_code.timbre_loss import notes as recorded
from paper_code.timbre_loss.measurements import title
from paper_code.timbre_loss.notes import CELLO_A, CELLO_B, SAMPLE_RATE
from paper_code.timbre_loss.spectrograms import masked

Sound = Clip | Missing
MASKS = {  # of sounds that are heard: name -> for people
    "rectangles": "block mask",
    "smoothed_within": "block mask, smoothed while it is learned",
    "gaussian": "noisy mask",
    "equaliser": "fixed equaliser",
}


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter, with their masks and sounds."""

    chapter: ClassVar[Chapter] = experiment.CHAPTER

    def of(self, run: str) -> list[Result]:
        """The results of a run ("cellos", "body_rows" ...), one a seed."""
        return sorted((r for r in self.results if r.experiment == run), key=lambda r: r.seed)

    @property
    def real_phrases(self) -> list[str]:
        """The titles of the real phrases that were scored."""
        scored = self.of("cellos")[0].metrics.get("salience", {})
        return [key.removeprefix("score/") for key in scored if key.startswith("score/")]

    @cached_property
    def seen(self) -> int:
        """The seed whose masks are seen and heard: the chosen one if it has masks, else the first that has."""
        with_masks = [result.seed for result in self.of("cellos") if "masks" in result.metrics]
        return self.seed if self.seed in with_masks else with_masks[0]

    def shown(self, run: str) -> Result:
        """The result of a run whose masks are seen and heard."""
        return next(result for result in self.of(run) if result.seed == self.seen)

    def input(self, run: str, clip: int = 0) -> Tensor:
        """The log spectrogram [257, 298] in dB of a clip that masks were learned for, in whole dB."""
        return 4 * mask_runs.unpacked(self.shown(run).arrays["input"])[clip]

    def mask(self, run: str, name: str, clip: int = 0, raw: bool = False) -> Tensor:
        """A learned mask [257, 298] in dB, in quarters of a dB; raw: before smoothing."""
        mask = mask_runs.unpacked(self.shown(run).arrays[f"mask/{name}"])[clip]
        recipe = masking.RECIPES[name]
        return masking.smooth(mask, recipe.window) if recipe.smoothed == "after" and not raw else mask

    def curves(self, run: str, name: str) -> list[Tensor]:
        """A mask as an equaliser, [257] in dB, one a seed that has masks."""
        return [result.arrays[f"curve/{name}"] for result in self.of(run) if f"curve/{name}" in result.arrays]

    def sounds(self, run: str, clip: int = 0) -> Mapping[str, Sound]:
        """Name -> the sounds of a clip: the input, the target, and the input under each mask of MASKS."""
        result = self.shown(run)
        target, source = stimuli.TITLES[result.config["pair"]]
        names = [f"input: {source}", f"target: {target}", *MASKS.values()]
        try:
            made = stimuli.held_out_phrases(result.config["pair"], result.seed, clip + 1, self.synthetic)
        except corpora.RecordingMissing:
            wanted = [*recorded.paths(CELLO_A).values(), *recorded.paths(CELLO_B).values()]
            return {name: missing_recording(name, wanted) for name in names}
        wanted, sound = made.waveforms[clip]
        waves = [sound, wanted, *(masked(sound, self.heard_mask(run, name, clip)) for name in MASKS)]
        return {name: self._clip(name, wave) for name, wave in zip(names, waves, strict=True)}

    def passage(self, name: str) -> Sound:
        """A passage of a real phrase by its title, see salience; where the recordings are not here, how to get them."""
        try:
            given = {passage.title: passage for passage in salience.real_passages(self.synthetic)}
        except corpora.RecordingMissing:
            return missing_recording(name, list(stimuli.REAL_PHRASES))
        phrase = given[name].phrase
        if self.synthetic:
            return self._clip(name, given[name].waveform)
        path = next(path for path, called in stimuli.REAL_PHRASES.items() if called == phrase)
        file = registry.recording(path)
        return Clip(given[name].waveform, SAMPLE_RATE, name, file.licence, file.attribution, f"{file.corpus}: {path}")

    def heard_mask(self, run: str, name: str, clip: int = 0) -> Tensor:
        """A mask of MASKS [257, 298] in dB, as it is heard on a clip."""
        if name == "equaliser":  # the same in every frame
            frames = self.input(run, clip).shape[-1]
            return Tensor(self.shown(run).arrays["curve/equaliser"])[:, None].expand(-1, frames)
        return self.mask(run, name, min(clip, mask_runs.SHOWN[name] - 1))

    def _clip(self, name: str, waveform: Tensor) -> Clip:
        if self.synthetic:
            return Clip(waveform, SAMPLE_RATE, name, origin="synthesiser", synthetic=True)
        both = [registry.corpus(cello) for cello in (CELLO_A, CELLO_B)]
        attribution = "; ".join(corpus.attribution for corpus in both)
        return Clip(waveform, SAMPLE_RATE, name, both[0].licence, attribution, "recorded notes, set one after another")

    def of_mask(self, measure: str, mask: str, run: str) -> list[float]:
        """A measure of a mask over the seeds that have it; see `measurements`."""
        return [v for v in self.measurements[f"{measure} of {mask.replace('_', ' ')}, {title(run)}"] if v == v]


def open_study(profile: str = "published", seed: int = 0, device: str = "auto", output: str = "") -> Study:
    """The results of a profile, computed where they are missing; see `lab.study.open_results`. Raises LabError."""
    return Study(open_results(experiment.CHAPTER, profile, seed, device, output), seed)
