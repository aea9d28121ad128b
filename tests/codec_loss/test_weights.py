"""Released weights: they come back as they were stored, load offline, and a wrong file is told."""

import errno
import json
import socket

import pytest
import torch
from safetensors.torch import save_file

from paper_code.codec_loss import weights
from paper_code.codec_loss.loss import LOSSES
from paper_code.codec_loss.networks import NETWORKS
from paper_code.codec_loss.weights import WeightsError
from paper_code.lab import weights as lab_weights
from paper_code.lab.files import OutputError

ABOUT = {
    "spectrogram": {"network": "spectrogram", "filters": 4, "log_factor": 50.0, "codec": "mp3-16"},
    "frequency_aware": {"network": "frequency_aware", "filters": 4, "log_factor": 50.0, "codec": "mp3-16"},
    "time": {"network": "time", "filters": 4, "log_factor": 100.0, "codec": "mp3-16"},
}


def _stored(kind, folder):
    torch.manual_seed(1)
    network = NETWORKS[kind](4, **({} if kind == "time" else {"log_factor": 50.0}))
    loss = LOSSES[kind](network)
    pair = 0.1 * torch.randn(2, 2, 1024 + 512 * 31)
    loss.calibrate(*pair)
    sizes = {"sizes": loss.sizes, "layer_sizes": loss.layer_sizes}
    return weights.save(folder / f"{kind}.safetensors", network, sizes, ABOUT[kind]), loss, pair


@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_stored_comes_back_to_half_precision(kind, tmp_path):
    file, loss, _ = _stored(kind, tmp_path)
    network, sizes, about = weights.load_network(kind, file)
    assert about == ABOUT[kind]
    assert not network.training
    assert torch.equal(sizes["sizes"], loss.sizes)
    assert torch.equal(sizes["layer_sizes"], loss.layer_sizes)
    stored = loss.network.state_dict()
    for name, value in network.state_dict().items():
        expected = stored[name].half().float() if stored[name].ndim > 1 else stored[name]
        assert torch.equal(value, expected), name
        assert value.dtype == stored[name].dtype
    if kind != "time":
        assert network.log_factor == 50.0


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_loss_from_a_file_is_nearly_the_loss_that_was_stored(kind, tmp_path):
    file, loss, pair = _stored(kind, tmp_path)
    found = LOSSES[kind].pretrained(file, reduction="none")
    assert found.reduction == "none"
    assert found(*pair).mean().item() == pytest.approx(1, rel=2e-3)
    assert found(*pair).mean().item() == pytest.approx(loss(*pair).item(), rel=2e-3)


def test_half_precision_halves_the_file(tmp_path):
    file, loss, _ = _stored("time", tmp_path)
    kernels = sum(p.numel() for p in loss.network.parameters() if p.ndim > 1)
    assert 2 * kernels < file.stat().st_size < 2.5 * kernels


RELEASED = [kind for kind in NETWORKS if weights.released(kind).exists()]  # of our variant perhaps not yet


def test_the_papers_two_networks_are_released():
    assert {"spectrogram", "time"} <= set(RELEASED)


@pytest.mark.parametrize("kind", RELEASED)
def test_the_released_losses_work_without_a_network(kind, monkeypatch):
    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    file = weights.released(kind)
    assert file.stat().st_size < 25e6
    loss = LOSSES[kind].pretrained()
    sound, noise = 0.1 * torch.randn(2, 1, 16896, generator=torch.Generator().manual_seed(0))
    values = [loss(sound + size * noise, sound).item() for size in (0.0, 0.1, 1.0)]
    assert values[0] == 0 < values[1] < values[2]
    assert all(p.isfinite().all() for p in loss.network.parameters())
    assert (loss.sizes > 0).all()
    assert (loss.layer_sizes > 0).all()
    assert weights.load_network(kind)[2]["network"] == kind


def _cut(file):
    file.write_bytes(file.read_bytes()[:-100])


def _overwritten(file):
    file.write_bytes(b"\xff" * 200)


def _empty(file):
    file.write_bytes(b"")


def _text(file):
    file.write_text("These are no weights, but a long enough text to be one.")


@pytest.mark.parametrize("damage", [_cut, _overwritten, _empty, _text])
def test_a_damaged_file_is_told(damage, tmp_path):
    file, _, _ = _stored("time", tmp_path)
    damage(file)
    with pytest.raises(WeightsError, match=r"time\.safetensors is damaged .*fetch it again"):
        weights.load_network("time", file)


def test_a_missing_file_is_told_and_has_no_checksum(tmp_path):
    file = tmp_path / "none.safetensors"
    with pytest.raises(WeightsError, match=r"no file of weights .*none\.safetensors.*release"):
        LOSSES["time"].pretrained(file)
    assert weights.checksum(file) == ""


def test_a_foreign_file_is_told(tmp_path):
    file = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(3)}, file)
    with pytest.raises(WeightsError, match=r"other\.safetensors holds no codec-loss network; found None"):
        weights.load_network("time", file)
    save_file({"a": torch.zeros(3)}, file, metadata={"kind": "denoiser", "about": json.dumps({})})
    with pytest.raises(WeightsError, match="found 'denoiser'"):
        weights.load_network("time", file)


def test_the_other_network_is_told(tmp_path):
    file, _, _ = _stored("time", tmp_path)
    with pytest.raises(WeightsError, match=r"wanted a spectrogram network.*holds time"):
        LOSSES["spectrogram"].pretrained(file)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    file, loss, _ = _stored("time", tmp_path)
    before = file.read_bytes()

    def full(tensors, name, metadata):
        with open(name, "wb") as half:
            half.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(name))

    monkeypatch.setattr(lab_weights, "save_file", full)
    with pytest.raises(OutputError, match="the disk is full"):
        weights.save(file, loss.network, {}, ABOUT["time"])
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_the_checksum_changes_with_the_content(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert weights.checksum(file) == "ba7816bf8f01"  # the sha256 of "abc" in the standard
    file.write_bytes(b"abd")
    assert weights.checksum(file) != "ba7816bf8f01"
