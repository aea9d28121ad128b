"""The live cell of the timbre chapter: the strength of a mask, the score and the loss."""

import re

import pytest
import torch

from paper_code.audio import synthesiser
from paper_code.display import live
from paper_code.display.players import Missing
from paper_code.timbre_loss import live as cell
from paper_code.timbre_loss import masks
from paper_code.timbre_loss.loss import TimbreLoss
from paper_code.timbre_loss.spectrograms import log_spectrogram
from paper_code.timbre_loss.study import MASKS
from paper_code.timbre_loss.weights import released


class TwoPhrases:
    """A study with a phrase and one that is not here; its mask was learned for the first."""

    def __init__(self):
        self.sound = synthesiser.bowed_string(3.0, 16000, 0)
        self.learned = masks.learn(
            released()[0], log_spectrogram(self.sound.waveform)[None], masks.Recipe(steps=12), target=0
        ).masks[0]

    def sounds(self, run, clip):
        other = synthesiser.bowed_string(3.0, 16000, 1)
        gone = Missing("input: cello B", "Fetch it.")
        return {"input: cello B": gone if clip else self.sound, "target: cello A": other}

    def heard_mask(self, run, name, clip):
        return self.learned


@pytest.fixture(scope="module")
def study():
    return TwoPhrases()


@pytest.fixture
def shown(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(live.SWITCH, "1")
    return cell.strength(study)


def rows(shown):
    """Sound -> score and loss, of the table at the end."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in repr(shown).splitlines()[-3:]]
    return {name: (float(score), float(loss)) for name, score, loss in lines}


def test_the_curve_is_the_score_of_the_masked_spectrogram(study):
    loss = TimbreLoss.pretrained(target=0)
    found = cell.scores(loss, study.sound.waveform, study.learned, torch.tensor([0.0, 1.0]))
    spectrogram = log_spectrogram(study.sound.waveform)[None]
    with torch.no_grad():
        expected = [float(loss.network(spectrogram + k * study.learned)) for k in (0, 1)]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
    assert found[1] < found[0]  # it was learned to lower the score


def test_strength_nothing_changes_nothing(shown):
    """The sound, its score and its loss are those of the input, but for the first and last samples."""
    shown.widgets["factor"].value = 0.0
    given, masked, _ = rows(shown).values()
    assert masked == pytest.approx(given, abs=0.02)


def test_mask_strength_and_target_reach_the_cell(shown):
    first = rows(shown)
    shown.widgets["factor"].value = 2.0
    name = f"{MASKS['rectangles']}, times 2.0"
    assert rows(shown)[name][1] > first[f"{MASKS['rectangles']}, times 1.0"][1]  # the mask itself costs
    shown.widgets["target"].value = 1
    (score, loss), *_ = rows(shown).values()
    assert score + loss == pytest.approx(1, abs=0.011)  # of the input: no change, so the loss is the score towards 1
    shown.widgets["mask"].value = "gaussian"
    assert MASKS["gaussian"] in repr(shown)


def test_a_recording_that_is_not_here_says_how_to_get_it(shown):
    shown.widgets["clip"].value = 1
    assert "Fetch it." in shown.output.outputs[0]["data"]["text/html"]
