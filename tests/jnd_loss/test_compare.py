"""Two sound files from the command line: what is printed, and what is refused with which words."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from paper_code.audio.clips import AudioError
from paper_code.jnd_loss import compare
from paper_code.jnd_loss.compare import LADDER, Reading, in_words, main, read_pair, readings
from paper_code.jnd_loss.listening_test import Anchor
from paper_code.jnd_loss.measures import Measure

RATE = 22050


def _voice(seconds: float = 0.8, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    voice = sum(np.sin(2 * math.pi * 130 * k * time) / k for k in range(1, 20))
    return 0.1 * np.clip(np.sin(2 * math.pi * 3 * time), 0.02, None) * voice


def _write(folder: Path, name: str, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(folder / name, samples, rate, subtype="FLOAT")
    return folder / name


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return _write(tmp_path, "ref.wav", _voice())


@pytest.fixture(autouse=True)
def no_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept on this machine decides no test."""
    monkeypatch.setattr(compare.listening_test, "anchors", lambda **_: {})
    monkeypatch.setattr(compare.listening_test, "distance_of_another_sentence", dict)


def _snr(estimate: torch.Tensor, wanted: torch.Tensor, _: int) -> float:
    """A distance that knows the noise: its amplitude relative to the reference's."""
    return float((estimate - wanted).norm() / wanted.norm())


KNOWING = {"knowing": Measure("knowing", "JND metric", _snr, RATE)}


