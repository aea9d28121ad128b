"""Signal-to-noise ratios and gap noise: closed forms, invariances and limits."""

import math

import pytest
import torch

from paper_code.metrics.distortion import gap_noise, scale_invariant_snr, signal_to_noise_ratio


def _orthogonal(time: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    t = torch.arange(time, dtype=torch.float64)
    return torch.sin(2 * math.pi * 40 * t / time), torch.sin(2 * math.pi * 70 * t / time)


@pytest.mark.parametrize("decibels", [-10.0, 0.0, 20.0])
def test_ratio_of_a_known_noise(decibels):
    signal, noise = _orthogonal()
    estimate = signal + noise * 10 ** (-decibels / 20)
    assert signal_to_noise_ratio(estimate, signal).item() == pytest.approx(decibels, abs=1e-9)
    assert scale_invariant_snr(estimate, signal).item() == pytest.approx(decibels, abs=1e-9)
    assert scale_invariant_snr(-3 * estimate, signal).item() == pytest.approx(decibels, abs=1e-9)


def test_level_matters_only_to_the_plain_ratio():
    signal, _ = _orthogonal()
    assert signal_to_noise_ratio(0.5 * signal, signal).item() == pytest.approx(20 * math.log10(2))
    assert scale_invariant_snr(signal, signal).item() > 200
    assert signal_to_noise_ratio(signal, signal).item() == math.inf


def test_silence_has_no_ratio():
    signal, _ = _orthogonal()
    assert math.isnan(scale_invariant_snr(signal, torch.zeros_like(signal)).item())
    assert math.isnan(scale_invariant_snr(torch.zeros_like(signal), signal).item())


def test_gap_noise_reads_the_noise_in_the_quiet_part():
    """A loud part and a part 40 dB below it: noise 20 dB above the quiet part reads as 10 log10(1 + 100) dB."""
    random = torch.Generator().manual_seed(0)
    reference = torch.randn(12800, generator=random, dtype=torch.float64)
    reference[6400:] *= 0.01
    noise = torch.randn(12800, generator=random, dtype=torch.float64) * 0.1
    assert gap_noise(reference, reference).item() == pytest.approx(0, abs=1e-9)
    assert gap_noise(reference + noise, reference).item() == pytest.approx(10 * math.log10(101), abs=0.6)
    assert gap_noise(5 * reference, reference).item() == pytest.approx(0, abs=1e-9)


def test_of_equally_quiet_frames_the_earlier_count():
    """A loud half, then 49 equal quiet frames of which 10 are taken: noise from the 11th on is not seen, before it is."""
    reference = torch.full((12800,), 0.01, dtype=torch.float64)
    reference[:6400] = 1.0
    later, earlier = torch.zeros(2, 12800, dtype=torch.float64)
    later[6400 + 12 * 128 :: 2], earlier[6400 + 3 * 128] = 0.01, 0.3
    assert gap_noise(reference + later, reference).item() == pytest.approx(0, abs=0.01)
    assert gap_noise(reference + earlier, reference).item() > 2


def test_batches_are_item_by_item():
    signal, noise = _orthogonal()
    estimates = torch.stack([signal + noise, signal + 0.1 * noise])
    for metric in (signal_to_noise_ratio, scale_invariant_snr, gap_noise):
        assert metric(estimates, signal).tolist() == pytest.approx([metric(e, signal).item() for e in estimates])


@pytest.mark.parametrize("metric", [signal_to_noise_ratio, scale_invariant_snr, gap_noise])
def test_bad_input(metric):
    with pytest.raises(ValueError, match="same length"):
        metric(torch.zeros(300), torch.zeros(301))
    with pytest.raises(ValueError, match="finite"):
        metric(torch.full((300,), math.inf), torch.zeros(300))
