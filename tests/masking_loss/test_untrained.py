"""Transforms as coders: their steps bring the rate that was asked for, silence stays silence, and files hold them."""

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.audio import synthesiser
from paper_code.lab.weights import WEIGHTS, WeightsError
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder import bitstream, training, weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.framing import split_signal
from paper_code.masking_loss.coder.lapped import lapped_transform
from paper_code.masking_loss.coder.untrained import untrained_coder
from paper_code.masking_loss.configs import RATES, TRANSFORMS, UNTRAINED, UntrainedCoder
from paper_code.metrics.distortion import signal_to_noise_ratio

CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory):
    """Quick sounds, in a folder of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "FOLDER", tmp_path_factory.mktemp("speech"))
        patch.setattr(synthesiser, "speech_like", quick_speech)
        yield


def _config(transform: str, rate: float, **changes: object) -> UntrainedCoder:
    fields = {"recordings": "synthetic", "control_frames": 200, **UNTRAINED[transform], **changes}
    return UntrainedCoder(profile="smoke", seed=0, transform=transform, bitrate=rate, **fields)


def _kilobits(coder: SpeechCoder, frames: torch.Tensor) -> float:
    """16,000 / 480 frames a second of 256 symbols, at the entropy of all of them."""
    symbols = coder.symbols(frames).numpy()
    counts = np.unique(symbols, return_counts=True)[1] / symbols.size
    return -(counts * np.log2(counts)).sum() * 256 * 16000 / 480 / 1000


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_rate_of_the_control_frames_is_the_one_that_was_asked_for(transform):
    speech, ratios = quick_speech(1.0, 16000, 9).waveform, []
    control = training._control_frames(stimuli.material("train", synthetic=True), 200)
    for rate in RATES:
        coder = training.find_steps(_config(transform, rate))
        assert _kilobits(coder, control) == pytest.approx(rate, abs=0.1)
        symbols = coder.symbols(control)
        counts = np.bincount(symbols.flatten(), minlength=len(coder.quantiser.bins)) + 1.0
        assert np.allclose(coder.quantiser.prior, counts / counts.sum(), atol=1e-6)
        assert not coder.training
        ratios.append(float(signal_to_noise_ratio(bitstream.coded(coder, speech), speech)))
    assert ratios == sorted(ratios)
    assert ratios[0] > 5


def test_the_mdct_has_even_steps_and_nothing_else():
    coder = training.find_steps(_config("mdct", 20.0))
    assert torch.equal(coder.path.rows, lapped_transform(32, 32).float())
    assert coder.path.normalisation is None
    assert torch.equal(coder.quantiser.bins, torch.arange(-127.0, 128.0))
    frames = split_signal(quick_speech(0.5, 16000, 3).waveform)
    lines = frames.double() @ lapped_transform(32, 32).T
    step = 1 / coder.path.scale.double().item()
    rounded = step * (lines / step).round().clamp(-127, 127)
    assert torch.allclose(
        coder.synthesise(coder.symbols(frames)).double(), rounded @ lapped_transform(32, 32), atol=1e-5
    )


def test_the_other_is_what_short_trainings_begin_as():
    coder, frames = untrained_coder("lapped", 64), split_signal(quick_speech(0.5, 16000, 3).waveform)
    beside = SpeechCoder(2, 64, start="lapped", fold=16)
    for each in (coder, beside):
        each.start_quantiser(frames, 2.3)
    assert torch.equal(coder.symbols(frames), beside.symbols(frames))
    assert torch.equal(coder.synthesise(coder.symbols(frames)), beside.synthesise(beside.symbols(frames)))
    assert coder.quantiser.bins[32] == 0
    assert coder.quantiser.bins[33].item() == pytest.approx(0.8, abs=0.05)  # narrower by a fifth


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_silence_within_speech_is_silent(transform):
    coder = training.find_steps(_config(transform, 13.0))
    sound = torch.cat([quick_speech(0.2, 16000, 5).waveform, torch.zeros(3000)])
    assert not bitstream.coded(coder, sound)[3200 + 512 :].any()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_file_holds_all_of_it(transform, tmp_path):
    config = _config(transform, 20.0)
    training.train_and_keep(config, tmp_path, CPU, progress=False)
    assert [file.name for file in tmp_path.iterdir()] == [WEIGHTS]
    found, made = weights.load(tmp_path / WEIGHTS, transform, 20.0), training.find_steps(config)
    assert bitstream.identity(found) == bitstream.identity(made)
    speech = quick_speech(0.5, 16000, 9).waveform
    data = bitstream.encode(made, speech)
    assert torch.equal(bitstream.decode(found, data), bitstream.coded(made, speech))
    other = next(name for name in TRANSFORMS if name != transform)
    with pytest.raises(WeightsError, match=f"wanted .*'{other}' at 20 kb/s; .*holds '{transform}' at 20"):
        weights.load(tmp_path / WEIGHTS, other, 20.0)


def test_more_than_the_bins_carry_is_refused():
    with pytest.raises(ValueError, match=r"0 to 3\.00 bits"):
        training.find_steps(_config("lapped", 26.0, bins=8))
