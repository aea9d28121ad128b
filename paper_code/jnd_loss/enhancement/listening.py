"""The paper's A/B preference test as a page: its sounds, its answers, and what people said beside what was predicted."""

import hashlib
from collections.abc import Mapping, Sequence

from paper_code.audio.places import expanded
from paper_code.display.tables import Column, Reported, Table, table
from paper_code.jnd_loss import weights as released
from paper_code.jnd_loss.enhancement import methods, scores
from paper_code.jnd_loss.enhancement.figures import ROLES as COLOURS
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.study import Sound, Study
from paper_code.lab.errors import LabError
from paper_code.lab.weights import WEIGHTS
from paper_code.listeners.answers import Answers, read_all
from paper_code.listeners.design import PAIR, ListeningTest, Trial

PAIRS = (  # ours, baseline: the released ones as in the paper, and the trainings of this book
    ("manocha", "germain"),
    ("manocha", "logmmse"),
    ("manocha", "wiener"),
    ("jnd", "deep"),
    ("jnd", "l1"),
)
A_GROUP = 2  # utterances of each group
QUESTION = "Which would you rather listen to?"
PAPER = Reported("ours, in all groups", "§4.2")
CONDITIONS = tuple(dict.fromkeys(name for pair in PAIRS for name in pair))
ROLES = {TITLES[name]: COLOURS[name] for name in CONDITIONS}


def items(study: Study) -> dict[str, str]:
    """What is heard in a trial -> its group: two utterances of each of the four groups by difficulty."""
    return {name: group for group in scores.GROUPS for name in study.in_group(group, A_GROUP)}


def sounds(study: Study) -> dict[tuple[str, str], Sound]:
    """(utterance, method) -> sound."""
    heard: dict[tuple[str, str], Sound] = {}
    for name in items(study):
        made = study.sounds(name, CONDITIONS)
        heard |= {(name, TITLES[method]): made[method] for method in CONDITIONS}
    return heard


def ab_test(study: Study) -> ListeningTest:
    """Ours against each baseline on every utterance. Its name holds a digest of the networks, so answers to others are
    refused, and answers can be read where the recordings are not.

    Paper: Manocha et al. 2020, §4.2: "A/B preference tests ... Ours vs baseline". Chapter: jnd_denoiser.
    """
    digest = hashlib.sha256()
    for name in methods.RELEASED:
        digest.update(released.released_denoiser(name).read_bytes())
    for loss in [name for name in CONDITIONS if study.of(name)]:
        digest.update(study.shown(loss).trained["files"][WEIGHTS].encode())
    trials = [Trial(item, (TITLES[ours], TITLES[other])) for ours, other in PAIRS for item in items(study)]
    name = f"Denoisers, run {digest.hexdigest()[:8]}"
    return ListeningTest(name, PAIR, tuple(items(study)), tuple(TITLES[c] for c in CONDITIONS), tuple(trials), QUESTION)


def read_answers(study: Study, answers: str) -> list[Answers]:
    """The answers in a file, or in all .json files of a folder; none for "".

    Raises LabError for a place without answers, AnswerError for a file that does not answer this test.
    """
    if not answers:
        return []
    place = expanded(answers)
    files = sorted(place.glob("*.json")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise LabError(
            f"there are no answers in {answers}: give the folder of the downloaded .json files, or one file."
        )
    return read_all(files, ab_test(study))


def preferences(study: Study, listeners: Sequence[Answers]) -> Table:
    """Figure 3 with people: how often ours was preferred, by baseline and group; empty where nobody has answered."""
    groups = items(study)
    rows = []
    for ours, other in PAIRS:
        votes = _votes(listeners, ours, other)
        values = [_share([v for item, v in votes if groups[item] == group]) for group in scores.GROUPS]
        paper = PAPER if ours == "manocha" else None
        rows.append([f"{TITLES[ours]} over {TITLES[other]}", paper, *values])
    many = "" if len(listeners) == 1 else "s"
    told = f"Here {len(listeners)} listener{many}." if listeners else "Here nobody has answered yet."
    columns = [Column("pair"), Column("paper"), *(Column(group, "%", ".0f") for group in scores.GROUPS)]
    caption = f"What people said, not what a metric predicts: share of votes for ours; undecided counts half. {told}"
    return table(columns, rows, caption)


def _votes(listeners: Sequence[Answers], ours: str, other: str) -> list[tuple[str, float]]:
    """(utterance, 1 for ours, 0 for the other, 0.5 for neither) of every answer to a pair."""
    wanted = {TITLES[ours], TITLES[other]}
    worth: Mapping[str | None, float] = {TITLES[ours]: 1.0, TITLES[other]: 0.0, None: 0.5}
    given = [answer for one in listeners for answer in one.answers if set(answer.shown) == wanted]
    return [(answer.item, worth[answer.value]) for answer in given]


def _share(votes: Sequence[float]) -> float | None:
    return 100 * sum(votes) / len(votes) if votes else None
