"""Recordings: where they are looked for, what is checked, what goes wrong and how it is said."""

import dataclasses
import errno
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pooch
import pytest
import soundfile

from paper_code.audio import codec_cache, corpora, registry
from paper_code.audio.clips import AudioError

TONE = "tones/two-0.flac"
ODD = "tones/a b #1-0.flac"
WORDS = "words/one-0.wav"


# The tiny world: names


def test_unknown_names_are_answered_with_close_ones(world):
    with pytest.raises(corpora.UnknownCorpus, match=r"no corpus 'tone'. Did you mean tones"):
        corpora.corpus("tone")
    with pytest.raises(corpora.UnknownCorpus, match=r"no file 'tones/two\.flac'. Did you mean tones/two-0\.flac"):
        corpora.locate("tones/two.flac")
    with pytest.raises(corpora.UnknownCorpus, match=r"no corpus 'xyz'. Known: tones, words"):
        corpora.load("xyz/two.flac")
    with pytest.raises(corpora.UnknownCorpus):
        corpora.split("toness", "train")


def test_a_recording_takes_from_its_corpus_what_it_does_not_say(world):
    tone, words = corpora.recording(TONE), corpora.recording(WORDS)
    assert (tone.licence, tone.licence_url, tone.non_commercial) == ("CC BY 4.0", "https://licence/by", False)
    assert (words.licence, words.channels, words.non_commercial) == ("CC BY-NC 3.0", 2, True)
    assert (tone.sample_rate, tone.seconds, tone.attribution) == (8000, 0.25, "the tests")
    about = corpora.recording("words/about.txt")
    assert (about.seconds, about.sample_rate, about.split, about.title) == (None, None, "", "about.txt")
    assert [file.path for file in corpora.corpus("words").recordings] == [WORDS]


def test_the_address_is_percent_encoded(world):
    assert corpora.recording(ODD).url == f"{world.base}/someone/tones/abc/a%20b%20%231-0.flac"


def test_the_original_path_may_differ_from_ours(world, monkeypatch):
    text = registry.REGISTRY.read_text().replace('path = "two', 'original_path = "old/2.flac", path = "two')
    (world.root / "moved.toml").write_text(text)
    monkeypatch.setattr(registry, "REGISTRY", world.root / "moved.toml")
    assert corpora.recording(TONE).url.endswith("/someone/tones/abc/old/2.flac")


# The tiny world: finding files


def test_the_folder_comes_before_the_cache_and_the_cache_before_a_download(world, monkeypatch):
    assert corpora.where(TONE) == "absent"
    cached = world.put(TONE, world.cache)
    assert corpora.where(TONE) == "cache"
    assert corpora.locate(TONE) == cached
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(world.folder))
    assert corpora.where(TONE) == "cache"
    ours = world.put(TONE, world.folder)
    assert corpora.where(TONE) == "folder"
    assert corpora.locate(TONE) == ours
    assert world.server.asked == []


@pytest.mark.parametrize("path", [TONE, ODD, "words/about.txt"])
def test_a_download_brings_the_very_file_and_is_made_once(world, path):
    assert corpora.locate(path).read_bytes() == world.files[path].read_bytes()
    assert world.kept() == [path]
    assert corpora.locate(path) == world.cache / path
    assert len(world.server.asked) == 1


def test_load_gives_the_clip_with_its_papers(world):
    clip = corpora.load(WORDS)
    samples, _ = soundfile.read(world.files[WORDS])
    np.testing.assert_allclose(clip.waveform.numpy(), samples.mean(axis=1), atol=1e-7)
    assert (clip.title, clip.licence, clip.attribution) == ("Tone", "CC BY-NC 3.0", "the tests")
    assert clip.origin == f"words: {WORDS}"
    assert clip.recipe == {
        "file": WORDS,
        "sha256": corpora.recording(WORDS).sha256,
        "steps": ["2 channels averaged to mono"],
    }
    assert not clip.synthetic


def test_a_file_is_hashed_once_until_it_changes(world, monkeypatch):
    place = world.put(TONE, world.cache)
    corpora.locate(TONE)
    hashed = []
    digest = corpora.hashlib.file_digest
    monkeypatch.setattr(
        corpora.hashlib, "file_digest", lambda file, kind: hashed.append(file.name) or digest(file, kind)
    )
    corpora.locate(TONE)
    assert hashed == []
    os.utime(place, ns=(1, 1))
    corpora.locate(TONE)
    assert hashed == [str(place)]


# The tiny world: what goes wrong


