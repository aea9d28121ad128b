"""All perturbations keep shape and dtype, draw by their seed, and refuse bad samples and levels."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from coding import own_cache, shared_cache  # noqa: F401  (fixtures are used by being there)
from measuring import RATE, noise, seeded

from paper_code.audio import perturbations

ROOM = perturbations.impulse_response(0.1, 0.0, RATE, seeded())
ALL: dict[str, Callable[[torch.Tensor, torch.Generator], torch.Tensor]] = {
    "gain": lambda x, _: perturbations.gain(x, -3.0),
    "clip_peaks": lambda x, _: perturbations.clip_peaks(x, 10.0),
    "mu_law": lambda x, _: perturbations.mu_law(x, 6),
    "white_noise": perturbations.white_noise,
    "coloured_noise": lambda x, random: perturbations.coloured_noise(x, -3.0, RATE, random),
    "add_noise": lambda x, random: perturbations.add_noise(x, perturbations.white_noise(x, random), 20.0),
    "at_level": lambda x, _: perturbations.at_level(x, x, -3.0),
    "limit_band": lambda x, _: perturbations.limit_band(x, 3000, RATE),
    "filter_without_delay": lambda x, _: perturbations.filter_without_delay(x, np.array([0.25, 0.5, 0.25])),
    "keep_band": lambda x, _: perturbations.keep_band(x, 500, 3000, RATE),
    "equalise": lambda x, _: perturbations.equalise(x, 500, 3000, -6.0, RATE),
    "scale_band": lambda x, _: perturbations.scale_band(x, 500, 3000, 0.3, RATE),
    "tilt": lambda x, _: perturbations.tilt(x, -3.0, RATE),
    "mp3": lambda x, _: perturbations.mp3(x, 16, RATE),
    "griffin_lim": lambda x, random: perturbations.griffin_lim(x, 3, random),
    "change_speed": lambda x, _: perturbations.change_speed(x, 1.0),
    "change_tempo": lambda x, _: perturbations.change_tempo(x, 1.0, RATE),
    "change_pitch": lambda x, _: perturbations.change_pitch(x, 1.0, RATE),
    "dropouts": lambda x, random: perturbations.dropouts(x, 0.1, 0.01, RATE, random),
    "pops": lambda x, random: perturbations.pops(x, 0.01, random),
    "reverberate": lambda x, _: perturbations.reverberate(x, ROOM),
}


def test_every_perturbation_is_tried() -> None:
    measures = {"measured_direct_to_reverberant", "measured_reverberation_time", "nearest_mp3_rate"}
    assert set(ALL) | {"impulse_response"} | measures == set(perturbations.__all__)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_dtype_and_seed(name: str, dtype: torch.dtype) -> None:
    """Shape and dtype stay, the argument is left alone, and a seed gives one result; no other is needed."""
    sounds = noise(2, 3, 2001, dtype=dtype)
    kept = sounds.clone()
    results = [ALL[name](sounds, seeded(seed)) for seed in (0, 0, 1)]
    assert (results[0].shape, results[0].dtype) == (sounds.shape, dtype)
    assert torch.equal(sounds, kept)
    assert torch.equal(results[0], results[1])
    assert torch.isfinite(results[0]).all()
    random = name in ("white_noise", "coloured_noise", "add_noise", "dropouts", "pops", "griffin_lim")
    assert torch.equal(results[0], results[2]) != random
    if not random:
        assert torch.allclose(results[0][1, 2], ALL[name](sounds[1, 2], seeded()), atol=1e-5)  # each alone


@pytest.mark.parametrize("name", ALL)
def test_bad_samples_are_refused(name: str) -> None:
    broken = noise(2, 2001)
    broken[1, 5] = math.nan
    for sounds, message in (
        (broken, "not finite"),
        (torch.zeros(2, 0), "at least one sample"),
        (torch.tensor(0.5), "at least one sample"),
        (torch.zeros(9, dtype=torch.int16), "floating-point"),
    ):
        with pytest.raises(ValueError, match=message):
            ALL[name](sounds, seeded())


@pytest.mark.parametrize("name", sorted(set(ALL) - {"add_noise", "at_level"}))
def test_silence_is_allowed_where_it_has_a_meaning(name: str) -> None:
    changed = ALL[name](torch.zeros(2001), seeded())
    assert torch.isfinite(changed).all()
    if name == "mu_law":
        assert 0 < changed.max() < 0.02  # the step just above 0
    elif "noise" not in name:
        assert not changed.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: perturbations.gain(x, math.inf), "decibels must be finite"),
        (lambda x: perturbations.clip_peaks(x, -1.0), "decibels under the peak"),
        (lambda x: perturbations.mu_law(x, 0), "bits wants a whole number from 1 to 24; found 0"),
        (lambda x: perturbations.mu_law(x, 7.5), "bits wants a whole number"),
        (lambda x: perturbations.mu_law(20 * x, 8), r"in \[-1, 1\]; the largest magnitude is"),
        (lambda x: perturbations.add_noise(x, x, math.nan), "must be finite"),
        (lambda x: perturbations.limit_band(x, 0, RATE), "cut-off"),
        (lambda x: perturbations.limit_band(x, 8000, RATE), r"cut-off \(Hz\) wants between 0 and 8000; found 8000"),
        (lambda x: perturbations.filter_without_delay(x, np.ones(4)), "odd number of taps"),
        (lambda x: perturbations.keep_band(x, 2000, 1000, RATE), "0 <= low < high"),
        (lambda x: perturbations.keep_band(x, 0, math.nan, RATE), "0 <= low < high"),
        (lambda x: perturbations.equalise(x, 0, 500, -math.inf, RATE), "decibels must be finite"),
        (lambda x: perturbations.scale_band(x, 0, 500, -0.1, RATE), "factor"),
        (lambda x: perturbations.griffin_lim(x, 0, seeded()), "iterations wants a whole number from 1"),
        (lambda x: perturbations.griffin_lim(x, 1.5, seeded()), "iterations wants a whole number"),
        (lambda x: perturbations.mp3(x, 17, RATE), "choose 8, 16, 24"),
        (lambda x: perturbations.mp3(x, 16, 17000), "takes 8000, 11025"),
        (lambda _: perturbations.nearest_mp3_rate(0, RATE), "kilobits"),
        (lambda _: perturbations.nearest_mp3_rate(16, 17000), "sample rate"),
        (lambda x: perturbations.tilt(x, math.nan, RATE), "decibels per octave must be finite"),
        (lambda x: perturbations.tilt(x, 3.0, RATE, lowest=0.0), "lowest"),
        (lambda x: perturbations.change_speed(x, 0.0), "speed wants from 0.1 to 10; found 0.0"),
        (lambda x: perturbations.change_tempo(x, math.nan, RATE), "tempo wants from 0.1 to 10; found nan"),
        (lambda x: perturbations.change_pitch(x, 13.0, RATE), "semitones"),
        (lambda x: perturbations.change_pitch(x[:400], 1.0, RATE), "more than 512 samples; found 400"),
        (lambda x: perturbations.dropouts(x, 1.1, 0.01, RATE, seeded()), "share wants from 0 to 1; found 1.1"),
        (lambda x: perturbations.dropouts(x, 0.1, 1e-6, RATE, seeded()), "at least a sample"),
        (lambda x: perturbations.dropouts(x, 0.1, math.nan, RATE, seeded()), "at least a sample"),
        (lambda x: perturbations.pops(x, math.nan, seeded()), "share"),
        (lambda x: perturbations.reverberate(x, torch.ones(2, 3)), r"impulse response is \[tap\]"),
        (lambda _: perturbations.impulse_response(0.0, 0.0, RATE, seeded()), "reverberation time"),
        (lambda _: perturbations.impulse_response(0.1, math.inf, RATE, seeded()), "direct to reverberant"),
    ],
)  # fmt: skip
def test_bad_levels_are_told(change: Callable[[torch.Tensor], torch.Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change(noise(2001))
