"""Finds a result, or trains, evaluates and stores it; `python -m paper_code.lab.run --help`."""

import os
import shutil
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from paper_code.lab import chapters, devices, paths, provenance, training
from paper_code.lab.config import Config, hash_of, suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.files import read_json, sweep, write_json, writing
from paper_code.lab.lock import lock
from paper_code.lab.store import METRICS, PROVENANCE, STARTED, Result, Store, load, open_store, partial

CHECKPOINTS = "checkpoint*"  # what a chapter's training may leave in its folder to resume from


def result(
    chapter: str,
    experiment: str,
    config: Config,
    store: Store,
    device: str = "auto",
    progress: bool = True,
    keep_checkpoint: bool = False,
) -> Result:
    """The result of `config`: from the store, else computed and stored.

    It is computed in "<folder>.partial" and renamed when it is whole; an interrupted or failed run leaves
    only that folder with its checkpoint, and the next call goes on from there.
    device: "auto", "cpu" or "cuda". keep_checkpoint: leave checkpoint*.pt in the result (large).
    Raises: DeviceError, OutputError, Busy (another process computes it), CheckpointError, TrainingError.
    """
    found = store.find(chapter, experiment, config)
    if found is not None:
        return found
    module, where = chapters.module(chapter), devices.resolve(device)
    folder = store.folder(chapter, experiment, config)
    with lock(folder):
        found = store.find(chapter, experiment, config)  # another process may just have finished it
        if found is None:
            _compute(module, experiment, config, folder, where, progress, keep_checkpoint)
            found = load(folder, chapter)
    return found


def results(
    chapter: str,
    profile: str,
    store: Store | None = None,
    seeds: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    device: str = "auto",
    progress: bool = True,
    **overrides: Any,
) -> list[Result]:
    """The results of a profile, seed by seed: every experiment, or those of `names`; computed where missing.

    profile: "published" stands for the best complete set in the store and computes nothing.
    seeds: default those of the profile. overrides: passed to the chapter's experiments().
    Raises: UnknownName for a profile or an experiment; what result() raises.
    """
    store = store if store is not None else open_store()
    if profile == "published":
        if overrides:
            raise LabError(f"published results take no {', '.join(overrides)}: name a profile to compute.")
        profile = published(chapter, store)
    asked = plan(chapter, profile, seeds, names, **overrides)
    announce(chapter, asked, store, progress)
    return [result(chapter, name, config, store, device, progress) for name, config in asked]


def plan(
    chapter: str,
    profile: str,
    seeds: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    **overrides: Any,
) -> list[tuple[str, Config]]:
    """(name, config) of all experiments asked for, seed by seed; a seed may lack some. Raises: UnknownName, ConfigError."""
    chosen = seeds_of(chapter, profile) if seeds is None else seeds
    each = [experiments(chapter, profile, seed, **overrides) for seed in chosen]
    _require(chapter, profile, names, {name: config for configs in each for name, config in configs.items()})
    return [pair for configs in each for pair in configs.items() if not names or pair[0] in names]


def announce(chapter: str, asked: Sequence[tuple[str, Config]], store: Store, progress: bool = True) -> None:
    """Say how many of several results will be computed, and how long that takes where the chapter can tell."""
    module = chapters.module(chapter)
    missing = [config for name, config in asked if store.find(chapter, name, config) is None]
    if len(missing) > 1 and _speaks(progress):
        line = f"{len(missing)} of {len(asked)} results are not stored and will be computed{_takes(module, missing)}."
        print(line, file=sys.stderr, flush=True)


def experiments(
    chapter: str, profile: str, seed: int, names: Sequence[str] | None = None, **overrides: Any
) -> dict[str, Config]:
    """name -> config of the chapter's experiments. Raises: UnknownName for a profile or a name."""
    chapters.check_profile(chapter, profile)
    known = chapters.module(chapter).experiments(profile, seed, **overrides)
    _require(chapter, profile, names, known)
    return {name: config for name, config in known.items() if not names or name in names}


def _require(chapter: str, profile: str, names: Sequence[str] | None, known: Collection[str]) -> None:
    """Raises UnknownName for a name that is not known; it tells where the first seed of the profile has it."""
    for name in names or []:
        if name in known:
            continue
        first = seeds_of(chapter, profile)[0]
        if name in chapters.module(chapter).experiments(profile, first):
            have = ", ".join(known)
            raise chapters.UnknownName(
                f"{chapter} has {name!r} with seed {first}; of the seed asked for it has {have}."
            )
        raise chapters.UnknownName(f"{chapter} has no experiment {name!r}. {suggestion(name, known)}")


def seeds_of(chapter: str, profile: str) -> list[int]:
    """The seeds that the published result of a profile averages over. Raises: UnknownName."""
    chapters.check_profile(chapter, profile)
    return list(chapters.module(chapter).seeds(profile))


