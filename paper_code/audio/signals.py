"""What losses and perturbations ask of the signals and levels they are given, and say when they do not get it."""

import math
import re
from contextlib import suppress
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor


def as_whole(name: str, value: object) -> int:
    """A whole number as an int: numpy's integers too, and text that is one, as a command line or notebook may give it.

    Raises ValueError, naming it, for anything else: True and 2.0 are none.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value.strip()):
        return int(value)
    raise ValueError(f"{name} is a whole number; found {value!r}.")


def as_count(name: str, value: object) -> int:
    """A whole number of 1 or more, taken as `as_whole` takes it. Raises ValueError, naming it."""
    try:
        count = as_whole(name, value)
    except ValueError:
        count = 0
    if count < 1:
        raise ValueError(f"{name} is a whole number of 1 or more; found {value!r}.")
    return count


def as_number(name: str, value: object) -> float:
    """A finite number as a float: numpy's too, and text that is one. Raises ValueError, naming it, for anything else."""
    if isinstance(value, Real | str) and not isinstance(value, bool):
        with suppress(ValueError):
            if math.isfinite(number := float(value)):
                return number
    raise ValueError(f"{name} is a finite number; found {value!r}.")


def as_flag(name: str, value: object) -> bool:
    """True or False: numpy's too, and as text ("true", "False"). Raises ValueError, naming it, for anything else.

    Any other text would count as true.
    """
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise ValueError(f"{name} is True or False; found {value!r}.")


def require_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Raises ValueError, naming the choices, where an option is none of them."""
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}; found {value!r}.")


def require_within(name: str, value: float, low: float, high: float, ends: bool = True, whole: bool = False) -> None:
    """Raises ValueError unless a level lies from `low` to `high` (ends: both included) and is a whole number if asked."""
    inside = low <= value <= high if ends else low < value < high
    if not (inside and math.isfinite(value)) or (whole and value != int(value)):
        kind, bounds = ("a whole number " if whole else ""), (f"from {low:g} to {high:g}" if ends else "")
        raise ValueError(f"{name} wants {kind}{bounds or f'between {low:g} and {high:g}'}; found {value!r}.")


def require_finite(**levels: float) -> None:
    """Raises ValueError where a level, given by its name, is NaN or infinite."""
    for name, value in levels.items():
        if not math.isfinite(value):
            raise ValueError(f"{name.replace('_', ' ')} must be finite; found {value!r}.")


def require_tensors(**signals: object) -> None:
    """Raises ValueError, naming the one, where a signal is no torch tensor."""
    for name, signal in signals.items():
        if not isinstance(signal, Tensor):
            found = f"{type(signal).__module__}.{type(signal).__name__}".removeprefix("builtins.")
            raise ValueError(
                f"The {name} is wanted as a torch tensor [..., time]; found {found}. From numpy: "
                "torch.from_numpy(samples).float()."
            )


def require_waveforms(*waveforms: Tensor, finite: bool = True, **named: Tensor) -> None:
    """Raises ValueError unless each is floating-point [..., time] with a sample or more, all of them finite.

    finite: look whether they are.
    """
    for name, signal in (*(("waveform", waveform) for waveform in waveforms), *named.items()):
        require_tensors(**{name: signal})
        if signal.ndim == 0 or signal.numel() == 0:
            raise ValueError(f"A {name} needs at least one sample, [..., time]; found the shape {tuple(signal.shape)}.")
        if not signal.is_floating_point():
            raise ValueError(f"The {name} must hold floating-point samples in [-1, 1]; found {signal.dtype}.")
        if finite and not torch.isfinite(signal).all():
            raise ValueError(f"The {name} holds samples that are not finite (NaN or infinity).")


def require_signals(
    estimate: Tensor, reference: Tensor, found_rate: int | None, sample_rate: int, finite: bool = True
) -> None:
    """Raises ValueError unless both signals are finite, of one shape [..., time] and of the loss's sample rate (Hz).

    found_rate: what the caller says of the signals, or None.   finite: look whether they are.
    """
    if found_rate is not None and found_rate != sample_rate:
        raise ValueError(
            f"This loss is made for {sample_rate} Hz; the signals have {found_rate} Hz. Resample them, "
            f"or make the loss with sample_rate={found_rate}."
        )
    require_tensors(estimate=estimate, reference=reference)
    if estimate.shape != reference.shape:
        raise ValueError(
            "Estimate and reference need the same shape [..., time]; "
            f"found {tuple(estimate.shape)} and {tuple(reference.shape)}."
        )
    require_waveforms(estimate=estimate, reference=reference, finite=finite)
