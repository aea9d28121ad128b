"""The published judgements: what the paper's lists hold, and what is refused in which words."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from synthetic import written

from paper_code.listeners.jnd.judgements import NOISES, ONE_LISTENER, Judgements
from paper_code.listeners.jnd.lists import ListError, published, read

NAME = "{}_f4_script5_produced_clipped_80.0.wav"


@pytest.fixture(scope="module")
def real() -> Judgements:
    return published()


def noise(reference: str, test: str, answer: int = 0, kind: str = "crickets") -> str:
    return "\t".join([NAME.format(reference), NAME.format(test), str(answer), kind])


@pytest.mark.corpora("dpam_jnd_labels")
def test_counts_of_the_published_lists(real: Judgements) -> None:
    # Counted in the files with grep, wc and cut.
    assert Counter(row.list for row in real) == {"linear": 9438, "combined": 5650, "reverb": 2500}
    assert Counter(row.perturbation for row in real) == {
        "crickets": 1382, "brown_noise": 1364, "mp3": 1300, "reverb_noise": 1200, "siren": 1137, "applause": 1123,
        "blue_noise": 1066, "pink_noise": 866, "combined_1": 2080, "combined_2": 1790, "combined_3": 1780,
        "reverb_1": 1690, "reverb_2": 810,
    }  # fmt: skip
    said = Counter(row.list for row in real if row.different)
    assert said == {"linear": 4912, "combined": 2741, "reverb": 1168}
    assert len(real) == 17588


@pytest.mark.corpora("dpam_jnd_labels")
def test_names_hold_a_recording_and_levels(real: Judgements) -> None:
    assert {row.speaker for row in real} == {f"{sex}{k}" for sex in "fm" for k in range(1, 11)}
    assert {row.script for row in real} == {1, 2, 3, 4, 5}
    assert all(row.seconds % 2.5 == 0 for row in real)
    references = {row.reference for row in real if row.perturbation in NOISES}
    assert references == {(level,) for level in (0.0006, 0.002, 0.006, 0.02, 0.06, 0.2, 0.6, 2.0, 6.0)}
    assert {row.reference for row in real.of("mp3")} == {(300.0,)}
    assert max(row.test[0] for row in real.of(*NOISES)) == 2400
    identical = [row for row in real if row.list == "linear" and row.reference == row.test]
    assert (len(identical), sum(row.different for row in identical)) == (1527, 61)
    assert all((row.strength == 0) >= (row.reference == row.test) for row in real)
    rooms = {row.room for row in real if row.list == "reverb"}
    assert "h119_BasementStorage_1txts" in rooms
    assert "" not in rooms


@pytest.mark.corpora("dpam_jnd_labels")
def test_strengths_give_the_levels_back(real: Judgements) -> None:
    """The levels in the names are what the strengths say, to the digits that the names have."""
    for row in real.of(*NOISES):
        assert row.reference[0] * 400 ** (row.strength / 100) == pytest.approx(row.test[0], abs=0.51e-4)
    for row in real.of("mp3"):
        assert 300 ** (1 - row.strength / 100) == pytest.approx(row.test[0], abs=0.51e-4)
    for row in real.of("reverb_1", "reverb_2"):
        farthest = np.abs(np.subtract(row.test, row.reference)).max()
        assert farthest == pytest.approx(0.8 * row.strength, abs=0.011)
    for row in real.of("combined_1", "combined_2", "combined_3", "reverb_noise"):
        farthest = np.abs(np.subtract(row.test, row.reference)).max()
        assert farthest == pytest.approx(0.6 * row.strength, abs=0.011)


@pytest.mark.corpora("dpam_jnd_labels")
def test_a_series_is_one_reference_and_a_line_through_it(real: Judgements) -> None:
    for part in real.by_series():
        assert len({(row.perturbation, row.speaker, row.reference, row.room) for row in part}) == 1
        steps = np.array([np.subtract(row.test, row.reference) for row in part])
        if part.rows[0].perturbation in ONE_LISTENER:
            assert len(part) <= 10
        else:
            direction = steps[np.abs(steps).max(axis=1).argmax()]
            along = np.outer(part.strengths / part.strengths.max(), direction)
            np.testing.assert_allclose(steps, along, atol=0.04)
    lengths = [len(part) for part in real.where(lambda row: row.list != "linear").by_series()]
    assert all(length % 10 == 0 for length in lengths)


@pytest.mark.corpora("dpam_jnd_labels")
def test_nobody_failed_an_opening_pair(real: Judgements) -> None:
    left = real.without_opening_pairs()
    kept = {(row.list, row.line) for row in left}
    opening = [row for row in real if (row.list, row.line) not in kept]
    assert {(row.strength, row.different) for row in opening} == {(0, False), (100, True)}
    series = len(real.where(lambda row: row.perturbation in ONE_LISTENER).by_series())
    assert 1.5 * series < len(opening) <= 2 * series
    # Those who passed call later identical pairs different now and then.
    later = left.where(lambda row: row.perturbation in ONE_LISTENER and row.strength == 0)
    assert 0.05 < later.different.mean() < 0.2


@pytest.mark.corpora("dpam_jnd_labels")
def test_lists_can_be_had_one_by_one(real: Judgements) -> None:
    reverb = published(["reverb"])
    assert [row.test for row in reverb] == [row.test for row in real if row.list == "reverb"]
    with pytest.raises(ListError, match="'eq' is left out: half of its rows"):
        published(["eq"])
    with pytest.raises(ListError, match="no list 'echo'; there are linear, combined, reverb"):
        published(["echo"])
    with pytest.raises(ValueError, match="no judgements of violet"):
        reverb.of("violet")


def test_series_of_one_listener_end_where_the_reference_changes_or_a_new_one_opens(tmp_path: Path) -> None:
    opening = [noise("2", "2"), noise("2", "800", 1)]
    lines = [*opening, noise("2", "2"), noise("2", "40", 1), *opening, noise("6", "6"), noise("6", "6", 1, "siren")]
    found = read([written(tmp_path / "dataset_linear.txt", *lines)])
    assert found.series.tolist() == [0, 0, 0, 0, 1, 1, 2, 3]
    assert found.strengths.tolist() == pytest.approx([0, 100, 0, 50, 0, 100, 0, 0])
    assert [row.line for row in found.without_opening_pairs()] == [3, 4]


def test_shuffled_series_are_gathered(tmp_path: Path) -> None:
    pairs = [("5.0_7.0_9.0", "65.0_7.0_9.0"), ("6.0_7.0_9.0", "6.0_7.0_9.0"), ("5.0_7.0_9.0", "6.9_7.0_9.0")]
    found = read([written(tmp_path / "dataset_linear.txt", *(noise(*pair, 1, " reverb_noise") for pair in pairs))])
    assert found.series.tolist() == [0, 1, 0]
    assert found.strengths.tolist() == pytest.approx([100, 0, 100 * 2 / 63])
    assert len(found.without_opening_pairs()) == 3


REFUSED = {
    "fields": (noise("2", "800")[:-9], "line 1: wanted 4 fields between tabs .* found 3"),
    "name": (noise("2", "800").replace("_f4_", "_x4_"), r"line 1: the name '2_x4_.*' cannot be read; wanted <levels>_"),
    "two recordings": (
        noise("2", "2").replace("80.0.wav\t0", "82.5.wav\t0"), "line 1: the two names differ in seconds"
    ),
    "answer": (noise("2", "2", 2), r"an answer is 0 \(same\) or 1 \(different\), found '2'"),
    "perturbation": (noise("2", "2", kind="violet"), "the perturbation 'violet' is not known in the list 'linear'"),
    "axes": (noise("2_3", "2_3"), r"crickets has 1 levels in a name, found \(2.0, 3.0\)"),
    "zero": (noise("0", "0"), "a level of crickets is above 0, found 0.0"),
    "off the steps": (noise("2", "37.5"), r"from \(2.0,\) to \(37.5,\) is none of the 100 steps of crickets"),
    "too far": (noise("2", "900"), "none of the 100 steps of crickets"),
    "below the reference": (noise("2", "1"), "none of the 100 steps of crickets"),
    "empty": ("", "dataset_linear.txt is empty"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_lines_are_refused_with_their_place(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=message):
        read([written(tmp_path / "dataset_linear.txt", line)])


def test_the_line_of_an_error_is_counted_from_one(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"dataset_linear.txt, line 3: an answer"):
        read([written(tmp_path / "dataset_linear.txt", noise("2", "2"), noise("2", "800"), noise("2", "2", 7))])


def test_files_that_are_no_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"dataset_eq.txt is no list .*1,607 of 3,210.*wanted dataset_linear.txt"):
        read([written(tmp_path / "dataset_eq.txt", "x")])
    with pytest.raises(ListError, match=r"judgements\.csv is no list of judgements that can be used; wanted"):
        read([written(tmp_path / "judgements.csv", "x")])
    (tmp_path / "dataset_reverb.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ListError, match="no text in UTF-8"):
        read([tmp_path / "dataset_reverb.txt"])


def test_a_list_holds_only_its_own_folders(tmp_path: Path) -> None:
    name = "reverb_1/5.0_7.0_f4_script5_produced_clipped_80.0.wav_h085_Bar_2txts.wav"
    with pytest.raises(ListError, match="'reverb_1' is not known in the list 'combined'"):
        read([written(tmp_path / "dataset_combined.txt", f"{name}\t{name}\t0")])
