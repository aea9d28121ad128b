"""What the chapter shows: the right numbers of the right results, pictures that hold what they say."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.audio.clips import Clip, write_flac
from paper_code.codec_loss import figures, listening, setting_tables, tables, teacher_tables
from paper_code.codec_loss.study import PAPER_CODEC, Study
from paper_code.codec_loss.tracks import TRACKS
from paper_code.display.players import Missing
from paper_code.lab.errors import LabError
from paper_code.lab.store import Result
from paper_code.listeners.answers import AnswerError
from paper_code.listeners.design import presented

RATE = 16000


@dataclass
class Toy:
    """A result with a folder of its own."""

    folder: Path
    config: dict
    metrics: dict = field(default_factory=dict)
    curves: dict = field(default_factory=dict)
    seed: int = 0
    profile: str = "smoke"
    experiment: str = "toy"
    chapter: str = "codec_loss"
    audio = Result.audio


MODELS = ("a", "b", "c", "d", "c_fair")


def model(folder: Path, letter: str, seconds: float) -> Toy:
    test = {"frames": 4, "snr": 20.0 + MODELS.index(letter)}
    test |= {key: 1.0 for key in ("snr_twice", "snr_pooled", "lsd", "out_of_band", "pulse_rate", "pulse_energy")}
    test |= {"pulse_share": float("nan"), "image_4 kHz": 0.25, "image_2 kHz": 0.0}
    track = {"snr": 1.0, "lsd": 1.0, "ops": 40.0, "aps": 50.0, "pulse_rate": 0.0}
    config = {"model": letter, "cutoff": 3000, "batch": 2, "iterations": 10, "recordings": "synthetic"}
    config |= {"learning_rate": 1e-5 if letter == "a" else 3e-6}
    metrics: dict = {"test": test, "tracks": dict.fromkeys(TRACKS, track)}
    if letter == "a":
        metrics |= {"untrained": test | {"snr": 11.0}, "fixed filter": test | {"snr": 70.0}}
        metrics["floor tracks"] = dict.fromkeys(("untrained", "fixed filter"), metrics["tracks"])
    for k, name in enumerate(TRACKS):
        tone = 0.1 * torch.sin(0.05 * (k + MODELS.index(letter) + 1) * torch.arange(RATE))
        write_flac(folder / letter / f"{name}.flac", tone, RATE)
    curves = {"seconds": np.array(seconds), "own": np.array([1.0, 0.5]), "validation": np.array([28.0, 29.0])}
    return Toy(folder / letter, config, metrics, curves, experiment=f"model_{letter}")


def trials(letter: str, **own: float) -> Toy:
    """Trials of a model at two rates, with the loss that each ends at."""
    rates = {rate: {"snr": 20.0, "own": value} for rate, value in zip(("1e-05", "3e-06"), own.values(), strict=True)}
    config = {"model": letter, "cutoff": 3000, "rates": [1e-5, 3e-6], "iterations": 7, "batch": 2}
    return Toy(Path(), config, {"start": {"snr": 28.8}, "rates": rates}, experiment=f"trials_{letter}")


def preferred(shown: tuple[str, ...]) -> str | None:
    """The answer of a listener who likes Model C and knows nothing else."""
    return "Model C" if "Model C" in shown else None


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Five toy models whose training took 5, 10, 15, 20 and 25 s."""
    return Study([model(tmp_path, letter, 5.0 * (k + 1)) for k, letter in enumerate(MODELS)])


def repeated(study: Study, **snr: tuple[float, float]) -> Study:
    """The study with two more seeds of some models, which have these ratios."""
    more = []
    for letter, values in snr.items():
        for seed, value in enumerate(values, start=1):
            first = study.models()[letter]
            test = first.metrics["test"] | {"snr": value}
            more.append(replace(first, seed=seed, metrics={"test": test, "tracks": first.metrics["tracks"]}))
    return Study([*study.results, *more])


