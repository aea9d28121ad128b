"""What a condition does to speech of unknown speakers: bit rates, scores of every utterance, noise, and sounds."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.audio.clips import write_flac
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.intervals import mean_of_defined
from paper_code.lab.weights import WEIGHTS
from paper_code.masking_loss import utterances
from paper_code.masking_loss.coder import weights
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.coder.coding import Coding, Decoded, of_amr_wb, of_coder
from paper_code.masking_loss.coder.objective import make_loss
from paper_code.masking_loss.coder.quantiser import entropy
from paper_code.masking_loss.configs import AmrWb, CoderConfig, Measured, TrainedCoder, UntrainedCoder, kilobits
from paper_code.masking_loss.stimuli import UNSEEN
from paper_code.masking_loss.utterances import LEVEL, Utterance
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.noise_to_mask import NoiseToMask, noise_to_mask
from paper_code.metrics.source_quality import source_quality
from paper_code.metrics.spectral import band_level
from paper_code.metrics.speech_quality import wideband_pesq

HIGH = 4000.0  # Hz: "the high-frequency region" of Figures 3 and 4
# Bands whose level is compared with the original's: where each begins in Hz, and what its level is called in claims.
BANDS: Mapping[str, tuple[float, str]] = {
    "high": (HIGH, "level above 4 kHz"),
    "top": (7000.0, "level above 7 kHz"),  # where the band of AMR-WB ends
}
# What is measured of every utterance, and what it is called in claims.
SCORES: Mapping[str, str] = {
    "kilobits": "bit rate",
    "pesq": "PESQ",
    "snr": "SNR",
    "stoi": "STOI",
    "above": "noise above threshold",
    "above_high": "noise above threshold over 4 kHz",
    "excess": "mean excess",
    "log_mel": "log-mel loss",
    "pmsqe": "PMSQE loss",
    "masking": "masking loss",
}
PREDICTED: Mapping[str, str] = {"ops": "OPS", "aps": "APS", "ips": "IPS", "tps": "TPS"}
PAPERS_LOSSES = ("log_mel", "pmsqe", "masking")
FIGURE_FRAMES = 48  # that a reader can walk through: 0.8 s
CODED = "coded.bin"  # one utterance's file after the other


def evaluate(config: AmrWb | UntrainedCoder | TrainedCoder, folder: Path) -> None:
    """Measure what a training has left in a folder, or AMR-WB, on unseen speakers; keep its sounds of a few utterances.

    Raises WeightsError where the training has left no coder.
    """
    if isinstance(config, AmrWb):
        measure(config, of_amr_wb(config.codec()), folder, {})
        return
    kind = config.loss if isinstance(config, TrainedCoder) else config.transform
    coder = weights.load(folder / WEIGHTS, kind, config.bitrate)
    about = {"parameters": sum(values.numel() for values in coder.parameters())}
    measure(config, of_coder(coder, folder / CODED), folder, about)


@torch.no_grad()
def measure(config: Measured, coding: Coding, folder: Path, about: Mapping[str, object]) -> None:
    """Measure a condition on both sides; writes metrics.json, arrays.npz and the sounds of a few test utterances.

    about: further metrics to be kept beside.
    """
    metrics: dict[str, Any] = dict(about)
    arrays: dict[str, np.ndarray] = {}
    for side in UNSEEN:
        spoken = utterances.measured(side, config.utterances, config.recordings == "synthetic")
        decoded = [coding(each.waveform) for each in spoken]
        rows = [scores(sound, each.waveform) for sound, each in zip(decoded, spoken, strict=True)]
        metrics[side] = summary(rows, spoken) | {"estimated_kilobits": estimated_kilobits(config, decoded)}
        arrays |= columns(side, spoken, rows)
        if side == "test":
            of_test = dict(zip([each.name for each in spoken], decoded, strict=True))
            metrics["predicted"], predictions = _predicted(config, spoken, of_test)
            kept = spoken[: config.heard]
            metrics["bands"] = {each.name: band_levels(of_test[each.name].waveform, each.waveform) for each in kept}
            metrics["levels"], metrics["figure"], shown = _keep(config, spoken, of_test, folder)
            arrays |= predictions | shown
    write_arrays(folder / "arrays.npz", arrays)
    write_json(folder / "metrics.json", metrics)


def scores(decoded: Decoded, reference: Tensor) -> dict[str, float]:
    """The SCORES of one utterance: kb/s, PESQ and STOI (NaN where there is none), dB, shares, and the papers' losses."""
    estimate, noise = decoded.waveform, noise_to_mask(decoded.waveform, reference, SAMPLE_RATE)
    ratio = float(signal_to_noise_ratio(estimate, reference))
    measured = {
        "kilobits": 1e-3 * decoded.bits * SAMPLE_RATE / len(reference),
        "pesq": wideband_pesq(estimate, reference, SAMPLE_RATE),
        "snr": ratio if math.isfinite(ratio) else math.nan,
        "stoi": short_time_intelligibility(estimate, reference, SAMPLE_RATE),
        "above": noise.share_above(),
        "above_high": noise.share_above(HIGH),
        "excess": noise.excess(),
    }
    losses = {name: _papers_loss(name)(estimate.unsqueeze(0), reference.unsqueeze(0)) for name in PAPERS_LOSSES}
    return measured | {name: float(value) for name, value in losses.items()}


