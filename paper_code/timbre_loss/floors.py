"""The simplest things that tell two classes of clips apart: what a trained network must beat.

Clips are first turned into features, `long_term_spectra` or `mel_means`, both without their level; `nearest_mean` and
`logistic` then learn from some and tell the class of others.
Chapter: timbre_loss
"""

import torch
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from paper_code.timbre_loss.notes import SAMPLE_RATE
from paper_code.timbre_loss.spectrograms import BINS, FLOOR, log_spectrogram

MELS = 26
RIDGE = 1.0  # on standardised features
STEPS = 100  # of Newton's method; some ten are enough


def long_term_spectra(waveforms: Tensor) -> Tensor:
    """Mean log spectra [..., 257] in dB of waveforms [..., time] at 16 kHz, less their mean over bins."""
    return _without_level(log_spectrogram(waveforms).mean(-1))


def mel_means(waveforms: Tensor) -> Tensor:
    """Mean log energies of 26 mel bands [..., 26] in dB of waveforms [..., time] at 16 kHz, less their mean over bands."""
    power = 10 ** (log_spectrogram(waveforms) / 10)
    bank = melscale_fbanks(BINS, 0.0, SAMPLE_RATE / 2, MELS, SAMPLE_RATE).to(power)
    bands = torch.einsum("...bf,bm->...mf", power, bank)
    return _without_level((10 * torch.log10(bands + FLOOR)).mean(-1))


def _without_level(features: Tensor) -> Tensor:
    return features - features.mean(-1, keepdim=True)


def nearest_mean(train: Tensor, labels: Tensor, test: Tensor) -> Tensor:
    """The class, 0 or 1, of `test` features [clip, feature]: that of the nearer mean of `train` [clip, feature].

    labels: [clip] of 0 and 1, both there. Returns [clip], whole numbers. Raises ValueError.
    """
    _require_examples(train, labels)
    means = torch.stack([train[labels == label].mean(0) for label in (0, 1)])
    return torch.cdist(test, means).argmin(-1)


def logistic(train: Tensor, labels: Tensor, test: Tensor, ridge: float = RIDGE) -> Tensor:
    """The class, 0 or 1, of `test` features [clip, feature] by logistic regression on `train` [clip, feature].

    Features are standardised by their mean and spread in `train`; ridge: half of it times the squared length of the
    weights (not the constant) is added to the summed log loss. Arguments and errors else as in `nearest_mean`.
    """
    return (probability(train, labels, test, ridge) > 0.5).long()


def probability(train: Tensor, labels: Tensor, test: Tensor, ridge: float = RIDGE) -> Tensor:
    """The probability [clip] of class 1 for `test`; see `logistic`."""
    _require_examples(train, labels)
    if ridge <= 0:  # classes that a plane divides have no best weights without it
        raise ValueError(f"the ridge must be positive, found {ridge}.")
    mean, spread = train.double().mean(0), train.double().std(0, correction=0).clamp_min(1e-9)
    inputs, unseen = (_with_constant((part.double() - mean) / spread) for part in (train, test))
    return (unseen @ _newton(inputs, labels.double(), ridge)).sigmoid()


def _with_constant(features: Tensor) -> Tensor:
    return torch.cat([features, torch.ones_like(features[:, :1])], -1)


def _newton(inputs: Tensor, labels: Tensor, ridge: float) -> Tensor:
    """The weights [feature] at the minimum of the log loss, by Newton's method with halved steps where it would rise."""
    penalty = torch.full_like(inputs[0], ridge)
    penalty[-1] = 0.0  # of the constant
    weights = torch.zeros_like(inputs[0])

    def loss(at: Tensor) -> Tensor:
        signed = (1 - 2 * labels) * (inputs @ at)
        return torch.nn.functional.softplus(signed).sum() + 0.5 * (penalty * at.square()).sum()

    for _ in range(STEPS):
        chances = (inputs @ weights).sigmoid()
        slope = inputs.T @ (chances - labels) + penalty * weights
        curvature = (inputs.T * (chances * (1 - chances))) @ inputs + torch.diag(penalty)
        curvature[-1, -1] += 1e-12  # chances of exactly 0 or 1 leave the constant without curvature
        step, size = torch.linalg.solve(curvature, slope), 1.0
        while loss(weights - size * step) > loss(weights) and size > 1e-6:
            size /= 2
        weights = weights - size * step
        if slope.abs().max() < 1e-9 * len(labels):
            break
    return weights


def _require_examples(train: Tensor, labels: Tensor) -> None:
    """Raises ValueError unless there are examples [clip, feature] of both classes, and a label for each."""
    if train.ndim != 2 or labels.shape != train.shape[:1]:
        raise ValueError(
            "examples are [clip, feature], with a label for each clip; "
            f"found {tuple(train.shape)} and {tuple(labels.shape)}."
        )
    if set(labels.tolist()) != {0, 1}:
        raise ValueError(f"labels are 0 and 1, and both must be there; found {sorted(set(labels.tolist()))}.")
