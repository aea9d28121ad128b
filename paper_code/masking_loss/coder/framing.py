"""Frames of the coder: 512 samples every 480, with half-sine edges of 32 samples at analysis and again at synthesis.

Where two frames overlap, sin^2 + cos^2 = 1: unchanged frames give the signal back.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

FRAME = 512  # samples
OVERLAP = 32
HOP = FRAME - OVERLAP


def window(dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Tensor:
    """The window [512]: a quarter of a sine up, ones, a quarter down. Paper: Byun et al. 2021, section 2.1."""
    steps = torch.arange(OVERLAP, dtype=torch.float64, device=device)
    rise = torch.sin(math.pi / 2 * (steps + 0.5) / OVERLAP)
    flat = torch.ones(FRAME - 2 * OVERLAP, dtype=torch.float64, device=device)
    return torch.cat([rise, flat, rise.flip(0)]).to(dtype)


def frames_needed(samples: int) -> int:
    """How many frames a signal takes whose every sample is to be complete in the sum; 0 for no samples."""
    return math.ceil((samples + OVERLAP) / HOP) if samples else 0


def run_length(frames: int) -> int:
    """Samples that a run of consecutive frames covers."""
    return HOP * frames + OVERLAP


def analysed(run: Tensor) -> Tensor:
    """Windowed frames [..., frame, 512] of a run of samples [..., time], which is 480 a frame and 32 more.

    Raises ValueError on another length. Paper: Byun et al. 2021, section 2.1. Chapter: masking_loss.
    """
    if run.shape[-1] < FRAME or (run.shape[-1] - OVERLAP) % HOP:
        raise ValueError(
            f"A run of frames has {HOP} samples a frame and {OVERLAP} more, at least {FRAME}; "
            f"found {run.shape[-1]} samples."
        )
    return run.unfold(-1, FRAME, HOP) * window(run.dtype, run.device)


def overlap_added(frames: Tensor, tail: Tensor | None = None) -> Tensor:
    """The sum [..., time] of frames [..., frame, 512] after the window; its first and last 32 samples stay tapered.

    tail: the last 32 samples [..., 32] of the sum of the frames before these, which complete the first 32.
    Raises ValueError on frames of another length. Paper: Byun et al. 2021, section 2.1. Chapter: masking_loss.
    """
    if frames.ndim < 2 or frames.shape[-1] != FRAME:
        raise ValueError(f"Wanted frames [..., frame, {FRAME}]; found {list(frames.shape)}.")
    windowed = frames * window(frames.dtype, frames.device)
    heads, tails = windowed.split([HOP, OVERLAP], dim=-1)
    first = torch.zeros_like(tails[..., 0, :]) if tail is None else tail
    before = torch.cat(
        [first.unsqueeze(-2), tails], dim=-2
    )  # what each, and one after the last, gets from the one before
    added = torch.cat([heads[..., :OVERLAP] + before[..., :-1, :], heads[..., OVERLAP:]], dim=-1)
    return torch.cat([added.flatten(-2), before[..., -1, :]], dim=-1)


def completed(run: Tensor) -> Tensor:
    """The part [..., time] of an overlap-added run, or of its reference, in which nothing is tapered.

    The run's first 32 samples are dropped, and at the end as many as leave frames of 512 every 480: one frame less
    than the run has. What a loss compares is then the signal as it will be heard, not tapered frames: exact
    time-domain reconstruction. Raises ValueError on a run of fewer than two frames.
    Paper: Byun et al. 2021, section 2.2, after Lee & Kang 2019. Chapter: masking_loss.
    """
    frames = (run.shape[-1] - OVERLAP) // HOP
    if frames < 2:
        raise ValueError(f"A run of at least 2 frames ({run_length(2)} samples) is needed; found {run.shape[-1]}.")
    return run[..., OVERLAP : OVERLAP + run_length(frames - 1)]


def split_signal(signal: Tensor) -> Tensor:
    """Windowed frames [..., frame, 512] of a whole signal [..., time] of any length, with zeros before and after it."""
    return torch.cat([*split_pieces([signal], frames_needed(signal.shape[-1]))], dim=-2)


def join_signal(frames: Tensor, samples: int) -> Tensor:
    """The signal [..., samples] that frames [..., frame, 512] made by `split_signal` add up to."""
    return torch.cat([*join_pieces([frames], samples)], dim=-1)


def split_pieces(pieces: Iterable[Tensor], at_once: int) -> Iterator[Tensor]:
    """Windowed frames [..., frame, 512] of a signal that comes in pieces [..., time], zeros before and after it.

    pieces: of any lengths, one sample or more in all.   at_once: how many frames come together; the last may be fewer.
    """
    waiting = None
    for piece in pieces:
        waiting = pad(piece, (OVERLAP, 0)) if waiting is None else torch.cat([waiting, piece], dim=-1)
        while waiting.shape[-1] >= run_length(at_once):
            yield analysed(waiting[..., : run_length(at_once)])
            waiting = waiting[..., HOP * at_once :]
    if waiting is not None:
        missing = run_length(math.ceil(waiting.shape[-1] / HOP)) - waiting.shape[-1]
        yield from analysed(pad(waiting, (0, missing))).split(at_once, dim=-2)


def join_pieces(parts: Iterable[Tensor], samples: int) -> Iterator[Tensor]:
    """The signal of so many samples, in pieces [..., time], that parts of its frames [..., frame, 512] add up to."""
    tail, left, skipped = None, samples, OVERLAP
    for frames in parts:
        added = overlap_added(frames, tail)
        piece, tail = added[..., skipped:-OVERLAP][..., :left], added[..., -OVERLAP:]
        yield piece
        left, skipped = left - piece.shape[-1], 0
