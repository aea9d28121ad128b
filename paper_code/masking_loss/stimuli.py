"""What the coders learn from: read speech at 16 kHz, split by speaker, every utterance with a peak of 1.

Each utterance is a track of memory-mapped material, so that a run of frames never crosses into another.
"""

from collections.abc import Iterable

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import AudioError, Clip
from paper_code.lab import paths
from paper_code.lab.config import hash_of
from paper_code.lab.material import Material, prepared, write
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.coder.framing import FRAME

SPEECH = "librispeech_resemblyzer"
SPEECH_ARRAY = "speech"  # the one array of the material
SIDES = ("train", "validation", "test")
UNSEEN = SIDES[1:]  # that coders are measured on
SYNTHETIC_SEEDS = {"train": (0, 1, 2), "validation": (3, 4), "test": (5, 6)}
SYNTHETIC_SECONDS = 4.0
FOLDER = paths.ROOT / "_build" / "speech"


def recordings(side: str) -> list[corpora.Recording]:
    """The utterances of a side: train, validation or test. No speaker is on two sides; all of test-other is test.

    Paper: Byun et al. 2021, section 4, which takes 3,000, 200 and 500 utterances of TIMIT. Chapter: masking_loss.
    """
    return corpora.split(SPEECH, side)


def recordings_of(sides: Iterable[str] = SIDES) -> list[corpora.Recording]:
    """The utterances of several sides, side by side."""
    return [file for side in sides for file in recordings(side)]


def normalised(clip: Clip) -> Clip:
    """A clip as the coder wants it: 16 kHz, divided by its largest magnitude.

    The paper's "minmax normalisation" is read as this; a true one would add an offset.
    Raises AudioError on silence and on clips shorter than a frame. Paper: Byun et al. 2021, section 4.
    """
    speech = clips.normalise_peak(clips.resample(clip, SAMPLE_RATE))
    require_frame(clip.title, len(speech.waveform))
    return speech


def require_frame(title: str, samples: int) -> None:
    """Raises AudioError on a sound of fewer samples at 16 kHz than a frame has."""
    if samples < FRAME:
        raise AudioError(
            f"'{title}' is too short: a frame of the coder has {FRAME} samples at {SAMPLE_RATE} Hz, "
            f"found {samples}. Choose a longer recording."
        )


def utterances(side: str, synthetic: bool = False) -> list[Clip]:
    """Every utterance of a side, normalised. Raises CorpusError, AudioError."""
    if synthetic:
        made = (synthesiser.speech_like(SYNTHETIC_SECONDS, SAMPLE_RATE, seed) for seed in SYNTHETIC_SEEDS[side])
        return [normalised(clip) for clip in made]
    return [normalised(corpora.load(file.path)) for file in recordings(side)]


def material(side: str, synthetic: bool = False) -> Material:
    """The prepared utterances of a side, from an earlier run or made now (some seconds).

    Raises CorpusError, OutputError (a full disk leaves nothing that passes for whole).
    """
    made_of = [str(SYNTHETIC_SEEDS[side])] if synthetic else [file.sha256 for file in recordings(side)]
    folder = FOLDER / f"{side}-{hash_of('speech', {'side': side, 'of': made_of, 'v': 1})}"

    def make() -> None:
        waveforms = [clip.waveform for clip in utterances(side, synthetic)]
        write(folder, [len(waveform) for waveform in waveforms], {SPEECH_ARRAY: waveforms})

    return prepared(folder, make, SAMPLE_RATE)
