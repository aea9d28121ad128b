"""A reader's own speech through AMR-WB and through the coders of all four losses."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from paper_code.audio import clips
from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec
from paper_code.display import players
from paper_code.display.tables import Column, Table, table
from paper_code.lab.weights import find
from paper_code.masking_loss import evaluation, stimuli
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.coding import Coding, of_amr_wb, of_coder
from paper_code.masking_loss.conditions import Condition, in_the_paper
from paper_code.masking_loss.configs import SWEPT_RATE, require_rate
from paper_code.masking_loss.figures import ORIGINAL, roles
from paper_code.masking_loss.study import Study

LONGEST = 15.0  # s
FLAT, RUNS = 3, 3  # equal samples in a row at the largest magnitude, and how often: tops of waves were cut off
QUIETEST = 0.1  # largest magnitude of what is looked at for that
LEARNED = "The coders learned from read English speech alone; with other sounds they do not keep their rate."


@dataclass(frozen=True, eq=False)
class OwnSpeech:
    """A sound with a peak of 1, and what is left of it, condition by condition.

    rate: kb/s asked for.   scores: of each condition, those of `evaluation.SCORES`.   notes: what a reader should know.
    """

    original: Clip
    rate: float
    decoded: Mapping[Condition, Clip]
    scores: Mapping[Condition, Mapping[str, float]]
    notes: tuple[str, ...]


@torch.no_grad()
def through(study: Study | None, audio: str, rate: float = SWEPT_RATE) -> OwnSpeech:
    """Up to 15 s of a file through AMR-WB and the coders of all four losses at 13, 20 or 24 kb/s.

    study: whose coders to take where they were kept beside its results; else, and with None, the released ones.
    Raises ConfigError for another rate, AudioError for a file that is no sound, silent, not finite or shorter than a
    frame, CodecError without ffmpeg, WeightsError where a coder was neither kept nor released.
    """
    rate = require_rate(rate)
    conditions = in_the_paper(rate)
    coders = {condition: _coder(study, condition) for condition in conditions if condition.trained}
    original, notes = _prepared(clips.read(audio))
    decoded, scores = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for each in conditions:
            sound = _coding(each, coders, Path(folder))(original.waveform)
            scores[each] = evaluation.scores(sound, original.waveform)
            step = f"coded by {each}, {scores[each]['kilobits']:.2f} kb/s as written, and decoded"
            decoded[each] = original.with_waveform(sound.waveform, step, title=f"{original.title}, {each}")
    return OwnSpeech(original, rate, decoded, scores, notes)


def player(own: OwnSpeech) -> players.Player:
    """The original and what is left of it."""
    sounds = {ORIGINAL: own.original} | {condition.title: clip for condition, clip in own.decoded.items()}
    title = f"Your sound, '{own.original.title}', at {own.rate:g} kb/s"
    return players.compare(sounds, title, " ".join(own.notes), roles=roles(own.decoded), max_frequency=SAMPLE_RATE / 2)


def scores(own: OwnSpeech) -> Table:
    """What the files cost, and how near the sounds come to the original."""
    rows = [[each.title, s["kilobits"], s["pesq"], s["snr"], 100 * s["above"]] for each, s in own.scores.items()]
    columns = [
        Column("coder"),
        Column("file", "kb/s", ".2f"),
        Column("PESQ", "MOS", ".2f"),
        Column("SNR", "dB", ".1f"),
        Column("noise above threshold", "% of cells", ".1f"),
    ]
    caption = (
        f"Your sound, '{own.original.title}', at {own.rate:g} kb/s. The rate is that of the file as written, its header "
        "included; a coder keeps its rate over much speech, and a single sound may cost more or less. PESQ is a "
        "prediction of listeners; it has no value for less than a quarter of a second, or without speech. "
        f"{LEARNED}"
    )
    return table(columns, rows, caption)


def _coder(study: Study | None, condition: Condition) -> SpeechCoder:
    if study is not None and find(study.condition(condition)) is not None:
        return study.coder(condition)
    return weights.load_coder(condition.kind, condition.rate)


def _coding(condition: Condition, coders: Mapping[Condition, SpeechCoder], folder: Path) -> Coding:
    if condition in coders:
        return of_coder(coders[condition], folder / evaluation.CODED)
    return of_amr_wb(Codec("amr_wb", condition.rate))


def _prepared(clip: Clip) -> tuple[Clip, tuple[str, ...]]:
    """A clip as the coders take it, and notes on what was found and done."""
    notes, flat = [LEARNED], _flat_tops(clip.waveform)
    if clip.seconds > LONGEST:
        notes.append(f"Only the middle {LONGEST:g} of its {clip.seconds:.1f} s are coded.")
        length = round(LONGEST * clip.sample_rate)
        clip = clips.cut(clip, (len(clip.waveform) - length) // 2, length)
    if flat:
        notes.append(
            f"The recording is clipped: {flat} samples stand at its largest magnitude, {FLAT} or more in a row. The "
            "distortion is coded together with the sound."
        )
    if clip.sample_rate != SAMPLE_RATE:
        notes.append(f"Resampled from {clip.sample_rate} to {SAMPLE_RATE} Hz.")
    return stimuli.normalised(clip), tuple(notes)


def _flat_tops(waveform: torch.Tensor) -> int:
    """How many samples of a waveform [time] stand at its largest magnitude in runs, if there are several of them.

    A single run is what a low tone does, and whole numbers too small to tell apart are no clipping either.
    """
    largest = float(waveform.abs().max())
    tops = np.concatenate([np.pad((waveform == peak).numpy(), 1) for peak in (largest, -largest)])
    edges = np.flatnonzero(np.diff(tops))
    runs = edges[1::2] - edges[::2]
    runs = runs[runs >= FLAT]
    return int(runs.sum()) if largest >= QUIETEST and len(runs) >= RUNS else 0
