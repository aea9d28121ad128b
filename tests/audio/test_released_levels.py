"""A judgement of the JND lists rendered again has the strength that the released code gave its levels."""

import math
import re

import numpy as np
import pytest
import torch
from coding import own_cache, shared_cache  # noqa: F401  (fixtures are used by being there)
from measuring import RATE, decay, ratio, seeded, voice
from scipy.signal import welch

from paper_code.audio import corpora
from paper_code.audio.perturbations import noises, released

MADE = sorted(name for name, noise in noises.NOISES.items() if noise.make)


def render(kind: str, levels: float | tuple[float, ...], sound: torch.Tensor, seed: int = 0, **options) -> torch.Tensor:
    return released.render(kind, levels, sound, RATE, seeded(seed), **options)


def impulse(seconds: float) -> torch.Tensor:
    return torch.nn.functional.pad(torch.ones(1, dtype=torch.float64), (0, round(seconds * RATE) - 1))


def test_a_factor_of_1_lies_in_the_middle_of_what_the_paper_and_its_code_say() -> None:
    """66 dB at the least factor and 2 dB at the largest would ask for 1.6 and -4.4 dB."""
    ends = (66 + 20 * math.log10(0.0006), 2 + 20 * math.log10(0.48))
    assert math.isclose(released.SNR_OF_FACTOR_1, sum(ends) / 2)
    assert abs(ends[0] - ends[1]) / 2 < 3.1


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("factor", [0.0006, 0.3, 6.0, 2400.0])
def test_noise_grows_with_its_factor(name: str, factor: float) -> None:
    sound = voice().double()
    added = render(name, factor, sound, same_energy=False) - sound
    assert ratio(sound, added) == pytest.approx(released.SNR_OF_FACTOR_1 - 20 * math.log10(factor), abs=0.01)


@pytest.mark.parametrize("kind", ["siren", "mp3", "reverb_1"])
def test_the_result_has_the_energy_of_the_clip(kind: str) -> None:
    levels = (10.0, 90.0) if kind == "reverb_1" else 30.0
    sounds = torch.stack([voice(), 0.1 * voice()])
    changed = render(kind, levels, sounds)
    assert ratio(changed[0], sounds[0]) == pytest.approx(0, abs=1e-3)
    assert ratio(changed[1], sounds[1]) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("direct", "long"), [(0, 0), (50, 0), (100, 40), (20, 100)])
def test_reverberation_is_a_made_room_changed_as_the_code_did(direct: float, long: float) -> None:
    """The tail divided by 1 to 100; all stretched 1 to 7 times, which makes the tail as much stronger."""
    response = render("reverb_2", (direct, long), impulse(5.0), same_energy=False)
    stretch = 7 ** (long / 100)
    assert decay(response.numpy(), RATE) == pytest.approx(0.4 * stretch, rel=0.1)
    wanted = 0.0 + 0.4 * direct - 10 * math.log10(stretch)
    assert ratio(response[0], response[1:]) == pytest.approx(wanted, abs=0.01)


