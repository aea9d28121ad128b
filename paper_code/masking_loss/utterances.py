"""The utterances that coders are measured on, in one order for all: those one hears come first."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from paper_code.audio import corpora, synthesiser
from paper_code.audio.clips import Clip
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder.coder import SAMPLE_RATE

# Four speakers of the test side, about 4.5 s each; chosen by length, before any coder was heard.
HEARD = ("1688-142285-0004", "3080-5032-0000", "2609-156975-0001", "3331-159605-0005")
LEVEL = 0.5  # of kept sounds: a decoder may overshoot an original whose peak is 1


@dataclass(frozen=True, eq=False)
class Utterance:
    """An utterance with a peak of 1 at 16 kHz. name: also of its sound file.   speaker: who says it."""

    name: str
    speaker: str
    clip: Clip

    @property
    def waveform(self) -> Tensor:
        """[time]."""
        return self.clip.waveform


def names(side: str, synthetic: bool = False) -> list[str]:
    """The names of the utterances of a side ("validation" or "test"): those that are heard, then the shortest first."""
    if synthetic:
        return [f"synthetic-{seed}" for seed in stimuli.SYNTHETIC_SEEDS[side]]
    found = {name_of(file): file.seconds for file in stimuli.recordings(side)}
    return sorted(found, key=lambda name: (HEARD.index(name) if name in HEARD else len(HEARD), found[name]))


def measured(side: str, count: int = 0, synthetic: bool = False) -> list[Utterance]:
    """The first `count` utterances of a side, or with 0 all. Raises CorpusError, AudioError."""
    chosen = names(side, synthetic)
    return [utterance(name, side, synthetic) for name in chosen[: count or len(chosen)]]


def utterance(name: str, side: str = "test", synthetic: bool = False) -> Utterance:
    """One utterance by its name. Raises CorpusError, AudioError; KeyError for a name that is not on the side."""
    if synthetic:
        seed = {f"synthetic-{seed}": seed for seed in stimuli.SYNTHETIC_SEEDS[side]}[name]
        clip = synthesiser.speech_like(stimuli.SYNTHETIC_SECONDS, SAMPLE_RATE, seed)
        return Utterance(name, name, stimuli.normalised(clip))
    file = {name_of(file): file for file in stimuli.recordings(side)}[name]
    return Utterance(name, file.group, _loaded(file.path, corpora.locate(file.path)))


def one_a_speaker(found: list[Utterance], count: int) -> list[Utterance]:
    """The first utterance of each of the first `count` speakers."""
    first: dict[str, Utterance] = {}
    for each in found:
        first.setdefault(each.speaker, each)
    return list(first.values())[:count]


def name_of(file: corpora.Recording) -> str:
    """The name of a recording: that of its file."""
    return Path(file.path).stem


@cache  # all conditions of a run are measured on the same; `located` keeps apart two folders of corpora
def _loaded(path: str, located: Path) -> Clip:
    return stimuli.normalised(corpora.load(path))
