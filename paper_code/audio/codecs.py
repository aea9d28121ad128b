"""Real codecs through the ffmpeg that imageio-ffmpeg carries: a waveform in, what a listener would get out.

The input is converted to 16 bits exactly once (rounded to the nearest step), because that is what the
encoders take; the decoder's float output is neither rounded nor clipped. Everything runs through pipes, so
no temporary file is left. The streams carry no gapless header there: the known delay of each codec is cut off
and the length is that of the input. Levels are the codec's own: LAME takes
0.45 dB off (a factor of 0.95) at all but its highest rates.
"""

from __future__ import annotations

import difflib
import functools
import math
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from paper_code.audio import codec_cache, ffmpeg
from paper_code.audio.clips import Clip
from paper_code.audio.codec_kinds import KINDS
from paper_code.audio.ffmpeg import CodecError

FULL_SCALE = 32768
SHORTEST = 0.1  # s; a shorter sound is followed by silence up to this, else some encoders write nothing


@dataclass(frozen=True)
class Codec:
    """A codec at a bit rate: Codec("mp3", 16), Codec("amr_wb", 23.85).

    name: one of KINDS.   kilobits: the nominal bit rate (kb/s).   sample_rate: Hz, mono.
    Raises CodecError for an unknown name and for a rate that the encoder does not have or would silently
    change, naming those it has.
    Chapter: codec_loss
    """

    name: str
    kilobits: float
    sample_rate: int = 16000

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            near = difflib.get_close_matches(str(self.name).lower(), KINDS, n=1, cutoff=0.3)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise CodecError(f"no codec is called {self.name!r}; there are {', '.join(KINDS)}.{hint}")
        kind = KINDS[self.name]
        if self.sample_rate not in kind.rates:
            legal = ", ".join(map(str, kind.rates))
            raise CodecError(f"{kind.title} takes {legal} Hz, not {self.sample_rate} Hz. Resample the sound first.")
        if self.kilobits not in kind.rates[self.sample_rate]:
            legal = ", ".join(f"{rate:g}" for rate in kind.rates[self.sample_rate])
            raise CodecError(
                f"{kind.title} at {self.sample_rate} Hz mono: choose {legal} kb/s, not {self.kilobits!r}. At a rate "
                "between or beyond, the encoder may silently take another."
            )

    @property
    def title(self) -> str:
        """The name for people: "MP3 16 kb/s"."""
        return f"{KINDS[self.name].title} {self.kilobits:g} kb/s"

    @property
    def key(self) -> str:
        """The name for files: "mp3-16", with the sample rate where it is not 16 kHz."""
        return f"{self.name}-{self.kilobits:g}" + ("" if self.sample_rate == 16000 else f"-{self.sample_rate}")


@dataclass(frozen=True, eq=False)
class Coded:
    """What came back: waveform float32 [time], aligned with the input and as long; bits of the audio frames.

    bits: of the audio frames as written: whole MP3 frames, AMR-WB frames with their first byte and padding,
    AAC frames without ADTS headers, Opus and Vorbis packets; what describes the file or the stream is not
    counted. The frames reach past the end of the sound, so a short sound costs a little more than nominal.
    """

    waveform: torch.Tensor
    bits: int
    sample_rate: int

    @property
    def kilobits_per_second(self) -> float:
        """The bits spent per second of the input, in kb/s."""
        return self.bits * self.sample_rate / len(self.waveform) / 1000


def version() -> str:
    """The versions of ffmpeg and of its MP3 encoder: "ffmpeg 7.0.2, LAME 3.100"."""
    program = ffmpeg.program()
    found = re.search(r"ffmpeg version ([\d.]*\d|\S+)", _build(program))
    lame = _lame(program)
    return f"ffmpeg {found[1] if found else 'of unknown version'}" + (f", LAME {lame}" if lame else "")


@functools.cache
def _build(program: Path) -> str:
    """All that ffmpeg says about itself: versions of it and its libraries, how it was configured."""
    return ffmpeg.run(program, ["-version"], b"").decode(errors="replace")


@functools.cache
def _lame(program: Path) -> str:
    """The version that LAME writes into the padding of its frames, or nothing."""
    try:
        stream = ffmpeg.run(program, _encoding(Codec("mp3", 16)), bytes(2 * 16000))
    except CodecError:  # an ffmpeg without LAME
        return ""
    found = re.search(rb"LAME(\d+\.\d+)", stream)
    return found[1].decode() if found else ""


def code(waveform: torch.Tensor, codec: Codec, cache: Path | None = None) -> Coded:
    """Encode and decode one sound.

    waveform: float [time] in [-1, 1] at the codec's sample rate.   cache: a folder for encoded streams; by
    default the platform's cache folder, or COMPENDIUM_CACHE.
    Raises CodecError for another shape, no sample, NaN, infinity or samples over full scale, and where
    ffmpeg is missing or fails.
    """
    return _code(_samples(waveform, "the waveform"), codec, codec_cache.Store(cache))