@cache
def _papers_loss(name: str) -> nn.Module:
    """A loss with the paper's settings, the same for all conditions, whatever they were trained with."""
    loss = make_loss(CoderConfig(profile="", seed=0, loss=name))
    assert loss is not None
    return loss


def summary(rows: Sequence[Mapping[str, float]], spoken: Sequence[Utterance]) -> dict[str, float]:
    """Means over utterances; the bit rate is that of all their files over all their time."""
    lengths = np.array([each.clip.seconds for each in spoken])
    means = {name: mean_of_defined([row[name] for row in rows]) for name in SCORES}
    rates = np.array([row["kilobits"] for row in rows])
    return means | {
        "kilobits": float((rates * lengths).sum() / lengths.sum()),
        "utterances": len(rows),
        "seconds": float(lengths.sum()),
        "pesq_failed": sum(math.isnan(row["pesq"]) for row in rows),
    }


def columns(side: str, spoken: Sequence[Utterance], rows: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """ "<side>_<score>" -> [utterance], and "<side>_names": for intervals over utterances."""
    values = {f"{side}_{name}": np.array([row[name] for row in rows], dtype=np.float32) for name in SCORES}
    return values | {f"{side}_names": np.array([each.name for each in spoken])}


def estimated_kilobits(config: Measured, decoded: Sequence[Decoded]) -> float:
    """The paper's estimate: entropy of the symbols used, at the rate of symbols; AMR-WB: its nominal rate.

    Paper: Byun et al. 2021, section 2.2. Chapter: masking_loss.
    """
    if isinstance(config, AmrWb):
        return config.kilobits
    symbols = torch.cat([each.symbols.flatten() for each in decoded])
    counts = torch.bincount(symbols).double()
    return kilobits(float(entropy(counts / counts.sum())))


def band_levels(estimate: Tensor, reference: Tensor) -> dict[str, float]:
    """Level of each of BANDS over the original's, dB; estimate, reference: [time]."""
    return {name: float(band_level(estimate, reference, SAMPLE_RATE, low)) for name, (low, _) in BANDS.items()}


def _predicted(
    config: Measured, spoken: Sequence[Utterance], decoded: Mapping[str, Decoded]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """PEASS of the middle of one utterance of each of some speakers: it is slow."""
    chosen = utterances.one_a_speaker(list(spoken), config.predicted)
    rows = [predictions(decoded[each.name].waveform, each.waveform, config.predicted_seconds) for each in chosen]
    arrays = {f"predicted_{name}": np.array([row[name] for row in rows], dtype=np.float32) for name in PREDICTED}
    means: dict[str, Any] = {name: mean_of_defined([row[name] for row in rows]) for name in PREDICTED}
    means |= {"utterances": len(rows), "seconds": config.predicted_seconds}
    return means, arrays | {"predicted_names": np.array([each.name for each in chosen], dtype=str)}


def predictions(estimate: Tensor, reference: Tensor, seconds: float) -> dict[str, float]:
    """OPS, APS, IPS and TPS of the middle `seconds` of an utterance; the interferer is silent, see source_quality."""
    length = min(len(reference), round(seconds * SAMPLE_RATE))
    first = (len(reference) - length) // 2
    middle = slice(first, first + length)
    peass = source_quality(estimate[middle], reference[middle], SAMPLE_RATE)
    return {"ops": peass.overall, "aps": peass.artifacts, "ips": peass.interference, "tps": peass.target}


def _keep(
    config: Measured, spoken: Sequence[Utterance], decoded: Mapping[str, Decoded], folder: Path
) -> tuple[dict[str, float], dict[str, Any], dict[str, np.ndarray]]:
    """Write the sounds; returns the level of each, and where and what the frames of Figure 3 are."""
    levels = {}
    for each in spoken[: config.heard]:
        waveform = decoded[each.name].waveform
        levels[each.name] = min(LEVEL, 1.0 / max(float(waveform.abs().max()), 1e-9))
        write_flac(folder / f"{each.name}.flac", levels[each.name] * waveform, SAMPLE_RATE)
    first = spoken[0]
    noise = noise_to_mask(decoded[first.name].waveform, first.waveform, SAMPLE_RATE)
    start, frame = figure_frames(noise)
    return levels, {"utterance": first.name, "first": start, "frame": frame}, _levels(noise, start)


def figure_frames(noise: NoiseToMask, count: int = FIGURE_FRAMES) -> tuple[int, int]:
    """The first of `count` frames to look at, and the one of them in the figure.

    That one is the frame whose noise is dearest to hide: of the most perceptual entropy. It depends on the original
    alone and so is the same for all conditions.
    """
    hardest = int(noise.entropy.argmax())
    first = max(0, min(hardest - count // 2, len(noise.entropy) - count))
    return first, hardest - first


def _levels(noise: NoiseToMask, first: int) -> dict[str, np.ndarray]:
    shown = slice(first, first + FIGURE_FRAMES)
    return {
        f"figure_{name}": getattr(noise, name)[shown].numpy().astype(np.float16)
        for name in ("noise", "threshold", "spectrum")
    }
