"""What the chapter shows of its results: conditions, means over utterances, differences, tables, claims."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.titled import titled
from paper_code.audio import corpora, synthesiser
from paper_code.audio.clips import Clip, write_flac
from paper_code.display.players import Missing
from paper_code.lab import claims
from paper_code.lab import study as lab_study
from paper_code.lab.claims_file import reported
from paper_code.lab.errors import LabError
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.intervals import interval
from paper_code.lab.rules import UNTESTABLE, Untestable, Within
from paper_code.lab.store import Result
from paper_code.masking_loss import charts, experiment, measurements, stimuli, tables
from paper_code.masking_loss import study as study_module
from paper_code.masking_loss.conditions import SWEEPS, Condition
from paper_code.masking_loss.configs import LOSSES, TRANSFORMS
from paper_code.masking_loss.evaluation import PREDICTED, SCORES
from paper_code.masking_loss.study import Study

PAPERS = list(reported("masking_loss")["Table 1"])
UTTERANCES = ("synthetic-5", "synthetic-6", "c")


def _values(condition: Condition, score: str, seed: int) -> np.ndarray:
    """Made-up scores of three utterances, another number for everything."""
    number = 10 * PAPERS.index(condition.title) if condition.title in PAPERS else 5
    return np.array([1.0, 2.0, 4.0]) + number + list(SCORES).index(score) / 10 + seed


def _result(root: Path, experiment_name: str, config, seed: int) -> Result:
    """A finished result of made-up numbers."""
    folder = root / experiment_name / f"smoke-seed{seed}"
    condition = Condition.of(Result(folder, "masking_loss", experiment_name, {"config": config.as_dict()}))
    folder.mkdir(parents=True)
    metrics, arrays = {}, {"predicted_names": np.array(UTTERANCES[:2])}
    for side in ("validation", "test"):
        scores = {score: _values(condition, score, seed) + (side == "validation") for score in SCORES}
        arrays |= {f"{side}_{score}": values for score, values in scores.items()}
        arrays[f"{side}_names"] = np.array(UTTERANCES)
        metrics[side] = {score: values.mean() for score, values in scores.items()}
        metrics[side] |= {"utterances": 3, "seconds": 9.0, "pesq_failed": 0, "estimated_kilobits": 12.5 + seed}
    predicted = np.array([40.0, 45.0])
    if condition.title in PAPERS:
        predicted = np.array([50.0, 60.0]) + PAPERS.index(condition.title)
    elif condition in SWEEPS:
        predicted = np.array([])
    arrays |= {f"predicted_{score}": predicted for score in PREDICTED}
    mean = predicted.mean() if len(predicted) else float("nan")
    metrics["predicted"] = {score: mean for score in PREDICTED} | {"utterances": len(predicted), "seconds": 4.0}
    metrics["levels"] = {"synthetic-5": 0.5}
    metrics["bands"] = {
        "synthetic-5": {"high": -3.0 - seed, "top": -9.0},
        "synthetic-6": {"high": -5.0 - seed, "top": -9.0},
    }
    metrics["figure"] = {"utterance": "synthetic-5", "first": 10, "frame": 1}
    arrays |= {f"figure_{key}": np.full((3, 257), 2.5, np.float16) for key in ("noise", "threshold", "spectrum")}
    write_json(folder / "metrics.json", metrics)
    write_arrays(folder / "arrays.npz", arrays)
    write_flac(folder / "synthetic-5.flac", torch.full((400,), 0.25), 16000)
    provenance = {"config": config.as_dict(), "hash": config.hash, "profile": "smoke", "seed": seed}
    provenance |= {"trained": {"files": {}, "weights": "gone"}}
    return Result(folder, "masking_loss", experiment_name, provenance)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    asked = [(s, *pair) for s in (0, 1) for pair in experiment.experiments("smoke", s, recordings="synthetic").items()]
    asked += [(s, each.experiment, experiment.config_of(each, "smoke", s)) for s in (0, 1) for each in SWEEPS]
    return [_result(root, name, config, seed) for seed, name, config in asked]


@pytest.fixture
def study(results):
    return Study(results, seed=0)


def test_conditions_are_found_by_loss_and_rate(study):
    assert len(study.conditions) == 26
    assert [each.title for each in study.longer] == ["masking 20, longer"]
    assert [each.title for each in study.at_rate(13)] == [
        "AMR-WB 12.65", "MDCT 13", "untrained 13", "MSE 13", "log-mel 13", "PMSQE 13", "masking 13"
    ]  # fmt: skip
    assert [each.title for each in study.table if each.kind not in ("mse", *TRANSFORMS)] == PAPERS
    assert study.condition(titled("AMR-WB 19.85")).experiment == "amr_wb_19.85"
    assert study.swept[0] == titled("masking 20")
    assert [each.title for each in study.swept[1:3]] == ["masking 20, gamma 0", "masking 20, gamma 1.2"]
    assert len(study.swept) == 5


def test_a_rate_no_coder_was_trained_for_is_told(study):
    with pytest.raises(LabError, match=r"no coder was trained for 16 kb/s; there are 13, 20, 24\."):
        study.at_rate(16)
    with pytest.raises(LabError, match=r"no condition 'masking 16'.*Did you mean 'masking 1?"):
        study.condition(Condition("masking", 16.0))
    with pytest.raises(LabError, match=r"no score 'psq'\. Did you mean 'pesq'"):
        study.value(titled("masking 20"), "psq")


def test_values_are_over_utterances_of_the_mean_over_seeds(study):
    expected = (_values(titled("masking 20"), "snr", 0) + _values(titled("masking 20"), "snr", 1)) / 2
    assert study.values(titled("masking 20"), "snr") == pytest.approx(expected)
    assert study.value(titled("masking 20"), "snr") == interval(expected.tolist())
    assert study.values(titled("masking 20"), "snr", "validation") == pytest.approx(expected + 1)
    assert study.kilobits(titled("masking 20")) == pytest.approx((expected.mean() - 0.2, 13.0))
    assert study.value(titled("masking 20"), "ops").count == 2
    assert study.value(titled("masking 20, gamma 0"), "ops") is None


def test_levels_of_bands_are_over_the_kept_utterances(study):
    assert study.band_level(titled("masking 20"), "high") == interval([-3.5, -5.5])  # each the mean over two seeds
    assert study.band_level(titled("AMR-WB 12.65"), "top") == interval([-9.0, -9.0])
    with pytest.raises(LabError, match="no condition 'masking 16'"):
        study.band_level(Condition("masking", 16.0), "high")


def _without_stoi(result: Result, root: Path) -> Result:
    """The same result as it was before STOI was measured."""
    folder = root / result.experiment / result.folder.name
    folder.mkdir(parents=True)
    write_arrays(folder / "arrays.npz", {name: v for name, v in result.arrays.items() if not name.endswith("_stoi")})
    sides = {side: {k: v for k, v in result.metrics[side].items() if k != "stoi"} for side in ("validation", "test")}
    write_json(folder / "metrics.json", result.metrics | sides)
    return Result(folder, "masking_loss", result.experiment, result.provenance)


def test_a_mean_counts_only_the_results_that_were_measured_with_a_score(results, study, tmp_path):
    first = [result for result in results if result.experiment == "coder_masking_20" and result.seed == 0]
    neither = [result for result in results if result.experiment == "coder_mse_13"]
    earlier = {id(result): _without_stoi(result, tmp_path) for result in [*first, *neither]}
    some = Study([earlier.get(id(result), result) for result in results], seed=0)
    assert some.values(titled("masking 20"), "stoi") == pytest.approx(_values(titled("masking 20"), "stoi", 1))
    assert some.value(titled("masking 20"), "pesq") == study.value(titled("masking 20"), "pesq")
    assert some.value(titled("MSE 13"), "stoi") is None
    assert some.difference(titled("MSE 13"), titled("masking 13"), "stoi") is None
    assert "STOI was measured for 39 of 42 trainings; means are over those." in str(tables.table_1(some))
    assert "was measured of" not in str(tables.table_1(study))
    named = measurements.measurements(some.results)
    assert np.isnan(named["STOI, masking 20"]).tolist() == [True, False]
    assert np.isnan(named["validation STOI, MSE 13"]).all()


def test_differences_are_paired(study):
    found = study.difference(titled("masking 20"), titled("PMSQE 20"), "pesq")
    assert (found.mean, found.half_width, found.count) == (pytest.approx(10), pytest.approx(0, abs=1e-6), 3)


def test_sounds_have_the_level_of_the_original(study, monkeypatch):
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)
    assert study.heard == ["synthetic-5"]
    clip = study.decoded(titled("masking 13"), "synthetic-5")
    assert clip.waveform.max() == 0.25
    assert clip.title == "synthetic-5, masking 13"
    original = study.original("synthetic-5")
    assert isinstance(original, Clip)
    assert original.waveform.abs().max().item() == pytest.approx(0.5)
    assert torch.allclose(2 * original.waveform, stimuli.normalised(quick_speech(4.0, 16000, 5)).waveform)


def test_frames_of_figure_3_say_when_they_are(study):
    found = study.frames(titled("PMSQE 20"))
    assert (found.utterance, found.shown) == ("synthetic-5", 1)
    assert found.seconds == pytest.approx([(256 * k + 256) / 16000 for k in (10, 11, 12)])
    assert found.noise.dtype == np.float32
    assert (found.noise == 2.5).all()
    assert found.frequency[[1, 256]].tolist() == [31.25, 8000]


@pytest.mark.parametrize(("here", "overrides"), [(True, {}), (False, {"recordings": "synthetic"})])
def test_a_study_without_recordings_is_of_synthetic_speech(here, overrides, results, monkeypatch, tmp_path):
    asked = []

    def given(chapter, profile, store, seeds=(), **options):
        asked.append((chapter.name, profile, store.root, seeds, options))
        return results

    monkeypatch.setattr(corpora, "available", lambda _: here)
    monkeypatch.setattr(lab_study, "results", given)
    opened = study_module.open_study("smoke", 5, "cpu", str(tmp_path))
    assert asked == [("masking_loss", "smoke", tmp_path, [5], {"device": "cpu", **overrides})]
    assert opened.seed == 5
    with pytest.raises(LabError, match="have the seeds 0, 1; found 5"):
        study_module.open_study(seed=5)


def test_the_rate_of_one_utterance_is_told(study):
    assert (
        study.kilobits_of(titled("masking 20"), "synthetic-6")
        == study.condition(titled("masking 20")).arrays["test_kilobits"][1]
    )
    with pytest.raises(LabError, match=r"'synthetic-7' is none of the test utterances of masking 20\. Did you mean"):
        study.kilobits_of(titled("masking 20"), "synthetic-7")
    values = study.condition(titled("AMR-WB 19.85")).arrays["test_kilobits"]
    assert f"AMR-WB 19.85 {values.min():.1f} to {values.max():.1f}; MDCT 20" in tables.rates_of_utterances(study)


def test_missing_recordings_are_noticed(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPENDIUM_CORPORA", str(tmp_path))
    monkeypatch.setenv("COMPENDIUM_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert lab_study.stand_in(experiment.CHAPTER) == {"recordings": "synthetic"}
    absent = study_module._original("3080-5032-0000", synthetic=False)
    assert isinstance(absent, Missing)
    study_module._original.cache_clear()


def test_a_coder_that_was_not_kept_is_told(study):
    with pytest.raises(
        LabError,
        match=r"weights of the coder 'masking 20' are gone: run .* --profile smoke --experiment coder_masking_20`",
    ):
        study.coder(titled("masking 20"))


def test_table_1_has_the_papers_value_beside_ours(study):
    text = str(tables.table_1(study))
    row = next(line for line in text.splitlines() if line.startswith("masking 20"))
    ours = study.value(titled("masking 20"), "pesq")
    assert re.search(rf"20\.16 .* 13\.00 +4\.175 +{ours.mean:.2f} ± {ours.half_width:.2f} +16\.68", row)
    row = next(line for line in text.splitlines() if line.startswith("MSE 20"))
    assert row.count("–") == 3  # the paper has no such coder
    assert "3 test utterances" in text
    assert "2 seeds" in text
    assert "without a PESQ" not in text


def test_peass_says_on_what_it_stands(study):
    text = str(tables.table_1_peass(study))
    assert "the middle 4 s of 2 test utterances" in text
    assert "silent" in text
    assert "2 test utterances, each of another speaker" in text
    assert "which gives no interval" in tables._asked(1)
    assert "left out" in tables._asked(0)
    assert re.search(r"AMR-WB 12\.65 +69\.84 +55\.0 ± \d+\.\d +82\.79 +55\.0", text)


def test_the_other_tables(study):
    noise = str(tables.noise(study))
    share = 100 * study.value(titled("PMSQE 24"), "above").mean
    assert f"{share:.1f} ±" in next(line for line in noise.splitlines() if line.startswith("PMSQE 24"))
    level = interval([-3.5, -5.5])
    assert f"−{-level.mean:.1f} ± {level.half_width:.1f}" in next(
        x for x in noise.splitlines() if x.startswith("PMSQE 24")
    )
    assert "MSE 13" in str(tables.losses(study))
    apart = str(tables.differences(study))
    assert re.search(r"masking 20 − PMSQE 20 +10\.00( ± 0\.00)? +10\.0( ± 0\.0)? +1000\.0", apart)
    swept = str(tables.sweeps(study))
    assert swept.count("masking 20") == 5
    assert "4.027 (§4.1)" in next(line for line in swept.splitlines() if line.startswith("masking 20, gamma 0 "))


def test_measurements_have_one_value_a_seed(results):
    found = measurements.measurements(results)
    assert {len(values) for values in found.values()} == {2}
    expected = [_values(titled("masking 20"), "pesq", seed).mean() for seed in (0, 1)]
    assert found["PESQ, masking 20"] == pytest.approx(expected)
    assert found["validation PESQ, masking 20"] == pytest.approx([value + 1 for value in expected])
    assert found["estimated bit rate, masking 13"] == [12.5, 13.5]
    assert found["level above 4 kHz, masking 20"] == [-4, -5]
    assert found["level above 7 kHz, AMR-WB 12.65"] == [-9, -9]
    assert found["PESQ, least of the coders, 20"] == found["PESQ, log-mel 20"]
    assert found["PESQ, most of the coders, 20"] == found["PESQ, masking 20"]
    assert found["PESQ, most of the other coders, 20"] == found["PESQ, masking 20"]
    assert found["rates at which one condition has the best OPS"] == [3, 3]
    assert found["parameters at the paper's width"] == [1558847, 1558847]


@pytest.fixture(scope="module")
def some_repeated(results):
    """Seed 0 whole, of seed 1 no more than the coders of 20 kb/s."""
    again = [f"coder_{loss}_20" for loss in LOSSES]
    return [result for result in results if result.seed == 0 or result.experiment in again]


def test_where_a_seed_has_no_run_its_value_is_missing(some_repeated):
    found = measurements.measurements(some_repeated)
    assert {len(values) for values in found.values()} == {2}
    assert not np.isnan(found["PESQ, masking 20"]).any()
    assert np.isnan(found["PESQ, masking 13"]).tolist() == [False, True]
    assert np.isnan(found["PESQ, masking 20, gamma 0"]).tolist() == [False, True]
    assert np.isnan(found["rates at which one condition has the best OPS"]).tolist() == [False, True]
    alone = _values(titled("AMR-WB 19.85"), "snr", 0).mean()
    assert found["SNR, AMR-WB 19.85"] == pytest.approx([alone, alone])
    apart = [alone - _values(titled("masking 20"), "snr", seed).mean() for seed in (0, 1)]
    assert found["SNR, AMR-WB less the most of the coders, 20"] == pytest.approx(apart)
    rows = {row.id: row for row in claims.judge("masking_loss", found, "smoke")}
    why = {part.name: part.why for part in rows["noise"].parts}
    assert {name: "1 of 2 seeds lack a value" in told for name, told in why.items()} == {
        name: "20" not in name for name in why
    }


def test_a_profile_without_longer_trainings_has_no_value_of_them(results):
    found = measurements.measurements(results)
    without = measurements.measurements([one for one in results if not one.experiment.endswith("_longer")])
    assert list(without) == list(found)
    longer = [name for name in found if name.endswith(", longer")]
    assert len(longer) > 20
    assert all(np.isnan(without[name]).all() for name in longer)
    rows = claims.judge_ours("masking_loss", without, "full")
    untestable = [row.id for row in rows if row.verdict == UNTESTABLE]
    assert untestable == ["ours-longer-noise"]


def test_a_seed_without_all_conditions_hears_the_first_seed_in_their_place(some_repeated):
    study = Study(some_repeated, seed=1)
    assert {condition.title: result.seed for condition, result in study.conditions.items() if result.seed == 1} == {
        "MSE 20": 1, "log-mel 20": 1, "PMSQE 20": 1, "masking 20": 1
    }  # fmt: skip
    assert len(study.conditions) == 26
    assert study.trainings == "2 seeds at 20 kb/s, one elsewhere"
    assert [result.seed for result in study.of(titled("masking 20"))] == [0, 1]
    assert [result.seed for result in study.of(titled("masking 24"))] == [0]
    with pytest.raises(LabError, match="no condition 'masking 16'"):
        study.of(Condition("masking", 16.0))
    assert study.heard == ["synthetic-5"]
    assert "2 seeds at 20 kb/s, one elsewhere" in str(tables.table_1(study))


def test_sweeps_compare_within_one_seed(some_repeated):
    whole = [result for result in some_repeated if result.seed == 0]
    shown, alone = (str(tables.sweeps(study)) for study in (Study(some_repeated, seed=1), Study(whole, seed=0)))
    assert shown.splitlines()[1:] == alone.splitlines()[1:]
    other = _values(titled("masking 20"), "pesq", 1).mean() + 1
    assert f"With other seeds the first row has a validation PESQ of {other:.2f}." in shown.splitlines()[0]
    assert "other seeds" not in alone


def test_longer_trainings_stand_beside_those_of_one_seed(some_repeated):
    lines = {}
    for line in str(tables.longer(Study(some_repeated, seed=1))).splitlines():
        lines[re.split(r"  +", line)[0]] = line
    usual, more = (_values(titled(name), "pesq", 0) for name in ("masking 20", "masking 20, longer"))
    for name, steps, values in (("masking 20", 4, usual), ("masking 20, longer", 16, more)):
        found = interval(values.tolist())
        kilobits = (values - 0.1).mean()
        assert re.search(rf"{name} +{steps} +{kilobits:.2f} +{found.mean:.3f} ± {found.half_width:.3f} ", lines[name])
    apart = (more - usual).mean()
    assert f"{apart:.3f}".replace("-", "−") in lines["masking 20, difference"]
    assert f"{100 * apart:.2f}".replace("-", "−") in lines["masking 20, difference"]
    without = Study([result for result in some_repeated if not result.experiment.endswith("_longer")], seed=0)
    for shown in (tables.longer, charts.longer):
        with pytest.raises(LabError, match="smoke has no longer trainings"):
            shown(without)


def test_repeated_trainings_are_compared_seed_by_seed(some_repeated):
    lines = {}
    for line in str(tables.repeated(Study(some_repeated, seed=0))).splitlines():
        lines[re.split(r"  +", line)[0]] = line
    means = [_values(titled("masking 20"), "pesq", seed).mean() for seed in (0, 1)]
    expected = interval(means)
    assert f"{expected.mean:.3f} ± {expected.half_width:.3f}" in lines["masking 20"]
    share = interval([100 * _values(titled("masking 20"), "above", seed).mean() for seed in (0, 1)])
    assert f"{share.mean:.2f} ± {share.half_width:.2f}" in lines["masking 20"]
    # The made-up scores of two losses are 10 apart in each seed.
    assert re.search(r"masking 20 − PMSQE 20 .*10\.000 +10\.00 +1000\.00", lines["masking 20 − PMSQE 20"])
    assert "PMSQE 20 − log-mel 20" in lines
    single = str(tables.repeated(Study([result for result in some_repeated if result.seed == 0], seed=0)))
    assert "One seed (0), so no interval" in single
    assert not any("±" in line for line in single.splitlines()[1:])


def test_without_peass_nobody_is_best(results):
    without = [result for result in results if result.experiment != "coder_masking_13"]
    found = measurements.measurements(without)
    assert np.isnan(found["rates at which one condition has the best OPS"]).all()
    assert np.isnan(found["OPS, most of the coders, 13"]).all()


def test_every_claim_is_judged_but_those_of_listeners_and_of_a_correlation(results):
    rows = claims.judge("masking_loss", measurements.measurements(results), "smoke")
    untested = {row.id for row in rows if row.verdict == UNTESTABLE}
    typed = {
        claim.id
        for claim in claims.read("masking_loss")
        if all(isinstance(part.rule, Untestable) for part in claim.parts)
    }
    assert untested == typed == {"mushra-over-losses", "entropy-and-pesq", "mushra-below-amr-wb", "mushra-over-amr-wb"}
    assert {row.document for row in rows} == {"byun2021"}


def test_claims_hold_every_number_of_table_1():
    judged = {part.rule.measurement: part.rule for claim in claims.read("masking_loss") for part in claim.parts
              if isinstance(part.rule, Within)}  # fmt: skip
    for name, row in reported("masking_loss")["Table 1"].items():
        for score in ("PESQ", "SNR", "APS", "IPS", "OPS"):
            assert judged[f"{score}, {name}"].value == float(row[score])
