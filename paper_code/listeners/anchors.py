"""The anchors of a MUSHRA test: low-passed references that tell what 3.5 and 7 kHz of bandwidth are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.perturbations import filter_without_delay

LOW_HZ, MID_HZ = 3500, 7000
# ITU-R BS.1534-3 gives a mask for 3.5 kHz: within 0.1 dB up to there, 25 dB down at 4 kHz, 50 dB at 4.5 kHz. At 7 kHz
# the same mask, an octave up, is ours.
RIPPLE_DB = 0.1
STOP_DB = ((8 / 7, 25.0), (9 / 7, 50.0))  # (multiple of the edge, attenuation from there on)
DESIGN_DB = 60.0  # ripple 0.01 dB, and all of the stop band's attenuation where the first step of the mask is


def low_anchor(clip: Clip) -> Clip:
    """The clip low-passed at 3.5 kHz, as long as before and not delayed.

    Raises AudioError at a sample rate below 8 kHz.

    Paper: Byun et al. 2021, section 4.3.   Chapter: masking_loss
    """
    return _low_passed(clip, LOW_HZ)


def mid_anchor(clip: Clip) -> Clip:
    """The clip low-passed at 7 kHz, as long as before and not delayed; BS.1534-3 wants it, the paper left it out.

    Raises AudioError at a sample rate below 16 kHz.

    Chapter: masking_loss
    """
    return _low_passed(clip, MID_HZ)


def low_pass(edge: float, sample_rate: int) -> NDArray[np.float64]:
    """Taps of a linear-phase low-pass that meets the mask of BS.1534-3, scaled to the edge (Hz); an odd number.

    Raises AudioError where half the sample rate (Hz) is below the first stop frequency, 8/7 of the edge.
    """
    stop = STOP_DB[0][0] * edge
    if sample_rate < 2 * stop:
        raise AudioError(f"an anchor of {edge:g} Hz wants a sample rate of at least {2 * stop:g} Hz, not {sample_rate}")
    taps, beta = signal.kaiserord(DESIGN_DB, (stop - edge) / (sample_rate / 2))
    return signal.firwin(taps | 1, (edge + stop) / 2, window=("kaiser", beta), fs=sample_rate)


def _low_passed(clip: Clip, edge: float) -> Clip:
    taps = low_pass(edge, clip.sample_rate)
    waveform = filter_without_delay(clip.waveform, taps)
    step = f"low-passed at {edge / 1000:g} kHz (linear phase, {len(taps)} taps)"
    return clip.with_waveform(waveform, step)
