"""The judgements with their sounds: sides, what both sounds of a pair share, levels, and rendering once."""

import numpy as np
import pytest
import torch

from paper_code.jnd_loss import stand_in, stimuli
from paper_code.jnd_loss.stimuli import SIDES, Sound, pairs, rendered, side_of, speech
from paper_code.lab.material import TRACKS
from paper_code.listeners.jnd.lists import published

SECONDS, MOST = 0.6, 6
SAMPLES = 9600
LISTS = ("dpam_jnd_labels", "librispeech_resemblyzer")


@pytest.fixture(scope="module")
def of_side(prepared):
    return {side: pairs(side, SECONDS, MOST, synthetic=True, progress=False) for side in SIDES}


def test_no_speaker_and_no_series_is_on_two_sides():
    rows = stand_in.judgements()
    for key in ("speaker", "series"):
        sides = [{getattr(row, key) for row in rows if side_of(row) == side} for side in SIDES]
        assert all(sides)
        assert len(set.union(*sides)) == sum(map(len, sides))


@pytest.mark.corpora(*LISTS)
def test_the_real_judgements_and_the_speech_are_split_by_speaker_and_series():
    rows = published()
    counts = {side: sum(side_of(row) == side for row in rows) for side in SIDES}
    assert counts == {"train": 12_179, "validation": 1502, "test": 3907}
    for key in ("speaker", "series"):
        sides = [{getattr(row, key) for row in rows if side_of(row) == side} for side in SIDES]
        assert len(set.union(*sides)) == sum(map(len, sides))
    voices = [{file.group for file in stimuli.recordings(side)} for side in SIDES]
    assert len(set.union(*voices)) == sum(map(len, voices))


def test_made_up_answers_rise_with_the_strength():
    rows = stand_in.judgements()
    weak, strong = (
        rows.different[(rows.strengths > low) & (rows.strengths < high)] for low, high in ((0, 25), (60, 101))
    )
    assert weak.mean() < 0.3 < 0.8 < strong.mean()


def test_a_pair_is_its_judgement_rendered(of_side):
    test = of_side["test"]
    assert len(test) == MOST * len(stand_in.PERTURBATIONS)
    sounds = test.sounds(range(len(test)))
    for place, row in enumerate(test.judgements):
        for sound, levels in zip((found[place] for found in sounds), (row.test, row.reference), strict=True):
            made = rendered(Sound.of(row, levels), "test", SAMPLES, synthetic=True)
            assert (sound - made.clamp(-1, 1)).abs().max() <= 0.51 / 32768
    assert torch.equal(test.different.bool(), torch.from_numpy(test.judgements.different))


def test_sounds_of_a_pair_differ_only_where_their_levels_do(of_side):
    test, reference = of_side["train"].sounds(range(len(of_side["train"])))
    alike = np.array([row.strength == 0 for row in of_side["train"].judgements])
    apart = (test - reference).abs().amax(-1).numpy()
    assert alike.any()
    assert (apart[alike] == 0).all()
    assert (apart[~alike] > 0).all()


def test_a_noise_of_a_pair_is_one_noise_at_two_levels():
    row = next(row for row in stand_in.judgements() if row.perturbation == "pink_noise" and row.strength > 30)
    clean = speech(Sound.of(row, row.test), "train", SAMPLES, synthetic=True)
    noises = []
    for levels in (row.reference, row.test):
        sound = rendered(Sound.of(row, levels), "train", SAMPLES, synthetic=True)
        noises.append(sound - clean * (sound @ clean) / (clean @ clean))
    one, other = noises
    assert (one @ other / one.norm() / other.norm()).item() == pytest.approx(1.0, abs=0.01)


def test_speech_has_one_level_and_depends_on_the_piece_alone():
    rows = stand_in.judgements().rows[:8]
    for row in rows:
        first = speech(Sound.of(row, row.test), "train", SAMPLES, synthetic=True)
        assert first.square().mean().sqrt().item() == pytest.approx(stimuli.LEVEL, rel=1e-4)
        assert torch.equal(first, speech(Sound.of(row, row.reference), "train", SAMPLES, synthetic=True))
    assert not torch.equal(first, speech(Sound.of(rows[0], rows[0].test), "train", SAMPLES, synthetic=True))


def test_what_is_rendered_is_not_rendered_again(of_side, monkeypatch):
    def never(*_):
        raise AssertionError("rendered again")

    monkeypatch.setattr(stimuli, "rendered", never)
    again = pairs("test", SECONDS, MOST, synthetic=True, progress=False)
    assert torch.equal(again.sounds([3])[0], of_side["test"].sounds([3])[0])


def test_an_interrupted_rendering_goes_on_with_the_perturbation_it_was_at(prepared, monkeypatch):
    made, real = [], stimuli.rendered

    def interrupted(sound, *rest):
        made.append(sound.perturbation)
        if len(made) == stop:
            raise KeyboardInterrupt
        return real(sound, *rest)

    monkeypatch.setattr(stimuli, "rendered", interrupted)
    first, second, _ = stand_in.PERTURBATIONS
    stop = 14
    with pytest.raises(KeyboardInterrupt):
        pairs("validation", SECONDS, 8, synthetic=True, progress=False)
    of_first = made.count(first)
    assert made[-1] == second
    folders = sorted(stimuli.FOLDER.glob("validation-*"))
    whole = [folder.name for folder in folders if (folder / TRACKS).exists() and second in folder.name]
    stop, made[:] = 0, []
    pairs("validation", SECONDS, 8, synthetic=True, progress=False)
    assert of_first > 0
    assert first not in made
    assert made[0] == second
    assert len([f for f in stimuli.FOLDER.glob(f"validation-{second}-*") if (f / TRACKS).exists()]) == len(whole) + 1
