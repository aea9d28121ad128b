"""Mixtures: their ratio, what depends on the generator alone, and sides that share nothing."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from paper_code.audio import corpora
from paper_code.jnd_loss.enhancement import noises, stimuli

pytestmark = pytest.mark.usefixtures("prepared")


def _drawn(side="train", seed=0, count=12, length=8000):
    return stimuli.source(side, synthetic=True).draw(count, length, np.random.default_rng(seed))


def test_the_ratio_of_speech_to_noise_is_the_one_told():
    drawn = _drawn()
    noise = drawn.noisy - drawn.clean
    found = 10 * torch.log10(drawn.clean.square().sum(-1) / noise.square().sum(-1))
    assert found.tolist() == pytest.approx(drawn.snr.tolist(), abs=0.02)
    assert ((drawn.snr >= stimuli.SNR[0]) & (drawn.snr <= stimuli.SNR[1])).all()


def test_mixtures_are_within_full_scale_and_of_the_levels_told():
    drawn = _drawn(count=30)
    assert float(drawn.noisy.abs().max()) <= stimuli.PEAK + 1e-5
    assert float(drawn.clean.square().mean(-1).sqrt().max()) <= stimuli.LEVELS[1] * 1.001


def test_mixtures_depend_on_the_generator_alone():
    first, again, other = _drawn(seed=3), _drawn(seed=3), _drawn(seed=4)
    assert torch.equal(first.noisy, again.noisy)
    assert first.kinds == again.kinds
    assert not torch.equal(first.noisy, other.noisy)


def test_held_out_mixtures_are_always_the_same():
    assert torch.equal(stimuli.held_out(3, 1.0, True).noisy, stimuli.held_out(3, 1.0, True).noisy)


def test_no_part_of_a_recording_is_on_two_sides():
    spans = {}
    for side in stimuli.SIDES:
        for part in noises.parts(side):
            spans.setdefault(part.path, []).append((part.first, part.last))
    for parts in spans.values():
        ends = sorted(parts)
        assert all(before[1] <= after[0] for before, after in pairwise(ends))
    unheard = {part.path for part in noises.parts("test")} - {part.path for part in noises.parts("train")}
    assert unheard == set(noises.UNHEARD.values())


def test_no_speaker_is_on_two_sides_and_none_of_the_test_pairs_is_trained_on():
    sides = [{file.group for file in stimuli.recordings(side)} for side in stimuli.SIDES]
    assert all(a.isdisjoint(b) for a in sides for b in sides if a is not b)
    tested = {file.group for file in corpora.corpus(stimuli.PAIRS).files if file.group}
    assert all(tested.isdisjoint(side) for side in sides)
    trained = {file.path for file in stimuli.recordings("train")} | set(noises.paths())
    assert not [path for path in trained if path.startswith(stimuli.PAIRS)]
    assert len(stimuli.pair_names()) == 25


@pytest.mark.corpora("smstools_sounds", "pyroomacoustics")
def test_parts_of_recordings_are_their_shares():
    lengths = {side: {p.title: len(p.sound()) for p in noises.parts(side)} for side in stimuli.SIDES}
    for title, path in noises.RECORDINGS.items():
        whole = corpora.recording(path).seconds * noises.SAMPLE_RATE
        assert sum(lengths[side][title] for side in stimuli.SIDES) == pytest.approx(whole, abs=20)
        assert lengths["train"][title] == pytest.approx(0.7 * whole, abs=20)


@pytest.mark.corpora("voicebank_demand_cmgan")
def test_a_pair_is_clean_speech_and_the_same_with_noise():
    pair = stimuli.pair("p232_003")
    assert pair.clean.shape == pair.noisy.shape == pair.enhanced.shape
    noise = pair.noisy - pair.clean
    wanted = 10 * np.log10(float(pair.clean.square().sum()) / float(noise.square().sum()))
    assert pair.snr == pytest.approx(wanted, abs=1e-3)
    assert -5 < pair.snr < 25


def test_babble_has_no_silent_voice_and_swelling_noise_the_length_asked_for():
    generator = torch.Generator().manual_seed(0)
    voices = []

    def speech(length, generator):
        voices.append(torch.randn(length, generator=generator) * 10.0 ** len(voices))
        return voices[-1]

    found = noises.babble(speech, 4000, generator)
    shares = [float((found * voice).sum() / voice.norm()) for voice in voices]
    assert noises.TALKERS[0] <= len(voices) <= noises.TALKERS[1]
    assert shares == pytest.approx([1.0] * len(voices), abs=0.25)
    assert noises.swelling(1234, generator).shape == (1234,)


def test_a_short_sound_is_repeated():
    sound = torch.arange(5.0)
    assert torch.equal(noises.stretch(sound, 12, torch.Generator().manual_seed(0)), sound.repeat(3)[:12])
