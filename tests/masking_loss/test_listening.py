"""The MUSHRA test of the chapter's coders: its sounds, whose ratings count, Figure 2. The ratings are made up."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.titled import titled
from paper_code.audio import synthesiser
from paper_code.audio.clips import Clip, write_flac
from paper_code.display import mushra_results
from paper_code.display.listening_test import listening_test
from paper_code.display.players import Missing
from paper_code.display.style import THEME, role_colour
from paper_code.lab.errors import LabError
from paper_code.lab.files import write_json
from paper_code.lab.store import Result
from paper_code.listeners.design import ListeningTest, presented
from paper_code.listeners.ratings import Ratings, RatingsError
from paper_code.masking_loss import experiment, listening
from paper_code.masking_loss.listening import CONDITIONS, LOW, MID, ORIGINAL
from paper_code.masking_loss.study import Study

HEARD = ("synthetic-5", "synthetic-6")
RATES = ("13 kb/s", "20 kb/s", "24 kb/s")
SCORES = {ORIGINAL: 100, LOW: 20, MID: 60, "AMR-WB": 80, "MSE": 30, "log-mel": 40, "PMSQE": 45, "masking": 70}
HEAD = "test,listener,seed,item,place,condition,rating,seconds"
Score = Callable[[str, str], float]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Results of Table 1 that hold nothing but sounds: noise, another one for every condition."""
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)
    monkeypatch.chdir(tmp_path)
    found = []
    for k, (name, config) in enumerate(experiment.experiments("smoke", 0, recordings="synthetic").items()):
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        write_json(folder / "metrics.json", {"levels": dict.fromkeys(HEARD, 0.5)})
        for j, heard in enumerate(HEARD):
            noise = 0.1 * torch.randn(64_000, generator=torch.Generator().manual_seed(10 * k + j)).clamp(-4, 4)
            write_flac(folder / f"{heard}.flac", noise, 16_000)
        provenance = {"config": config.as_dict(), "hash": config.hash, "profile": "smoke", "seed": 0}
        found.append(Result(folder, "masking_loss", name, provenance))
    return Study(found, seed=0)


def as_usual(item: str, condition: str) -> float:
    return SCORES[condition]


