"""What the coders learn from: speakers on one side only, utterances with a peak of 1, and what is no speech for it."""

import numpy as np
import pytest
import soundfile
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import AudioError, Clip
from paper_code.masking_loss import stimuli


@pytest.fixture
def quick(tmp_path, monkeypatch):
    monkeypatch.setattr(stimuli, "FOLDER", tmp_path / "speech")
    monkeypatch.setattr(synthesiser, "speech_like", quick_speech)


def test_no_speaker_is_on_two_sides_and_the_test_side_is_test_other():
    speakers = {side: {file.group for file in stimuli.recordings(side)} for side in stimuli.SIDES}
    assert [len(speakers[side]) for side in stimuli.SIDES] == [212, 15, 10]
    assert len(set.union(*speakers.values())) == 237
    assert all("librispeech_test-other" in file.path for file in stimuli.recordings("test"))
    assert len(stimuli.recordings("test")) == 100
    assert not any("test-other" in file.path for side in ("train", "validation") for file in stimuli.recordings(side))


def test_sources_name_licence_and_checksum():
    for source in corpora.sources(stimuli.recordings("test")):
        assert source["licence"] == "CC BY 4.0"
        assert len(source["sha256"]) == 64


def test_material_holds_every_utterance_with_a_peak_of_1(quick):
    found = stimuli.material("train", synthetic=True)
    assert found.tracks.tolist() == [[64000 * i, 64000 * (i + 1)] for i in range(3)]
    for seed, (first, end) in enumerate(found.tracks):
        (sound,) = found.at([first], end - first, stimuli.SPEECH_ARRAY)
        expected = quick_speech(4.0, 16000, seed).waveform
        assert (sound[0] - expected / expected.abs().max()).abs().max() <= 1.01 / 32768
        assert sound.abs().max() >= 32767 / 32768


def test_material_is_made_once_and_for_each_side(quick, monkeypatch):
    first = stimuli.material("validation", synthetic=True)
    monkeypatch.setattr(synthesiser, "speech_like", lambda *_: pytest.fail("made again"))
    again = stimuli.material("validation", synthetic=True)
    assert (again.folder, again.tracks.tolist()) == (first.folder, first.tracks.tolist())
    with pytest.raises(pytest.fail.Exception, match="made again"):
        stimuli.material("test", synthetic=True)


def _clip(waveform: np.ndarray, sample_rate: int = 16000) -> Clip:
    return Clip(torch.from_numpy(waveform.astype(np.float32)), sample_rate, "a clip")


def test_other_rates_are_resampled_and_clipping_is_kept():
    tone = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    found = stimuli.normalised(_clip(0.3 * tone, 44100))
    assert (found.sample_rate, len(found.waveform)) == (16000, 16000)
    assert found.waveform.abs().max() == 1
    middle = np.arange(4000, 12000)
    assert np.allclose(found.waveform[middle], np.sin(2 * np.pi * 440 * middle / 16000), atol=2e-3)
    clipped = stimuli.normalised(_clip(np.clip(3 * tone, -1, 1)))
    assert torch.equal(clipped.waveform, _clip(np.clip(3 * tone, -1, 1)).waveform)


def test_two_channels_of_a_file_become_one(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (2000, 2))
    soundfile.write(tmp_path / "stereo.wav", sound, 16000, subtype="FLOAT")
    found = stimuli.normalised(clips.read(tmp_path / "stereo.wav"))
    mean = sound.mean(1)
    assert np.allclose(found.waveform, mean / np.abs(mean).max(), atol=1e-6)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [(np.zeros(16000), "silent"), (np.ones(511), "a frame of the coder has 512 samples at 16000 Hz, found 511")],
)
def test_silence_and_clips_shorter_than_a_frame_are_refused(waveform, message):
    with pytest.raises(AudioError, match=message):
        stimuli.normalised(_clip(waveform))


def test_a_file_with_samples_that_are_not_finite_is_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan] * 500), 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="500 samples that are NaN"):
        clips.read(tmp_path / "nan.wav")


@pytest.mark.corpora("librispeech_resemblyzer")
def test_a_real_utterance_has_a_peak_of_1():
    found = stimuli.normalised(corpora.load(stimuli.recordings("validation")[0].path))
    assert found.sample_rate == 16000
    assert found.waveform.abs().max() == 1
