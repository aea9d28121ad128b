"""The paper's Table 2: whose row says what, from results that are made up here."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from paper_code.jnd_loss import measurements, tables
from paper_code.jnd_loss.agreement_figure import agreement_figure
from paper_code.jnd_loss.configs import CHOICES
from paper_code.jnd_loss.listening_test import as_json
from paper_code.jnd_loss.real_ratings import NAMES
from paper_code.jnd_loss.study import Study
from paper_code.listeners.ratings import Ratings
from paper_code.listeners.speech_codec_sounds import ANCHOR, REFERENCE, speakers

CODECS = ("a", "b", "c", "d")
CONDITIONS = (REFERENCE, ANCHOR, *CODECS)
ITEMS = tuple(speakers())[:4]
QUALITY = {REFERENCE: 95.0, ANCHOR: 10.0, "a": 20.0, "b": 40.0, "c": 60.0, "d": 80.0}


def _ratings() -> Ratings:
    noise = np.random.default_rng(0).normal(0, 8, (9, len(ITEMS), len(CONDITIONS)))
    scores = np.clip(np.array([QUALITY[name] for name in CONDITIONS]) + noise, 0, 100)
    scores[2, 1] = np.nan  # one listener did not meet an utterance
    return Ratings(tuple(map(str, range(9))), ITEMS, CONDITIONS, scores)


def _distances(order) -> dict:
    """The reference at 0, the others at a distance that falls with their place; the anchor anywhere."""
    return {item: {REFERENCE: 0.0, ANCHOR: 1.0, **{name: 9.0 - k for k, name in enumerate(order)}} for item in ITEMS}


RIGHT, WRONG, SWAPPED = _distances(CODECS), _distances(CODECS[::-1]), _distances(("b", "a", "c", "d"))


def _result(experiment: str, metrics: dict, seed: int = 0) -> SimpleNamespace:
    return SimpleNamespace(experiment=experiment, metrics=metrics, seed=seed, profile="small", config={})


def _heard() -> SimpleNamespace:
    scores = dict.fromkeys(NAMES, RIGHT) | {"pesq": WRONG, "released_scratch": SWAPPED}
    scores = {"aligned": scores, "as rated": scores | {"mse": WRONG}}
    return _result("mushra", {"scores": scores, "listeners": as_json(_ratings()), "lacking": {}})


def _chosen() -> SimpleNamespace:
    accuracy = {name: {"value": 0.7, "low": 0.6, "high": 0.8, "count": 500} for name in (*NAMES, "strength alone")}
    return _result(CHOICES, {"accuracy": accuracy})


def _ours(seed: int, scores: dict) -> SimpleNamespace:
    own = {"mushra": {"aligned": scores, "as rated": scores}, "simulated": {"value": 0.5 + 0.1 * seed}}
    return _result("scratch", own | {"calibration": {}, "delay": {"seconds": []}, "gain": {"decibels": []}}, seed)


@pytest.fixture(scope="module")
def study() -> Study:
    return Study([_ours(0, RIGHT), _ours(1, SWAPPED), _heard(), _chosen()])


@pytest.fixture(scope="module")
def others() -> SimpleNamespace:
    scores = {"log_mel": SWAPPED, "bark": RIGHT}
    return _result("mushra", {"scores": {"aligned": scores, "as rated": scores}})


@pytest.fixture(scope="module")
def lines(study, others) -> dict[str, str]:
    text = str(tables.table_2(study, others)).splitlines()
    return {line.split("  ")[0]: line for line in text[2:]}


def test_rows_are_listeners_theirs_ours_embeddings_conventional_and_other_losses(lines):
    titles = list(lines)
    assert titles[:6] == [
        tables.PEOPLE, "released pre", "released linear", "released finetune", "released scratch", "ours: Scratch",
    ]  # fmt: skip
    assert [title.split(":")[0] for title in titles[6:8]] == ["VGGish", "OpenL3"]
    assert titles[8:14] == ["MSE", "L1", "log-spectral distance", "PESQ", "STOI", "ViSQOL"]
    assert titles[14:] == ["bark loss", "log mel loss", "strength alone, no sound"]  # the better one first


def test_agreement_leaves_reference_and_anchor_out_and_is_told_both_ways(lines):
    spearman, _, choices, not_aligned = re.sub(r" ± [\d.]+", "", lines["MSE"]).split()[1:5]
    assert (float(spearman), float(choices), float(not_aligned)) == (1, 100, 0)
    assert "−1.00" in lines["PESQ"]


def test_a_swap_of_two_of_four_costs_a_fifth_of_spearman_and_a_sixth_of_choices(lines):
    """1 - 6 * 2 / (4 * 15) and 5 of 6 pairs, if each utterance's majority is in the order of the qualities."""
    numbers = lines["released scratch"].split()
    assert float(numbers[2]) == pytest.approx(0.8, abs=0.005)
    assert "83.3" in numbers


def test_the_papers_numbers_stand_beside_each(lines):
    assert lines["PESQ"].split()[-6:] == ["0.43,", "0.49,", "0.21", "88.57,", "38.10", "86.10"]
    assert "0.71, 0.63, 0.61" in lines["ours: Scratch"]
    assert lines["STOI"].count("–") == 3


def test_ours_are_means_over_seeds(lines, study):
    assert study.measurements["choices, Scratch"] == pytest.approx([1, 5 / 6])
    assert "91.7" in lines["ours: Scratch"]
    assert "55.0" in lines["ours: Scratch"]  # simulated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("choices, PESQ", 0.0),
        ("choices as rated, MSE", 0.0),
        ("simulated choices, released pre", 0.7),
        ("Spearman, released scratch", 0.8),
    ],
)
def test_what_hangs_on_few_listeners_counts_once_and_can_be_held_against_every_seed(study, name, value):
    assert study.measurements[name] == pytest.approx([value, np.nan], nan_ok=True)
    assert study.measurements[f"{name}{measurements.FOR_EACH}"] == pytest.approx([value, value])


def test_people_predict_each_other_best(study):
    assert study.measurements[f"choices, {measurements.CEILING}"][0] > 0.9


def test_embeddings_say_why_they_are_empty(lines):
    empty = next(line for title, line in lines.items() if title.startswith("VGGish"))
    assert "weights" in empty
    assert "0.10, −0.41, 0.51" in empty


def test_without_ratings_only_simulated_choices_are_left():
    text = str(tables.table_2(Study([_ours(0, RIGHT), _chosen()])))
    assert "Nobody rated" in text
    row = next(line for line in text.splitlines() if line.startswith("PESQ"))
    assert row.split()[1:5] == ["–"] * 4
    assert "70.0 ± 10.0" in row


def test_ratings_are_kept_whole():
    kept = as_json(_ratings())
    assert kept["scores"][2][1] == [None] * len(CONDITIONS)
    again = tables.Test.stored({"listeners": kept}, resamples=1).ratings
    assert np.array_equal(again.scores, _ratings().scores, equal_nan=True)
    assert (again.listeners, again.items, again.conditions) == (tuple(map(str, range(9))), ITEMS, CONDITIONS)


def test_the_figure_tells_what_each_measure_chooses(study):
    told = agreement_figure(study).html
    assert "released scratch 83 % and 70 %" in told  # of the real choices, and of the simulated ones
    assert "PESQ 0 % and 70 %" in told
    assert "ours: Scratch 92 % and 55 %" in told
