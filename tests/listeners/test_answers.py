"""Answer files: what is read, and what is refused in which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paper_code.listeners.answers import FORMAT, Answer, AnswerError, parse, read, read_all
from paper_code.listeners.design import ListeningTest, mushra, pairwise, presented

TEST = pairwise("Small", ["a", "b"], ["x", "y", "z"])


def content(test: ListeningTest = TEST, listener: str = "Kim", seed: int = 5) -> dict[str, Any]:
    """A file in which A is always the better one."""
    rows = [
        {"item": trial.item, "shown": list(trial.conditions), "answer": trial.conditions[0], "seconds": 1.5}
        for trial in presented(test, seed)
    ]
    return {"format": FORMAT, "test": test.id, "name": test.name, "listener": listener, "seed": seed, "answers": rows}


def written(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    file = content(listener=" Kim Ö. ")
    file["answers"][2]["answer"] = None
    found = read(written(tmp_path / "kim.json", file), TEST)
    assert (found.listener, found.seed, found.complete, found.test) == ("Kim Ö.", 5, True, TEST)
    trials = presented(TEST, 5)
    expected = [Answer(t.item, t.conditions, t.conditions[0], 1.5) for t in trials]
    expected[2] = Answer(trials[2].item, trials[2].conditions, None, 1.5)
    assert list(found.answers) == expected


def test_an_unfinished_file_is_read_on_request(tmp_path: Path) -> None:
    file = content()
    del file["answers"][4:]
    path = written(tmp_path / "kim.json", file)
    with pytest.raises(AnswerError, match=r"kim\.json: 2 of 6 trials are not answered, such as '[ab]': '"):
        read(path, TEST)
    assert not read(path, TEST, partial=True).complete


def change(at: str, value: object) -> Callable[[dict[str, Any]], None]:
    def apply(file: dict[str, Any]) -> None:
        (file["answers"][0] if at in ("item", "shown", "answer", "seconds") else file)[at] = value

    return apply


def again(file: dict[str, Any]) -> None:
    row = file["answers"][0]
    file["answers"].append({**row, "shown": row["shown"][::-1]})


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "format": (change("format", "1"), f"kim.json holds no answers: wanted an object with the format '{FORMAT}'"),
    "test": (change("test", "0123"), r"answers another test \('0123', 'Small'\); wanted"),
    "listener": (change("listener", "  "), "`listener` must not be empty"),
    "no listener": (lambda file: file.pop("listener"), "no usable 'listener', found None"),
    "seed": (change("seed", 0), "`seed` lie between 1"),
    "true seed": (change("seed", True), "no usable 'seed', found True"),
    "answers": (change("answers", {}), "no usable 'answers'"),
    "row": (lambda file: file["answers"].insert(1, 3), "answer 2: there is no usable 'shown'"),
    "shown": (change("shown", [1, 2]), r"no usable 'shown', found \[1, 2\]"),
    "seconds": (change("seconds", -1), "'seconds' must be 0 or more and finite"),
    "NaN": (change("seconds", float("nan")), "'seconds' must be 0 or more and finite"),
    "no answer": (lambda file: file["answers"][0].pop("answer"), "answer 1: there is no 'answer'"),
    "unknown": (change("answer", "w"), r"answer 1: the answer 'w' is unknown; wanted one of \['"),
    "odd": (change("answer", ["x"]), "is unknown"),
    "item": (change("item", "c"), "the test has no trial of 'c': "),
    "twice": (again, "is answered 2 times"),
    "missing": (lambda file: file["answers"].pop(), "1 of 6 trials are not answered"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused(case: str) -> None:
    spoil, message = BAD[case]
    file = content()
    spoil(file)
    with pytest.raises(AnswerError, match=message):
        parse(file, TEST, name="kim.json")


@pytest.mark.parametrize("text", ["", "{", "A,B\n1,2", "\xff"], ids=["empty", "cut", "csv", "binary"])
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kim.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(AnswerError, match=r"kim\.json is not JSON"):
        read(tmp_path / "kim.json", TEST)


def test_answers_to_changed_sounds_or_questions_are_refused() -> None:
    other = pairwise("Small", ["a", "b"], ["x", "y", "z"], question="Which is louder?")
    with pytest.raises(AnswerError, match="answers another test"):
        parse(content(other), TEST)


def test_nobody_counts_twice(tmp_path: Path) -> None:
    kim = written(tmp_path / "1.json", content())
    ann = written(tmp_path / "2.json", content(listener="Ann", seed=6))
    assert [answers.listener for answers in read_all([kim, ann], TEST)] == ["Kim", "Ann"]
    same = written(tmp_path / "3.json", content(listener="KIM", seed=7))
    with pytest.raises(AnswerError, match=r"1\.json and 3\.json are both by the listener 'KIM'"):
        read_all([kim, ann, same], TEST)
    copy = written(tmp_path / "4.json", content(listener="Bo", seed=6))
    with pytest.raises(AnswerError, match=r"2\.json and 4\.json are the same session, with the seed 6"):
        read_all([kim, ann, copy], TEST)


RATED = mushra("Rated", ["a", "b"], ["x", "y", "z"], "x")


def rated() -> dict[str, Any]:
    """A file in which A gets 100, B 50.5 and C 0."""
    rows = [
        {"item": trial.item, "shown": list(trial.conditions), "answer": [100, 50.5, 0], "seconds": 1.5}
        for trial in presented(RATED, 5)
    ]
    return content(RATED) | {"answers": rows}


def test_ratings_are_read_in_the_order_shown() -> None:
    found = parse(rated(), RATED)
    assert [answer.value for answer in found.answers] == [(100, 50.5, 0)] * 2
    assert [(answer.item, answer.shown) for answer in found.answers] == [
        (trial.item, trial.conditions) for trial in presented(RATED, 5)
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([100, 50], r"answer 1: wanted 3 ratings, one for each of \['"),
        ("x", "wanted 3 ratings"),
        (None, "wanted 3 ratings"),
        ([100, 50, 101], "a rating is a number from 0 to 100, found 101"),
        ([100, -0.1, 3], "found -0.1"),
        ([100, float("nan"), 3], "found nan"),
        ([100, "50", 3], "found '50'"),
        ([100, None, 3], "found None"),
        ([100, True, 3], "found True"),
    ],
)
def test_ratings_that_cannot_be_used_are_refused(value: object, message: str) -> None:
    file = rated()
    file["answers"][0]["answer"] = value
    with pytest.raises(AnswerError, match=message):
        parse(file, RATED)
