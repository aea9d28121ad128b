"""Checkpoints: damage is noticed, strangers are refused, the file says what to do."""

import zipfile

import numpy as np
import pytest
import torch

from paper_code.lab import checkpoints
from paper_code.lab.checkpoints import CheckpointError
from paper_code.lab.training import fit


def network() -> torch.nn.Module:
    return torch.nn.Linear(64, 64)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoints.save(path, {"history": {"loss": [1.0]}, "seconds": 0.5}, {"network": network()}, tag="abc")
    return path


def test_progress_comes_back(file):
    assert checkpoints.restore(file, {"network": network()}, "abc") == {"history": {"loss": [1.0]}, "seconds": 0.5}


@pytest.mark.parametrize("where", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_one_flipped_byte_anywhere_is_noticed(file, where):
    contents = bytearray(file.read_bytes())
    contents[int(len(contents) * where)] ^= 0xFF
    file.write_bytes(contents)
    with pytest.raises(CheckpointError, match=r"checkpoint.pt cannot be read .* delete it and run again"):
        checkpoints.restore(file, {"network": network()}, "abc")


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04", b"not a checkpoint at all" * 99])
def test_what_is_no_checkpoint_is_refused(file, contents):
    file.write_bytes(contents)
    with pytest.raises(CheckpointError, match=r"checkpoint.pt cannot be read .* delete it and run again"):
        fit(lambda i: {"loss": 0.0}, 1, {"network": network()}, file, progress=False, tag="abc")


def test_a_truncated_file_is_refused(file):
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.read(file)


def test_a_file_that_would_run_code_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"format": 1, "trap": Trap()}, tmp_path / "c.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.read(tmp_path / "c.pt")
    assert not (tmp_path / "sprung").exists()


def test_another_format_is_refused(file):
    torch.save({"format": 99}, file)
    with pytest.raises(CheckpointError, match="format 99, this code reads 1"):
        checkpoints.read(file)


@pytest.mark.parametrize("tag", ["", "abd"])
def test_another_config_is_refused_and_the_network_untouched(file, tag):
    fresh = network()
    before = fresh.weight.clone()
    with pytest.raises(CheckpointError, match=rf"config hash abc, wanted {tag or 'none'}\). Delete it"):
        checkpoints.restore(file, {"network": fresh}, tag)
    assert torch.equal(fresh.weight, before)


def test_other_objects_are_refused(file):
    with pytest.raises(CheckpointError, match="holds network; this training has generator, network"):
        checkpoints.restore(file, {"network": network(), "generator": network()}, "abc")


def test_an_object_of_another_shape_is_refused(file):
    with pytest.raises(CheckpointError, match=r"does not fit 'network' .*size mismatch"):
        checkpoints.restore(file, {"network": torch.nn.Linear(3, 3)}, "abc")


def test_it_is_a_plain_torch_file(file):
    assert zipfile.is_zipfile(file)
    assert set(torch.load(file, weights_only=True)["state"]["network"]) == {"weight", "bias"}


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_every_numpy_generator_goes_on_where_it_was(tmp_path, kind):
    generator = np.random.Generator(kind(3))
    generator.standard_normal(7)
    checkpoints.save(tmp_path / "c.pt", {}, {"generator": generator})
    wanted = generator.standard_normal(5)
    other = np.random.Generator(kind(4))
    checkpoints.restore(tmp_path / "c.pt", {"generator": other})
    np.testing.assert_array_equal(other.standard_normal(5), wanted)
