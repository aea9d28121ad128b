"""The live cell: its fixed twin, and that more noise is farther."""

import pytest

from paper_code.audio import synthesiser
from paper_code.audio.clips import Clip
from paper_code.jnd_loss import live


@pytest.fixture
def original() -> Clip:
    made = synthesiser.speech_like(1.0, 24_000, 0)
    return Clip(made.waveform, 24_000, "original", origin="synthesiser", synthetic=True)


def _distance(shown) -> float:
    line = next(line for line in repr(shown[1]).splitlines() if line.startswith("released scratch"))
    return float(line.split()[-1])


def test_more_noise_and_a_narrower_band_are_farther(original, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = [(50.0, 10_000.0), (40.0, 10_000.0), (50.0, 3_000.0)]
    least, noisier, narrower = (_distance(live.changed(original, snr, cutoff, 0)) for snr, cutoff in settings)
    assert least < noisier
    assert least < narrower
