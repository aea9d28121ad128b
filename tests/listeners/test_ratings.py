"""Rating files: the three layouts, and what is refused in which words. The ratings are made up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import constant, ratings, written

from paper_code.listeners.answers import FORMAT, AnswerError, parse
from paper_code.listeners.design import mushra, pairwise, presented
from paper_code.listeners.ratings import Ratings, RatingsError, from_answers, read

TEST = mushra("Small", ["a", "b"], ["Ref", "Low", "Coder"], "Ref")
HEAD = "test,listener,seed,item,place,condition,rating,seconds"
WEB_HEAD = "session_test_id,email,age,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,rating_comment"
SCORES = {"Ref": 100, "Low": 20, "Coder": 61.5}


def lines(listener: str = "Kim", seed: int = 5, test: str = TEST.id, **changes: object) -> list[str]:
    """A page's file of one listener; changes: condition -> rating of item a."""
    return [
        f"{test},{listener},{seed},{item},{place},{name},{(SCORES | changes)[name] if item == 'a' else SCORES[name]},9.5"
        for item in TEST.items
        for place, name in zip("ABC", ("Low", "Ref", "Coder"), strict=True)
    ]


def web_lines(uuid: str, **changes: object) -> list[str]:
    return [
        f'codecs,x@y.z,3,{uuid},{item},{name},{(SCORES | changes)[name]},1234,"so, so"'
        for item in TEST.items
        for name in SCORES
    ]


def scores(found: Ratings, listener: str, item: str) -> dict[str, float]:
    row = found.scores[found.listeners.index(listener), found.items.index(item)]
    return dict(zip(found.conditions, row.tolist(), strict=True))


def test_the_page_s_files_are_read(tmp_path: Path) -> None:
    kim = written(tmp_path / "kim.csv", HEAD, *lines())
    ann = written(tmp_path / "ann.csv", HEAD, *lines('"Ann, ""A."""', 6, Low=0, Ref=100, Coder="99"))
    found = read([kim, ann], TEST)
    assert (found.listeners, found.items, found.conditions) == (("Kim", 'Ann, "A."'), TEST.items, TEST.conditions)
    assert found.scores.shape == (2, 2, 3)
    assert scores(found, "Kim", "a") == scores(found, 'Ann, "A."', "b") == SCORES
    assert scores(found, 'Ann, "A."', "a") == {"Ref": 100, "Low": 0, "Coder": 99}
    np.testing.assert_array_equal(np.sort(read([kim, ann]).scores, axis=-1), np.sort(found.scores, axis=-1))


def test_a_table_made_by_hand_needs_four_columns(tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    path.write_bytes("\ufefflistener, item ,condition,rating\r\nKim,a,Ref,100\r\n\r\nKim,a,Low,0\r\n".encode())
    assert scores(read([path]), "Kim", "a") == {"Ref": 100, "Low": 0}


def test_webmushra_s_file_holds_all_listeners(tmp_path: Path) -> None:
    rows = [*web_lines("u1"), *web_lines("u2", Coder=7)]
    found = read([written(tmp_path / "mushra.csv", WEB_HEAD, *rows)])
    assert (found.listeners, found.items) == (("u1", "u2"), ("a", "b"))
    assert scores(found, "u2", "b") == SCORES | {"Coder": 7}
    # Older versions tell people by what they wrote into the questionnaire.
    older = [line.replace(",u1", "").replace(",u2", "") for line in rows]
    older = [line.replace("x@y.z,3", "x@y.z,4") if k >= 6 else line for k, line in enumerate(older)]
    path = written(tmp_path / "older.csv", WEB_HEAD.replace(",session_uuid", ""), *older)
    assert read([path]).listeners == ("x@y.z, 3", "x@y.z, 4")
    np.testing.assert_array_equal(read([path]).scores, found.scores)


def test_training_pages_can_be_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "m.csv", WEB_HEAD, "codecs,x,3,u1,training,Ref,50,1,", *web_lines("u1"))
    with pytest.raises(RatingsError, match="missing ratings: 2"):
        read([path])
    assert read([path], leave_out=["training"]).items == ("a", "b")


