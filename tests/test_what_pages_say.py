"""What the chapters say of their own runs holds for the committed results.

After a retraining this fails only where an order or a sign has changed, and then the page has to say something else.
"""

import importlib

import pytest

from paper_code.lab import claims, claims_file
from paper_code.lab.rules import REPRODUCED, TREND

CHAPTERS = ("bark_loss", "codec_loss", "masking_loss")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_statement_of_a_page_is_refuted_by_its_runs(chapter: str) -> None:
    study = importlib.import_module(f"paper_code.{chapter}.study").open_study()
    rows = claims.judge_ours(chapter, study.measurements, study.profile)
    assert rows
    assert {row.id: row.why for row in rows if row.verdict not in (REPRODUCED, TREND)} == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_absolute_value_of_a_short_training_is_called_refuted(chapter: str) -> None:
    study = importlib.import_module(f"paper_code.{chapter}.study").open_study()
    rows = {row.id: row for row in claims.judge(chapter, study.measurements, study.profile)}
    for claim in claims_file.read(chapter):
        if claim.scale and study.profile not in claim.scale:
            assert rows[claim.id].verdict == "not run at this size"
            assert rows[claim.id].ours
