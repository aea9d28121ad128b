"""Sound files of any length: piece after piece they are what they were as wholes, and memory does not grow with them."""

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.released import release_small_coders
from paper_code.audio import clips, ffmpeg, reading
from paper_code.audio.clips import AudioError
from paper_code.masking_loss import code_speech, speech_files
from paper_code.masking_loss.speech_files import read_speech, write_wav

TESTS = Path(__file__).parents[1]
STEREO = np.stack([quick_speech(2.0, 44100, seed).waveform.numpy() for seed in (3, 4)], 1)
MORE_MEMORY = 30  # MB that four times the sound may take
PLAIN_CODER = """
import resource, sys
from pathlib import Path
import torch
from masking_loss.released import about, small_coder
from paper_code.lab import weights as files
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SpeechCoder

files.FOLDER = Path("weights")
# In place of the networks, which are slow: every second sample, and each of them twice.
SpeechCoder.symbols = lambda coder, frames: coder.quantiser.symbols(frames[..., ::2])
SpeechCoder.synthesise = lambda coder, symbols: coder.quantiser.values(symbols).detach().repeat_interleave(2, -1)
"""
MEASURED = """
from paper_code.masking_loss import code_speech

weights.save(weights.released("masking", 20.0), small_coder(), about("masking", 20.0))
for name in sys.argv[1:]:
    assert code_speech.main(["encode", name, "out.pmlc", "--quiet"]) == 0
    assert code_speech.main(["decode", "out.pmlc", name + ".back.wav", "--quiet"]) == 0
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""
SLOW = """
import runpy, time
plain = SpeechCoder.synthesise
SpeechCoder.synthesise = lambda coder, symbols: (time.sleep(0.2), plain(coder, symbols))[1]
sys.argv = ["code_speech", "decode", "whole.pmlc", "back.wav", "--quiet"]
runpy.run_module("paper_code.masking_loss.code_speech", run_name="__main__")
"""


def _whole(path):
    """The sound as it was read before: all at once."""
    return clips.resample(clips.read(path), 16000).waveform


def _encoded(folder, name, *options, samples=STEREO, sample_rate=44100):
    source = ["-f", "f32le", "-ar", str(sample_rate), "-ac", str(samples.shape[1]), "-i", "pipe:0"]
    command = [str(ffmpeg.program()), "-loglevel", "error", *source, *options, str(folder / name)]
    subprocess.run(command, input=samples.astype("<f4").tobytes(), check=True)
    return folder / name


@pytest.fixture
def made(tmp_path):
    soundfile.write(tmp_path / "stereo.flac", STEREO, 44100)
    soundfile.write(tmp_path / "mono.wav", STEREO[:, 0], 16000, subtype="FLOAT")
    soundfile.write(tmp_path / "telephone.wav", STEREO[:16001, 0], 8000)
    soundfile.write(tmp_path / "odd.wav", STEREO, 44099)
    soundfile.write(tmp_path / "coded.mp3", STEREO, 44100)
    soundfile.write(tmp_path / "coded.ogg", STEREO, 44100)
    _encoded(tmp_path, "coded.m4a", "-b:a", "96k")
    _encoded(tmp_path, "uncounted.mp3", "-q:a", "2", "-write_xing", "0", "-id3v2_version", "0")
    return tmp_path


def test_pieces_are_the_sound_that_was_read_at_once(made, monkeypatch):
    """The same samples but for the rounding of float32, of every kind of file, in blocks of another length too."""
    expected = {path: _whole(path) for path in sorted(made.iterdir())}
    assert len(expected) == 8
    for block, piece in ((reading.BLOCK, ffmpeg.PIECE), (5000, 10007)):
        monkeypatch.setattr(reading, "BLOCK", block)
        monkeypatch.setattr(ffmpeg, "PIECE", piece)
        for path, whole in expected.items():
            speech = read_speech(path)
            pieces = [*speech.pieces()]
            assert len(pieces) > 3 or block > 5000
            assert {piece.dtype for piece in pieces} == {torch.float32}
            assert (torch.cat(pieces) - whole).abs().max() <= 2**-24  # half the last digit of numbers near 1
            assert (speech.samples, speech.level) == (len(whole), float(torch.cat(pieces).abs().max()))
            assert speech.seconds == len(whole) / 16000


def test_what_is_done_to_a_file_is_told_as_for_a_clip(made):
    for path in made.iterdir():
        assert list(read_speech(path).steps) == clips.resample(clips.read(path), 16000).recipe["steps"]


def test_what_is_wrong_at_the_end_of_a_file_is_told_in_the_first_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 1000)
    sound, path = STEREO[:40000].copy(), tmp_path / "in.wav"
    for samples, words in (
        (np.concatenate([sound, np.full((1, 2), np.nan)]), "holds 2 samples that are NaN"),
        (np.concatenate([sound, np.full((3, 2), 100.0)]), "samples up to 100, .* range of whole numbers"),
        (sound * [1, -1] + 1e-9, None),
        (np.stack([sound[:, 0], -0.99 * sound[:, 0]], 1), "its 2 channels cancel each other, their mean is 4"),
        (np.zeros((40000, 2)), "'in' is silent: 14513 samples, all 0"),
        (sound[:1400], "too short: .* found 508"),
    ):
        soundfile.write(path, samples, 44100, subtype="FLOAT")
        if words is None:
            assert read_speech(path).samples == 14513
        else:
            with pytest.raises(AudioError, match=words):
                read_speech(path)
    soundfile.write(path, sound, 44100)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(AudioError, match="truncated"):
        read_speech(path)


def test_more_than_an_hour_is_refused_before_it_is_read_to_its_end(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "in.wav", np.tile(STEREO, (10, 1)), 44100)
    monkeypatch.setattr(speech_files, "LONGEST", 2 * 16000)
    monkeypatch.setattr(reading, "BLOCK", 44100)
    seen = []
    with pytest.raises(AudioError, match=r"an hour of sound at most; .*in\.wav has more\. Cut it into parts"):
        read_speech(tmp_path / "in.wav", lambda pieces: (seen.append(piece) or piece for piece in pieces))
    assert 2 <= len(seen) <= 3
    monkeypatch.setattr(speech_files, "LONGEST", 20 * 16000)
    assert read_speech(tmp_path / "in.wav").samples == 20 * 16000


@pytest.mark.parametrize("change", [lambda sound: sound[:-441], lambda sound: 0.5 * sound, lambda sound: 1.5 * sound])
def test_a_file_that_changes_between_its_readings_is_told(tmp_path, change):
    path = tmp_path / "in.wav"
    soundfile.write(path, STEREO, 44100, subtype="FLOAT")
    speech = read_speech(path)
    assert sum(len(piece) for piece in speech.pieces()) == 32000
    soundfile.write(path, change(STEREO), 44100, subtype="FLOAT")
    with pytest.raises(AudioError, match="was changed while it was read"):
        list(speech.pieces())


def test_a_wav_is_what_others_read(tmp_path):
    sound, path = 1.3 * torch.from_numpy(STEREO[:, 0]), tmp_path / "out.wav"
    write_wav(path, sound.split(999), len(sound))
    samples, sample_rate = soundfile.read(path, dtype="float32")
    assert (sample_rate, soundfile.info(path).subtype) == (16000, "FLOAT")
    assert np.array_equal(samples, sound.numpy())
    assert torch.equal(clips.read(path).waveform, sound)
    written = ffmpeg.run(ffmpeg.program(), ["-i", str(path), "-f", "f32le", "pipe:1"])
    assert written == sound.numpy().tobytes()
    assert struct.unpack("<I", path.read_bytes()[4:8])[0] == path.stat().st_size - 8


def _child(code, folder, *words, **options):
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    return subprocess.Popen(
        [sys.executable, "-c", PLAIN_CODER + code, *words], cwd=folder, env=variables, text=True, **options
    )  # fmt: skip


def test_memory_does_not_grow_with_the_sound(tmp_path):
    """8 minutes after 2, through the files and back: the samples alone would be 29 MB, their frames and symbols more."""
    ten = np.stack([quick_speech(10.0, 32000, seed).waveform.numpy() for seed in (3, 4)], 1)
    for minutes in (2, 8):
        with soundfile.SoundFile(tmp_path / f"{minutes}.wav", "w", 32000, 2) as file:
            for _ in range(6 * minutes):
                file.write(ten)
    child = _child(MEASURED, tmp_path, "2.wav", "8.wav", stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    said = child.communicate()[1]
    assert child.returncode == 0, said
    two, eight = map(float, said.split())
    assert soundfile.info(tmp_path / "8.wav.back.wav").frames == 8 * 60 * 16000
    assert eight - two < MORE_MEMORY


def test_a_decoder_that_is_ended_leaves_nothing(tmp_path, monkeypatch, capsys):
    release_small_coders(monkeypatch, tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    soundfile.write("in.wav", np.tile(STEREO[:, 0], 3), 16000)
    assert code_speech.main(["encode", "in.wav", "whole.pmlc", "--quiet"]) == 0
    before = sorted(os.listdir())
    child = _child(SLOW, tmp_path, stderr=subprocess.PIPE)
    while sorted(os.listdir()) == before and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    assert child.communicate()[1] == "interrupted; nothing was written.\n"
    assert (child.returncode, sorted(os.listdir())) == (130, before)
