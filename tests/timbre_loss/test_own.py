"""Two folders of a reader: what is refused, what is converted and told, and what the words say of what came out."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import torch

from paper_code.audio.clips import AudioError
from paper_code.lab.config import ConfigError
from paper_code.timbre_loss import folders, own
from paper_code.timbre_loss.own import LOGISTIC, NEAREST, NETWORK, Accuracy

QUICK = {"width": 2, "melodies": 12, "steps": 60, "batch": 8, "learning_rate": 1e-2, "masks": 2, "mask_steps": 3}


def _noise(seconds: float, seed: int, rate: int = 16000, level: float = 0.1) -> torch.Tensor:
    return level * torch.randn(round(seconds * rate), generator=torch.Generator().manual_seed(seed))


def _dull(sound: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool1d(2.5 * sound[None], 6, 1, 3)[0]


def _write(path: Path, sound: torch.Tensor, rate: int = 16000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.numpy(), rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def _folder(path: Path, count: int = 2, seconds: float = 3.0, first: int = 0, rate: int = 16000, level: float = 0.1):
    """A folder of noises, all different: "take 1.wav" and so on."""
    for i in range(count):
        _write(path / f"take {i + 1}.wav", _noise(seconds, first + i, rate, level), rate)
    return path


@pytest.fixture
def pair(tmp_path):
    """Two good folders of two files of one clip."""
    return _folder(tmp_path / "a"), _folder(tmp_path / "b", first=100)


def _quick_training(patch: pytest.MonkeyPatch) -> None:
    """Networks learn from the first quarter second of every clip; they are tested on all of it."""
    pairs = own._paired
    patch.setattr(own, "_paired", lambda train: pairs(train)[..., :24])
    patch.setitem(own.SIZES, "quick", QUICK)


def _rooms(path: Path, rooms, first: int) -> Path:
    """Six files of 6 s, each through the "room" of its turn."""
    for i in range(6):
        _write(path / f"take {i + 1}.wav", rooms[i % len(rooms)](_noise(6.1, first + i)))
    return path


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Two classes that differ; the first one in two rooms by turns; and two classes that do not differ."""
    folder = tmp_path_factory.mktemp("own")
    bright, dull, alike = (
        _rooms(folder / name, rooms, first)
        for name, rooms, first in (("bright", [torch.clone], 0), ("dull", [_dull], 50), ("alike", [torch.clone], 80))
    )
    two_rooms = _rooms(folder / "two rooms", [torch.clone, _dull], 20)
    with pytest.MonkeyPatch.context() as patch:
        _quick_training(patch)
        return {
            "different": own.study(bright, dull, "quick", progress=False),
            "rooms": own.study(two_rooms, dull, "quick", progress=False),
            "alike": own.study(bright, alike, "quick", progress=False),
        }


# What came out


def test_classes_that_differ_are_told_apart_and_the_null_test_is_passed(studies):
    found = studies["different"]
    assert found.names == ("bright", "dull")
    assert found.clips == 12
    assert found.accuracy[NETWORK].above_chance
    assert found.accuracy[NEAREST] == found.accuracy[LOGISTIC] == Accuracy(24, 24, 12, 12)
    assert not found.null[NETWORK].above_chance
    assert found.null[NETWORK].files == 6
    assert found.words[0].startswith(
        f"The network tells dull from bright: {found.accuracy[NETWORK].right} of 24 held-out"
    )
    assert found.words[1].startswith("The null test is passed: odd and even files of bright are not told apart")
    assert found.words[2] == own.LIMIT
    assert found.words[3].startswith("As good or better without a network: nearest mean spectrum (100 %)")


def test_a_network_that_has_learned_the_room_is_told(studies):
    found = studies["rooms"]
    assert found.null[NETWORK].above_chance
    assert found.words[1].startswith("The null test fails: the network also tells odd from even files of two rooms")
    assert "It has learned the room" in found.words[1]


def test_classes_that_cannot_be_told_apart_are_told_to_be(studies):
    found = studies["alike"]
    assert not found.accuracy[NETWORK].above_chance
    assert found.words[0].startswith("The classes cannot be told apart for certain")
    assert "no timbre" in found.words[0]


