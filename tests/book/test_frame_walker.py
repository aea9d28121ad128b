"""The frame walker in a browser: its slider moves the curves, by mouse and keys, and says what it shows."""

from pathlib import Path

import numpy as np
import pytest
from built import OpenPage, write_small_page
from playwright.sync_api import Page, expect

from paper_code.display.frame_walker import frame_walker

FRAMES, LINES = 5, 65


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a walker of two conditions: in frame k, k tenths of the lines of the first are over the threshold."""
    path = tmp_path_factory.mktemp("walker")
    threshold = np.full((FRAMES, LINES), 30.0)
    rising = np.stack([np.where(np.arange(LINES) < 0.1 * k * LINES, 50.0, 0.0) for k in range(FRAMES)])
    noise = {"first": rising, "second": threshold + 10}
    shown = frame_walker(
        noise, threshold, threshold + 20, [0.1 * k for k in range(FRAMES)], 8000.0, 2, "A title", "Look.",
        {"first": "plain", "second": "document"},
    )  # fmt: skip
    write_small_page(path, shown.html, "frame_walker")
    return path


def curve(page: Page, panel: int, kind: str) -> str:
    """The path of a curve."""
    return page.locator(".frame-panel").nth(panel).locator(f".frame-{kind}").get_attribute("d") or ""


def test_the_slider_moves_the_frames(open_page: OpenPage) -> None:
    page = open_page()
    slider = page.get_by_role("slider", name="Frame")
    expect(page.locator("output")).to_have_text("3 of 5, at 0.20 s")
    expect(page.locator(".frame-name").first).to_have_text("first 20 % above")
    before, threshold = curve(page, 0, "noise"), curve(page, 0, "threshold")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("output")).to_have_text("4 of 5, at 0.30 s")
    assert curve(page, 0, "noise") != before
    assert curve(page, 0, "threshold") == threshold
    page.keyboard.press("Home")
    expect(page.locator(".frame-name").first).to_have_text("first 0 % above")
    expect(page.locator(".frame-name").nth(1)).to_have_text("second 100 % above")
    told = slider.get_attribute("aria-valuetext")
    assert told == "1 of 5, at 0.00 seconds; noise above the threshold: first 0 %, second 100 %"


def test_curves_stand_where_their_levels_are(open_page: OpenPage) -> None:
    """30 dB of -20 to 100 is 7/12 down the panel, 40 dB half."""
    page = open_page()
    height = [float(point.split(",")[1]) for point in curve(page, 1, "threshold")[1:].split("L")]
    noise = [float(point.split(",")[1]) for point in curve(page, 1, "noise")[1:].split("L")]
    assert height == pytest.approx([6 + 140 * 7 / 12] * LINES, abs=0.8)
    assert noise == pytest.approx([6 + 140 * 0.5] * LINES, abs=0.8)


def test_nothing_is_left_of_the_text_for_pages_without_script(open_page: OpenPage) -> None:
    page = open_page()
    assert page.locator(".frame-static").count() == 0
    without = open_page(java_script_enabled=False)
    assert "20 %, second 100 %" in without.locator(".frame-static").inner_text()


def test_it_fits_a_phone_and_takes_the_colours_of_its_roles(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    colour = "getComputedStyle(document.querySelectorAll('.frame-noise')[0]).stroke"
    assert page.evaluate(colour) == "rgb(86, 180, 233)"  # the plain role on dark ground
    size = "document.querySelector('.frame-panel text').getBoundingClientRect().height"
    assert page.evaluate(size) >= 12
