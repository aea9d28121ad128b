"""The answer of the denoiser's chapter in a few sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, compare, joined, written
from paper_code.jnd_loss.enhancement.configs import LOSSES
from paper_code.jnd_loss.enhancement.measurements import OURS
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.scores import GROUPS
from paper_code.lab.intervals import interval_of_defined

QUESTION = "Does a loss that was learned from just noticeable differences make a better denoiser?"
NOT_RUN = (
    "the A/B test with people, which this book offers as a page of its own",
    "Wavenet, the paper's fifth method, whose weights are not at hand",
    "a training of the paper's length",
)
PLACE, ELSEWHERE = "VoiceBank-DEMAND", "held-out mixtures"
FLOORS = {"logmmse": "log-MMSE, a fixed rule of 1985", "noisy": "doing nothing"}
Values = Mapping[str, Sequence[float]]


def answer(study: Answerable) -> Answer:
    """Ours beside the floors, the released denoisers, what people would prefer by prediction, and what was not run."""
    values = study.measurements
    makers = (_floor, _released, _predicted, _elsewhere, _ours, _distance)
    sentences = [make(values) for make in makers]
    return answers.answer(QUESTION, sentences, NOT_RUN, study.profile)


def _name(measure: str, method: str) -> str:
    return f"{measure}, {TITLES[method]}, {PLACE}"


def _released(values: Values) -> str | None:
    found = compare(values, _name("PESQ", "manocha"), _name("PESQ", "germain"))
    floor = compare(values, _name("PESQ", "manocha"), _name("PESQ", "logmmse"))
    nothing = interval_of_defined(values.get(_name("PESQ", "noisy"), ()))
    if found is None or floor is None or nothing is None:
        return None
    how = found.word("lower than", "equal to", "higher than")
    over = floor.word("below", "at", "above")
    return (
        f"On {PLACE} the paper's released denoiser has a PESQ {how} that of the one trained with deep features "
        f"({found.numbers(2)}), {over} log-MMSE, which learned nothing ({written(floor.second, 2)}), and the noisy input "
        f"({written(nothing, 2)})."
    )


def _predicted(values: Values) -> str | None:
    parts = []
    for other in OURS["manocha"]:
        name = f"preferred by PESQ, {TITLES['manocha']} over {TITLES[other]}"
        shares = [interval_of_defined(values.get(f"{name}, {group}", ())) for group in GROUPS]
        if all(share is not None for share in shares):
            groups = sum(share.mean > 0.5 for share in shares)
            parts.append(f"over {TITLES[other]} in {groups} of {len(GROUPS)} groups")
    if not parts:
        return None
    return (
        f"PESQ predicts that the paper's denoiser would be preferred by most {joined(parts)} by difficulty; the paper "
        "reports all groups, with real votes. Our sentence is a prediction."
    )


def _elsewhere(values: Values) -> str | None:
    names = [f"PESQ, {TITLES[name]}, {ELSEWHERE}" for name in ("manocha", "germain", "noisy", "logmmse")]
    ours, theirs = (compare(values, name, names[2]) for name in names[:2])
    floor = interval_of_defined(values.get(names[3], ()))
    if ours is None or theirs is None or floor is None:
        return None
    if ours.order < 0 and theirs.order < 0:
        said = "both released denoisers are *worse than doing nothing*"
    elif ours.order > 0 and theirs.order > 0:
        said = "both released denoisers are better than doing nothing"
    else:
        said = "one of the released denoisers is not better than doing nothing"
    return (
        f"On speech, noises and rooms of another kind than in their training {said}: PESQ {written(ours.first, 2)} and "
        f"{written(theirs.first, 2)} against {written(ours.second, 2)}; log-MMSE has {written(floor, 2)}."
    )


def _ours(values: Values) -> str | None:
    deep = compare(values, _name("PESQ", "jnd"), _name("PESQ", "deep"))
    plain = compare(values, _name("PESQ", "jnd"), _name("PESQ", "l1"))
    if deep is None or plain is None:
        return None
    first = deep.word("lower than", "the same as", "higher than")
    return (
        f"Of our own short trainings, all from one start, the JND loss gives a PESQ {first} deep features "
        f"({deep.numbers(2)}) and {plain.word('lower than', 'the same as', 'higher than')} L1 "
        f"({written(plain.second, 2)}){deep.seed}."
    )


def _floor(values: Values) -> str | None:
    over = {floor: [compare(values, _name("PESQ", loss), _name("PESQ", floor)) for loss in LOSSES] for floor in FLOORS}
    if any(found is None for columns in over.values() for found in columns):
        return None
    parts = []
    for floor, columns in over.items():
        above = [TITLES[loss] for loss, found in zip(LOSSES, columns, strict=True) if found.order > 0]
        who = "none" if not above else "each" if len(above) == len(LOSSES) else joined(above)
        parts.append(f"{who} is above {FLOORS[floor]} ({written(columns[0].second, 2)})")
    return f"*Of our trainings, by PESQ, {joined(parts)}.* They are short: the settings stand below."


def _distance(values: Values) -> str | None:
    found = compare(values, _name("JND distance", "jnd"), _name("JND distance", "noisy"))
    others = compare(values, _name("JND distance", "jnd"), _name("JND distance", "deep"))
    if found is None or others is None:
        return None
    how = found.word(
        "nearer to the clean speech than", "as far from the clean speech as", "farther from the clean speech than"
    )
    return (
        f"By the JND distance itself, what the denoiser trained with it gives is {how} the input ({found.numbers(2)}); "
        f"with deep features it is {written(others.second, 2)}."
    )
