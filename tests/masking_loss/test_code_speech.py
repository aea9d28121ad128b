"""The command line for speech files: what is decoded is what the coder gives, and every refusal is one clear line."""

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from audio.full_disk import FullDisk
from tqdm import tqdm

from masking_loss.quick_speech import quick_speech
from masking_loss.released import release_small_coders
from paper_code.audio.clips import AudioError, read
from paper_code.lab import weights as files
from paper_code.masking_loss import code_speech
from paper_code.masking_loss.code_speech import main
from paper_code.masking_loss.coder import bitstream, container, weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.speech_files import read_speech

SPEECH = quick_speech(0.6, 16000, 3).waveform


@pytest.fixture
def coders(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return release_small_coders(monkeypatch, tmp_path / "weights")


def _wav(name, samples=SPEECH, sample_rate=16000, subtype="FLOAT"):
    soundfile.write(name, np.asarray(samples), sample_rate, subtype=subtype)


def _line(capsys, *words):
    """Exit code, output and errors of the command line, without its progress."""
    code = main([*words, "--quiet"])
    said = capsys.readouterr()
    return code, said.out, said.err


def _tells(said, result, done):
    """Two lines: the result, and how fast it came, as one number over the other."""
    first, second, rest = said.split("\n")
    assert (first, rest) == (result, "")
    pace = re.fullmatch(rf"{done} 0\.60 s in (\d+\.\d\d) s, (\d+\.\d) times as fast as real time", second)
    slowest, fastest = 0.6 / (float(pace[1]) + 0.005), 0.6 / max(float(pace[1]) - 0.005, 1e-9)
    assert slowest - 0.05 <= float(pace[2]) <= fastest + 0.05


@pytest.mark.parametrize("loss", ["mse", "masking"])
def test_what_is_decoded_is_what_the_coder_gives(coders, capsys, loss):
    _wav("in.wav")
    code, said, _ = _line(capsys, "encode", "in.wav", "out.pmlc", "--loss", loss)
    coder = weights.load_coder(loss, 20)
    data = bitstream.encode(coder, SPEECH)
    assert container.read("out.pmlc") == data
    called = f"coder: {loss}, trained for 20 kb/s on average"
    spent = f"{8e-3 * len(data) / 0.6:.2f}"
    assert code == 0
    _tells(said, f"out.pmlc: {len(data)} bytes for 0.60 s, {spent} kb/s ({called})", "coded")
    code, said, _ = _line(capsys, "decode", "out.pmlc", "back.wav")
    assert code == 0
    _tells(said, f"back.wav: 0.60 s at 16000 Hz ({called})", "decoded")
    samples, sample_rate = soundfile.read("back.wav", dtype="float32")
    assert sample_rate == 16000
    assert torch.equal(torch.from_numpy(samples), bitstream.coded(coder, SPEECH))


def test_masking_at_20_kilobits_is_what_is_taken_unless_told(coders, capsys):
    _wav("in.wav")
    assert "(coder: masking, trained for 20 kb/s on average)\n" in _line(capsys, "encode", "in.wav", "out.pmlc")[1]


def test_the_level_of_the_recording_comes_back(coders, capsys):
    _wav("in.wav", 0.01 * SPEECH)
    _line(capsys, "encode", "in.wav", "out.pmlc")
    _line(capsys, "decode", "out.pmlc", "back.wav")
    found = read("back.wav").waveform
    expected = 0.01 * bitstream.coded(weights.load_coder("masking", 20), SPEECH)
    assert torch.allclose(found, expected, atol=1e-5)


def test_other_rates_and_channels_are_converted_and_said(coders, capsys):
    sound = quick_speech(0.6, 44100, 3).waveform.numpy()
    _wav("in.flac", np.stack([sound, 0.5 * sound], 1), 44100, "PCM_16")
    code, said, _ = _line(capsys, "encode", "in.flac", "out.pmlc")
    lines = said.splitlines()
    assert code == 0
    assert lines[0] == "in.flac: 2 channels averaged to mono"
    assert lines[1].startswith("in.flac: resampled from 44100 to 16000 Hz")
    assert lines[2].startswith("out.pmlc: ")
    assert len(bitstream.decode(weights.load_coder("masking", 20), container.read("out.pmlc"))) == 9600


def test_speech_that_is_read_is_mono_at_16_kilohertz(tmp_path):
    sound = quick_speech(0.5, 48000, 3).waveform.numpy()
    _wav(tmp_path / "in.wav", np.stack([sound, sound], 1), 48000)
    speech = read_speech(tmp_path / "in.wav")
    assert (speech.samples, speech.seconds, len(speech.steps)) == (8000, 0.5, 2)


@pytest.mark.parametrize(
    ("samples", "sample_rate", "message"),
    [
        (np.zeros(9000), 16000, "'in' is silent: 9000 samples, all 0"),
        (SPEECH[4000:4511], 16000, "'in' is too short: a frame of the coder has 512 samples at 16000 Hz, found 511"),
        (SPEECH[4000:5400], 44100, "too short: .* found 508"),
        (np.full(9000, np.nan), 16000, "9000 samples that are NaN or infinite"),
        (np.zeros(0), 16000, "holds 0 samples"),
    ],
)
def test_sounds_that_cannot_be_coded_are_one_line(coders, capsys, samples, sample_rate, message):
    _wav("in.wav", samples, sample_rate)
    with pytest.raises(AudioError, match=message):
        read_speech("in.wav")
    code, said, error = _line(capsys, "encode", "in.wav", "out.pmlc")
    assert (code, said) == (1, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not os.path.exists("out.pmlc")


def _missing(words):
    words[1] = "nothing.wav"


def _text(words):
    with open("in.wav", "w") as file:
        file.write("no sound")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_missing, "there is no file nothing.wav"),
        (_text, "cannot be read as sound"),
        (lambda words: words.extend(["--rate", "16"]), "coders for 13, 20, 24 kb/s; found 16"),
        (lambda words: words.extend(["--rate", "13"]), "no file of weights"),
        (lambda words: words.extend(["--loss", "pmqse"]), "no coder for the loss 'pmqse'. Did you mean 'pmsqe'?"),
        (lambda words: words.__setitem__(2, "./in.wav"), "would be replaced"),
    ],
)
def test_what_cannot_be_encoded_is_told(coders, capsys, change, message):
    _wav("in.wav")
    words = ["encode", "in.wav", "out.pmlc"]
    change(words)
    code, _, error = _line(capsys, *words)
    assert code == 1
    assert message in error
    assert not os.path.exists("out.pmlc")


