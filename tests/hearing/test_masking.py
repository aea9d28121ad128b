"""The masking threshold against the literal reference, closed forms, invariances and bad input."""

import math

import numpy as np
import pytest
import reference
import torch
from torch import Tensor

from paper_code.audio import corpora, synthesiser
from paper_code.audio.clips import Clip
from paper_code.hearing import MaskingModel, masking, masking_threshold

RATE = 16000
FREQUENCY = np.arange(257) * 31.25
HEARD = np.maximum(FREQUENCY, 31.25)
BARK = np.array([reference.bark(f) for f in HEARD])
QUIET = np.array([reference.quiet(f) for f in HEARD])


def _tones(seconds: float) -> Tensor:
    """Sines of many levels, on lines and between, alone and together, changing every 512 samples."""
    random = np.random.default_rng(3)
    frames = []
    for number in range(round(seconds * RATE / 512)):
        count = 1 + number % 4
        frequency = random.uniform(40, 7900, (count, 1)) if number % 3 else 31.25 * random.integers(3, 250, (count, 1))
        level = 10 ** (random.uniform(-80, -10, (count, 1)) / 20)
        frames.append((level * np.sin(2 * np.pi * frequency * np.arange(512) / RATE + count)).sum(0))
    return torch.from_numpy(np.concatenate(frames)).float()


def _noise(seconds: float, seed: int = 0) -> Tensor:
    return 0.05 * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


SOUNDS = {  # 200 frames in all, with the hop
    "speech": (60, lambda: synthesiser.speech_like(2.0, RATE, 0).waveform),
    "music": (30, lambda: synthesiser.pop_like(2.0, RATE, 0).waveform),
    "piano": (30, lambda: synthesiser.piano_like(2.0, RATE, 1).waveform),
    "noise": (40, lambda: _noise(2.0)),
    "tones": (30, lambda: _tones(1.0)),
    "silence": (10, lambda: torch.zeros(RATE)),
}
RECORDED = ("librispeech_resemblyzer", "unknown_horizons_music")
PORT = MaskingModel.laboratory_port()
PORT_SETTINGS = reference.Settings(window="rectangular", by_number=True, one_offset=True, shift=-3.0)


def _deviation(waveform: Tensor, model: MaskingModel, settings: reference.Settings, frames: int) -> float:
    power = model.spectrum(waveform.double()).abs().square()[:frames]
    found = 10 * torch.log10(model.threshold(power).double()).numpy()
    starts = range(0, frames * model.hop_length, model.hop_length)
    cut = [waveform[start : start + model.frame_length].numpy() for start in starts]
    expected = np.array([reference.analyse(samples, settings).threshold for samples in cut])
    assert found.shape == expected.shape == (frames, model.lines)
    return float(np.abs(found - expected).max())


@pytest.mark.parametrize("sound", SOUNDS)
def test_threshold_is_that_of_the_reference(sound):
    frames, make = SOUNDS[sound]
    assert _deviation(make(), MaskingModel(), reference.Settings(), frames) < 0.001


@pytest.mark.parametrize("sound", ["speech", "tones"])
def test_laboratory_port_is_that_of_the_reference(sound):
    assert _deviation(SOUNDS[sound][1](), PORT, PORT_SETTINGS, 12) < 0.001


def test_threshold_at_44100_hertz_is_that_of_the_reference():
    model = MaskingModel(sample_rate=44100)
    sound = synthesiser.pop_like(0.3, 44100, 2).waveform
    assert _deviation(sound, model, reference.Settings(sample_rate=44100), 12) < 0.001


def _recording(corpus: str) -> Clip:
    recording = next(file for file in corpora.corpora()[corpus].recordings if corpora.where(file.path) != "absent")
    return corpora.load(recording.path)


