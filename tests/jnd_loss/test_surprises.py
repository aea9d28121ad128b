"""What the released metric does not hear, and how it may be used wrongly: each row against an independent computation."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from paper_code.audio import synthesiser
from paper_code.display.players import Missing
from paper_code.jnd_loss import surprises, weights
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.jnd_loss.surprises import LATER, NOISY, ONE_LATER, SOFT

SYNTHETIC = SimpleNamespace(synthetic=True)


@pytest.fixture(scope="module")
def clip():
    return surprises.reference(SYNTHETIC)


@pytest.fixture(scope="module")
def found(clip):
    return {one.title: one for one in surprises.measured(clip)}


def test_changes_are_what_their_names_say(clip):
    made, sound = surprises.changes(clip.waveform), clip.waveform
    noise = made[NOISY] - sound
    assert 10 * torch.log10(sound.square().sum() / noise.square().sum()) == pytest.approx(30, abs=0.1)
    assert SOFT.startswith("12 dB")
    assert torch.equal(made[SOFT], sound / 4)
    assert torch.equal(made[ONE_LATER][1:], sound[:-1])
    assert torch.equal(made[LATER][110:], sound[:-110])  # 5 ms at 22,050 Hz
    assert made[LATER][:110].abs().max() == 0


def test_the_paper_s_metric_hears_no_gain_and_ours_does(found):
    assert found[SOFT].released < 1e-3 * found[NOISY].released
    assert found[SOFT].own > found[NOISY].own
    both = found["the noisy pair, both 12 dB softer"]
    assert both.released == pytest.approx(found[NOISY].released, rel=0.01)
    assert found[ONE_LATER].released > found[NOISY].released
    assert found["silence, from silence"].released == found["silence, from silence"].own == 0


def test_numbers_from_minus_1_to_1_are_the_metric_at_another_level(clip, found):
    """The network without its scale is the network with it, hearing sounds that are 32,768 times softer."""
    noisy, metric = surprises.changes(clip.waveform)[NOISY], JNDLoss.released("scratch").double()
    soft = [(x / 32768).double()[None] for x in (noisy, clip.waveform)]
    value = found["the noisy pair, in numbers from −1 to 1"].released
    assert value == pytest.approx(float(metric(*soft)), rel=1e-3)
    assert value != pytest.approx(found[NOISY].released, rel=0.1)


def test_the_stored_statistics_make_the_network_hear_level(clip):
    use = surprises.uses()["the noisy pair, with the stored mean and variance"]
    noisy = surprises.changes(clip.waveform)[NOISY]
    assert use(noisy / 2, clip.waveform / 2) < 0.8 * use(noisy, clip.waveform)


def test_in_a_batch_with_equal_neighbours_nothing_changes_and_louder_ones_do_change(clip, monkeypatch):
    noisy = surprises.changes(clip.waveform)[NOISY]
    plain = float(JNDLoss.released("scratch")(noisy[None], clip.waveform[None]))
    assert surprises.in_a_batch(noisy, clip.waveform) != pytest.approx(plain, rel=0.1)
    monkeypatch.setattr(surprises, "LOUDER", 1.0)
    assert surprises.in_a_batch(noisy, clip.waveform) == pytest.approx(plain, rel=1e-3)


def test_another_rate_is_another_sound(found):
    title = "the noisy pair at 16,000 Hz, taken for 22,050"
    assert found[title].released != pytest.approx(found[NOISY].released, rel=0.02)


def test_the_table_has_all_rows_in_distances_and_noises(found):
    lines = str(surprises.table(SYNTHETIC)).splitlines()[2:]
    assert len(lines) == len(found) == 11
    assert lines[0].startswith(NOISY)
    assert lines[0].split()[-1] == lines[0].split()[-3] == "1"


def test_without_our_weights_the_columns_of_ours_are_empty(clip, monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "own_metric", lambda name: tmp_path / name)
    assert {one.own for one in surprises.measured(clip)} == {None}


def test_players_keep_levels_and_tell_distances_nearest_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = surprises.player(SYNTHETIC)._repr_html_()
    assert page.index(f"{SOFT} (0.00)") < page.index(NOISY)
    assert page.count("<audio") == 4


def test_where_the_recording_is_missing_the_player_says_so_and_the_table_takes_made_up_speech(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(surprises, "opening", lambda _: Missing("original", "fetch it"))
    assert "fetch it" in surprises.player(SYNTHETIC)._repr_html_()
    stands_in = synthesiser.speech_like(surprises.SECONDS, surprises.SAMPLE_RATE, 0).waveform
    assert np.array_equal(surprises.reference(SYNTHETIC).waveform.numpy(), stands_in.numpy())
