"""Sound files that libsndfile reads short, not at all, or wrongly: the whole sound comes back, or an AudioError."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from paper_code.audio import clips, ffmpeg, mp3_frames, reading
from paper_code.audio.clips import AudioError

RATE = 16000
# Kind, subtype and name of every kind that libsndfile writes and that reads whole.
KINDS = {
    "WAV": "PCM_16", "WAVEX": "PCM_24", "RF64": "PCM_16", "W64": "PCM_16", "AU": "PCM_16", "AIFF": "PCM_16",
    "CAF": "PCM_16", "FLAC": "PCM_16", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III", "NIST": "PCM_16", "SVX": "PCM_16",
    "MAT4": "FLOAT", "WVE": "ALAW", "SDS": "PCM_16", "HTK": "PCM_16",
}  # fmt: skip
OWN = {"GSM610": 0.05, "G721_32": 0.05, "IMA_ADPCM": 0.05, "ULAW": 0.02}  # of WAV -> error that they make


def melody(seconds: float = 1.0, sample_rate: int = RATE) -> np.ndarray:
    """A tone of 300 to 500 Hz that swells from silence; no two moments are alike."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return 0.5 * time / seconds * np.sin(2 * np.pi * (300 * time + 100 * time**2 / seconds))


def encoded(folder: Path, samples: np.ndarray, name: str, *options: str, sample_rate: int = RATE) -> Path:
    """The file that ffmpeg makes of samples."""
    source = ["-f", "f32le", "-ar", str(sample_rate), "-ac", "1", "-i", "pipe:0"]
    command = [str(ffmpeg.program()), "-loglevel", "error", *source, *options, str(folder / name)]
    subprocess.run(command, input=samples.astype("<f4").tobytes(), check=True)
    return folder / name


def error_of(found: np.ndarray, expected: np.ndarray) -> float:
    """Of the level (RMS) of what was expected, at the best delay from -0.05 to 0.15 s."""
    found = np.pad(found, (800, 0))
    length = len(expected) // 2
    ways = (found[delay : delay + length] - expected[:length] for delay in range(0, len(found) - length, 1)[:3200])
    return float(np.sqrt(min(np.square(way).mean() for way in ways) / np.square(expected[:length]).mean()))


# What libsndfile reads short


@pytest.mark.parametrize("sample_rate", [44100, 22050])
def test_an_mp3_of_variable_rate_without_a_count_is_read_whole(tmp_path: Path, sample_rate: int) -> None:
    """Silence, then noise: by the bit rate of its first frames libsndfile takes it for another length."""
    time, noise = np.arange(6 * sample_rate), np.random.default_rng(0).standard_normal(6 * sample_rate)
    sound = np.where(time < 3 * sample_rate, 1e-4, 0.2) * noise
    options = ["-q:a", "2", "-write_xing", "0", "-id3v2_version", "0"]
    plain = encoded(tmp_path, sound, "plain.mp3", *options, sample_rate=sample_rate)
    counted = encoded(tmp_path, sound, "counted.mp3", "-q:a", "2", sample_rate=sample_rate)
    for turned, path in ((False, plain), (False, counted), (True, None)):
        if turned:  # loud first
            path = encoded(tmp_path, sound[::-1], "turned.mp3", *options, sample_rate=sample_rate)
        clip = clips.read(path)
        assert clip.seconds == pytest.approx(6.0, abs=0.1)
        quiet, loud = clip.waveform[: len(clip.waveform) // 2 - 3000], clip.waveform[len(clip.waveform) // 2 + 3000 :]
        quiet, loud = (loud, quiet) if turned else (quiet, loud)
        assert loud.std() == pytest.approx(0.2, rel=0.1)
        assert quiet.std() < 0.01
    content = plain.read_bytes()
    assert mp3_frames.frames(content).samples == pytest.approx(6 * sample_rate, abs=3 * 1152)
    assert (mp3_frames.frames(content).counted, mp3_frames.frames(counted.read_bytes()).counted) == (False, True)
    plain.write_bytes(content[:-100])
    with pytest.raises(AudioError, match="truncated: its last frame lacks 100 bytes"):
        clips.read(plain)
    plain.write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + content + b"TAG" + bytes(125))
    assert clips.read(plain).seconds == pytest.approx(6.0, abs=0.1)


