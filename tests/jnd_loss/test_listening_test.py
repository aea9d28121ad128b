"""Scores of measures on the real listening test: what is kept, and what is read from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.jnd_loss import listening_test
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED, INVERTED, LATER, ONE_LATER, UNRELATED, Heard
from paper_code.jnd_loss.measures import Measure, embeddings
from paper_code.lab.files import read_json, write_json
from paper_code.lab.store import Store
from paper_code.listeners.ratings import speech_codec_test
from paper_code.listeners.speech_codec_sounds import ANCHOR, CORPUS, REFERENCE, sounds, speakers

ITEM = "TSP_FG41_10"  # the shortest


def _mse(estimate: torch.Tensor, reference: torch.Tensor, _: int) -> float:
    return float((estimate - reference).square().mean())


@pytest.fixture(scope="module")
def kept() -> dict:
    measures = {"mse": Measure("MSE", "conventional", _mse), "mse_8k": Measure("MSE", "loss", _mse, 8000)}
    return listening_test.measured({**measures, **embeddings()}, [ITEM])


@pytest.mark.corpora(CORPUS)
def test_all_conditions_are_measured_as_rated_and_aligned(kept):
    assert list(kept["lacking"]) == ["vggish", "openl3"]
    ratings = speech_codec_test()
    for way in (AS_RATED, ALIGNED):
        for name in ("mse", "mse_8k"):
            distances = kept["scores"][way][name][ITEM]
            assert set(distances) == set(ratings.conditions)
            assert distances[REFERENCE] == 0
            assert min(distances[name] for name in distances if name != REFERENCE) > 0


@pytest.mark.corpora(CORPUS)
def test_the_delay_of_codecs_that_keep_the_waveform_is_taken_out(kept):
    """Lyra comes 9 samples late: its aligned error is far smaller. The anchor and the reference have no delay."""
    delays, scores = kept["delays"][ITEM], {way: kept["scores"][way]["mse"][ITEM] for way in (AS_RATED, ALIGNED)}
    assert delays["Lyra 6"] == 9
    assert delays[REFERENCE] == delays[ANCHOR] == 0
    assert scores[ALIGNED]["Lyra 6"] < 0.5 * scores[AS_RATED]["Lyra 6"]
    assert scores[ALIGNED][ANCHOR] == scores[AS_RATED][ANCHOR]
    assert 150 < delays["AudioDec"] < 260  # 6 to 11 ms in every utterance


@pytest.mark.corpora(CORPUS)
def test_controls_are_what_nobody_hears_and_another_sentence(kept):
    reference = sounds(ITEM)[REFERENCE]
    made = listening_test.controls(ITEM, reference)
    assert set(kept["controls"]["mse"][ITEM]) == set(made)
    assert {len(clip.waveform) for clip in made.values()} == {len(reference.waveform)}
    assert torch.equal(made[ONE_LATER].waveform[1:], reference.waveform[:-1])
    assert torch.equal(made[LATER].waveform[120:], reference.waveform[:-120])  # 5 ms at 24 kHz
    assert torch.equal(made[INVERTED].waveform, -reference.waveform)
    likeness = torch.dot(made[UNRELATED].waveform, reference.waveform)
    assert abs(likeness) < 0.2 * made[UNRELATED].waveform.norm() * reference.waveform.norm()
    assert "TSP_FG41_10" not in made[UNRELATED].recipe["steps"][-1]


def test_the_other_sentence_is_of_another_person():
    names = speakers()
    assert all(names[listening_test._of_another_speaker(name)] != names[name] for name in names)


@pytest.mark.corpora(CORPUS)
def test_scores_become_arrays_in_the_order_of_the_ratings(kept):
    ratings = speech_codec_test().only([ITEM])
    arrays = listening_test.arrays(kept["scores"][AS_RATED], ratings)
    assert arrays["mse"].shape == (1, 9)
    column = ratings.conditions.index("Lyra 3")
    assert arrays["mse"][0, column] == kept["scores"][AS_RATED]["mse"][ITEM]["Lyra 3"]
    with pytest.raises(KeyError):
        listening_test.arrays(kept["scores"][AS_RATED], speech_codec_test())


@pytest.mark.corpora(CORPUS)
def test_a_run_keeps_the_scores_and_the_ratings_of_who_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listening_test, "released", dict)
    monkeypatch.setattr(listening_test, "embeddings", dict)
    monkeypatch.setattr(listening_test, "conventional", lambda: {"mse": Measure("MSE", "conventional", _mse)})
    config = Heard(profile="smoke", seed=0, items=1)
    assert len(listening_test.sources(config)) == 8
    listening_test.evaluate(config, tmp_path)
    metrics = read_json(tmp_path / "metrics.json")
    assert list(metrics["scores"][ALIGNED]["mse"]) == ["VCTK_p229_293"]
    ratings = listening_test.screened()
    assert len(ratings.listeners) == 19
    each = np.nanmean(ratings.of("Lyra 3"), axis=1)
    assert metrics["ratings"]["Lyra 3"] == pytest.approx(each.mean())
    kept = listening_test.from_json(metrics["listeners"])
    assert kept.items == ("VCTK_p229_293",)
    assert kept.of("Lyra 3")[:, 0] == pytest.approx(ratings.only(kept.items).of("Lyra 3")[:, 0])


def test_anchors_are_medians_of_the_kept_scores(tmp_path: Path):
    assert listening_test.anchors(Store(tmp_path)) == listening_test.distance_of_another_sentence(Store(tmp_path)) == {}
    config = Heard(profile="small", seed=0, items=3)
    folder = tmp_path / "jnd_loss" / "mushra" / "small-seed0"
    scores = {"m": {f"i{k}": {REFERENCE: 0.0, "codec": value} for k, value in enumerate((1.0, 5.0, 2.0))}}
    controls = {"m": {f"i{k}": {UNRELATED: value} for k, value in enumerate((9.0, 7.0, 8.0))}}
    ratings = {REFERENCE: 99.0, "codec": 47.5}
    write_json(folder / "metrics.json", {"scores": {AS_RATED: scores}, "controls": controls, "ratings": ratings})
    stage = {"files": {}, "seconds": 0.0, "code": {}}
    record = {"config": config.as_dict(), "hash": config.hash, "profile": "small", "seed": 0}
    write_json(folder / "provenance.json", {**record, "trained": stage, "measured": stage})
    (anchor,) = listening_test.anchors(Store(tmp_path))["m"]
    assert (anchor.condition, anchor.distance, anchor.rating) == ("codec", 2.0, 47.5)
    assert listening_test.distance_of_another_sentence(Store(tmp_path)) == {"m": 8.0}
