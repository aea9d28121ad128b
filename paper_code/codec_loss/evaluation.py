"""What came out of a training: errors on unseen recordings, holes, clicks, images, predictions, and sounds to hear."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.audio.clips import write_flac
from paper_code.audio.codecs import code_batch, cutoff
from paper_code.codec_loss import coding, holes, stimuli
from paper_code.codec_loss.configs import LossNetworkConfig, ModelConfig
from paper_code.codec_loss.imitation import relative_error, to_domain, training_patches
from paper_code.codec_loss.networks import PATCH, complex_spectrogram, magnitude_spectrogram, parameter_count
from paper_code.codec_loss.tracks import FIGURES, TRACKS, excerpts
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.measurements import over_seeds
from paper_code.lab.store import Result
from paper_code.metrics.aliasing import image_coherence, out_of_band_level
from paper_code.metrics.clicks import broadband_pulses
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.source_quality import source_quality
from paper_code.metrics.spectral import level_error, log_spectral_distance

CURVES = "checkpoint-curves.npz"  # what train leaves for evaluate; the store drops it with the checkpoints
CORRECTED = "corrected network"  # each bin of the network's output with a fixed gain, fitted to training material
FOLDS = {"4 kHz": 4000.0, "2 kHz": 2000.0}  # where the first two decimations fold
HEADROOM = 0.98
UPPER = 0.6  # from this share of its width on, the upper part of a band: 3 to 5 kHz of 5


@torch.no_grad()
def write_network(config: LossNetworkConfig, network: nn.Module, folder: Path) -> None:
    """Write metrics.json, arrays.npz and the imitated tracks of a loss network."""
    codec, synthetic = config.real_codec(), config.recordings == "synthetic"
    seen, wanted = training_patches(config)
    gains = {"fixed filter": holes.fixed_filter(seen, wanted)}
    if config.network != "time":
        gains[CORRECTED] = holes.fixed_filter(_in_parts(network, seen), wanted)
    metrics: dict[str, object] = {"parameters": parameter_count(network), "cutoff": cutoff(codec)}
    for side in ("validation", "test"):
        material = stimuli.material(side, codec, 1, synthetic=synthetic)
        starts = material.regular(PATCH)[: config.most_patches]
        original, coded = material.at(starts, PATCH, "original", "coded")
        metrics[side] = _network_metrics(config, network, original, coded, gains, float(metrics["cutoff"]))
    sounds = excerpts(synthetic=synthetic)
    coded = torch.stack([found.waveform for found in code_batch(list(sounds), codec)])
    for name, original, real in zip(TRACKS, sounds, coded, strict=True):
        write_flac(folder / f"{name}.flac", fit(imitated(config, network, original, real)), stimuli.SAMPLE_RATE)
    _finish(folder, metrics, {name.replace(" ", "_"): g.numpy().astype(np.float32) for name, g in gains.items()})


@torch.no_grad()
def imitated(config: LossNetworkConfig, network: nn.Module, original: Tensor, coded: Tensor) -> Tensor:
    """The imitation [time] of a sound [time]; from magnitudes with the phase of the really coded sound.

    Paper: Ananthabhotla et al. 2019, §4.3: "with the ground truth phase". Chapter: codec_loss.
    """
    seen = to_domain(original.unsqueeze(0), config.network)
    found = network(seen)[0]
    return found if config.network == "time" else with_phase(found, coded)


def with_phase(magnitudes: Tensor, sound: Tensor) -> Tensor:
    """The waveform [time] with these magnitudes [bin, frame] and the phase of a sound [time], by overlap-add."""
    spectrum = torch.polar(magnitudes, complex_spectrogram(sound).angle())
    length = sound.shape[-1]
    window = torch.hann_window(1024)
    frames = torch.fft.irfft(nn.functional.pad(spectrum.T, (0, 1)), n=1024) * window
    fold = {"output_size": (1, length), "kernel_size": (1, 1024), "stride": (1, 512)}
    summed = nn.functional.fold(frames.T.unsqueeze(0), **fold).flatten()
    weight = nn.functional.fold(window.square().expand(frames.shape).T.unsqueeze(0), **fold).flatten()
    return summed / weight.clamp_min(0.1)  # the first and the last half frame fade


@torch.no_grad()
def write_model(config: ModelConfig, network: nn.Module, folder: Path) -> None:
    """Write metrics.json, arrays.npz and the decoded tracks of an autoencoder."""
    synthetic = config.recordings == "synthetic"
    material = stimuli.material("test", config.real_codec(), 1, synthetic=synthetic)
    (sounds,) = material.at(material.regular(PATCH)[: config.most_patches], PATCH, f"limited-{config.cutoff}")
    sounds = sounds[sounds.square().mean(-1) > 1e-8]  # frames of silence have no ratio
    found = coding.coded(network, sounds)
    start = coding.coded(coding.make_network(config).eval(), sounds)
    metrics: dict[str, object] = {
        "parameters": parameter_count(network),
        "test": _model_metrics(config, found, sounds),
        "untrained": _model_metrics(config, start, sounds),
    }
    originals = excerpts(config.cutoff, synthetic)
    decoded = coding.coded(network, originals)
    metrics["tracks"] = {
        name: _track_metrics(config, estimate, original)
        for name, estimate, original in zip(TRACKS, decoded, originals, strict=True)
        if config.cutoff == 3000 or name in FIGURES
    }
    for name, estimate in zip(TRACKS, decoded, strict=True):
        if name in metrics["tracks"]:
            write_flac(folder / f"{name}.flac", fit(estimate), stimuli.SAMPLE_RATE)
    _finish(folder, metrics, {"snr": signal_to_noise_ratio(found, sounds).numpy().astype(np.float32)})


def fit(waveform: Tensor) -> Tensor:
    """A waveform that fits a file: made softer if a sample is over 0.98. Its level is matched where it is heard."""
    return waveform * (HEADROOM / waveform.abs().max().clamp_min(HEADROOM))


def seconds_a_step(config: ModelConfig, steps: int = 3) -> float:
    """Time of a training step of a model on this machine, one thread, without the data: what a loss costs."""
    network, loss_of = coding.make_network(config), coding.make_loss(config)
    sound = 0.1 * torch.randn(config.patches, config.patch, generator=torch.Generator().manual_seed(0))
    times = []
    for _ in range(steps + 1):
        began = time.perf_counter()
        loss_of(network(sound), sound).backward()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))


def _in_parts(network: nn.Module, inputs: Tensor) -> Tensor:
    return torch.cat([network(part) for part in inputs.split(8)])


def _network_metrics(
    config: LossNetworkConfig,
    network: nn.Module,
    original: Tensor,
    coded: Tensor,
    gains: Mapping[str, Tensor],
    limit: float,
) -> dict[str, object]:
    """Scores of the network, of the best fixed filter and of doing nothing, on patches [patch, time].

    gains: of each bin [bin], of the filter and, for what the spectrogram network gives, of its correction.
    """
    seen, wanted = magnitude_spectrogram(original), magnitude_spectrogram(coded)
    output = _in_parts(network, to_domain(original, config.network))
    found = magnitude_spectrogram(output) if config.network == "time" else output
    candidates = {"network": found, "fixed filter": gains["fixed filter"].unsqueeze(-1) * seen, "identity": seen}
    if CORRECTED in gains:
        candidates[CORRECTED] = gains[CORRECTED].unsqueeze(-1) * found
    metrics: dict[str, object] = {"patches": len(original)}
    for name, found in candidates.items():
        metrics[name] = {
            "l1": float(relative_error(found, wanted, seen).mean()),
            "l1_pooled": float((found - wanted).abs().sum() / seen.sum()),
            "level_errors": holes.level_errors(found, wanted),
            **holes.scores(found, wanted, seen, limit),
            "ranking": holes.ranking(found, wanted, seen, limit),
        }
    if config.network == "time":
        metrics["network"]["waveform_l1"] = float(relative_error(output, coded, original).mean())
        metrics["identity"]["waveform_l1"] = float(relative_error(original, coded, original).mean())
    return metrics


def _model_metrics(config: ModelConfig, found: Tensor, sounds: Tensor) -> dict[str, float]:
    snr = signal_to_noise_ratio(found, sounds)
    pulses = broadband_pulses(found, sounds, stimuli.SAMPLE_RATE, high=float(config.cutoff))
    metrics = {
        "frames": len(sounds),
        "snr": float(snr.mean()),
        "snr_twice": float(2 * snr.mean()),
        "snr_pooled": float(10 * torch.log10(sounds.square().sum() / (found - sounds).square().sum())),
        "lsd": float(log_spectral_distance(found, sounds, stimuli.SAMPLE_RATE, 0.0, config.cutoff).nanmean()),
        "upper_level": float(
            level_error(found, sounds, stimuli.SAMPLE_RATE, UPPER * config.cutoff, config.cutoff).mean()
        ),
        "out_of_band": float(out_of_band_level(found, sounds, stimuli.SAMPLE_RATE, config.cutoff).nanmean()),
        "pulse_rate": float(pulses.rate.mean()),
        "pulse_energy": float((10 ** (pulses.level / 10)).mean()),
        "pulse_share": float(pulses.share.nanmean()),
    }
    for name, fold in [(name, fold) for name, fold in FOLDS.items() if 2 * fold > config.cutoff]:
        mirror = image_coherence(found, sounds, stimuli.SAMPLE_RATE, cutoff=float(config.cutoff), fold=fold)
        metrics[f"image_{name}"] = float(mirror.above_chance.nanmean())
    return metrics


def _track_metrics(config: ModelConfig, estimate: Tensor, original: Tensor) -> dict[str, float]:
    """Numbers of one excerpt [time]; PEASS looks at the middle of it only, because it is slow."""
    rate = stimuli.SAMPLE_RATE
    length = min(len(original), round(config.predicted_seconds * rate))
    first = (len(original) - length) // 2
    middle = slice(first, first + length)
    quality = source_quality(estimate[middle], original[middle], rate)
    pulses = broadband_pulses(estimate, original, rate, high=float(config.cutoff))
    return {
        "snr": float(signal_to_noise_ratio(estimate, original)),
        "lsd": float(log_spectral_distance(estimate, original, rate, 0.0, config.cutoff)),
        "ops": quality.overall,
        "aps": quality.artifacts,
        "pulse_rate": float(pulses.rate),
    }


def _finish(folder: Path, metrics: dict[str, object], arrays: dict[str, np.ndarray]) -> None:
    with np.load(folder / CURVES) as curves:
        arrays |= {name: curves[name] for name in ("loss", "validation", "validated")}
        metrics["training_seconds"] = float(curves["seconds"])
        metrics["waiting_for_data"] = float(curves["data_seconds"] / max(float(curves["seconds"]), 1e-9))
    write_arrays(folder / "arrays.npz", arrays)
    write_json(folder / "metrics.json", metrics)
    (folder / CURVES).unlink()


def measurements(results: list[Result]) -> dict[str, list[float]]:
    """Named values over seeds, in the order of the seeds; NaN where a seed has no such run.

    Each claim says in these names what it needs.

    "<score>, <candidate>, <network> network": scores on the test patches, for instance "holes F1, network, spectrogram
    network"; the candidates are "network", "corrected network" (spectrogram), "fixed filter"
    and "identity". "<score>, model C": on the test frames;
    "<score>, model C, broadband": of the models limited to 5 kHz. "<score>, tracks, model C": mean over the excerpts.
    """
    seeds = sorted({result.seed for result in results})
    return over_seeds([_of_seed([result for result in results if result.seed == seed]) for seed in seeds])


NETWORK_SCORES = {
    "l1": "L1",
    "precision": "holes precision",
    "recall": "holes recall",
    "f1": "holes F1",
    "waveform_l1": "waveform L1",
}
MODEL_SCORES = {
    "snr": "SNR",
    "snr_twice": "SNR by 20 log10",
    "snr_pooled": "pooled SNR",
    "lsd": "log-spectral distance",
    "upper_level": "level of the upper band",
    "out_of_band": "level out of band",
    "pulse_rate": "pulses a second",
    "pulse_energy": "energy of pulses",
    "pulse_share": "share of the error in pulses",
    "image_4 kHz": "images at 4 kHz",
    "image_2 kHz": "images at 2 kHz",
}
TRACK_SCORES = {"ops": "OPS", "aps": "APS", "lsd": "log-spectral distance", "snr": "SNR"}


def model_title(config: dict[str, object]) -> str:
    """ "model C", or "model C, broadband" for the one limited to 5 kHz; config: a result's."""
    return f"model {str(config['model']).upper()}" + (", broadband" if config["cutoff"] != 3000 else "")


def _of_seed(results: list[Result]) -> dict[str, float]:
    found: dict[str, float] = {}
    for result in results:
        if "network" in result.config:
            network = f"{result.config['network']} network"
            for candidate, scores in [(k, v) for k, v in result.metrics["test"].items() if isinstance(v, dict)]:
                for key in [key for key in NETWORK_SCORES if key in scores]:
                    found[f"{NETWORK_SCORES[key]}, {candidate}, {network}"] = scores[key]
        else:
            model = model_title(result.config)
            for key, title in [(k, t) for k, t in MODEL_SCORES.items() if k in result.metrics["test"]]:
                found[f"{title}, {model}"] = result.metrics["test"][key]
            for key, title in TRACK_SCORES.items():
                values = [track[key] for track in result.metrics["tracks"].values()]
                found[f"{title}, tracks, {model}"] = float(np.mean(values))
    return found