@pytest.mark.corpora(*RECORDED)
@pytest.mark.parametrize("corpus", RECORDED)
def test_threshold_of_recordings_is_that_of_the_reference(corpus):
    clip = _recording(corpus)
    start = clip.sample_rate
    waveform = clip.waveform[start : start + 30 * 512]
    model = MaskingModel(sample_rate=clip.sample_rate, hop_length=512)
    assert _deviation(waveform, model, reference.Settings(sample_rate=clip.sample_rate), 30) < 0.001


def test_maskers_are_those_of_the_reference():
    waveform = SOUNDS["speech"][1]()[8000 : 8000 + 10 * 512]
    found = masking_threshold(waveform, hop_length=512)
    for number in range(10):
        kept = reference.analyse(waveform[512 * number : 512 * (number + 1)].numpy()).kept
        for kind, levels in (("tone", found.tonal[number]), ("noise", found.noise[number])):
            expected = {line: level for name, line, level in kept if name == kind}
            lines = (~levels.isnan()).nonzero().squeeze(-1).tolist()
            assert lines == sorted(expected)
            assert levels[lines].tolist() == pytest.approx([expected[line] for line in lines], abs=1e-3)


@pytest.mark.parametrize("sound", ["speech", "music", "noise", "tones"])
@pytest.mark.parametrize("model", [MaskingModel(), PORT], ids=["default", "port"])
def test_single_is_within_a_twentieth_of_a_decibel_of_double(sound, model):
    waveform = SOUNDS[sound][1]()
    power = model.spectrum(waveform.double()).abs().square()
    single, double = model.threshold(power), model.threshold(power, torch.float64)
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert (10 * torch.log10(single / double)).abs().max() < 0.0005
    options = {"window": model.window, "tonal_windows": model.tonal_windows, "noise_offset": model.noise_offset}
    entries = [masking_threshold(w, RATE, **options).threshold for w in (waveform, waveform.double())]
    assert (entries[0] - entries[1]).abs().max() < 0.05


def _require_single_near_double(waveform: Tensor, model: MaskingModel) -> None:
    """Window, FFT, power and sum in float32, as a float32 waveform gives them, beside the same in float64.

    The model's own entries take float64 spectra: where two maskers are as good as equal, a last digit decides which of
    them counts, which is seen in a few frames of a hundred thousand.
    """
    assert waveform.dtype == torch.float32
    single, double = (model.spectrum(w).abs().square() for w in (waveform, waveform.double()))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert len(single) >= 200
    assert not torch.equal(single.double(), double)
    apart = 10 * torch.log10(model.threshold(single).double() / model.threshold(double, torch.float64))
    assert apart.abs().max() < 0.05


@pytest.mark.parametrize("sound", ["speech", "music", "noise"])
def test_spectrum_in_single_gives_the_threshold_of_double(sound):
    _require_single_near_double(SOUNDS[sound][1](), MaskingModel(hop_length=128))


@pytest.mark.corpora(*RECORDED)
@pytest.mark.parametrize("corpus", RECORDED)
def test_spectrum_in_single_of_recordings_gives_the_threshold_of_double(corpus):
    clip = _recording(corpus)
    waveform = clip.waveform[clip.sample_rate :][: 250 * 256]
    _require_single_near_double(waveform, MaskingModel(sample_rate=clip.sample_rate))
    single, double = (masking_threshold(w, clip.sample_rate).threshold for w in (waveform, waveform.double()))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert (single - double).abs().max() < 0.05


def _single_tone(level: float, line: int, offset: float) -> np.ndarray:
    """The threshold in dB of one masker with a given offset, from the four pieces of the spreading function."""
    away = BARK - BARK[line]
    pieces = [
        (away >= -3) & (away < -1),
        (away >= -1) & (away < 0),
        (away >= 0) & (away < 1),
        (away >= 1) & (away < 8),
    ]
    spread = np.select(
        pieces,
        [17 * away - 0.4 * level + 11, (0.4 * level + 6) * away, -17 * away, (0.15 * level - 17) * away - 0.15 * level],
        -np.inf,
    )
    return 10 * np.log10(10 ** (0.1 * QUIET) + 10 ** (0.1 * (level + spread - offset)))