def test_a_named_folder_that_does_not_exist_is_an_error(world, monkeypatch):
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(world.root / "nowhere"))
    for call in (corpora.where, corpora.locate, corpora.load):
        with pytest.raises(corpora.CorpusError, match=r"COMPENDIUM_CORPORA names the folder .*nowhere, which does"):
            call(TONE)


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_without_downloads_a_missing_file_is_named_with_its_source(world, monkeypatch, how):
    if how == "variable":
        monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(world.folder))
    with pytest.raises(corpora.RecordingMissing) as caught:
        corpora.locate(TONE, download=how == "variable")
    for part in (TONE, str(world.folder), str(world.cache), corpora.recording(TONE).url, "fetch tones"):
        assert part in str(caught.value)
    assert world.server.asked == []


@pytest.mark.parametrize("change", ["one bit", "cut short", "empty"])
def test_a_wrong_file_in_the_folder_is_refused(world, monkeypatch, change):
    content = bytearray(world.files[TONE].read_bytes())
    content[-1] ^= 1
    other = {"one bit": bytes(content), "cut short": bytes(content[:100]), "empty": b""}[change]
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(world.folder))
    place = world.put(TONE, world.folder, other)
    with pytest.raises(corpora.ChecksumMismatch) as caught:
        corpora.load(TONE)
    for part in (str(place), corpora.recording(TONE).url, f"found {len(other)} bytes", "Copy it there again"):
        assert part in str(caught.value)
    assert place.read_bytes() == other, "the folder belongs to its owner"


def test_a_wrong_file_in_the_cache_is_fetched_again_or_refused_offline(world, monkeypatch):
    world.put(TONE, world.cache, b"rubbish")
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    with pytest.raises(corpora.ChecksumMismatch, match="Delete it"):
        corpora.locate(TONE)
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "0")
    assert corpora.locate(TONE).read_bytes() == world.files[TONE].read_bytes()


def test_a_download_of_something_else_is_thrown_away(world):
    world.server.fault = "wrong"
    with pytest.raises(corpora.ChecksumMismatch, match="sent is not the registered tones/two-0") as caught:
        corpora.locate(TONE)
    assert corpora.recording(TONE).url in str(caught.value)
    assert world.kept() == []


def test_a_download_that_breaks_off_leaves_nothing(world):
    world.server.fault = "cut"
    with pytest.raises(corpora.RecordingMissing, match="could not be fetched") as caught:
        corpora.locate(TONE)
    assert corpora.recording(TONE).url in str(caught.value)
    assert world.kept() == []
    world.server.fault = None
    assert corpora.locate(TONE).read_bytes() == world.files[TONE].read_bytes()


def test_a_source_that_lost_the_file_is_named(world):
    world.files[TONE].unlink()
    with pytest.raises(corpora.RecordingMissing, match="404"):
        corpora.locate(TONE)
    assert world.kept() == []


def test_no_network_says_what_to_do(unreachable):
    with pytest.raises(corpora.RecordingMissing) as caught:
        corpora.load(TONE)
    for part in (
        TONE,
        "http://127.0.0.1:9/someone/tones/abc/two-0.flac",
        "Check the network",
        "COMPENDIUM_CORPORA",
    ):
        assert part in str(caught.value)
    assert unreachable.kept() == []


def test_a_full_disk_leaves_nothing_in_the_cache(world, monkeypatch):
    def half_then_full(self, url, output_file, pooch):
        Path(output_file).write_bytes(world.files[TONE].read_bytes()[:50])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", half_then_full)
    with pytest.raises(corpora.CorpusError, match=r"could not be stored in the cache .*No space left.*Make room"):
        corpora.locate(TONE)
    assert world.kept() == []


def test_a_cache_that_cannot_be_written_is_named(world):
    world.cache.write_text("a file where the folder should be")
    with pytest.raises(corpora.CorpusError, match=r"could not be stored in the cache .*cache") as caught:
        corpora.locate(TONE)
    assert corpora.recording(TONE).url in str(caught.value)


def test_a_registered_file_that_is_no_sound_is_refused(world, monkeypatch):
    with pytest.raises(AudioError, match="not a recording but a text"):
        corpora.load("words/about.txt")
    monkeypatch.setattr(corpora, "recording", lambda path: dataclasses.replace(registry.recording(path), seconds=1.0))
    with pytest.raises(AudioError, match=r"words/about\.txt \(source: http.*cannot be read as sound"):
        corpora.load("words/about.txt")


# The command line


def test_list_shows_every_corpus_and_where_it_is(world, capsys):
    world.put(TONE, world.cache)
    assert corpora.main(["list"]) == 0
    head, tones, words, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["corpus", "files", "minutes", "MB", "where", "licence"]
    assert tones.startswith("tones")
    assert "1 absent, 1 cache" in tones
    assert words.split()[:2] == ["words", "2"]
    assert words.split()[4:] == ["absent", "CC", "BY-NC", "3.0"]
    assert total.split()[1] == "4"


