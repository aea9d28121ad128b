"""Players: the files they write, what each sound says, and what they refuse."""

import errno
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from bs4 import BeautifulSoup, Tag

from paper_code.audio.clips import AudioError, Clip
from paper_code.display import players
from paper_code.display.loudness import measure
from paper_code.display.players import Missing, compare, series
from paper_code.display.sound_blocks import ticks

RATE = 8_000


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cells run in the folder of their notebook."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tone(frequency: float, amplitude: float = 0.2, seconds: float = 1.0, **about: object) -> Clip:
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return Clip(torch.tensor(wave, dtype=torch.float32), RATE, **{"title": f"tone {frequency}"} | about)


def parsed(player: players.Player) -> Tag:
    figure = BeautifulSoup(player._repr_html_(), "html.parser").figure
    for audio in figure.find_all("audio"):
        assert Path(audio["src"]).is_file()
    return figure


def block(figure: Tag, label: str, step: str | None = None) -> Tag:
    where = {"data-label": label} | ({"data-step": step} if step else {})
    return figure.find("div", class_="sound", attrs=where)


def test_each_sound_is_a_labelled_native_control() -> None:
    figure = parsed(compare({"Original": tone(300), "Coded": tone(500)}, "Two tones", "Listen to the *pitch*."))
    assert figure["aria-label"] == "Player: Two tones"
    assert figure.figcaption.get_text() == "Two tones Listen to the pitch."
    audios = figure.find_all("audio")
    assert [audio["aria-label"] for audio in audios] == ["Original", "Coded"]
    assert all(audio.has_attr("controls") and audio["preload"] == "none" for audio in audios)
    assert all(re.fullmatch(r"sounds/[0-9a-f]{16}\.flac", audio["src"]) for audio in audios)
    images = figure.find_all("img")
    assert images[1]["alt"] == "Spectrogram of Coded, 0 to 4 kHz, 0 to 1.00 s"
    assert all(image["loading"] == "lazy" and Path(image["src"]).is_file() for image in images)


def test_sounds_are_stored_matched_and_faded() -> None:
    figure = parsed(compare({"Loud": tone(400, 0.9), "Soft": tone(400, 0.01)}, "Levels"))
    stored = [soundfile.read(audio["src"]) for audio in figure.find_all("audio")]
    for samples, rate in stored:
        assert rate == RATE
        assert samples[0] == samples[-1] == 0
        assert measure(torch.tensor(samples), rate).lufs == pytest.approx(-23, abs=0.05)
    assert soundfile.info(figure.audio["src"]).subtype == "PCM_16"
    # The switch brings back what the files had: 39.1 dB between them, the louder one as it is stored.
    own = [float(block(figure, label)["data-own"]) for label in ("Loud", "Soft")]
    assert own[0] == 1
    assert own[1] == pytest.approx(0.01 / 0.9, abs=6e-5)


def test_levels_stay_where_level_is_the_point() -> None:
    figure = parsed(compare({"Loud": tone(400, 0.9), "Soft": tone(400, 0.09)}, "Levels", match_loudness=False))
    peaks = [np.abs(soundfile.read(audio["src"])[0]).max() for audio in figure.find_all("audio")]
    assert peaks == pytest.approx([0.9, 0.09], abs=1e-4)
    assert {block(figure, label)["data-own"] for label in ("Loud", "Soft")} == {"1.0000"}
    assert figure.find(class_="sound-note").get_text().startswith("Levels as they are")


def test_each_sound_says_its_level_licence_and_source() -> None:
    recording = tone(
        300,
        licence="CC BY 4.0",
        attribution="A. Singer, 2001",
        origin="corpus: a.wav",
        recipe={"steps": ["cut: samples 0 to 8000", "resampled"]},
    )
    figure = parsed(compare({"Original": recording, "Made": tone(500), "Toy": tone(700, synthetic=True)}, "Sources"))
    facts = [small.get_text() for small in figure.select(".sound-name small")]
    level = measure(recording.waveform, RATE).lufs
    assert facts[0] == f"was −{-level:.1f}\u00a0LUFS · CC\u00a0BY\u00a04.0"
    assert [fact.split(" · ")[1] for fact in facts[1:]] == ["made\u00a0here", "synthesised"]
    source = figure.find("dd").get_text()
    assert source == "tone 300. A. Singer, 2001. CC BY 4.0. corpus: a.wav. cut: samples 0 to 8000; resampled."
    assert "−23.0 LUFS (ITU-R BS.1770)" in figure.find(class_="sound-note").get_text()


def test_short_and_silent_sounds_say_so() -> None:
    silent = Clip(torch.zeros(RATE), RATE, "nothing")
    figure = parsed(compare({"Short": tone(300, 0.01, 0.2), "Silent": silent}, "Odd ones"))
    assert block(figure, "Short")["data-own"] == "1.0000"  # the only one that can be heard
    facts = [small.get_text() for small in figure.select(".sound-name small")]
    assert re.fullmatch("was −[0-9.]+\u00a0LUFS \\(ungated\\) · made\u00a0here", facts[0])
    assert facts[1] == "was silent · made\u00a0here"
    assert "Ungated: shorter than the 0.4 s block" in figure.find(class_="sound-note").get_text()


def test_a_missing_sound_says_how_to_get_it() -> None:
    figure = parsed(compare({"Original": Missing("A song", "Run `fetch <x>`."), "Made": tone(500)}, "Missing"))
    box = block(figure, "Original")
    assert box.find("audio") is None
    assert box.find(class_="sound-name").get_text() == "Original A song"
    assert str(box.find(class_="sound-message")) == '<p class="sound-message">Run <code>fetch &lt;x&gt;</code>.</p>'
    only = parsed(compare({"Original": Missing("Original", "Gone.")}, "All missing"))
    assert only.find("audio") is None


