"""Agreement with listeners: the same numbers as plain loops with scipy, known limits, and intervals that cover."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from paper_code.jnd_loss.agreement import STATISTICS, Panel
from paper_code.listeners.ratings import Ratings, RatingsError

CONDITIONS = ("a", "b", "c", "d", "e")
SPEAKERS = {"i0": "s0", "i1": "s0", "i2": "s1", "i3": "s2", "i4": "s3"}


def _ratings(seed: int = 0, listeners: int = 9, noise: float = 12.0, absent: float = 0.3) -> Ratings:
    """Listeners who hear a quality of each item and condition, with noise; everybody misses some items, nobody hears x."""
    rng = np.random.default_rng(seed)
    quality = np.linspace(20, 80, 5) + rng.normal(0, 8, (5, 5))
    scores = np.clip(quality + rng.normal(0, noise, (listeners, 5, 5)), 0, 100)
    missed = rng.random((listeners, 5)) < absent
    missed[:2] = False
    scores[missed] = np.nan
    return Ratings(tuple(f"l{k}" for k in range(listeners)), tuple(SPEAKERS), CONDITIONS, scores)


def _plainly(ratings: Ratings, distances: np.ndarray, speakers: dict[str, str]) -> dict[str, float]:
    """The definitions, in loops."""
    means = np.nanmean(ratings.scores, axis=0)
    spearman, pearson = [], []
    for speaker in dict.fromkeys(speakers.values()):
        rows = [k for k, item in enumerate(ratings.items) if speakers[item] == speaker]
        people, ours = means[rows].mean(axis=0), -distances[rows].mean(axis=0)
        spearman.append(stats.spearmanr(people, ours).statistic)
        pearson.append(stats.pearsonr(people, ours).statistic)
    right = []
    for j in range(len(ratings.items)):
        for a, b in combinations(range(len(ratings.conditions)), 2):
            given = ratings.scores[:, j][np.isfinite(ratings.scores[:, j, 0])]
            votes = sum(np.sign(row[a] - row[b]) for row in given)
            ours = np.sign(distances[j, b] - distances[j, a])
            right.append(0.5 if votes == 0 or ours == 0 else float(np.sign(votes) == ours))
    return {"spearman": np.mean(spearman), "pearson": np.mean(pearson), "choices": np.mean(right)}


@pytest.mark.parametrize("seed", range(4))
def test_values_are_those_of_plain_loops(seed):
    ratings = _ratings(seed)
    distances = np.random.default_rng(seed).integers(0, 4, (5, 5)).astype(float)  # with ties
    found = Panel(ratings, CONDITIONS, SPEAKERS, resamples=3).agreement(distances).values
    assert found == pytest.approx(_plainly(ratings, distances, SPEAKERS), abs=1e-12)


def test_a_resample_is_a_panel_of_those_who_were_drawn():
    """One draw, done again by copying listeners and speakers."""
    ratings = _ratings(1)
    distances = np.random.default_rng(1).random((5, 5))
    drawn = Panel(ratings, CONDITIONS, SPEAKERS, resamples=5, seed=3)
    found = drawn.agreement(distances).draws
    rng = np.random.default_rng(3)
    counts = [rng.multinomial(n, np.full(n, 1 / n), size=5) for n in (9, 4)]
    for k in range(5):
        rows = np.repeat(np.arange(9), counts[0][k])
        names, items, speakers = list(dict.fromkeys(SPEAKERS.values())), [], {}
        for s, times in enumerate(counts[1][k]):
            for copy in range(times):
                for j, item in enumerate(SPEAKERS):
                    if SPEAKERS[item] == names[s] and np.isfinite(ratings.scores[rows][:, j, 0]).any():
                        items.append(j)
                        speakers[f"{item} {copy}"] = f"{names[s]} {copy}"
        scores = ratings.scores[rows][:, items]
        rated = [r for r in range(len(rows)) if np.isfinite(scores[r]).any()]
        copied = Ratings(tuple(map(str, rated)), tuple(speakers), CONDITIONS, scores[rated])
        expected = _plainly(copied, distances[items], speakers)
        assert {name: values[k] for name, values in found.items()} == pytest.approx(expected, abs=1e-12)


def test_who_knows_the_ratings_is_perfect_and_who_turns_them_round_is_the_opposite():
    ratings = _ratings(2, noise=0.0, absent=0.0)
    panel = Panel(ratings, CONDITIONS, SPEAKERS, resamples=50)
    people = ratings.scores.mean(axis=0)
    for distances, expected in ((-people, 1.0), (people, -1.0)):
        found = panel.agreement(distances)
        assert found.values["spearman"] == pytest.approx(expected)
        assert found.values["pearson"] == pytest.approx(expected)
        assert found.values["choices"] == pytest.approx((1 + expected) / 2)
        assert found.estimate("choices").low == pytest.approx(found.estimate("choices").high)


def test_what_tells_nothing_apart_is_at_chance():
    found = Panel(_ratings(), CONDITIONS, SPEAKERS, resamples=20).agreement(np.ones((5, 5)))
    assert [found.values[name] for name in STATISTICS] == [0, 0, 0.5]
    assert found.estimate("pearson").high == 0


def test_the_ceiling_is_one_for_listeners_who_agree_and_lower_for_those_who_do_not():
    ceilings = [
        Panel(_ratings(3, 12, noise, absent=0.0), CONDITIONS, SPEAKERS, resamples=1).ceiling(60)
        for noise in (0, 15, 60)
    ]
    assert all(ceilings[0][name].value == pytest.approx(1) for name in STATISTICS)
    for name in STATISTICS:
        assert ceilings[0][name].value > ceilings[1][name].value > ceilings[2][name].value


def test_the_ceiling_wants_two_listeners_an_utterance():
    ratings = _ratings(0, 2, absent=0.0)
    scores = ratings.scores.copy()
    scores[0, 1] = np.nan
    one = Ratings(ratings.listeners, ratings.items, CONDITIONS, scores)
    with pytest.raises(ValueError, match="two listeners"):
        Panel(one, CONDITIONS, SPEAKERS, resamples=1).ceiling(1)


def test_a_difference_is_paired():
    """Two measures that are nearly the same differ by far less than either is uncertain."""
    ratings = _ratings(5)
    panel = Panel(ratings, CONDITIONS, SPEAKERS, resamples=400)
    people = np.nanmean(ratings.scores, axis=0)
    rng = np.random.default_rng(0)
    first = -people + rng.normal(0, 15, people.shape)
    ours, theirs = panel.agreement(first), panel.agreement(first + rng.normal(0, 0.5, people.shape))
    difference, alone = ours.minus(theirs, "pearson"), ours.estimate("pearson")
    assert difference.low <= difference.value <= difference.high
    assert difference.high - difference.low < 0.3 * (alone.high - alone.low)
    assert ours.minus(ours, "choices").high == 0


def test_intervals_cover_the_truth():
    """Of many panels drawn from one kind of listener, about 95 % of the intervals hold the value of all listeners."""
    rng = np.random.default_rng(9)
    quality = np.linspace(30, 70, 5) + rng.normal(0, 3, 5)
    covered = []
    for seed in range(60):
        drawn = np.random.default_rng(seed)
        items = quality + drawn.normal(0, 10, (12, 5))  # 12 speakers of an endless number
        distances = -(items + drawn.normal(0, 20, items.shape))
        scores = np.clip(items + drawn.normal(0, 5, (15, 12, 5)), 0, 100)
        names = tuple(f"i{k}" for k in range(12))
        ratings = Ratings(tuple(map(str, range(15))), names, CONDITIONS, scores)
        panel = Panel(ratings, CONDITIONS, {name: name for name in names}, resamples=200, seed=seed)
        covered.append(panel.agreement(distances).estimate("pearson"))
    truth = np.mean([estimate.value for estimate in covered])
    assert np.mean([estimate.low <= truth <= estimate.high for estimate in covered]) > 0.8


def test_only_the_chosen_conditions_count():
    ratings = _ratings(4)
    distances = np.random.default_rng(4).random((5, 5))
    panel = Panel(ratings, ["e", "a", "c"], SPEAKERS, resamples=2)
    kept = [4, 0, 2]
    part = Ratings(ratings.listeners, ratings.items, ("e", "a", "c"), ratings.scores[:, :, kept])
    assert panel.agreement(distances).values == pytest.approx(_plainly(part, distances[:, kept], SPEAKERS), abs=1e-12)
    assert panel.triplets == 5 * 3


def test_only_the_chosen_pairs_count_as_choices():
    """The choices of all pairs are the mean of those of two halves of the pairs; coefficients do not change."""
    ratings = _ratings(6)
    distances = np.random.default_rng(6).random((5, 5))
    pairs = list(combinations(CONDITIONS, 2))
    found = [
        Panel(ratings, CONDITIONS, SPEAKERS, resamples=2, pairs=chosen).agreement(distances).values
        for chosen in (None, pairs[:5], pairs[5:])
    ]
    assert found[0]["choices"] == pytest.approx((found[1]["choices"] + found[2]["choices"]) / 2)
    assert found[1]["choices"] != found[2]["choices"]
    assert found[0]["pearson"] == found[1]["pearson"]
    with pytest.raises(ValueError, match="x"):
        Panel(ratings, CONDITIONS, SPEAKERS, pairs=[("a", "x")])


def test_what_cannot_be_judged_is_refused():
    ratings = _ratings()
    with pytest.raises(ValueError, match="3 of them"):
        Panel(ratings, ["a", "b"], SPEAKERS)
    with pytest.raises(ValueError, match="no speaker: i4"):
        Panel(ratings, CONDITIONS, {name: "s" for name in list(SPEAKERS)[:4]})
    with pytest.raises(RatingsError, match="no condition 'x'"):
        Panel(ratings, ["a", "b", "x"], SPEAKERS)
    distances = np.ones((5, 5))
    distances[2, 1] = np.nan
    with pytest.raises(ValueError, match="1 of 25 distances are not defined"):
        Panel(ratings, CONDITIONS, SPEAKERS, resamples=1).agreement(distances)