def published(chapter: str, store: Store) -> str:
    """The best profile (full, small, smoke) that has every experiment of all its seeds in the store.

    Raises: LabError when no profile is complete, with what is missing.
    """
    module, lacking = chapters.module(chapter), []
    for profile in [name for name in chapters.SIZES if name in module.PROFILES]:
        wanted = [(s, *pair) for s in module.seeds(profile) for pair in module.experiments(profile, s).items()]
        missing = [f"{name} seed {s}" for s, name, config in wanted if store.find(chapter, name, config) is None]
        if not missing:
            return profile
        lacking.append(f"{profile} lacks {len(missing)} of {len(wanted)} (first {missing[0]})")
    raise LabError(
        f"no complete set of results for {chapter}: {'; '.join(lacking)}. Compute one with "
        f"`python -m paper_code.lab.run {chapter} --profile small --all-seeds`, or set the profile to small."
    )


def stale(store: Store, chapter_names: Sequence[str] | None = None) -> list[str]:
    """One line for every stored result that today's configs do not ask for: empty when all fit.

    chapter_names: default all chapters. A result fits when its stored hash is that of its stored config, and
    that of the config the chapter's experiments() gives now for its name, profile and seed.
    """
    names = chapters.CHAPTERS if chapter_names is None else chapter_names
    return [line for name in names for found in store.all(name) if (line := _misfit(name, found))]


def duration(seconds: float) -> str:
    """A time for people: "40 seconds", "12 minutes", "3.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds" if round(seconds) > 1 else "1 second"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _misfit(chapter: str, found: Result) -> str:
    """Why a stored result does not fit, or ""."""
    module, advice = chapters.module(chapter), "delete the folder and run it again"
    stored = found.provenance
    if hash_of(stored.get("config_class", ""), found.config) != found.hash:
        return f"{found.folder}: its hash {found.hash} is not that of its own config; {advice}."
    if found.profile not in module.PROFILES:
        return f"{found.folder}: there is no profile {found.profile!r} any more; {advice}."
    now = module.experiments(found.profile, found.seed).get(found.experiment)
    if now is None:
        return f"{found.folder}: there is no experiment {found.experiment!r} any more; delete the folder."
    if now.hash == found.hash:
        return ""
    fields = now.as_dict()
    changed = [n for n in {**fields, **found.config} if fields.get(n, "") != found.config.get(n, "")]
    differs = ", ".join(changed) or "class of the config"
    return f"{found.folder}: made with other settings ({differs}); {advice}."


def _compute(
    module: ModuleType,
    experiment: str,
    config: Config,
    folder: Path,
    device: torch.device,
    progress: bool,
    keep_checkpoint: bool,
) -> None:
    sources = [dict(source) for source in module.sources(config)]
    provenance.check_private({"config": config.as_dict(), "sources": sources})
    provenance.code_state()
    work = partial(folder)
    before, since = _begin(work, config), time.time()
    if not (work / PROVENANCE).exists():  # else a run was killed between its last file and the renaming
        _tell(module, experiment, config, folder, progress)
        training.seed_all(config.seed)
        module.train(config, work, device, progress)
        training.seed_all(config.seed)  # so that it is the same whether the training was resumed or not
        module.evaluate(config, work)
        if not (work / METRICS).exists():
            raise LabError(f"evaluate() of {module.__name__} wrote no {METRICS} into {work}.")
        record = provenance.record(config, sources, before + time.time() - since, device)
        write_json(work / PROVENANCE, record)
    (work / STARTED).unlink()
    for path in work.glob(CHECKPOINTS) if not keep_checkpoint else []:
        path.unlink()
    with writing(folder):
        os.replace(work, folder)


def _begin(work: Path, config: Config) -> float:
    """Make or take over the folder of a run; returns the seconds that broken-off runs spent in it."""
    started, spent = work / STARTED, 0.0
    if started.exists():
        earlier = read_json(started)
        if earlier["hash"] != config.hash:
            raise LabError(f"{work} belongs to other settings (hash {earlier['hash']}): delete it and run again.")
        sweep(work)
        last_sign = max(path.stat().st_mtime for path in work.rglob("*"))  # a killed run tells no end
        spent = earlier["seconds"] + max(0.0, last_sign - earlier["since"])
    elif work.exists() and not (work / PROVENANCE).exists():
        shutil.rmtree(work)  # killed before its first file was whole
    write_json(started, {"hash": config.hash, "seconds": spent, "since": time.time()})
    return spent


def _tell(module: ModuleType, experiment: str, config: Config, folder: Path, progress: bool) -> None:
    goes_on = "; goes on from its checkpoint" if any(partial(folder).glob(CHECKPOINTS)) else ""
    what = f"{experiment} ({config.profile}, seed {config.seed})"
    line = f"No stored result for {what}: computing it{_takes(module, [config])}{goes_on}."
    if _speaks(progress):
        print(f"{line} Output: {paths.shown(folder)}", file=sys.stderr, flush=True)


def _takes(module: ModuleType, configs: Sequence[Config]) -> str:
    if not hasattr(module, "estimate_seconds"):
        return ""
    return f"; about {duration(sum(map(module.estimate_seconds, configs)))} on two cores"


def _speaks(progress: bool) -> bool:
    return progress and os.environ.get("COMPENDIUM_PROGRESS") != "0"


if __name__ == "__main__":
    from paper_code.lab.command import main

    sys.exit(main())
