"""What came out of a training: errors on unseen recordings, holes, clicks, images, predictions, and sounds to hear."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from paper_code.audio.clips import write_flac
from paper_code.audio.codecs import code_batch, cutoff
from paper_code.codec_loss import holes, stimuli, weights
from paper_code.codec_loss.building import autoencoder, loss_network, training_patches
from paper_code.codec_loss.configs import (
    NARROW,
    PROFILES,
    LossNetworkConfig,
    ModelConfig,
    TrainingConfig,
    TrialsConfig,
)
from paper_code.codec_loss.floors import every_second_sample
from paper_code.codec_loss.networks import (
    PATCH,
    coded,
    complex_spectrogram,
    magnitude_spectrogram,
    parameter_count,
    relative_error,
    to_domain,
)
from paper_code.codec_loss.tracks import FIGURES, TRACKS, excerpts
from paper_code.lab.files import write_arrays, write_json
from paper_code.lab.store import ARRAYS, CURVES, METRICS, Arrays
from paper_code.lab.weights import WEIGHTS
from paper_code.metrics.aliasing import image_coherence, out_of_band_level
from paper_code.metrics.clicks import broadband_pulses
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.source_quality import source_quality
from paper_code.metrics.spectral import level_error, log_spectral_distance

CORRECTED = "corrected network"  # each bin of the network's output with a fixed gain, fitted to training material
FOLDS = {"4 kHz": 4000.0, "2 kHz": 2000.0}  # where the first two decimations fold
HEADROOM = 0.98
UPPER = 0.6  # from this share of its width on, the upper part of a band: 3 to 5 kHz of 5


def evaluate(config: TrainingConfig, folder: Path) -> None:
    """Measure what the training left on unseen recordings, and keep its sounds of a few tracks. Raises WeightsError.

    Seeds that only repeat others keep no sounds.
    """
    if isinstance(config, TrialsConfig):
        write_trials(folder)
        return
    state = weights.kept(folder / WEIGHTS)
    if isinstance(config, LossNetworkConfig):
        network = loss_network(config)
        network.load_state_dict(state)
        write_network(config, network.eval(), folder)
    else:
        network = autoencoder(config)
        network.load_state_dict(state)
        write_model(config, network.eval(), folder)


@torch.no_grad()
def write_network(config: LossNetworkConfig, network: nn.Module, folder: Path) -> None:
    """Write metrics.json, arrays.npz and the imitated tracks of a loss network."""
    codec = config.real_codec()
    seen, wanted = training_patches(config)
    gains = {"fixed filter": holes.fixed_filter(seen, wanted)}
    if config.network != "time":
        gains[CORRECTED] = holes.fixed_filter(_in_parts(network, seen), wanted)
    metrics: dict[str, object] = {"parameters": parameter_count(network), "cutoff": cutoff(codec)}
    for side in ("validation", "test"):
        material = stimuli.material(side, codec, synthetic=config.synthetic)
        starts = material.regular(PATCH)[: config.most_patches]
        original, coded = material.at(starts, PATCH, "original", "coded")
        metrics[side] = _network_metrics(config, network, original, coded, gains, float(metrics["cutoff"]))
    sounds = excerpts(synthetic=config.synthetic)
    coded = torch.stack([found.waveform for found in code_batch(list(sounds), codec)])
    for name, original, real in zip(TRACKS, sounds, coded, strict=True):
        write_flac(folder / f"{name}.flac", fit(imitated(config, network, original, real)), stimuli.SAMPLE_RATE)
    write_arrays(folder / ARRAYS, {name.replace(" ", "_"): g.numpy().astype(np.float32) for name, g in gains.items()})
    write_json(folder / METRICS, metrics)


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
    material = stimuli.material("test", config.real_codec(), synthetic=config.synthetic)
    (sounds,) = material.at(material.regular(PATCH)[: config.most_patches], PATCH, f"limited-{config.cutoff}")
    sounds = sounds[sounds.square().mean(-1) > 1e-8]  # frames of silence have no ratio
    found = coded(network, sounds)
    originals = excerpts(config.cutoff, config.synthetic)
    decoded = coded(network, originals)
    metrics: dict[str, object] = {
        "parameters": parameter_count(network),
        "test": _model_metrics(config, found, sounds),
        "tracks": _metrics_of_tracks(config, decoded, originals),
    }
    repeats = config.seed in PROFILES[config.profile].seeds[1:]
    if config.model == "a" and not repeats:  # all models of a band have the same floors, whatever the seed
        metrics |= _floors(config, sounds, originals)
    for name, estimate in zip(TRACKS, decoded, strict=True):
        if name in metrics["tracks"] and not repeats:
            write_flac(folder / f"{name}.flac", fit(estimate), stimuli.SAMPLE_RATE)
    write_arrays(folder / ARRAYS, {"snr": signal_to_noise_ratio(found, sounds).numpy().astype(np.float32)})
    write_json(folder / METRICS, metrics)


def write_trials(folder: Path) -> None:
    """Write metrics.json of trials: for each rate the SNR (dB) and the model's own loss over the start's, at the end."""
    curves = Arrays(folder / CURVES)
    ends = {
        f"{rate:g}": {"snr": float(snr), "own": float(own)}
        for rate, snr, own in zip(curves["rates"], curves["validation"][:, -1], curves["own"][:, -1], strict=True)
    }
    write_json(folder / METRICS, {"start": {"snr": float(curves["validation"][0, 0])}, "rates": ends})


def _floors(config: ModelConfig, sounds: Tensor, originals: Tensor) -> dict[str, object]:
    """What no training is needed for, measured as the models are: their start, and a fixed filter for half the samples."""
    floors = {"untrained": partial(coded, autoencoder(config).eval()), "fixed filter": every_second_sample}
    found: dict[str, object] = {name: _model_metrics(config, floor(sounds), sounds) for name, floor in floors.items()}
    tracks = {name: _metrics_of_tracks(config, floor(originals), originals) for name, floor in floors.items()}
    return found | {"floor tracks": tracks}


def fit(waveform: Tensor) -> Tensor:
    """A waveform that fits a file: made softer if a sample is over 0.98. Its level is matched where it is heard."""
    return waveform * (HEADROOM / waveform.abs().max().clamp_min(HEADROOM))


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


def _metrics_of_tracks(config: ModelConfig, decoded: Tensor, originals: Tensor) -> dict[str, dict[str, float]]:
    """Numbers of the excerpts [track, time] that a band shows, by track."""
    return {
        name: _track_metrics(config, estimate, original)
        for name, estimate, original in zip(TRACKS, decoded, originals, strict=True)
        if config.cutoff == NARROW or name in FIGURES
    }


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
