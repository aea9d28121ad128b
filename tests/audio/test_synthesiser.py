"""The synthesiser: the same sound for the same seed, and in each sound what its name promises."""

import numpy as np
import pytest
import torch

from paper_code.audio import instruments, synthesiser
from paper_code.audio.clips import AudioError

KINDS = ("speech_like", "piano_like", "drum_kit", "pop_like", "bowed_string")
RATE = 16000


def samples(kind: str, seconds: float = 2.0, sample_rate: int = RATE, seed: int = 0, **more) -> np.ndarray:
    return getattr(synthesiser, kind)(seconds, sample_rate, seed, **more).waveform.numpy().astype(float)


def spectrum(signal: np.ndarray, sample_rate: int = RATE) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (Hz) and power of a whole signal under a Hann window."""
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    return np.fft.rfftfreq(len(signal), 1 / sample_rate), power


def level(signal: np.ndarray, low: float, high: float, sample_rate: int = RATE) -> float:
    """Mean power (dB) between two frequencies (Hz)."""
    hertz, power = spectrum(signal, sample_rate)
    return 10 * np.log10(power[(hertz >= low) & (hertz < high)].mean())


def frames(signal: np.ndarray, seconds: float = 0.01) -> np.ndarray:
    """Frames [number, time] side by side."""
    size = round(seconds * RATE)
    return signal[: len(signal) // size * size].reshape(-1, size)


def pitch_by_autocorrelation(signal: np.ndarray, low: float, high: float, sample_rate: int = RATE) -> float:
    """The pitch (Hz) at the highest peak of the unbiased autocorrelation, refined by a parabola."""
    full = np.fft.irfft(np.abs(np.fft.rfft(signal, 2 * len(signal))) ** 2)
    correlation = full[: len(signal)] / np.arange(len(signal), 0, -1)
    first, last = int(sample_rate / high), int(sample_rate / low)
    peak = first + int(np.argmax(correlation[first : last + 1]))
    before, here, after = correlation[peak - 1 : peak + 2]
    return sample_rate / (peak + 0.5 * (before - after) / (before - 2 * here + after))


# What all have in common


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_decides(kind):
    first = samples(kind, seed=3)
    np.random.seed(1)  # noqa: NPY002 (the global generator must not matter)
    torch.manual_seed(1)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    again = samples(kind, seed=3)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    other = samples(kind, seed=4)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seconds", "sample_rate"), [(8192 / 11025, 11025), (1.2345, 8000), (0.5, 44100)])
def test_length_peak_and_papers(kind, seconds, sample_rate):
    clip = getattr(synthesiser, kind)(seconds, sample_rate, 7)
    assert clip.waveform.shape == (round(seconds * sample_rate),)
    assert clip.waveform.dtype == torch.float32
    assert clip.waveform.abs().max().item() == pytest.approx(0.9, abs=1e-6)
    assert abs(clip.waveform[0]) < 0.1
    assert abs(clip.waveform[-1]) < 0.1
    assert clip.synthetic
    assert (clip.sample_rate, clip.licence) == (sample_rate, "")
    assert clip.origin == f"synthesiser: {kind}(seed=7)"
    assert "seed=7" in clip.recipe["steps"][0]
    assert clip.title.endswith("(synthesised)")


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_second_is_no_silence_and_has_no_gap_at_the_start(kind):
    signal = samples(kind, 0.743, 11025, seed=5)
    assert 20 * np.log10(signal.std()) > -26
    assert np.abs(signal[: round(0.25 * 11025)]).max() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_impossible_lengths_are_refused(kind):
    for seconds, sample_rate in ((0.0, RATE), (-1.0, RATE), (1e-6, RATE)):
        with pytest.raises(AudioError, match=f"{kind} needs at least one sample"):
            getattr(synthesiser, kind)(seconds, sample_rate, 0)
    assert len(samples(kind, 1 / RATE)) == 1


# Speech


@pytest.mark.parametrize("seed", range(4))
def test_speech_has_syllables_and_pauses(seed):
    power = 10 * np.log10((frames(samples("speech_like", 6.0, seed=seed), 0.02) ** 2).mean(axis=1) + 1e-12)
    loud = power > power.max() - 30
    assert 0.5 < loud.mean() < 0.95
    onsets = np.count_nonzero(np.diff(loud.astype(int)) == 1)
    assert 4 <= onsets <= 40
    quiet = np.diff(np.flatnonzero(np.concatenate([[True], loud, [True]]))) - 1
    assert quiet.max() * 0.02 > 0.1, "no pause of 0.1 s"


def test_speech_has_a_moving_pitch_and_high_noise_bursts():
    signal = samples("speech_like", 4.0, seed=1)
    pitches, ratios = [], []
    for frame in frames(signal, 0.04):
        if frame.std() < 0.02:
            continue
        low, high = level(frame, 80, 1500), level(frame, 4000, 7500)
        ratios.append(high - low)
        if high - low < -20:
            pitches.append(pitch_by_autocorrelation(frame, 70, 300))
    assert min(ratios) < -25, "no voiced frame"
    assert max(ratios) > -3, "no fricative"
    assert 80 < np.median(pitches) < 260
    assert np.std(pitches) > 2


def test_formants_stand_where_they_were_put():
    formants = np.repeat([[500.0], [1500], [2500], [3500], [4500], [5500], [6500], [7500]], 2 * RATE, axis=1)
    signal = instruments.voice(np.full(2 * RATE, 100.0), formants, RATE)
    hertz, power = spectrum(signal)
    harmonic = np.array([10 * np.log10(power[np.abs(hertz - 100 * k) < 3].max()) for k in range(1, 40)])
    for formant in (500, 1500, 2500, 3500):
        k = formant // 100 - 1
        assert harmonic[k] > max(harmonic[k - 3], harmonic[k + 3]) + 5
    between = [10 * np.log10(power[np.abs(hertz - 100 * k - 50) < 3].max()) for k in range(1, 40)]
    assert (harmonic - np.array(between)).min() > 40, "something between the harmonics"


def test_a_harmonic_that_rises_past_the_nyquist_frequency_fades_instead_of_folding():
    glide = np.concatenate([np.linspace(900, 2100, 8000), np.full(8000, 2100.0)])
    end = instruments.harmonics(glide, 8000, lambda hertz, k: np.ones(len(hertz), dtype=complex))[8400:]
    hertz, power = spectrum(end, 8000)
    others = power[np.abs(hertz - 2100) > 20]
    assert 10 * np.log10(others.max() / power.max()) < -80


# Piano


def test_a_piano_note_decays_and_its_partials_are_stretched():
    note = instruments.struck_string(np.random.default_rng(0), 57, 2.0, RATE)
    energy = (frames(note, 0.1) ** 2).mean(axis=1)
    assert (np.diff(10 * np.log10(energy)) < 0.5).all()
    assert 10 * np.log10(energy[-1] / energy[0]) < -15
    hertz, power = spectrum(note)
    stiffness = 3e-4 * (220 / 261.6) ** 1.2
    for k in (1, 5, 10):
        expected = k * 220 * np.sqrt(1 + stiffness * k**2)
        near = np.abs(hertz - expected) < 15
        assert hertz[near][np.argmax(power[near])] == pytest.approx(expected, abs=1.0)
    early, late = note[1600:8000], note[-6400:]
    assert level(late, 1500, 3000) - level(early, 1500, 3000) < level(late, 150, 700) - level(early, 150, 700) - 5


def test_the_piano_plays_several_notes():
    signal = samples("piano_like", 3.0, seed=2)
    energy = (frames(signal, 0.01) ** 2).mean(axis=1)
    rises = 10 * np.log10((energy[1:] + 1e-9) / (energy[:-1] + 1e-9))
    starts = np.flatnonzero(rises > 2) * 0.01
    separate = starts[np.concatenate([[True], np.diff(starts) > 0.1])]
    assert 6 <= len(separate) <= 15


# Drums


@pytest.mark.parametrize("seed", range(3))
def test_drums_have_sharp_onsets_on_a_grid(seed):
    energy = (frames(samples("drum_kit", 3.0, seed=seed), 0.005) ** 2).mean(axis=1)
    rises = 10 * np.log10((energy[1:] + 1e-7) / (energy[:-1] + 1e-7))
    onsets = np.flatnonzero(rises > 10) * 0.005
    onsets = onsets[np.concatenate([[True], np.diff(onsets) > 0.03])]
    assert len(onsets) >= 6
    steps = np.arange(0.11, 0.14, 0.0002)
    off_grid = [np.abs(onsets / step - np.round(onsets / step)).mean() for step in steps]
    assert min(off_grid) < 0.08  # chance: 0.25


def test_drums_span_the_spectrum():
    signal = samples("drum_kit", 3.0)
    assert level(signal, 40, 80) > level(signal, 500, 1000) + 15
    assert level(signal, 4000, 7500) > level(signal, 40, 80) - 35
    assert instruments.hi_hat(np.random.default_rng(0), RATE, 0.03).std() > 0
    hat = instruments.hi_hat(np.random.default_rng(0), 44100, 0.1)
    assert level(hat, 7000, 15000, 44100) > level(hat, 100, 2000, 44100) + 30


# Pop


def test_pop_has_bass_drums_and_a_voice_with_vibrato():
    signal = samples("pop_like", 4.0, seed=1)
    assert level(signal, 40, 160) > level(signal, 2000, 4000) + 10
    energy = (frames(signal, 0.005) ** 2).mean(axis=1)
    flux = np.diff(10 * np.log10(energy + 1e-6))
    assert np.count_nonzero(flux > 4) >= 5
    melody = [(0.0, 220.0)]
    voice = instruments.singer(np.random.default_rng(0), melody, 2 * RATE, RATE)
    contour = [pitch_by_autocorrelation(frame, 180, 260) for frame in frames(voice[RATE // 4 :], 0.03)]
    assert np.mean(contour) == pytest.approx(220, rel=0.01)
    assert np.ptp(contour) / 220 == pytest.approx(0.024, abs=0.008)


def test_the_singer_reaches_every_note():
    melody = [(0.0, 200.0), (0.5, 300.0), (1.0, 250.0)]
    voice = instruments.singer(np.random.default_rng(1), melody, round(1.5 * RATE), RATE)
    for start, hertz in melody:
        middle = voice[round((start + 0.1) * RATE) : round((start + 0.42) * RATE)]
        assert pitch_by_autocorrelation(middle, 150, 400) == pytest.approx(hertz, rel=0.015)


# Bowed string


@pytest.mark.parametrize("pitch", [65.4, 110.0, 146.8, 220.0, 440.0])
@pytest.mark.parametrize("sample_rate", [11025, 16000, 44100])
def test_the_bowed_string_has_its_pitch(pitch, sample_rate):
    signal = samples("bowed_string", 1.0, sample_rate, pitch=pitch)
    found = pitch_by_autocorrelation(signal, 0.6 * pitch, 1.6 * pitch, sample_rate)
    assert found == pytest.approx(pitch, rel=0.01)


def test_the_seed_chooses_a_cello_note_and_the_recipe_names_it():
    pitches = set()
    for seed in range(8):
        clip = synthesiser.bowed_string(0.5, RATE, seed)
        named = float(clip.recipe["steps"][0].split("pitch=")[1].split(",")[0])
        assert 65 < named < 200
        signal = clip.waveform.numpy().astype(float)
        assert pitch_by_autocorrelation(signal, 0.6 * named, 1.6 * named) == pytest.approx(named, rel=0.015)
        pitches.add(named)
    assert len(pitches) >= 4


def test_the_bowed_string_swells_keeps_on_and_has_harmonics_without_aliases():
    signal = samples("bowed_string", 2.0, pitch=1000.0)
    power = (frames(signal, 0.05) ** 2).mean(axis=1)
    assert power[0] < 0.3 * np.median(power)
    assert power[-1] < 0.5 * np.median(power)
    assert power[2:-2].min() > 0.2 * np.median(power)
    hertz, spectral = spectrum(signal)
    decibels = 10 * np.log10(spectral / spectral.max())
    for k in range(1, 8):
        assert decibels[np.abs(hertz - 1000 * k) < 30].max() > -55, k
    for k in range(7):
        assert decibels[np.abs(hertz - 1000 * k - 500) < 30].max() < -45, k


@pytest.mark.parametrize("pitch", [0.0, -100.0, 7300.0, 9000.0])
def test_a_pitch_that_cannot_be_played_is_refused(pitch):
    with pytest.raises(AudioError, match="cannot be played at 16000 Hz"):
        synthesiser.bowed_string(1.0, RATE, 0, pitch=pitch)
