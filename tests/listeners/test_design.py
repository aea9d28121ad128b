"""The design of listening tests: what is asked, of whom in which order, and what is refused."""

import json
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch

from paper_code.audio.clips import Clip
from paper_code.listeners.design import (
    DesignError,
    ListeningTest,
    Trial,
    bound,
    digest,
    mushra,
    pairwise,
    presented,
)

TRACKS = tuple(f"Track {k}" for k in range(1, 6))
VERSIONS = ("Original", "Model A", "Model B", "Model C", "Model D")


def fifty() -> ListeningTest:
    return pairwise("Fifty", TRACKS, VERSIONS)


def clip(level: float, rate: int = 8_000) -> Clip:
    return Clip(torch.full((10,), level), rate, "constant")


def test_the_document_s_test_has_fifty_comparisons() -> None:
    trials = fifty().trials
    assert len(trials) == 50
    assert Counter(name for trial in trials for name in trial.conditions) == dict.fromkeys(VERSIONS, 20)
    assert set(Counter(trial.conditions for trial in trials).values()) == {5}
    assert set(Counter(trial.item for trial in trials).values()) == {10}


def test_a_definition_survives_json_and_its_mark_with_it() -> None:
    test = pairwise("Two", ["a"], ["x", "y"], {("a", "x"): clip(0.1), ("a", "y"): clip(0.2)}, "Which?", 2)
    again = ListeningTest.from_definition(json.loads(json.dumps(test.definition())))
    assert again == test
    assert again.id == test.id
    assert len(test.id) == 16


