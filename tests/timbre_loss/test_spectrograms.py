"""The paper's spectrogram and the way back."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import get_window

from paper_code.timbre_loss import spectrograms
from paper_code.timbre_loss.spectrograms import log_spectrogram, masked


def noise(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_three_seconds_are_257_by_298_cells():
    assert log_spectrogram(noise(2, 48000)).shape == (2, 257, 298)
    with pytest.raises(ValueError, match="480 samples"):
        log_spectrogram(noise(479))


def test_against_a_discrete_fourier_transform_written_out():
    wave = noise(2000).double()
    window = get_window("hann", 480)
    frame = wave.numpy()[160 * 5 : 160 * 5 + 480] * window
    wanted = np.array([np.sum(frame * np.exp(-2j * np.pi * k * np.arange(480) / 512)) for k in (0, 7, 100, 256)])
    found = spectrograms.spectra(wave)[[0, 7, 100, 256], 5].numpy()
    assert found == pytest.approx(wanted * 2 / window.sum(), abs=1e-9)


def test_a_sine_at_full_scale_is_at_0_db_and_silence_at_minus_100():
    time = torch.arange(16000) / 16000
    sine = torch.sin(2 * math.pi * 1000 * time)
    assert log_spectrogram(sine).amax(0).mean().item() == pytest.approx(0.0, abs=0.05)
    assert torch.all(log_spectrogram(torch.zeros(16000)) == -100)


def test_no_mask_gives_the_sound_back_and_a_constant_mask_a_gain():
    wave = noise(3, 48000)
    inside = slice(480, 47500)
    assert (masked(wave, torch.zeros(3, 257, 298)) - wave)[:, inside].abs().max() < 1e-5
    louder = masked(wave, torch.full((3, 257, 298), 6.0206))
    assert (louder - 2 * wave)[:, inside].abs().max() < 1e-4
    assert masked(wave[0], torch.zeros(257, 298)).shape == (48000,)


def test_a_fixed_mask_is_an_equaliser():
    """Far below its edge a low-pass mask changes nothing, far above it takes everything."""
    mask = torch.where(spectrograms.hertz_of_bins() < 3000, 0.0, -60.0)[:, None].expand(257, 298)
    wave = noise(48000)
    before, after = (torch.fft.rfft(x).abs().square() for x in (wave, masked(wave, mask)))
    hertz = torch.fft.rfftfreq(48000, 1 / 16000)
    low, high = hertz < 2800, hertz > 3300
    assert 10 * torch.log10(after[low].sum() / before[low].sum()).item() == pytest.approx(0, abs=0.15)
    assert 10 * torch.log10(after[high].sum() / before[high].sum()).item() < -35


def test_the_gradient_is_finite_at_silence():
    wave = torch.zeros(4800, requires_grad=True)
    log_spectrogram(wave).sum().backward()
    assert torch.isfinite(wave.grad).all()
