"""The paper's MUSHRA test with the coders of this chapter: its sounds, its ratings, Figure 2 and what it tells."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from paper_code.audio.clips import Clip
from paper_code.audio.places import expanded, is_file, is_folder
from paper_code.display import mushra_results
from paper_code.display.figures import Drawing
from paper_code.display.tables import Table
from paper_code.lab.errors import LabError
from paper_code.listeners.anchors import low_anchor, mid_anchor
from paper_code.listeners.design import ListeningTest, mushra
from paper_code.listeners.mushra import by_group, failings
from paper_code.listeners.ratings import Ratings, RatingsError, read
from paper_code.masking_loss import figures
from paper_code.masking_loss.conditions import FAMILIES, in_the_paper
from paper_code.masking_loss.configs import RATES
from paper_code.masking_loss.figures import ORIGINAL
from paper_code.masking_loss.study import Sound, Study

LOW, MID = "anchor 3.5 kHz", "anchor 7 kHz"
CODERS = tuple(coder.family for coder in in_the_paper(RATES[0]))
CONDITIONS = (ORIGINAL, LOW, MID, *CODERS)
ROLES = {ORIGINAL: "reference", **figures.ROLES}
# What webMUSHRA calls the hidden reference and the anchors that it makes itself, and its pages for training.
WEB_MUSHRA = {"reference": ORIGINAL, "anchor35": LOW, "anchor70": MID}
TRAINING = ("training", "trial_training")
NOBODY_PASSED = "No listener passed the screening."


def items(study: Study) -> dict[str, tuple[str, float]]:
    """What is heard in a trial -> utterance and bit rate in kb/s: each kept utterance at each rate."""
    return {f"{_title(name)}, {rate:g} kb/s": (name, rate) for rate in RATES for name in study.heard}


def sounds(study: Study) -> dict[tuple[str, str], Sound]:
    """(item, condition) -> sound. A coder is called the same at all rates; the item tells the rate."""
    shared = {name: _shared(study, name) for name in study.heard}
    heard: dict[tuple[str, str], Sound] = {}
    for item, (name, rate) in items(study).items():
        heard |= {(item, condition): sound for condition, sound in shared[name].items()}
        heard |= {(item, coder.family): study.decoded(coder, name) for coder in in_the_paper(rate)}
    return heard


def mushra_test(study: Study) -> ListeningTest:
    """The paper's test, with a second anchor: a trial of eight sounds for each utterance and rate.

    Its name holds a digest of the coders' sounds, so ratings of other sounds are refused, and ratings can be read
    where the recordings are not.

    Paper: Byun et al. 2021, section 4.3.   Chapter: masking_loss
    """
    digest = hashlib.sha256()
    for name, rate in items(study).values():
        for coder in in_the_paper(rate):
            digest.update((study.condition(coder).folder / f"{name}.flac").read_bytes())
    return mushra(f"Speech coders, run {digest.hexdigest()[:8]}", list(items(study)), CONDITIONS, ORIGINAL)


def read_ratings(study: Study, ratings: str) -> Ratings | None:
    """The ratings in a file, or in all .csv files of a folder; None for "".

    Files are those of the page, tables with its columns, or webMUSHRA's, if its test, pages and stimuli have the names
    that `mushra_test` gives them; its training pages do not count.
    Raises LabError for a place without ratings, RatingsError for files that do not answer this test as they should.
    """
    if not ratings:
        return None
    place = expanded(ratings)
    files = sorted(place.glob("*.csv")) if is_folder(place) else [place]
    if not files or not all(map(is_file, files)):
        raise LabError(f"there are no ratings in {ratings}: give the folder of the downloaded .csv files, or one file.")
    if files[0].suffix == ".json":
        raise RatingsError(
            f"{files[0].name} is of an unfinished test: go on from it on the page of the test, and download the ratings"
        )
    return read(files, mushra_test(study), TRAINING, WEB_MUSHRA)


def figure_2(ratings: Ratings | None) -> Drawing:
    """Figure 2: means with 95 % intervals, a panel a bit rate and one for all; it says where nobody has rated.

    ratings: as read; listeners who fail the screening of BS.1534-3 are left out.

    Paper: Byun et al. 2021, Figure 2.   Chapter: masking_loss
    """
    kept = _kept(ratings)
    groups = {item: _place(item)[1] for item in kept.items} if kept else None
    caption = "Figure 2 of the paper, with our coders: how listeners rate each of them, compared with the original."
    look = " Look at where the masking loss lies, compared with the other losses and with AMR-WB." if kept else ""
    nothing = NOBODY_PASSED if ratings else mushra_results.NONE_YET
    about_listeners = f"{caption}{look} {screening(ratings)}".strip()
    return mushra_results.figure(kept, about_listeners, CONDITIONS, ROLES, groups, nothing)


def tables(ratings: Ratings | None) -> list[Table]:
    """Means of every coder at every rate, and what the masking loss gains over the others; nothing without ratings.

    The differences are those that the paper speaks of, and that to the squared error: Holm's correction is for these.

    Paper: Byun et al. 2021, section 4.3, which gives no test.   Chapter: masking_loss
    """
    kept = _kept(ratings)
    if kept is None:
        return []
    crossed = by_group(kept, {item: _place(item) for item in kept.items})
    rates = dict.fromkeys(_place(item)[1] for item in kept.items)
    masking = FAMILIES["masking"]
    others = [family for family in CODERS if family != masking]
    pairs = [(f"{masking}, {rate}", f"{other}, {rate}") for rate in rates for other in others]
    means = mushra_results.means_table(
        crossed,
        "What listeners gave, 0 to 100: means and 95 % intervals over listeners, each of whom counts once. "
        + screening(ratings),
    )
    differences = mushra_results.differences_table(
        crossed,
        "The masking loss against the others: mean difference, positive where the masking loss is better, its 95 % "
        f"interval and paired t tests over listeners; Holm's correction is for these {len(pairs)} pairs.",
        pairs=pairs,
    )
    return [means, differences]


def screening(ratings: Ratings | None) -> str:
    """Who is left out of the count, and why."""
    if ratings is None:
        return "Without ratings there is nobody to screen."
    reasons = failings(ratings, ORIGINAL, MID)
    if not reasons:
        return "Every listener passed the screening of BS.1534-3."
    told = "; ".join(f"{name}: {', '.join(why)}" for name, why in reasons.items())
    return f"Left out by the screening of BS.1534-3 ({len(reasons)} of {len(ratings.listeners)}): {told}."


def asked(ratings: Ratings | None) -> str:
    """Whether anybody was asked about the coders, and where the answer stands; Markdown."""
    if ratings is None:
        return "Nobody has been asked here yet."
    kept = _kept(ratings)
    passed = len(kept.listeners) if kept else 0
    return (
        f"Listeners asked here: {len(ratings.listeners)}, of whom {passed} passed the screening; Figure 2 shows what "
        "they said; the table of claims does not count it."
    )


def about() -> str:
    """What the paper's own test was, and what is different here; Markdown."""
    return (
        "*The paper's test:* seven experienced listeners, ten files of the test set at three bit rates, AMR-WB and the "
        "coders of three losses, and one anchor, low-passed at 3.5 kHz. ITU-R BS.1534-3 wants a second anchor at 7 kHz, "
        "a training, and about twenty listeners; the paper mentions no screening. *Ours:* the same three rates, "
        "fewer "
        "utterances, both anchors, the coder of the squared error too, a practice trial and the screening of the "
        "recommendation. A coder keeps to its rate on average: these utterances take more or less. Listeners take "
        "part at home, with their own equipment. Keep this in mind when you read the result."
    )


def _shared(study: Study, name: str) -> dict[str, Sound]:
    """The reference and its anchors, which are the same at all rates."""
    original = study.original(name)
    if not isinstance(original, Clip):
        return {condition: replace(original, label=condition) for condition in (ORIGINAL, LOW, MID)}
    return {ORIGINAL: original, LOW: low_anchor(original), MID: mid_anchor(original)}


def _kept(ratings: Ratings | None) -> Ratings | None:
    """Without listeners who fail the screening; None where nobody is left."""
    if ratings is None:
        return None
    failed: Mapping[str, object] = failings(ratings, ORIGINAL, MID)
    kept = [name for name in ratings.listeners if name not in failed]
    return ratings.by(kept) if kept else None


def _title(name: str) -> str:
    """ "speaker 1688, utterance 142285-0004" for LibriSpeech's "1688-142285-0004"; another name as it is."""
    speaker, _, utterance = name.partition("-")
    return f"speaker {speaker}, utterance {utterance}" if speaker.isdigit() else name


def _place(item: str) -> tuple[str, str]:
    """Utterance and rate, as in the title of an item."""
    utterance, _, rate = item.rpartition(", ")
    return utterance, rate
