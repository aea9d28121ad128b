"""The reader's JND test in a browser, taken from the volume check to the result by observers of known thresholds.

Needs Chromium, not the built book.
"""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from built import BOOK, ROOT, OpenPage
from playwright.sync_api import Page, expect
from scipy import special

from paper_code.display.jnd_test import jnd_test
from paper_code.listeners.adaptive import ActiveLearning
from paper_code.listeners.jnd import own_answers

sys.path.insert(0, str(ROOT / "tests" / "display"))
from jnd_tones import NAMES, STRENGTHS, THRESHOLDS, tones

OBSERVER = {"first_kind": 33.0, "second_kind": 62.0, "third_kind": 12.0}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>JND</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="player.css"><link rel="stylesheet" href="listening_test.css">
<link rel="stylesheet" href="jnd_test.css">
<style>body {{ background: var(--look-ground); color: var(--look-ink); font: 16px/1.5 sans-serif }}</style>
<script src="listening_test.js" defer></script><script src="jnd_test.js" defer></script></head><body>{body}</body></html>"""
FILES = ("player.css", "listening_test.css", "listening_test.js", "jnd_test.css", "jnd_test.js")
# Everything of a figure that a person or a screen reader can come across before the end.
EXPOSED = """(figure) => [figure.innerText, ...[...figure.querySelectorAll("*")].flatMap((node) =>
    [...node.attributes].map((attribute) => attribute.value))].join("\\n")"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the test of tones."""
    path = tmp_path_factory.mktemp("jnd")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        figure = jnd_test(tones(), "Tones").html
    (path / "index.html").write_text(PAGE.format(body=figure), encoding="utf-8")
    for name in FILES:
        shutil.copy(BOOK / "_static" / name, path)
    return path


@dataclass
class Listener:
    """Somebody who takes the test by keyboard. different: whether the step of a question is heard."""

    page: Page
    different: Callable[[dict], bool]

    @property
    def title(self) -> str:
        return self.page.locator(".listening-title").inner_text()

    def get(self, expression: str) -> object:
        """A value of the test's state, which the page does not show."""
        return self.page.evaluate(f"({{ jndTest }}) => jndTest.{expression}", self.page.query_selector("figure"))

    def press(self, key: str) -> None:
        """Hear all sounds of the panel, then answer."""
        self.page.keyboard.press("Space")
        figure = self.page.query_selector("figure")
        self.page.wait_for_function("({ jndTest: { trial } }) => trial.heard.size === trial.parts.length", arg=figure)
        self.page.keyboard.press(key)

    def begin(self, name: str = "Kim") -> None:
        """Volume, attention and practice."""
        self.page.get_by_label("A nickname").fill(name)
        self.page.keyboard.press("Enter")
        assert self.title == "Volume"
        self.press("Enter")
        assert self.title == "Attention"
        self.press(str(self.beeps()))
        for key in ("ArrowRight", "ArrowLeft"):
            assert self.title.startswith("Practice")
            self.press(key)
            expect(self.page.get_by_role("status")).to_contain_text("Right: they")
            self.page.keyboard.press("Enter")

    def beeps(self) -> int:
        counts = [count for count, _ in self.get("test.beeps")]
        return counts[(self.get("state.seed") + self.get("state.attention.length")) % len(counts)]

    def question(self) -> dict:
        asked = self.get("question(jndTest.plan, jndTest.state.answers)")
        return {**asked, "perturbation": f"{NAMES[asked['block']]}_kind"}

    def answer(self, count: int) -> None:
        for _ in range(count):
            self.press("ArrowRight" if self.different(self.question()) else "ArrowLeft")

    def skip(self, count: int) -> None:
        """Answer as `answer` does, without hearing anything."""
        for _ in range(count):
            asked = self.question()
            known = {
                "perturbation": asked["perturbation"],
                "strength": asked["strength"],
                "sentinel": asked["sentinel"],
            }
            given = {**known, "different": bool(self.different(asked)), "seconds": 1.5, "replays": [0, 1]}
            self.page.evaluate("([figure, given]) => figure.jndTest.state.answers.push(given)", [
                self.page.query_selector("figure"), given,
            ])  # fmt: skip
        self.get("save()")

    def download(self, path: Path) -> Path:
        with self.page.expect_download() as found:
            self.page.get_by_role("button", name="Download").click()
        target = path / found.value.suggested_filename
        found.value.save_as(target)
        return target


def hears(question: dict) -> bool:
    """An observer without error."""
    return question["strength"] > OBSERVER[question["perturbation"]]


