"""The live cell of the masking chapter: noise and coders against the threshold, control by control."""

import re

import pytest

from paper_code.audio import synthesiser
from paper_code.display import live
from paper_code.display.players import Missing
from paper_code.masking_loss import live as cell
from paper_code.masking_loss.configs import LOSSES, RATES


class OneUtterance:
    """A study with one utterance, and one that is not here."""

    heard = ("spoken", "gone")

    def original(self, name):
        clip = synthesiser.speech_like(3.0, 16000, 0)
        return clip if name == "spoken" else Missing(name, "Fetch it.")


@pytest.fixture
def shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(live.SWITCH, "1")
    return cell.hides(OneUtterance())


def ratios(shown):
    """SNR in dB, share of cells above the threshold in %, mean excess in dB: the last line of the table."""
    return [float(number.replace("−", "-")) for number in re.split(r"\s{2,}", repr(shown).splitlines()[-1])[1:]]


def test_noise_has_the_level_that_was_asked_for_and_sinks_below_the_threshold(shown):
    found = {}
    for snr in (0, 20, 40, 60):
        shown.widgets["snr"].value = snr
        found[snr] = ratios(shown)
        assert found[snr][0] == pytest.approx(snr, abs=0.05)
    shares = [found[snr][1] for snr in found]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 80
    assert shares[-1] < 20


def test_colour_seed_and_frame_reach_the_cell(shown):
    white = repr(shown)
    shown.widgets["seed"].value = 1
    assert repr(shown) != white
    shown.widgets["kind"].value = "brown noise"
    assert "brown noise, 20 dB below the speech" in repr(shown)
    shown.widgets["at"].value = 0.5
    seconds = float(re.search(r"The frame at ([\d.]+) s", repr(shown))[1])
    assert seconds == pytest.approx(0.5, abs=0.01)


def test_a_released_coder_codes_the_two_seconds(shown):
    """Every coder can be chosen; one of them changes the sound, and its level of noise is not the slider's."""
    assert len(cell.CODERS) == len(LOSSES) * len(RATES)
    name = next(name for name in cell.CODERS if "masking 24" in name)
    shown.widgets["kind"].value = name
    snr, share, _ = ratios(shown)
    assert 3 < snr < 40
    assert 0 < share < 100
    assert name in repr(shown)


def test_a_recording_that_is_not_here_says_how_to_get_it(shown):
    shown.widgets["utterance"].value = "gone"
    assert "Fetch it." in shown.output.outputs[0]["data"]["text/html"]


def test_the_fixed_twin_is_the_first_of_the_live_cell(shown, monkeypatch):
    first = repr(shown)
    monkeypatch.setenv(live.SWITCH, "0")
    assert cell.hides(OneUtterance()).text.splitlines()[1:] == first.splitlines()[1:]
