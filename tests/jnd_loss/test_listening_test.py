"""Scores of measures on the real listening test: what is kept, and what is read from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.jnd_loss import listening_test
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED, Heard
from paper_code.jnd_loss.measures import Measure, embeddings
from paper_code.lab.files import read_json, write_json
from paper_code.lab.store import Store
from paper_code.listeners.ratings import speech_codec_test
from paper_code.listeners.speech_codec_sounds import ANCHOR, CORPUS, REFERENCE

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


def test_anchors_are_medians_of_the_kept_scores(tmp_path: Path):
    assert listening_test.anchors(Store(tmp_path)) == {}
    config = Heard(profile="small", seed=0, items=3)
    folder = tmp_path / "jnd_loss" / "mushra" / "small-seed0"
    scores = {"m": {f"i{k}": {REFERENCE: 0.0, "codec": value} for k, value in enumerate((1.0, 5.0, 2.0))}}
    ratings = {REFERENCE: 99.0, "codec": 47.5}
    write_json(folder / "metrics.json", {"scores": {AS_RATED: scores}, "ratings": ratings})
    stage = {"files": {}, "seconds": 0.0, "code": {}}
    record = {"config": config.as_dict(), "hash": config.hash, "profile": "small", "seed": 0}
    write_json(folder / "provenance.json", {**record, "trained": stage, "measured": stage})
    (anchor,) = listening_test.anchors(Store(tmp_path))["m"]
    assert (anchor.condition, anchor.distance, anchor.rating) == ("codec", 2.0, 47.5)
