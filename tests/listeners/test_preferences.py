"""Wins, ties and what they say: by hand, by simulation, and on the document's tables."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from paper_code.codec_loss import reported
from paper_code.listeners.answers import Answer, Answers
from paper_code.listeners.design import ListeningTest, pairwise
from paper_code.listeners.granularity import attainable, mean_attainable
from paper_code.listeners.preferences import (
    compare,
    pairs,
    summarise,
    ties,
    wins,
)

VERSIONS = ("Original", "Model A", "Model B", "Model C", "Model D")
TEST = pairwise("Fifty", [f"Track {k}" for k in range(5)], VERSIONS)
NAN = pytest.approx(math.nan, nan_ok=True)


def listener(name: str, rule: str, test: ListeningTest = TEST, first: int | None = None) -> Answers:
    """Answers by a rule: "first" and "last" prefer by the order of the conditions, "tie" never prefers."""
    values = {"first": 0, "last": 1}
    rows = [
        Answer(t.item, t.conditions[::-1], t.conditions[values[rule]] if rule in values else None, 1.0)
        for t in test.trials
    ]
    return Answers(test, name, 1, tuple(rows[:first]))


def chance(name: str, seed: int) -> Answers:
    """Answers drawn from a die."""
    rng = np.random.default_rng(seed)
    rows = [Answer(t.item, t.conditions, rng.choice([*t.conditions, None]), 1.0) for t in TEST.trials]
    return Answers(TEST, name, seed, tuple(rows))


def test_a_listener_with_an_order_in_mind() -> None:
    answers = listener("Kim", "first")
    assert wins(answers) == dict(zip(VERSIONS, [1, 0.75, 0.5, 0.25, 0], strict=True))
    assert set(ties(answers).values()) == {0}
    assert list(ties(answers)) == list(itertools.combinations(VERSIONS, 2)) == pairs(TEST)


def test_a_tie_is_a_win_for_nobody() -> None:
    answers = listener("Kim", "tie")
    assert set(wins(answers).values()) == {0}
    assert set(ties(answers).values()) == {1}


def test_shares_of_an_unfinished_test_are_of_what_was_answered() -> None:
    answers = listener("Kim", "first", first=3)  # the original against Model A, three times
    assert wins(answers) == {"Original": 1, "Model A": 0, "Model B": NAN, "Model C": NAN, "Model D": NAN}
    assert ties(answers)["Original", "Model A"] == 0
    assert math.isnan(ties(answers)["Model C", "Model D"])
    with pytest.raises(ValueError, match="unfinished: Kim"):
        summarise([answers])


def test_mean_and_sample_deviation_over_listeners() -> None:
    found = summarise([listener("a", "first"), listener("b", "first"), listener("c", "last"), listener("d", "tie")])
    shares = {"Original": [1, 1, 0, 0], "Model B": [0.5, 0.5, 0.5, 0], "Model D": [0, 0, 1, 0]}
    for name, values in shares.items():
        assert found.wins[name].mean == pytest.approx(np.mean(values))
        assert found.wins[name].sd == pytest.approx(np.std(values, ddof=1))
    assert found.ties["Original", "Model D"].mean == 0.25
    assert found.ties["Original", "Model D"].sd == pytest.approx(0.5)
    assert (found.listeners, found.appearances, found.presentations, found.place) == (4, 20, 5, "")


def test_one_listener_has_no_spread() -> None:
    found = summarise([listener("a", "first")])
    assert found.wins["Original"].mean == 1
    assert math.isnan(found.wins["Original"].sd)


@pytest.mark.parametrize("seed", range(5))
def test_every_comparison_is_a_win_or_a_tie(seed: int) -> None:
    found = summarise([chance(f"listener {k}", 100 * seed + k) for k in range(7)])
    assert found.accounted == pytest.approx(50)


def test_the_document_s_tables_and_their_arithmetic() -> None:
    tables = reported.preferences()
    assert {name: (spread.mean, spread.sd) for name, spread in tables.wins.items()} == {
        "Original": (0.65, 0.20), "Model A": (0.2, 0.07), "Model B": (0.46, 0.08),
        "Model C": (0.68, 0.11), "Model D": (0.13, 0.05),
    }  # fmt: skip
    assert tables.ties["Original", "Model C"].mean == 0.92
    assert tables.ties["Model A", "Model D"].sd == 0.25
    assert sum(spread.mean for spread in tables.wins.values()) * 20 == pytest.approx(42.4)
    assert sum(spread.mean for spread in tables.ties.values()) * 5 == pytest.approx(8.6)
    assert tables.accounted == pytest.approx(51.0)
    assert (tables.listeners, tables.appearances, tables.presentations) == (14, 20, 5)
    # A comparison more than there was; rounding explains three quarters of one.
    assert tables.rounding() == pytest.approx(0.75)
    assert tables.accounted - 50 > tables.rounding()


def test_table_5_fits_five_listeners_but_for_one_cell() -> None:
    cells = reported.preferences().ties
    means = {n for n in range(1, 15) if all(mean_attainable(cell.mean, n, 5) for cell in cells.values())}
    assert means == {5, 10}  # not the fourteen of the text
    misfit = [pair for pair, cell in cells.items() if not attainable(cell.mean, cell.sd, 5, 5, ddof=0)]
    assert misfit == [("Original", "Model C")]
    # 0.72 in its place would fit its deviation and make the sum of wins and ties 50.
    assert attainable(0.72, 0.20, 5, 5, ddof=0)
    assert reported.preferences().accounted + 5 * (0.72 - 0.92) == pytest.approx(50)
    for ddof in (0, 1):
        for number in (5, 10, 14):
            assert not all(attainable(cell.mean, cell.sd, number, 5, ddof) for cell in cells.values())


@pytest.mark.parametrize(("number", "trials", "ddof"), [(2, 5, 1), (3, 4, 0), (4, 3, 1)])
def test_attainable_against_all_answers_there_are(number: int, trials: int, ddof: int) -> None:
    all_answers = itertools.combinations_with_replacement(range(trials + 1), number)
    spreads = {(np.mean(a) / trials, np.std(a, ddof=ddof) / trials) for a in all_answers}
    for mean, sd in itertools.product(np.arange(0, 1.005, 0.04), np.arange(0, 0.8, 0.05)):
        near = [(abs(m - mean) < 0.005 + 1e-9, abs(s - sd) < 0.005 + 1e-9) for m, s in spreads]
        assert attainable(mean, sd, number, trials, ddof) == any(m and s for m, s in near)
        assert mean_attainable(mean, number, trials) == any(m for m, _ in near)


def test_counts_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one listener"):
        mean_attainable(0.5, 0, 5)
    with pytest.raises(ValueError, match="needs more than 1 listeners"):
        attainable(0.5, 0.1, 1, 5)


def test_two_versions_against_each_other() -> None:
    listeners = [listener(f"f{k}", "first") for k in range(6)] + [listener("l", "last"), listener("t", "tie")]
    found = compare(listeners, "Original", "Model D")
    assert (found.first, found.second, found.ties) == (30, 5, 5)
    shares = [1] * 6 + [0, 0.5]
    assert found.share == pytest.approx(np.mean(shares))
    assert found.p_value == pytest.approx(2 * stats.binom.sf(5, 7, 0.5))  # six of the seven who preferred one
    assert found.low < found.share < found.high <= 1
    other = compare(listeners, "Model D", "Original")
    assert (other.first, other.second, other.p_value) == (5, 30, pytest.approx(found.p_value))
    assert other.share == pytest.approx(1 - found.share)
    assert compare(listeners, "Original", "Model D") == found


def test_the_interval_covers_what_it_should() -> None:
    # Shares of 0.5 on average; a percentile interval over 14 listeners covers a little less than its 95 %.
    covered = 0
    for seed in range(60):
        found = compare([chance(str(k), 1000 * seed + k) for k in range(14)], "Model A", "Model B", seed)
        covered += found.low <= 0.5 <= found.high
    assert 50 <= covered <= 60


def test_without_listeners_who_differ_there_is_no_test() -> None:
    found = compare([listener("t", "tie")], "Original", "Model A")
    assert (found.first, found.second, found.ties, found.share) == (0, 0, 5, 0.5)
    assert all(math.isnan(value) for value in (found.low, found.high, found.p_value))
    agreed = compare([listener("a", "first"), listener("b", "first")], "Original", "Model A")
    assert (agreed.low, agreed.high, agreed.p_value) == (1, 1, 0.5)


def test_what_cannot_be_summarised_is_refused() -> None:
    other = pairwise("Other", ["a"], ["x", "y"])
    with pytest.raises(ValueError, match="no answers to look at"):
        summarise([])
    with pytest.raises(ValueError, match="one test of pairs"):
        summarise([listener("a", "first"), listener("b", "first", other)])
    with pytest.raises(ValueError, match="Original and Gone were not presented together"):
        compare([listener("a", "first")], "Original", "Gone")
