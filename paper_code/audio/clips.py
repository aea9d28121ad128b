"""A clip: a mono waveform with its sample rate, its origin and the list of what was done to it."""

from __future__ import annotations

import hashlib
import io
import math
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
from torchaudio.functional import resample as sinc_resample

from paper_code.audio import reading
from paper_code.audio.errors import AudioError
from paper_code.audio.places import destination, expanded, is_file, is_folder, short
from paper_code.audio.signals import require_tensors

# A long Kaiser-windowed sinc: its half-power point lies at 0.948 of the lower Nyquist frequency.
FILTER_WIDTH = 64
ROLLOFF = 0.9475937167399596
KAISER_BETA = 14.769656459379492
# Its table of filters grows with the product of both rates, in lowest terms: 16,001 to 16,000 Hz would need 8 GB.
LONGEST_RATIO = 1500
MOST_OVER_FULL_SCALE = 64.0  # a peak that a sound in floats may have by mistake of level, 36 dB over full scale
CANCELLED = 20.0  # dB that the mean of a file's channels may be softer than they are


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
    if is_folder(path):
        raise AudioError(f"wanted a sound file, found a folder: {path}. Name one file in it.")
    if not is_file(path):
        raise AudioError(f"there is no file {path}. Check the name; relative names start at {Path.cwd()}.")
    samples, sample_rate = reading.samples(path)
    _refuse_whole_numbers(path, samples)
    mono = samples.mean(axis=1, dtype=np.float32)
    steps = []
    if samples.shape[1] > 1:
        _refuse_cancelling(path, samples, mono)
        steps.append(f"{samples.shape[1]} channels averaged to mono")
    return Clip(
        waveform=torch.from_numpy(np.ascontiguousarray(mono)),
        sample_rate=sample_rate,
        title=path.stem if title is None else title,
        licence=licence,
        attribution=attribution,
        origin=f"file: {path.name}" if origin is None else origin,
        recipe={"file": path.name, "sha256": _sha256(path), "steps": steps},
    )


def _refuse_whole_numbers(path: Path, samples: np.ndarray) -> None:
    peak = float(np.abs(samples).max())
    if peak > MOST_OVER_FULL_SCALE:
        raise AudioError(
            f"{path} holds samples up to {peak:.6g}, and floats are wanted in [-1, 1]: it was probably written in the "
            "range of whole numbers. Divide it by full scale (32768 for 16 bits) and write it again."
        )


def _refuse_cancelling(path: Path, samples: np.ndarray, mono: np.ndarray) -> None:
    """The mean of channels that are unlike is 3 dB softer than they are; where it is far softer, one is inverted."""
    power, left = np.square(samples, dtype=np.float64).mean(), np.square(mono, dtype=np.float64).mean()
    if left < power * 10 ** (-CANCELLED / 10):
        softer = f"{10 * math.log10(power / left):.0f} dB softer" if left else "silent"
        raise AudioError(
            f"{path}: its {samples.shape[1]} channels cancel each other, their mean is {softer} than they are: one is "
            "inverted. Give one of them, or turn one over."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_signal(clip: Clip) -> Clip:
    """The clip itself, if there is anything to hear in it; raises AudioError on digital silence."""
    if not clip.waveform.any():
        raise AudioError(f"'{clip.title}' is silent: {len(clip.waveform)} samples, all 0. Choose another.")
    return clip


def resample(clip: Clip, sample_rate: int) -> Clip:
    """The clip at another sample rate (Hz); unchanged if it has that rate. It has ceil(time * new / old) samples.

    By a Kaiser-windowed sinc or, where the rates have no simple ratio, by soxr, which needs no table for it.
    Raises AudioError on a rate that is no whole number above 0.
    """
    sample_rate = _whole_rate(sample_rate, "the wanted sample rate")
    if sample_rate == clip.sample_rate:
        return clip
    method, filtering = (_by_sinc, SINC) if have_simple_ratio(clip.sample_rate, sample_rate) else (by_soxr, SOXR)
    step = f"resampled from {clip.sample_rate} to {sample_rate} Hz ({filtering})"
    waveform = method(clip.waveform.double(), clip.sample_rate, sample_rate)
    return clip.with_waveform(waveform, step, sample_rate=sample_rate)


SINC = f"Kaiser-windowed sinc, {FILTER_WIDTH} zero crossings a side, roll-off {ROLLOFF:.4f}"
SOXR = "soxr, very high quality"


def have_simple_ratio(old: int, new: int) -> bool:
    """Whether a table of filters for every phase between two sample rates (Hz) is small."""
    return max(old, new) // math.gcd(old, new) <= LONGEST_RATIO


def _by_sinc(waveform: torch.Tensor, old: int, new: int) -> torch.Tensor:
    return sinc_resample(
        waveform,
        old,
        new,
        lowpass_filter_width=FILTER_WIDTH,
        rolloff=ROLLOFF,
        resampling_method="sinc_interp_kaiser",
        beta=KAISER_BETA,
    )


def by_soxr(waveform: torch.Tensor, old: int, new: int) -> torch.Tensor:
    """A waveform [time] at another sample rate (Hz), whatever the ratio. Raises AudioError where soxr is missing."""
    try:
        import soxr  # here and not above: a bare machine, whose recordings have common rates, has none
    except ImportError as error:
        raise AudioError(f"from {old} to {new} Hz needs soxr: pip install soxr.") from error
    length = -(-len(waveform) * new // old)
    resampled = torch.from_numpy(soxr.resample(waveform.detach().cpu().numpy(), old, new, quality="VHQ"))[:length]
    return torch.nn.functional.pad(resampled, (0, length - len(resampled)))  # soxr rounds the length, by one at most


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
