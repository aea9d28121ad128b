"""A reader's own sound: what is coded is what is heard and measured, and what cannot be coded is told."""

import math

import numpy as np
import pytest
import soundfile
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.released import about, release_small_coders, small_coder
from masking_loss.titled import titled
from paper_code.audio import clips, corpora, synthesiser
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.codecs import Codec, code
from paper_code.lab.config import ConfigError
from paper_code.lab.store import Result
from paper_code.lab.weights import WeightsError, checksum
from paper_code.masking_loss import experiment, own
from paper_code.masking_loss.coder import bitstream, weights
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.framing import split_signal
from paper_code.masking_loss.conditions import Condition
from paper_code.masking_loss.configs import LOSSES
from paper_code.masking_loss.study import Study
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.noise_to_mask import noise_to_mask
from paper_code.metrics.speech_quality import wideband_pesq

MUSIC = "unknown_horizons_music"
NAMES = ["AMR-WB 19.85", "MSE 20", "log-mel 20", "PMSQE 20", "masking 20"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module", autouse=True)
def coders(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPENDIUM_CACHE", str(folder / "cache"))
        yield release_small_coders(patch, folder / "weights")


def _file(folder, samples, sample_rate=16000, name="mine.wav"):
    soundfile.write(folder / name, np.asarray(samples), sample_rate, subtype="FLOAT")
    return str(folder / name)


@pytest.fixture(scope="module")
def speech(folder):
    return quick_speech(1.5, 16000, 4).waveform


@pytest.fixture(scope="module")
def found(folder, speech, coders):
    return own.through(None, _file(folder, 0.4 * speech), 20)


def test_every_condition_is_heard_and_measured(found, speech):
    assert [each.title for each in found.decoded] == [each.title for each in found.scores] == NAMES
    original = speech / speech.abs().max()
    assert torch.allclose(found.original.waveform, original, atol=1e-6)
    for condition, clip in found.decoded.items():
        scores, heard = found.scores[condition], clip.waveform
        assert heard.shape == original.shape
        assert scores["snr"] == pytest.approx(float(signal_to_noise_ratio(heard, found.original.waveform)), abs=1e-6)
        assert scores["pesq"] == wideband_pesq(heard, found.original.waveform, 16000)
        assert scores["above"] == noise_to_mask(heard, found.original.waveform).share_above()
        assert clip.title == f"mine, {condition.title}"


def test_the_coders_are_the_released_ones_and_the_rate_is_that_of_the_file(found):
    for loss, name in zip(("mse", "log_mel", "pmsqe", "masking"), NAMES[1:], strict=True):
        coder = weights.load_coder(loss, 20)
        assert torch.equal(found.decoded[titled(name)].waveform, bitstream.coded(coder, found.original.waveform))
        size = len(bitstream.encode(coder, found.original.waveform))
        assert found.scores[titled(name)]["kilobits"] == pytest.approx(8e-3 * size / 1.5)
        step = f"coded by {name}, {8e-3 * size / 1.5:.2f} kb/s as written, and decoded"
        assert found.decoded[titled(name)].recipe["steps"][-1] == step


def test_amr_wb_is_the_real_one(found):
    expected = code(found.original.waveform, Codec("amr_wb", 19.85))
    assert torch.equal(found.decoded[titled("AMR-WB 19.85")].waveform, expected.waveform)
    assert found.scores[titled("AMR-WB 19.85")]["kilobits"] == pytest.approx(expected.kilobits_per_second)


def test_the_table_shows_the_scores(found):
    shown = own.scores(found)
    assert "'mine', at 20 kb/s" in shown.text
    assert own.LEARNED in shown.text
    rows = {name: line for name in NAMES for line in shown.text.splitlines() if line.startswith(name)}
    for name in NAMES:
        scores = found.scores[titled(name)]
        wanted = f"{scores['kilobits']:.2f} {scores['pesq']:.2f} {scores['snr']:.1f} {100 * scores['above']:.1f}"
        assert rows[name].removeprefix(name).replace("−", "-").split() == wanted.split()


def test_the_player_has_all_sounds_in_their_colours(found, tmp_path, monkeypatch):
    asked = {}

    def compare(sounds, title, caption, roles, max_frequency):
        asked.update(sounds=list(sounds), title=title, caption=caption, roles=roles, top=max_frequency)

    monkeypatch.setattr(own.players, "compare", compare)
    own.player(found)
    assert asked["sounds"] == ["Original", *NAMES]
    assert list(asked["roles"].values()) == ["reference", "codec", "plain", "stronger", "corrected", "document"]
    assert asked["title"] == "Your sound, 'mine', at 20 kb/s"
    assert asked["caption"] == own.LEARNED
    assert asked["top"] == 8000


def test_the_player_is_made(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert own.player(found).text == f"Player 'Your sound, 'mine', at 20 kb/s': Original, {', '.join(NAMES)}"
    assert len(list((tmp_path / "sounds").glob("*.flac"))) == 6


def _low_pass_coder(seed: int) -> SpeechCoder:
    """A coder of two channels that, untrained, passes half of the band; bins and prior are from speech."""
    torch.manual_seed(seed)
    coder = SpeechCoder(2, 8, residual_gain=0.1, start="half_band").eval()
    frames = split_signal(quick_speech(0.5, 16000, seed).waveform)
    with torch.no_grad():
        coder.quantiser.start(coder.encode(frames))
    coder.quantiser.learn_prior(coder.symbols(frames))
    return coder


def _a_piece() -> Clip:
    return synthesiser.pop_like(1.5, 44100, 0)


def _a_recorded_piece() -> Clip:
    file = next(file for file in corpora.corpora()[MUSIC].recordings if corpora.where(file.path) != "absent")
    piece = corpora.load(file.path)
    return clips.cut(piece, 10 * piece.sample_rate, round(1.5 * piece.sample_rate))


RECORDED = pytest.param(_a_recorded_piece, marks=pytest.mark.corpora(MUSIC))


@pytest.mark.parametrize("piece", [_a_piece, RECORDED])
def test_music_comes_back_as_that_music_with_the_note(piece, folder, coders):
    for seed, loss in enumerate(LOSSES):
        weights.save(weights.released(loss, 24), _low_pass_coder(seed), about(loss, 24.0) | {"start": "half_band"})
    music = piece()
    found = own.through(None, _file(folder, music.waveform, music.sample_rate), 24)
    assert found.notes == (own.LEARNED, "Resampled from 44100 to 16000 Hz.")
    original = found.original.waveform
    assert original.shape == (24000,)
    assert original.abs().max() == 1
    names = ["AMR-WB 23.85", *(f"{name.split()[0]} 24" for name in NAMES[1:])]
    assert [each.title for each in found.decoded] == names
    for name, clip in zip(names, found.decoded.values(), strict=True):
        assert clip.waveform.shape == original.shape
        assert clip.waveform.isfinite().all()
        error = (clip.waveform - original).double().square().sum()
        ratio = 10 * math.log10(original.double().square().sum() / error)
        assert found.scores[titled(name)]["snr"] == pytest.approx(ratio, abs=1e-4)
        assert ratio > (1 if name.startswith("AMR-WB") else 6)  # silence has 0
    for loss, name in zip(LOSSES, names[1:], strict=True):
        coder = weights.load_coder(loss, 24)
        data = bitstream.encode(coder, original)
        assert torch.equal(found.decoded[titled(name)].waveform, bitstream.decode(coder, data))
        assert found.scores[titled(name)]["kilobits"] == pytest.approx(8e-3 * len(data) / 1.5)
    assert all(line.split()[-1].replace(".", "").isdigit() for line in own.scores(found).text.splitlines()[2:])


def _notes(folder, samples, sample_rate=16000):
    """Sound and notes, before anything is coded."""
    clip = own.clips.read(_file(folder, samples, sample_rate))
    return own._prepared(clip)


def test_a_long_clip_is_cut_to_its_middle_with_a_note(folder):
    ramp = torch.linspace(-0.5, 0.5, 16000 * 20)
    clip, notes = _notes(folder, ramp)
    assert notes == (own.LEARNED, "Only the middle 15 of its 20.0 s are coded.")
    expected = ramp[40000:280000]
    assert torch.allclose(clip.waveform, expected / expected.abs().max(), atol=1e-6)
    assert _notes(folder, ramp[: 15 * 16000])[1] == (own.LEARNED,)


def test_another_rate_is_resampled_with_a_note(folder):
    clip, notes = _notes(folder, quick_speech(0.5, 44100, 1).waveform, 44100)
    assert (clip.sample_rate, len(clip.waveform)) == (16000, 8000)
    assert notes == (own.LEARNED, "Resampled from 44100 to 16000 Hz.")


@pytest.mark.parametrize("limit", [0.1, 0.3])
def test_clipping_is_told(folder, limit):
    sound = quick_speech(1.0, 16000, 1).waveform
    clipped = sound.clamp(-limit, limit)
    notes = _notes(folder, clipped)[1]
    flat = int((clipped.abs() == limit).sum())
    assert len(notes) == 2
    told = int(notes[1].removeprefix("The recording is clipped: ").split()[0])
    assert 0.9 * flat < told <= flat  # but for tops of one or two samples
    assert "coded together with the sound" in notes[1]


LOW_TONE = np.sin(np.arange(16000) * 2 * math.pi * 3 / 16000) * np.linspace(0, 1, 16000)
NOT_CLIPPED = {
    "speech": quick_speech(1.0, 16000, 1).waveform,
    "a low tone that grows, in whole numbers": np.round(30000 * LOW_TONE) / 32768,
    "a whisper in whole numbers": np.random.default_rng(0).integers(-1, 2, 16000) / 32768,
    "as far up as down at every sample": np.array([0.5, -0.5] * 400),
}


@pytest.mark.parametrize("name", NOT_CLIPPED)
def test_what_is_not_clipped_is_not_told_to_be(folder, name):
    assert _notes(folder, NOT_CLIPPED[name])[1] == (own.LEARNED,)


def test_less_than_pesq_needs_has_no_pesq_but_a_table(folder):
    found = own.through(None, _file(folder, quick_speech(0.1, 16000, 2).waveform), 20.0)
    assert math.isnan(found.scores[titled("masking 20")]["pesq"])
    line = own.scores(found).text.splitlines()[-1]
    assert line.split()[3] == "–"


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(16000), "'mine' is silent"),
        (np.ones(511), "'mine' is too short: a frame of the coder has 512 samples"),
        (np.full(16000, np.nan), "NaN or infinite"),
    ],
)
def test_sounds_that_cannot_be_coded_are_told(folder, samples, message):
    with pytest.raises(AudioError, match=message):
        own.through(None, _file(folder, samples), 20)


