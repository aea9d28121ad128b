"""The experiment from config to result, on synthetic sounds, and the measurements it hands to the claims."""

import math

import numpy as np
import pytest
import torch

from paper_code.bark_loss import configs, evaluation, measurements, stimuli
from paper_code.bark_loss.experiment import CHAPTER
from paper_code.lab import claims
from paper_code.lab import results as lab_results
from paper_code.lab.config import ConfigError
from paper_code.lab.store import Store


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("results"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield lab_results.results(CHAPTER, "smoke", store, progress=False, recordings="synthetic")
    torch.set_num_threads(threads)


def test_a_run_leaves_metrics_curves_and_sounds(results):
    assert [r.experiment for r in results] == list(configs.LOSSES)
    for result in results:
        assert sorted(result.metrics) == sorted(stimuli.NAMES)
        assert result.sounds() == sorted(f"{s}-{c}" for s in stimuli.NAMES for c in (2, 4, 6, 8))
        clip = result.audio("piano-8")
        assert clip.sample_rate == 11025
        assert clip.waveform.abs().max().item() == pytest.approx(1.0, abs=1e-3)
        assert len(result.curves["piano/loss"]) == 8
        assert result.arrays["observed"].tolist() == [0, 2, 4, 6, 7]
        files = {path.name for path in result.folder.iterdir() if path.suffix != ".flac"}
        assert files == {"weights.safetensors", "curves.npz", "metrics.json", "arrays.npz", "provenance.json"}


def test_losses_start_from_the_same_network_and_noise(results):
    first = [result.arrays[f"{sound}/lsd"][0] for sound in stimuli.NAMES for result in results]
    by_sound = np.array(first).reshape(len(stimuli.NAMES), len(results))
    assert np.ptp(by_sound, axis=1).max() == 0
    assert np.ptp(by_sound[:, 0]) > 0


def test_every_loss_falls_while_trained_on(results):
    for result in results:
        for sound in stimuli.NAMES:
            curve = result.curves[f"{sound}/loss"]
            assert curve[-1] < curve[0]


def test_metrics_belong_to_the_stored_sounds(results):
    """The stored FLAC, measured afresh, gives the stored numbers (to the rounding of 16 bits)."""
    result = results[1]
    reference = stimuli.clip("drums", synthetic=True).waveform
    found = evaluation.curves(result.audio("drums-8").waveform.unsqueeze(0), reference, speech=False)
    for metric in ("lsd_high", "lsd_mid", "si_snr", "gap_noise"):
        assert found[metric][0] == pytest.approx(result.metrics["drums"][metric][-1], abs=0.02)


def test_same_config_gives_the_same_result(results, tmp_path):
    again = lab_results.results(
        CHAPTER, "smoke", Store(tmp_path), names=["bark"], progress=False, recordings="synthetic"
    )[0]
    for name in results[1].arrays:
        assert np.array_equal(again.arrays[name], results[1].arrays[name], equal_nan=True), name


def test_measurements_are_named_and_in_the_order_of_seeds(results):
    found = measurements.measurements(results)
    assert found["high-band distance, piano, Bark, end"] == [results[1].metrics["piano"]["lsd_high"][-1]]
    noise = [results[0].metrics[s]["gap_noise"][0] for s in stimuli.NAMES]
    assert found["gap noise, all sounds, MSE, first checkpoint"] == [pytest.approx(np.mean(noise))]
    gain = found["gain in distance over MSE, drums, Bark corrected, end"][0]
    assert gain == results[0].metrics["drums"]["lsd"][-1] - results[2].metrics["drums"]["lsd"][-1]
    assert not any("intelligibility, all sounds" in name for name in found)
    assert all(len(values) == 1 for values in found.values())


def test_every_claim_finds_what_it_needs(results):
    measured = measurements.measurements(results)
    rows = claims.judge("bark_loss", measured, "smoke") + claims.judge_ours("bark_loss", measured, "smoke")
    assert [row.id for row in rows if row.verdict == "not testable here"] == ["listeners-prefer"]
    assert {row.id for row in rows if row.verdict == "not run at this size"} == {
        "speech-mse-end", "sibilant-mse", "sibilant-bark", "pop-mse-early", "drums-plateau"
    }  # fmt: skip


def test_steps_to_needs_the_quality_to_stay():
    observed, values = np.array([0, 10, 20, 30]), np.array([0.0, 2.0, 1.0, 3.0])
    assert measurements.steps_to(values, observed, 1.5, higher=True) == 30
    assert measurements.steps_to(values, observed, 0.5, higher=True) == 10
    assert measurements.steps_to(values, observed, 5.0, higher=True) == math.inf
    assert measurements.steps_to(-values, observed, -1.0, higher=False) == 10


def test_plateau_share_is_the_part_of_the_way():
    observed = np.array([0, 250, 1000])
    assert measurements.plateau_share(np.array([10.0, 4.0, 2.0]), observed) == pytest.approx(0.75)


def test_sibilant_level_reads_a_known_gain():
    """Halving the end of the clip above 3 kHz reads as -6 dB there."""
    reference = torch.randn(8192, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    spectrum = torch.fft.rfft(reference)
    high = torch.fft.rfftfreq(8192, 1 / 11025) >= 2900
    quieter = torch.fft.irfft(torch.where(high, 0.5 * spectrum, spectrum), n=8192)
    matched = quieter * (reference.norm() / quieter.norm())
    expected = 20 * math.log10(0.5 * reference.norm() / quieter.norm())
    found = evaluation.sibilant_level(quieter.unsqueeze(0), reference)[0].item()
    assert found == pytest.approx(expected, abs=0.5)
    assert found == pytest.approx(evaluation.sibilant_level(matched.unsqueeze(0), reference)[0].item())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "l1"}, "mse, bark, bark_corrected, bark_compressed"),
        ({"loss": "mse", "recordings": "none"}, "recordings is one of real, synthetic; found 'none'"),
        ({"loss": "mse", "checkpoints": (500, 250, 1000)}, "rise and end"),
        ({"loss": "mse", "iterations": 10}, "rise and end"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        configs.BarkConfig(profile="small", seed=0, **changes)
