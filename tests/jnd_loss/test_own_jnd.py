"""The reader's own JND test as it is built: strengths that mean what they mean in the lists, and sounds that fit."""

from pathlib import Path

import numpy as np
import pytest
import torch

from paper_code.display.jnd_test import JNDTest
from paper_code.jnd_loss import own_jnd
from paper_code.listeners.jnd import grid, lists
from paper_code.listeners.jnd.judgements import Judgement

MOST_BYTES = 3_000_000
CORPORA = pytest.mark.corpora("jnd_loss")


@pytest.fixture(scope="module")
def test() -> JNDTest:
    made = own_jnd.own_test()
    assert isinstance(made, JNDTest)
    return made


def judged(reference: tuple[float, ...], test: tuple[float, ...]) -> Judgement:
    return Judgement("linear", "x", "f1", 1, 0.0, "", reference, test, 100.0, True, 0, 1)


def test_one_level_moves_in_ratios_and_several_on_a_line() -> None:
    assert own_jnd.levels(judged((0.2,), (80.0,)), 50) == pytest.approx((4.0,))
    assert own_jnd.levels(judged((10.0, 90.0), (70.0, 50.0)), 25) == pytest.approx((25.0, 80.0))
    for row in (judged((0.2,), (80.0,)), judged((10.0, 90.0), (70.0, 50.0))):
        assert own_jnd.levels(row, 0) == pytest.approx(row.reference)
        assert own_jnd.levels(row, 100) == pytest.approx(row.test)


def test_the_commonest_reference_and_direction() -> None:
    rows = [
        ((1.0,), (9.0,), 100),
        ((2.0,), (7.0,), 100),
        ((2.0,), (8.0,), 100),
        ((2.0,), (8.0,), 100),
        ((2.0,), (3.0,), 7),
    ]
    made = own_jnd.Judgements(
        tuple(
            Judgement("linear", "x", "f1", 1, 0.0, "", first, last, float(s), True, 0, k)
            for k, (first, last, s) in enumerate(rows)
        )
    )
    assert own_jnd.farthest(made).line == 2


@CORPORA
def test_strengths_mean_what_they_mean_in_the_lists() -> None:
    published = lists.published(("linear", "reverb"))
    for name, (_, strengths, _) in own_jnd.BLOCKS.items():
        row = own_jnd.farthest(published.of(name))
        for strength in strengths:
            levels = own_jnd.levels(row, strength)
            assert lists.SCALES[name].strength(row.reference, levels) == pytest.approx(strength, abs=0.05)


@CORPORA
def test_listeners_of_the_same_reference_where_there_are_enough(test: JNDTest) -> None:
    published = lists.published(("linear", "reverb"))
    noise = published.of("pink_noise").without_opening_pairs().where(lambda row: row.reference == (0.2,))
    assert np.sort(test.blocks[0].thresholds) == pytest.approx(np.sort(grid.own_thresholds(noise)))
    assert (
        test.blocks[0].whose
        == f"{len(noise.by_series())} listeners who were asked from the same reference in the paper’s list"
    )
    assert len(test.blocks[2].thresholds) == len(published.of("reverb_2").by_series())
    assert "groups of one to eight listeners who were asked from all references" in test.blocks[2].whose


@CORPORA
def test_the_sounds_go_away_from_the_reference(test: JNDTest) -> None:
    """In level spectra: nothing at 0, most at or near 100, so that the obvious pairs are obvious."""
    for block in test.blocks:
        spectra = [spectrum(clip.waveform) for clip in block.clips]
        distances = np.array([np.abs(each - spectra[0]).mean() for each in spectra])
        assert distances[0] == 0
        assert distances[-1] > 3  # dB, over all times and frequencies
        assert distances[-1] >= 0.9 * distances.max()
        assert {len(clip.waveform) for clip in block.clips} == {40_000}
        assert max(float(clip.waveform.abs().max()) for clip in block.clips) < 1


def spectrum(waveform: torch.Tensor) -> np.ndarray:
    """dB [frequency, frame] above -80 dB of the loudest."""
    power = torch.stft(waveform, 512, 256, window=torch.hann_window(512), return_complex=True).abs() ** 2
    decibels = 10 * torch.log10(power + 1e-12)
    return decibels.clamp(min=float(decibels.max()) - 80).numpy()


@CORPORA
def test_beeps_can_be_counted(test: JNDTest) -> None:
    """As peaks of the energy at their frequency."""
    for count, clip in test.beeps.items():
        rate = clip.sample_rate
        time = torch.arange(len(clip.waveform)) / rate
        mixed = clip.waveform * torch.exp(-2j * torch.pi * own_jnd.BEEP[0] * time)
        frames = mixed[: len(mixed) // 400 * 400].reshape(-1, 400).mean(1).abs()
        loud = (frames > 0.5 * frames.max()).int()
        assert int((loud.diff() == 1).sum() + loud[0]) == count


@CORPORA
def test_loud_and_soft_are_thirty_decibels_apart(test: JNDTest) -> None:
    turns = test.volume.waveform.reshape(4, -1)
    bare = own_jnd._speech(own_jnd.farthest(lists.published(("linear",)).of("pink_noise"))).reshape(4, -1)
    gains = 20 * torch.log10(turns[:, 1000:2000].norm(dim=1) / bare[:, 1000:2000].norm(dim=1))
    assert gains.tolist() == pytest.approx([0, -30, 0, -30], abs=0.01)


@CORPORA
def test_the_page_is_light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = own_jnd.page("Look.")
    assert len(shown.html) + sum(file.stat().st_size for file in (tmp_path / "sounds").iterdir()) < MOST_BYTES
    assert shown.text == "JND test 'Your own just noticeable differences': 3 blocks of 10 comparisons"


def test_without_recordings_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_jnd.corpora, "available", lambda _: False)
    html = own_jnd.page().html
    assert "fetch librispeech_resemblyzer" in html
    assert "fetch dpam_jnd_labels" in html
    assert "data-jnd" not in html
