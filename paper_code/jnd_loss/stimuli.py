"""What the metrics learn from: every usable judgement of the paper, its perturbation rendered on read speech.

The sounds that people heard are not published. Each piece of a recording in the lists has a piece of LibriSpeech in its
place, always the same; each side of a judgement is that piece with the perturbation at its level. The answer is the real
one. Sounds are rendered once, into memory-mapped arrays of 16-bit samples, one folder for each kind of perturbation.
"""

import functools
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from tqdm import tqdm

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.perturbations.noises import NOISES
from paper_code.audio.perturbations.released import render
from paper_code.jnd_loss import stand_in
from paper_code.lab import paths
from paper_code.lab.config import hash_of
from paper_code.lab.material import Material, prepared, write
from paper_code.listeners.jnd import lists
from paper_code.listeners.jnd.judgements import Judgement, Judgements
from paper_code.listeners.jnd.levels_alone import HELD_OUT

SAMPLE_RATE = 16000
SPEECH = "librispeech_resemblyzer"
SIDES = ("train", "validation", "test")
SPEAKERS = {"validation": ("f10", "m10"), "test": HELD_OUT}  # of the lists; all others are for training
LEVEL = 0.05  # root mean square of every piece of speech: the authors brought all files to one loudness
PLACES = 4  # in an utterance, of which the loudest is taken: a pause is no speech
SOUNDS = "sounds"  # the one array of a folder
FOLDER = paths.ROOT / "_build" / "judged"


@dataclass(frozen=True)
class Sound:
    """What decides a rendered sound: a piece of a recording in the lists, a perturbation, its levels, a room."""

    perturbation: str
    speaker: str
    script: int
    seconds: float
    room: str
    levels: tuple[float, ...]

    @classmethod
    def of(cls, row: Judgement, levels: tuple[float, ...]) -> "Sound":
        """The sound of a judgement at the levels of its reference or of its test."""
        return cls(row.perturbation, row.speaker, row.script, row.seconds, row.room, levels)

    @property
    def piece(self) -> int:
        """A number for the piece of the recording."""
        return zlib.crc32(f"{self.speaker} {self.script} {self.seconds}".encode())

    @property
    def drawn(self) -> int:
        """A number for what the lists do not tell, so that both sides of a judgement share it."""
        return zlib.crc32(f"{self.perturbation} {self.room} {self.piece}".encode())


def recordings(side: str) -> list[corpora.Recording]:
    """The utterances of a side. No speaker is on two sides."""
    return corpora.split(SPEECH, side)


def other_recordings() -> list[str]:
    """Paths of what is needed besides speech: the lists, and the noises that are recordings."""
    noises = sorted({noise.recording for noise in NOISES.values() if noise.recording})
    return [*(f"{lists.CORPUS}/dataset_{name}.txt" for name in lists.LISTS), *noises]


@functools.cache
def judgements(synthetic: bool = False) -> Judgements:
    """All usable judgements, or made-up ones. Raises CorpusError, ListError."""
    return stand_in.judgements() if synthetic else lists.published()


def side_of(row: Judgement) -> str:
    """The side of a judgement, by its speaker; so no recording and no listener's series is on two sides."""
    return next((side for side, speakers in SPEAKERS.items() if row.speaker in speakers), "train")


@dataclass(frozen=True)
class Pairs:
    """The judgements of a side with their sounds. parts: of each perturbation the prepared sounds, by name.

    samples: of each sound.
    """

    judgements: Judgements
    parts: dict[str, tuple[Material, dict[Sound, int]]]
    samples: int

    def __len__(self) -> int:
        return len(self.judgements)

    @cached_property
    def different(self) -> Tensor:
        """The answers [pair]: 0 same, 1 different."""
        return torch.from_numpy(self.judgements.different).long()

    def sounds(self, indices: Iterable[int]) -> tuple[Tensor, Tensor]:
        """Test and reference sounds, each [pair, time] in [-1, 1], of some judgements."""
        rows = [self.judgements.rows[index] for index in indices]
        return self._rendered(rows, "test"), self._rendered(rows, "reference")

    def _rendered(self, rows: Sequence[Judgement], which: str) -> Tensor:
        return torch.cat([self._one(Sound.of(row, getattr(row, which))) for row in rows])

    def _one(self, sound: Sound) -> Tensor:
        material, numbers = self.parts[sound.perturbation]
        return material.at([numbers[sound] * self.samples], self.samples, SOUNDS)[0]


