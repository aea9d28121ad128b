"""Each row of Table 1 has at its levels the strength it claims, measured another way."""

import math

import numpy as np
import pytest
import torch
from coding import own_cache, shared_cache  # noqa: F401  (fixtures are used by being there)
from measuring import RATE, decay, inconsistency, octave_levels, ratio, seeded, voice
from torchaudio.functional import griffinlim

from paper_code.audio import codecs, corpora, perturbations
from paper_code.audio.perturbations import noises, space
from paper_code.audio.perturbations.space import SPACE

LEVELS = (0.0, 25.0, 50.0, 75.0, 100.0)
RECORDED = {name for name, noise in noises.NOISES.items() if noise.recording}
CORPORA = ("smstools_sounds", "pyroomacoustics")


def name_marks(names: set[str]) -> list:
    """Names as parameters; those that need a recording say so."""
    return [pytest.param(n, marks=[pytest.mark.corpora(*CORPORA)] if n in RECORDED else []) for n in sorted(names)]


def apply(name: str, level: float, sound: torch.Tensor | None = None, seed: int = 0, rate: int = RATE) -> torch.Tensor:
    return SPACE[name].apply(voice() if sound is None else sound, level, rate, seeded(seed))


def impulse(length: int) -> torch.Tensor:
    return torch.nn.functional.pad(torch.ones(1, dtype=torch.float64), (0, length - 1))


# ---- The table ----


def test_the_rows_are_those_of_table_1_with_its_ends() -> None:
    """Numbers as printed: additive, DRR, RT60, MP3, mu-law, EQ, pops, Griffin-Lim, dropouts; level 100 is the worst."""
    table = {name: (row.strength(0), row.strength(100)) for name, row in SPACE.items() if row.in_table}
    noisy = ("applause", "pink_noise", "water_drops", "white_noise", "room_noise")
    assert table == {
        **dict.fromkeys(noisy, (66.0, 2.0)),
        "direct_to_reverberant": (65.0, -27.0),
        "reverberation_time": (0.05, pytest.approx(8.0)),
        "mp3": (320.0, pytest.approx(8.0)),
        "mu_law": (60, 1),
        **dict.fromkeys(("equaliser_low", "equaliser_middle", "equaliser_high"), (1.0, 0.0)),
        "pops": (0.01, pytest.approx(10.0)),
        "griffin_lim": (500, 1),
        "dropouts": (0.01, pytest.approx(20.0)),
    }
    assert {row.name for row in SPACE.values() if not row.in_table} == set(noises.NOISES) - set(noisy)


def test_levels_are_even_in_decibels_and_gains_and_else_in_ratios() -> None:
    assert SPACE["white_noise"].strength(50) == 34.0
    assert SPACE["equaliser_low"].strength(25) == 0.75
    assert SPACE["reverberation_time"].strength(50) == pytest.approx(math.sqrt(0.05 * 8))
    assert SPACE["mu_law"].strength(50) == 8


@pytest.mark.parametrize("name", SPACE)
def test_a_higher_level_is_never_weaker(name: str) -> None:
    row = SPACE[name]
    toward = math.copysign(1, row.strongest - row.weakest)
    strengths = np.array([row.strength(level) for level in range(101)])
    assert (toward * np.diff(strengths) >= 0).all()
    assert row.whole or (toward * np.diff(strengths) > 0).all()


@pytest.mark.parametrize("level", [-0.1, 100.1, math.nan, math.inf])
def test_bad_levels_are_told(level: float) -> None:
    with pytest.raises(ValueError, match="level wants from 0 to 100"):
        apply("pops", level)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(ValueError, match=r"perturbation is one of .*'siren'.*; found 'sirene'"):
        space.perturbation("sirene")
    assert space.perturbation("siren") is SPACE["siren"]


# ---- The strengths, measured ----


@pytest.mark.parametrize("name", name_marks(set(noises.NOISES)))
@pytest.mark.parametrize("level", LEVELS)
def test_noise_has_its_ratio(name: str, level: float) -> None:
    sound = voice().double()
    added = apply(name, level, sound) - sound
    assert ratio(sound, added) == pytest.approx(66 - 0.64 * level, abs=0.01)


