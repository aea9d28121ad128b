"""A sound that comes in pieces is resampled to the samples of the whole one."""

from collections.abc import Iterator

import numpy as np
import pytest
import soxr
import torch

from paper_code.audio import resampling

RATES = [(44100, 16000), (8000, 16000), (48000, 16000), (22050, 16000), (11025, 16000), (44099, 16000), (16001, 16000)]


def noise(samples: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(samples).uniform(-1, 1, samples))


def cut(waveform: torch.Tensor, length: int) -> Iterator[torch.Tensor]:
    """Pieces of one length, an empty one among them."""
    pieces = list(waveform.split(length))
    return iter([*pieces[:1], waveform[:0], *pieces[1:]])


@pytest.mark.parametrize(("old", "new"), RATES)
@pytest.mark.parametrize("samples", [1, 441, 1000, 9001])
def test_pieces_give_what_the_whole_gives(old: int, new: int, samples: int) -> None:
    sound = noise(samples)
    expected = resampling.whole(sound, old, new)
    assert len(expected) == -(-samples * new // old)
    for length in (7, 1000, 4096, samples):
        if samples // length > 1000:
            continue
        found = torch.cat([*resampling.in_pieces(cut(sound, length), old, new)])
        assert found.dtype == torch.float64
        assert len(found) == len(expected)
        assert (found - expected).abs().max() < 1e-14  # rounding of float64


def test_pieces_come_as_soon_as_they_can() -> None:
    """After each piece of 10,000 samples is given, all but what the filter reaches is there."""
    for old, most in ((44100, 900), (48000, 450), (44099, 2000)):
        given = made = 0

        def pieces() -> Iterator[torch.Tensor]:
            nonlocal given
            for piece in noise(100000).split(10000):
                given += len(piece)
                yield piece

        for piece in resampling.in_pieces(pieces(), old, 16000):
            made += len(piece)
            if given < 100000:
                assert given * 16000 / old - made < most


def test_soxr_in_pieces_is_soxr_at_once() -> None:
    sound = noise(30000)
    expected = soxr.resample(sound.numpy(), 44099, 16000, quality="VHQ")
    length = -(-30000 * 16000 // 44099)
    for found in (resampling.by_soxr(sound, 44099, 16000),
                  torch.cat([*resampling.in_pieces(sound.split(777), 44099, 16000)])):  # fmt: skip
        assert np.array_equal(found.numpy(), np.pad(expected, (0, 1))[:length])


def test_the_same_rate_changes_nothing() -> None:
    pieces = [noise(3), noise(5)]
    assert [*resampling.in_pieces(pieces, 16000, 16000)] == pieces
