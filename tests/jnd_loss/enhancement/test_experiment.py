"""The denoisers from settings to result, page and listening test, on the stand-ins."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from paper_code.audio.clips import Clip
from paper_code.jnd_loss.denoiser import Denoiser
from paper_code.jnd_loss.enhancement import answer, building, figures, listening, page, scores, tables, training
from paper_code.jnd_loss.enhancement.configs import LOSSES, ONE_SEED, PROFILES, RUNS, EnhancementConfig, runs
from paper_code.jnd_loss.enhancement.experiment import CHAPTER, estimate_seconds, recordings, sources
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.networks import parameter_count
from paper_code.lab import claims, claims_file, weights
from paper_code.lab.config import ConfigError
from paper_code.lab.errors import LabError
from paper_code.lab.training import seed_all

CPU = torch.device("cpu")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_every_run_with_settings_of_its_own(profile):
    first, *others = CHAPTER.seeds(profile)
    found = runs(profile, first)
    assert list(found) == list(RUNS)
    assert len({config.hash for config in found.values()}) == len(found)
    assert all(estimate_seconds(config) > 0 for config in found.values())
    for seed in others:
        assert list(runs(profile, seed)) == [run for run in found if run not in ONE_SEED]
    assert list(runs(profile, 99)) == list(RUNS)  # what a reader asks for is shown whole


@pytest.mark.parametrize("profile", PROFILES)
def test_the_three_losses_are_all_that_differs(profile):
    found = {run: runs(profile, 0)[run].as_dict() for run in LOSSES}
    for run, fields in found.items():
        assert {**fields, "run": "", "loss": ""} == {**found["l1"], "run": "", "loss": ""}
        assert fields["loss"] == run


def test_the_defaults_are_the_papers():
    config = EnhancementConfig(profile="full", seed=0, run="jnd", loss="jnd")
    assert (config.channels, config.learning_rate, config.batch) == (64, 1e-4, 1)
    assert config.iterations == 400 * 11572
    assert parameter_count(Denoiser(config.channels)) == 160_925


@pytest.mark.parametrize(
    "changes", [{"run": "x"}, {"loss": "x"}, {"start": "x"}, {"seconds": 0.1}, {"channels": 1}, {"warm_up": 0}]
)
def test_settings_that_cannot_be_are_refused(changes):
    with pytest.raises(ConfigError):
        runs("smoke", 0)["jnd"].replace(**changes)


@pytest.mark.corpora("jnd_denoiser")
def test_sources_are_the_speech_the_noises_and_the_pairs():
    found = sources(runs("small", 0)["jnd"])
    assert len(found) == 327 + 4 + 75
    assert {source["origin"].split(": ", 1)[1] for source in found} == set(recordings())
    assert all(source["sha256"] for source in found)


def _learned(config, folder):
    folder.mkdir()
    seed_all(config.seed)
    training.train(config, folder, CPU, progress=False)
    return weights.kept(folder, building.KIND), dict(np.load(folder / "curves.npz"))


@pytest.mark.usefixtures("prepared")
def test_a_training_lowers_its_loss(tmp_path):
    config = runs("smoke", 0, recordings="synthetic")["l1"]
    config = config.replace(iterations=20, learning_rate=2e-3, validate_every=10, validated=4)
    network = building.untrained(config)
    before = training.validate(
        network,
        training.losses.loss("l1"),
        training.stimuli.source("validation", True).draw(4, 9600, np.random.default_rng(0)),
        2,
        CPU,
    )
    _, curves = _learned(config, tmp_path / "a")
    assert curves["validated"].tolist() == [10, 20]
    assert curves["validation"][-1] < before["validation"]


@pytest.mark.usefixtures("prepared")
def test_a_training_taken_up_again_ends_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "EVERY", 2)
    config = runs("smoke", 0, recordings="synthetic")["deep"].replace(iterations=6, warm_up=2, learning_rate=1e-3)
    whole, curves = _learned(config, tmp_path / "whole")
    drawn, calls = training.stimuli.Source.draw, []

    class Stopped(RuntimeError):
        pass

    def draw(self, count, length, generator):
        calls.append(1)
        if len(calls) == 6:  # the validation is drawn first
            raise Stopped
        return drawn(self, count, length, generator)

    monkeypatch.setattr(training.stimuli.Source, "draw", draw)
    folder = tmp_path / "broken"
    with pytest.raises(Stopped):
        _learned(config, folder)
    monkeypatch.setattr(training.stimuli.Source, "draw", drawn)
    seed_all(config.seed)
    training.train(config, folder, CPU, progress=False)
    again = weights.kept(folder, building.KIND)
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    assert np.load(folder / "curves.npz")["loss"] == pytest.approx(curves["loss"])


def test_measurements_have_the_names_that_claims_ask_for(study):
    rows = claims.judge("jnd_denoiser", study.measurements, "smoke")
    rows += claims.judge_ours("jnd_denoiser", study.measurements, "smoke")
    assert [row.id for row in rows] == [claim.id for claim in claims_file.read("jnd_denoiser")]


def test_measurements_are_means_of_what_was_measured(study):
    metrics = study.of("jnd")[0].metrics["methods"]["jnd"]["pairs"]
    noisy = study.of("baselines")[0].metrics["methods"]["noisy"]["pairs"]
    assert study.measurements["PESQ, ours, JND, VoiceBank-DEMAND"] == [pytest.approx(np.mean(metrics["pesq"]))]
    gain = np.mean(metrics["si_snr"]) - np.mean(noisy["si_snr"])
    assert study.measurements["gain in SI-SNR, ours, JND"] == [pytest.approx(gain)]
    shares = [study.measurements[f"preferred by PESQ, ours, JND over ours, L1, {group}"][0] for group in scores.GROUPS]
    whole = study.measurements["preferred by PESQ, ours, JND over ours, L1"][0]
    assert np.mean(shares) == pytest.approx(whole)  # four utterances, one a group


def test_the_page_can_be_drawn(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = [
        answer.answer(study),
        tables.overall(study),
        tables.overall(study, "mixtures"),
        tables.by_group(study, "stoi"),
        tables.seeds(study),
        tables.settings(study),
        tables.data(),
        figures.learning_curves(study),
        figures.by_difficulty(study),
        figures.figure_3(study, "manocha"),
        figures.figure_3(study, "jnd"),
        page.first_player(study),
        page.player(study, "easiest"),
        page.told(study),
        page.starts(study),
        listening.preferences(study, []),
    ]
    assert all(thing.html for thing in shown)
    assert len(list((tmp_path / "sounds").glob("*.flac"))) >= 9


def test_the_answer_follows_its_numbers(study):
    turned = SimpleNamespace(profile="small", measurements=dict(study.measurements))
    names = [f"PESQ, {TITLES[name]}, VoiceBank-DEMAND" for name in ("manocha", "germain")]
    texts = []
    for values in ((3.0, 2.0), (2.0, 3.0)):
        turned.measurements |= {name: [value] for name, value in zip(names, values, strict=True)}
        texts.append(repr(answer.answer(turned)))
    assert "PESQ higher than that" in texts[0]
    assert "PESQ lower than that" in texts[1]


def test_a_readers_sound_goes_through_every_method_that_is_here(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip = Clip(0.1 * torch.randn(16000, generator=torch.Generator().manual_seed(0)), 16000, "mine")
    found = page.denoised(study, clip)
    assert set(found) == set(page.OWN)
    assert torch.equal(found["noisy"].waveform, clip.waveform)
    assert found["manocha"].waveform.norm() < 0.5 * clip.waveform.norm()


def test_the_listening_test_puts_ours_against_each_baseline_on_every_utterance(study):
    test, items = listening.ab_test(study), listening.items(study)
    assert len(test.trials) == len(listening.PAIRS) * len(items)
    assert set(items.values()) == set(scores.GROUPS)
    assert {trial.conditions for trial in test.trials} == {(TITLES[a], TITLES[b]) for a, b in listening.PAIRS}
    assert re.fullmatch(r"Denoisers, run [0-9a-f]{8}", test.name)
    assert set(listening.sounds(study)) == {(item, name) for item in items for name in test.conditions}


def _answered(test, better):
    rows = [{"item": t.item, "shown": list(t.conditions), "answer": better(t), "seconds": 1.0} for t in test.trials]
    return rows


def test_answers_are_counted_by_pair_and_group(study, tmp_path):
    test = listening.ab_test(study)
    content = {
        "format": "listening test answers 1",
        "test": test.id,
        "listener": "one",
        "seed": 5,
        "answers": _answered(test, lambda t: t.conditions[0] if t.conditions[1] != TITLES["wiener"] else None),
    }
    (tmp_path / "one.json").write_text(json.dumps(content))
    listeners = listening.read_answers(study, str(tmp_path))
    text = repr(listening.preferences(study, listeners))
    assert listening._share([v for _, v in listening._votes(listeners, "manocha", "germain")]) == 100
    assert listening._share([v for _, v in listening._votes(listeners, "manocha", "wiener")]) == 50
    assert "Here 1 listener." in text
    assert re.search(r"Manocha, released over Germain, released .* 100 +100 +100 +100", text)


def test_places_without_answers_are_told(study, tmp_path):
    assert listening.read_answers(study, "") == []
    with pytest.raises(LabError, match="no answers"):
        listening.read_answers(study, str(tmp_path))
