"""Student's t intervals against published tables, scipy's test and their own promise."""

import math

import numpy as np
import pytest
from scipy import stats

from paper_code.lab.intervals import interval, interval_of_defined, mean_of_defined, seeds_in_words

# two-sided 95 % points of Student's t, by degrees of freedom, as printed tables give them
TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262, 30: 2.042}


@pytest.mark.parametrize(("freedom", "point"), TABLE.items())
def test_half_width_is_the_tables_point_times_the_standard_error(freedom, point):
    values = np.random.default_rng(freedom).standard_normal(freedom + 1) * 3 + 7
    by_hand = point * math.sqrt(((values - values.mean()) ** 2).sum() / freedom) / math.sqrt(freedom + 1)
    found = interval(values)
    assert found.half_width == pytest.approx(by_hand, rel=2e-4)  # the table has four digits
    assert (found.mean, found.count) == (pytest.approx(values.mean()), freedom + 1)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_ends_are_those_of_scipys_t_test(level):
    values = [0.3, 1.7, -0.4, 0.9, 1.1]
    wanted = stats.ttest_1samp(values, 0).confidence_interval(level)
    found = interval(values, level)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_it_covers_the_true_mean_as_often_as_it_says():
    draws = np.random.default_rng(0).standard_normal((2000, 5))
    hits = sum(found.low <= 0 <= found.high for found in map(interval, draws))
    assert hits / 2000 == pytest.approx(0.95, abs=0.015)  # three standard errors of the count


def test_scaling_and_shifting_the_values_does_so_to_the_interval():
    values = np.array([1.0, 2.0, 4.0])
    found, moved = interval(values), interval(-10 * values + 3)
    assert moved.mean == pytest.approx(-10 * found.mean + 3)
    assert moved.half_width == pytest.approx(10 * found.half_width)


def test_equal_values_have_no_spread():
    found = interval([0.1] * 10)
    assert (found.mean, found.half_width, found.low, found.high) == (0.1, 0.0, 0.1, 0.1)


def test_one_value_has_no_interval():
    found = interval([2.5])
    assert (found.mean, found.count) == (2.5, 1)
    assert math.isnan(found.half_width)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf], [[1.0], [2.0]]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        interval(values)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_levels_outside_zero_and_one_are_refused(level):
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        interval([1.0, 2.0], level)


def test_what_is_not_defined_is_left_out_and_factors_count():
    values = [1.0, math.nan, 3.0, math.inf]
    assert interval_of_defined(values) == interval([1.0, 3.0])
    assert interval_of_defined(values, -2.0) == interval([-2.0, -6.0])
    turned, wanted = interval([1.0, 3.0]).times(-2.0), interval([-2.0, -6.0])
    assert (turned.low, turned.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)
    assert interval_of_defined([math.nan]) is None
    assert mean_of_defined(values) == 2.0
    assert math.isnan(mean_of_defined([]))


def test_seeds_in_words():
    assert seeds_in_words([0, 1, 2]) == "mean ± 95 % interval over 3 seeds"
    assert seeds_in_words([4]) == "one seed (4), so no interval"
