"""The MUSHRA test in a browser, on the small page of `listening`: rated from the first trial to the file.

Needs Chromium, not the built book. The ratings are made up.
"""

import csv
import json
import re
from pathlib import Path

import pytest
from listening import EXPOSED, VERSIONS, Form, Open, rated
from playwright.sync_api import expect
from test_player import CONTRAST

from paper_code.listeners import answers, mushra
from paper_code.listeners.design import GRADES, presented
from paper_code.listeners.ratings import OWN

NAMES = re.compile("|".join([*VERSIONS, "plain", "document", "corrected"]), re.I)  # "reference" may be said
LETTERS = "ABCDE"
VALUES = {"Original": 100, "Amber": 0, "Basalt": 41, "Cedar": 60, "Dune": 79}
SOUNDS = (*LETTERS, "Reference")
PRACTICE = "Practice: this does not count"


def rate(form: Form) -> dict[str, int]:
    """Rate by what the page holds inside, each item a little differently; letter -> rating."""
    item, shown = form.get("trial.item"), form.get("trial.shown")
    given = {letter: VALUES[name] + (name == "Cedar") * len(item) for letter, name in zip(LETTERS, shown, strict=True)}
    for letter, value in given.items():
        form.slider(letter).fill(str(value))
    return given


def value_text(form: Form, letter: str) -> str:
    return form.slider(letter).evaluate("(slider) => slider.ariaValueText")


@pytest.mark.slow
def test_a_whole_test(visit: Open, tmp_path: Path) -> None:
    form = visit()("Rated")
    form.start('Kim "Ö", 2', practise=True)
    rate(form)
    form.hear(*SOUNDS)
    form.button("Begin the test").click()
    expected = {}
    for number in range(3):
        assert form.title() == f"Trial {number + 1} of 3"
        exposed = form.figure.evaluate(EXPOSED).replace(form.figure.get_attribute("data-test"), "")
        assert NAMES.findall(exposed) == []
        given = rate(form)
        if number == 1:  # what is rated is there again, and must be heard again
            form.page.reload()
            assert form.title() == "Trial 2 of 3"
            assert {letter: int(form.slider(letter).input_value()) for letter in LETTERS} == given
        form.hear(*SOUNDS)
        expected[form.get("trial.item")] = dict(zip(form.get("trial.shown"), given.values(), strict=True))
        form.button("Next").click()
    assert form.title() == 'Thank you, Kim "Ö", 2: all 3 are answered'

    path = form.download(tmp_path)
    assert path.suffix == ".csv"
    assert path.name.startswith("ratings Kim")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == OWN
    assert {row["test"] for row in rows} == {rated().id}
    order = presented(rated(), int(rows[0]["seed"]))
    assert [(row["item"], row["place"], row["condition"]) for row in rows] == [
        (trial.item, letter, name) for trial in order for letter, name in zip(LETTERS, trial.conditions, strict=True)
    ]
    read = mushra.read([path], rated())
    assert read.listeners == ('Kim "Ö", 2',)
    assert {
        item: dict(zip(read.conditions, read.scores[0, k], strict=True)) for k, item in enumerate(read.items)
    } == expected

    # What the page shows is what the analysis finds in the file.
    shown = form.figure.locator(".listening-bars li").all()
    assert [
        (line.locator("span").first.inner_text(), line.locator(".listening-count").inner_text()) for line in shown
    ] == [(name, f"{one.mean:.1f}") for name, one in mushra.means(read).items()]
    form.figure.get_by_text("What was what").click()
    first = form.figure.locator("details ol li").first.inner_text()
    item, (name, *_) = order[0].item, order[0].conditions
    assert first.startswith(f"{item}: A was {name}, you gave it {expected[item][name]}; B was ")
    form.page.reload()
    assert form.button("Download ratings").is_visible()


def test_practice_comes_first_and_nothing_of_it_is_kept(visit: Open, tmp_path: Path) -> None:
    form = visit()("Rated")
    form.page.on("dialog", lambda dialog: dialog.accept())
    assert "Practice comes first." in form.figure.inner_text()
    form.start(practise=True)
    for _ in range(2):  # broken off, it begins anew
        assert form.title() == PRACTICE
        assert "Nothing here is kept." in form.figure.inner_text()
        assert [value_text(form, letter) for letter in LETTERS] == ["not rated yet"] * 5
        rate(form)
        assert form.get("state.draft") is None
        form.page.reload()
    exposed = form.figure.evaluate(EXPOSED).replace(form.figure.get_attribute("data-test"), "")
    assert NAMES.findall(exposed) == []
    last = presented(rated(), form.get("state.seed"))[-1]
    assert form.get("trial.item") == last.item
    assert set(form.get("trial.shown")) == set(last.conditions)
    assert form.button("Download").count() == form.button("Back").count() == 0
    begin = form.button("Begin the test")
    begin.click(force=True)
    assert form.status() == "Please listen to A, B, C, D, E, and Reference first, then go on."
    form.hear(*SOUNDS)
    begin.click(force=True)
    assert form.status() == "Please rate A, B, C, D, and E too."
    rate(form)
    begin.click()
    for _ in range(2):  # it does not come again
        assert form.title() == "Trial 1 of 3"
        assert [value_text(form, letter) for letter in LETTERS] == ["not rated yet"] * 5
        assert (form.get("state.answers"), form.get("state.draft")) == ([], None)
        form.page.reload()
    path = form.download(tmp_path)
    assert answers.read(path, rated(), partial=True).answers == ()
    elsewhere = visit()("Rated")
    elsewhere.figure.locator("input[type=file]").set_input_files(path)
    expect(elsewhere.figure.locator(".listening-title")).to_have_text("Trial 1 of 3")
    form.button("Start again").click()
    form.start("Ann", practise=True)
    assert form.title() == PRACTICE


