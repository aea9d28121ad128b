"""Procedures that choose the next question: their rules by hand, and what they find of observers that are known."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import special, stats

from paper_code.listeners.adaptive import ActiveLearning, BayesianAdaptive, Procedure, Staircase, UniformSampling
from paper_code.listeners.jnd import grid
from paper_code.listeners.jnd.population import Observers, Population
from paper_code.listeners.simulated import Course, run, tasks

PROCEDURES = {
    "active learning": ActiveLearning,
    "uniform": UniformSampling,
    "2 down, 1 up": Staircase,
    "1 down, 1 up": partial(Staircase, down=1),
    "Bayesian": BayesianAdaptive,
}
DETERMINED = {name: make for name, make in PROCEDURES.items() if make is not UniformSampling}
every = pytest.mark.parametrize("make", PROCEDURES.values(), ids=PROCEDURES)


def known(threshold: float, spread: float, count: int, lapse: float = 0.0) -> Observers:
    return Observers(np.full(count, threshold), np.full(count, spread), np.full(count, lapse))


def asked(procedure: Procedure, answers: str) -> list[float]:
    """The strengths asked of one observer who answers "s"ame and "d"ifferent so."""
    strengths = []
    for said in answers:
        strengths.append(float(procedure.propose()[0]))
        procedure.answer(np.array(strengths[-1:]), np.array([said == "d"]))
    return strengths


@every
def test_every_procedure_finds_a_sure_observer(make) -> None:
    course = run(make(30, seed=1), known(37, 0.5, 30), 60, seed=2)
    assert np.nanmedian(np.abs(course.thresholds[-1] - 37)) < 1.5
    assert course.strengths.min() >= 0
    assert course.strengths.max() <= 100


@every
def test_an_unsure_observer_is_found_without_bias(make) -> None:
    course = run(make(300, seed=3), known(45, 8, 300), 80, seed=4)
    off = course.thresholds[-1] - course.truth
    assert np.mean(off) == pytest.approx(0, abs=1.2)
    assert np.std(off) < 6


@every
def test_the_same_seeds_give_the_same_course(make) -> None:
    courses = [run(make(20, seed=5), known(30, 10, 20), 15, seed=6) for _ in range(2)]
    np.testing.assert_array_equal(courses[0].strengths, courses[1].strengths)
    np.testing.assert_array_equal(courses[0].thresholds, courses[1].thresholds)


@pytest.mark.parametrize("make", DETERMINED.values(), ids=DETERMINED)
def test_observers_do_not_depend_on_each_other(make) -> None:
    """Together they are asked what each would be asked alone, where nothing is drawn for all at once."""
    patterns = ["sdsdsdssdd", "dddddddddd", "ssssssssss", "ddsdsdsdds"]
    alone = [asked(make(1), pattern) for pattern in patterns]
    together = make(len(patterns))
    for k in range(10):
        strengths = together.propose()
        assert strengths.tolist() == [one[k] for one in alone]
        together.answer(strengths, np.array([pattern[k] == "d" for pattern in patterns]))


@every
def test_an_observer_who_never_hears_or_always_does(make) -> None:
    for answers, threshold in (("s" * 40, 1e6), ("d" * 40, -1e6)):
        course = run(make(2, seed=1), known(threshold, 1, 2), len(answers))
        assert course.share_different == (answers[0] == "d")
        assert np.isfinite(course.strengths).all()
        if make is BayesianAdaptive:  # has the mean of what is still possible: near the end of the scale
            assert np.abs(course.thresholds[-1] - (100 if threshold > 0 else 0)).max() < 10
        else:
            assert np.isnan(course.thresholds).all()  # told as such, never as a number


@every
def test_bad_use_is_refused(make) -> None:
    with pytest.raises(ValueError, match="at least one observer"):
        make(0)
    with pytest.raises(ValueError, match=r"wanted 2 of both, found \(3,\)"):
        make(2).answer(np.zeros(3), np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="strengths lie between 0 and 100"):
        make(1).answer(np.array([101.0]), np.array([True]))
    with pytest.raises(ValueError, match="wanted a procedure for 3 observers"):
        run(make(2), known(50, 5, 3), 10)
    with pytest.raises(ValueError, match="at least one trial"):
        run(make(3), known(50, 5, 3), 0)


def test_active_learning_searches_while_all_answers_are_the_same() -> None:
    assert asked(ActiveLearning(1), "ssss") == [50, 75, 87.5, 94]
    assert asked(ActiveLearning(1), "dddd") == [50, 25, 12.5, 6]


def test_active_learning_asks_at_the_likeliest_threshold() -> None:
    procedure, strengths, said = ActiveLearning(1), [], []
    for different in [False, True, True, False, True, False, False, True]:
        strengths.append(procedure.propose()[0])
        said.append(different)
        procedure.answer(np.array(strengths[-1:]), np.array([different]))
        if len(set(said)) == 2:
            likeliest = grid.threshold(strengths, said)
            assert procedure.threshold()[0] == pytest.approx(likeliest)
            assert abs(procedure.propose()[0] - likeliest) <= 0.25


def test_jitter_scatters_the_questions_and_stays_on_the_scale() -> None:
    scattered = ActiveLearning(4000, 1, jitter=10).propose()
    assert scattered.std() == pytest.approx(10, rel=0.05)
    assert scattered.mean() == pytest.approx(50, abs=0.6)
    wild = ActiveLearning(1000, 1, jitter=200).propose()
    assert (wild.min(), wild.max()) == (0, 100)


def test_uniform_sampling_is_uniform() -> None:
    strengths = np.concatenate([UniformSampling(500, seed).propose() for seed in range(8)])
    assert stats.kstest(strengths, stats.uniform(-0.25, 100.5).cdf).pvalue > 0.01


def test_a_staircase_by_hand() -> None:
    # One step down after two "different", one up after "same"; 16, and half of that after each reversal.
    assert asked(Staircase(1), "ddddsds") == [50, 50, 34, 34, 18, 26, 26]
    assert asked(Staircase(1, down=1), "ddsdss") == [50, 34, 18, 26, 22, 24]
    procedure = Staircase(1, down=1)
    asked(procedure, "dds")  # one reversal at 18
    assert math.isnan(procedure.threshold()[0])
    procedure.answer(np.array([26.0]), np.array([True]))
    procedure.answer(np.array([22.0]), np.array([False]))  # the third
    assert procedure.threshold()[0] == 22


@pytest.mark.parametrize("down", [1, 2, 3])
def test_a_staircase_settles_where_its_share_is_said(down: int) -> None:
    """Where falling and rising are equally likely: p^down = 1/2 (Levitt 1971)."""
    course = run(Staircase(400, down=down), known(50, 10, 400), 200, seed=1)
    share = 0.5 ** (1 / down)
    assert Staircase(1, down=down).tracks == share
    assert course.truth[0] == pytest.approx(stats.norm(50, 10).ppf(share))
    assert course.different[50:].mean() == pytest.approx(share, abs=0.02)


def test_expected_entropy_by_its_definition() -> None:
    procedure = BayesianAdaptive(1)
    asked(procedure, "dsd")
    thresholds, spreads, lapses = BayesianAdaptive.GRID
    m, s, lapse = (axis.ravel() for axis in np.meshgrid(thresholds, spreads, lapses, indexing="ij"))
    posterior = np.full(len(m), 1 / len(m))
    for strength, different in zip(asked(BayesianAdaptive(1), "dsd"), [True, False, True], strict=True):
        p = lapse / 2 + (1 - lapse) * stats.norm.cdf(strength, m, s)
        posterior *= p if different else 1 - p
        posterior /= posterior.sum()
    for k in (0, 7, 25, 50):
        p = lapse / 2 + (1 - lapse) * stats.norm.cdf(BayesianAdaptive.STRENGTHS[k], m, s)
        wanted = sum(
            (posterior * q).sum() * special.entr(posterior * q / (posterior * q).sum()).sum() for q in (p, 1 - p)
        )
        assert procedure.expected_entropy()[0, k] == pytest.approx(wanted, rel=1e-6)
    assert procedure.threshold()[0] == pytest.approx(posterior @ m, rel=1e-6)


class WithoutLapses(BayesianAdaptive):
    GRID = (*BayesianAdaptive.GRID[:2], np.array([0.0]))


# The package questplus 2023.1 on the same grid, with the function norm_cdf, min_entropy and the mean, without lapses.
QUEST_PLUS = [
    50,
    26,
    14,
    20,
    16,
    22,
    30,
    42,
    40,
    10,
    38,
    12,
    4,
    4,
    40,
    4,
    38,
    46,
    46,
    4,
    46,
    6,
    44,
    6,
    44,
    8,
    42,
    48,
    8,
    48,
]
QUEST_PLUS_ANSWERS = "ddsdsssddsddssdssddsdsdsdssdsd"
QUEST_PLUS_THRESHOLD = 27.279592892060954


def test_the_questions_are_those_of_quest_plus() -> None:
    procedure = WithoutLapses(1)
    assert asked(procedure, QUEST_PLUS_ANSWERS) == QUEST_PLUS
    assert procedure.threshold()[0] == pytest.approx(QUEST_PLUS_THRESHOLD, rel=1e-4)


def test_asking_near_the_threshold_balances_the_answers_and_is_sooner_there() -> None:
    """The paper's case for active learning, on observers like those of the lists."""
    observers = Population(25, 0.7, 0.2, 0.1, 0, 0, math.nan).draw(300, 0)
    active = run(ActiveLearning(300, 1), observers, 40, 2)
    uniform = run(UniformSampling(300, 1), observers, 40, 2)
    assert abs(active.share_different - 0.5) < 0.06 < 0.12 < uniform.share_different - 0.5
    assert active.trials_to(5) < uniform.trials_to(5)
    assert (active.error()[[9, 19, 39]] < uniform.error()[[9, 19, 39]]).all()


