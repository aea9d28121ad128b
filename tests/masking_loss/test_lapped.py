"""The transform inside the frames: against an MDCT written from its definition, and as an orthogonal transform."""

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder.framing import join_signal, split_signal, window
from paper_code.masking_loss.coder.lapped import LappedPath, lapped_transform

SIZES = [(32, 32), (120, 32), (120, 120), (48, 2), (96, 64), (480, 32)]  # block, overlap


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _through(path: LappedPath, signal: torch.Tensor) -> torch.Tensor:
    return join_signal(path.frames(path.codes(split_signal(signal))), len(signal))


def _tone(hertz: float, samples: int = 4000) -> torch.Tensor:
    return torch.from_numpy(np.sin(2 * np.pi * hertz * np.arange(samples) / 16000)).float()


def test_of_32_samples_it_is_an_mdct_of_the_whole_signal():
    """Blocks of 64 samples every 32, a sine window, and cosines that are even at its start and odd at its end."""
    signal = _noise(2000).double()
    frames = split_signal(signal)
    found = (frames @ lapped_transform(32, 32).T).numpy()
    padded = np.pad(signal.numpy(), (32, 480 * len(frames) - len(signal)))
    place, sine = np.arange(64), np.sin(np.pi / 64 * (np.arange(64) + 0.5))
    of_a_block = [18] + 14 * [17]  # 256 lines of 15 blocks
    ends = np.cumsum(of_a_block)
    for number, block in np.ndindex(len(frames), 15):
        first = 480 * number + 32 * block
        part = sine * padded[first : first + 64]
        for line in range(of_a_block[block]):
            expected = np.sqrt(2 / 32) * (part * np.cos(np.pi / 32 * (place - 16 + 0.5) * (line + 0.5))).sum()
            place_in_frame = ends[block] - of_a_block[block] + line
            assert found[number, place_in_frame] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("block", "overlap"), SIZES)
def test_rows_under_the_window_are_orthonormal_within_a_frame_and_to_the_next_frames(block, overlap):
    rows = lapped_transform(block, overlap)
    assert rows.shape == (256, 512)
    assert rows.dtype == torch.float64
    windowed = rows * window(torch.float64)
    assert torch.allclose(windowed @ windowed.T, torch.eye(256, dtype=torch.float64), atol=1e-12)
    assert (windowed[:, 480:] @ windowed[:, :32].T).abs().max() < 1e-12


@pytest.mark.parametrize(("block", "overlap"), SIZES)
def test_lines_rise_in_frequency_within_each_block(block, overlap):
    blocks = 480 // block
    least, more = divmod(256, blocks)
    spectra = torch.fft.rfft(lapped_transform(block, overlap), 8192).abs()
    middles = spectra.argmax(-1).split([least + (number < more) for number in range(blocks)])
    line = 8192 / (2 * block)  # bins of the long spectrum
    for middle in middles:
        expected = line * (torch.arange(len(middle)) + 0.5)
        assert (middle - expected).abs().max() < 0.75 * line


@pytest.mark.parametrize(("block", "overlap"), [(32, 32), (120, 32), (120, 120)])
def test_a_tone_in_the_kept_band_comes_back_and_one_above_it_does_not(block, overlap):
    path = LappedPath(block, overlap, normalised=False)
    low, high = _tone(1000), _tone(7000)
    error = _through(path, low) - low
    assert 10 * torch.log10(low.square().sum() / error.square().sum()) > 50
    assert 10 * torch.log10(high.square().sum() / _through(path, high).square().sum()) > 50


def test_what_came_through_once_comes_through_unchanged():
    """It projects: what it keeps of noise is kept whole, and is orthogonal to what it drops."""
    path = LappedPath(normalised=False)
    noise = torch.nn.functional.pad(_noise(3000), (480, 480))  # nothing is cut off at the ends
    kept = _through(path, noise)
    assert torch.allclose(_through(path, kept), kept, atol=1e-5)
    assert (kept @ (noise - kept)).abs() < 1e-5 * (kept @ kept)
    assert ((kept @ kept) / (noise @ noise)).item() == pytest.approx(256 / 480, abs=0.02)


def test_scale_multiplies_numbers_and_is_undone():
    path, frames = LappedPath(32, 32, normalised=False), _noise(2, 3, 512)
    plain = path.codes(frames)
    assert plain.shape == (2, 3, 256)
    back = path.frames(plain)
    path.scale.fill_(4.0)
    assert torch.equal(path.codes(frames), 4 * plain)
    assert torch.allclose(path.frames(4 * plain), back, atol=1e-6)


def test_what_a_file_holds_of_it():
    assert set(LappedPath(32, 32, normalised=False).state_dict()) == {"scale"}  # the rows are known
    assert {name.split(".")[0] for name in LappedPath().state_dict()} == {"scale", "normalisation"}


@pytest.mark.parametrize(
    ("block", "overlap"), [(0, 2), (-32, 32), (50, 32), (512, 32), (32, 0), (32, 34), (32, 31), (32, -2)]
)
def test_other_sizes_are_refused(block, overlap):
    with pytest.raises(ValueError, match=f"divides 480 and an even overlap up to it; found {block}, {overlap}"):
        lapped_transform(block, overlap)
