"""The page of the reader's JND test: what the script gets, what the page gives away (nothing), what it refuses."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from bs4 import BeautifulSoup, Tag
from jnd_tones import NAMES, RATE, STRENGTHS, block, tone, tones

from paper_code.audio.clips import AudioError
from paper_code.display.jnd_test import JNDTest, jnd_test
from paper_code.display.sound_blocks import Missing
from paper_code.listeners.jnd import grid


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cells run in the folder of their notebook."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(test: JNDTest) -> Tag:
    return BeautifulSoup(jnd_test(test, "Tones", "What is *heard*?")._repr_html_(), "html.parser").figure


def test_the_script_gets_the_grid_of_the_analysis_and_finds_every_sound() -> None:
    figure = parsed(tones())
    content = json.loads(figure["data-jnd"])
    assert content["grid"]["thresholds"] == grid.THRESHOLDS.tolist() == [k / 2 for k in range(201)]
    assert content["grid"]["spreads"] == grid.SPREADS.tolist()
    assert (content["questions"], content["sentinels"], content["id"]) == (10, [0, 100], tones().id)
    files = [audio["src"] for audio in figure.find_all("audio")]
    for number, given in enumerate(content["blocks"]):
        for strength, place in zip(given["strengths"], given["sounds"], strict=True):
            samples, rate = soundfile.read(files[place])
            peak = np.argmax(np.abs(np.fft.rfft(samples, 8 * RATE))) / 8
            assert (rate, len(samples)) == (RATE, 480)
            assert peak == pytest.approx(300 + 300 * number + 2 * strength, abs=3)


def test_neither_names_nor_order_of_the_files_tell_a_strength() -> None:
    figure = parsed(tones())
    del figure["data-jnd"]
    assert not re.search("|".join([*NAMES, "Hz", "strength"]), str(figure), re.I)
    audios = figure.find_all("audio")
    assert [audio["aria-label"] for audio in audios] == [f"Sound {k}" for k in range(1, 3 * len(STRENGTHS) + 4)]
    assert all(re.fullmatch(r"sounds/[0-9a-f]{16}\.flac", audio["src"]) for audio in audios)
    assert [audio["src"] for audio in audios] == sorted(audio["src"] for audio in audios)
    assert [line.get_text() for line in figure.find_all("dd")] == ["A. Speaker, CC BY 4.0"]


def test_sounds_that_are_equal_are_one_file(here: Path) -> None:
    """A codec may do the same at two strengths; the page must not grow with it."""
    same = dataclasses.replace(block(0), clips=(tone(400),) * len(STRENGTHS))
    parsed(dataclasses.replace(tones(), blocks=(same, block(1), block(2))))
    assert len(list((here / "sounds").iterdir())) == 2 * len(STRENGTHS) + 1 + 3


@pytest.mark.parametrize(
    "change",
    [
        {"volume": tone(150), "name": "Other"},
        {"blocks": (block(0), block(1), dataclasses.replace(block(2), whose="others", amounts=("",) * 21))},
    ],
)
def test_the_mark_does_not_depend_on_words(change: dict[str, object]) -> None:
    assert dataclasses.replace(tones(), **change).id == tones().id


@pytest.mark.parametrize("what", ["sound", "reference", "taught", "beeps", "order"])
def test_the_mark_changes_with_every_question_and_sound(what: str) -> None:
    first, second, third = tones().blocks
    other = {
        "sound": {"blocks": (dataclasses.replace(first, clips=(*first.clips[:-1], tone(999))), second, third)},
        "reference": {"blocks": (dataclasses.replace(first, reference=(1.0,)), second, third)},
        "taught": {"taught": tones().taught[:1]},
        "beeps": {"beeps": {3: tone(1), 4: tone(2)}},
        "order": {"blocks": (second, first, third)},
    }[what]
    assert dataclasses.replace(tones(), **other).id != tones().id


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"strengths": STRENGTHS[1:]}, "a sound and an amount for each"),
        ({"strengths": STRENGTHS[::-1]}, "rising strengths"),
        ({"strengths": (0.3, *STRENGTHS[1:])}, "multiples of 0.5"),
        ({"strengths": (*STRENGTHS[:-1], 99.0)}, "from 0 to 100"),
        ({"thresholds": np.array([1.0, np.nan])}, "all finite"),
    ],
)
def test_a_block_that_cannot_be_asked_is_refused(change: dict[str, object], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        dataclasses.replace(block(0), **change)


def test_two_blocks_of_one_perturbation_are_refused() -> None:
    with pytest.raises(ValueError, match="3 blocks of different perturbations"):
        dataclasses.replace(tones(), blocks=(block(0), block(1), block(1)))


def test_a_longer_or_silent_version_is_refused() -> None:
    """It could be told without hearing the difference."""
    for sound, wanted in ((tone(400, 0.07), "equally long"), (tone(0), "is silent")):
        changed = dataclasses.replace(block(0), clips=(*block(0).clips[:-1], sound))
        with pytest.raises(AudioError, match=wanted):
            jnd_test(dataclasses.replace(tones(), blocks=(changed, block(1), block(2))), "Tones")


def test_without_recordings_the_page_says_how_to_get_them(here: Path) -> None:
    shown = jnd_test([Missing("x", "Run `fetch speech`."), Missing("x", "Run `fetch lists`.")], "Tones")
    figure = BeautifulSoup(shown.html, "html.parser").figure
    assert not figure.has_attr("data-jnd")
    assert [code.get_text() for code in figure.find_all("code")] == ["fetch speech", "fetch lists"]
    assert not (here / "sounds").exists()
