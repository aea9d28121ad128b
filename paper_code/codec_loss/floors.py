"""What half the numbers give without any training: every second sample is kept, a fixed low-pass fills in the others.

The autoencoder's narrowest layer holds half as many numbers as its input. So does a sound at half the sample rate.
"""

import torch
from scipy.signal import firwin
from torch import Tensor
from torch.nn import functional

TAPS = 255  # of the low-pass; a transition of some 600 Hz, with images and aliases 100 dB down beyond it
KAISER = 10.0
KEPT = 2  # one sample of so many


def every_second_sample(waveforms: Tensor) -> Tensor:
    """Waveforms [..., time] from every second of their samples: low-pass at a quarter of the rate, before and after.

    At the ends they are taken to go on mirrored. Raises ValueError for fewer samples than half the filter's.
    """
    if waveforms.shape[-1] <= TAPS // 2:
        raise ValueError(f"Wanted more than {TAPS // 2} samples; found {waveforms.shape[-1]}.")
    kept = torch.zeros_like(waveforms)
    kept[..., ::KEPT] = KEPT * _low_pass(waveforms)[..., ::KEPT]
    return _low_pass(kept)


def _low_pass(waveforms: Tensor) -> Tensor:
    taps = torch.from_numpy(firwin(TAPS, 1 / KEPT, window=("kaiser", KAISER))).to(waveforms.dtype)
    flat = waveforms.reshape(-1, 1, waveforms.shape[-1])
    mirrored = functional.pad(flat, (TAPS // 2, TAPS // 2), mode="reflect")
    return functional.conv1d(mirrored, taps.view(1, 1, -1)).reshape(waveforms.shape)
