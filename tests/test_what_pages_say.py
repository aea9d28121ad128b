"""What the chapters say of their own runs holds for the committed results, and what documents report is typed once.

After a retraining this fails only where an order or a sign has changed, and then the page has to say something else.
"""

import importlib
import re

import pytest

from paper_code.chapters import CHAPTERS
from paper_code.lab import claims, claims_file
from paper_code.lab.paths import ROOT
from paper_code.lab.rules import REPRODUCED, TREND
from paper_code.lab.study import ChapterStudy

SHORT = 2  # digits that a number of something else may well have, too


def package(chapter: str) -> str:
    """The package of a chapter: two chapters of one document share its folder."""
    return CHAPTERS[chapter].measurements.__module__.rpartition(".")[0]


def study_of(chapter: str) -> ChapterStudy:
    """What a chapter shows."""
    return importlib.import_module(f"{package(chapter)}.study").open_study()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_statement_of_a_page_is_refuted_by_its_runs(chapter: str) -> None:
    study = study_of(chapter)
    rows = claims.judge_ours(chapter, study.measurements, study.profile)
    assert rows
    assert {row.id: row.why for row in rows if row.verdict not in (REPRODUCED, TREND)} == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_absolute_value_of_a_short_training_is_called_refuted(chapter: str) -> None:
    study = study_of(chapter)
    rows = {row.id: row for row in claims.judge(chapter, study.measurements, study.profile)}
    for claim in claims_file.read(chapter):
        if claim.scale and study.profile not in claim.scale:
            assert rows[claim.id].verdict == "not run at this size"
            assert rows[claim.id].ours


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_number_of_the_document_is_not_typed_again_in_its_package(chapter: str) -> None:
    tables = claims_file.reported(chapter)
    numbers = {
        number
        for rows in tables.values()
        for row, columns in rows.items()
        for number in columns.values()
        if number not in row and len(number.replace(".", "").lstrip("0")) > SHORT
    }
    code = {
        path: path.read_text(encoding="utf-8") for path in ROOT.joinpath(*package(chapter).split(".")).rglob("*.py")
    }
    typed = [
        (path.name, number)
        for path, text in code.items()
        for number in numbers
        if re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text)
    ]
    assert typed == []
