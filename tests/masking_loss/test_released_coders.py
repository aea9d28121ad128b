"""Coders as files: they come back as they were stored and code alike, and wrong names, rates and files are told."""

import pytest
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.released import about, release_small_coders, small_coder
from paper_code.lab import paths
from paper_code.lab import weights as files
from paper_code.lab.config import ConfigError
from paper_code.lab.files import write_json
from paper_code.lab.store import StoreError
from paper_code.lab.weights import WeightsError
from paper_code.masking_loss.coder import bitstream, release, training, weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.framing import split_signal
from paper_code.masking_loss.coder.weights import load, load_coder, released
from paper_code.masking_loss.configs import TrainedCoder
from paper_code.masking_loss.experiment import experiments

ABOUT = about("masking", 20.0)


@pytest.fixture
def file(tmp_path):
    return weights.save(tmp_path / "coder.safetensors", small_coder(), ABOUT)


def test_released_files_are_named_after_loss_and_rate():
    folder = paths.ROOT / "data" / "weights"
    assert released("masking", 20.0) == folder / "masking_loss_masking_20.safetensors"
    assert released("log_mel", 13) == folder / "masking_loss_log_mel_13.safetensors"


def test_what_is_stored_comes_back_kernels_to_half_precision(file):
    found, stored = load(file, "masking", 20), small_coder().state_dict()
    assert not found.training
    assert found.state_dict().keys() == stored.keys()
    for name, value in found.state_dict().items():
        expected = stored[name].half().float() if stored[name].ndim > 1 else stored[name]
        assert torch.equal(value, expected), name
        assert value.dtype == stored[name].dtype
    assert found.quantiser.on


def test_a_coder_that_a_training_keeps_comes_back_as_it_was(tmp_path):
    stored = small_coder()
    found = load(weights.keep(tmp_path, stored, ABOUT), "masking", 20)
    for name, value in found.state_dict().items():
        assert torch.equal(value, stored.state_dict()[name]), name


def test_a_coder_from_a_file_codes_nearly_as_the_one_that_was_stored(file):
    speech = quick_speech(1.0, 16000, 7).waveform
    stored, found = small_coder(), load(file, "masking", 20)
    before, after = bitstream.encode(stored, speech), bitstream.encode(found, speech)
    assert len(after) == pytest.approx(len(before), rel=0.01)
    apart = bitstream.decode(found, after) - bitstream.decode(stored, before)
    assert apart.square().mean() < 1e-3 * bitstream.decode(stored, before).square().mean()


def test_what_one_reader_of_the_file_codes_another_decodes(file):
    speech = quick_speech(1.0, 16000, 7).waveform
    first, second = load(file, "masking", 20), load(file, "masking", 20)
    data = bitstream.encode(first, speech)
    assert torch.equal(bitstream.decode(second, data), bitstream.coded(first, speech))
    with pytest.raises(bitstream.WrongCoder):
        bitstream.decode(small_coder(), data)  # half precision makes another coder of it


def test_unknown_losses_and_rates_are_told():
    with pytest.raises(ConfigError, match=r"no coder for the loss 'maskin'\. Did you mean 'masking'\?.*mse, log_mel"):
        load_coder("maskin", 20)
    with pytest.raises(ConfigError, match=r"coders for 13, 20, 24 kb/s; found 16\. Choose one, or train"):
        load_coder("masking", 16)


def test_a_missing_coder_is_told_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    remedy = r"paper_code\.lab\.run masking_loss --experiment coder_LOSS_RATE`, then .*masking_loss\.coder\.release"
    with pytest.raises(WeightsError, match=rf"masking_loss_pmsqe_13\.safetensors\. .*{remedy}"):
        load_coder("pmsqe", 13)
    with pytest.raises(WeightsError, match=f"no released coder in .*{remedy}"):
        weights.coders()


@pytest.mark.parametrize(("loss", "rate"), [("mse", 20), ("masking", 24)])
def test_another_coders_file_is_told(file, loss, rate):
    with pytest.raises(WeightsError, match=rf"wanted .*'{loss}' at {rate} kb/s; .*holds 'masking' at 20\.0 kb/s"):
        load(file, loss, rate)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"width": 3}, "size mismatch"),
        ({"bins": 9}, "size mismatch"),
        ({"fold": 2}, "size mismatch"),
        ({"fold": 5}, "fold is a power of 2"),
        ({"width": -1}, "width is a number of channels"),
        ({"width": 0}, "path"),
        ({"start": "lapped"}, "path"),
        ({"start": "half"}, "start is one of"),
        ({"bins": "8"}, "str"),
    ],
)
def test_a_file_that_lies_about_its_coder_is_told(tmp_path, changes, word):
    file = weights.save(tmp_path / "lie.safetensors", small_coder(), ABOUT | changes)
    with pytest.raises(WeightsError, match=f"lie.safetensors lacks what a speech coder needs .*{word}"):
        load(file, "masking", 20)


