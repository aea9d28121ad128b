"""The page of a listening test: its files, what it gives away (nothing), and what it refuses."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from bs4 import BeautifulSoup, Tag

from paper_code.audio.clips import AudioError, Clip
from paper_code.display import listening_test as page
from paper_code.display.listening_test import listening_test
from paper_code.display.loudness import measure
from paper_code.display.sound_blocks import Missing
from paper_code.listeners.design import GRADES, DesignError, ListeningTest, mushra, pairwise
from paper_code.listeners.ratings import OWN

RATE = 8_000
ITEMS, VERSIONS = ("Piano", "Song"), ("Original", "Amber", "Basalt")
TEST = pairwise("Three versions", ITEMS, VERSIONS)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cells run in the folder of their notebook."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tone(frequency: float, amplitude: float = 0.2, seconds: float = 0.6, **about: str) -> Clip:
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return Clip(torch.tensor(wave, dtype=torch.float32), RATE, **{"title": "tone"} | about)


def sounds(**changes: Clip | Missing) -> dict[tuple[str, str], Clip | Missing]:
    """Six tones of six levels; changes: version -> sound of the first item."""
    made = {
        (item, version): tone(
            300 + 100 * k, 0.02 * (k + 1), title=version, licence="CC BY 4.0", attribution="A. Singer"
        )
        for k, (item, version) in enumerate((item, version) for item in ITEMS for version in VERSIONS)
    }
    return made | {(ITEMS[0], version): sound for version, sound in changes.items()}


def parsed(shown: page.ListeningPage) -> Tag:
    return BeautifulSoup(shown._repr_html_(), "html.parser").figure


def test_the_script_gets_the_test_and_finds_its_sounds() -> None:
    figure = parsed(listening_test(TEST, sounds(), "Which is *better*?", {"Original": "reference"}))
    assert figure["aria-label"] == "Listening test: Three versions"
    content = json.loads(figure["data-test"])
    assert {name: content[name] for name in ("id", "name", "kind", "hear", "roles")} == {
        "id": TEST.id, "name": TEST.name, "kind": "pair", "hear": 1.0, "roles": ["reference", "", ""],
    }  # fmt: skip
    assert [(ITEMS[i], tuple(VERSIONS[k] for k in names)) for i, names in content["trials"]] == [
        (trial.item, trial.conditions) for trial in TEST.trials
    ]
    files = [audio["src"] for audio in figure.find_all("audio")]
    for i, j in np.ndindex(len(ITEMS), len(VERSIONS)):
        samples, rate = soundfile.read(files[content["sounds"][i][j]])
        peak = np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples)
        assert peak == pytest.approx(300 + 100 * (3 * i + j), abs=2)


def test_nothing_but_the_script_s_own_data_names_a_version() -> None:
    figure = parsed(listening_test(TEST, sounds(), roles={"Amber": "plain"}))
    del figure["data-test"]
    assert not re.search("|".join([*VERSIONS, "plain"]), str(figure), re.I)
    audios = figure.find_all("audio")
    assert [audio["aria-label"] for audio in audios] == [f"Sound {k}" for k in range(1, 7)]
    assert all(re.fullmatch(r"sounds/[0-9a-f]{16}\.wav", audio["src"]) for audio in audios)
    assert all(audio["preload"] == "none" and not audio.has_attr("controls") for audio in audios)
    assert [audio["src"] for audio in audios] == sorted(audio["src"] for audio in audios)


RATED = mushra("Rated", ITEMS, VERSIONS, "Original")


def test_a_mushra_test_has_an_open_reference_an_item_besides_the_hidden_one() -> None:
    figure = parsed(listening_test(RATED, sounds(), roles={"Amber": "plain"}))
    content = json.loads(figure["data-test"])
    assert (content["kind"], content["question"], content["trials"]) == (
        "mushra", RATED.question, [[0, [0, 1, 2]], [1, [0, 1, 2]]],
    )  # fmt: skip
    files = [audio["src"] for audio in figure.find_all("audio")]
    assert content["references"] == [6, 7]
    for i in range(2):
        assert files[content["references"][i]] == files[content["sounds"][i][0]]
        assert content["references"][i] != content["sounds"][i][0]
    assert sorted(k for row in content["sounds"] for k in row) == list(range(6))
    assert "references" not in json.loads(parsed(listening_test(TEST, sounds()))["data-test"])
    del figure["data-test"]
    assert not re.search("|".join([*VERSIONS, "plain"]), str(figure), re.I)


def test_the_script_has_the_grades_and_the_columns_of_the_analysis() -> None:
    script = (page.STATIC / "listening_test.js").read_text(encoding="utf-8")
    for name, words in {"GRADES": GRADES, "COLUMNS": OWN}.items():
        assert json.loads(re.search(rf"const {name} = (\[.*?\]);", script)[1]) == list(words)


@pytest.mark.parametrize("test", [TEST, RATED], ids=["pair", "mushra"])
def test_sounds_are_equally_loud_and_faded(test: ListeningTest) -> None:
    figure = parsed(listening_test(test, sounds()))
    for audio in figure.find_all("audio"):
        samples, rate = soundfile.read(audio["src"])
        assert (rate, len(samples), samples[0], samples[-1]) == (RATE, 4800, 0, 0)
        assert measure(torch.tensor(samples), rate).lufs == pytest.approx(-23, abs=0.05)
        assert soundfile.info(audio["src"]).subtype == "PCM_16"
    assert "−23.0 LUFS (ITU-R BS.1770)" in figure.find(class_="sound-note").get_text()
    assert [d.get_text() for d in figure.find_all("dd")] == ["A. Singer, CC BY 4.0"] * 2


def test_the_same_sounds_are_the_same_files_and_page(here: Path) -> None:
    first = listening_test(TEST, sounds())
    times = {path: path.stat().st_mtime_ns for path in (here / "sounds").iterdir()}
    assert listening_test(TEST, dict(reversed(sounds().items()))) == first
    assert {path: path.stat().st_mtime_ns for path in (here / "sounds").iterdir()} == times
    assert len(times) == 6
    assert repr(first) == "Listening test 'Three versions': 6 trials, 2 items, 3 conditions"


def test_without_its_sounds_the_page_says_how_to_get_them(here: Path) -> None:
    gone = {"Amber": Missing("Amber", "Run `fetch <x>`."), "Basalt": Missing("Basalt", "Run `fetch <x>`.")}
    figure = parsed(listening_test(TEST, sounds(**gone)))
    assert [str(p) for p in figure.find_all(class_="sound-message")] == [
        '<p class="sound-message">The test cannot be taken here: 2 of its sounds are missing.</p>',
        '<p class="sound-message">Run <code>fetch &lt;x&gt;</code>.</p>',
    ]
    assert figure.find("audio") is None
    assert not figure.has_attr("data-test")
    assert not (here / "sounds").exists()


def test_without_script_the_page_says_so() -> None:
    assert "does not run here" in parsed(listening_test(TEST, sounds())).find(class_="listening-static").get_text()


def test_what_people_wrote_is_text_not_html() -> None:
    test = pairwise('<b>"T"</b>', ["<i>"], ["x'", '"y"'])
    figure = parsed(listening_test(test, {("<i>", "x'"): tone(300), ("<i>", '"y"'): tone(400)}, "a < b"))
    assert figure.figcaption.get_text() == '<b>"T"</b> a < b'
    assert json.loads(figure["data-test"])["conditions"] == ["x'", '"y"']
    assert figure.find("dt").get_text() == "<i>"


BOUND = pairwise("Bound", ITEMS, VERSIONS, sounds())
BAD: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "absent": (lambda: listening_test(TEST, {}), DesignError, "no sound for Piano, Amber"),
    "too many": (lambda: listening_test(TEST, {**sounds(), ("a", "b"): tone(3)}), DesignError, "no trial: a, b"),
    "changed": (lambda: listening_test(BOUND, sounds(Amber=tone(500))), DesignError, "not the sounds the test was made"),
    "role": (lambda: listening_test(TEST, sounds(), roles={"Amber": "blue"}), ValueError, "wanted a role"),
    "roles": (lambda: listening_test(TEST, sounds(), roles={"Cedar": "plain"}), ValueError, r"given for \['Cedar'\]"),
    "length": (lambda: listening_test(TEST, sounds(Amber=tone(9, seconds=0.61))), AudioError, "long, .*Amber 0.610 s"),
    "silent": (lambda: listening_test(TEST, sounds(Amber=tone(300, 0))), AudioError, "Piano, Amber is silent"),
    "nan": (lambda: listening_test(TEST, sounds(Amber=tone(300, np.nan, title="x"))), AudioError, "'x' holds NaN"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_asked_is_refused(case: str, here: Path) -> None:
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
    assert not (here / "sounds").exists()


def test_a_test_bound_to_its_sounds_takes_them() -> None:
    assert json.loads(parsed(listening_test(BOUND, sounds()))["data-test"])["id"] == BOUND.id


def test_live_notebooks_get_script_and_style_marked_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    page.activate()
    (html,) = shown
    assert html.data.startswith("<div data-live-only hidden><style>")
    script = re.search("<script>(.*)</script>", html.data, re.S)[1]
    assert script == (page.STATIC / "listening_test.js").read_text(encoding="utf-8")
    assert "</script" not in script
