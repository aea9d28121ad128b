"""Triplets with answers from the curves of real listeners, and how often a measure agrees."""

import numpy as np
import pytest
import torch
from scipy import special

from paper_code.audio.perturbations.released import SNR_OF_FACTOR_1
from paper_code.jnd_loss import simulated_choices, stimuli
from paper_code.jnd_loss.measures import Measure, embeddings
from paper_code.jnd_loss.simulated_choices import MARGIN, SHARES, Choice, Chosen
from paper_code.jnd_loss.stimuli import Sound
from paper_code.lab.config import ConfigError
from paper_code.listeners.jnd import clean

pytestmark = pytest.mark.usefixtures("prepared")


@pytest.fixture(scope="module")
def triplets(prepared):
    return simulated_choices.choices(2, synthetic=True)


def _measure(distance, rate=None):
    return Measure("", "loss", distance, rate)


def test_every_pair_of_kinds_has_as_many_triplets_near_both_thresholds(triplets):
    kinds = [row.kinds for row in triplets.rows]
    assert len(kinds) == 3 * 2
    assert all(kinds.count(pair) == 2 and pair[0] != pair[1] for pair in kinds)
    for row in triplets.rows:
        assert SHARES[0] <= min(row.shares) < max(row.shares) <= SHARES[1]
        assert abs(row.shares[0] - row.shares[1]) >= MARGIN
        assert row.shares[row.nearer] == min(row.shares)


def test_the_shares_are_those_of_the_population_at_the_levels(triplets):
    """By drawing listeners, each with a curve of her own, at the level that is in the sound."""
    populations = clean.populations(stimuli.judgements(synthetic=True))
    for row in triplets.rows[:3]:
        for sound, share in zip(row.sounds, row.shares, strict=True):
            strength = 100 * np.log(sound.levels[0] / 0.0006) / np.log(400)
            who = populations[sound.perturbation].draw(20_000, seed=1)
            p = who.lapse / 2 + (1 - who.lapse) * special.ndtr((strength - who.threshold) / who.spread)
            assert p.mean() == pytest.approx(share, abs=0.01)


def test_sounds_are_one_piece_of_unseen_speech_with_noise_of_its_level(triplets):
    reference, *both = triplets.clips(4)
    assert [len(clip.waveform) for clip in (reference, *both)] == [16_000] * 3
    assert [clip.title for clip in both] == list(triplets.rows[4].kinds)
    for clip, sound in zip(both, triplets.rows[4].sounds, strict=True):
        assert stimuli.side_of(next(r for r in stimuli.judgements(True) if r.speaker == sound.speaker)) == "test"
        scale = torch.dot(clip.waveform, reference.waveform) / reference.waveform.square().sum()
        noise = clip.waveform / scale - reference.waveform
        snr = 10 * torch.log10(reference.waveform.square().sum() / noise.square().sum())
        assert float(snr) == pytest.approx(SNR_OF_FACTOR_1 - 20 * np.log10(sound.levels[0]), abs=0.5)


def test_a_measure_is_right_as_often_as_it_chooses_what_the_curves_choose(triplets):
    answers = {id(row): row for row in triplets.rows}
    assert len(answers) == 6

    def knowing(estimate, reference, _):
        place = next(k for k in range(6) if torch.equal(reference, triplets.clips(k)[0].waveform))
        which = next(k for k in (0, 1) if torch.equal(estimate, triplets.clips(place)[1 + k].waveform))
        return triplets.rows[place].shares[which]

    found = simulated_choices.right(
        {
            "knows": _measure(knowing),
            "is turned": _measure(lambda *sounds: -knowing(*sounds)),
            "hears nothing": _measure(lambda *_: 3.0),
            "is not defined": _measure(lambda *_: np.nan),
            **embeddings(),
        },
        triplets,
    )
    assert {name: values.mean() for name, values in found.items()} == {
        "knows": 1.0, "is turned": 0.0, "hears nothing": 0.5, "is not defined": 0.5,
    }  # fmt: skip


def test_a_measure_hears_the_sounds_at_its_rate(triplets):
    lengths = set()

    def length(estimate, reference, rate):
        lengths.add((len(estimate), len(reference), rate))
        return 0.0

    simulated_choices.right({"half": _measure(length, 8000), "whole": _measure(length)}, triplets)
    assert lengths == {(8000, 8000, 8000), (16_000, 16_000, 16_000)}


def test_the_floor_takes_the_smaller_strength():
    sounds = (Sound("siren", "f1", 1, 0.0, "", (0.01,)), Sound("pink_noise", "f1", 1, 0.0, "", (0.01,)))
    rows = (Choice(sounds, (10.0, 60.0), (0.3, 0.5)), Choice(sounds, (30.0, 20.0), (0.3, 0.5)))
    found = simulated_choices.by_strength(simulated_choices.Choices(rows, material=None))
    assert found.tolist() == [1.0, 0.0]


def test_the_interval_is_that_of_a_share():
    found = simulated_choices.accuracy(np.repeat([1.0, 0.0], [300, 100]))
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert found["value"] == 0.75
    assert (found["low"], found["high"]) == pytest.approx((0.75 - half, 0.75 + half), abs=0.005)
    assert found["count"] == 400


def test_the_same_triplets_each_time_and_others_with_another_seed():
    assert simulated_choices.drawn(1, True) == simulated_choices.drawn.__wrapped__(1, True)
    assert simulated_choices.drawn(1, True) != simulated_choices.drawn(1, True, seed=1)


def test_bad_settings_are_told():
    with pytest.raises(ConfigError, match="each"):
        Chosen(profile="smoke", seed=0, each=0)
    with pytest.raises(ConfigError, match="recordings"):
        Chosen(profile="smoke", seed=0, recordings="mine")
