"""What is measured of a condition, on sounds whose measures are known."""

import math

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec, CodecError
from paper_code.audio.synthesiser import speech_like
from paper_code.lab.config import ConfigError
from paper_code.lab.store import Result
from paper_code.masking_loss import evaluation, stimuli, utterances
from paper_code.masking_loss.coder import bitstream, coding, container
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.coding import Decoded
from paper_code.masking_loss.conditions import Condition
from paper_code.masking_loss.configs import AmrWb, TrainedCoder, UntrainedCoder
from paper_code.masking_loss.loss import LogMelLoss
from paper_code.masking_loss.utterances import Utterance
from paper_code.metrics.distortion import signal_to_noise_ratio
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.noise_to_mask import NoiseToMask, noise_to_mask

COMMON = {"profile": "smoke", "seed": 0}


def _coder() -> SpeechCoder:
    torch.manual_seed(0)
    coder = SpeechCoder(2, 8, residual_gain=0.1)
    frames = torch.randn(4, 512, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        coder.quantiser.start(coder.encode(frames))
    coder.quantiser.learn_prior(coder.symbols(frames))
    return coder.eval()


def _speech(seconds: float = 1.0, seed: int = 0) -> torch.Tensor:
    return quick_speech(seconds, 16000, seed).waveform


def _utterance(name: str, speaker: str, seconds: float = 1.0) -> Utterance:
    return Utterance(name, speaker, Clip(_speech(seconds), 16000, name))


def test_a_coder_is_measured_through_a_file(tmp_path):
    coder, speech, file = _coder(), _speech(), tmp_path / "coded.bin"
    found = coding.of_coder(coder, file)(speech)
    assert torch.equal(found.waveform, bitstream.coded(coder, speech))
    assert found.bits == 8 * len(bitstream.encode(coder, speech))
    assert found.symbols.shape == (34, 256)  # 16,000 samples and 32 before, 480 a frame
    assert not file.exists()


def test_a_damaged_file_is_no_measurement(tmp_path, monkeypatch):
    read = container.read
    monkeypatch.setattr(container, "read", lambda path: read(path)[:-1])
    with pytest.raises(container.Truncated):
        coding.of_coder(_coder(), tmp_path / "coded.bin")(_speech())


def test_amr_wb_is_aligned_and_costs_its_frames(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPENDIUM_CACHE", str(tmp_path))
    speech = speech_like(2.0, 16000, 0).waveform
    found = coding.of_amr_wb(Codec("amr_wb", 12.65))(speech)
    assert found.waveform.shape == speech.shape
    assert found.bits == 8 * 33 * math.ceil((len(speech) + 95) / 320)
    ratios = [float(signal_to_noise_ratio(found.waveform.roll(shift), speech)) for shift in (-2, -1, 0, 1, 2)]
    assert int(np.argmax(ratios)) == 2
    assert ratios[2] > 10


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (AmrWb(kilobits=19.85, **COMMON), "AMR-WB 19.85"),
        (UntrainedCoder(transform="mdct", bitrate=20.0, **COMMON), "MDCT 20"),
        (UntrainedCoder(transform="lapped", bitrate=13.0, **COMMON), "untrained 13"),
        (TrainedCoder(loss="log_mel", bitrate=13.0, **COMMON), "log-mel 13"),
        (TrainedCoder(loss="masking", gamma=0.0, **COMMON), "masking 20, gamma 0"),
        (TrainedCoder(loss="masking", bands=(16, 32), **COMMON), "masking 20, bands 16-32"),
    ],
)
def test_titles(config, name):
    assert Condition.of_config(config.as_dict()).title == name


def test_known_noise_has_known_scores():
    speech = _speech(2.0)
    noise = torch.randn(len(speech), generator=torch.Generator().manual_seed(0))
    noise *= 0.1 * speech.norm() / noise.norm()
    found = evaluation.scores(Decoded(speech + noise, 26000), speech)
    assert list(found) == list(evaluation.SCORES)
    assert found["kilobits"] == pytest.approx(13.0)
    assert found["snr"] == pytest.approx(20, abs=1e-3)
    assert 1 < found["pesq"] < 4
    assert found["stoi"] == short_time_intelligibility(speech + noise, speech, 16000)
    assert 0.5 < found["stoi"] < 1
    compared = noise_to_mask(speech + noise, speech)
    assert (found["above"], found["excess"]) == (compared.share_above(), compared.excess())
    assert found["above_high"] == compared.share_above(4000)
    assert found["log_mel"] == pytest.approx(LogMelLoss.three_scales()(speech + noise, speech).item(), rel=1e-5)
    assert found["masking"] > 0
    louder = evaluation.scores(Decoded(speech + 2 * noise, 26000), speech)
    assert all(louder[name] > found[name] for name in ("above", "excess", "log_mel", "pmsqe", "masking"))
    assert all(louder[name] < found[name] for name in ("snr", "stoi"))


