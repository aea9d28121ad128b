"""The answer of the timbre-loss chapter in a few sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, compare, written
from paper_code.lab.intervals import interval_of_defined

QUESTION = "Can a network that tells two cellos apart be used as a loss that turns the sound of one into the other's?"
LISTENERS = "a listening test with musicians"
RECORDINGS = "the paper's five hours on two cellos of very different price, which are not public"
Values = Mapping[str, Sequence[float]]


def answer(study: Answerable) -> Answer:
    """How well the score works, beside the simplest thing; whether the masks find the timbre; what was not run."""
    values = study.measurements
    sentences = [_score(values), _hand(values), _colour(values), _masks(values), _truth(values)]
    return answers.answer(QUESTION, sentences, [LISTENERS, RECORDINGS], study.profile)


def _percent(values: Values, name: str) -> str | None:
    value = interval_of_defined(values.get(name, ()))
    return None if value is None else written(value.times(100), 1, "%")


def _score(values: Values) -> str | None:
    network, null = _percent(values, "accuracy, cellos"), _percent(values, "accuracy, null test")
    found = compare(values, "accuracy, cellos", "accuracy of logistic regression, cellos")
    if network is None or found is None or null is None:
        return None
    how = found.word("less often than", "as often as", "more often than")
    simple = _percent(values, "accuracy of logistic regression, cellos")
    return (
        f"A small network tells 3 s of one cello from 3 s of the other on pitches it never heard in {network} of all "
        f"cases, {how} logistic regression on 26 mel means ({simple}); two halves of one cello's own notes score {null}."
    )


def _hand(values: Values) -> str | None:
    steady, moved = _percent(values, "accuracy, cellos"), _percent(values, "accuracy when both have vibrato, cellos")
    trained = _percent(values, "accuracy, cellos with vibrato")
    found = compare(values, "accuracy when both have vibrato, cellos", "accuracy, cellos")
    if steady is None or moved is None or trained is None or found is None:
        return None
    why = found.word("Much of that is the player's hand", "It is not the player's hand", "It is not the player's hand")
    how = found.word("falls to", "stays at", "rises to")
    return (
        f"{why}: with the same vibrato imposed on both cellos the accuracy {how} {moved}. A "
        f"network trained with such vibrato reaches {trained}."
    )


def _colour(values: Values) -> str | None:
    plain, rows = _percent(values, "accuracy, known filter"), _percent(values, "accuracy, known filter with rows")
    simple = _percent(values, "accuracy of logistic regression, known filter")
    if plain is None or rows is None or simple is None:
        return None
    return (
        f"But a network of the paper's kind hears texture, not colour: a known body filter, which logistic regression "
        f"hears in {simple} of all cases, it hears in {plain}; the same network with its mean over time alone, in {rows}."
    )


def _masks(values: Values) -> str | None:
    block = compare(values, "heard of rectangles, cellos", "heard of none, cellos")
    noisy = compare(values, "judge of gaussian, cellos", "score of gaussian, cellos")
    if block is None or noisy is None:
        return None
    return (
        f"A smooth mask of blocks {block.word('lowers', 'hardly changes', 'raises')} the score of the sound "
        f"({block.numbers(2)}), and the noisy mask that fools the network "
        f"{noisy.word('convinces a second one more', 'need not convince a second one', 'convinces a second one less')} "
        f"({noisy.numbers(2)}; 0 is the wanted cello)."
    )


def _truth(values: Values) -> str | None:
    plain, rows, simple = (
        interval_of_defined(values.get(f"truth of {name}", ()))
        for name in ("rectangles, known filter", "rectangles, known filter with rows", "equaliser, known filter")
    )
    if plain is None or rows is None or simple is None:
        return None
    return (
        f"Where the true filter is known, the learned mask correlates with it by {written(plain, 2)}, with our network by "
        f"{written(rows, 2)}; the difference of two mean spectra, which learns nothing, by {written(simple, 2)}."
    )