@pytest.mark.parametrize(("name", "slope"), [("white_noise", 0), ("pink_noise", -3), ("brown_noise", -6),
                                             ("blue_noise", 3), ("violet_noise", 6)])  # fmt: skip
def test_noise_has_its_colour(name: str, slope: float) -> None:
    drawn = noises.noise(name).draw(torch.zeros(30 * RATE), RATE, seeded())
    assert np.polyfit(np.arange(5), octave_levels(drawn, 125, 5), 1)[0] == pytest.approx(slope, abs=0.2)


def test_a_siren_glides_between_its_pitches_and_crickets_chirp_high() -> None:
    wail = noises.noise("siren").draw(torch.zeros(4 * RATE), RATE, seeded()).numpy()
    pitches = [np.argmax(np.abs(np.fft.rfft(part * np.hanning(1600)))) * 10 for part in wail.reshape(-1, 1600)]
    assert (min(pitches), max(pitches)) == (pytest.approx(660, abs=20), pytest.approx(1516, abs=20))
    chirps = noises.noise("crickets").draw(torch.zeros(4 * RATE), RATE, seeded()).numpy()
    power = np.abs(np.fft.rfft(chirps)) ** 2
    hertz = np.fft.rfftfreq(len(chirps), 1 / RATE)
    assert power[(hertz > 4000) & (hertz < 5000)].sum() / power.sum() > 0.99
    assert 0.2 < (np.abs(chirps) > 0.05).mean() < 0.6  # and rest in between


@pytest.mark.corpora(*CORPORA)
def test_a_recording_is_taken_from_anywhere_and_looped_where_it_is_short() -> None:
    draw = noises.noise("applause").draw
    first, second = draw(torch.zeros(2, RATE), RATE, seeded())
    assert not torch.equal(first, second)
    whole = corpora.load(noises.noise("applause").recording)
    long = draw(torch.zeros(10 * RATE), RATE, seeded()).double()
    length = round(whole.seconds * RATE)
    assert torch.equal(long[:1000], long[length : length + 1000])


def test_noises_of_the_paper_that_are_not_at_hand_say_what_stands_in() -> None:
    assert {name for name, one in noises.NOISES.items() if "ESC-50" in one.original} == {
        "applause", "water_drops", "crickets", "siren",
    }  # fmt: skip
    registered = {file.path for corpus in corpora.corpora().values() for file in corpus.recordings}
    for one in noises.NOISES.values():
        assert one.here
        assert (one.make is None) == (one.recording in registered)
    with pytest.raises(ValueError, match="noise is one of 'applause'"):
        noises.noise("rain")


@pytest.mark.parametrize("level", LEVELS)
def test_reverberation_has_its_decay_and_its_direct_sound(level: float) -> None:
    """Measured on what an impulse becomes; a decay under the tail that is drawn at random is right to some percent."""
    response = apply("reverberation_time", level, impulse(13 * RATE)).numpy()
    wanted = SPACE["reverberation_time"].strength(level)
    assert decay(response, RATE) == pytest.approx(wanted, rel=0.1)
    assert ratio(torch.tensor(response[0]), torch.from_numpy(response[1:])) == pytest.approx(10.0, abs=0.01)
    response = apply("direct_to_reverberant", level, impulse(RATE)).numpy()
    assert ratio(torch.tensor(response[0]), torch.from_numpy(response[1:])) == pytest.approx(
        65 - 0.92 * level, abs=0.01
    )
    assert decay(response, RATE) == pytest.approx(0.6, rel=0.1)


def test_one_seed_is_one_room_at_every_decay() -> None:
    """The sign of the noise in the tail is the same; else levels of a pair would differ in more than their decay."""
    rooms = [apply("reverberation_time", level, impulse(2000)) for level in (50, 60)]
    assert torch.equal(rooms[0].sign(), rooms[1].sign())


