"""One way to open a study, and one answer to "recordings or synthesiser?"."""

import pytest

from paper_code.audio import corpora
from paper_code.lab import study
from paper_code.lab.chapter import UnknownName
from paper_code.lab.errors import LabError
from paper_code.lab.results import results


@pytest.fixture
def here(monkeypatch):
    """Says that all recordings are here, or none."""
    return lambda there: monkeypatch.setattr(corpora, "available", lambda paths: there or not list(paths))


@pytest.mark.parametrize(("there", "recordings"), [(True, "corpus"), (False, "synthetic")])
def test_the_synthesiser_stands_in_where_recordings_are_missing(there, recordings, toy, tmp_path, here):
    here(there)
    opened = study.open_results(toy.CHAPTER, "smoke", 0, "cpu", str(tmp_path))
    assert {result.config["recordings"] for result in opened} == {recordings}
    assert study.stand_in(toy.CHAPTER) == ({} if there else {"recordings": "synthetic"})


def test_seeds_are_those_of_the_profile_or_the_one_asked_for(toy, tmp_path, here):
    here(True)
    assert [r.seed for r in study.open_results(toy.CHAPTER, "smoke", 1, "cpu", str(tmp_path))] == [0, 0, 1, 1]
    assert [r.seed for r in study.open_results(toy.CHAPTER, "smoke", 7, "cpu", str(tmp_path))] == [7, 7]
    with pytest.raises(UnknownName, match="smal"):
        study.open_results(toy.CHAPTER, "smal", 0, "cpu", str(tmp_path))


def test_published_results_are_opened_with_a_seed_they_have(toy, tmp_path, here):
    here(False)
    results(toy.CHAPTER, "smoke", study.open_store(str(tmp_path)), progress=False)
    opened = study.open_results(toy.CHAPTER, "published", 1, output=str(tmp_path))
    assert {result.config["recordings"] for result in opened} == {"corpus"}
    with pytest.raises(LabError, match="have the seeds 0, 1; found 5"):
        study.open_results(toy.CHAPTER, "published", 5, output=str(tmp_path))


class Study(study.ChapterStudy):
    """Of the toy chapter."""


def test_a_study_has_measurements_and_values(toy, tmp_path, here, monkeypatch):
    here(True)
    monkeypatch.setattr(Study, "chapter", toy.CHAPTER, raising=False)
    opened = Study(study.open_results(toy.CHAPTER, "smoke", 0, "cpu", str(tmp_path)), 0)
    assert (opened.profile, opened.seeds, opened.synthetic) == ("smoke", [0, 1], False)
    of_gentle = [r.metrics["last"] for r in opened.results if r.experiment == "gentle"]
    assert opened.measurements["gentle"] == of_gentle
    assert opened.value("gentle").mean == pytest.approx(sum(of_gentle) / 2)
    opened.measurements["none"] = [float("nan")] * 2
    assert opened.value("none") is None
