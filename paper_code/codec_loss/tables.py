"""Tables of what came out: the imitation, the four models, and what predicts their quality."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from paper_code.audio.clips import Clip
from paper_code.codec_loss import evaluation, gradients, reported
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import ModelConfig
from paper_code.codec_loss.figures import MODEL_TITLES, NETWORK_TITLES
from paper_code.codec_loss.loss import CodecLoss, FrequencyAwareCodecLoss
from paper_code.codec_loss.networks import PATCH, coded
from paper_code.codec_loss.study import BROADBAND, Study
from paper_code.codec_loss.tracks import TRACKS, excerpts
from paper_code.display.tables import Column, Reported, Table, table
from paper_code.lab.intervals import Interval, interval_of_defined, seeds_in_words
from paper_code.lab.store import Result
from paper_code.metrics.distortion import signal_to_noise_ratio


def imitation(study: Study, side: str = "test") -> Table:
    """How near each network comes to the codec, beside the best fixed filter and doing nothing.

    side: "test" (lossless recordings of other kinds) or "validation" (unseen pieces of the kind trained on).
    """
    shown = {
        NETWORK_TITLES["spectrogram"]: ("spectrogram", "network"),
        f"{NETWORK_TITLES['spectrogram']}, gain per bin": ("spectrogram", evaluation.CORRECTED),
        NETWORK_TITLES["frequency_aware"]: ("frequency_aware", "network"),
        NETWORK_TITLES["time"]: ("time", "network"),
        "Best fixed low-pass": ("spectrogram", "fixed filter"),
        "Doing nothing": ("spectrogram", "identity"),
    }
    keys = ("l1", "precision", "recall", "f1")
    rows = [
        [name, *(_score(study, *place, key, side=side) for key in keys), _score(study, *place, "found", 100, side)]
        for name, place in shown.items()
    ]
    measured = study.networks["spectrogram"].metrics[side]
    removed = 100 * measured["network"]["holes"]
    columns = [
        Column("candidate"),
        *(Column(name, format=".3f") for name in ("L1", "holes: precision", "recall", "F1")),
        Column("cells removed", "%", ".1f"),
    ]
    of = {"test": "Test recordings", "validation": "Unseen pieces of the kind trained on"}[side]
    caption = (
        f"{of}, {measured['patches']} patches, {study.codec.title}, {seeds(study)}. L1 of magnitudes over the input's L1: "
        f"lower is better. Holes: see above; the codec itself removes {removed:.1f} % of the cells that count."
    )
    return table(columns, rows, caption)


def waveforms(study: Study) -> Table:
    """The error of the time-domain network on what it was trained for, waveforms, beside doing nothing."""
    columns = [Column("candidate"), Column("L1 of waveforms", format=".3f")]
    rows = [
        [title, _score(study, "time", candidate, "waveform_l1")]
        for title, candidate in ((NETWORK_TITLES["time"], "network"), ("Doing nothing", "identity"))
    ]
    return table(columns, rows, f"Waveforms of the test recordings over the input's L1, {seeds(study)}.")


def table_3(study: Study) -> Table:
    """Signal-to-noise ratio of the four models, by both readings of the formula."""
    keys = ("SNR", "SNR by 20 log10", "pooled SNR")
    rows = [
        [title, Reported(reported.SNR[model]), *(study.value(f"{key}, {_name(model)}") for key in keys)]
        for model, title in MODEL_TITLES.items()
    ]
    untrained = study.models()["a"].metrics["untrained"]
    rows.append(["The start, untrained", None, untrained["snr"], untrained["snr_twice"], untrained["snr_pooled"]])
    frames = untrained["frames"]
    columns = [
        "model",
        Column("paper's Table 3", "dB"),
        *(Column(name, "dB", ".1f") for name in ("10 log10, mean of frames", "20 log10, mean", "10 log10, pooled")),
    ]
    caption = (
        f"Table 3: signal-to-noise ratio over {frames} frames of 66,048 samples of the test recordings, {seeds(study)}. "
        "The paper does not give its formula; if it is twice the usual one, its numbers are to be halved. All models "
        "start as the last row: compare each with it."
    )
    return table(columns, rows, caption)


def pulls(study: Study) -> Table:
    """Where in the sound each loss pulls at the first step: its gradient, by the level of the cells."""
    sounds = _excerpts(study)[:, :PATCH]
    configs = {model: ModelConfig.from_dict(result.config) for model, result in study.models().items()}
    found = {title: gradients.by_level(configs[model], sounds) for model, title in MODEL_TITLES.items()}
    for loss, whose in ((CodecLoss, "Model C"), (FrequencyAwareCodecLoss, "frequency-aware")):
        for term in ("prediction", "features"):
            part = loss.pretrained(terms=(term,))
            found[f"{whose}: {term} alone"] = gradients.by_level(configs["c"], sounds, part)
    rows = [[title, *(100 * shares).tolist()] for title, shares in found.items()]
    classes = [f"{begin:g} to {end:g}" for begin, end in pairwise(gradients.LEVELS)]
    columns = ["loss", *(Column(f"{name} dB", "%", ".0f") for name in [*classes, f"over {gradients.LEVELS[-1]:g}"])]
    caption = (
        "Where each loss pulls: the energy of its gradient with respect to the output of the untrained network, "
        "sorted by the level of the cells it falls into (in dB below the strongest cell of the sound); first 4.1 s "
        "of the five test tracks. The last rows "
        "are terms of Model C's loss, and the same terms with the frequency-aware network."
    )
    return table(columns, rows, caption)


@torch.no_grad()
def start(study: Study) -> tuple[float, float]:
    """SNR (dB) of the untrained autoencoder, and without its last layer's tanh; mean over the excerpts.

    Synthetic ones where recordings are missing.
    """
    network = autoencoder(ModelConfig.from_dict(study.models()["a"].config))
    sounds = _excerpts(study)
    found = coded(network, sounds)
    before, after = (signal_to_noise_ratio(part, sounds).mean() for part in (found, found.atanh()))
    return float(before), float(after)


def clicks(study: Study) -> Table:
    """Broadband pulses of the models on sounds limited to 5 kHz, and for comparison to 3 kHz."""
    keys = ("pulses a second", "energy of pulses", "share of the error in pulses")
    rows = []
    for model, title in MODEL_TITLES.items():
        name = f"{_name(model)}, broadband"
        rate, energy, share = (study.value(f"{key}, {name}") for key in keys)
        narrow = study.value(f"{keys[0]}, {_name(model)}")
        rows.append([title, rate, _scaled(energy, 1000), _scaled(share, 100), narrow, study.value(f"SNR, {name}")])
    wide, narrow = (study.models(cutoff)["a"].metrics["untrained"] for cutoff in (BROADBAND, 3000))
    pulses = (wide["pulse_rate"], 1000 * wide["pulse_energy"], 100 * wide["pulse_share"], narrow["pulse_rate"])
    rows.append(["The start, untrained", *pulses, wide["snr"]])
    columns = [
        Column("model"),
        Column("pulses, 5 kHz", "1/s", ".2f"),
        Column("their energy", "‰ of the sound's", ".2f"),
        Column("share of the error", "%", ".1f"),
        Column("pulses, 3 kHz", "1/s", ".2f"),
        Column("SNR, 5 kHz", "dB", ".1f"),
    ]
    caption = (
        f"Clicks: broadband pulses in the output that are not in the original, test recordings, {seeds(study)}. The "
        "fifth column is for the models of Figure 4. All models start as the last row."
    )
    return table(columns, rows, caption)


def aliasing(study: Study) -> Table:
    """What the models put above their band, and how much of it mirrors the band."""
    rows = []
    for model, title in MODEL_TITLES.items():
        level = study.value(f"level out of band, {_name(model)}")
        images = [_scaled(study.value(f"images at {fold}, {_name(model)}"), 100) for fold in evaluation.FOLDS]
        rows.append([title, level, *images])
    columns = [
        Column("model"),
        Column("level above 3 kHz", "dB", ".1f"),
        *(Column(f"mirrored at {fold}", "%", ".1f") for fold in evaluation.FOLDS),
    ]
    caption = (
        f"Aliasing, test recordings, {seeds(study)}: energy above 3 kHz relative to the whole energy of the "
        "original, and how much of it is a mirror image of the band below, beyond chance (0: none, 100: all of it). "
        "The first "
        "decimation mirrors at 4 kHz, the second at 2 kHz."
    )
    return table(columns, rows, caption)


def predictions(study: Study) -> Table:
    """What metrics predict listeners would say. No listener was asked."""
    rows = []
    for model, title in MODEL_TITLES.items():
        values = [
            study.value(f"{key}, tracks, {_name(model)}") for key in ("OPS", "APS", "log-spectral distance", "SNR")
        ]
        rows.append([title, *values])
    columns = [
        Column("model"),
        Column("PEASS overall", "OPS", ".0f"),
        Column("PEASS artefacts", "APS", ".0f"),
        Column("log-spectral distance", "dB", ".1f"),
        Column("SNR", "dB", ".1f"),
    ]
    return table(
        columns, rows, f"Predictions, not listeners: mean over the five tracks of the A/B test, {seeds(study)}."
    )


def cost(study: Study) -> Table:
    """What a training step takes with each loss, beside plain L1."""
    seconds = {model: a_step(result) for model, result in study.models().items()}
    rows = [[MODEL_TITLES[m], Reported(reported.HOURS[m]), s, s / seconds["a"]] for m, s in seconds.items()]
    columns = [
        "model",
        Column("paper's training", "hours on a GTX 1080"),
        Column("a step here", "s", ".2f"),
        Column("over Model A", "times", ".1f"),
    ]
    config = study.models()["a"].config
    sound = f"{config['batch']} patches of 66,048 samples"
    return table(columns, rows, f"What a loss costs: time of a training step, {sound}, data and optimiser included.")


def a_step(result: Result) -> float:
    """Seconds of a training step of a result."""
    return float(result.curves["seconds"]) / result.config["iterations"]


def seeds(study: Study) -> str:
    """How many seeds the numbers are over, in words."""
    return seeds_in_words(study.seeds)


def _name(model: str) -> str:
    return f"model {model.upper()}"


def _results(study: Study, network: str) -> Sequence[Result]:
    shown = study.others or study.results
    return [result for result in shown if result.config.get("network") == network]


def _score(
    study: Study, network: str, candidate: str, key: str, factor: float = 1.0, side: str = "test"
) -> Interval | None:
    return interval_of_defined((r.metrics[side][candidate][key] for r in _results(study, network)), factor)


def _excerpts(study: Study) -> torch.Tensor:
    """The five test tracks, limited to 3 kHz, [track, time]."""
    here = all(isinstance(study.original(track), Clip) for track in TRACKS)
    return excerpts(3000, synthetic=study.synthetic or not here)


def _scaled(value: Interval | None, factor: float) -> Interval | None:
    return None if value is None else value.times(factor)
