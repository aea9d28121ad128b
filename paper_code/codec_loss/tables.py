"""Tables of what came out: the imitation, the models, and what predicts their quality."""

from collections.abc import Mapping, Sequence

import torch

from paper_code.audio.clips import Clip
from paper_code.codec_loss import evaluation, reported
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import NARROW, ModelConfig
from paper_code.codec_loss.figures import MODEL_TITLES, NETWORK_TITLES
from paper_code.codec_loss.measurements import model_title
from paper_code.codec_loss.networks import coded
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
        f"{of}, {measured['patches']} patches, {study.codec.title}, {_seeds_of_networks(study)}. L1 of magnitudes over the "
        f"input's L1: lower is better. Holes: see above; the codec itself removes {removed:.1f} % of the cells that count."
    )
    return table(columns, rows, caption)


def waveforms(study: Study) -> Table:
    """The error of the time-domain network on what it was trained for, waveforms, beside doing nothing."""
    columns = [Column("candidate"), Column("L1 of waveforms", format=".3f")]
    rows = [
        [title, _score(study, "time", candidate, "waveform_l1")]
        for title, candidate in ((NETWORK_TITLES["time"], "network"), ("Doing nothing", "identity"))
    ]
    return table(columns, rows, f"Waveforms of the test recordings over the input's L1, {_seeds_of_networks(study)}.")


FLOORS = {"untrained": "The start, untrained", "fixed filter": "Every second sample, fixed filter"}


def table_3(study: Study) -> Table:
    """Signal-to-noise ratio of the models, by both readings of the formula, and of what needs no training."""
    keys = ("SNR", "SNR by 20 log10", "pooled SNR")

    def measured(name: str) -> list[Interval | None]:
        return [study.value(f"{key}, {name}") for key in keys]

    rows = [
        [title, _printed(model), *measured(model_name(model)), f"{len(study.repeats(model))}"]
        for model, title in MODEL_TITLES.items()
    ]
    rows += [[title, None, *measured(floor), None] for floor, title in FLOORS.items()]
    columns = [
        "model",
        Column("paper's Table 3", "dB"),
        *(Column(name, "dB", ".3f") for name in ("10 log10, mean of frames", "20 log10, mean", "10 log10, pooled")),
        "seeds",
    ]
    caption = (
        f"Table 3: signal-to-noise ratio over {study.models()['a'].metrics['test']['frames']} frames of 66,048 samples of "
        f"the test recordings, {seeds(study)}. Fair Model C is our variant; Model D's learning rate was not tuned. All "
        "models start as the row after Fair Model C: compare each with that. The last row keeps half of the samples, as "
        "many numbers as the models, and has learned nothing."
    )
    return table(columns, rows, caption)


@torch.no_grad()
def start(study: Study) -> tuple[float, float]:
    """SNR (dB) of the untrained autoencoder, and without its last layer's tanh; mean over the excerpts.

    Synthetic ones where recordings are missing.
    """
    network = autoencoder(ModelConfig.from_dict(study.models()["a"].config))
    sounds = test_excerpts(study)
    found = coded(network, sounds)
    before, after = (signal_to_noise_ratio(part, sounds).mean() for part in (found, found.atanh()))
    return float(before), float(after)


def clicks(study: Study) -> Table:
    """Broadband pulses of the models on sounds limited to 5 kHz, and for comparison to 3 kHz."""
    keys = ("pulses a second", "energy of pulses", "share of the error in pulses")
    rows = []
    for model in study.models(BROADBAND):
        title, name = MODEL_TITLES[model], f"{model_name(model)}, broadband"
        rate, energy, share = (study.value(f"{key}, {name}") for key in keys)
        narrow = study.value(f"{keys[0]}, {model_name(model)}")
        rows.append([title, rate, _scaled(energy, 1000), _scaled(share, 100), narrow, study.value(f"SNR, {name}")])
    for floor, title in FLOORS.items():
        wide = study.models(BROADBAND)["a"].metrics[floor]
        pulses = (wide["pulse_rate"], 1000 * wide["pulse_energy"], 100 * wide["pulse_share"])
        rows.append([title, *pulses, study.value(f"pulses a second, {floor}"), wide["snr"]])
    columns = [
        Column("model"),
        Column("pulses, 5 kHz", "1/s", ".2f"),
        Column("their energy", "‰ of the sound's", ".2f"),
        Column("share of the error", "%", ".1f"),
        Column("pulses, 3 kHz", "1/s", ".2f"),
        Column("SNR, 5 kHz", "dB", ".1f"),
    ]
    caption = (
        f"Clicks: broadband pulses in the output that are not in the original, test recordings, one seed; the "
        f"fifth column, for the models of Figure 4, {seeds(study)}. All models start as the row after them."
    )
    return table(columns, rows, caption)


