"""What the networks learn from: recordings at 16 kHz mono, varied, coded for real, and cut into patches.

Material is prepared once into memory-mapped arrays (16 bit) and read from there in random patches.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec, code_batch
from paper_code.audio.perturbations import change_speed, limit_band, tilt
from paper_code.codec_loss.networks import PATCH
from paper_code.lab import material as prepared
from paper_code.lab import paths
from paper_code.lab.config import hash_of
from paper_code.lab.material import Material

SAMPLE_RATE = 16000
PEAK = 0.9
SIDES = ("train", "validation", "test")
MUSIC = ("unknown_horizons_music", "librosa_data")  # pieces of a minute or more, and some short ones
SOUNDS = ("smstools_sounds", "cello_A_mtg_goodsounds", "cello_B_flcellogrl", "drums_vcsl")
SPEECH = "librispeech_resemblyzer"
SPEAKERS = 40  # of the training speakers: some six minutes
TEST = ("visqol", "sonic_pi_samples", "medley_solos_small", "pyroomacoustics")
# A clearance: these two loops are from a record that nobody has released; see data/corpora.toml.
NOT_FOR_TEST = ("loop_amen",)
BANDS = (3000, 5000)  # Hz: §6.1 and §8.1
# Times as fast: pitch and tempo together.
SPEEDS = tuple(Fraction(speed) for speed in ("1", "10/9", "9/10", "5/4", "4/5", "3/2", "2/3"))
TILT = 6.0  # dB an octave, at most
NOISE = (10.0, 40.0)  # dB of signal over noise
PIECE = 60  # s: longer recordings are coded in pieces of this length, and short ones joined up to it
SYNTHETIC_SEEDS = {"train": (0, 1, 2), "validation": (3, 4), "test": (5, 6)}
FOLDER = paths.ROOT / "_build" / "patches"


def recordings(side: str) -> list[corpora.Recording]:
    """The recordings of a side: train, validation or test. Every lossless clip is on the test side."""
    if side == "test":
        found = [file for name in TEST for file in corpora.split(name, "test") if "codec_loss" in file.chapters]
        return [file for file in found if not any(word in file.path for word in NOT_FOR_TEST)]
    found = [file for name in MUSIC for file in corpora.split(name, side)]
    if side == "train":
        found += [file for name in SOUNDS for file in corpora.split(name, side)]
        found += corpora.split(SPEECH, side)[:SPEAKERS]
    return found


def at_16_kilohertz(clip: Clip) -> Clip:
    """A recording as the paper prepares it: one channel at 16 kHz; peak 0.9, so that the codec has headroom."""
    resampled = clips.resample(clip, SAMPLE_RATE)
    peak = clips.require_signal(resampled).waveform.abs().max()
    return resampled.with_waveform(resampled.waveform * (PEAK / peak), f"peak brought to {PEAK}")


def own_clip(path: str, seconds: float = 10.0) -> Clip:
    """Up to `seconds` from the middle of a reader's own file, one channel at 16 kHz. Raises AudioError."""
    clip = at_16_kilohertz(clips.read(path))
    length = min(len(clip.waveform), round(seconds * SAMPLE_RATE))
    return clips.cut(clip, (len(clip.waveform) - length) // 2, length)


def material(
    side: str,
    codec: Codec,
    versions: int = 1,
    bands: Sequence[int] = BANDS,
    synthetic: bool = False,
    progress: bool = True,
) -> Material:
    """The prepared recordings of a side, from an earlier run or made now, in about a minute an hour of sound.

    versions: each track as it is, and that many less one times with another speed, level and now and then a second
    track mixed in, before it is coded; beyond the seven speeds also with more treble and noise.
    bands: cut-offs (Hz) of band-limited copies to keep as "limited-<cutoff>".
    The other arrays are "original" and "coded".
    Raises CorpusError, CodecError, OutputError (a full disk leaves nothing that passes for whole).
    """
    made_of = [str(SYNTHETIC_SEEDS[side])] if synthetic else [file.sha256 for file in recordings(side)]
    recipe = {"side": side, "codec": codec.key, "versions": versions, "bands": list(bands), "of": made_of, "v": 1}
    folder = FOLDER / f"{side}-{codec.key}-{hash_of('material', recipe)}"

    def make() -> None:
        _prepare(folder, list(_versions(_tracks(side, synthetic), versions)), codec, bands, progress)

    return prepared.prepared(folder, make, SAMPLE_RATE)


def _prepare(folder: Path, tracks: list[Tensor], codec: Codec, bands: Sequence[int], progress: bool) -> None:
    coded = [found.waveform for found in code_batch(tracks, codec, progress=progress)]
    limit = partial(limit_band, sample_rate=SAMPLE_RATE)
    limited = {f"limited-{cutoff}": map(partial(limit, cutoff=cutoff), tracks) for cutoff in bands}
    prepared.write(folder, [len(track) for track in tracks], {"original": tracks, "coded": coded, **limited})


def _tracks(side: str, synthetic: bool) -> list[Tensor]:
    """Tracks of up to a minute: long recordings in pieces, short ones of a corpus one after another."""
    if synthetic:
        makers = (synthesiser.piano_like, synthesiser.pop_like, synthesiser.speech_like)
        made = [make(12.0, SAMPLE_RATE, seed).waveform for seed in SYNTHETIC_SEEDS[side] for make in makers]
        return [PEAK * track / track.abs().max() for track in made]
    found: list[Tensor] = []
    short: dict[str, list[Tensor]] = {}
    for file in recordings(side):
        waveform = at_16_kilohertz(corpora.load(file.path)).waveform
        if side != "train" or len(waveform) >= PIECE / 2 * SAMPLE_RATE:
            found += [_at_least_a_patch(piece) for piece in _pieces(waveform)]
        else:
            short.setdefault(file.corpus, []).append(waveform)
    for waveforms in short.values():
        found += _pieces(torch.cat(waveforms))
    return found


def _pieces(waveform: Tensor) -> list[Tensor]:
    count = max(1, round(len(waveform) / (PIECE * SAMPLE_RATE)))
    return list(waveform.tensor_split(count))


def _at_least_a_patch(waveform: Tensor) -> Tensor:
    """The waveform with silence after it, if it is shorter than a patch."""
    return torch.nn.functional.pad(waveform, (0, max(0, PATCH - len(waveform))))


def _versions(tracks: list[Tensor], versions: int) -> Iterator[Tensor]:
    yield from tracks
    generator = np.random.default_rng(2019)
    for version in range(1, versions):
        faster = [change_speed(track, SPEEDS[version % len(SPEEDS)]).numpy() for track in tracks]
        for track in faster:
            if generator.random() < 0.3:
                track = _mixed(track, faster[generator.integers(len(faster))], generator.uniform(-12, 0))
            if version >= len(SPEEDS):
                track = _brighter(track, generator)
            level = 10 ** (generator.uniform(-18, 0) / 20)
            yield torch.from_numpy((PEAK * level * track / np.abs(track).max()).astype(np.float32))


def _mixed(track: NDArray[np.floating], other: NDArray[np.floating], decibels: float) -> NDArray[np.floating]:
    """A track with another, looped, at a level relative to it."""
    scale = 10 ** (decibels / 20) * track.std() / max(float(other.std()), 1e-6)
    return track + scale * np.resize(other, track.shape)


def _brighter(track: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """A track tilted by 0 to 6 dB an octave, and half the times with white noise, steady or in the track's envelope.

    Most of the music learned from has little above 4 kHz, where the codec's low-pass and most of its holes are.
    """
    tilted = tilt(torch.from_numpy(track).double(), generator.uniform(0, TILT), SAMPLE_RATE).numpy()
    if generator.random() < 0.5:
        noise = generator.standard_normal(len(track))
        if generator.random() < 0.5:
            noise *= np.sqrt(ndimage.uniform_filter1d(tilted**2, SAMPLE_RATE // 50).clip(0))  # sums round below 0
        tilted = _mixed(tilted, noise, -generator.uniform(*NOISE))
    return tilted.astype(np.float32)
