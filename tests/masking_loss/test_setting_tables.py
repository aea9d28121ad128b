"""Tables of what went in: the speech, the settings and the trainings, beside what the configs and results hold."""

from pathlib import Path

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from masking_loss.quick_speech import quick_speech
from masking_loss.titled import titled
from paper_code.audio import corpora, synthesiser
from paper_code.display.tables import Table
from paper_code.lab import store
from paper_code.lab.config import Config
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import Result
from paper_code.masking_loss import configs, experiment, setting_tables, stimuli
from paper_code.masking_loss.coder import training
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.study import Study

CODERS = ("coder_mse_20", "coder_log_mel_20", "coder_pmsqe_20", "coder_masking_20")
LONG = {  # settings of which no two are alike
    "width": 3, "bins": 9, "batch": 50, "run": 5, "warm_up": 1200, "iterations": 36000, "learning_rate": 3e-3,
    "last_rate": 2e-4, "alpha_1": 51.0, "alpha_2": 7.0, "alpha_3": 0.26, "alpha_3_step": 0.125, "relative_step": True,
    "lookahead": 2.0, "control_every": 41, "tolerance": 0.31, "sharpness": 12.0, "residual_gain": 0.2, "alpha_4": 0.023,
    "squared_error": "sum", "start": "half_band", "fold": 8, "assignment": "hard", "control": "entropy", "clip": 3.5,
    "warm_up_loss": "log_mel", "bitrate": 6.0,
}  # fmt: skip
OTHERWISE = {  # where a setting is written in another way
    **LONG, "relative_step": False, "lookahead": 0.0, "sharpness": None, "temperature": 151.0, "squared_error": "rmse",
    "start": "he", "assignment": "soft", "clip": 0.0, "warm_up_loss": "", "warm_up": 700, "iterations": 300,
}  # fmt: skip
# Of a training: seconds of the warm-up, of the rest, step kept, its kb/s, alpha 3 at the end.
TAKEN = {
    "MSE 20": (150.0, 546.0, 1100, 20.126, 0.513),
    "log-mel 20": (150.0, 612.0, 1233, 19.872, 0.624),
    "PMSQE 20": (150.0, 678.0, 1322, 20.314, 0.735),
    "masking 20": (150.0, 744.0, 1411, 20.443, 0.846),
}


def made_result(root: Path, name: str, config: Config, metrics: dict | None = None, **curves: object) -> Result:
    """A result of a config, with such metrics and curves of its training as a test wants."""
    folder = root / name / f"{config.profile}-seed{config.seed}"
    folder.mkdir(parents=True)
    write_json(folder / "metrics.json", metrics or {})
    write_arrays(folder / "curves.npz", {key: np.asarray(value) for key, value in curves.items()})
    provenance = {"config": config.as_dict(), "hash": config.hash, "profile": config.profile, "seed": config.seed}
    return Result(folder, "masking_loss", name, provenance)


def study_of(folder: Path, profile: str = "smoke", seeds: tuple[int, ...] = (0,), **changes: object) -> Study:
    """Results that hold nothing but their settings."""
    asked = [(seed, *pair) for seed in seeds for pair in experiment.experiments(profile, seed, **changes).items()]
    return Study([made_result(folder / str(seed), name, config) for seed, name, config in asked], seeds[0])


def trained_study(folder: Path, **changes: object) -> Study:
    """AMR-WB and the coders of 20 kb/s with made-up trainings, those of TAKEN."""
    asked = experiment.experiments("small", 0, recordings="synthetic", **changes)
    found = [made_result(folder, "amr_wb_19.85", asked["amr_wb_19.85"])]
    for name, (warm_up, seconds, chosen, kilobits, alpha_3) in zip(CODERS, TAKEN.values(), strict=True):
        taken = {"warm_up_seconds": warm_up, "seconds": seconds, "chosen": chosen, "chosen_kilobits": kilobits}
        found.append(made_result(folder, name, asked[name], seen_alpha_3=[np.nan, 0.5, alpha_3], **taken))
    return Study(found, 0)


