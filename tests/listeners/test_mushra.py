"""Screening, means, intervals and tests: by hand on made-up ratings, and on a real listening test."""

import math

import numpy as np
import pytest
from scipy import stats
from synthetic import CONDITIONS, constant, ratings

from paper_code.audio import corpora
from paper_code.listeners import mushra
from paper_code.listeners.mushra import Outlier, RatingsError

REFERENCE, MID, LOW, CODER = range(4)
FILTERED = "mushra_speech_codec/mushra_results_dataset/ratings_formated_filtered.csv"


def test_a_listener_who_misses_the_reference_too_often_is_left_out() -> None:
    scores = constant(3, 8)
    scores[1, 0, REFERENCE] = 89  # one of eight is 12.5 %
    scores[2, :2, REFERENCE] = 89.5  # two of eight are 25 %
    found = mushra.screen(ratings(scores), "Reference")
    assert found.kept.listeners == ("l0", "l1")
    assert found.kept.count == 2 * 8 * 4
    told = "the hidden reference was rated below 90 in 2 of 8 items (25 %, more than 15 %)"
    assert found.reasons == {"l2": (told,)}


def test_exactly_fifteen_percent_and_exactly_ninety_are_tolerated() -> None:
    scores = constant(2, 20)
    scores[0, :3, REFERENCE] = 0
    scores[1, :, REFERENCE] = 90
    scores[1, :3, MID] = 91
    scores[1, 3:, MID] = 90
    assert mushra.screen(ratings(scores), "Reference", "Mid").reasons == {}
    scores[0, 3, REFERENCE] = 0
    assert list(mushra.screen(ratings(scores), "Reference", "Mid").reasons) == ["l0"]


def test_a_listener_who_takes_the_mid_anchor_for_the_reference_is_left_out() -> None:
    scores = constant(8, 4)
    scores[0, 0, MID] = 95
    scores[1:4, 1, MID] = 95  # three of eight listeners, more than a quarter: the item is to blame
    found = mushra.screen(ratings(scores), "Reference", "Mid")
    assert found.reasons == {"l0": ("'Mid' was rated above 90 in 1 of 4 items (25 %, more than 15 %)",)}
    scores[2:4, 1, MID] = 60  # now one of eight
    assert list(mushra.screen(ratings(scores), "Reference", "Mid").reasons) == ["l0", "l1"]
    assert mushra.screen(ratings(scores), "Reference").reasons == {}


def test_a_quarter_of_those_who_met_an_item_is_counted() -> None:
    scores = constant(8, 4)
    scores[4:, 0] = np.nan  # four listeners met it, one of them is a quarter and no more
    scores[0, 0, MID] = 95
    assert list(mushra.screen(ratings(scores), "Reference", "Mid").reasons) == ["l0"]
    scores[1, 0, MID] = 95
    assert mushra.screen(ratings(scores), "Reference", "Mid").reasons == {}


def test_both_reasons_are_named() -> None:
    scores = constant(8, 4)
    scores[0] = [50, 95, 20, 50]
    (why,) = mushra.screen(ratings(scores), "Reference", "Mid").reasons.values()
    assert [text.split(" in ")[0] for text in why] == [
        "the hidden reference was rated below 90",
        "'Mid' was rated above 90",
    ]


def test_everybody_may_fail() -> None:
    scores = constant(2, 4)
    scores[0, :, REFERENCE] = 50
    assert list(mushra.failings(ratings(scores), "Reference", "Mid")) == ["l0"]
    scores[1, :, REFERENCE] = 50
    assert list(mushra.failings(ratings(scores), "Reference", "Mid")) == ["l0", "l1"]


def test_where_nobody_passes_there_is_nothing_left() -> None:
    scores = constant(2, 4, [0, 60, 20, 50])
    with pytest.raises(RatingsError, match=r"no listener passes .*: l0: the hidden .* 4 of 4 .*; l1: the hidden"):
        mushra.screen(ratings(scores), "Reference")
    with pytest.raises(RatingsError, match="no condition 'Anchor'; there are Reference, Mid"):
        mushra.screen(ratings(scores), "Anchor")


