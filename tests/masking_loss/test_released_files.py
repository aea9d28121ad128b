"""The coders in data/weights: all of Table 1, those of the committed results, and working offline."""

import socket

import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.lab import weights as files
from paper_code.lab.paths import COMMITTED
from paper_code.lab.store import Store
from paper_code.masking_loss.coder import bitstream, weights
from paper_code.masking_loss.configs import LOSSES, RATES


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_released_coder_codes_without_a_network(loss, rate, monkeypatch):
    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert weights.released(loss, rate).stat().st_size < 4e6
    coder, speech = weights.load_coder(loss, rate), quick_speech(1.0, 16000, 0).waveform
    data = bitstream.encode(coder, speech)
    found = bitstream.decode(weights.load_coder(loss, rate), data)
    assert torch.equal(found, bitstream.coded(coder, speech))
    assert (found - speech).square().sum() < speech.square().sum()  # more signal than noise


def test_the_released_coders_are_those_of_the_committed_results():
    results = {found.experiment: found.hash for found in Store(COMMITTED).all("masking_loss") if found.seed == 0}
    for loss in LOSSES:
        for rate in RATES:
            _, about = files.read(weights.released(loss, rate), weights.KIND)
            assert about["config_hash"] == results[f"coder_{loss}_{rate:g}"]


def test_no_two_released_coders_are_one():
    assert len({bitstream.identity(coder) for _, _, coder in weights.coders()}) == len(LOSSES) * len(RATES)
