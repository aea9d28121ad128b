"""Real codecs: alignment with the input, what is refused, an ffmpeg that fails, batches and clips."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from coding import MP3, RATE, USUAL, keys, noise, own_cache, program, shared_cache, streams  # noqa: F401  (fixtures are used by being there)
from numpy.testing import assert_array_equal

from paper_code.audio import codecs, ffmpeg
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.codecs import Codec, CodecError


def lag(late: torch.Tensor, early: torch.Tensor) -> int:
    """By how many samples `late` lags behind `early`: the peak of their cross-correlation."""
    size = 2 * len(early)
    product = np.fft.rfft(late.double().numpy(), size) * np.conj(np.fft.rfft(early.double().numpy(), size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return best - size if best > len(early) else best


def sixteen_bits(waveform: torch.Tensor) -> bytes:
    return np.round(waveform.double().numpy() * 32768).astype("<i2").tobytes()


def fake(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in ffmpeg's place."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))
    return path


# Waveform in, waveform out


@pytest.mark.parametrize("codec", USUAL, **keys)
@pytest.mark.parametrize("length", [48000, 40777])
def test_decoded_noise_is_aligned_and_as_long(codec, length):
    sound = noise(length)
    coded = codecs.code(sound, codec)
    assert coded.waveform.shape == sound.shape
    assert coded.waveform.dtype == torch.float32
    assert lag(coded.waveform, sound) == 0


@pytest.mark.parametrize("codec", [Codec("mp3", 128, 44100), Codec("mp3", 8, 8000), Codec("aac", 64, 48000)], **keys)
def test_other_sample_rates_are_aligned_too(codec):
    sound = noise(codec.sample_rate)
    assert lag(codecs.code(sound, codec).waveform, sound) == 0


@pytest.mark.parametrize("codec", USUAL, **keys)
def test_the_end_of_a_sound_comes_back_like_its_middle(codec):
    """A delay cut off at the start must not cost the end: the last 20 ms keep their energy."""
    ramp = torch.sin(2 * torch.pi * 700 * torch.arange(RATE) / RATE) * 0.3
    coded = codecs.code(ramp, codec).waveform
    assert coded[-320:].norm() > 0.6 * ramp[-320:].norm()


@pytest.mark.parametrize("codec", USUAL, **keys)
@pytest.mark.parametrize("length", [1, 576, 1601, 8192, 12486])
def test_awkward_lengths_keep_their_length(codec, length):
    coded = codecs.code(noise(length), codec)
    assert coded.waveform.shape == (length,)
    assert torch.isfinite(coded.waveform).all()


def test_mp3_is_what_an_ordinary_file_gives(tmp_path):
    """The same samples through a file with a gapless header, which ffmpeg itself cuts."""
    sound, path = noise(50001), str(tmp_path / "a.mp3")
    source = ("-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "pipe:0")
    program(*source, "-b:a", "16k", path, content=sixteen_bits(sound))
    expected = np.frombuffer(program("-i", path, "-f", "f32le", "pipe:1"), "<f4")
    assert_array_equal(codecs.code(sound, MP3).waveform.numpy(), expected)


def test_another_decoder_hears_the_same_mp3(tmp_path):
    """libsndfile decodes the cached stream to the same waveform, but for the decoders' rounding."""
    sound = noise(32000)
    ours = codecs.code(sound, MP3, tmp_path).waveform
    (tmp_path / "a.mp3").write_bytes(streams(tmp_path)[0])
    theirs = torch.from_numpy(soundfile.read(tmp_path / "a.mp3", dtype="float32")[0])
    late = lag(theirs[:32000], sound)
    length = min(30000, len(theirs) - late - 2000)
    error = theirs[late + 2000 : late + 2000 + length] - ours[2000 : 2000 + length]
    assert 20 * torch.log10(ours.norm() / error.norm()) > 60


@pytest.mark.parametrize("codec", USUAL, **keys)
def test_silence_stays_silent(codec):
    assert codecs.code(torch.zeros(RATE), codec).waveform.abs().max() < 1e-3


def test_full_scale_is_taken_and_the_decoder_is_not_clipped():
    square = torch.sign(torch.sin(2 * torch.pi * 300 * (torch.arange(RATE) + 0.5) / RATE))
    assert codecs.code(square, MP3).waveform.abs().max() > 1.02


def test_lame_takes_half_a_decibel():
    """LAME scales its input by 0.95 at low bit rates; a level that changed would mean another encoder."""
    tone = torch.sin(2 * torch.pi * 500 * torch.arange(RATE) / RATE) * 0.3
    middle = slice(4000, 12000)
    gain = (codecs.code(tone, MP3).waveform * tone)[middle].sum() / (tone * tone)[middle].sum()
    assert gain == pytest.approx(0.95, abs=0.002)


@pytest.mark.parametrize("codec", USUAL, **keys)
def test_the_same_sound_gives_the_same_stream(codec, tmp_path):
    first, second = codecs.code(noise(9000), codec, tmp_path / "a"), codecs.code(noise(9000), codec, tmp_path / "b")
    assert streams(tmp_path / "a") == streams(tmp_path / "b")
    assert torch.equal(first.waveform, second.waveform)


def test_a_tensor_with_a_gradient_in_double_is_coded_like_its_float(tmp_path):
    sound = noise(4000)
    coded = codecs.code(sound.double().requires_grad_(), MP3)
    assert torch.equal(coded.waveform, codecs.code(sound, MP3).waveform)
    assert not coded.waveform.requires_grad


