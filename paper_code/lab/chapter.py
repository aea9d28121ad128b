"""A chapter as the lab sees it: its document, its sizes, its experiments, and what trains and measures them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from paper_code.lab.config import Config, Profile, suggestion
from paper_code.lab.errors import LabError
from paper_code.lab.store import Result

SIZES = ("full", "small", "smoke")  # the profiles, best first


class UnknownName(LabError):
    """There is no chapter, profile or experiment of that name; the message lists those there are."""


@dataclass(frozen=True)
class Document:
    """A document that a chapter re-runs. key: in the bibliography. citation: short, as in running text."""

    key: str
    title: str
    citation: str


@dataclass(frozen=True)
class Chapter:
    """One chapter of the book. Every sister's experiment.py ends with hers, as CHAPTER; paper_code/chapters.py lists them.

    name: of its package, its claims file and its folder of results.
    experiments: (profile, seed, **overrides) -> the runs of one seed by name.
    sources: (config) -> the recordings used, one dict each, with sha256 and licence; asked first, so that a missing
        recording is told before the training.
    train: (config, folder, device, progress) leaves weights.safetensors and curves.npz in the folder; its checkpoints
        are called checkpoint*.pt. What has nothing to learn leaves nothing.
    evaluate: (config, folder) reads those and writes metrics.json, arrays.npz, *.flac. It never trains.
    measurements: (results) -> one value a seed by name, for the claims.
    recordings: () -> the paths of all recordings the chapter needs, see study.stand_in.
    estimate_seconds: (config) -> rough time on two cores, for people.

    The global generators are seeded with config.seed before `train` and again before `evaluate`.
    """

    name: str
    document: Document
    profiles: Mapping[str, Profile]
    experiments: Callable[..., Mapping[str, Config]]
    sources: Callable[[Any], list[dict[str, Any]]]
    train: Callable[[Any, Path, torch.device, bool], None]
    evaluate: Callable[[Any, Path], None]
    measurements: Callable[[list[Result]], dict[str, list[float]]]
    recordings: Callable[[], Iterable[str]]
    estimate_seconds: Callable[[Any], float]

    def require_profile(self, profile: str, *also: str) -> None:
        """Raises UnknownName, with all there are, unless the profile is one of the chapter's or of `also`."""
        known = (*also, *self.profiles)
        if profile not in known:
            raise UnknownName(f"{self.name} has no profile {profile!r}. {suggestion(profile, known)}")

    def seeds(self, profile: str) -> tuple[int, ...]:
        """The seeds that the published result of a profile averages over. Raises: UnknownName."""
        self.require_profile(profile)
        return self.profiles[profile].seeds
