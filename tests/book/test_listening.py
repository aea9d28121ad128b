"""The listening test in a browser, on a small page of its own, taken from the first question to the result.

Needs Chromium, not the built book.
"""

import json
from pathlib import Path

import pytest
from listening import EXPOSED, SECRETS, STATIC, Open, brief, choose, shown_counts, whole
from playwright.sync_api import Dialog, expect
from test_player import CONTRAST

from paper_code.listeners import answers, preferences
from paper_code.listeners.design import presented


@pytest.mark.slow
def test_a_whole_test(visit: Open, tmp_path: Path) -> None:
    form = visit()("Fifty")
    form.start("Kim Ö.")
    for number in range(50):
        if number == 20:
            form.page.reload()
        assert form.title() == f"Comparison {number + 1} of 50"
        bar = form.figure.get_by_role("progressbar")
        assert [bar.get_attribute(f"aria-value{end}") for end in ("min", "now", "max")] == ["0", str(number), "50"]
        exposed = form.figure.evaluate(EXPOSED).replace(form.figure.get_attribute("data-test"), "")
        assert SECRETS.findall(exposed) == []
        form.listen()
        choose(form)
    assert form.title() == "Thank you, Kim Ö.: all 50 are answered"

    path = form.download(tmp_path)
    assert path.name == "answers Kim Ö..json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["complete"] is True
    read = answers.read(path, whole())
    assert read.complete
    assert [(a.item, a.shown) for a in read.answers] == [
        (trial.item, trial.conditions) for trial in presented(whole(), read.seed)
    ]
    # What the page shows is what the analysis finds in the file.
    assert shown_counts(form, 0) == {name: (round(20 * share), 20) for name, share in preferences.wins(read).items()}
    ties = preferences.ties(read)
    assert shown_counts(form, 1) == {" – ".join(pair): (round(5 * share), 5) for pair, share in ties.items()}
    assert {pair: share for pair, share in ties.items() if share} == {("Original", "Cedar"): 0.4}
    assert list(preferences.wins(read).values()) == [0.75, 0.5, 0.25, 0.9, 0]
    form.figure.get_by_text("What was what").click()
    lines = form.figure.locator("details ol li").all_inner_texts()
    first = read.answers[0]
    assert lines[0].startswith(f"{first.item}: A was {first.shown[0]}, B was {first.shown[1]}; your answer: ")
    assert len(lines) == 50
    form.page.reload()
    assert form.title() == "Thank you, Kim Ö.: all 50 are answered"


def test_keyboard_only(visit: Open, tmp_path: Path) -> None:
    form = visit(served=True)("Six")
    page, keyboard = form.page, form.page.keyboard
    form.figure.evaluate("(figure) => (figure.tabIndex = -1, figure.focus())")
    keyboard.press("Tab")
    keyboard.type("Kim 1")
    keyboard.press("Enter")
    expected = []
    for number, play in enumerate([("a", "b"), ("1", "2"), ("b", "a"), ("A", "B"), ("2", "1"), ("a", "2")]):
        assert page.evaluate("document.activeElement.className") == "listening-panel"
        shown = form.get("trial.shown")
        for key in play:
            keyboard.press(key)
            letter = {"1": "A", "2": "B"}.get(key, key.upper())
            page.wait_for_function(
                "([figure, k]) => figure.listeningTest.deck.heard[k] > 0.35",
                arg=[form.figure.element_handle(), "AB".index(letter)],
            )
            assert form.button(f"Pause {letter}").get_attribute("aria-pressed") == "true"
        keyboard.press("Space")
        expect(form.figure.locator("[aria-pressed=true]")).to_have_count(0)
        keyboard.press("Space")
        expect(form.button(f"Pause {letter}")).to_be_visible()
        key, value = [("ArrowLeft", shown[0]), ("ArrowRight", shown[1]), ("ArrowDown", None)][number % 3]
        keyboard.press(key)
        expected.append(value)
    assert form.title() == "Thank you, Kim 1: all 6 are answered"
    read = answers.read(form.download(tmp_path), brief())
    assert [answer.value for answer in read.answers] == expected


def test_order_and_sides_differ_between_listeners(visit: Open) -> None:
    find = visit()
    form, orders, seeds = find("Fifty"), [], []
    form.page.on("dialog", lambda dialog: dialog.accept())
    for _ in range(4):
        form.start()
        orders.append(json.dumps(form.get("order")))
        seeds.append(form.get("state.seed"))
        form.button("Start again").click()
    assert len(set(orders)) == len(set(seeds)) == 4
    for order, seed in zip(orders, seeds, strict=True):
        expected = [{"item": trial.item, "shown": list(trial.conditions)} for trial in presented(whole(), seed)]
        assert json.loads(order) == expected


def test_no_answer_before_both_were_heard(visit: Open) -> None:
    form = visit()("Six")
    form.start()
    states = form.figure.locator("[name=answer]").evaluate_all("(nodes) => nodes.map((node) => node.ariaDisabled)")
    assert states == ["true"] * 3
    form.button("A is better").click(force=True)  # it is marked as disabled, and says why
    assert form.status() == "Please listen to A and B first, then choose."
    form.button("Play A").click()
    expect(form.button("Pause A, heard")).to_be_visible()
    form.figure.locator(".listening-panel").press("ArrowRight")
    assert form.status() == "Please listen to B first, then choose."
    assert form.title() == "Comparison 1 of 6"
    form.button("Play B").click()
    expect(form.button("Pause B, heard")).to_be_visible()
    assert min(form.get("deck.heard")) >= 0.3  # s, what this test wants of each
    form.button("B is better").click()
    assert form.title() == "Comparison 2 of 6"
    assert form.get("waiting()") == [0, 1]