# Bad input


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (torch.zeros(2, 100), r"float32 \[2, 100\].*Average"),
        (torch.zeros(100, dtype=torch.int16), "int16"),
        (np.zeros(100), "ndarray"),
        (torch.zeros(0), "0 samples"),
        (torch.tensor([0.0, torch.nan]), "NaN"),
        (torch.tensor([0.0, -torch.inf]), "infinity"),
        (torch.tensor([0.0, 1.5]), r"magnitude is 1\.5; over full scale"),
        (torch.tensor([0.0, -1.001]), r"magnitude is 1\.001"),
    ],
)
def test_what_cannot_be_encoded_is_refused(sound, reason):
    with pytest.raises(CodecError, match=reason):
        codecs.code(sound, MP3)


def test_a_codec_error_is_an_audio_error():
    assert issubclass(CodecError, AudioError)


def test_no_imageio_ffmpeg(monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(CodecError, match=r"pip install imageio-ffmpeg==0\.6\.0"):
        codecs.code(noise(100), MP3)


def test_no_ffmpeg_where_it_is_said_to_be(monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(CodecError, match=r"nowhere.*pip install"):
        codecs.code(noise(100), MP3)


def test_an_ffmpeg_that_fails_is_quoted(monkeypatch, tmp_path):
    fake(
        tmp_path,
        'case "$*" in *version*) echo ffmpeg version 1;; *) echo "Unknown encoder" >&2; exit 3;; esac',
        monkeypatch,
    )
    with pytest.raises(CodecError, match=r"exit code 3: Unknown encoder"):
        codecs.code(noise(100), MP3, tmp_path / "cache")
    assert streams(tmp_path / "cache") == []
    assert codecs.version() == "ffmpeg 1"


def test_an_ffmpeg_that_cannot_be_run(monkeypatch, tmp_path):
    fake(tmp_path, "", monkeypatch).chmod(0o644)
    with pytest.raises(CodecError, match=r"cannot be run \(Permission denied\)"):
        codecs.code(noise(100), MP3)


def test_an_ffmpeg_that_hangs_is_stopped(monkeypatch, tmp_path):
    fake(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(ffmpeg, "PATIENCE", 0.2)
    with pytest.raises(CodecError, match="did not end within"):
        codecs.code(noise(100), MP3)


def test_a_decoder_that_gives_too_little_is_noticed(monkeypatch, tmp_path):
    fake(tmp_path, "echo ffmpeg version 2", monkeypatch)
    with pytest.raises(CodecError, match=r"gave back \d+ of 1000 samples"):
        codecs.code(noise(1000), MP3, tmp_path / "cache")


def test_version_names_the_encoder_that_was_measured():
    assert codecs.version() == "ffmpeg 7.0.2, LAME 3.100"


# Batches


def test_a_batch_is_the_single_results_in_order(tmp_path, capsys):
    sounds = [noise(2000 + 300 * i, i) for i in range(6)]
    batch = codecs.code_batch(sounds, MP3, workers=3, cache=tmp_path / "a")
    for sound, coded in zip(sounds, batch, strict=True):
        alone = codecs.code(sound, MP3, tmp_path / "b")
        assert torch.equal(coded.waveform, alone.waveform)
        assert coded.bits == alone.bits
    assert capsys.readouterr().err == ""
    assert codecs.code_batch([], MP3) == []


def test_a_batch_shows_its_progress_when_asked(capsys):
    codecs.code_batch([noise(1000), noise(1000, 1)], MP3, progress=True)
    assert "MP3 16 kb/s: 100%" in capsys.readouterr().err


def test_a_bad_sound_in_a_batch_is_named_before_anything_runs(tmp_path):
    with pytest.raises(CodecError, match="waveform 2 holds NaN"):
        codecs.code_batch([noise(1000), noise(1000), torch.tensor([torch.nan])], MP3, cache=tmp_path)
    assert streams(tmp_path) == []


def test_equal_sounds_at_once_share_one_entry(tmp_path):
    coded = codecs.code_batch([noise(3000)] * 8, MP3, workers=8, cache=tmp_path)
    assert all(torch.equal(one.waveform, coded[0].waveform) for one in coded)
    assert len(streams(tmp_path)) == 1
    assert threading.active_count() < 8


# Clips


def test_a_clip_says_what_was_done_to_it():
    clip = Clip(noise(8000), RATE, "hiss", licence="CC0 1.0", recipe={"steps": ["made up"]})
    coded = codecs.code_clip(clip, MP3)
    assert coded.title == "hiss, MP3 16 kb/s"
    assert (coded.licence, coded.sample_rate) == ("CC0 1.0", RATE)
    kilobits = codecs.code(clip.waveform, MP3).kilobits_per_second
    step = f"coded with MP3 16 kb/s ({kilobits:.2f} kb/s as written; ffmpeg 7.0.2, LAME 3.100) and decoded"
    assert coded.recipe["steps"] == ["made up", step]
    assert torch.equal(coded.waveform, codecs.code(clip.waveform, MP3).waveform)


def test_a_clip_of_another_rate_is_refused():
    with pytest.raises(CodecError, match=r"'hiss' has 44100 Hz, the codec 16000 Hz\. Resample"):
        codecs.code_clip(Clip(noise(100), 44100, "hiss"), MP3)
