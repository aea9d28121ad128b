"""The player in a browser, on a small page of its own: from a folder (elements) and from a server (decoded sound).

Needs Chromium, not the built book.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from built import BOOK, PROBE, OpenPage
from playwright.sync_api import Locator, Page
from scipy.stats import binom

from paper_code.audio.clips import Clip
from paper_code.display import figures, players, tables
from paper_code.display.style import THEME

RATE = 8_000
LONG = 30.0  # s, so that nothing ends while a slow machine looks
STATIC = BOOK / "_static"
PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Players</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="player.css">
<link rel="icon" href="data:,">
<style>body {{ background: var(--look-ground); color: var(--look-ink); font: 16px/1.5 sans-serif }}</style>
<script src="player.js" defer></script></head><body><p><input id="typing"></p>{body}
<audio id="other" controls preload="none" src="{other}"></audio></body></html>"""


def clip(seconds: float, frequency: float, amplitude: float, title: str) -> Clip:
    """A tone over a little noise, so that pictures differ."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(round(frequency)).standard_normal(len(time))
    wave = amplitude * (np.sin(2 * np.pi * frequency * time) + 0.01 * noise)
    return Clip(torch.tensor(wave, dtype=torch.float32), RATE, title)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of two players, a series, a figure and a table."""
    path = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        compared = players.compare(
            {
                "Original": clip(LONG, 300, 0.5, "a"),
                "Coded": clip(LONG, 500, 0.05, "b"),
                "Gone": players.Missing("Gone", "Fetch it with `python`."),
                "Third": clip(LONG, 900, 0.5, "c"),
            },
            "Compared",
            "Listen to the pitch.",
            roles={"Original": "reference", "Coded": "codec"},
        )
        short = players.compare({"Low": clip(0.6, 200, 0.3, "d"), "High": clip(0.6, 800, 0.3, "e")}, "Short")
        rows = {
            "Plain": {step: clip(LONG, 400 + step, 0.2, "p") for step in (250, 500, 750)},
            "Bark": {step: clip(LONG, 600 + step, 0.2, "q") for step in (250, 750)},
        }
        series = players.series(
            rows, "Series", reference={"Original": clip(LONG, 300, 0.5, "a")}, step_name="iteration"
        )
    drawing = figures.show(lambda theme: theme.figure()[0], "A figure.", "Empty axes.")
    inline = f'<div id="inline" class="figure-panels"><svg><text fill="{THEME.ink.lower()}">0</text></svg></div>'
    table = tables.table(["Loss", tables.Column("Distance", "dB", ".1f")], [["plain " * 8, 3.0]], "A table.")
    shown = (compared, short, series, drawing, table)
    other = re.search(r"sounds/\w+\.flac", compared.html)[0]
    (path / "index.html").write_text(
        PAGE.format(body="".join(s.html for s in shown) + inline, other=other), encoding="utf-8"
    )
    for name in ("player.js", "player.css"):
        shutil.copy(STATIC / name, path)
    return path


@dataclass
class Player:
    """One player of the page, as a person meets it."""

    page: Page
    figure: Locator

    def get(self, expression: str) -> object:
        """A value of the player's state."""
        return self.figure.evaluate(f"(figure) => figure.soundPlayer.{expression}")

    def button(self, name: str) -> Locator:
        """A button by the beginning of its visible text or label."""
        return self.figure.get_by_role("button", name=re.compile(f"^{name}"))

    def sounds(self) -> None:
        """Wait until something of this player is heard."""
        self.until("p.voice && p.voice.position > 0.02 && audible() === 1")

    def until(self, condition: str) -> None:
        """Wait for a condition on the player `p`."""
        handle = self.figure.element_handle()
        self.page.wait_for_function(f"(figure) => {{ const p = figure.soundPlayer; return {condition}; }}", arg=handle)


Open = Callable[..., Callable[[str], Player]]


@pytest.fixture
def visit(open_page: OpenPage) -> Open:
    """Opens the page and gives its players by title."""

    def opener(served: bool = False, **settings: object) -> Callable[[str], Player]:
        page = open_page(served, PROBE, **settings)
        return lambda title: Player(page, page.get_by_role("figure", name=f"Player: {title}"))

    return opener


both = pytest.mark.parametrize("served", [False, True], ids=["folder", "server"])


@both
def test_sound_is_loaded_on_the_first_play_and_advances(visit: Open, served: bool) -> None:
    player = visit(served)("Compared")
    loaded = "() => [...document.querySelectorAll('audio')].filter((a) => a.readyState > 0).length + sources.size"
    assert player.page.evaluate(loaded) == 0
    player.button("Play").click()
    player.sounds()
    first = player.get("position")
    player.until(f"p.position > {first} + 0.3")
    assert player.get("voice.constructor.name") == ("BufferVoice" if served else "ElementVoice")
    player.button("Pause").click()
    player.until("audible() === 0")
    assert player.button("Play").count() == 1


