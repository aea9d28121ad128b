"""Files of weights: what is stored comes back, files of another kind and damaged ones are told, kept ones are found.

What a whole, a cut and a foreign file do is tested with the networks of each chapter too.
"""

import hashlib
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from paper_code.lab import paths, weights
from paper_code.lab.config import Config
from paper_code.lab.weights import Kind, WeightsError

TOY = Kind("toy", "toy network", "Wind it up with `make toy`.")
TENSORS = {
    "kernel": torch.randn(3, 2, 1, 9, generator=torch.Generator().manual_seed(0)),
    "slope": torch.tensor([0.3, 0.1]),
    "temperature": torch.tensor(301.25),
    "on": torch.tensor(True),
    "count": torch.tensor([1, 2]),
}


@pytest.fixture
def file(tmp_path):
    return weights.save(tmp_path / "new" / "toy_a.safetensors", TOY, TENSORS, {"wheels": 4})


def test_what_is_stored_comes_back_with_its_types(file):
    found, about = weights.read(file, TOY)
    assert about == {"wheels": 4}
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert torch.equal(found[name], value), name
        assert found[name].dtype == value.dtype


def test_the_file_is_plain_safetensors_that_says_what_it_is(file):
    with safe_open(file, framework="np") as opened:
        assert opened.metadata() == {"kind": "toy", "about": json.dumps({"wheels": 4})}
        assert opened.get_tensor("kernel").tolist() == TENSORS["kernel"].tolist()


def test_the_same_weights_are_the_same_bytes(tmp_path):
    """Whatever the order of the tensors: a config names the file that it was made with by its checksum."""
    turned = dict(reversed(TENSORS.items()))
    files = [weights.save(tmp_path / f"{k}", TOY, turned if k % 2 else TENSORS, {"wheels": 4}) for k in range(16)]
    assert len({weights.checksum(file) for file in files}) == 1


def test_half_rounds_kernels_alone(tmp_path):
    stored = weights.half(TENSORS)
    assert stored["kernel"].dtype == torch.float16
    assert all(stored[name] is value for name, value in TENSORS.items() if name != "kernel")
    found, _ = weights.read(weights.save(tmp_path / "half", TOY, stored, {}), TOY)
    assert found["kernel"].dtype == torch.float32
    error = (found["kernel"] - TENSORS["kernel"]).abs() / TENSORS["kernel"].abs()
    assert 0 < error.max() <= 2**-11  # a half has 11 digits


def test_kernels_in_any_order_of_memory_are_stored(tmp_path):
    turned = TENSORS["kernel"].to(memory_format=torch.channels_last)
    assert not turned.is_contiguous()
    found, _ = weights.read(weights.save(tmp_path / "turned", TOY, {"kernel": turned}, {}), TOY)
    assert torch.equal(found["kernel"], TENSORS["kernel"])


def test_a_missing_file_is_told_with_its_remedy(tmp_path):
    with pytest.raises(WeightsError, match=r"no file of weights .*none\. Wind it up with `make toy`\."):
        weights.read(tmp_path / "none", TOY)
    with pytest.raises(WeightsError, match="no file of weights"):
        weights.read(tmp_path, TOY)  # a folder


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 200, None])
def test_a_damaged_file_is_told(file, content):
    file.write_bytes(file.read_bytes()[:-1] if content is None else content)
    with pytest.raises(WeightsError, match=r"toy_a\.safetensors is damaged .*fetch it again"):
        weights.read(file, TOY)


@pytest.mark.parametrize("metadata", [None, {"kind": "train"}, {"kind": "toy"}, {"kind": "toy", "about": "[1]"}])
def test_a_file_of_another_kind_is_told(tmp_path, metadata):
    save_file({"a": torch.zeros(1)}, tmp_path / "other", metadata=metadata)
    kind = (metadata or {}).get("kind")
    with pytest.raises(WeightsError, match=f"other holds no toy network; found {kind!r}"):
        weights.read(tmp_path / "other", TOY)


def test_words_about_the_file_that_are_no_json_are_told(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "other", metadata={"kind": "toy", "about": "{"})
    with pytest.raises(WeightsError, match="is damaged"):
        weights.read(tmp_path / "other", TOY)


def test_released_files_lie_with_the_repository():
    assert TOY.released("a") == paths.ROOT / "data" / "weights" / "toy_a.safetensors"


def test_the_checksum_is_the_beginning_of_the_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"any bytes")
    assert weights.checksum(tmp_path / "a") == hashlib.sha256(b"any bytes").hexdigest()[:12]
    assert weights.checksum(tmp_path / "b") == ""


CONFIG = Config(profile="small", seed=0)


def test_weights_kept_beside_a_result_come_back_as_they_were(tmp_path):
    weights.keep(tmp_path, TOY, TENSORS, CONFIG)
    state = weights.kept(tmp_path, TOY)
    assert state.keys() == TENSORS.keys()
    assert torch.equal(state["kernel"], TENSORS["kernel"])
    assert weights.read(tmp_path / weights.WEIGHTS, TOY)[1] == {"config_hash": CONFIG.hash, "profile": "small"}


def test_a_result_whose_weights_were_not_kept_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"no file of weights .*weights\.safetensors"):
        weights.kept(tmp_path, TOY)


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_damaged_kept_weights_are_told(tmp_path, content):
    file = weights.keep(tmp_path, TOY, TENSORS, CONFIG)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(WeightsError, match=r"weights\.safetensors is damaged"):
        weights.kept(tmp_path, TOY)


def test_the_command_line_releases_each_folder_and_stops_at_an_error(capsys, tmp_path):
    asked = []

    def release(folder):
        asked.append(folder.name)
        if folder.name == "b":
            raise WeightsError("b holds nothing.")
        return tmp_path / f"{folder.name}.safetensors"

    assert weights.command(release, "Releases.", ["a"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.safetensors'}\n"
    assert weights.command(release, "Releases.", ["a", "b", "c"]) == 1
    assert capsys.readouterr().err == "error: b holds nothing.\n"
    assert asked == ["a", "a", "b"]
    with pytest.raises(SystemExit) as ended:
        weights.command(release, "Releases.", [])
    assert ended.value.code == 2
