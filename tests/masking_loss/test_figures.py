"""What the chapter draws: the worst places, the deviations of the laboratory's port, the paper's numbers in the charts."""

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from masking_loss.quick_speech import quick_speech
from masking_loss.test_coder_study import results, study  # noqa: F401  fixtures
from masking_loss.test_setting_tables import CODERS, made_result
from masking_loss.titled import titled
from paper_code.audio.clips import Clip
from paper_code.display.figures import show
from paper_code.display.players import Missing
from paper_code.display.style import THEME
from paper_code.hearing import MaskingModel, masking_threshold
from paper_code.lab.claims_file import reported
from paper_code.lab.errors import LabError
from paper_code.masking_loss import charts, experiment, figures, hearing_figures, setting_tables
from paper_code.masking_loss.study import Study
from paper_code.metrics.noise_to_mask import NoiseToMask

LINES = torch.arange(257) * 31.25
FLOORS = ("MDCT", "untrained")
FAMILIES = ("MSE", "log-mel", "PMSQE", "masking")
COLOURS = ("#0072b2", "#cc79a7", "#009e73", "#d55e00")  # of the four on light ground
VALIDATED = np.array([100.0, 200.0, 300.0, 400.0, 500.0])


@pytest.fixture
def asked(monkeypatch):
    """What a figure was drawn with, caught on its way to the page: draw, caption, alt."""
    found = {}

    def caught(draw, caption, alt):
        found.update(draw=draw, caption=caption, alt=alt)
        return show(draw, caption, alt)

    for module in (charts, hearing_figures):
        monkeypatch.setattr(module, "show", caught)
    return found


def _panels(asked: dict) -> list[Axes]:
    with matplotlib.rc_context(THEME.settings()):
        return asked["draw"](THEME).axes


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
    assert [figures.role(titled(name)) for name in ("AMR-WB 12.65", "MSE 13", "masking 20, gamma 0")] == [
        "codec", "plain", "document",
    ]  # fmt: skip
    assert figures.roles([titled("PMSQE 24")]) == {"Original": "reference", "PMSQE 24": "corrected"}


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
    assert paper["pesq"].tolist() == [3.878, 4.175, 4.228]
    ours = charts._points(study, "amr_wb")
    assert ours["snr"] == pytest.approx(
        [study.value(titled(f"AMR-WB {rate}"), "snr").mean for rate in (12.65, 19.85, 23.85)]
    )
    assert "PMSQE PESQ" in charts.by_rate(study).html
    assert np.isfinite(ours["above ±"]).all()


