"""Figure 1: equal steps of noise and of missing band, and what measures say of them."""

import numpy as np
import pytest
import torch

from paper_code.audio.clips import Clip
from paper_code.jnd_loss import noise_or_band
from paper_code.jnd_loss.configs import NoiseOrBandConfig
from paper_code.jnd_loss.measurements import measurements
from paper_code.jnd_loss.measures import Measure, conventional, embeddings
from paper_code.jnd_loss.noise_or_band import NoiseOrBand

RATE = 24000


@pytest.fixture(scope="module")
def reference() -> Clip:
    return Clip(0.1 * torch.randn(RATE, generator=torch.Generator().manual_seed(3)), RATE, "noise")


def test_the_sounds_have_the_levels_and_the_bands_they_claim(reference):
    noisy, limited = noise_or_band.sounds(reference, steps=4)
    snr, cutoff = noise_or_band.levels(4)
    assert (snr[0], snr[-1], cutoff[0], cutoff[-1]) == pytest.approx((66, 2, 11000, 1000))
    assert np.ptp(np.diff(snr)) < 1e-9
    assert np.ptp(np.diff(np.log(cutoff))) < 1e-9
    for clip, decibels in zip(noisy, snr, strict=True):
        error = (clip.waveform - reference.waveform).double()
        ratio = 10 * np.log10(float(reference.waveform.double().square().sum() / error.square().sum()))
        assert ratio == pytest.approx(decibels, abs=0.1)
    for clip, hertz in zip(limited, cutoff, strict=True):
        spectrum = np.abs(np.fft.rfft(clip.waveform.double().numpy() * np.hanning(RATE))) ** 2
        frequency = np.fft.rfftfreq(RATE, 1 / RATE)
        assert spectrum[frequency > hertz + 400].sum() < 1e-6 * spectrum.sum()
        assert spectrum[frequency < hertz].sum() > 0.9 * spectrum.sum()


def test_measures_are_asked_of_both(reference):
    mse = conventional()["mse"]
    found = noise_or_band.compare({"mse": mse, **embeddings()}, reference, steps=3)
    assert list(found.noise) == list(found.band) == ["mse"]
    power = float(reference.waveform.square().mean())
    assert found.noise["mse"] == pytest.approx(power * 10 ** (-found.snr / 10), rel=1e-3)
    lost = 1 - found.cutoff / (RATE / 2)  # white sound loses power in proportion to the band
    assert found.band["mse"] == pytest.approx(power * lost, rel=0.1)
    assert found.equal_noise("mse")[0] == pytest.approx(-10 * np.log10(lost[0]), abs=0.5)


def test_who_is_nearer_and_which_noise_is_equal():
    snr, cutoff = np.array([60.0, 40.0, 20.0]), np.array([8000.0, 4000.0, 2000.0])
    found = NoiseOrBand(snr, cutoff, {"m": np.array([1.0, 4.0, 3.0])}, {"m": np.array([0.5, 2.0, 9.0])})
    assert found.nearer("m").tolist() == [[-1, 1, 1], [-1, -1, 1], [-1, -1, 1]]
    assert found.equal_noise("m").tolist() == pytest.approx([np.inf, 50.0, -np.inf])
    quality = NoiseOrBand(snr, cutoff, {"q": np.array([-4.0, -3.0, -1.0])}, {"q": np.array([-5.0, -3.5, -3.0])})
    assert quality.equal_noise("q").tolist() == pytest.approx([np.inf, 50.0, 40.0])


def test_silence_and_too_low_a_rate_are_refused():
    with pytest.raises(ValueError, match="silence"):
        noise_or_band.sounds(Clip(torch.zeros(RATE), RATE, "silence"))
    with pytest.raises(ValueError, match="cut-off"):
        noise_or_band.sounds(Clip(torch.randn(RATE), 16000, "low"))


def test_a_measure_is_a_callable_of_two_waveforms_and_a_rate(reference):
    ones = Measure("one", "loss", lambda *_: 1.0)
    assert noise_or_band.compare({"one": ones}, reference, 2).nearer("one").tolist() == [[0, 0], [0, 0]]


def test_a_run_keeps_what_was_compared(without_pairs):
    result = without_pairs["noise_or_band"]
    found = noise_or_band.kept(result)
    mse = {"mse": conventional()["mse"]}
    again = noise_or_band.compare(mse, noise_or_band.utterance(synthetic=True), steps=3)
    np.testing.assert_allclose(found.noise["mse"], again.noise["mse"], rtol=1e-6)
    np.testing.assert_allclose(found.band["mse"], again.band["mse"], rtol=1e-6)
    assert found.cutoff.tolist() == again.cutoff.tolist()
    assert {"released_scratch", "pesq", "stoi", "log_spectral"} < set(found.noise)


def test_measurements_say_what_is_nearer(without_pairs):
    result = without_pairs["noise_or_band"]
    found, values = noise_or_band.kept(result), measurements([result])
    nearer = [found.noise["pesq"][step] < found.band["pesq"][step] for step in range(3)]
    assert values["noise nearer, pesq"] == [sum(nearer) / 3]
    sides = [
        {float(np.sign(found.band[name][step] - found.noise[name][step])) for name in found.noise} for step in range(3)
    ]
    assert values["measures at odds"] == [sum(len(side) > 1 for side in sides) / 3]


@pytest.mark.corpora("mushra_speech_codec")
def test_the_utterance_reaches_beyond_every_cut_off():
    clip = noise_or_band.utterance()
    assert clip.sample_rate / 2 > noise_or_band.CUTOFF[0]
    (source,) = noise_or_band.sources(NoiseOrBandConfig(profile="smoke", seed=0))
    assert source["origin"].endswith(noise_or_band.recording().path)