@both
def test_switching_keeps_the_position_and_one_voice(visit: Open, served: bool) -> None:
    player = visit(served)("Compared")
    player.button("Play").click()
    player.sounds()
    # Where the old and the new sound stand at the moment of the change; clocks outside would measure the machine.
    player.figure.evaluate("""({ soundPlayer: p }) => {
        let voice = p.voice;
        p.changes = [];
        Object.defineProperty(p, "voice", { get: () => voice, set(next) {
            if (voice && next) p.changes.push([voice.position, next.position]);
            voice = next;
        }});
    }""")
    for count, name in enumerate(("Coded", "Third", "Original", "Coded"), start=1):
        player.button(name).click()
        player.until(f"p.changes.length === {count} && audible() === 1")
        assert player.figure.locator(".sound-choose[aria-pressed=true] b").all_inner_texts() == [name]
    for before, after in player.get("changes"):
        assert after == pytest.approx(before, abs=0.1)
    assert player.get("position") > 0.02


@both
def test_elements_and_buffers_play_the_chosen_file(visit: Open, served: bool) -> None:
    player = visit(served)("Compared")
    player.button("Third").click()
    player.sounds()
    if served:  # 900 Hz, in the decoded sound that is heard
        crossings = "voice.buffer.getChannelData(0).reduce((n, v, k, x) => n + (k > 0 && v >= 0 && x[k - 1] < 0), 0)"
        assert player.get(crossings) == pytest.approx(900 * LONG, rel=0.001)
    else:
        source = player.get("voice.audio.getAttribute('aria-label')")
        assert source == "Third"


def test_keys_choose_play_and_leave_typing_alone(visit: Open) -> None:
    player = visit()("Compared")
    keyboard = player.page.keyboard
    player.button("Play").focus()
    keyboard.press("2")
    player.sounds()
    assert player.get("current.label") == "Coded"
    keyboard.press("Escape")
    player.until("!p.playing && audible() === 0")
    keyboard.press("Space")  # on the play button itself: plays once, not twice
    player.sounds()
    player.page.locator("#typing").focus()
    keyboard.type("3 1")
    assert player.page.locator("#typing").input_value() == "3 1"
    assert (player.get("current.label"), player.get("playing")) == ("Coded", True)
    player.page.locator("#typing").evaluate("(node) => node.blur()")
    keyboard.press("3")  # keys go to the player last used; a missing sound has no number
    player.until("p.current.label === 'Third'")
    keyboard.press("Space")
    player.until("!p.playing")
    keyboard.press("4")
    assert player.get("current.label") == "Third"


def test_space_after_a_mouse_press_plays_and_after_tab_presses(visit: Open) -> None:
    player = visit()("Compared")
    player.button("Loop").click()
    player.page.keyboard.press("Space")
    player.sounds()
    assert player.get("loop") is True
    player.page.keyboard.press("Tab")
    player.page.keyboard.press("Shift+Tab")
    player.page.keyboard.press("Space")
    assert (player.get("loop"), player.get("playing")) == (False, True)


def test_everything_is_reached_by_tab(visit: Open) -> None:
    player = visit()("Series")
    player.figure.evaluate("(figure) => (figure.tabIndex = -1, figure.focus())")
    reached = []
    for _ in range(11):
        player.page.keyboard.press("Tab")
        reached.append(player.page.evaluate("document.activeElement.name || document.activeElement.className"))
    tools = ["toggle", "loop", "match", "blind", "abx", "sound-slider"]
    assert reached[: len(tools) + 4] == [*tools, "choose", "choose", "choose", "sound-seek"]


@both
def test_loop(visit: Open, served: bool) -> None:
    player = visit(served)("Short")
    player.button("Play").click()
    player.until("p.ticket === 2 && !p.playing && p.position === 0")  # begun and ended
    player.button("Loop").click()
    player.button("Play").click()
    player.sounds()
    player.page.wait_for_timeout(1000)
    assert player.get("playing") is True
    assert 0 <= player.get("position") <= 0.6
    player.button("Loop").click()
    player.until("!p.playing")


@both
def test_levels_of_their_own(visit: Open, served: bool) -> None:
    player = visit(served)("Compared")
    own = {
        name: float(player.figure.locator(f"[data-label={name}]").get_attribute("data-own"))
        for name in ("Coded", "Original")
    }
    assert own["Coded"] / own["Original"] == pytest.approx(0.1, rel=0.05)  # 20 dB, and what the ear makes of 500 Hz
    player.button("Loop").click()
    player.button("Coded").click()
    player.sounds()
    level = "voice.volume.gain.value" if served else "voice.audio.volume"
    player.until(f"p.{level} > 0.99")
    player.button("Same loudness").click()
    player.until(f"Math.abs(p.{level} - {own['Coded']}) < 0.001")
    player.button("Original").click()
    player.until(f"p.heard() === p.sound() && p.voice && Math.abs(p.{level} - {own['Original']}) < 0.001")