@pytest.fixture
def whole(coders, capsys):
    _wav("in.wav")
    _line(capsys, "encode", "in.wav", "whole.pmlc")
    return container.read("whole.pmlc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[:-1], "found"),
        (lambda whole: whole[:40] + b"\x01\x02" + whole[42:], "bytes of the file were changed"),
        (lambda whole: b"RIFF" + whole[4:], "starts with b'PMLC'"),
        (lambda _: bitstream.encode(_foreign(), SPEECH), "made by none of the released coders"),
        (lambda _: None, "there is no coded file coded.pmlc"),
    ],
)
def test_what_cannot_be_decoded_is_told_and_leaves_nothing(whole, capsys, content, message):
    data = content(whole)
    if data is not None:
        container.write("coded.pmlc", data)
    code, said, error = _line(capsys, "decode", "coded.pmlc", "back.wav")
    assert (code, said) == (1, "")
    assert message in error
    assert not os.path.exists("back.wav")


def _foreign():
    coder = weights.load_coder("masking", 20)
    with torch.no_grad():
        coder.quantiser.bins[0] *= 1.001
    return coder


def test_decoding_without_any_released_coder_says_how_to_make_them(whole, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "FOLDER", tmp_path / "none")
    code, _, error = _line(capsys, "decode", "whole.pmlc", "back.wav")
    assert code == 1
    assert "no released coder in" in error
    assert "python -m paper_code.masking_loss.coder.release" in error


def test_decoded_speech_is_wav_and_never_its_own_source(whole, capsys):
    code, _, error = _line(capsys, "decode", "whole.pmlc", "back.mp3")
    assert (code, "ends in .wav, not back.mp3" in error) == (1, True)
    code, _, error = _line(capsys, "decode", "whole.pmlc", "whole.pmlc")
    assert (code, "would be replaced" in error) == (1, True)
    assert container.read("whole.pmlc") == whole


def test_a_full_disk_leaves_the_old_sound(whole, capsys, monkeypatch):
    _wav("back.wav", torch.zeros(5))

    original, before = Path.open, sorted(os.listdir())
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": (FullDisk if "w" in mode else nullcontext)(original(path, mode))
    )
    code, _, error = _line(capsys, "decode", "whole.pmlc", "back.wav")
    assert (code, "the disk is full" in error) == (1, True)
    assert len(soundfile.read("back.wav")[0]) == 5
    assert sorted(os.listdir()) == before


def test_progress_counts_the_frames_and_changes_nothing(coders, capsys, monkeypatch):
    monkeypatch.setattr(code_speech, "tqdm", partial(tqdm, mininterval=0))  # shown after every part of the work
    speech = quick_speech(3.0, 16000, 3).waveform
    _wav("in.wav", speech)
    main(["encode", "in.wav", "out.pmlc"])
    said = capsys.readouterr().err
    assert "64/101" in said  # 48,000 samples and 32 before, 480 a frame, 64 frames at once
    assert "encoding: 100%" in said
    assert re.search(r"reading: 48\.0k", said)
    main(["decode", "out.pmlc", "back.wav"])
    said = capsys.readouterr().err
    assert "64/101" in said
    assert "decoding: 100%" in said
    expected = bitstream.coded(weights.load_coder("masking", 20), speech)
    assert torch.equal(read("back.wav").waveform, expected)


def test_silence_that_was_coded_comes_back(coders, capsys):
    container.write("silence.pmlc", bitstream.encode(weights.load_coder("mse", 20), torch.zeros(700)))
    assert _line(capsys, "decode", "silence.pmlc", "back.wav")[0] == 0
    assert not soundfile.read("back.wav")[0].any()


def test_interrupting_says_so(coders, capsys, monkeypatch):
    """In the second part of the sound, when the first is written already."""
    _wav("in.wav", quick_speech(3.0, 16000, 3).waveform)
    _line(capsys, "encode", "in.wav", "whole.pmlc")
    before = sorted(os.listdir())
    for name, words in {
        "symbols": ["encode", "in.wav", "out.pmlc"],
        "synthesise": ["decode", "whole.pmlc", "b.wav"],
    }.items():
        original, calls = getattr(SpeechCoder, name), []

        def interrupted(coder, part, original=original, calls=calls):
            calls.append(sorted(os.listdir()))
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(coder, part)

        monkeypatch.setattr(SpeechCoder, name, interrupted)
        code, said, error = _line(capsys, *words)
        assert (code, said, error) == (130, "", "interrupted; nothing was written.\n")
        assert (len(calls), sorted(os.listdir())) == (2, before)
        assert (calls[1] != before) == (words[0] == "decode")  # a sound in the making has a name of its own


def test_the_module_runs_from_a_shell(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "paper_code.masking_loss.code_speech", "encode", "no.wav", "out", "--loss", "no"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no coder for the loss 'no'.")
