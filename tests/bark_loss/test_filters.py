"""The two filter banks: the measured facts of the original, and the definition of the corrected one."""

import numpy as np
import pytest
from scipy.signal import firwin2

from paper_code.bark_loss.filters import centre_frequencies, corrected_filters, original_filters
from paper_code.hearing.bark import equivalent_rectangular_bandwidth
from paper_code.hearing.weighting import a_weighting

POINTS = 1 << 15


def _response(filters):
    return np.abs(np.fft.rfft(filters.double().numpy(), POINTS, axis=-1))


def test_centres_are_those_of_zounds():
    centres = centre_frequencies(512, 11025)
    assert centres[:3] == pytest.approx([1.0, 4.4, 7.8], abs=0.05)
    assert centres[-1] == pytest.approx(5512.0)
    assert np.ptp(np.diff(np.arcsinh(centres / 600))) < 1e-12


# Peak gains by range of centres: bands, median, minimum, maximum (an independent rebuild of the July 2018 code).
GAINS = [
    (0, 66, 19, 0.001, 0.0, 0.33),
    (66, 208, 41, 0.031, 0.0, 0.27),
    (208, 442, 60, 0.088, 0.0007, 0.27),
    (442, 840, 80, 0.176, 0.032, 0.27),
    (840, 1600, 100, 0.281, 0.166, 0.35),
    (1600, 2900, 100, 0.446, 0.356, 0.55),
    (2900, 5513, 112, 0.656, 0.513, 0.75),
]


@pytest.mark.parametrize(("low", "high", "bands", "median", "least", "most"), GAINS)
def test_original_gain_rises_with_frequency_by_accident(low, high, bands, median, least, most):
    centres = centre_frequencies(512, 11025)
    gain = _response(original_filters()).max(-1)[(centres >= low) & (centres < high)]
    assert len(gain) == bands
    assert np.median(gain) == pytest.approx(median, abs=0.002)
    assert gain.min() == pytest.approx(least, abs=0.002)
    assert gain.max() == pytest.approx(most, abs=0.01)


def test_four_original_filters_are_numerically_zero():
    assert int((_response(original_filters()).max(-1) < 1e-6).sum()) == 4


def test_an_original_filter_against_its_design():
    """Band 300, drawn from the definition: 100 points of a Gaussian of 3 points' deviation over one bandwidth."""
    centre = centre_frequencies(512, 11025)[300]
    half = (24.7 + 0.108 * centre) / 2
    gaussian = np.exp(-0.5 * ((np.arange(100) - 49.5) / 3) ** 2)
    edges = np.linspace(centre - half, centre + half, 100) / 5512
    expected = firwin2(512, [0, *edges, 1], [0, *gaussian, 0])
    assert original_filters()[300].numpy() == pytest.approx(expected, abs=1e-7)


def test_a_weighting_of_the_scale():
    """1 + A - min A at the bands whose values were measured from the original code."""
    decibels = a_weighting(centre_frequencies(512, 11025))
    weights = 1 + decibels - decibels.min()
    bands = [0, 1, 2, 5, 10, 20, 50, 100, 200, 375, 511]
    values = [1.00, 52.3, 71.4, 96.5, 112.4, 125.0, 137.3, 144.1, 149.0, 150.85, 149.9]
    assert weights[bands] == pytest.approx(values, abs=0.06)
    assert int(weights.argmax()) == 375


def test_corrected_filters_have_unit_gain_at_their_centres():
    response, centres = _response(corrected_filters()), centre_frequencies(512, 11025)
    assert response.max(-1) == pytest.approx(np.ones(512), abs=1e-4)
    frequency = np.fft.rfftfreq(POINTS, 1 / 11025)
    away = np.abs(frequency[response.argmax(-1)] - centres)
    inner = (centres > 50) & (centres < 4600)  # nearer to Nyquist the response mirrors into itself
    assert away[inner].max() < 1.0


def test_corrected_filters_are_one_erb_wide():
    """Equivalent rectangular bandwidth, by integration; below 400 Hz the length of 512 taps widens them."""
    power, centres = _response(corrected_filters()) ** 2, centre_frequencies(512, 11025)
    width = power.sum(-1) * 11025 / POINTS / power.max(-1)
    wanted = equivalent_rectangular_bandwidth(centres)
    inner = (centres > 400) & (centres < 4600)
    assert width[inner] == pytest.approx(wanted[inner], rel=0.08)
    low = (centres > 66) & (centres <= 400)
    assert np.all((width[low] > wanted[low]) & (width[low] < wanted[low] + 15))
