"""The rules against scipy's t tests, and at their borders."""

import math

import numpy as np
import pytest
from scipy import stats

from paper_code.lab.rules import (
    NOT,
    NOT_RUN,
    REPRODUCED,
    RULES,
    TREND,
    UNTESTABLE,
    Above,
    Below,
    Greater,
    Less,
    Monotone,
    Numbers,
    Untestable,
    Within,
    judge,
    together,
)

NAN = math.nan
PLAIN = Numbers()


def verdict(rule, **measurements) -> str:
    return judge(rule, measurements, PLAIN).verdict


def from_test(mean: float, two_sided_p: float, claimed_sign: int) -> str:
    """The verdict that a two-sided t test at 5 % gives: the interval lies on one side exactly when p < 0.05."""
    if np.sign(mean) != claimed_sign:
        return NOT
    return REPRODUCED if two_sided_p < 0.05 else TREND


def samples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    common = random.standard_normal(5) * 10  # what pairing takes out
    return common + random.standard_normal(5), common + random.standard_normal(5) + random.uniform(-2, 2)


@pytest.mark.parametrize("seed", range(40))
def test_less_and_greater_agree_with_the_paired_t_test(seed):
    a, b = samples(seed)
    p = stats.ttest_rel(a, b).pvalue
    assert verdict(Less("a", "b"), a=a, b=b) == from_test((a - b).mean(), p, -1)
    assert verdict(Greater("a", "b"), a=a, b=b) == from_test((a - b).mean(), p, 1)


def test_the_samples_above_meet_every_verdict():
    assert {verdict(Less("a", "b"), a=a, b=b) for a, b in map(samples, range(40))} == {REPRODUCED, TREND, NOT}


@pytest.mark.parametrize("seed", range(20))
def test_below_and_above_agree_with_the_one_sample_t_test(seed):
    a = np.random.default_rng(seed).standard_normal(4) + 3
    p = stats.ttest_1samp(a, 2.5).pvalue
    assert verdict(Below("a", 2.5), a=a) == from_test(a.mean() - 2.5, p, -1)
    assert verdict(Above("a", 2.5), a=a) == from_test(a.mean() - 2.5, p, 1)


@pytest.mark.parametrize("seed", range(10))
def test_margin_moves_the_border(seed):
    a, b = samples(seed)
    assert verdict(Less("a", "b", margin=0.7), a=a, b=b) == verdict(Less("a", "c"), a=a, c=b - 0.7)
    assert verdict(Greater("a", "b", margin=0.7), a=a, b=b) == verdict(Greater("a", "c"), a=a, c=b + 0.7)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([0.98, 1.0, 1.02], REPRODUCED),
        ([1.09, 1.09, 1.09], REPRODUCED),
        ([0.9, 1.0, 1.1], TREND),  # half width 0.248 reaches beyond 0.1
        ([1.19, 1.2, 1.21], NOT),
        ([0.79, 0.8, 0.81], NOT),
        ([1.0, 1.5, 1.1], NOT),  # the interval reaches in, the mean does not
        ([1.0], TREND),
        ([3.0], NOT),
    ],
)
def test_within(values, wanted):
    assert verdict(Within("a", 1.0, 0.1), a=values) == wanted


def test_the_ends_belong_to_within_and_to_nothing_else():
    assert verdict(Within("a", 130848, 0), a=[130848] * 3) == REPRODUCED
    assert verdict(Within("a", 1.0, 0.5), a=[1.5] * 3) == REPRODUCED
    assert verdict(Below("a", 1.5), a=[1.5] * 3) == NOT
    assert verdict(Above("a", 1.5), a=[1.5] * 3) == NOT
    assert verdict(Less("a", "b"), a=[2, 3, 4], b=[2, 3, 4]) == NOT
    assert verdict(Greater("a", "b"), a=[2, 3, 4], b=[2, 3, 4]) == NOT


def test_pairing_over_seeds_matters():
    a, b = [1.0, 5.0, 9.0], [1.1, 5.11, 9.1]
    assert stats.ttest_ind(a, b).pvalue > 0.9
    assert verdict(Less("a", "b"), a=a, b=b) == REPRODUCED
    assert verdict(Less("a", "b"), a=a, b=b[::-1]) == TREND


