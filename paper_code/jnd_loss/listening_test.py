"""Measures on the sounds of a real MUSHRA test: every condition of every utterance against its reference.

The scores are kept as a result of the lab, since a page should not compute them again; a table reads them from there.
Each measure hears the sounds as they were rated, and once more without the delay of the codecs (`audio.delay`): their
listeners could not compare two sounds sample by sample, and most measures do.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from paper_code.audio import corpora
from paper_code.audio.clips import Clip, resample
from paper_code.audio.delay import delay, without_delay
from paper_code.jnd_loss.measures import Measure, conventional, embeddings, of_metrics, released
from paper_code.lab.config import Config
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS, Store, open_store
from paper_code.listeners.mushra import means, screen, speech_codec_test
from paper_code.listeners.ratings import Ratings
from paper_code.listeners.speech_codec_sounds import REFERENCE, recordings, sounds, speakers

CHAPTER, EXPERIMENT = "jnd_loss", "mushra"  # where the scores are kept
AS_RATED, ALIGNED = "as rated", "aligned"
ONE_LATER, LATER, INVERTED = "one sample later", "5 ms later", "polarity turned"  # hardly audible
UNRELATED = "another sentence"
CONTROLS, SCORES, LISTENERS = "controls", "scores", "listeners"  # parts of what is kept
KEPT_AT_ONCE = 16  # utterances whose sounds stay in memory, for the next metric: 4 MB each
Scores = Mapping[str, Mapping[str, float]]  # utterance -> condition -> distance


@dataclass(frozen=True, kw_only=True)
class Heard(Config):
    """Measures on the listening test; nothing is trained. items: how many of the 16 utterances, the first ones."""

    items: int = 16


@dataclass(frozen=True)
class Anchor:
    """A condition of the listening test. distance: median over utterances.   rating: mean of those who pass screening."""

    condition: str
    distance: float
    rating: float


def sources(config: Heard) -> list[dict[str, Any]]:
    """The recordings of a run. Raises CorpusError."""
    return corpora.sources(_files(config))


def at_hand(config: Heard) -> bool:
    """Whether the recordings of a run are here or can be fetched."""
    return corpora.available(file.path for file in _files(config))


def evaluate(config: Heard, folder: Path) -> None:
    """Write the scores of the released and of the conventional measures (see `measured`), and the ratings.

    "ratings": means by condition.   "listeners": every rating of those who pass, see `as_json`.
    """
    ratings, items = screened(), utterances(config)
    found = {"ratings": {name: mean.mean for name, mean in means(ratings).items()}}
    found[LISTENERS] = as_json(ratings.only(items))
    write_json(folder / METRICS, {**measured({**released(), **conventional(), **embeddings()}, items), **found})


def measured(measures: Mapping[str, Measure], items: Iterable[str], progress: bool = False) -> dict[str, Any]:
    """Distances of all conditions from the reference, delays of the conditions in samples at 24 kHz, and controls.

    {"scores": {"as rated" | "aligned": {measure: {utterance: {condition: distance}}}}, "controls": {measure: {utterance:
    {control: distance}}}, "delays": {utterance: {condition: samples}}, "lacking": {measure: why}}: a measure that cannot
    be computed here has a reason instead of scores. Raises what corpora.load raises.
    """
    usable = {name: measure for name, measure in measures.items() if not measure.lacks}
    scores: dict[str, dict[str, dict[str, dict[str, float]]]] = {
        way: {name: {} for name in usable} for way in (AS_RATED, ALIGNED, CONTROLS)
    }
    shifts: dict[str, dict[str, int]] = {}
    for item in tqdm(list(items), "utterances", disable=not progress):
        shifts[item] = delays(item)
        for name, measure in usable.items():
            for way, distances in _distances(measure, item).items():
                scores[way][name][item] = distances
    lacking = {name: measure.lacks for name, measure in measures.items() if measure.lacks}
    return {CONTROLS: scores.pop(CONTROLS), "scores": scores, "delays": shifts, "lacking": lacking}


def of_metric(metric: nn.Module, config: Heard) -> dict[str, Scores]:
    """The scores of one trained metric: {"as rated" | "aligned" | "controls": {utterance: {condition: distance}}}.

    Raises what corpora.load raises.
    """
    scores = measured(of_metrics({"metric": metric}), utterances(config))
    by_way = {**scores["scores"], CONTROLS: scores[CONTROLS]}
    return {way: of_metric["metric"] for way, of_metric in by_way.items()}


def as_json(ratings: Ratings) -> dict[str, Any]:
    """Ratings as they are kept; no number where a listener did not meet an item."""
    scores = [[[None if np.isnan(x) else x for x in of_item] for of_item in rows] for rows in ratings.scores.tolist()]
    return {"names": ratings.listeners, "items": ratings.items, "conditions": ratings.conditions, SCORES: scores}


def from_json(kept: Mapping[str, Any]) -> Ratings:
    """Ratings from what `as_json` kept. Raises RatingsError."""
    names = (tuple(kept[key]) for key in ("names", "items", "conditions"))
    return Ratings(*names, np.array(kept[SCORES], dtype=np.float64))


def controls(item: str, reference: Clip) -> dict[str, Clip]:
    """Three changes of a reference that people hardly hear, and what is not it at all: the sentence of another speaker.

    The other sentence is cut, or filled with silence, to the length of the reference.
    """
    other = corpora.load(recordings(_of_another_speaker(item))[REFERENCE].path)
    length = len(reference.waveform)
    fitted = functional.pad(other.waveform[:length], (0, max(0, length - len(other.waveform))))
    shifts = {name: round(seconds * reference.sample_rate) or 1 for name, seconds in ((ONE_LATER, 0.0), (LATER, 0.005))}
    return {
        **{name: _earlier(reference, -samples) for name, samples in shifts.items()},
        INVERTED: reference.with_waveform(-reference.waveform, "polarity turned"),
        UNRELATED: reference.with_waveform(fitted, f"{other.title} in its place"),
    }


def arrays(scores: Mapping[str, Scores], ratings: Ratings) -> dict[str, NDArray[np.float64]]:
    """Measure -> distances [item, condition] in the order of some ratings. Raises KeyError for what was not measured."""
    return {
        name: np.array([[of_items[item][condition] for condition in ratings.conditions] for item in ratings.items])
        for name, of_items in scores.items()
    }


def screened() -> Ratings:
    """The ratings of the listeners who pass the screening of BS.1534-3. Raises what corpora.locate raises."""
    return screen(speech_codec_test(), REFERENCE).kept


def anchors(store: Store | None = None, way: str = AS_RATED) -> dict[str, list[Anchor]]:
    """Measure -> the conditions of the kept scores, to compare a distance with; empty where there are no scores."""
    metrics = _kept(store)
    return (
        {
            name: [
                Anchor(condition, float(np.median([of_item[condition] for of_item in scores.values()])), rating)
                for condition, rating in metrics["ratings"].items()
                if condition != REFERENCE
            ]
            for name, scores in metrics["scores"][way].items()
        }
        if metrics
        else {}
    )


def distance_of_another_sentence(store: Store | None = None) -> dict[str, float]:
    """Measure -> median distance of another speaker's sentence: what is as far is beyond what a measure tells apart."""
    return {
        name: float(np.median([of_item[UNRELATED] for of_item in items.values()]))
        for name, items in _kept(store).get("controls", {}).items()
    }


