"""What the losses teach: at which rates, in which order the models end, and where in a sound each loss pulls."""

from itertools import pairwise

from paper_code.codec_loss import gradients
from paper_code.codec_loss.configs import FAIR, PAPERS_RATE, REPEATED, TEACHERS, TRIED, ModelConfig
from paper_code.codec_loss.figures import MODEL_TITLES, NETWORK_TITLES
from paper_code.codec_loss.loss import LOSSES, CodecLoss
from paper_code.codec_loss.networks import PATCH
from paper_code.codec_loss.study import Study
from paper_code.codec_loss.tables import model_name, test_excerpts
from paper_code.display.answers import compare, written
from paper_code.display.tables import Column, Table, table
from paper_code.lab.store import Result

TRIAL_TITLES = MODEL_TITLES | {
    "c_gradient": "Model C, weights by gradient",
    "c_aware": "Model C, frequency-aware network",
}


def order(study: Study) -> str:
    """The models that have several seeds in the order of Table 3, with what their intervals allow, in Markdown."""
    compared = [model for model in REPEATED if study.value(f"SNR, {model_name(model)}") is not None]
    ranked = sorted(compared, key=lambda model: -study.value(f"SNR, {model_name(model)}").mean)
    steps = []
    for above, below in pairwise(ranked):
        pair = compare(study.measurements, *(f"SNR, {model_name(model)}" for model in (above, below)))
        told = f"({written(pair.difference, 3, 'dB')}{pair.seed})"
        how = pair.word("cannot be told from", "cannot be told from", "is above")
        steps.append(f"{MODEL_TITLES[above]} {how} {MODEL_TITLES[below]} {told}")
    names = ", ".join(MODEL_TITLES[model] for model in ranked)
    return f"By the mean the order is {names}. Differences, paired by seed: {'; '.join(steps)}."


def trials(study: Study) -> Table:
    """Which learning rate each model gets: its own loss and its SNR after a short training at each rate."""
    rates = list(dict.fromkeys(rate for result in study.trials.values() for rate in result.metrics["rates"]))
    rows = [
        [TRIAL_TITLES[model], *(_trial(result, rate) for rate in rates), *_used(study, model)]
        for model, result in sorted(study.trials.items(), key=lambda item: TRIED.index(item[0]))
    ]
    first = next(iter(study.trials.values()))
    caption = (
        f"Trials of the learning rate: the model's own loss on unseen recordings over that of the start (less is better), "
        f"and in brackets the SNR in dB, after {first.config['iterations']} steps of {first.config['batch']} patches, one "
        f"seed. The start has 1.00 ({first.metrics['start']['snr']:.1f}). The model is then trained at the rate with the "
        f"lowest loss; the last column is after that training. The paper's rate is {PAPERS_RATE:g}."
    )
    return table(["model", *(f"rate {float(rate):g}" for rate in rates), "trained at", "then"], rows, caption)


def best_rate(result: Result) -> float:
    """The rate of the trials at which the model's own loss ends lowest."""
    ends = result.metrics["rates"]
    return float(min(ends, key=lambda rate: ends[rate]["own"]))


def _trial(result: Result, rate: str) -> str | None:
    ends = result.metrics["rates"].get(rate)
    return ends and f"{ends['own']:.2f} ({ends['snr']:.1f})"


def _used(study: Study, model: str) -> tuple[str | None, str | None]:
    """The rate that a model is trained with, and how that ends; None for one that was only tried."""
    if model not in study.models():
        return None, None
    result = study.models()[model]
    ended = f"{float(result.curves['own'][-1]):.2f} ({float(result.curves['validation'][-1]):.1f})"
    return f"{result.config['learning_rate']:g}", ended


def pulls(study: Study) -> Table:
    """Where in the sound each loss pulls at the first step: its gradient, by the level of the cells."""
    sounds = test_excerpts(study)[:, :PATCH]
    configs = _configs(study)
    rows = [
        [TRIAL_TITLES[model], *(100 * gradients.by_level(configs[model], sounds)).tolist()]
        for model in ("a", "b", "d", "c", "c_gradient", "c_aware", FAIR)
    ]
    caption = (
        "Where each loss pulls: the energy of its gradient with respect to the output of the untrained network, "
        "sorted by the level of the cells it falls into (in dB below the strongest cell of the sound); first 4.1 s "
        "of the five test tracks. Between Model C and Fair Model C stand its two changes, each alone."
    )
    return table(["loss", *_classes()], rows, caption)


def pulls_of_terms(study: Study) -> Table:
    """How hard each term of the codec loss pulls where all have the same value, and where."""
    sounds = test_excerpts(study)[:, :PATCH]
    rows = []
    for model in ("c", "c_aware"):
        config = _configs(study)[model]
        makers = {term: LOSSES[TEACHERS[model].network].pretrained(terms=(term,)) for term in CodecLoss.TERMS}
        found = {term: gradients.pull(config, sounds, loss_of) for term, loss_of in makers.items()}
        for term, gradient in found.items():
            norm = float(gradient.norm(dim=-1).mean() / found["time"].norm(dim=-1).mean())
            rows.append([f"{NETWORK_TITLES[TEACHERS[model].network]}: {_TERMS[term]}", norm])
            rows[-1] += (100 * gradients.shares(gradient, sounds)).tolist()
    caption = (
        "The terms of the codec loss, each divided by its value as in Model C: the size of the gradient, over that of "
        "the waveform term, and where it falls. Weights by gradient make the first column 1."
    )
    return table(["network: term", Column("gradient", "times", ".1f"), *_classes()], rows, caption)


_TERMS = {"time": "waveform", "prediction": "prediction", "features": "features"}


def _configs(study: Study) -> dict[str, ModelConfig]:
    """The settings of all models, those too that were only tried."""
    configs = {model: ModelConfig.from_dict(result.config) for model, result in study.models().items()}
    alone = {"c_gradient": "c", "c_aware": FAIR}  # whose network they ask
    return configs | {model: configs[like].replace(model=model) for model, like in alone.items()}


def _classes() -> list[Column]:
    names = [f"{begin:g} to {end:g}" for begin, end in pairwise(gradients.LEVELS)]
    return [Column(f"{name} dB", "%", ".0f") for name in [*names, f"over {gradients.LEVELS[-1]:g}"]]