CHANGES: dict[str, ListeningTest] = {
    "name": pairwise("Other", TRACKS, VERSIONS),
    "item": pairwise("Fifty", [*TRACKS[:4], "Track 6"], VERSIONS),
    "condition": pairwise("Fifty", TRACKS, [*VERSIONS[:4], "Model E"]),
    "question": pairwise("Fifty", TRACKS, VERSIONS, question="Which is louder?"),
    "time": pairwise("Fifty", TRACKS, VERSIONS, hear_seconds=2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_mark_changes_with_anything_asked(change: str) -> None:
    assert CHANGES[change].id != fifty().id
    assert pairwise("Fifty", list(TRACKS), list(VERSIONS), hear_seconds=1).id == fifty().id


def test_the_mark_changes_with_the_sounds() -> None:
    sounds = {("a", "x"): clip(0.1), ("a", "y"): clip(0.2)}
    test = pairwise("Two", ["a"], ["x", "y"])
    marks = {
        test.id,
        bound(test, sounds).id,
        bound(test, {**sounds, ("a", "y"): clip(0.21)}).id,
        bound(test, {**sounds, ("a", "y"): clip(0.2, 16_000)}).id,
    }
    assert len(marks) == 4
    assert bound(test, sounds) == pairwise("Two", ["a"], ["x", "y"], sounds)
    assert digest(clip(0.5)) == digest(clip(0.5 + 1e-6))  # less than half a 16-bit step


def test_all_conditions_of_an_item_are_rated_together() -> None:
    test = mushra("Rated", TRACKS, VERSIONS, "Original")
    assert test.trials == tuple(Trial(track, VERSIONS) for track in TRACKS)
    assert (test.kind, test.reference) == ("mushra", "Original")
    again = ListeningTest.from_definition(json.loads(json.dumps(test.definition())))
    assert (again, again.id) == (test, test.id)
    assert mushra("Rated", TRACKS, VERSIONS, "Model A").id != test.id
    twelve = mushra("Rated", ["a"], [*"abcdefghijkl"], "a")
    assert sorted(presented(twelve, 3)[0].conditions) == [*"abcdefghijkl"]


def test_a_test_of_pairs_keeps_the_mark_it_had() -> None:
    """Answers downloaded before tests could have a reference are still answers to the same test."""
    assert fifty().id == "fe3299752e88fa1c"
    assert "reference" not in fifty().definition()


def xorshift(seed: int) -> np.uint32:
    """One step of the generator in 32-bit arithmetic that wraps by itself."""
    x = np.uint32(seed)
    x ^= x << np.uint32(13)
    x ^= x >> np.uint32(17)
    x ^= x << np.uint32(5)
    return x


def test_the_order_follows_from_the_seed_as_published() -> None:
    # With two items, one pair: three numbers decide, after sixteen thrown away.
    test = pairwise("Small", ["a", "b"], ["x", "y"])
    seed = state = 2463534242  # Marsaglia's own
    numbers = []
    for _ in range(19):
        state = int(xorshift(state))
        numbers.append(state / 2**32)
    assert round(numbers[0] * 2**32) == 723471715  # the first number in his paper
    trials, (swap, first, second) = ["a", "b"], [number < 0.5 for number in numbers[16:]]
    trials = trials[::-1] if swap else trials
    sides = [("y", "x") if change else ("x", "y") for change in (first, second)]
    assert presented(test, seed) == [Trial(*trial) for trial in zip(trials, sides, strict=True)]


def test_every_listener_gets_all_trials_in_an_order_of_their_own() -> None:
    orders = [presented(fifty(), seed) for seed in range(1, 201)]
    plain = {(trial.item, frozenset(trial.conditions)) for trial in fifty().trials}
    for order in orders:
        assert {(trial.item, frozenset(trial.conditions)) for trial in order} == plain
    assert len({tuple(order) for order in orders}) == 200
    assert presented(fifty(), 7) == presented(fifty(), 7)
    # Each side of each pair, and each place of each trial, as often as chance has it (5 standard deviations).
    first = Counter(trial.conditions for order in orders for trial in order)
    assert all(abs(first["Original", name] - 500) < 5 * 16 for name in VERSIONS[1:])
    places = [
        [(t.item, frozenset(t.conditions)) for t in order].index((TRACKS[0], frozenset(VERSIONS[:2])))
        for order in orders
    ]
    assert abs(np.mean(places) - 24.5) < 5 * 14.4 / 200**0.5


def fails(**changes: object) -> Callable[[], object]:
    return lambda: ListeningTest.from_definition({**fifty().definition(), **changes})


def row(item: str, *conditions: str) -> dict[str, object]:
    return {"item": item, "conditions": list(conditions)}


SOUNDS = {("a", "x"): clip(0.1), ("a", "y"): clip(0.2)}
BAD: dict[str, tuple[Callable[[], object], str]] = {
    "one condition": (lambda: pairwise("T", ["a"], ["x"]), "at least 2 conditions"),
    "no items": (lambda: pairwise("T", [], ["x", "y"]), "at least 1 item"),
    "text for a list": (lambda: pairwise("T", ["a"], "xy"), "at least 2 conditions, found 'xy'"),
    "conditions twice": (lambda: pairwise("T", ["a"], ["x", "y", "x"]), "condition needs a name of its own; twice: x"),
    "items twice": (lambda: pairwise("T", ["a", "a"], ["x", "y"]), "item needs a name of its own; twice: a"),
    "empty name": (lambda: pairwise("T", ["a"], ["x", " "]), "every condition needs a name"),
    "sound missing": (lambda: pairwise("T", ["a"], ["x", "z"], SOUNDS), "T: no sound for a, z"),
    "sounds missing": (lambda: pairwise("T", TRACKS, VERSIONS, {}), "Track 1, Model C and 22 more"),
    "sound too many": (lambda: pairwise("T", ["a"], ["x", "y"], {**SOUNDS, ("b", "x"): clip(0.0)}), "no trial: b, x"),
    "kind": (fails(kind="guess"), "wanted the kind 'pair' or 'mushra', found 'guess'"),
    "time": (fails(hear_seconds=-1), "hear_seconds must be 0 or more"),
    "no trials": (fails(trials=[]), "at least one trial"),
    "three in a pair": (fails(trials=[row("Track 1", *VERSIONS[:3])]), "a pair of 'Track 1' cannot"),
    "itself": (fails(trials=[row("Track 1", "Original", "Original")]), "a pair of 'Track 1' cannot"),
    "unknown item": (fails(trials=[row("Track 9", *VERSIONS[:2])]), "a pair of 'Track 9' cannot"),
    "trial twice": (fails(trials=[row("Track 1", *names) for names in (VERSIONS[:2], VERSIONS[1::-1])]), "two trials"),
    "no definition": (lambda: ListeningTest.from_definition({"name": "x"}), "no definition of a listening test"),
    "no reference": (lambda: mushra("T", ["a"], ["x", "y"], "z"), "a mushra test cannot have the reference 'z'"),
    "empty reference": (lambda: mushra("T", ["a"], ["x", "y"], ""), "a mushra test cannot have the reference ''"),
    "reference of pairs": (fails(reference="Original"), "a pair test cannot have the reference 'Original'"),
    "thirteen": (lambda: mushra("T", ["a"], [*"abcdefghijklm"], "a"), "a mushra of 'a' cannot be"),
    "unrated reference": (fails(kind="mushra", reference="Original"), "a mushra test cannot have the reference"),
    "sounds not rated": (lambda: mushra("T", ["a"], ["x", "z"], "x", SOUNDS), "T: no sound for a, z"),
    "seed 0": (lambda: presented(fifty(), 0), "a seed lies between 1"),
    "large seed": (lambda: presented(fifty(), 2**32), "a seed lies between 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_held_is_refused(case: str) -> None:
    call, message = BAD[case]
    with pytest.raises(DesignError, match=message):
        call()