def code_batch(
    waveforms: Sequence[torch.Tensor],
    codec: Codec,
    workers: int | None = None,
    progress: bool = False,
    cache: Path | None = None,
) -> list[Coded]:
    """Encode and decode many sounds, in parallel; results in the order of the input. See code.

    workers: how many at once (default: the cores this process may use).   progress: show a bar.
    All sounds are checked before the first is encoded. Raises what code raises, naming the sound.
    """
    samples = [_samples(waveform, f"waveform {i}") for i, waveform in enumerate(waveforms)]
    workers = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers)  # threads: the work is done by ffmpeg, in processes of its own
    try:
        coded = pool.map(functools.partial(_code, codec=codec, store=codec_cache.Store(cache)), samples)
        return list(tqdm(coded, total=len(samples), unit="clip", desc=codec.title, disable=not progress))
    finally:
        pool.shutdown(cancel_futures=True)


def code_clip(clip: Clip, codec: Codec, cache: Path | None = None) -> Clip:
    """The clip after the codec; raises CodecError where its sample rate is not the codec's. See code."""
    if clip.sample_rate != codec.sample_rate:
        raise CodecError(
            f"'{clip.title}' has {clip.sample_rate} Hz, the codec {codec.sample_rate} Hz. Resample the clip "
            "(clips.resample), or make the codec with that sample rate."
        )
    coded = code(clip.waveform, codec, cache)
    step = f"coded with {codec.title} ({coded.kilobits_per_second:.2f} kb/s as written; {version()}) and decoded"
    return clip.with_waveform(coded.waveform, step, title=f"{clip.title}, {codec.title}")


def cutoff(codec: Codec) -> float:
    """The effective cut-off (Hz): above it, white noise comes back at least 50 dB weaker than low frequencies.

    Measured on 30 s of the same noise each time; half the sample rate where the codec cuts off nothing.
    """
    from scipy.signal import welch

    noise = np.random.default_rng(0).normal(0, 0.1, 30 * codec.sample_rate)
    coded = code(torch.from_numpy(noise.astype(np.float32)), codec).waveform.double().numpy()
    frequency, before = welch(noise, codec.sample_rate, nperseg=1024)
    response = 10 * np.log10(np.maximum(welch(coded, codec.sample_rate, nperseg=1024)[1], 1e-30) / before)
    low = response[(frequency >= 300) & (frequency <= 1000)].mean()
    (passed,) = np.nonzero(response[:-1] > low - 50)
    return float(frequency[passed[-1] + 1])


def _samples(waveform: torch.Tensor, what: str) -> np.ndarray:
    """The 16-bit samples that are really encoded, int16 [time]."""
    if not isinstance(waveform, torch.Tensor) or not waveform.is_floating_point() or waveform.ndim != 1:
        found = f"{waveform.dtype} {list(waveform.shape)}" if isinstance(waveform, torch.Tensor) else type(waveform)
        raise CodecError(f"{what}: wanted a float tensor [time] (mono), found {found}. Average the channels first.")
    samples = waveform.detach().cpu().double().numpy()
    if samples.size == 0:
        raise CodecError(f"{what} holds 0 samples.")
    if not np.isfinite(samples).all():
        raise CodecError(f"{what} holds NaN or infinity.")
    peak = float(np.abs(samples).max())
    if peak > 1 + 0.5 / FULL_SCALE:
        raise CodecError(
            f"{what}: the largest magnitude is {peak:.6g}; over full scale (1) the encoder's 16-bit input would "
            "clip. Scale the sound first and say so."
        )
    return np.clip(np.round(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")


def _code(samples: np.ndarray, codec: Codec, store: codec_cache.Store) -> Coded:
    program, kind = ffmpeg.program(), KINDS[codec.name]
    padded = max(len(samples) + kind.flush, math.ceil(SHORTEST * codec.sample_rate))
    content = np.pad(samples, (0, padded - len(samples))).tobytes()
    key = codec_cache.key(content, " ".join(_encoding(codec)), _build(program))
    kept = store.get(key)
    stream = kept or ffmpeg.run(program, _encoding(codec), content)
    waveform = _decode(program, codec, stream, len(samples))
    if kept is None:  # only what could be decoded is worth keeping
        store.put(key, stream)
    return Coded(torch.from_numpy(waveform), 8 * kind.audio_bytes(stream), codec.sample_rate)


def _encoding(codec: Codec) -> list[str]:
    """ffmpeg's arguments that turn 16-bit samples into the stream; bitexact leaves out random numbers and dates."""
    kind = KINDS[codec.name]
    source = ["-f", "s16le", "-ar", str(codec.sample_rate), "-ac", "1", "-i", "pipe:0"]
    target = ["-c:a", kind.encoder, "-b:a", str(round(1000 * codec.kilobits)), *kind.options]
    return [*source, *target, "-bitexact", "-map_metadata", "-1", "-f", kind.container, "pipe:1"]


def _decode(program: Path, codec: Codec, stream: bytes, length: int) -> np.ndarray:
    """The decoded stream without its delay, float32 [length]."""
    kind = KINDS[codec.name]
    target = ["-c:a", "pcm_f32le", "-ar", str(codec.sample_rate), "-ac", "1", "-f", "f32le", "pipe:1"]
    written = ffmpeg.run(program, ["-f", kind.demuxer, "-i", "pipe:0", *target], stream)
    decoded = np.frombuffer(written, "<f4", len(written) // 4)[kind.delay : kind.delay + length]
    if len(decoded) < length:
        raise CodecError(f"{codec.title}: ffmpeg gave back {len(decoded)} of {length} samples.")
    return decoded.astype(np.float32)