def heads(table: Table) -> list[str]:
    """The heads of the columns, with their units."""
    return [cell.get_text() for cell in BeautifulSoup(table.html, "html.parser").thead.find_all("th")]


def rows(table: Table) -> dict[str, list[str]]:
    """The cells of each row by the first of them, as they are read."""
    lines = BeautifulSoup(table.html, "html.parser").tbody.find_all("tr")
    cells = [[cell.get_text() for cell in line.find_all(["th", "td"])] for line in lines]
    return {first: rest for first, *rest in cells}


def test_the_speech_is_that_of_the_register():
    shown = setting_tables.recordings()
    assert heads(shown) == ["side", "paper, TIMIT utterances", "here utterances", "speakers", "speech min"]
    found = rows(shown)
    assert [cells[0] for cells in found.values()] == ["3,000", "200", "500"]
    # From LibriSpeech's own names: .../speaker-chapter-utterance.flac, and test-other for the test.
    files = [file for file in corpora.corpora()["librispeech_resemblyzer"].recordings if file.seconds]
    test = [file for file in files if "test-other" in file.path]
    utterances, speakers = ({side: int(cells[k]) for side, cells in found.items()} for k in (1, 2))
    assert utterances["test"] == len(test) == 100
    assert speakers["test"] == len({file.path.split("/")[-1].split("-")[0] for file in test}) == 10
    assert utterances["train"] + utterances["validation"] == len(files) - len(test)
    assert speakers["train"] + speakers["validation"] == 227  # as the corpus says of itself
    assert float(found["test"][3]) == pytest.approx(sum(file.seconds for file in test) / 60, abs=0.051)
    assert sum(float(cells[3]) for cells in found.values()) == pytest.approx(
        sum(f.seconds for f in files) / 60, abs=0.2
    )
    assert "LibriSpeech utterances" in shown.text
    assert "CC BY 4.0." in shown.text


@pytest.mark.parametrize(
    ("seeds", "recordings", "expected"),
    [
        ((0,), "real", "1 seed, real"),
        ((0, 3), "synthetic", "2 seeds, synthetic"),
        ((0, 1, 2), "real", "3 seeds, real"),
    ],
)
def test_the_summary_says_profile_seeds_and_sounds(tmp_path, seeds, recordings, expected):
    said = setting_tables.summary(study_of(tmp_path, "small", seeds, recordings=recordings))
    assert said.startswith(f"Shown here: the profile **small** ({configs.PROFILES['small'].title}), {expected} ")


def test_settings_are_those_of_the_masking_coder(tmp_path):
    found = rows(setting_tables.settings(study_of(tmp_path, **LONG)))
    ours = {name: cells[2] for name, cells in found.items()}
    assert (
        ours
        | {
            "channels": "3",
            "bins": "9",
            "start": "half of the band, in the shortcuts",
            "frames a step": "50 in runs of 5",
            "samples that enter together": "8",
            "in training a number becomes": "a bin; its gradient is that of the mean",
            "largest norm of a gradient": "3.5",
            "steps without quantisation": "1,200",
            "steps with it": "36,000",
            "learning rate, cosine": "0.003 to 0.0002",
            "alpha 1, 2": "51, 7",
            "alpha 3, at first": "0.26",
            "what keeps the rate": "alpha 3, by 12.5 % of itself, looking 2 controls ahead",
            "steps between controls of the rate": "41",
            "tolerance of the rate": "0.31 kb/s",
            "sharpness of the quantiser": "12 over the distance of the bins",
            "gain of the residuals at first": "0.2",
            "alpha 4": "0.023",
            "squared error": "sum",
            "speech in all steps": "15.5 hours",  # 37,200 steps of 50 frames of 30 ms
        }
        == ours
    )