def written(path: Path, test: ListeningTest, listener: str, score: Score = as_usual) -> Path:
    """A file as the page gives it; the seed is made of the name."""
    seed = sum(map(ord, listener))
    rows = [
        f'{test.id},{listener},{seed},"{trial.item}",{place},{name},{score(trial.item, name)},9'
        for trial in presented(test, seed)
        for place, name in zip("ABCDEFGH", trial.conditions, strict=True)
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\r\n".join([HEAD, *rows, ""]), encoding="utf-8")
    return path


def rated(study: Study, tmp_path: Path, **listeners: Score) -> Ratings:
    for name, score in listeners.items():
        written(tmp_path / "ratings" / f"{name}.csv", listening.mushra_test(study), name, score)
    return listening.read_ratings(study, str(tmp_path / "ratings"))


def louder(by: float) -> Score:
    """As usual, but other values: the coders a little better."""
    return lambda item, name: SCORES[name] + (by if name in ("MSE", "masking") else 0)


def test_a_trial_for_each_utterance_and_rate(study: Study) -> None:
    test = listening.mushra_test(study)
    assert test.items == tuple(f"{name}, {rate}" for rate in RATES for name in HEARD)
    assert {trial.conditions for trial in test.trials} == {CONDITIONS}
    assert CONDITIONS == ("Original", LOW, MID, "AMR-WB", "MSE", "log-mel", "PMSQE", "masking")
    assert test.reference == "Original"
    assert listening._title("1688-142285-0004") == "speaker 1688, utterance 142285-0004"


def test_every_sound_is_the_one_of_its_name_and_rate(study: Study) -> None:
    found = listening.sounds(study)
    assert len(found) == 6 * 8
    for condition, coder in (("AMR-WB", "AMR-WB 19.85"), ("masking", "masking 20"), ("PMSQE", "PMSQE 20")):
        assert torch.equal(
            found["synthetic-6, 20 kb/s", condition].waveform, study.decoded(titled(coder), "synthetic-6").waveform
        )
    original = found["synthetic-6, 24 kb/s", ORIGINAL]
    assert torch.equal(original.waveform, study.original("synthetic-6").waveform)
    spectra = {
        name: 20 * np.log10(np.abs(np.fft.rfft(found["synthetic-6, 13 kb/s", name].waveform.numpy())) + 1e-3)
        for name in (ORIGINAL, LOW, MID)
    }
    hertz = np.fft.rfftfreq(len(original.waveform), 1 / 16_000)
    for name, edge, stop in ((LOW, 3500, 4500), (MID, 7000, 7900)):
        apart = spectra[ORIGINAL] - spectra[name]
        heard = spectra[ORIGINAL] > 0  # where there is something to compare
        assert np.abs(apart[(hertz < 0.98 * edge) & heard]).max() < 0.2
        assert np.median(apart[(hertz > stop) & heard]) > 25
    assert str(listening_test(listening.mushra_test(study), found, roles=listening.ROLES)).endswith("8 conditions")


def test_where_recordings_are_missing_the_page_says_so_and_ratings_are_read(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Study, "original", lambda self, name: Missing(name, "Fetch `it`."))
    found = listening.sounds(study)
    gone = [place for place, sound in found.items() if isinstance(sound, Missing)]
    assert {condition for _, condition in gone} == {ORIGINAL, LOW, MID}
    assert len(gone) == 18
    assert isinstance(found["synthetic-5, 13 kb/s", "masking"], Clip)
    shown = listening_test(listening.mushra_test(study), found)
    assert "18 of its sounds are missing" in shown.html
    assert "Fetch <code>it</code>." in shown.html
    assert rated(study, tmp_path, kim=as_usual).count == 48


def test_other_sounds_make_another_test(study: Study, tmp_path: Path) -> None:
    path, before = written(tmp_path / "kim.csv", listening.mushra_test(study), "kim"), listening.mushra_test(study)
    assert listening.mushra_test(study).id == before.id
    write_flac(study.condition(titled("masking 24")).folder / "synthetic-6.flac", torch.full((64_000,), 0.1), 16_000)
    after = listening.mushra_test(study)
    assert (after.id, after.name) != (before.id, before.name)
    with pytest.raises(RatingsError, match="answers another test"):
        listening.read_ratings(study, str(path))


def test_a_file_or_a_folder_of_files_is_read(study: Study, tmp_path: Path) -> None:
    assert listening.read_ratings(study, "") is None
    path = written(tmp_path / "ratings" / "kim.csv", listening.mushra_test(study), "kim")
    one = listening.read_ratings(study, str(path))
    assert (one.listeners, one.conditions, one.count) == (("kim",), CONDITIONS, 48)
    (tmp_path / "ratings" / "answers ann (partial).json").write_text("{}")
    both = rated(study, tmp_path, bo=as_usual)
    assert both.listeners == ("bo", "kim")


def test_places_without_ratings_are_told(study: Study, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in ("empty", "nowhere", "nowhere.csv"):
        with pytest.raises(LabError, match=f"no ratings in .*{place}: give the folder of the downloaded .csv files"):
            listening.read_ratings(study, str(tmp_path / place))
    partial = tmp_path / "answers kim (partial).json"
    partial.write_text("{}")
    with pytest.raises(RatingsError, match="is of an unfinished test: go on from it on the page"):
        listening.read_ratings(study, str(partial))


def test_files_that_cannot_count_are_refused(study: Study, tmp_path: Path) -> None:
    path = written(tmp_path / "ratings" / "kim.csv", listening.mushra_test(study), "kim")
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)

    def refused(text: str, message: str) -> None:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RatingsError, match=message):
            listening.read_ratings(study, str(path.parent))

    refused("".join(lines[:-1]), "missing ratings: 1, such as 'kim'")
    refused("".join(lines[:-8]), "nobody rated synthetic-")
    refused(whole.replace(",100,9", ",101,9"), "from 0 to 100, found '101'")
    refused(whole + lines[-1], "is a listener there twice")
    path.write_text(whole, encoding="utf-8")
    (path.parent / "copy.csv").write_text(whole.replace(",kim,", ",KIM,"), encoding="utf-8")
    with pytest.raises(RatingsError, match=r"copy.csv and kim.csv both hold ratings by 'kim'"):
        listening.read_ratings(study, str(path.parent))


