"""The FFT filter bank against direct convolution."""

import pytest
import torch
from torch.nn.functional import conv1d

from paper_code.audio.filter_banks import FilterBank, fast_length


@pytest.mark.parametrize(("time", "taps"), [(1, 4), (7, 16), (300, 33), (1000, 512)])
def test_equals_direct_convolution(time, taps):
    random = torch.Generator().manual_seed(time)
    filters = torch.randn(5, taps, generator=random)
    waveform = torch.randn(3, time, generator=random)
    direct = conv1d(waveform.double().unsqueeze(1), filters.double().unsqueeze(1), padding=taps)
    found = FilterBank(filters)(waveform)
    assert found.shape == direct.shape == (3, 5, time + taps + 1)
    assert (found - direct).abs().max() < 1e-5 * direct.abs().max()


def test_double_precision_and_leading_axes():
    bank = FilterBank(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)))
    waveform = torch.randn(2, 3, 40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = bank(waveform)
    direct = conv1d(waveform.reshape(6, 1, 40), bank.filters.double().unsqueeze(1), padding=8).reshape(2, 3, 4, 49)
    assert found.dtype == torch.float64
    assert (found - direct).abs().max() < 1e-12


def test_changed_filters_are_used():
    """The kept spectra belong to the filters they were made from: loading a state makes new ones."""
    bank, other = FilterBank(torch.ones(1, 4)), FilterBank(torch.full((1, 4), 2.0))
    waveform = torch.ones(10)
    before = bank(waveform)
    bank.load_state_dict(other.state_dict())
    assert torch.allclose(bank(waveform), 2 * before)


@pytest.mark.parametrize("minimum", [1, 2, 17, 513, 8705, 9217, 100_000])
def test_fast_length_is_long_enough_and_close(minimum):
    found = fast_length(minimum)
    assert minimum <= found < max(2 * minimum, 2)
    while found % 2 == 0:
        found //= 2
    assert found in (1, 3, 5, 9)


def test_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"\[band, tap\]"):
        FilterBank(torch.zeros(3))
