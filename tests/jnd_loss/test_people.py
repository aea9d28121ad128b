"""What the answers say and what procedures find: counted by hand, against known listeners, and from settings to result."""

import math

import numpy as np
import pytest

from paper_code.audio import corpora
from paper_code.jnd_loss import people, people_measurements, procedures
from paper_code.jnd_loss.configs import PeopleConfig
from paper_code.jnd_loss.measurements import measurements
from paper_code.lab.config import ConfigError
from paper_code.lab.paths import COMMITTED
from paper_code.lab.store import load
from paper_code.listeners.adaptive import ActiveLearning
from paper_code.listeners.jnd import grid, lists
from paper_code.listeners.jnd.judgements import Judgement, Judgements
from paper_code.listeners.jnd.population import Observers, Population
from paper_code.listeners.simulated import Course, run

KNOWN = Population(30.0, 0.4, 0.2, 0.02, 0, 0, math.nan)
CONFIG = PeopleConfig(profile="smoke", seed=0, resamples=60, populations=6, observers=6, trials=12)
REAL = pytest.mark.corpora("dpam_jnd_labels")
SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")


def answered(observers: Observers, perturbation: str = "pink_noise") -> Judgements:
    """The answers of observers to ten questions near their thresholds, a series each, as a list of the paper's kind."""
    course = run(ActiveLearning(len(observers), 1, jitter=10), observers, 10, 1)
    return Judgements(
        tuple(
            Judgement(
                "linear", perturbation, SPEAKERS[series % 6], 1, 0.0, "", (0.02,), (0.02 * 400 ** (x / 100),), float(x),
                bool(h), series, 10 * series + number,
            )
            for series in range(len(observers))
            for number, (x, h) in enumerate(
                zip(course.strengths[:, series], course.different[:, series], strict=True)
            )
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def stored():
    return load(COMMITTED / "jnd_loss" / "people" / "small-seed0", "jnd_loss")


# ---- The answers ----


@REAL
def test_shares_are_those_counted_in_the_files(stored):
    """The third field of every line, and nothing of this package."""
    answers = []
    for name in ("linear", "combined", "reverb"):
        text = corpora.locate(f"{lists.CORPUS}/dataset_{name}.txt").read_text()
        answers += [line.split("\t")[2] for line in text.splitlines() if line.strip()]
        if name == "linear":
            mp3 = [line.split("\t")[2] for line in text.splitlines() if line.rstrip().endswith("mp3")]
    assert stored.metrics["answers"] == len(answers) == 17_588
    assert stored.metrics["different"][0] == answers.count("1") / len(answers)
    assert stored.metrics["lists"]["mp3"]["different"][0] == mp3.count("1") / len(mp3)


@REAL
def test_consistency_is_that_of_the_paper(stored):
    published = lists.published()
    assert stored.metrics["consistency"][0] == pytest.approx(grid.own_consistency(published))
    alone = published.of("mp3")
    assert np.nanmean(people.agreeing(alone)) == pytest.approx(grid.own_consistency(alone))


def test_agreement_of_a_listener_who_never_errs():
    x = [10.0, 20.0, 30.0, 40.0, 35.0]
    rows = [
        Judgement("linear", "mp3", "f1", 1, 0.0, "", (300.0,), (100.0,), strength, strength > 25, 0, line)
        for line, strength in enumerate(x)
    ]
    assert people.agreeing(Judgements(tuple(rows))).tolist() == [1.0] * 5
    same = [row for row in rows if not row.different]
    assert np.isnan(people.agreeing(Judgements(tuple(same)))).all()  # no threshold: nothing to agree with


def test_a_share_counts_answers_and_its_interval_whole_series():
    values, series = np.array([1.0, 1, 1, 0, np.nan, 0]), np.array([0, 0, 0, 1, 1, 2])
    mean, low, high = people.share_of_series(values, series, CONFIG)
    assert mean == 3 / 5
    assert (low, high) == (0.0, 1.0)  # all draws may be of one series
    coins = (np.random.default_rng(0).random(4000) < 0.3).astype(float)
    mean, low, high = people.share_of_series(coins, np.arange(4000), CONFIG.replace(resamples=2000))
    assert (high - low) / 2 == pytest.approx(1.96 * math.sqrt(0.3 * 0.7 / 4000), rel=0.07)
    assert low < mean < high


def test_known_listeners_are_found_again():
    part = answered(KNOWN.draw(240, 3))
    found = people.of_list(part, CONFIG)
    assert found["population"]["fit"]["median"] == pytest.approx(30, rel=0.1)
    assert found["population"]["fit"]["between"] == pytest.approx(0.4, abs=0.08)
    low, high = found["population"]["median interval"]
    assert low < found["population"]["fit"]["median"] < high
    assert found["series"] == 240
    assert found["population goodness"]["chi_square"] < found["curve goodness"]["chi_square"]
    assert found["different"][0] == part.different.mean()


def test_listeners_who_are_all_alike_have_the_threshold_of_one_curve():
    alike = Observers(np.full(100, 40.0), np.full(100, 8.0), np.zeros(100))
    found = people.fitted(answered(alike), CONFIG, free_lapse=False)
    assert found["threshold"] == pytest.approx(40, abs=2)
    assert found["spread"] == pytest.approx(8, abs=2)
    low, high = found["threshold interval"]
    assert low < found["threshold"] < high < low + 4


def test_a_list_without_a_threshold_says_why():
    never = Observers(np.full(5, 1e6), np.ones(5), np.zeros(5))
    assert people.fitted(answered(never), CONFIG, free_lapse=False)["reason"] == 'every answer is "same"'


# ---- Procedures ----


def test_observers_are_of_their_populations_and_within_the_scale():
    other = Population(60.0, 0.8, 0.3, 0.0, 0, 0, math.nan)
    drawn = procedures.drawn([KNOWN, other], 3000)
    assert len(drawn) == 6000
    assert np.median(drawn.threshold[:3000]) == pytest.approx(30, rel=0.03)
    assert drawn.threshold.max() < 100
    assert np.allclose(drawn.spread[3000:] / drawn.threshold[3000:], 0.3)


def test_procedures_are_compared_on_the_same_observers():
    observers = procedures.drawn([KNOWN], 120)
    metrics, arrays = procedures.compared(observers, 40)
    assert list(metrics) == list(procedures.PROCEDURES)
    for name, of in metrics.items():
        error = arrays[f"error/{name}"]
        reached = of["trials"]["10"]
        assert (error[reached - 1 :] <= 10).all()
        assert reached == 1 or error[reached - 2] > 10
    assert metrics[procedures.ACTIVE]["trials"]["5"] < metrics[procedures.UNIFORM]["trials"]["5"]
    assert metrics[procedures.ACTIVE]["different"] == pytest.approx(0.5, abs=0.1)
    assert metrics[procedures.TWO_DOWN]["tracks"] == pytest.approx(math.sqrt(0.5))


def test_the_sequence_is_that_of_the_middle_observer():
    truth = np.array([10.0, 50.0, 30.0])
    table = np.arange(12.0).reshape(4, 3)
    course = Course(table, table > 5, table / 2, truth)
    found = procedures.sequence(course)
    assert found["truth"] == 30
    assert found["strengths"].tolist() == [2.0, 5.0, 8.0, 11.0]
    assert found["different"].tolist() == [False, False, True, True]
    short = procedures.of_first(course, 2)
    assert (short.strengths.shape, short.thresholds.shape) == ((2, 3), (2, 3))


def test_tasks_of_listeners_who_never_err_are_all_kept():
    sure = Observers(np.array([20.0, 40.0, 61.0, 80.0]), np.full(4, 0.01), np.zeros(4))  # the fourth has no task
    found = procedures.held(sure)["at the threshold"]
    assert (found["tasks"], found["kept"], found["consistency"]) == (1, 1.0, 1.0)


# ---- The run ----


def test_a_result_has_all_its_parts(without_pairs):
    result = without_pairs["people"]
    metrics = result.metrics
    assert metrics["answers"] == 360
    assert list(metrics["lists"]) == ["pink_noise", "brown_noise", "siren"]
    assert list(metrics["weber"]) == ["siren", "brown_noise", "pink_noise"]
    for growth in metrics["weber"].values():
        assert len(growth["increments"]) == len(growth["references"]) == 3
        assert growth["slope"] == pytest.approx(1, abs=0.15)  # the made-up observers have one ratio as their threshold
        assert growth["strengths"] == pytest.approx([40] * 3, abs=12)
    assert result.arrays["error/Bayesian"].shape == (12,)
    assert result.arrays["sequence/strengths"].shape == (10,)


def test_measuring_again_gives_the_same(without_pairs, tmp_path):
    result = without_pairs["people"]
    people.evaluate(PeopleConfig(**result.config), tmp_path)
    assert (tmp_path / "metrics.json").read_text() == (result.folder / "metrics.json").read_text()


def test_measurements_have_names_for_claims(stored):
    values = measurements([stored])
    metrics = stored.metrics
    assert values["threshold, mp3"] == [metrics["lists"]["mp3"]["curve"]["threshold"]]
    assert values["Weber slope, brown_noise"] == [metrics["weber"]["brown_noise"]["slope"]]
    assert values["trials to error 5, active learning"] == [metrics["procedures"]["active learning"]["trials"]["5"]]
    assert values["error after 10 trials, Bayesian"] == [stored.arrays["error/Bayesian"][9]]
    assert math.isnan(values["error after 10 trials, 2 down, 1 up"][0])  # most have no estimate yet
    assert values["lists whose listeners differ"] == [1.0]
    gain = metrics["lists"]["siren"]["population"]["fit"]["log_likelihood"]
    gain -= metrics["lists"]["siren"]["curve with lapses"]["log_likelihood"]
    assert values["gain by listeners who differ, siren"] == [gain]


def test_stand_ins_have_measurements_too(without_pairs):
    values = people_measurements.of_people(without_pairs["people"])
    assert values["threshold, siren"] == pytest.approx(40, abs=6)
    assert values["share different"] == without_pairs["people"].metrics["different"][0]


@pytest.mark.parametrize(
    "field", [{"resamples": 1}, {"observers": 2}, {"trials": 9}, {"populations": 0}, {"recordings": "none"}]
)
def test_settings_that_give_nothing_are_refused(field):
    with pytest.raises(ConfigError):
        CONFIG.replace(**field)


@REAL
def test_sources_are_the_three_lists():
    assert len(people.sources(CONFIG)) == 3
    assert people.sources(CONFIG.replace(recordings="synthetic"))[0]["origin"] == "synthesiser"
