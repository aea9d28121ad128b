"""What the networks learn from: sides without common recordings, patches, bands, and a reader's own file."""

import errno
import itertools
import json

import numpy as np
import pytest
import soundfile
import torch

from codec_loss.quick_sounds import quick_sound, quick_tracks
from paper_code.audio import corpora, synthesiser
from paper_code.audio.clips import AudioError
from paper_code.audio.codecs import Codec
from paper_code.audio.perturbations import limit_band
from paper_code.codec_loss import stimuli
from paper_code.lab import material
from paper_code.lab.files import OutputError

MP3 = Codec("mp3", 16)
SIDES = ("train", "validation", "test")


@pytest.fixture
def counting(tmp_path):
    """Three tracks of 300, 500 and 250 samples whose samples are their own numbers; the second starts at 300."""
    np.save(tmp_path / "original.npy", np.arange(1050, dtype=np.int16))
    np.save(tmp_path / "coded.npy", -np.arange(1050, dtype=np.int16))
    return stimuli.Material(tmp_path, np.array([[0, 300], [300, 800], [800, 1050]]))


def _numbers(patches):
    return (patches * 32768).round().long()


def test_random_patches_never_cross_a_track_and_reach_every_place(counting):
    original, coded = counting.random(np.random.default_rng(0), 10000, 200, "original", "coded")
    numbers = _numbers(original)
    assert torch.equal(coded, -original)
    assert (numbers.diff(dim=1) == 1).all()
    firsts, lasts = numbers[:, 0].contiguous(), numbers[:, -1].contiguous()
    edges = torch.tensor([300, 800, 1050])
    assert torch.equal(torch.bucketize(firsts, edges, right=True), torch.bucketize(lasts, edges, right=True))
    places, counts = firsts.unique(return_counts=True)
    assert places.tolist() == [*range(101), *range(300, 601), *range(800, 851)]
    # every place alike: chi-square over 453 places, 10,000 draws
    expected = 10000 / len(places)
    assert ((counts - expected) ** 2 / expected).sum().item() == pytest.approx(len(places) - 1, rel=0.25)