def test_a_room_of_one_name_is_one_room() -> None:
    one, again, other = (
        render("reverb", (50, 50), impulse(0.5), seed, room=room) for seed, room in ((0, "h1"), (1, "h1"), (0, "h2"))
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(("asked", "cutoff"), [(1.0, 3500), (8.0, 3500), (16.0, 5550), (24.0, 6250), (64.0, 7600)])
def test_mp3_below_what_it_has_is_behind_the_low_pass_of_what_was_asked(asked: float, cutoff: float) -> None:
    hiss = 0.1 * torch.randn(4 * RATE, generator=seeded())
    coded = render("mp3", asked, hiss).double().numpy()
    hertz, power = welch(coded, RATE, nperseg=1024)
    level = 10 * np.log10(power / power[(hertz > 300) & (hertz < 1000)].mean() + 1e-12)
    assert hertz[np.nonzero(level > -6)[0][-1]] == pytest.approx(cutoff, abs=100) or (asked == 64.0 and level[-40] > -6)


def test_more_kilobits_are_nearer() -> None:
    sound = voice()
    left = [ratio(sound, render("mp3", asked, sound) - sound) for asked in (1.0, 16.0, 64.0, 300.0)]
    assert left == sorted(left)


@pytest.mark.parametrize("level", [0.0, 40.0, 100.0])
def test_companding_has_256_steps_and_its_mu(level: float) -> None:
    ramp = torch.linspace(-1, 1, 100_001, dtype=torch.float64)
    companded = released.companding_step(level)(ramp, seeded())
    assert len(companded.unique()) <= 256
    mu = 2 ** (60 ** (level / 100)) - 1
    wanted = np.sign(ramp.numpy()) * np.log(1 + mu * np.abs(ramp.numpy())) / np.log(1 + mu)
    assert np.abs(companded.numpy() - wanted).max() <= 1 / 255 + 1e-9


def test_a_combined_row_leaves_out_what_is_0() -> None:
    sound = voice()
    assert torch.equal(render("combined_1", (0, 0, 0, 0), sound, same_energy=False), sound)
    room = render("combined_3", (0, 30, 60, 0), impulse(4.0), same_energy=False)
    assert ratio(room[0], room[1:]) == pytest.approx(0.4 * 30 - 10 * 0.6 * math.log10(7), abs=0.01)


@pytest.mark.corpora("smstools_sounds", "pyroomacoustics")
def test_both_sides_of_a_combined_row_share_noise_room_codec_and_order() -> None:
    """With one seed, nearby levels give nearby sounds; other seeds give other noises and orders."""
    sound = voice()
    levels = (60.0, 40.0, 40.0, 30.0)
    for seed in range(6):
        one, near, same = (
            render("combined_1", changed, sound, seed) for changed in (levels, (60.5, 40.5, 40.5, 30.0), levels)
        )
        assert torch.equal(one, same)
        assert ratio(one, one - near) > 15
    assert len({render("combined_1", levels, sound, seed).sum().item() for seed in range(6)}) == 6


@pytest.mark.corpora("smstools_sounds", "pyroomacoustics")
@pytest.mark.parametrize(
    ("kind", "levels"), [("reverb_noise", (50, 40, 60)), ("reverb_1", (0, 100)), ("combined_2", (100, 0, 100, 100))]
)
def test_shape_dtype_short_and_silent(kind: str, levels: tuple[float, ...]) -> None:
    for dtype in (torch.float32, torch.float64):
        changed = render(kind, levels, voice(0.2).reshape(2, 1, -1).to(dtype))
        assert (changed.shape, changed.dtype) == ((2, 1, round(0.1 * RATE)), dtype)
        assert torch.isfinite(changed).all()
    assert render(kind, levels, torch.full((3,), 0.1)).shape == (3,)
    if kind == "reverb_1":
        assert not render(kind, levels, torch.zeros(100)).any()
    else:
        with pytest.raises(ValueError, match="relative to silence"):
            render(kind, levels, torch.zeros(2000))


@pytest.mark.parametrize(
    ("kind", "levels", "message"),
    [
        ("eq_1", (1, 2, 3), "perturbation is one of"),
        ("siren", (1.0, 2.0), "'siren' has 1 levels in a file's name; found 2"),
        ("reverb_1", 50.0, "'reverb_1' has 2 levels"),
        ("siren", -1.0, "factor of the noise"),
        ("siren", math.nan, "factor of the noise"),
        ("mp3", 0.0, "kb/s wants from 1 to 320"),
        ("mp3", 400.0, "kb/s wants from 1 to 320"),
        ("reverb_1", (50, 101), "level wants from 0 to 100"),
        ("combined_1", (0, 0, 0, -3), "level wants from 0 to 100"),
    ],
)
def test_bad_rows_are_told(kind: str, levels: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(kind, levels, voice())


@pytest.mark.corpora("dpam_jnd_labels")
def test_every_usable_row_of_the_lists_can_be_rendered() -> None:
    """The numbers before the speaker in a file's name are as many levels as its list has, all within what is taken."""
    rows = 0
    for part in ("linear", "reverb", "combined"):
        for line in corpora.locate(f"dpam_jnd_labels/dataset/dataset_{part}.txt").read_text().splitlines():
            *pair, _, kind = line.split("\t") if part == "linear" else (*line.split("\t"), line.split("/")[0])
            for name in pair:
                numbers = re.match(r"[-\d._]+", name.split("/")[-1])[0].rstrip("_").split("_")
                assert released.steps(kind.strip(), [float(number) for number in numbers], RATE, seeded())
            rows += 1
    assert rows == 17588  # as counted: 9438 + 2500 + 5650


def test_the_differences_say_both_sides() -> None:
    for row in released.DIFFERENCES:
        assert row.perturbation
        assert row.paper
        assert row.released
        assert row.rendering
        assert row.paper != row.released
    assert "-1.4 dB" in released.DIFFERENCES[0].rendering