def test_what_is_shown_of_changed_clips_fits_together(studies):
    found = studies["different"]
    assert len(found.changed) == 2
    for one in found.changed:
        assert one.original.title in (
            "dull: take 1.wav",
            "dull: take 4.wav",
        )  # held out from the first of three networks
        assert {one.spectrogram.shape, one.map.shape, one.mask.shape} == {(257, 298)}
        assert one.original.waveform.shape == one.result.waveform.shape == (48000,)
        assert one.original.waveform.square().mean().sqrt().item() == pytest.approx(10 ** (-26 / 20), rel=1e-2)
        heard = own.log_spectrogram(one.result.waveform) - own.log_spectrogram(one.original.waveform)
        wide = one.mask.abs() > 1
        assert torch.corrcoef(torch.stack([heard[wide], one.mask[wide]]))[0, 1] > 0.5
        assert all(0 <= score <= 1 for score in (*one.scores, *one.judged))
        assert one.scores[0] > 0.5
    assert found.target.title == "bright: take 1.wav"


def test_the_words_on_masks_are_of_their_numbers(studies):
    found = studies["different"]
    one = replace(found.changed[0], scores=(0.9, 0.1), judged=(0.8, 0.7))
    words = replace(found, changed=(one,)).words[-1]
    assert "1 held-out clip of dull from 0.90 to 0.10" in words
    assert "from 0.80 to 0.70" in words
    assert words.endswith("the masks are adversarial.")
    followed = replace(found, changed=(replace(one, judged=(0.8, 0.2)),)).words[-1]
    assert "adversarial" not in followed


def test_a_null_test_of_few_files_proves_little(studies):
    found = studies["different"]
    few = replace(found, null={NETWORK: Accuracy(2, 4, 2, 4)}, accuracy={NETWORK: Accuracy(4, 5, 4, 5)})
    assert few.words[1].endswith("it proves little.")
    many = replace(found, null={NETWORK: Accuracy(100, 200, 100, 200)}, accuracy={NETWORK: Accuracy(190, 200, 95, 100)})
    assert many.words[1].endswith("50 %, 95 % interval 43 to 57 %), 100 of 200 files (43 to 57 %).")
    none = replace(found, null=None)
    assert none.words[1].startswith("There is no null test: bright has 6 files")


def test_the_table_and_the_player_show_the_numbers(studies, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = studies["different"]
    text = own.accuracies(found).text
    accuracy = found.accuracy[NEAREST]
    assert f"bright against dull, {NEAREST}" in text
    assert f"{100 * accuracy.interval[0]:.0f}" in text
    assert f"null test: bright, {NETWORK}" in text
    assert own.player(found).text.endswith("dull, through the mask, bright")
    assert len(list((tmp_path / "sounds").glob("*.flac"))) == 3


def test_the_same_seed_gives_the_same(pair, monkeypatch):
    _quick_training(monkeypatch)
    first, second = (own.study(*pair, "smoke", 3, progress=False) for _ in range(2))
    assert first.words == second.words
    assert torch.equal(first.changed[0].mask, second.changed[0].mask)
    assert first.null is None  # two files of class_a


# Counting


def test_wilsons_interval_is_that_of_its_formula():
    right, count, z = 54, 60, 1.959963985
    p = right / count
    middle = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    found = Accuracy(right, count, 5, 6)
    assert found.interval == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert str(found) == "54 of 60 held-out clips right (90 %, 95 % interval 80 to 95 %), 5 of 6 files (44 to 97 %)"
    assert not found.above_chance  # the clips alone would say so, six files do not
    assert Accuracy(54, 60, 6, 6).above_chance


def test_clips_and_files_are_counted_by_hand():
    votes = [
        (0, torch.tensor([0.1, 0.9, 0.2])),  # two of three, the file right
        (0, torch.tensor([0.5, 0.5])),  # a tie is wrong
        (1, torch.tensor([0.9, 0.4, 0.1])),  # one of three, the file wrong
        (1, torch.tensor([0.51])),
    ]
    assert own._accuracy(votes) == Accuracy(4, 9, 2, 4)


def test_no_file_is_on_both_sides_and_each_is_held_out_once():
    takes = [own.Take(str(i), 16000, torch.full((1, 4), float(i))) for i in range(7)]
    held = []
    for fold in range(3):
        out = own._held_out(takes, fold, 3)
        learned = set(own._learned_from(takes, fold, 3)[:, 0].tolist())
        assert learned.isdisjoint(float(take.name) for take in out)
        assert len(learned) + len(out) == 7
        held += [take.name for take in out]
    assert sorted(held) == [take.name for take in takes]


def test_both_classes_give_as_many_clips_and_files_share_them():
    many = [own.Take(str(i), 16000, torch.arange(20.0)[:, None]) for i in range(3)]
    few = [own.Take("x", 16000, torch.zeros(1, 1)), own.Take("y", 16000, torch.zeros(9, 1))]
    first, second = folders.balanced(many, few, 100)
    assert [len(take.waveforms) for take in first] == [4, 3, 3]
    assert [len(take.waveforms) for take in second] == [1, 9]
    assert first[1].waveforms[:, 0].tolist() == [0, 10, 19]  # over the whole file
    assert [len(take.waveforms) for take in folders.balanced(many, few, 4)[1]] == [1, 3]


# What is refused


def test_a_missing_folder_a_file_and_the_same_folder_are_told(pair, tmp_path):
    first, _ = pair
    with pytest.raises(AudioError, match=r"class_a: there is no folder .*none"):
        own.study(tmp_path / "none", first, "smoke")
    with pytest.raises(AudioError, match=r"class_b wants a folder of recordings, found a file: .*take 1\.wav"):
        own.study(first, first / "take 1.wav", "smoke")
    with pytest.raises(AudioError, match="class_a and class_b are the same folder"):
        own.study(first, tmp_path / "b" / ".." / "a", "smoke")
    with pytest.raises(ConfigError, match="profile is one of smoke, small, full"):
        own.study(*pair, "big")


def test_an_empty_folder_and_one_file_are_told(pair, tmp_path):
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    (tmp_path / "empty" / ".hidden.wav").write_bytes(b"x")
    with pytest.raises(AudioError, match=r"class_b: .*empty holds no sound files; wanted two or more"):
        own.study(pair[0], tmp_path / "empty", "smoke")
    one = _folder(tmp_path / "one", 1, first=7)
    with pytest.raises(AudioError, match=r"class_a: .*one holds 1 sound file; wanted two or more"):
        own.study(one, pair[1], "smoke")


def test_the_same_sound_twice_is_told_whatever_the_files_are_called(pair):
    sound, rate = soundfile.read(pair[0] / "take 2.wav", dtype="float32")
    again = _write(pair[1] / "other.wav", torch.from_numpy(sound), rate)
    with pytest.raises(AudioError, match=r"a/take 2\.wav and .*b/other\.wav hold the same sound"):
        own.study(*pair, "smoke")
    again.rename(pair[0] / "copy.wav")
    with pytest.raises(AudioError, match=r"copy\.wav and .*take 2\.wav hold the same sound"):
        own.study(*pair, "smoke")


def test_files_that_are_no_sound_or_truncated_are_named(pair):
    (pair[0] / "notes.doc").write_text("no sound")
    with pytest.raises(AudioError, match=r"notes\.doc cannot be read as sound"):
        own.study(*pair, "smoke")
    (pair[0] / "notes.doc").unlink()
    whole = (pair[1] / "take 1.wav").read_bytes()
    (pair[1] / "take 1.wav").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=r"take 1\.wav is truncated"):
        own.study(*pair, "smoke")


