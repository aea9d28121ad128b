"""The five sounds: their form, their stand-ins, and a reader's own file."""

import numpy as np
import pytest
import soundfile
import torch

from paper_code.audio import corpora
from paper_code.audio.clips import AudioError
from paper_code.bark_loss import stimuli


@pytest.mark.parametrize("name", stimuli.NAMES)
@pytest.mark.parametrize("synthetic", [True, pytest.param(False, marks=pytest.mark.corpora)])
def test_every_sound_has_the_documents_form(name, synthetic):
    if not synthetic and not corpora.available(stimuli.paths()):
        pytest.skip("the recordings are not here")
    clip = stimuli.clip(name, synthetic)
    assert clip.waveform.shape == (8192,)
    assert clip.sample_rate == 11025
    assert clip.waveform.abs().max().item() == pytest.approx(1.0)
    assert clip.synthetic is synthetic
    assert torch.equal(clip.waveform, stimuli.clip(name, synthetic).waveform)
    if not synthetic:
        assert clip.licence
        assert clip.recipe["file"]


def test_unknown_sound_is_refused():
    with pytest.raises(AudioError, match="speech, piano, pop, beat, drums"):
        stimuli.clip("flute")


@pytest.mark.corpora
def test_a_piece_equals_the_cut_of_the_whole_recording_resampled():
    """Resampling only the neighbourhood of a piece changes nothing audible in it (-80 dB)."""
    if not corpora.available(stimuli.paths()):
        pytest.skip("the recordings are not here")
    part = stimuli.STIMULI["speech"].parts[0]
    recording = stimuli.clips.resample(stimuli.corpora.load(part.path), 11025)
    start = round(part.start * 11025)
    whole = recording.waveform[start : start + 8192]
    piece = stimuli._piece(part).waveform
    lag = np.argmax(np.correlate(whole.numpy(), piece.numpy(), "full")) - 8191
    assert abs(lag) <= 1
    assert piece.norm().item() == pytest.approx(whole.norm().item(), rel=1e-3)


def _write(path, samples, rate):
    soundfile.write(path, samples, rate)
    return str(path)


def test_own_stereo_file_at_44100_is_converted_and_says_so(tmp_path):
    time = np.arange(2 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 441 * time)
    clip = stimuli.own_clip(_write(tmp_path / "my.wav", np.stack([tone, 0.5 * tone], 1), 44100))
    assert clip.waveform.shape == (8192,)
    assert clip.sample_rate == 11025
    spectrum = np.abs(np.fft.rfft(clip.waveform.numpy() * np.hanning(8192)))
    assert np.argmax(spectrum) * 11025 / 8192 == pytest.approx(441, abs=1.5)
    steps = " ".join(clip.recipe["steps"])
    assert "2 channels averaged" in steps
    assert "44100 to 11025" in steps


@pytest.mark.parametrize(
    ("samples", "message"),
    [(np.zeros((0,)), "0 samples"), (np.zeros(44100), "silent"), (np.full(1000, 0.1), "too short")],
)
def test_own_file_without_enough_sound_is_refused(tmp_path, samples, message):
    with pytest.raises(AudioError, match=message):
        stimuli.own_clip(_write(tmp_path / "my.wav", samples, 44100))


def test_own_file_that_is_missing_or_not_audio_is_refused(tmp_path):
    with pytest.raises(AudioError, match="there is no file"):
        stimuli.own_clip(str(tmp_path / "none.wav"))
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AudioError, match="cannot be read as sound"):
        stimuli.own_clip(str(tmp_path / "text.wav"))