def test_fetch_says_the_size_and_gets_what_is_absent(world, capsys):
    world.put(TONE, world.cache)
    size = world.files[ODD].stat().st_size
    assert corpora.main(["fetch", "tones"]) == 0
    streams = capsys.readouterr()
    assert streams.out.startswith(f"1 files, {size / 1e6:.1f} MB to download into {world.cache}")
    assert "100%" in streams.err
    assert world.kept() == sorted([ODD, TONE])
    assert corpora.main(["fetch"]) == 0
    assert world.kept() == sorted(world.files)
    assert corpora.main(["fetch"]) == 0
    assert "Nothing to download: all 4 files" in capsys.readouterr().out
    assert len(world.server.asked) == 3


def test_downloads_at_once_into_a_new_folder_do_not_collide(world, monkeypatch):
    """Another thread makes the folder between the downloader's look at it and its attempt to make it."""
    made = os.makedirs

    def someone_was_quicker(folder, mode=0o777, exist_ok=False):
        made(folder, mode, exist_ok=True)
        if not exist_ok:
            raise FileExistsError(errno.EEXIST, "File exists", str(folder))

    monkeypatch.setattr(os, "makedirs", someone_was_quicker)
    assert corpora.main(["fetch"]) == 0
    assert world.kept() == sorted(world.files)


def test_fetch_without_a_network_fails_with_the_reason(unreachable, capsys):
    assert corpora.main(["fetch"]) == 1
    assert "Check the network" in capsys.readouterr().err
    assert unreachable.kept() == []


def test_fetch_offline_downloads_nothing(world, monkeypatch, capsys):
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    assert corpora.main(["fetch"]) == 1
    assert "downloads are off" in capsys.readouterr().err
    assert world.server.asked == []


def test_verify_reports_each_bad_file(world, monkeypatch, capsys):
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(world.folder))
    world.put(TONE, world.folder)
    world.put(ODD, world.cache)
    assert corpora.main(["verify"]) == 0
    assert "2 files right, 0 wrong, 2 not on this machine" in capsys.readouterr().out
    world.put(TONE, world.folder, b"bad")
    world.put(WORDS, world.folder, b"worse")
    assert corpora.main(["verify"]) == 1
    out = capsys.readouterr().out
    bad = [line for line in out.splitlines() if line.startswith("BAD")]
    assert len(bad) == 2
    assert TONE in bad[0]
    assert WORDS in bad[1]
    assert "1 files right, 2 wrong, 1 not on this machine" in out


def test_an_unknown_corpus_ends_the_command(world, capsys):
    for command in ("list", "fetch", "verify"):
        assert corpora.main([command, "tonez"]) == 1
        assert "Did you mean tones" in capsys.readouterr().err


# Splits


def with_groups(world, monkeypatch, groups: list[str], more: str = "") -> None:
    """A registry with one corpus of one file a group."""
    lines = [f'base = "b"\n[licences]\n[corpora.many]\ntitle = ""\nabout = ""\nrepo = "r"\ncommit = "c"\n{more}']
    lines.append('licence = "l"\nattribution = ""\ncitation = ""\nchapters = []\nsample_rate = 1\nchannels = 1')
    lines.append('format = "f"\nfiles = [')
    for number, group in enumerate(groups):
        lines.append(f'{{ path = "{number}", sha256 = "", bytes = 1, seconds = 1.0, group = "{group}" }},')
    target = world.root / f"many-{len(groups)}-{len(more)}.toml"
    target.write_text("\n".join([*lines, "]"]))
    monkeypatch.setattr(registry, "REGISTRY", target)


def test_a_split_follows_the_group_alone_and_has_its_shares(world, monkeypatch):
    names = [f"speaker {number % 1000}" for number in range(2000)]
    with_groups(world, monkeypatch, names)
    sides = {which: corpora.split("many", which) for which in registry.SIDES}
    assert sorted(file.path for side in sides.values() for file in side) == sorted(
        file.path for file in corpora.split("many")
    )
    groups = {which: {file.group for file in side} for which, side in sides.items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    share = {which: len(side) / 2000 for which, side in sides.items()}
    assert share == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.03)
    with_groups(world, monkeypatch, names[500:700])  # other files: the sides stay
    for which in registry.SIDES:
        assert {file.group for file in corpora.split("many", which)} == groups[which] & set(names[500:700])