def pairs(side: str, seconds: float, most: int = 0, synthetic: bool = False, progress: bool = True) -> Pairs:
    """The judgements of a side with their sounds, from an earlier run or rendered now, some 25 ms a sound.

    seconds: of each sound.   most: judgements of each perturbation, evenly through its list (0: all of them).
    An interrupted rendering goes on with the perturbation it was at. Raises CorpusError, ListError, OutputError.
    """
    samples, parts, rows = round(seconds * SAMPLE_RATE), {}, []
    of_side = judgements(synthetic).where(lambda row: side_of(row) == side)
    for perturbation in of_side.perturbations:
        listed = of_side.of(perturbation).rows
        chosen = listed if not most else listed[:: max(1, len(listed) // most)][:most]
        rows += chosen
        parts[perturbation] = _part(side, perturbation, chosen, samples, synthetic, progress)
    return Pairs(Judgements(tuple(rows)), parts, samples)


def speech(sound: Sound, side: str, samples: int, synthetic: bool = False) -> Tensor:
    """The piece of speech [time] that stands for a piece of a recording in the lists, at LEVEL."""
    generator = torch.Generator().manual_seed(sound.piece)
    count = stand_in.UTTERANCES if synthetic else len(recordings(side))
    waveform = _utterance(side, int(torch.randint(count, (), generator=generator)), synthetic)
    waveform = torch.nn.functional.pad(waveform, (0, max(0, samples - len(waveform))))
    starts = torch.randint(len(waveform) - samples + 1, (PLACES,), generator=generator).tolist()
    loudest = max((waveform[start : start + samples] for start in starts), key=lambda piece: float(piece.norm()))
    return loudest * (LEVEL * samples**0.5 / loudest.norm())


def rendered(sound: Sound, side: str, samples: int, synthetic: bool = False) -> Tensor:
    """A side of a judgement [time] as it is heard here, at the energy of its speech."""
    clean = speech(sound, side, samples, synthetic)
    generator = torch.Generator().manual_seed(sound.drawn)
    return render(sound.perturbation, sound.levels, clean, SAMPLE_RATE, generator, sound.room)


@functools.lru_cache(maxsize=128)
def _utterance(side: str, number: int, synthetic: bool) -> Tensor:
    if synthetic:
        seed = SIDES.index(side) * stand_in.UTTERANCES + number
        return synthesiser.speech_like(stand_in.SECONDS, SAMPLE_RATE, seed).waveform
    return clips.resample(corpora.load(recordings(side)[number].path), SAMPLE_RATE).waveform


def _part(
    side: str, perturbation: str, rows: Sequence[Judgement], samples: int, synthetic: bool, progress: bool
) -> tuple[Material, dict[Sound, int]]:
    """The sounds of some judgements of one perturbation, each once, and the number of each."""
    both = (Sound.of(row, levels) for row in rows for levels in (row.reference, row.test))
    numbers = {sound: number for number, sound in enumerate(dict.fromkeys(both))}
    recipe = {"of": made_of(side, synthetic), "samples": samples, "sounds": [str(sound) for sound in numbers], "v": 1}
    folder = FOLDER / f"{side}-{perturbation}-{hash_of('judged', recipe)}"

    def made() -> Iterator[Tensor]:
        title = f"rendering {perturbation}, {side}"
        for sound in tqdm(numbers, title, disable=not progress, file=sys.stderr, unit="sound"):
            yield rendered(sound, side, samples, synthetic)

    material = prepared(folder, lambda: write(folder, [samples] * len(numbers), {SOUNDS: made()}), SAMPLE_RATE)
    return material, numbers


def made_of(side: str, synthetic: bool) -> list[str]:
    """Checksums of all that the sounds of a side are made of."""
    if synthetic:
        return ["synthesiser"]
    return [file.sha256 for file in [*recordings(side), *map(corpora.recording, other_recordings())]]