def test_silence_is_told(pair, tmp_path):
    silence = _folder(tmp_path / "silence", 3, level=0.0, first=3)
    for i in range(3):
        _write(silence / f"take {i + 1}.wav", _noise(3 + i, i, level=1e-5))
    with pytest.raises(AudioError, match=r"silence: every file is silent \(below -70 dB"):
        own.study(pair[0], silence, "smoke")
    _write(pair[1] / "take 3.wav", torch.zeros(48000))
    with pytest.raises(AudioError, match=r"b: take 3\.wav is silent"):
        own.study(*pair, "smoke")


def test_too_short_and_too_low_rates_are_told(pair):
    added = _write(pair[0] / "short.wav", _noise(0.2, 9))
    with pytest.raises(AudioError, match=r"short\.wav holds 0\.200 s; wanted 0\.25 s or more"):
        own.study(*pair, "smoke")
    _write(added, _noise(3.0, 9, 4000), 4000)
    with pytest.raises(AudioError, match=r"short\.wav has 4000 Hz; wanted 8000 Hz or more"):
        own.study(*pair, "smoke")


# What is converted, and told


def test_good_folders_need_no_note(pair):
    names, (first, second), notes = folders.read(*pair, 10)
    assert (names, notes) == (("a", "b"), ())
    for take in (*first, *second):
        assert take.waveforms.shape == (1, 48000)
        assert take.waveforms.square().mean().sqrt().item() == pytest.approx(10 ** (-26 / 20), rel=1e-2)


def test_files_come_in_natural_order_without_what_is_no_sound(tmp_path):
    first = _folder(tmp_path / "x" / "cello", 11)
    (first / "sub").mkdir()
    (first / ".hidden.wav").write_bytes(b"x")
    (first / "cover.JPG").write_bytes(b"x")
    names, (takes, _), notes = folders.read(first, _folder(tmp_path / "y" / "cello", 11, first=50), 99)
    assert names == ("x/cello", "y/cello")
    assert [take.name for take in takes] == [f"take {i}.wav" for i in range(1, 12)]
    assert notes == ("Not read in cello: cover.JPG, sub/.",)


