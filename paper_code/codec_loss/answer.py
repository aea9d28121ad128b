"""The answer of the codec-loss chapter in three sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, Comparison, compare, joined

QUESTION = "Does a network sound better when its loss is an imitated codec instead of a plain L1 error?"
LISTENERS = "a listening test, which is the paper's main result (the test is ready, see below)"
TRACKS = "trainings on the paper's 10,000 tracks, which are private"
LENGTH = "trainings of the paper's length (the profile *full*)"
MODELS = "ABCD"
UNTRAINED = "SNR, untrained"
LEVEL = 0.5  # dB: a smaller gain over the start is none to speak of


def answer(study: Answerable) -> Answer:
    """How well the networks imitate the codec, what that does as a loss, and what was not run."""
    values = study.measurements
    sentences = [
        _imitation(values, "spectrogram", "The paper's imitation network"),
        _imitation(values, "frequency_aware", "Our variant, which also knows the frequency of each bin,"),
        _models(values),
    ]
    not_run = [TRACKS, LISTENERS] if study.profile == answers.FULL else [LENGTH, TRACKS, LISTENERS]
    return answers.answer(QUESTION, sentences, not_run, study.profile)


def _imitation(values: Mapping[str, Sequence[float]], network: str, subject: str) -> str | None:
    def against_filter(score: str, factor: float = 1.0) -> Comparison | None:
        names = (f"{score}, {candidate}, {network} network" for candidate in ("network", "fixed filter"))
        return compare(values, *names, factor=factor)

    error, holes = against_filter("L1"), against_filter("holes recall", 100)
    if error is None or holes is None:
        return None
    how = error.word("nearer to the codec than", "about as near to the codec as", "farther from the codec than")
    number = holes.word("fewer", "about as many", "more")
    return (
        f"{subject} is {how} the best fixed filter on the test recordings (error {error.numbers(3)}), and it finds "
        f"{number} of the holes that the codec leaves ({holes.numbers(0, '%')}{holes.seed})."
    )


def _models(values: Mapping[str, Sequence[float]]) -> str | None:
    clauses = []
    for name, score, digits, unit in (
        ("signal-to-noise ratio", "SNR", 1, "dB"),
        ("predicted quality", "OPS, tracks", 0, "of 100"),
    ):
        if found := compare(values, f"{score}, model C", f"{score}, model A"):
            how = found.word("a lower", "about the same", "a higher")
            clauses.append(f"{how} {name} ({found.numbers(digits, unit)}{found.seed})")
    if not clauses:
        return None
    taught = "Compared with plain L1 (Model A), an autoencoder taught by the imitated codec (Model C) has"
    return f"{taught} {joined(clauses)}.{_start(values)}"


def _start(values: Mapping[str, Sequence[float]]) -> str:
    """Whether the best of the four models is better than their untrained start; nothing where one is not measured."""
    found = {model: compare(values, f"SNR, model {model}", UNTRAINED) for model in MODELS}
    if None in found.values():
        return ""
    best = max(MODELS, key=lambda model: found[model].first.mean)
    how = found[best].word("below", "about level with", "above")
    if abs(found[best].first.mean - found[best].second.mean) < LEVEL:
        how = "about level with"
    return (
        f" The best of the four models by that ratio, {best}, ends {how} the untrained linear coder that all four start "
        f"from ({found[best].numbers(1, 'dB')}{found[best].seed})."
    )