def _lines(place: Axes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What a panel shows of each kind of coder: bit rates and values."""
    return {bars.get_label(): bars.lines[0].get_data() for bars in place.containers}


def test_peass_stands_beside_the_papers_on_one_scale(study, asked):  # noqa: F811
    charts.peass(study)
    panels = {place.get_title(loc="left"): place for place in _panels(asked)}
    assert list(panels) == [f"{title}, {who}" for title in ("OPS", "APS", "IPS") for who in ("paper", "here")]
    rates, values = _lines(panels["APS, paper"])["masking"]
    papers = [reported("masking_loss")["Table 1"][f"masking {rate}"] for rate in (13, 20, 24)]
    assert list(rates) == [float(row["kb/s"]) for row in papers]
    assert list(values) == [float(row["APS"]) for row in papers]
    _, ours = _lines(panels["APS, here"])["masking"]
    assert ours == pytest.approx([study.value(titled(f"masking {rate}"), "aps").mean for rate in (13, 20, 24)])
    assert "MSE" not in _lines(panels["OPS, paper"])  # the paper trained none
    assert panels["OPS, paper"].get_ylim() == panels["OPS, here"].get_ylim()


def test_every_loss_is_drawn_for_all_coders(study, asked):  # noqa: F811
    charts.losses(study)
    for place, score in zip(_panels(asked), ("log_mel", "pmsqe", "masking"), strict=True):
        lines = _lines(place)
        assert list(lines) == ["AMR-WB", *FLOORS, *FAMILIES]
        for family in FAMILIES:
            expected = [study.value(titled(f"{family} {rate}"), score).mean for rate in (13, 20, 24)]
            assert lines[family][1] == pytest.approx(expected)
    lowest = min(("AMR-WB", *FLOORS, *FAMILIES), key=lambda family: np.mean(lines[family][1]))
    assert f"masking loss: {lowest}." in asked["alt"]


def test_differences_are_those_of_the_masking_coder_from_the_others(study, asked):  # noqa: F811
    charts.differences(study)
    panels = {place.get_title(loc="left"): _lines(place) for place in _panels(asked)}
    assert list(panels) == ["PESQ", "SNR", "noise above threshold", "mean excess"]
    for title, score, factor in (("PESQ", "pesq", 1), ("noise above threshold", "above", 100)):
        assert list(panels[title]) == ["AMR-WB", *FLOORS, "MSE", "log-mel", "PMSQE"]
        expected = [
            study.difference(titled(f"masking {rate}"), titled(f"PMSQE {rate}"), score).mean for rate in (13, 20, 24)
        ]
        assert panels[title]["PMSQE"][1] == pytest.approx(factor * np.array(expected))
        assert panels[title]["PMSQE"][0] == pytest.approx([13, 20, 24], abs=0.5)  # apart, so that bars are seen


def test_settings_stand_beside_the_papers():
    assert "3,000" in str(setting_tables.recordings())
    assert setting_tables._spoken(50000) == "25 minutes"
    assert setting_tables._spoken(120000 * 10) == "10.0 hours"


def _ratios(number: int) -> np.ndarray:
    return np.array([2.0, 5.0, 4.0, 6.0, 7.0]) + number


def _rates(number: int) -> np.ndarray:
    return np.array([np.nan, np.nan, 31.0, 24.0, 20.3]) + number / 10


def _trainings(folder, rate: int = 20, **changes) -> Study:
    """AMR-WB, and four coders with made-up curves, another for each."""
    asked = experiment.experiments("small", 0, recordings="synthetic", warm_up=200, tolerance=0.29, **changes)
    amr_wb = {13: "amr_wb_12.65", 20: "amr_wb_19.85"}[rate]
    found = [made_result(folder, amr_wb, asked[amr_wb])]
    for number, name in enumerate(each.replace("20", str(rate)) for each in CODERS):
        curves = {"seen_validated": VALIDATED, "seen_snr": _ratios(number), "seen_kilobits": _rates(number)}
        found.append(made_result(folder, name, asked[name], **curves))
    return Study(found, 0)


def test_trainings_are_drawn_as_they_went(tmp_path, asked):
    html = charts.training(_trainings(tmp_path, warm_up_loss="mse")).html
    ends = (
        "MSE 20 7.0 dB at 20.3 kb/s; log-mel 20 8.0 dB at 20.4 kb/s; PMSQE 20 9.0 dB at 20.5 kb/s; masking 20 10.0 dB"
    )
    assert ends in asked["alt"]
    assert "image/svg+xml" in html
    assert "Trainings for 20 kb/s" in html
    assert "all coders share the training" in asked["caption"]
    _require_curves(*_panels(asked))


def _require_curves(first: Axes, second: Axes) -> None:
    assert (first.get_title(loc="left"), first.get_ylabel()) == ("unseen speakers", "SNR, dB")
    assert (second.get_title(loc="left"), second.get_ylabel()) == ("training speakers", "kb/s")
    for place, values in ((first, _ratios), (second, _rates)):
        *curves, limit = place.lines
        assert [line.get_label() for line in curves] == list(FAMILIES)  # and no AMR-WB
        assert [to_hex(line.get_color()) for line in curves] == list(COLOURS)
        assert len({line.get_marker() for line in curves}) == 4
        for number, line in enumerate(curves):
            assert np.array_equal(line.get_xdata(), VALIDATED)
            assert np.array_equal(line.get_ydata(), values(number), equal_nan=True)
        assert list(limit.get_xdata()) == [200, 200]  # the end of the warm-up
        assert limit.get_linestyle() == ":"
        assert place.get_xlabel() == "step"
    assert first.get_xlim() == second.get_xlim()
    (band,) = second.patches
    assert not first.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((19.71, 20.29))
    assert [text.get_text() for text in first.get_legend().get_texts()] == list(FAMILIES)


def test_trainings_of_another_rate_and_warm_up_are_told(tmp_path, asked):
    charts.training(_trainings(tmp_path, 13, warm_up_loss=""), 13)
    assert "Trainings for 13 kb/s" in asked["caption"]
    assert "within 0.29 kb/s" in asked["caption"]
    assert "with each coder's own loss" in asked["caption"]
    assert "MSE 13 7.0 dB" in asked["alt"]
    (band,) = _panels(asked)[1].patches
    assert band.get_y() == pytest.approx(12.71)
    with pytest.raises(LabError, match="no coder was trained for 16"):
        charts.training(_trainings(tmp_path / "again"), 16)


@pytest.mark.parametrize("warm_up", [0, 300])
def test_longer_trainings_are_drawn_beside_the_usual_ones(tmp_path, asked, warm_up):
    settings, found = experiment.experiments("small", 0, recordings="synthetic", warm_up=warm_up), []
    for number, name in enumerate(("coder_masking_20", "coder_masking_20_longer")):
        curves = {"seen_validated": VALIDATED * (1 + number), "seen_snr": _ratios(number)}
        found.append(made_result(tmp_path, name, settings[name], **curves))
    html = charts.longer(Study(found, 0)).html
    assert "image/svg+xml" in html
    last = [f"{_ratios(number)[-1]:.1f} dB after {(1 + number) * VALIDATED[-1]:,.0f} steps" for number in range(2)]
    assert f"masking 20 {last[0]} and {last[1]}." in asked["alt"]
    (place,) = _panels(asked)
    assert place.get_xscale() == "log"
    labels = [f"masking, {length}" for length in ("as in Table 1", "longer")]
    lines = place.lines[:2]
    assert [line.get_label() for line in lines] == labels
    assert [line.get_linestyle() for line in lines] == [":", "-"]
    assert [list(limit.get_xdata()) for limit in place.lines[2:]] == ([[warm_up] * 2] if warm_up else [])
    for number, line in enumerate(lines):
        assert np.array_equal(line.get_ydata(), _ratios(number), equal_nan=True)
    assert place.lines[0].get_color() == place.lines[1].get_color()


UNSCALED = "spectrum without 1/512"
PORTS = {
    "rectangular window": {"window": "rectangular"},
    "tones by line number": {"tonal_windows": "number"},
    "one offset for all": {"noise_offset": "tone"},
    "absolute threshold −3 dB": {"absolute_shift": -3.0},
    "these four together": {
        "window": "rectangular", "tonal_windows": "number", "noise_offset": "tone", "absolute_shift": -3.0,
    },
}  # fmt: skip


@pytest.fixture
def heard(monkeypatch):
    """Quick speech in place of the utterance of Figure 3, with a peak of 1; the frame there is number 11."""
    waveform = quick_speech(1.0, 16000, 3).waveform
    waveform = waveform / waveform.abs().max()
    monkeypatch.setattr(Study, "original", lambda self, name: Clip(0.5 * waveform, 16000, name))
    return waveform.double()


def test_every_deviation_of_the_port_has_a_panel(study, heard, asked):  # noqa: F811
    html = hearing_figures.laboratory_port(study).html
    corrected = masking_threshold(heard)
    expected = {name: masking_threshold(heard, **settings).threshold[11] for name, settings in PORTS.items()}
    power = 512.0**2 * MaskingModel().spectrum(heard)[11:12].abs().square()
    unscaled = 10 * torch.log10(MaskingModel().threshold(power, torch.float64)[0])
    expected[UNSCALED] = unscaled - 10 * np.log10(512)
    panels = {place.get_title(loc="left"): place for place in _panels(asked)}
    assert list(panels) == list(expected)
    for name, place in panels.items():
        spectrum, dashed, deviating = place.lines
        for line in place.lines:
            assert line.get_xdata() == pytest.approx(LINES.numpy() / 1000)
        assert spectrum.get_ydata() == pytest.approx(corrected.spectrum[11].numpy(), abs=1e-6)
        assert dashed.get_ydata() == pytest.approx(corrected.threshold[11].numpy(), abs=1e-6)
        assert deviating.get_ydata() == pytest.approx(expected[name].numpy(), abs=1e-6)
        assert (dashed.is_dashed(), deviating.is_dashed()) == (True, False)
        assert to_hex(deviating.get_color()) == "#d55e00"
        assert (place.get_xlim(), place.get_ylim()) == ((0, 8), (-20, 115))
    assert (place.get_xlabel(), place.get_ylabel()) == ("kHz", "dB SPL")
    assert html.count("image/svg+xml") == 6
    assert "(0.19 s)" in asked["caption"]  # the middle of the frame, sample 3,072
    told = asked["alt"].split("Largest distances: ")[1].rstrip(".").split("; ")
    farthest = {name: float((each - corrected.threshold[11]).abs().max()) for name, each in expected.items()}
    assert told == [f"{name} {distance:.1f} dB" for name, distance in farthest.items()]