def aliasing(study: Study) -> Table:
    """What the models put above their band, and how much of it mirrors the band."""
    rows = []
    for model, title in MODEL_TITLES.items():
        level = study.value(f"level out of band, {model_name(model)}")
        images = [_scaled(study.value(f"images at {fold}, {model_name(model)}"), 100) for fold in evaluation.FOLDS]
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
    keys = ("OPS", "APS", "log-spectral distance", "SNR")
    shown = {title: model_name(model) for model, title in MODEL_TITLES.items()} | {
        t: floor for floor, t in FLOORS.items()
    }
    rows = [[title, *(study.value(f"{key}, tracks, {name}") for key in keys)] for title, name in shown.items()]
    columns = [
        Column("model"),
        Column("PEASS overall", "OPS", ".1f"),
        Column("PEASS artefacts", "APS", ".1f"),
        Column("log-spectral distance", "dB", ".2f"),
        Column("SNR", "dB", ".2f"),
    ]
    return table(
        columns, rows, f"Predictions, not listeners: mean over the five tracks of the A/B test, {seeds(study)}."
    )


def cost(study: Study) -> Table:
    """What a training step takes with each loss, beside plain L1."""
    seconds = {model: a_step(result) for model, result in study.models().items()}
    rows = [[MODEL_TITLES[m], _printed(m, reported.HOURS), s, s / seconds["a"]] for m, s in seconds.items()]
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
    """Seconds of a training step of a result; of trials, of all their steps."""
    return float(result.curves["seconds"]) / steps(result)


def steps(result: Result) -> int:
    """The steps of a training, or of all trials together."""
    return result.config["iterations"] * len(result.config.get("rates", (0,)))


def seeds(study: Study) -> str:
    """How many seeds the numbers of the models are over, in words."""
    alone = [MODEL_TITLES[model] for model in study.models() if len(study.repeats(model)) == 1]
    most = max((study.repeats(model) for model in study.models()), key=len)
    told = seeds_in_words(most)
    return f"{told} ({' and '.join(alone)}: one)" if alone and len(most) > 1 else told


def _seeds_of_networks(study: Study) -> str:
    return seeds_in_words(sorted({result.seed for result in _results(study, "spectrogram")}))


def _printed(model: str, values: Mapping[str, str] = reported.SNR) -> Reported | None:
    """The paper's value of a model; None for ours."""
    return Reported(values[model]) if model in values else None


def model_name(model: str) -> str:
    return model_title({"model": model, "cutoff": NARROW})


def _results(study: Study, network: str) -> Sequence[Result]:
    shown = study.others or study.results
    return [result for result in shown if result.config.get("network") == network]


def _score(
    study: Study, network: str, candidate: str, key: str, factor: float = 1.0, side: str = "test"
) -> Interval | None:
    return interval_of_defined((r.metrics[side][candidate][key] for r in _results(study, network)), factor)


def test_excerpts(study: Study) -> torch.Tensor:
    """The five test tracks, limited to 3 kHz, [track, time]."""
    here = all(isinstance(study.original(track), Clip) for track in TRACKS)
    return excerpts(3000, synthetic=study.synthetic or not here)


def _scaled(value: Interval | None, factor: float) -> Interval | None:
    return None if value is None else value.times(factor)