def test_blind_hides_and_shuffles(visit: Open) -> None:
    player = visit()("Compared")
    orders = set()
    for _ in range(6):
        player.button("Blind").click()
        text = player.figure.locator(".sound-rows").inner_text()
        assert not re.search("Original|Coded|Third|Gone|LUFS|made here", text)
        assert re.findall("Sound .", text) == ["Sound A", "Sound B", "Sound C"]
        assert player.figure.locator(".sound-rows img:visible").count() == 0
        assert set(
            player.figure.locator(".sound-rows [data-role]").evaluate_all("(n) => n.map((x) => x.dataset.role)")
        ) == {""}
        orders.add(tuple(player.get("order.map((track) => track.label)")))
        player.button("Sound B").click()
        player.until("p.voice")
        player.button("Blind").click()
        answer = player.figure.get_by_role("status").inner_text()
        told = re.findall(r"Sound (.) was (\w+)", answer)
        assert tuple(label for _, label in told) in orders
    assert len(orders) > 1
    assert player.figure.locator(".sound-choose b").all_inner_texts() == ["Original", "Coded", "Gone", "Third"]
    assert player.figure.locator(".sound-rows img:visible").count() == 3


@both
def test_abx_counts_answers(visit: Open, served: bool) -> None:
    player = visit(served)("Compared")
    player.button("ABX test").click()
    assert player.figure.locator(".sound-choose:visible").count() == 0
    for trial in range(6):
        player.button("X").first.click()
        player.until("p.voice")
        x = player.get("x")
        heard = "p.heard() === p.sound(p.pair[p.x])"
        player.until(heard)
        guess = 1 - x if trial == 2 else x
        player.button(f"X is {'AB'[guess]}").click()
        verdict = player.figure.get_by_role("status").inner_text()
        assert verdict.startswith("Wrong" if trial == 2 else "Right")
    score = player.figure.locator(".sound-score").inner_text()
    assert score.startswith("5 of 6 right")
    assert float(score.split("= ")[1]) == pytest.approx(binom.sf(4, 6, 0.5), rel=0.05)
    player.figure.locator("select").first.select_option("Third")
    assert player.figure.locator(".sound-score").inner_text() == "0 of 0 right"
    player.page.keyboard.press("Escape")
    player.button("Loop").focus()
    player.page.keyboard.press("1")
    player.sounds()
    assert player.get("heard().audio.ariaLabel") == "Third"


def test_abx_x_is_either(visit: Open) -> None:
    player = visit()("Compared")
    player.button("ABX test").click()
    draw = "({soundPlayer: p}) => Array.from({ length: 200 }, () => (p.hideX(0), p.x))"
    seen = player.figure.evaluate(draw)
    assert 60 < sum(seen) < 140  # 5.7 standard deviations


@both
def test_slider_changes_the_sounds_and_keeps_the_moment(visit: Open, served: bool) -> None:
    player = visit(served)("Series")
    assert player.figure.locator(".sound-choose").count() == 3
    player.button("Plain").click()
    player.sounds()
    picture = player.figure.locator(".sound-row", has_text="Plain").locator("img")
    before = picture.get_attribute("src")
    position = player.get("position")
    slider = player.figure.get_by_role("slider", name="iteration")
    slider.focus()
    player.page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "500"
    player.until("p.heard().audio.ariaLabel === 'Plain, iteration 500'")
    player.sounds()
    assert player.get("position") >= position
    assert picture.get_attribute("src") != before
    assert player.button("Bark").is_disabled()
    player.page.keyboard.press("End")
    assert player.get("step") == "750"
    assert player.button("Bark").is_enabled()


@both
def test_one_player_at_a_time(visit: Open, served: bool) -> None:
    find = visit(served)
    first, second = find("Compared"), find("Series")
    first.button("Play").click()
    first.sounds()
    second.button("Play").click()
    second.sounds()
    assert first.get("playing") is False
    page = first.page
    page.locator("#other").evaluate("(audio) => audio.play()")
    second.until("!p.playing && audible() === 1")
    first.button("Play").click()
    first.sounds()
    assert page.locator("#other").evaluate("(audio) => audio.paused") is True