def test_conditions_may_be_called_otherwise_in_files(tmp_path: Path) -> None:
    rows = [line.replace(",Low,", ",anchor35,").replace(",Ref,", ",reference,") for line in web_lines("u1")]
    found = read([written(tmp_path / "m.csv", WEB_HEAD, *rows)], called={"reference": "Ref", "anchor35": "Low"})
    assert scores(found, "u1", "a") == SCORES
    both = written(tmp_path / "both.csv", WEB_HEAD, *rows, *web_lines("u1")[:1])
    with pytest.raises(RatingsError, match="line 8: 'u1' rates 'Ref' of 'a' again"):
        read([both], called={"reference": "Ref", "anchor35": "Low"})


TABLE = "signal,condition,ratings,participant_ids,file"


def test_the_real_test_s_layout_is_read(tmp_path: Path) -> None:
    rows = ['a,Ref,"[90.0, 80]","[3, 1]",x.wav', 'a,Low,"[9, 8]","[3, 1]",', 'b,Ref,"[7]","[1]",', 'b,Low,"[6]","[1]",']
    found = read([written(tmp_path / "t.csv", TABLE, *rows)])
    assert found.listeners == ("participant 3", "participant 1")
    assert scores(found, "participant 1", "a") == {"Ref": 80, "Low": 8}
    assert np.isnan(found.scores[0, 1]).all()
    assert found.count == 6


def test_answers_of_the_page_hold_the_same_ratings(tmp_path: Path) -> None:
    rows = [
        {"item": t.item, "shown": list(t.conditions), "answer": [SCORES[n] for n in t.conditions], "seconds": 1}
        for t in presented(TEST, 5)
    ]
    content = {"format": FORMAT, "test": TEST.id, "listener": "Kim", "seed": 5, "answers": rows}
    found = from_answers([parse(content, TEST)])
    expected = read([written(tmp_path / "kim.csv", HEAD, *lines())], TEST)
    assert (found.listeners, found.items, found.conditions) == (("Kim",), expected.items, expected.conditions)
    np.testing.assert_array_equal(found.scores, expected.scores)
    again = parse(content, TEST)
    with pytest.raises(RatingsError, match=r"'Kim' rates .* again"):
        from_answers([again, again])
    with pytest.raises(RatingsError, match="found 0 to 0 tests"):
        from_answers([])
    pair = parse({**content, "test": PAIR.id, "answers": []}, PAIR, partial=True)
    with pytest.raises(RatingsError, match="one MUSHRA test"):
        from_answers([pair])