@pytest.mark.parametrize("line", [32, 96, 200])
@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.003])
def test_single_tone_on_both_sides(line, amplitude):
    level = 84.2814 + 20 * math.log10(amplitude)
    tone = amplitude * torch.sin(2 * math.pi * line / 512 * torch.arange(512, dtype=torch.float64))
    found = masking_threshold(tone, window="rectangular").threshold[0].numpy()
    assert found == pytest.approx(_single_tone(level, line, 0.275 * BARK[line] + 6.025), abs=1e-3)


def test_single_tone_by_hand():
    tone = torch.sin(2 * math.pi * 32 / 512 * torch.arange(512, dtype=torch.float64))
    found = masking_threshold(tone, window="rectangular")
    assert found.tonal[0, 32].item() == pytest.approx(84.28, abs=0.005)
    assert found.tonal[0].isnan().sum() == 256
    assert found.noise.isnan().all()
    # At 1 kHz, z = 8.5105: 84.281 - 0.275 z - 6.025; then 0.83 Bark below, 0.58 and 4.59 above; 3.8 below masks nothing.
    for line, level in {32: 75.916, 28: 42.801, 35: 66.065, 64: 43.256, 16: 6.279}.items():
        assert found.threshold[0, line].item() == pytest.approx(level, abs=0.002)


@pytest.mark.parametrize(("noise_offset", "expected"), [("noise", (0.175, 2.025)), ("tone", (0.275, 6.025))])
def test_band_of_noise_has_the_offset_for_noise(noise_offset, expected):
    lines = [k for k in range(1, 257) if 14 <= BARK[k] < 15]
    power = torch.zeros(1, 257, dtype=torch.float64)
    power[0, lines] = 1e5 / len(lines)
    centre = round(math.exp(sum(math.log(k) for k in lines) / len(lines)))
    model = MaskingModel(noise_offset=noise_offset)
    tonal, noise = model.maskers(power)
    assert not tonal.any()
    assert noise[0, centre].item() == pytest.approx(1e5, rel=1e-9)
    found = 10 * torch.log10(model.threshold(power, torch.float64))[0].numpy()
    per_bark, constant = expected
    assert found == pytest.approx(_single_tone(50.0, centre, per_bark * BARK[centre] + constant), abs=1e-6)


@pytest.mark.parametrize("window", ["hann", "rectangular"])
def test_silence_and_a_whisper_give_the_absolute_threshold(window):
    for waveform in (torch.zeros(1024), 1e-7 * _noise(0.1)):
        found = masking_threshold(waveform, window=window)
        assert found.threshold.numpy() == pytest.approx(np.broadcast_to(QUIET, found.threshold.shape), abs=1e-4)
        assert found.tonal.isnan().all()
        assert found.noise.isnan().all()
    shifted = MaskingModel(absolute_shift=-3.0).threshold(torch.zeros(1, 257, dtype=torch.float64))
    assert 10 * torch.log10(shifted)[0].numpy() == pytest.approx(QUIET - 3.0, abs=1e-4)


def test_result_says_where_and_when():
    found = masking_threshold(_noise(0.1).reshape(2, -1))
    assert found.threshold.shape == found.spectrum.shape == found.tonal.shape == found.noise.shape == (2, 3, 257)
    assert found.frequency.tolist() == FREQUENCY.tolist()
    assert found.time.tolist() == pytest.approx([0.016, 0.032, 0.048])
    assert found.absolute.numpy() == pytest.approx(QUIET, abs=1e-4)
    assert found.threshold.dtype == torch.float32
    expected = reference.analyse(_noise(0.1)[:512].numpy()).spectrum
    assert found.spectrum[0, 0].numpy() == pytest.approx(expected, abs=1e-2)