def test_level_of_a_sine_is_read_off() -> None:
    """A sine of amplitude 0.1 in the middle of a bin stands at -20 dB, less the mean over the pooled pair of bins."""
    bin_width = RATE / 1024
    wave = 0.1 * torch.sin(2 * torch.pi * 100 * bin_width * torch.arange(RATE) / RATE)
    found = figures.decibels(Clip(wave, RATE, "sine"))
    assert found.shape == (256, 30)
    # the neighbour in the pair is half as high: power (1 + 1/4) / 2
    assert found[50] == pytest.approx(-20 + 10 * np.log10(0.625), abs=0.05)
    assert found.min() == pytest.approx(-80)
    assert found.max() <= 0


def test_holes_are_told_apart() -> None:
    original = torch.ones(512, 4)
    coded, found = torch.ones(512, 4), torch.ones(512, 4)
    coded[10, :2] = 0.05  # removed by the codec
    found[10, 1:3] = 0.05  # removed by the network
    coded[500] = 0.0  # above the cut-off: counts for nobody
    cells = figures.hole_map(found, coded, original, 5000.0)
    assert cells[10].tolist() == [2, 1, 3, 0]
    assert cells.sum() == 6


def test_table_3_holds_paper_and_ours(study: Study) -> None:
    lines = str(tables.table_3(study)).splitlines()
    assert lines[2].split()[:4] == ["Model", "A", "59.3", "20.000"]
    assert lines[5].split()[:4] == ["Model", "D", "45.6", "23.000"]
    assert lines[6].split()[:5] == ["Fair", "Model", "C", "–", "24.000"]
    assert lines[7].startswith("The start, untrained")
    assert "11.0" in lines[7]
    assert lines[8].startswith("Every second sample")
    assert "70.0" in lines[8]


def test_table_3_tells_how_many_seeds_each_model_has(study: Study) -> None:
    more = repeated(study, a=(20.0, 20.0), b=(21.5, 20.5), c=(22.0, 22.0), c_fair=(24.0, 24.0))
    lines = str(tables.table_3(more)).splitlines()
    assert [line.split()[-1] for line in lines[2:7]] == ["3", "3", "3", "1", "3"]
    assert "21.000 ± 1.242" in lines[3]
    assert tables.seeds(more) == "mean ± 95 % interval over 3 seeds (Model D: one)"
    assert more.value("SNR, untrained").count == 3  # no seed decides it
    assert "one seed (0)" in tables.seeds(study)


def test_a_seed_that_only_repeats_models_is_heard_as_the_first(study: Study) -> None:
    network = Toy(Path(), {"network": "spectrogram", "recordings": "synthetic"})
    more = repeated(Study([*study.results, network]), a=(20.0, 20.0))
    for seed in (0, 1, 2):
        assert {result.seed for result in Study(more.results, seed).models().values()} == {0}


def test_the_order_says_what_the_intervals_allow(study: Study) -> None:
    """A and B are parted by more in each seed than their differences vary; C's and fair C's intervals overlap."""
    more = repeated(study, a=(20.1, 19.9), b=(21.1, 20.9), c=(25.0, 21.0), c_fair=(22.0, 25.0))
    told = teacher_tables.order(more).replace("\u00a0", " ")
    assert "the order is Fair Model C, Model C, Model B, Model A" in told
    assert "Fair Model C cannot be told from Model C (1.000 ± " in told
    assert "Model B is above Model A (1.000 dB)" in told
    assert "one seed" in teacher_tables.order(study)


def test_trials_show_every_rate_and_the_one_that_was_taken(study: Study) -> None:
    tried = Study([*study.results, trials("c_gradient", first=1.5, second=1.2), trials("a", first=0.85, second=0.96)])
    lines = [" ".join(line.split()) for line in str(teacher_tables.trials(tried)).splitlines()]
    assert lines[2] == "Model A 0.85 (20.0) 0.96 (20.0) 1e-05 0.50 (29.0)"
    assert lines[3] == "Model C, weights by gradient 1.50 (20.0) 1.20 (20.0) – –"
    assert sorted(tried.models()) == sorted(MODELS)  # trials are no models
    assert teacher_tables.best_rate(trials("b", first=2.0, second=1.0)) == 3e-6


