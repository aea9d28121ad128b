"""What the outputs of a training are worth: curves of metrics over the steps, and sounds."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio.clips import write_flac
from paper_code.bark_loss import stimuli
from paper_code.bark_loss.configs import BarkConfig
from paper_code.bark_loss.loss import BarkLoss
from paper_code.bark_loss.outputs import KIND
from paper_code.lab import weights
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, METRICS
from paper_code.metrics.distortion import gap_noise, scale_invariant_snr
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.spectral import level_error, log_spectral_distance

# The blog names no limits for "mid and high frequencies"; these cut the Bark scale into three, to the nearest 100 Hz.
REGIONS = {"low": (0.0, 600.0), "mid": (600.0, 2000.0), "high": (2000.0, None)}


def curves(outputs: Tensor, reference: Tensor, speech: bool) -> dict[str, NDArray[np.float32]]:
    """Metric name -> value per output. outputs: [observed, time]; reference: [time], both at 11,025 Hz.

    "stoi" only where the sound is speech. Outputs are compared after a match of level, so any scale will do.
    """
    rate = stimuli.SAMPLE_RATE
    found = {"lsd": log_spectral_distance(outputs, reference, rate)}
    for region, (low, high) in REGIONS.items():
        found[f"lsd_{region}"] = log_spectral_distance(outputs, reference, rate, low, high)
        found[f"level_{region}"] = level_error(outputs, reference, rate, low, high)
    found["si_snr"] = scale_invariant_snr(outputs, reference)
    found["gap_noise"] = gap_noise(outputs, reference)
    if speech:
        found["stoi"] = torch.tensor([short_time_intelligibility(o, reference, rate) for o in outputs])
        found["sibilant"] = sibilant_level(outputs, reference)
    return {name: values.float().numpy() for name, values in found.items()}


def sibilant_level(outputs: Tensor, reference: Tensor) -> Tensor:
    """Level of each output over that of the reference in the "s" that ends the speech clip, in dB.

    Above 3 kHz, from 0.64 to 0.73 s, after a match of the overall level: -20 dB is an "s" that is not there.
    """
    start, end, low = stimuli.SIBILANT
    span = slice(round(start * stimuli.SAMPLE_RATE), round(end * stimuli.SAMPLE_RATE))
    scale = (reference.square().mean() / outputs.square().mean(-1).clamp_min(1e-20)).sqrt()

    def power(signal: Tensor) -> Tensor:
        piece = signal[..., span] * torch.hann_window(span.stop - span.start)
        spectrum = torch.fft.rfft(piece).abs().square()
        return spectrum[..., torch.fft.rfftfreq(piece.shape[-1], 1 / stimuli.SAMPLE_RATE) >= low].sum(-1)

    return 10 * torch.log10(power(outputs * scale.unsqueeze(-1)).clamp_min(1e-20) / power(reference))


def losses(outputs: Tensor, reference: Tensor, bands: int, taps: int) -> dict[str, list[float]]:
    """Every loss of each output [output, time] at peak 1, so that one sees what training on one does to the others."""
    peak = outputs.abs().amax(-1, keepdim=True).clamp_min(1e-8)
    target = reference.expand_as(outputs)
    size = {"bands": bands, "taps": taps, "reduction": "none"}
    pairs = {"bark": BarkLoss(**size), "bark_corrected": BarkLoss.corrected(**size)}
    found = {"mse": (outputs - target).square().mean(-1)}
    found |= {name: loss(outputs / peak, target) for name, loss in pairs.items()}
    return {name: values.tolist() for name, values in found.items()}


def evaluate(config: BarkConfig, folder: Path) -> None:
    """Measure the outputs that the training left against the sounds.

    Writes metrics.json (checkpoints), arrays.npz (curves) and the sounds of the checkpoints as FLAC, peak 1.
    """
    outputs = weights.kept(folder, KIND)
    kept = [config.observed.index(step) for step in config.kept]
    metrics: dict[str, object] = {}
    arrays: dict[str, object] = {"observed": np.array(config.observed)}
    for name, clip in stimuli.clips_of(config.sounds, config.synthetic).items():
        over_steps = curves(outputs[name], clip.waveform, speech=name == "speech")
        metrics[name] = {
            "checkpoints": config.checkpoints,
            **{key: [float(values[i]) for i in kept] for key, values in over_steps.items()},
            "losses": losses(outputs[name][kept], clip.waveform, config.bands, config.taps),
        }
        arrays |= {f"{name}/{key}": values.astype(np.float32) for key, values in over_steps.items()}
        for checkpoint, i in zip(config.checkpoints, kept, strict=True):
            write_flac(folder / f"{name}-{checkpoint}.flac", at_peak_1(outputs[name][i]), clip.sample_rate)
    write_arrays(folder / ARRAYS, arrays)
    write_json(folder / METRICS, metrics)


def at_peak_1(waveform: Tensor) -> Tensor:
    """An output at peak 1: only its shape was learned, where the loss hears no level."""
    return waveform / waveform.abs().max().clamp_min(1e-8)