def test_a_whole_test_by_keyboard(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(served=True)
    kim = Listener(page, hears)
    kim.begin("Kim Ö.")
    kim.answer(14)
    before = kim.question()
    page.reload()
    assert kim.title == "Comparison 15 of 30 (block 2, 5 of 10)"
    assert kim.question() == before
    page.locator(".listening-panel").focus()
    kim.answer(16)
    assert kim.title == "Thank you, Kim Ö.: all 30 are answered"

    path = kim.download(tmp_path)
    assert path.name == "jnd answers Kim Ö..json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["complete"], content["discarded_by_the_paper"], content["test"]) == (True, False, tones().id)
    read = own_answers.read(path, tones().id)
    assert (read.complete, read.wrong_sentinels, read.sentinel.sum()) == (True, 0, 6)
    assert read.attention[-1][0] == read.attention[-1][1]
    assert sorted(read.blocks) == sorted(OBSERVER)
    text = page.locator("figure").inner_text()
    assert "You answered all 6 obvious pairs rightly" in text
    for name, true in OBSERVER.items():
        threshold, (low, high) = read.threshold(name), read.interval(name)
        assert threshold == pytest.approx(true, abs=5)  # a step of the prepared strengths
        assert low <= true <= high
        smaller, larger = (threshold > THRESHOLDS).sum(), (threshold < THRESHOLDS).sum()
        assert f"Your threshold: {threshold:.1f} ({low:g} to {high:g}), about where it is" in text
        assert f"Of 8 listeners, {smaller} had a smaller threshold and {larger} a larger one." in text
    page.reload()
    assert kim.title == "Thank you, Kim Ö.: all 30 are answered"


def test_questions_are_those_of_the_procedure(open_page: OpenPage, tmp_path: Path) -> None:
    """An observer who errs; strength by strength what ActiveLearning asks, moved to the nearest prepared sound."""
    rng = np.random.default_rng(5)
    errs = Listener(
        open_page(served=True),
        lambda asked: rng.random() < special.ndtr((asked["strength"] - OBSERVER[asked["perturbation"]]) / 15),
    )
    errs.begin()
    errs.skip(30)
    read = own_answers.read(errs.download(tmp_path))
    shown = errs.page.locator("figure").inner_text()
    for name in OBSERVER:
        procedure = ActiveLearning(1)
        for strength, different in zip(*read.of(name), strict=True):
            distance = np.abs(np.array(STRENGTHS) - procedure.propose()[0])
            assert distance[STRENGTHS.index(strength)] == pytest.approx(distance.min(), abs=0.5)
            procedure.answer(np.array([strength]), np.array([different]))
        threshold = procedure.threshold()[0]
        assert read.threshold(name) == pytest.approx(threshold, nan_ok=True)
        if np.isfinite(threshold):
            assert f"Your threshold: {threshold:.1f} (" in shown


def test_the_script_s_likelihood_is_python_s(open_page: OpenPage) -> None:
    """To the grid step, over answers of many kinds, degenerate ones among them."""
    page, rng = open_page(), np.random.default_rng(0)
    told_of = """(answers) => {
        const { jndTest } = document.querySelector("figure");
        const { perturbation } = jndTest.test.blocks[0];
        const own = answers.map(([strength, different]) => ({ perturbation, strength, different, seconds: 1 }));
        const [block] = jndTest.test.blocks;
        return jndTest.result({ block, own, found: jndTest.estimate(own) })[1].textContent;
    }"""
    for trial in range(40):
        strengths = rng.choice(STRENGTHS, 8)
        different = rng.random(8) < special.ndtr((strengths - 40) / (1 + 10 * (trial % 4)))
        told = page.evaluate(told_of, [[float(s), bool(d)] for s, d in zip(strengths, different, strict=True)])
        threshold = own_answers.grid.threshold(strengths, different)
        low, high = own_answers.grid.interval(strengths, different)
        expected = (
            f"Your threshold: {threshold:.1f} ({low:g} to {high:g})" if np.isfinite(threshold) else "no threshold can"
        )
        assert expected in told


def test_nothing_tells_what_is_played(open_page: OpenPage) -> None:
    kim = Listener(open_page(), hears)
    kim.begin()
    exposed = kim.page.locator("figure").evaluate(EXPOSED)
    assert not any(name in exposed for name in (*NAMES, "obvious pairs", "strength"))
    panel = kim.page.locator(".listening-panel")
    assert "Listen and answer" in panel.get_attribute("aria-label")
    assert kim.page.evaluate("document.activeElement.className") == "listening-panel"


def test_an_answer_waits_until_both_were_heard(open_page: OpenPage) -> None:
    kim = Listener(open_page(served=True), hears)
    kim.begin()
    page = kim.page
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("status").inner_text() == "Please listen to A and B to the end first."
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Play B, heard")).to_be_visible()
    page.keyboard.press("d")
    assert page.get_by_role("status").inner_text() == "Please listen to A to the end first."
    for _ in range(2):  # again is allowed, and counted
        page.keyboard.press("1")
        page.wait_for_timeout(300)
    page.keyboard.press("s")
    assert kim.title.startswith("Comparison 2 of 30")
    assert kim.get("state.answers[0].replays") == [1, 0]


def test_a_missed_sentinel_is_told_and_marked(open_page: OpenPage, tmp_path: Path) -> None:
    kim = Listener(open_page(served=True), lambda asked: hears(asked) if not asked["sentinel"] else False)
    kim.begin()
    kim.skip(30)
    text = kim.page.locator("figure").inner_text()
    assert "You answered 3 of the 6 obvious pairs wrongly. The paper would have discarded all your answers." in text
    path = kim.download(tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["discarded_by_the_paper"] is True
    read = own_answers.read(path)
    assert read.wrong_sentinels == 3
    assert read.threshold("second_kind") == pytest.approx(OBSERVER["second_kind"], abs=5)  # sentinels do not count


def test_a_wrong_count_of_beeps_is_told_and_kept(open_page: OpenPage) -> None:
    kim = Listener(open_page(served=True), hears)
    kim.page.get_by_role("button", name="Start").click()
    kim.press("Enter")
    right = kim.beeps()
    kim.press(str(right - 1))
    assert f"There were {right} beeps; you counted {right - 1}. The paper’s test would end here." in (
        kim.page.locator(".jnd-missed").inner_text()
    )
    kim.press(str(kim.beeps()))
    assert kim.title == "Practice 1 of 2: this does not count"
    assert kim.get("state.attention.length") == 2


def test_it_goes_on_from_a_file_and_refuses_others(open_page: OpenPage, tmp_path: Path) -> None:
    kim = Listener(open_page(served=True), hears)
    kim.begin()
    kim.answer(4)
    path = kim.download(tmp_path)
    assert path.name == "jnd answers Kim (partial).json"
    with pytest.raises(own_answers.AnswerError, match="4 of 30 are answered"):
        own_answers.read(path)
    assert len(own_answers.read(path, partial=True).strengths) == 4
    other = Listener(open_page(), hears)
    changed = json.loads(path.read_text(encoding="utf-8"))
    changed["answers"][1]["strength"] = 5 if changed["answers"][1]["strength"] != 5 else 10
    (tmp_path / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    other.page.locator("input[type=file]").set_input_files(tmp_path / "changed.json")
    expect(other.page.get_by_role("status")).to_have_text("This file holds no answers to this test.")
    other.page.locator("input[type=file]").set_input_files(path)
    expect(other.page.locator(".listening-title")).to_have_text("Comparison 5 of 30 (block 1, 5 of 10)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_modes(scheme: str, open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    kim = Listener(page, hears)
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 390
    kim.begin("somebody with a long name")
    assert page.evaluate(width) <= 390
    kim.skip(30)
    assert page.evaluate(width) <= 390
    assert page.locator("svg.jnd-plot").count() == 3
    ink = page.locator(".jnd-plot text").first.evaluate("node => getComputedStyle(node).fill")
    assert ink == {"light": "rgb(31, 35, 40)", "dark": "rgb(230, 234, 239)"}[scheme]
    line = page.locator(".jnd-listeners").first.evaluate("node => getComputedStyle(node).stroke")
    assert line == {"light": "rgb(0, 114, 178)", "dark": "rgb(86, 180, 233)"}[scheme]


def test_a_point_lies_on_the_curve(open_page: OpenPage) -> None:
    kim = Listener(open_page(), hears)
    kim.begin()
    kim.skip(30)
    for number in range(3):
        svg = kim.page.locator("svg.jnd-plot").nth(number)
        told = svg.get_attribute("aria-label")
        threshold, share = (float(part.strip(" .%")) for part in told.split("Yours is ")[1].split(", at "))
        assert share == pytest.approx(100 * (threshold >= THRESHOLDS).mean(), abs=0.51)
        x, y = (float(svg.locator("circle").get_attribute(name)) for name in ("cx", "cy"))
        assert (x - 42) / (360 - 42 - 14) * 100 == pytest.approx(threshold, abs=0.06)
        assert (174 - y) / 148 * 100 == pytest.approx(share, abs=0.51)


def test_without_a_script_it_says_so(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    assert "chooses its questions with a script" in page.locator("figure").inner_text()
