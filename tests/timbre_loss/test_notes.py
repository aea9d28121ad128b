"""Notes made alike: tuning, onset, length and level; and the names of the recordings."""

import math

import pytest
import torch

from paper_code.audio import corpora
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.instruments import hertz_from_midi
from paper_code.timbre_loss import notes
from paper_code.timbre_loss.notes import CELLO_A, CELLO_B, SAMPLE_RATE


def tone(hertz, seconds=2.0, silence=0.1, level=0.1):
    """A tone of ten harmonics with silence before it, at 16 kHz."""
    time = torch.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = sum(torch.sin(2 * math.pi * k * hertz * time) / k for k in range(1, 11))
    return torch.cat([torch.zeros(round(silence * SAMPLE_RATE)), level * wave.float()])


@pytest.mark.parametrize(("name", "midi"), [("C2", 36), ("D#2", 39), ("A4", 69), ("C4", 60), ("B-1", 11)])
def test_names_and_numbers_of_notes(name, midi):
    assert notes.midi_of(name) == midi
    assert notes.name_of(midi) == name


@pytest.mark.parametrize("name", ["H2", "E#3", "C", "2", "c2", ""])
def test_no_other_names(name):
    with pytest.raises(ValueError, match="C2, D#2"):
        notes.midi_of(name)


def test_every_note_of_a_cello_has_a_pitch_of_its_own():
    """Cello A is chromatic from C2 to G#4; its file names hide the sharps."""
    assert list(notes.paths(CELLO_A)) == list(range(36, 69))
    assert len(notes.paths(CELLO_B)) == 19
    assert set(notes.paths(CELLO_B)) - set(notes.paths(CELLO_A)) == {72}


@pytest.mark.parametrize("cents", [-37, 0, 12, 55])
@pytest.mark.parametrize("midi", [38, 57])
def test_tuning_is_found_and_mended(midi, cents):
    wave = tone(hertz_from_midi(midi) * 2 ** (cents / 1200))
    assert notes.out_of_tune(wave, midi) == pytest.approx(cents, abs=1.5)
    assert notes.out_of_tune(notes.retuned(wave, -cents), midi) == pytest.approx(0, abs=2)


def test_retuning_moves_pitch_and_length_together():
    wave = tone(220.0)
    higher = notes.retuned(wave, 1200)
    assert len(higher) == pytest.approx(len(wave) / 2, abs=1)
    assert torch.equal(notes.retuned(wave, 0), wave)
    spectrum = torch.fft.rfft(higher).abs()
    assert float(spectrum.argmax()) * SAMPLE_RATE / len(higher) == pytest.approx(440.0, abs=2)


def test_a_note_made_ready_starts_at_its_onset_and_has_level_one():
    """Level and leading silence of the recording leave no trace."""
    clips = [Clip(tone(220.0, silence=s, level=v), SAMPLE_RATE, "tone") for s, v in ((0.02, 0.3), (0.4, 0.02))]
    one, other = (notes.ready(clip, 57) for clip in clips)
    for note in (one, other):
        assert len(note.waveform) == round(1.4 * SAMPLE_RATE)
        assert note.waveform.square().mean().sqrt().item() == pytest.approx(1.0, abs=1e-4)
        assert notes.onset(note.waveform) == pytest.approx(0.02 * SAMPLE_RATE, abs=0.012 * SAMPLE_RATE)
    assert any("MP3" in step for step in one.clip.recipe["steps"])


def test_silence_and_short_notes_are_refused():
    with pytest.raises(AudioError):
        notes.ready(Clip(torch.zeros(40000), SAMPLE_RATE, "nothing"), 57)
    with pytest.raises(AudioError, match=r"1\.4 s are needed"):
        notes.ready(Clip(tone(220.0, seconds=0.8), SAMPLE_RATE, "short"), 57)


@pytest.mark.corpora("cello_A_mtg_goodsounds")
def test_pitches_agree_with_librosa():
    """The comb of harmonics finds what pYIN finds, on five notes of cello A, to a few cents."""
    import librosa

    for midi, path in list(notes.paths(CELLO_A).items())[::8]:
        waveform = notes.ready(corpora.load(path), midi).waveform.numpy()
        pitch, voiced, _ = librosa.pyin(waveform, fmin=55, fmax=700, sr=SAMPLE_RATE, frame_length=2048)
        cents = 1200 * math.log2(float(torch.tensor(pitch[voiced]).median()) / hertz_from_midi(midi))
        assert abs(cents) < 12
