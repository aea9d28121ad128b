"""What the page says in words: sentences that follow their numbers, and a reader's own pair."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from paper_code.audio.clips import AudioError
from paper_code.jnd_loss import page
from paper_code.jnd_loss.answer import answer

VALUES = {
    "accuracy, classifier, Scratch": [0.71, 0.72, 0.715],
    "accuracy, levels alone": [0.75] * 3,
    "accuracy, a threshold a list, released scratch": [0.70] * 3,
    "accuracy, a threshold a list, log-spectral distance": [0.712] * 3,
    "accuracy, with the levels, Scratch": [0.741, 0.742, 0.743],
    "accuracy, levels alone, refitted": [0.739] * 3,
    "choices, released scratch": [0.47, np.nan, np.nan],
    "choices, log-spectral distance": [0.67, np.nan, np.nan],
    "choices, ceiling": [0.78, np.nan, np.nan],
    "distance after a gain of 6 dB, Scratch": [0.0, 0.0, 0.0],
    "distance after a gain of 6 dB, Fit for use": [1.6, 1.7, 1.65],
    "distance after a delay of 0.25 s, Scratch": [2.7, 2.8, 2.9],
    "trials to error 5, active learning": [8.0] * 3,
    "trials to error 5, uniform sampling": [23.0] * 3,
}


def _said(changes: dict[str, list[float]] | None = None) -> str:
    values = {**VALUES, **(changes or {})}
    return repr(answer(SimpleNamespace(profile="small", measurements=values))).replace("\u00a0", " ")


def test_the_answer_says_that_the_levels_predict_more():
    said = _said()
    assert "predicts fewer than a regression that knows only the levels" in said
    assert "71.5 ± 1.2 % against 75.0 %" in said
    assert "less often than a log-spectral distance (47 % against 67 %" in said
    assert "hears no change of level at all" in said
    assert "after 8 questions, uniform sampling after 23" in said


@pytest.mark.parametrize(
    ("values", "words"), [([0.8, 0.81, 0.82], "more than"), ([0.74, 0.75, 0.76], "about as many as")]
)
def test_its_words_follow_the_numbers(values, words):
    assert f"predicts {words} a regression" in _said({"accuracy, classifier, Scratch": values})


def test_a_sentence_without_its_numbers_is_left_out():
    bare = {name: values for name, values in VALUES.items() if not name.startswith("choices")}
    said = repr(answer(SimpleNamespace(profile="small", measurements=bare)))
    assert "speech codecs, the released metric" not in said
    assert "questions" in said


def test_without_sounds_of_the_readers_own_the_page_says_what_it_takes():
    assert "takes" in repr(page.own_pair("", ""))


def test_a_readers_own_pair_is_told_in_words_and_played(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).standard_normal((2, 22050)) * [[0.1], [0.01]]
    soundfile.write("ref.wav", noise[0], 22050)
    soundfile.write("test.wav", noise.sum(0), 22050)
    shown = page.own_pair("test.wav", "ref.wav")
    assert "as far as white noise at" in repr(shown)
    assert shown.html.count("<audio") == 2
    alone = page.own_pair("ref.wav", "")
    assert "ref with noise against ref" in alone.html
    assert "as far as white noise at 30 dB" in repr(alone)
    soundfile.write("other.wav", np.tile(noise[0], 3), 22050)
    with pytest.raises(AudioError, match="wanted one sound twice"):
        page.own_pair("other.wav", "ref.wav")
