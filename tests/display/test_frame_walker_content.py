"""The frames one can walk through: what the page's script is given, and what is said without it."""

import json
import re
from html import unescape

import numpy as np
import pytest

from paper_code.display.frame_walker import HIGHEST, LOWEST, frame_walker, share_above

THRESHOLD = np.array([[10.0, 20.0, 30.0], [0.0, 0.4, 200.0]])
NOISE = {"quiet": THRESHOLD - 5, "loud": THRESHOLD + np.array([1.0, -1.0, 1.0])}


def made(**changes):
    given = {
        "noise": NOISE, "threshold": THRESHOLD, "spectrum": THRESHOLD + 20, "seconds": [0.5, 0.516], "top": 8000.0,
        "first": 1, "title": "Frames", "caption": "Look.", "roles": {"loud": "plain"},
    }  # fmt: skip
    return frame_walker(**{**given, **changes})


def content(shown):
    return json.loads(unescape(re.search(r'data-frames="([^"]*)"', shown.html)[1]))


def levels(found, frames):
    """What the page's script makes of a text."""
    step = (found["high"] - found["low"]) / (len(found["alphabet"]) - 1)
    return [[found["low"] + step * found["alphabet"].index(letter) for letter in text] for text in frames]


def test_levels_come_back_within_a_step_and_within_the_scale():
    found = content(made())
    assert levels(found, found["threshold"])[0] == pytest.approx([10, 20, 30], abs=0.7)
    assert levels(found, found["threshold"])[1] == pytest.approx([0, 0.4, HIGHEST], abs=0.7)
    assert [panel["name"] for panel in found["panels"]] == ["quiet", "loud"]
    assert [panel["role"] for panel in found["panels"]] == ["reference", "plain"]
    assert levels(found, found["panels"][0]["noise"])[1][:2] == pytest.approx([-5, -4.6], abs=0.7)
    assert [panel["above"] for panel in found["panels"]] == [[0, 0], [67, 67]]
    assert (found["first"], found["seconds"], found["top"]) == (1, [0.5, 0.516], 8000.0)
    deep = content(made(noise={"a": np.full((2, 3), -300.0)}, roles={}))
    assert levels(deep, deep["panels"][0]["noise"]) == [[LOWEST] * 3] * 2


def test_a_level_is_one_character_of_the_page():
    every = np.linspace(LOWEST, HIGHEST, 400)[None]
    shown = made(noise={"a": every}, threshold=every, spectrum=every, seconds=[0.5], first=0, roles={})
    (text,) = content(shown)["threshold"]
    assert len(set(text)) == len(content(shown)["alphabet"]) > 80
    assert len(text) == 400
    assert text in shown.html


def test_without_a_script_the_numbers_of_one_frame_are_told():
    assert "at 0.52 s: quiet 0 %, loud 67 %" in made().html
    assert share_above(NOISE["loud"][0], THRESHOLD[0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": {}}, "at least one condition"),
        ({"noise": {"a": THRESHOLD[:1]}}, r"a: wanted finite levels \[2, 3\], found \[1, 3\]"),
        ({"spectrum": np.full((2, 3), np.nan)}, "spectrum: wanted finite"),
        ({"seconds": [0.5]}, "2 frames have 1 places"),
        ({"first": 2}, "frame 2 is to be shown"),
        ({"roles": {"other": "plain"}}, r"roles are given for \['other'\]"),
        ({"roles": {"loud": "purple"}}, "role"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        made(**changes)


def test_a_title_cannot_break_the_page():
    shown = made(title="<b>&", noise={'"<i>': THRESHOLD}, roles={})
    assert "<b>&amp;" not in shown.html.replace("<b>&lt;b&gt;&amp;.</b>", "")
    assert content(shown)["panels"][0]["name"] == '"<i>'
