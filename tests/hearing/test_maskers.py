"""Maskers found in spectra made by hand, and the thinning out against a plain strongest-first loop."""

import numpy as np
import pytest
import torch

from paper_code.hearing.maskers import SpectrumLines, find_maskers, noise_power, strongest_within, tonal_peaks

FREQUENCY = np.arange(257) * 31.25
CPU = torch.device("cpu")
LINES = SpectrumLines.of(FREQUENCY, False, CPU)
BY_NUMBER = SpectrumLines.of(FREQUENCY, True, CPU)


def _spectrum(levels: dict[int, float], rest: float = -200.0) -> torch.Tensor:
    spectrum = torch.full((1, 257), rest, dtype=torch.float64)
    for line, level in levels.items():
        spectrum[0, line] = level
    return 10 ** (spectrum / 10)


def _peaks(levels: dict[int, float], lines: SpectrumLines = LINES, rest: float = -200.0) -> list[int]:
    return tonal_peaks(_spectrum(levels, rest), lines.reach)[0].nonzero().squeeze(-1).tolist()


def test_reach_goes_by_frequency_or_by_number():
    assert LINES.reach[:176].eq(2).all()  # below 5.5 kHz
    assert LINES.reach[176:].eq(3).all()
    expected = [0] * 2 + [2] * 60 + [3] * 64 + [6] * 123 + [0] * 8
    assert BY_NUMBER.reach.tolist() == expected


@pytest.mark.parametrize(("margin", "found"), [(6.99, []), (7.01, [50])])
@pytest.mark.parametrize("beside", [48, 52])
def test_tone_stands_7_decibels_above_two_lines_away(margin, found, beside):
    assert _peaks({50: 60.0, beside: 60.0 - margin}) == found


def test_direct_neighbours_need_only_be_lower_and_equal_ones_count_once():
    assert _peaks({50: 60.0, 49: 59.9, 51: 59.9}) == [50]
    assert _peaks({50: 60.0, 51: 60.0}) == [50]
    assert _peaks({}, rest=40.0) == []


@pytest.mark.parametrize(("line", "distance"), [(175, 3), (200, 4), (100, 3)])
def test_lines_beyond_the_reach_do_not_matter(line, distance):
    assert line in _peaks({line: 60.0, line + distance: 59.0})


@pytest.mark.parametrize(("line", "distance"), [(176, 3), (100, -2)])
def test_lines_at_the_reach_do_matter(line, distance):
    assert line not in _peaks({line: 60.0, line + distance: 59.0})


@pytest.mark.parametrize(
    ("line", "distance", "found"), [(61, 3, True), (62, 3, False), (130, 6, False), (130, 7, True)]
)
def test_reach_by_number(line, distance, found):
    assert (line in _peaks({line: 60.0, line + distance: 59.0}, BY_NUMBER)) is found


def test_edges_of_the_spectrum_hold_no_tone():
    assert [line for line in range(257) if _peaks({line: 60.0}) == [line]] == list(range(2, 254))
    assert [line for line in range(257) if _peaks({line: 60.0}, BY_NUMBER) == [line]] == list(range(2, 249))


def test_noise_is_what_tones_leave_of_a_band():
    power = torch.full((1, 257), 10.0, dtype=torch.float64)
    tonal = torch.zeros(1, 257, dtype=torch.bool)
    tonal[0, [60, 200]] = True
    noise = noise_power(power, tonal, LINES)[0]
    taken = {58, 59, 60, 61, 62, 197, 198, 199, 200, 201, 202, 203}
    bands = np.floor(13 * np.arctan(0.00076 * FREQUENCY) + 3.5 * np.arctan((FREQUENCY / 7500) ** 2))
    for band in range(22):
        members = [line for line in range(1, 257) if bands[line] == band]
        centre = round(float(np.prod(np.array(members, dtype=float) ** (1 / len(members)))))
        assert noise[centre].item() == pytest.approx(10.0 * len(set(members) - taken), abs=1e-9)
    assert (noise > 0).sum() <= 22


def test_maskers_below_the_absolute_threshold_are_dropped():
    quiet = 10 * torch.log10(LINES.audible[100]).item()
    loud, soft = (find_maskers(_spectrum({100: quiet + step}), LINES) for step in (0.01, -0.01))
    assert loud.line.tolist() == [100]
    assert loud.tonal.tolist() == [True]
    assert loud.power.item() == pytest.approx(10 ** ((quiet + 0.01) / 10), rel=1e-9)
    assert soft.line.tolist() == []


def test_frames_do_not_touch_each_other():
    both = torch.cat([_spectrum({100: 70.0}), _spectrum({101: 60.0}), _spectrum({})])
    found = find_maskers(both, LINES)
    assert found.frame.tolist() == [0, 1]
    assert found.line.tolist() == [100, 101]


def test_chain_of_near_maskers_keeps_every_other():
    place = torch.tensor([1.0, 1.3, 1.6, 1.9, 2.2])
    assert strongest_within(place, torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0])).tolist() == [True, False, True, False, True]
    assert strongest_within(place, torch.tensor([1.0, 2.0, 3.0, 2.0, 1.0])).tolist() == [True, False, True, False, True]
    assert strongest_within(place, torch.tensor([1.0, 2.0, 1.0, 3.0, 1.0])).tolist() == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_equal_maskers_keep_the_lower_and_limits_are_open():
    assert strongest_within(torch.tensor([1.0, 1.25]), torch.ones(2)).tolist() == [True, False]
    assert strongest_within(torch.tensor([1.0, 1.5]), torch.ones(2)).tolist() == [True, True]
    assert strongest_within(torch.zeros(0), torch.zeros(0)).tolist() == []
    assert strongest_within(torch.zeros(1), torch.ones(1)).tolist() == [True]


@pytest.mark.parametrize("seed", range(20))
def test_thinning_is_the_strongest_first_loop(seed):
    random = np.random.default_rng(seed)
    place = np.sort(random.uniform(0, 12, 60))
    power = random.integers(1, 30, 60).astype(float)  # with many equal ones
    kept: list[int] = []
    for masker in sorted(range(60), key=lambda m: (-power[m], m)):
        if all(abs(place[masker] - place[other]) >= 0.5 for other in kept):
            kept.append(masker)
    found = strongest_within(torch.from_numpy(place), torch.from_numpy(power))
    assert found.nonzero().squeeze(-1).tolist() == sorted(kept)
