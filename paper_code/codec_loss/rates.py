"""Real codecs measured: what they let through, what they cost, and what each loss makes of them."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import welch

from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec, code
from paper_code.codec_loss import tracks
from paper_code.codec_loss.loss import CodecLoss
from paper_code.codec_loss.networks import magnitude_spectrogram
from paper_code.codec_loss.study import PAPER_CODEC, Study

SAMPLE_RATE = 16000
LADDER = {
    "mp3": [Codec("mp3", rate) for rate in (8, 16, 24, 32, 40, 48, 56, 64)],
    "aac": [Codec("aac", rate) for rate in (8, 12, 16, 24, 32, 48, 64)],
    "opus": [Codec("opus", rate) for rate in (12, 16, 24, 32, 48, 64)],
}
OTHERS = {
    "aac": Codec("aac", 16),
    "opus": Codec("opus", 16),
    "vorbis": Codec("vorbis", 24),
    "amr_wb": Codec("amr_wb", 12.65),
}
SURVEY = [*LADDER["mp3"][:4], *OTHERS.values()]
TITLES = {"mp3": "MP3", "aac": "AAC", "opus": "Opus"}


def response(codec: Codec) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Frequencies (Hz) and level (dB) of white noise after a codec over that before."""
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * SAMPLE_RATE).astype(np.float32)  # as audio.codecs.cutoff
    coded = code(torch.from_numpy(noise), codec).waveform.numpy()
    frequency, before = welch(noise, SAMPLE_RATE, nperseg=256)
    after = welch(coded, SAMPLE_RATE, nperseg=256)[1]
    return frequency[1:], 10 * np.log10(np.maximum(after, 1e-30) / before)[1:]


def clip(study: Study, track: str) -> tuple[Clip, str]:
    """An excerpt and what to call it; where the recording is not here, a sound of the synthesiser."""
    found = study.original(track)
    if isinstance(found, Clip) and not study.synthetic:
        return found, f"'{found.title}'"
    return tracks.excerpt(track, synthetic=True), "a synthetic sound (the recording is not here)"


@torch.no_grad()
def compare(study: Study, track: str) -> tuple[Mapping[str, Mapping[float, Mapping[str, float]]], str]:
    """Codec -> kb/s really spent -> loss -> value over that at MP3 16 kb/s, of a clip; and the clip's name."""
    original, name = clip(study, track)
    loss = CodecLoss.pretrained()

    def losses(codec: Codec) -> tuple[float, dict[str, float]]:
        found = code(original.waveform, codec)
        coded = found.waveform
        terms, layers = loss.parts(coded[None], original.waveform[None])
        magnitudes = magnitude_spectrogram(coded) - magnitude_spectrogram(original.waveform)
        return found.kilobits_per_second, {
            "plain L1": float((coded - original.waveform).abs().mean()),
            "L1 of magnitudes": float(magnitudes.abs().mean()),
            "codec loss, prediction": float(terms[0, loss.TERMS.index("prediction")]),
            "codec loss, features": float((layers / loss.layer_sizes).mean()),
        }

    base = losses(PAPER_CODEC)[1]
    found: dict[str, dict[float, dict[str, float]]] = {}
    for kind, codecs in LADDER.items():
        measured = dict(losses(codec) for codec in codecs)
        found[TITLES[kind]] = {
            rate: {key: v / base[key] for key, v in values.items()} for rate, values in measured.items()
        }
    return found, name
