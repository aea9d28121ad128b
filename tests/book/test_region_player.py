"""Regions of a sound in a browser: what is heard of it, how a region is marked, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from built import OpenPage, write_small_page
from playwright.sync_api import Page, expect

from paper_code.audio.clips import Clip
from paper_code.display.region_player import ActivationMap, region_player

RATE = 16000
TONES = (500.0, 1460.0, 1540.0, 3000.0)
REGION = (0.4, 1.0, 1000.0, 1500.0)  # two tones lie 40 Hz inside and outside of its upper end
MAP = ActivationMap(np.outer([1.0, -2.0], [1.0, 1.0, 1.0, 1.0]), 1.5, 8000.0, "this", "that")
DECIBELS = 0.1  # of a level that stays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two players of four tones, the first with a map; sounds and pictures beside it."""
    path = tmp_path_factory.mktemp("regions")
    time = torch.arange(int(1.5 * RATE)) / RATE
    sound = sum(0.1 * torch.sin(2 * torch.pi * hertz * time) for hertz in TONES).float()
    clip = Clip(sound, RATE, "Four tones", synthetic=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        first = region_player(clip, "With a map", "Listen.", MAP, REGION)
        second = region_player(clip, "Without", "Listen.", None, REGION)
    write_small_page(path, first.html + second.html, "region_player")
    return path


def heard(page: Page, name: str) -> np.ndarray:
    """The samples of "region", "rest" or "whole" of the first player."""
    script = "name => document.querySelector('figure').regionPlayer.part(name).then(samples => Array.from(samples))"
    return np.array(page.evaluate(script, name))


def levels(samples: np.ndarray) -> list[float]:
    """Amplitudes of the tones in dB, in the half second from 0.45 to 0.95 s."""
    part = samples[round(0.45 * RATE) : round(0.95 * RATE)]
    time = np.arange(len(part)) / RATE
    window = np.hanning(len(part))
    lines = [np.abs((part * window * np.exp(-2j * np.pi * hertz * time)).sum()) / window.sum() for hertz in TONES]
    return list(20 * np.log10(2 * np.array(lines) + 1e-12))


def test_a_region_holds_its_band_and_its_time_alone(open_page: OpenPage) -> None:
    page = open_page()
    whole, region = levels(heard(page, "whole")), levels(heard(page, "region"))
    assert region[1] == pytest.approx(whole[1], abs=DECIBELS)
    assert [whole[k] - region[k] > 70 for k in (0, 2, 3)] == [True] * 3
    samples = heard(page, "region")
    assert np.abs(samples[: round(0.4 * RATE)]).max() == 0
    assert np.abs(samples[round(1.0 * RATE) + 1 :]).max() == 0


def test_region_and_rest_are_the_whole(open_page: OpenPage) -> None:
    page = open_page()
    whole, region, rest = (heard(page, name) for name in ("whole", "region", "rest"))
    assert region + rest == pytest.approx(whole, abs=1e-6)
    kept, lost = levels(rest), levels(whole)
    assert [lost[k] - kept[k] > 70 for k in range(4)] == [False, True, False, False]
    assert np.abs(whole).max() < 1
    assert np.abs(whole).max() > 0.1


def test_the_whole_region_is_the_whole(open_page: OpenPage) -> None:
    """A region from edge to edge has no fades and no filter."""
    page = open_page()
    page.evaluate("document.querySelector('figure').regionPlayer.mark(0, 1.5, 0, 8000)")
    assert heard(page, "region") == pytest.approx(heard(page, "whole"), abs=1e-6)


def test_a_drag_marks_a_region_and_plays_it(open_page: OpenPage) -> None:
    page = open_page()
    plot = page.locator(".sound-plot").first
    frame = plot.bounding_box()
    button = page.get_by_role("button", name="Only the region").first
    page.mouse.move(frame["x"] + 0.2 * frame["width"], frame["y"] + 0.25 * frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.4 * frame["width"], frame["y"] + 0.5 * frame["height"], steps=3)
    page.mouse.up()
    expect(page.locator("output").first).to_contain_text("0.30 to 0.60 s, 4000 to 6000 Hz.")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".region-now").first).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "false")  # at its end
    expect(page.locator("output").nth(1)).to_contain_text("0.40 to 1.00 s")  # the other one stays


