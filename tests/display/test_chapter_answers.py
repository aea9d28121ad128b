"""The answer of a chapter: words that follow the numbers, and what a reader sees of them."""

import math
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from paper_code.bark_loss.answer import answer as bark_answer
from paper_code.codec_loss.answer import answer as codec_answer
from paper_code.display.answers import NO_BREAK, answer, compare, joined, written
from paper_code.lab.intervals import Interval
from paper_code.masking_loss.answer import answer as masking_answer

BARK = {
    "intelligibility, speech, Bark, first checkpoint": [0.65, 0.66, 0.67],
    "intelligibility, speech, MSE, first checkpoint": [0.31, 0.33, 0.35],
    "mid-band distance, all sounds, Bark, end": [6.0, 6.1, 6.2],
    "mid-band distance, all sounds, MSE, end": [7.0, 7.2, 7.4],
    "high-band distance, all sounds, Bark, end": [5.0, 5.1, 5.2],
    "high-band distance, all sounds, MSE, end": [7.3, 7.4, 7.5],
    "low-band distance, all sounds, Bark, end": [8.0, 8.2, 8.4],
    "low-band distance, all sounds, MSE, end": [5.0, 5.1, 5.3],
    "gap noise, all sounds, Bark, end": [6.0, 6.5, 7.0],
    "gap noise, all sounds, MSE, end": [-0.2, 0.0, 0.2],
}
CODEC = {
    "L1, network, spectrogram network": [0.176],
    "L1, fixed filter, spectrogram network": [0.168],
    "holes recall, network, spectrogram network": [0.27],
    "holes recall, fixed filter, spectrogram network": [0.06],
    "L1, network, frequency_aware network": [0.151],
    "L1, fixed filter, frequency_aware network": [0.168],
    "holes recall, network, frequency_aware network": [0.47],
    "holes recall, fixed filter, frequency_aware network": [0.06],
    "SNR, model A": [24.0],
    "SNR, model B": [23.5],
    "SNR, model C": [20.0],
    "SNR, fair model C": [21.0],
    "SNR, model D": [23.8],
    "SNR, untrained": [23.0],
    "SNR, fixed filter": [72.4],
    "OPS, tracks, model A": [79.0],
    "OPS, tracks, model C": [26.0],
    "OPS, tracks, fair model C": [40.0],
}
MASKING = {
    "noise above threshold, masking 20": [0.119, 0.116, 0.117],
    "noise above threshold, MSE 20": [0.165, 0.163, 0.168],
    "PESQ, masking 20": [1.63, 1.74, 1.66],
    "PESQ, log-mel 20": [1.72, 1.74, 1.75],
    "PESQ, PMSQE 20": [1.73, 1.70, 1.70],
    "PESQ, MSE 20": [1.55, 1.57, 1.49],
    "PESQ, most of the coders, 20": [1.73, 1.74, 1.75],
    "PESQ, AMR-WB 19.85": [3.55, 3.55, 3.55],
}
CHAPTERS = {"bark": (bark_answer, BARK), "codec": (codec_answer, CODEC), "masking": (masking_answer, MASKING)}
SWAPS = {
    "bark": [("Bark", "MSE")],
    "codec": [("network, ", "fixed filter, "), ("model A", "model C"), ("fair model A", "fair model C")],
    "masking": [("masking 20", "MSE 20"), ("most of the coders, 20", "AMR-WB 19.85")],
}


def study(measurements: dict[str, list[float]], profile: str = "small") -> SimpleNamespace:
    return SimpleNamespace(profile=profile, measurements=measurements)


def said(chapter: str, measurements: dict[str, list[float]], profile: str = "small") -> list[str]:
    """The sentences, without their question and what was not run."""
    text = repr(CHAPTERS[chapter][0](study(measurements, profile))).replace(NO_BREAK, " ")
    return [line for line in text.splitlines() if line[:2] == "- "]


