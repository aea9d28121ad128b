"""Claims files: what they hold, what is refused, and the rows they give."""

import re
from dataclasses import asdict

import pytest

from paper_code.lab import claims, paths
from paper_code.lab.chapters import CHAPTERS, DOCUMENTS
from paper_code.lab.claims import ClaimError

HEAD = 'document = "somebody2020"\n'
GOOD = """
[[claim]]
id = "crisper"
place = "Table 3, Model C"
claimed = "The treble is crisper."
"""
LESS = GOOD + 'rule = "less"\nfirst = "a"\nsecond = "b"\n'


@pytest.fixture
def written(tmp_path):
    """written(text): the path of a claims file with this text."""

    def write(text: str):
        path = tmp_path / "toy.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_row_holds_everything_for_people(written):
    path = written(HEAD + LESS + 'reported = -0.40\nunit = "dB"\ndigits = 1\nnote = "Other music."\n')
    rows = claims.judge("toy", {"a": [1.0, 2.0], "b": [2.0, 3.0]}, path)
    assert [asdict(row) for row in rows] == [
        {
            "id": "crisper",
            "document": "somebody2020",
            "place": "Table 3, Model C",
            "claimed": "The treble is crisper.",
            "reported": "−0.4 dB",
            "rule": "a less than b, paired over seeds",
            "ours": "1.5 ± 6.4 against 2.5 ± 6.4 dB",
            "verdict": "reproduced",
            "why": "The 95 % interval of a − b (−1.0 ± 0.0 dB, 2 seeds) lies below 0.0 dB. Other music.",
        }
    ]


@pytest.mark.parametrize(
    ("reported", "shown"), [('"about half"', "about half"), ("12", "12 s"), ("0.10", "0.1 s"), ('""', ""), (None, "")]
)
def test_reported_is_shown_as_the_document_gives_it(written, reported, shown):
    line = f"reported = {reported}\n" if reported is not None else ""
    assert claims.judge("toy", {}, written(HEAD + LESS + 'unit = "s"\n' + line))[0].reported == shown


def test_every_rule_can_be_written(written):
    text = HEAD
    for rule in (
        'rule = "within"\nmeasurement = "a"\nvalue = 1\ntolerance = 0.5',
        'rule = "below"\nmeasurement = "a"\nvalue = 9',
        'rule = "above"\nmeasurement = "a"\nvalue = -1.5',
        'rule = "less"\nfirst = "a"\nsecond = "b"\nmargin = 0.2',
        'rule = "greater"\nfirst = "b"\nsecond = "a"',
        'rule = "monotone"\nmeasurements = ["a", "b"]\ndirection = "increasing"',
        'rule = "untestable"\nwhy = "It needs listeners."',
    ):
        text += GOOD.replace("crisper", f"c{len(text)}", 1) + rule + "\n"
    rows = claims.judge("toy", {"a": [1.0, 1.1, 0.9], "b": [2.0, 2.1, 2.0]}, written(text))
    assert [row.verdict for row in rows] == ["reproduced"] * 6 + ["not testable here"]
    assert claims.count(rows) == {
        "reproduced": 6,
        "trend only": 0,
        "not reproduced": 0,
        "not testable here": 1,
    }


def test_rows_come_in_the_order_of_the_file(written):
    text = HEAD + "".join(LESS.replace('"crisper"', f'"{name}"') for name in "zay")
    assert [row.id for row in claims.judge("toy", {}, written(text))] == ["z", "a", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("document = ", "toy.toml is not TOML"),
        (LESS, "toy.toml lacks document; wanted a text"),
        ("document = 3\n" + LESS, "toy.toml has document = 3; wanted a text"),
        (HEAD, "toy.toml holds no claims"),
        (HEAD + "claim = 3", "toy.toml holds no claims"),
        (HEAD + 'titel = "x"\n' + LESS, "unknown field 'titel'"),
        (HEAD + 'verdict = "reproduced"\n' + LESS, "unknown field 'verdict'"),
        (HEAD + LESS + 'verdict = "reproduced"\n', "claim 'crisper' has a verdict; verdicts are computed, never typed"),
        (HEAD + LESS + LESS, "has the id 'crisper' more than once"),
        (HEAD + GOOD, "claim 'crisper' lacks rule"),
        (HEAD + GOOD + 'rule = "lesser"\n', r"the rule 'lesser'. Did you mean 'less'\? There are: within"),
        (HEAD + GOOD + 'rule = "less"\nfirst = "a"\n', "lacks second; the rule 'less' needs first, second"),
        (HEAD + LESS + "tolerance = 1\n", "unknown field 'tolerance'"),
        (HEAD + LESS + "margin = -1\n", "has margin = -1; wanted a number from 0 up"),
        (HEAD + LESS + "margin = nan\n", "has margin = nan"),
        (HEAD + LESS + "margin = true\n", "has margin = True"),
        (HEAD + LESS + "digits = 1.5\n", "has digits = 1.5; wanted a whole number"),
        (HEAD + LESS + "digits = true\n", "has digits = True"),
        (HEAD + LESS + "reported = [1]\n", r"has reported = \[1\]; wanted a number or text"),
        (HEAD + LESS + "reported = true\n", "has reported = True"),
        (HEAD + LESS.replace('"Table 3, Model C"', '" "'), "has place = ' '; wanted a text"),
        (HEAD + LESS.replace('id = "crisper"', ""), "claim 1 lacks id"),
        (HEAD + LESS.replace('first = "a"', "first = 1"), "has first = 1; wanted a text"),
        (HEAD + GOOD + 'rule = "below"\nmeasurement = "a"\nvalue = "1"\n', "has value = '1'; wanted a number"),
        (HEAD + GOOD + 'rule = "untestable"\n', "lacks why"),
        (HEAD + GOOD + 'rule = "monotone"\nmeasurements = ["a"]\ndirection = "increasing"\n', "two or more names"),
        (HEAD + GOOD + 'rule = "monotone"\nmeasurements = ["a", "b"]\ndirection = "up"\n', "wanted 'increasing' or"),
    ],
)
def test_what_cannot_be_judged_is_refused(written, text, message):
    with pytest.raises(ClaimError, match=message):
        claims.judge("toy", {"a": [1.0], "b": [2.0]}, written(text))


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CLAIMS", tmp_path)
    with pytest.raises(ClaimError, match=re.escape(f"no claims file {tmp_path / 'toy.toml'} for the chapter 'toy'")):
        claims.read("toy")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_books_claims_are_of_their_document_and_can_be_judged(chapter):
    rows = claims.judge(chapter, {})
    assert {row.document for row in rows} == {DOCUMENTS[chapter].key}
    assert {row.verdict for row in rows} == {"not testable here"}  # nothing was measured


def test_every_chapter_has_its_document():
    assert list(DOCUMENTS) == list(CHAPTERS)
