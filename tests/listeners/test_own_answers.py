"""Files of the reader's JND test: what is read, what is found in it, and what is refused in which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from paper_code.listeners.answers import AnswerError
from paper_code.listeners.jnd import grid
from paper_code.listeners.jnd.own_answers import FORMAT, QUESTIONS, read

BLOCKS = {"mp3": 40.0, "pink_noise": 12.0, "reverb_2": 71.0}
ASKED = (50, 26, 38, 62, 44, 10, 90, 74)


def row(perturbation: str, strength: float, sentinel: bool = False) -> dict[str, Any]:
    different = strength > (0 if sentinel else BLOCKS[perturbation])
    return {
        "perturbation": perturbation, "strength": strength, "sentinel": sentinel, "different": different,
        "seconds": 4.5, "replays": [0, 2],
    }  # fmt: skip


def content() -> dict[str, Any]:
    rows = []
    for name in BLOCKS:
        own = [row(name, strength) for strength in ASKED]
        rows += [*own[:3], row(name, 0, sentinel=True), *own[3:6], row(name, 100, sentinel=True), *own[6:]]
    attention = [{"beeps": 3, "answer": 4}, {"beeps": 5, "answer": 5}]
    return {"format": FORMAT, "test": "abc", "listener": "Kim Ö.", "attention": attention, "answers": rows}


def written(path: Path, value: object) -> Path:
    (path / "kim.json").write_text(json.dumps(value), encoding="utf-8")
    return path / "kim.json"


def test_a_file_is_read(tmp_path: Path) -> None:
    found = read(written(tmp_path, content()), "abc")
    assert (found.listener, found.blocks, found.complete) == ("Kim Ö.", tuple(BLOCKS), True)
    assert found.attention == ((3, 4), (5, 5))
    assert found.series.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert found.strengths[:4].tolist() == [50, 26, 38, 0]
    assert np.flatnonzero(found.sentinel).tolist() == [3, 7, 13, 17, 23, 27]
    assert found.replays.shape == (30, 2)
    assert found.wrong_sentinels == 0


def test_thresholds_are_those_of_the_grid_without_the_sentinels(tmp_path: Path) -> None:
    found = read(written(tmp_path, content()))
    for name, true in BLOCKS.items():
        assert found.of(name)[0].tolist() == list(ASKED)
        below, above = (max(s for s in ASKED if s <= true), min(s for s in ASKED if s > true))
        assert below <= found.threshold(name) <= above
        assert found.threshold(name) == grid.threshold(ASKED, np.array(ASKED) > true)
    with pytest.raises(ValueError, match="no answers about 'eq'; there are mp3, pink_noise, reverb_2"):
        found.of("eq")


def test_wrong_sentinels_are_counted_and_change_no_threshold(tmp_path: Path) -> None:
    file, right = content(), read(written(tmp_path, content()))
    file["answers"][3]["different"], file["answers"][7]["different"] = True, False
    found = read(written(tmp_path, file))
    assert found.wrong_sentinels == 2
    assert found.threshold("mp3") == right.threshold("mp3")


def test_the_interval_is_where_a_likelihood_ratio_test_does_not_reject() -> None:
    """Against the likelihood written out, threshold by threshold."""
    strengths = np.array([50, 25, 38, 44, 40, 46, 41, 60.0])
    different = np.array([1, 0, 0, 1, 1, 0, 0, 1])

    def most(threshold: float) -> float:
        z = (strengths - threshold) / np.geomspace(1, 30, 12)[:, None]
        return special.log_ndtr(np.where(different, z, -z)).sum(axis=1).max()

    profile = np.array([most(threshold) for threshold in np.arange(0, 100.5, 0.5)])
    kept = np.flatnonzero(stats.chi2.sf(2 * (profile.max() - profile), 1) >= 0.05) / 2
    assert grid.interval(strengths, different) == (kept[0], kept[-1])
    assert 20 < kept[0] < grid.threshold(strengths, different) < kept[-1] < 70


def test_answers_that_are_all_the_same_have_neither_threshold_nor_interval(tmp_path: Path) -> None:
    file = content()
    for answer in file["answers"][:QUESTIONS]:
        answer["different"] = answer["strength"] == 100
    found = read(written(tmp_path, file))
    assert np.isnan([found.threshold("mp3"), *found.interval("mp3")]).all()


def changed(place: int, **values: object) -> Callable[[dict[str, Any]], None]:
    return lambda file: file["answers"][place].update(values)


def cut_to(count: int) -> Callable[[dict[str, Any]], None]:
    return lambda file: file.update(answers=file["answers"][:count])


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda file: file.update(format="listening test answers 1"), "wanted an object with the format"),
        (lambda file: file.update(test="other"), "answers the test other, not abc"),
        (lambda file: file.pop("attention"), "no usable 'attention'"),
        (cut_to(17), "17 of 30 are answered; finish the test, or ask for partial answers"),
        (changed(4, strength=101), "answer 5: a strength lies between 0 and 100, found 101"),
        (changed(4, strength="44"), "answer 5: there is no usable 'strength'"),
        (changed(4, seconds=float("inf")), "'seconds' must be 0 or more and finite"),
        (changed(4, different="yes"), "'different' and 'sentinel' are true or false"),
        (changed(4, sentinel=True), "answer 5: a sentinel has the strength 0 or 100, found 62"),
        (changed(3, sentinel=False), "a sentinel of each strength about mp3, found .100.0."),
        (changed(4, replays=[1]), "the replays of two sounds"),
        (changed(4, perturbation="pink_noise"), "3 blocks of 10 answers each, one after the other"),
        (changed(29, perturbation="eq"), "3 blocks of 10 answers each"),
        (lambda file: file["answers"].append(row("reverb_2", 50)), "30 are answered|10 answers a block"),
    ],
)
def test_what_the_page_does_not_write_is_refused(
    change: Callable[[dict[str, Any]], None], wanted: str, tmp_path: Path
) -> None:
    file = content()
    change(file)
    with pytest.raises(AnswerError, match=wanted):
        read(written(tmp_path, file), "abc")


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kim.json").write_text("answers", encoding="utf-8")
    with pytest.raises(AnswerError, match=r"kim\.json is not JSON"):
        read(tmp_path / "kim.json")


@pytest.mark.parametrize("count", [0, 5, 10, 23])
def test_an_unfinished_file_is_read_where_it_is_asked_for(count: int, tmp_path: Path) -> None:
    file = content()
    cut_to(count)(file)
    found = read(written(tmp_path, file), partial=True)
    assert (len(found.strengths), found.complete) == (count, False)
    assert found.replays.shape == (count, 2)
