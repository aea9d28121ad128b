"""Regions of a sound: the samples and the map that the page's script is given, and what is said of them."""

import base64
import io
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from paper_code.audio.clips import AudioError, Clip
from paper_code.display.loudness import measure
from paper_code.display.players import Missing
from paper_code.display.region_player import MOST_BYTES, ActivationMap, region_player

RATE = 16000


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def clip(seconds=1.0, noise=0.0):
    time = torch.arange(int(seconds * RATE)) / RATE
    random = torch.Generator().manual_seed(0)
    wave = 0.2 * torch.sin(2 * torch.pi * 440 * time) + noise * torch.randn(len(time), generator=random)
    return Clip(wave.float(), RATE, "A tone", licence="CC0 1.0")


def content(shown):
    return json.loads(unescape(re.search(r'data-content="([^"]*)"', shown.html)[1]))


def samples(shown):
    wave, rate = soundfile.read(io.BytesIO(base64.b64decode(content(shown)["sound"])))
    assert rate == RATE
    return wave


def test_the_samples_are_those_of_the_players_at_their_loudness():
    shown = region_player(clip(), "T", "Listen.")
    wave = samples(shown)
    (stored,) = Path("sounds").glob("*.flac")
    assert wave == pytest.approx(soundfile.read(stored)[0], abs=1e-7)
    assert measure(torch.from_numpy(wave).float(), RATE).lufs == pytest.approx(-23, abs=0.1)
    assert "−23.0 LUFS" in shown.html
    assert "16 bits" in shown.html
    assert "CC0 1.0" in shown.html


def test_a_noisy_sound_is_rounded_until_it_fits():
    shown = region_player(clip(3.0, 0.02), "T", "Listen.")
    assert len(base64.b64decode(content(shown)["sound"])) <= MOST_BYTES
    bits = int(re.search(r"(\d+) bits a sample", shown.html)[1])
    (stored,) = Path("sounds").glob("*.flac")
    error = samples(shown) - soundfile.read(stored)[0]
    assert 8 <= bits < 16
    expected = 20 * np.log10(2.0 ** (1 - bits) / np.sqrt(12))
    assert 20 * np.log10(error.std()) == pytest.approx(expected, abs=0.5)
    assert f"−{-expected:.0f} dB re full scale" in shown.html


def test_what_does_not_fit_at_all_is_refused():
    with pytest.raises(AudioError, match="too long for a page"):
        region_player(clip(20.0, 0.05), "T", "Listen.")


def test_the_map_comes_back_within_a_step():
    values = np.array([[0.0, 3.0], [-1.5, 0.1]])
    found = content(region_player(clip(), "T", "Listen.", ActivationMap(values, 0.9, 7000.0, "A", "B")))["map"]
    cells = np.frombuffer(base64.b64decode(found["cells"]), np.int8).reshape(2, 2)
    assert cells * found["limit"] / 127 == pytest.approx(values, abs=found["limit"] / 254)
    assert (found["seconds"], found["hertz"], found["high"], found["low"]) == (0.9, 7000.0, "A", "B")


@pytest.mark.parametrize("region", [(0.5, 0.4, 0, 100), (0, 1.2, 0, 100), (0, 1, 300, 300), (0, 1, 0, 9000)])
def test_a_region_outside_of_the_clip_is_refused(region):
    with pytest.raises(ValueError, match=r"wanted a region within 1\.00 s and 8000 Hz"):
        region_player(clip(), "T", "Listen.", first=region)


def test_a_map_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"finite values .* found \[2\]"):
        ActivationMap(np.zeros(2), 1.0, 8000.0, "A", "B")
    with pytest.raises(ValueError, match="finite values"):
        ActivationMap(np.full((2, 2), np.nan), 1.0, 8000.0, "A", "B")


def test_a_recording_that_is_not_here_is_told():
    shown = region_player(Missing("A cello", "Fetch it."), "T", "Listen.")
    assert "Fetch it." in shown.html
    assert "data-content" not in shown.html


def test_silence_has_no_loudness():
    shown = region_player(Clip(torch.zeros(RATE), RATE, "Nothing"), "T", "Listen.")
    assert "Silence." in shown.html
    assert samples(shown) == pytest.approx(np.zeros(RATE))
