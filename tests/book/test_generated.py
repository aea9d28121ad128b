"""What the pages around the chapters say is what the register, the results and the notebooks hold."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from paper_code.audio.registry import Corpus, Recording, corpora
from paper_code.chapters import CHAPTERS
from paper_code.display import pages
from paper_code.lab import code
from paper_code.lab.claims import Row
from paper_code.lab.rules import NOT, REPRODUCED, TREND
from paper_code.lab.store import Result


def row(verdict: str) -> Row:
    """A judged claim."""
    return Row("id", "vinyard2018", "Results", "It is so.", "", "less", "1", verdict, "because")


def test_scoreboard_counts() -> None:
    """The parts of a document's bar are as long as the counts, and said in words."""
    board = pages.scoreboard({"bark_loss": [row(REPRODUCED), row(REPRODUCED), row(TREND), row(NOT)]})
    soup = BeautifulSoup(board.html, "html.parser")
    parts = soup.select(".score-bar span")
    assert [(part["title"], part.get_text(), part["style"]) for part in parts] == [
        (REPRODUCED, "✓ 2", "flex-grow:2"),
        (TREND, "≈ 1", "flex-grow:1"),
        (NOT, "✗ 1", "flex-grow:1"),
    ]
    assert soup.find(class_="score-bar")["aria-label"] == "4 statements: 2 reproduced, 1 trend only, 1 not reproduced"
    assert soup.find("a")["href"] == "bark_loss.html"
    assert board.text == "Vinyard (2018): 4 statements: 2 reproduced, 1 trend only, 1 not reproduced"


def test_all_claims_are_folded_by_document() -> None:
    """Each document's claims lie in a fold of their own, headed by its name and their number."""
    soup = BeautifulSoup(pages.all_claims({"bark_loss": [row(REPRODUCED), row(NOT)]}).html, "html.parser")
    fold = soup.find("details", class_="all-claims")
    assert fold.summary.get_text() == "Vinyard (2018): all 2 statements"
    assert [line.find(class_="verdict").get_text() for line in fold.select("tbody tr")] == [REPRODUCED, NOT]


def test_recordings_of_every_corpus() -> None:
    """One row a corpus, its minutes as registered, a link to its source and to the chapters that exist."""
    soup = BeautifulSoup(pages.recordings(used_in=["bark_loss"]).html, "html.parser")
    rows = soup.select("tbody tr")
    assert [line.th.a["href"] for line in rows] == [corpus.repository for corpus in corpora().values()]
    spoken = dict(zip(corpora(), rows, strict=True))["librispeech_resemblyzer"]
    assert "60.3" in [cell.get_text() for cell in spoken.find_all("td")]
    links = {a["href"] for line in rows for a in line.find_all("a") if a["href"].endswith(".html")}
    assert links == {"bark_loss.html"}


def _result(experiment: str, gpu: str | None, measured: str | None = "abc", weights: str = "released") -> Result:
    """A result of a record alone; measured: digest of the code that measured it."""
    known = {"commit": "0123456789", "dirty": False, "sha256": "abc"}
    stage = {"date": "2026-11-22T01:02:03", "gpu": gpu, "cpu": "A processor", "threads": 1, "files": {}}
    trained = {**stage, "seconds": 45.0, "code": known, "weights": weights}
    by = None if measured is None else {**known, "sha256": measured}
    provenance = {"profile": "small", "seed": 1, "hash": "f00", "trained": trained}
    return Result(
        Path(experiment), "bark_loss", experiment, {**provenance, "measured": {**stage, "seconds": 15.0, "code": by}}
    )


def test_a_device_that_all_results_share_is_told_once() -> None:
    """In a column only where results were computed on different ones."""
    alike = BeautifulSoup(pages.record([_result("a", None), _result("b", None)]).html, "html.parser")
    heads = ["experiment", "seed", "wall time s", "date", "settings", "trained by", "measured by"]
    assert [cell.get_text() for cell in alike.thead.find_all("th")] == heads
    assert "2 results, 2 minutes of computing in all. All on one device: A processor, 1 thread." in alike.get_text()
    apart = BeautifulSoup(pages.record([_result("a", None), _result("b", "A card")]).html, "html.parser")
    assert [cell.get_text() for cell in apart.thead.find_all("th")] == [*heads, "device"]
    assert [line.find_all("td")[-1].get_text() for line in apart.select("tbody tr")] == [
        "A processor, 1 thread",
        "A card",
    ]
    assert "All on one" not in apart.get_text()


def test_how_far_the_records_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain sentences: other code, code that is not known, weights that are gone; nothing where all is there."""
    bark = CHAPTERS["bark_loss"]
    today = code.digest(code.entry(bark.evaluate))
    released = {"a", "b", "d"}
    monkeypatch.setattr(
        pages.weights, "find", lambda result: result.experiment if result.experiment in released else None
    )
    whole = [_result("a", None, today)]
    text = pages.record([*whole, _result("b", None), _result("c", None, None, "gone"), _result("d", None)]).text
    assert "Of 1 the record does not know by which code they were measured." in text
    assert "2 were measured by other code than today's." in text
    assert "The weights of 1 are gone: these cannot be measured again and stay as they are." in text
    assert "were measured by" not in pages.record(whole).text
    assert "are gone" not in pages.record(whole).text


def test_licences_are_counted_and_marked() -> None:
    """Where files of a corpus differ, each licence has its share, and those not for commerce their mark."""
    given = {"path": "c/f", "corpus": "c", "url": "", "sha256": "", "bytes": 1, "title": "", "licence_url": ""}
    files = tuple(
        Recording(**given, licence=name, attribution="", chapters=(), seconds=1.0)
        for name in ("CC BY 4.0", "CC BY-NC 3.0", "CC BY 4.0")
    )
    corpus = Corpus("c", "C", "", "", "", "", "", "", files)
    assert pages.licences(corpus) == "CC BY 4.0 (2 of 3); CC BY-NC 3.0 *NC* (1 of 3)"


def test_credits_name_makers() -> None:
    """Every corpus has a maker and, as its licence asks, a way to be cited."""
    soup = BeautifulSoup(pages.attributions().html, "html.parser")
    for line in soup.select("tbody tr"):
        maker, citation = (cell.get_text(strip=True) for cell in line.find_all("td"))
        assert re.search(r"\w{3}", maker)
        assert re.search(r"\w{3}", citation)


@pytest.mark.parametrize(
    ("record", "expected"), [({"duration": 12.34, "end_time": "2026-01-31T12:00:00"}, "12.3"), ({}, "–")]
)
def test_execution_times(tmp_path: Path, record: dict[str, object], expected: str) -> None:
    """The wall time comes from the executed notebook; one that carries no record has a dash."""
    notebook = nbformat.v4.new_notebook(metadata={"papermill": record} if record else {})
    nbformat.write(notebook, tmp_path / "bark_loss.ipynb")
    soup = BeautifulSoup(pages.executions(tmp_path).html, "html.parser")
    cells = [cell.get_text() for cell in soup.select("tbody tr")[0].find_all("td")]
    assert cells[:2] == ["published", expected]
    assert cells[2].replace("\N{NON-BREAKING HYPHEN}", "-") == ("2026-01-31" if record else "–")
