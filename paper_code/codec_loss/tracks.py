"""The excerpts one hears in the chapter: five lossless test tracks of different genres, five seconds of each."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import Clip
from paper_code.audio.perturbations import limit_band
from paper_code.codec_loss import stimuli
from paper_code.codec_loss.networks import FRAME, HOP
from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError

EXCERPT = FRAME + HOP * 159  # 82,432 samples, 5.15 s: frames in multiples of 32, samples in multiples of 256


@dataclass(frozen=True)
class Track:
    """A test track. path: in the corpora. start: s into it."""

    name: str
    title: str
    path: str
    start: float


_VISQOL = "visqol/testdata/conformance_testdata_subset"
TRACKS = {
    track.name: track
    for track in (
        Track("orchestra", "Orchestra (Ravel)", f"{_VISQOL}/ravel48_stereo.wav", 4.0),
        Track("soprano", "Soprano", f"{_VISQOL}/sopr48_stereo.wav", 2.0),
        Track("guitar", "Guitar", f"{_VISQOL}/guitar48_stereo.wav", 3.0),
        Track("piano", "Piano (Moonlight)", f"{_VISQOL}/moonlight48_stereo.wav", 3.0),
        Track("castanets", "Castanets", f"{_VISQOL}/castanets48_stereo.wav", 1.0),
    )
}
FIGURES = ("orchestra", "soprano", "guitar")  # Figures 2, 4 and 5 show three tracks; the listening test takes all five


def excerpt(name: str, cutoff: int | None = None, synthetic: bool = False) -> Clip:
    """The excerpt of a track at 16 kHz, peak 0.9; limited to `cutoff` Hz if given. Raises LabError, CorpusError.

    synthetic: a sound of the synthesiser in its place.
    """
    if name not in TRACKS:
        raise LabError(f"there is no track {name!r}. {suggestion(name, TRACKS)}")
    track = TRACKS[name]
    if synthetic:
        seed = list(TRACKS).index(name)
        makers = (synthesiser.pop_like, synthesiser.speech_like, synthesiser.piano_like)
        whole = makers[seed % 3](seconds=5.5, sample_rate=stimuli.SAMPLE_RATE, seed=40 + seed)
        piece = clips.cut(whole, 0, EXCERPT)
    else:
        whole = _resampled(track.path, corpora.locate(track.path))
        piece = clips.cut(whole, round(track.start * stimuli.SAMPLE_RATE), EXCERPT)
    prepared = stimuli.at_16_kilohertz(piece)
    if cutoff is None:
        return prepared.with_waveform(prepared.waveform, f"excerpt of {track.title}", title=track.title)
    limited = limit_band(prepared.waveform, cutoff, stimuli.SAMPLE_RATE)
    return prepared.with_waveform(limited, f"limited to {cutoff} Hz", title=track.title)


def excerpts(cutoff: int | None = None, synthetic: bool = False) -> Tensor:
    """All excerpts [track, time]; see `excerpt`."""
    return torch.stack([excerpt(name, cutoff, synthetic).waveform for name in TRACKS])


@cache  # every run of a study asks for the same five
def _resampled(path: str, located: Path) -> Clip:
    """A recording at 16 kHz; `located` keeps apart the copies of a recording in two folders of corpora."""
    return clips.resample(corpora.load(path), stimuli.SAMPLE_RATE)
