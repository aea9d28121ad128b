"""Intervals and Holm's correction, by hand and against their definitions."""

import math

import numpy as np
import pytest
from scipy import stats

from paper_code.listeners.inference import bootstrap_interval, holm, student_interval


def test_holm_by_hand() -> None:
    # 0.01 · 4, then 0.02 · 3, then 0.03 · 2 (as much as the one before it), then 0.5 · 1, each in its own place.
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_the_level_at_which_the_stepwise_procedure_rejects() -> None:
    p = np.random.default_rng(0).uniform(0, 0.2, 7)
    adjusted = holm(p)
    for alpha in np.linspace(0.01, 0.99, 50):
        rejected = set()
        for rank, k in enumerate(np.argsort(p)):
            if p[k] > alpha / (len(p) - rank):
                break
            rejected.add(k)
        assert {k for k, value in enumerate(adjusted) if value <= alpha} == rejected


def test_what_was_not_tested_does_not_count() -> None:
    first, middle, last = holm([0.02, math.nan, 0.01])
    assert (first, last) == (0.02, 0.02)
    assert math.isnan(middle)


def test_student_s_interval_is_scipy_s() -> None:
    values = [61.0, 70.5, 44.0, 58.25, 90.0]
    found = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert student_interval(values, 0.9) == pytest.approx((found.low, found.high))
    assert student_interval([3.0, 3.0]) == (3, 3)


def test_the_bootstrap_of_two_listeners() -> None:
    # Means of two draws of 0 and 1: 0, 1/2 and 1 with 1/4, 1/2 and 1/4.
    assert bootstrap_interval([0.0, 1.0]) == (0, 1)
    assert bootstrap_interval([0.0, 1.0], level=0.4) == (0.5, 0.5)


@pytest.mark.parametrize("make", [bootstrap_interval, student_interval])
def test_one_listener_has_no_interval(make) -> None:
    assert all(map(math.isnan, make([50.0])))


def test_bootstrap_and_student_agree_for_many_listeners() -> None:
    values = np.random.default_rng(1).normal(50, 10, 200)
    assert bootstrap_interval(values, 3) == pytest.approx(student_interval(values), abs=0.15)
    assert bootstrap_interval(values, 3) == bootstrap_interval(values, 3)
