"""Tables of what went in: recordings, codecs, settings beside the paper's, and what the runs took."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paper_code.audio import corpora
from paper_code.audio.codecs import code, cutoff
from paper_code.codec_loss import configs, experiment, rates, stimuli
from paper_code.codec_loss.figures import MODEL_TITLES
from paper_code.codec_loss.study import Study
from paper_code.codec_loss.tables import a_step, steps
from paper_code.codec_loss.tracks import FIGURES
from paper_code.display.answers import joined
from paper_code.display.tables import Column, Reported, Table, table
from paper_code.lab.store import Result

SIDES = ("train", "validation", "test")
KIND_TITLES = {"spectrogram": "Spectrogram network", "time": "Time-domain network", "model": "Models"}
Settings = Mapping[str, Mapping[str, Any]]  # name -> config, of the runs of a kind


def recordings() -> Table:
    """The corpora: minutes on each side, and licences."""
    files = {side: stimuli.recordings(side) for side in SIDES}
    names = dict.fromkeys(file.corpus for side in SIDES for file in files[side])
    rows: list[list[Any]] = [
        [
            f"[{corpora.corpus(name).title}]({corpora.corpus(name).repository})",
            *(_minutes([file for file in files[side] if file.corpus == name]) for side in SIDES),
            ", ".join(dict.fromkeys(f.licence for side in SIDES for f in files[side] if f.corpus == name)),
        ]
        for name in names
    ]
    rows.append(["all", *(_minutes(files[side]) for side in SIDES), None])
    columns = ["corpus", *(Column(side, "min", ".1f") for side in SIDES), "licence"]
    return table(columns, rows, "The recordings, in minutes. A piece or a speaker is on one side only.")


def codecs(study: Study) -> Table:
    """Real bit rate and cut-off of the codecs."""
    clip, name = rates.clip(study, FIGURES[0])
    rows = [[c.title, code(clip.waveform, c).kilobits_per_second, cutoff(c) / 1000] for c in rates.SURVEY]
    columns = ["codec", Column("bits spent", "kb/s", ".1f"), Column("cut-off", "kHz", ".2f")]
    caption = (
        f"The codecs at 16 kHz, mono. Bits: of the audio frames of {name}. Cut-off: above it, white noise comes back "
        "50 dB weaker or more; 8 kHz means none."
    )
    return table(columns, rows, caption)


def summary(study: Study) -> str:
    """Which profile is shown, in Markdown."""
    kind = "synthetic sounds" if study.synthetic else "real recordings"
    several = {MODEL_TITLES[m]: len(study.repeats(m)) for m in study.models() if len(study.repeats(m)) > 1}
    seeds = f"{max(several.values())} seeds of {joined(list(several))}, one of all else" if several else "1 seed"
    return f"Shown here: the profile **{study.profile}** ({configs.PROFILES[study.profile].title}), {seeds}, {kind}."


def settings(study: Study) -> Table:
    """The settings of the paper, of the full profile and of this one."""
    here = {
        **{network: {network: study.networks[network].config} for network in ("spectrogram", "time")},
        "model": {model: result.config for model, result in study.models().items()},
    }
    full = _configs("full")
    profiles = {"full": full} | ({study.profile: here} if study.profile != "full" else {})
    rows = []
    for kind, title in KIND_TITLES.items():
        paper = {**next(iter(full[kind].values())), **configs.PAPER[kind], "schedule": "inverse"}
        for what, written in WRITTEN.items():
            told = Reported("not said" if what == "steps" else written(paper))
            rows.append([f"{title}: {what}", told, *(_told(of[kind], written) for of in profiles.values())])
    for kind, title in {"spectrogram": "loss networks", "model": "models"}.items():
        hours = [_hours(next(iter(of[kind].values()))["versions"]) for of in profiles.values()]
        rows.append([f"Training material, {title}", Reported("10,000 tracks"), *(_material(study, h) for h in hours)])
    caption = (
        "The settings: the paper's Tables 1 and 2, and what differs here. Rates of the models: see the trials below; "
        "Model D's was not tuned. On sounds limited to 5 kHz all models learn at "
        f"{study.models(configs.BROAD)['a'].config['learning_rate']:g}."
    )
    return table(["setting", "paper", *(f"profile {name}" for name in profiles)], rows, caption)


def _told(runs: Settings, written: Callable[[Mapping[str, Any]], str]) -> str:
    """A setting of the runs of a kind: once where all have the same, else "1e-05 (Models A, B), 3e-05 (Model D)"."""
    groups: dict[str, list[str]] = {}
    for name, config in runs.items():
        groups.setdefault(written(config), []).append(MODEL_TITLES.get(name, name).removeprefix("Model "))
    return ", ".join(value if len(groups) == 1 else f"{value} ({', '.join(names)})" for value, names in groups.items())


WRITTEN = {
    "filters of the first layer": lambda config: str(config["filters"]),
    "patches a step": lambda config: str(config["batch"]),
    "steps": lambda config: f"{config['iterations']:,}",
    "learning rate": lambda config: f"{config['learning_rate']:g}",
    "schedule": lambda config: {"inverse": f"decay {config['decay']:g}", "cosine": "cosine to 0"}[config["schedule"]],
}


def runs(study: Study) -> Table:
    """What each training took and waited for."""
    shown: Sequence[Result] = study.heard_results
    shown = [*study.others, *(r for r in shown if not (study.others and "network" in r.config))]
    rows = [
        [
            result.experiment.replace("_", " "),
            result.metrics.get("parameters"),
            steps(result),
            float(result.curves["seconds"]) / 60,
            a_step(result),
            None if "rates" in result.config else _waiting(result),
        ]
        for result in shown
    ]
    columns = [
        "training",
        Column("weights", format=","),
        Column("steps", format=","),
        Column("time", "min", ".1f"),
        Column("a step", "s", ".3f"),
        Column("waiting for data", "%", ".2f"),
    ]
    shown_minutes = sum(row[3] for row in rows)
    again = [result for result in study.results if result not in study.heard_results]
    minutes = sum(float(result.curves["seconds"]) for result in again) / 60
    others = f"; {len(again)} trainings with other seeds took {minutes:.0f} more" if again else ""
    caption = f"The trainings: {shown_minutes:.0f} minutes of one core in all, without the evaluation{others}."
    return table(columns, rows, caption)


def _waiting(result: Result) -> float:
    return 100 * float(result.curves["data_seconds"] / max(float(result.curves["seconds"]), 1e-9))


def _configs(profile: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Kind -> name -> config of the runs of a profile."""
    found = experiment.experiments(profile, 0)
    networks = {network: {network: found[f"network_{network}"].as_dict()} for network in ("spectrogram", "time")}
    return networks | {"model": {model: found[f"model_{model}"].as_dict() for model in MODEL_TITLES}}


def _minutes(files: Sequence[corpora.Recording]) -> float | None:
    return sum(file.seconds or 0.0 for file in files) / 60 if files else None


def _hours(versions: int) -> float:
    """Hours of training material: each track in so many versions, slower ones longer."""
    lengths = [float(1 / stimuli.SPEEDS[version % len(stimuli.SPEEDS)]) for version in range(versions)]
    return (_minutes(stimuli.recordings("train")) or 0.0) / 60 * sum(lengths)


def _material(study: Study, hours: float) -> str:
    return "synthetic sounds" if study.synthetic else f"{hours:.1f} hours, versions included"