def test_settings_written_in_another_way(tmp_path):
    found = rows(setting_tables.settings(study_of(tmp_path, **OTHERWISE)))
    assert found["start"][2] == "He"
    assert found["in training a number becomes"][2] == "a mean of bins"
    assert found["largest norm of a gradient"][2] == "any"
    assert found["steps without quantisation"][2] == "700"
    assert found["what keeps the rate"][2] == "alpha 3, by 0.125"
    assert found["sharpness of the quantiser"][2] == "temperature 151"
    assert found["squared error"][2] == "root of the mean"
    assert found["speech in all steps"][2] == "25 minutes"
    lapped = {**OTHERWISE, "warm_up": 3, "iterations": 4, "start": "lapped", "control": "step"}
    few = rows(setting_tables.settings(study_of(tmp_path / "few", **lapped)))
    assert few["start"][2] == "a transform beside the network"
    assert few["what keeps the rate"][2] == "the size of the quantiser's steps"
    assert few["speech in all steps"][2] == "10 seconds"  # 7 steps of 50 frames of 30 ms


def test_the_papers_settings_stand_beside_those_of_the_full_profile(tmp_path):
    shown = setting_tables.settings(study_of(tmp_path, **LONG))
    assert heads(shown) == ["setting", "paper", "profile full", "profile smoke"]
    found = rows(shown)
    paper = {name: cells[0] for name, cells in found.items() if cells[0] != "not said"}
    assert (
        paper
        | {  # section 2.1 and 4
            "channels": "1.5 million weights",
            "frames a step": "128",
            "learning rate, cosine": "0.0002 to 0.0001",
            "alpha 1, 2": "60, 10",
            "alpha 3, at first": "0.5",
            "what keeps the rate": "alpha 3, by 0.025",
            "alpha 4": "0.003",
        }
        == paper
    )
    full = experiment.experiments("full", 0)["coder_masking_20"]
    assert found["channels"][1] == f"{full.width}"
    assert found["frames a step"][1] == f"128 in runs of {full.run}"
    assert found["learning rate, cosine"][1] == "0.0002 to 0.0001"
    assert found["steps between controls of the rate"][1] == f"{configs.EPOCH}"
    assert found["alpha 4"][1] == "0.003"
    seconds = (full.warm_up + full.iterations) * 128 * 0.03
    assert found["speech in all steps"][1] == f"{seconds / 3600:.1f} hours"


def test_the_full_profile_has_one_column(tmp_path):
    shown = setting_tables.settings(study_of(tmp_path, "full"))
    assert heads(shown) == ["setting", "paper", "profile full"]
    assert {len(cells) for cells in rows(shown).values()} == {2}


def test_trainings_show_what_the_results_hold(tmp_path):
    shown = setting_tables.runs(trained_study(tmp_path, warm_up=200, iterations=1300, batch=16, tolerance=0.29))
    found, names = rows(shown), heads(shown)
    assert list(found) == list(TAKEN)  # AMR-WB learns nothing
    for coder, (_, seconds, chosen, kilobits, alpha_3) in TAKEN.items():
        cells = dict(zip(names[1:], found[coder], strict=True))
        assert cells["steps"] == "1,300"
        assert cells["speech h"] == "0.17"  # 1,300 steps of 16 frames of 30 ms
        assert cells["time min"] == f"{seconds / 60:.1f}"
        assert cells["a step s"] == f"{seconds / 1300:.2f}"
        assert cells["step kept"] == f"{chosen:,}"
        assert cells["its rate, training speakers kb/s"] == f"{kilobits:.2f}"
        assert cells["alpha 3 at the end"] == f"{alpha_3:.3f}"
    assert "The trainings, each after 200 steps without quantisation: " in shown.text
    assert "0.7 hours of one core" in shown.text  # 2,580 s
    assert "within 0.29 kb/s" in shown.text


def test_trainings_of_several_seeds_are_told_apart(tmp_path):
    study = trained_study(tmp_path)
    first = study.condition(titled("MSE 20"))
    again = experiment.experiments("small", 1, recordings="synthetic")["coder_mse_20"]
    found = made_result(tmp_path, "coder_mse_20", again, **first.curves)
    shown = rows(setting_tables.runs(Study([*study.results, found], 0)))
    assert list(shown) == ["MSE 20, seed 0", "log-mel 20", "PMSQE 20", "masking 20", "MSE 20, seed 1"]