@pytest.mark.parametrize("rate", [16000, 44100])
def test_mp3_is_coded_with_the_nearest_rate_that_it_has(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    coded: list[codecs.Coded] = []
    whole = codecs.code_batch
    monkeypatch.setattr(codecs, "code_batch", lambda *args: coded.extend(whole(*args)) or coded[-len(args[0]) :])
    sound = voice(3.0, rate)
    kilobits = []
    for level in LEVELS:
        apply("mp3", level, sound, rate=rate)
        kilobits.append(coded[-1].kilobits_per_second)
    nearest = {16000: (160, 128, 48, 24, 8), 44100: (320, 128, 48, 32, 32)}[rate]
    assert kilobits == pytest.approx(nearest, rel=0.06)  # a frame more than the sound needs


def test_mu_law_has_its_number_of_levels() -> None:
    ramp = torch.linspace(-1, 1, 200_001, dtype=torch.float64)
    for level in (50, 65, 80, 100):
        bits = SPACE["mu_law"].strength(level)
        assert len(apply("mu_law", level, ramp).unique()) == 2**bits
    loud = 3 * voice() / voice().abs().max()
    assert apply("mu_law", 100, loud).abs().unique().tolist() == pytest.approx([3.0])


@pytest.mark.parametrize(("band", "centre"), [("low", 250), ("middle", 750), ("high", 4000)])
@pytest.mark.parametrize("level", LEVELS)
def test_an_equaliser_has_its_gain_at_its_centre_and_one_elsewhere(band: str, centre: int, level: float) -> None:
    gains = np.abs(np.fft.rfft(apply(f"equaliser_{band}", level, impulse(RATE)).numpy()))
    assert gains[centre] == pytest.approx(1 - level / 100, abs=1e-9)
    assert gains[[other for other in (250, 750, 4000) if other != centre]] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_pops_and_dropouts_are_counted(level: float) -> None:
    sound = 0.25 + 0.5 * torch.rand(100_000, generator=seeded(3))
    sound[0] = 1.0
    popped = apply("pops", level, sound)
    assert ((popped.abs() == 1).sum() - 1).item() == pytest.approx(10 * 1000 ** (level / 100), abs=1.5)
    gone = (apply("dropouts", level, sound) == 0).sum().item()
    assert gone == pytest.approx(10 * 2000 ** (level / 100), abs=0.6)


def test_griffin_lim_comes_nearer_with_every_iteration() -> None:
    sound = voice(1.0)
    left = [inconsistency(apply("griffin_lim", level, sound), sound) for level in (10, 30, 50, 75, 100)]
    assert left == sorted(left)
    assert left[0] < -35
    assert left[-1] > -15


def test_griffin_lim_is_the_usual_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """From phases of zero it gives what torchaudio's own gives."""
    sound, window = voice(0.5).double(), torch.hann_window(1024, dtype=torch.float64)
    magnitude = torch.stft(sound, 1024, 256, window=window, return_complex=True).abs()
    wanted = griffinlim(magnitude, window, 1024, 256, 1024, 1.0, 25, 0.99, len(sound), rand_init=False)
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape, dtype=torch.float64))
    made = perturbations.griffin_lim(sound, 25, seeded())
    assert torch.allclose(made, wanted, atol=1e-6)
    assert ratio(made, made - wanted) > 90


# ---- What all have in common ----

HEARD_AT_0 = {"reverberation_time", "mp3", "pops", "griffin_lim", "dropouts"}


def test_rows_that_are_heard_at_level_0_say_so() -> None:
    assert {name for name, row in SPACE.items() if row.floor} == HEARD_AT_0


@pytest.mark.parametrize("name", name_marks(set(SPACE) - HEARD_AT_0))
def test_nothing_is_heard_at_level_0(name: str) -> None:
    """What is added lies 60 dB or more under the sound."""
    sound = voice()
    change = apply(name, 0, sound) - sound
    assert not change.any() or ratio(sound, change) > 60


