"""The two networks once more, in plain numpy and float64, straight from the authors' tensors and their names."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]
Tensors = dict[str, np.ndarray]


def as_the_authors_have_them(network: nn.Module, names: Mapping[str, str]) -> Tensors:
    """A network's tensors under the authors' names and in their order of axes: [1, tap, in, out] and [in, out]."""
    turned = {name: value.numpy().T for name, value in network.state_dict().items()}
    return {theirs: turned[ours][None] if turned[ours].ndim == 3 else turned[ours] for ours, theirs in names.items()}


def convolved(signal: Array, kernel: np.ndarray, stride: int = 1) -> Array:
    """[time, in] with a kernel [1, tap, in, out]: TensorFlow's SAME, where the extra zero is the last."""
    taps = kernel.shape[1]
    count = (len(signal) + stride - 1) // stride
    zeros = max((count - 1) * stride + taps - len(signal), 0)
    padded = np.pad(signal, ((zeros // 2, zeros - zeros // 2), (0, 0)))
    return sum(
        padded[tap : tap + (count - 1) * stride + 1 : stride] @ kernel[0, tap].astype(np.float64) for tap in range(taps)
    )


def standardised(signal: Array) -> Array:
    """Mean 0 and variance 1 over all axes but the channels, the last."""
    axes = tuple(range(signal.ndim - 1))
    return (signal - signal.mean(axes)) / np.sqrt(signal.var(axes) + 0.001)


def rectified(signal: Array) -> Array:
    """Leaky, by 0.2."""
    return np.maximum(0.2 * signal, signal)


def activations(waveform: Array, tensors: Tensors) -> list[Array]:
    """[frame, channel] of each layer of the metric's network; the waveform in 16-bit numbers."""
    signal, layers = waveform[:, None], []
    for layer in range(14):
        kernel, shift = tensors[f"loss_conv_{layer}/weights"], tensors[f"loss_conv_{layer}/BatchNorm/beta"]
        signal = rectified(standardised(convolved(signal, kernel, 1 if layer == 13 else 2)) + shift)
        layers.append(signal)
    return layers


def distances(estimate: Array, reference: Array, tensors: Tensors, weighted: bool = True) -> list[float]:
    """Of each layer; waveforms in [-1, 1]."""
    pairs = zip(activations(32768 * estimate, tensors), activations(32768 * reference, tensors), strict=True)
    weights = [tensors[f"weights_{layer}"] if weighted else 1.0 for layer in range(14)]
    return [float(np.abs(w * (ours - theirs)).mean()) for w, (ours, theirs) in zip(weights, pairs, strict=True)]


def denoised(noisy: Array, tensors: Tensors) -> Array:
    """A waveform through the denoiser: taps that lie apart are neighbours in a signal that is laid out in columns."""
    signal = noisy[:, None]
    for layer in range(14):
        name = f"se_conv_{layer}" if layer < 13 else "se_conv_last"
        signal = _layer(signal, {key: tensors[f"{name}/{key}"] for key in PARTS}, 2**layer if layer < 13 else 1)
    return (signal @ tensors["se_fc_last/weights"][0, 0].astype(np.float64) + tensors["se_fc_last/biases"])[:, 0]


PARTS = ("weights", "w0", "w1", "BatchNorm/beta")


def _layer(signal: Array, parts: Tensors, dilation: int) -> Array:
    length = len(signal)
    columns = np.pad(signal, ((0, -length % dilation), (0, 0))).reshape(-1, dilation, signal.shape[1])
    filtered = np.stack([convolved(columns[:, i], parts["weights"]) for i in range(dilation)], axis=1)
    normalised = standardised(filtered) + parts["BatchNorm/beta"]
    return rectified(parts["w0"] * filtered + parts["w1"] * normalised).reshape(-1, normalised.shape[2])[:length]