def test_a_split_may_have_other_shares_or_be_fixed(world, monkeypatch):
    names = [f"piece {number}" for number in range(1000)]
    with_groups(world, monkeypatch, names, "shares = [0.5, 0.5, 0.0]")
    assert len(corpora.split("many", "train")) == pytest.approx(500, abs=50)
    assert corpora.split("many", "test") == []
    with_groups(world, monkeypatch, names, 'split = "validation"')
    assert len(corpora.split("many", "validation")) == 1000
    with pytest.raises(ValueError, match="no split 'dev'; choose train, validation, test or all"):
        corpora.split("many", "dev")


# The real registry


def test_the_registry_is_whole():
    every = [file for one in corpora.corpora().values() for file in one.files]
    assert len(every) == 869
    assert len({file.path for file in every}) == 869
    assert sum(file.bytes for file in every) == 225_842_225
    for file in every:
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.url.startswith("https://raw.githubusercontent.com/")
        assert file.licence_url or file.licence == "not stated", file.path
        assert file.chapters
        assert file.attribution
        assert (file.seconds is None) == (file.group == ""), file.path
        assert file.split in registry.SIDES or file.seconds is None
    assert sum(one.minutes for one in corpora.corpora().values()) == pytest.approx(117.0, abs=0.1)


def test_no_group_is_on_two_sides_in_any_corpus():
    sides = defaultdict(set)
    for one in corpora.corpora().values():
        for file in one.recordings:
            sides[file.group].add(file.split)
    assert [group for group, found in sides.items() if len(found) > 1] == []
    assert len(sides) > 350


def test_the_speech_test_set_is_the_ten_speakers_of_test_other():
    test = corpora.split("librispeech_resemblyzer", "test")
    assert len(test) == 100
    assert len({file.group for file in test}) == 10
    assert all("/librispeech_test-other/" in file.path for file in test)
    train, validation = (corpora.split("librispeech_resemblyzer", which) for which in ("train", "validation"))
    assert len(train) + len(validation) == 227
    assert len({file.group for file in train + validation}) == 227
    assert 10 <= len(validation) <= 35


def test_the_codec_test_set_is_lossless_and_the_rest_is_not_in_it():
    for one in corpora.corpora().values():
        for file in one.recordings:
            if "codec_loss" in file.chapters:
                assert (file.split == "test") == (not file.format.startswith("OGG")), file.path


def test_non_commercial_files_are_marked():
    marked = [file for one in corpora.corpora().values() for file in one.recordings if file.non_commercial]
    assert len(marked) == 8
    assert {file.corpus for file in marked} == {"librosa_data", "esc50_samples"}


@pytest.mark.corpora
def test_every_recording_here_is_what_the_registry_says():
    seen = 0
    for one in corpora.corpora().values():
        for file in one.recordings[:: max(1, len(one.recordings) // 3)]:
            if corpora.where(file.path) == "absent":
                continue
            info = soundfile.info(corpora.locate(file.path))
            found = (info.samplerate, info.channels, f"{info.format}/{info.subtype}")
            assert found == (file.sample_rate, file.channels, file.format), file.path
            assert info.duration == pytest.approx(file.seconds, abs=0.001), file.path
            seen += 1
    assert seen > 0


@pytest.mark.corpora("librosa_data")
def test_a_real_recording_loads():
    clip = corpora.load("librosa_data/audio/sorohanro_-_solo-trumpet-06.hq.ogg")
    assert (clip.sample_rate, round(clip.seconds, 3)) == (44100, 5.333)
    assert 0.05 < clip.waveform.abs().max() <= 1
    assert clip.attribution.startswith("Mihai Sorohan")


def test_recordings_are_available_together_or_not(monkeypatch):
    here = {"a/1.wav", "a/2.wav"}

    def locate(path):
        if path not in here:
            raise corpora.RecordingMissing(path)

    monkeypatch.setattr(corpora, "locate", locate)
    assert corpora.available(here)
    assert corpora.available([])
    assert not corpora.available([*here, "a/3.wav"])


def test_sources_say_where_a_recording_is_from_and_which_file_it_is():
    file = next(iter(corpora.split("visqol", "test")))
    (source,) = corpora.sources([file])
    assert source == {
        "name": file.title,
        "origin": f"visqol: {file.path}",
        "licence": file.licence,
        "sha256": file.sha256,
    }


def test_a_reader_that_goes_away_is_no_error(world, tmp_path):
    """`list | head -1`: the pipe is closed before anything is written, as a quick reader does."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "paper_code.audio.corpora", "list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_folders_are_found_in_the_home(world, monkeypatch):
    monkeypatch.setenv("HOME", str(world.root))
    monkeypatch.setenv("COMPENDIUM_CORPORA", "~/folder")
    assert corpora.folder() == world.folder
    monkeypatch.setenv("COMPENDIUM_CACHE", "~/streams")
    assert codec_cache.folder() == world.root / "streams" / "codecs"