def test_frames_and_items_do_not_touch_each_other(monkeypatch):
    waveform = torch.stack([SOUNDS["speech"][1]()[:8192], _noise(0.512), SOUNDS["music"][1]()[:8192]])
    together = masking_threshold(waveform.reshape(3, 1, -1)).threshold
    monkeypatch.setattr(masking, "FRAMES_AT_ONCE", {"cpu": 7})
    alone = torch.stack([masking_threshold(item.unsqueeze(0)).threshold for item in waveform])
    assert together.shape == alone.shape == (3, 1, 31, 257)
    assert torch.allclose(together, alone, rtol=0, atol=1e-4)


def test_carries_no_gradient_and_takes_half_precision():
    waveform = _noise(0.1)
    leaf = waveform.clone().requires_grad_()
    assert not masking_threshold(leaf).threshold.requires_grad
    half = masking_threshold(waveform.half())
    assert half.threshold.dtype == torch.float32
    assert torch.equal(half.threshold, masking_threshold(waveform.half().float()).threshold)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_equals_cpu():
    waveform = torch.cat([SOUNDS["speech"][1](), _noise(1.0), torch.zeros(1024)])
    found, expected = masking_threshold(waveform.cuda()), masking_threshold(waveform)
    assert found.threshold.device.type == "cuda"
    assert (found.threshold.cpu() - expected.threshold).abs().max() < 0.05


BAD = {
    "nan": (torch.full((600,), math.nan), {}, "not finite"),
    "infinity": (torch.full((600,), math.inf), {}, "not finite"),
    "too short": (torch.zeros(511), {}, "512 samples is needed; found 511"),
    "no samples": (torch.zeros(2, 0), {}, "needs samples"),
    "no batch": (torch.zeros(0, 600), {}, "needs samples"),
    "integers": (torch.zeros(600, dtype=torch.int16), {}, "floating-point"),
    "an array": (np.zeros(600), {}, "found ndarray"),
    "16-bit values": (torch.full((600,), 20000.0), {}, "Divide 16-bit samples"),
    "low rate": (torch.zeros(600), {"sample_rate": 4000}, "8000 to 48000 Hz; found 4000"),
    "high rate": (torch.zeros(600), {"sample_rate": 96000}, "8000 to 48000 Hz; found 96000"),
    "kilohertz": (torch.zeros(600), {"sample_rate": 16.0}, "found 16.0"),
    "window": (torch.zeros(600), {"window": "kaiser"}, "window is one of 'hann', 'rectangular'"),
    "tonal windows": (torch.zeros(600), {"tonal_windows": "bark"}, "tonal_windows"),
    "noise offset": (torch.zeros(600), {"noise_offset": "none"}, "noise_offset"),
    "odd frame": (torch.zeros(600), {"frame_length": 511}, "frame_length"),
    "no hop": (torch.zeros(600), {"hop_length": 0}, "hop_length is 1 to 512"),
    "long hop": (torch.zeros(600), {"hop_length": 513}, "hop_length is 1 to 512"),
    "numbers": (torch.zeros(600), {"tonal_windows": "number", "frame_length": 256, "hop_length": 128}, "of 512"),
    "shift": (torch.zeros(600), {"absolute_shift": math.nan}, "absolute_shift"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case):
    waveform, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        masking_threshold(waveform, **options)


@pytest.mark.parametrize(
    ("power", "message"),
    [
        (torch.zeros(1, 256), "frame, 257"),
        (torch.zeros(257), "frame, 257"),
        (torch.zeros(0, 257), "frame, 257"),
        (torch.zeros(1, 257, dtype=torch.long), "floating-point"),
        (torch.full((1, 257), -1.0), "not negative"),
        (torch.full((1, 257), math.nan), "finite"),
    ],
)
def test_bad_spectra_are_refused(power, message):
    for function in (MaskingModel().threshold, MaskingModel().maskers):
        with pytest.raises(ValueError, match=message):
            function(power)