def test_cost_is_relative_to_plain_l1(study: Study) -> None:
    rows = [line.split() for line in str(tables.cost(study)).splitlines()[2:]]
    assert [float(row[-2]) for row in rows] == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert [float(row[-1]) for row in rows] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_what_is_not_defined_is_left_open(study: Study) -> None:
    assert study.value("share of the error in pulses, model A") is None
    assert study.value("images at 4 kHz, model A").mean == 0.25
    assert "25.0" in str(tables.aliasing(study))


def test_answers_are_counted_and_others_refused(study: Study, tmp_path: Path) -> None:
    """One listener who always prefers Model C, and does not know without it."""
    test = listening.ab_test(study)
    assert len(test.trials) == 75  # six versions of five tracks, all pairs
    rows = [
        {
            "item": t.item,
            "shown": list(t.conditions),
            "answer": "Model C" if "Model C" in t.conditions else None,
            "seconds": 2,
        }
        for t in presented(test, 7)
    ]
    content = {"format": "listening test answers 1", "test": test.id, "name": test.name, "listener": "Kim", "seed": 7}
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "kim.json").write_text(json.dumps({**content, "answers": rows}))
    found = listening.read_answers(study, str(tmp_path / "answers"))
    wins = {line.split("  ")[0]: line.split() for line in str(listening.wins(found)).splitlines()}
    assert wins["Model C"][-2:] == ["1.00", "1"]
    assert wins["Model A"][-2:] == ["0.00", "1"]
    (tmp_path / "answers" / "kim.json").write_text(json.dumps({**content, "test": "0" * 16, "answers": rows}))
    with pytest.raises(AnswerError, match="another test"):
        listening.read_answers(study, str(tmp_path / "answers"))
    with pytest.raises(LabError, match="no answers"):
        listening.read_answers(study, str(tmp_path / "nowhere"))


def test_without_answers_the_paper_stands_alone(study: Study) -> None:
    assert listening.read_answers(study, "") == []
    assert "nobody has answered" in str(listening.wins([]))
    text = listening.arithmetic()
    assert "51.0" in text
    assert "5 or 10 listeners, but not from 14" in text
    assert "0.72" in text


def test_test_changes_with_the_sounds(study: Study) -> None:
    before = listening.ab_test(study).id
    write_flac(study.models()["c"].folder / "guitar.flac", torch.zeros(RATE), RATE)
    assert listening.ab_test(study).id != before


def test_players_name_what_is_missing(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Study, "codec", PAPER_CODEC)
    monkeypatch.setattr(Study, "original", lambda self, track, cutoff=None: Missing(track, "fetch it"))
    html = figures.model_player(study, "guitar").html
    assert "fetch it" in html
    assert html.count("<audio") == 5


def test_hours_of_material_count_every_version() -> None:
    once = setting_tables._hours(1)
    # as it is, 10/9, 9/10 of the speed ...: slower versions are longer
    assert setting_tables._hours(3) == pytest.approx(once * (1 + 9 / 10 + 10 / 9))


def test_settings_of_several_models_are_told_once_or_by_model() -> None:
    configs = {"a": {"steps": 5}, "b": {"steps": 5}, "c_fair": {"steps": 7}}
    assert setting_tables._told(configs, lambda config: f"{config['steps']}") == "5 (A, B), 7 (Fair Model C)"
    assert setting_tables._told(configs, lambda config: "Adam") == "Adam"


def test_the_summary_names_the_models_that_have_several_seeds(study: Study) -> None:
    assert "1 seed, synthetic sounds." in setting_tables.summary(study)
    more = repeated(study, a=(20.0, 20.0), c=(22.0, 22.0))
    assert "3 seeds of Model A and Model C, one of all else" in setting_tables.summary(more)
