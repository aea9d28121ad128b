"""What is measured of a metric: held-out scores, delays, gains, batches, and the floors."""

import numpy as np
import pytest
import torch

from paper_code.audio.clips import resample
from paper_code.jnd_loss import evaluation, floors, levels, listening_test, scores
from paper_code.jnd_loss.building import pairs, trained, untrained
from paper_code.jnd_loss.distances import delayed, of_pairs
from paper_code.jnd_loss.experiment import experiments
from paper_code.listeners.jnd import levels_alone
from paper_code.listeners.speech_codec_sounds import CORPUS, REFERENCE, sounds

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.fixture(scope="module")
def config(prepared):
    return experiments("smoke", 0, recordings="synthetic")["scratch"]


@pytest.fixture(scope="module")
def test_side(config):
    return pairs(config, "test")


def _used(config):
    return trained(config, untrained(config).state_dict(), config.used_normalisation)


def test_distances_do_not_depend_on_their_batch(config, test_side):
    network = _used(config)
    whole = of_pairs(network.layer_distances, test_side)
    assert whole.shape == (len(test_side), 14)
    one = network.layer_distances(*test_side.sounds([11])).detach().numpy()
    assert whole[11] == pytest.approx(one[0], rel=1e-4)
    assert of_pairs(network.layer_distances, test_side, [11, 3])[0] == pytest.approx(one[0], rel=1e-4)


def test_a_delayed_sound_is_the_sound_after_silence():
    test, reference = torch.arange(1, 7).reshape(2, 3), torch.arange(11, 17).reshape(2, 3)
    late, early = delayed(test, reference, 2)
    assert late.tolist() == [[0, 0, 1, 2, 3], [0, 0, 4, 5, 6]]
    assert early.tolist() == [[11, 12, 13, 0, 0], [14, 15, 16, 0, 0]]
    assert torch.equal(delayed(test, reference, 0)[0], test)


def test_a_delay_moves_a_sound_away_from_itself(config, test_side):
    found = evaluation.delays(_used(config), test_side)
    assert found["seconds"][0] == found["itself"][0] == 0
    assert min(found["itself"][1:]) > 0.1
    assert len(found["auc"]) == len(found["accuracy"]) == len(found["seconds"])
    assert found["auc"][0] > max(found["auc"][1:]) - 0.1


def test_a_gain_is_told_by_a_metric_that_normalises_pairs_and_by_no_other(config, test_side):
    plain = evaluation.gains(_used(config), test_side)
    pair = evaluation.gains(_used(config.replace(normalisation="pair")), test_side)
    assert max(plain["itself"]) < 0.05
    assert pair["itself"] == sorted(pair["itself"])
    assert pair["itself"][-1] > 10 * max(plain["itself"])
    assert all(0 < share < 1 for share in pair["share"])


def test_in_batches_the_probabilities_are_those_of_the_training(config, test_side):
    state = untrained(config).state_dict()
    found = evaluation.in_batches(config, state, test_side)
    network = trained(config, state, "batch")
    order = np.random.default_rng(0).permutation(len(test_side))
    logits = torch.cat([network(*test_side.sounds(order[k : k + 16])) for k in range(0, len(order), 16)])
    p = np.empty(len(order))
    p[order] = logits.softmax(-1)[:, 1].detach().double().numpy()
    assert found["all"] == pytest.approx(scores.by_list(p, test_side.judgements)["all"], rel=1e-5)


def test_levels_are_those_of_the_listeners_package(config, test_side):
    found = scores.by_list(levels.probabilities(config), test_side.judgements)
    rows = [row for side in ("train", "validation", "test") for row in pairs(config, side).judgements]
    for name in test_side.judgements.perturbations:
        of_list = type(test_side.judgements)(tuple(rows)).of(name)
        expected = levels_alone.predict(of_list)
        assert found[name]["accuracy"] == expected.accuracy
        assert found[name]["auc"] == pytest.approx(expected.auc)


def test_with_the_levels_a_distance_that_knows_helps_and_one_that_does_not_hardly_harms(config):
    config = config.replace(most=0)
    test_side = pairs(config, "test")
    answers = test_side.judgements.different
    noise = np.exp(np.random.default_rng(0).normal(size=len(answers)))
    alone, knowing, not_knowing = (
        scores.by_list(levels.with_distances(config, test_side, distances), test_side.judgements)["all"]["auc"]
        for distances in (None, np.where(answers, 3.0, 1.0) * noise**0.1, noise)
    )
    assert knowing > max(alone, 0.95)
    assert not_knowing > alone - 0.15


def test_metrics_that_learn_nothing_give_0_for_equal_sounds_and_more_for_others(test_side):
    for _, metric in floors.candidates():
        distances = of_pairs(metric, test_side)
        alike = np.array([row.strength == 0 for row in test_side.judgements])
        assert (distances[alike] == 0).all()
        assert (distances[~alike] > 0).all()


@pytest.mark.corpora(CORPUS)
@pytest.mark.parametrize("run", ["scratch", "fit_for_use"])
def test_a_metric_is_held_against_ratings_as_it_is_used_at_16_khz(run):
    config = experiments("smoke", 0)[run]
    network = _used(config)
    found = evaluation.on_ratings(config, network)["mushra"]
    items = list(found["as rated"])
    assert items == ["VCTK_p229_293", *items[1:]]
    assert len(items) == 2
    heard = {name: resample(clip, 16_000).waveform[None] for name, clip in sounds(items[0]).items()}
    for name in ("Lyra 6", "AudioDec"):
        layers = network.layer_distances(heard[name], heard[REFERENCE])
        assert found["as rated"][items[0]][name] == pytest.approx(float(layers.sum()), rel=1e-5)
        assert found["aligned"][items[0]][name] != found["as rated"][items[0]][name]
    assert found["aligned"][items[0]][REFERENCE] == 0
    assert found["controls"][items[0]]["one sample later"] > 0


def test_without_the_recordings_of_the_test_or_with_made_up_speech_there_are_no_ratings(config, monkeypatch):
    assert evaluation.on_ratings(config, _used(config)) == {}
    monkeypatch.setattr(listening_test, "at_hand", lambda _: False)
    assert evaluation.on_ratings(experiments("smoke", 0)["scratch"], _used(config)) == {}
