"""The answer of the JND chapter in a few sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, compare, written
from paper_code.lab.intervals import interval_of_defined

QUESTION = "Does a network that learned from what people can just hear measure how different two sounds are for people?"
SOUNDS = "the sounds that the paper's listeners heard, which are not published: others stand in for them"
TESTS = (
    "the paper's listening tests (VoCo, FFTNet, bandwidth expansion), which are not public; a test of speech codecs is"
)
LENGTH = "a training of the paper's length (three days of a GPU): ours have a thousandth of its steps"
SMALL = 0.01  # of the distance of pairs that people told apart: nothing
Values = Mapping[str, Sequence[float]]


def answer(study: Answerable) -> Answer:
    """Whether learning beats the levels, whether people agree, what the released metric cannot hear; what was not run."""
    values = study.measurements
    sentences = [_levels(values), _adds(values), _listeners(values), _gain(values), _delay(values), _people(values)]
    return answers.answer(QUESTION, sentences, [SOUNDS, TESTS, LENGTH], study.profile)


def _percent(values: Values, name: str) -> str | None:
    value = interval_of_defined(values.get(name, ()))
    return None if value is None else written(value.times(100), 1, "%")


def _levels(values: Values) -> str | None:
    network, levels = "accuracy, classifier, Scratch", "accuracy, levels alone"
    found = compare(values, network, levels, 100)
    released = _percent(values, "accuracy, a threshold a list, released scratch")
    simple = _percent(values, "accuracy, a threshold a list, log-spectral distance")
    if found is None or released is None or simple is None:
        return None
    how = found.word("fewer than", "about as many as", "more than")
    return (
        f"Of held-out answers of listeners our network predicts {how} a regression that knows only the "
        f"levels and hears nothing ({found.numbers(1, '%')}). The released network, with thresholds fitted to each list, "
        f"predicts {released}, a log-spectral distance {simple}."
    )


def _adds(values: Values) -> str | None:
    found = compare(values, "accuracy, with the levels, Scratch", "accuracy, levels alone, refitted", 100)
    if found is None:
        return None
    how = found.word("makes the prediction worse", "changes nothing", "helps")
    return f"Knowing the distance *and* the levels {how} ({found.numbers(1, '%')} from the levels alone)."


def _listeners(values: Values) -> str | None:
    found = compare(values, "choices, released scratch", "choices, log-spectral distance", 100)
    ceiling = _percent(values, "choices, ceiling")
    if found is None or ceiling is None:
        return None
    how = found.word("less often than", "about as often as", "more often than")
    return (
        "On a real test of speech codecs, the released metric says which of two codecs most listeners preferred "
        f"{how} a log-spectral distance ({found.numbers(0, '%')}; one half of the listeners predicts the other in "
        f"{ceiling}; a coin, 50{answers.NO_BREAK}%)."
    )


def _gain(values: Values) -> str | None:
    paper, ours = (
        interval_of_defined(values.get(f"distance after a gain of 6 dB, {title}", ()))
        for title in ("Scratch", "Fit for use")
    )
    if paper is None or ours is None:
        return None
    deaf = "hears no change of level at all" if paper.mean < SMALL else "hears changes of level"
    share = f"less than {SMALL}" if paper.mean < SMALL / 2 else written(paper, 2)
    able = "hears it" if ours.mean > 0.5 else "hardly hears it either"
    return (
        f"A network of the paper's kind {deaf}: 6{answers.NO_BREAK}dB are {share} of the distance of pairs "
        f"that people told apart. Our variant that is fit for use {able} ({written(ours, 2)})."
    )


def _delay(values: Values) -> str | None:
    late = interval_of_defined(values.get("distance after a delay of 0.25 s, Scratch", ()))
    if late is None:
        return None
    how = "as far apart as" if late.mean > 1 else "only as far apart as"
    return (
        f"A sound and the same sound a quarter of a second later are one for people. For this network they are "
        f"{written(late, 1)} times {how} pairs that people told apart, in spite of the shifts in its training."
    )


def _people(values: Values) -> str | None:
    active, uniform = (
        interval_of_defined(values.get(f"trials to error 5, {name}", ()))
        for name in ("active learning", "uniform sampling")
    )
    if active is None:
        return None
    other = "" if uniform is None else f", uniform sampling after {written(uniform, 0)}"
    return (
        "What holds up is the way the answers were collected: on observers drawn from the real curves, active learning "
        f"knows a threshold to within 5 of 100 after {written(active, 0)} questions{other}."
    )