def test_random_patches_depend_on_the_generator_alone(counting):
    draws = [counting.random(np.random.default_rng([3, step]), 5, 100, "original")[0] for step in (7, 7, 8)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_tracks_shorter_than_a_patch_are_left_out(counting):
    (found,) = counting.random(np.random.default_rng(0), 200, 400, "original")
    assert _numbers(found)[:, 0].min() >= 300
    assert _numbers(found)[:, -1].max() < 800
    (whole,) = counting.random(np.random.default_rng(0), 3, 500, "original")
    assert (_numbers(whole)[:, 0] == 300).all()
    with pytest.raises(AudioError, match="as long as a patch of 501 samples"):
        counting.random(np.random.default_rng(0), 1, 501, "original")


def test_regular_patches_lie_side_by_side_in_each_track(counting):
    assert counting.regular(250) == [0, 300, 550, 800]
    assert counting.regular(250, hop=125) == [0, 300, 425, 550, 800]
    assert counting.seconds == pytest.approx(1050 / 16000)


def test_samples_come_back_as_they_were(counting):
    (found,) = counting.at([10, 1000], 3, "original")
    assert found.dtype == torch.float32
    assert torch.equal(found * 32768, torch.tensor([[10.0, 11, 12], [1000, 1001, 1002]]))


def test_prepared_material_holds_the_tracks_and_their_coded_and_limited_copies(prepared):
    for side, found in prepared.items():
        lengths = (found.tracks[:, 1] - found.tracks[:, 0]).tolist()
        assert lengths == [70000] * len(lengths)
        names = ("original", "coded", "limited-3000", "limited-5000")
        original, coded, *limited = found.at([0], 70000, *names)
        expected = _track(side)
        assert (original[0] - expected).abs().max() <= 0.5 / 32768 + 1e-7
        for band, cutoff in zip(limited, (3000, 5000), strict=True):
            assert (band[0] - limit_band(expected, cutoff, 16000)).abs().max() <= 0.5 / 32768 + 1e-6
        # aligned: the coded sound resembles the original at lag 0 and no other
        spectra = torch.fft.rfft(original[0], 140000), torch.fft.rfft(coded[0], 140000)
        assert torch.fft.irfft(spectra[0].conj() * spectra[1], 140000).argmax() == 0


def _track(side):
    return quick_tracks(side, synthetic=True)[0]


def test_prepared_material_is_found_again(quick, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it was coded again")

    monkeypatch.setattr(stimuli, "code_batch", refuse)
    found = stimuli.material("train", MP3, synthetic=True, progress=False)
    assert found.folder == quick["train"].folder
    assert np.array_equal(found.tracks, quick["train"].tracks)


def test_other_settings_are_other_material(quick, monkeypatch):
    asked = []
    monkeypatch.setattr(stimuli, "_prepare", lambda folder, *_: asked.append(folder))
    monkeypatch.setattr(stimuli.Material, "opened", lambda *_: None)
    for options in ({}, {"versions": 2}, {"bands": (3000,)}, {"codec": Codec("mp3", 24)}, {"side": "test"}):
        stimuli.material(
            **{"side": "validation", "codec": MP3, "bands": (3000, 4000), "synthetic": True, "progress": False}
            | options
        )
    assert len(set(asked)) == 5


def test_a_full_disk_is_told_and_nothing_half_written_passes_for_material(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(stimuli, "FOLDER", tmp_path / "patches")
    write, wrote = material.write_array, []

    def full(path, length, tracks):
        wrote.append(path.name)
        with monkeypatch.context() as patch:
            if path.name == "limited-3000.npy":
                patch.setattr(np.lib.format, "write_array_header_1_0", _no_space)
            write(path, length, tracks)

    monkeypatch.setattr(material, "write_array", full)
    with pytest.raises(OutputError, match=r"limited-3000\.npy .*the disk is full"):
        stimuli.material("validation", MP3, synthetic=True, progress=False)
    left = sorted(file.name for file in (tmp_path / "patches").rglob("*") if file.is_file())
    assert wrote == ["original.npy", "coded.npy", "limited-3000.npy"]
    assert left == ["coded.npy", "original.npy"]  # whole ones; without tracks.json they are made again
    monkeypatch.setattr(material, "write_array", write)
    found = stimuli.material("validation", MP3, synthetic=True, progress=False)
    assert found.at([0], 70000, "limited-3000")[0].abs().max() > 0.1


def _no_space(file, header):
    file.write(b"half")
    raise OSError(errno.ENOSPC, "No space left on device", file.name)


def test_versions_vary_speed_and_level_and_are_the_same_each_time():
    tracks = [_track("train"), _track("test")]
    found, again = (list(stimuli._versions(tracks, 3)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))
    assert torch.equal(found[0], tracks[0])
    speeds = [70000 / len(track) for track in found]
    assert speeds == pytest.approx([1, 1, 10 / 9, 10 / 9, 9 / 10, 9 / 10], rel=1e-3)
    for track in found[2:]:
        assert 0.9 * 10 ** (-18 / 20) - 1e-6 <= track.abs().max() <= 0.9 + 1e-6
        assert track.dtype == torch.float32


def test_a_mixed_in_track_has_the_level_asked_for():
    random = np.random.default_rng(0)
    track, other = random.standard_normal(1000).astype(np.float32), 5 * random.standard_normal(300).astype(np.float32)
    added = stimuli._mixed(track, other, -6.0) - track
    assert 20 * np.log10(added.std() / track.std()) == pytest.approx(-6, abs=0.2)
    assert np.allclose(added[:300], added[300:600], atol=1e-5)  # it is looped


def test_long_recordings_are_cut_and_short_ones_filled_up():
    pieces = stimuli._pieces(torch.arange(16000.0 * 150))
    assert [len(piece) for piece in pieces] == [1200000, 1200000]
    assert torch.equal(torch.cat(pieces), torch.arange(16000.0 * 150))
    assert [len(p) for p in stimuli._pieces(torch.zeros(5))] == [5]
    filled = stimuli._at_least_a_patch(torch.ones(10))
    assert (len(filled), filled.sum().item()) == (66048, 10)
    assert len(stimuli._at_least_a_patch(torch.ones(70000))) == 70000


def test_synthetic_tracks_are_loud_long_enough_and_of_three_kinds(monkeypatch):
    made = []

    def maker(name):
        def make(seconds, sample_rate, seed):
            made.append((name, seed))
            return quick_sound(0.01 * seconds, sample_rate, seed)

        return make

    for name in ("piano_like", "pop_like", "speech_like"):
        monkeypatch.setattr(synthesiser, name, maker(name))
    for side in SIDES:
        made.clear()
        tracks = stimuli._tracks(side, synthetic=True)
        assert len(tracks) == len(set(made)) >= 6
        assert {name for name, _ in made} == {"piano_like", "pop_like", "speech_like"}
        assert all(track.abs().max().item() == pytest.approx(0.9) for track in tracks)
        assert all(100 * len(track) >= 66048 for track in tracks)  # the quick sounds are a hundredth as long


def test_no_recording_and_no_group_is_on_two_sides():
    sides = {side: stimuli.recordings(side) for side in SIDES}
    assert all(sides.values())
    for one, other in itertools.combinations(SIDES, 2):
        for key in ("path", "sha256"):
            assert not {getattr(f, key) for f in sides[one]} & {getattr(f, key) for f in sides[other]}, (one, other)
        groups = [{(f.corpus, f.group) for f in sides[side] if f.group} for side in (one, other)]
        assert not groups[0] & groups[1], (one, other)
    assert not any("loop_amen" in file.path for file in sides["test"])
    assert {file.corpus for file in sides["test"]} <= set(stimuli.TEST)


@pytest.mark.corpora("codec_loss")
def test_sources_name_licence_and_checksum():
    found = material.sources(["test"], stimuli.recordings, synthetic=False)
    assert len(found) == len(stimuli.recordings("test"))
    assert all(source["licence"] and len(source["sha256"]) == 64 for source in found)


def test_a_missing_corpus_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(stimuli, "FOLDER", tmp_path / "patches")
    monkeypatch.setattr(corpora, "cache", lambda: tmp_path / "cache")
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(tmp_path))
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    with pytest.raises(corpora.CorpusError, match="is not on this machine"):
        stimuli.material("test", MP3, progress=False)
    assert not list(tmp_path.rglob("*.npy"))


def _file(folder, samples, rate):
    soundfile.write(folder / "my.wav", samples, rate, subtype="FLOAT")
    return str(folder / "my.wav")


def test_own_stereo_file_at_44100_is_converted_and_says_so(tmp_path):
    time = np.arange(12 * 44100) / 44100
    tone = 0.2 * np.sin(2 * np.pi * 440 * time)
    clip = stimuli.own_clip(_file(tmp_path, np.stack([tone, 0.5 * tone], 1), 44100), seconds=4)
    assert (clip.sample_rate, len(clip.waveform)) == (16000, 64000)
    assert clip.waveform.abs().max().item() == pytest.approx(0.9, abs=0.01)
    spectrum = np.abs(np.fft.rfft(clip.waveform.numpy() * np.hanning(64000)))
    assert np.argmax(spectrum) * 16000 / 64000 == pytest.approx(440, abs=0.5)
    steps = json.dumps(clip.recipe["steps"])
    assert all(words in steps for words in ("2 channels averaged", "44100 to 16000", "peak brought to 0.9", "cut"))


def test_own_file_is_taken_from_its_middle(tmp_path):
    samples = np.zeros(16000)
    samples[8000] = 0.5
    clip = stimuli.own_clip(_file(tmp_path, samples, 16000), seconds=0.5)
    assert len(clip.waveform) == 8000
    assert clip.waveform.argmax() == 4000


def test_a_short_own_file_stays_whole(tmp_path):
    clip = stimuli.own_clip(_file(tmp_path, np.array([0.25]), 16000))
    assert clip.waveform.tolist() == pytest.approx([0.9])
    assert len(stimuli.own_clip(_file(tmp_path, np.full(100, 0.1), 16000)).waveform) == 100


def test_own_file_that_cannot_be_used_is_told(tmp_path):
    with pytest.raises(AudioError, match="is silent"):
        stimuli.own_clip(_file(tmp_path, np.zeros(5000), 44100))
    with pytest.raises(AudioError, match="0 samples"):
        stimuli.own_clip(_file(tmp_path, np.zeros(0), 44100))
    with pytest.raises(AudioError, match="there is no file"):
        stimuli.own_clip(str(tmp_path / "none.wav"))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match="cannot be read as sound"):
        stimuli.own_clip(str(tmp_path / "text.wav"))
