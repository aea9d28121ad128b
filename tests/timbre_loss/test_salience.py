"""What weighs more is found where it was put; passages, vibrato and the guard against level do what they say."""

import math

import numpy as np
import pytest
import torch

from paper_code.audio.instruments import hertz_from_midi
from paper_code.timbre_loss import maps, moments, phrases, salience, stimuli
from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.notes import Note
from paper_code.timbre_loss.phrases import Event
from paper_code.timbre_loss.salience import IMPOSED, MELODIES, METHODS, REAL, Passage
from paper_code.timbre_loss.spectrograms import log_spectrogram

RATE = 16_000
BASELINE = torch.full((257,), -70.0)
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network() -> ScoringNetwork:
    torch.manual_seed(0)
    return ScoringNetwork(width=2).eval()


@pytest.fixture(scope="module")
def made() -> stimuli.Phrases:
    """Two melodies on two instruments of eight and three harmonics."""
    seconds = np.arange(round(1.4 * RATE)) / RATE

    def note(midi: int, harmonics: int) -> Note:
        waves = [np.sin(2 * np.pi * hertz_from_midi(midi) * k * seconds) / k for k in range(1, harmonics + 1)]
        return Note(midi, torch.tensor(sum(waves), dtype=torch.float32), None)

    instruments = [{midi: note(midi, harmonics) for midi in (45, 50, 57)} for harmonics in (8, 3)]
    return stimuli.make(tuple(instruments), (45, 50, 57), 2, 0)


def holds(frames: int, **spans: slice) -> moments.Moments:
    """Moments of which each holds one span of frames."""
    arrays = {kind: np.zeros(frames, dtype=bool) for kind in moments.KINDS}
    for kind, span in spans.items():
        arrays[kind][span] = True
    return moments.Moments(**arrays)


def test_a_difference_is_that_of_two_means():
    profile = np.array([*[1.0] * 10, *[-2.0] * 10, *[7.0] * 10])
    parts = holds(30, vibrato=slice(0, 10), steady=slice(10, 20))
    assert salience.difference(profile, parts.vibrato, parts.steady) == 3.0
    assert math.isnan(salience.difference(profile, holds(30, vibrato=slice(4)).vibrato, parts.steady))
    assert math.isnan(salience.difference(profile, parts.vibrato, parts.noise))


def test_standard_values():
    values = RANDOM.normal(5, 3, 50)
    found = salience.standard(values)
    assert (found.mean(), found.std()) == pytest.approx((0, 1), abs=1e-12)
    assert salience.standard(7 * values + 3) == pytest.approx(found)
    assert not salience.standard(np.full(9, 0.1)).any()
    assert not salience.standard(np.zeros(9)).any()


def test_what_only_follows_level_is_nothing_without_level():
    level, other = RANDOM.normal(-30, 10, 200), RANDOM.normal(0, 1, 200)
    assert np.abs(salience.without_level(0.3 * level - 2, level)).max() < 1e-12
    rest = salience.without_level(0.3 * level + other, level)
    assert rest == pytest.approx(salience.without_level(other, level))
    assert rest @ (level - level.mean()) == pytest.approx(0, abs=1e-9)
    assert salience.without_level(other, np.zeros(200)) == pytest.approx(other - other.mean())


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(1.9, [0.0]), (3.0, [0.0]), (3.5, [0.0, 0.5]), (6.0, [0.0, 3.0]), (8.5, [0.0, 3.0, 5.5])],
)
def test_pieces_of_three_seconds(seconds, wanted):
    assert salience.starts(round(seconds * RATE)) == [round(start * RATE) for start in wanted]


