"""Broadband pulses: planted clicks are found, in number, place and energy; noise, lost bands and attacks are none."""

import math

import pytest
import torch

from paper_code.audio import clips, corpora
from paper_code.audio.perturbations import keep_band
from paper_code.metrics.clicks import _tops, broadband_pulses, pulse_times

RATE = 16000
CASTANETS = "visqol/testdata/conformance_testdata_subset/castanets48_stereo.wav"


def band(signal: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """A brick-wall band-pass over the whole signal."""
    return keep_band(signal.double(), low, high, RATE).float()


def noise(seed: int, time: int) -> torch.Tensor:
    return torch.randn(time, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def music() -> torch.Tensor:
    """Three seconds of plucked notes below 3 kHz: sharp attacks, every quarter of a second, with decaying partials."""
    time = torch.arange(3 * RATE) / RATE
    notes = torch.zeros(3 * RATE)
    for number in range(12):
        since = time - 0.25 * number
        pitch = 220 * 2 ** (((7 * number) % 12) / 12)
        tone = sum(torch.sin(2 * math.pi * k * pitch * since) / k for k in range(1, 13))
        notes += torch.where(since >= 0, tone * torch.exp(-8 * since.clamp_min(0)), 0.0)
    return band(0.1 * notes, 0, 3000)


def planted(music: torch.Tensor, rate: int, decibels: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Impulses below 5 kHz, of `decibels` re the rms of the music: the signal [time] and the samples they are at."""
    count = rate * len(music) // RATE
    jitter = torch.rand(count, generator=torch.Generator().manual_seed(rate))
    places = ((torch.arange(count) + 0.25 + 0.5 * jitter) * len(music) / count).long()
    clicks = torch.zeros_like(music)
    clicks[places] = music.square().mean().sqrt() * 10 ** (decibels / 20)
    return band(clicks, 0, 5000), places


@pytest.mark.parametrize("rate", [5, 20, 60])
@pytest.mark.parametrize("decibels", [-6.0, 6.0, 18.0])
def test_planted_clicks_are_found_in_place_and_energy(music, rate, decibels):
    clicks, places = planted(music, rate, decibels)
    found = pulse_times(music + clicks, music)
    apart = (found[:, None] - places / RATE).abs()
    assert (apart.amin(0) < 0.003).float().mean() >= 0.95  # recall
    assert (apart.amin(1) < 0.003).float().mean() >= 0.95  # precision
    pulses = broadband_pulses(music + clicks, music)
    wanted = 10 * torch.log10(band(clicks, 1000, 5000).square().sum() / music.square().sum())
    assert pulses.rate.item() == pytest.approx(rate, rel=0.05)
    assert pulses.level.item() == pytest.approx(wanted.item(), abs=0.5)
    assert pulses.share.item() > 0.9


@pytest.mark.parametrize("offset", [0, 5, 8, 11])
def test_a_click_anywhere_between_two_frames_is_one(music, offset):
    """Frames start every 16 samples; a click at sample 8 of 16 is as strong in two of them."""
    clicks = torch.zeros_like(music)
    clicks[[9600 + offset, 30400 + offset]] = 1.0
    assert pulse_times(music + clicks, music).tolist() == pytest.approx(
        [(9600 + offset) / RATE, (30400 + offset) / RATE], abs=0.0006
    )


def test_of_equal_frames_the_first_is_the_top():
    values = torch.tensor([[0.0, 1, 3, 3, 1, 0, 2, 1, 2, 0, 3]])
    assert _tops(values, 2).nonzero()[:, 1].tolist() == [2, 6, 10]


def test_more_and_louder_clicks_read_higher(music):
    louder = [broadband_pulses(music + planted(music, 20, d)[0], music).level.item() for d in (-12, -6, 0, 6, 12)]
    more = [broadband_pulses(music + planted(music, rate, 6)[0], music) for rate in (2, 8, 24, 60)]
    assert louder == sorted(louder)
    assert louder[-1] - louder[0] == pytest.approx(24, abs=0.5)
    for values in ([one.rate.item() for one in more], [one.level.item() for one in more]):
        assert values == sorted(values)


def test_clicks_are_found_in_hiss_and_share_the_error_with_it(music):
    hiss = noise(0, len(music)) * music.square().mean().sqrt() * 10 ** (-30 / 20)
    clicks, places = planted(music, 20, 6.0)
    pulses = broadband_pulses(music + hiss + clicks, music)
    inside = [band(part, 1000, 5000).square().sum() for part in (clicks, hiss)]
    assert pulses.rate.item() == pytest.approx(20, abs=1)
    assert pulses.share.item() == pytest.approx((inside[0] / sum(inside)).item(), abs=0.05)
    assert len(pulse_times(music + hiss + clicks, music)) == pytest.approx(len(places), abs=3)


def none(estimate: torch.Tensor, reference: torch.Tensor) -> bool:
    pulses = broadband_pulses(estimate, reference)
    return pulses.rate.item() == 0 and pulses.level.item() == -math.inf


def harmless(music: torch.Tensor) -> dict[str, torch.Tensor]:
    rms, time = music.square().mean().sqrt(), torch.arange(len(music)) / RATE
    return {
        "itself": music,
        "low-passed": band(music, 0, 1500),
        "hiss at -30 dB": music + noise(1, len(music)) * rms * 10 ** (-30 / 20),
        "hiss at -10 dB": music + noise(2, len(music)) * rms * 10 ** (-10 / 20),
        "a tone": music + 0.1 * torch.sin(2 * math.pi * 4000 * time),
        "late by 1 ms": music.roll(16),
        "softer attacks": music * (1 - 0.5 * torch.cos(math.pi * time / 0.25).square()),
        "inverted": -music,
    }


@pytest.mark.parametrize("what", harmless(torch.ones(2000)))
def test_no_false_alarm(music, what):
    assert none(harmless(music)[what], music)


def test_a_missing_attack_is_no_pulse(music):
    """Where the estimate lacks a click of the reference, the error is a click but the estimate has none.

    That holds for clicks that stand over the music; a weaker one is not told from one that was added.
    """
    clicks, _ = planted(music, 5, 36.0)
    assert none(music, music + clicks)
    assert none(music + 0.5 * clicks, music + clicks)


@pytest.mark.corpora("visqol")
@pytest.mark.parametrize("highest", [3000, 5000])
def test_castanets_are_no_clicks(highest):
    whole = clips.cut_seconds(clips.resample(corpora.load(CASTANETS), RATE), 0.0, 5.0).waveform
    recording = band(whole, 0, highest)
    for what, estimate in harmless(recording).items():
        assert broadband_pulses(estimate, recording).rate.item() <= 0.4, what


def test_the_gain_of_the_estimate_drops_out_and_batches_are_item_by_item(music):
    estimate = music + planted(music, 20, 6.0)[0]
    once, batch = broadband_pulses(estimate, music), broadband_pulses(torch.stack([estimate, 0.01 * estimate]), music)
    for name in ("rate", "level", "share"):
        value = getattr(once, name).item()
        assert getattr(batch, name).tolist() == pytest.approx([value, value], abs=1e-3)


def test_silence():
    silence, sound = torch.zeros(4000), noise(3, 4000)
    assert math.isnan(broadband_pulses(sound, silence).rate.item())
    assert math.isnan(broadband_pulses(silence, silence).level.item())
    assert none(silence, sound)
    assert math.isnan(broadband_pulses(sound, sound).share.item())


@pytest.mark.parametrize(
    ("estimate", "reference", "limits", "message"),
    [
        (torch.zeros(2000), torch.zeros(2001), {}, "same length"),
        (torch.zeros(900), torch.zeros(900), {}, "samples are needed"),
        (torch.full((2000,), math.nan), torch.zeros(2000), {}, "finite"),
        (torch.zeros(2000), torch.zeros(2000), {"high": 9000.0}, "two bands"),
        (torch.zeros(2000), torch.zeros(2000), {"low": 4500.0}, "two bands"),
    ],
)
def test_bad_input(estimate, reference, limits, message):
    with pytest.raises(ValueError, match=message):
        broadband_pulses(estimate, reference, **limits)


def test_times_are_of_one_signal():
    with pytest.raises(ValueError, match=r"Wanted \[time\]"):
        pulse_times(torch.zeros(2, 2000), torch.zeros(2, 2000))
