"""Critical-band rate, bands and the absolute threshold against published and hand-computed values."""

import numpy as np
import pytest

from paper_code.hearing.absolute_threshold import absolute_threshold
from paper_code.hearing.critical_bands import critical_band_rate, critical_bands, geometric_mean_line

# Zwicker 1961: edges in Hz of critical bands; the formula is said to be within 0.2 Bark of them.
EDGES = {100: 1, 200: 2, 510: 5, 1080: 9, 2000: 13, 4400: 18, 7700: 21, 12000: 23, 15500: 24}
LINES = np.arange(257) * 31.25


@pytest.mark.parametrize(("frequency", "rate"), EDGES.items())
def test_rate_is_near_zwickers_edges(frequency, rate):
    assert float(critical_band_rate(frequency)) == pytest.approx(rate, abs=0.2)


def test_rate_values_and_negative_frequency():
    assert critical_band_rate([0.0, 1000.0, 8000.0]) == pytest.approx([0.0, 8.5105, 21.2752], abs=1e-3)
    with pytest.raises(ValueError, match="0 or more"):
        critical_band_rate(-1.0)


def test_bands_hold_every_line_but_the_constant_once():
    bands = critical_bands(LINES)
    assert len(bands) == 22
    assert np.concatenate(bands).tolist() == list(range(1, 257))
    for number, lines in enumerate(bands):
        rate = critical_band_rate(LINES[lines])
        assert number <= rate.min() <= rate.max() < number + 1
    assert bands[0].tolist() == [1, 2, 3]


def test_band_without_a_line_is_left_out():
    coarse = np.arange(65) * 125.0
    assert all(len(lines) for lines in critical_bands(coarse))
    assert np.concatenate(critical_bands(coarse)).tolist() == list(range(1, 65))
    assert critical_bands(np.arange(9) * 1000.0)[0].tolist() == [1]


def test_geometric_mean_line():
    assert geometric_mean_line([1, 2, 3]) == 2  # 6 ** (1 / 3) = 1.817
    assert geometric_mean_line([4, 9]) == 6
    assert geometric_mean_line([100]) == 100


@pytest.mark.parametrize(
    ("frequency", "level"), [(31.25, 58.23), (1000.0, 3.37), (3300.0, -4.98), (8000.0, 4.79), (16000.0, 65.93)]
)
def test_absolute_threshold_values(frequency, level):
    assert float(absolute_threshold(frequency)) == pytest.approx(level, abs=0.005)


def test_absolute_threshold_is_lowest_near_3_kilohertz_and_refuses_zero():
    frequency = np.arange(20.0, 20000.0)
    assert 3200 < frequency[absolute_threshold(frequency).argmin()] < 3500
    with pytest.raises(ValueError, match="above 0 Hz"):
        absolute_threshold([0.0, 10.0])
