"""A small page with listening tests of tones, and how a test of the browser takes part in them."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from built import BOOK, OpenPage
from playwright.sync_api import Locator, Page, expect

from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.listening_test import listening_test
from paper_code.listeners.design import ListeningTest, mushra, pairwise

RATE = 8_000
STATIC = BOOK / "_static"
FILES = ("player.js", "player.css", "listening_test.js", "listening_test.css")
VERSIONS = ("Original", "Amber", "Basalt", "Cedar", "Dune")
TRACKS = ("Piano", "Song", "Drums", "Speech", "Strings")
ROLES = {"Original": "reference", "Amber": "plain", "Cedar": "document", "Dune": "corrected"}
SECRETS = re.compile("|".join([*VERSIONS, *ROLES.values()]), re.I)
PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Listening</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="player.css"><link rel="stylesheet" href="listening_test.css">
<style>body {{ background: var(--look-ground); color: var(--look-ink); font: 16px/1.5 sans-serif }}</style>
<script src="player.js" defer></script><script src="listening_test.js" defer></script></head><body>{body}</body></html>"""
# Everything of a figure that a person or a screen reader can come across before the end.
EXPOSED = """(figure) => [figure.innerText, ...[...figure.querySelectorAll("*")].flatMap((node) =>
    [...node.attributes].map((attribute) => attribute.value))].join("\\n")"""


def clip(frequency: float, seconds: float, seed: int) -> Clip:
    """A tone in some noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 0.2 * np.sin(2 * np.pi * frequency * time) + 0.02 * np.random.default_rng(seed).standard_normal(len(time))
    return Clip(torch.tensor(wave, dtype=torch.float32), RATE, "tone")


def sounds(items: tuple[str, ...], versions: tuple[str, ...], seconds: float) -> dict[tuple[str, str], Clip]:
    return {
        (item, version): clip(200 + 100 * j, seconds, 10 * j + k)
        for j, item in enumerate(items)
        for k, version in enumerate(versions)
    }


def whole() -> ListeningTest:
    """Five tracks, five versions, 50 comparisons, as in the document; tones of 1.2 s."""
    return pairwise("Fifty", TRACKS, VERSIONS, sounds(TRACKS, VERSIONS, 1.2), hear_seconds=0.1)


def brief() -> ListeningTest:
    """Two tracks, three versions, six comparisons; long tones."""
    return pairwise("Six", TRACKS[:2], VERSIONS[:3], sounds(TRACKS[:2], VERSIONS[:3], 20), hear_seconds=0.3)


def rated() -> ListeningTest:
    """A MUSHRA test: three tracks, five versions with the hidden reference; tones of 1.2 s."""
    return mushra("Rated", TRACKS[:3], VERSIONS, "Original", sounds(TRACKS[:3], VERSIONS, 1.2), hear_seconds=0.1)


def write_page(path: Path) -> Path:
    """A page of three tests and a player, with what it needs, in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        first = listening_test(whole(), sounds(TRACKS, VERSIONS, 1.2), "Which is *better*?", ROLES)
        second = listening_test(brief(), sounds(TRACKS[:2], VERSIONS[:3], 20))
        third = listening_test(rated(), sounds(TRACKS[:3], VERSIONS, 1.2), roles=ROLES)
        player = players.compare({"Low": clip(200, 20, 1), "High": clip(800, 20, 2)}, "Player", spectrograms=False)
    (path / "index.html").write_text(
        PAGE.format(body=first.html + second.html + third.html + player.html), encoding="utf-8"
    )
    for name in FILES:
        shutil.copy(STATIC / name, path)
    return path


@dataclass
class Form:
    """One test of the page, as a listener meets it."""

    page: Page
    figure: Locator

    def button(self, name: str) -> Locator:
        """A button by the beginning of its label or text, the sign of its key left aside."""
        return self.figure.get_by_role("button", name=re.compile(f"^{name}"))

    def get(self, expression: str) -> object:
        """A value of the test's state."""
        return self.figure.evaluate(f"(figure) => figure.listeningTest.{expression}")

    def start(self, name: str = "Kim", practise: bool = False) -> None:
        """Begin a test. practise: stay at the practice of a MUSHRA test, which is passed over else."""
        self.figure.get_by_label("A nickname").fill(name)
        self.button("Start").click()
        if not practise and self.get("practising"):
            self.get("state.practised = true")
            self.get("save()")

    def hear(self, *names: str) -> None:
        """Play sounds until they count as heard."""
        for name in names:
            self.button(f"Play {name}").click()
            expect(self.figure.get_by_role("button", name=re.compile(f"{name}, heard"))).to_be_visible()

    def listen(self) -> None:
        """Play A and B until answers are open."""
        self.hear(*"AB")
        expect(self.figure.locator("[name=answer]").first).to_have_attribute("aria-disabled", "false")

    def slider(self, letter: str) -> Locator:
        """Where a version is rated."""
        return self.figure.get_by_role("slider", name=f"Rating of {letter}")

    def title(self) -> str:
        return self.figure.locator(".listening-title").inner_text()

    def status(self) -> str:
        return self.figure.get_by_role("status").inner_text()

    def download(self, path: Path) -> Path:
        """The file of the answers."""
        with self.page.expect_download() as found:
            self.button("Download").click()
        target = path / found.value.suggested_filename
        found.value.save_as(target)
        return target


def choose(form: Form) -> None:
    """Answer by a rule that wins, loses and ties: by what the page holds inside, since nothing on it tells."""
    item, shown = form.get("trial.item"), form.get("trial.shown")
    if set(shown) == {"Original", "Cedar"} and item in ("Song", "Drums"):
        form.figure.get_by_role("button", name="I don’t know").click()
    else:
        better = "Cedar" if "Cedar" in shown else min(shown, key=VERSIONS.index)
        form.button(f"{'AB'[shown.index(better)]} is better").click()


def shown_counts(form: Form, which: int) -> dict[str, tuple[int, int]]:
    """Name -> (count, out of) of the bars on the last page."""
    lines = form.figure.locator(".listening-bars").nth(which).locator("li").all()
    found = {}
    for line in lines:
        won, of = re.findall(r"\d+", line.locator(".listening-count").inner_text())
        found[line.locator("span").first.inner_text()] = (int(won), int(of))
    return found


Open = Callable[..., Callable[[str], Form]]


def forms(open_page: OpenPage) -> Open:
    """Opens the page and gives its tests by name."""

    def opener(*arguments: object, **settings: object) -> Callable[[str], Form]:
        page = open_page(*arguments, **{"viewport": {"width": 900, "height": 900}} | settings)
        return lambda name: Form(page, page.get_by_role("figure", name=f"Listening test: {name}"))

    return opener
