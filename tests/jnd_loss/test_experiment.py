"""The chapter's metrics from settings to result, on the stand-ins."""

import pytest

from paper_code.jnd_loss import experiment, stimuli, weights
from paper_code.jnd_loss.configs import FLOORS, ONE_SEED, PROFILES, RUNS, TITLES
from paper_code.jnd_loss.experiment import CHAPTER
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.jnd_loss.networks import JNDNetwork, parameter_count
from paper_code.lab import results
from paper_code.lab.store import Store
from paper_code.lab.weights import WEIGHTS

SIZES = list(PROFILES)
OTHERS = ("mushra", "choices", "people", "perturbations", "noise_or_band")  # what is no metric of judged pairs


@pytest.mark.parametrize("profile", SIZES)
def test_every_profile_has_every_run_with_settings_of_its_own(profile):
    first, *others = CHAPTER.seeds(profile)
    found = experiment.experiments(profile, first)
    assert list(found) == [FLOORS, *RUNS, *OTHERS]
    assert set(RUNS) == set(TITLES)
    assert len({config.hash for config in found.values()}) == len(found)
    assert all(experiment.estimate_seconds(config) > 0 for config in found.values())
    for seed in others:
        assert list(experiment.experiments(profile, seed)) == [run for run in found if run not in ONE_SEED]


@pytest.mark.parametrize("profile", SIZES)
def test_runs_differ_in_what_their_names_say_and_in_nothing_else(profile):
    found = {run: config.as_dict() for run, config in experiment.experiments(profile, 0).items()}
    for run, differences in RUNS.items():
        assert found[run] == {**found["scratch"], "run": run, **differences}


def test_the_defaults_are_the_papers():
    config = experiment.experiments("full", 0)["scratch"]
    assert (config.seconds, config.batch, config.dropout, config.shift) == (2.5, 16, 0.3, 0.25)
    assert (config.normalisation, config.used_normalisation) == ("batch", "signal")
    assert type(config)(profile="full", seed=0, run="scratch").learning_rate == 1e-4
    assert parameter_count(JNDNetwork(**config.network_options)) == 241_844


@pytest.mark.corpora(
    "librispeech_resemblyzer", "dpam_jnd_labels", "smstools_sounds", "pyroomacoustics", "mushra_speech_codec"
)
def test_sources_are_the_speech_the_lists_the_recorded_noises_and_what_was_rated():
    configs = experiment.experiments("small", 0)
    assert len(experiment.sources(configs[FLOORS])) == 327 + 3 + 3 + 3  # and the authors' samples
    assert len(experiment.sources(configs["choices"])) == len(stimuli.recordings("test")) + 3 + 3
    found = experiment.sources(configs["scratch"])
    assert len(found) == 327 + 3 + 3 + 16 * 8
    assert {source["origin"].partition(": ")[2] for source in found} < set(experiment.recordings())
    assert all(source["sha256"] for source in found)


def test_without_recordings_the_synthesiser_is_the_source():
    found = experiment.sources(experiment.experiments("smoke", 0, recordings="synthetic")["scratch"])
    assert {source["origin"] for source in found} == {"synthesiser"}


@pytest.fixture(scope="module")
def made(prepared, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("results"))
    runs = [FLOORS, "scratch", "fit_for_use", "pre", "choices"]
    return results.results(CHAPTER, "smoke", store, [0], runs, "cpu", False, recordings="synthetic")


def test_a_result_has_the_measurements_of_its_kind(made):
    floors, scratch, fit, pre, choices = made
    count = floors.metrics["levels alone"]["all"]["count"]
    assert count == len(floors.arrays["different"]) == 5 * 3
    for result, ways in ((scratch, {"one", "each", "with levels", "classifier", "in batches"}), (pre, {"one", "each"})):
        assert ways <= set(result.metrics)
        assert all(result.metrics[way]["all"]["count"] == count for way in ways)
        assert result.arrays["layer_distances"].shape == (count, 14)
    assert "classifier" not in pre.metrics
    assert "in batches" not in fit.metrics
    assert all(0 <= result.metrics["simulated"]["value"] <= 1 for result in (scratch, fit, pre))
    assert choices.metrics["accuracy"]["released_scratch"]["count"] == fit.metrics["simulated"]["count"] == 6
    assert all("mushra" not in result.metrics for result in made)  # nobody rated made-up speech
    assert {"released scratch", "log-spectral distance", "levels alone, refitted"} <= set(floors.metrics)
    assert scratch.curves["loss"].shape == (4,)
    assert not (floors.folder / WEIGHTS).exists()


def test_a_trained_network_is_a_loss(made):
    fit = made[2]
    options = {"normalisation": "pair", "classifier_input": "distance"}
    loss = JNDLoss(weights.load_metric(fit.folder / WEIGHTS, **options), reduction="none", sample_rate=16_000)
    config = experiment.experiments("smoke", 0, recordings="synthetic")["fit_for_use"]
    sounds = stimuli.pairs("test", config.seconds, config.most, synthetic=True, progress=False).sounds(range(15))
    layers = fit.arrays["layer_distances"].sum(-1)
    assert loss(*sounds).numpy() == pytest.approx(layers, rel=1e-4)
    assert loss.share_hearing_a_difference(*sounds).numpy() == pytest.approx(fit.arrays["classifier"], abs=1e-4)


def test_measurements_have_names_for_claims(made):
    values = CHAPTER.measurements(made)
    assert values["accuracy, classifier, Scratch"] == [made[1].metrics["classifier"]["all"]["accuracy"]]
    assert values["accuracy, levels alone, siren"] == [made[0].metrics["levels alone"]["siren"]["accuracy"]]
    assert values["AUC, one threshold, log-spectral distance"] == [
        made[0].metrics["log-spectral distance"]["one"]["all"]["auc"]
    ]
    assert values["distance after a delay of 0.25 s, Fit for use"] == [made[2].metrics["delay"]["itself"][-1]]
    assert values["share hearing it after a gain of 3 dB, Scratch"] == [made[1].metrics["gain"]["share"][2]]
    assert values["calibration error, classifier, Scratch"] == made[1].metrics["calibration"]["classifier"]["error"]
    assert all(len(column) == 1 for column in values.values())


def test_measuring_again_gives_the_same(made, tmp_path):
    scratch = made[1]
    (tmp_path / WEIGHTS).write_bytes((scratch.folder / WEIGHTS).read_bytes())
    CHAPTER.evaluate(experiment.experiments("smoke", 0, recordings="synthetic")["scratch"], tmp_path)
    assert (tmp_path / "metrics.json").read_text() == (scratch.folder / "metrics.json").read_text()