@pytest.mark.parametrize("name", name_marks(set(SPACE) - {"reverberation_time"}))
def test_the_spectra_go_further_away_with_the_level(name: str) -> None:
    """All but the decay at one direct sound, which moves energy in time alone. Gaps fall elsewhere at each level."""
    seeds = range(20 if name == "dropouts" else 1)
    away = np.array(
        [np.mean([inconsistency(apply(name, level, seed=seed), voice()) for seed in seeds]) for level in LEVELS]
    )
    assert (np.diff(away) > -0.1).all()
    assert away[-1] - away[0] > 10


@pytest.mark.parametrize("name", name_marks(set(SPACE)))
def test_level_100_is_heard(name: str) -> None:
    assert ratio(voice(), apply(name, 100) - voice()) < 20


@pytest.mark.parametrize("name", name_marks(set(SPACE)))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_dtype_and_seed(name: str, dtype: torch.dtype) -> None:
    sounds = torch.stack([voice(0.3), 0.3 * voice(0.3).flip(0)]).reshape(2, 1, -1).to(dtype)
    kept, level = sounds.clone(), 70
    results = [apply(name, level, sounds, seed) for seed in (0, 0, 1)]
    assert (results[0].shape, results[0].dtype, results[0].device) == (sounds.shape, dtype, sounds.device)
    assert torch.isfinite(results[0]).all()
    assert torch.equal(sounds, kept)
    assert torch.equal(results[0], results[1])
    steady = SPACE[name].group in ("compression", "equalisation")
    assert torch.equal(results[0], results[2]) == steady


@pytest.mark.parametrize("name", name_marks(set(SPACE)))
@pytest.mark.parametrize("length", [1, 50, 1500])
def test_short_sounds_keep_their_length(name: str, length: int) -> None:
    sound = torch.full((length,), 0.1)
    for level in (0, 60, 100):
        changed = apply(name, level, sound)
        assert changed.shape == (length,)
        assert torch.isfinite(changed).all()


@pytest.mark.parametrize("name", name_marks(set(SPACE)))
def test_digital_silence(name: str) -> None:
    """Noise has no ratio to it and says so; mu-law has no step at 0; all else leaves it silent."""
    silence = torch.zeros(2, 4000)
    if SPACE[name].group == "additive":
        with pytest.raises(ValueError, match="relative to silence is not defined"):
            apply(name, 50, silence)
        return
    changed = apply(name, 50, silence)
    assert torch.isfinite(changed).all()
    assert changed.abs().max() < (0.02 if name == "mu_law" else 1e-4)


def test_a_set_has_at_most_one_row_of_a_category_in_any_order() -> None:
    sets = [space.draw(seeded(seed)) for seed in range(300)]
    groups = [[row.group for row in rows] for rows in sets]
    assert all(len(set(one)) == len(one) >= 1 for one in groups)
    assert {len(one) for one in groups} == {1, 2, 3, 4, 5}
    assert {one[0] for one in groups} == {row.group for row in SPACE.values()}
    assert {row for rows in sets for row in rows} == {row for row in SPACE.values() if row.in_table}
    assert space.draw(seeded(5)) == sets[5]


def test_steps_are_done_in_order_and_draw_for_themselves() -> None:
    """The level of the dropouts changes how much they draw, but not the noise that is added after them."""
    names, sound = ("dropouts", "white_noise"), voice()
    made = {}
    for level in (0.0, 90.0):
        steps = [(SPACE[name], at) for name, at in zip(names, (level, 50.0), strict=True)]
        alone = space.apply_all([*steps[:1], (SPACE["white_noise"], 50.0)], sound, RATE, seeded())
        assert torch.equal(alone, space.apply_all(steps, sound, RATE, seeded()))
        seeds = torch.randint(2**62, (2,), generator=seeded()).tolist()
        gaps = steps[0][0].apply(sound, level, RATE, seeded(seeds[0]))
        made[level] = alone - gaps
    assert torch.cosine_similarity(made[0.0], made[90.0], dim=0).item() == pytest.approx(1, abs=1e-4)
    assert space.apply_all([], sound, RATE, seeded()) is sound