def test_roles_reach_the_page() -> None:
    figure = parsed(compare({"A": tone(300), "B": tone(500)}, "Roles", roles={"B": "document"}))
    assert block(figure, "B")["data-role"] == "document"
    assert not block(figure, "A").has_attr("data-role")


def test_the_same_content_is_one_file_and_the_same_page(here: Path) -> None:
    first = compare({"A": tone(300), "B": tone(300)}, "Same")
    times = {path: path.stat().st_mtime_ns for path in (here / "sounds").iterdir()}
    assert len(times) == 2  # one sound, one picture
    second = compare({"A": tone(300), "B": tone(300)}, "Same")
    assert second.html == first.html
    assert {path: path.stat().st_mtime_ns for path in (here / "sounds").iterdir()} == times


def test_pictures_can_be_left_out_and_share_their_axes() -> None:
    assert parsed(compare({"A": tone(300)}, "None", spectrograms=False)).find("img") is None
    figure = parsed(compare({"A": tone(300, seconds=0.5), "B": tone(300, seconds=2)}, "Axes", max_frequency=2000))
    assert [image["style"] for image in figure.find_all("img")] == ["width:25%", "width:100%"]
    assert {tuple(mark.get_text() for mark in axis.find_all("i")) for axis in figure.select(".sound-y")} == {
        ("0", "0.5", "1", "1.5")
    }
    assert figure.select(".sound-x i")[1]["style"] == "left:25%"  # 0.5 of 2 s
    assert figure["data-seconds"] == "2.0000"


@pytest.mark.parametrize(
    ("end", "most", "expected"),
    [
        (5.5125, 4, [0, 2, 4]),
        (8, 4, [0, 2, 4, 6, 8]),
        (0.743, 6, [0, 0.2, 0.4, 0.6]),
        (22.05, 4, [0, 10, 20]),
        (1, 4, [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_ticks_are_round(end: float, most: int, expected: list[float]) -> None:
    assert ticks(end, most) == expected


def steps(base: float) -> dict[int, Clip]:
    return {step: tone(base + step) for step in (250, 500)}


def test_a_series_is_a_table_of_controls_without_the_script() -> None:
    rows = {"Plain": steps(100), "Bark": {500: tone(900)}}
    figure = parsed(series(rows, "Steps", reference={"Original": tone(300)}, step_name="iteration"))
    assert [head.get_text() for head in figure.select("thead th")] == ["iteration", "250", "500"]
    assert [head.get_text() for head in figure.select("tbody th")] == ["Plain", "Bark"]
    assert [cell.find("audio") is not None for cell in figure.select("tbody td")] == [True, True, False, True]
    assert block(figure, "Bark", "500").audio["aria-label"] == "Bark, iteration 500"
    assert not block(figure, "Original").has_attr("data-step")
    assert figure["data-step-name"] == "iteration"


def test_a_series_matches_all_its_sounds() -> None:
    rows = {"Plain": {1: tone(300, 0.01), 2: tone(300, 0.9)}}
    figure = parsed(series(rows, "Steps", reference={"Original": tone(500, 0.1)}))
    for audio in figure.find_all("audio"):
        samples, rate = soundfile.read(audio["src"])
        assert measure(torch.tensor(samples), rate).lufs == pytest.approx(-23, abs=0.05)


def test_text_is_the_same_everywhere() -> None:
    assert repr(compare({"A": tone(300), "B": Missing("B", "gone")}, "Two")) == "Player 'Two': A, B"
    text = repr(series({"Plain": steps(1)}, "Steps", reference={"A": tone(3)}, step_name="iteration"))
    assert text == "Player 'Steps': A, Plain; iteration 250, 500"


def test_what_people_wrote_is_text_not_html() -> None:
    html = compare({'<b>"A"</b>': tone(300, title="<i>x</i>")}, "<script>", "a < b").html
    figure = BeautifulSoup(html, "html.parser").figure
    assert figure.find("script") is None
    assert figure.figcaption.get_text() == "<script> a < b"
    assert figure.audio["aria-label"] == '<b>"A"</b>'


BAD: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "none": (lambda: compare({}, "Empty"), ValueError, "Empty: a player needs at least one sound"),
    "role": (lambda: compare({"A": tone(3)}, "T", roles={"A": "blue"}), ValueError, "wanted a role, one of reference"),
    "label": (lambda: compare({"A": tone(3)}, "T", roles={"B": "plain"}), ValueError, r"roles are given for \['B'\]"),
    "twice": (lambda: series({"A": steps(3)}, "T", reference={"A": tone(3)}), ValueError, "not both: A"),
    "empty": (lambda: compare({"A": Clip(torch.zeros(0), RATE, "x")}, "T"), AudioError, "'x' holds no samples"),
    "nan": (lambda: compare({"A": tone(3, np.nan, title="x")}, "T"), AudioError, "'x' holds NaN or infinity"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_shown_is_refused(case: str, here: Path) -> None:
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()
    assert not (here / "sounds").exists()


def test_a_folder_that_cannot_be_written_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="sounds"):
        compare({"A": tone(300)}, "T")
    assert list((here / "sounds").iterdir()) == []


def test_live_notebooks_get_script_and_style_marked_for_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    players.activate()
    (html,) = shown
    assert html.data.startswith("<div data-live-only hidden><style>")
    script = re.search("<script>(.*)</script>", html.data, re.S)[1]
    assert script == (players.STATIC / "player.js").read_text(encoding="utf-8")
    assert "</script" not in script
