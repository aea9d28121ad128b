"""Clips: what a reader may bring, what is refused and how, and what resampling and cutting do to a signal."""

import errno
import hashlib
import json
import resource
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from full_disk import FullDisk
from numpy.testing import assert_allclose

from paper_code.audio import clips, resampling
from paper_code.audio.clips import AudioError, Clip

RATE = 16000


def noise(length: int, seed: int = 0) -> np.ndarray:
    return 0.3 * np.random.default_rng(seed).uniform(-1, 1, length)


def clip_of(samples: np.ndarray, sample_rate: int = RATE) -> Clip:
    return Clip(torch.from_numpy(samples.astype(np.float32)), sample_rate, "test")


def sine(hertz: float, sample_rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * sample_rate)) / sample_rate)


# Reading


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_16", 2**-15),
        ("a.flac", "PCM_16", 2**-15),
        ("a.wav", "FLOAT", 1e-7),
        ("a.aiff", "PCM_24", 1e-6),
    ],
)
def test_read_gives_back_what_was_written(tmp_path, name, subtype, tolerance):
    samples = noise(4410)
    soundfile.write(tmp_path / name, samples, 44100, subtype=subtype)
    clip = clips.read(tmp_path / name)
    assert_allclose(clip.waveform.numpy(), samples, atol=tolerance)
    assert (clip.sample_rate, clip.seconds, clip.waveform.dtype) == (44100, 0.1, torch.float32)


@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III")])
def test_read_lossy_formats(tmp_path, name, subtype):
    tone = 0.5 * sine(440, 44100)
    soundfile.write(tmp_path / name, tone, 44100, subtype=subtype)
    waveform = clips.read(tmp_path / name).waveform.numpy()
    spectrum = np.abs(np.fft.rfft(waveform))
    assert abs(np.argmax(spectrum) * 44100 / len(waveform) - 440) < 2
    assert_allclose(waveform.std(), tone.std(), rtol=0.05)


def test_read_averages_channels_and_says_so(tmp_path):
    left, right = noise(1000, 1), noise(1000, 2)
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    clip = clips.read(tmp_path / "stereo.wav")
    assert_allclose(clip.waveform.numpy(), (left + right) / 2, atol=1e-7)
    assert clip.recipe["steps"] == ["2 channels averaged to mono"]