def test_terms_are_weighted_means_of_the_first_and_last_steps_with_quantisation(tmp_path):
    asked = experiment.experiments("small", 0, recordings="synthetic", warm_up=30, iterations=50, alpha_1=50.0)
    error, heard = np.arange(80) / 100, np.arange(80, 0, -1) / 10
    names = ("amr_wb_19.85", *CODERS)
    found = [made_result(tmp_path, name, asked[name], squared_error=error, perceptual=heard) for name in names]
    shown = setting_tables.terms(Study(found, 0))
    cells = rows(shown)
    assert list(cells) == list(TAKEN)
    # The means of 30 to 49 are 39.5, of 60 to 79 69.5.
    assert [float(cell) for cell in cells["masking 20"]] == pytest.approx([0.3, 19.75, 1.21, 34.75, 0.32], abs=0.006)
    assert [float(cell) for cell in cells["MSE 20"]] == pytest.approx([0, 19.75, 0, 34.75, 0], abs=0.006)


def test_operations_are_twice_the_products_of_all_convolutions():
    products, coder = [], SpeechCoder(5).eval()
    for layer in coder.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda of, _, out: products.append(out.shape[-1] * of.weight.numel()))
    with torch.no_grad():
        coder.decode(coder.encode(torch.zeros(1, 512)))
    forward = 2 * sum(products)
    # Backward takes as much for the weights and again for the inputs, but that of the frame itself is not asked for.
    assert 2.9 * forward < setting_tables.operations(5) <= 3 * forward


def test_the_cost_of_full_is_that_of_its_steps_and_coders(tmp_path):
    said = setting_tables.cost_of_full(study_of(tmp_path))
    full = experiment.experiments("full", 0)["coder_mse_13"]
    assert f"{full.warm_up + full.iterations:,} steps of 128 frames" in said
    whole = setting_tables.operations(64) * 128 * (full.warm_up + full.iterations)
    assert f"{whole / 1e16:.1f} · 10¹⁶" in said
    coders = sum(name.startswith("coder") for name in experiment.experiments("full", 0))
    assert f"its {coders} coders {coders * whole / 1e17:.1f} · 10¹⁷" in said
    assert said.startswith("The profile full has not been run for this page. A frame ")
    assert setting_tables.cost_of_full(study_of(tmp_path / "full", "full")).startswith("A frame ")


def test_trainings_without_a_warm_up_speak_of_none(tmp_path):
    assert "without quantisation" not in setting_tables.runs(trained_study(tmp_path, warm_up=0)).text


def test_trainings_of_a_coder_that_was_really_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(stimuli, "FOLDER", tmp_path / "speech")
    monkeypatch.setattr(training, "WARM_UPS", tmp_path / "warm-ups")
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)
    config = experiment.experiments("smoke", 0, recordings="synthetic", width=2, bins=32)["coder_masking_20"]
    experiment.CHAPTER.train(config, tmp_path, torch.device("cpu"), False)
    curves = dict(np.load(tmp_path / store.CURVES))
    study = Study([made_result(tmp_path, "coder_masking_20", config, **curves)], 0)
    cells = dict(
        zip(heads(shown := setting_tables.runs(study)), ["masking 20", *rows(shown)["masking 20"]], strict=True)
    )
    assert cells["steps"] == f"{config.iterations}"
    assert cells["a step s"] == f"{curves['seconds'] / config.iterations:.2f}"
    assert int(cells["step kept"]) in curves["seen_validated"].tolist()
    assert float(cells["its rate, training speakers kb/s"]) == pytest.approx(
        float(curves["chosen_kilobits"]), abs=0.006
    )
    assert float(cells["alpha 3 at the end"]) == pytest.approx(curves["seen_alpha_3"][-1], abs=0.0006)
