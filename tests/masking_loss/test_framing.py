"""Frames of the coder: a power-complementary window, exact reconstruction, and runs without tapered ends."""

import math

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder import framing
from paper_code.masking_loss.coder.framing import (
    FRAME,
    HOP,
    OVERLAP,
    analysed,
    completed,
    frames_needed,
    join_pieces,
    join_signal,
    overlap_added,
    run_length,
    split_pieces,
    split_signal,
    window,
)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _plain_overlap_add(frames: np.ndarray) -> np.ndarray:
    """One frame after the other, as written in a textbook."""
    taper = [math.sin(math.pi / 2 * (i + 0.5) / 32) for i in range(32)]
    shape = np.array(taper + [1.0] * 448 + taper[::-1])
    total = np.zeros(480 * len(frames) + 32)
    for number, frame in enumerate(frames):
        total[480 * number : 480 * number + 512] += shape * frame
    return total


def test_the_sizes_are_those_of_the_paper():
    assert (FRAME, OVERLAP, HOP) == (512, 32, 480)


def test_squared_windows_of_neighbours_add_up_to_one():
    shape = window(torch.float64)
    assert torch.allclose(shape[:OVERLAP].square() + shape[HOP:].square(), torch.ones(OVERLAP, dtype=torch.float64))
    assert (shape[OVERLAP:HOP] == 1).all()
    assert (shape[:OVERLAP].diff() > 0).all()
    assert torch.allclose(shape, shape.flip(0))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_overlap_add_is_that_of_a_loop(frames):
    given = _noise(3, frames, FRAME).double()
    found = overlap_added(given)
    for item, expected in zip(found, given, strict=True):
        assert np.allclose(item.numpy(), _plain_overlap_add(expected.numpy()), atol=1e-12)


def test_analysed_frames_are_cut_outs_times_the_window():
    run = _noise(2, run_length(3))
    for number, frame in enumerate(analysed(run).unbind(1)):
        assert torch.equal(frame, run[:, 480 * number : 480 * number + 512] * window())


@pytest.mark.parametrize("samples", [1, 31, 448, 449, 511, 512, 513, 929, 16000])
def test_unchanged_frames_give_a_signal_of_any_length_back(samples):
    signal = _noise(2, samples)
    frames = split_signal(signal)
    assert frames.shape == (2, frames_needed(samples), FRAME)
    assert (join_signal(frames, samples) - signal).abs().max() < 1e-6
    # one frame fewer would leave samples out, or tapered
    assert (frames.shape[1] - 1) * HOP < samples + OVERLAP <= frames.shape[1] * HOP


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_the_completed_part_of_a_run_is_exact_and_holds_one_frame_less(frames):
    run = _noise(2, run_length(frames))
    rebuilt = overlap_added(analysed(run))
    assert (rebuilt - run).abs().max() > 0.1  # its ends are tapered
    assert (completed(rebuilt) - completed(run)).abs().max() < 1e-6
    assert completed(run).shape[-1] == run_length(frames - 1)
    assert torch.equal(completed(run)[:, 0], run[:, 32])


def test_an_error_in_one_frame_reaches_only_that_frame():
    frames = analysed(_noise(run_length(5)))
    changed = frames.clone()
    changed[2] += 1
    difference = overlap_added(changed) - overlap_added(frames)
    assert torch.allclose(difference[960:1472], window(), atol=1e-6)
    assert not difference[:960].any()
    assert not difference[1472:].any()


def test_every_sample_of_a_frame_gets_the_gradient_of_its_window():
    frames = torch.zeros(4, FRAME, requires_grad=True)
    overlap_added(frames).sum().backward()
    assert torch.allclose(frames.grad, window().expand(4, FRAME))


def test_silence_stays_silence():
    assert not overlap_added(split_signal(torch.zeros(1000))).any()


@pytest.mark.parametrize("samples", [0, 32, 511, 513, 991])
def test_other_lengths_of_a_run_are_refused(samples):
    with pytest.raises(ValueError, match=f"480 samples a frame and 32 more, at least 512; found {samples}"):
        analysed(torch.zeros(samples))


def test_other_frames_are_refused():
    with pytest.raises(ValueError, match=r"\[\.\.\., frame, 512\]; found \[3, 256\]"):
        overlap_added(torch.zeros(3, 256))
    with pytest.raises(ValueError, match=r"found \[512\]"):
        overlap_added(torch.zeros(512))
    with pytest.raises(ValueError, match="at least 2 frames"):
        completed(torch.zeros(run_length(1)))


@pytest.mark.parametrize("samples", [1, 448, 449, 928, 929, 1920, 1960, 5000])
@pytest.mark.parametrize("length", [1, 300, 480, 5000])
def test_a_signal_in_pieces_has_the_frames_of_the_whole(samples, length):
    """Four frames at a time, and the signal comes back from them in pieces, to the last bit."""
    signal = _noise(2, samples)
    run = torch.nn.functional.pad(signal, (32, run_length(frames_needed(samples)) - 32 - samples))
    parts = [*split_pieces(signal.split(length, dim=-1), 4)]
    assert [part.shape[1] for part in parts[:-1]] == [4] * (len(parts) - 1)
    assert parts[-1].shape[1] <= 4
    assert torch.equal(torch.cat(parts, dim=1), analysed(run))
    expected = overlap_added(analysed(run))[:, 32 : 32 + samples]
    for given in (parts, analysed(run).split(1, dim=1), [analysed(run)]):
        assert torch.equal(torch.cat([*join_pieces(given, samples)], dim=-1), expected)


def test_no_samples_need_no_frames():
    assert framing.frames_needed(0) == 0