def test_read_keeps_the_rate_and_records_the_file(tmp_path):
    path = tmp_path / "my own.wav"
    soundfile.write(path, noise(441), 44100)
    clip = clips.read(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert clip.sample_rate == 44100
    assert clip.recipe == {"file": "my own.wav", "sha256": digest, "steps": []}
    assert (clip.title, clip.origin, clip.licence) == ("my own", "file: my own.wav", "")
    named = clips.read(path, title="T", licence="CC0 1.0", attribution="A", origin="corpus: x")
    assert (named.title, named.licence, named.attribution, named.origin) == ("T", "CC0 1.0", "A", "corpus: x")


def test_read_refuses_what_is_not_there(tmp_path):
    with pytest.raises(AudioError, match=r"no file .*absent\.wav"):
        clips.read(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="found a folder"):
        clips.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello, I am a text\n" * 50, b"RIFF\x00\x00\x00\x00WAVE"])
def test_read_refuses_what_is_not_audio(tmp_path, content):
    (tmp_path / "notes.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"notes\.wav cannot be read as sound.*not audio"):
        clips.read(tmp_path / "notes.wav")


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.flac", "PCM_16"),
        ("a.wav", "PCM_16"),
        ("a.wav", "FLOAT"),
        ("a.aiff", "PCM_16"),
        ("a.mp3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("part", [0.3, 0.7])
def test_read_refuses_a_truncated_file(tmp_path, name, subtype, part):
    soundfile.write(tmp_path / name, noise(44100), 44100, subtype=subtype)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(AudioError, match=r"truncated|damaged"):
        clips.read(tmp_path / name)


def test_read_takes_a_streamed_wav_whose_size_was_never_filled_in(tmp_path):
    soundfile.write(tmp_path / "stream.wav", noise(1000), RATE, subtype="PCM_16")
    content = bytearray((tmp_path / "stream.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "stream.wav").write_bytes(content)
    assert len(clips.read(tmp_path / "stream.wav").waveform) == 1000


def test_read_refuses_no_samples_and_bad_samples(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(AudioError, match="0 samples"):
        clips.read(tmp_path / "empty.wav")
    for value in (np.nan, np.inf):
        samples = noise(100)
        samples[7] = value
        soundfile.write(tmp_path / "bad.wav", samples, RATE, subtype="FLOAT")
        with pytest.raises(AudioError, match="1 samples that are NaN or infinite"):
            clips.read(tmp_path / "bad.wav")


def test_silence_is_read_but_is_no_signal(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(100), RATE)
    clip = clips.read(tmp_path / "silence.wav")
    assert not clip.waveform.any()
    with pytest.raises(AudioError, match="'silence' is silent"):
        clips.require_signal(clip)
    loud = clip_of(noise(100))
    assert clips.require_signal(loud) is loud


# The clip


def test_a_clip_is_mono_float32_with_a_rate():
    with pytest.raises(AudioError, match=r"float32 \[2, 10\]"):
        Clip(torch.zeros(2, 10), RATE, "stereo")
    with pytest.raises(AudioError, match="float64"):
        Clip(torch.zeros(10, dtype=torch.float64), RATE, "double")
    for found in (np.zeros(10, np.float32), [0.0]):
        with pytest.raises(AudioError, match=r"'array': The waveform is wanted as a torch tensor.*from_numpy"):
            Clip(found, RATE, "array")
    with pytest.raises(AudioError, match="sample rate"):
        Clip(torch.zeros(10), 0, "no rate")


def test_steps_are_appended_and_the_original_stays():
    first = clip_of(noise(800))
    second = first.with_waveform(first.waveform * 2, "twice as loud")
    third = second.with_waveform(second.waveform[::2], "every other sample", sample_rate=8000, title="thin")
    assert "steps" not in first.recipe
    assert second.recipe["steps"] == ["twice as loud"]
    assert third.recipe["steps"] == ["twice as loud", "every other sample"]
    assert (third.sample_rate, third.title, third.seconds) == (8000, "thin", 0.05)
    assert json.loads(json.dumps(third.recipe)) == third.recipe


# Resampling


@pytest.mark.parametrize(
    ("old", "new"), [(44100, 11025), (48000, 11025), (16000, 44100), (24000, 16000), (16000, 8000)]
)
def test_resampled_sine_is_the_sine_at_the_new_rate(old, new):
    hertz = 0.35 * min(old, new) + 0.1  # 70 % of the lower Nyquist frequency
    result = clips.resample(clip_of(sine(hertz, old), old), new)
    expected = sine(hertz, new)
    assert result.sample_rate == new
    assert len(result.waveform) == int(np.ceil(0.5 * old * new / old))
    inner = slice(len(expected) // 5, -len(expected) // 5)  # the filter runs over the ends
    assert_allclose(result.waveform.numpy()[: len(expected)][inner], expected[inner], atol=2e-5)


@pytest.mark.parametrize("hertz", [5600.0, 6000.0, 8000.0, 11025.0, 15000.0])
def test_resampling_rejects_what_would_alias(hertz):
    result = clips.resample(clip_of(sine(hertz, 44100), 44100), 11025).waveform.numpy()
    inner = result[len(result) // 5 : -len(result) // 5]
    assert 20 * np.log10(np.abs(inner).max()) < -90


def test_resampling_states_its_filter_and_does_nothing_at_the_same_rate():
    clip = clip_of(noise(441), 44100)
    assert clips.resample(clip, 44100) is clip
    (step,) = clips.resample(clip, 11025).recipe["steps"]
    assert step == (
        "resampled from 44100 to 11025 Hz (Kaiser-windowed sinc, 64 zero crossings a side, roll-off 0.9476)"
    )
    with pytest.raises(AudioError, match="positive"):
        clips.resample(clip, 0)


@pytest.mark.parametrize(
    ("old", "new"), [(24414, 16000), (16001, 16000), (44099, 44100), (192001, 16000), (16000, 191999)]
)
def test_rates_without_a_simple_ratio_cost_no_more_than_others(old, new):
    """The value of a sine, by soxr; a table of the windowed sinc took 28 s and 3.2 GB for the first pair."""
    hertz = 0.35 * min(old, new) + 0.1
    sound, expected = clip_of(sine(hertz, old, 1.0), old), sine(hertz, new, 1.0)
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = clips.resample(sound, new)
    assert time.process_time() - begun < 1.0
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 200  # MB; Linux counts in KiB
    inner = slice(len(expected) // 5, -len(expected) // 5)
    assert_allclose(result.waveform.numpy()[inner], expected[inner], atol=2e-4)
    assert result.recipe["steps"] == [f"resampled from {old} to {new} Hz (soxr, very high quality)"]


def test_both_ways_of_resampling_agree():
    """On one sound, low-passed noise, at a ratio that either takes: alias, delay, gain and length are the same."""
    sound = torch.from_numpy(np.convolve(noise(16000), np.hanning(9) / 4, "same"))
    one, other = (way(sound, 16000, 22050).numpy() for way in (resampling.by_soxr, resampling.by_sinc))
    assert len(one) == len(other) == 22050
    assert np.abs(one - other)[500:-500].max() < 2e-3 * np.abs(one).max()


@pytest.mark.parametrize("length", [1, 2, 1001, 16001])
def test_the_length_is_that_of_the_time(length):
    for old, new in ((24414, 16000), (16001, 16000), (44100, 16000)):
        assert len(clips.resample(clip_of(noise(length), old), new).waveform) == -(-length * new // old)


@pytest.mark.parametrize("rate", [0, -1, 16000.5, True, "16000", None])
def test_a_rate_is_a_whole_number_of_numpy_too(rate):
    clip = clip_of(noise(441), np.int64(44100))
    assert type(clip.sample_rate) is int
    assert clips.resample(clip, np.int32(11025)).sample_rate == 11025
    with pytest.raises(AudioError, match="must be positive and a whole number of Hz"):
        clips.resample(clip, rate)
    with pytest.raises(AudioError, match="must be positive and a whole number of Hz"):
        clip_of(noise(10), rate)


# Cutting and levels


def test_cut_takes_the_samples_and_no_view():
    clip = clip_of(noise(1000))
    part = clips.cut(clip, 100, 300)
    assert torch.equal(part.waveform, clip.waveform[100:400])
    part.waveform.zero_()
    assert clip.waveform[100:400].any()
    assert part.recipe["steps"] == ["cut: samples 100 to 400 (0.019 s from 0.006 s)"]
    assert torch.equal(clips.cut_seconds(clip, 0.01, 0.02).waveform, clip.waveform[160:480])
    assert torch.equal(clips.cut(clip, 0, 1000).waveform, clip.waveform)


def test_cut_of_a_short_clip_says_what_is_needed_and_found():
    clip = clip_of(noise(8000))
    with pytest.raises(AudioError, match=r"needed 0\.512 s \(8192 samples at 16000 Hz\), found 0\.500 s \(8000"):
        clips.cut(clip, 0, 8192)
    for start, length in ((-1, 10), (0, 0), (5, -5)):
        with pytest.raises(AudioError, match=f"start {start}, length {length}"):
            clips.cut(clip, start, length)


def test_normalise_peak_divides_by_the_largest_magnitude():
    samples = np.array([0.1, -0.5, 0.25])
    clip = clips.normalise_peak(clip_of(samples))
    assert_allclose(clip.waveform.numpy(), [0.2, -1.0, 0.5], rtol=1e-6)
    assert clip.recipe["steps"] == ["divided by its largest magnitude, 0.5"]
    with pytest.raises(AudioError, match="silent"):
        clips.normalise_peak(clip_of(np.zeros(10)))


# Writing


def test_flac_holds_the_nearest_16_bit_values(tmp_path):
    samples = np.concatenate([noise(999), [1.0, -1.0, 0.0]])
    path = clips.write_flac(tmp_path / "new folder" / "a.flac", torch.from_numpy(samples), 11025)
    stored, sample_rate = soundfile.read(path, dtype="int16")
    assert sample_rate == 11025
    assert soundfile.info(path).subtype == "PCM_16"
    np.testing.assert_array_equal(stored, np.clip(np.round(samples * 32768), -32768, 32767))
    assert_allclose(clips.read(path).waveform.numpy(), samples, atol=2**-15)
    assert [file.name for file in path.parent.iterdir()] == ["a.flac"]


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([0.0, np.nan], "NaN or infinity"),
        ([0.0, -np.inf], "NaN or infinity"),
        ([0.5, 1.001], "largest magnitude is 1.001"),
        ([0.5, -1.5], "largest magnitude is 1.5"),
        ([], r"found shape \[0\]"),
        ([[0.1, 0.2]], r"found shape \[1, 2\]"),
    ],
)
def test_flac_refuses_what_it_cannot_hold(tmp_path, samples, reason):
    with pytest.raises(AudioError, match=reason):
        clips.write_flac(tmp_path / "a.flac", np.array(samples), RATE)
    assert list(tmp_path.iterdir()) == []


def test_flac_takes_rounding_over_full_scale(tmp_path):
    path = clips.write_flac(tmp_path / "a.flac", np.array([1 + 1e-6, -1 - 1e-6]), RATE)
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], [32767, -32768])


def test_a_full_disk_leaves_nothing_and_keeps_the_old_file(tmp_path, monkeypatch):
    clips.write_flac(tmp_path / "a.flac", noise(100), RATE)
    old = (tmp_path / "a.flac").read_bytes()
    original = clips.tempfile.NamedTemporaryFile
    monkeypatch.setattr(clips.tempfile, "NamedTemporaryFile", lambda **options: FullDisk(original(**options)))
    with pytest.raises(OSError, match=r"cannot write a\.flac \(No space left.*Make room") as caught:
        clips.write_flac(tmp_path / "a.flac", noise(100, 1), RATE)
    assert caught.value.errno == errno.ENOSPC
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]
    assert (tmp_path / "a.flac").read_bytes() == old


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OSError, match=r"cannot write a\.flac") as caught:
        clips.write_flac(tmp_path / "taken" / "a.flac", noise(100), RATE)
    assert Path(caught.value.filename) == tmp_path / "taken"