def test_outliers_by_quartiles_of_halves() -> None:
    # Halves of 1 2 3 4 30, the median in both: 1 2 3 and 3 4 30; quartiles 2 and 4, fences -1 and 7.
    scores = constant(5, 1)
    scores[:, 0, CODER] = [3, 30, 1, 4, 2]
    assert mushra.outliers(ratings(scores)) == [Outlier("l1", "i0", "Coder", 30.0)]
    scores[:, 0, CODER] = [3, 7, 1, 4, 2]
    assert mushra.outliers(ratings(scores)) == []
    # Of an even number, halves share nothing: 1 2 and 3 10; quartiles 1.5 and 6.5, fences -6 and 14.
    scores[:, 0, CODER] = [1, 2, 3, 10, math.nan]
    scores[4] = np.nan
    with pytest.raises(RatingsError, match="no rating by 'l4'"):
        ratings(scores)
    assert mushra.outliers(ratings(scores[:4])) == []


def test_means_are_over_listeners_not_over_ratings() -> None:
    scores = constant(2, 3)
    scores[0, :, CODER] = [10, 20, 60]
    scores[1, :, CODER] = [50, 70, math.nan]
    scores[1, 2] = np.nan
    found = mushra.means(ratings(scores))
    assert list(found) == list(CONDITIONS)
    one = found["Coder"]
    assert (one.mean, one.listeners, one.ratings) == (45, 2, 5)  # of 30 and 60, not of five ratings
    assert one.student == pytest.approx(stats.t.interval(0.95, 1, 45, stats.sem([30, 60])))
    assert one.bootstrap == (30, 60)
    assert found["Reference"].student == (100, 100)


def test_one_listener_has_a_mean_and_nothing_else() -> None:
    one = mushra.means(ratings(constant(1, 2)))["Coder"]
    assert one.mean == 50
    assert all(map(math.isnan, (*one.student, *one.bootstrap)))
    assert all(math.isnan(d.p_value) and math.isnan(d.adjusted) for d in mushra.differences(ratings(constant(1, 2))))


def test_groups_hold_their_items_and_who_met_them() -> None:
    scores = constant(2, 3)
    scores[0, :, CODER] = [10, 20, 60]
    scores[1, 2] = np.nan
    found = mushra.grouped(ratings(scores), {"i0": "x", "i2": "y", "i1": "x", "other": "z"})
    assert {name: (part.items, part.listeners) for name, part in found.items()} == {
        "x": (("i0", "i1"), ("l0", "l1")), "y": (("i2",), ("l0",)),
    }  # fmt: skip
    assert mushra.means(found["x"])["Coder"].mean == (15 + 50) / 2
    with pytest.raises(RatingsError, match="no group: i1, i2"):
        mushra.grouped(ratings(scores), {"i0": "x"})


def test_conditions_of_several_groups_are_put_side_by_side() -> None:
    scores = constant(2, 4)
    scores[:, :, CODER] = [[10, 20, 30, 40], [11, 21, 31, 41]]
    places = {"i0": ("a", "x"), "i1": ("b", "y"), "i2": ("a", "y"), "i3": ("b", "x")}
    found = mushra.by_group(ratings(scores), places)
    assert (found.listeners, found.items) == (("l0", "l1"), ("a", "b"))
    assert found.conditions == tuple(f"{name}, {group}" for group in "xy" for name in CONDITIONS)
    assert found.of("Coder, x").tolist() == [[10, 40], [11, 41]]
    assert found.of("Coder, y").tolist() == [[30, 20], [31, 21]]
    assert found.count == ratings(scores).count
    with pytest.raises(RatingsError, match="no place: i2, i3"):
        mushra.by_group(ratings(scores), {"i0": ("a", "x"), "i1": ("b", "y")})
    with pytest.raises(RatingsError, match="two items have the same place"):
        mushra.by_group(ratings(scores), {**places, "i3": ("a", "x")})
    scores[1, 2] = np.nan  # met "a" in one group only
    with pytest.raises(RatingsError, match="missing ratings: 4, such as 'l1', item 'a', condition 'Reference, y'"):
        mushra.by_group(ratings(scores), places)


def random(listeners: int = 9) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 101, (listeners, 6, 4)).astype(float)


