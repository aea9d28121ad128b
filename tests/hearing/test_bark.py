"""The Bark scale, the equivalent rectangular bandwidth and A-weighting against published values."""

import numpy as np
import pytest

from paper_code.hearing.bark import bark_from_hertz, equivalent_rectangular_bandwidth, hertz_from_bark
from paper_code.hearing.weighting import a_weighting

# IEC 61672-1:2013, Table 3: exact third-octave frequencies 1000 * 10**(k / 10) and rounded A-weighting in dB.
IEC_A_WEIGHTING = {
    31.623: -39.4,
    63.096: -26.2,
    125.89: -16.1,
    251.19: -8.6,
    501.19: -3.2,
    1000.0: 0.0,
    1995.3: 1.2,
    3981.1: 1.0,
    7943.3: -1.1,
    15849.0: -6.6,
}


def test_bark_scale_is_the_closed_form_and_its_inverse():
    frequency = np.array([0.0, 1.0, 100.0, 600.0, 1000.0, 5512.0])
    root = np.sqrt((frequency / 600) ** 2 + 1)
    assert bark_from_hertz(frequency) == pytest.approx(6 * np.log(frequency / 600 + root), abs=1e-12)
    assert hertz_from_bark(bark_from_hertz(frequency)) == pytest.approx(frequency, rel=1e-12, abs=1e-9)
    assert bark_from_hertz(5512.0) == pytest.approx(17.483, abs=5e-4)


def test_negative_frequency_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        bark_from_hertz([-1.0])


def test_equivalent_rectangular_bandwidth_near_glasberg_and_moore():
    frequency = np.array([100.0, 1000.0, 4000.0])
    published = 24.7 * (4.37 * frequency / 1000 + 1)
    assert equivalent_rectangular_bandwidth(frequency) == pytest.approx(published, rel=2e-3)


@pytest.mark.parametrize(("frequency", "decibels"), IEC_A_WEIGHTING.items())
def test_a_weighting_is_the_standards_table(frequency, decibels):
    assert float(a_weighting(frequency)) == pytest.approx(decibels, abs=0.06)


def test_a_weighting_has_no_value_at_zero():
    with pytest.raises(ValueError, match="above 0 Hz"):
        a_weighting([0.0, 100.0])