def test_webmushra_s_files_are_read_with_its_own_names(study: Study, tmp_path: Path) -> None:
    test, names = listening.mushra_test(study), {ORIGINAL: "reference", LOW: "anchor35", MID: "anchor70"}
    rows = [
        f'{test.id},u1,"{item}",{names.get(name, name)},{SCORES[name]},1,""'
        for item in ("training", *test.items)
        for name in test.conditions
    ]
    head = "session_test_id,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,rating_comment"
    (tmp_path / "mushra.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    found = listening.read_ratings(study, str(tmp_path / "mushra.csv"))
    assert (found.items, found.count) == (test.items, 48)
    assert {name: set(found.of(name).ravel()) for name in CONDITIONS} == {name: {SCORES[name]} for name in CONDITIONS}


def careless(item: str, condition: str) -> float:
    """The hidden reference found and rated low in one of six trials, the mid anchor taken for it in all."""
    if condition == ORIGINAL:
        return 50 if item == "synthetic-5, 13 kb/s" else 100
    return 95 if condition == MID else SCORES[condition]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws instead of embedding: (figure, caption, alternative text)."""
    monkeypatch.setattr(mushra_results, "show", lambda draw, caption, alt: (draw(THEME), caption, alt))


def test_figure_2_has_a_panel_a_rate_and_one_for_all(study: Study, tmp_path: Path, drawn: None) -> None:
    found = rated(study, tmp_path, kim=as_usual, ann=louder(10))
    figure, caption, _ = listening.figure_2(found)
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    assert titles == [f"{panel}, 2 listeners" for panel in (*RATES, "all")]
    for axes in figure.axes[::2]:
        assert [label.get_text() for label in axes.get_yticklabels()] == list(CONDITIONS)
    for axes in figure.axes:
        points = {line.lines[0].get_ydata()[0]: line.lines[0] for line in axes.containers}
        assert points[7].get_xdata()[0] == 75
        assert points[7].get_color() == role_colour("document")
        assert points[3].get_color() == role_colour("codec")
    assert "Every listener passed the screening" in caption
    assert "2 listeners and 96 ratings" in caption


def test_without_ratings_figure_2_says_so(drawn: None) -> None:
    figure, caption, _ = listening.figure_2(None)
    assert [text.get_text() for text in figure.axes[0].texts] == ["No listener has rated these sounds yet."]
    assert "Ratings are not made up" in caption
    assert "screening" not in caption
    assert listening.tables(None) == []
    assert listening.screening(None) == "Without ratings there is nobody to screen."
    assert listening.asked(None) == "Nobody has been asked here yet."


def test_who_fails_the_screening_is_named_and_does_not_count(study: Study, tmp_path: Path, drawn: None) -> None:
    listeners = {f"l{k}": louder(k) for k in range(4)}
    found = rated(study, tmp_path, **listeners, zoe=careless)
    assert "zoe" in found.listeners
    figure, caption, _ = listening.figure_2(found)
    told = (
        "Left out by the screening of BS.1534-3 (1 of 5): zoe: the hidden reference was rated below 90 in 1 of 6 items "
        "(17 %, more than 15 %), 'anchor 7 kHz' was rated above 90 in 6 of 6 items (100 %, more than 15 %)."
    )
    assert told in caption
    assert "4 listeners and 192 ratings" in caption
    assert "Listeners asked here: 5, of whom 4 passed the screening" in listening.asked(found)
    assert len(figure.axes) == 4
    assert all(told in str(each) or "pairs" in str(each) for each in listening.tables(found))


def test_where_nobody_passes_the_figure_says_that(study: Study, tmp_path: Path, drawn: None) -> None:
    found = rated(study, tmp_path, zoe=careless)
    figure, caption, alt = listening.figure_2(found)
    assert [text.get_text() for text in figure.axes[0].texts] == ["No listener passed the screening."]
    assert "Left out by the screening of BS.1534-3 (1 of 1): zoe" in caption
    assert "No listener passed" in alt
    assert "Listeners asked here: 1, of whom 0 passed" in listening.asked(found)
    assert listening.tables(found) == []


def test_tables_hold_means_a_rate_and_what_the_masking_loss_gains(study: Study, tmp_path: Path) -> None:
    def score(by: float) -> Score:
        return lambda item, name: louder(by)(item, name) + (6 if name == "masking" and "24 kb/s" in item else 0)

    means, differences = map(str, listening.tables(rated(study, tmp_path, a=score(0), b=score(3), c=score(6))))
    rows = means.splitlines()
    assert len(rows) == 2 + 3 * 8
    assert re.search(r"^masking, 20 kb/s +73\.0 .* 3 +6$", means, re.M)
    assert re.search(r"^masking, 24 kb/s +79\.0 .* 3 +6$", means, re.M)
    assert len(differences.splitlines()) == 2 + 12
    assert "for these 12 pairs" in differences
    assert re.search(r"^masking, 13 kb/s – AMR-WB, 13 kb/s +−7\.0 +−14\.5 to 0\.5 ", differences, re.M)
    assert re.search(r"^masking, 24 kb/s – AMR-WB, 24 kb/s +−1\.0 ", differences, re.M)
    assert re.search(r"^masking, 13 kb/s – MSE, 13 kb/s +40\.0 .* < 0\.001", differences, re.M)


def test_one_listener_has_means_without_intervals(study: Study, tmp_path: Path) -> None:
    means, differences = map(str, listening.tables(rated(study, tmp_path, kim=as_usual)))
    assert re.search(r"^PMSQE, 13 kb/s +45\.0 +– +– +1 +2$", means, re.M)
    assert re.search(r"^masking, 13 kb/s – PMSQE, 13 kb/s +25\.0 +– +– +–$", differences, re.M)


def test_the_papers_test_is_told() -> None:
    text = listening.about()
    for fact in ("seven experienced listeners", "ten files", "3.5 kHz", "7 kHz", "practice"):
        assert fact in text
