"""The cache of encoded streams: what decides an entry, damage, and disks that refuse; it never costs a result."""

import sys

import pytest
import torch
from coding import MP3, noise, own_cache, shared_cache, streams  # noqa: F401  (fixtures are used by being there)
from full_disk import FullDisk

from paper_code.audio import codec_cache, codecs, ffmpeg
from paper_code.audio.codecs import Codec

# The cache


@pytest.fixture
def encodings(monkeypatch) -> list[str]:
    """What is encoded from now on (decoding not counted)."""
    seen, original = [], ffmpeg.run

    def run(program, arguments, content):
        if "s16le" in arguments:
            seen.append(arguments[arguments.index("-c:a") + 1])
        return original(program, arguments, content)

    codecs.version()
    monkeypatch.setattr(ffmpeg, "run", run)
    return seen


def test_the_second_time_nothing_is_encoded(tmp_path, encodings):
    first, second = codecs.code(noise(3000), MP3, tmp_path), codecs.code(noise(3000), MP3, tmp_path)
    assert encodings == ["libmp3lame"]
    assert torch.equal(first.waveform, second.waveform)
    assert first.bits == second.bits


def test_what_decides_the_stream_decides_the_entry(tmp_path, encodings, monkeypatch):
    sound = noise(3000)
    louder = sound.clone()
    louder[5] += 2 / 32768
    rounded_away = sound.mul(32768).round().div(32768) + 0.2 / 32768
    for one, codec in [(sound, MP3), (louder, MP3), (sound, Codec("mp3", 24)), (rounded_away, MP3)]:
        codecs.code(one, codec, tmp_path)
    assert (len(encodings), len(streams(tmp_path))) == (3, 3)
    monkeypatch.setattr(codecs, "_build", lambda program: "another ffmpeg")
    codecs.code(sound, MP3, tmp_path)
    assert len(streams(tmp_path)) == 4


@pytest.mark.parametrize("damage", ["empty", "cut", "short", "flipped", "folder"])
def test_a_damaged_entry_is_made_again(damage, tmp_path, encodings):
    good = codecs.code(noise(3000), MP3, tmp_path)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    content = path.read_bytes()
    flipped = content[:100] + bytes([content[100] ^ 1]) + content[101:]
    path.write_bytes({"empty": b"", "cut": content[:200], "short": content[:32], "flipped": flipped}.get(damage, b""))
    if damage == "folder":
        path.unlink()
        path.mkdir()
        with pytest.warns(UserWarning, match="cannot be kept"):
            assert torch.equal(codecs.code(noise(3000), MP3, tmp_path).waveform, good.waveform)
        return
    assert torch.equal(codecs.code(noise(3000), MP3, tmp_path).waveform, good.waveform)
    assert path.read_bytes() == content
    assert len(encodings) == 2


def test_a_full_disk_costs_one_warning_and_no_result(tmp_path, monkeypatch):
    original, expected = codec_cache.tempfile.NamedTemporaryFile, codecs.code(noise(2000, 3), MP3).waveform
    monkeypatch.setattr(codec_cache.tempfile, "NamedTemporaryFile", lambda **options: FullDisk(original(**options)))
    with pytest.warns(UserWarning, match=r"No space left.*COMPENDIUM_CACHE") as caught:
        coded = codecs.code_batch([noise(2000, i) for i in range(4)], MP3, cache=tmp_path)
    assert len(caught) == 1
    assert torch.equal(coded[3].waveform, expected)
    assert streams(tmp_path) == []


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.warns(UserWarning, match="cannot be kept in .*taken") as caught:
        coded = codecs.code_batch([noise(500), noise(500)], MP3, cache=tmp_path / "taken")
    assert [len(one.waveform) for one in coded] == [500, 500]
    assert len(caught) == 1


def test_where_the_cache_is(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPENDIUM_CACHE", str(tmp_path))
    assert codec_cache.folder() == tmp_path / "codecs"
    codecs.code(noise(500), MP3)
    assert len(streams(tmp_path / "codecs")) == 1
    monkeypatch.delenv("COMPENDIUM_CACHE")
    usual = codec_cache.folder()
    assert usual.parts[-2:] == ("perceptual-audio-losses", "codecs")
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert codec_cache.folder().parts[-2:] == usual.parts[-2:]


def test_keys_do_not_run_together():
    assert codec_cache.key(b"c", "ab") != codec_cache.key(b"bc", "a")
    assert codec_cache.key(b"c", "a", "b") != codec_cache.key(b"c", "ab")


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(codec_cache.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    codecs.code_batch([noise(1000, i) for i in range(3)], Codec("opus", 16), cache=tmp_path / "cache")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.suffix == ".tmp"]
