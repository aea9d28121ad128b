"""The answer of the Bark-loss chapter in three sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, Comparison, compare, joined

QUESTION = "Does a small network spend its few weights on what we hear if its loss listens through a Bark filter bank?"
LISTENERS = "a listening test (the document's author listened; here everything is measured)"
RECORDINGS = "the document's own five sounds, which are not free"


def answer(study: Answerable) -> Answer:
    """What the Bark loss does that the squared error does not, and what was not run."""
    values = study.measurements
    sentences = [_speech(values), _bands(values), _quiet_places(values)]
    return answers.answer(QUESTION, sentences, [LISTENERS, RECORDINGS], study.profile)


def _against_mse(
    values: Mapping[str, Sequence[float]], metric: str, sound: str, when: str = "end"
) -> Comparison | None:
    return compare(values, f"{metric}, {sound}, Bark, {when}", f"{metric}, {sound}, MSE, {when}")


def _speech(values: Mapping[str, Sequence[float]]) -> str | None:
    found = _against_mse(values, "intelligibility", "speech", "first checkpoint")
    if found is None:
        return None
    how = found.word("less intelligible than", "about as intelligible as", "more intelligible than")
    return (
        f"After a quarter of the training, speech learned with the Bark loss is {how} speech learned with the squared "
        f"error (predicted intelligibility, 1 is best: {found.numbers(2)}{found.seed})."
    )


def _bands(values: Mapping[str, Sequence[float]]) -> str | None:
    groups: dict[str, list[str]] = {}
    for band in ("mid", "high", "low"):
        if found := _against_mse(values, f"{band}-band distance", "all sounds"):
            how = found.word("nearer to the original", "about as near", "farther from the original")
            groups.setdefault(how, []).append(f"{band} ({found.numbers(1, 'dB')}{found.seed})")
    if not groups:
        return None
    told = joined([f"{how} at {joined(bands)} frequencies" for how, bands in groups.items()])
    return f"At the end, compared with the squared error, the spectrum learned with the Bark loss is {told}."


def _quiet_places(values: Mapping[str, Sequence[float]]) -> str | None:
    found = _against_mse(values, "gap noise", "all sounds")
    if found is None:
        return None
    how = found.word("less noise than", "about as much noise as", "more noise than")
    return (
        f"In the quiet places of the sounds the Bark loss leaves {how} the squared error (level over the original's there: "
        f"{found.numbers(1, 'dB')}{found.seed})."
    )
