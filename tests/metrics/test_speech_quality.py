"""Wide-band PESQ: its ends, its trend with noise, what does not count, and sounds that have no value."""

import math
from itertools import pairwise

import pesq
import pytest
import torch

from paper_code.audio.synthesiser import speech_like
from paper_code.metrics import speech_quality
from paper_code.metrics.speech_quality import wideband_pesq


def _speech_and_noise() -> tuple[torch.Tensor, torch.Tensor]:
    speech = speech_like(seconds=1.5, sample_rate=16000, seed=0).waveform
    return speech, torch.randn(len(speech), generator=torch.Generator().manual_seed(0))


def test_the_top_for_itself_at_any_level_and_falling_with_noise():
    speech, noise = _speech_and_noise()
    assert wideband_pesq(speech, speech, 16000) == pytest.approx(4.644, abs=1e-3)
    assert wideband_pesq(0.1 * speech, speech, 16000) == pytest.approx(4.644, abs=0.02)
    values = [wideband_pesq(speech + level * noise, speech, 16000) for level in (1e-3, 1e-2, 1e-1)]
    assert values == sorted(values, reverse=True)
    assert 1 < values[-1] < values[0] - 1


def test_the_reference_is_not_the_estimate():
    speech, noise = _speech_and_noise()
    noisy = speech + 0.02 * noise
    assert abs(wideband_pesq(noisy, speech, 16000) - wideband_pesq(speech, noisy, 16000)) > 0.02


def test_what_has_no_value_is_not_a_number(monkeypatch):
    speech, _ = _speech_and_noise()
    silence = torch.zeros_like(speech)
    assert math.isnan(wideband_pesq(silence, speech, 16000))
    assert math.isnan(wideband_pesq(speech, silence, 16000))
    assert math.isnan(wideband_pesq(speech[:3999], speech[:3999], 16000))

    def finds_none(*_):
        raise pesq.NoUtterancesError(b"No utterances detected")

    monkeypatch.setattr(pesq, "pesq", finds_none)
    assert math.isnan(wideband_pesq(speech, speech, 16000))


def test_bad_input():
    sound = torch.ones(8000)
    with pytest.raises(ValueError, match=r"defined at 16000 Hz; found 8000\. Resample"):
        wideband_pesq(sound, sound, 8000)
    with pytest.raises(ValueError, match="same length"):
        wideband_pesq(sound, sound[1:], 16000)
    with pytest.raises(ValueError, match=r"Wanted \[time\]"):
        wideband_pesq(sound.expand(2, -1), sound.expand(2, -1), 16000)
    with pytest.raises(ValueError, match="finite"):
        wideband_pesq(sound * math.nan, sound, 16000)


def _utterances(count: int) -> torch.Tensor:
    """So many utterances of 0.3 s with pauses of 0.4 s: more than 50 end the C code with a segmentation fault."""
    speech = speech_like(seconds=0.3, sample_rate=16000, seed=0).waveform
    return torch.cat([speech, torch.zeros(6400)]).repeat(count)


def test_many_utterances_are_cut_at_pauses_and_averaged():
    speech = _utterances(60)  # 42 s
    noise = 0.01 * torch.randn(len(speech), generator=torch.Generator().manual_seed(0))
    noise[: len(noise) // 3] = 0
    cuts = speech_quality._cuts(speech.numpy())
    edges = [0, *cuts, len(speech)]
    lengths = [(b - a) / 16000 for a, b in pairwise(edges)]
    assert len(lengths) >= 3
    assert max(lengths) <= speech_quality.LONGEST
    assert min(lengths) >= speech_quality.LONGEST / 4
    assert all(not speech[cut - 100 : cut + 100].any() for cut in cuts)
    parts = [wideband_pesq((speech + noise)[a:b], speech[a:b], 16000) for a, b in pairwise(edges)]
    assert wideband_pesq(speech + noise, speech, 16000) == pytest.approx(sum(parts) / len(parts))
    assert parts[0] > parts[-1] + 0.5


def test_minutes_have_a_value_and_parts_without_speech_do_not_count():
    speech = speech_like(seconds=4.0, sample_rate=16000, seed=1).waveform.repeat(30)  # 120 s
    assert wideband_pesq(speech, speech, 16000) == pytest.approx(4.644, abs=1e-3)
    gap = torch.cat([speech[: 12 * 16000], torch.zeros(30 * 16000), speech[: 12 * 16000]])
    assert wideband_pesq(gap, gap, 16000) == pytest.approx(4.644, abs=1e-3)


def test_what_fits_is_not_cut():
    assert speech_quality._cuts(torch.ones(round(speech_quality.LONGEST * 16000)).numpy()) == []