def test_sounds_share_the_moment_and_loop(visit: Open) -> None:
    form = visit()("Six")
    form.start()
    form.listen()
    audio = "deck.audio.currentTime"
    form.button("Play A").click()
    before = form.get(audio)
    form.button("Play B").click()
    expect(form.button("Pause B")).to_be_visible()
    after = form.get(audio)
    assert before <= after < before + 1.5  # 20 ms and what a slow machine takes
    playing = "() => [...document.querySelectorAll('audio')].filter((a) => !a.paused).length"
    assert form.page.evaluate(playing) == 1
    assert form.get("deck.sounds.every((audio) => audio.loop)") is True
    form.button("Pause B").click()
    form.page.wait_for_function(f"({playing})() === 0")


def test_nothing_else_sounds_meanwhile(visit: Open) -> None:
    find = visit()
    form, other = find("Six"), find("Fifty")
    player = form.page.get_by_role("figure", name="Player: Player")
    for each in (form, other):
        each.start()
    form.button("Play A").click()
    expect(form.button("Pause A")).to_be_visible()
    player.get_by_role("button", name="Play").click()
    expect(form.button("Play A")).to_be_visible()
    form.button("Play B").click()
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    other.button("Play A").click()
    expect(form.button("Play B")).to_be_visible()
    assert other.button("Pause A").is_visible()


def test_back_and_start_again(visit: Open) -> None:
    form = visit()("Six")
    asked = []

    def reply(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if asked[1:] else dialog.dismiss()

    form.page.on("dialog", reply)
    form.start()
    first = form.get("trial.shown")
    form.listen()
    form.button("A is better").click()
    form.button("Back to the last one").click()
    assert (form.title(), form.get("trial.shown")) == ("Comparison 1 of 6", first)
    form.listen()
    form.button("B is better").click()
    form.button("Start again").click()
    assert form.title() == "Comparison 2 of 6"
    form.button("Start again").click()
    assert asked == ["Start again? Your answers (1) are deleted from this browser."] * 2
    assert form.button("Start").is_visible()
    form.page.reload()
    assert form.button("Start").is_visible()


def test_unfinished_answers_are_marked_and_taken_up_elsewhere(visit: Open, tmp_path: Path) -> None:
    form = visit()("Six")
    form.start("Ann")
    form.listen()
    form.button("A is better").click()
    path = form.download(tmp_path)
    assert path.name == "answers Ann (partial).json"
    assert "do not read it before the end" in form.status()
    with pytest.raises(answers.AnswerError, match="5 of 6 trials are not answered"):
        answers.read(path, brief())
    assert len(answers.read(path, brief(), partial=True).answers) == 1
    find = visit()
    elsewhere = find("Six")
    elsewhere.figure.locator("input[type=file]").set_input_files(path)
    expect(elsewhere.figure.locator(".listening-title")).to_have_text("Comparison 2 of 6")
    assert elsewhere.get("order") == form.get("order")
    another = find("Fifty")
    another.figure.locator("input[type=file]").set_input_files(path)
    expect(another.figure.get_by_role("status")).to_have_text("This file holds no answers to this test.")
    (tmp_path / "odd.json").write_text('{"answers"')
    another.figure.locator("input[type=file]").set_input_files(tmp_path / "odd.json")
    expect(another.figure.get_by_role("status")).to_have_text("This file holds no answers to this test.")


def test_a_browser_that_keeps_nothing(visit: Open) -> None:
    denied = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    form = visit(script=denied)("Six")
    form.start()
    assert form.status() == "This browser keeps nothing: download your answers before you leave the page."
    form.listen()
    form.button("A is better").click()
    assert form.title() == "Comparison 2 of 6"


def test_what_was_kept_by_another_version_is_not_taken(visit: Open) -> None:
    state = json.dumps({"seed": 5, "listener": "x", "answers": [{"item": "Piano", "shown": ["Amber", "Gone"]}]})
    broken = f"localStorage.setItem('listening-test:{brief().id}', JSON.stringify({state}))"
    form = visit(script=broken)("Six")
    assert form.button("Start").is_visible()


def test_without_a_nickname_the_file_has_one(visit: Open) -> None:
    form = visit()("Six")
    form.button("Start").click()
    assert form.get("state.listener") == f"listener {form.get('state.seed')}"


def test_without_script(visit: Open) -> None:
    form = visit(java_script_enabled=False)("Six")
    assert "does not run here" in form.figure.inner_text()
    assert form.figure.locator("audio:visible").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [900, 390, 320])
def test_legible_on_every_screen(visit: Open, dark: bool, width: int) -> None:
    form = visit(viewport={"width": width, "height": 800})("Fifty")
    page = form.page
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")

    def look() -> None:
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = form.figure.locator("button:visible").evaluate_all(
            "(n) => n.map((x) => x.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 24

    look()
    form.start("W" * 40)
    look()
    form.figure.evaluate("""({ listeningTest: t }) => {
        t.state.answers = t.order.map((trial, k) => ({ ...trial, answer: k % 3 ? trial.shown[0] : null, seconds: 1 }));
        t.save();
    }""")
    form.figure.get_by_text("What was what").click()
    look()


def test_focus_is_seen(visit: Open) -> None:
    form = visit()("Six")
    form.start()
    form.page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.name"
    assert form.page.evaluate(outline) == "solidplay"


def test_script_is_small() -> None:
    assert (STATIC / "listening_test.js").stat().st_size < 24_000
