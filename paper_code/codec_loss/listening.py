"""The paper's A/B test on our models: its sounds, its answers, and its tables beside the paper's."""

import hashlib
from collections.abc import Sequence
from itertools import combinations

from paper_code.audio.places import expanded, is_file, is_folder
from paper_code.codec_loss import reported
from paper_code.codec_loss.figures import MODEL_ROLES, MODEL_TITLES, ORIGINAL
from paper_code.codec_loss.study import Sound, Study
from paper_code.codec_loss.tracks import TRACKS
from paper_code.display.tables import Reported, Table, table
from paper_code.lab.errors import LabError
from paper_code.listeners.answers import Answers, read_all
from paper_code.listeners.design import ListeningTest, pairwise
from paper_code.listeners.granularity import mean_attainable
from paper_code.listeners.preferences import Pair, Preferences, Spread, summarise

BAND = 3000
ROLES = {ORIGINAL: "reference", **{title: MODEL_ROLES[model] for model, title in MODEL_TITLES.items()}}


def sounds(study: Study) -> dict[tuple[str, str], Sound]:
    """(track, version) -> sound: five tracks, the band-limited original and the models."""
    found: dict[tuple[str, str], Sound] = {}
    for name, track in TRACKS.items():
        found[track.title, ORIGINAL] = study.original(name, BAND)
        for model, result in study.models().items():
            found[track.title, MODEL_TITLES[model]] = study.heard(result, name)
    return found


def ab_test(study: Study) -> ListeningTest:
    """The paper's test of all pairs, with one version more, our Fair Model C: 75 comparisons.

    Its name holds a digest of the networks' sounds, so answers to other sounds are refused, and answers can be read
    where the recordings are not.

    Paper: Ananthabhotla et al. 2019, §7. Chapter: codec_loss.
    """
    digest = hashlib.sha256()
    for result in study.models().values():
        for name in TRACKS:
            digest.update((result.folder / f"{name}.flac").read_bytes())
    name = f"Models A to D and Fair Model C, run {digest.hexdigest()[:8]}"
    return pairwise(name, [track.title for track in TRACKS.values()], list(ROLES))


def read_answers(study: Study, answers: str) -> list[Answers]:
    """The answers in a file, or in all .json files of a folder; none for "".

    Raises LabError for a place without answers, AnswerError for a file that does not answer this test.
    """
    if not answers:
        return []
    place = expanded(answers)
    files = sorted(place.glob("*.json")) if is_folder(place) else [place]
    if not files or not all(map(is_file, files)):
        raise LabError(
            f"there are no answers in {answers}: give the folder of the downloaded .json files, or one file."
        )
    return read_all(files, ab_test(study))


def wins(listeners: Sequence[Answers]) -> Table:
    """Table 4: how often each version was called the better one."""
    paper, ours = reported.preferences(), summarise(listeners) if listeners else None
    rows = [
        [name, _reported(paper.wins.get(name), "Table 4"), _ours(ours, name), f"{ours.listeners if ours else 0}"]
        for name in ROLES
    ]
    caption = (
        f"Table 4: share of its {paper.appearances} comparisons that each version won, mean ± standard deviation over "
        f"listeners. What people said, not what a metric predicts. The paper had {paper.listeners}. {_how_many(listeners)} "
        f"Here a version has {len(TRACKS) * (len(ROLES) - 1)} comparisons: Fair Model C is one more to be compared with."
    )
    return table(["version", "paper", "here", "listeners here"], rows, caption)


def ties(listeners: Sequence[Answers]) -> Table:
    """Table 5: how often each pair was answered with "I don't know"."""
    paper, ours = reported.preferences(), summarise(listeners) if listeners else None
    rows = [
        [f"{first} and {second}", _reported(paper.ties.get((first, second)), "Table 5"), _ours(ours, (first, second))]
        for first, second in combinations(ROLES, 2)
    ]
    caption = (
        f'Table 5: share of {paper.presentations} presentations of each pair that were answered with "I don\'t know", '
        f"mean ± standard deviation over listeners. {_how_many(listeners)}"
    )
    return table(["pair", "paper", "here"], rows, caption)


def arithmetic() -> str:
    """What the paper's own tables add up to, in Markdown."""
    paper = reported.preferences()
    asked = len(paper.ties) * paper.presentations
    counts = [
        n
        for n in range(1, paper.listeners + 1)
        if all(mean_attainable(cell.mean, n, paper.presentations) for cell in paper.ties.values())
    ]
    (pair, cell) = max(paper.ties.items(), key=lambda item: item[1].mean)
    surplus = paper.accounted - asked
    return (
        f"*A check of the paper's arithmetic.* A listener answers {asked} comparisons; each has a winner or is a tie. "
        f"The means of Table 4, times {paper.appearances}, and of Table 5, times {paper.presentations}, add up to "
        f"{paper.accounted:.1f}, {surplus:.1f} too many, while rounding explains at most {paper.rounding():.2f}. The "
        f"means of Table 5 can come from {' or '.join(map(str, counts))} listeners, but not from {paper.listeners}. "
        f"If the {cell.mean:.2f} of {pair[0]} and {pair[1]} were {cell.mean - surplus / paper.presentations:.2f}, the "
        "sum would be right. So the ties of these two may be fewer than printed. This does not affect who won."
    )


def _reported(spread: Spread | None, place: str) -> Reported | None:
    return spread and Reported(f"{spread.mean:.2f} ± {spread.sd:.2f}", place)


def _ours(ours: Preferences | None, what: str | Pair) -> str | None:
    if ours is None:
        return None
    spread = ours.wins[what] if isinstance(what, str) else ours.ties[what]
    return f"{spread.mean:.2f} ± {spread.sd:.2f}" if spread.sd == spread.sd else f"{spread.mean:.2f}"


def _how_many(listeners: Sequence[Answers]) -> str:
    return f"Here {len(listeners)}." if listeners else "Here nobody has answered yet."