def test_vibrato_is_put_on_the_notes_that_are_named():
    """The pitch swings within the note; outside, nothing changes."""
    seconds = np.arange(3 * RATE) / RATE
    tone = torch.tensor(0.05 * sum(np.sin(2 * np.pi * 220 * k * seconds) / k for k in range(1, 9)))
    heard = phrases.with_vibrato(tone, [Event(57, 1.0, 1.5, 0.0)])
    assert torch.allclose(heard[:RATE], tone[:RATE].float(), atol=1e-4)
    assert torch.allclose(heard[-RATE // 2 + 10 :], tone[-RATE // 2 + 10 :].float(), atol=1e-4)
    cents = moments.pitch(heard)
    found = moments.vibrato(cents)
    assert found[115:235].all()
    assert not found[:80].any()
    assert 30 < np.ptp(cents[115:235]) < 66  # the tracker looks at 64 ms and flattens what is faster


def test_vibrato_is_the_phase_of_a_sine():
    """Against a sine at 3 kHz whose phase is written down: reading between samples loses less than -50 dB."""
    seconds = np.arange(RATE) / RATE
    event = Event(57, -10.0, 30.0, 0.0)  # so long that it neither comes nor goes here
    swing = (2 ** (30 / 1200) - 1) / (2 * np.pi * 6)
    wanted = np.sin(2 * np.pi * 3000 * (seconds - swing * np.sin(2 * np.pi * 6 * (seconds + 10))))
    heard = phrases.with_vibrato(torch.tensor(np.sin(2 * np.pi * 3000 * seconds)), [event]).numpy()
    middle = slice(RATE // 4, -RATE // 4)  # the ends wrap around
    assert np.sqrt(np.mean((heard - wanted)[middle] ** 2)) < 10 ** (-50 / 20)
    assert phrases.with_vibrato(torch.tensor(wanted), []).numpy() == pytest.approx(wanted, abs=1e-5)


def test_each_note_has_vibrato_once(made):
    given = salience.wobbling_passages(made)
    assert [passage.title for passage in given] == ["melody 0", "melody 0", "melody 1", "melody 1"]
    first, second = given[0].moments, given[1].moments
    assert np.array_equal(first.vibrato, second.steady)
    assert np.array_equal(first.steady, second.vibrato)
    assert first.vibrato.any()
    assert not torch.equal(given[0].waveform, given[1].waveform)


def test_real_passages_are_like_the_training(made):
    """Three seconds each, and as loud as the phrases of the training."""
    given = salience.real_passages(synthetic=True)
    assert [passage.title for passage in given] == ["Synthetic note, from 0.0 s", "Synthetic note, from 3.0 s"]
    for passage in given:
        assert passage.spectrogram.shape == (257, 298)
        level = float(passage.waveform.square().mean().sqrt())
        assert level == pytest.approx(float(made.waveforms[0, 0].square().mean().sqrt()), rel=0.02)


def burst(profile_of: slice) -> Passage:
    """Noise that is 20 dB louder in some frames, which are called vibrato; the rest is called steady."""
    wave = 0.01 * torch.randn(3 * RATE, generator=torch.Generator().manual_seed(3))
    wave[profile_of.start * 160 + 240 : profile_of.stop * 160 + 240] *= 10
    return Passage("burst", IMPOSED, "burst", wave, holds(298, vibrato=profile_of, steady=slice(0, 90)))


def test_a_network_that_hears_level_is_found_out():
    """Its maps weigh a loud stretch more by all methods; the level explains it."""
    loud = ScoringNetwork(width=1, mean=-60.0)
    with torch.no_grad():
        for parameter in loud.parameters():
            parameter.zero_()
        for block in loud.blocks:
            block[0].weight[0, 0, 1, 1] = 1.0
            next(m for m in block if isinstance(m, torch.nn.BatchNorm2d)).weight.fill_(1.0)
        loud.linear.weight[0, 0] = -1.0  # loud is class 0
    metrics, arrays = salience.measure(loud.eval(), [burst(slice(160, 220))], torch.full((257,), -60.0))
    for method in METHODS:
        name = f"{method}/{IMPOSED}/vibrato"
        assert metrics[name] > 1.5
        assert abs(metrics[f"{name}/level_removed"]) < 0.2 * metrics[name]
        assert metrics[f"level/{method}/{IMPOSED}"] > 0.7
        assert arrays[name].shape == (1,)
    assert metrics[f"passages/{IMPOSED}/vibrato"] == 1
    assert metrics[f"passages/{REAL}/vibrato"] == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributions that cost nothing: the spectrogram itself, over, at and under its mean."""
    monkeypatch.setattr(
        salience,
        "attributions",
        lambda network, spectrogram, baseline: {
            method: spectrogram - spectrogram.mean() + shift
            for method, shift in zip(METHODS, (0, 10, -10), strict=True)
        },
    )


@pytest.mark.usefixtures("quick")
def test_measures_of_synthetic_cellos(network, made):
    """The activation's differences, worked out by hand; passages of one title are one observation."""
    given = salience.passages(made, synthetic=True)
    metrics, arrays = salience.measure(network, given, BASELINE)
    assert {len(arrays[name]) for name in arrays} == {2}
    for source, kind in ((MELODIES, "onset"), (IMPOSED, "vibrato")):
        by_title = {}
        for passage in [passage for passage in given if passage.source == source]:
            profile = passage.spectrogram.mean(0).double().numpy()
            inside, steady = profile[getattr(passage.moments, kind)], profile[passage.moments.steady]
            by_title.setdefault(passage.title, []).append((inside.mean() - steady.mean()) / profile.std())
        wanted = [np.mean(values) for values in by_title.values()]
        assert arrays[f"activation/{source}/{kind}"] == pytest.approx(wanted, rel=1e-4)
        assert metrics[f"activation/{source}/{kind}"] == pytest.approx(np.mean(wanted), rel=1e-4)
        assert metrics[f"passages/{source}/{kind}"] == 2


@pytest.mark.usefixtures("quick")
def test_scores_of_phrases_and_of_vibrato(network, made):
    given = salience.passages(made, synthetic=True)
    metrics, _ = salience.measure(network, given, BASELINE)
    with torch.no_grad():
        logits = [float(network.logits(passage.spectrogram[None])) for passage in given]
    by_source = {s: [x for x, p in zip(logits, given, strict=True) if p.source == s] for s in salience.COMPARED}
    assert metrics["vibrato_logit"] == pytest.approx(np.mean(by_source[IMPOSED]) - np.mean(by_source[MELODIES]))
    scores = 1 / (1 + np.exp(-np.array(by_source[REAL])))
    assert metrics["score/Synthetic note"] == pytest.approx(scores.mean())


def test_the_interval_is_over_passages_after_networks():
    one, other = {f"a/{REAL}/onset": np.array([1.0, 3.0, np.nan])}, {f"a/{REAL}/onset": np.array([3.0, 5.0, np.nan])}
    found = salience.over_passages([one | {"a/melodies/onset": np.ones(2)}, other])
    assert list(found) == [f"a/{REAL}/onset"]
    assert (found[f"a/{REAL}/onset"].mean, found[f"a/{REAL}/onset"].count) == (3.0, 2)
    assert salience.over_passages([{f"a/{REAL}/noise": np.array([np.nan])}])[f"a/{REAL}/noise"] is None


def test_attributions_have_the_sign_of_class_0(network, made):
    """All three sum, each in its way, to what the logit of class 0 says."""
    spectrogram = log_spectrogram(made.waveforms[0, 0])
    found = salience.attributions(network, spectrogram, BASELINE)
    assert torch.equal(
        found["activation"], maps.resized(maps.activation_maps(network, spectrogram[None], 0), 257, 298)[0]
    )
    with torch.no_grad():
        against = network.logits(BASELINE[:, None].expand(1, 257, 298)) - network.logits(spectrogram[None])
    assert float(found["gradients"].sum()) == pytest.approx(float(against), rel=0.1)
