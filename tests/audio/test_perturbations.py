"""Each perturbation has the strength it claims, measured another way."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch
from coding import own_cache, shared_cache  # noqa: F401  (fixtures are used by being there)
from measuring import RATE, noise, octave_levels, seeded, tone
from scipy import signal as scipy_signal

from paper_code.audio import perturbations
from paper_code.audio.perturbations.compression import at_rate
from paper_code.audio.resampling import by_soxr


def decibels(share: torch.Tensor | np.ndarray | float) -> np.ndarray:
    """Of an amplitude."""
    return 20 * np.log10(np.maximum(np.asarray(share), 1e-10))


def response(change: Callable[[torch.Tensor], torch.Tensor]) -> np.ndarray:
    """Gain (dB) at 0, 1, 2 ... 8000 Hz of a change that is a filter."""
    impulse = torch.zeros(RATE, dtype=torch.float64)
    impulse[RATE // 2] = 1.0
    return decibels(np.abs(np.fft.rfft(change(impulse).numpy())))


# ---- Level ----


@pytest.mark.parametrize("wanted", [-20.0, 0.0, 6.0])
def test_gain_is_in_decibels(wanted: float) -> None:
    louder = perturbations.gain(tone(440), wanted)
    assert decibels(louder.norm() / tone(440).norm()) == pytest.approx(wanted, abs=1e-4)


def test_clipping_cuts_at_its_level_and_nothing_else() -> None:
    waveforms = torch.stack([tone(440), 0.1 * tone(440)])
    clipped = perturbations.clip_peaks(waveforms, 6.0)
    assert decibels(clipped.abs().amax(-1) / waveforms.abs().amax(-1)) == pytest.approx(-6.0, abs=1e-4)
    below = waveforms.abs() < waveforms.abs().amax(-1, keepdim=True) * 10 ** (-6.1 / 20)
    assert torch.equal(clipped[below], waveforms[below])
    assert torch.equal(perturbations.clip_peaks(waveforms, 0.0), waveforms)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_mu_law_has_its_number_of_steps_even_on_its_scale(bits: int) -> None:
    ramp = torch.linspace(-1, 1, 100_001, dtype=torch.float64)
    steps = perturbations.mu_law(ramp, bits).unique().numpy()
    assert len(steps) == 2**bits
    mu = 2**bits - 1
    companded = np.sign(steps) * np.log1p(mu * np.abs(steps)) / np.log1p(mu)
    assert np.allclose(np.diff(companded), 2 / mu)
    assert (steps[0], steps[-1]) == (pytest.approx(-1), pytest.approx(1))


def test_mu_law_takes_the_nearest_step_and_more_bits_are_less_noise() -> None:
    ramp = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    squeeze = lambda x: torch.sign(x) * torch.log1p(255 * x.abs()) / math.log(256)  # noqa: E731
    assert (squeeze(perturbations.mu_law(ramp, 8)) - squeeze(ramp)).abs().max() <= 1 / 255 + 1e-9
    errors = [(perturbations.mu_law(tone(440), bits) - tone(440)).norm().item() for bits in (2, 4, 8, 12, 16)]
    assert errors == sorted(errors, reverse=True)
    again = perturbations.mu_law(perturbations.mu_law(tone(440), 8), 8)
    assert torch.equal(again, perturbations.mu_law(tone(440), 8))


# ---- Noise ----


@pytest.mark.parametrize("snr", [-10.0, 2.0, 66.0])
def test_noise_comes_at_its_ratio_in_each_waveform(snr: float) -> None:
    waveforms = torch.stack([tone(440), 0.01 * tone(440)]).double()
    added = perturbations.add_noise(waveforms, noise(2, RATE, dtype=torch.float64), snr) - waveforms
    ratio = 10 * torch.log10(waveforms.square().sum(-1) / added.square().sum(-1))
    assert ratio.numpy() == pytest.approx(snr, abs=0.1)


def test_recorded_noise_is_looped_or_cut_and_spread_over_a_batch() -> None:
    waveforms, short = noise(3, 1000), noise(300, seed=1)
    added = perturbations.add_noise(waveforms, short, 10.0) - waveforms
    assert torch.allclose(added[:, :300], added[:, 600:900], atol=1e-6)
    parallel = torch.cosine_similarity(added[:, :300], short.expand(3, -1))
    assert parallel.numpy() == pytest.approx(1.0, abs=1e-4)
    long = perturbations.add_noise(waveforms, torch.cat([short.repeat(4), noise(50, seed=2)]), 10.0)
    assert torch.allclose(long, waveforms + added, atol=1e-6)


def test_white_noise_is_gaussian_of_variance_one() -> None:
    drawn = perturbations.white_noise(torch.zeros(2, 50_000, dtype=torch.float64), seeded()).numpy()
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert (np.abs(drawn) < 1).mean() == pytest.approx(0.6827, abs=0.005)
    assert np.corrcoef(drawn)[0, 1] == pytest.approx(0, abs=0.02)
    assert np.ptp(octave_levels(torch.from_numpy(drawn[0]), 250, 4)) < 1


@pytest.mark.parametrize("slope", [-6.0, -3.0, 3.0])
def test_coloured_noise_has_its_slope(slope: float) -> None:
    drawn = perturbations.coloured_noise(torch.zeros(30 * RATE), slope, RATE, seeded())
    levels = octave_levels(drawn, 125, 5)
    assert np.polyfit(np.arange(5), levels, 1)[0] == pytest.approx(slope, abs=0.15)


def test_a_level_relative_to_another_sound() -> None:
    scaled = perturbations.at_level(noise(2, 999), torch.stack([tone(99)[:999], 3 * tone(99)[:999]]), -6.0)
    assert decibels(scaled.norm(dim=-1) / tone(99)[:999].norm()) == pytest.approx([-6.0, -6.0 + 9.5424], abs=1e-3)


@pytest.mark.parametrize("silent", ["waveform", "noise"])
def test_a_ratio_with_silence_is_refused(silent: str) -> None:
    sounds = {"waveform": noise(2, 100), "noise": noise(2, 100, seed=1)}
    sounds[silent][1] = 0.0
    with pytest.raises(ValueError, match="relative to silence is not defined"):
        perturbations.add_noise(sounds["waveform"], sounds["noise"], 10.0)


# ---- Spectrum ----


@pytest.mark.parametrize("cutoff", [1500, 3000, 5000])
def test_the_band_limit_passes_below_stops_above_and_has_no_delay(cutoff: int) -> None:
    impulse = torch.zeros(8001)
    impulse[4000] = 1.0
    limited = perturbations.limit_band(impulse, cutoff, RATE).double().numpy()
    assert np.allclose(limited, limited[::-1], atol=1e-9)  # zero phase: even around the impulse
    hertz, level = np.arange(8001.0), decibels(np.abs(np.fft.rfft(limited, RATE)))
    assert np.abs(level[hertz < cutoff - 150]).max() < 0.01
    assert level[hertz > cutoff + 150].max() < -75
    assert level[hertz > cutoff + 200].max() < -80
    assert level[cutoff] == pytest.approx(-6, abs=0.1)


def test_the_band_limit_goes_with_the_sample_rate() -> None:
    impulse = torch.zeros(48001, dtype=torch.float64)
    impulse[24000] = 1.0
    level = decibels(np.abs(np.fft.rfft(perturbations.limit_band(impulse, 9000, 48000).numpy(), 48000)))
    assert level[9000] == pytest.approx(-6, abs=0.1)
    assert level[9600:].max() < -80


def test_the_band_limit_of_short_sounds_and_silence() -> None:
    assert perturbations.limit_band(torch.ones(40), 3000, RATE).shape == (40,)  # shorter than the filter
    assert not perturbations.limit_band(torch.zeros(100), 3000, RATE).any()


def test_a_kept_band_keeps_its_tones_whole_and_no_other() -> None:
    low, middle, high = tone(300), tone(1000), tone(5000)
    kept = perturbations.keep_band(low + middle + high, 500, 2000, RATE)
    assert torch.allclose(kept, middle, atol=1e-5)
    whole = noise(999)
    assert torch.allclose(perturbations.keep_band(whole, 0, math.inf, RATE), whole, atol=1e-6)
    parts = [perturbations.keep_band(whole, *band, RATE) for band in ((0, 600), (600, 2000), (2000, 9000))]
    assert torch.allclose(sum(parts), whole, atol=1e-6)


@pytest.mark.parametrize("wanted", [-12.0, 3.0])
def test_an_equaliser_moves_its_band_alone(wanted: float) -> None:
    level = response(partial(perturbations.equalise, low=500, high=1000, decibels=wanted, sample_rate=RATE))
    assert level[500:1000] == pytest.approx(wanted, abs=1e-6)
    assert np.abs(np.delete(level, np.arange(500, 1000))).max() < 1e-6


@pytest.mark.parametrize("slope", [-6.0, 1.5, 6.0])
@pytest.mark.parametrize("odd", [0, 1])
def test_a_tilt_rises_so_much_an_octave_around_one_kilohertz(slope: float, odd: int) -> None:
    sound = noise(RATE + odd, dtype=torch.float64)
    spectra = [np.fft.rfft(part.numpy()) for part in (sound, perturbations.tilt(sound, slope, RATE, lowest=100))]
    gain = decibels(np.abs(spectra[1]) / np.abs(spectra[0]))
    hertz = np.fft.rfftfreq(RATE + odd, 1 / RATE)
    assert gain[1:] == pytest.approx(slope * np.log2(hertz[1:].clip(100) / 1000), abs=1e-6)


def test_a_tilt_of_noise_shows_in_its_octaves() -> None:
    levels = [octave_levels(sound, 125, 5) for sound in (noise(RATE), perturbations.tilt(noise(RATE), 4.0, RATE))]
    assert np.polyfit(np.arange(5), levels[1] - levels[0], 1)[0] == pytest.approx(4.0, abs=0.1)


# ---- Time ----


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.0, Fraction(10, 9), 2 ** (1 / 12), 2.0])
def test_speed_changes_length_and_pitch_together(speed: float) -> None:
    changed = perturbations.change_speed(tone(440, 2.0), speed)
    assert len(changed) == pytest.approx(2 * RATE / speed, rel=1e-4, abs=1)
    assert peak_hertz(changed) == pytest.approx(440 * speed, rel=2e-3)
    middle = slice(len(changed) // 4, 3 * len(changed) // 4)
    assert decibels(changed[middle].std() / tone(440).std()) == pytest.approx(0, abs=0.05)


def test_a_fraction_as_speed_is_exact() -> None:
    expected = scipy_signal.resample_poly(noise(2, 700).numpy(), 9, 10, axis=-1)
    assert np.array_equal(perturbations.change_speed(noise(2, 700), Fraction(10, 9)).numpy(), expected)


@pytest.mark.parametrize("semitones", [-12.0, -0.5, 0.0, 0.05, 3.0])
@pytest.mark.parametrize("rate", [RATE, 44100])
def test_pitch_changes_and_length_stays(semitones: float, rate: int) -> None:
    sound = tone(440, 1.0, rate)
    changed = perturbations.change_pitch(sound, semitones, rate)
    assert changed.shape == sound.shape
    assert peak_hertz(changed, rate) == pytest.approx(440 * 2 ** (semitones / 12), rel=1e-3)


@pytest.mark.parametrize("tempo", [0.5, 0.95, 1.0, 1.5])
def test_tempo_changes_length_and_pitch_stays(tempo: float) -> None:
    """A melody of two tones keeps its pitches, and its middle comes at the new time."""
    sound = torch.cat([tone(440), tone(660)]).expand(2, -1)
    changed = perturbations.change_tempo(sound, tempo, RATE)
    assert changed.shape == (2, math.ceil(2 * RATE / tempo))
    middle = round(RATE / tempo)
    assert peak_hertz(changed[0, : middle - 1000]) == pytest.approx(440, rel=3e-3)
    assert peak_hertz(changed[1, middle + 1000 :]) == pytest.approx(660, rel=3e-3)


def peak_hertz(waveform: torch.Tensor, rate: int = RATE) -> float:
    """Frequency of the strongest line, to a fraction of a hertz."""
    windowed = waveform.numpy() * np.hanning(len(waveform))
    return float(np.argmax(np.abs(np.fft.rfft(windowed, 8 * len(windowed)))) * rate / (8 * len(windowed)))


@pytest.mark.parametrize(("share", "seconds"), [(0.2, 0.02), (0.0001, 0.01), (0.15, 0.033), (1.0, 0.1), (0.0, 0.1)])
def test_dropouts_take_their_share_in_gaps_of_their_length(share: float, seconds: float) -> None:
    sound = 0.1 + noise(2, RATE).abs()
    dropped = perturbations.dropouts(sound, share, seconds, RATE, seeded())
    gaps = dropped == 0
    assert gaps.sum(-1).tolist() == [round(share * RATE)] * 2
    assert torch.equal(dropped[~gaps], sound[~gaps])
    whole, rest = divmod(round(share * RATE), round(seconds * RATE))
    for row in gaps:
        lengths = [len(run) for run in "".join("x" if gap else " " for gap in row.tolist()).split()]
        assert len(lengths) <= whole + (rest > 0)
        assert sum(length // round(seconds * RATE) for length in lengths) == whole  # gaps that meet are one run
    assert share in (0.0, 1.0) or not torch.equal(gaps[0], gaps[1])


def test_dropouts_fall_anywhere() -> None:
    sound = torch.ones(4000, 50)
    times = (perturbations.dropouts(sound, 0.1, 0.005, 1000, seeded()) == 0).float().mean(0)
    assert times.mean().item() == pytest.approx(0.1)
    assert times[10:-10].std() < 0.02  # a gap is 5 samples: near the ends fewer places hold it
    assert times.min() > 0.01


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.1, 1.0])
def test_pops_are_a_share_of_samples_at_the_extremes(share: float) -> None:
    sound = torch.stack([tone(440.3), 0.1 * tone(97.7)])
    popped = perturbations.pops(0.99 * sound, share, seeded())
    changed = popped != 0.99 * sound
    assert (changed.sum(-1) - round(share * RATE)).abs().max() <= 2 + share * 200  # a pop may fall on an extreme
    peaks = (0.99 * sound).abs().amax(-1, keepdim=True)
    assert torch.equal(popped.abs()[changed], peaks.expand_as(sound)[changed])
    if share == 0.1:
        assert (popped[changed] > 0).float().mean().item() == pytest.approx(0.5, abs=0.01)
        assert not torch.equal(changed[0], changed[1])


# ---- Reverberation ----


@pytest.mark.parametrize("seconds", [0.2, 0.6, 2.0])
def test_an_impulse_response_decays_by_60_decibels_in_its_time(seconds: float) -> None:
    made = perturbations.impulse_response(seconds, -20.0, RATE, seeded())
    tail = made[1:].square().flip(0).cumsum(0).flip(0)  # Schroeder's backward integral
    level = 10 * np.log10((tail / tail[0]).numpy())
    inside = (level <= -5) & (level >= -35)
    slope = np.polyfit(np.arange(len(level))[inside] / RATE, level[inside], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("ratio", [-27.0, 0.0, 65.0])
def test_an_impulse_response_has_its_direct_sound(ratio: float) -> None:
    made = perturbations.impulse_response(0.3, ratio, RATE, seeded())
    assert made[0] == 1
    assert 10 * torch.log10(made[0] ** 2 / made[1:].square().sum()).item() == pytest.approx(ratio, abs=1e-9)


def test_reverberation_is_a_convolution_cut_to_length() -> None:
    sounds, room = noise(2, 500), perturbations.impulse_response(0.05, 3.0, RATE, seeded(1))
    wet = perturbations.reverberate(sounds, room)
    assert wet[1].numpy() == pytest.approx(np.convolve(sounds[1].double(), room)[:500], abs=1e-6)
    assert torch.equal(perturbations.reverberate(sounds, torch.ones(1)), sounds)
    delayed = perturbations.reverberate(sounds, torch.tensor([0.0, 0.0, 0.5]))
    assert torch.allclose(delayed[:, 2:], 0.5 * sounds[:, :-2], atol=1e-7)


@pytest.mark.parametrize(("seconds", "ratio"), [(0.1, -5.0), (0.6, 0.0), (2.0, 20.0)])
def test_what_is_measured_of_an_impulse_response_is_what_it_was_made_with(seconds: float, ratio: float) -> None:
    made = perturbations.impulse_response(seconds, ratio, RATE, seeded())
    late = torch.nn.functional.pad(made, (300, 0))  # the direct sound need not be the first sample
    for one in (made, late, -0.1 * late):
        assert perturbations.measured_reverberation_time(one, RATE) == pytest.approx(seconds, rel=0.1)
        assert perturbations.measured_direct_to_reverberant(one, RATE) == pytest.approx(ratio, abs=1e-6)
    early = 10 * math.log10(made[:41].square().sum() / made[41:].square().sum())
    assert perturbations.measured_direct_to_reverberant(late, RATE, direct=0.0025) == pytest.approx(early, abs=1e-6)


def test_an_exact_decay_is_measured_exactly() -> None:
    seconds = torch.arange(RATE, dtype=torch.float64) / RATE
    made = torch.cat([torch.ones(1, dtype=torch.float64), 0.5 * 10 ** (-3 * seconds / 0.3)])
    assert perturbations.measured_reverberation_time(made, RATE) == pytest.approx(0.3, rel=1e-3)


def test_what_is_no_impulse_response_is_told() -> None:
    for measure in (perturbations.measured_reverberation_time, perturbations.measured_direct_to_reverberant):
        with pytest.raises(ValueError, match=r"impulse response is \[tap\]"):
            measure(torch.ones(2, 3), RATE)
        with pytest.raises(ValueError, match="Nothing follows the direct sound"):
            measure(torch.tensor([0.1, 1.0, 0.0]), RATE)
    with pytest.raises(ValueError, match="a tail that falls"):
        perturbations.measured_reverberation_time(torch.tensor([1.0, 0.5]), RATE)


# ---- Coding ----


@pytest.mark.parametrize(("asked", "rate", "has"), [(320, 16000, 160), (8, 16000, 8), (89, 16000, 96), (88, 44100, 80),
                                                    (8, 44100, 32), (320, 44100, 320), (11, 22050, 8)])  # fmt: skip
def test_the_nearest_rate_of_mp3(asked: float, rate: int, has: int) -> None:
    assert perturbations.nearest_mp3_rate(asked, rate) == has


def test_a_sound_over_full_scale_is_coded_softer_and_comes_back_as_loud() -> None:
    soft = perturbations.mp3(0.9 * tone(440) / 0.5, 64, RATE)
    loud = perturbations.mp3(9 * tone(440) / 0.5, 64, RATE)
    assert decibels(loud.norm() / soft.norm()) == pytest.approx(20, abs=0.05)


def test_compression_at_any_rate_needs_no_table_of_its_ratio():
    """24,414 Hz and 44.1 kHz have no simple ratio; each waveform is resampled as one alone is."""
    sounds = noise(2, 24414).reshape(2, 1, -1)
    there = at_rate(sounds, 24414, 44100)
    assert there.shape == (2, 1, 44100)
    assert torch.equal(there[1, 0], by_soxr(sounds[1, 0].double(), 24414, 44100).float())
