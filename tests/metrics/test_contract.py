"""What every metric promises: no number where nothing can be compared, and no wrong one in another precision."""

import math
from collections.abc import Callable
from dataclasses import astuple

import pytest
import torch

from paper_code.audio.synthesiser import speech_like
from paper_code.metrics.aliasing import image_coherence, mirror_correlation, out_of_band_level
from paper_code.metrics.clicks import broadband_pulses
from paper_code.metrics.distortion import gap_noise, scale_invariant_snr, signal_to_noise_ratio
from paper_code.metrics.intelligibility import short_time_intelligibility
from paper_code.metrics.noise_to_mask import noise_to_mask
from paper_code.metrics.source_quality import source_quality
from paper_code.metrics.spectral import band_level, level_error, log_spectral_distance
from paper_code.metrics.speech_quality import wideband_pesq

RATE = 16000
METRICS: dict[str, Callable[[torch.Tensor, torch.Tensor], object]] = {
    "snr": signal_to_noise_ratio,
    "si_snr": scale_invariant_snr,
    "gap_noise": gap_noise,
    "lsd": lambda *pair: log_spectral_distance(*pair, RATE),
    "level_error": lambda *pair: level_error(*pair, RATE),
    "band_level": lambda *pair: band_level(*pair, RATE),
    "out_of_band": lambda *pair: out_of_band_level(*pair, RATE, 3000.0),
    "image": lambda *pair: image_coherence(*pair).value,
    "mirror": lambda *pair: mirror_correlation(*pair).value,
    "pulses": lambda *pair: broadband_pulses(*pair).level,
    "stoi": lambda *pair: short_time_intelligibility(*pair, RATE),
    "pesq": lambda *pair: wideband_pesq(*pair, RATE),
    "excess": lambda *pair: noise_to_mask(*pair).excess(),
    "peass": lambda *pair: source_quality(*pair).overall,
}
# What a silent estimate has: no energy to compare, but levels and distances that are as meant.
SILENT_ESTIMATE = {"lsd", "level_error", "band_level", "out_of_band", "pulses", "excess"}
SLOW = {"peass"}  # seconds of work for a second of sound


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Speech of 1.2 s in steps that half precision has, and the same with noise at about 10 dB."""
    speech = speech_like(seconds=1.2, sample_rate=RATE, seed=0).waveform
    noise = 0.3 * speech.std() * torch.randn(len(speech), generator=torch.Generator().manual_seed(0))
    return (speech + noise).half().float(), speech.half().float()


@pytest.mark.parametrize("name", METRICS)
def test_silence_has_no_score(name: str) -> None:
    estimate, reference = pair()
    silence = torch.zeros_like(reference)
    if name != "excess":  # noise that the threshold in quiet hides or not: silence masks, too
        assert math.isnan(METRICS[name](estimate, silence))
        assert math.isnan(METRICS[name](silence, silence))
    value = float(METRICS[name](silence, reference))
    assert math.isnan(value) == (name not in SILENT_ESTIMATE)


@pytest.mark.parametrize("name", sorted(METRICS.keys() - SLOW))
def test_half_precision_is_computed_in_single(name: str) -> None:
    estimate, reference = pair()
    expected = float(METRICS[name](estimate, reference))
    assert math.isfinite(expected) or name == "pulses"  # no click: -inf
    for kind in (torch.half, torch.bfloat16):
        ours, theirs = estimate.to(kind), reference.to(kind)
        found = float(METRICS[name](ours, theirs))
        assert found == pytest.approx(float(METRICS[name](ours.float(), theirs.float())), rel=1e-5)
    assert float(METRICS[name](estimate.double(), reference.double())) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", METRICS)
def test_what_is_no_float_tensor_is_refused(name: str) -> None:
    estimate, reference = pair()
    whole = [(32767 * signal).round().to(torch.int16) for signal in (estimate, reference)]
    with pytest.raises(ValueError, match="estimate must hold floating-point samples"):
        METRICS[name](*whole)
    with pytest.raises(ValueError, match="reference must hold floating-point samples"):
        METRICS[name](estimate, whole[1])
    with pytest.raises(ValueError, match=r"estimate is wanted as a torch tensor.*found numpy.ndarray.*from_numpy"):
        METRICS[name](estimate.numpy(), reference.numpy())


def test_nothing_of_a_separated_source_is_scored_in_silence() -> None:
    estimate, reference = pair()
    assert all(map(math.isnan, astuple(source_quality(estimate, 0 * reference))))


def test_rows_of_a_batch_are_silent_one_by_one() -> None:
    estimate, reference = pair()
    estimates, references = (
        torch.stack([estimate, estimate, 0 * estimate]),
        torch.stack([reference, 0 * reference, reference]),
    )
    for name in ("snr", "si_snr", "gap_noise", "lsd", "out_of_band"):
        found = METRICS[name](estimates, references)
        assert found[0] == pytest.approx(float(METRICS[name](estimate, reference)), rel=1e-5)
        assert found.isnan().tolist() == [False, True, name not in SILENT_ESTIMATE]
