"""The sounds and the lists of the reader's own JND test: three references of the paper's lists, and the way from each.

Each block takes the commonest reference of a list and the direction in which it was asked most. Its sounds are made as
those that the metrics learn from, so a strength means here what it means in the list. Read speech stands for the paper's.
"""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.display import jnd_test
from paper_code.display.jnd_test import Block, JNDTest, Taught
from paper_code.display.sound_blocks import Missing, missing_recording
from paper_code.jnd_loss import stimuli
from paper_code.listeners.jnd import grid, lists
from paper_code.listeners.jnd.judgements import FULL, ONE_LISTENER, Judgement, Judgements

NAME = "Your own just noticeable differences"
SIDE = "test"  # of LibriSpeech
SECONDS = 2.5  # of a sound, as in the paper
# Prepared strengths, closest where the thresholds of the paper's listeners lie.
FOR_NOISE = (0, 2, 4, 6, 8, 10, 12, 15, 18, 22, 26, 32, 40, 50, 60, 75, 100)
FOR_OTHERS = (0, 6, 12, 18, 22, 26, 30, 34, 38, 42, 46, 50, 55, 60, 70, 80, 100)
FEWEST_LISTENERS = 5  # at one reference; with fewer, those of the whole list are shown
FADE = 0.01  # s, at both ends of every sound
CHECK_SECONDS = 5.0  # of the sounds of the volume check and the attention test
TURN, SOFTER = 1.25, 30.0  # s of loud or soft speech in turn, dB between them
BEEP = (2500.0, 0.15, 0.2)  # Hz, s, amplitude
BEEPS = (3, 4, 5)


def page(caption: str = "") -> jnd_test.JNDPage:
    """The reader's test; where recordings or lists are missing, how to get them. Raises CorpusError, ListError."""
    return jnd_test.jnd_test(own_test(), NAME, caption)


def own_test() -> JNDTest | list[Missing]:
    """The test with its sounds, or what is missing for it. Raises CorpusError, ListError."""
    speech = [file.path for file in stimuli.recordings(SIDE)]
    answers = [f"{lists.CORPUS}/dataset_{name}.txt" for name in ("linear", "reverb")]
    if lacking := [paths for paths in (speech, answers) if not corpora.available(paths)]:
        return [missing_recording(NAME, paths) for paths in lacking]
    judged = lists.published(("linear", "reverb"))
    rows = [farthest(judged.of(name)) for name in BLOCKS]
    blocks = [_block(row, judged.of(row.perturbation)) for row in rows]
    noise, reverberation = blocks[0], blocks[2]
    taught = (
        Taught(2, reverberation.strengths.index(80), "they differ. B sounds nearer, with less of the room behind it."),
        Taught(0, 0, f"they are the same recording. {noise.title} is in both, and nothing else was changed."),
    )
    single = judged.of(*ONE_LISTENER).without_opening_pairs()
    beeps = {count: _with_beeps(count, row) for count, row in zip(BEEPS, rows, strict=True)}
    return JNDTest(NAME, tuple(blocks), _loud_and_soft(rows[0]), beeps, taught, grid.own_consistency(single))


def farthest(judgements: Judgements) -> Judgement:
    """Of the commonest reference, the judgement of full strength that was asked most."""
    reference = Counter(row.reference for row in judgements).most_common(1)[0][0]
    full = [row for row in judgements if row.reference == reference and row.strength == FULL]
    test = Counter(row.test for row in full).most_common(1)[0][0]
    return next(row for row in full if row.test == test)


def levels(row: Judgement, strength: float) -> tuple[float, ...]:
    """The levels at a strength, 0 to 100, on the way from the reference to the test of a judgement of full strength.

    One level moves in equal ratios, several together on a line, as in the lists.
    """
    share, ends = strength / FULL, zip(row.reference, row.test, strict=True)
    if len(row.reference) == 1:
        return tuple(first * (last / first) ** share for first, last in ends)
    return tuple(first + (last - first) * share for first, last in ends)