def test_monotone_needs_every_step():
    rule = Monotone(("a", "b", "c"), "increasing")
    a, b, c = [1, 2, 3], [2.0, 3.1, 4.0], [3.0, 4.2, 5.0]
    assert verdict(rule, a=a, b=b, c=c) == REPRODUCED
    assert verdict(Monotone(("c", "b", "a"), "decreasing"), a=a, b=b, c=c) == REPRODUCED
    assert verdict(rule, a=a, b=b, c=[2.0, 3.3, 4.2]) == TREND
    assert verdict(rule, a=a, b=b, c=b) == NOT
    assert verdict(rule, a=a, b=c, c=b) == NOT
    assert verdict(Monotone(("a", "b", "c"), "decreasing"), a=a, b=b, c=c) == NOT


def test_monotone_of_two_is_a_comparison():
    for a, b in map(samples, range(20)):
        assert verdict(Monotone(("a", "b"), "increasing"), a=a, b=b) == verdict(Less("a", "b"), a=a, b=b)


@pytest.mark.parametrize(
    "rule", [Less("a", "b"), Greater("b", "a"), Below("a", 2), Above("b", 2), Monotone(("a", "b"), "increasing")]
)
def test_one_seed_is_at_best_a_trend_and_says_so(rule):
    found = judge(rule, {"a": [1.0], "b": [3.0]}, PLAIN)
    assert found.verdict == TREND
    assert found.why.startswith("One seed, so no interval")
    assert "±" not in found.ours


def test_the_order_of_seeds_makes_no_difference():
    a, b = samples(3)
    order = [4, 2, 0, 1, 3]
    one = judge(Less("a", "b"), {"a": a, "b": b}, PLAIN)
    assert judge(Less("a", "b"), {"a": a[order], "b": b[order]}, PLAIN) == one


def test_seeds_without_a_value_are_left_out_in_pairs_and_counted():
    a, b = [1.0, NAN, 3.0, 4.0, 5.0], [2.0, 0.0, 4.1, -math.inf, 6.2]
    found = judge(Less("a", "b"), {"a": a, "b": b}, Numbers(1))
    alone = judge(Less("a", "b"), {"a": [1.0, 3.0, 5.0], "b": [2.0, 4.1, 6.2]}, Numbers(1))
    assert (found.verdict, found.ours) == (alone.verdict, alone.ours)
    assert found.why == alone.why + " 2 of 5 seeds lack a value."


def test_one_seed_left_counts_as_one_seed():
    found = judge(Less("a", "b"), {"a": [1.0, NAN], "b": [2.0, 2.0]}, PLAIN)
    assert found.verdict == TREND
    assert "One seed" in found.why
    assert "1 of 2 seeds lack a value" in found.why


@pytest.mark.parametrize(
    ("measurements", "why"),
    [
        ({"a": [1, 2], "b": [1, 2], "c": [NAN, NAN]}, "Not defined in any seed: c."),
        ({"a": [NAN, 2], "b": [1, NAN], "c": [1, 1]}, "Not defined in any seed: a, b, c."),
        ({"a": [1], "b": [1, 2], "c": [1]}, "cannot be paired over seeds: a has 1, b has 2, c has 1."),
    ],
)
def test_what_is_not_defined_is_not_testable_and_named(measurements, why):
    found = judge(Monotone(("a", "b", "c"), "increasing"), measurements, PLAIN)
    assert (found.verdict, found.ours, found.mean) == (UNTESTABLE, "", None)
    assert why in found.why


def test_a_name_that_is_not_measured_is_no_verdict():
    with pytest.raises(KeyError, match="b"):
        judge(Less("a", "b"), {"a": [1.0]}, PLAIN)


@pytest.mark.parametrize("seed", range(30))
def test_less_than_several_is_less_than_each(seed):
    a, b = samples(seed)
    c = a + np.random.default_rng(seed).uniform(-1, 3) + np.random.default_rng(seed + 99).standard_normal(5)
    for kind in (Less, Greater):
        each = {verdict(kind("a", name), a=a, b=b, c=c) for name in "bc"}
        worst = next(one for one in (NOT, TREND, REPRODUCED) if one in each)
        assert verdict(kind("a", ("b", "c")), a=a, b=b, c=c) == worst


