"""The spectral gains against their formulas and an integral done by hand, the noise tracker, and signals in pieces."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from paper_code.audio import synthesiser
from paper_code.audio.perturbations.noise import add_noise
from paper_code.jnd_loss.enhancement import spectral
from paper_code.jnd_loss.enhancement.spectral import NoiseTracker, SpectralDenoiser, log_mmse_gain, wiener_gain
from paper_code.metrics.distortion import scale_invariant_snr


def _ones(a_priori, a_posteriori):
    return np.ones_like(a_posteriori)


def test_the_wiener_gain_is_the_share_of_the_speech():
    assert wiener_gain(np.array([0.0, 1.0, 3.0]), np.ones(3)) == pytest.approx([0.0, 0.5, 0.75])


@pytest.mark.parametrize("a_priori", [0.01, 0.5, 1.0, 20.0])
@pytest.mark.parametrize("a_posteriori", [0.05, 1.0, 9.0])
def test_the_log_mmse_gain_is_that_of_its_integral(a_priori, a_posteriori):
    v = a_priori * a_posteriori / (1 + a_priori)
    integral, _ = quad(lambda t: math.exp(-t) / t, v, math.inf)
    wanted = a_priori / (1 + a_priori) * math.exp(0.5 * integral)
    assert log_mmse_gain(np.array([a_priori]), np.array([a_posteriori]))[0] == pytest.approx(wanted, rel=1e-6)


def test_the_log_mmse_gain_becomes_the_wiener_gain_where_the_noise_is_weak():
    strong = np.array([1e3, 1e5])
    assert log_mmse_gain(strong, strong) == pytest.approx(wiener_gain(strong, strong), rel=1e-6)
    assert (log_mmse_gain(np.array([0.3]), np.array([1.0])) > wiener_gain(np.array([0.3]), np.array([1.0]))).all()


def test_a_gain_of_one_gives_the_signal_back():
    signal = np.random.default_rng(0).standard_normal(5000)
    stream = SpectralDenoiser(_ones)
    found = np.concatenate([stream.push(signal), stream.finish()])
    assert found == pytest.approx(signal, abs=1e-9)


@pytest.mark.parametrize("length", [1, 100, 384, 512, 2049])
def test_as_many_samples_come_out_as_go_in(length):
    noisy = torch.randn(length, generator=torch.Generator().manual_seed(length))
    assert spectral.denoise(noisy, "wiener").shape == noisy.shape


@pytest.mark.parametrize("method", spectral.GAINS)
def test_pieces_do_not_count(method):
    noisy = np.random.default_rng(1).standard_normal(9000)
    whole, parts = SpectralDenoiser(spectral.GAINS[method]), SpectralDenoiser(spectral.GAINS[method])
    once = np.concatenate([whole.push(noisy), whole.finish()])
    pieces = [parts.push(piece) for piece in np.split(noisy, [1000, 1001, 4000])]
    assert np.concatenate([*pieces, parts.finish()]) == pytest.approx(once, abs=1e-12)


def test_the_tracker_finds_the_power_of_steady_noise_and_follows_it_down():
    generator = np.random.default_rng(2)
    tracker = NoiseTracker()
    for power in [4.0] * 300 + [1.0] * 300:
        found = tracker(power * generator.exponential(size=spectral.FRAME // 2 + 1))
        if power == 4.0:
            steady = float(found.mean())
    # strong moments of the noise pass for speech now and then, so that it is found a little too weak: 1.1 dB
    assert 10 * math.log10(steady / 4.0) == pytest.approx(-1.1, abs=0.4)
    assert 10 * math.log10(float(found.mean())) == pytest.approx(-1.1, abs=0.4)


def test_speech_does_not_pass_for_noise():
    tracker, generator = NoiseTracker(), np.random.default_rng(3)
    for k in range(200):
        loud = 1000.0 if k % 20 > 14 else 1.0
        found = tracker(loud * generator.exponential(size=spectral.FRAME // 2 + 1))
    assert float(found.mean()) < 10


@pytest.mark.parametrize("method", spectral.GAINS)
def test_white_noise_on_speech_becomes_less(method):
    speech = synthesiser.speech_like(4.0, 16000, 0).waveform
    noise = torch.randn(len(speech), generator=torch.Generator().manual_seed(0))
    clean = torch.cat([torch.zeros(4000), speech])
    noisy = add_noise(clean, torch.cat([noise, noise[:4000]]), 3.0)
    gain = scale_invariant_snr(spectral.denoise(noisy, method), clean) - scale_invariant_snr(noisy, clean)
    assert float(gain) > 3