def test_errors_and_trials_by_hand() -> None:
    thresholds = np.array([[math.nan, 40.0], [55.0, 52.0], [70.0, 51.0], [52.0, 50.0]])
    course = Course(np.zeros((4, 2)), np.zeros((4, 2), dtype=bool), thresholds, np.array([50.0, 50.0]))
    assert course.error(1.0).tolist() == [math.inf, 5, 20, 2]
    assert course.error(0.5).tolist() == [10, 2, 1, 0]
    assert (course.trials_to(5, 1.0), course.trials_to(5), course.trials_to(10)) == (4, 2, 1)  # and stays there
    assert course.trials_to(1, 1.0) is None


def test_tasks_of_sure_observers_are_all_kept() -> None:
    found = tasks(known(30, 0.1, 300), 1)
    assert (found.tasks, found.kept, found.consistency) == (100, 1, 1)
    assert found.different == pytest.approx((2 * 0.5 + 8 * found.different_chosen) / 10)


def test_sentinels_keep_out_who_tosses_coins() -> None:
    found = tasks(known(50, 1e9, 6000), 1, jitter=10)
    assert found.kept == pytest.approx(0.5**6, abs=0.009)
    # Even coins agree with a threshold that is fitted to them, and bisection without jitter never contradicts itself.
    assert 0.6 < found.consistency_chosen < 0.8
    assert tasks(known(50, 1e9, 6000), 1).consistency > 0.95


def test_tasks_want_three_blocks() -> None:
    with pytest.raises(ValueError, match="3 blocks with an observer each, found 4"):
        tasks(known(50, 5, 4))
    with pytest.raises(ValueError, match="found 0"):
        tasks(known(50, 5, 0))
    with pytest.raises(ValueError, match="every task has a wrong sentinel"):
        tasks(known(-1e3, 1, 3))
