"""Pairs of instruments, folds by pitch, and the confounds that were removed."""

import numpy as np
import pytest
import torch

from paper_code.audio.instruments import hertz_from_midi
from paper_code.timbre_loss import body, confounds, floors, moments, stimuli
from paper_code.timbre_loss.notes import Note
from paper_code.timbre_loss.spectrograms import hertz_of_bins, spectra


def test_every_pitch_is_tested_once_and_never_trained_on_in_its_fold():
    pitches = stimuli.shared_pitches()
    assert len(pitches) == 18
    tested = []
    for fold in range(stimuli.FOLDS):
        train, test = stimuli.sides(pitches, fold)
        assert not set(train) & set(test)
        assert sorted(train + test) == pitches
        tested += test
    assert sorted(tested) == pitches


def test_the_null_pair_has_no_take_twice():
    takes = {midi: Note(midi, torch.zeros(1), None) for midi in range(36, 69)}
    for seed in range(4):
        odd, even = stimuli.halves(takes, seed)
        assert list(odd) == list(even) == list(range(36, 68, 2))
        used = [note.midi for half in (odd, even) for note in half.values()]
        assert sorted(used) == list(range(36, 68))
        assert all({odd[low].midi, even[low].midi} == {low, low + 1} for low in odd)
    assert [note.midi for note in stimuli.halves(takes, 0)[0].values()] == list(range(36, 68, 2))
    assert [n.midi for n in stimuli.halves(takes, 1)[0].values()] != [
        n.midi for n in stimuli.halves(takes, 2)[0].values()
    ]


def test_phrases_are_the_same_every_time_and_fewer_are_the_first_of_many():
    """What is drawn for two phrases is what begins a draw of four: the page makes only those that it plays."""
    few, many = (stimuli.held_out_phrases("null", 0, count, synthetic=True) for count in (2, 4))
    assert few.waveforms.shape == (2, 2, 48000)
    assert few.spectrograms.shape == (2, 2, 257, 298)
    assert torch.equal(few.waveforms, many.waveforms[:2])
    assert few.melodies == many.melodies[:2]
    training = stimuli.training_phrases("null", 0, 4, synthetic=True)
    pitches = [{event.pitch for tune in side.melodies for event in tune} for side in (training, many)]
    assert not pitches[0] & pitches[1]


def test_the_body_filter_does_what_its_mask_says():
    """White noise through the filter has the mask's gains, to the resolution of a window."""
    noise = torch.randn(160000, generator=torch.Generator().manual_seed(0))
    before, after = (spectra(x).abs().square().mean(-1) for x in (noise, body.filtered(noise)))
    gain = 10 * torch.log10(after / before)
    inside = hertz_of_bins() > 250
    assert (gain - body.mask())[inside].abs().max() < 1.0
    assert 4 < body.mask().abs().max() < 5


def test_an_unknown_pair_is_refused():
    with pytest.raises(ValueError, match="cellos, null, body"):
        stimuli.instruments("violins", 0, synthetic=True)


@pytest.mark.corpora("cello_A_mtg_goodsounds", "cello_B_flcellogrl")
def test_level_rests_and_noise_floor_do_not_tell_the_cellos_apart():
    """A classifier that knows only these is at chance; one that knows colours is not."""
    both = stimuli.instruments("cellos", 0)
    train, test = stimuli.sides(sorted(both[0]), 0)
    sets = [stimuli.make(both, pitches, count, 7) for pitches, count in ((train, 40), (test, 30))]
    labels, right = (torch.arange(2).repeat(len(phrases.waveforms)) for phrases in sets)
    waveforms = [phrases.waveforms.flatten(0, 1) for phrases in sets]
    known = [confounds.features(waves) for waves in waveforms]
    share = (floors.logistic(known[0], labels, known[1]) == right).float().mean().item()
    assert 0.3 < share < 0.7
    colours = [floors.mel_means(waves) for waves in waveforms]
    assert (floors.logistic(colours[0], labels, colours[1]) == right).float().mean().item() > 0.85
    level = waveforms[1].square().mean(-1).log10() * 10
    assert level.max() - level.min() < 0.05


@pytest.mark.corpora("cello_A_mtg_goodsounds", "cello_B_flcellogrl")
def test_cello_b_was_played_with_a_less_steady_hand():
    """The confound that cannot be removed from the notes, only covered: the page speaks of it."""
    pitches = stimuli.shared_pitches()[::3]
    motion = [
        [moments.pitch_motion(notes_of[midi].waveform, hertz_from_midi(midi)) for midi in pitches]
        for notes_of in stimuli.instruments("cellos", 0)
    ]
    steady, moving = np.nanmedian(motion, axis=1)
    assert moving > 1.5 * steady