def test_stereo_is_averaged_and_told(pair):
    sound = torch.stack([_noise(3.0, 8), 0.8 * _noise(3.0, 8)], -1)
    _write(pair[0] / "take 3.wav", sound)
    _, (takes, _), notes = folders.read(pair[0], _folder(pair[1], 3, first=200), 10)
    assert notes == ("The channels of 1 of 6 files were averaged.",)
    assert torch.corrcoef(torch.stack([takes[2].waveforms[0], sound[:, 0]]))[0, 1] > 0.99


def test_one_rate_is_resampled_and_told(tmp_path):
    pair = (_folder(tmp_path / name, 2, 3.0, first, 44100) for name, first in (("a", 0), ("b", 9)))
    _, (takes, _), notes = folders.read(*pair, 10)
    assert notes == ("Resampled from 44100 to 16000 Hz.",)
    assert takes[0].waveforms.shape == (1, 48000)


@pytest.mark.parametrize(("rates", "top"), [((16000, 44100), 7107), ((8000, 48000), 3553), ((11025, 22050), 4738)])
def test_other_rates_are_brought_to_one_band_so_that_none_is_heard(rates, top, tmp_path):
    pair = [_folder(tmp_path / name, 2, 3.0, 9 * i, rates[i]) for i, name in enumerate("ab")]
    _, classes, notes = folders.read(*pair, 10)
    assert notes == (
        f"The files have {rates[0]} and {rates[1]} Hz; all were brought to one band, up to {top} Hz, and to 16000 Hz.",
    )
    powers = [10 ** (own.log_spectrogram(own._joined(takes)) / 10) for takes in classes]
    hertz = torch.arange(257) * 31.25
    spectra = [10 * torch.log10(power.mean((0, -1))) for power in powers]
    inside, above = (hertz > 100) & (hertz < 0.95 * top), hertz > min(7900, 1.1 * top)
    assert (spectra[0] - spectra[1])[inside].abs().mean() < 1
    assert (spectra[0] - spectra[1])[above].abs().max() < 2.5
    assert all(spectrum[inside].mean() - spectrum[above].mean() > 20 for spectrum in spectra)


def test_a_short_file_is_repeated_and_told(pair):
    sound = _noise(1.0, 77)
    _write(pair[0] / "take 3.wav", sound)
    _, (takes, _), notes = folders.read(pair[0], _folder(pair[1], 3, first=200), 10)
    assert notes[0] == "Shorter than 3 s, and repeated up to it: 1 of 3 files of a and 0 of 3 files of b."
    wave = takes[2].waveforms[0]
    assert wave.shape == (48000,)
    for lag in (16000, 32000):
        assert torch.corrcoef(torch.stack([wave[:16000], wave[lag : lag + 16000]]))[0, 1] > 0.99


def test_loudness_is_levelled_and_the_difference_is_told(tmp_path):
    pair = _folder(tmp_path / "soft", level=0.003), _folder(tmp_path / "loud", first=9, level=0.3)
    _, classes, notes = folders.read(*pair, 10)
    assert notes == ("loud is 40 dB louder than soft; every clip was brought to -26 dB.",)
    levels = [own._joined(takes).square().mean().log10().item() * 10 for takes in classes]
    assert levels[0] == pytest.approx(levels[1], abs=0.05)


def test_lengths_that_differ_are_told_and_no_class_outweighs_the_other(tmp_path):
    pair = _folder(tmp_path / "long", 3, 10.0), _folder(tmp_path / "brief", 3, 3.0, first=9)
    _, classes, notes = folders.read(*pair, 100)
    assert notes == ("long holds 30 s and brief holds 9 s; 3 clips are used of each.",)
    assert [len(own._joined(takes)) for takes in classes] == [3, 3]


def test_pauses_are_left_out_and_told(pair):
    sound = torch.cat([_noise(3.0, 5), _noise(3.0, 6, level=1e-4), _noise(3.0, 7)])
    _write(pair[0] / "take 1.wav", sound)
    _, (takes, _), notes = folders.read(pair[0], _folder(pair[1], 3, 6.0, first=300), 10)
    assert notes[0] == "Left out as pauses, 40 dB or more below the loudest clip of their file: 1 clip of 3 s."
    assert len(takes[0].waveforms) == 2


def test_formats_that_differ_between_the_classes_are_told(pair):
    _write(pair[1] / "take 3.flac", _noise(3.0, 5))
    assert folders.read(*pair, 10)[2] == (
        "a holds .wav and b holds .flac, .wav: a codec that only one class went through may be what the network hears.",
    )
