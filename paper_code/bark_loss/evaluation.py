"""What the outputs of a training are worth: curves of metrics over the steps, sounds, and the claims' values."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio.clips import Clip, write_flac
from paper_code.bark_loss import stimuli
from paper_code.bark_loss.loss import BarkLoss
from paper_code.lab.files import read_json, write_arrays, write_json
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result
from paper_code.metrics.distortion import gap_noise, scale_invariant_snr
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.spectral import level_error, log_spectral_distance

if TYPE_CHECKING:
    from paper_code.bark_loss.experiment import BarkConfig

# The blog names no limits for "mid and high frequencies"; these cut the Bark scale into three, to the nearest 100 Hz.
REGIONS = {"low": (0.0, 600.0), "mid": (600.0, 2000.0), "high": (2000.0, None)}
METRICS = {  # name of a curve -> its name for people
    "lsd": "distance",
    "lsd_low": "low-band distance",
    "lsd_mid": "mid-band distance",
    "lsd_high": "high-band distance",
    "level_low": "low-band level",
    "level_mid": "mid-band level",
    "level_high": "high-band level",
    "si_snr": "SI-SNR",
    "gap_noise": "gap noise",
    "stoi": "intelligibility",
    "sibilant": "sibilant level",
}
HIGHER_IS_BETTER = {
    "lsd": False,
    "lsd_low": False,
    "lsd_mid": False,
    "lsd_high": False,
    "si_snr": True,
    "gap_noise": False,
    "stoi": True,
}
UNITS = {"stoi": ""}  # all others are in dB
SHORT = {
    "mse": "MSE",
    "bark": "Bark",
    "bark_corrected": "Bark corrected",
    "bark_compressed": "Bark corrected and compressed",
}
CHECKPOINTS = ("first checkpoint", "second checkpoint", "third checkpoint", "end")  # 250, 500, 750 and 1000 steps
PLATEAU_STEP = 250


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


def write(
    config: "BarkConfig", sounds: Mapping[str, Clip], outputs: Mapping[str, NDArray[np.float32]], folder: Path
) -> None:
    """Write metrics.json (checkpoints), arrays.npz (curves) and the sounds of the checkpoints as FLAC, peak 1."""
    training = read_json(folder / "curves.json")
    metrics: dict[str, object] = {}
    arrays: dict[str, object] = {"observed": np.array(config.observed)}
    for name, clip in sounds.items():
        found, reference = torch.from_numpy(outputs[name]), clip.waveform
        over_steps = curves(found, reference, speech=name == "speech")
        kept = [config.observed.index(min(c, config.iterations - 1)) for c in config.checkpoints]
        at = {key: [float(values[i]) for i in kept] for key, values in over_steps.items()}
        metrics[name] = {
            "checkpoints": config.checkpoints,
            **at,
            "losses": losses(found[kept], reference, config.bands, config.taps),
            "training_seconds": training[name]["seconds"],
        }
        arrays |= {f"{name}/{key}": values.astype(np.float32) for key, values in over_steps.items()}
        arrays[f"{name}/loss"] = np.array(training[name]["loss"], dtype=np.float32)
        for checkpoint, i in zip(config.checkpoints, kept, strict=True):
            waveform = found[i] / found[i].abs().max().clamp_min(1e-8)
            write_flac(folder / f"{name}-{checkpoint}.flac", waveform, clip.sample_rate)
    write_arrays(folder / "arrays.npz", arrays)
    write_json(folder / "metrics.json", metrics)
    (folder / "curves.json").unlink()


def steps_to(values: NDArray[np.floating], observed: NDArray[np.integer], threshold: float, higher: bool) -> float:
    """First observed step from which a metric stays at a threshold or better; infinity if it never does."""
    good = values >= threshold if higher else values <= threshold
    bad = np.flatnonzero(~good)
    first = 0 if bad.size == 0 else bad[-1] + 1
    return float(observed[first]) if first < len(observed) else float("inf")


def plateau_share(values: NDArray[np.floating], observed: NDArray[np.integer], step: int = PLATEAU_STEP) -> float:
    """Share of a metric's whole improvement, first to last, that was there at a step."""
    at = int(np.argmin(np.abs(observed - step)))
    return float((values[at] - values[0]) / (values[-1] - values[0]))


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Each claim says in these names what it needs.

    "<metric>, <sound>, <loss>, <checkpoint>", for instance "high-band distance, pop, Bark, end"; the sound "all
    sounds" is their mean. "steps to MSE's final <metric>, <sound>, <loss>": steps until the quality that MSE has at
    its end stays reached. "plateau of <metric>, <sound>, <loss>": share of the improvement there by step 250.
    "gain in <metric> over MSE, <sound>, <loss>, <checkpoint>": how much better than MSE, in the metric's unit.
    """
    runs = {(r.experiment, r.seed): r for r in results}
    of_seeds = []
    for seed in sorted({seed for _, seed in runs}):
        of_seeds.append(_of_seed({loss: run for (loss, s), run in runs.items() if s == seed}))
    return over_seeds(of_seeds)


def _of_seed(runs: Mapping[str, Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for loss, run in runs.items():
        for sound, entry in run.metrics.items():
            for metric in [m for m in METRICS if m in entry]:
                for when, value in zip(CHECKPOINTS, entry[metric], strict=True):
                    found[f"{METRICS[metric]}, {sound}, {SHORT[loss]}, {when}"] = value
            found |= _over_steps(sound, loss, run, runs.get("mse"))
    _add_means(found, list(next(iter(runs.values())).metrics))
    _add_gains(found)
    return found


def _over_steps(sound: str, loss: str, run: Result, plain: Result | None) -> dict[str, float]:
    observed, found = run.arrays["observed"], {}
    for metric, higher in HIGHER_IS_BETTER.items():
        key, ending = f"{sound}/{metric}", f"{METRICS[metric]}, {sound}, {SHORT[loss]}"
        if key not in run.arrays:
            continue
        values = run.arrays[key]
        found[f"plateau of {ending}"] = plateau_share(values, observed)
        if plain is not None:
            reached = steps_to(values, observed, float(plain.arrays[key][-1]), higher)
            found[f"steps to MSE's final {ending}"] = min(reached, float(observed[-1] + 1))
    return found


def _add_means(found: dict[str, float], sounds: list[str]) -> None:
    """Add "all sounds" for whatever every sound has."""
    first = f", {sounds[0]}, "
    for name in [name for name in found if first in name]:
        each = [found.get(name.replace(first, f", {sound}, ")) for sound in sounds]
        if None not in each:
            found[name.replace(first, ", all sounds, ")] = float(np.mean(each))


def _add_gains(found: dict[str, float]) -> None:
    """Add how much better than MSE each other loss is at each checkpoint."""
    for metric, higher in HIGHER_IS_BETTER.items():
        for name in [name for name in found if name.startswith(f"{METRICS[metric]}, ")]:
            title, sound, loss, when = name.split(", ")
            plain = found.get(f"{title}, {sound}, {SHORT['mse']}, {when}")
            if loss != SHORT["mse"] and plain is not None:
                difference = found[name] - plain
                found[f"gain in {title} over MSE, {sound}, {loss}, {when}"] = difference if higher else -difference
