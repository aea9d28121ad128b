"""Checkpoints of TensorFlow: they come back, and what is damaged or foreign is told and never run."""

import pickle

import numpy as np
import pytest

from jnd_loss.written_bundle import HEADER, field, table, write
from paper_code.audio import corpora
from paper_code.jnd_loss.tensor_bundle import DATA, INDEX, Entry, checksum, entries, masked_checksum, read
from paper_code.lab.weights import WeightsError

RNG = np.random.default_rng(0)
TENSORS = {
    "layer_0/weights": RNG.standard_normal((1, 3, 2, 5)).astype("float32"),
    "layer_0/beta": RNG.standard_normal(200).astype("float32"),
    "layer_1/weights": RNG.standard_normal((1, 3, 5, 4)).astype("float32"),
    "one": np.array(2.5, "float32"),
    "step": np.array([7, 8], "int32"),
}
WANTED = {name: values.shape for name, values in TENSORS.items() if values.dtype == "float32"}


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_what_is_written_comes_back(rows, tmp_path):
    tensors = read(write(tmp_path / "model.ckpt", TENSORS, rows=rows), WANTED)
    assert set(tensors) == set(WANTED)
    for name, values in tensors.items():
        assert np.array_equal(values, TENSORS[name])
        assert values.shape == WANTED[name]


def test_an_index_tells_type_shape_place_and_checksum(tmp_path):
    found = entries(write(tmp_path / "model", TENSORS))
    assert list(found) == sorted(TENSORS)
    raw = TENSORS["layer_0/weights"].tobytes()
    assert found["layer_0/weights"] == Entry(1, (1, 3, 2, 5), 800, 120, masked_checksum(raw))
    assert found["one"].shape == ()
    assert found["step"].kind == 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_the_checksum_is_that_of_rfc_3720(content, expected):
    assert checksum(content) == expected


@pytest.mark.corpora("dpam_released_weights", "germain_released_weights")
@pytest.mark.parametrize(
    ("path", "count", "name", "shape"),
    [
        ("dpam_released_weights/pre-model/scratch_loss/my_test_model", 174, "loss_conv_13/weights", (1, 3, 128, 128)),
        ("dpam_released_weights/pre-model/linear_layer_loss/my_test_model", 118, "weights_9", (64,)),
        ("germain_released_weights/models/se_model.ckpt", 58, "se_fc_last/weights", (1, 1, 64, 1)),
    ],
)
def test_released_checkpoints_are_read(path, count, name, shape):
    """The data file's length is the end of its last tensor, and a tensor's checksum is right: `read` says so."""
    corpora.locate(path + DATA)
    place = corpora.locate(path + INDEX).with_suffix("")
    assert len(entries(place)) == count
    assert read(place, {name: shape})[name].std() > 0


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"cannot read .*model\.index: No such file"):
        read(tmp_path / "model", WANTED)
    write(tmp_path / "model", TENSORS)
    (tmp_path / f"model{DATA}").unlink()
    with pytest.raises(WeightsError, match=r"cannot read .*model\.data-00000-of-00001"):
        read(tmp_path / "model", WANTED)


FOREIGN = {
    "empty": b"",
    "text": b"These are no weights, but a text that is long enough to be one, at least it seems so.",
    "zeros": bytes(5000),
    "pickle": pickle.dumps({"layer_0/weights": list(range(100))}),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_told(content, tmp_path):
    (tmp_path / f"model{INDEX}").write_bytes(content)
    with pytest.raises(WeightsError, match=r"wanted the index of a TensorFlow V2 checkpoint; .*model\.index is none"):
        entries(tmp_path / "model")


def test_an_index_cut_anywhere_is_told(tmp_path):
    file = write(tmp_path / "model", TENSORS).with_suffix(INDEX)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match="is none or is damaged"):
            entries(tmp_path / "model")


def test_an_index_with_any_byte_changed_is_told_or_is_the_same(tmp_path):
    """Bytes that nobody reads (of the empty block, or between the handles and the mark) may change."""
    file = write(tmp_path / "model", TENSORS).with_suffix(INDEX)
    whole, right = file.read_bytes(), entries(tmp_path / "model")
    told = 0
    for position in range(len(whole)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            assert entries(tmp_path / "model") == right
        except WeightsError:
            told += 1
    assert told > len(whole) - 60


def test_cut_and_changed_data_are_told(tmp_path):
    file = write(tmp_path / "model", TENSORS).with_name(f"model{DATA}")
    whole = file.read_bytes()
    for content in (whole[:-1], whole + b"\0", b""):
        file.write_bytes(content)
        with pytest.raises(WeightsError, match=rf"wanted {len(whole)} bytes .* has {len(content)}\. Fetch it again"):
            read(tmp_path / "model", WANTED)
    file.write_bytes(whole[:400] + b"\x01" + whole[401:])
    with pytest.raises(WeightsError, match=r"numbers of layer_0/beta .* are damaged \(checksum\)"):
        read(tmp_path / "model", WANTED)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("layer_9/weights", (2,), r"wanted the tensor layer_9/weights \[2\]; the checkpoint .* has none"),
        ("layer_0/beta", (100,), r"wanted layer_0/beta as float32 \[100\]; .* holds \[200\] of type 1"),
        ("step", (2,), r"wanted step as float32 \[2\]; .* holds \[2\] of type 3 in 8 bytes"),
    ],
)
def test_another_network_is_told(name, shape, message, tmp_path):
    with pytest.raises(WeightsError, match=message):
        read(write(tmp_path / "model", TENSORS), {name: shape})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"header": None}, "no header of a checkpoint"),
        ({"header": HEADER.replace(b"\x08\x01", b"\x08\x02", 1)}, "wanted one little-endian data file"),
        ({"header": HEADER + b"\x10\x01"}, "wanted one little-endian data file"),
        ({"compression": 1}, "a block is compressed"),
        ({"extra": field(7, b"\x08\x01")}, "cut into slices"),
        ({"extra": field(3, 1)}, "lies in another file"),
        ({"extra": field(2, 4)}, "no description of a tensor"),
        ({"extra": field(2, field(2, field(1, b"ab")))}, "a dimension without a size"),
        ({"extra": b"\x3b"}, "written in an unknown way"),
        ({"extra": b"\x42\x09"}, "a field ends after its message"),
        ({"extra": b"\xff" * 11}, "a number has no end"),
    ],
)
def test_what_a_released_checkpoint_is_not_is_told(options, message, tmp_path):
    with pytest.raises(WeightsError, match=message):
        entries(write(tmp_path / "model", TENSORS, **options))


def test_a_name_that_is_no_text_is_told(tmp_path):
    (tmp_path / f"model{INDEX}").write_bytes(table([(b"", HEADER), (b"\xff", field(1, 1))]))
    with pytest.raises(WeightsError, match="utf-8"):
        entries(tmp_path / "model")
