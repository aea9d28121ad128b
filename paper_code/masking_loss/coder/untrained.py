"""Coders without a network: a fixed transform, even steps, and the same file format as the trained ones have."""

from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.lapped import LappedPath

MDCT = 32  # samples of a block, and of the overlap of two: that of two frames, so blocks go on from frame to frame


def untrained_coder(transform: str, bins: int) -> SpeechCoder:
    """A transform as a coder, whose quantiser is still to start.

    "mdct": an MDCT of 64 samples with a sine window, and even steps. "lapped": blocks of 120 samples with divisive
    normalisation, as short trainings begin. Of either the lower half of the lines is kept. Chapter: masking_loss.
    """
    path = LappedPath(MDCT, MDCT, normalised=False) if transform == "mdct" else None
    return SpeechCoder(width=0, bins=bins, start="lapped", path=path)