def test_the_order_is_the_one_of_the_seed(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    trials = presented(rated(), form.get("state.seed"))
    assert form.get("order") == [{"item": trial.item, "shown": list(trial.conditions)} for trial in trials]


def test_the_open_reference_is_the_hidden_one_in_an_element_of_its_own(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    sources = form.get("deck.sounds.map((audio) => audio.src)")
    hidden = form.get("trial.shown").index("Original")
    assert [k for k, source in enumerate(sources) if source == sources[-1]] == [hidden, 5]
    assert form.get("deck.sounds.filter((audio, k, all) => all.indexOf(audio) === k).length") == 6
    assert form.get("deck.sounds.every((audio) => audio.loop)") is True


def test_changes_keep_the_moment(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    form.hear("Reference")
    # Where each sound was told to begin, beside where the one before it stood when it had ended.
    form.figure.evaluate("""({ listeningTest: { deck } }) => {
        deck.begun = [];
        for (const audio of deck.sounds) {
            const play = audio.play.bind(audio);
            audio.play = () => { deck.begun.push([deck.left, audio.currentTime]); return play(); };
        }
        const stop = deck.stop.bind(deck);
        deck.stop = () => { deck.left = deck.audio.currentTime; return stop(); };
    }""")
    for name in "CAE":
        form.button(f"Play {name}").click()
        expect(form.button(f"Pause {name}")).to_be_visible()
        assert form.page.evaluate("() => [...document.querySelectorAll('audio')].filter((a) => !a.paused).length") == 1
    begun = form.get("deck.begun")
    assert len(begun) == 3
    for left, at in begun:
        assert at == pytest.approx(left, abs=0.01)


def test_a_part_can_be_repeated(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    form.hear("A")
    form.figure.get_by_text("Repeat a part").click()
    start, end = (form.figure.get_by_role("slider", name=f"Repeat {name}") for name in ("from", "to"))
    start.fill("50")
    assert form.get("deck.span") == [0.5, 1]
    start.fill("90")  # of 1.2 s at least 0.5 s are left
    assert form.get("deck.span") == [0.58, 1]
    end.fill("10")
    assert form.get("deck.span") == [0.58, 1]
    assert start.evaluate("(end) => end.ariaValueText") == "0.7 seconds"
    assert form.figure.locator("summary .listening-value").inner_text() == "0.7 to 1.2 s"
    # Every sound begins inside of the part from now on, the one that is changed to as well.
    form.figure.evaluate("""({ listeningTest: { deck } }) => {
        deck.begun = [];
        for (const audio of deck.sounds) {
            const play = audio.play.bind(audio);
            audio.play = () => { deck.begun.push(audio.currentTime); return play(); };
        }
    }""")
    form.page.wait_for_function(
        "(figure) => figure.listeningTest.deck.begun.length > 2", arg=form.figure.element_handle()
    )
    form.button("Play B").click()
    expect(form.button("Pause B")).to_be_visible()
    first, *others = form.get("deck.begun")
    assert first == pytest.approx(0.696, abs=0.01)
    assert min(others) >= 0.69
    start.fill("0")
    end.fill("100")
    assert form.get("deck.span") == [0, 1]


def test_nothing_goes_on_before_all_is_heard_and_rated(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    go_on = form.button("Next")
    assert go_on.evaluate("(node) => node.ariaDisabled") == "true"
    go_on.click(force=True)
    assert form.status() == "Please listen to A, B, C, D, E, and Reference first, then go on."
    assert [value_text(form, letter) for letter in LETTERS] == ["not rated yet"] * 5
    form.hear(*SOUNDS)
    go_on.click(force=True)
    assert form.status() == "Please rate A, B, C, D, and E too."
    for letter in "ABCD":
        form.slider(letter).fill("50")
    go_on.click(force=True)
    assert form.status() == "Please rate E too."
    form.slider("E").focus()
    form.page.keyboard.press("ArrowLeft")  # zero already, and meant
    assert value_text(form, "E") == "0, bad"
    assert go_on.evaluate("(node) => node.ariaDisabled") == "false"
    go_on.click()
    assert form.title() == "Trial 2 of 3"
    assert [value_text(form, letter) for letter in LETTERS] == ["not rated yet"] * 5


def test_the_scale_has_the_five_grades(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    assert form.figure.locator(".listening-grades span span").all_inner_texts() == list(GRADES)
    words = {}
    for value in (0, 19, 20, 39, 40, 59, 60, 79, 80, 100):
        form.slider("A").fill(str(value))
        words[value] = value_text(form, "A")
    assert words == {value: f"{value}, {GRADES[min(4, value // 20)]}" for value in words}
    assert form.figure.locator(".listening-row .listening-value").first.inner_text() == "100 excellent"
    assert "deserves 100" in form.figure.inner_text()


def test_keyboard_only(visit: Open, tmp_path: Path) -> None:
    form = visit(served=True)("Rated")
    page, keyboard = form.page, form.page.keyboard
    form.figure.evaluate("(figure) => (figure.tabIndex = -1, figure.focus())")
    keyboard.press("Tab")
    keyboard.type("Kim")
    keyboard.press("Enter")
    for number in range(4):  # the practice first
        assert page.evaluate("document.activeElement.className") == "listening-panel"
        for k, key in enumerate(("r", "a", "2", "C", "4", "e") if number else ("0", "1", "b", "3", "D", "5")):
            keyboard.press(key)
            index = (k - 1) % 6
            page.wait_for_function(
                "([figure, k]) => figure.listeningTest.deck.heard[k] > 0.15", arg=[form.figure.element_handle(), index]
            )
            if k:
                assert page.evaluate("document.activeElement.ariaLabel") == f"Rating of {LETTERS[index]}"
                keyboard.press("End" if form.get("trial.shown")[index] == "Original" else "Home")
                keyboard.press("ArrowRight")
        keyboard.press("Space")
        expect(form.figure.locator("[aria-pressed=true]")).to_have_count(0)
        keyboard.press("Enter")
    assert form.title() == "Thank you, Kim: all 3 are answered"
    read = mushra.read([form.download(tmp_path)], rated())
    assert {name: one.mean for name, one in mushra.means(read).items()} == {
        name: 100 if name == "Original" else 1 for name in VERSIONS
    }


def test_going_back_brings_the_ratings_back(visit: Open) -> None:
    form = visit()("Rated")
    form.start()
    given = rate(form)
    form.hear(*SOUNDS)
    form.button("Next").click()
    form.slider("B").fill("7")
    form.button("Back to the last one").click()
    assert form.title() == "Trial 1 of 3"
    assert {letter: int(form.slider(letter).input_value()) for letter in LETTERS} == given


def test_an_unfinished_test_goes_on_elsewhere(visit: Open, tmp_path: Path) -> None:
    form = visit()("Rated")
    form.start("Ann")
    rate(form)
    form.hear(*SOUNDS)
    form.button("Next").click()
    form.slider("B").fill("7")
    path = form.download(tmp_path)
    assert path.name == "answers Ann (partial).json"
    read = answers.read(path, rated(), partial=True)
    found = mushra.from_answers([read])
    assert (found.listeners, found.items, found.count) == (("Ann",), (read.answers[0].item,), 5)
    elsewhere = visit()("Rated")
    elsewhere.figure.locator("input[type=file]").set_input_files(path)
    expect(elsewhere.figure.locator(".listening-title")).to_have_text("Trial 2 of 3")
    assert elsewhere.slider("B").input_value() == "7"


def test_what_was_kept_by_hand_is_no_rating(visit: Open) -> None:
    state = json.dumps({"seed": 5, "listener": "x", "answers": [], "draft": [101, "x", -1, None, 33]})
    form = visit(script=f"localStorage.setItem('listening-test:{rated().id}', JSON.stringify({state}))")("Rated")
    assert form.title() == "Trial 1 of 3"
    assert [value_text(form, letter) for letter in LETTERS] == ["not rated yet"] * 4 + ["33, poor"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [900, 390, 320])
def test_legible_on_every_screen(visit: Open, dark: bool, width: int) -> None:
    form = visit(viewport={"width": width, "height": 800})("Rated")
    page = form.page
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    form.start("W" * 40)
    form.slider("B").fill("88")
    for node in (form.button("Play A"), form.slider("A"), form.figure.locator(".listening-row .listening-value").first):
        box = node.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= 20
    assert form.slider("A").bounding_box()["width"] >= 200
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = form.figure.locator("button:visible").evaluate_all(
        "(n) => n.map((x) => x.getBoundingClientRect().height)"
    )
    assert min(heights) >= 24
