"""The network of the metric: fourteen convolutions, a weight for each of their channels, and a small classifier."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from paper_code.audio.signals import require_choice

LAYERS = 14
WIDTHS = tuple(32 * 2 ** (layer // 5) for layer in range(LAYERS))  # five of 32 channels, five of 64, four of 128
TAPS = 3
SLOPE = 0.2  # of the rectifier, below 0
EPSILON = 1e-3  # added to a variance before it divides
SCALE = 32768.0  # the released networks see 16-bit whole numbers
DROPOUT = 0.3
SAME, DIFFERENT = 0, 1  # the answers of the classifier
NORMALISATIONS = ("signal", "pair", "batch", "stored")
CLASSIFIER_INPUTS = ("sigmoid", "distance")


def normalise(signal: Tensor, normalisation: str = "signal") -> Tensor:
    """A signal [batch, channel, time] with mean 0 and variance 1, of each channel.

    normalisation: over what mean and variance are taken. "signal": the time of each signal by itself. "pair": the time
    of two signals, the first of one half of the batch and the first of the other, and so on; what they differ in level
    stays. "batch": the batch and the time together, so each signal depends on the others. "stored": neither; the released
    checkpoints store a mean of 0 and a variance of 1, which their training never updated.
    """
    if normalisation == "stored":
        return signal / (1 + EPSILON) ** 0.5
    if normalisation == "pair":
        pairs = torch.cat(signal.chunk(2), -1)
        return torch.cat(normalise(pairs).chunk(2, -1))
    axes = (0, 2) if normalisation == "batch" else (2,)
    centred = signal - signal.mean(axes, keepdim=True)
    return centred * (centred.square().mean(axes, keepdim=True) + EPSILON).rsqrt()


def leaky(signal: Tensor) -> Tensor:
    """The rectifier of all layers."""
    return functional.leaky_relu(signal, SLOPE)


def drop(signal: Tensor, share: float, shared: bool = False) -> Tensor:
    """A signal with a share of its activations at 0, to a 256th of it, and the others larger by as much.

    shared: the same ones in both halves of the batch. A byte a number is drawn from the global generator: PyTorch's own
    dropout takes longer on a CPU than all convolutions.
    """
    limit, shape = round(256 * share), (signal.chunk(2)[0] if shared else signal).shape
    drawn = torch.empty(-(-shape.numel() // 8), dtype=torch.int64, device=signal.device).random_(-(2**63), None)
    kept = (drawn.view(torch.uint8)[: shape.numel()].view(shape) >= limit).to(signal.dtype).mul_(256 / (256 - limit))
    return signal * (torch.cat([kept, kept]) if shared else kept)


def layer_lengths(samples: int) -> list[int]:
    """How many frames each layer gives for so many samples: half as many, rounded up, and the last as its input."""
    lengths = [-(-samples // 2)]
    while len(lengths) < LAYERS - 1:
        lengths.append(-(-lengths[-1] // 2))
    return [*lengths, lengths[-1]]


class FeatureNetwork(nn.Module):
    """A waveform in, the activations of fourteen layers out.

    Each layer: a convolution of 3 taps without bias, `normalise`, a shift for each channel, a leaky rectifier, and in
    training dropout (not in the last). All layers but the last halve the length. A normalised channel has no level, so
    a gain of the whole waveform changes next to nothing.

    dropout: share of activations that a training leaves out. normalisation: see `normalise`. scale: what the waveform
    is multiplied by. The last layer sees 32,767 samples; a layer that is one frame long (waveforms of up to 8,192
    samples) gives its shifts, whatever the sound.
    Paper: Manocha et al. 2020, §3.3. Chapter: jnd_loss.
    """

    def __init__(self, dropout: float = DROPOUT, normalisation: str = "signal", scale: float = SCALE) -> None:
        super().__init__()
        require_choice("normalisation", normalisation, NORMALISATIONS)
        self.dropout, self.normalisation, self.scale = dropout, normalisation, scale
        strides = [2] * (LAYERS - 1) + [1]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(i, o, TAPS, stride=stride, bias=False)
            for i, o, stride in zip((1, *WIDTHS[:-1]), WIDTHS, strides, strict=True)
        )
        self.shifts = nn.ParameterList(torch.zeros(width) for width in WIDTHS)
        for convolution in self.convolutions:
            nn.init.xavier_uniform_(convolution.weight)

    def forward(self, waveform: Tensor, halves: bool = False) -> list[Tensor]:
        """Activations [batch, channel, frame] of each layer for waveforms [batch, time] in [-1, 1].

        halves: the batch holds first sounds, then as many second ones; dropout leaves out the same of both sounds of a
        pair, and what is taken over the batch is taken over each half.
        """
        signal, layers = self.scale * waveform.unsqueeze(1), []
        for layer, (convolution, shift) in enumerate(zip(self.convolutions, self.shifts, strict=True)):
            signal = convolution(_padded(signal, convolution.stride[0]))
            parts = signal.chunk(2) if halves and self.normalisation == "batch" else [signal]
            signal = torch.cat([normalise(part, self.normalisation) for part in parts])
            signal = leaky(signal + shift.unsqueeze(1))
            if self.training and self.dropout and layer < LAYERS - 1:
                signal = drop(signal, self.dropout, halves)
            layers.append(signal)
        return layers


class JNDNetwork(nn.Module):
    """Two waveforms in; the distance of each layer out, and whether people would say that they differ.

    A layer's distance is the mean, over time and channels, of the absolute difference of activations times the channel's
    weight. classifier_input: see `logits`. shared_dropout: leave out the same activations of both waveforms, so that equal
    ones have no distance in training either; the authors' code draws anew for each. The other options are those of
    FeatureNetwork. 241,844 numbers are trained: 239,712 of convolutions, 992 shifts, 992 weights of channels and 148 of the
    classifier.
    Paper: Manocha et al. 2020, §2.2 and 3.3. Chapter: jnd_loss.
    """

    def __init__(
        self,
        dropout: float = DROPOUT,
        normalisation: str = "signal",
        scale: float = SCALE,
        classifier_input: str = "sigmoid",
        shared_dropout: bool = False,
    ) -> None:
        super().__init__()
        require_choice("classifier_input", classifier_input, CLASSIFIER_INPUTS)
        self.classifier_input, self.shared_dropout = classifier_input, shared_dropout
        self.features = FeatureNetwork(dropout, normalisation, scale)
        self.channel_weights = nn.ParameterList(torch.randn(width) for width in WIDTHS)
        dense = [nn.Linear(1, 16), nn.Linear(16, 6), nn.Linear(6, 2)]
        for layer in dense:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.classifier = nn.Sequential(dense[0], nn.ReLU(), dense[1], nn.ReLU(), dense[2])

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Logits [batch, (same, different)] of two waveforms [batch, time], as a training needs them."""
        return self.logits(self.layer_distances(estimate, reference))

    def layer_distances(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """The distance of each layer [batch, layer]; the metric is their sum."""
        layers = zip(self.activations(estimate, reference), self.channel_weights, strict=True)
        distances = [((ours - theirs) * weight.unsqueeze(1)).abs().mean((1, 2)) for (ours, theirs), weight in layers]
        return torch.stack(distances, -1)

    def activations(self, estimate: Tensor, reference: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Activations of both waveforms [batch, time] in each layer."""
        if self.shared_dropout or self.features.normalisation == "pair":
            return [tuple(layer.chunk(2)) for layer in self.features(torch.cat([estimate, reference]), halves=True)]
        return list(zip(self.features(estimate), self.features(reference), strict=True))

    def logits(self, layer_distances: Tensor) -> Tensor:
        """Logits [batch, (same, different)] of distances [batch, layer].

        The classifier sees a sigmoid of their mean, as in the authors' code, or "distance", their sum, as the paper says.
        """
        if self.classifier_input == "distance":
            return self.classifier(layer_distances.sum(-1, keepdim=True))
        return self.classifier(torch.sigmoid(layer_distances.mean(-1, keepdim=True)))


def parameter_count(network: nn.Module) -> int:
    """How many numbers of a network are trained."""
    return sum(weights.numel() for weights in network.parameters())


def _padded(signal: Tensor, stride: int) -> Tensor:
    """A signal with the zeros around it that make a layer's length that of its input over the stride, rounded up.

    Where one zero too few is needed for both ends, it goes to the end: so does TensorFlow, PyTorch pads both.
    """
    length = signal.shape[-1]
    missing = (-(-length // stride) - 1) * stride + TAPS - length
    return functional.pad(signal, (missing // 2, missing - missing // 2))
