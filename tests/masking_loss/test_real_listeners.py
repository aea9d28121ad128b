"""The real listening test as the chapter shows it: whole where its files are here, said to be missing where not."""

import math
import re
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from scipy import stats

from paper_code.audio import corpora
from paper_code.display import mushra_results, players
from paper_code.display.players import Missing
from paper_code.display.style import THEME
from paper_code.listeners.mushra import speech_codec_test
from paper_code.masking_loss import real_listeners

# Condition means of all 168 ratings each, as the data's description gives them.
MEANS = {
    "Reference": 98.4, "AudioDec": 64.9, "Proposed 5.51": 60.0, "Proposed 1.38": 54.1, "Proposed 5.51 16kHz": 49.1,
    "Proposed 1.38 16kHz": 48.3, "Lyra 6": 46.0, "Lyra 3": 29.4, "Anchor": 20.3,
}  # fmt: skip
CORPUS = "mushra_speech_codec"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No recordings and no way to fetch them."""
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(tmp_path))
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What the player is asked to show, by the names of its arguments."""
    asked: dict = {}
    monkeypatch.setattr(players, "compare", lambda sounds, *_, **more: asked.update(sounds=sounds, **more))
    return asked


def without(ratings, *left_out: str) -> np.ndarray:
    """Every other listener's mean over their items: [listener, condition]."""
    kept = [k for k, name in enumerate(ratings.listeners) if name not in left_out]
    return np.nanmean(ratings.scores[kept], axis=1)


@pytest.mark.corpora(CORPUS)
def test_the_means_are_those_of_the_data_and_have_both_intervals() -> None:
    text = str(real_listeners.means_table())
    rows = {line.split("  ")[0]: line for line in text.splitlines()[2:]}
    assert {name: float(re.search(r"  +([\d.]+)  ", line)[1]) for name, line in rows.items()} == MEANS
    ratings = speech_codec_test()
    each = without(ratings, "participant 6", "participant 17")
    assert len(each) == 19
    for name, line in rows.items():
        values = each[:, ratings.conditions.index(name)]
        half = stats.t.ppf(0.975, 18) * values.std(ddof=1) / math.sqrt(19)
        assert re.search(rf" {values.mean():.1f}  {values.mean() - half:.1f} to {values.mean() + half:.1f} ", line)
        low, high = map(float, re.search(r"([\d.]+) to ([\d.]+)$", line).groups())
        assert low < values.mean() < high
        assert high - low == pytest.approx(2 * half, rel=0.2)


@pytest.mark.corpora(CORPUS)
def test_ratings_far_from_the_others_are_counted_and_stay() -> None:
    ratings = speech_codec_test()
    scores = ratings.scores[[name not in ("participant 6", "participant 17") for name in ratings.listeners]]
    far = count = 0
    for column in scores.reshape(len(scores), -1).T:
        heard = sorted(column[np.isfinite(column)].tolist())  # of 16 utterances a listener met 8
        half = -(-len(heard) // 2)
        low, high = median(heard[:half]), median(heard[-half:])
        far += sum(not low - 1.5 * (high - low) <= score <= high + 1.5 * (high - low) for score in heard)
        count += len(heard)
    assert f"Of the {count:,} ratings that stay, {far} lie more than 1.5" in real_listeners.screening()
    assert (count, far) == (19 * 8 * 9, pytest.approx(50, abs=20))


@pytest.mark.corpora(CORPUS)
def test_differences_are_of_neighbours_and_corrected_for_all_pairs() -> None:
    lines = str(real_listeners.differences_table()).splitlines()
    assert "for all 36 pairs, of which these 8" in lines[0]
    pairs = [line.split("  ")[0] for line in lines[2:]]
    assert pairs == [f"{a} – {b}" for a, b in zip(list(MEANS), list(MEANS)[1:], strict=False)]
    ratings = speech_codec_test()
    table = dict(zip(ratings.conditions, without(ratings, "participant 6", "participant 17").T, strict=True))
    names = sorted(table)
    p = {
        frozenset((a, b)): stats.ttest_rel(table[a], table[b]).pvalue
        for k, a in enumerate(names)
        for b in names[k + 1 :]
    }
    largest, adjusted = 0.0, {}
    for rank, pair in enumerate(sorted(p, key=p.get)):
        largest = max(largest, min(1, (36 - rank) * p[pair]))
        adjusted[pair] = largest
    for line in lines[2:]:
        a, b = line.split("  ")[0].split(" – ")
        expected = adjusted[frozenset((a, b))]
        assert line.split()[-1] == ("0.001" if expected < 0.001 else f"{expected:.3f}")
        assert f" {(table[a] - table[b]).mean():.1f} " in line


@pytest.mark.corpora(CORPUS)
def test_two_listeners_are_screened_out_and_named() -> None:
    text = real_listeners.screening()
    assert text.startswith("Of 21 listeners, 2 fail the screening")
    assert "Participant 6: the hidden reference was rated below 90 in 5 of 8 items (62 %, more than 15 %)" in text
    assert "participant 17: the hidden reference was rated below 90 in 2 of 8 items (25 %, more than 15 %)" in text
    assert len(re.findall(r"participant \d+", text, re.I)) == 2


@pytest.mark.corpora(CORPUS)
def test_the_figure_ranks_the_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mushra_results, "show", lambda draw, caption, alt: (draw(THEME), caption, alt))
    figure, caption, _ = real_listeners.figure()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(MEANS)
    assert "Means of 19 listeners and 1368 ratings" in caption


@pytest.mark.corpora(CORPUS)
def test_an_utterance_is_heard_in_all_conditions(compared: dict) -> None:
    real_listeners.player()
    sounds = compared["sounds"]
    assert next(iter(sounds)) == "Reference"
    assert set(sounds) == set(MEANS)
    assert len({(clip.sample_rate, len(clip.waveform)) for clip in sounds.values()}) == 1
    energy = {
        name: np.abs(np.fft.rfft(sounds[name].waveform.numpy())[round(4500 * sounds[name].seconds) :])
        for name in ("Reference", "Anchor")
    }
    assert np.square(energy["Anchor"]).sum() < 1e-4 * np.square(energy["Reference"]).sum()
    assert {name for name, role in compared["roles"].items() if role == "codec"} == set(MEANS) - {"Reference", "Anchor"}
    assert real_listeners.HEARD in speech_codec_test().items
    with pytest.raises(KeyError):
        real_listeners.player("VCTK_p000_000")


def test_what_is_missing_is_said_with_how_to_get_it(nowhere: None, compared: dict) -> None:
    for make in (real_listeners.figure, real_listeners.means_table, real_listeners.differences_table):
        shown = make()
        assert "corpora fetch mushra_speech_codec" in str(shown)
        assert "<code>python -m paper_code.audio.corpora fetch mushra_speech_codec</code>" in shown.html
    assert real_listeners.screening() == ""
    real_listeners.player()
    assert set(compared["sounds"]) == set(MEANS)
    assert all(isinstance(sound, Missing) for sound in compared["sounds"].values())
    assert "fetch mushra_speech_codec" in compared["sounds"]["Anchor"].message


def test_the_recordings_are_registered() -> None:
    titles = {file.title.partition(", ")[0] for file in corpora.corpus(CORPUS).recordings}
    assert len(titles) == 16
    assert real_listeners.HEARD in titles