def test_a_perfect_copy_has_no_noise_and_no_ratio():
    speech = _speech()
    found = evaluation.scores(Decoded(speech, 1), speech)
    assert math.isnan(found["snr"])
    assert found["above"] == found["excess"] == 0
    assert found["pesq"] > 4.6


def test_silence_out_of_a_condition_is_scored_and_has_no_pesq():
    speech = _speech()
    found = evaluation.scores(Decoded(torch.zeros_like(speech), 1), speech)
    assert math.isnan(found["pesq"])
    assert math.isnan(found["snr"])  # silence has no ratio
    assert found["above"] > 0


def test_the_rate_is_that_of_all_files_and_failures_are_counted():
    spoken = [_utterance("a", "x", 1.0), _utterance("b", "y", 3.0)]
    rows = [dict.fromkeys(evaluation.SCORES, value) for value in (10.0, 20.0)]
    rows[0]["pesq"] = math.nan
    found = evaluation.summary(rows, spoken)
    assert found["kilobits"] == pytest.approx((10 * 1 + 20 * 3) / 4)
    assert (found["snr"], found["pesq"], found["pesq_failed"]) == (15, 20, 1)
    assert (found["utterances"], found["seconds"]) == (2, 4)
    assert math.isnan(evaluation.summary(rows[:1], spoken[:1])["pesq"])
    arrays = evaluation.columns("test", spoken, rows)
    assert arrays["test_names"].tolist() == ["a", "b"]
    assert np.array_equal(arrays["test_pesq"], [np.nan, 20], equal_nan=True)


def test_the_estimate_is_the_entropy_of_all_symbols():
    config = TrainedCoder(loss="mse", **COMMON)
    halves = [Decoded(torch.zeros(1), 1, torch.full((3, 256), symbol)) for symbol in (0, 5)]
    assert evaluation.estimated_kilobits(config, halves) == pytest.approx(16000 / 480 * 256 / 1000)  # 1 bit a symbol
    assert evaluation.estimated_kilobits(config, halves[:1]) == pytest.approx(0, abs=1e-6)
    transform = UntrainedCoder(transform="mdct", bitrate=20.0, **COMMON)
    assert evaluation.estimated_kilobits(transform, halves) == evaluation.estimated_kilobits(config, halves)
    assert evaluation.estimated_kilobits(AmrWb(kilobits=12.65, **COMMON), [Decoded(torch.zeros(1), 1)]) == 12.65


def test_peass_is_asked_about_the_middle(monkeypatch):
    from types import SimpleNamespace

    asked = []

    def quality(estimate, original, rate):
        asked.append((estimate, original, rate))
        return SimpleNamespace(overall=1.0, artifacts=2.0, interference=3.0, target=4.0)

    monkeypatch.setattr(evaluation, "source_quality", quality)
    speech = _speech(2.0)
    found = evaluation.predictions(-speech, speech, 0.5)
    assert found == {"ops": 1, "aps": 2, "ips": 3, "tps": 4}
    assert torch.equal(asked[0][1], speech[12000:20000])
    assert torch.equal(asked[0][0], -speech[12000:20000])
    evaluation.predictions(speech[:9000], speech[:9000], 4.0)
    assert len(asked[1][0]) == 9000


def test_the_figure_shows_the_frame_with_the_most_entropy():
    levels = torch.zeros(100, 257)
    for hardest, expected in ((50, (26, 24)), (3, (0, 3)), (98, (52, 46))):
        bits = torch.zeros(100)
        bits[hardest] = 1
        noise = NoiseToMask(levels, levels, levels, torch.zeros(257), bits)
        assert evaluation.figure_frames(noise) == expected
    short = NoiseToMask(levels[:5], levels[:5], levels[:5], torch.zeros(257), torch.arange(5.0))
    assert evaluation.figure_frames(short) == (0, 4)


@pytest.fixture
def two(monkeypatch):
    """Two utterances of two speakers on each side, and no PEASS."""
    found = [_utterance("a", "x"), _utterance("b", "y")]
    monkeypatch.setattr(utterances, "measured", lambda side, count, synthetic: found)
    monkeypatch.setattr(evaluation, "predictions", lambda *_: dict.fromkeys(evaluation.PREDICTED, 7.0))
    return found