@pytest.mark.parametrize(("method", "reference"), [("t", stats.ttest_rel), ("wilcoxon", stats.wilcoxon)])
def test_differences_are_paired_over_listeners(method: str, reference) -> None:
    scores = random()
    found = mushra.differences(ratings(scores), method=method)
    assert len(found) == 6
    table = scores.mean(axis=1)
    p_values = {}
    for d in found:
        first, second = table[:, CONDITIONS.index(d.first)], table[:, CONDITIONS.index(d.second)]
        assert d.mean == pytest.approx((first - second).mean())
        p_values[d] = reference(first, second).pvalue
        assert d.p_value == pytest.approx(p_values[d])
        assert d.low < d.mean < d.high
        assert (d.low > 0 or d.high < 0) == (stats.ttest_rel(first, second).pvalue < 0.05)
    largest = 0.0
    for rank, (d, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        largest = max(largest, min(1, (6 - rank) * p))
        assert d.adjusted == pytest.approx(largest)


def test_fewer_pairs_cost_less() -> None:
    (one,) = mushra.differences(ratings(random()), ["Coder", "Low"])
    assert (one.first, one.second, one.adjusted) == ("Coder", "Low", one.p_value)
    pairs = [("Coder", "Low"), ("Mid", "Reference")]
    chosen = mushra.differences(ratings(random()), pairs=pairs)
    assert [(d.first, d.second) for d in chosen] == pairs
    assert chosen[0].p_value == one.p_value
    p_values = [d.p_value for d in chosen]
    assert min(d.adjusted for d in chosen) == pytest.approx(min(1, 2 * min(p_values)))


@pytest.mark.parametrize(("method", "p_value"), [("t", 0.0), ("wilcoxon", 2 / 2**5)])
def test_listeners_who_all_hear_the_same(method: str, p_value: float) -> None:
    found = {
        (d.first, d.second): d for d in mushra.differences(ratings(constant(5, 3, [90, 60, 60, 20])), method=method)
    }
    assert found["Reference", "Mid"].p_value == pytest.approx(p_value)
    assert (found["Mid", "Low"].p_value, found["Mid", "Low"].adjusted, found["Mid", "Low"].mean) == (1, 1, 0)


def test_unknown_methods_and_conditions_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted the method 't' or 'wilcoxon', found 'z'"):
        mushra.differences(ratings(constant(2, 2)), method="z")
    with pytest.raises(RatingsError, match="no condition 'Gone'"):
        mushra.differences(ratings(constant(2, 2)), ["Gone", "Mid"])
    with pytest.raises(RatingsError, match="no condition 'Gone'"):
        mushra.differences(ratings(constant(2, 2)), pairs=[("Mid", "Gone")])


# Condition means of the real test, each of 168 ratings, as computed from the file with a calculator of its own.
PUBLISHED = {
    "Reference": 98.4, "AudioDec": 64.9, "Proposed 5.51": 60.0, "Proposed 1.38": 54.1, "Proposed 5.51 16kHz": 49.1,
    "Proposed 1.38 16kHz": 48.3, "Lyra 6": 46.0, "Lyra 3": 29.4, "Anchor": 20.3,
}  # fmt: skip


@pytest.mark.corpora("mushra_speech_codec")
def test_the_real_test_s_means() -> None:
    found = mushra.speech_codec_test()
    assert (len(found.listeners), len(found.items), found.count) == (21, 16, 1512)
    assert {name: round(one.mean, 1) for name, one in mushra.means(found).items()} == PUBLISHED
    assert {one.ratings for one in mushra.means(found).values()} == {168}


@pytest.mark.corpora("mushra_speech_codec")
def test_the_screening_finds_whom_the_authors_left_out() -> None:
    """They publish the table without the listeners they screened, by the same rule of the reference."""
    theirs = mushra.read([corpora.locate(FILTERED)])
    found = mushra.screen(mushra.speech_codec_test(), "Reference")
    assert set(found.kept.listeners) == set(theirs.listeners)
    assert set(found.reasons) == {"participant 6", "participant 17"}
    ours, same = mushra.means(found.kept), mushra.means(theirs)
    assert {name: one.mean for name, one in ours.items()} == pytest.approx({n: one.mean for n, one in same.items()})


@pytest.mark.corpora("mushra_speech_codec")
def test_what_the_real_test_can_tell_apart() -> None:
    found = {(d.first, d.second): d for d in mushra.differences(mushra.speech_codec_test())}
    assert len(found) == 36
    assert found["Proposed 5.51", "Lyra 3"].adjusted < 1e-6
    assert found["Proposed 5.51 16kHz", "Lyra 6"].adjusted > 0.05
    assert all(d.adjusted >= d.p_value for d in found.values())
