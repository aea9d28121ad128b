"""Psychometric curves: against a general optimiser, known observers, limits and fits that have no threshold."""

import math
import re

import numpy as np
import pytest
from scipy import optimize, special, stats

from paper_code.listeners.jnd import curves, grid, lists
from paper_code.listeners.jnd.curves import Curve, NoThreshold, consistency, fit, interval, probability, resample


def answers(threshold: float, spread: float, lapse: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An observer asked at random strengths."""
    rng = np.random.default_rng(seed)
    strengths = rng.integers(0, 51, count) * 2.0
    known = stats.norm(threshold, spread).cdf(strengths)
    tossed = rng.random(count) < lapse
    return strengths, rng.random(count) < np.where(tossed, 0.5, known)


def best_by_scipy(strengths: np.ndarray, different: np.ndarray, lapses: bool) -> np.ndarray:
    """Threshold, spread, lapse and log likelihood by a simplex search on the likelihood as the paper writes it."""

    def loss(values: np.ndarray) -> float:
        lapse = special.expit(values[2]) / 2 if lapses else 0
        p = lapse / 2 + (1 - lapse) * stats.norm(values[0], np.exp(values[1])).cdf(strengths)
        return -np.log(np.where(different, p, 1 - p).clip(1e-300)).sum()

    tight = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 10000, "maxfev": 10000}
    found = [optimize.minimize(loss, (m, 2.5, -3), method="Nelder-Mead", options=tight) for m in (25, 60)]
    best = min(found, key=lambda result: result.fun)
    return np.array([best.x[0], np.exp(best.x[1]), special.expit(best.x[2]) / 2 if lapses else 0, -best.fun])


@pytest.mark.parametrize("lapses", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_the_maximum_that_scipy_finds(seed: int, lapses: bool) -> None:
    strengths, different = answers(35, 9, 0.15, 400, seed)
    found = fit(strengths, different, free_lapse=lapses)
    values = [found.threshold, found.spread, found.lapse, found.log_likelihood]
    assert values == pytest.approx(best_by_scipy(strengths, different, lapses), rel=1e-4, abs=1e-4)


@pytest.mark.corpora("dpam_jnd_labels")
@pytest.mark.parametrize("name", ["crickets", "mp3", "combined_1", "reverb_1"])
def test_the_fit_to_real_answers_is_the_maximum(name: str) -> None:
    real = lists.published().of(name)
    found = fit(real.strengths, real.different)
    wanted = best_by_scipy(real.strengths, real.different, lapses=False)
    assert [found.threshold, found.spread, 0, found.log_likelihood] == pytest.approx(wanted, rel=1e-5, abs=1e-5)
    assert found.answers == len(real)


@pytest.mark.parametrize("lapse", [0.0, 0.1])
def test_known_observers_lie_in_their_intervals(lapse: float) -> None:
    inside = 0
    for seed in range(40):
        data = answers(40, 8, lapse, 300, seed)
        inside += np.subtract(interval(resample(*data, free_lapse=lapse > 0, resamples=199).threshold), 40).prod() < 0
    assert inside >= 34  # of 40; 38 are expected


def test_an_interval_shrinks_with_the_root_of_the_answers() -> None:
    widths = [np.ptp(interval(resample(*answers(40, 8, 0, n, 1), resamples=499).threshold)) for n in (250, 4000)]
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.35)


def test_the_bootstrap_agrees_with_the_information_of_the_likelihood() -> None:
    strengths, different = answers(40, 8, 0, 2000, 3)
    found = fit(strengths, different)
    z = (strengths - found.threshold) / found.spread
    weight = stats.norm.pdf(z) ** 2 / (stats.norm.cdf(z) * stats.norm.sf(z)).clip(1e-300)
    design = np.stack([np.ones_like(z), z]) / found.spread
    error = np.sqrt(np.linalg.inv((design * weight) @ design.T)[0, 0])
    assert resample(strengths, different).threshold.std() == pytest.approx(error, rel=0.1)


def test_answers_drawn_together_give_wider_intervals() -> None:
    """Ten answers that are copies of one are worth one answer."""
    strengths, different = answers(40, 8, 0, 200, 1)
    copies = np.repeat(strengths, 10), np.repeat(different, 10)
    alone = np.ptp(interval(resample(strengths, different, resamples=499).threshold))
    together = np.ptp(interval(resample(*copies, units=np.repeat(np.arange(200), 10), resamples=499).threshold))
    assert together == pytest.approx(alone, rel=0.15)
    assert np.ptp(interval(resample(*copies, resamples=499).threshold)) < 0.5 * alone


def test_a_curve_is_a_gaussian_distribution_with_lapses() -> None:
    curve = Curve(30, 10, 0.2, 100, -50.0)
    assert curve.probability([30, 40, -1e9, 1e9]) == pytest.approx([0.5, 0.1 + 0.8 * stats.norm.cdf(1), 0.1, 0.9])
    assert probability([[30.0], [40.0]], [30.0, 40.0], 10, 0).shape == (2, 2)


def test_the_fit_moves_and_scales_with_the_strengths() -> None:
    strengths, different = answers(40, 8, 0, 300, 0)
    plain, moved = fit(strengths, different), fit(1000 + 7 * strengths, different)
    assert moved.threshold == pytest.approx(1000 + 7 * plain.threshold, rel=1e-7)
    assert moved.spread == pytest.approx(7 * plain.spread, rel=1e-5)
    order = np.random.default_rng(0).permutation(300)
    assert fit(strengths[order], different[order]) == plain


RNG = np.random.default_rng(4)
NO_THRESHOLD = {
    "all the same": ([10, 20, 30], [0, 0, 0], 'every answer is "same"'),
    "all different": ([10, 20, 30], [1, 1, 1], 'every answer is "different"'),
    "one answer": ([10], [1], 'every answer is "different"'),
    "a step": ([10, 20, 30, 40], [0, 0, 1, 1], "somewhere between 20, .* and 30"),
    "falling": (np.arange(100), np.arange(100) < 50, "not said more often at larger strengths"),
    "coins": (np.arange(100), RNG.random(100) < 0.5, "not said more often at larger strengths"),
    "one strength": ([50] * 10, [0, 1] * 5, "not said more often at larger strengths"),
    "out of reach": (np.arange(400) / 4, RNG.random(400) < np.arange(400) / 1200, "not said half of the time within"),
}


@pytest.mark.parametrize(("strengths", "different", "reason"), NO_THRESHOLD.values(), ids=NO_THRESHOLD)
@pytest.mark.parametrize("lapses", [False, True])
def test_what_has_no_threshold_is_told_as_such(strengths, different, reason: str, lapses: bool) -> None:
    found = fit(strengths, different, lapses)
    assert isinstance(found, NoThreshold)
    assert found.answers == len(strengths)
    assert re.search(reason, found.reason)


def test_resamples_without_a_threshold_are_counted() -> None:
    few = resample([10, 20, 30, 40], [0, 1, 0, 1], resamples=400)
    assert 0.05 < few.without < 0.9
    assert np.isnan(few.threshold).mean() == few.without == np.isnan(few.spread).mean()
    none = resample([10, 20, 30], [0, 0, 0], resamples=50)
    assert none.without == 1
    assert all(map(math.isnan, interval(none.threshold)))


def test_an_interval_is_of_what_is_defined() -> None:
    values = [math.nan, *range(101)]
    assert interval(values, 0.9) == pytest.approx((5, 95))
    assert all(map(math.isnan, interval([math.nan, math.nan, 1.0])))


def test_consistency_by_hand() -> None:
    assert consistency([10, 20, 30, 40], [0, 1, 0, 1], 25) == 0.5
    assert consistency([10, 25, 40], [0, 1, 1], 25) == 1  # an answer at the threshold does not count
    assert consistency([10, 40], [0, 1], [50, 50]) == 0.5
    assert math.isnan(consistency([25], [1], 25))


@pytest.mark.parametrize(
    ("strengths", "different", "units", "message"),
    [
        ([1, 2], [1], None, "a strength and an answer a judgement"),
        ([], [], None, "a strength and an answer a judgement"),
        ([1, math.nan], [0, 1], None, "must be finite"),
        ([1, 2], [0, 2], None, "answers are 0"),
        ([1, 2], [0, 1], [1], "wanted a unit a judgement"),
    ],
)
def test_bad_input_is_refused(strengths, different, units, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curves.counted(strengths, different, units)


def test_a_listener_s_threshold_is_the_best_of_the_grid() -> None:
    rng = np.random.default_rng(0)
    thresholds, spreads = np.arange(0, 100.5, 0.5), np.geomspace(1, 30, 12)
    for _ in range(5):
        strengths = rng.integers(0, 101, 10).astype(float)
        different = rng.random(10) < stats.norm(40, 15).cdf(strengths)
        z = (strengths - thresholds[:, None, None]) / spreads[:, None]
        profile = np.where(different, stats.norm.logcdf(z), stats.norm.logsf(z)).sum(axis=2).max(axis=1)
        wanted = thresholds[profile >= profile.max() - 1e-6].mean()
        assert grid.threshold(strengths, different) == pytest.approx(wanted)


def test_a_step_is_in_the_middle_and_one_kind_of_answer_tells_nothing() -> None:
    assert grid.threshold([0, 100], [0, 1]) == pytest.approx(50)
    assert grid.threshold([20, 30], [0, 1]) == pytest.approx(25)
    assert math.isnan(grid.threshold([20, 30], [1, 1]))
    assert math.isnan(grid.threshold([], []))
