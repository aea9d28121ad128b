"""Scores of held-out answers, thresholds on a distance, calibration, and what a distance adds to the levels."""

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from paper_code.jnd_loss import scores, stand_in
from paper_code.listeners.jnd.judgements import Judgements


@pytest.fixture(scope="module")
def rows():
    return stand_in.judgements()


def test_scores_are_those_of_an_independent_library(rows):
    p = np.random.default_rng(0).uniform(0.01, 0.99, len(rows))
    found = scores.by_list(p, rows)
    assert list(found) == ["all", *rows.perturbations]
    for name, part in found.items():
        inside = np.array([name in ("all", row.perturbation) for row in rows])
        y = rows.different[inside]
        assert part["count"] == inside.sum()
        assert part["accuracy"] == ((p[inside] > 0.5) == y).mean()
        assert part["cross_entropy"] == pytest.approx(log_loss(y, p[inside]))
        assert part["auc"] == pytest.approx(roc_auc_score(y, p[inside]))
        assert scores.auc(100 * p[inside], y) == pytest.approx(part["auc"])


def test_a_list_with_one_answer_is_refused(rows):
    same = rows.where(lambda row: not row.different)
    with pytest.raises(ValueError, match="both answers"):
        scores.by_list(np.full(len(same), 0.5), same)


def test_a_threshold_is_where_half_say_different():
    generator = np.random.default_rng(1)
    distances = np.exp(generator.normal(0, 1.5, 20_000))
    different = generator.random(20_000) < special.expit(2 * (np.log(distances) - 0.7))
    curve = scores.Threshold.fitted(distances, different)
    assert curve.probabilities([np.exp(0.7)])[0] == pytest.approx(0.5, abs=0.02)
    assert curve.probabilities([np.exp(1.7)])[0] == pytest.approx(special.expit(2), abs=0.02)
    assert (np.diff(curve.probabilities(np.geomspace(0.01, 100, 50))) > 0).all()


def test_a_threshold_a_list_helps_where_lists_differ_in_scale(rows):
    scale = np.array([{"pink_noise": 1.0, "brown_noise": 100.0, "siren": 0.01}[row.perturbation] for row in rows])
    distances = scale * np.exp(rows.strengths / 10)
    found = scores.thresholded(distances, rows, distances, rows)
    one, each = (scores.by_list(found[way], rows)["all"] for way in ("one", "each"))
    assert each["accuracy"] > one["accuracy"] + 0.05
    assert each["auc"] > one["auc"] + 0.05
    ideal = LogisticRegression(C=1e6).fit(rows.strengths[:, None], rows.different)
    best = log_loss(rows.different, ideal.predict_proba(rows.strengths[:, None])[:, 1])
    assert each["cross_entropy"] == pytest.approx(best, abs=0.03)


def test_calibration_of_true_probabilities_is_near_and_of_squeezed_ones_is_not():
    generator = np.random.default_rng(3)
    p = generator.random(20_000)
    y = generator.random(20_000) < p
    true, squeezed = scores.calibration(p, y), scores.calibration(0.5 + (p - 0.5) / 3, y)
    assert true["error"][0] < 0.02
    assert squeezed["error"][0] == pytest.approx(1 / 6, abs=0.02)
    assert true["count"] == [2000] * 10
    assert true["predicted"] == pytest.approx(np.arange(0.05, 1, 0.1), abs=0.01)


def test_some_of_each_list_are_spread_through_it(rows):
    places = scores.some_of_each(rows, 4)
    names = [rows.rows[place].perturbation for place in places]
    assert names == [name for name in rows.perturbations for _ in range(4)]
    count = len(rows.of(rows.perturbations[0]))
    assert places[:4] == [0, count // 4, count // 2, 3 * count // 4]
    assert scores.some_of_each(rows, 10_000) == list(range(len(rows)))
    assert isinstance(scores.chosen(rows, places), Judgements)
    assert scores.chosen(rows, [5]).rows == (rows.rows[5],)
