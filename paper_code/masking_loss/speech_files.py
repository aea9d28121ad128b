"""Sound files of any length, piece after piece: read as the coders take them, and written as WAV."""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from paper_code.audio import clips, mixing, resampling
from paper_code.audio.clips import AudioError
from paper_code.audio.places import expanded
from paper_code.lab.files import atomic
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.coder.container import LONGEST

WAV = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")  # RIFF, its bytes, WAVE; fmt; fact; data
FLOATS = 3  # the format's number for samples that are floats


@dataclass(frozen=True)
class Speech:
    """A sound file as the coders take it: one channel at 16 kHz.

    samples: at 16 kHz.   level: its peak.   steps: what is done to the file, in words.
    """

    path: Path
    samples: int
    level: float
    steps: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples / SAMPLE_RATE

    def pieces(self) -> Iterator[Tensor]:
        """The sound in pieces [time]. Raises AudioError where the file is not what it was when it was first read."""
        samples, level = 0, 0.0
        for piece in _converted(self.path)[1]:
            samples, level = samples + len(piece), max(level, _peak(piece))
            if samples <= self.samples and level <= self.level:
                yield piece
        if (samples, level) != (self.samples, self.level):
            raise AudioError(f"{self.path} was changed while it was read. Code it again when it stays as it is.")


def read_speech(path: Path | str, watched: Callable[[Iterator[Tensor]], Iterator[Tensor]] = iter) -> Speech:
    """Read a sound file once, for its length and its peak; memory does not grow with its length.

    watched: told of every piece, such as a progress bar.
    Raises AudioError where it is missing, no sound, damaged, silent, not finite, shorter than a frame or longer than
    an hour.
    """
    path = expanded(path)
    steps, pieces = _converted(path)
    samples, level = 0, 0.0
    for piece in watched(pieces):
        samples, level = samples + len(piece), max(level, _peak(piece))
        if samples > LONGEST:
            raise AudioError(f"The coder wants an hour of sound at most; {path} has more. Cut it into parts.")
    if level == 0.0:
        raise clips.silence(path.stem, samples)
    stimuli.require_frame(path.stem, samples)
    return Speech(path, samples, level, steps)


def write_wav(path: Path, pieces: Iterable[Tensor], samples: int) -> None:
    """Write a sound in pieces [time], so many samples at 16 kHz in all, as 32-bit floats; whole or not at all.

    Floats, since what a decoder gives may be a little over full scale, and would clip in whole numbers.
    Raises OutputError.
    """
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(_wav_header(samples))
        for piece in pieces:
            file.write(piece.numpy().astype("<f4").tobytes())


def _converted(path: Path) -> tuple[tuple[str, ...], Iterator[Tensor]]:
    """What is done to a file, and what it becomes: pieces [time] of float32 at 16 kHz, mixed to one channel."""
    blocks = mixing.blocks(path)
    first = next(blocks)
    steps, rate = first.steps, first.sample_rate
    monos = (torch.from_numpy(block.mono) for block in chain([first], blocks))
    if rate == SAMPLE_RATE:
        return tuple(steps), monos
    resampled = resampling.in_pieces((mono.double() for mono in monos), rate, SAMPLE_RATE)
    return (*steps, resampling.step(rate, SAMPLE_RATE)), (piece.float() for piece in resampled)


def _peak(piece: Tensor) -> float:
    return float(piece.abs().max()) if len(piece) else 0.0


def _wav_header(samples: int) -> bytes:
    size, width = 4 * samples, 4
    kind = (FLOATS, 1, SAMPLE_RATE, width * SAMPLE_RATE, width, 8 * width, 0)
    return WAV.pack(
        b"RIFF", WAV.size - 8 + size, b"WAVE", b"fmt ", 18, *kind, b"fact", 4, samples, b"data", size
    )  # fmt: skip