def _kept(store: Store | None) -> Mapping[str, Any]:
    """The kept scores of the most utterances; empty where there are none."""
    kept = (store or open_store()).all(CHAPTER, EXPERIMENT)
    return max(kept, key=lambda result: result.config["items"]).metrics if kept else {}


def _distances(measure: Measure, item: str) -> dict[str, dict[str, float]]:
    """Way -> condition or control -> distance from the reference."""
    reference, heard = _at_rate(item, measure.sample_rate)
    found = {way: {name: measure.of(clip, reference) for name, clip in clips.items()} for way, clips in heard.items()}
    return {**found, ALIGNED: {**found[AS_RATED], **found[ALIGNED]}}


@functools.lru_cache(KEPT_AT_ONCE)
def _at_rate(item: str, sample_rate: int | None) -> tuple[Clip, dict[str, dict[str, Clip]]]:
    """The reference of an utterance and, by way, what is held against it, at a rate (None: as recorded).

    "aligned" has only the conditions that come late or early.
    """
    heard = sounds(item)
    reference = heard[REFERENCE]
    moved = {name: _earlier(heard[name], samples) for name, samples in delays(item).items() if samples}
    every = {AS_RATED: heard, ALIGNED: moved, CONTROLS: controls(item, reference)}
    rate = sample_rate or reference.sample_rate
    at_rate = {way: {name: resample(clip, rate) for name, clip in clips.items()} for way, clips in every.items()}
    return resample(reference, rate), at_rate


@functools.cache
def delays(item: str) -> dict[str, int]:
    """Condition -> samples at 24 kHz by which its sound of an utterance comes later than the reference."""
    heard = sounds(item)
    reference = heard[REFERENCE]
    return {name: delay(clip.waveform, reference.waveform, reference.sample_rate) for name, clip in heard.items()}


def _files(config: Heard) -> list[corpora.Recording]:
    return [file for item in utterances(config) for file in recordings(item).values()]


def utterances(config: Heard) -> list[str]:
    """The utterances of a run."""
    return list(speakers())[: config.items]


def _of_another_speaker(item: str) -> str:
    """The next utterance in the list that another person speaks."""
    names = speakers()
    order = list(names)
    place = order.index(item)
    return next(name for name in [*order[place:], *order] if names[name] != names[item])


def _earlier(clip: Clip, samples: int) -> Clip:
    return clip.with_waveform(without_delay(clip.waveform, samples), f"moved {samples} samples earlier")
