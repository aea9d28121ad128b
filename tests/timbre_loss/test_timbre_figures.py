"""Figures and charts: what their words say of the numbers they are given, and what they refuse."""

import base64
import re

import numpy as np
import pytest

from paper_code.lab.intervals import Interval
from paper_code.timbre_loss import charts, figures
from paper_code.timbre_loss.figures import BeforeAfter, Listened
from paper_code.timbre_loss.spectrograms import BINS

FRAMES = 30
SPECTROGRAM = np.linspace(-80, 0, BINS * FRAMES).reshape(BINS, FRAMES)
CHECKED = np.where(np.add.outer(np.arange(BINS), np.arange(FRAMES)) % 2, 3.0, -3.0)  # 6 dB from each cell to the next


def alt(drawing) -> str:
    return re.search(r'aria-label="([^"]*)"', drawing.html)[1]


def panels(drawing) -> list[str]:
    found = re.findall(r'class="figure-panel" src="data:image/svg\+xml;base64,([^"]*)"', drawing.html)
    return [base64.b64decode(content).decode() for content in found]


def test_figure_1_measures_its_masks() -> None:
    shown = figures.figure_1(SPECTROGRAM, SPECTROGRAM + 2, np.full_like(CHECKED, 2.0), CHECKED, ("cello A", "cello B"))
    assert "mask from blocks, 2.0 dB in size and 0.00 dB rough" in alt(shown)
    assert "mask from noise, 3.0 dB in size and 6.00 dB rough" in alt(shown)
    assert [("input: cello B" in p, "changed towards cello A" in p) for p in panels(shown)[:2]] == [
        (True, False),
        (False, True),
    ]
    assert len(panels(shown)) == 4


def test_figure_2_has_a_row_a_mask_with_its_scores() -> None:
    pair = BeforeAfter(CHECKED, 0 * CHECKED, 0.123, 0.876)
    shown = figures.figure_2(
        {"One": {"rectangles": pair, "squares": pair}, "Two": {"rectangles": pair, "squares": pair}}
    )
    assert len(panels(shown)) == 8
    assert "Two, squares: 0.12 before and 0.88 after smoothing" in alt(shown)
    assert "One, squares: 0.12" in panels(shown)[2]
    assert "smoothed: 0.88" in panels(shown)[3]


def test_figure_3_tells_how_much_of_each_map_speaks_for_class_0() -> None:
    maps = {"One": np.array([[1.0, -1.0], [2.0, 3.0]]), "Two": -np.ones((2, 2))}
    shown = figures.figure_3({name: Listened(SPECTROGRAM, each) for name, each in maps.items()}, "cello A")
    assert "One: 75 % of the map speaks for cello A; Two: 0 %" in alt(shown)
    assert len(panels(shown)) == 2


def test_the_sweep_writes_every_value() -> None:
    values = np.array([[0.125, -2.0, 1.0], [4.0, 5.0, 6.0]])
    shown = charts.sweep(
        (0.0, 0.01), (0.0, 0.1, 1.0), {"score": values, "even": np.ones((2, 3)), "third": values}, "Note."
    )
    assert len(panels(shown)) == 3
    assert "−2.00" in panels(shown)[0]
    assert "0.12" in panels(shown)[0]
    assert panels(shown)[1].count(">1.00<") == 6
    assert "score: 0.12 with the smallest weights, 6.00 with the largest." in alt(shown)
    assert shown.text.endswith("Note.")


def test_numbers_on_cells_have_the_ink_of_all_other_words() -> None:
    """The cells let the page's ground through, so the page's ink can be read on them in both modes."""
    (panel,) = panels(charts.sweep((0.0, 1.0), (0.0, 1.0), {"score": np.array([[0.0, 1.0], [0.3, 0.7]])}))
    for number in ("0.00", "1.00"):
        assert re.search(rf"<text[^>]*>{number}<", panel)
    assert not re.search(r'<g fill="#(fefefe|101010)"', panel)


def test_accuracies_are_told_in_order_of_size() -> None:
    points = [charts.Accuracy(8313, 0.95, 0.9, 0.98), charts.Accuracy(153, 0.7, 0.65, 0.75)]
    shown = charts.accuracy_against_parameters(points, {"mean spectra": 0.68}, 0.93)
    assert "153 parameters 70 %; 8,313 parameters 95 %. Beside them: mean spectra 68 %." in alt(shown)
    with pytest.raises(ValueError, match="colours for 3 simpler things; found 4"):
        charts.accuracy_against_parameters(points, dict.fromkeys("abcd", 0.5), 0.93)


def test_correlations_with_the_truth_leave_the_level_out() -> None:
    hertz = np.arange(BINS) * 31.25
    truth = np.sin(hertz / 700)
    truth[0] = 99  # 0 Hz lies on no logarithmic axis
    shown = charts.mask_against_truth(hertz, {"0": 2 * truth + 5, "1": -truth}, truth, truth + np.cos(hertz / 700))
    assert "Correlation with the filter: 1.00, −1.00" in alt(shown)
    expected = np.corrcoef(truth[1:], (truth + np.cos(hertz / 700))[1:])[0, 1]
    assert f"of the mean spectra {expected:.2f}" in alt(shown)


def test_salience_tells_every_interval() -> None:
    kinds = {"vibrato": Interval(0.5, 0.1, 5), "onsets": Interval(-0.2, 0.3, 5)}
    shown = charts.salience({"activation map": kinds, "occlusion": kinds})
    assert "activation map, onsets: −0.20 ± 0.30" in alt(shown)
    assert "occlusion, vibrato: 0.50 ± 0.10" in alt(shown)
    with pytest.raises(ValueError, match="colours for 4 methods; found 5"):
        charts.salience(dict.fromkeys("abcde", kinds))
