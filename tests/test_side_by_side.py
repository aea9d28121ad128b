"""The losses of all chapters on one listening test: the kept scores are whole, unchanged, and of today's losses."""

from paper_code import side_by_side
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED
from paper_code.lab import audit
from paper_code.lab.paths import COMMITTED
from paper_code.lab.store import Store
from paper_code.listeners.speech_codec_sounds import ANCHOR, REFERENCE, speakers
from paper_code.losses import LOSSES

CHAPTERS = {side_by_side.CHAPTER.name: side_by_side.CHAPTER}


def test_every_loss_but_the_jnd_metric_has_its_scores():
    metrics = side_by_side.kept(Store(COMMITTED)).metrics
    assert metrics["lacking"] == {}
    for way in (AS_RATED, ALIGNED):
        assert set(metrics["scores"][way]) == set(LOSSES) - set(side_by_side.LEFT_OUT)
        for of_items in metrics["scores"][way].values():
            assert set(of_items) == set(speakers())
            assert all(len(of_item) == 9 for of_item in of_items.values())


def test_a_reference_is_nearer_to_itself_than_anything_that_is_not():
    scores = side_by_side.kept(Store(COMMITTED)).metrics["scores"][AS_RATED]
    for name, of_items in scores.items():
        for of_item in of_items.values():
            assert of_item[REFERENCE] < min(of_item[ANCHOR], of_item["AudioDec"]), name


def test_the_scores_were_not_changed_by_hand_and_fit_their_settings():
    store = Store(COMMITTED)
    assert audit.stale(store, CHAPTERS) == audit.changed(store, CHAPTERS) == audit.impossible(store, CHAPTERS) == []


def test_no_scores_are_none(tmp_path):
    assert side_by_side.kept(Store(tmp_path)) is None


def test_the_recordings_are_registered():
    assert len(side_by_side.CHAPTER.sources(side_by_side._config())) == 16 * 8