def test_frames_are_counted_in_bytes_alone() -> None:
    """By the standard's own formula: 144 times kb/s over kHz, and one byte more where a frame is padded."""
    frame = bytes([0xFF, 0xFB, 0x90, 0x00])  # MPEG 1, 128 kb/s, 44.1 kHz
    padded = bytes([0xFF, 0xFB, 0x92, 0x00])
    stream = frame + bytes(413) + padded + bytes(414) + frame + bytes(413)
    assert mp3_frames.frames(stream) == mp3_frames.Frames(3 * 1152, False, 0)
    assert mp3_frames.frames(stream[:-13]) == mp3_frames.Frames(3 * 1152, False, 13)
    assert mp3_frames.frames(b"\xff\xfb no frames" + bytes(1000)) is None


@pytest.mark.parametrize("part", [0.4, 0.7, 0.95])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_of_any_kind_is_refused(tmp_path: Path, kind: str, part: float) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, np.concatenate([melody(4.0), melody(4.0)]), RATE, format=kind, subtype=KINDS[kind])
    assert clips.read(path).seconds == pytest.approx(8.0 if kind != "WVE" else 16.0, abs=0.1)  # WVE has 8 kHz
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(AudioError, match=r"truncated|damaged"):
        clips.read(path)


def test_a_cut_opus_file_is_refused(tmp_path: Path) -> None:
    path = encoded(tmp_path, melody(4.0), "a.opus")
    assert clips.read(path).seconds == pytest.approx(4.0, abs=0.05)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(AudioError, match="truncated: its last page"):
        clips.read(path)


def test_streamed_files_whose_size_was_never_filled_in_are_read(tmp_path: Path) -> None:
    for kind, options in {"au": (), "w64": (), "aiff": (), "wav": ("-rf64", "auto")}.items():
        source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", *options, "-f", kind, "pipe:1"]
        command = [str(ffmpeg.program()), "-loglevel", "error", *source]
        done = subprocess.run(command, input=melody().astype("<f4").tobytes(), capture_output=True, check=True)
        (tmp_path / "a").write_bytes(done.stdout)
        assert len(clips.read(tmp_path / "a").waveform) == RATE, kind


# What libsndfile does not read