def test_everything_is_written_and_an_overshoot_does_not_clip(two, tmp_path):
    config = AmrWb(kilobits=12.65, predicted=1, heard=2, **COMMON)
    loud = {"a": 1.0, "b": 3.0}
    by_sound = {id(each.waveform): loud[each.name] for each in two}
    evaluation.measure(config, lambda w: Decoded(by_sound[id(w)] * w / w.abs().max(), 16000), tmp_path, {})
    result = Result(tmp_path, "masking_loss", "amr", {"profile": "smoke", "seed": 0})
    assert result.sounds() == ["a", "b"]
    assert result.metrics["levels"] == pytest.approx({"a": 0.5, "b": 1 / 3})
    assert result.audio("a").waveform.abs().max().item() == pytest.approx(0.5, abs=1e-3)
    assert result.audio("b").waveform.abs().max().item() == pytest.approx(1.0, abs=1e-3)
    gains = {each.name: 20 * math.log10(loud[each.name] / float(each.waveform.abs().max())) for each in two}
    assert result.metrics["bands"] == {
        name: {"high": pytest.approx(gain, abs=1e-3), "top": pytest.approx(gain, abs=1e-3)}
        for name, gain in gains.items()
    }
    assert result.metrics["predicted"] == {"ops": 7, "aps": 7, "ips": 7, "tps": 7, "utterances": 1, "seconds": 4}
    assert result.arrays["predicted_names"].tolist() == ["a"]
    for side in ("validation", "test"):
        assert result.metrics[side]["kilobits"] == pytest.approx(16)
        assert result.arrays[f"{side}_snr"].shape == (2,)
    place = result.metrics["figure"]
    shown = result.arrays["figure_threshold"]
    assert shown.shape == (48, 257)
    again = noise_to_mask(two[0].waveform, two[0].waveform)
    assert int(again.entropy.argmax()) == place["first"] + place["frame"]
    assert np.allclose(shown[place["frame"]], again.threshold[again.entropy.argmax()], atol=0.05)


def test_peass_left_out_is_said(two, tmp_path):
    evaluation.measure(
        AmrWb(kilobits=12.65, predicted=0, heard=0, **COMMON), lambda w: Decoded(0.5 * w, 1), tmp_path, {}
    )
    result = Result(tmp_path, "masking_loss", "amr", {})
    assert result.sounds() == []
    assert result.metrics["predicted"]["utterances"] == 0
    assert math.isnan(result.metrics["predicted"]["ops"])
    assert result.arrays["predicted_ops"].shape == (0,)


def test_one_utterance_a_speaker():
    found = [_utterance(name, speaker) for name, speaker in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z"))]
    assert [each.name for each in utterances.one_a_speaker(found, 2)] == ["a", "c"]
    assert [each.name for each in utterances.one_a_speaker(found, 9)] == ["a", "c", "d"]
    assert utterances.one_a_speaker(found, 0) == []


def test_heard_utterances_come_first_and_are_of_four_speakers():
    names = utterances.names("test")
    assert tuple(names[:4]) == utterances.HEARD
    assert len(names) == len(set(names)) == 100
    assert len({name.split("-")[0] for name in utterances.HEARD}) == 4
    assert set(names).isdisjoint(utterances.names("validation"))
    seconds = {utterances.name_of(file): file.seconds for file in stimuli.recordings("test")}
    others = [seconds[name] for name in names[4:]]
    assert others == sorted(others)  # a quick look at a few takes short ones


@pytest.mark.corpora("librispeech_resemblyzer")
def test_real_utterances_have_a_peak_of_one():
    (found,) = utterances.measured("test", 1)
    assert (found.name, found.speaker) == (utterances.HEARD[0], "LibriSpeech speaker 1688")
    assert found.waveform.abs().max() == 1
    assert found.clip.sample_rate == 16000
    assert found.clip.licence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heard": -1}, "heard is 0 or more"),
        ({"predicted_seconds": 0.4}, r"PEASS needs 0\.5 s"),
        ({"utterances": -2}, "utterances is 0 or more"),
    ],
)
def test_impossible_measurements_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        AmrWb(kilobits=12.65, **COMMON, **changes)
    with pytest.raises(ConfigError, match=message):
        TrainedCoder(loss="mse", **COMMON, **changes)
    with pytest.raises(ConfigError, match=message):
        UntrainedCoder(transform="mdct", bitrate=20.0, **COMMON, **changes)


def test_another_transform_is_refused():
    with pytest.raises(ConfigError, match="transform is one of mdct, lapped; found 'dct'"):
        UntrainedCoder(transform="dct", bitrate=20.0, **COMMON)


def test_a_rate_that_amr_wb_does_not_have_is_refused():
    with pytest.raises(CodecError, match=r"12\.65"):
        AmrWb(kilobits=13.0, **COMMON)