def swapped(measurements: dict[str, list[float]], first: str, second: str) -> dict[str, list[float]]:
    """The same values under each other's names."""
    return {
        name.replace(first, "\0").replace(second, first).replace("\0", second): values
        for name, values in measurements.items()
    }


def test_a_comparison_follows_its_paired_interval() -> None:
    # The seeds differ by more than the two do, but in each the first is less by 1: only the pairing shows it.
    paired = compare({"a": [1.0, 11.0, 21.0], "b": [2.0, 12.0, 22.1]}, "a", "b")
    assert (paired.order, paired.first.mean, paired.difference.mean) == (
        -1,
        11.0,
        pytest.approx(-31 / 30),
    )
    assert paired.word("less", "same", "more") == "less"
    assert compare({"a": [1.0, 2.0, 3.0], "b": [3.0, 2.0, 1.1]}, "a", "b").word("less", "same", "more") == "same"
    assert compare({"a": [2.0], "b": [1.0]}, "a", "b", factor=100).first.mean == 200
    single = compare({"a": [2.0], "b": [1.0]}, "a", "b")
    assert (single.numbers(1, "dB").replace(NO_BREAK, " "), single.seed) == ("2.0 dB against 1.0 dB", ", one seed")
    assert paired.seed == ""
    assert compare({"a": [2.0], "b": [2.0]}, "a", "b").order == 0


def test_seeds_without_a_value_are_left_out_of_both() -> None:
    found = compare({"a": [1.0, math.nan, 3.0], "b": [0.0, 7.0, 1.0]}, "a", "b")
    assert (found.first.count, found.second.mean) == (2, 0.5)
    assert compare({"a": [math.nan], "b": [1.0]}, "a", "b") is None
    assert compare({"a": [1.0]}, "a", "b") is None
    assert compare({"a": [1.0], "b": [1.0, 2.0]}, "a", "b") is None
    assert compare({}, "a", "b") is None


