"""The answer of the codec-loss chapter in three sentences, with words that follow its numbers."""

from collections.abc import Mapping, Sequence

from paper_code.display import answers
from paper_code.display.answers import Answer, Answerable, Comparison, compare, joined, written

QUESTION = "Does a network sound better when its loss is an imitated codec instead of a plain L1 error?"
LISTENERS = "a listening test, which is the paper's main result (the test is ready, see below)"
TRACKS = "trainings on the paper's 10,000 tracks, which are private"
LENGTH = "trainings of the paper's length (the profile *full*)"
MODELS = {"model A": "A", "model B": "B", "model C": "C", "fair model C": "Fair Model C", "model D": "D"}
UNTRAINED, FILTER = "SNR, untrained", "SNR, fixed filter"
LEVEL = 0.5  # dB: a smaller gain over the start is none to speak of


def answer(study: Answerable) -> Answer:
    """How well the networks imitate the codec, what that does as a loss, and what was not run."""
    values = study.measurements
    sentences = [_imitations(values), _teachers(values), _floors(values)]
    not_run = [TRACKS, LISTENERS] if study.profile == answers.FULL else [LENGTH, TRACKS, LISTENERS]
    return answers.answer(QUESTION, sentences, not_run, study.profile)


def _imitations(values: Mapping[str, Sequence[float]]) -> str | None:
    subjects = {
        "spectrogram": "the paper's imitation network",
        "frequency_aware": "our variant, which also knows the frequency of each bin,",
    }
    told = [part for network, subject in subjects.items() if (part := _imitation(values, network, subject))]
    return f"On the test recordings {'; '.join(told)}." if told else None


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
        f"{subject} is {how} the best fixed filter (error {error.numbers(3)}), and it finds {number} of the codec's holes "
        f"({holes.numbers(0, '%')}{holes.seed})"
    )


def _teachers(values: Mapping[str, Sequence[float]]) -> str | None:
    subjects = {
        "model C": "an autoencoder taught by the imitated codec as in the paper (Model C)",
        "fair model C": "one taught by our variant of that loss (Fair Model C, whose terms are weighed by their gradients)",
    }
    clauses = {subject: _clauses(values, name, "model A") for name, subject in subjects.items()}
    told = [f"{subject} has {joined(each)}" for subject, each in clauses.items() if each]
    return f"Compared with plain L1 (Model A), {'; '.join(told)}." if told else None


def _clauses(values: Mapping[str, Sequence[float]], first: str, second: str) -> list[str]:
    """How two models compare, by ratio and by predicted quality."""
    clauses = []
    for name, score, digits, unit in (
        ("signal-to-noise ratio", "SNR", 2, "dB"),
        ("predicted quality", "OPS, tracks", 1, "of 100"),
    ):
        if pair := compare(values, f"{score}, {first}", f"{score}, {second}"):
            how = pair.word("a lower", "about the same", "a higher")
            clauses.append(f"{how} {name} ({pair.numbers(digits, unit)}{pair.seed})")
    return clauses


def _floors(values: Mapping[str, Sequence[float]]) -> str | None:
    """Whether the best of the models beats their untrained start and a fixed filter; None where one is not measured."""
    against = {name: compare(values, f"SNR, {name}", UNTRAINED) for name in MODELS}
    if None in against.values():
        return None
    best = max(MODELS, key=lambda name: against[name].first.mean)
    start, fixed = against[best], compare(values, f"SNR, {best}", FILTER)
    how = start.word("below", "about level with", "above")
    if abs(start.first.mean - start.second.mean) < LEVEL:
        how = "about level with"
    told = (
        f"The best of the models by that ratio, {MODELS[best]}, ends {how} the untrained linear coder that all start from "
        f"({start.numbers(2, 'dB')}{start.seed})"
    )
    if fixed is None:
        return f"{told}."
    far = fixed.word("under", "about level with", "above")
    return (
        f"{told}, and {far} a fixed filter that keeps every second sample, as many numbers as the models' narrowest layer "
        f"({written(fixed.second, 1, 'dB')})."
    )
