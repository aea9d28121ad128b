"""Table 1 as it is measured: right where a row keeps its word, and told where one does not."""

import dataclasses

import numpy as np
import pytest
import torch

from paper_code.audio import corpora
from paper_code.audio.perturbations.space import SPACE
from paper_code.jnd_loss import table_1
from paper_code.jnd_loss.configs import NoiseOrBandConfig, PerturbationsConfig
from paper_code.jnd_loss.measurements import measurements
from paper_code.lab.config import ConfigError
from paper_code.lab.paths import COMMITTED
from paper_code.lab.store import load

CONFIG = PerturbationsConfig(profile="smoke", seed=0)


@pytest.fixture(scope="module")
def sound() -> torch.Tensor:
    return table_1.utterance(1.0, synthetic=True).waveform


@pytest.fixture(scope="module")
def stored():
    return load(COMMITTED / "jnd_loss" / "perturbations" / "small-seed0", "jnd_loss")


TOLERANCE = {  # absolute; of what can be told from the sound
    "white_noise": 0.1,
    "direct_to_reverberant": 0.1,
    "mu_law": 0.05,
    "equaliser_low": 1e-3,
    "equaliser_high": 1e-3,
    "pops": 0.01,
    "dropouts": 0.01,
}


@pytest.mark.parametrize("name", TOLERANCE)
def test_what_is_claimed_is_measured(name, sound):
    row = SPACE[name]
    for level in (45.0, 80.0, 100.0):
        assert table_1.MEASURED[name](row, level, sound) == pytest.approx(row.strength(level), abs=TOLERANCE[name])


@pytest.mark.parametrize("name", TOLERANCE)
def test_a_row_that_does_something_else_is_told(name, sound):
    """The row claims what it claimed, and does what it does at a lower level."""
    row = SPACE[name]
    broken = dataclasses.replace(row, change=lambda sound, _, rate, random: row.apply(sound, 50.0, rate, random))
    assert abs(table_1.MEASURED[name](broken, 100.0, sound) - row.strength(100.0)) > 5 * TOLERANCE[name]


def test_a_decay_is_measured_within_a_few_percent(sound):
    row = SPACE["reverberation_time"]
    for level in (30.0, 90.0):
        assert table_1.MEASURED[row.name](row, level, sound) == pytest.approx(row.strength(level), rel=0.05)


def test_bits_too_fine_to_count_are_not_given(sound):
    assert np.isnan(table_1.MEASURED["mu_law"](SPACE["mu_law"], 10.0, sound))


def test_more_iterations_come_nearer(sound):
    row = SPACE["griffin_lim"]
    far, near = (table_1.MEASURED[row.name](row, level, sound) for level in (100.0, 50.0))
    assert near < far - 3 < 0


def test_rates_are_those_that_mp3_has_at_16_khz(sound):
    row = SPACE["mp3"]
    assert [table_1.MEASURED["mp3"](row, level, sound) for level in (0.0, 50.0, 100.0)] == [160, 48, 8]


def test_the_stored_table_keeps_its_word(stored):
    values = measurements([stored])
    assert max(value for name, (value,) in values.items() if name.startswith("SNR off by")) < 0.1
    assert len([name for name in values if name.startswith("SNR off by")]) == 5
    assert values["pops off by"][0] < 0.01
    assert values["reverberation time off by"][0] < 0.05
    assert set(stored.metrics["rows"]) == set(table_1.ROWS)


def test_the_stand_in_leaves_out_recorded_noises(without_pairs):
    rows = without_pairs["perturbations"].metrics["rows"]
    assert "room_noise" not in rows
    assert {"white_noise", "pops", "griffin_lim"} < set(rows)
    assert measurements([without_pairs["perturbations"]])["SNR off by, white_noise"][0] < 0.1


@pytest.mark.corpora("librispeech_resemblyzer", "smstools_sounds", "pyroomacoustics")
def test_the_utterance_is_of_the_test_side():
    clip = table_1.utterance(2.5, synthetic=False)
    assert (clip.seconds, clip.sample_rate) == (2.5, 16000)
    files = table_1.sources(CONFIG)
    assert len(files) == 1 + len(table_1.noises())
    whole = corpora.load(files[0]["origin"].split(": ")[1]).waveform
    assert torch.equal(clip.waveform, whole[16000:56000])


def test_sizes_that_are_none_are_refused():
    for change in ({"levels": 1}, {"seconds": 0.1}, {"recordings": "none"}):
        with pytest.raises(ConfigError):
            CONFIG.replace(**change)
    with pytest.raises(ConfigError):
        NoiseOrBandConfig(profile="smoke", seed=0, steps=1)
