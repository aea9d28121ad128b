"""Claims files: what they hold, what is refused, and the rows they give."""

import math
import re
from dataclasses import asdict

import pytest

from paper_code.chapters import CHAPTERS
from paper_code.lab import claims, claims_file, paths
from paper_code.lab.claims_file import ClaimError

HEAD = 'document = "somebody2020"\n'
GOOD = """
[[claim]]
id = "crisper"
place = "Table 3, Model C"
claimed = "The treble is crisper."
"""
UNDEFINED = {"a": [math.nan], "b": [math.nan]}
WITHIN = GOOD + 'rule = "within"\nmeasurement = "{part}"\nvalue = "[Table 1 | {part} | PESQ]"\ntolerance = 0.1\n'
TABLE = HEAD + '[reported."Table 1"]\ncolumns = ["PESQ", "SNR"]\na = ["1.00", "-5.0"]\nb = ["2.00", "6.0"]\n'
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
    rows = claims.judge("toy", {"a": [1.0, 2.0], "b": [2.0, 3.0]}, "small", path)
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
            "why": "The 95 % interval of a − b (−1.0 dB, does not depend on the seed) lies below 0.0 dB. Other music.",
            "parts": (),
        }
    ]


@pytest.mark.parametrize(
    ("reported", "shown"), [('"about half"', "about half"), ("12", "12 s"), ("0.10", "0.1 s"), ('""', ""), (None, "")]
)
def test_reported_is_shown_as_the_document_gives_it(written, reported, shown):
    line = f"reported = {reported}\n" if reported is not None else ""
    assert claims.judge("toy", UNDEFINED, "small", written(HEAD + LESS + 'unit = "s"\n' + line))[0].reported == shown


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
    rows = claims.judge("toy", {"a": [1.0, 1.1, 0.9], "b": [2.0, 2.1, 2.0]}, "small", written(text))
    assert [row.verdict for row in rows] == ["reproduced"] * 6 + ["not testable here"]
    assert claims.count(rows) == {
        "reproduced": 6,
        "trend only": 0,
        "not reproduced": 0,
        "not run at this size": 0,
        "not testable here": 1,
    }


