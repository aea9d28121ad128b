"""The chapters of the book: their order, the documents they re-run, and the way to their code.

paper_code/<chapter>/experiment.py gives the lab:

    PROFILES: dict[str, Profile]                      "smoke", "small", "full"
    seeds(profile) -> list[int]                       those of the published result
    experiments(profile, seed, **overrides) -> dict[str, Config]
    sources(config) -> list[dict]                     the recordings used, one dict each, with sha256 and licence;
                                                      asked first, so a missing recording is told before the training
    train(config, folder, device, progress)           leaves weights and curves in folder; fit() with
                                                      checkpoint=folder / "checkpoint.pt", tag=config.hash
    evaluate(config, folder)                          leaves metrics.json, arrays.npz, *.flac
    measurements(results) -> dict[str, list[float]]   one value a seed by name, for the claims
    estimate_seconds(config) -> float                 optional: time on two cores, for people

The global generators are seeded with config.seed before train and again before evaluate.
"""

import importlib
from dataclasses import dataclass
from types import ModuleType

from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError

CHAPTERS = ("bark_loss", "codec_loss", "masking_loss")  # in the order of the book

WANTED = ("PROFILES", "seeds", "experiments", "train", "evaluate", "sources", "measurements")
SIZES = ("full", "small", "smoke")  # the profiles, best first


@dataclass(frozen=True)
class Document:
    """A document that a chapter re-runs. key: in the bibliography. citation: short, as in running text."""

    key: str
    title: str
    citation: str


DOCUMENTS = {
    "bark_loss": Document("vinyard2018", "Perceptual Audio Loss", "Vinyard (2018)"),
    "codec_loss": Document(
        "ananthabhotla2019",
        "Towards a Perceptual Loss: Using a Neural Network Codec Approximation as a Loss for Generative Audio Models",
        "Ananthabhotla, Ewert & Paradiso (2019)",
    ),
    "masking_loss": Document(
        "byun2021",
        "Development of a Psychoacoustic Loss Function for the Deep Neural Network (DNN)-Based Speech Coder",
        "Byun et al. (2021)",
    ),
}


class UnknownName(LabError):
    """There is no chapter, profile or experiment of that name; the message lists those there are."""


def module(chapter: str) -> ModuleType:
    """The chapter's experiment module, checked to have all the lab needs.

    Raises: UnknownName for no such chapter; LabError when the module lacks something.
    """
    if chapter not in CHAPTERS:
        raise UnknownName(f"there is no chapter {chapter!r}. {suggestion(chapter, CHAPTERS)}")
    found = importlib.import_module(f"paper_code.{chapter}.experiment")
    missing = [name for name in WANTED if not hasattr(found, name)]
    if missing:
        raise LabError(f"{found.__name__} lacks {', '.join(missing)}; the lab needs {', '.join(WANTED)}.")
    return found


def check_profile(chapter: str, profile: str) -> None:
    """Raises: UnknownName when the chapter has no such profile."""
    known = module(chapter).PROFILES
    if profile not in known:
        raise UnknownName(f"{chapter} has no profile {profile!r}. {suggestion(profile, known)}")