def _noise(row: Judgement, strength: float) -> str:
    return f"the noise is {20 * math.log10(levels(row, strength)[0] / row.reference[0]):.0f} dB stronger"


def _rate(row: Judgement, strength: float) -> str:
    return f"MP3 is asked for {levels(row, strength)[0]:.0f} kb/s"


def _room(row: Judgement, strength: float) -> str:
    direct, decay = levels(row, strength)
    return f"the direct sound is at level {direct:.0f} and the decay at level {decay:.0f} of 100"


Words = Callable[[Judgement, float], str]
BLOCKS: dict[
    str, tuple[str, tuple[int, ...], Words]
] = {  # perturbation: title, prepared strengths, what one is in words
    "pink_noise": ("Pink noise", FOR_NOISE, _noise),
    "mp3": ("MP3", FOR_OTHERS, _rate),
    "reverb_2": ("Reverberation", FOR_OTHERS, _room),
}


def _block(row: Judgement, judgements: Judgements) -> Block:
    title, strengths, words = BLOCKS[row.perturbation]
    thresholds, whose = compared_with(row, judgements)
    sounds = [stimuli.Sound.of(row, levels(row, strength)) for strength in strengths]
    samples = round(SECONDS * stimuli.SAMPLE_RATE)
    clips = tuple(_clip(stimuli.rendered(sound, SIDE, samples), title) for sound in sounds)
    amounts = tuple(words(row, strength) for strength in strengths)
    return Block(
        row.perturbation, title, row.reference, tuple(map(float, strengths)), clips, amounts, thresholds, whose
    )


def compared_with(row: Judgement, judgements: Judgements) -> tuple[np.ndarray, str]:
    """Thresholds of the paper's listeners by the reader's own procedure, and who they are, in words.

    Those who were asked from the same reference, or of the whole list where these are too few. In lists that are
    shuffled the answers of several listeners to one reference give one threshold.
    """
    same = judgements.where(lambda other: other.reference == row.reference)
    enough = len(same.by_series()) >= FEWEST_LISTENERS
    thresholds = grid.own_thresholds((same if enough else judgements).without_opening_pairs())
    thresholds = thresholds[np.isfinite(thresholds)]
    who = "listeners" if row.perturbation in ONE_LISTENER else "groups of one to eight listeners"
    reference = "from the same reference" if enough else "from all references"
    return thresholds, f"{len(thresholds)} {who} who were asked {reference} in the paper’s list"


def _clip(waveform: Tensor, title: str) -> Clip:
    length = round(FADE * stimuli.SAMPLE_RATE)
    ramp = torch.linspace(0, 1, length)
    faded = waveform.clone()
    faded[:length] *= ramp
    faded[-length:] *= ramp.flip(0)
    source = stimuli.recordings(SIDE)[0]
    return Clip(faded, stimuli.SAMPLE_RATE, title, licence=source.licence, attribution=source.attribution)


def _speech(row: Judgement) -> Tensor:
    samples = round(CHECK_SECONDS * stimuli.SAMPLE_RATE)
    return stimuli.speech(stimuli.Sound.of(row, row.reference), SIDE, samples)


def _loud_and_soft(row: Judgement) -> Clip:
    speech = _speech(row)
    turns = torch.arange(len(speech)) // round(TURN * stimuli.SAMPLE_RATE) % 2
    return _clip(speech * 10 ** (-SOFTER * turns / 20), "Loud and soft in turn")


def _with_beeps(count: int, row: Judgement) -> Clip:
    """Speech with short tones, each somewhere in its own part of the sound."""
    hertz, seconds, amplitude = BEEP
    length = round(seconds * stimuli.SAMPLE_RATE)
    beep = amplitude * torch.sin(2 * math.pi * hertz / stimuli.SAMPLE_RATE * torch.arange(length))
    beep *= torch.hann_window(length, periodic=False)
    sound, generator = _speech(row).clone(), torch.Generator().manual_seed(count)
    part = len(sound) // count
    for number in range(count):
        start = number * part + int(torch.randint(part - 2 * length, (), generator=generator))
        sound[start : start + length] += beep
    return _clip(sound, "Speech with beeps")
