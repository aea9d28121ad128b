"""The answer of the masking-loss chapter in a few sentences, with words that follow its numbers."""

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
    """What the masking loss does to the noise and to the predicted quality, what training adds, and what was not run."""
    values = study.measurements
    not_run = [LISTENERS] if study.profile == answers.FULL else [LENGTH, LISTENERS]
    return answers.answer(
        QUESTION, [_noise(values), _floor(values), _quality(values), _codec(values)], not_run, study.profile
    )


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


def _floor(values: Mapping[str, Sequence[float]]) -> str | None:
    """Whether the coders beat a transform that nobody trained, and whether they beat the one that they start from."""
    least = f"PESQ, least of all trained, {RATE}"
    simple = compare(values, least, f"PESQ, MDCT {RATE}")
    start = compare(values, f"PESQ, masking {RATE}", f"PESQ, untrained {RATE}")
    if simple is None or start is None:
        return None
    how = simple.word("below", "level with", "above")
    adds = start.word("lowers that", "changes that little", "raises that")
    noise = compare(
        values, f"noise above threshold, masking {RATE}", f"noise above threshold, untrained {RATE}", factor=100
    )
    less = "" if noise is None else noise.word("lowers", "hardly changes", "raises")
    told = "" if noise is None else f", and {less} the share of audible noise ({noise.numbers(1, '%')})"
    return (
        f"The worst of the four coders is {how} the simplest fixed transform, an MDCT, in predicted quality (PESQ: "
        f"{simple.numbers(2)}). The transform that they start from has {written(start.second, 2)} without any training; "
        f"training with the masking loss {adds} ({written(start.first, 2)}){told}."
    )


def _codec(values: Mapping[str, Sequence[float]]) -> str | None:
    """The best of the paper's three against a standard codec: in predicted quality, and in noise."""
    best = compare(values, f"PESQ, most of the coders, {RATE}", f"PESQ, {AMR_WB}")
    if best is None:
        return None
    how = best.word("below", "about level with", "above")
    told = f"In each training the best of the three is {how} AMR-WB, a standard speech codec (PESQ: {best.numbers(2)})"
    noise = compare(values, f"noise above threshold, masking {RATE}", f"noise above threshold, {AMR_WB}", factor=100)
    if noise is None:
        return f"{told}{best.seed}."
    amount = noise.word("less noise", "about as much noise", "more noise")
    return f"{told}; the masking coder has {amount} above the threshold ({noise.numbers(1, '%')}){best.seed}."
