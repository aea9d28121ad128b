"""What the chapter shows: the right results for its parameters, and clear errors for wrong ones."""

import math

import pytest
import soundfile
import torch

from paper_code.audio import corpora
from paper_code.audio.synthesiser import drum_kit
from paper_code.bark_loss import configs, figures, tables
from paper_code.bark_loss.study import learn_own, open_study
from paper_code.display.players import Missing
from paper_code.lab.errors import LabError


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """A smoke study of seed 3 on synthetic sounds: one the profile does not average over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPENDIUM_PROGRESS", "0")
        patch.setattr(corpora, "available", lambda _: False)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield open_study("smoke", seed=3, output=str(tmp_path_factory.mktemp("out")))
        torch.set_num_threads(threads)


def test_a_seed_outside_the_profile_is_computed_alone(smoke):
    assert smoke.seeds == [3]
    assert smoke.synthetic
    assert smoke.checkpoints == [2, 4, 6, 8]
    assert smoke.losses == [loss for loss in configs.LOSSES if loss not in configs.ONE_SEED]


def test_a_loss_that_was_not_run_is_named_and_not_defined(smoke):
    """Claims may ask for it in every profile and seed."""
    (value,) = smoke.measurements["distance, all sounds, Bark corrected and compressed, end"]
    assert math.isnan(value)
    assert not math.isnan(smoke.measurements["distance, all sounds, Bark corrected, end"][0])


def test_values_are_those_of_the_results(smoke):
    expected = smoke.heard["bark"].metrics["drums"]["lsd_high"][-1]
    assert smoke.metric("lsd_high", "drums", "bark").mean == expected


def test_tables_say_what_they_hold(smoke):
    text = tables.at_the_end(smoke, "speech")._repr_html_()
    value = smoke.metric("stoi", "speech", "mse").mean
    assert f"{value:.2f}".replace("-", "−") in text
    assert "one seed (3), so without an interval" in text
    assert "synthesiser" in tables.sounds(smoke)._repr_html_()


def test_players_hold_every_checkpoint_and_name_missing_originals(smoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    html = figures.progress(smoke, "piano")._repr_html_()
    assert html.count("<audio") == 1 + len(smoke.losses) * 4
    monkeypatch.setitem(smoke.originals, "piano", Missing("Piano", "fetch it"))
    assert "fetch it" in figures.progress(smoke, "piano")._repr_html_()


def test_published_results_refuse_a_seed_they_do_not_have():
    with pytest.raises(LabError, match="found 99"):
        open_study("published", seed=99)


def test_unknown_profile_is_told():
    with pytest.raises(LabError, match="smoke"):
        open_study("smal")


def test_own_sound_is_learned_with_every_loss(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPENDIUM_PROGRESS", "0")
    clip = drum_kit(seconds=1.0, sample_rate=22050, seed=0)
    soundfile.write(tmp_path / "my.wav", clip.waveform.numpy(), 22050)
    own = learn_own(str(tmp_path / "my.wav"), "smoke", seed=3)
    assert own.original.waveform.shape == (8192,)
    assert {step for steps in own.learned.values() for step in steps} == {2, 4, 6, 8}
    assert all(c.waveform.abs().max() == pytest.approx(1.0) for s in own.learned.values() for c in s.values())
    assert set(own.metrics) == set(own.learned)