def test_less_than_several_in_words():
    found = judge(Less("a", ("b", "c")), {"a": [1.0], "b": [2.0], "c": [3.0]}, Numbers(1, "dB"))
    assert found.ours == "1.0 against 2.0, 3.0 dB"
    assert found.why == (
        "One seed, so no interval: each of a − b (−1.0 dB, 1 seed); a − c (−2.0 dB, 1 seed) is below 0.0 dB."
    )
    assert Less("a", ("b", "c")).words(PLAIN) == "a less than each of b; c, paired over seeds"


def test_the_mean_is_given_where_one_measurement_is_judged():
    assert judge(Within("a", 1.0, 0.1), {"a": [1.0, 2.0, NAN]}, PLAIN).mean == 1.5
    assert judge(Less("a", "b"), {"a": [1.0], "b": [2.0]}, PLAIN).mean is None


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([REPRODUCED, REPRODUCED], REPRODUCED),
        ([REPRODUCED, TREND], TREND),
        ([TREND, TREND], TREND),
        ([REPRODUCED, REPRODUCED, NOT], NOT),
        ([NOT, UNTESTABLE], NOT),
        ([REPRODUCED, UNTESTABLE], TREND),  # not all of the statement was tested
        ([UNTESTABLE, UNTESTABLE], UNTESTABLE),
        ([NOT_RUN, NOT_RUN], NOT_RUN),
        ([NOT_RUN, UNTESTABLE], NOT_RUN),
    ],
)
def test_a_statement_is_as_good_as_its_weakest_part(parts, whole):
    assert together(parts) == together(parts[::-1]) == whole


def test_untestable_gives_its_reason():
    found = judge(Untestable("It needs listeners."), {"a": [1.0]}, PLAIN)
    assert (found.verdict, found.why) == (UNTESTABLE, "It needs listeners.")


def test_words_and_values_for_people():
    numbers = Numbers(2, "dB")
    a, b = [-1.0, -1.2, -1.1], [0.0, 0.2, 0.1]
    found = judge(Less("bark", "mse", margin=0.5), {"bark": a, "mse": b}, numbers)
    assert found.ours == "−1.10 ± 0.25 against 0.10 ± 0.25 dB"
    assert found.why == ("The 95 % interval of bark − mse (−1.20 ± 0.50 dB, 3 seeds) lies below −0.50 dB.")
    assert Less("bark", "mse", 0.5).words(numbers) == "bark less than mse by more than 0.50 dB, paired over seeds"
    assert Greater("a", "b").words(numbers) == "a greater than b, paired over seeds"
    assert Within("a", 3.0, 0.25).words(numbers) == "a within 3.00 ± 0.25 dB"
    assert Below("a", -2.0).words(numbers) == "a below −2.00 dB"
    assert Above("a", 2.0).words(PLAIN) == "a above 2"
    assert Monotone(("a", "b"), "decreasing").words(PLAIN) == "decreasing: a, b, neighbours paired over seeds"


def test_reasons_for_what_is_not_reproduced():
    found = judge(Below("a", 1.0), {"a": [2.0, 2.0]}, Numbers(1, "s"))
    assert found.why == "The mean of a (2.0 s, does not depend on the seed) is not below 1.0 s."
    found = judge(Within("a", 1.0, 0.1), {"a": [0.9, 1.0, 1.1]}, Numbers(3))
    assert found.why == (
        "The mean of a (1.000 ± 0.248, 3 seeds) is between 0.900 and 1.100, but its 95 % interval reaches beyond."
    )


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.001, 2, "0.00"), (-1.5, 1, "−1.5"), (12345.678, None, "1.23e+04"), (0.000123, None, "0.000123"), (2, 0, "2")],
)
def test_numbers(value, digits, text):
    assert Numbers(digits).plain(value) == text


def test_every_rule_is_listed_under_its_name():
    assert list(RULES) == ["within", "below", "above", "less", "greater", "monotone", "untestable"]
    assert all(kind.name == name for name, kind in RULES.items())


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("PESQ, MSE 20", "PESQ, masking 20", "PESQ, MSE 20 − masking 20"),
        ("OPS, tracks, model C", "OPS, tracks, model A", "OPS, tracks, model C − model A"),
        ("PESQ, MSE 20", "SNR, MSE 20", "PESQ, MSE 20 − SNR, MSE 20"),
        ("a", "b", "a − b"),
    ],
)
def test_a_difference_tells_once_what_both_names_begin_with(first, second, told):
    found = judge(Less(first, second), {first: [1.0, 1.0], second: [2.0, 2.0]}, Numbers(1))
    assert f" of {told} (" in found.why
