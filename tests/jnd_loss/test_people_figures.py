"""Figures, tables and players of the people and of the sounds: drawn from stored and from made-up results."""

import base64
import re
from xml.etree import ElementTree

import pytest

from paper_code.audio import corpora
from paper_code.audio.perturbations.released import DIFFERENCES
from paper_code.display.figures import Drawing
from paper_code.jnd_loss import noise_or_band, people_figures, people_tables, sound_figures, table_1
from paper_code.lab.paths import COMMITTED
from paper_code.lab.store import Result, load

RUNS = ("people", "perturbations", "noise_or_band")
DRAWN = {
    people_figures.psychometric_curves: "people",
    people_figures.weber_growth: "people",
    people_figures.figure_2: "people",
    sound_figures.table_1_measured: "perturbations",
    sound_figures.noise_or_band_figure: "noise_or_band",
}


@pytest.fixture(scope="module")
def stored() -> dict[str, Result]:
    return {run: load(COMMITTED / "jnd_loss" / run / "small-seed0", "jnd_loss") for run in RUNS}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # players write their sounds beside the page


def panels(drawing: Drawing) -> list[str]:
    """The text of each panel of a figure, the key first where there is one."""
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', drawing.html)
    parsed = [ElementTree.fromstring(base64.b64decode(image)) for image in images]
    return [" ".join(node.text or "" for node in svg.iter() if node.tag.endswith("text")) for svg in parsed]


@pytest.mark.parametrize("kind", ["stored", "made up"])
@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_every_figure_is_drawn(draw, kind, stored, without_pairs):
    results = stored if kind == "stored" else without_pairs
    drawing = draw(results[DRAWN[draw]])
    assert len(panels(drawing)) >= 3
    assert "nan" not in drawing.html.split("base64")[0]
    assert len(drawing.html) < 60_000


def test_psychometric_curves_have_a_panel_a_list(stored):
    shown = panels(people_figures.psychometric_curves(stored["people"], ["mp3", "reverb_1"]))
    assert len(shown) == 3  # and the key
    assert "MP3" in shown[1]
    assert "reverb 1" in shown[2]


def test_slopes_stand_in_titles(stored):
    shown = panels(people_figures.weber_growth(stored["people"]))
    slope = stored["people"].metrics["weber"]["brown_noise"]["slope"]
    assert any(f"brown noise: slope {slope:.2f}" in text for text in shown)


def test_figure_2_tells_the_errors(stored):
    text = people_figures.figure_2(stored["people"]).text
    for name in ("active learning", "uniform sampling", "Bayesian"):
        assert f"{name} {stored['people'].arrays[f'error/{name}'][9]:.1f}" in text
    assert "2 down, 1 up none yet" in text


def test_the_noise_is_nearer_where_its_distance_is_smaller(stored):
    found = noise_or_band.kept(stored["noise_or_band"])
    middle = len(found.snr) // 2
    text = sound_figures.noise_or_band_table(stored["noise_or_band"]).text
    lines = {name: line for name, title in sound_figures.measure_titles().items() for line in text.splitlines()
             if line.startswith(title)}  # fmt: skip
    for name in found.noise:
        side = "the noise" if found.noise[name][middle] < found.band[name][middle] else "the band"
        assert side in lines[name]


# ---- Tables ----


def test_the_paper_stands_beside_the_lists(stored):
    metrics, text = stored["people"].metrics, people_tables.balance_and_consistency(stored["people"]).text
    paper, real, *_ = text.splitlines()[2:]
    assert "50.3" in paper  # 26130 of 51912
    assert "88.3" in paper
    assert "90.6" in paper  # 1812 of 2000
    assert f"{100 * metrics['different'][0]:.1f} ±" in real
    assert f"{100 * metrics['consistency'][0]:.1f} ±" in real


def test_every_list_has_a_row(stored, without_pairs):
    text = people_tables.their_listeners(stored["people"]).text
    curve = stored["people"].metrics["lists"]["mp3"]["curve"]
    (row,) = [line for line in text.splitlines() if line.startswith("MP3")]
    assert f"{curve['threshold']:.1f} ± " in row
    assert len(text.splitlines()) == 2 + 13
    assert len(people_tables.their_listeners(without_pairs["people"]).text.splitlines()) == 2 + 3


def test_strengths_in_the_unit_of_their_list():
    assert people_tables.in_its_unit("mp3", 0) == "300 kb/s"
    assert people_tables.in_its_unit("mp3", 100) == "1 kb/s"
    assert people_tables.in_its_unit("siren", 50) == "noise × 20.0"
    assert people_tables.in_its_unit("combined_1", 50) == ""


def test_what_is_not_reached_is_said(stored):
    text = people_tables.trials(stored["people"]).text
    (uniform,) = [line for line in text.splitlines() if line.startswith("uniform")]
    assert uniform.endswith("over 60")
    assert len(text.splitlines()) == 2 + 5


def test_all_differences_are_listed():
    text = people_tables.paper_and_code().text
    assert all(each.perturbation in text and each.rendering in text for each in DIFFERENCES)


# ---- Players ----


def test_every_row_of_table_1_is_in_one_player(tmp_path):
    heard = [
        sound_figures.table_1_player(category, synthetic=True, seconds=0.6) for category in sound_figures.CATEGORIES
    ]
    for row in table_1.ROWS.values():
        assert sum(f"{row.title}" in player.text for player in heard) == 1
        assert any(f"{row.strength(60):.3g}" in player.html for player in heard)
    assert len(list((tmp_path / "sounds").glob("*.flac"))) > 3 * len(table_1.ROWS) / 2


def test_figure_1_is_heard_at_three_steps():
    player = sound_figures.noise_or_band_player(synthetic=True)
    assert "white noise, missing band; step 3, 5, 7" in player.text


def test_missing_recordings_are_told(monkeypatch):
    def absent(path: str) -> None:
        raise corpora.RecordingMissing(path)

    monkeypatch.setattr(corpora, "load", absent)
    for player in (sound_figures.table_1_player("compression"), sound_figures.noise_or_band_player()):
        assert "The recording is not on the machine" in player.html
        assert "<audio" not in player.html


@pytest.mark.corpora("librispeech_resemblyzer", "smstools_sounds", "pyroomacoustics")
def test_the_players_of_table_1_are_light(tmp_path):
    for category in sound_figures.CATEGORIES:
        sound_figures.table_1_player(category)
    assert sum(file.stat().st_size for file in (tmp_path / "sounds").iterdir()) < 2_500_000