def test_a_file_without_sizes_or_of_another_kind_is_told(tmp_path):
    for missing in ("width", "bins", "start", "fold"):
        told = {name: value for name, value in ABOUT.items() if name != missing}
        file = weights.save(tmp_path / "a.safetensors", small_coder(), told)
        with pytest.raises(WeightsError, match=f"lacks what a speech coder needs .*'{missing}'"):
            load(file, "masking", 20)
    files.save(file, files.Kind("codec_loss", "", ""), {"a": torch.zeros(1)}, ABOUT)
    with pytest.raises(WeightsError, match="holds no speech coder; found 'codec_loss'"):
        load(file, "masking", 20)


def test_all_coders_that_are_here_are_found(monkeypatch, tmp_path):
    made = release_small_coders(monkeypatch, tmp_path, 13.0)
    released("pmsqe", 13).unlink()
    found = list(weights.coders())
    assert [(loss, rate) for loss, rate, _ in found] == [("mse", 13.0), ("log_mel", 13.0), ("masking", 13.0)]
    for loss, _, coder in found:
        assert torch.equal(coder.quantiser.bins, made[loss].quantiser.bins)


def _result(root, name, coder=None, **changes):
    """A folder as the lab leaves it."""
    config = experiments("smoke", 0)[name].replace(**changes)
    folder = root / name / "smoke-seed0"
    record = {"config": config.as_dict(), "config_class": config.class_name(), "hash": config.hash, "profile": "smoke"}
    write_json(folder / "provenance.json", record | {"seed": 0, "trained": {"code": {"commit": "abc"}}, "measured": {}})
    if coder is not None:
        about = weights.about(config) if isinstance(config, TrainedCoder) else {}
        weights.keep(folder, coder, about)
    return folder, config


def test_a_trained_coder_is_released_with_what_made_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(files, "FOLDER", tmp_path / "weights")
    coder = training.make_coder(experiments("smoke", 0)["coder_log_mel_24"])
    coder.start_quantiser(split_signal(quick_speech(0.5, 16000, 1).waveform), 2.8)
    folder, config = _result(tmp_path, "coder_log_mel_24", coder)
    assert files.command(release.release, "", [str(folder)]) == 0
    file = tmp_path / "weights" / "masking_loss_log_mel_24.safetensors"
    assert capsys.readouterr().out == f"{file}\n"
    assert files.read(file, weights.KIND)[1] == {
        "loss": "log_mel", "bitrate": 24.0, "width": 4, "bins": 64, "start": "lapped", "fold": 16,
        "config_hash": config.hash, "profile": "smoke", "code": "abc",
    }  # fmt: skip
    found, speech = load_coder("log_mel", 24), quick_speech(1.0, 16000, 7).waveform
    assert torch.equal(found.quantiser.bins, coder.quantiser.bins)
    assert torch.equal(found.path.scale, coder.path.scale)
    assert (found.symbols(split_signal(speech)) == coder.symbols(split_signal(speech))).float().mean() > 0.99


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("coder_masking_20", {"gamma": 0.0}, "coder 'masking 20, gamma 0': only those of Table 1 are released"),
        ("coder_masking_20_longer", {}, "coder 'masking 20, longer': only those of Table 1 are released"),
        ("coder_masking_20", {"bands": (32,)}, "'masking 20, bands 32': only those of Table 1"),
        ("coder_masking_20", {"gamma": 0.5}, "'masking 20, gamma 0.5': only those of Table 1"),
        ("amr_wb_12.65", {}, "holds no trained coder; wanted a folder of coder_<loss>_<rate>"),
        ("untrained_mdct_20", {}, "holds no trained coder; wanted a folder of coder_<loss>_<rate>"),
        ("coder_mse_13", {"bitrate": 16.0}, "coders for 13, 20, 24 kb/s; found 16"),
    ],
)
def test_what_is_not_of_table_1_is_not_released(monkeypatch, tmp_path, name, changes, message):
    monkeypatch.setattr(files, "FOLDER", tmp_path / "weights")
    folder, _ = _result(tmp_path, name, SpeechCoder(4), **changes)
    with pytest.raises((WeightsError, ConfigError), match=message):
        release.release(folder)
    assert not (tmp_path / "weights").exists()


def test_a_result_without_its_weights_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"there is no file of weights .*weights\.safetensors"):
        release.release(_result(tmp_path, "coder_mse_13")[0])
    with pytest.raises(StoreError, match="no whole result"):
        release.release(tmp_path)
