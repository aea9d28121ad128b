"""A clip: a mono waveform with its sample rate, its origin and the list of what was done to it."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from paper_code.audio import mixing, resampling
from paper_code.audio.errors import AudioError
from paper_code.audio.places import destination, expanded, short
from paper_code.audio.signals import require_tensors


@dataclass(frozen=True, eq=False)
class Clip:
    """A mono sound and where it comes from.

    waveform: float32 [time], nominally in [-1, 1].   sample_rate: Hz.   title: for people.
    licence, attribution: empty where the sound is not a recording made by others.
    origin: "<corpus>: <path>", "file: my.wav", "synthesiser: piano_like(seed=0)" or "network: ...".
    recipe: JSON-able {"file", "sha256", "steps"}; each step says in words and numbers what was done.

    Raises AudioError on a waveform that is not float32 [time] or a sample rate that is not positive.
    """

    waveform: torch.Tensor
    sample_rate: int
    title: str
    licence: str = ""
    attribution: str = ""
    origin: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    synthetic: bool = False

    def __post_init__(self) -> None:
        try:
            require_tensors(waveform=self.waveform)
        except ValueError as error:
            raise AudioError(f"'{self.title}': {error}") from None
        if self.waveform.ndim != 1 or self.waveform.dtype != torch.float32:
            found = f"{str(self.waveform.dtype).removeprefix('torch.')} {list(self.waveform.shape)}"
            raise AudioError(f"a clip holds float32 [time] (mono); '{self.title}' came with {found}")
        object.__setattr__(self, "sample_rate", _whole_rate(self.sample_rate, f"the sample rate of '{self.title}'"))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.waveform.shape[-1] / self.sample_rate

    def with_waveform(
        self, waveform: torch.Tensor, step: str, sample_rate: int | None = None, title: str | None = None
    ) -> Clip:
        """The same recording after one more step of processing.

        waveform: [time].   step: what was done, in words with numbers.   sample_rate: Hz, if it changed.
        """
        recipe = {**self.recipe, "steps": [*self.recipe.get("steps", []), step]}
        return replace(
            self,
            waveform=waveform.to(torch.float32),
            sample_rate=sample_rate or self.sample_rate,
            title=title or self.title,
            recipe=recipe,
        )


def _whole_rate(sample_rate: object, what: str) -> int:
    """A sample rate (Hz) as an int, numpy's integers included. Raises AudioError unless it is a whole number above 0."""
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, Integral) or sample_rate <= 0:
        raise AudioError(f"{what} must be positive and a whole number of Hz, not {sample_rate!r}")
    return int(sample_rate)


def read(
    path: str | os.PathLike[str],
    title: str | None = None,
    licence: str = "",
    attribution: str = "",
    origin: str | None = None,
) -> Clip:
    """Read a sound file of any format that libsndfile or ffmpeg knows; channels are averaged, the rate is kept.

    Silence is allowed here (see require_signal).
    Raises AudioError if the file is missing, a folder, not audio, truncated, empty, holds NaN or infinity or floats in
    the range of whole numbers, and where its channels cancel each other.
    """
    path = expanded(path)
    blocks = [*mixing.blocks(path)]
    return Clip(
        waveform=torch.from_numpy(np.concatenate([block.mono for block in blocks])),
        sample_rate=blocks[0].sample_rate,
        title=path.stem if title is None else title,
        licence=licence,
        attribution=attribution,
        origin=f"file: {path.name}" if origin is None else origin,
        recipe={"file": path.name, "sha256": _sha256(path), "steps": blocks[0].steps},
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_signal(clip: Clip) -> Clip:
    """The clip itself, if there is anything to hear in it; raises AudioError on digital silence."""
    if not clip.waveform.any():
        raise silence(clip.title, len(clip.waveform))
    return clip


def silence(title: str, samples: int) -> AudioError:
    """What to raise on a sound whose samples are all 0."""
    return AudioError(f"'{title}' is silent: {samples} samples, all 0. Choose another.")


def resample(clip: Clip, sample_rate: int) -> Clip:
    """The clip at another sample rate (Hz); unchanged if it has that rate. It has ceil(time * new / old) samples.

    See `resampling.whole`. Raises AudioError on a rate that is no whole number above 0.
    """
    sample_rate = _whole_rate(sample_rate, "the wanted sample rate")
    if sample_rate == clip.sample_rate:
        return clip
    waveform = resampling.whole(clip.waveform.double(), clip.sample_rate, sample_rate)
    return clip.with_waveform(waveform, resampling.step(clip.sample_rate, sample_rate), sample_rate=sample_rate)


def cut(clip: Clip, start: int, length: int) -> Clip:
    """`length` samples of the clip from sample `start`; raises AudioError where the clip is too short."""
    if start < 0 or length <= 0:
        raise AudioError(f"a cut needs start >= 0 and length > 0; asked: start {start}, length {length}")
    if start + length > len(clip.waveform):
        needed, found = (start + length) / clip.sample_rate, clip.seconds
        raise AudioError(
            f"'{clip.title}' is too short: needed {needed:.3f} s ({start + length} samples at "
            f"{clip.sample_rate} Hz), found {found:.3f} s ({len(clip.waveform)} samples). "
            "Choose a longer recording or an earlier start."
        )
    step = (
        f"cut: samples {start} to {start + length} "
        f"({length / clip.sample_rate:.3f} s from {start / clip.sample_rate:.3f} s)"
    )
    return clip.with_waveform(clip.waveform[start : start + length].clone(), step)


def cut_seconds(clip: Clip, start: float, seconds: float) -> Clip:
    """`seconds` of the clip from the time `start` (s), rounded to whole samples; see cut."""
    return cut(clip, round(start * clip.sample_rate), round(seconds * clip.sample_rate))


def normalise_peak(clip: Clip) -> Clip:
    """The clip divided by its largest magnitude; raises AudioError on silence."""
    peak = require_signal(clip).waveform.abs().max()
    return clip.with_waveform(clip.waveform / peak, f"divided by its largest magnitude, {peak.item():.6g}")


def write_flac(path: str | os.PathLike[str], waveform: torch.Tensor | np.ndarray, sample_rate: int) -> Path:
    """Write a mono waveform as 16-bit FLAC, whole or not at all.

    waveform: [time], finite, in [-1, 1] (half a 16-bit step over is taken as rounding).   sample_rate: Hz.
    Raises AudioError on samples a file cannot hold, OSError (naming the folder) if it cannot be written.
    """
    path = Path(path)
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu()
    samples = np.asarray(waveform, dtype=np.float64)
    if samples.ndim != 1 or samples.size == 0:
        raise AudioError(f"{path.name}: wanted a mono waveform [time], found shape {list(samples.shape)}")
    if not np.isfinite(samples).all():
        raise AudioError(f"{path.name}: the waveform holds NaN or infinity and was not written")
    peak = float(np.abs(samples).max())
    if peak > 1 + 0.5 / 32768:
        raise AudioError(
            f"{path.name}: the largest magnitude is {peak:.6g}; over full scale (1) it would clip, nothing "
            "was written. Scale the sound first and say so."
        )
    steps = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    encoded = io.BytesIO()
    soundfile.write(encoded, steps, sample_rate, format="FLAC", subtype="PCM_16")
    _write_whole(path, encoded.getvalue())
    return path


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name in its own folder; move it into place when it is complete."""
    temporary = None
    try:
        path = destination(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{short(path.name)}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot write {path.name} ({error.strerror}): the folder may be read-only or full, or the name no file's. "
            "Nothing was left there. Make room or choose another folder or name",
            str(path.parent),
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