def test_files_and_rates_that_are_not_there_are_told(folder, tmp_path):
    with pytest.raises(AudioError, match=r"there is no file .*none\.wav"):
        own.through(None, str(tmp_path / "none.wav"), 20)
    with pytest.raises(ConfigError, match="coders for 13, 20, 24 kb/s; found 16"):
        own.through(None, str(tmp_path / "none.wav"), 16)
    with pytest.raises(WeightsError, match=r"masking_loss_mse_13\.safetensors.*masking_loss\.coder\.release"):
        own.through(None, str(tmp_path / "none.wav"), 13)


def test_coders_that_a_study_kept_come_first(folder, tmp_path, coders):
    found = []
    kept = small_coder(seed=9)
    for name, config in experiment.experiments("smoke", 0, bins=8, width=2).items():
        (tmp_path / name).mkdir()
        file = weights.keep(tmp_path / name, kept, about("pmsqe", 20.0)) if name == "coder_pmsqe_20" else None
        trained = {"files": {file.name: checksum(file)} if file else {}}
        record = {"config": config.as_dict(), "seed": 0, "hash": config.hash, "trained": trained}
        found.append(Result(tmp_path / name, "masking_loss", name, record))
    study = Study(found, 0)
    taken = {loss: own._coder(study, Condition(loss, 20.0)) for loss in ("pmsqe", "masking")}
    assert bitstream.identity(taken["pmsqe"]) == bitstream.identity(kept)
    assert bitstream.identity(taken["masking"]) == bitstream.identity(weights.load_coder("masking", 20))
