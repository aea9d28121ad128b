"""What the listeners of the real MUSHRA test heard."""

import numpy as np
import pytest

from paper_code.listeners.mushra import speech_codec_test
from paper_code.listeners.speech_codec_sounds import ANCHOR, CORPUS, REFERENCE, recordings, sounds, speakers


def test_every_utterance_has_a_speaker():
    """The four of VCTK are heard twice, the eight of TSP once."""
    names = speakers()
    counts = {name: list(names.values()).count(name) for name in names.values()}
    assert sorted(counts.values()) == [1] * 8 + [2] * 4
    assert all((count == 2) == name.startswith("VCTK") for name, count in counts.items())


def test_an_unknown_utterance_is_refused():
    with pytest.raises(KeyError):
        recordings("VCTK_p000_000")


@pytest.mark.corpora(CORPUS)
def test_the_sounds_are_those_that_were_rated():
    ratings = speech_codec_test()
    assert set(speakers()) == set(ratings.items)
    heard = sounds(ratings.items[0])
    assert next(iter(heard)) == REFERENCE
    assert set(heard) == set(ratings.conditions)
    assert len({(clip.sample_rate, len(clip.waveform)) for clip in heard.values()}) == 1
    above = {
        name: np.square(np.abs(np.fft.rfft(heard[name].waveform.numpy()))[round(4500 * heard[name].seconds) :]).sum()
        for name in (REFERENCE, ANCHOR)
    }
    assert above[ANCHOR] < 1e-4 * above[REFERENCE]