def test_a_click_marks_a_region_around_it_within_the_clip(open_page: OpenPage) -> None:
    page = open_page()
    frame = page.locator(".sound-plot").first.bounding_box()
    page.mouse.click(frame["x"] + 0.5 * frame["width"], frame["y"] + 0.5 * frame["height"])
    expect(page.locator("output").first).to_contain_text("0.60 to 0.90 s, 3700 to 4300 Hz.")
    page.mouse.click(frame["x"] + 1, frame["y"] + frame["height"] - 1)
    region = page.evaluate("document.querySelector('figure').regionPlayer.region")
    assert region[0] == region[2] == 0
    assert region[1] == pytest.approx(0.15, abs=0.01)


def test_a_finger_marks_a_region(open_page: OpenPage) -> None:
    page = open_page(has_touch=True, viewport={"width": 360, "height": 740})
    frame = page.locator(".sound-plot").first.bounding_box()
    page.touchscreen.tap(frame["x"] + 0.5 * frame["width"], frame["y"] + 0.5 * frame["height"])
    expect(page.locator("output").first).to_contain_text("0.60 to 0.90 s, 3700 to 4300 Hz.")


def test_keys_move_the_ends_of_a_region(open_page: OpenPage) -> None:
    page = open_page()
    start = page.get_by_role("slider", name="Start").first
    start.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("output").first).to_contain_text("0.42 to 1.00 s, 1000 to 1500 Hz.")
    assert start.get_attribute("aria-valuetext") == "0.42 seconds"
    page.keyboard.press("End")  # as far as the end of the region lets it
    expect(page.locator("output").first).to_contain_text("0.95 to 1.00 s")
    highest = page.get_by_role("slider", name="Highest").first
    highest.focus()
    page.keyboard.press("PageUp")
    expect(page.locator("output").first).to_contain_text("1000 to 1700 Hz")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Everything but it").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Everything but it").first).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="The whole").nth(1).click()  # one sounds at a time
    expect(page.get_by_role("button", name="Everything but it").first).to_have_attribute("aria-pressed", "false")


def test_what_is_played_is_what_is_shown(open_page: OpenPage) -> None:
    """The newest region sounds, not one that was still being computed when it was marked."""
    listen = """const node = AudioBufferSourceNode.prototype, start = node.start; window.started = [];
    node.start = function (...times) { started.push(times); return start.apply(this, times); };"""
    page = open_page(script=listen)
    page.evaluate(
        """() => { const player = document.querySelector("figure").regionPlayer;
        player.play("region"); player.mark(0.1, 0.35, 0, 900); player.play("region"); }"""
    )
    page.wait_for_function("started.length > 0")
    page.wait_for_timeout(200)
    ((delay, start, seconds),) = page.evaluate("started")
    assert (delay, start, seconds) == (0, pytest.approx(0.1), pytest.approx(0.25))


def test_the_map_lies_over_the_spectrogram_on_demand(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator(".region-map")).to_be_hidden()
    page.get_by_role("checkbox", name="Activation map").check()
    expect(page.locator(".region-map")).to_be_visible()
    told = "Mean of the map here: 1.0 for this; over the whole: 0.50 for that."
    page.evaluate("document.querySelector('figure').regionPlayer.mark(0, 0.6, 0, 2500)")
    expect(page.locator("output").first).to_contain_text(told)
    assert page.get_by_role("checkbox").count() == 1  # the second player has no map


def test_without_a_script_picture_and_sound_are_there(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("figure audio[controls]").count() == 2
    assert page.locator("figure img").first.evaluate("image => image.complete && image.naturalWidth > 0")
    live = open_page()
    assert live.locator("audio").count() == 0
    assert live.evaluate("new Set([...document.querySelectorAll('[id]')].map(node => node.id)).size") == 8


def test_it_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
