"""Melodies and phrases: parallel on both instruments, at one level, with one noise floor."""

import pytest
import torch

from paper_code.timbre_loss import phrases
from paper_code.timbre_loss.notes import SAMPLE_RATE, Note
from paper_code.timbre_loss.phrases import SAMPLES, Event


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def note(midi, seed):
    """Noise of RMS 1 in place of a note."""
    wave = torch.randn(round(1.4 * SAMPLE_RATE), generator=seeded(seed))
    return Note(midi, wave / wave.square().mean().sqrt(), None)


def test_melodies_fill_three_seconds_without_overlap():
    for seed in range(50):
        tune = phrases.melody([36, 45, 57], seeded(seed))
        assert 2 <= len(tune) <= 9
        assert all(event.pitch in (36, 45, 57) and -9 <= event.level <= 0 for event in tune)
        ends = [event.start + event.seconds for event in tune]
        assert all(end <= later.start + 1e-9 for end, later in zip(ends, tune[1:], strict=False))
        assert ends[-1] <= 3.0
    assert phrases.melody([36], seeded(1)) == phrases.melody([36], seeded(1))


def test_both_instruments_play_the_same_onsets_lengths_and_dynamics():
    tune = (Event(36, 0.2, 0.8, 0.0), Event(45, 1.5, 1.0, -6.0))
    played = [phrases.play(tune, {m: note(m, m + k) for m in (36, 45)}) for k in (0, 100)]
    for phrase in played:
        frames = phrase.reshape(-1, 160).square().mean(-1)
        sounding = (frames > 0).nonzero()[:, 0] / 100
        assert sounding.min().item() == pytest.approx(0.18, abs=0.011)
        assert not ((sounding > 1.01) & (sounding < 1.47)).any()
        loud = [
            10 * torch.log10(phrase[round(s * 16000) : round((s + 0.5) * 16000)].square().mean()) for s in (0.3, 1.7)
        ]
        assert (loud[1] - loud[0]).item() == pytest.approx(-6.0, abs=0.3)


def test_phrases_have_one_level_and_one_noise_floor():
    """The floor is the noise's level in the rests, 45 dB under the phrase, the same samples on both instruments."""
    tune = (Event(36, 0.5, 1.0, 0.0),)
    finished = [phrases.finish(phrases.play(tune, {36: note(36, k)}), seeded(9)) for k in (0, 1)]
    for phrase in finished:
        assert len(phrase) == SAMPLES
        level = 10 * torch.log10(phrase.square().mean()).item()
        assert level == pytest.approx(-26.0, abs=0.01)
    rests = [phrase[round(1.7 * SAMPLE_RATE) :] for phrase in finished]
    assert torch.allclose(*rests)
    floor = 10 * torch.log10(rests[0].square().mean()).item()
    assert floor == pytest.approx(-26.0 - 45.0, abs=1.0)


def test_silence_gets_the_noise_alone():
    noise = phrases.finish(torch.zeros(SAMPLES), seeded())
    assert torch.isfinite(noise).all()
    assert 10 * torch.log10(noise.square().mean()).item() == pytest.approx(-71.0, abs=0.01)
