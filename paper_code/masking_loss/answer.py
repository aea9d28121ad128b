"""The answer of the masking-loss chapter in three sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, compare, joined, written

QUESTION = "At the same bit rate, is speech better when the coder learns from the noise that we can hear?"
LISTENERS = "a listening test, which is the paper's main result (the test is ready, see below)"
LENGTH = "trainings of the paper's length and width (the profile *full*)"
RATE, AMR_WB = "20", "AMR-WB 19.85"  # the rate of the paper's figures, and the codec beside it
PERCEPTUAL = {"masking": "the masking loss", "log-mel": "the log-mel loss", "PMSQE": "PMSQE"}


def answer(study: Answerable) -> Answer:
    """What the masking loss does to the noise and to the predicted quality, and what was not run."""
    values = study.measurements
    not_run = [LISTENERS] if study.profile == answers.FULL else [LENGTH, LISTENERS]
    return answers.answer(QUESTION, [_noise(values), _quality(values), _codec(values)], not_run, study.profile)


def _noise(values: Mapping[str, Sequence[float]]) -> str | None:
    found = compare(values, f"noise above threshold, masking {RATE}", f"noise above threshold, MSE {RATE}", factor=100)
    if found is None:
        return None
    amount = found.word("less noise", "about as much noise", "more noise")
    return (
        f"At {RATE} kb/s the masking loss leaves {amount} above the threshold, compared with the squared error alone: "
        f"{found.numbers(1, '%')} of the spectrogram{found.seed}."
    )


def _quality(values: Mapping[str, Sequence[float]]) -> str | None:
    """PESQ of the perceptual losses: each against the squared error, and whether they can be put in order."""
    groups: dict[str, list[str]] = {}
    for loss, title in PERCEPTUAL.items():
        if found := compare(values, f"PESQ, {loss} {RATE}", f"PESQ, MSE {RATE}"):
            how = found.word("lower than", "about the same as", "higher than")
            group = f"{how} with the squared error ({written(found.second, 2)})"
            groups.setdefault(group, []).append(f"{title} ({written(found.first, 2)})")
    if not groups:
        return None
    told = "; ".join(f"{how} for {joined(losses)}" for how, losses in groups.items())
    return f"The predicted quality (PESQ) is {told}. {_order(values)}".strip()


def _order(values: Mapping[str, Sequence[float]]) -> str:
    pairs = {
        pair: found
        for pair in combinations(PERCEPTUAL, 2)
        if (found := compare(values, *(f"PESQ, {loss} {RATE}" for loss in pair)))
    }
    if len(pairs) < len(PERCEPTUAL):
        return ""
    seeds = min(found.difference.count for found in pairs.values())
    apart = [
        f"{PERCEPTUAL[first]} is {found.word('below', 'level with', 'above')} {PERCEPTUAL[second]}"
        for (first, second), found in pairs.items()
        if found.order
    ]
    if seeds > 1 and apart:
        return f"Of the three, {joined(apart)}."
    return f"With {'one seed' if seeds == 1 else f'{seeds} seeds'} the three cannot be put in an order."


def _codec(values: Mapping[str, Sequence[float]]) -> str | None:
    found = compare(values, f"PESQ, most of the coders, {RATE}", f"PESQ, {AMR_WB}")
    if found is None:
        return None
    how = found.word("below", "about level with", "above")
    scores = f"PESQ: {found.numbers(2)}{found.seed}"
    return f"In each training the best of the three is {how} AMR-WB, a standard speech codec ({scores})."
