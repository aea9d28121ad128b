"""What every loss of the compendium asks of the signals it compares, and says when it does not get it."""

import torch
from torch import Tensor


def require_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Raises ValueError, naming the choices, where an option is none of them."""
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}; found {value!r}.")


def require_signals(estimate: Tensor, reference: Tensor, found_rate: int | None, sample_rate: int) -> None:
    """Raises ValueError unless both signals are finite, of one shape [..., time] and of the loss's sample rate (Hz).

    found_rate: what the caller says of the signals, or None.
    """
    if found_rate is not None and found_rate != sample_rate:
        raise ValueError(
            f"This loss is made for {sample_rate} Hz; the signals have {found_rate} Hz. Resample them, "
            f"or make the loss with sample_rate={found_rate}."
        )
    if estimate.shape != reference.shape:
        raise ValueError(
            "Estimate and reference need the same shape [..., time]; "
            f"found {tuple(estimate.shape)} and {tuple(reference.shape)}."
        )
    if estimate.ndim == 0 or estimate.shape[-1] == 0 or estimate.numel() == 0:
        raise ValueError(f"A signal needs at least one sample, [..., time]; found the shape {tuple(estimate.shape)}.")
    for name, signal in (("estimate", estimate), ("reference", reference)):
        if not signal.is_floating_point():
            raise ValueError(f"The {name} must hold floating-point samples in [-1, 1]; found {signal.dtype}.")
        if not torch.isfinite(signal).all():
            raise ValueError(f"The {name} holds samples that are not finite (NaN or infinity).")
