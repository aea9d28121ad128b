"""The live cell of the Bark chapter: every control reaches what is computed."""

from types import SimpleNamespace

import pytest

from paper_code.bark_loss import live as cell
from paper_code.bark_loss import sensitivity, stimuli
from paper_code.bark_loss.loss import BarkLoss
from paper_code.display import live
from paper_code.display.players import Missing


@pytest.fixture
def study():
    """Two sounds, one of which is not here."""
    return SimpleNamespace(
        originals={"speech": stimuli.clip("speech", synthetic=True), "piano": Missing("Piano", "Fetch it.")}
    )


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows(text):
    """Loss -> distance, of the table that the cell shows."""
    lines = [line.rsplit(maxsplit=1) for line in text.splitlines()]
    return {line[0]: float(line[1]) for line in lines if line[0] in sensitivity.VARIANTS}


def test_the_fixed_twin_shows_the_defaults(study, monkeypatch):
    monkeypatch.setenv(live.SWITCH, "0")
    shown, clip = cell.hears(study), study.originals["speech"]
    noisy = sensitivity.changes(clip)[cell.ADDED]
    found = rows(shown.text)
    assert found["document's experiment"] == pytest.approx(1 + BarkLoss()(noisy, clip.waveform).item(), abs=6e-5)
    assert found["corrected bank"] == pytest.approx(1 + BarkLoss.corrected()(noisy, clip.waveform).item(), abs=6e-5)
    assert "Changed" in shown.text


def test_every_control_reaches_the_distances(study, monkeypatch):
    monkeypatch.setenv(live.SWITCH, "1")
    shown = cell.hears(study)
    first = rows(repr(shown))
    shown.widgets["bands"].value = 64
    fewer = rows(repr(shown))
    assert "with 64 bands" in repr(shown)
    assert fewer != first
    shown.widgets["snr"].value = 0
    louder = rows(repr(shown))
    assert all(louder[name] > 2 * fewer[name] for name in fewer)
    shown.widgets["change"].value = "silence"
    assert set(rows(repr(shown)).values()) == {1.0}
    shown.widgets["sound"].value = "piano"
    assert "Fetch it." in shown.output.outputs[0]["data"]["text/html"]
    assert "Not computed" not in shown.status.value