PAIR = pairwise("Pair", ["a"], ["x", "y"])
BAD_ROWS: dict[str, tuple[Callable[[list[str]], object], str]] = {
    "missing": (lambda rows: rows.pop(4), "missing ratings: 1, such as 'Kim', item 'b', condition 'Ref'"),
    "missing item": (lambda rows: rows.__delitem__(slice(3, 6)), "nobody rated b: the test must be finished"),
    "twice": (lambda rows: rows.append(rows[1]), "kim.csv, line 8: 'Kim' rates 'Ref' of 'a' again, after kim.csv, line 3"),
    "other spelling": (lambda rows: rows.append(rows[1].replace("Kim", "KIM")), "line 8: 'KIM' rates 'Ref' of 'a' again"),
    "high": (lambda rows: rows.__setitem__(0, lines(Low=100.5)[0]), "kim.csv, line 2: .* from 0 to 100, found '100.5'"),
    "low": (lambda rows: rows.__setitem__(0, lines(Low=-1)[0]), "line 2: a rating is a number from 0 to 100, found '-1'"),
    "NaN": (lambda rows: rows.__setitem__(0, lines(Low="nan")[0]), "line 2: a rating is .*, found 'nan'"),
    "infinite": (lambda rows: rows.__setitem__(0, lines(Low="inf")[0]), "found 'inf'"),
    "word": (lambda rows: rows.__setitem__(0, lines(Low="good")[0]), "found 'good'"),
    "nothing": (lambda rows: rows.__setitem__(0, lines(Low="")[0]), "found ''"),
    "short": (lambda rows: rows.__setitem__(0, "Kim,a,Ref"), "kim.csv, line 2 does not have the 8 values"),
    "long": (lambda rows: rows.__setitem__(0, rows[0] + ",1"), "kim.csv, line 2 does not have the 8 values"),
    "nameless": (lambda rows: rows.__setitem__(0, lines("")[0]), "line 2: the listener has no name"),
    "item": (lambda rows: rows.__setitem__(0, rows[0].replace(",a,", ",c,")), "the test has no item 'c'; it has a, b"),
    "condition": (lambda rows: rows.__setitem__(0, rows[0].replace("Low", "Mid")), "has no condition 'Mid'; it has Ref"),
    "test": (lambda rows: rows.__setitem__(2, lines(test="beef")[2]), r"line 4 answers another test \('beef'\); wanted 'S"),
    "no rows": (lambda rows: rows.clear(), "kim.csv holds no ratings, only a head"),
    "quote": (lambda rows: rows.__setitem__(0, '"' + rows[0]), "kim.csv is no CSV file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_cannot_be_used_are_refused(case: str, tmp_path: Path) -> None:
    spoil, message = BAD_ROWS[case]
    rows = lines()
    spoil(rows)
    with pytest.raises(RatingsError, match=message):
        read([written(tmp_path / "kim.csv", HEAD, *rows)], TEST)
    assert issubclass(RatingsError, AnswerError)


BAD_HEADS: dict[str, tuple[str, str]] = {
    "empty": ("", "x.csv is empty"),
    "unknown": (f"{HEAD},mood\n", "x.csv has unknown columns: mood; known are test, listener,"),
    "missing": ("listener,item,condition\n", "x.csv lacks the columns rating; found listener, item, condition"),
    "twice": (f"{HEAD},item\n", "x.csv has a column twice"),
    "webMUSHRA's": (f"{WEB_HEAD},rating_mood\n", "x.csv has unknown columns: rating_mood"),
    "webMUSHRA's missing": ("session_test_id,trial_id,rating_stimulus\n", "lacks the columns rating_score"),
    "table's": (f"{TABLE},mood\n", "x.csv has unknown columns: mood"),
    "JSON": ('{"format": 1}\n', "x.csv lacks the columns listener, item, condition, rating"),
    "table lists": (f'{TABLE}\na,Ref,"[1, 2]","[1]",\n', "x.csv, line 2: `ratings` and `participant_ids` must be lists"),
    "table value": (f'{TABLE}\na,Ref,"[NaN]","[1]",\n', "x.csv, line 2: a rating is a number from 0 to 100, found 'nan'"),
    "table text": (f"{TABLE}\na,Ref,90,1,\n", "must be lists of one length"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_HEADS)
def test_other_files_are_refused(case: str, tmp_path: Path) -> None:
    content, message = BAD_HEADS[case]
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(RatingsError, match=message):
        read([tmp_path / "x.csv"])


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"listener,\xff\xfe\n")
    with pytest.raises(RatingsError, match=r"x.csv is no CSV file in UTF-8"):
        read([tmp_path / "x.csv"])
    with pytest.raises(RatingsError, match="there are no ratings"):
        read([])


def test_nobody_counts_twice(tmp_path: Path) -> None:
    kim = written(tmp_path / "1.csv", HEAD, *lines())
    same = written(tmp_path / "2.csv", HEAD, *lines("KIM", 6))
    with pytest.raises(RatingsError, match=r"1.csv and 2.csv both hold ratings by 'KIM': keep one"):
        read([kim, same], TEST)
    copy = written(tmp_path / "3.csv", HEAD, *lines("Ann", 5))
    with pytest.raises(RatingsError, match=r"1.csv, line 2 and 3.csv, line 2 are the same session, with the seed 5"):
        read([kim, copy], TEST)
    other = written(tmp_path / "4.csv", HEAD, *lines("Bo", 8, "beef"))
    with pytest.raises(RatingsError, match=f"4.csv, line 2 answers another test .*'{TEST.id}', as in 1.csv, line 2"):
        read([kim, other])
    twice = written(tmp_path / "5.csv", WEB_HEAD, *web_lines("u1"), *web_lines("u1"))
    with pytest.raises(
        RatingsError, match=r"line 8: 'u1' rates 'Ref' of 'a' again, after 5.csv, line 2; is a listener"
    ):
        read([twice])


def test_a_test_must_be_finished(tmp_path: Path) -> None:
    kim, ann = lines(), lines("Ann", 6)[:3]
    path = written(tmp_path / "x.csv", HEAD, *kim, *ann)
    with pytest.raises(RatingsError, match="some trials are not rated, such as 'Ann', item 'b'"):
        read([path], TEST)
    assert read([path]).count == 9


BAD_SCORES: dict[str, tuple[Callable[[], object], str]] = {
    "shape": (lambda: Ratings(("a",), ("b",), ("c", "d"), np.zeros((1, 1, 1))), r"the shape \(1, 1, 1\)"),
    "empty": (lambda: ratings(constant(0, 2)), "there are no ratings"),
    "range": (lambda: ratings(constant(2, 2, [0, 50, 100, 101])), "'l0', item 'i0', condition 'Coder' does not"),
    "gap": (lambda: ratings(constant(2, 2, [0, np.nan, 9, 9])), "missing ratings: 4, .* all 4 conditions"),
    "unheard": (lambda: ratings(constant(2, 1, [np.nan] * 4)), "there is no rating by 'l0'"),
    "names": (lambda: ratings(constant(2, 1), ["x", "x", "y", "z"]), "every condition needs a name of its own"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SCORES)
def test_scores_that_cannot_be(case: str) -> None:
    call, message = BAD_SCORES[case]
    with pytest.raises(RatingsError, match=message):
        call()


def test_parts_keep_what_belongs_together() -> None:
    scores = constant(3, 2)
    scores[:, :, 3] = [[1, 2], [3, 4], [5, 6]]
    scores[2, 0] = np.nan
    whole = ratings(scores)
    assert whole.of("Coder")[:2].tolist() == [[1, 2], [3, 4]]
    part = whole.by(["l2"])
    assert (part.listeners, part.items, part.of("Coder").tolist()) == (("l2",), ("i1",), [[6]])
    part = whole.only(["i0"])
    assert (part.listeners, part.of("Coder").tolist()) == (("l0", "l1"), [[1], [3]])
    assert part.count == 8


@pytest.mark.parametrize(
    ("separator", "first"),
    [(";", ""), ("\t", ""), (";", "sep=;\r\n"), (",", "sep=,\r\n"), ("|", "sep=|\n"), (",", "\r\n\r\n")],
)
def test_tables_of_any_separator_and_with_blank_rows_are_read(tmp_path: Path, separator: str, first: str) -> None:
    """As spreadsheets write them: with a byte-order mark, a line that names the separator, and rows of nothing."""
    decimal = "," if separator == ";" else "."
    rows = [
        separator.join(["Kim", item, name, f"{score:g}".replace(".", decimal)])
        for item in TEST.items
        for name, score in SCORES.items()
    ]
    head = separator.join(["listener", "item", "condition", "rating"])
    blank = separator * 3
    text = first + "\r\n".join([head, blank, *rows[:3], "", blank, *rows[3:], blank]) + "\r\n"
    (tmp_path / "kim.csv").write_bytes(("\ufeff" + text).encode())
    found = read([tmp_path / "kim.csv"], None)
    assert (found.listeners, found.items) == (("Kim",), TEST.items)
    assert scores(found, "Kim", "b") == SCORES


def test_another_separator_than_the_head_s_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "odd.csv", "listener;item;condition;rating", "Kim,a,Ref,100")
    with pytest.raises(RatingsError, match=r"odd.csv, line 2 does not have the 4 values .* with ';' between"):
        read([path])
    with pytest.raises(RatingsError, match=r"odd\.csv is empty"):
        read([written(tmp_path / "odd.csv", ",,,", "")])


def test_listeners_of_webmushra_without_sessions_are_told_apart_or_refused(tmp_path: Path) -> None:
    """Two people of 30 years were one listener with all items where each had rated one."""
    head = WEB_HEAD.replace(",session_uuid", "").replace("email,", "")
    rows = [f"codecs,30,{item},{name},{score},1," for item in TEST.items for name, score in SCORES.items()]
    with pytest.raises(RatingsError, match=r"does not tell its listeners apart.*session_uuid.*only for age"):
        read([written(tmp_path / "m.csv", head, *rows)])
    with pytest.raises(RatingsError, match="asked for no name or address, only for nothing"):
        read([written(tmp_path / "m.csv", head.replace("age,", ""), *(row.replace("30,", "") for row in rows))])
    named = WEB_HEAD.replace(",session_uuid", "")
    both = [row.replace("30,", f"{'x@y.z' if ',a,' in row else 'z@y.x'},30,") for row in rows]
    assert read([written(tmp_path / "m.csv", named, *both)]).listeners == ("x@y.z, 30", "z@y.x, 30")
    with pytest.raises(RatingsError, match="nothing tells who the listener is; email is empty"):
        read([written(tmp_path / "m.csv", named, *(row.replace("30,", ",30,") for row in rows))])
