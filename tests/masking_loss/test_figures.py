"""What the chapter draws: the worst places, the deviations of the laboratory's port, the paper's numbers in the charts."""

import numpy as np
import pytest
import torch

from masking_loss.quick_speech import quick_speech
from masking_loss.test_coder_study import results, study  # noqa: F401  fixtures
from paper_code.display.players import Missing
from paper_code.hearing import MaskingModel, masking_threshold
from paper_code.lab.errors import LabError
from paper_code.masking_loss import charts, figures, hearing_figures, published, setting_tables
from paper_code.metrics.noise_to_mask import NoiseToMask

LINES = torch.arange(257) * 31.25


def noise_with_a_spot(frame: int, line: int, level: float) -> NoiseToMask:
    """Noise 10 dB under the threshold, but for one spot of 25 frames and 32 lines, `level` dB over it."""
    threshold = torch.full((60, 257), 40.0)
    noise = threshold - 10
    noise[frame : frame + 25, line : line + 32] = 40 + level
    return NoiseToMask(noise, threshold, threshold, LINES, torch.ones(60))


def test_the_box_is_where_the_noise_is_most_over_the_threshold():
    box = figures.worst_box(noise_with_a_spot(20, 160, 12.0), 0.016)
    assert box == figures.Box(pytest.approx(20 * 0.016), 160 * 31.25, pytest.approx(12.0))


def test_below_the_limit_no_box_is_sought():
    below = figures.worst_box(noise_with_a_spot(20, 10, 30.0), 0.016)
    assert below.excess == 0
    assert below.low >= figures.HIGH


def test_too_short_a_sound_has_no_box():
    short = noise_with_a_spot(0, 160, 1.0)
    with pytest.raises(ValueError, match=r"A box takes 0\.4 s and 1000 Hz"):
        figures.worst_box(
            NoiseToMask(short.noise[:9], short.threshold[:9], short.spectrum, LINES, torch.ones(9)), 0.016
        )


def test_roles_go_by_the_loss_and_not_by_the_rate():
    assert [figures.role(name) for name in ("Original", "AMR-WB 12.65", "MSE 13", "masking 20, gamma 0")] == [
        "reference", "codec", "plain", "document",
    ]  # fmt: skip


def test_figure_3_tells_how_much_noise_is_over_the_threshold(study):  # noqa: F811
    shown = figures.figure_3(study)
    assert "AMR-WB 19.85: noise over the threshold in 0 % of the lines" in shown.html
    walked = figures.walk(study, 24)
    assert "masking 24" in walked.text
    assert "3 frames" in walked.text
    with pytest.raises(LabError, match="no coder was trained for 16"):
        figures.figure_3(study, 16)


def test_without_the_recording_figures_say_how_to_get_it(study, monkeypatch):  # noqa: F811
    monkeypatch.setattr(type(study), "original", lambda self, name: Missing(name, "Fetch it so."))
    for shown in (figures.figure_4(study), hearing_figures.threshold(study), hearing_figures.deviations(study)):
        assert "Fetch it so." in shown.html


def test_each_deviation_of_the_port_does_what_it_says():
    sound = quick_speech(0.5, 16000, 3).waveform
    found = hearing_figures.port(sound, 10)
    expected = masking_threshold(sound.double()).threshold[10].numpy()
    assert found.corrected == pytest.approx(expected, abs=1e-6)
    together = masking_threshold(
        sound.double(), window="rectangular", tonal_windows="number", noise_offset="tone", absolute_shift=-3.0
    ).threshold[10]
    assert found.deviating[hearing_figures.TOGETHER] == pytest.approx(together.numpy(), abs=1e-6)
    # A lower offset for noise hides less, a lower threshold in quiet at most 3 dB less.
    offset, quiet = (found.deviating[name] for name in ("one offset for all", "absolute threshold −3 dB"))
    assert (offset <= found.corrected + 1e-9).all()
    assert ((found.corrected - quiet) > -1e-9).all()
    assert ((found.corrected - quiet) < 3 + 1e-9).all()
    assert found.seconds == pytest.approx((10 * 256 + 256) / 16000)
    # Maskers 54 dB up, noise 27, and the flatter upper slope of loud maskers besides.
    assert 27 < (found.deviating[hearing_figures.LEVELS_OFF] - found.corrected).mean() < 35
    with pytest.raises(ValueError, match="no frame 999"):
        hearing_figures.port(sound, 999)
    assert len(found.frequency) == MaskingModel().lines


def test_the_charts_hold_the_papers_numbers_and_ours(study):  # noqa: F811
    paper = charts._papers("masking")
    assert paper["pesq"].tolist() == [published.TABLE_1[f"masking {rate}"].pesq for rate in (13, 20, 24)]
    ours = charts._points(study, "AMR-WB")
    assert ours["snr"] == pytest.approx([study.value(f"AMR-WB {rate}", "snr").mean for rate in (12.65, 19.85, 23.85)])
    assert "PMSQE PESQ" in charts.by_rate(study).html
    assert np.isfinite(ours["above ±"]).all()


def test_settings_stand_beside_the_papers():
    assert "3,000" in str(setting_tables.recordings())
    assert setting_tables._spoken(50000) == "25 minutes"
    assert setting_tables._spoken(120000 * 10) == "10.0 hours"
