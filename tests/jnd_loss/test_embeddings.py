"""Embeddings of general sound: the published sizes of VGGish, its log-mel input, and files that are not its weights."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from paper_code.jnd_loss import embeddings, measures
from paper_code.jnd_loss.embeddings import VGGish, log_mel, mel_filters, vggish_distance
from paper_code.jnd_loss.networks import parameter_count
from paper_code.lab.weights import WeightsError


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder for weights, and dense layers that fit into a test."""
    monkeypatch.setattr(embeddings, "DENSE", (8, 8, 4))
    monkeypatch.setenv(embeddings.FOLDER_VARIABLE, str(tmp_path))
    embeddings._loaded.cache_clear()
    yield tmp_path
    embeddings._loaded.cache_clear()


def _tone(hertz: float, seconds: float = 2.0) -> torch.Tensor:
    return 0.5 * torch.sin(2 * math.pi * hertz * torch.arange(round(seconds * 16_000)) / 16_000)


def test_it_has_the_published_sizes():
    with torch.device("meta"):
        network = VGGish()
        examples = torch.empty(3, 96, 64)
    assert parameter_count(network) == 72_141_184
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items() if name.endswith("weight")}
    assert shapes == {
        "features.0.weight": (64, 1, 3, 3), "features.3.weight": (128, 64, 3, 3),
        "features.6.weight": (256, 128, 3, 3), "features.8.weight": (256, 256, 3, 3),
        "features.11.weight": (512, 256, 3, 3), "features.13.weight": (512, 512, 3, 3),
        "embeddings.0.weight": (4096, 12288), "embeddings.2.weight": (4096, 4096), "embeddings.4.weight": (128, 4096),
    }  # fmt: skip
    assert network.features(examples.unsqueeze(1)).shape == (3, 512, 6, 4)
    assert network(examples).shape == (3, 128)


def test_channels_go_last_into_the_dense_layers(small):
    network, examples = VGGish(), torch.randn(1, 96, 64)
    maps = network.features(examples.unsqueeze(1))[0]
    weight = torch.zeros_like(network.embeddings[0].weight)
    weight[0, (2 * 4 + 3) * 512 + 7] = 1  # row 2, column 3, channel 7
    network.embeddings = torch.nn.Linear(*weight.shape[::-1], bias=False)
    network.embeddings.weight.data = weight
    assert network(examples)[0, 0].item() == pytest.approx(maps[7, 2, 3].item())


def test_an_example_is_0_96_s_and_silence_is_the_offset():
    assert log_mel(torch.zeros(16_000)).shape == (1, 96, 64)
    assert log_mel(torch.zeros(100)).shape == (1, 96, 64)
    assert log_mel(torch.zeros(400 + 191 * 160)).shape == (2, 96, 64)
    assert log_mel(torch.zeros(400 + 190 * 160)).shape == (1, 96, 64)
    assert torch.equal(log_mel(torch.zeros(16_000)), torch.full((1, 96, 64), math.log(0.01)))


@pytest.mark.parametrize("hertz", [200.0, 1000.0, 5000.0])
def test_a_tone_is_loudest_in_the_band_whose_centre_is_nearest_in_mel(hertz):
    edges = np.linspace(*(1127 * math.log(1 + f / 700) for f in (125, 7500)), 66)
    nearest = int(np.abs(edges[1:-1] - 1127 * math.log(1 + hertz / 700)).argmin())
    assert abs(int(log_mel(_tone(hertz)).mean((0, 1)).argmax()) - nearest) <= 1


def test_filters_are_triangles_between_125_and_7500_hz():
    filters, frequencies = mel_filters(), torch.linspace(0, 8000, 257)
    assert filters.shape == (257, 64)
    assert filters[(frequencies < 125) | (frequencies > 7500)].abs().max() == 0
    assert 0 <= filters.min() < filters.max() <= 1
    inside = (frequencies > 250) & (frequencies < 7000)
    assert filters[inside].sum(1) == pytest.approx(np.ones(int(inside.sum())), abs=1e-4)


@pytest.mark.parametrize("name", embeddings.FILES)
def test_weights_in_the_folder_make_a_measure(small, name):
    torch.manual_seed(0)
    network = VGGish().eval()
    state = network.state_dict()
    if name.endswith("pth"):
        torch.save({**state, "pproc.pca_means": torch.zeros(4)}, small / name)
    else:
        save_file(state, small / name)
    measure = measures.embeddings()["vggish"]
    assert measure.lacks == ""
    low, high = _tone(300), _tone(3000)
    with torch.no_grad():
        expected = (network(log_mel(low)) - network(log_mel(high))).square().sum(-1).sqrt().mean()
    assert measure.distance(low, high, 16_000) == pytest.approx(float(expected), rel=1e-5)
    assert measure.distance(low, low, 16_000) == 0


def test_without_weights_it_says_so(small):
    assert "weights" in measures.embeddings()["vggish"].lacks
    with pytest.raises(WeightsError, match=embeddings.FOLDER_VARIABLE):
        vggish_distance(_tone(300), _tone(300))


def test_what_is_not_its_weights_is_told_and_no_pickle_is_run(small, monkeypatch):
    class Evil:
        def __reduce__(self):
            return (sys.exit, (1,))

    file = small / "vggish.pth"
    for content in ({"features.0.weight": torch.zeros(3)}, Evil(), [1, 2]):
        torch.save(content, file)
        embeddings._loaded.cache_clear()
        with pytest.raises(WeightsError, match=r"vggish\.pth does not hold"):
            vggish_distance(_tone(300), _tone(300))
    file.write_bytes(b"PK\x03\x04 cut off")
    embeddings._loaded.cache_clear()
    with pytest.raises(WeightsError, match=r"vggish\.pth does not hold"):
        vggish_distance(_tone(300), _tone(300))


def test_openl3_comes_from_a_package_that_is_asked_for_the_music_model(monkeypatch):
    assert "weights" in measures.embeddings()["openl3"].lacks
    asked = []

    def get_audio_embedding(audio, rate, **options):
        asked.append((len(audio), rate, options))
        return np.full((1, 5, 2), np.abs(audio).max()), None

    monkeypatch.setattr(embeddings, "openl3_package", lambda: "openl3")
    monkeypatch.setattr(measures, "openl3_package", lambda: "openl3")
    monkeypatch.setitem(sys.modules, "openl3", SimpleNamespace(get_audio_embedding=get_audio_embedding))
    measure = measures.embeddings()["openl3"]
    assert (measure.lacks, measure.sample_rate) == ("", 48_000)
    distance = measure.distance(torch.full((4800,), 4.0), torch.full((4800,), 1.0), 48_000)
    assert distance == pytest.approx(3 * math.sqrt(2))
    assert asked[0] == (4800, 48_000, {"content_type": "music", "input_repr": "mel256", "embedding_size": 512})
