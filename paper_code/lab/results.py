"""Finds results in a store, or has them trained and measured; what is missing is told before."""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from paper_code.lab import devices, paths, stages, weights
from paper_code.lab.chapter import SIZES, Chapter, UnknownName
from paper_code.lab.config import Config, suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.lock import lock, turn
from paper_code.lab.store import Result, Store, load, open_store
from paper_code.lab.weights import WEIGHTS


def result(
    chapter: Chapter, experiment: str, config: Config, store: Store, device: str = "auto", progress: bool = True
) -> Result:
    """The result of `config`: from the store, else computed and stored; see stages.make.

    device: "auto", "cpu" or "cuda".
    Raises: DeviceError, OutputError, Busy (another process computes it), CheckpointError, TrainingError.
    """
    stored = _stored(chapter, experiment, config, store)
    if stored is not None:
        return stored
    where, folder = devices.resolve(device), store.folder(chapter.name, experiment, config)

    def tell(goes_on: bool) -> None:
        what = f"{experiment} ({config.profile}, seed {config.seed})"
        line = f"No stored result for {what}: computing it{_takes(chapter, [config])}"
        if _speaks(progress):
            ending = "; goes on from its checkpoint." if goes_on else "."
            print(f"{line}{ending} Output: {paths.shown(folder)}", file=sys.stderr, flush=True)

    with lock(folder):
        stages.settle(folder)
        stored = store.find(chapter.name, experiment, config)  # another process may just have finished it
        if stored is None:
            stages.make(chapter, config, folder, where, progress, tell)
            stored = load(folder, chapter.name)
    return stored


def results(
    chapter: Chapter,
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
    chapter.require_profile(profile, "published")
    if profile == "published":
        if overrides:
            raise LabError(f"published results take no {', '.join(overrides)}: name a profile to compute.")
        profile = published(chapter, store)
    asked = plan(chapter, profile, seeds, names, **overrides)
    announce(chapter, asked, store, progress)
    return [result(chapter, name, config, store, device, progress) for name, config in asked]


def plan(
    chapter: Chapter,
    profile: str,
    seeds: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    **overrides: Any,
) -> list[tuple[str, Config]]:
    """(name, config) of all experiments asked for, seed by seed; a seed may lack some. Raises: UnknownName, ConfigError."""
    known_seeds = chapter.seeds(profile)
    each = [chapter.experiments(profile, seed, **overrides) for seed in (known_seeds if seeds is None else seeds)]
    _require(chapter, profile, names, {name: config for configs in each for name, config in configs.items()})
    return [pair for configs in each for pair in configs.items() if not names or pair[0] in names]


def announce(chapter: Chapter, asked: Sequence[tuple[str, Config]], store: Store, progress: bool = True) -> None:
    """Say how many of several results will be computed, and how long that takes."""
    missing = [config for name, config in asked if _stored(chapter, name, config, store) is None]
    if len(missing) > 1 and _speaks(progress):
        line = f"{len(missing)} of {len(asked)} results are not stored and will be computed{_takes(chapter, missing)}."
        print(line, file=sys.stderr, flush=True)


def published(chapter: Chapter, store: Store) -> str:
    """The best profile (full, small, smoke) that has every experiment of all its seeds in the store.

    Raises: LabError when no profile is complete, with what is missing.
    """
    lacking = []
    for profile in [name for name in SIZES if name in chapter.profiles]:
        wanted = plan(chapter, profile)
        missing = [pair for pair in wanted if _stored(chapter, *pair, store) is None]
        if not missing:
            return profile
        name, config = missing[0]
        lacking.append(f"{profile} lacks {len(missing)} of {len(wanted)} (first {name} seed {config.seed})")
    raise LabError(
        f"no complete set of results for {chapter.name}: {'; '.join(lacking)}. Compute one with "
        f"`python -m paper_code.lab.run {chapter.name} --profile small --all-seeds`, or set the profile to small."
    )


def measure_again(
    chapter: Chapter, asked: Sequence[tuple[str, Config]], store: Store, progress: bool = True
) -> Iterator[tuple[Result | None, str]]:
    """Measure stored results once more from their weights, where they lie: the committed ones too.

    Yields, for each (name, config), the result with "", or with why it was left as it was; None for what is not stored.
    Raises: CorpusError, OutputError, Busy, LabError.
    """
    shown = _speaks(progress)
    for name, config in tqdm(asked, "measuring", disable=not shown, file=sys.stderr, unit="result"):
        stored = _stored(chapter, name, config, store)
        reason = _why_not(stored)
        yield (stored, reason) if stored is None or reason else (_measured_again(chapter, config, stored), "")


def _stored(chapter: Chapter, experiment: str, config: Config, store: Store) -> Result | None:
    """The result in the store. What a kill broke off at its exchange is settled first, or it would be trained anew."""
    for root in store.roots:
        for folder in stages.unsettled(root / chapter.name / experiment):
            with turn(folder):
                stages.settle(folder)
    return store.find(chapter.name, experiment, config)


def _why_not(stored: Result | None) -> str:
    """Why a result cannot be measured again, or "". The measuring reads only what the training left."""
    if stored is None:
        return "not stored."
    changed = stages.changed(stored.folder, stored.trained["files"])
    if weights.are_gone(stored) and not (stored.folder / WEIGHTS).exists():
        return "weights are gone; what was measured stays."
    if not weights.are_gone(stored):
        changed.discard(WEIGHTS)  # they are found elsewhere
    if changed:
        names = ", ".join(sorted(changed))
        return f"not as the training left it: {names}. Fetch the result again, or delete it and run it again."
    return ""


def _measured_again(chapter: Chapter, config: Config, stored: Result) -> Result:
    chapter.sources(config)  # a missing recording is told now
    file = weights.find(stored)
    with lock(stored.folder):
        stages.measure_again(chapter, config, stored.folder, stored.provenance, {} if file is None else {WEIGHTS: file})
        return load(stored.folder, chapter.name)


def duration(seconds: float) -> str:
    """A time for people: "40 seconds", "12 minutes", "3.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds" if round(seconds) > 1 else "1 second"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _require(chapter: Chapter, profile: str, names: Sequence[str] | None, known: Collection[str]) -> None:
    """Raises UnknownName for a name that is not known; it tells where the first seed of the profile has it."""
    first = chapter.seeds(profile)[0]
    for name in names or []:
        if name in known:
            continue
        if name in chapter.experiments(profile, first):
            have = ", ".join(known)
            raise UnknownName(f"{chapter.name} has {name!r} with seed {first}; of the seed asked for it has {have}.")
        raise UnknownName(f"{chapter.name} has no experiment {name!r}. {suggestion(name, known)}")


def _takes(chapter: Chapter, configs: Sequence[Config]) -> str:
    return f"; about {duration(sum(map(chapter.estimate_seconds, configs)))} on two cores"


def _speaks(progress: bool) -> bool:
    return progress and os.environ.get("COMPENDIUM_PROGRESS") != "0"