def test_rows_come_in_the_order_of_the_file(written):
    text = HEAD + "".join(LESS.replace('"crisper"', f'"{name}"') for name in "zay")
    assert [row.id for row in claims.judge("toy", UNDEFINED, "small", written(text))] == ["z", "a", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("document = ", "toy.toml is not TOML"),
        (LESS, "toy.toml lacks document; wanted a text"),
        ("document = 3\n" + LESS, "toy.toml has document = 3; wanted a text"),
        (HEAD, "toy.toml holds no claims"),
        (HEAD + "claim = 3", "toy.toml has claim = 3; each is a table headed"),
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
        claims.judge("toy", {"a": [1.0], "b": [2.0]}, "small", written(text))


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CLAIMS", tmp_path)
    with pytest.raises(ClaimError, match=re.escape(f"no claims file {tmp_path / 'toy.toml'} for the chapter 'toy'")):
        claims_file.read("toy")


def test_an_unknown_measurement_is_an_error_that_names_the_claim_and_the_nearest_name(written):
    path = written(HEAD + LESS.replace('"b"', '"PESQ, maskin 20"'))
    message = "the claim 'crisper' asks for 'PESQ, maskin 20', which is not measured. Did you mean 'PESQ, masking 20'?"
    with pytest.raises(ClaimError, match=re.escape(message)):
        claims.judge("toy", {"a": [1.0], "PESQ, masking 20": [2.0], "PESQ, masking 24": [2.0]}, "small", path)
    with pytest.raises(ClaimError, match=r"asks for 'a', which is not measured\. Nothing was"):
        claims.judge("toy", {}, "small", path)


def test_a_known_name_without_a_value_is_not_testable_and_says_why(written):
    (row,) = claims.judge("toy", {"a": [1.0], "b": [math.nan]}, "small", written(HEAD + LESS))
    assert (row.verdict, row.why) == ("not testable here", "Not defined in any seed: b.")


# ---- Absolute values of a training of the document's length ----

ABSOLUTE = (
    GOOD + 'rule = "within"\nmeasurement = "a"\nvalue = 4.175\ntolerance = 0.15\nreported = 4.175\nscale = "full"\n'
)


@pytest.mark.parametrize("ours", [[1.6, 1.7, 1.6], [4.17, 4.18, 4.17]])
def test_an_absolute_value_is_judged_at_full_size_only_and_shows_both_numbers(written, ours):
    path = written(HEAD + ABSOLUTE)
    at_full = claims.judge("toy", {"a": ours}, "full", path)[0]
    assert at_full.verdict == ("reproduced" if ours[0] > 4 else "not reproduced")
    for profile in ("small", "smoke"):
        row = claims.judge("toy", {"a": ours}, profile, path)[0]
        assert row.verdict == "not run at this size"  # whether it agrees or not
        assert (row.reported, row.ours) == (at_full.reported, at_full.ours)
        assert f"the profile of these results, {profile}, trains less" in row.why
    undefined = claims.judge("toy", {"a": [math.nan]}, "small", path)[0]
    assert undefined.verdict == "not testable here"


def test_several_profiles_may_train_as_long_as_the_document(written):
    path = written(HEAD + ABSOLUTE.replace('"full"', '["small", "full"]'))
    verdicts = {size: claims.judge("toy", {"a": [1.0]}, size, path)[0].verdict for size in ("smoke", "small", "full")}
    assert verdicts == {"smoke": "not run at this size", "small": "not reproduced", "full": "not reproduced"}


def test_orders_are_judged_at_every_size(written):
    path = written(HEAD + LESS)
    for profile in ("smoke", "small", "full"):
        assert claims.judge("toy", {"a": [1.0, 1.0], "b": [2.0, 2.0]}, profile, path)[0].verdict == "reproduced"


# ---- Parts, and the numbers of the document ----


def test_parts_fill_the_braces_and_the_weakest_decides(written):
    text = GOOD + 'rule = "less"\nfirst = "a {rate}"\nsecond = "b {rate}"\nreported = "{word} at {rate}"\n'
    text += 'parts = [{ part = "slow", rate = 13, word = "said" }, { part = "fast", rate = 24, word = "seen" }]\n'
    measured = {"a 13": [1.0, 1.0], "b 13": [2.0, 2.0], "a 24": [5.0, 5.0], "b 24": [4.0, 4.0]}
    (row,) = claims.judge("toy", measured, "small", written(HEAD + text + 'note = "Mind."\n'))
    assert [(part.name, part.verdict, part.reported) for part in row.parts] == [
        ("slow", "reproduced", "said at 13"),
        ("fast", "not reproduced", "seen at 24"),
    ]
    assert row.parts[0].rule == "a 13 less than b 13, paired over seeds"
    assert (row.id, row.verdict, row.ours, row.reported) == ("crisper", "not reproduced", "1 of 2 parts hold", "")
    assert (row.rule, row.why) == ("The weakest of 2 parts decides", "Mind.")


def test_a_part_may_have_its_own_setting(written):
    text = (
        GOOD
        + 'rule = "below"\nmeasurement = "{part}"\nparts = [{ part = "a", value = 1 }, { part = "b", value = 9 }]\n'
    )
    (row,) = claims.judge("toy", {"a": [2.0, 2.0], "b": [2.0, 2.0]}, "small", written(HEAD + text))
    assert [part.verdict for part in row.parts] == ["not reproduced", "reproduced"]


def test_the_documents_numbers_stand_once_and_are_read_as_printed(written):
    path = written(TABLE + WITHIN + 'parts = ["a", "b"]\nunit = "s"\ndigits = 1\n')
    assert claims_file.reported("toy", path) == {
        "Table 1": {"a": {"PESQ": "1.00", "SNR": "-5.0"}, "b": {"PESQ": "2.00", "SNR": "6.0"}}
    }
    (row,) = claims.judge("toy", {"a": [1.05, 1.05], "b": [2.5, 2.5]}, "small", path)
    assert [(part.reported, part.verdict) for part in row.parts] == [
        ("1.00 s", "reproduced"),
        ("2.00 s", "not reproduced"),
    ]
    assert (row.reported, row.ours) == ("1.00, 2.00 s", "1.1, 2.5 s")


def test_a_negative_number_of_the_document_is_read_and_shown(written):
    text = GOOD + 'rule = "within"\nmeasurement = "a"\nvalue = "[Table 1 | a | SNR]"\ntolerance = 0.1\nunit = "dB"\n'
    (row,) = claims.judge("toy", {"a": [-5.0, -5.0]}, "small", written(TABLE + text))
    assert (row.reported, row.verdict) == ("−5.0 dB", "reproduced")


def test_many_values_are_told_as_their_range(written):
    names = "abcde"
    table = HEAD + '[reported.T]\ncolumns = ["x"]\n' + "".join(f'{n} = ["{k - 1}.50"]\n' for k, n in enumerate(names))
    text = GOOD + 'rule = "within"\nmeasurement = "{part}"\nvalue = "[T | {part} | x]"\ntolerance = 1\ndigits = 1\n'
    path = written(table + text + f"parts = {list(names)}\n")
    (row,) = claims.judge("toy", {n: [k + 0.0] for k, n in enumerate(names)}, "small", path)
    assert (row.reported, row.ours) == ("−1.50 to 3.50", "0.0 to 4.0")


def test_our_own_statements_are_judged_apart(written):
    ours = LESS.replace("[[claim]]", "[[ours]]").replace('"crisper"', '"own"')
    path = written(HEAD + LESS + ours)
    measured = {"a": [1.0, 1.0], "b": [2.0, 2.0]}
    assert [row.id for row in claims.judge("toy", measured, "small", path)] == ["crisper"]
    assert [(row.id, row.verdict) for row in claims.judge_ours("toy", measured, "small", path)] == [
        ("own", "reproduced")
    ]
    assert claims.judge_ours("toy", measured, "small", written(HEAD + LESS)) == []


PARTED = GOOD + 'rule = "less"\nfirst = "a"\nsecond = "b"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + ABSOLUTE.replace('"full"', '"big"'), "has scale = 'big'; wanted one or a list of smoke, small, full"),
        (HEAD + PARTED + "parts = 3\n", "has parts = 3; wanted a list of two or more"),
        (HEAD + PARTED + 'parts = ["a"]\n', "wanted a list of two or more"),
        (HEAD + PARTED + 'parts = ["a", "a"]\n', "has the part 'a' more than once"),
        (HEAD + PARTED + 'parts = ["a", 3]\n', "a part has part = 3; wanted a text"),
        (HEAD + PARTED + 'parts = ["a", { rate = 3 }]\n', "a part lacks part"),
        (HEAD + PARTED + 'parts = ["a", { part = "b", rate = 3 }]\n', "unknown field 'rate': nothing has {rate} in it"),
        (HEAD + PARTED + 'parts = ["a", { part = "b", margn = 3 }]\n', "part 'b' has an unknown field 'margn'"),
        (HEAD + PARTED.replace('"b"', '"{rate}"'), "has {rate} in '{rate}', which no part gives"),
        (HEAD + PARTED.replace('"b"', '["b"]'), r"has second = \['b'\]; wanted a list of two or more names"),
        (
            TABLE + WITHIN + 'parts = ["a", "c"]\n',
            "part 'c' asks for .Table 1 . c . PESQ.; there is no 'c'. There are: a, b",
        ),
        (TABLE + WITHIN.replace("PESQ", "PESO") + 'parts = ["a", "b"]\n', "no 'PESO'. Did you mean 'PESQ'"),
        (HEAD + '[reported.T]\na = ["1"]\n' + LESS, "reported 'T' lacks columns"),
        (HEAD + '[reported.T]\ncolumns = ["x"]\na = [1.0]\n' + LESS, r"has 'a' = \[1.0\]; wanted 1 texts, as printed"),
        (HEAD + '[reported.T]\ncolumns = ["x"]\na = ["1", "2"]\n' + LESS, "wanted 1 texts, as printed"),
        (
            TABLE.replace("1.00", "36 to 48") + WITHIN + 'parts = ["a", "b"]\n',
            "part 'a' has value = '36 to 48'; wanted a number",
        ),
        (HEAD + LESS + LESS.replace("[[claim]]", "[[ours]]"), "has the id 'crisper' more than once"),
        (
            HEAD + LESS + LESS.replace("[[claim]]", "[[ours]]") + "reported = 3\n",
            "our own statement and takes no reported",
        ),
        (
            HEAD + LESS + LESS.replace("[[claim]]", "[[ours]]") + 'scale = "full"\n',
            "our own statement and takes no scale",
        ),
        (HEAD + "ours = 3\n" + LESS, "has ours = 3; each is a table headed"),
    ],
)
def test_wrong_parts_and_numbers_are_refused(written, text, message):
    with pytest.raises(ClaimError, match=message):
        claims.judge("toy", {"a": [1.0], "b": [2.0]}, "small", written(text))


# ---- The book's own files ----


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_books_claims_are_of_their_document_and_few_enough_to_read(chapter):
    written_down = claims_file.read(chapter)
    assert {claim.document for claim in written_down} == {CHAPTERS[chapter].document.key}
    assert 10 <= sum(not claim.ours for claim in written_down) <= 32
    needed = {name: [math.nan] for claim in written_down for part in claim.parts for name in part.rule.needs}
    rows = claims.judge(chapter, needed, "full") + claims.judge_ours(chapter, needed, "full")
    assert [row.id for row in rows] == [claim.id for claim in written_down]
    assert {row.verdict for row in rows} == {"not testable here"}  # no value is defined
