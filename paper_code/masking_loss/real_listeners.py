"""A real MUSHRA test, analysed as the one of this chapter would be: Stahl, Windtner & Sontacchi (2024), speech codecs.

Its coders are others than the paper's; it shows what listeners' ratings look like, and what they can tell apart.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from paper_code.audio import corpora
from paper_code.display import mushra_results, players
from paper_code.display.markup import Shown, element, prose
from paper_code.display.players import Missing, missing_recording
from paper_code.display.tables import Column, table
from paper_code.listeners.anchors import low_anchor
from paper_code.listeners.mushra import Screening, means, outliers, screen, speech_codec_test
from paper_code.listeners.ratings import Ratings
from paper_code.listeners.speech_codec_sounds import ANCHOR, CORPUS, REFERENCE, recordings
from paper_code.masking_loss.study import Sound

HEARD = "VCTK_p237_284"  # the longest of those that were rated much as all are on average
ABSENT = (
    "The ratings are not on the machine that built this page. To see them, run "
    f"`python -m paper_code.audio.corpora fetch {CORPUS}` and build again."
)


def figure() -> Shown:
    """Means of the conditions with 95 % intervals, the best one at the top; where the ratings are missing, says so.

    Paper: Byun et al. 2021, Figure 2 (its kind).   Chapter: masking_loss
    """
    return _of_the_ratings(_figure)


def means_table() -> Shown:
    """Means of the conditions: of all listeners, and with t and bootstrap intervals of those who pass the screening."""
    return _of_the_ratings(_means_table)


def differences_table() -> Shown:
    """Each condition against the next one in rank; p values are corrected for all pairs, since ranks are seen first."""
    return _of_the_ratings(_differences_table)


def screening() -> str:
    """Who was screened out and why, in Markdown; "" where the ratings are missing."""
    ratings = _ratings()
    if ratings is None:
        return ""
    screened = screen(ratings, REFERENCE)
    told = "; ".join(f"{name}: {', '.join(why)}" for name, why in screened.reasons.items())
    far, count = len(outliers(screened.kept)), int(np.isfinite(screened.kept.scores).sum())
    return (
        f"Of {len(ratings.listeners)} listeners, {len(screened.reasons)} fail the screening of BS.1534-3 and are left out "
        f"below. {told[:1].upper()}{told[1:]}. These are the two whom the authors left out. The test had no anchor at "
        f"7 kHz, so the recommendation's other rule cannot be applied. Of the {count:,} ratings that stay, {far} lie more "
        "than 1.5 interquartile ranges outside the quartiles of their sound; no error could be shown in them, so "
        "they are kept."
    )


def player(item: str = HEARD) -> players.Player:
    """An utterance in all conditions, at one loudness. The anchor has no file and is made again.

    item: as in the ratings. Raises KeyError for one that there is not.
    """
    sounds = {name: _loaded(name, file) for name, file in recordings(item).items()}
    reference = sounds[REFERENCE]
    sounds[ANCHOR] = Missing(ANCHOR, reference.message) if isinstance(reference, Missing) else low_anchor(reference)
    return players.compare(
        sounds,
        f"{item.replace('_', ' ')}: what the listeners rated",
        "Rate them yourself before you look at the figure. The anchor was not published: here it is the reference, "
        "low-passed at 3.5 kHz as BS.1534-3 wants it, which may not be the filter of the test.",
        roles=roles(sounds),
    )


def roles(conditions: object) -> dict[str, str]:
    """Condition -> role: the reference, and codecs; the anchor has none."""
    return {name: "reference" if name == REFERENCE else "codec" for name in conditions if name != ANCHOR}


def _figure(ratings: Ratings, screened: Screening) -> Shown:
    caption = (
        "A real MUSHRA test of speech codecs (Stahl, Windtner & Sontacchi 2024), after screening. Look at how wide "
        "the intervals are with this many listeners, and at how far apart the listeners' own means lie."
    )
    names = _ranked(screened.kept)
    return mushra_results.figure(screened.kept, caption, names, roles(names))


def _means_table(ratings: Ratings, screened: Screening) -> Shown:
    everybody, kept = means(ratings), means(screened.kept)
    rows = [
        [name, everybody[name].mean, kept[name].mean, *map(_between, (kept[name].student, kept[name].bootstrap))]
        for name in _ranked(screened.kept)
    ]
    few, all_of_them = len(screened.kept.listeners), len(ratings.listeners)
    caption = (
        f"Means of the real test. Listeners are the units: each one's {len(ratings.items) // 2} items are averaged "
        f"first. 95 % intervals over the {few} listeners who pass, after Student and by bootstrap."
    )
    columns = [
        "condition", Column(f"mean of all {all_of_them}", "points", ".1f"), Column(f"mean of {few}", "points", ".1f"),
        "t interval", "bootstrap",
    ]  # fmt: skip
    return table(columns, rows, caption)


def _differences_table(ratings: Ratings, screened: Screening) -> Shown:
    names = _ranked(screened.kept)
    count = len(names) * (len(names) - 1) // 2
    caption = (
        "Neighbours in rank: paired t tests over listeners. The ratings decide which conditions are neighbours, so "
        f"Holm's correction is for all {count} pairs, of which these {len(names) - 1} are shown."
    )
    return mushra_results.differences_table(screened.kept, caption, names, shown=list(pairwise(names)))


def _of_the_ratings(make: Callable[[Ratings, Screening], Shown]) -> Shown:
    ratings = _ratings()
    if ratings is None:
        return Shown(element("p", prose(ABSENT), class_="sound-message"), ABSENT)
    return make(ratings, screen(ratings, REFERENCE))


def _ratings() -> Ratings | None:
    """The ratings of the test; None where they are not here."""
    try:
        return speech_codec_test()
    except corpora.RecordingMissing:
        return None


def _ranked(ratings: Ratings) -> list[str]:
    """The conditions, best first."""
    by_name = means(ratings)
    return sorted(by_name, key=lambda name: -by_name[name].mean)


def _loaded(name: str, file: corpora.Recording) -> Sound:
    try:
        return corpora.load(file.path)
    except corpora.RecordingMissing:
        return missing_recording(name, [file.path])


def _between(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.1f} to {ends[1]:.1f}"
