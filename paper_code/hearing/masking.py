"""The global masking threshold of psychoacoustic model 1: what a sound hides, for every frame and frequency at once."""

import functools
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from paper_code.audio.loss import transformed
from paper_code.audio.signals import as_number, as_whole, require_choice
from paper_code.hearing.maskers import Maskers, SpectrumLines, find_maskers
from paper_code.hearing.sound_pressure import FULL_SCALE, WINDOWS, Window, decibels, frames_of, pressure_spectrum

SLOWEST, FASTEST = 8000, 48000  # Hz, sample rates the formulas are used for
LOUDEST = 4.0  # 12 dB over full scale; a larger sample is a mistake of scale
FRAMES_AT_ONCE = {"cpu": 256, "cuda": 8192}  # bounds the memory; on a CPU it keeps the work in the cache
NEPER = math.log(10.0) / 10.0  # 10^(x / 10) = exp(NEPER x)
NOTHING = -350.0  # dB, far under every threshold; exp() of it is quick, exp(-inf) is not


@dataclass(frozen=True)
class MaskingModel:
    """Psychoacoustic model 1 (MPEG-1, layer I form), on the scale of `sound_pressure`: full scale is 90.3 dB SPL.

    sample_rate: Hz, 8,000 to 48,000.   frame_length, hop_length: samples.   window: "hann" or "rectangular".
    tonal_windows: the neighbourhood above which a tone must stand goes by the line's "frequency", or by its "number"
        with the numbers meant for 44.1 kHz (frames of 512 only).
    noise_offset: noise maskers lie under their level by the offset for "noise", or by that for a "tone".
    absolute_shift: dB added to the absolute threshold where it joins the others.
    Raises ValueError on values that are none of these.
    Paper: Byun et al. 2021, section 3.1; Spanias et al. 2007, section 5.7. Chapter: masking_loss.
    """

    sample_rate: int = 16000
    frame_length: int = 512
    hop_length: int = 256
    window: Window = "hann"
    tonal_windows: Literal["frequency", "number"] = "frequency"
    noise_offset: Literal["noise", "tone"] = "noise"
    absolute_shift: float = 0.0

    def __post_init__(self) -> None:
        require_choice("window", self.window, WINDOWS)
        require_choice("tonal_windows", self.tonal_windows, ("frequency", "number"))
        require_choice("noise_offset", self.noise_offset, ("noise", "tone"))
        for name in ("sample_rate", "frame_length", "hop_length"):
            with suppress(ValueError):  # numpy's integers, and text; what is no number is refused by name below
                object.__setattr__(self, name, as_whole(name, getattr(self, name)))
        object.__setattr__(self, "absolute_shift", as_number("absolute_shift", self.absolute_shift))
        if not isinstance(self.sample_rate, int) or not SLOWEST <= self.sample_rate <= FASTEST:
            raise ValueError(f"sample_rate is {SLOWEST} to {FASTEST} Hz; found {self.sample_rate!r}. Resample first.")
        if not isinstance(self.frame_length, int) or self.frame_length % 2 or not 128 <= self.frame_length <= 4096:
            raise ValueError(f"frame_length is an even number from 128 to 4096; found {self.frame_length!r}.")
        if not isinstance(self.hop_length, int) or not 1 <= self.hop_length <= self.frame_length:
            raise ValueError(f"hop_length is 1 to {self.frame_length} samples; found {self.hop_length!r}.")
        if self.tonal_windows == "number" and self.frame_length != 512:
            raise ValueError("tonal_windows by number are those of a frame_length of 512.")

    @classmethod
    def laboratory_port(cls, **changes: Any) -> Self:
        """The settings of the code that the paper's laboratory published for another task.

        Rectangular window, tonal neighbourhoods by line number, one offset for all maskers, absolute threshold 3 dB
        lower. Its plain mistakes are left out: levels without the 1/512 of the spectrum, frequencies one line too
        high, and bands that share a line.
        """
        port = {
            "window": "rectangular",
            "tonal_windows": "number",
            "noise_offset": "tone",
            "absolute_shift": -3.0,
        }
        return cls(**port | changes)

    @property
    def lines(self) -> int:
        """Number of lines of a spectrum."""
        return self.frame_length // 2 + 1

    def frequency(self) -> np.ndarray:
        """Frequencies of the lines in Hz, [line]."""
        return np.arange(self.lines) * (self.sample_rate / self.frame_length)

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Complex spectra [..., frame, line] of a waveform [..., time], squared magnitude in SPL power. Differentiable.

        The last frame is filled up with zeros. Raises ValueError on a waveform shorter than a frame.
        """
        return pressure_spectrum(frames_of(waveform, self.frame_length, self.hop_length), self.window)

    @torch.no_grad()
    def threshold(self, power: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Global masking threshold as a power, of power spectra: both [..., frame, line]. Carries no gradient.

        power: best in float64, since a difference in its last digit can decide whether a line is a masker.
        dtype: torch.float32 or torch.float64, of the sum over the maskers and of the result.
        Raises ValueError on a wrong number of lines and on values that are negative or not finite.
        """
        if transformed():
            own = (
                self.sample_rate,
                self.frame_length,
                self.hop_length,
                self.window,
                self.tonal_windows,
                self.noise_offset,
            )
            return _threshold_in_a_graph(power, *own, self.absolute_shift, dtype == torch.float64)
        parts = [
            self._threshold_of(find_maskers(part, self._lines(part.device)), len(part), dtype)
            for part in self._parts(power)
        ]
        return torch.cat(parts).reshape(power.shape)

    @torch.no_grad()
    def maskers(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Powers of the tonal and of the noise maskers that count, [..., frame, line] in float64, else 0.

        power: [..., frame, line]; raises as `threshold` does. Carries no gradient.
        """
        placed = []
        for part in self._parts(power):
            found = find_maskers(part, self._lines(part.device))
            placed.append(part.new_zeros(2, *part.shape))
            placed[-1][(~found.tonal).long(), found.frame, found.line] = found.power
        tonal, noise = torch.cat(placed, dim=1).reshape(2, *power.shape)
        return tonal, noise

    def _parts(self, power: Tensor) -> Iterator[Tensor]:
        if power.ndim < 2 or power.numel() == 0 or power.shape[-1] != self.lines or not power.is_floating_point():
            found = f"{power.dtype} {tuple(power.shape)}"
            raise ValueError(f"Power spectra are floating-point [..., frame, {self.lines}]; found {found}.")
        if not torch.isfinite(power).all() or (power < 0).any():
            raise ValueError("Power spectra are finite and not negative; found NaN, infinity or a negative value.")
        at_once = FRAMES_AT_ONCE.get(power.device.type, 128)
        return (part.double() for part in power.reshape(-1, self.lines).split(at_once))

    def _lines(self, device: torch.device) -> SpectrumLines:
        return _spectrum_lines(self.sample_rate, self.frame_length, self.tonal_windows == "number", str(device))

    def _threshold_of(self, maskers: Maskers, frames: int, dtype: torch.dtype) -> Tensor:
        """Sum of the absolute threshold and of those of all maskers, [frame, line].

        All maskers of a frame get slots of one array, so that the sum has a fixed order on every device.
        """
        constant, slope, quiet = _spreading(self, str(maskers.power.device), dtype)
        count = torch.bincount(maskers.frame, minlength=frames)
        slots = int(count.max())
        slot = torch.arange(len(maskers.frame), device=count.device) - (count.cumsum(0) - count)[maskers.frame]
        row = torch.full((frames, slots), 2 * self.lines, device=count.device)
        row[maskers.frame, slot] = maskers.line + self.lines * (~maskers.tonal).long()
        level = torch.zeros(frames, slots, device=count.device, dtype=dtype)
        level[maskers.frame, slot] = decibels(maskers.power).to(dtype)
        shape = (frames, slots, self.lines)
        exponent = constant.index_select(0, row.view(-1)).view(shape)
        exponent.addcmul_(slope.index_select(0, row.view(-1)).view(shape), level.unsqueeze(-1))
        return exponent.exp_().sum(1).add_(quiet)


@torch.library.custom_op("perceptual_audio_losses::masking_threshold", mutates_args=())
def _threshold_in_a_graph(
    power: Tensor,
    sample_rate: int,
    frame_length: int,
    hop_length: int,
    window: str,
    tonal_windows: str,
    noise_offset: str,
    absolute_shift: float,
    double: bool,
) -> Tensor:
    """`MaskingModel.threshold` as one node of a graph: which lines are maskers depends on the values."""
    model = MaskingModel(sample_rate, frame_length, hop_length, window, tonal_windows, noise_offset, absolute_shift)
    return model.threshold(power, torch.float64 if double else torch.float32)


@_threshold_in_a_graph.register_fake
def _(power: Tensor, *options: Any) -> Tensor:
    return torch.empty_like(power, dtype=torch.float64 if options[-1] else torch.float32)


@_threshold_in_a_graph.register_vmap
def _(_: Any, in_dims: tuple[int | None, ...], power: Tensor, *options: Any) -> tuple[Tensor, int]:
    return _threshold_in_a_graph(power.movedim(in_dims[0], 0), *options), 0


@dataclass(frozen=True, eq=False)
class MaskingThreshold:
    """A masking threshold with all that a picture of it needs; levels in dB SPL.

    threshold, spectrum: [..., frame, line], of the masking threshold and of the sound.
    tonal, noise: [..., frame, line], levels of the maskers; NaN where there is none.
    absolute: [line], the absolute threshold.   frequency: [line] in Hz.   time: [frame], middle of a frame in s.
    """

    threshold: Tensor
    spectrum: Tensor
    tonal: Tensor
    noise: Tensor
    absolute: Tensor
    frequency: Tensor
    time: Tensor


def masking_threshold(waveform: Tensor, sample_rate: int = 16000, **options: Any) -> MaskingThreshold:
    """What a sound hides: its global masking threshold in every frame and at every frequency, with the maskers.

    waveform: [..., time], floating-point, in [-1, 1].   sample_rate: Hz, 8,000 to 48,000.
    options: those of `MaskingModel`, such as frame_length, hop_length and window.
    Raises ValueError on samples that are not finite or far over full scale, fewer samples than a frame, no samples,
    another type, and on rates and options that are not allowed. Silence gives the absolute threshold.
    Paper: Byun et al. 2021, section 3.1. Chapter: masking_loss.
    """
    model = MaskingModel(sample_rate=sample_rate, **options)
    require_waveform(waveform)
    dtype = torch.promote_types(waveform.dtype, torch.float32)
    power = model.spectrum(waveform.detach().double()).abs().square()
    tonal, noise = (torch.where(masker > 0, decibels(masker), torch.nan) for masker in model.maskers(power))
    lines = model._lines(power.device)
    middle = torch.arange(power.shape[-2], dtype=torch.float64) * model.hop_length + model.frame_length / 2
    levels = {
        "threshold": decibels(model.threshold(power, dtype)),
        "spectrum": decibels(power),
        "tonal": tonal,
        "noise": noise,
        "absolute": decibels(lines.audible),
        "frequency": torch.from_numpy(model.frequency()),
        "time": middle / sample_rate,
    }
    return MaskingThreshold(**{name: value.to(waveform.device, dtype) for name, value in levels.items()})


def require_waveform(waveform: Tensor) -> None:
    """Raises ValueError unless a waveform is floating-point [..., time], finite, not empty, and not far over 1."""
    if not isinstance(waveform, Tensor) or not waveform.is_floating_point():
        found = waveform.dtype if isinstance(waveform, Tensor) else type(waveform).__name__
        raise ValueError(f"A waveform is a floating-point tensor [..., time] in [-1, 1]; found {found}.")
    if waveform.ndim == 0 or waveform.numel() == 0:
        raise ValueError(f"A waveform needs samples, [..., time]; found the shape {tuple(waveform.shape)}.")
    if not torch.isfinite(waveform).all():
        raise ValueError("The waveform holds samples that are not finite (NaN or infinity).")
    peak = float(waveform.detach().abs().max())
    if peak > LOUDEST:
        raise ValueError(
            f"Samples lie in [-1, 1], full scale is {FULL_SCALE:.1f} dB SPL; found {peak:.4g}. "
            "Divide 16-bit samples by 32768."
        )


@functools.lru_cache(maxsize=16)
def _spectrum_lines(sample_rate: int, frame_length: int, by_number: bool, device: str) -> SpectrumLines:
    frequency = np.arange(frame_length // 2 + 1) * (sample_rate / frame_length)
    return SpectrumLines.of(frequency, by_number, torch.device(device))


@functools.lru_cache(maxsize=16)
def _spreading(model: MaskingModel, device: str, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Tables that turn a masker's level P into its threshold at every line, and the absolute threshold as a power.

    Every piece of the spreading function is constant + slope * P, so the power at line i of a masker in row m is
    exp(constant[m, i] + slope[m, i] P). Rows: tones at each line, noise at each line, and one that adds nothing.
    """
    lines = model._lines(torch.device(device))
    rate = lines.rate.cpu()
    away = rate.unsqueeze(0) - rate.unsqueeze(1)  # from the masker (row) up to the line it masks (column)
    below, above = away.clamp(-1, 0), (away - 1).clamp_min(0)
    constant = 6 * below + 17 * (away + 1).clamp_max(0) - 17 * away.clamp_min(0)
    slope = 1 + 0.4 * below + 0.15 * above
    outside = (away < -3) | (away >= 8)
    tone, noise = 0.275 * rate + 6.025, 0.175 * rate + 2.025
    offsets = (tone, noise if model.noise_offset == "noise" else tone)
    curves = [(constant - offset.unsqueeze(1)).masked_fill(outside, NOTHING) for offset in offsets]
    slope = slope.masked_fill(outside, 0.0)
    nothing = torch.full_like(slope[:1], NOTHING)
    constants, slopes = torch.cat([*curves, nothing]), torch.cat([slope, slope, torch.zeros_like(nothing)])
    quiet = lines.audible * 10.0 ** (0.1 * model.absolute_shift)
    return tuple(
        (table.to(device) * scale).to(dtype) for table, scale in ((constants, NEPER), (slopes, NEPER), (quiet, 1))
    )