def test_numbers_and_lists_in_words() -> None:
    assert written(Interval(3.55, 0.0, 3), 2) == "3.55"
    assert written(Interval(-1.25, 0.5, 3), 1, "dB") == f"−1.2{NO_BREAK}±{NO_BREAK}0.5{NO_BREAK}dB"
    assert written(Interval(7.0, math.nan, 1), 0, "%") == f"7{NO_BREAK}%"
    assert [joined(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_what_a_reader_sees() -> None:
    page = BeautifulSoup(answer("Why?", ["One *two*.", None, "3 < 4."], ["this", "that"], "small").html, "html.parser")
    assert page.section["aria-label"] == "The answer in short"
    assert page.section.p.strong.get_text() == "Why?"
    assert [item.get_text() for item in page.find_all("li")] == ["One two.", "3 < 4."]
    assert page.find_all("p")[-1].get_text() == "Not run: this; that."
    assert "mean nothing" not in page.get_text()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_three_sentences_and_what_was_not_run(chapter: str) -> None:
    assert len(said(chapter, CHAPTERS[chapter][1])) == 3
    make, values = CHAPTERS[chapter]
    assert "listening test" in repr(make(study(values, "full"))).splitlines()[-1]


@pytest.mark.parametrize("chapter", ["codec", "masking"])
def test_the_length_of_the_training_is_named_where_it_is_not_the_papers(chapter: str) -> None:
    make, values = CHAPTERS[chapter]
    assert "of the paper's length" in repr(make(study(values, "small")))
    assert "of the paper's length" not in repr(make(study(values, "full")))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_numbers_of_the_smallest_profile_mean_nothing(chapter: str) -> None:
    make, values = CHAPTERS[chapter]
    assert "mean nothing" in repr(make(study(values, "smoke")))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_is_not_measured_is_not_said(chapter: str) -> None:
    make, values = CHAPTERS[chapter]
    nothing = make(study({}))
    assert "Nothing that answers it was measured" in repr(nothing)
    assert "<ul>" not in nothing.html
    for name in values:
        fewer = said(chapter, {other: each for other, each in values.items() if other != name})
        assert len(fewer) in (2, 3)
        assert all(sentence.endswith((".", ").")) for sentence in fewer)
        assert not [sentence for sentence in fewer if "nan" in sentence or "None" in sentence]


@pytest.mark.parametrize(
    ("chapter", "kept"),
    [
        (
            "bark",
            ["is more intelligible than", "nearer to the original at mid (6.1 ± 0.2 dB", "more noise than"],
        ),
        ("codec", ["farther from the codec than", "a lower signal-to-noise ratio", "and under a fixed filter"]),
        ("masking", ["less noise above", "higher than with the squared error (1.54 ± 0.10) for", "is below AMR-WB"]),
    ],
)
def test_sentences_as_measured(chapter: str, kept: list[str]) -> None:
    for sentence, part in zip(said(chapter, CHAPTERS[chapter][1]), kept, strict=True):
        assert part in sentence


@pytest.mark.parametrize(
    ("chapter", "kept"),
    [
        (
            "bark",
            ["is less intelligible than", "farther from the original at mid (7.2 ± 0.5 dB", "less noise than"],
        ),
        ("codec", ["nearer to the codec than", "a higher signal-to-noise ratio", "the untrained linear coder"]),
        ("masking", ["more noise above", "lower than with the squared error (1.68 ± 0.14) for", "is above AMR-WB"]),
    ],
)
def test_sentences_with_the_orders_reversed(chapter: str, kept: list[str]) -> None:
    values = CHAPTERS[chapter][1]
    for first, second in SWAPS[chapter]:
        values = swapped(values, first, second)
    for sentence, part in zip(said(chapter, values), kept, strict=True):
        assert part in sentence


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_equal_values_are_about_the_same(chapter: str) -> None:
    sentences = said(chapter, {name: [1.0, 1.1, 1.2] for name in CHAPTERS[chapter][1]})
    assert all("about " in sentence for sentence in sentences)
    assert not [s for s in sentences if any(word in s for word in ("nearer", "farther", "lower", "higher", "more "))]


def test_one_seed_is_said_and_puts_no_losses_in_an_order() -> None:
    single = {name: values[:1] for name, values in MASKING.items()}
    assert "one seed" in said("masking", single)[0]
    assert "With one seed the three cannot be put in an order." in said("masking", single)[1]
    assert "With 3 seeds the three cannot be put in an order." in said("masking", MASKING)[1]
    apart = {**MASKING, "PESQ, PMSQE 20": [1.93, 1.94, 1.95]}
    assert (
        "Of the three, the masking loss is below PMSQE and the log-mel loss is below PMSQE."
        in said("masking", apart)[1]
    )


@pytest.mark.parametrize(("untrained", "word"), [(23.0, "above"), (24.0, "about level with"), (24.5, "below")])
def test_the_best_model_is_held_against_the_untrained_start(untrained: float, word: str) -> None:
    sentence = said("codec", {**CODEC, "SNR, untrained": [untrained]})[2]
    assert f"by that ratio, A, ends {word} the untrained" in sentence
    assert len(said("codec", {name: v for name, v in CODEC.items() if name != "SNR, untrained"})) == 2


def test_the_best_model_is_held_against_a_fixed_filter() -> None:
    assert "and under a fixed filter" in said("codec", CODEC)[2]
    assert "(72.4 dB)" in said("codec", CODEC)[2]
    assert "and above a fixed filter" in said("codec", {**CODEC, "SNR, fixed filter": [20.0]})[2]
    assert "fixed filter" not in said("codec", {n: v for n, v in CODEC.items() if n != "SNR, fixed filter"})[2]


def test_both_codec_losses_are_held_against_plain_l1() -> None:
    sentence = said("codec", CODEC)[1]
    assert "(Model C) has a lower signal-to-noise ratio (20.00 dB against 24.00 dB, one seed)" in sentence
    assert "by their gradients) has a lower signal-to-noise ratio (21.00 dB against 24.00 dB, one seed)" in sentence
    assert "predicted quality (40.0 of 100 against 79.0 of 100, one seed)." in sentence
