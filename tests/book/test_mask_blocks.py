"""The mask of blocks in a browser: what it paints, smooths and tells, by mouse and keys, twice on a page."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from built import OpenPage, write_small_page
from PIL import Image
from playwright.sync_api import Page, expect

from paper_code.display.mask_blocks import LIMIT, STEP, BlockClip, MaskBlocks, mask_blocks

GRID = (2, 3, 2, 2)
FIRST = (1, 1, 1, 1)


def settings() -> MaskBlocks:
    """Two clips, 24 settings, small masks whose gains are drawn by chance."""
    random = np.random.default_rng(0)
    clips = tuple(
        BlockClip(
            title,
            random.integers(-30, 31, (*GRID, 9)).astype(np.int8),
            0.9,
            *(np.round(random.random(GRID), 3) for _ in range(2)),
        )
        for title in ("First", "Second")
    )
    return MaskBlocks(
        random.random((9, 2)), (4, 9), (3, 8, 20), (5, 9), (1.0, 3.0), clips, 33, 40, 5, 8000.0, 0.39, ("A", "B")
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the figure twice."""
    path = tmp_path_factory.mktemp("masks")
    figure = mask_blocks(settings(), "A title", "Look.", FIRST)
    write_small_page(path, figure.html * 2, "mask_blocks")
    return path


def pixels(page: Page, figure: int = 0) -> np.ndarray:
    """Colours [bin, frame, 3] of a canvas, the lowest bin first."""
    address = page.locator("canvas").nth(figure).evaluate("canvas => canvas.toDataURL()")
    image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    return np.array(image.convert("RGB"), np.float64)[::-1]


def colours(page: Page, mask: np.ndarray) -> np.ndarray:
    """What a mask looks like with the colours that the page has been given."""
    read = "() => JSON.parse(document.querySelector('figure').dataset.content).colours"
    stops = np.array(page.evaluate(read), np.float64)
    share = ((mask / LIMIT + 1) / 2).clip(0, 1) * (len(stops) - 1)
    return np.stack([np.interp(share, np.arange(len(stops)), stops[:, part]) for part in range(3)], -1)


def roughness(mask: np.ndarray) -> float:
    return (np.abs(np.diff(mask, axis=0)).mean() + np.abs(np.diff(mask, axis=1)).mean()) / 2


def test_it_paints_and_smooths_what_python_does(open_page: OpenPage) -> None:
    page, made = open_page(), settings()
    raw = made.mask(0, FIRST)
    assert pixels(page) == pytest.approx(colours(page, made.smooth(raw)), abs=1.01)
    page.get_by_role("checkbox", name="Smoothed").first.uncheck()
    assert pixels(page) == pytest.approx(colours(page, raw), abs=1.01)
    assert np.abs(colours(page, raw) - colours(page, made.smooth(raw))).max() > 50  # the two differ


def test_every_slider_and_the_choice_of_a_clip_lead_to_their_mask(open_page: OpenPage) -> None:
    """Where the gains of a setting lie: as Python has packed them, not shifted by one."""
    page, made = open_page(), settings()
    page.get_by_role("checkbox", name="Smoothed").first.uncheck()
    page.get_by_label("Clip").first.select_option("Second")
    for name, key in (("Height", "Home"), ("Width", "End"), ("Number", "Home"), ("First gain", "Home")):
        page.get_by_role("slider", name=name).first.focus()
        page.keyboard.press(key)
    setting = (0, 2, 0, 0)
    mask = made.mask(1, setting)
    assert pixels(page) == pytest.approx(colours(page, mask), abs=1.01)
    told = (
        f"Score 0.90 before, {made.clips[1].raw[setting]:.2f} with this mask (0: A, 1: B). "
        f"Size {np.sqrt((mask**2).mean()):.1f} dB, roughness {roughness(mask):.2f} dB."
    )
    expect(page.locator("output").first).to_have_text(told)


def test_the_text_follows_the_smoothing(open_page: OpenPage) -> None:
    page, made = open_page(), settings()
    mask = made.smooth(made.mask(0, FIRST))
    expect(page.locator("output").first).to_contain_text(f"{made.clips[0].smoothed[FIRST]:.2f} with this mask")
    expect(page.locator("output").first).to_contain_text(f"roughness {roughness(mask):.2f} dB")
    page.get_by_role("checkbox", name="Smoothed").first.uncheck()
    expect(page.locator("output").first).to_contain_text(f"{made.clips[0].raw[FIRST]:.2f} with this mask")


def test_controls_say_what_they_are(open_page: OpenPage) -> None:
    page = open_page()
    height = page.get_by_role("slider", name="Height").first
    assert height.get_attribute("aria-valuetext") == "9 bins, 2250 Hz"
    assert page.get_by_role("slider", name="Width").first.get_attribute("aria-valuetext") == "8 frames, 0.08 s"
    assert page.locator("canvas").first.get_attribute("aria-label") == (
        "Smoothed mask of First: 9 blocks of 9 bins and 8 frames."
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids)) == 12


def test_two_on_a_page_do_not_disturb_each_other(open_page: OpenPage) -> None:
    page = open_page()
    before = pixels(page, 1)
    page.get_by_role("slider", name="Height").first.focus()
    page.keyboard.press("Home")
    assert pixels(page, 1) == pytest.approx(before)
    assert np.abs(pixels(page, 0) - before).max() > 50


def test_without_a_script_there_is_a_picture_with_its_numbers(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("img").first.evaluate("image => image.naturalWidth") == 40
    assert "need a script" in page.locator(".mask-static").first.inner_text()
    assert open_page().locator(".mask-static, img").count() == 0


def test_it_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("input[type=range]").first.bounding_box()["width"] > 60


def test_gains_are_a_byte_each() -> None:
    assert STEP * np.array([-127, 127]) == pytest.approx([-31.75, 31.75])
