"""How far a sound is from another one that plays the same: log-spectral distance along the path of dynamic time warping.

Chapter: timbre_loss
"""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from paper_code.timbre_loss.spectrograms import BINS, SAMPLE_RATE

MELS = 40
RANGE = 60.0  # dB below the strongest cell of the target: what is weaker counts as that


@functools.cache
def mel_filters(bands: int = MELS) -> Tensor:
    """A mel filter bank [257, band] over 0 to 8 kHz."""
    return melscale_fbanks(BINS, 0.0, SAMPLE_RATE / 2, bands, SAMPLE_RATE)


def path(first: Tensor, second: Tensor) -> NDArray[np.intp]:
    """The warping path [step, 2] between the frames of two log spectrograms [257, frame] in dB, from start to end.

    Frames are compared by their 40-band log-mel spectra without their mean, so that neither level nor fine structure
    decides. librosa's dynamic time warping, within a quarter of the length of the diagonal.
    Paper: Verma & Berger 2019, section IV.
    """
    import librosa  # here and not above: a machine that only trains has none

    features = [_features(spectrogram) for spectrogram in (first, second)]
    _, steps = librosa.sequence.dtw(X=features[0], Y=features[1], global_constraints=True, band_rad=0.25)
    return steps[::-1]


def _features(spectrogram: Tensor) -> NDArray[np.float64]:
    mel = 10 * torch.log10(10 ** (spectrogram / 10).T.double() @ mel_filters().double() + 1e-10)
    return (mel - mel.mean(-1, keepdim=True)).T.numpy()


def distance(estimate: Tensor, target: Tensor, steps: NDArray[np.intp]) -> float:
    """Log-spectral distance in dB between log spectrograms [257, frame] along a path [step, 2].

    The estimate is first brought to the target's level; cells more than 60 dB below the target's strongest count as
    60 dB below. Root mean square over bins, mean over the path.
    """
    level = _level(target) - _level(estimate)
    floor = target.max() - RANGE
    ours, theirs = (torch.maximum(x, floor) for x in (estimate + level, target))
    indices = torch.from_numpy(np.ascontiguousarray(steps))
    difference = ours[:, indices[:, 0]] - theirs[:, indices[:, 1]]
    return float(difference.square().mean(0).sqrt().mean())


def _level(spectrogram: Tensor) -> Tensor:
    return 10 * torch.log10((10 ** (spectrogram / 10)).mean())