def test_all_released_metrics_are_printed_with_words(reference, tmp_path, capsys):
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(_voice()))
    assert main([str(reference), str(_write(tmp_path, "test.wav", _voice() + noise))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("test.wav against ref.wav, 0.80 s\n")
    for name in ("scratch", "linear", "finetune", "pre"):
        assert f"released {name}: " in out
    assert "fit for use: " in out
    assert out.count("dB SNR") == 5


def test_a_file_against_itself_has_no_difference(reference, capsys):
    assert main([str(reference), str(reference)]) == 0
    assert capsys.readouterr().out.count("released") == 4
    (reading,) = readings(KNOWING, *read_pair(reference, reference)[:2])
    assert in_words(reading) == "knowing: 0, no difference at all"


@pytest.mark.parametrize("decibels", [12.0, 33.0, 61.0])
def test_the_noise_that_is_as_far_is_found(decibels, reference, tmp_path):
    noise = np.random.default_rng(1).standard_normal(len(_voice()))
    noise *= np.linalg.norm(_voice()) / np.linalg.norm(noise) * 10 ** (-decibels / 20)
    (reading,) = readings(KNOWING, *read_pair(reference, _write(tmp_path, "test.wav", _voice() + noise))[:2])
    assert reading.snr == pytest.approx(decibels, abs=0.4)
    assert f"as far as white noise at {decibels:.0f} dB SNR" in in_words(reading)


def test_a_metric_that_falls_again_is_read_from_the_weak_side(reference, tmp_path):
    """Its distance has a hump at 40 dB SNR; 0.5 is reached at 60 and left at 20."""

    def hump(estimate: torch.Tensor, wanted: torch.Tensor, _: int) -> float:
        decibels = -20 * math.log10(_snr(estimate, wanted, 0) + 1e-9)
        return max(0.0, 1 - abs(decibels - 40) / 40)

    noise = np.random.default_rng(1).standard_normal(len(_voice()))
    noise *= np.linalg.norm(_voice()) / np.linalg.norm(noise) * 10 ** (-20 / 20)
    pair = read_pair(reference, _write(tmp_path, "test.wav", _voice() + noise))[:2]
    (reading,) = readings({"hump": Measure("hump", "loss", hump, RATE)}, *pair)
    assert reading.distance == pytest.approx(0.5, abs=0.01)
    assert reading.snr == pytest.approx(60, abs=0.7)


def test_words_for_what_is_out_of_reach():
    assert "farther than white noise of any strength down to 0 dB" in in_words(Reading("m", 9.0, None, None))
    assert "nearer than white noise at 80 dB" in in_words(Reading("m", 1e-6, LADDER[0], None))


def test_a_distance_like_that_of_another_sentence_is_told_to_say_nothing():
    near = Anchor("Lyra 3", 3.0, 30.0)
    assert "another speaker's sentence is no farther (3): it tells nothing" in in_words(
        Reading("m", 2.8, 9.0, near, 3.0)
    )
    assert "Lyra 3" in in_words(Reading("m", 2.6, 9.0, near, 3.0))
    assert "Lyra 3" in in_words(Reading("m", 2.8, 9.0, near))


def test_the_nearest_condition_of_the_listening_test_is_named(reference, tmp_path):
    pair = read_pair(reference, _write(tmp_path, "test.wav", 0.9 * _voice()))[:2]  # a distance of 0.1
    known = {"knowing": [Anchor("Lyra 3", 0.13, 29.4), Anchor("Lyra 6", 0.075, 46.0), Anchor("AudioDec", 0.3, 64.9)]}
    (reading,) = readings(KNOWING, *pair, known)
    assert reading.nearest == known["knowing"][0]  # 1.3 times as far; 0.075 is 1.33 times nearer
    assert "about as far as Lyra 3 from its reference in a real listening test (0.13), rated 29 of 100" in in_words(
        reading
    )
    (reading,) = readings(KNOWING, *pair, {"knowing": [Anchor("AudioDec", 0.3, 64.9)]})
    assert reading.nearest is None


def test_the_shorter_file_gets_silence_at_its_end(reference, tmp_path):
    short = _write(tmp_path, "short.wav", _voice()[:-500])
    ours, theirs, told = read_pair(reference, short)
    assert len(ours.waveform) == len(theirs.waveform) == len(_voice())
    assert not theirs.waveform[-500:].any()
    assert "short: 0.023 s of silence added at its end, to equal lengths" in told
    ours, theirs, told = read_pair(short, reference)
    assert not ours.waveform[-500:].any()
    assert any(line.startswith("short: 0.023 s") for line in told)


def test_two_rates_meet_at_the_lower(reference, tmp_path):
    ours, theirs, told = read_pair(reference, _write(tmp_path, "test.wav", _voice(rate=16000), 16000))
    assert ours.sample_rate == theirs.sample_rate == 16000
    assert "rates differ (22050 and 16000 Hz): compared at 16000 Hz" in told


def test_delay_and_level_are_told_and_the_delay_taken_out_if_asked(reference, tmp_path):
    rng = np.random.default_rng(4)
    uneven = np.concatenate(
        [rng.standard_normal(n) * a for n, a in zip(rng.integers(500, 3000, 12), rng.random(12), strict=True)]
    )
    ref = _write(tmp_path, "uneven.wav", 0.1 * uneven)
    test = _write(tmp_path, "late.wav", 0.05 * np.concatenate([np.zeros(221), uneven[:-221]]))
    _, late, told = read_pair(ref, test)
    assert "late comes 10.0 ms later: --align would take that out" in told
    assert any(
        line.startswith("late is 6.") and "softer: the paper's metrics do not hear that" in line for line in told
    )
    _, moved, told = read_pair(ref, test, align=True)
    assert "late comes 10.0 ms later: taken out" in told
    assert moved.waveform[:-221].tolist() == late.waveform[221:].tolist()


@pytest.mark.parametrize(
    ("name", "samples", "wanted"),
    [
        ("silent.wav", np.zeros(20000), "'silent' is silent"),
        ("long.wav", np.tile(_voice(), 3), "wanted one sound twice"),
        ("nan.wav", np.where(np.arange(20000) == 7, np.nan, 0.1), "NaN or infinite"),
    ],
)
def test_what_cannot_be_compared_is_refused(name, samples, wanted, reference, tmp_path, capsys):
    assert main([str(reference), str(_write(tmp_path, name, samples))]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert wanted in said.err


def test_files_that_are_missing_no_sound_or_too_short_are_refused(reference, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("no sound")
    short = _write(tmp_path, "short.wav", _voice(0.2))
    for words, wanted in (
        ((reference, tmp_path / "absent.wav"), "there is no file"),
        ((reference, tmp_path / "text.wav"), "cannot be read as sound"),
        ((reference, tmp_path), "found a folder"),
        ((short, short), "need 0.37 s or more; 'short' has 0.20 s"),
    ):
        assert main(list(map(str, words))) == 1
        assert wanted in capsys.readouterr().err
    with pytest.raises(AudioError):
        read_pair(reference, tmp_path / "absent.wav")