def test_pictures_and_ruler_seek(visit: Open) -> None:
    player = visit()("Compared")
    plot = player.figure.locator(".sound-row", has_text="Third").locator(".sound-plot")
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] / 2, "y": 20})
    player.sounds()
    assert player.get("current.label") == "Third"
    assert LONG / 2 - 0.1 <= player.get("position") < LONG * 0.9
    player.page.keyboard.press("Space")
    player.until("!p.playing")
    ruler = player.figure.get_by_role("slider", name="Position")
    ruler.focus()
    player.page.keyboard.press("Home")
    assert player.get("position") == 0
    player.page.keyboard.press("ArrowRight")
    assert player.get("position") == pytest.approx(LONG / 40, abs=0.001)
    assert ruler.get_attribute("aria-valuetext") == "0.75 of 30.00 s"
    share = player.figure.locator(".sound-deck").evaluate("(deck) => deck.style.getPropertyValue('--at')")
    assert float(share) == pytest.approx(1 / 40, abs=0.001)


def test_a_player_that_comes_later_works(visit: Open) -> None:
    player = visit()("Compared")
    html = player.figure.evaluate("(figure) => figure.outerHTML")
    html = re.sub(r"<div class=\"sound-deck\".*(?=<p class=\"sound-note\")", "", html, flags=re.S)
    html = html.replace("Player: Compared", "Player: Late").replace('data-ready=""', "").replace(' hidden=""', "")
    # Its pictures moved into the first player; the controls are what makes a player.
    player.page.evaluate("(html) => document.body.insertAdjacentHTML('afterbegin', html)", html)
    late = Player(player.page, player.page.get_by_role("figure", name="Player: Late"))
    late.button("Play").click()
    late.sounds()
    late.figure.evaluate("(figure) => figure.remove()")
    player.page.wait_for_function("audible() === 0")


def test_native_controls_without_script(visit: Open) -> None:
    find = visit(java_script_enabled=False)
    compared, series = find("Compared").figure, find("Series").figure
    assert compared.locator("audio:visible").count() == 3
    assert compared.locator("audio").first.get_attribute("preload") == "none"
    assert "Fetch it with python." in compared.inner_text()
    assert series.get_by_role("columnheader").all_inner_texts() == ["iteration", "250", "500", "750"]
    assert series.get_by_role("row", name="Plain").locator("audio:visible").count() == 3
    assert series.get_by_role("row", name="Bark").locator("audio:visible").count() == 2


CONTRAST = """() => {
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const bright = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  const low = [];
  for (const node of document.querySelectorAll("figure *, table *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility({ visibilityProperty: true })) continue;
    const [a, b] = [bright(parse(getComputedStyle(node).color)), bright(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push([node.className, node.textContent.slice(0, 30), ratio]);
  }
  return low;
}"""


INKS = {"light": "rgb(31, 35, 40)", "dark": "rgb(230, 234, 239)"}


def ink_of_figures(page: Page) -> str:
    """The colour of text in a figure that is part of the page."""
    return page.locator("#inline text").evaluate("(text) => getComputedStyle(text).fill")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_modes_are_legible(visit: Open, dark: bool) -> None:
    player = visit()("Compared")
    page = player.page
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    player.button("Coded").click()
    page.get_by_text("Sources and processing").first.click()
    page.get_by_role("figure", name="Player: Series").get_by_role("button", name="ABX test").click()
    page.wait_for_timeout(200)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 24, 30)" if dark else "rgb(255, 255, 255)"
    )
    assert page.evaluate(CONTRAST) == []
    assert ink_of_figures(page) == INKS["dark" if dark else "light"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_switch_the_system_decides(visit: Open, scheme: str) -> None:
    page = visit(color_scheme=scheme)("Compared").page
    page.evaluate("() => { delete document.documentElement.dataset.theme; }")
    assert ink_of_figures(page) == INKS[scheme]
    page.evaluate("() => { document.body.dataset.jpThemeLight = 'true'; }")  # JupyterLab's own theme goes first
    assert ink_of_figures(page) == INKS["light"]
    panel = page.locator("img.figure-panel")  # as a notebook holds it, in the inks of light mode
    assert panel.is_visible()
    assert panel.evaluate("(image) => getComputedStyle(image).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("script", [True, False])
def test_phone_width(visit: Open, script: bool) -> None:
    page = visit(viewport={"width": 360, "height": 700}, java_script_enabled=script)("Compared").page
    width = page.locator("html").evaluate("(html) => html.scrollWidth") if script else 360
    assert width <= 360
    for figure in page.locator("figure").all():
        box = figure.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_calm_readers_get_fewer_moves(visit: Open) -> None:
    player = visit(reduced_motion="reduce")("Compared")
    player.button("Play").click()
    player.sounds()
    count = """(figure) => new Promise((done) => {
        const [deck, seen] = [figure.querySelector(".sound-deck"), new Set()];
        const watch = setInterval(() => seen.add(deck.style.getPropertyValue("--at")), 10);
        setTimeout(() => { clearInterval(watch); done(seen.size); }, 1000);
    })"""
    assert 2 <= player.figure.evaluate(count) <= 6


def test_script_is_small() -> None:
    assert (STATIC / "player.js").stat().st_size < 20_500
