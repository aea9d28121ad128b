"""The two embeddings of general sound in the paper's Table 2, for who has their weights; they do not come with this book.

VGGish: put its state, as public ports to PyTorch name it, into data/weights or the folder that COMPENDIUM_EMBEDDINGS
names, as vggish.safetensors or vggish.pth. OpenL3: install the package openl3 or torchopenl3, which bring theirs.
The distance of two sounds is the mean over frames of the Euclidean distance of their embeddings; the paper does not say
which one it took.
Paper: Manocha et al. 2020, §4.1; Hershey et al. 2017; Cramer et al. 2019.   Chapter: jnd_loss
"""

import functools
import importlib
import importlib.util
import os
import pickle
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from paper_code.lab import paths, weights
from paper_code.lab.weights import WeightsError

FOLDER_VARIABLE = "COMPENDIUM_EMBEDDINGS"
FILES = ("vggish.safetensors", "vggish.pth")
SAMPLE_RATE, OPENL3_RATE = 16_000, 48_000
WINDOW, HOP, TRANSFORM = 400, 160, 512  # samples: 25 and 10 ms
BANDS, LOWEST, HIGHEST = 64, 125.0, 7500.0  # Hz
OFFSET = 0.01  # added before the logarithm
FRAMES = 96  # of an example: 0.96 s
CONVOLUTIONS = ((64,), (128,), (256, 256), (512, 512))  # widths between two poolings
DENSE = (4096, 4096, 128)
PACKAGES = ("openl3", "torchopenl3")
OPENL3 = {"content_type": "music", "input_repr": "mel256", "embedding_size": 512}


class VGGish(nn.Module):
    """Log-mel examples [example, 96, 64] in, embeddings [example, 128] out: 72,141,184 numbers.

    Four blocks of 3x3 convolutions, each ended by a pooling of 2x2, then three dense layers, the last without a rectifier.
    Tensors are named as in the public ports; between both parts the channels go last, as TensorFlow has them.
    Paper: Hershey et al. 2017; sizes of the released model.   Chapter: jnd_loss
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 1
        for block in CONVOLUTIONS:
            for wider in block:
                layers += [nn.Conv2d(width, wider, 3, padding=1), nn.ReLU()]
                width = wider
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        inputs = width * (FRAMES // 16) * (BANDS // 16)
        dense = [
            layer
            for i, o in zip((inputs, *DENSE[:-1]), DENSE, strict=True)
            for layer in (nn.Linear(i, o), nn.ReLU())
        ]  # fmt: skip
        self.embeddings = nn.Sequential(*dense[:-1])

    def forward(self, examples: Tensor) -> Tensor:
        """Embeddings of log-mel examples."""
        return self.embeddings(self.features(examples.unsqueeze(1)).permute(0, 2, 3, 1).flatten(1))


def log_mel(waveform: Tensor) -> Tensor:
    """Examples [example, 96, 64] of a waveform [time] at 16 kHz; what is too short for one is filled with silence."""
    shortest = WINDOW + (FRAMES - 1) * HOP
    waveform = functional.pad(waveform, (0, max(0, shortest - waveform.shape[-1])))
    frames = waveform.unfold(-1, WINDOW, HOP) * torch.hann_window(WINDOW)
    bands = torch.fft.rfft(frames, TRANSFORM).abs() @ mel_filters()
    whole = bands.shape[0] // FRAMES
    return torch.log(bands[: whole * FRAMES] + OFFSET).reshape(whole, FRAMES, BANDS)


@functools.cache
def mel_filters() -> Tensor:
    """Triangles that are straight in mel [frequency, band]; the constant part of a frame is in none."""
    mel = _mel(torch.linspace(0, SAMPLE_RATE / 2, TRANSFORM // 2 + 1)).unsqueeze(1)
    edges = torch.linspace(float(_mel(torch.tensor(LOWEST))), float(_mel(torch.tensor(HIGHEST))), BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    filters = torch.minimum((mel - low) / (middle - low), (high - mel) / (high - middle)).clamp(min=0)
    filters[0] = 0
    return filters


def vggish_file() -> Path | None:
    """The file with its weights; None where there is none."""
    folder = Path(os.environ.get(FOLDER_VARIABLE) or weights.FOLDER)
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


@torch.no_grad()
def vggish_distance(estimate: Tensor, reference: Tensor, _: int = SAMPLE_RATE) -> float:
    """Distance of two sounds [time] at 16 kHz. Raises WeightsError where the weights are missing or of another network."""
    network = _loaded(vggish_file())
    return _distance(*(network(log_mel(sound)) for sound in (estimate, reference)))


def openl3_package() -> str | None:
    """The package that has OpenL3 with its weights; None where none is installed."""
    return next((name for name in PACKAGES if importlib.util.find_spec(name)), None)


def openl3_distance(estimate: Tensor, reference: Tensor, sample_rate: int = OPENL3_RATE) -> float:
    """Distance of two sounds [time] at 48 kHz by OpenL3's music model, 256 mel bands, 512 numbers."""
    embed = importlib.import_module(openl3_package() or PACKAGES[0]).get_audio_embedding
    found = [np.asarray(embed(sound.numpy(), sample_rate, **OPENL3)[0]) for sound in (estimate, reference)]
    return _distance(*(torch.from_numpy(x.reshape(-1, x.shape[-1])) for x in found))


def _distance(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm(dim=-1).mean())


def _mel(hertz: Tensor) -> Tensor:
    return 1127.0 * torch.log1p(hertz / 700.0)


@functools.lru_cache(1)
def _loaded(file: Path | None) -> VGGish:
    if file is None:
        raise WeightsError(f"there are no weights of VGGish: {' or '.join(FILES)} in the folder of {FOLDER_VARIABLE}.")
    try:
        safe = file.suffix == ".safetensors"
        state = load_file(file) if safe else torch.load(file, map_location="cpu", weights_only=True)
        network = VGGish()
        network.load_state_dict({name: x for name, x in state.items() if not name.startswith("pproc.")})
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, AttributeError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{paths.shown(file)} does not hold the state of VGGish ({reason}).") from error
    return network.eval()