@pytest.mark.parametrize("subtype", OWN)
def test_telephone_sound_is_read(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", melody(1.0, 8000), 8000, subtype=subtype)
    clip = clips.read(tmp_path / "a.wav")
    assert len(clip.waveform) == pytest.approx(8000, abs=600)  # whole blocks are written
    assert error_of(clip.waveform.numpy(), melody(1.0, 8000)) < OWN[subtype] * 4


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.m4a", ("-b:a", "96k")),
        ("streamed.m4a", ("-b:a", "96k", "-movflags", "+faststart")),
        ("a.aac", ("-b:a", "96k")),
        ("a.webm", ("-c:a", "libopus", "-b:a", "96k", "-ar", "48000")),
        ("a.wma", ("-b:a", "96k", "-ar", "44100")),
        ("a.wv", ()),
    ],
)
def test_what_ffmpeg_can_read_is_read_or_told(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    path = encoded(tmp_path, melody(2.0), name, *options)
    clip = clips.read(path)
    found = clips.resample(clip, RATE).waveform.numpy()
    assert clip.seconds == pytest.approx(2.0, abs=0.15)
    assert error_of(found, melody(2.0)) < 0.1
    assert clip.recipe["file"] == name
    if name in ("a.m4a", "streamed.m4a"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(AudioError, match="damaged or truncated"):
            clips.read(path)


def test_without_ffmpeg_its_absence_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encoded(tmp_path, melody(), "a.m4a")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(AudioError, match=r"ffmpeg has to read.*there is no ffmpeg at"):
        clips.read(path)


def running(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """In place of ffmpeg, a shell script; its process's number goes into the file `number`."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho $$ > {folder}/number\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    (folder / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")


def ended(folder: Path) -> bool:
    try:
        os.kill(int((folder / "number").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_who_reads_no_further_ends_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "printf '.snd\\0\\0\\0\\30\\377\\377\\377\\377\\0\\0\\0\\6\\0\\0\\76\\200\\0\\0\\0\\2'"
    running(tmp_path, monkeypatch, f"{header}; exec cat /dev/zero")  # a sound without an end
    blocks = reading.blocks(tmp_path / "a.m4a")
    for _ in range(3):
        block, sample_rate = next(blocks)
        assert (block.shape[1], block.any(), sample_rate) == (2, False, RATE)
        assert len(block) == pytest.approx(ffmpeg.PIECE / 8, abs=3)
    assert not ended(tmp_path)
    blocks.close()
    assert ended(tmp_path)


def test_an_ffmpeg_that_says_nothing_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "PATIENCE", 0.3)
    running(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(AudioError, match=r"wrote nothing for 0\.3 s and was stopped"):
        clips.read(tmp_path / "a.m4a")
    assert ended(tmp_path)
    monkeypatch.setattr(ffmpeg, "PATIENCE", 60)
    for script, words in (("", "exit code 0: it said nothing"), ("echo x", "wrote no sound"), ("kill -9 $$", "-9")):
        running(tmp_path, monkeypatch, script)
        with pytest.raises(AudioError, match=words):
            clips.read(tmp_path / "a.m4a")


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_the_file_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, melody(1.0), RATE, format=kind, subtype=KINDS[kind])
    with soundfile.SoundFile(path) as file:
        whole, sample_rate = file.read(file.frames, dtype="float32", always_2d=True), file.samplerate
    monkeypatch.setattr(reading, "BLOCK", 1000)
    blocks = [*reading.blocks(path)]
    assert {rate for _, rate in blocks} == {sample_rate}
    assert max(len(block) for block, _ in blocks) == 1000
    assert np.array_equal(np.concatenate([block for block, _ in blocks]), whole)


# What libsndfile reads as it stands, though it cannot be meant


def test_floats_in_the_range_of_whole_numbers_are_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", 2 * melody(), RATE, subtype="FLOAT")  # 0 dB and a little over: a level
    assert clips.read(tmp_path / "loud.wav").waveform.abs().max() > 0.9
    soundfile.write(tmp_path / "whole.wav", 20000 * melody(), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"up to 999\d.*range of whole numbers. Divide it by full scale \(32768"):
        clips.read(tmp_path / "whole.wav")


def test_channels_that_cancel_are_told(tmp_path: Path) -> None:
    left, noise = melody(), 0.01 * np.random.default_rng(0).standard_normal(RATE)
    for right, words in ((-left, "is silent than|mean is silent"), (-0.9 * left + noise, r"mean is 2\d dB softer")):
        soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), RATE, subtype="FLOAT")
        with pytest.raises(AudioError, match=f"channels cancel each other.*({words})"):
            clips.read(tmp_path / "a.wav")
    for right in (left, np.roll(left, 5), 0 * left, noise):  # the same, delayed, one channel only, another sound
        soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), RATE, subtype="FLOAT")
        assert clips.read(tmp_path / "a.wav").recipe["steps"] == ["2 channels averaged to mono"]
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 2)), RATE)
    assert not clips.read(tmp_path / "a.wav").waveform.any()


def test_names_that_are_no_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    soundfile.write(tmp_path / "a.wav", melody(), RATE)
    assert clips.read("~/a.wav").title == "a"
    (tmp_path / "loop").symlink_to("loop")
    for name in ("a" * 300, tmp_path / "loop", "~nobody/a.wav", tmp_path / "a.wav" / "b.wav"):
        with pytest.raises(AudioError, match="there is no file"):
            clips.read(name)


# Damage


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("kinds")
    sound = np.stack([melody(0.5), 0.5 * melody(0.5)[::-1]], 1)
    for kind, subtype in KINDS.items():
        channels = sound if kind not in ("SVX", "WVE", "SDS", "HTK", "MAT4") else sound[:, 0]
        soundfile.write(folder / f"a.{kind.lower()}", channels, RATE, format=kind, subtype=subtype)
    for subtype in OWN:
        soundfile.write(folder / f"{subtype}.wav", sound[:, 0], RATE, subtype=subtype)
    encoded(folder, sound[:, 0], "a.m4a")
    return sorted(folder.iterdir())


def test_cuts_and_flips_end_in_a_sound_or_an_audio_error(every_kind: list[Path], tmp_path: Path) -> None:
    """Twenty damages of every kind, most in the header, where they do most; no other exception, and no crash."""
    random, messages, tried = np.random.default_rng(13), [], 0
    for path in every_kind:
        whole = path.read_bytes()
        for number in range(20 if path.suffix != ".m4a" else 4):  # each of these starts a program
            damaged = bytearray(whole)
            if number % 4 == 0:
                del damaged[random.integers(len(whole)) :]
            for _ in range(3 if number % 4 else 0):
                reach = min(len(whole), (32, 256, len(whole))[number % 3])
                damaged[random.integers(reach)] = random.integers(256)
            (tmp_path / path.name).write_bytes(damaged)
            tried += 1
            try:
                clip = clips.read(tmp_path / path.name)
            except AudioError as error:
                messages.append(str(error))
            else:
                assert clip.waveform.isfinite().all()
                assert len(clip.waveform)
    assert tried > 400
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)
